"""Tests of the carried state by reading a window twice."""

import numpy as np
import pytest

from charlstm.inference.logits import log_softmax
from charlstm.inspection.state_carry import state_carry, state_carry_view
from tests.evaluation.conftest import memoryless_network, random_text

WINDOW = random_text(6, 4)


def test_reset_state_repeats_the_prediction_and_carried_does_not(make_network):
    found = state_carry(make_network(), WINDOW).largest_difference
    assert found.reset == 0
    assert found.carried > 1e-4


def test_carried_state_matches_reading_the_window_twice(make_network):
    network = make_network()
    state, probabilities = network.initial_state(1), []
    for place, character in enumerate(np.tile(WINDOW, 2)):
        network.step(character[None], state)
        if place in (5, 11):
            probabilities.append(np.exp(log_softmax(network.logits(state[-1].h).astype(float)))[0])
    found = state_carry(network, WINDOW)
    assert found.largest_difference.carried == pytest.approx(np.abs(probabilities[1] - probabilities[0]).max())
    norms = list(found.norms.values())
    assert [layer.c for layer in norms[0]] == [0, 0]
    assert norms[1] == norms[3] != norms[2]
    assert norms[2][1].h == pytest.approx(np.linalg.norm(state[1].h))


def test_memoryless_model_is_unaffected_by_carried_state():
    found = state_carry(memoryless_network(), WINDOW)
    assert found.largest_difference.carried < 1e-7


def test_view_names_both_differences(make_network):
    found = state_carry(make_network(), WINDOW)
    text = " ".join(getattr(block, "text", "") for block in state_carry_view(found))
    assert (
        f"by 0 where the state was reset in between, and by {found.largest_difference.carried:.3g} where it was carried" in text
    )
