"""The part of a text that a model was trained on, and the records of fine-tuned models."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from charlstm.checkpoint import lineage as module
from charlstm.checkpoint.config_records import BaseRecord
from charlstm.checkpoint.lineage import lineage, part_trained_on, sketches
from charlstm.text.vocabulary import Vocabulary

OWN = "".join(np.random.default_rng(0).choice(list("abc\n渡"), 100))
VOCABULARY = Vocabulary.of(OWN + "xyz")


def trained(validation: float) -> BaseRecord:
    fingerprint = hashlib.sha256(OWN.encode()).hexdigest()
    return BaseRecord(name="old", corpus="own.txt", fingerprint=fingerprint, characters=100, validation=validation)


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("text", "validation", "part"),
    [
        (OWN, 0.0, range(100)),
        (OWN, 0.1, range(90)),
        (OWN + "x", 0.1, range(90)),
        ("xyz" + OWN, 0.25, range(3, 78)),
        (OWN + "x" + OWN, 0.1, range(101, 191)),
        (OWN + OWN[:50], 0.0, range(100)),
        ("x" + OWN + "y", 0.1, range(0)),
        (OWN[1:], 0.1, range(0)),
        (OWN[:-1], 0.1, range(0)),
        (OWN[:-1] + "x", 0.1, range(0)),
        ("x", 0.1, range(0)),
    ],
    ids=ascii,
)
def test_training_text_is_found_at_start_or_end_of_a_text(monkeypatch, block, text, validation, part):
    monkeypatch.setattr(module, "_BLOCK", block)
    assert part_trained_on(trained(validation), VOCABULARY.encode(text), VOCABULARY) == part


def test_lineage_ends_with_the_model_itself(config):
    alone = lineage(config, "first")
    corpus = config.corpus
    assert alone == (
        BaseRecord(
            name="first",
            corpus=corpus.name,
            fingerprint=corpus.fingerprint,
            characters=corpus.characters,
            validation=config.training.validation,
        ),
    )
    second = replace(config, bases=alone, training=replace(config.training, validation=0.25))
    assert [(base.name, base.validation) for base in lineage(second, "caf\udce9")] == [("first", 0.1), ("caf\\udce9", 0.25)]


def test_sketches_of_earlier_releases_are_unknown(config):
    two = replace(config, bases=lineage(config, "first"))
    assert sketches(two) == (None, None)
    assert sketches(replace(two, sketches=(None, b""))) == (None, b"")
