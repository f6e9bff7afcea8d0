"""Corpus: a text as character ids of 1, 2 or 4 bytes.

The text is read twice, in blocks. The first pass finds its characters, length and fingerprint; the second one stores the
ids. Memory holds the ids (N, 2N or 4N bytes) and one block. Ids of more than ``MEMORY_MAP_BYTES`` are in a memory-mapped
temporary file instead.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from charlstm.choices import Targets
from charlstm.errors import ConfigError, CorpusError, check_choice, check_instance, check_integer
from charlstm.files import write_remedy
from charlstm.text.decoding import check_text_encoding, decoded_blocks
from charlstm.text.prepared_corpus import is_prepared, open_prepared
from charlstm.text.prepared_ids import PreparedIds, as_prepared
from charlstm.text.sources import Note, expand_sources, joined_name, label_of, open_sources, source_list
from charlstm.text.vocabulary import UNICODE, Ids, Vocabulary, code_points, id_dtype
from charlstm.text.windows import normalise, windows

MEMORY_MAP_BYTES = 1 << 30
"""Bytes of ids above which they are memory-mapped from a temporary file."""

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Corpus:
    """A text as ids.

    Attributes:
        name: Its name in a model card: the file names, without folders.
        vocabulary: Its characters, or the vocabulary of a model with a placeholder for other characters.
        ids: ``[N]``; memory-mapped when large.
        fingerprint: SHA-256 of the decoded text in UTF-8. It does not depend on the encoding and line ends of the file.
        paths: The files that were read, with folders and patterns expanded; ``-`` is standard input.
        notes: Remarks about anything unusual in the files, a sentence each.
    """

    name: str
    vocabulary: Vocabulary
    ids: Ids
    fingerprint: str
    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def windows(self, seq_len: int, *, targets: Targets = "last", step: int = 1) -> tuple[NDArray[np.float32], Ids]:
        """Return the windows of the text, normalised, and the ids of the characters to predict.

        Both are read-only views of an array of N numbers: overlapping windows take no memory. A copy of all windows would take
        ``4 * samples * seq_len`` bytes, 400 MB for a megabyte of text and windows of 100; Keras copies one batch at a time.

        Args:
            seq_len: Length T of a window, in characters.
            targets: ``last`` for the character after each window, ``every`` for the next one at every position.
            step: Distance between the starts of two windows, in characters.

        Returns:
            ``x = id / V``: ``[samples, T, 1]``, and the targets: ``[samples]``, or ``[samples, T]`` for ``every``.

        Raises:
            ConfigError: If an argument is invalid.
            CorpusError: If the text is too short for one window.
        """
        seq_len, step = check_integer("seq_len", seq_len, 1), check_integer("step", step, 1)
        check_choice("targets", targets, get_args(Targets))
        ids = np.asarray(self.ids)  # those of a prepared corpus are read
        x = windows(normalise(ids, self.vocabulary.model_size)[:, 0], seq_len)[::step, :, None]
        y = sliding_window_view(ids[1:], seq_len) if targets == "every" else ids[seq_len:]
        return x, y[::step]


def read_corpus(sources: str | Path | Sequence[str | Path], text_encoding: str = "utf-8", extra_characters: str = "") -> Corpus:
    """Read one text from several files, one after the other.

    Every line end is read as LF, and byte order marks are removed. A line end is added between two files if the first one
    lacks it, and in place of a mark inside a line of a file that begins with a mark: it was joined from several files. The
    rest of the text is unchanged.

    Args:
        sources: A path, or several; ``-`` is standard input. A folder stands for its ``*.txt`` files. A pattern such as
            ``books/*.txt`` stands for the files that match it. Files may be compressed. The folder of a prepared corpus
            (:func:`charlstm.prepare_corpus`) is opened alone, without reading its ids.
        text_encoding: A text encoding that Python knows, such as ``latin-1``. A prepared corpus needs none.
        extra_characters: Characters added to the vocabulary, such as the characters of the model to fine-tune.

    Raises:
        ConfigError: If ``sources`` does not hold paths.
        CorpusError: If a source cannot be read, is not text in that encoding, or has fewer than two distinct characters.
    """
    check_encoding(text_encoding)
    check_instance("extra_characters", extra_characters, str, "a string")
    if any("\ud800" <= character <= "\udfff" for character in extra_characters):
        raise ConfigError(setting="extra_characters", expected="a string without lone surrogates", found=extra_characters)
    listed = source_list(sources, "sources")
    if prepared := next(filter(is_prepared, listed), None):
        if len(listed) > 1:
            raise CorpusError(f"{prepared} is a prepared corpus, which is read alone; leave out the other files")
        return open_corpus(Path(prepared), extra_characters)
    notes: list[str] = []
    paths = expand_sources(listed, notes.append)
    name = joined_name(paths)
    shown = label_of(paths[0]) if len(paths) == 1 else name
    with open_sources(paths) as files:
        seen = np.zeros(UNICODE, bool)
        seen[code_points(extra_characters)] = True
        digest, length = hashlib.sha256(), 0
        for text in decoded_blocks(files, text_encoding, notes.append):
            seen[code_points(text)] = True
            digest.update(text.encode())
            length += len(text)
        codes = np.flatnonzero(seen).astype("<u4")
        if length == 0:
            raise CorpusError(f"{shown} is empty; expected a text, to train on at least a few thousand characters")
        if len(codes) < 2:
            raise CorpusError(f"{shown} has one distinct character, {chr(codes[0])!r}; expected at least two to choose from")
        vocabulary = Vocabulary(codes.tobytes().decode("utf-32-le"))
        ids = _allocate(length, id_dtype(len(vocabulary)))
        table = np.zeros(UNICODE, ids.dtype)
        table[codes] = np.arange(len(codes), dtype=ids.dtype)
        end, second_digest = 0, hashlib.sha256()
        for text in decoded_blocks(files, text_encoding):
            start, end = end, end + len(text)
            if end <= length:
                np.take(table, code_points(text), out=ids[start:end])
            second_digest.update(text.encode())
        if second_digest.digest() != digest.digest():
            raise CorpusError(f"{shown} changed while it was read; copy it to a file that nothing writes to, and use that")
    return Corpus(name, vocabulary, ids, digest.hexdigest(), paths, tuple(notes))


def check_encoding(text_encoding: str) -> None:
    """Check the name of a text encoding.

    Raises:
        ConfigError: If it is not a name.
        CorpusError: If no files are read in it.
    """
    check_instance("text_encoding", text_encoding, str, "the name of a text encoding, such as utf-8")
    check_text_encoding(text_encoding)


def open_corpus(folder: Path, extra_characters: str = "") -> Corpus:
    """Open a prepared corpus. Its ids are not read: they stay in its file, and are translated where they are used.

    Args:
        folder: The corpus.
        extra_characters: As for :func:`read_corpus`.

    Raises:
        CorpusError: If it is incomplete or damaged.
    """
    opened = open_prepared(folder)
    record, codes = opened.record, code_points(opened.record.vocabulary)
    learned = np.union1d(codes, code_points(extra_characters)).astype("<u4")
    table = np.searchsorted(learned, codes).astype(id_dtype(len(learned)))
    ids = PreparedIds(opened.ids, table, record.summary)
    vocabulary = Vocabulary(learned.tobytes().decode("utf-32-le"))
    # Its uses are those of an array, as far as the code that reads a corpus goes.
    return Corpus(record.name, vocabulary, cast(Ids, ids), record.fingerprint, (str(folder),))


def read_again(sources: Sequence[str | Path], encoding: str, vocabulary: Vocabulary) -> Corpus:
    """Read a text with the ids of a model that was trained on it.

    If the model has a placeholder, the corpus has the model's vocabulary. Otherwise the vocabulary also gets the characters of
    the text that the model does not know.

    Args:
        sources: As for :func:`read_corpus`.
        encoding: As for :func:`read_corpus`.
        vocabulary: The vocabulary of the model.

    Raises:
        CorpusError: As :func:`read_corpus`.
    """
    corpus = read_corpus(sources, encoding, vocabulary.characters)
    return recoded(corpus, vocabulary) if vocabulary.rare else corpus


def recoded(corpus: Corpus, vocabulary: Vocabulary) -> Corpus:
    """Return a corpus with the ids of another vocabulary.

    The ids are changed in place if their type can hold the new ones. Do not use the old corpus afterwards.

    Args:
        corpus: The text.
        vocabulary: The new vocabulary. Without a placeholder it must have all characters of the text.
    """
    if vocabulary == corpus.vocabulary:
        return corpus
    table = vocabulary.encode_any(corpus.vocabulary.characters)
    if (prepared := as_prepared(corpus.ids)) is not None:
        return replace(corpus, vocabulary=vocabulary, ids=cast(Ids, prepared.translated(table)))
    old_ids, ids, dtype = corpus.ids, corpus.ids, id_dtype(int(table.max()) + 1)
    if old_ids.dtype.itemsize < dtype.itemsize:
        ids = _allocate(len(old_ids), dtype)
    for start in range(0, len(old_ids), _BLOCK):
        ids[start : start + _BLOCK] = table[old_ids[start : start + _BLOCK]]
    return replace(corpus, vocabulary=vocabulary, ids=ids)


def read_text(source: str | Path, encoding: str = "utf-8", note: Note | None = None) -> str:
    """Return the whole text of one source, read as :func:`read_corpus` reads it.

    Args:
        source: A path, a folder or a pattern; ``-`` is standard input.
        encoding: A text encoding that Python knows, such as ``latin-1``.
        note: Receives remarks about anything unusual in the text, one sentence per call.

    Raises:
        CorpusError: If the source cannot be read or is not text in that encoding.
    """
    check_text_encoding(encoding)
    if is_prepared(source):
        corpus = open_corpus(Path(source))
        return corpus.vocabulary.decode(corpus.ids)
    notes: list[str] = []
    with open_sources(expand_sources([source], notes.append)) as files:
        text = "".join(decoded_blocks(files, encoding, notes.append))
    if note:
        for sentence in notes:
            note(sentence)
    return text


def _allocate(length: int, dtype: np.dtype[Any]) -> Ids:
    """Return an uninitialised array, in a temporary file if it is large."""
    if length * dtype.itemsize <= MEMORY_MAP_BYTES:
        return np.empty(length, dtype)
    try:
        with tempfile.TemporaryFile() as file:  # the mapping keeps the data; the file has no name that could be left behind
            return np.memmap(file, dtype, "w+", shape=(length,))
    except OSError as error:
        raise CorpusError(
            f"{tempfile.gettempdir()} has no space for a temporary file of {length * dtype.itemsize:,} bytes "
            f"({error.strerror}); {write_remedy(error)}, or set the environment variable TMPDIR to another folder"
        ) from None
