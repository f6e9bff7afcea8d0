"""Tests of timed generation against the generation loop and counted steps."""

from contextlib import contextmanager

import numpy as np
import pytest

from charlstm.evaluation.timed_generation import GenerationTask, TimingEnvironment, cell_steps, generate_timed, state_bytes
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import LstmNetwork
from charlstm.inference.sampling import Sampling
from tests.evaluation.conftest import TASK, VOCABULARY, ticking


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_text_matches_the_generation_loop(make_network, mode):
    network = make_network()
    pieces = generate_pieces(decoder(network, mode), VOCABULARY, "abc de", random_seeds=[3], length=40, sampling=Sampling(1.0))
    assert generate_timed(network, VOCABULARY, TASK, mode, ticking()).text == "".join(piece for (piece,) in pieces)


def test_times_of_the_first_and_the_median_character(make_network):
    moments = iter([0.0, 5.0, 6.0, 16.0, 17.0, 18.5, 99.0])
    machine = TimingEnvironment(lambda: next(moments), ticking().threads)
    found = generate_timed(make_network(), VOCABULARY, GenerationTask("ab", 5, 0, Sampling()), "stateful", machine)
    assert found.seconds_to_first == 5
    assert found.characters_per_second == pytest.approx(1 / 1.25)  # of 1, 10, 1 and 1.5 seconds
    moments = iter([0.0, 2.0, 2.5])
    assert (
        generate_timed(
            make_network(), VOCABULARY, GenerationTask("ab", 1, 0, Sampling()), "stateful", machine
        ).characters_per_second
        == 0.5
    )


def test_window_overrides_the_models_own(make_network):
    network = make_network()
    long = generate_timed(network, VOCABULARY, TASK, "stateless", ticking(), 100)
    assert long.text == generate_timed(network, VOCABULARY, TASK, "stateful", ticking()).text
    assert long.text != generate_timed(network, VOCABULARY, TASK, "stateless", ticking(), 2).text


def test_threads_are_set_for_the_rows_of_a_step(make_network):
    asked = []

    @contextmanager
    def threads(model, rows):
        asked.append((model.seq_len, rows))
        yield

    machine = TimingEnvironment(ticking().clock, threads)
    generate_timed(make_network(), VOCABULARY, TASK, "stateful", machine)
    generate_timed(make_network(), VOCABULARY, TASK, "stateless", machine)
    generate_timed(make_network(), VOCABULARY, TASK, "stateless", machine, 9)
    assert asked == [(6, 1), (6, 6), (6, 9)]


@pytest.mark.parametrize(("seed", "length"), [(1, 1), (3, 20), (30, 20)])
@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_cell_steps_match_the_steps_computed(make_network, monkeypatch, mode, seed, length):
    rows = []
    step = LstmNetwork.step

    def count(network, ids, state, *rest):
        rows.append(len(state[0].h))
        return step(network, ids, state, *rest)

    monkeypatch.setattr(LstmNetwork, "step", count)
    generate_timed(make_network(), VOCABULARY, GenerationTask("a" * seed, length, 0, Sampling(1.0)), mode, ticking())
    # The last step on the seed text gives the first character, and the last generated character is not read.
    made = rows[-length:]
    assert cell_steps(mode, 6, seed, length) == np.mean(made)


@pytest.mark.parametrize("units", [(5, 4), (512,), (1,), (7, 6, 5)])
@pytest.mark.parametrize("window", [1, 6, 100])
def test_state_bytes_match_h_and_c(make_network, units, window):
    network = make_network(units=units, seq_len=window)
    row = 2 * 4 * sum(units)  # h and c, four bytes a number
    assert state_bytes(network, "stateful", window) == row
    assert state_bytes(network, "stateless", window) == window * row
    carried, lanes = decoder(network, "stateful").initial_state(1).layers, decoder(network, "stateless").initial_state(1).lanes
    assert state_bytes(network, "stateful", window) == sum(layer.nbytes for layer in carried)
    assert state_bytes(network, "stateless", window) == sum(layer.nbytes for layer in lanes)
