"""Finite but extreme weights: every command prints finite numbers or refuses the model in one sentence."""

import json
import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from charlstm.checkpoint.weights import write_weights
from charlstm.config import ModelConfig
from charlstm.errors import CheckpointError
from charlstm.inference.finite import check_finite, check_record
from tests.cases import every_pair, slow
from tests.conftest import PANGRAM

Fill = Callable[[str, tuple[int, ...]], np.ndarray]
VOCABULARY = "".join(sorted(set(PANGRAM)))


def signs(shape: tuple[int, ...]) -> np.ndarray:
    return np.where(np.arange(math.prod(shape)) % 2, -1, 1).reshape(shape)


def drawn(deviation: float) -> Fill:
    return lambda _, shape: np.random.default_rng(0).normal(0, deviation, shape)


WEIGHTS: dict[str, Fill] = {
    "zero": lambda _, shape: np.zeros(shape),
    "greatest": lambda _, shape: np.full(shape, 3e38),
    "least": lambda _, shape: np.full(shape, -3e38),
    "alternating": lambda _, shape: 3e38 * signs(shape),
    "denormal": lambda _, shape: np.full(shape, 1e-44),
    "large": lambda _, shape: 1e20 * signs(shape),
    "great biases": lambda name, shape: np.full(shape, 1e30 if name.endswith("bias") else 0.1),
    "great recurrent kernels": lambda name, shape: (3e38 if "recurrent" in name else 1) * signs(shape),
    "great Dense": lambda name, shape: 3e38 * signs(shape) if name.startswith("dense") else drawn(1)(name, shape),
    "unstable": drawn(30),
}

NETWORKS = {
    "one-hot": {},
    "scalar, two layers": {"encoding": "scalar", "units": (5, 4)},
    "embedding, without biases": {"encoding": "embedding", "embedding_size": 3, "use_bias": False},
    "relu, three layers": {"activation": "relu", "units": (3, 3, 3)},
    "linear": {"activation": "linear", "recurrent_activation": "linear"},
    "relu gates": {"recurrent_activation": "relu"},
    "softsign": {"activation": "softsign", "recurrent_activation": "hard_sigmoid", "targets": "last"},
}

OVERFLOWING = ["one-hot", "relu, three layers", "linear", "relu gates"]
PAIRS = [
    (weights, network)
    for weights in WEIGHTS
    for network in NETWORKS
    if network in OVERFLOWING or weights in ("zero", "alternating", "unstable")
]

WRITING = [
    "generate --length 20 --mode stateless --json",
    "generate --length 20 --mode stateful --samples 2 --temperature 0 --json",
    "generate --length 20 --temperature 1e9 --repetition-penalty 1.3 --top-p 0.9 --min-p 0.1",
    "generate --length 5 --interactive",
    "list --json",
    "inspect weights --json",
]
MEASURING = [
    "evaluate text.txt --json --surprise",
    "compare --length 10 --text text.txt --json --windows 5",
    "inspect",
    "inspect step --json --character q",
    "inspect inside --json",
]
SHOWING = [
    "evaluate text.txt",
    "compare --length 10",
    "compare --length 10 --text text.txt --report report.html --plot plot.svg",
    "inspect --page page.html",
]


@pytest.fixture
def absurd(tmp_path, make_checkpoint):
    """Make the checkpoint, and a text to score."""

    def make(weights: str, network: str) -> None:
        config = ModelConfig(**{"vocabulary_size": len(VOCABULARY), "seq_len": 6, "units": (4,), **NETWORKS[network]})
        folder = make_checkpoint(tmp_path / "checkpoints" / "tale", config)
        shapes = config.weight_shapes.items()
        write_weights(folder, {name: WEIGHTS[weights](name, shape).astype(np.float32) for name, shape in shapes})
        (tmp_path / "text.txt").write_text(PANGRAM)

    return make


def check_shown(command: str, stdout: str) -> None:
    """Check that no number in an output is infinite or NaN."""
    if "--json" in command:
        check_record(json.loads(stdout))
    assert not re.search(r"(?<!\w)[-+]?(nan|inf)(?!\w)", stdout)


