"""Tests of refused preparations: other or changing files, damaged data, bad inputs and folders that are in use."""

import gzip
import json
import os

import filelock
import pytest

from charlstm.errors import ConfigError, CorpusError
from charlstm.text import preparation
from charlstm.text.corpus import read_corpus
from charlstm.text.preparation import prepare_corpus
from charlstm.text.prepared_corpus import open_prepared
from tests.text.prepared import check_same, interrupt


def test_a_file_that_changed_meanwhile_is_named(files, place, monkeypatch):
    interrupt(files, place, monkeypatch)
    files[0].write_text("Something else")
    with pytest.raises(CorpusError, match=r"a\.txt has changed since it was read into"):
        prepare_corpus(files, place)


@pytest.mark.parametrize("first", [b"", b"\xff\xfe\xfd"])
def test_a_first_file_that_is_refused_blocks_no_other_files(files, place, tmp_path, first):
    (tmp_path / "first.txt").write_bytes(first)
    with pytest.raises(CorpusError):
        prepare_corpus(tmp_path / "first.txt", place)
    check_same(prepare_corpus(files, place), files)


def test_a_file_that_changed_after_all_is_named(files, place):
    prepare_corpus(files, place)
    os.utime(files[3], ns=(1, 1))
    with pytest.raises(CorpusError, match=r"d\.txt has changed since it was read into"):
        prepare_corpus(files, place)


def test_a_file_that_changes_while_it_is_read_is_named(files, place):
    with pytest.raises(CorpusError, match=r"d\.txt changed while it was read"):
        prepare_corpus(files, place, progress=lambda done, total, path: path.endswith("d.txt") and os.utime(path, ns=(1, 1)))


def test_other_files_or_another_encoding_are_refused(files, place, monkeypatch):
    interrupt(files, place, monkeypatch)
    with pytest.raises(CorpusError, match=r"was begun with other files: number 1 was .*a\.txt, and now is .*e\.txt"):
        prepare_corpus(files[::-1], place)
    with pytest.raises(CorpusError, match="was begun with the text encoding utf-8, not latin-1"):
        prepare_corpus(files, place, "latin-1")
    prepare_corpus(files, place)
    with pytest.raises(CorpusError, match="is already prepared, from 5 of these 6 files"):
        prepare_corpus([*files, files[0]], place)
    with pytest.raises(CorpusError, match=r"number 5 was .*, and now is nothing"):
        prepare_corpus(files[:-1], place)


def test_damaged_ids_of_an_interrupted_preparation_are_noticed(files, place, monkeypatch):
    interrupt(files, place, monkeypatch)
    ids = place / "ids.u8"
    ids.write_bytes(b"\1" + ids.read_bytes()[1:])
    with pytest.raises(CorpusError, match="its ids are not those of its files"):
        prepare_corpus(files, place)
    ids.write_bytes(ids.read_bytes()[:-1])
    with pytest.raises(CorpusError, match="it has fewer ids than"):
        prepare_corpus(files, place)


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"{}\n", b"[]\n", b'{"path": 5}\n', b"\xff\n", b"[" * 100_000 + b"\n"], ids=lambda line: line[:9]
)
def test_a_damaged_log_is_refused(files, place, monkeypatch, line):
    interrupt(files, place, monkeypatch)
    with (place / "files.jsonl").open("ab") as log:
        log.write(line)
    with pytest.raises(CorpusError, match=r"files\.jsonl is damaged"):
        prepare_corpus(files, place)


def test_a_log_with_impossible_characters_is_refused(files, place, monkeypatch):
    interrupt(files, place, monkeypatch)
    log = place / "files.jsonl"
    header, first, *rest = log.read_bytes().splitlines(keepends=True)
    for new in ("\ud800", "TT"):
        changed = json.dumps({**json.loads(first), "new": new}).encode() + b"\n"
        log.write_bytes(b"".join([header, changed, *rest]))
        with pytest.raises(CorpusError, match="is damaged"):
            prepare_corpus(files, place)


