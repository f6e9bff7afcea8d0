"""Results as JSON records, from which pages and plots are also made."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.evaluation.comparison import Comparison
from charlstm.evaluation.divergence import TextDivergence, drift
from charlstm.evaluation.evaluation_texts import EvaluationText
from charlstm.evaluation.scores import Scores
from charlstm.evaluation.surprisal import Nats
from charlstm.evaluation.text_statistics import TextStatistics
from charlstm.evaluation.timed_generation import TimedText
from charlstm.formatting import bits
from charlstm.report.verdict import verdict

Record = dict[str, Any]


def score_record(nats: float) -> Record:
    """Return a mean surprisal in nats and bits per character."""
    return {"nats_per_char": nats, "bits_per_char": bits(nats)}


def score_records(evaluation: Scores) -> Record:
    """Return the scores of both modes, and the stateless scores by context length."""
    contexts = {context: _estimate(evaluation, context) for context in evaluation.costs}
    return {
        "modes": {"stateful": _estimate(evaluation, None), "stateless": contexts[evaluation.window]},
        "contexts": {str(context): estimate for context, estimate in contexts.items()},
    }


def _estimate(evaluation: Scores, context: int | None) -> Record:
    counted = evaluation.stateful if context is None else evaluation.costs[context]
    return {
        **score_record(evaluation.nats_per_char(context)),
        "standard_error_nats": evaluation.standard_error(context),
        "characters": len(counted),
    }


def trained_part_record(measured: EvaluationText) -> Record | None:
    """Return the record of the part of a text that the model was trained on; None if there is none."""
    found = measured.seen
    return {"model": found.model, "characters": found.characters} if found else None


def counts(measures: TextStatistics) -> Record:
    """Return the record of a text's statistics."""
    found = measures.novelty
    return {
        "characters_counted": measures.characters,
        "distinct_4_grams": measures.distinct_4_grams,
        "loop": measures.loop and {"period": measures.loop.period, "start": measures.loop.start},
        "new": found and {str(length): share for length, share in enumerate(found.new, start=1)},
        "longest_copy": found
        and found.longest
        and {
            "characters": found.longest.length,
            "text": measures.passage,
            "start": found.longest.start,
            "place": found.longest.place,
            "line": measures.line,
        },
    }


def surprisal_record(text: str, nats: Nats) -> Record:
    """Return the record of the surprisal of every character but the first."""
    return {"text": text, "nats": _numbers(nats)}


def comparison_record(checkpoint: str, comparison: Comparison) -> Record:
    """Return the record of a comparison.

    Args:
        checkpoint: Name of the checkpoint.
        comparison: The comparison.
    """
    task, evaluation = comparison.task, comparison.evaluation
    scored: Record = score_records(evaluation) if evaluation else {"modes": {}, "contexts": None}
    modes = {
        mode: {**_cost_record(written), **scored["modes"].get(mode, {}), **counts(comparison.measures[mode])}
        for mode, written in comparison.texts.items()
    }
    sweep = dict(sorted({**comparison.sweep, comparison.window: comparison.texts["stateless"]}.items()))
    return {
        "checkpoint": checkpoint,
        "seed": task.seed,
        "random_seed": task.random_seed,
        "temperature": task.sampling.temperature,
        "window": comparison.window,
        "verdict": verdict(comparison),
        "first_difference": comparison.first_difference,
        "modes": modes,
        "measured": comparison.measured
        and {
            "text": comparison.measured.name,
            "characters": len(comparison.measured.ids),
            "seen": trained_part_record(comparison.measured),
            "beginning": comparison.expected and counts(comparison.expected),
        },
        "contexts": scored["contexts"],
        "windows": {
            str(window): {**_cost_record(written), **((scored["contexts"] or {}).get(str(window), {}))}
            for window, written in sweep.items()
        },
        "along": {
            "source": _source(comparison),
            "begins": 0 if comparison.measured is None or comparison.measured.whole else beginning(comparison.followed),
            **_divergence_record(comparison.followed, comparison.along, comparison.window),
        },
    }


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


def _cost_record(written: TimedText) -> Record:
    return {
        "text": written.text,
        "characters_per_second": written.characters_per_second,
        "milliseconds_to_first_character": written.seconds_to_first * 1e3,
        "cell_steps_per_character": written.cell_steps,
        "state_bytes": written.state_bytes,
    }


def _divergence_record(text: str, found: TextDivergence, window: int) -> Record:
    drifts: Mapping[str, NDArray[np.float64]] = {"h": drift(found.h_norms, window), "c": drift(found.c_norms, window)}
    return {
        "text": text,
        "stateful_nats": _numbers(found.stateful),
        "stateless_nats": _numbers(found.stateless),
        "divergence_nats": _numbers(found.divergence),
        "layers": [
            {
                "h_norm": _numbers(h),
                "c_norm": _numbers(c),
                "h_drift": float(drifts["h"][layer]),
                "c_drift": float(drifts["c"][layer]),
            }
            for layer, (h, c) in enumerate(zip(found.h_norms, found.c_norms, strict=True))
        ],
    }


def _numbers(values: NDArray[np.float64]) -> list[float]:
    """Return the values rounded to six digits, which makes the file a third as large."""
    return [float(f"{value:.6g}") for value in values.tolist()]
