"""The texts that a checkpoint is evaluated with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.lineage import lineage, part_trained_on, sketches
from charlstm.checkpoint.regular_files import real_path
from charlstm.choices import OnUnknown
from charlstm.errors import CheckpointError, CorpusError, UnknownCharacterError, clip_text
from charlstm.evaluation.corpus_search import find_corpus, find_validation_text
from charlstm.formatting import exactly
from charlstm.text.corpus import Corpus
from charlstm.text.known_text import known_text
from charlstm.text.overlap import samples, trained_share
from charlstm.text.vocabulary import Ids, Vocabulary, quoted
from charlstm.text.windows import split

_TREATED = {"error": "", "skip": " without unknown characters", "replace": " with unknown characters replaced"}


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
        missing: The reason why one of them is None, and what to do about it, as a sentence; empty if neither is.
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
    *,
    vocabulary: Vocabulary | None = None,
    on_unknown: OnUnknown = "error",
) -> EvaluationTexts:
    """Return the texts to evaluate a checkpoint with, by default the validation text or the held-out end of its corpus.

    Args:
        folder: Folder of the checkpoint.
        config: Its configuration, with the vocabulary that it was trained with.
        other: A text to evaluate on instead of the held-out end.
        paths: Paths of the corpus, as for :func:`find_corpus`.
        encoding: Text encoding of the texts, as for :func:`find_corpus`.
        vocabulary: The vocabulary of a mixture whose first model this checkpoint is, which ``other`` and the result are
            encoded in; None for that of the checkpoint.
        on_unknown: Action for characters of the texts that are found and that ``vocabulary`` lacks.

    Raises:
        CheckpointError: If ``paths`` contain another text than the one that the checkpoint was trained on.
        CorpusError: If ``paths`` cannot be read.
    """
    vocabulary = vocabulary or config.vocabulary
    if other is not None:
        other = replace(other, seen=trained_part(folder, replace(config, vocabulary=vocabulary), other.ids))
    corpus, missing = _corpus_or_reason(folder, config, paths, encoding)
    learnt = tail = None
    if corpus is not None:
        learnt, tail = split(corpus.ids, config.training.validation)  # the whole text if there is a validation text
    own = other is not None
    if other is None and config.validation_text is not None:
        try:
            text = find_validation_text(folder, config, encoding)
            name = f"the validation text {text.name}{_TREATED[text.on_unknown]}"
            other = EvaluationText(name, text.ids, seen=trained_part(folder, config, text.ids))
        except (CheckpointError, CorpusError) as error:
            missing = str(error.args[0])
    elif other is None and corpus is not None and tail is not None:
        if len(tail) < 2:
            held_out = "nothing is held out" if not len(tail) else "one character is held out, and a score needs two"
            missing = f"{folder.name} was trained on its whole text: {held_out}; train with a larger `validation_split`"
        else:
            other = EvaluationText(f"the held-out end of {corpus.name}", tail, whole=False)
    if vocabulary != config.vocabulary:
        try:
            if learnt is not None and corpus is not None:
                name = f"the training text {corpus.name}"
                learnt = _recoded(learnt, config.vocabulary, vocabulary, on_unknown, name, least=1)
        except (UnknownCharacterError, CorpusError) as error:
            learnt, missing = None, missing or str(error)
        try:
            if other is not None and not own:
                ids = _recoded(other.ids, config.vocabulary, vocabulary, on_unknown, other.name, least=2)
                other = replace(other, ids=ids)
        except (UnknownCharacterError, CorpusError) as error:
            other, missing = None, str(error)
    return EvaluationTexts(other, learnt, missing)


def _corpus_or_reason(
    folder: Path, config: CheckpointConfig, paths: Sequence[str], encoding: str | None
) -> tuple[Corpus | None, str]:
    """Return the corpus as :func:`find_corpus` does, and why it was not found; refuse another one that the user names."""
    try:
        return find_corpus(folder, config, paths, encoding), ""
    except (CheckpointError, CorpusError) as error:
        if paths:
            raise
        return None, str(error.args[0])


def _recoded(ids: Ids, known: Vocabulary, wanted: Vocabulary, on_unknown: OnUnknown, name: str, *, least: int) -> Ids:
    """Return the ids of a text in the vocabulary of a mixture.

    Args:
        ids: Its ids in another vocabulary: ``[N]``.
        known: That vocabulary.
        wanted: The vocabulary of the mixture.
        on_unknown: Action for characters that the mixture does not know.
        name: Name of the text, for errors.
        least: The least number of characters.

    Raises:
        UnknownCharacterError: If the mixture does not know a character, and ``on_unknown`` is ``error``.
        CorpusError: If the mixture knows fewer than ``least`` of its characters.
    """
    text = known_text(wanted, known.decode(ids), on_unknown)
    if unknown := wanted.unknown(text):
        raise UnknownCharacterError(
            f"{clip_text(name)} has characters that not all models of the mixture know: {quoted(unknown)}; choose "
            "`on_unknown='skip'` or `on_unknown='replace'`"
        )
    if len(text) < least:
        found = exactly(len(text), "character")
        raise CorpusError(f"{clip_text(name)} has {found} that all models of the mixture know; mix models of similar texts")
    return wanted.encode(text)


def trained_part(folder: Path, config: CheckpointConfig, ids: Ids) -> TrainedPart | None:
    """Return the largest part of a text that a model or one of its bases was trained on; None if none is recognised."""
    of_text, parts = samples(ids, config.vocabulary), []
    for model, sketch in zip(lineage(config, real_path(folder).name), sketches(config), strict=True):
        exact = len(part_trained_on(model, ids, config.vocabulary))
        share = trained_share(sketch, of_text) if sketch and not exact else 0.0
        parts.append(TrainedPart(model.name, exact or round(share * len(ids)), estimated=not exact))
    part = max(parts, key=lambda part: (part.characters, not part.estimated, part.model))
    return part if part.characters else None
