"""The cluster from arguments and from TF_CONFIG."""

import json

import pytest

from charlstm.errors import ConfigError
from charlstm.planning.cluster import Cluster, cluster_of


def tf_config(cluster: object, kind: str = "worker", index: object = 0) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_addresses_and_rank_make_a_cluster():
    cluster = cluster_of("a:1,b.example:22,[fe80::1]:3", 1, {})
    assert cluster == Cluster(("a:1", "b.example:22", "[fe80::1]:3"), 1)
    assert not cluster.is_chief
    assert cluster.name(2) == "worker 2 ([fe80::1]:3)"


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, tf_config({"worker": ["a:1"]})])
def test_one_process_has_no_cluster(environment):
    assert cluster_of(None, None, environment) is None


def test_one_address_has_no_cluster():
    assert cluster_of("a:1", 0, {}) is None


@pytest.mark.parametrize(("kind", "index", "rank"), [("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)])
def test_tf_config_chief_comes_before_its_workers(kind, index, rank):
    environment = tf_config({"worker": ["b:1", "c:1"], "chief": ["a:1"]}, kind, index)
    assert cluster_of(None, None, environment) == Cluster(("a:1", "b:1", "c:1"), rank)


def test_without_a_chief_the_first_worker_is_chief():
    assert cluster_of(None, None, tf_config({"worker": ["a:1", "b:1"]}, index="1")) == Cluster(("a:1", "b:1"), 1)


def test_arguments_override_the_environment():
    assert cluster_of("x:1,y:1", 0, tf_config({"worker": ["a:1", "b:1"]}, index=1)) == Cluster(("x:1", "y:1"), 0)


@pytest.mark.parametrize(
    ("addresses", "rank", "environment", "what"),
    [
        ("a:1,b:1", None, {}, "give both"),
        (None, 1, {}, "give both"),
        ("a:1,b", 0, {}, "host:port; found 'b'"),
        ("a:1, b:1", 0, {}, "host:port; found ' b:1'"),
        ("a:1,http://b:1", 0, {}, "host:port; found 'http://b:1'"),
        ("", 0, {}, "host:port; found ''"),
        ("a:1,b:1,a:1", 0, {}, "two workers have the same address"),
        ("a:1,b:1", 2, {}, "a rank from 0 to 1 for 2 workers; found 2"),
        (None, None, {"TF_CONFIG": "{"}, "TF_CONFIG is not of the form"),
        (None, None, {"TF_CONFIG": "[]"}, "TF_CONFIG is not of the form"),
        (None, None, tf_config({"worker": ["a:1", "b:1"]}, ["worker"]), r"TF_CONFIG has a task"),
        (None, None, {"TF_CONFIG": "[" * 100_000}, "TF_CONFIG is not of the form"),
        (None, None, tf_config({"worker": 3}), "TF_CONFIG is not of the form"),
        (None, None, tf_config({"worker": ["a:1", "b:1"]}, index=None), "TF_CONFIG is not of the form"),
        (None, None, tf_config({"worker": ["a:1", "b:1"]}, index=2), "TF_CONFIG has no worker 2, only 2"),
        (None, None, tf_config({"worker": ["b:1"], "chief": ["a:1"]}, "chief", 1), "TF_CONFIG has no chief 1, only 1"),
        (None, None, tf_config({"worker": ["a:1", "b:1"]}, index=float("inf")), "TF_CONFIG is not of the form"),
        ("a:1,b:65536", 0, {}, "host:port; found 'b:65536'"),
        ("a:0,b:1", 0, {}, "host:port; found 'a:0'"),
        (None, None, tf_config({"worker": ["a:1", "b:1"]}, kind="evaluator"), "a task 'evaluator'"),
        (None, None, tf_config({"worker": ["a:1"], "ps": ["b:1"]}), "a task 'ps'"),
    ],
)  # fmt: skip
def test_malformed_clusters_are_refused(addresses, rank, environment, what):
    with pytest.raises(ConfigError, match=what.replace("[", r"\[")):
        cluster_of(addresses, rank, environment)
