"""Tests of preparing a corpus: the same text as its files, also when it is interrupted anywhere."""

import errno
import gzip
import os
import subprocess
import sys

import numpy as np
import pytest

from charlstm.errors import CorpusError
from charlstm.text import id_writer, preparation
from charlstm.text.corpus import read_again, read_corpus, read_text, recoded
from charlstm.text.overlap import sketch
from charlstm.text.preparation import prepare_corpus
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.text.prepared import Stop, check_same, contents, interrupted_after


def test_a_prepared_corpus_is_the_text_of_its_files(files, place):
    prepared = prepare_corpus(files, place)
    plain = check_same(prepared, files)
    check_same(read_corpus(place), files)
    assert prepared.paths == (str(place),)
    assert read_text(place) == plain.vocabulary.decode(plain.ids)
    assert (place / "ids.u16").stat().st_size == 2 * len(plain.ids)
    for length in (len(plain.ids), len(plain.ids) - 200, len(plain.ids) // 2, 40):
        assert sketch(prepared.ids[:length], prepared.vocabulary) == sketch(plain.ids[:length], plain.vocabulary)
    for every in ("last", "every"):
        for found, expected in zip(prepared.windows(9, targets=every), plain.windows(9, targets=every), strict=True):
            assert np.array_equal(found, expected)


@pytest.mark.parametrize(("distinct", "id_bytes"), [(255, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 4)])
def test_ids_are_as_wide_as_the_characters_need(make_file, place, distinct, id_bytes):
    characters = [chr(code) for code in range(0x20, 0x20 + distinct + 0xA00) if not 0xD800 <= code < 0xE000 and code != 0xFEFF]
    text = "".join(characters[:distinct]).replace("\r", "")
    path = make_file(text.encode())
    prepared = prepare_corpus(path, place)
    check_same(prepared, [path])
    assert [file.name for file in place.glob("ids.*")] == [f"ids.u{8 * id_bytes}"]


def test_a_text_in_another_encoding_is_prepared(make_file, place):
    path = make_file("Fährmann\n".encode("utf-16") * 3)
    check_same(prepare_corpus(path, place, "utf-16"), [path], "utf-16")


def test_compressed_files_and_folders_are_prepared(files, place, tmp_path):
    packed = tmp_path / "packed"
    packed.mkdir()
    for file in files:
        (packed / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    prepared = prepare_corpus(packed, place)
    assert prepared.fingerprint == read_corpus(files).fingerprint


def test_the_vocabulary_of_a_base_is_added(files, place):
    prepare_corpus(files, place)
    base = Vocabulary("TZz\u4e00")
    plain, prepared = read_again(files, "utf-8", base), read_again([place], "utf-8", base)
    assert plain.vocabulary == prepared.vocabulary
    assert np.array_equal(plain.ids, np.asarray(prepared.ids))
    rare = Vocabulary("ehrt", RareCharacters("f", (3,)))
    other = read_corpus(files, extra_characters=rare.characters)
    assert np.array_equal(recoded(other, rare).ids, np.asarray(read_again([place], "utf-8", rare).ids))


def test_preparing_again_changes_nothing(files, place):
    prepare_corpus(files, place)
    before, notes = contents(place), []
    check_same(prepare_corpus(files, place, note=notes.append), files)
    assert contents(place) == before
    assert "already prepared" in notes[-1]


@pytest.mark.parametrize("committed", [1, 1 << 26])
def test_an_interrupted_preparation_continues_to_the_same_bytes(files, place, tmp_path, monkeypatch, committed):
    prepare_corpus(files, tmp_path / "at once")
    monkeypatch.setattr(preparation, "_COMMITTED_IDS", committed)
    notes = []
    for pieces in range(1, 20):
        with monkeypatch.context() as patch:
            interrupted_after(patch, pieces)
            try:
                prepare_corpus(files, place, note=notes.append)
            except Stop:
                with pytest.raises(CorpusError, match="is not completely prepared"):
                    read_corpus(place)
            else:
                break
    assert 1 < pieces < 19
    assert any("files are already in" in note for note in notes)
    assert contents(place) == contents(tmp_path / "at once")


def test_a_killed_preparation_continues_to_the_same_bytes(files, place, tmp_path):
    """SIGKILL at the write of the record, then with a line of the log cut off and ids after the last complete file."""
    prepare_corpus(files, tmp_path / "at once")
    script = (
        "import os, signal, sys; from charlstm.text import preparation;"
        "preparation._COMMITTED_IDS = 1;"
        "preparation.write_record = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "preparation.prepare_corpus(sys.argv[2:], sys.argv[1])"
    )
    ended = subprocess.run([sys.executable, "-c", script, place, *files], check=False)
    assert ended.returncode == -9
    log = place / "files.jsonl"
    log.write_bytes(log.read_bytes()[:-7])
    with (place / "ids.u16").open("ab") as file:
        file.write(b"\1\2\3")
    (place / ".corpus.json.1234.tmp").write_bytes(b"half")
    check_same(prepare_corpus(files, place), files)
    assert contents(place) == contents(tmp_path / "at once")


def test_a_kill_while_ids_are_widened_loses_nothing(files, place, tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "_COMMITTED_IDS", 1)
    prepare_corpus(files, tmp_path / "at once")
    with monkeypatch.context() as patch:
        patch.setattr(id_writer.IdWriter, "_widen", lambda *_: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            prepare_corpus(files, place)
    assert (place / "ids.u8").exists()
    (place / "ids.u16").write_bytes(b"half of a copy")
    check_same(prepare_corpus(files, place), files)
    assert contents(place) == contents(tmp_path / "at once")


def test_a_full_disk_is_reported_and_what_is_complete_is_kept(files, place, monkeypatch):
    def add(self, text):
        if len(self.characters) > 60:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, text)

    real = id_writer.IdWriter.add
    with monkeypatch.context() as patch:
        patch.setattr(id_writer.IdWriter, "add", add)
        with pytest.raises(
            CorpusError, match=r"cannot be written \(No space left on device\); free disk space, then prepare it again"
        ):
            prepare_corpus(files, place)
    notes = []
    check_same(prepare_corpus(files, place, note=notes.append), files)
    assert f"4 of 5 files are already in {place}" in notes[0]


def test_progress_rises_to_the_size_of_all_files(files, place):
    seen = []
    prepare_corpus(files, place, progress=lambda done, total, path: seen.append((done, total)))
    size = sum(file.stat().st_size for file in files)
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)