@pytest.mark.parametrize(
    ("weights", "network"),
    # Each kind of weights and each network once; the other pairs are slow tests.
    [pytest.param(*pair, marks=() if "one-hot" in pair or "unstable" in pair else pytest.mark.slow) for pair in PAIRS],
)
def test_every_result_is_finite_or_refused(charlstm, absurd, weights, network):
    absurd(weights, network)
    for command in WRITING:
        result = charlstm(*command.split(), stdin="\n/quit\n")
        assert result.exit_code == 0, command
        check_shown(command, result.stdout)
    for command in MEASURING:
        result = charlstm(*command.split())
        if result.exit_code == 0:
            check_shown(command, result.stdout)
        else:
            assert (result.exit_code, result.stdout) == (1, ""), command
            assert "the weights of the model lead to numbers that are infinite or NaN" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("weights", "network"), [slow("zero", "one-hot"), slow("alternating", "one-hot"), ("unstable", "relu, three layers")]
)
def test_tables_pages_and_plots_are_finite_or_refused(charlstm, absurd, tmp_path, weights, network):
    absurd(weights, network)
    for command in SHOWING:
        result = charlstm(*command.split())
        files = [tmp_path / name for name in ("report.html", "plot.svg", "page.html") if name in command]
        assert [path.exists() for path in files] == [result.exit_code == 0] * len(files)
        assert result.exit_code == 0 or "infinite or NaN" in result.stderr.splitlines()[-1]
        check_shown(command, result.stdout)


@pytest.mark.parametrize(
    ("weights", "columns"),
    [
        pytest.param(weights, columns, marks=() if columns == "24" else pytest.mark.slow)
        for weights in ("least", "greatest", "large", "great recurrent kernels", "unstable")
        for columns in ("120", "80", "60", "40", "24")
    ],
)
def test_no_number_of_a_table_is_long_or_broken(charlstm, absurd, monkeypatch, weights, columns):
    absurd(weights, "one-hot")
    wide = charlstm("inspect", "weights").stdout
    monkeypatch.setenv("COLUMNS", columns)
    narrow = charlstm("inspect", "weights").stdout
    assert max(map(len, narrow.splitlines())) <= int(columns)
    assert not re.search(r"\d{6}", narrow)
    number = r"(?<!\S)[-+]?\d+\.\d+(?:e[-+]\d+)?(?!\S)"
    assert sorted(re.findall(number, narrow)) == sorted(re.findall(number, wide))


@pytest.mark.parametrize(
    ("weights", "section"), every_pair(["least", "large", "unstable"], ["weights", "step", "state", "inside"])
)
def test_numbers_of_every_section_are_short(charlstm, absurd, weights, section):
    absurd(weights, "linear")
    assert not re.search(r"\d{6}", charlstm("inspect", section).stdout)


@pytest.mark.parametrize(("weights", "network"), [("zero", "linear"), ("denormal", "one-hot"), ("great biases", "one-hot")])
def test_harmless_extreme_weights_are_scored(charlstm, absurd, weights, network):
    absurd(weights, network)
    told = json.loads(charlstm("evaluate", "text.txt", "--json").stdout)
    assert told["modes"]["stateful"]["nats_per_char"] == pytest.approx(math.log(len(VOCABULARY)), rel=1e-3)
    compared = json.loads(charlstm("compare", "--length", "20", "--text", "text.txt", "--json").stdout)
    assert compared["modes"]["stateful"]["nats_per_char"] == told["modes"]["stateful"]["nats_per_char"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_non_finite_numbers_are_found_at_any_depth(value):
    check_record({"a": [1.0, {"b": (2, None, "nan", True)}]})
    check_finite(np.array([1.0, -3e38]))
    for record in (value, [value], {"a": [1.0, {"b": (2, value)}]}):
        with pytest.raises(CheckpointError, match="infinite or NaN"):
            check_record(record)
    with pytest.raises(CheckpointError, match="infinite or NaN"):
        check_finite(np.array([1.0, value]))
