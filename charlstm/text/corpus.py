"""Reading a corpus: ids of 1, 2 or 4 bytes.

The text is read twice, in blocks: once for its characters, its length and its fingerprint, once for the ids. So there is
never more in memory than the ids (N, 2N or 4N bytes) and one block, and above ``MAPPED_BYTES`` the ids are in a temporary
file that is mapped into memory instead.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from charlstm.errors import CorpusError
from charlstm.text.decoding import check_text_encoding, decoded_blocks
from charlstm.text.sources import Note, expand_sources, label_of, open_sources
from charlstm.text.vocabulary import UNICODE, Ids, Vocabulary, code_points, id_dtype

MEMORY_MAP_BYTES = 1 << 30

_BLOCK = 1 << 22
_MOST_NAMES = 10


@dataclass(frozen=True)
class Corpus:
    """A text as ids.

    Attributes:
        name: What it is called in a model card: the file names, without folders.
        vocabulary: Its characters, or those of a model that has a placeholder for the others.
        ids: ``[N]``; memory-mapped when large.
        fingerprint: SHA-256 of the text as it was read, in UTF-8; the same for every encoding and line end of the file.
        paths: The files it was read from: those that a folder or a pattern stood for; ``-`` is standard input.
        notes: Remarks about anything unusual in them, a sentence each.
    """

    name: str
    vocabulary: Vocabulary
    ids: Ids
    fingerprint: str
    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_corpus(sources: Sequence[str | Path], encoding: str = "utf-8", alphabet: str = "") -> Corpus:
    """Read one text from several files, one after the other.

    Every line end is read as LF, and byte order marks are removed. A file that others follow ends with a line end: it is added
    if it is missing. Nothing else is changed and nothing is dropped.

    Args:
        sources: Paths; ``-`` is standard input. A folder stands for its ``*.txt`` files, a pattern such as ``books/*.txt`` for
            the files that match it.
        encoding: Any text encoding that Python knows.
        alphabet: Characters that the vocabulary has besides those of the text (an older model's, for fine-tuning).

    Raises:
        CorpusError: If a source cannot be read, is not text in that encoding, or has fewer than two distinct characters.
    """
    check_text_encoding(encoding)
    notes: list[str] = []
    paths = expand_sources(sources, notes.append)
    name = _name(paths)
    with open_sources(paths) as files:
        seen = np.zeros(UNICODE, bool)
        seen[code_points(alphabet)] = True
        digest, length = hashlib.sha256(), 0
        for text in decoded_blocks(files, encoding, notes.append):
            seen[code_points(text)] = True
            digest.update(text.encode())
            length += len(text)
        codes = np.flatnonzero(seen).astype("<u4")
        if length == 0:
            raise CorpusError(f"{name} is empty; a text to train on has at least a few thousand characters")
        if len(codes) < 2:
            raise CorpusError(
                f"{name} has one distinct character, {chr(codes[0])!r}; a model needs at least two to choose from"
            )
        vocabulary = Vocabulary(codes.tobytes().decode("utf-32-le"))
        ids = _allocate(length, id_dtype(len(vocabulary)))
        table = np.zeros(UNICODE, ids.dtype)
        table[codes] = np.arange(len(codes), dtype=ids.dtype)
        end, again = 0, hashlib.sha256()
        for text in decoded_blocks(files, encoding):
            start, end = end, end + len(text)
            if end <= length:
                np.take(table, code_points(text), out=ids[start:end])
            again.update(text.encode())
        if again.digest() != digest.digest():
            raise CorpusError(f"{name} changed while it was read; copy it to a file that nothing writes to, and use that")
    return Corpus(name, vocabulary, ids, digest.hexdigest(), paths, tuple(notes))


def read_again(sources: Sequence[str | Path], encoding: str, vocabulary: Vocabulary) -> Corpus:
    """Read a text in the vocabulary of a model that was trained on it.

    If the model has a placeholder, the ids are those of its vocabulary. If not, the vocabulary also has whatever characters of
    the text the model does not know.

    Args:
        sources: As for :func:`read_corpus`.
        encoding: As for :func:`read_corpus`.
        vocabulary: The model's.

    Raises:
        CorpusError: As :func:`read_corpus`.
    """
    corpus = read_corpus(sources, encoding, vocabulary.characters)
    return recoded(corpus, vocabulary) if vocabulary.rare else corpus


def recoded(corpus: Corpus, vocabulary: Vocabulary) -> Corpus:
    """Return a corpus with the ids of another vocabulary.

    The ids are changed in place where their type allows it: the corpus that was given is not to be used any more.

    Args:
        corpus: The text.
        vocabulary: Of at least its characters, unless it has a placeholder.
    """
    if vocabulary == corpus.vocabulary:
        return corpus
    table = vocabulary.encode_any(corpus.vocabulary.characters)
    before, ids, dtype = corpus.ids, corpus.ids, id_dtype(int(table.max()) + 1)
    if before.dtype.itemsize < dtype.itemsize:
        ids = _allocate(len(before), dtype)
    for start in range(0, len(before), _BLOCK):
        ids[start : start + _BLOCK] = table[before[start : start + _BLOCK]]
    return replace(corpus, vocabulary=vocabulary, ids=ids)


def read_text(source: str | Path, encoding: str = "utf-8", note: Note | None = None) -> str:
    """Return the whole text of one source, read as :func:`read_corpus` reads it.

    Args:
        source: A path, a folder or a pattern; ``-`` is standard input.
        encoding: Any text encoding that Python knows.
        note: Is told what is unusual about it, a sentence at a time.

    Raises:
        CorpusError: If it cannot be read or is not text in that encoding.
    """
    check_text_encoding(encoding)
    notes: list[str] = []
    with open_sources(expand_sources([source], notes.append)) as files:
        text = "".join(decoded_blocks(files, encoding, notes.append))
    if note:
        for sentence in notes:
            note(sentence)
    return text


def _name(paths: Sequence[str]) -> str:
    """Return what a text is called that was read from these files: the names of the first of them, and how many more."""
    names = [label_of(path) if path == "-" else Path(path).name for path in paths]
    if len(names) > _MOST_NAMES:
        names[_MOST_NAMES - 1 :] = [f"{len(names) - _MOST_NAMES + 1:,} more"]
    # A file name need not be UTF-8; a model card must be.
    return " + ".join(names).encode("utf-8", "backslashreplace").decode()


def _allocate(length: int, dtype: np.dtype[Any]) -> Ids:
    if length * dtype.itemsize <= MEMORY_MAP_BYTES:
        return np.empty(length, dtype)
    try:
        with tempfile.TemporaryFile() as file:  # the mapping keeps it alive; nothing is left behind
            return np.memmap(file, dtype, "w+", shape=(length,))
    except OSError as error:
        raise CorpusError(
            f"there is no room for {length * dtype.itemsize:,} bytes in {tempfile.gettempdir()} ({error.strerror}); make some, "
            "or name another folder in the environment variable TMPDIR"
        ) from None
