"""Tests of the folder of a prepared corpus as a stranger could make it: every number is checked, and nothing else is opened."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from charlstm.errors import CorpusError
from charlstm.text.corpus import read_corpus
from charlstm.text.preparation import prepare_corpus
from charlstm.text.prepared_corpus import _digest, check_prepared, is_prepared, open_prepared

TEXT = "The ferry crosses at six.\n" * 400


@pytest.fixture
def place(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    prepare_corpus(tmp_path / "text.txt", tmp_path / "prepared")
    return tmp_path / "prepared"


def change(place, **members):
    """Change members of the record, as someone would who also computes its digest."""
    path = place / "corpus.json"
    record = json.loads(path.read_text())
    record.pop("sha256")
    record |= members
    path.write_text(json.dumps({**record, "sha256": _digest(record)}))


def reason(place) -> str:
    with pytest.raises(CorpusError) as error:
        read_corpus(place)
    assert str(place) in str(error.value)
    return str(error.value)


LARGE = 2**53
WRONG = {
    "no version": ({"format_version": None}, "has no format_version"),
    "a newer version": ({"format_version": 2}, "has format version 2"),
    "a version of nothing": ({"format_version": 0}, "format_version: expected"),
    "another type": ({"characters": "many"}, "characters: expected"),
    "an unknown member": ({"extra": 1}, "there is no setting 'extra'"),
    "a long name": ({"name": "a" * 3_000_000}, "name: expected"),
    "a short fingerprint": ({"fingerprint": "abc"}, "fingerprint: expected"),
    "ids of three bytes": ({"id_bytes": 3}, "ids have 1, 2 or 4 bytes, not 3"),
    "ids of two bytes": ({"id_bytes": 2}, "ids.u16 cannot be read"),
    "one character": ({"vocabulary": "T"}, "vocabulary: expected"),
    "a character twice": ({"vocabulary": "Thefrycososatix.\n "}, "a character occurs twice"),
    "a surrogate": ({"vocabulary": "Th\ud800"}, "surrogate"),
    "too few counts": ({"counts": [5_200, 5_200]}, "expected 16 counts; found 2"),
    "a negative count": ({"counts": [-1] * 16}, "counts: expected"),
    "other counts": ({"counts": [1] * 16}, "the counts do not add up"),
    "more characters": ({"characters": LARGE}, "the counts do not add up"),
    "a huge hash": ({"hashes": [2**64], "ends": [40]}, "more than 64 bits"),
    "hashes in disorder": ({"hashes": [3, 2], "ends": [40, 41]}, "ascending"),
    "hashes without ends": ({"hashes": [2, 3], "ends": [40]}, "differ in number"),
    "a hash after the end": ({"hashes": [2], "ends": [LARGE]}, "a hash ends after the text"),
}  # fmt: skip


@pytest.mark.parametrize(("members", "found"), WRONG.values(), ids=WRONG)
def test_a_record_that_cannot_be_is_refused(place, members, found):
    change(place, **members)
    assert found in reason(place)


def test_a_record_that_does_not_match_its_digest_is_refused(place):
    path = place / "corpus.json"
    path.write_text(path.read_text().replace('"name": "text.txt"', '"name": "test.txt"'))
    assert "was changed after it was written" in reason(place)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"5", b"NaN"])
def test_a_record_that_is_no_object_is_refused(place, content):
    (place / "corpus.json").write_bytes(content)
    reason(place)


def test_a_record_that_is_too_large_is_not_read(place):
    with (place / "corpus.json").open("r+b") as file:
        file.truncate(1 << 40)
    assert "has more than 67,108,864 bytes" in reason(place)


@pytest.mark.parametrize("name", ["corpus.json", "ids.u8"])
@pytest.mark.parametrize("kind", ["a link", "a folder", "a named pipe", "nothing"])
def test_only_ordinary_files_are_opened(place, tmp_path, name, kind):
    path = (place / name).rename(tmp_path / "moved")
    if kind == "a link":
        (place / name).symlink_to(path)
    elif kind == "a folder":
        (place / name).mkdir()
    elif kind == "a named pipe":
        os.mkfifo(place / name)
    assert is_prepared(place)
    assert kind in reason(place) or kind == "nothing"


@pytest.mark.parametrize("change_by", [-1, 1])
def test_ids_of_another_number_are_refused(place, change_by):
    path = place / "ids.u8"
    os.truncate(path, path.stat().st_size + change_by)
    assert "ids.u8 is damaged: expected 10,400 bytes for 10,400 ids" in reason(place)


def test_a_check_reads_every_id(place):
    seen = []
    assert check_prepared(place, seen.append).characters == sum(seen) == len(TEXT)
    ids = bytearray((place / "ids.u8").read_bytes())
    for position, value in ((9_000, (ids[9_000] + 1) % 16), (10_399, 16)):
        (place / "ids.u8").write_bytes(ids[:position] + bytes([value]) + ids[position + 1 :])
        read_corpus(place)  # opening compares sizes alone
        with pytest.raises(CorpusError, match="is damaged"):
            check_prepared(place)


def test_a_check_compares_the_counts(place):
    counts = json.loads((place / "corpus.json").read_text())["counts"]
    change(place, counts=[counts[0] + 1, counts[1] - 1, *counts[2:]])
    with pytest.raises(CorpusError, match="its ids are not those of the text"):
        check_prepared(place)


def test_it_is_read_alone(place, tmp_path):
    with pytest.raises(CorpusError, match="is a prepared corpus, which is read alone"):
        read_corpus([tmp_path / "text.txt", place])


def test_ids_are_shared_by_processes_and_cannot_be_written(place):
    ids = open_prepared(place).ids
    assert not ids.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        ids[0] = 1
    code = (
        "import sys; from charlstm.text.corpus import read_corpus; print(read_corpus(sys.argv[1]).ids[-99:].astype(int).sum())"
    )
    found = subprocess.run([sys.executable, "-c", code, place], check=True, capture_output=True, text=True)
    assert int(found.stdout) == int(np.asarray(read_corpus(place).ids)[-99:].astype(int).sum())
