"""The texts that a model's weights were trained on: its own, and those of the models that it was fine-tuned from."""

import hashlib

from charlstm.checkpoint.config_file import MAX_BASE_NAME, BaseRecord, CheckpointConfig
from charlstm.errors import clip_text
from charlstm.text.vocabulary import Ids, Vocabulary

_BLOCK = 1 << 20


def lineage(config: CheckpointConfig, name: str) -> tuple[BaseRecord, ...]:
    """The bases of a model and, last, the model itself: the bases of any model that is fine-tuned from it.

    Args:
        config: The model's configuration.
        name: Of its checkpoint.
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


def characters_trained_on(base: BaseRecord) -> int:
    """Return the characters of a model's text that are not held out."""
    return base.characters - round(base.characters * base.validation)


def part_trained_on(base: BaseRecord, ids: Ids, vocabulary: Vocabulary) -> range:
    """The places of a text that a model was trained on, as far as fingerprints tell.

    They do if the text is the model's own, begins with it or ends with it. The range is empty otherwise: a text that has parts
    of the model's in its middle, or is a part of it, cannot be told from any other.

    Args:
        base: The model.
        ids: The text: ``[N]``.
        vocabulary: Its characters.
    """
    longer = len(ids) - base.characters
    for start in (
        dict.fromkeys((longer, 0)) if longer >= 0 else ()
    ):  # if it does both, what matters is where the later part ends
        if _fingerprint(ids[start : start + base.characters], vocabulary) == base.fingerprint:
            return range(start, start + characters_trained_on(base))
    return range(0)


def _fingerprint(ids: Ids, vocabulary: Vocabulary) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(ids), _BLOCK):
        digest.update(vocabulary.decode(ids[start : start + _BLOCK]).encode())
    return digest.hexdigest()
