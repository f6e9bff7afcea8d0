"""Tests of the activations along a text."""

import numpy as np

from charlstm.inspection.activations import activations_along
from tests.evaluation.conftest import random_text


def test_activations_match_the_network_states(make_network):
    network, text = make_network(), random_text(12, 4)
    layers, state, workspace = activations_along(network, text), network.initial_state(1), network.workspace(1)
    for place, character in enumerate(text):
        network.step(character[None], state, workspace)
        for found, layer, scratch in zip(layers, state, workspace, strict=True):
            np.testing.assert_array_equal(found.values[:4, place], scratch.gates[:, 0])
            np.testing.assert_array_equal(found.c[place], layer.c[0])
            np.testing.assert_array_equal(found.values[5, place], layer.h[0])
    i, f, g, _, c, h = layers[0].values
    np.testing.assert_allclose(c[1:], f[1:] * c[:-1] + i[1:] * g[1:], atol=1e-6)
    assert np.abs(h).max() < 1
