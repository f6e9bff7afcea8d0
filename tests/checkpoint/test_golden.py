"""Checkpoints of every format version that was ever written load, and write the texts that they wrote then."""

import json
from pathlib import Path

import pytest

from charlstm.checkpoint.config_file import FORMAT_VERSION, read_config
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.weights import read_weights
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = sorted(path.parent for path in GOLDEN.glob("*/*/texts.json"))


def test_every_version_has_its_checkpoints():
    versions = {int(folder.parent.name.removeprefix("version-")) for folder in FOLDERS}
    assert versions == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_writes_what_it_wrote(folder, mode):
    # The random seeds are such that the second choice is never near the first: rounding cannot change a character.
    expected = json.loads((folder / "texts.json").read_text("utf-8"))
    config = read_config(folder)
    network = build_network(config.model, read_weights(folder, config.model))
    pieces = generate_pieces(
        decoder(network, mode),
        config.vocabulary,
        expected["seed"],
        random_seeds=[expected["random_seed"]],
        length=len(expected[mode]),
        sampling=Sampling(temperature=expected["temperature"]),
    )
    assert "".join(piece for (piece,) in pieces) == expected[mode]
    assert any(line.best for line in read_history(folder))


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder.parent.name != "version-1"], ids=lambda f: f.name)
def test_rare_characters_cost_what_they_cost(folder):
    expected = json.loads((folder / "texts.json").read_text("utf-8"))
    config = read_config(folder)
    ids = config.vocabulary.encode_any(expected["scored"])
    assert {"a", "x", "渡"} <= set(expected["scored"])
    assert config.vocabulary.unknown("ax渡") == "x渡"
    network = build_network(config.model, read_weights(folder, config.model))
    nats = stateful_surprisal(network, ids, naming=config.vocabulary.naming_nats(ids))
    assert nats.mean() == pytest.approx(expected["nats_per_char"], rel=1e-5)
