"""Several processes or devices compared with one, in real processes over the loopback interface."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import GroupError, TrainingError
from charlstm.nn.fused_lstm import FusedLSTM
from charlstm.planning.cluster import Cluster
from charlstm.training.distributed.worker_group import WorkerGroup
from charlstm.training.trainer import Trainer
from tests.worker_processes import free_addresses, run, trained, trained_together

SETTINGS = {
    "model": {
        "vocabulary_size": 30,
        "seq_len": 12,
        "units": [24, 16],
        "dropout": 0.2,
        "drop_connect": 0.3,
        "recurrent_dropout": 0.1,
        "kernel_regularizer": "l2:0.01",
    },
    "training": {
        "batch_size": 64,
        "weight_average": 0.9,
        "weight_decay": 0.01,
        "clip_norm": 0.05,
        "state_reset": 0.1,
        "precision": "float32",
    },
    "steps": 50,
}


@pytest.fixture(scope="module")
def alone():
    return trained(SETTINGS)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-5)  # of each step
    for name, value in expected.items():
        size = np.linalg.norm(value.astype(np.float64))
        assert np.linalg.norm(found[name].astype(np.float64) - value) <= 1e-5 * size, name


def assert_alike_and_same(workers, expected):
    first, second = workers
    assert_same(first, expected)
    for name, value in first.items():  # all arrays, exactly
        np.testing.assert_array_equal(value, second[name])


@pytest.mark.slow
def test_two_workers_with_32_rows_equal_one_with_64(alone, tmp_path):
    assert_alike_and_same(trained_together(SETTINGS, 2, tmp_path), alone)


def test_two_workers_with_one_layer_equal_one(tmp_path):
    small = {**SETTINGS, "model": {**SETTINGS["model"], "units": [16]}, "steps": 10}
    assert_alike_and_same(trained_together(small, 2, tmp_path), trained(small))


@pytest.mark.slow
def test_gradients_in_bfloat16_differ_by_their_rounding(tmp_path):
    settings = {**SETTINGS, "training": {**SETTINGS["training"], "gradient_precision": "bfloat16"}, "steps": 10}
    first, second = trained_together(settings, 2, tmp_path)
    alone = trained(settings)
    assert first["losses"][0] == pytest.approx(alone["losses"][0], rel=1e-6)  # the loss itself is not rounded
    np.testing.assert_allclose(first["losses"], alone["losses"], rtol=1e-2)
    assert (first["losses"] != alone["losses"]).any()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])


FAILING = """
import sys
from charlstm.errors import CharlstmError
from charlstm.planning.cluster import cluster_of
from charlstm.training.distributed.startup import join
group = join(cluster_of({addresses!r}, {rank}, {{}}), 4)
try:
    with group.failures_reported():
        group.share(1)
        if {rank} == {fails}:
            raise OSError("no space left on device")
        group.share(2)
except CharlstmError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.slow
@pytest.mark.parametrize("fails", [0, 1])
def test_the_failure_of_a_worker_ends_the_other_with_its_reason(tmp_path, fails):
    addresses = free_addresses(2)
    ended = run([["-c", FAILING.format(addresses=addresses, rank=rank, fails=fails)] for rank in (0, 1)], tmp_path)
    assert ended[fails].err.endswith("OSError: no space left on device\n")
    survivor = ended[1 - fails]
    assert (survivor.code, survivor.err) == (1, "")
    assert survivor.out == f"worker {fails} ({addresses.split(',')[fails]}) has ended: no space left on device\n"


@pytest.mark.slow
def test_two_devices_in_one_process_equal_one(alone, tmp_path):
    (mirrored,) = trained_together({**SETTINGS, "devices": 2}, 1, tmp_path)
    assert_same(mirrored, alone)


@pytest.mark.slow
def test_a_large_vocabulary_trains_the_same_on_two_workers_or_devices(tmp_path):
    large = {**SETTINGS, "model": {**SETTINGS["model"], "vocabulary_size": 300}, "steps": 20}
    folders = [tmp_path / name for name in ("workers", "devices")]
    for folder in folders:
        folder.mkdir()
    one = trained(large)
    first, second = trained_together(large, 2, folders[0])
    (mirrored,) = trained_together({**large, "devices": 2}, 1, folders[1])
    assert one["weights/dense/kernel"].shape == (16, 300)
    for found in (first, second, mirrored):
        assert_same(found, one)


def group(replicas: int, rank: int = 0, workers: int = 1) -> WorkerGroup:
    """Return a group with a number of replicas, whose strategy cannot run a step."""
    strategy = SimpleNamespace(num_replicas_in_sync=replicas, scope=nullcontext)
    return WorkerGroup(strategy, Cluster(tuple(f"w{n}:1" for n in range(workers)), rank))


@pytest.mark.parametrize(("rank", "rows"), [(0, [0, 1, 2, 3]), (1, [4, 5, 6, 7]), (2, [8, 9, 10, 11])])
def test_workers_share_the_rows_in_their_order(rank, rows):
    assert list(range(12))[group(6, rank, workers=3).rows(12)] == rows


def test_a_trainer_reads_only_the_rows_of_its_worker():
    model = ModelConfig(vocabulary_size=5, seq_len=4, units=(3,))
    assert Trainer(model, TrainingConfig(batch_size=6), group(3, rank=1, workers=3)).rows == slice(2, 4)


@pytest.mark.parametrize(("workers", "what"), [(4, "4 workers"), (1, "4 devices"), (2, "4 devices")])
def test_rows_that_cannot_be_shared_evenly_are_refused(workers, what):
    with pytest.raises(
        TrainingError, match=f"a batch of 6 cannot be shared evenly by {what}; make `batch_size` a multiple of 4"
    ):
        group(4, workers=workers).rows(6)


def test_keras_recurrent_dropout_on_two_devices_is_refused(monkeypatch):
    monkeypatch.setattr(WorkerGroup, "replicas", property(lambda _: 2))
    monkeypatch.setattr(FusedLSTM, "keras_path_because", lambda *_, **__: "there is a GPU")
    model = ModelConfig(vocabulary_size=5, seq_len=4, units=(3,), recurrent_dropout=0.5)
    with pytest.raises(TrainingError, match="`recurrent_dropout` needs one worker"):
        Trainer(model, TrainingConfig(batch_size=2))


@pytest.mark.parametrize(
    ("rank", "message", "who"),
    [
        (0, "from remote target /job:worker/replica:0/task:2: Connection reset", "worker 2 (w2:1)"),
        (1, "task:1 to /job:worker/task:0 failed", "worker 0 (w0:1)"),
        (1, "RPC: /tensorflow.CoordinationService/Heartbeat", "worker 0 (w0:1)"),
        (0, "RPC: /tensorflow.CoordinationService/Heartbeat", "another worker"),
        (1, "/job:worker/task:0 and /job:worker/task:2", "another worker"),
        (1, "collective aborted", "another worker"),
    ],
)  # fmt: skip
def test_a_lost_worker_is_named_if_tensorflow_names_it(rank, message, who):
    with pytest.raises(GroupError) as caught, group(3, rank, workers=3).watched():
        raise tf.errors.UnavailableError(None, None, message)
    assert str(caught.value).startswith(f"{who} no longer answers; start all workers again with `resume`")
    assert caught.value.exit_code == 75


def test_a_single_process_raises_tensorflows_errors():
    with pytest.raises(tf.errors.UnavailableError), WorkerGroup().watched():
        raise tf.errors.UnavailableError(None, None, "no")
