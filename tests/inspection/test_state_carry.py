"""What is carried: two readings of a window by the network itself."""

import numpy as np
import pytest

from charlstm.inference.sampling import log_softmax
from charlstm.inspection.state_carry import state_carry, state_carry_view
from tests.evaluation.conftest import memoryless_network, random_text

WINDOW = random_text(6, 4)


def test_reset_is_the_first_reading_again_and_carried_is_not(make_network):
    found = state_carry(make_network(), WINDOW)["largest_difference"]
    assert found["reset"] == 0
    assert found["carried"] > 1e-4


def test_the_second_reading_is_that_of_the_window_twice(make_network):
    network = make_network()
    state, probabilities = network.zero_state(1), []
    for place, character in enumerate(np.tile(WINDOW, 2)):
        network.step(character[None], state)
        if place in (5, 11):
            probabilities.append(np.exp(log_softmax(network.logits(state[-1].h).astype(float)))[0])
    found = state_carry(network, WINDOW)
    assert found["largest_difference"]["carried"] == pytest.approx(np.abs(probabilities[1] - probabilities[0]).max())
    norms = list(found["norms"].values())
    assert [layer["c"] for layer in norms[0]] == [0, 0]
    assert norms[1] == norms[3] != norms[2]
    assert norms[2][1]["h"] == pytest.approx(np.linalg.norm(state[1].h))


def test_a_memoryless_model_carries_nothing_that_matters():
    found = state_carry(memoryless_network(), WINDOW)
    assert found["largest_difference"]["carried"] < 1e-7


def test_the_words_say_which_difference_is_which(make_network):
    found = state_carry(make_network(), WINDOW)
    text = " ".join(getattr(block, "text", "") for block in state_carry_view(found))
    assert (
        f"by 0 where the state was reset in between, and by {found['largest_difference']['carried']:.3g} where it was carried"
        in text
    )
