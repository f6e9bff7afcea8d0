"""Diagnosis of a training run from its learning curves: what they show, and what to change."""

from collections.abc import Sequence

from charlstm.checkpoint.history import HistoryEntry, best_score
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.formatting import about, counted, decimal
from charlstm.results.history import FindingRecord

NO_BETTER = 0.99
"""A score above this fraction of the unigram baseline's is no better than letter frequencies."""
RISING = 2
"""Evaluations after the best one from which a rising score counts as overfitting."""
RISE = 0.005
"""Rise of the held-out score since the best one, as a fraction of it, from which it counts as overfitting."""
GAP = 1.25
"""A held-out score above this many times the training loss shows that the text is memorised."""
SPAN = 2 / 3
"""Part of a run whose last score is compared with the score at the end."""

STILL_IMPROVING = 0.01
"""Improvement from the last evaluation but one to the last, as a fraction, from which more training is advised."""


def unigram_finding(
    nats: float | None, unigram: float | None, model: ModelConfig, training: TrainingConfig, *, fine_tuned: bool = False
) -> FindingRecord | None:
    """Return a finding if a score is no better than letter frequencies.

    Args:
        nats: The best score on the held-out text, in nats per character; None without one.
        unigram: The score of the unigram baseline on the same text.
        model: The network.
        training: The recipe.
        fine_tuned: True if the network is that of a base model, so that its `units` cannot be changed.
    """
    if nats is None or unigram is None or nats < NO_BETTER * unigram:
        return None
    found = (
        f"The model predicts no better than letter frequencies: {decimal(nats, 4)} nats/char; the unigram baseline has "
        f"{decimal(unigram, 4)}."
    )
    if training.learning_rate > 0.02:
        return FindingRecord(kind="unigram", found=found, advice=f"Lower `learning_rate` (it is {training.learning_rate:g}).")
    slow = f", or raise `learning_rate` (it is {training.learning_rate:g})" if training.learning_rate < 1e-3 else ""
    narrow = f", or raise `units` (now {_units(model)})" if min(model.units) < 64 and not fine_tuned else ""
    return FindingRecord(kind="unigram", found=found, advice=f"Train longer with more {_budget(training)}{slow}{narrow}.")


def diagnose(
    history: Sequence[HistoryEntry],
    unigram: float | None,
    model: ModelConfig,
    training: TrainingConfig,
    *,
    fine_tuned: bool = False,
) -> list[FindingRecord]:
    """Return what the evaluations of a run show: at least one finding, the most important first.

    Args:
        history: The evaluations, the oldest first.
        unigram: Score of the unigram baseline in nats per character; None if it is unknown.
        model: The network.
        training: The recipe.
        fine_tuned: True if the network is that of a base model, so that its `units` cannot be changed.
    """
    scored = [line for line in history if line.nats_per_char is not None]
    best = best_score(scored)
    first = unigram_finding(best.nats_per_char if best else None, unigram, model, training, fine_tuned=fine_tuned)
    findings = [first] if first else []
    if len(scored) < 2 or best is None or best.nats_per_char is None:
        none = "Nothing is held out" if history else "There is no score in its history"
        few = "There is one score so far" if scored else none
        found = f"{few}: overfitting cannot be judged."
        return findings or [FindingRecord(kind="unscored", found=found, advice="")]
    if curves := _overfitting(scored, best, training, _regularisation(model, fine_tuned=fine_tuned)):
        return [*findings, curves]
    # Neighbouring scores hardly differ while the learning rate is annealed to zero, so a longer span is compared.
    spanned = [line for line in scored[:-1] if line.step <= SPAN * scored[-1].step]
    early = spanned or scored[:1]
    last, before = scored[-1].nats_per_char or 0.0, early[-1].nats_per_char or 0.0
    if last > GAP * scored[-1].train_nats_per_char:
        findings.append(_gap(scored[-1], _regularisation(model, fine_tuned=fine_tuned)))
    if scored[-1] is best and last < before * (1 - STILL_IMPROVING):
        share = about(100 * (1 - last / before))
        since = f"{share} % better than that of epoch {early[-1].epoch:.1f}"
        found = f"It was still improving: the last score, {decimal(last, 4)} nats/char, is {since}."
        findings.append(FindingRecord(kind="improving", found=found, advice=f"Train longer, with more {_budget(training)}."))
    if not findings and not spanned:  # a short run that was extended a little
        apart = f"the first is at epoch {scored[0].epoch:.2g}, and the last at {scored[-1].epoch:.2g}"
        found = f"The scores are too close together to judge: {apart}."
        findings.append(FindingRecord(kind="unscored", found=found, advice=f"Train longer, with more {_budget(training)}."))
    if not findings:
        loss = scored[-1].train_nats_per_char
        found = (
            f"The held-out score has settled at {decimal(best.nats_per_char, 4)} nats/char, with a training loss of "
            f"{decimal(loss, 4)}."
        )
        advice = ""
        if loss > 1.05 * last and (model.dropout or model.drop_connect):
            rates = {"dropout": model.dropout, "drop_connect": model.drop_connect}
            lower = " or ".join(f"`{name}` (now {rate:g})" for name, rate in rates.items() if rate)
            advice = f"Lower {lower}: it learns less than it could."
        elif loss > 0.95 * last:
            larger = "fine-tune a larger model" if fine_tuned else f"raise `units` (now {_units(model)})"
            advice = f"A larger network may do better: {larger}."
        findings.append(FindingRecord(kind="settled", found=found, advice=advice))
    return findings


