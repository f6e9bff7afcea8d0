"""Texts on disk."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from charlstm.errors import CorpusError
from charlstm.text.corpus import Corpus, read_corpus
from tests.text.prepared import write_texts

MakeFile = Callable[..., Path]

TEXT = "The ferry crosses at six.\n" * 20


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    def make(content: bytes, name: str = "text.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return files to prepare as a corpus."""
    return write_texts(tmp_path / "texts")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a corpus to prepare."""
    return tmp_path / "prepared"


def refusal(sources: list[str | Path], encoding: str = "utf-8") -> str:
    with pytest.raises(CorpusError) as error:
        read_corpus(sources, encoding)
    return str(error.value)


def text_of(corpus: Corpus) -> str:
    return corpus.vocabulary.decode(corpus.ids)


def with_lf(text: str) -> str:
    """Return the text as Python's universal newlines read it."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline=None).read()
