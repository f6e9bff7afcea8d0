"""Tests that the Keras and NumPy engines generate the same text, and that ``classic`` is the tutorial's loop."""

from itertools import product

import keras
import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.inference.constrained_generation import constrained_pieces
from charlstm.inference.constraints.text_constraint import Constraints, compile_constraints
from charlstm.inference.generation import generate_pieces, generate_texts
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling
from charlstm.nn.keras_decoder import keras_decoder
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.cases import slow

ALPHABET = Vocabulary("\n abcdefgh")


def weights(config: ModelConfig, scale: float = 0.6) -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    return {name: random.normal(0, scale, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}


def text(engine, **options) -> list[str]:
    options = {"random_seeds": [3, 4], "length": 60, "sampling": Sampling(1.0), **options}
    return ["".join(column) for column in zip(*generate_pieces(engine, ALPHABET, "a bad cab", **options), strict=True)]


QUICK = [("stateless", "scalar", "last"), ("stateless", "one-hot", "every"), ("stateful", "embedding", "every")]


@pytest.mark.parametrize(
    ("mode", "encoding", "targets"),
    # Every value of each; the other combinations are slow tests.
    [
        case if case in QUICK else slow(*case)
        for case in product(["stateless", "stateful"], ["scalar", "one-hot", "embedding"], ["last", "every"])
    ],
)
def test_both_engines_generate_the_same_text(mode, encoding, targets):
    config = ModelConfig(vocabulary_size=10, seq_len=12, units=(8, 6), encoding=encoding, targets=targets)
    values = weights(config)
    ours, theirs = text(decoder(build_network(config, values), mode)), text(keras_decoder(config, values, mode))
    assert ours == theirs
    assert ours[0] != ours[1]


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
def test_neither_engine_generates_the_placeholder(mode):
    config = ModelConfig(vocabulary_size=11, seq_len=12, units=(8, 6))
    values = weights(config)
    values["dense/bias"][10] = 1_000
    alphabet = Vocabulary(ALPHABET.characters, RareCharacters("yz", (2, 1)))
    texts = []
    for engine in (decoder(build_network(config, values), mode), keras_decoder(config, values, mode)):
        steps = generate_pieces(engine, alphabet, "a bad cab", random_seeds=[3, 4], length=60, sampling=Sampling(1.0))
        texts.append(["".join(column) for column in zip(*steps, strict=True)])
    assert texts[0] == texts[1]
    assert set("".join(texts[0])) <= set(alphabet.characters)


@pytest.mark.parametrize("mode", [slow("stateless"), "stateful"])
def test_both_engines_generate_the_same_constrained_text(mode):
    config = ModelConfig(vocabulary_size=10, seq_len=6, units=(8, 6))
    values, found = weights(config), []
    constraint = compile_constraints(Constraints(avoid="e", line_length=9), ALPHABET, "a bad cab\n", 40)
    for engine in (decoder(build_network(config, values), mode), keras_decoder(config, values, mode)):
        pieces = constrained_pieces(
            engine,
            ALPHABET,
            "a bad cab\n",
            constraint,
            particles=4,
            random_seeds=[3, 4],
            length=40,
            sampling=Sampling(1.0),
        )
        found.append([sample.text for sample in generate_texts(pieces)])
    assert found[0] == found[1]
    assert max(map(len, "\n".join(found[0]).split("\n"))) <= 9


@pytest.mark.slow
def test_classic_equals_the_tutorial_loop():
    config = ModelConfig(vocabulary_size=10, seq_len=100, units=(256,), encoding="scalar", targets="last")
    # Recurrent weights of this size neither forget at once nor amplify rounding errors too much. The Dense bias makes all
    # characters equally likely on average, so that greedy text varies.
    scales = {"lstm_1/kernel": 8.0, "lstm_1/recurrent_kernel": 0.06, "lstm_1/bias": 1.0, "dense/kernel": 0.5, "dense/bias": 0.0}
    values = {name: value * np.float32(scales[name]) for name, value in weights(config, scale=1.0).items()}
    network = build_network(config, values)
    state = network.initial_state(64)
    for column in np.random.default_rng(0).integers(0, 10, (100, 64)):
        network.step(column, state)
    values["dense/bias"] = -network.logits(state[-1].h).mean(0)
    seed = "a bad cab faded\nbeach " * 6

    # The loop of the tutorials, on a plain Keras model.
    model = keras.Sequential([keras.Input((100, 1)), keras.layers.LSTM(256), keras.layers.Dense(10, activation="softmax")])
    model.set_weights(list(values.values()))
    assert model.input_shape == (None, 100, 1)
    assert model.layers[0].count_params() == 4 * (1 * 256 + 256 * 256 + 256)
    characters = sorted(ALPHABET.characters)
    pattern = [characters.index(character) for character in seed[-100:]]
    written = ""
    for _ in range(120):
        x = np.reshape(pattern, (1, len(pattern), 1)) / float(len(characters))
        prediction = model.predict_on_batch(x.astype("float32"))
        index = int(np.argmax(prediction))
        written += characters[index]
        pattern.append(index)
        pattern = pattern[1:]

    steps = generate_pieces(
        decoder(build_network(config, values), "stateless"),
        ALPHABET,
        seed,
        random_seeds=[0],
        length=120,
        sampling=Sampling(temperature=0),
    )
    assert "".join(piece for (piece,) in steps) == written
    assert len(set(written)) > 4
