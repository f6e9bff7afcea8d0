"""Findings from the learning curves of a run, on curves whose meaning is plain."""

import math
import re
from dataclasses import replace

import pytest

from charlstm.checkpoint.history import HistoryEntry
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.evaluation.diagnosis import diagnose, unigram_finding

MODEL, TRAINING = ModelConfig(vocabulary_size=60, units=(128,), dropout=0.2), TrainingConfig(epochs=12)


def curve(held_out: list[float | None], learned: list[float]) -> list[HistoryEntry]:
    history: list[HistoryEntry] = []
    for number, (nats, train) in enumerate(zip(held_out, learned, strict=True), start=1):
        before = [line.nats_per_char for line in history if line.nats_per_char is not None]
        best = nats is None or nats < min(before, default=math.inf)
        values = {"step": 100 * number, "epoch": float(number), "seconds": 10.0 * number, "learning_rate": 0.01}
        history.append(HistoryEntry(**values, train_nats_per_char=train, nats_per_char=nats, best=best))
    return history


@pytest.mark.parametrize(
    ("held_out", "learned", "kinds"),
    [
        ([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.0, 0.5], ["overfitting"]),
        ([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.5, 1.6], ["settled"]),  # both rise: not overfitting
        ([1.9, 1.577, 1.9], [2.0, 1.4, 1.35], ["gap"]),  # one evaluation may be chance
        ([1.9, 1.577, 1.58, 1.579], [2.0, 1.5, 1.4, 1.3], ["settled"]),
        ([1.9, 1.6, 1.5], [2.0, 1.2, 1.0], ["gap", "improving"]),
        ([1.9, 1.6, 1.5], [2.0, 1.6, 1.5], ["improving"]),
        # Neighbouring scores are close, since the learning rate is nearly zero, but not over a third of the run.
        ([2.0, 1.8, 1.7, 1.62, 1.6, 1.59], [2.0, 1.8, 1.7, 1.62, 1.6, 1.59], ["improving"]),
        ([3.2, 3.19], [3.2, 3.2], ["unigram"]),
        ([3.2], [3.2], ["unigram"]),
        ([2.0], [2.0], ["unscored"]),
        ([], [], ["unscored"]),
        ([None, None], [2.0, 1.0], ["unscored"]),
    ],
)
def test_curves_are_told_apart(held_out, learned, kinds):
    assert [each.kind for each in diagnose(curve(held_out, learned), 3.18, MODEL, TRAINING)] == kinds


@pytest.mark.parametrize(
    ("held_out", "said"), [([], "no score in its history"), ([None], "Nothing is held out"), ([2.0], "one")]
)
def test_the_reason_why_nothing_can_be_judged_is_true(held_out, said):
    (found,) = diagnose(curve(held_out, [2.0] * len(held_out)), 3.18, MODEL, TRAINING)
    assert said in found.found


@pytest.mark.parametrize(
    ("learned", "dropout", "setting"),
    [(2.2, 0.6, "`dropout` (now 0.6)"), (2.2, 0.0, "`units` (now 128)"), (1.95, 0.6, "`units`")],
)
def test_a_settled_run_that_learns_too_little_is_told_what_to_change(learned, dropout, setting):
    model = ModelConfig(vocabulary_size=60, units=(128,), dropout=dropout)
    (found,) = diagnose(curve([2.0, 1.995], [2.3, learned]), None, model, TRAINING)
    assert found.kind == "settled"
    assert setting in found.advice


@pytest.mark.parametrize(("first", "last", "kind"), [(38, 51, "unscored"), (34, 51, "settled"), (67, 100, "unscored")])
def test_scores_close_together_are_not_called_settled(first, last, kind):
    history = curve([2.0, 1.995], [2.0, 1.995])
    history = [replace(line, step=step, epoch=step / 100) for line, step in zip(history, (first, last), strict=True)]
    (found,) = diagnose(history, 3.18, MODEL, TRAINING)
    assert found.kind == kind
    assert found.found.startswith(
        "The scores are too close together" if kind == "unscored" else "The held-out score has settled"
    )


@pytest.mark.parametrize(
    ("held_out", "learned", "kind"),
    [
        ([2.0, 1.995], [2.3, 1.95], "settled"),
        ([2.0, 1.5], [2.3, 1.45], "improving"),
        ([1.9, 1.577, 1.9], [2.0, 1.4, 1.35], "gap"),
        ([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.0, 0.5], "overfitting"),
    ],
)
def test_a_finding_names_the_unit_of_its_scores(held_out, learned, kind):
    found = {each.kind: each.found for each in diagnose(curve(held_out, learned), None, MODEL, TRAINING)}
    assert re.search(r"\d\.\d{4} nats/char", found[kind])


