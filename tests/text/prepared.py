"""Texts to prepare, with everything that reading treats specially, interrupts, and comparisons of what was prepared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlstm.text.corpus import Corpus, read_corpus
from charlstm.text.id_writer import IdWriter
from charlstm.text.preparation import LOCK, prepare_corpus


def write_texts(folder: Path) -> list[Path]:
    """Write files whose distinct characters grow beyond 256, with line ends, marks and joins of every kind."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "a.txt": "The ferry\r\ncrosses at six.\rNo line end" * 30,
        "b.txt": "",
        "c.txt": "\ufeffJoined\ufeffin the middle of a line\n" * 20,
        "d.txt": "".join(map(chr, range(0x400, 0x600))) + "渡口\n" * 40 + "é",
        "e.txt": "\n\nThe end of the ferry, é and e\u0301." + "The ferry crosses at six.\n" * 30,
    }
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())
    return [folder / name for name in contents]


def check_same(prepared: Corpus, files: Any, encoding: str = "utf-8") -> Corpus:
    """Check that a prepared corpus is that of its files, and return that."""
    plain = read_corpus(files, encoding)
    assert prepared.vocabulary == plain.vocabulary
    assert prepared.fingerprint == plain.fingerprint
    assert prepared.name == plain.name
    assert np.array_equal(np.asarray(prepared.ids), plain.ids)
    assert np.asarray(prepared.ids).dtype == plain.ids.dtype
    return plain


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a prepared corpus."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LOCK}


class Stop(BaseException):
    """Ctrl-C at a chosen moment."""


def interrupted_after(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """Interrupt the preparation when that many pieces of text have been added."""
    add, calls = IdWriter.add, list[str]()

    def add_or_stop(self: IdWriter, text: str) -> None:
        if len(calls) == pieces:
            raise Stop
        calls.append(text)
        add(self, text)

    monkeypatch.setattr(IdWriter, "add", add_or_stop)


def interrupt(files: list[Path], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin a preparation that is interrupted after two pieces of text."""
    with monkeypatch.context() as patch:
        interrupted_after(patch, 2)
        with pytest.raises(Stop):
            prepare_corpus(files, place)