BAD = {
    "missing": (None, "bad.txt does not exist"),
    "binary": (b"\x7fELF\x02\x01\x01" + bytes(40), "bad.txt is a Linux program"),
    "not UTF-8": (b"abc\xff", "bad.txt is not utf-8: byte 0xff at offset 3"),
    "damaged gzip": (gzip.compress(b"abc" * 99)[:-9], "bad.txt cannot be read (its gzip data are damaged"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_a_bad_file_among_many_is_named_and_can_be_left_out(files, place, make_file, content, reason):
    bad = make_file(content or b"", "bad.txt")
    if content is None:
        bad.unlink()
    with pytest.raises(CorpusError) as error:
        prepare_corpus([*files[:3], bad, *files[3:]], place)
    assert reason in str(error.value)
    check_same(prepare_corpus(files, place), files)


def test_inputs_without_a_text_are_refused(files, place, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match=r"is a directory with no \.txt file in it"):
        prepare_corpus(tmp_path / "none", place)
    with pytest.raises(CorpusError, match=r"b\.txt is empty"):
        prepare_corpus(files[1], tmp_path / "empty")
    (tmp_path / "one.txt").write_text("aaa")
    with pytest.raises(CorpusError, match="has one distinct character, 'a'"):
        prepare_corpus(tmp_path / "one.txt", tmp_path / "single")
    with pytest.raises(CorpusError, match="standard input cannot be prepared"):
        prepare_corpus("-", place)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused(place, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="is not an ordinary file"):
        prepare_corpus(tmp_path / "pipe", place)


def test_a_folder_with_other_files_is_left_alone(files, tmp_path):
    with pytest.raises(CorpusError, match="has other files in it"):
        prepare_corpus(files, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["texts"]


def test_a_folder_of_texts_with_a_file_of_that_name_is_no_prepared_corpus(files, tmp_path):
    (tmp_path / "texts" / "corpus.json").write_text("{}")
    assert read_corpus(tmp_path / "texts").fingerprint == read_corpus(files).fingerprint
    with pytest.raises(CorpusError, match="has other files in it"):
        prepare_corpus(files, tmp_path / "texts")


def test_a_corpus_whose_log_was_removed_is_read_but_not_continued(files, place):
    prepare_corpus(files, place)
    (place / "files.jsonl").unlink()
    check_same(read_corpus(place), files)
    with pytest.raises(CorpusError, match="is already prepared; choose another folder"):
        prepare_corpus(files, place)


def test_two_processes_cannot_prepare_one_folder(files, place):
    place.mkdir()
    with filelock.FileLock(place / preparation.LOCK), pytest.raises(CorpusError, match="is being prepared by another process"):
        prepare_corpus(files, place)


def test_arguments_are_checked(files, place):
    for arguments in ((5, place), (files, 5), (files, place, 5)):
        with pytest.raises(ConfigError):
            prepare_corpus(*arguments)
    with pytest.raises(CorpusError, match="is not a text encoding"):
        prepare_corpus(files, place, "nonsense")


@pytest.mark.parametrize("damage", ["ids cut off", "no ids", "record is not JSON"])
def test_a_damaged_corpus_is_not_called_prepared(files, place, damage):
    prepare_corpus(files, place)
    ids = next(place.glob("ids.u*"))
    if damage == "ids cut off":
        ids.write_bytes(ids.read_bytes()[:-1])
    elif damage == "no ids":
        ids.unlink()
    else:
        (place / "corpus.json").write_text("{")
    notes = []
    with pytest.raises(CorpusError, match=r"; remove .*, and prepare the corpus again$"):
        prepare_corpus(files, place, note=notes.append)
    assert notes == []


@pytest.mark.parametrize("inside", [False, True])
def test_a_file_in_place_of_the_folder_is_named(files, tmp_path, inside):
    taken = tmp_path / "taken.txt"
    taken.write_text("keep me")
    with pytest.raises(CorpusError, match=r"taken\.txt is a file; choose a folder"):
        prepare_corpus(files, taken / "folder" if inside else taken)
    assert taken.read_text() == "keep me"


def test_a_half_prepared_folder_has_one_instruction(files, place, tmp_path, monkeypatch):
    interrupt(files, place, monkeypatch)
    with pytest.raises(CorpusError, match=r"has no corpus\.json; continue with the command that began it$"):
        read_corpus(place)
    with pytest.raises(CorpusError, match=r"; choose another folder$"):
        prepare_corpus(files[::-1], place)
    with pytest.raises(CorpusError, match="nothing does not exist"):
        open_prepared(tmp_path / "nothing")
