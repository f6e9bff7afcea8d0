"""``charlstm evaluate``: the warning about texts that the model or a base was trained on."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import BaseRecord
from charlstm.text.overlap import sketch
from tests.cases import slow
from tests.cli.conftest import TEXT

pytestmark = pytest.mark.usefixtures("tale")


@pytest.mark.parametrize(("added", "seen", "characters"), [slow("", 900, 1_000), ("fox", 900, 1_003)])
def test_text_seen_in_training_is_reported(charlstm, tmp_path, added, seen, characters):
    (tmp_path / "text.txt").write_text(TEXT + added)
    told = json.loads(charlstm("evaluate", "text.txt", "--sample", "20", "--json").stdout)
    assert told["seen"] == {"model": "tale", "characters": seen, "estimated": False}
    sentence = f"tale was trained on {seen} of these {characters:,} characters: this is not a score on unseen text."
    assert sentence in charlstm("evaluate", "text.txt", "--sample", "20").stdout.splitlines()
    few = ("--length", "20", "--sample", "20", "--text", "text.txt")
    shown = charlstm("compare", *few, "--report", "page.html")
    assert sentence in " ".join(shown.stdout.split())
    assert sentence in (tmp_path / "page.html").read_text()
    assert json.loads(charlstm("compare", *few, "--json").stdout)["measured"]["seen"] == told["seen"]


def test_text_seen_by_a_base_model_is_reported(charlstm, tmp_path, tale):
    config, older = read_config(tale), "The fox quit. " * 9
    digest = hashlib.sha256(older.encode()).hexdigest()
    base = BaseRecord(name="old\x1b", corpus="older.txt", fingerprint=digest, characters=len(older), validation=0.5)
    write_config(tale, replace(config, bases=(base,)))
    (tmp_path / "older.txt").write_text(older)
    told = json.loads(charlstm("evaluate", "older.txt", "--json").stdout)
    assert told["seen"] == {"model": "old\x1b", "characters": len(older) // 2, "estimated": False}
    assert "old␛ was trained on 63 of these 126 characters" in charlstm("evaluate", "older.txt").stdout


@pytest.fixture
def sketched(tale):
    """Record the sketch of what the checkpoint was trained on."""
    config = read_config(tale)
    learned = config.vocabulary.encode(TEXT[:900])
    write_config(tale, replace(config, sketches=(sketch(learned, config.vocabulary),)))
    return tale


def share_of(text):
    """Return the share of a text's distinct runs that the sketched text has: with folded white space or without."""

    def runs(text):
        return {text[start : start + 32] for start in range(len(text) - 31)}

    known = runs(re.sub(r"\s+", " ", TEXT[:900]))
    return max(len(runs(each) & known) / len(runs(each)) for each in (text, re.sub(r"\s+", " ", text)))


@pytest.mark.parametrize(
    "text",
    [
        slow(TEXT[2:]),
        slow(TEXT[500:] + TEXT[:500]),
        slow(TEXT[:450]),
        TEXT[::-1] + TEXT[300:700],
        slow(TEXT[450:800] + TEXT[::-1]),
        "\n\n".join(TEXT.split()),
    ],
    ids=[
        "without two characters",
        "halves exchanged",
        "first half",
        "at the end of a new text",
        "at the start of a new text",
        "other line breaks",
    ],
)
def test_text_that_shares_parts_with_the_training_text_is_reported(charlstm, tmp_path, sketched, text):
    (tmp_path / "text.txt").write_text(text)
    told = json.loads(charlstm("evaluate", "text.txt", "--sample", "20", "--json").stdout)
    share = share_of(text)
    assert told["seen"] == {"model": "tale", "characters": round(share * len(text)), "estimated": True}
    sentence = (
        f"tale was trained on about {100 * share:.0f} % of these {len(text):,} characters: this is not a score on unseen text."
    )
    assert sentence in charlstm("evaluate", "text.txt", "--sample", "20").stdout.splitlines()
    few = ("--length", "20", "--sample", "20", "--text", "text.txt")
    assert sentence in " ".join(charlstm("compare", *few).stdout.split())


def test_recorded_text_is_reported_exactly_despite_a_sketch(charlstm, tmp_path, sketched):
    (tmp_path / "text.txt").write_text(TEXT)
    told = json.loads(charlstm("evaluate", "text.txt", "--sample", "20", "--json").stdout)
    assert told["seen"] == {"model": "tale", "characters": 900, "estimated": False}


@pytest.mark.parametrize("text", [TEXT[900:], TEXT[::-1], TEXT.upper(), TEXT[::-1] + TEXT[300:360]], ids=len)
def test_text_that_shares_little_with_the_training_text_has_no_warning(charlstm, tmp_path, sketched, text):
    (tmp_path / "text.txt").write_text(text)
    told = json.loads(charlstm("evaluate", "text.txt", "--on-unknown", "skip", "--sample", "20", "--json").stdout)
    assert told["seen"] is None


def test_unseen_text_has_no_warning(charlstm, tmp_path):
    (tmp_path / "tale.txt").write_text(TEXT)
    for arguments in ((), ("other.txt",)):
        (tmp_path / "other.txt").write_text(TEXT[1:])
        assert json.loads(charlstm("evaluate", *arguments, "--json").stdout)["seen"] is None
        assert "was trained on" not in charlstm("evaluate", *arguments).stdout
