"""The search for the texts of a checkpoint, which is known by their names and fingerprints."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.regular_files import is_file_name, is_text_file
from charlstm.checkpoint.state_files import read_progress
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.errors import CheckpointError, CorpusError, UnknownCharacterError, clip_text
from charlstm.text.corpus import Corpus, read_again
from charlstm.text.prepared_corpus import is_prepared
from charlstm.text.validation_text import ValidationText, read_validation_text

_IMPORT = "import the model again with `corpus`"
_PLACES = (Path(), Path("data"))
"""Folders in which the texts of a checkpoint are searched for."""

_Text = TypeVar("_Text")


def find_corpus(folder: Path, config: CheckpointConfig, paths: Sequence[str] = (), encoding: str | None = None) -> Corpus:
    """Find the corpus that a checkpoint was trained on, recognised by its fingerprint.

    Args:
        folder: Folder of the checkpoint.
        config: Its configuration, with the vocabulary that it was trained with: not that of a mixture.
        paths: Paths of the corpus. Without them its file names are searched for in the current folder and in ``data/``, and
            nowhere else: an untrusted checkpoint could name any file.
        encoding: Text encoding of the corpus; None for that of its training, and UTF-8 for ``paths``.

    Returns:
        The corpus.

    Raises:
        CheckpointError: If the corpus is not found or not known, or ``paths`` contain another text.
        CorpusError: If ``paths`` cannot be read, or the only files of its name cannot.
    """
    if not config.corpus.is_known:
        unknown = f"the text that {folder.name} was trained on is not known"
        if paths:
            raise CheckpointError(f"{unknown}, so `corpus` cannot be compared with it; leave out `corpus`, or {_IMPORT}")
        raise CheckpointError(f"{unknown}; {_IMPORT}")
    if paths:
        corpus = read_again(paths, encoding or "utf-8", config.vocabulary)
        if not _is_corpus_of(config, corpus):
            raise CheckpointError(
                f"{clip_text(corpus.name)} is not the text that {folder.name} was trained on ({clip_text(config.corpus.name)}, "
                f"SHA-256 {config.corpus.fingerprint[:12]}…); name that one with `corpus`"
            )
        return corpus

    def read(candidate: Sequence[Path], its_encoding: str) -> Corpus | None:
        corpus = read_again(candidate, its_encoding, config.vocabulary)
        return corpus if _is_corpus_of(config, corpus) else None

    progress = _progress(folder)
    saved = (progress.paths, progress.text_encoding) if progress else ((), "utf-8")
    if (found := _first(_places(config.corpus.name, *saved, encoding), read)) is not None:
        return found
    read_from = f" (its training read {clip_text(', '.join(progress.paths))})" if progress else ""
    raise CheckpointError(
        f"the text that {folder.name} was trained on, {clip_text(config.corpus.name)}, is neither here nor in data/; say where "
        f"it is with `corpus`{read_from}"
    )


def find_validation_text(folder: Path, config: CheckpointConfig, encoding: str | None) -> ValidationText:
    """Find the validation text of a checkpoint that has one, as :func:`find_corpus` finds the corpus.

    Raises:
        CheckpointError: If it is not found.
        CorpusError: If the only files of its name cannot be read.
    """
    record = config.validation_text
    assert record is not None

    def read(candidate: Sequence[Path], its_encoding: str) -> ValidationText | None:
        with suppress(UnknownCharacterError):  # of another text
            text = read_validation_text(list(map(str, candidate)), its_encoding, config.vocabulary, record.on_unknown)
            return text if text.fingerprint == record.fingerprint else None
        return None

    progress = _progress(folder)
    saved = (progress.validation_paths, progress.text_encoding) if progress else ((), "utf-8")
    if (found := _first(_places(record.name, *saved, encoding), read)) is not None:
        return found
    raise CheckpointError(
        f"the validation text of {folder.name}, {clip_text(record.name)}, is neither here nor in data/; put it there"
    )


def _is_corpus_of(config: CheckpointConfig, corpus: Corpus) -> bool:
    """Return whether a corpus is the one a model was trained on.

    The vocabulary is compared too, because a damaged checkpoint may have the fingerprint but lack some characters.
    """
    return corpus.fingerprint == config.corpus.fingerprint and corpus.vocabulary == config.vocabulary


def _progress(folder: Path) -> TrainingProgress | None:
    """Return the state of a training; None for a published model, which has none."""
    with suppress(CheckpointError):
        return read_progress(folder)
    return None


def _first(places: Sequence[tuple[list[Path], str]], read: Callable[[Sequence[Path], str], _Text | None]) -> _Text | None:
    """Return the first text that is the wanted one; None if there is none.

    Args:
        places: Possible paths, each list with its text encoding.
        read: Returns the text there; None if it is another one.

    Raises:
        CorpusError: If there is none, and a candidate cannot be read in any of its encodings: it may be the wanted text.
    """
    failures: dict[tuple[Path, ...], CorpusError | None] = {}
    for paths, encoding in places:
        try:
            if (text := read(paths, encoding)) is not None:
                return text
            failures[tuple(paths)] = None
        except CorpusError as error:
            failures.setdefault(tuple(paths), error)
    if (failure := next(filter(None, failures.values()), None)) is not None:
        raise failure
    return None


def _places(name: str, saved: Sequence[str], saved_encoding: str, encoding: str | None) -> list[tuple[list[Path], str]]:
    """Return the possible paths of a text, each list with its text encoding.

    Args:
        name: Its recorded name: file names, joined.
        saved: Its paths in the state of the training; empty if unknown.
        saved_encoding: Its text encoding there.
        encoding: The text encoding that the user names, which is tried first; None for none.
    """
    known = [((name,), "utf-8"), (tuple(name.split(" + ")), "utf-8")]
    if saved:
        known.insert(0, (tuple(Path(path).name for path in saved), saved_encoding))
    if encoding is not None:
        known = [(names, encoding) for names, _ in known] + known
    return [
        (paths, its_encoding)
        for names, its_encoding in dict.fromkeys(known)
        for place in _PLACES
        if all(map(is_file_name, names)) and all(map(_may_be_read, paths := [place / name for name in names]))
    ]


def _may_be_read(path: Path) -> bool:
    return is_text_file(path) or is_prepared(path)