def test_overfitting_names_numbers_and_settings():
    (found,) = diagnose(curve([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.0, 0.5]), None, MODEL, TRAINING)
    assert "from epoch 2.0 on: over 2 evaluations the held-out score rose from 1.5770 to 1.8980 nats/char," in found.found
    assert "fell from 1.4000 to 0.5000" in found.found
    assert all(f"`{name}`" in found.advice for name in ("dropout", "drop_connect", "units", "epochs=2", "patience=3"))


@pytest.mark.parametrize(
    ("nats", "unigram", "rate", "advice"),
    [
        (3.15, 3.18, 0.01, "Train longer with more `epochs`."),
        (3.15, 3.18, 8.0, "Lower `learning_rate` (it is 8)."),
        (3.15, 3.18, 1e-5, "Train longer with more `epochs`, or raise `learning_rate` (it is 1e-05)."),
        (3.14, 3.18, 0.01, None),  # more than 1 % better
        (None, 3.18, 0.01, None),
        (3.15, None, 0.01, None),
    ],
)
def test_a_model_no_better_than_letter_frequencies_says_so(nats, unigram, rate, advice):
    found = unigram_finding(nats, unigram, MODEL, TrainingConfig(learning_rate=rate))
    assert (found and found.advice) == advice
    if found:
        assert "3.1500 nats/char; the unigram baseline has 3.1800" in found.found


@pytest.mark.parametrize(
    ("held_out", "learned", "dropout"),
    [
        ([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.0, 0.5], 0.2),
        ([1.9, 1.577, 1.9], [2.0, 1.4, 1.35], 0.2),
        ([2.0, 1.995], [2.3, 1.95], 0.6),
        ([2.0, 1.995], [2.3, 2.2], 0.0),
        ([3.2, 3.19], [3.2, 3.2], 0.2),
    ],
)
def test_a_fine_tuned_model_is_not_told_to_change_its_units(held_out, learned, dropout):
    model = ModelConfig(vocabulary_size=60, units=(32,), dropout=dropout)
    told = {
        fine_tuned: diagnose(curve(held_out, learned), 3.18, model, TRAINING, fine_tuned=fine_tuned)
        for fine_tuned in (False, True)
    }
    assert any("`units`" in each.advice for each in told[False])
    assert not any("`units`" in each.advice for each in told[True])
    assert all(each.advice for each in told[True])


@pytest.mark.parametrize(("units", "named"), [((8,), "8"), ((16, 8), "16+8"), ((8, 512), "8+512"), ((32, 8, 32), "32+8+32")])
def test_advice_to_raise_units_names_those_of_every_layer(units, named):
    found = unigram_finding(3.19, 3.19, ModelConfig(vocabulary_size=60, units=units), TRAINING)
    assert found is not None
    assert f"`units` (now {named})" in found.advice


def test_a_rate_of_0_is_not_to_be_lowered():
    model = ModelConfig(vocabulary_size=60, units=(128,), drop_connect=0.3)
    (found,) = diagnose(curve([2.0, 1.995], [2.3, 2.2]), None, model, TRAINING)
    assert "`drop_connect` (now 0.3)" in found.advice
    assert "`dropout`" not in found.advice


@pytest.mark.parametrize(("evaluations", "advised"), [(3, False), (4, True)])
def test_a_patience_that_ends_no_training_is_not_advised(evaluations, advised):
    training = TrainingConfig(epochs=12, evaluations=evaluations)
    (found,) = diagnose(curve([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.0, 0.5]), None, MODEL, training)
    assert ("`patience=3`" in found.advice) == advised


def test_epochs_of_a_long_training_are_advised_as_a_number():
    history = [replace(line, epoch=1000 * line.epoch) for line in curve([1.9, 1.577, 1.7, 1.898], [2.0, 1.4, 1.0, 0.5])]
    (found,) = diagnose(history, None, MODEL, TRAINING)
    assert "`epochs=2000`" in found.advice


def test_a_training_that_may_stop_early_needs_more_patience_too():
    found = unigram_finding(3.15, 3.18, MODEL, TrainingConfig(patience=2))
    assert found is not None
    assert found.advice == "Train longer with more `epochs` and `patience`."
