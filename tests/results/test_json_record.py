"""Tests of the base class of the results."""

import json

import msgspec
import pytest

from charlstm.results.evaluation import SurprisalRecord
from charlstm.results.inspection import Sections
from charlstm.results.output_sections import KernelSection
from charlstm.results.scores import CountsRecord, SampledScoreRecord

SCORE = SampledScoreRecord(nats_per_char=1.5, bits_per_char=2.16, standard_error_nats=0.01, characters=40)
KERNEL = KernelSection(generate="a", train_on_a_processor="b", train_on_a_gpu="c", not_cudnn_because=[])


def test_keys_are_in_the_order_of_the_fields():
    assert list(SCORE.to_dict()) == ["nats_per_char", "bits_per_char", "standard_error_nats", "characters"]


def test_unset_fields_have_no_key():
    assert Sections(kernel=KERNEL).to_dict() == {"kernel": KERNEL.to_dict()}
    assert "keras" not in KERNEL.to_dict()


def test_numbers_as_keys_survive_json():
    counts = CountsRecord(characters_counted=9, distinct_4_grams=1.0, loop=None, new={1: 0.25, 2: 1.0}, longest_copy=None)
    text = json.dumps(counts.to_dict())
    assert '"new": {"1": 0.25, "2": 1.0}' in text
    assert msgspec.json.decode(text, type=CountsRecord) == counts


def test_records_cannot_be_changed():
    with pytest.raises(AttributeError):
        SCORE.characters = 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"more": 1}, "unknown field `more`"), ({"nats": "1.5"}, "Expected `array`"), ({"nats": ["1.5"]}, "Expected `float`")],
)
def test_other_json_is_refused(changes, said):
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.json.decode(json.dumps({"text": "ab", "nats": [1.5]} | changes), type=SurprisalRecord)
