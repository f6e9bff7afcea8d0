"""The cluster that Slurm's variables describe."""

import pytest

from charlstm.errors import ConfigError
from charlstm.recipe.cluster import Cluster
from charlstm.training.slurm import slurm_cluster

STEP = {
    "SLURM_JOB_ID": "3",
    "SLURM_STEP_NUM_TASKS": "6",
    "SLURM_STEP_NODELIST": "node[8-10],big",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1(x2)",
    "SLURM_PROCID": "4",
}


@pytest.fixture
def step(monkeypatch):
    """The variables of one task, where TensorFlow looks for them."""

    def enter(**changes: str) -> dict[str, str]:
        variables = {**STEP, **changes}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return variables

    return enter


def test_nodes_are_in_the_order_that_slurm_ranks_them(step):
    variables = step(
        SLURM_STEP_NUM_TASKS="4", SLURM_STEP_NODELIST="node[9-11]", SLURM_STEP_TASKS_PER_NODE="2,1(x2)", SLURM_PROCID="2"
    )
    assert slurm_cluster(variables) == Cluster(("node9:20192", "node9:20193", "node10:20192", "node11:20192"), 2)


def test_two_jobs_on_a_node_have_ports_of_their_own(step):
    first, second = (slurm_cluster(step(SLURM_STEP_NODELIST="n[1-4]", SLURM_JOB_ID=job)) for job in ("3", "4"))
    assert not set(first.workers) & set(second.workers)


@pytest.mark.parametrize("changes", [{"SLURM_STEP_NODELIST": "n[1-"}, {"SLURM_STEP_NUM_TASKS": "7"}, {"SLURM_PROCID": "x"}])
def test_variables_that_describe_nothing_are_refused(step, changes):
    with pytest.raises(ConfigError, match="give --cluster and --rank"):
        slurm_cluster(step(**changes))
