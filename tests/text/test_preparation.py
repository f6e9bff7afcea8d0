"""Tests of preparing a corpus: the same text as its files, interrupted anywhere, and every refusal."""

import errno
import gzip
import json
import os
import subprocess
import sys

import filelock
import numpy as np
import pytest

from charlstm.errors import ConfigError, CorpusError
from charlstm.text import id_writer, preparation
from charlstm.text.corpus import read_again, read_corpus, read_text, recoded
from charlstm.text.overlap import sketch
from charlstm.text.preparation import prepare_corpus
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.text.prepared import Stop, check_same, contents, write_texts


@pytest.fixture
def files(tmp_path):
    return write_texts(tmp_path / "texts")


@pytest.fixture
def place(tmp_path):
    return tmp_path / "prepared"


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


def interrupted_after(monkeypatch, pieces: int):
    """Interrupt the preparation when that many pieces of text have been added."""
    add, calls = id_writer.IdWriter.add, []

    def add_or_stop(self, text):
        if len(calls) == pieces:
            raise Stop
        calls.append(text)
        add(self, text)

    monkeypatch.setattr(id_writer.IdWriter, "add", add_or_stop)


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
        with pytest.raises(CorpusError, match=r"cannot be written \(No space left on device\); free some space"):
            prepare_corpus(files, place)
    notes = []
    check_same(prepare_corpus(files, place, note=notes.append), files)
    assert f"4 of 5 files are already in {place}" in notes[0]


def interrupt(files, place, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_after(patch, 2)
        with pytest.raises(Stop):
            prepare_corpus(files, place)


def test_a_file_that_changed_meanwhile_is_named(files, place, monkeypatch):
    interrupt(files, place, monkeypatch)
    files[0].write_text("Something else")
    with pytest.raises(CorpusError, match=r"a\.txt has changed since it was read into"):
        prepare_corpus(files, place)


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


def test_progress_rises_to_the_size_of_all_files(files, place):
    seen = []
    prepare_corpus(files, place, progress=lambda done, total, path: seen.append((done, total)))
    size = sum(file.stat().st_size for file in files)
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)
