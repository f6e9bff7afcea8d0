"""The held-out text: its end, unseen by earlier trainings of the weights, or a validation text of the user's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from charlstm.checkpoint.config_records import BaseRecord, CheckpointConfig, ValidationRecord
from charlstm.checkpoint.lineage import lineage, part_trained_on, sketches
from charlstm.checkpoint.sketches import Sketches
from charlstm.errors import ConfigError, clip_text
from charlstm.text.corpus import Corpus
from charlstm.text.overlap import LEAST_SHARE, samples, trained_share
from charlstm.text.validation_text import ValidationText


@dataclass(frozen=True)
class BaseText:
    """A base model's text, compared with the text of a fine-tuning run.

    Attributes:
        name: Name of the base.
        part: Positions of what the base was trained on, if fingerprints find its text; otherwise empty.
        end: Position where the base's text ends, if fingerprints find it; otherwise 0.
        sketch: Sketch of what the base was trained on; None if it was not recorded.
    """

    name: str
    part: range
    end: int
    sketch: bytes | None


def base_texts(config: CheckpointConfig, name: str, corpus: Corpus) -> tuple[BaseText, ...]:
    """Compare a text with the texts of a model and of its bases.

    Args:
        config: The model's configuration.
        name: Name of its checkpoint.
        corpus: The text.
    """
    found = []
    for base, sketch in zip(lineage(config, name), sketches(config), strict=True):
        part = part_trained_on(base, corpus.ids, corpus.vocabulary)
        found.append(BaseText(base.name, part, part.start + base.characters if part else 0, sketch))
    return tuple(found)


def unseen_fraction(
    validation: float, chosen: bool, bases: Sequence[BaseText], characters: int
) -> tuple[float, tuple[str, ...]]:
    """Return the fraction of a text to hold out, and a note if it is smaller than ``validation``.

    The fraction is reduced until no base was trained on the held-out text, as far as fingerprints show.

    Args:
        validation: The fraction that the recipe or the user sets.
        chosen: True if the user set it.
        bases: The models that the weights come from.
        characters: Length of the text.

    Raises:
        ConfigError: If the user chose a larger fraction: the score would include text that the weights were trained on.
    """
    if round(characters * validation) == 1:
        if chosen:
            raise ConfigError(
                f"`validation_split={validation:g}` would hold out one of {characters:,} characters, and a score needs two; "
                "give a larger fraction, or 0 for no score"
            )
        return 0.0, ()
    end, name = max(((base.part.stop, base.name) for base in bases), default=(0, ""))
    unseen = characters - end
    if round(characters * validation) <= unseen:
        return validation, ()
    unseen = unseen if unseen > 1 else 0  # a score needs two characters
    seen = f"{name} was trained on all but the last {unseen:,} characters of this text"
    if not unseen:
        seen = f"{name} was trained on all of this text"
    if chosen:
        instead = f"to hold out {f'those {unseen:,}' if unseen else 'nothing'}"
        raise ConfigError(_refusal(seen, validation, instead, name))
    held_out = "only those are held out" if unseen else "nothing is held out, and there is no score"
    return unseen / characters, (f"{seen}: {held_out}.",)


def overlap_note(validation: float, chosen: bool, bases: Sequence[BaseText], corpus: Corpus) -> str:
    """Return a note if a base was trained on a part of the text to hold out, as far as sketches show; otherwise nothing.

    If fingerprints find a base's text, what that base held out is unseen, even if it repeats what the base learned.

    Args:
        validation: The fraction of the text to hold out, at its end.
        chosen: True if the user set it.
        bases: The models that the weights come from.
        corpus: The text.

    Raises:
        ConfigError: If the user chose to hold out that text.
    """
    characters, share, name = len(corpus.ids), 0.0, ""
    held_out = round(characters * validation)
    for base in bases if held_out else ():
        other = corpus.ids[max(characters - held_out, base.end) :]
        if base.sketch is not None:
            found = trained_share(base.sketch, samples(other, corpus.vocabulary))
            share, name = max((share, name), (found * len(other) / held_out, base.name))
    if share < LEAST_SHARE:
        return ""
    seen = f"{name} was trained on about {100 * share:.0f} % of the last {held_out:,} characters of this text"
    if chosen:
        raise ConfigError(_refusal(seen, validation, "to hold out nothing", name))
    return f"{seen}: nothing is held out, and there is no score."


def unknown_text_notes(bases: Sequence[BaseRecord], scored: int) -> tuple[str, ...]:
    """Return a note for each base whose text is not known, so that nothing shows whether the scored text is in it.

    Args:
        bases: The models that the weights come from.
        scored: Length of the scored text; below two characters there is no score.
    """
    return tuple(
        f"{base.name} was imported, and the text that it was trained on is not known. If the scored text is in it, the score "
        "is better than on new text."
        for base in bases
        if scored > 1 and not base.is_known
    )


def _refusal(seen: str, validation: float, instead: str, name: str) -> str:
    return (
        f"{seen}, so `validation_split={validation:g}` would score it on text that it was trained on; leave it out {instead}, "
        f"or train without `base={name!r}`"
    )


def validation_record(
    text: ValidationText, corpus: Corpus, bases: Sequence[str | None], sketches: Sketches
) -> tuple[ValidationRecord, tuple[str, ...]]:
    """Return what a checkpoint records of a validation text, and its notes, with one for each text trained on that has a part.

    Args:
        text: The validation text.
        corpus: The corpus.
        bases: Names of the models that the weights come from; None for the corpus itself.
        sketches: Sketches of what each of them was trained on.
    """
    of_text, notes, most = samples(text.ids, corpus.vocabulary), [], 0.0
    for base, sketched in zip(bases, sketches, strict=True):
        share = trained_share(sketched, of_text) if sketched else 0.0
        most = max(most, share)
        if share:
            part = f"{100 * share:.0f} % of {clip_text(text.name)}"
            seen = f"{base} was trained on about {part}"
            if base is None:
                seen = f"About {part} is in {clip_text(corpus.name)}, which is trained on"
            notes.append(f"{seen}: the score will be better than on new text.")
    record = ValidationRecord(
        name=text.name,
        fingerprint=text.fingerprint,
        characters=len(text.ids),
        on_unknown=text.on_unknown,
        trained_share=min(1.0, most),
    )
    return record, (*text.notes, *notes)
