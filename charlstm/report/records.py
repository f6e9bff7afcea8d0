"""Results of a comparison and of an evaluation, made from what was computed."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import Mode
from charlstm.evaluation.comparison import Comparison
from charlstm.evaluation.divergence import TextDivergence, drift
from charlstm.evaluation.evaluation_texts import EvaluationText
from charlstm.evaluation.scores import Scores
from charlstm.evaluation.surprisal import Nats
from charlstm.evaluation.text_statistics import TextStatistics
from charlstm.evaluation.timed_generation import TimedText
from charlstm.formatting import bits
from charlstm.report.verdict import verdict
from charlstm.results.comparison import (
    AlongRecord,
    ComparedModes,
    ComparisonResult,
    GeneratedRecord,
    MeasuredRecord,
    ModeRecord,
    StateNorms,
)
from charlstm.results.evaluation import EvaluationResult, ScoredModes, SurprisalRecord
from charlstm.results.json_record import UNSET
from charlstm.results.scores import CopyRecord, CountsRecord, LoopRecord, SampledScoreRecord, ScoreRecord, SeenRecord


def score_record(nats: float) -> ScoreRecord:
    """Return a mean surprisal in nats and bits per character."""
    return ScoreRecord(nats_per_char=nats, bits_per_char=bits(nats))


def sampled_score(scores: Scores, context: int | None = None) -> SampledScoreRecord:
    """Return the stateless score of a context length; the stateful score if ``context`` is None."""
    nats = scores.nats_per_char(context)
    return SampledScoreRecord(
        nats_per_char=nats,
        bits_per_char=bits(nats),
        standard_error_nats=scores.standard_error(context),
        characters=len(scores.stateful if context is None else scores.costs[context]),
    )


def context_scores(scores: Scores) -> dict[int, SampledScoreRecord]:
    """Return the stateless scores by context length in characters."""
    return {context: sampled_score(scores, context) for context in scores.costs}


def seen_record(measured: EvaluationText) -> SeenRecord | None:
    """Return the part of a text that the model was trained on; None if there is none."""
    found = measured.seen
    return SeenRecord(model=found.model, characters=found.characters, estimated=found.estimated) if found else None


def counts_record(measures: TextStatistics) -> CountsRecord:
    """Return the record of a text's statistics."""
    found, loop = measures.novelty, measures.loop
    return CountsRecord(
        characters_counted=measures.characters,
        distinct_4_grams=measures.distinct_4_grams,
        loop=LoopRecord(period=loop.period, start=loop.start) if loop else None,
        new=dict(enumerate(found.new, start=1)) if found else None,
        longest_copy=_copy_record(measures),
    )


def _copy_record(measures: TextStatistics) -> CopyRecord | None:
    found = measures.novelty and measures.novelty.longest
    if not found:
        return None
    return CopyRecord(characters=found.length, text=measures.passage, start=found.start, place=found.place, line=measures.line)


def surprisal_record(text: str, nats: Nats) -> SurprisalRecord:
    """Return the record of the surprisal of every character but the first."""
    return SurprisalRecord(text=text, nats=_numbers(nats))


def evaluation_result(
    checkpoint: str,
    measured: EvaluationText,
    scores: Scores,
    measures: TextStatistics,
    *,
    dynamic: Nats | None = None,
    baselines: Mapping[str, float] | None = None,
    text: str | None = None,
) -> EvaluationResult:
    """Return the result of an evaluation.

    Args:
        checkpoint: Name of the checkpoint.
        measured: The evaluation text.
        scores: Its scores.
        measures: Its statistics.
        dynamic: Surprisal while the model learns from the text, in nats; None if that was not computed.
        baselines: Scores of the baselines in nats per character, by name; None without a training text.
        text: The evaluation text as characters, to list the surprisal of each; None to leave that out.
    """
    contexts = context_scores(scores)
    return EvaluationResult(
        checkpoint=checkpoint,
        text=measured.name,
        characters=len(measured.ids),
        seen=seen_record(measured),
        window=scores.window,
        modes=ScoredModes(stateful=sampled_score(scores), stateless=contexts[scores.window]),
        contexts=contexts,
        dynamic=None if dynamic is None else score_record(float(dynamic.mean())),
        references=None if baselines is None else {name: score_record(nats) for name, nats in baselines.items()},
        counts=counts_record(measures),
        surprise=UNSET if text is None else surprisal_record(text, scores.stateful),
    )


