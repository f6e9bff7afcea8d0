"""Stored checkpoints of every format version load, and generate the texts that were stored with them."""

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
from charlstm.text.overlap import SKETCH_HASHES, smallest_hashes

GOLDEN = Path(__file__).parents[1] / "golden"
FOLDERS = sorted(path.parent for path in GOLDEN.glob("*/*/texts.json"))


def test_every_format_version_has_stored_checkpoints():
    versions = {int(folder.parent.name.removeprefix("version-")) for folder in FOLDERS}
    assert versions == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_generated_text_equals_the_stored_text(folder, mode):
    # Random seeds were chosen so that no draw is close to a boundary, and rounding cannot change a character.
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
def test_score_of_rare_characters_equals_the_stored_score(folder):
    expected = json.loads((folder / "texts.json").read_text("utf-8"))
    config = read_config(folder)
    ids = config.vocabulary.encode_any(expected["scored"])
    assert {"a", "x", "渡"} <= set(expected["scored"])
    assert config.vocabulary.unknown("ax渡") == "x渡"
    network = build_network(config.model, read_weights(folder, config.model))
    nats = stateful_surprisal(network, ids, naming=config.vocabulary.naming_nats(ids))
    assert nats.mean() == pytest.approx(expected["nats_per_char"], rel=1e-5)


def test_sketches_still_mean_the_same_runs():
    folder = GOLDEN / "version-1" / "with-sketches"
    config, texts = read_config(folder), json.loads((folder / "texts.json").read_text("utf-8"))
    assert [base.name for base in config.bases] == ["of-an-earlier-release", "stateless"]
    ids = [config.vocabulary.encode(texts[mode]) for mode in ("stateless", "stateful")]
    hashes = [smallest_hashes(each, config.vocabulary, SKETCH_HASHES, folded=False) for each in ids]
    stored = [each.astype("<u8").tobytes() for each in hashes]  # this release hashed the unfolded text
    assert config.sketches == (None, *stored)
    assert min(map(len, stored)) >= 8 * 10
