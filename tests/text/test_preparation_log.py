"""Tests of the log of a preparation: after any interrupt of a write, the same command continues."""

import errno
import os
import shutil
from contextlib import suppress

import pytest

from charlstm.errors import CorpusError
from charlstm.text import preparation, preparation_log
from charlstm.text.preparation import prepare_corpus
from tests.text.prepared import Stop, check_same, contents


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupt_at_any_sync_continues_to_the_same_bytes(files, place, tmp_path, monkeypatch, moment):
    prepare_corpus(files, tmp_path / "at once")
    monkeypatch.setattr(preparation, "_COMMITTED_IDS", 1)
    real, calls = os.fsync, 0
    for wanted in range(1, 60):
        calls = 0

        def sync(number, wanted=wanted):
            nonlocal calls
            calls += 1
            if moment == "after":
                real(number)
            if calls == wanted:
                raise Stop

        shutil.rmtree(place, ignore_errors=True)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", sync)
            with suppress(Stop):
                prepare_corpus(files, place)
        check_same(prepare_corpus(files, place), files)
        assert contents(place) == contents(tmp_path / "at once")
        if calls < wanted:
            break
    assert 10 < wanted < 59


def test_a_full_disk_within_a_line_of_the_log_damages_nothing(files, place, tmp_path, monkeypatch):
    prepare_corpus(files, tmp_path / "at once")
    real, full = preparation_log.LogWriter._write, []

    def write(self, lines):
        if "path" in lines[0] and not full:
            full.append(True)
            with (place / "files.jsonl").open("ab") as file:
                file.write(b'{"path": "/tm')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, lines)

    with monkeypatch.context() as patch:
        patch.setattr(preparation_log.LogWriter, "_write", write)
        with pytest.raises(CorpusError, match="continues after the last complete file"):
            prepare_corpus(files, place)
    notes = []
    check_same(prepare_corpus(files, place, note=notes.append), files)
    assert f"5 of 5 files are already in {place}" in notes[0]
    assert contents(place) == contents(tmp_path / "at once")


def test_ids_of_no_complete_file_are_overwritten(files, place, tmp_path):
    prepare_corpus(files, tmp_path / "at once")
    place.mkdir()
    (place / "files.jsonl").write_bytes((tmp_path / "at once" / "files.jsonl").read_bytes().splitlines(keepends=True)[0])
    (place / "ids.u16").write_bytes(b"\1\2\3\4\5")
    check_same(prepare_corpus(files, place), files)
    assert contents(place) == contents(tmp_path / "at once")


def test_a_log_that_ends_in_its_first_line_is_begun_again(files, place, make_file):
    place.mkdir()
    (place / "files.jsonl").write_bytes(b'{"format_ver')
    bad = make_file(b"a\0b", "bad.txt")
    with pytest.raises(CorpusError, match=r"bad\.txt"):
        prepare_corpus([*files, bad], place)
    check_same(prepare_corpus(files, place), files)
