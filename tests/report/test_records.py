"""Tests of the results of a comparison: their JSON keys, and the numbers in them."""

import numpy as np
import pytest

from charlstm.evaluation.divergence import drift
from charlstm.report.records import comparison_result, surprisal_record
from tests.evaluation.conftest import TASK, VOCABULARY, compared, random_text
from tests.report.conftest import typed


def test_result_survives_a_json_round_trip(record, comparison):
    assert typed(record) == comparison_result("tale", comparison)


def test_documented_keys_are_present(record, comparison):
    assert (record["checkpoint"], record["seed"], record["window"]) == ("tale", TASK.seed, 6)
    assert record["first_difference"] == comparison.first_difference
    for mode in ("stateless", "stateful"):
        found, written = record["modes"][mode], comparison.texts[mode]
        assert (found["text"], found["characters_per_second"]) == (written.text, written.characters_per_second)
        assert found["cell_steps_per_character"] == written.cell_steps
        assert found["bits_per_char"] == pytest.approx(found["nats_per_char"] / np.log(2))
    assert record["modes"]["stateful"]["nats_per_char"] == comparison.evaluation.nats_per_char()
    assert record["modes"]["stateless"]["nats_per_char"] == comparison.evaluation.nats_per_char(6)
    assert record["contexts"]["6"]["nats_per_char"] == record["modes"]["stateless"]["nats_per_char"]


def test_windows_are_sorted_and_include_the_models_own(record, comparison):
    assert list(record["windows"]) == ["3", "6", "9"]
    assert record["windows"]["6"]["text"] == record["modes"]["stateless"]["text"]
    assert record["windows"]["9"]["nats_per_char"] == comparison.evaluation.nats_per_char(9)


def test_memory_by_window_and_drift_by_layer(record, comparison):
    for window in (3, 9):
        assert record["windows"][str(window)]["state_bytes"] == comparison.sweep[window].state_bytes
    assert record["windows"]["9"]["state_bytes"] == 3 * record["windows"]["3"]["state_bytes"]
    for what, norms in (("h", comparison.along.h_norms), ("c", comparison.along.c_norms)):
        told = [layer[f"{what}_drift"] for layer in record["along"]["layers"]]
        assert told == pytest.approx(drift(norms, 6).tolist())
    assert record["along"]["layers"][0]["h_drift"] != record["along"]["layers"][0]["c_drift"]


def test_text_statistics_in_the_record(record):
    found = record["modes"]["stateful"]
    text, learnt = found["text"], VOCABULARY.decode(random_text(900, 2))
    copy = found["longest_copy"]
    assert text[copy["start"] :][: copy["characters"]] == copy["text"] == learnt[copy["place"] :][: copy["characters"]]
    assert copy["line"] == learnt[: copy["place"]].count("\n") + 1
    grams = [text[start : start + 3] for start in range(len(text) - 2)]
    assert found["new"]["3"] == pytest.approx(sum(gram not in learnt for gram in grams) / len(grams))
    assert record["measured"]["beginning"]["characters_counted"] == TASK.length
    assert record["measured"]["characters"] == 300


def test_divergence_and_norms_in_the_record(record, comparison):
    found = record["along"]
    assert len(found["text"]) - 1 == len(found["stateful_nats"]) == len(found["layers"][1]["c_norm"])
    np.testing.assert_allclose(found["divergence_nats"], comparison.along.divergence, rtol=1e-5)
    np.testing.assert_allclose(found["layers"][1]["h_norm"], comparison.along.h_norms[1], rtol=1e-5)


def test_results_that_need_missing_texts_are_null(make_network):
    record = comparison_result("tale", compared(make_network(), measured=False, learnt=False)).to_dict()
    assert (record["measured"], record["contexts"]) == (None, None)
    assert "nats_per_char" not in record["modes"]["stateful"]
    assert (record["modes"]["stateful"]["new"], record["modes"]["stateful"]["longest_copy"]) == (None, None)


def test_surprisal_record_leaves_out_the_first_character():
    assert surprisal_record("abc", np.array([1.23456789, 2e-9])).to_dict() == {"text": "abc", "nats": [1.23457, 2e-9]}
