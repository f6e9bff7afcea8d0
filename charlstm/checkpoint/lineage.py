"""The texts that a model's weights were trained on: its own, and the texts of its bases."""

import hashlib

from charlstm.checkpoint.config_records import MAX_BASE_NAME, BaseRecord, CheckpointConfig
from charlstm.checkpoint.sketches import Sketches
from charlstm.errors import clip_text
from charlstm.text.vocabulary import Ids, Vocabulary

_BLOCK = 1 << 20


def lineage(config: CheckpointConfig, name: str) -> tuple[BaseRecord, ...]:
    """Return the `bases` of a model that is fine-tuned from this one.

    Args:
        config: The model's configuration.
        name: Name of its checkpoint.
    """
    corpus = config.corpus
    itself = BaseRecord(
        name=name.encode("utf-8", "backslashreplace").decode(),  # a folder's name need not be UTF-8
        corpus=clip_text(corpus.name, MAX_BASE_NAME),
        fingerprint=corpus.fingerprint,
        characters=corpus.characters,
        validation=config.training.validation,
    )
    return (*config.bases, itself)


def sketches(config: CheckpointConfig) -> Sketches:
    """Return the sketch of each model of the :func:`lineage`; None for a model of an earlier release."""
    return config.sketches or (None,) * (len(config.bases) + 1)


def characters_trained_on(base: BaseRecord) -> int:
    """Return how many characters of a model's text were not held out."""
    return base.characters - round(base.characters * base.validation)


def part_trained_on(base: BaseRecord, ids: Ids, vocabulary: Vocabulary) -> range:
    """Return the part of a text that a model was trained on, found by fingerprints.

    The part is found if the text equals the model's text, begins with it or ends with it. Otherwise the range is empty. A
    fingerprint cannot find the model's text in the middle of another, nor a piece of the model's text; a sketch can
    (:func:`charlstm.text.overlap.trained_share`). The unknown text of an imported model is never found.

    Args:
        base: The model.
        ids: Character ids of the text: ``[N]``.
        vocabulary: The vocabulary of the ids.

    Returns:
        Positions in ``ids``. If the text both begins and ends with the model's text, the part at its end.
    """
    if not base.is_known:  # its record is that of a single character
        return range(0)
    surplus = len(ids) - base.characters
    # The end comes first: callers need where the last part ends.
    for start in dict.fromkeys((surplus, 0)) if surplus >= 0 else ():
        if _fingerprint(ids[start : start + base.characters], vocabulary) == base.fingerprint:
            return range(start, start + characters_trained_on(base))
    return range(0)


def _fingerprint(ids: Ids, vocabulary: Vocabulary) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(ids), _BLOCK):
        digest.update(vocabulary.decode(ids[start : start + _BLOCK]).encode())
    return digest.hexdigest()