def comparison_result(checkpoint: str, comparison: Comparison) -> ComparisonResult:
    """Return the result of a comparison.

    Args:
        checkpoint: Name of the checkpoint.
        comparison: The comparison.
    """
    task, scores, window = comparison.task, comparison.evaluation, comparison.window
    contexts = context_scores(scores) if scores else None
    sweep = dict(sorted({**comparison.sweep, window: comparison.texts["stateless"]}.items()))
    return ComparisonResult(
        checkpoint=checkpoint,
        seed=task.seed,
        random_seed=task.random_seed,
        temperature=task.sampling.temperature,
        window=window,
        verdict=verdict(comparison),
        first_difference=comparison.first_difference,
        modes=ComparedModes(
            stateless=_mode_record(comparison, "stateless", contexts[window] if contexts else None),
            stateful=_mode_record(comparison, "stateful", sampled_score(scores) if scores else None),
        ),
        measured=_measured_record(comparison),
        contexts=contexts,
        windows={size: _generated_record(written, (contexts or {}).get(size)) for size, written in sweep.items()},
        along=_along_record(comparison),
    )


def _mode_record(comparison: Comparison, mode: Mode, score: SampledScoreRecord | None) -> ModeRecord:
    generated, counts = _generated_record(comparison.texts[mode], score), counts_record(comparison.measures[mode])
    return ModeRecord(
        text=generated.text,
        characters_per_second=generated.characters_per_second,
        milliseconds_to_first_character=generated.milliseconds_to_first_character,
        cell_steps_per_character=generated.cell_steps_per_character,
        state_bytes=generated.state_bytes,
        nats_per_char=generated.nats_per_char,
        bits_per_char=generated.bits_per_char,
        standard_error_nats=generated.standard_error_nats,
        characters=generated.characters,
        characters_counted=counts.characters_counted,
        distinct_4_grams=counts.distinct_4_grams,
        loop=counts.loop,
        new=counts.new,
        longest_copy=counts.longest_copy,
    )


def _generated_record(written: TimedText, score: SampledScoreRecord | None) -> GeneratedRecord:
    return GeneratedRecord(
        text=written.text,
        characters_per_second=written.characters_per_second,
        milliseconds_to_first_character=written.seconds_to_first * 1e3,
        cell_steps_per_character=written.cell_steps,
        state_bytes=written.state_bytes,
        nats_per_char=score.nats_per_char if score else UNSET,
        bits_per_char=score.bits_per_char if score else UNSET,
        standard_error_nats=score.standard_error_nats if score else UNSET,
        characters=score.characters if score else UNSET,
    )


def _measured_record(comparison: Comparison) -> MeasuredRecord | None:
    measured = comparison.measured
    if measured is None:
        return None
    return MeasuredRecord(
        text=measured.name,
        characters=len(measured.ids),
        seen=seen_record(measured),
        beginning=counts_record(comparison.expected) if comparison.expected else None,
    )


def _along_record(comparison: Comparison) -> AlongRecord:
    found, measured = comparison.along, comparison.measured
    return AlongRecord(
        source=_source(comparison),
        begins=0 if measured is None or measured.whole else beginning(comparison.followed),
        text=comparison.followed,
        stateful_nats=_numbers(found.stateful),
        stateless_nats=_numbers(found.stateless),
        divergence_nats=_numbers(found.divergence),
        layers=_state_norms(found, comparison.window),
    )


def _source(comparison: Comparison) -> str:
    """Name the text along which both modes were compared."""
    if comparison.measured is None:
        return "the seed and what was written stateful"
    if len(comparison.followed) == len(comparison.measured.ids):
        return comparison.measured.name
    return f"the first {len(comparison.followed):,} characters of {comparison.measured.name}"


_BEGINNING = re.compile(r"""\n\s*(?=\S)|[.!?]["'”’)]*\s+(?=\S)|[。！？][”’」』）]*\s*(?=\S)""")


def beginning(text: str, within: int = 200) -> int:
    r"""Return the start of the first whole line or sentence of a text that may begin inside one; 0 if none is near.

    >>> beginning(" my yard. He said then"), beginning("rry\n\nThe"), beginning("word " * 100)
    (10, 5, 0)
    """
    found = _BEGINNING.search(text, 0, within)
    return found.end() if found else 0


def _state_norms(found: TextDivergence, window: int) -> list[StateNorms]:
    h_drift, c_drift = drift(found.h_norms, window), drift(found.c_norms, window)
    return [
        StateNorms(h_norm=_numbers(h), c_norm=_numbers(c), h_drift=float(h_drift[layer]), c_drift=float(c_drift[layer]))
        for layer, (h, c) in enumerate(zip(found.h_norms, found.c_norms, strict=True))
    ]


def _numbers(values: NDArray[np.float64]) -> list[float]:
    """Return the values rounded to six digits, which makes the file a third as large."""
    return [float(f"{value:.6g}") for value in values.tolist()]
