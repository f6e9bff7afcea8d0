"""The NumPy LSTM against Keras's published numbers and a loop over single gates."""

import math

import numpy as np
import pytest

from charlstm.inference.lstm import (
    LayerState,
    LayerWorkspace,
    LSTMLayer,
    hard_sigmoid,
    initial_state,
    lstm_layer,
    new_workspace,
    sigmoid,
)


def read(layer: LSTMLayer, x: np.ndarray) -> LayerState:
    """Return the state after a batch of sequences ``[B, T, d]``."""
    state = initial_state(len(x), len(layer.recurrent_kernel.columns))
    for time in range(x.shape[1]):
        step(layer, x[:, time], state)
    return state


def step(layer: LSTMLayer, x: np.ndarray, state: LayerState) -> LayerWorkspace:
    """Run a step in a workspace whose former content is NaN; return the workspace."""
    workspace = new_workspace(len(x), state.h.shape[1])
    for array in workspace:
        array.fill(np.nan)
    layer.project(x, workspace.input_projection)
    layer.step(state, workspace)
    return workspace


# The numbers are in keras/src/layers/rnn/lstm_test.py: LSTM(3) on arange(72) as (3, 6, 4), constant weights.
@pytest.mark.parametrize(
    ("forget_bias", "expected"),
    [(1.0, [0.6288687, 0.8689916, 0.9460773]), (0.03, [0.5701970, 0.8661914, 0.9459622])],
)
def test_keras_published_goldens(forget_bias, expected):
    bias = np.repeat(np.array([0.03, forget_bias, 0.03, 0.03], np.float32), 3)
    layer = lstm_layer(np.full((4, 12), 0.01, np.float32), np.full((3, 12), 0.02, np.float32), bias, "tanh", "sigmoid")
    x = np.arange(72, dtype=np.float32).reshape(3, 6, 4)
    np.testing.assert_allclose(read(layer, x).h, np.repeat(np.array(expected)[:, None], 3, 1), atol=1e-6)


SCALARS = {
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "hard_sigmoid": lambda z: min(max(z + 3, 0), 6) / 6,
    "relu": lambda z: max(z, 0.0),
    "softsign": lambda z: z / (1 + abs(z)),
    "linear": lambda z: z,
}


@pytest.mark.parametrize("activation", SCALARS)
@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid"])
def test_a_step_follows_the_six_equations_by_gate(activation, recurrent_activation):
    random, d, u = np.random.default_rng(3), 3, 4
    kernel, recurrent, bias = random.normal(size=(d, 4 * u)), random.normal(size=(u, 4 * u)), random.normal(size=4 * u)
    x, h, c = random.normal(size=d), random.normal(size=u), random.normal(size=u)
    squash, gate = SCALARS[activation], SCALARS[recurrent_activation]
    expected_h, expected_c = [], []
    for unit in range(u):
        # Column block g of the kernels belongs to gate g, in the order i, f, c, o.
        z_i, z_f, z_c, z_o = (
            sum(x[k] * kernel[k, g * u + unit] for k in range(d))
            + sum(h[k] * recurrent[k, g * u + unit] for k in range(u))
            + bias[g * u + unit]
            for g in range(4)
        )
        new_c = gate(z_f) * c[unit] + gate(z_i) * squash(z_c)
        expected_c.append(new_c)
        expected_h.append(gate(z_o) * squash(new_c))
    single = [array.astype(np.float32) for array in (kernel, recurrent, bias, x[None], h[None], c[None])]
    layer = lstm_layer(*single[:3], activation, recurrent_activation)
    state = initial_state(1, len(layer.recurrent_kernel.columns))
    np.copyto(state.h, single[4])
    np.copyto(state.c, single[5])
    step(layer, single[3], state)
    np.testing.assert_allclose(state.h[0], expected_h, atol=2e-6)
    np.testing.assert_allclose(state.c[0], expected_c, atol=2e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_workspace_holds_the_gates_of_the_last_step(activation):
    layer = lstm_layer(*(np.ones(shape, np.float32) for shape in ((2, 12), (3, 12), (12,))), activation, "sigmoid")
    state = initial_state(1, len(layer.recurrent_kernel.columns))
    workspace = step(layer, np.ones((1, 2), np.float32), state)
    gate = 1 / (1 + math.exp(-3))  # 1 + 1 of the inputs, 1 of the bias
    candidate = SCALARS[activation](3)
    expected = np.array([gate, gate, candidate, gate])[:, None, None]
    np.testing.assert_allclose(workspace.gates, np.broadcast_to(expected, (4, 1, 3)), rtol=1e-6)


def test_state_is_h_and_c_alone():
    state = initial_state(3, 5)
    assert [array.shape for array in state] == [(3, 5), (3, 5)]
    assert state.nbytes == 2 * 4 * 3 * 5
    assert not any(array.any() for array in state)


def test_sigmoids_at_extremes_and_at_zero():
    z = np.array([-1e30, -3, 0, 3, 1e30], np.float32)
    soft, hard = sigmoid(z, np.empty_like(z)), hard_sigmoid(z, np.empty_like(z))
    np.testing.assert_allclose(soft, [0, 1 / (1 + math.exp(3)), 0.5, 1 / (1 + math.exp(-3)), 1], atol=1e-7)
    np.testing.assert_allclose(hard, [0, 0, 0.5, 1, 1], atol=1e-7)
