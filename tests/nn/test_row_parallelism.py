"""Tests of rows divided among cores: every row once, and the same numbers as all rows together."""

import numpy as np
import pytest
import tensorflow as tf

from charlstm.config import ModelConfig
from charlstm.nn import row_parallelism
from charlstm.nn.network import build_layers
from charlstm.nn.row_parallelism import MIN_ROWS, row_parallel_nats, row_slices
from charlstm.text.windows import normalise

V, T = 5, 6


@pytest.mark.parametrize("number", [1, 2, 3, 16])
@pytest.mark.parametrize("rows", [1, 3, 8, 33, 64])
def test_parts_are_equal_and_cover_every_row_once(monkeypatch, number, rows):
    monkeypatch.setattr(row_parallelism, "cores", lambda: number)
    found = [list(range(rows))[part] for part in row_slices(rows)]
    assert [row for part in found for row in part] == list(range(rows))
    assert len(found) <= number
    assert max(map(len, found)) - min(map(len, found)) <= 1
    assert len(found) == 1 or min(map(len, found)) >= MIN_ROWS


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"encoding": "embedding", "targets": "last"}, marks=pytest.mark.slow),
        pytest.param({"dropout": 0.5}, marks=pytest.mark.slow),
        {"recurrent_dropout": 0.5, "drop_connect": 0.5},
        pytest.param({"recurrent_dropout": 0.5, "units": (4,)}, marks=pytest.mark.slow),
        pytest.param({"drop_connect": 0.5}, marks=pytest.mark.slow),
    ],
)
def test_results_do_not_depend_on_the_number_of_cores(monkeypatch, options):
    random = np.random.default_rng(0)
    layers = build_layers(ModelConfig(**{"vocabulary_size": V, "seq_len": T, "units": (4, 3), "embedding_size": 3, **options}))
    rows = 3 * MIN_ROWS + 1
    ids = random.integers(0, V, (rows, T))
    x = tf.constant(normalise(ids, V))
    y = tf.constant(ids[:, 0] if layers.config.targets == "last" else ids[:, ::-1].copy())
    states = tuple((tf.constant(random.normal(size=h.shape), tf.float32), c + 1) for h, c in layers.initial_states(rows))
    masks = layers.noise.masks(rows)
    variables = [variable.value for variable in layers.weights.values()]
    results = []
    for number in (1, 3):
        monkeypatch.setattr(row_parallelism, "cores", lambda number=number: number)
        with tf.GradientTape() as tape:
            losses, after = row_parallel_nats(layers, x, y, states, masks)
            objective = tf.reduce_sum(losses)
        assert losses.shape == y.shape
        results.append([losses, *tf.nest.flatten(after), *map(tf.convert_to_tensor, tape.gradient(objective, variables))])
    for whole, shared in zip(*results, strict=True):
        np.testing.assert_allclose(shared, whole, rtol=1e-5, atol=1e-6)
