"""Tests of both modes against their literal definitions."""

import tracemalloc

import numpy as np
import pytest

from charlstm.inference.modes import StatefulDecoder, StatelessDecoder


def logits_after(network, ids) -> np.ndarray:
    """From a zero state over all of ``ids`` (rows of a batch), literally."""
    state = network.initial_state(len(ids))
    for column in np.asarray(ids).T:
        network.step(column, state)
    return network.logits(state[-1].h)


def texts(batch: int, length: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 7, (batch, length))


@pytest.mark.parametrize("units", [(5,), (5, 4), (3, 4, 5)])
@pytest.mark.parametrize("encoding", ["scalar", "one-hot", "embedding"])
@pytest.mark.parametrize("seq_len", [1, 2, 6])
def test_lanes_equal_the_append_and_shift_loop(make_network, units, encoding, seq_len):
    network = make_network(units=units, encoding=encoding, seq_len=seq_len)
    mode, read = StatelessDecoder(network), texts(batch=3, length=20)
    state = mode.initial_state(3)
    for end in range(1, 21):
        state = mode.step(read[:, end - 1], state)
        window = read[:, max(0, end - seq_len) : end]
        np.testing.assert_allclose(mode.logits(state), logits_after(network, window), atol=2e-6)


def test_stateful_mode_reads_the_whole_text(make_network):
    network = make_network()
    mode, read = StatefulDecoder(network), texts(batch=2, length=20)
    state = mode.initial_state(2)
    for column in read.T:
        state = mode.step(column, state)
    np.testing.assert_allclose(mode.logits(state), logits_after(network, read), atol=1e-6)


def test_modes_agree_only_within_the_window(make_network):
    network = make_network(seq_len=6)
    modes = [StatelessDecoder(network), StatefulDecoder(network)]
    states = [mode.initial_state(1) for mode in modes]
    differences = []
    for column in texts(batch=1, length=10).T:
        states = [mode.step(column, state) for mode, state in zip(modes, states, strict=True)]
        stateless, stateful = (mode.logits(state) for mode, state in zip(modes, states, strict=True))
        differences.append(np.abs(stateless - stateful).max())
    assert max(differences[:6]) < 1e-6
    assert min(differences[6:]) > 1e-4


@pytest.mark.parametrize("mode", [StatelessDecoder, StatefulDecoder])
def test_steps_allocate_next_to_nothing(make_network, mode):
    units, batch = 1_000, 32
    decoder = mode(make_network(units=(units, units), seq_len=3))
    state = decoder.initial_state(batch)
    ids = np.arange(batch) % 7
    for _ in range(8):
        state = decoder.step(ids, state)
    tracemalloc.start()
    try:
        for _ in range(8):
            state = decoder.step(ids, state)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * batch * units  # less than h alone; NumPy's own buffers are smaller


def test_recent_returns_the_window_or_the_whole_text(make_network):
    network = make_network(seq_len=6)
    assert StatelessDecoder(network).recent(np.arange(10)).tolist() == [4, 5, 6, 7, 8, 9]
    assert len(StatefulDecoder(network).recent(np.arange(10))) == 10


@pytest.mark.parametrize("mode", [StatelessDecoder, StatefulDecoder])
@pytest.mark.parametrize("length", [2, 9])
@pytest.mark.parametrize("rows", [[2, 0, 2], [1], [0, 1, 2, 2, 1]])
def test_a_gathered_state_continues_as_the_rows_it_copies(make_network, mode, length, rows):
    decoder, read = mode(make_network(seq_len=4)), texts(batch=3, length=length)
    state = decoder.initial_state(3)
    for column in read.T:
        state = decoder.step(column, state)
    gathered = decoder.gather(state, np.array(rows))
    np.testing.assert_allclose(decoder.logits(gathered), decoder.logits(state)[rows], atol=1e-6)
    more, longer = np.random.default_rng(6).integers(0, 7, (len(rows), 7)), read[rows]
    for column in more.T:
        gathered, longer = decoder.step(column, gathered), np.column_stack([longer, column])
        window = longer[:, -4:] if mode is StatelessDecoder else longer
        np.testing.assert_allclose(decoder.logits(gathered), logits_after(decoder.network, window), atol=2e-6)
