"""The memory estimate of training, by arithmetic, and the refusal of training that needs too much."""

import math
from dataclasses import replace

import pytest

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import ConfigError
from charlstm.planning import memory_estimate
from charlstm.planning.memory_estimate import LOGITS, PROCESS, check_training_memory, estimate_memory

MODEL = ModelConfig(vocabulary_size=300, encoding="embedding", embedding_size=10, units=(20, 30), seq_len=7)
"""W = 300·10 + (10 + 20 + 1)·80 + (20 + 30 + 1)·120 + 31·300 = 20,900; the largest array is the softmax's, 9,000."""
TRAINING = TrainingConfig(batch_size=8, weight_average=0.9, validation=0.1, clip_norm=1.0)
W, M = 20_900, 9_000


def test_every_part_follows_the_formula():
    found = estimate_memory(MODEL, TRAINING, 100_000, cores=2)
    assert found.process == PROCESS + 2 * 100_000
    assert found.weights == 4 * 6 * W
    assert found.gradients == 4 * (4 * W + 3 * M)
    assert found.activations == 4 * (LOGITS * 8 * 7 * 300 + 24 * 8 * 7 * 50)
    assert found.evaluation == 4 * (W + 19 * 128 * (LOGITS * 300 + 12 * 50))  # 9,999 characters in rows of 512
    assert found.saving == 4 * (4 + 2 * 5 + 1) * W
    rest = max(found.gradients + found.activations, found.evaluation, found.saving)
    assert found.peak == found.process + found.weights + rest


@pytest.mark.parametrize(
    ("model", "training", "options", "part", "expected"),
    [
        ({}, {"weight_average": 0.0}, {}, "weights", 4 * 5 * W),
        ({}, {"weight_average": 0.0}, {}, "saving", 4 * (3 + 2 * 4 + 1) * W),
        ({}, {"validation": 0.0}, {}, "weights", 4 * 5 * W),
        ({}, {"validation": 0.0}, {}, "evaluation", 0),
        ({}, {}, {"fine_tuning": True}, "weights", 4 * 7 * W),
        ({}, {"clip_norm": 0.0}, {}, "gradients", 4 * (3 * W + 3 * M)),
        ({}, {}, {"cores": 64}, "gradients", 4 * (4 * W + 3 * M)),  # at least four rows per core: two cores
        ({"targets": "last"}, {}, {}, "activations", 4 * (LOGITS * 8 * 300 + 24 * 8 * 7 * 50)),
        ({}, {}, {"workers": 3}, "activations", 4 * (LOGITS * 3 * 7 * 300 + 24 * 3 * 7 * 50)),
        ({}, {"batch_size": 1}, {"workers": 2}, "gradients", 4 * (3 * W + 3 * M)),
    ],
)
def test_each_setting_changes_its_part(model, training, options, part, expected):
    found = estimate_memory(replace(MODEL, **model), replace(TRAINING, **training), 100_000, **{"cores": 2, **options})
    assert getattr(found, part) == expected


def test_evaluation_memory_is_bounded_for_large_vocabularies():
    whole = estimate_memory(replace(MODEL, vocabulary_size=16_384), TRAINING, 10**6, cores=2).evaluation
    larger = estimate_memory(replace(MODEL, vocabulary_size=1_100_000), TRAINING, 10**6, cores=2)
    weights = larger.saving / (4 + 2 * 5 + 1)
    assert larger.evaluation - weights < 1.1 * whole


@pytest.fixture
def machine(monkeypatch):
    """Return a function that sets the machine's memory in bytes."""

    def has(size: float, *, gpu: bool = False) -> None:
        monkeypatch.setattr(memory_estimate, "total_memory", lambda: size)
        monkeypatch.setattr(memory_estimate, "has_gpu", lambda: gpu)

    return has


def test_memory_note_appears_above_a_quarter(machine):
    peak = estimate_memory(MODEL, TRAINING, 100_000, cores=2).peak
    for size, mentioned in ((math.inf, False), (4.01 * peak, False), (3.99 * peak, True), (1.01 * peak, True)):
        machine(size)
        note = check_training_memory(MODEL, TRAINING, 100_000, cores=2)
        assert (note is not None) == mentioned
    assert note == f"This training needs about {peak / 1e9:.2g} GB of memory; this machine has {1.01 * peak / 1e9:.2g}."


WIDE = ModelConfig(vocabulary_size=65, units=(20_000,))
LONG = ModelConfig(vocabulary_size=8_000, units=(8,), seq_len=5_000, encoding="embedding")
UNICODE = ModelConfig(vocabulary_size=1_100_000, units=(768,), encoding="embedding")


@pytest.mark.parametrize(
    ("model", "options", "advice"),
    [
        (WIDE, {}, "lower `units`"),
        (WIDE, {"fine_tuning": True}, "choose a smaller model"),
        (WIDE, {"resumed": True}, "resume it on a machine with more memory"),
        (LONG, {}, "lower `batch_size` or `seq_len`"),
        (LONG, {"fine_tuning": True}, "lower `batch_size` or `seq_len`"),
        (UNICODE, {}, "lower `units`, or use a text with fewer distinct characters than 1,100,000"),
        (replace(UNICODE, encoding="one-hot"), {}, "lower `units`, or use a text with fewer distinct"),
    ],
)
def test_too_little_memory_is_refused_with_advice(machine, model, options, advice):
    machine(12e9)
    with pytest.raises(ConfigError) as error:
        check_training_memory(model, replace(TRAINING, batch_size=64), 1_200_000, cores=2, **options)
    assert str(error.value).startswith("this training needs about ")
    assert f" GB of memory, and this machine has 12; {advice}" in str(error.value)


def test_with_a_gpu_steps_do_not_count(machine):
    machine(12e9, gpu=True)
    assert check_training_memory(LONG, replace(TRAINING, batch_size=64), 1_200_000, cores=2) is None
