"""Tests of shared windows against stateless reading without sharing."""

import numpy as np
import pytest

from charlstm.inference.modes import StatefulDecoder, StatelessDecoder
from charlstm.inference.network import LstmNetwork
from charlstm.inference.shared_windows import AHEAD, SharedWindows, for_particles


@pytest.mark.parametrize("units", [(5,), (5, 4)])
@pytest.mark.parametrize("seq_len", [1, 2, 6, AHEAD, AHEAD + 1, 21])
def test_predictions_equal_those_without_sharing(make_network, units, seq_len):
    network = make_network(units=units, seq_len=seq_len)
    modes, random = [StatelessDecoder(network), SharedWindows(network)], np.random.default_rng(seq_len)
    states = [mode.initial_state(1) for mode in modes]
    batch = 1
    for place in range(60):
        ids = random.integers(0, 2, batch)  # two characters, so that texts have common beginnings
        states = [mode.step(ids, state) for mode, state in zip(modes, states, strict=True)]
        expected, found = (mode.logits(state) for mode, state in zip(modes, states, strict=True))
        np.testing.assert_allclose(found, expected, atol=2e-6)
        if place % 5 == 4:
            rows = random.integers(0, batch, 7)
            states, batch = [mode.gather(state, rows) for mode, state in zip(modes, states, strict=True)], 7


def test_common_passages_are_read_once(make_network, monkeypatch):
    network, rows = make_network(seq_len=40), 0
    step = LstmNetwork.step

    def counted(self, ids, state, workspace=None):
        nonlocal rows
        rows += len(ids)
        return step(self, ids, state, workspace)

    mode, ids = SharedWindows(network), np.zeros(32, np.int64)
    state = mode.initial_state(32)
    for _ in range(80):
        state = mode.step(ids, state)
    monkeypatch.setattr(LstmNetwork, "step", counted)
    for _ in range(AHEAD):
        state = mode.step(ids, state)
    assert rows <= AHEAD * (40 + 32 * AHEAD / 2)  # each row alone: 32 windows of 40 for each prediction


def test_only_stateless_texts_of_numpy_are_shared(make_network):
    network = make_network()
    assert isinstance(for_particles(StatelessDecoder(network)), SharedWindows)
    stateful = StatefulDecoder(network)
    assert for_particles(stateful) is stateful


def test_the_last_window_of_a_text_is_enough(make_network):
    assert SharedWindows(make_network(seq_len=6)).recent(np.arange(10)).tolist() == [4, 5, 6, 7, 8, 9]
