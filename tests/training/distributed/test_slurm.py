"""The cluster from Slurm's variables."""

import pytest

from charlstm.errors import ConfigError
from charlstm.planning.cluster import Cluster
from charlstm.training.distributed.slurm import slurm_cluster

STEP = {
    "SLURM_JOB_ID": "3",
    "SLURM_STEP_NUM_TASKS": "6",
    "SLURM_STEP_NODELIST": "node[8-10],big",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1(x2)",
    "SLURM_PROCID": "4",
}


@pytest.fixture
def step(monkeypatch):
    """Return a function that sets the environment variables of one task."""

    def enter(**changes: str) -> dict[str, str]:
        variables = {**STEP, **changes}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return variables

    return enter


def test_nodes_are_in_slurms_order(step):
    variables = step(
        SLURM_STEP_NUM_TASKS="4", SLURM_STEP_NODELIST="node[9-11]", SLURM_STEP_TASKS_PER_NODE="2,1(x2)", SLURM_PROCID="2"
    )
    assert slurm_cluster(variables) == Cluster(("node9:21536", "node9:21537", "node10:21536", "node11:21536"), 2)


@pytest.mark.parametrize(
    ("nodes", "tasks", "expected"),
    [
        ("node[8-10],big", "2(x2),1(x2)", ["node8", "node8", "node9", "node9", "node10", "big"]),
        ("big,node[8-9],a-1", "1,2(x2),1", ["big", "node8", "node8", "node9", "node9", "a-1"]),
        ("n[10,8-9]", "2(x3)", ["n10", "n10", "n8", "n8", "n9", "n9"]),
        ("n[1-2],m[10],n[3-4]", "1(x3),2,1", ["n1", "n2", "m10", "n3", "n3", "n4"]),
        ("r1n[02,10],r2n1", "2(x3)", ["r1n02", "r1n02", "r1n10", "r1n10", "r2n1", "r2n1"]),
    ],
)
def test_node_names_do_not_change_the_order(step, nodes, tasks, expected):
    cluster = slurm_cluster(step(SLURM_STEP_NODELIST=nodes, SLURM_STEP_TASKS_PER_NODE=tasks))
    assert [address.rpartition(":")[0] for address in cluster.workers] == expected


def test_two_steps_on_a_node_have_different_ports(step):
    steps = ({"SLURM_JOB_ID": "3"}, {"SLURM_JOB_ID": "3", "SLURM_STEP_ID": "1"}, {"SLURM_JOB_ID": "4"})
    clusters = [slurm_cluster(step(SLURM_STEP_NODELIST="n[1-4]", **variables)) for variables in steps]
    assert len({address for cluster in clusters for address in cluster.workers}) == 18


def test_ports_are_below_the_ephemeral_range(step):
    for job in range(0, 10_000, 7):
        cluster = slurm_cluster(step(SLURM_STEP_NODELIST="n[1-4]", SLURM_JOB_ID=str(job)))
        assert all(20_000 <= int(address.rpartition(":")[2]) < 32_768 for address in cluster.workers)


@pytest.mark.parametrize("changes", [{"SLURM_STEP_NODELIST": "n[1-"}, {"SLURM_STEP_NUM_TASKS": "7"}, {"SLURM_PROCID": "x"}])
def test_incomplete_slurm_variables_are_refused(step, changes):
    with pytest.raises(ConfigError, match="give `cluster` and `rank`"):
        slurm_cluster(step(**changes))
