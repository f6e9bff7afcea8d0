"""Damaged and foreign ``config.json``: the message names the file and the problem, and says what to do."""

import json
import re

import pytest

from charlstm.checkpoint.config_file import CONFIG, FORMAT_VERSION, read_config
from charlstm.errors import CheckpointError
from charlstm.text.vocabulary import RareCharacters
from tests.checkpoint.damage import DEEP, VALUES, places, with_value

IMPOSSIBLE_DATES = ["9999-99-99", "2026-02-30", "2026-01-01T25:00:00", "yesterday", "", "2026-01-01\x1b[2J"]
BASE = {"name": "first", "corpus": "story.txt", "fingerprint": "0a" * 32, "characters": 1234, "validation": 0.1}

SKETCH = "AQAAAAAAAAAAAQAAAAAAAA=="
"""The numbers 1 and 256."""


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe{", b"{", b"\0" * 500, DEEP, b"9" * 5000, b'{"format_version": 1,}', b"PK\x03\x04"],
    ids=lambda content: repr(content[:12]),
)
def test_config_that_is_not_json_is_refused(refusal, folder, content):
    (folder / CONFIG).write_bytes(content)
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert "is damaged: it is not JSON; restore it from a copy or train again" in sentence


@pytest.mark.parametrize("content", ["null", "5", "[]", '"1"', "{}", '{"format_version": "1"}', '{"format_version": true}'])
def test_json_of_another_program_is_refused(refusal, folder, content):
    (folder / CONFIG).write_text(content)
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert "is not a charlstm checkpoint: it has no format_version; choose another folder" in sentence


def test_newer_format_asks_for_an_upgrade(refusal, folder):
    content = with_value((folder / CONFIG).read_bytes(), ("format_version",), FORMAT_VERSION + 1)
    (folder / CONFIG).write_bytes(with_value(content, ("model",), "something new"))
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert f"format version {FORMAT_VERSION + 1}, and this charlstm reads up to {FORMAT_VERSION}; upgrade" in sentence


def test_truncated_config_is_refused(refusal, folder):
    content = (folder / CONFIG).read_bytes().rstrip()
    for length in range(len(content)):
        (folder / CONFIG).write_bytes(content[:length])
        assert "is damaged" in refusal(lambda: read_config(folder), folder / CONFIG)


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        (("model",), [], "model: expected a dict; found list"),
        (
            ("model", "units"),
            [3, 0],
            "units: expected a list of 1 to 64 integers from 1 to 1,000,000; found [3, 0]",
        ),
        (("model", "vocabulary_size"), 5, "vocabulary: expected 5 characters in ascending order"),
        (("model", "layers"), 2, "there is no setting 'layers'"),
        (("vocabulary",), "\nab", "vocabulary: expected 4 characters in ascending order"),
        (("vocabulary",), "\nba渡", "vocabulary: expected 4 characters in ascending order"),
        (("vocabulary",), "\naa渡", "vocabulary: expected 4 characters in ascending order"),
        (("vocabulary",), ["\n", "a", "b", "渡"], "vocabulary: expected a str; found list"),
        (("vocabulary",), "\nab\ud800", "vocabulary: "),
        (("training",), None, "training: expected a dict; found NoneType"),
        (("training", "batches"), "heaps", "batches: "),
        (("training", "batches"), "\ud800", "batches: "),
        (("corpus", "characters"), 0, "characters: expected an integer from 1 to "),
        (("corpus", "windows"), "ab", "windows: "),
        (("corpus", "windows"), [], "windows: "),
        (("corpus", "windows"), ["abc"], "windows: expected characters of the vocabulary"),
        (("created",), 5, "created: expected a str; found int"),
        *((("created",), date, f"created: expected a date of ISO 8601; found {date!r}") for date in IMPOSSIBLE_DATES),
        (("bases",), {}, "bases: expected a list; found dict"),
        (("bases",), [1], "bases: expected a list of objects; found [1]"),
        (("bases",), [{}], "BaseRecord lacks the setting name"),
        (("bases",), [BASE | {"characters": 0}], "characters: expected an integer from 1 to "),
        (("bases",), [BASE, BASE | {"validation": 1.0}], "validation: expected a number from 0 to 0.9; found 1.0"),
        (("bases",), [BASE | {"name": "x" * 1_001}], "name: expected a string of at most 1,000 characters; found"),
        (("bases",), [BASE | {"weights": 1}], "there is no setting 'weights'"),
        (("bases",), [BASE] * 1_001, "bases: expected at most 1000; found 1,001"),
        (("sketches",), None, "sketches: expected a list of 1, one for each base and one for the corpus"),
        (("sketches",), [], "sketches: expected a list of 1"),
        (("sketches",), [SKETCH, SKETCH], "sketches: expected a list of 1"),
        (("sketches",), [1], "sketches: expected base64 of up to 1,024 ascending integers of 8 bytes; found 1"),
        (("sketches",), [SKETCH[:-1]], "sketches: expected base64"),
        (("sketches",), ["AQAAAAAAAAAAAQAAAAAA"], "sketches: expected base64"),
        (("sketches",), ["é" + SKETCH], "sketches: expected base64"),
        (("sketches",), [SKETCH[:8] + "\n" + SKETCH[8:]], "sketches: expected base64"),
        (("sketches",), ["AAEAAAAAAAABAAAAAAAAAA=="], "sketches: expected base64"),
        (("sketches",), ["A" * 20_000], "sketches: expected base64"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_invalid_or_contradictory_config_is_refused(refusal, folder, place, value, found):
    (folder / CONFIG).write_bytes(with_value((folder / CONFIG).read_bytes(), place, value))
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert f"is damaged: {found}" in sentence
    assert sentence.endswith("; restore it from a copy or train again")


def test_damaged_sketch_gives_a_short_message(refusal, folder):
    (folder / CONFIG).write_bytes(with_value((folder / CONFIG).read_bytes(), ("sketches",), ["A" * 1_000_000]))
    assert len(refusal(lambda: read_config(folder), folder / CONFIG)) < 1_000


@pytest.mark.parametrize(
    "date", ["2026-01-01", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z", "2026-01-02 03:04", "9999-12-31"]
)
def test_possible_date_is_accepted(folder, date):
    (folder / CONFIG).write_bytes(with_value((folder / CONFIG).read_bytes(), ("created",), date))
    assert read_config(folder).created == date


RARE = {"characters": "ém", "counts": [3, 1]}


@pytest.fixture
def folder_with_rare(folder):
    """Return a checkpoint whose last character id is the placeholder."""
    content = (folder / CONFIG).read_bytes()
    for place, value in ((("format_version",), 2), (("model", "vocabulary_size"), 5), (("rare",), RARE | {"characters": "mé"})):
        content = with_value(content, place, value)
    (folder / CONFIG).write_bytes(content)
    return folder


def test_rare_characters_are_read(folder_with_rare):
    assert read_config(folder_with_rare).vocabulary.rare == RareCharacters("mé", (3, 1))


@pytest.mark.parametrize(
    ("rare", "found"),
    [
        (None, "rare: expected a dict; found NoneType"),
        ([], "rare: expected a dict; found list"),
        ({}, "RareRecord lacks the setting characters"),
        (RARE | {"more": 1}, "there is no setting 'more'"),
        (RARE, "rare: expected 2 characters in ascending order"),
        ({"characters": "ém", "counts": [3]}, "rare: expected 1 character in ascending order"),
        ({"characters": "éé", "counts": [3, 1]}, "rare: expected 2 characters in ascending order"),
        ({"characters": "aé", "counts": [3, 1]}, "rare: expected no character of the vocabulary"),
        ({"characters": "m\ud800", "counts": [3, 1]}, "rare: expected characters; found a lone surrogate"),
        ({"characters": ["m", "é"], "counts": [3, 1]}, "characters: expected a string"),
        ({"characters": "mé", "counts": [3, 0]}, "counts: expected "),
        ({"characters": "mé", "counts": [3, -1]}, "counts: expected "),
        ({"characters": "mé", "counts": [3, 1.5]}, "counts: expected "),
        ({"characters": "mé", "counts": [3, True]}, "counts: expected "),
        ({"characters": "mé", "counts": [3, 10**400]}, "counts: expected "),
        ({"characters": "mé", "counts": "31"}, "counts: expected "),
        ({"characters": "mé", "counts": [2**53, 1]}, "rare: expected counts whose sum is at most 9,007,199,254,740,992"),
        ({"characters": "mé", "counts": [1] * 1_114_113}, "counts: expected "),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_invalid_rare_characters_are_refused(refusal, folder_with_rare, rare, found):
    path = folder_with_rare / CONFIG
    path.write_bytes(with_value(path.read_bytes(), ("rare",), rare))
    sentence = refusal(lambda: read_config(folder_with_rare), path)
    assert f"is damaged: {found}" in sentence
    assert len(sentence) < 1_000


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        (("model", "vocabulary_size"), 4, "vocabulary: expected 3 characters"),
        (("format_version",), 1, "vocabulary: expected 5 characters"),
        (("corpus", "windows"), ["abé"], "windows: expected characters of the vocabulary"),
    ],
)
def test_contradictory_placeholder_is_refused(refusal, folder_with_rare, place, value, found):
    path = folder_with_rare / CONFIG
    path.write_bytes(with_value(path.read_bytes(), place, value))
    assert f"is damaged: {found}" in refusal(lambda: read_config(folder_with_rare), path)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:12])
@pytest.mark.parametrize(
    "place", [("rare",), ("rare", "characters"), ("rare", "counts"), ("rare", "counts", 0), ("format_version",)], ids=str
)
def test_wrong_value_in_rare_characters_is_refused(refusal, folder_with_rare, place, value):
    path = folder_with_rare / CONFIG
    path.write_bytes(with_value(path.read_bytes(), place, value))
    sentence = refusal(lambda: read_config(folder_with_rare), path)
    assert re.search(r" is damaged: | is not a charlstm checkpoint: | has format version ", sentence)


@pytest.mark.parametrize("place", [("model", "seq_len"), ("training", "learning_rate"), ("corpus", "characters"), ("created",)])
def test_edited_config_needs_its_digest_removed(refusal, folder, config, place):
    record = json.loads((folder / CONFIG).read_text())
    parent = record[place[0]] if len(place) == 2 else record
    parent[place[-1]] = "2026-05-05" if place == ("created",) else parent[place[-1]] * 2
    (folder / CONFIG).write_text(json.dumps(record))
    sentence = refusal(lambda: read_config(folder), folder / CONFIG)
    assert "was changed or damaged after it was written: its content does not match its sha256" in sentence
    assert "remove its last entry, sha256, with the comma before it" in sentence
    edited = (folder / CONFIG).read_text()
    (folder / CONFIG).write_text(edited[: edited.rindex(', "sha256"')] + "}")
    assert read_config(folder) != config


def test_digest_ignores_the_layout_of_the_json(folder, config):
    record = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(dict(reversed(record.items())), ensure_ascii=False, indent=7), "utf-8")
    assert read_config(folder) == config


@pytest.mark.parametrize("member", ["model", "vocabulary", "training", "corpus", "created"])
def test_missing_member_is_named(refusal, folder, member):
    record = json.loads((folder / CONFIG).read_text())
    del record[member], record["sha256"]
    (folder / CONFIG).write_text(json.dumps(record))
    assert f"{member}: expected a" in refusal(lambda: read_config(folder), folder / CONFIG)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:12])
def test_wrong_value_raises_only_checkpoint_error(folder, value):
    content, refused = with_value((folder / CONFIG).read_bytes(), ("bases",), [BASE]), 0
    content = with_value(content, ("sketches",), [None, SKETCH])
    for place in places(json.loads(content)):
        (folder / CONFIG).write_bytes(with_value(content, place, value))
        try:
            read_config(folder)
        except CheckpointError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"{value!r} at {place}") from error
    assert refused > 10