def _overfitting(
    scored: Sequence[HistoryEntry], best: HistoryEntry, training: TrainingConfig, regularisation: str
) -> FindingRecord | None:
    worse, last = [line for line in scored if line.step > best.step], scored[-1]
    lowest, end = best.nats_per_char or 0.0, last.nats_per_char or 0.0
    if len(worse) < RISING or end < lowest * (1 + RISE) or last.train_nats_per_char >= best.train_nats_per_char:
        return None
    found = (
        f"It overfits from epoch {best.epoch:.1f} on: over {counted(len(worse), 'evaluation')} the held-out score rose from "
        f"{decimal(lowest, 4)} to {decimal(end, 4)} nats/char, while the training loss fell from "
        f"{decimal(best.train_nats_per_char, 4)} to {decimal(last.train_nats_per_char, 4)}. "
        f"The model is that of epoch {best.epoch:.1f}."
    )
    epochs = about(best.epoch).replace(",", "")  # as a number for the option
    # A patience of all evaluations would never end the training.
    patience = " or `patience=3`" if training.patience is None and training.evaluations > 3 else ""
    advice = f"Raise {regularisation}, train on more text, or stop earlier: `epochs={epochs}`{patience}."
    return FindingRecord(kind="overfitting", found=found, advice=advice)


def _gap(last: HistoryEntry, regularisation: str) -> FindingRecord:
    held_out, learned = last.nats_per_char or 0.0, last.train_nats_per_char
    found = (
        f"The gap is wide: {decimal(held_out, 4)} nats/char on the held-out text against a training loss of "
        f"{decimal(learned, 4)} ({decimal(held_out - learned, 4, '+')}), so it memorises a part of its text."
    )
    return FindingRecord(kind="gap", found=found, advice=f"Raise {regularisation}, or train on more text.")


def _regularisation(model: ModelConfig, *, fine_tuned: bool) -> str:
    rates = f"`dropout` (now {model.dropout:g}) or `drop_connect` (now {model.drop_connect:g})"
    return rates if fine_tuned else f"{rates}, lower `units` (now {_units(model)})"


def _units(model: ModelConfig) -> str:
    return "+".join(map(str, model.units))


def _budget(training: TrainingConfig) -> str:
    budget = "`epochs`" if training.minutes is None else "`minutes`"
    return budget if training.patience is None else f"{budget} and `patience`"
