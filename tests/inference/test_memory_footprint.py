"""Tests of estimated memory against allocated memory."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.evaluation.surprisal import stateful_surprisal, windowed_surprisal
from charlstm.inference.constrained_generation import constrained_pieces
from charlstm.inference.constraints.text_constraint import Constraints, TextConstraint, compile_constraints
from charlstm.inference.generation import generate_pieces, generate_texts
from charlstm.inference.memory_footprint import (
    Particles,
    carried_bytes,
    network_bytes,
    scoring_bytes,
    text_bytes,
    workspace_bytes,
    writing_bytes,
)
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary
from tests.cases import slow


def weights(config: ModelConfig) -> dict[str, np.ndarray]:
    return {name: np.full(shape, 0.01, np.float32) for name, shape in config.weight_shapes.items()}


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def assert_estimated(measured: int, estimate: int) -> None:
    assert measured <= estimate + 3_000_000  # noise for several positions, imports and buffers
    assert estimate <= 2 * measured + 3_000_000


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize(
    ("options", "texts", "sampling"),
    [
        pytest.param({"vocabulary_size": 20, "seq_len": 50, "units": (200,)}, 20, Sampling(), marks=pytest.mark.slow),
        ({"vocabulary_size": 20, "seq_len": 30, "units": (100, 200)}, 20, Sampling()),
        pytest.param(
            {"vocabulary_size": 20, "seq_len": 30, "units": (200,), "activation": "softsign"},
            20,
            Sampling(),
            marks=pytest.mark.slow,
        ),
        ({"vocabulary_size": 7_000, "seq_len": 10, "units": (16,)}, 100, Sampling()),
        pytest.param(
            {"vocabulary_size": 7_000, "seq_len": 10, "units": (16,)}, 50, Sampling(top_p=0.9), marks=pytest.mark.slow
        ),
        ({"vocabulary_size": 7_000, "seq_len": 10, "units": (16,)}, 50, Sampling(0.8, 40, 0.9, 0.1, 1.5)),
        pytest.param({"vocabulary_size": 20, "seq_len": 2, "units": (4,)}, 2_000, Sampling(), marks=pytest.mark.slow),
    ],
    ids=["states", "two layers", "softsign", "alphabet", "top-p", "all filters", "texts"],
)
def test_memory_of_generation_is_estimated(mode, options, texts, sampling):
    config = ModelConfig(**options)
    read, length = decoder(build_network(config, weights(config)), mode), 10 if texts < 2_000 else 100
    vocabulary = Vocabulary("".join(map(chr, range(48, 48 + config.vocabulary_size))))

    def work() -> None:
        generate_texts(generate_pieces(read, vocabulary, "0123", random_seeds=range(texts), length=length, sampling=sampling))

    work()  # kernels are arranged when they are first used
    latin = config.vocabulary_size < 200
    estimate = sum(writing_bytes(config, texts, mode, sampling).values()) + text_bytes(texts, length, latin=latin)
    assert_estimated(peak(work), estimate)


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize(
    ("options", "length", "line_length"),
    [
        ({"vocabulary_size": 20, "seq_len": 20, "units": (100,)}, 12, None),
        ({"vocabulary_size": 7_000, "seq_len": 2, "units": (16,)}, 12, None),
        slow({"vocabulary_size": 1_000, "seq_len": 2, "units": (4,)}, 300, 250),
    ],
    ids=["states", "alphabet", "lines"],
)
def test_memory_of_constrained_texts_is_estimated(mode, options, length, line_length):
    config = ModelConfig(**options)
    read, texts, particles = decoder(build_network(config, weights(config)), mode), 3, 32
    vocabulary = Vocabulary("\n" + "".join(map(chr, range(48, 47 + config.vocabulary_size))))

    def compiled() -> TextConstraint:
        avoided = vocabulary.characters[2::2]  # so many that no text without constraints obeys
        return compile_constraints(Constraints(avoid=avoided, line_length=line_length), vocabulary, "0\n", length)

    def work() -> None:
        pieces = constrained_pieces(
            read,
            vocabulary,
            "0\n",
            compiled(),
            particles=particles,
            random_seeds=range(texts),
            length=length,
            sampling=Sampling(),
        )
        generate_texts(pieces)

    work()  # kernels are arranged when they are first used
    needed = Particles.of(particles, [compiled()])
    estimate = sum(writing_bytes(needed.reading(config), texts * particles, mode, Sampling()).values())
    estimate += needed.nbytes(config, texts, length, mode) + text_bytes(texts, length, latin=False)
    assert_estimated(peak(work), estimate)


@pytest.mark.parametrize(
    "options",
    [
        {"vocabulary_size": 5_000, "units": (100,)},
        {"vocabulary_size": 50, "units": (500, 500)},
        {"vocabulary_size": 5_000, "units": (100,), "encoding": "embedding"},
        {"vocabulary_size": 50_000, "units": (50,), "encoding": "scalar"},
    ],
    ids=lambda options: options.get("encoding", "one-hot"),
)
def test_memory_of_a_network_is_estimated(options):
    config = ModelConfig(seq_len=3, **options)

    def work() -> None:
        network = build_network(config, weights(config))
        for rows in (1, 2):
            network.step(np.zeros(rows, np.intp), network.initial_state(rows))

    assert_estimated(peak(work), network_bytes(config))


@pytest.mark.parametrize("size", [20, 3_000])
def test_memory_of_scoring_is_estimated(size):
    config = ModelConfig(vocabulary_size=size, seq_len=3, units=(100, 50))
    network = build_network(config, weights(config))
    ids, starts = np.zeros(600, np.uint16), np.arange(256)

    def work() -> None:
        stateful_surprisal(network, ids)
        windowed_surprisal(network, ids, starts, [1, 2])

    work()
    assert_estimated(peak(work), sum(scoring_bytes(config, len(starts)).values()))


def test_estimates_of_state_and_workspace_match_their_arrays(make_network):
    network = make_network(units=(100, 300))
    state, workspace = network.initial_state(50), network.workspace(50)
    assert carried_bytes(network.config, 50) == sum(array.nbytes for layer in state for array in layer) == 50 * 2 * 4 * 400
    assert workspace_bytes(network.config, 50) == sum(array.nbytes for layer in workspace for array in layer) + 50 * 16
