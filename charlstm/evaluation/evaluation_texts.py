"""The texts that a checkpoint is evaluated with."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.checkpoint.lineage import lineage, part_trained_on, sketches
from charlstm.checkpoint.regular_files import is_file_name, is_text_file, real_path
from charlstm.checkpoint.state_files import read_progress
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.errors import CheckpointError, CorpusError, UnknownCharacterError, clip_text
from charlstm.text.corpus import Corpus, read_again
from charlstm.text.overlap import samples, trained_share
from charlstm.text.prepared_corpus import is_prepared
from charlstm.text.validation_text import read_validation_text
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import split


@dataclass(frozen=True)
class TrainedPart:
    """A part of a text that a model was trained on.

    Attributes:
        model: Name of the checkpoint that was trained on it: the model, or one that it was fine-tuned from.
        characters: Number of characters of that part.
        estimated: True if that number is estimated from a sketch of the model's training text.
    """

    model: str
    characters: int
    estimated: bool = False


@dataclass(frozen=True)
class EvaluationText:
    """A text to evaluate a model on.

    Attributes:
        name: Description of the text.
        ids: Ids of its characters: ``[N]``, at least two.
        seen: The part of it that the model was trained on; None if neither fingerprints nor sketches show one.
        whole: True if it starts where a text starts. A held-out end may start in the middle of a word.
    """

    name: str
    ids: Ids
    seen: TrainedPart | None = None
    whole: bool = True


@dataclass(frozen=True)
class EvaluationTexts:
    """The texts that are available for evaluating a checkpoint.

    Attributes:
        measured: The text to evaluate on; None if there is none.
        learnt: Ids of the text that the model was trained on: ``[N]``; None if it was not found.
        missing: The reason why one of them is None, as a sentence; empty if neither is.
    """

    measured: EvaluationText | None
    learnt: Ids | None
    missing: str


def evaluation_texts(
    folder: Path,
    config: CheckpointConfig,
    other: EvaluationText | None,
    paths: Sequence[str] = (),
    encoding: str | None = None,
) -> EvaluationTexts:
    """Return the texts to evaluate a checkpoint with, by default the validation text or the held-out end of its corpus.

    Args:
        folder: Folder of the checkpoint.
        config: Its configuration.
        other: A text to evaluate on instead of the held-out end.
        paths: Paths of the corpus, as for :func:`find_corpus`.
        encoding: Text encoding of the texts, as for :func:`find_corpus`.

    Raises:
        CheckpointError: If ``paths`` contain another text than the one that the checkpoint was trained on.
        CorpusError: If ``paths`` cannot be read.
    """
    if other is None and config.validation_text is not None:
        try:
            other = _validation_text(folder, config, encoding)
        except CheckpointError as error:
            corpus, _ = _corpus_or_reason(folder, config, paths, encoding)
            return EvaluationTexts(None, None if corpus is None else corpus.ids, str(error))
    if other is not None:
        other = replace(other, seen=trained_part(folder, config, other.ids))
    corpus, missing = _corpus_or_reason(folder, config, paths, encoding)
    if corpus is None:
        return EvaluationTexts(other, None, missing)
    learnt, tail = split(corpus.ids, config.training.validation)  # the whole text if there is a validation text
    if other is None and len(tail) < 2:
        held_out = "nothing is held out" if not len(tail) else "one character is held out, and a score needs two"
        return EvaluationTexts(None, learnt, f"{folder.name} was trained on its whole text: {held_out}; name {_ANOTHER}")
    return EvaluationTexts(other or EvaluationText(f"the held-out end of {corpus.name}", tail, whole=False), learnt, "")


def _corpus_or_reason(
    folder: Path, config: CheckpointConfig, paths: Sequence[str], encoding: str | None
) -> tuple[Corpus | None, str]:
    """Return the corpus as :func:`find_corpus` does, and why it was not found; refuse another one that the user names."""
    try:
        return find_corpus(folder, config, paths, encoding), ""
    except CheckpointError as error:
        if paths:
            raise
        return None, str(error)


def _validation_text(folder: Path, config: CheckpointConfig, encoding: str | None) -> EvaluationText:
    """Return the validation text of a checkpoint, searched for by its file names as the corpus is.

    Raises:
        CheckpointError: If it is not found.
    """
    record = config.validation_text
    assert record is not None
    progress = None
    with suppress(CheckpointError):  # a published model has no training state
        progress = read_progress(folder)
    saved = (progress.validation_paths, progress.text_encoding) if progress else ((), "utf-8")
    for candidate, its_encoding in _places(record.name, *saved, encoding):
        with suppress(CorpusError, UnknownCharacterError):
            text = read_validation_text(list(map(str, candidate)), its_encoding, config.vocabulary, record.on_unknown)
            if text.fingerprint == record.fingerprint:
                return EvaluationText(f"the validation text {text.name}", text.ids)
    raise CheckpointError(
        f"the validation text of {folder.name}, {clip_text(record.name)}, is neither here nor in data/; put it there, or name "
        f"{_ANOTHER}"
    )


def trained_part(folder: Path, config: CheckpointConfig, ids: Ids) -> TrainedPart | None:
    """Return the largest part of a text that a model or one of its bases was trained on; None if none is recognised."""
    of_text, parts = samples(ids, config.vocabulary), []
    for model, sketch in zip(lineage(config, real_path(folder).name), sketches(config), strict=True):
        exact = len(part_trained_on(model, ids, config.vocabulary))
        share = trained_share(sketch, of_text) if sketch and not exact else 0.0
        parts.append(TrainedPart(model.name, exact or round(share * len(ids)), estimated=not exact))
    part = max(parts, key=lambda part: (part.characters, not part.estimated, part.model))
    return part if part.characters else None


_PLACES = (Path(), Path("data"))
"""Folders in which the corpus of a checkpoint is searched for."""

_ANOTHER = "another text to evaluate it on"


def find_corpus(folder: Path, config: CheckpointConfig, paths: Sequence[str] = (), encoding: str | None = None) -> Corpus:
    """Find the corpus that a checkpoint was trained on, recognised by its fingerprint.

    Args:
        folder: Folder of the checkpoint.
        config: Its configuration.
        paths: Paths of the corpus. Without them its file names are searched for in the current folder and in ``data/``, and
            nowhere else: an untrusted checkpoint could name any file.
        encoding: Text encoding of the corpus; None for that of its training, and UTF-8 for ``paths``.

    Returns:
        The corpus.

    Raises:
        CheckpointError: If the corpus is not found or not known, or ``paths`` contain another text.
        CorpusError: If ``paths`` cannot be read.
    """
    if not config.corpus.is_known:
        raise CheckpointError(f"the text that {folder.name} was trained on is not known; name {_ANOTHER}")
    if paths:
        corpus = read_again(paths, encoding or "utf-8", config.vocabulary)
        if not _is_corpus_of(config, corpus):
            raise CheckpointError(
                f"{clip_text(corpus.name)} is not the text that {folder.name} was trained on ({clip_text(config.corpus.name)}, "
                f"SHA-256 {config.corpus.fingerprint[:12]}…); name that one with `corpus`, or name {_ANOTHER}"
            )
        return corpus
    progress = None
    with suppress(CheckpointError):  # a published model has no training state
        progress = read_progress(folder)
    for candidate, its_encoding in _candidates(config, progress, encoding):
        with suppress(CorpusError):
            corpus = read_again(candidate, its_encoding, config.vocabulary)
            if _is_corpus_of(config, corpus):
                return corpus
    read_from = f" (its training read {clip_text(', '.join(progress.paths))})" if progress else ""
    raise CheckpointError(
        f"the text that {folder.name} was trained on, {clip_text(config.corpus.name)}, is neither here nor in data/; say where "
        f"it is with `corpus`{read_from}, or name {_ANOTHER}"
    )


def _is_corpus_of(config: CheckpointConfig, corpus: Corpus) -> bool:
    """Return whether a corpus is the one a model was trained on.

    The vocabulary is compared too, because a damaged checkpoint may have the fingerprint but lack some characters.
    """
    return corpus.fingerprint == config.corpus.fingerprint and corpus.vocabulary == config.vocabulary


def _candidates(
    config: CheckpointConfig, progress: TrainingProgress | None, encoding: str | None
) -> list[tuple[list[Path], str]]:
    """Return the possible paths of the corpus, each list with its text encoding.

    Only file names are taken from the checkpoint, so the paths cannot lead out of the searched folders.
    """
    return _places(config.corpus.name, *((progress.paths, progress.text_encoding) if progress else ((), "utf-8")), encoding)


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
