"""The text that a checkpoint is measured on."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.checkpoint.lineage import lineage, part_trained_on
from charlstm.checkpoint.regular_files import is_file_name, is_text_file
from charlstm.checkpoint.state_files import read_progress
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.errors import CheckpointError, CorpusError, clip_text
from charlstm.text.corpus import Corpus, read_again
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import split


@dataclass(frozen=True)
class TrainedPart:
    """A part of a text that a model was trained on.

    Attributes:
        model: Name of the checkpoint that was trained on it: the model, or one that it was fine-tuned from.
        characters: How many.
    """

    model: str
    characters: int


@dataclass(frozen=True)
class EvaluationText:
    """A text to measure a model on.

    Attributes:
        name: What it is.
        ids: ``[N]``, at least two.
        seen: The part of it that the model was trained on; None if there is none, as far as fingerprints tell.
        whole: Whether it begins where a text begins: a held-out end may begin in the middle of a word.
    """

    name: str
    ids: Ids
    seen: TrainedPart | None = None
    whole: bool = True


@dataclass(frozen=True)
class EvaluationTexts:
    """What there is to measure a checkpoint with.

    Attributes:
        measured: The text to measure on, None if there is none.
        learnt: The text that the model learnt from: ids ``[N]``; None if it is not at hand.
        missing: Why one of them is, as a sentence; empty if none is.
    """

    measured: EvaluationText | None
    learnt: Ids | None
    missing: str


def evaluation_texts(
    folder: Path, config: CheckpointConfig, other: EvaluationText | None, paths: Sequence[str] = (), encoding: str = "utf-8"
) -> EvaluationTexts:
    """The texts to measure a checkpoint with: by default the tail of its corpus that training never saw.

    Args:
        folder: The checkpoint.
        config: Its configuration.
        other: Another text to measure on.
        paths: Where the corpus is, as for :func:`find_corpus`.
        encoding: Of those paths.

    Raises:
        CheckpointError: If what is named is another text than the one that the checkpoint was trained on.
        CorpusError: If it cannot be read.
    """
    if other is not None:
        other = replace(other, seen=_seen(folder, config, other.ids))
    try:
        corpus = find_corpus(folder, config, paths, encoding)
    except CheckpointError as error:
        if paths:
            raise
        return EvaluationTexts(other, None, str(error))
    learnt, tail = split(corpus.ids, config.training.validation)
    if other is None and len(tail) < 2:
        held_out = "nothing is held out" if not len(tail) else "one character is held out, and a score needs two"
        return EvaluationTexts(None, learnt, f"{folder.name} was trained on its whole text: {held_out}; name {_ANOTHER}")
    return EvaluationTexts(other or EvaluationText(f"the held-out end of {corpus.name}", tail, whole=False), learnt, "")


def _seen(folder: Path, config: CheckpointConfig, ids: Ids) -> TrainedPart | None:
    models = lineage(config, folder.resolve().name)
    characters, model = max((len(part_trained_on(model, ids, config.vocabulary)), model.name) for model in models)
    return TrainedPart(model, characters) if characters else None


_PLACES = (Path(), Path("data"))
"""Where the text of a checkpoint is looked for."""

_ANOTHER = "another text to measure it on: `charlstm evaluate TEXT`, `charlstm compare --text TEXT`"


def find_corpus(folder: Path, config: CheckpointConfig, paths: Sequence[str] = (), encoding: str = "utf-8") -> Corpus:
    """The corpus that a checkpoint was trained on, known by its fingerprint.

    Args:
        folder: The checkpoint.
        config: Its configuration.
        paths: Where the corpus is. If none are given it is looked for by its file names in the current folder and in
            ``data/``, and nowhere else: a checkpoint from a stranger could name any file.
        encoding: Of those paths.

    Raises:
        CheckpointError: If it is not found, or what is named is another text.
        CorpusError: If what is named cannot be read.
    """
    if paths:
        corpus = read_again(paths, encoding, config.vocabulary)
        if not _is_corpus_of(config, corpus):
            raise CheckpointError(
                f"{clip_text(corpus.name)} is not the text that {folder.name} was trained on ({clip_text(config.corpus.name)}, "
                f"SHA-256 {config.corpus.fingerprint[:12]}…); give that one with --corpus, or name {_ANOTHER}"
            )
        return corpus
    progress = None
    with suppress(CheckpointError):  # a shipped model has no training state
        progress = read_progress(folder)
    for candidate, its_encoding in _candidates(config, progress):
        with suppress(CorpusError):
            corpus = read_again(candidate, its_encoding, config.vocabulary)
            if _is_corpus_of(config, corpus):
                return corpus
    read_from = f" (its training read {clip_text(', '.join(progress.paths))})" if progress else ""
    raise CheckpointError(
        f"the text that {folder.name} was trained on, {clip_text(config.corpus.name)}, is neither here nor in data/; say where "
        f"it is with --corpus{read_from}, or name {_ANOTHER}"
    )


def _is_corpus_of(config: CheckpointConfig, corpus: Corpus) -> bool:
    """Return whether a model was trained on a text; a damaged checkpoint may name the text and lack some of its characters."""
    return corpus.fingerprint == config.corpus.fingerprint and corpus.vocabulary == config.vocabulary


def _candidates(config: CheckpointConfig, progress: TrainingProgress | None) -> list[tuple[list[Path], str]]:
    """Return where the corpus may be, and in which encoding.

    All that is taken from the checkpoint are names of files, which cannot lead out of the folders they are looked for in.
    """
    name = config.corpus.name
    known = [((name,), "utf-8"), (tuple(name.split(" + ")), "utf-8")]
    if progress:
        known.insert(0, (tuple(Path(path).name for path in progress.paths), progress.text_encoding))
    return [
        (paths, encoding)
        for names, encoding in dict.fromkeys(known)
        for place in _PLACES
        if all(map(is_file_name, names)) and all(map(is_text_file, paths := [place / name for name in names]))
    ]
