"""Stateless and stateful generation of one model, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from charlstm.config import Mode
from charlstm.evaluation.divergence import TextDivergence, divergence_along, divergence_cost
from charlstm.evaluation.evaluation_texts import EvaluationText, EvaluationTexts
from charlstm.evaluation.scores import Scores, context_lengths, evaluate, sampled_starts
from charlstm.evaluation.scores import scoring_work as evaluation_work
from charlstm.evaluation.surprisal import Progress, step_cost
from charlstm.evaluation.text_statistics import TextStatistics, text_statistics
from charlstm.evaluation.timed_generation import GenerationTask, TimedText, TimingEnvironment, generate_timed
from charlstm.inference.network import Network
from charlstm.text.vocabulary import Vocabulary

MAX_DIVERGENCE_CHARACTERS = 1_000
"""Characters of the text along which both modes are followed."""

MODES: tuple[Mode, Mode] = ("stateless", "stateful")


@dataclass(frozen=True)
class ComparisonSettings:
    """How much to measure.

    Attributes:
        sample: Characters that are counted with a window.
        random_seed: Of that sample.
        windows: Others than the model's own to write with.
    """

    sample: int
    random_seed: int
    windows: tuple[int, ...]

    def contexts(self, window: int) -> list[int]:
        """Numbers of characters before each that the evaluation tries, for a model of this window."""
        return context_lengths(window, self.windows)


@dataclass(frozen=True)
class Comparison:
    """What the two modes make of the same seed, the same noise and the same text.

    Attributes:
        task: What was written.
        window: The model's own.
        texts: Of each mode, with what the writing cost.
        measures: Of each mode's text.
        first_difference: Place in the texts of the first character that differs; None if they are the same.
        measured: The text that the model was measured on; None if there was none.
        evaluation: On that text.
        expected: Measures of its beginning, as long as the texts: what to expect of what people write.
        followed: The text along which both modes were followed.
        along: What was found.
        sweep: The same text written stateless with other windows.
    """

    task: GenerationTask
    window: int
    texts: Mapping[Mode, TimedText]
    measures: Mapping[Mode, TextStatistics]
    first_difference: int | None
    measured: EvaluationText | None
    evaluation: Scores | None
    expected: TextStatistics | None
    followed: str
    along: TextDivergence
    sweep: Mapping[int, TimedText]


def first_difference(one: str, other: str) -> int | None:
    """The first place where two texts differ, be it that one has ended; None if they are the same.

    >>> first_difference("river", "rivet"), first_difference("ferry", "ferry")
    (4, None)
    """
    if one == other:
        return None
    same = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(same, min(len(one), len(other)))


def compare(
    network: Network,
    vocabulary: Vocabulary,
    task: GenerationTask,
    texts: EvaluationTexts,
    plan: ComparisonSettings,
    machine: TimingEnvironment,
    progress: Progress = lambda _: None,
) -> Comparison:
    """Compare the modes.

    Args:
        network: The model.
        vocabulary: Its characters.
        task: What to write.
        texts: What to measure with; without a text to measure on nothing is said of quality, and the stateful text is the
            one that both modes are followed along.
        plan: How much to measure.
        machine: Where.
        progress: Told how much more is done, of :func:`comparison_work`.
    """
    by_mode: dict[Mode, TimedText] = {}
    for mode in MODES:
        generate_timed(network, vocabulary, replace(task, length=1), mode, machine)  # the first time anything is slower
        by_mode[mode] = generate_timed(network, vocabulary, task, mode, machine)
        progress(_writing_cost(task, network.config.seq_len if mode == "stateless" else 1))
    sweep = {}
    for window in plan.windows:
        sweep[window] = generate_timed(network, vocabulary, task, "stateless", machine, window)
        progress(_writing_cost(task, window))
    counted = {mode: text_statistics(each.text, vocabulary, texts.learnt) for mode, each in by_mode.items()}
    evaluation = expected = None
    followed = task.seed + by_mode["stateful"].text
    if texts.measured:
        ids = texts.measured.ids
        starts = sampled_starts(len(ids), plan.sample, plan.random_seed)
        naming = vocabulary.naming_nats(ids)
        evaluation = evaluate(network, ids, starts, plan.contexts(network.config.seq_len), progress, naming)
        expected = text_statistics(vocabulary.decode(ids[: task.length]), vocabulary, texts.learnt)
        followed = vocabulary.decode(ids[:MAX_DIVERGENCE_CHARACTERS])
    followed_ids = vocabulary.encode_any(followed)
    return Comparison(
        task,
        network.config.seq_len,
        by_mode,
        counted,
        first_difference(*(by_mode[mode].text for mode in MODES)),
        texts.measured,
        evaluation,
        expected,
        followed,
        divergence_along(network, followed_ids, progress, vocabulary.naming_nats(followed_ids)),
        sweep,
    )


def comparison_work(plan: ComparisonSettings, task: GenerationTask, texts: EvaluationTexts, network: Network) -> float:
    """Return about the work of :func:`compare`, in steps of a single row."""
    window = network.config.seq_len
    writing = sum(_writing_cost(task, rows) for rows in (1, window, *plan.windows))
    if texts.measured is None:
        return writing + (len(task.seed) + task.length - 1) * divergence_cost(window)
    ids, vocabulary_size = texts.measured.ids, network.config.vocabulary_size
    scoring = evaluation_work(ids, min(plan.sample, len(ids) - 1), plan.contexts(window), vocabulary_size)
    return writing + scoring + (min(MAX_DIVERGENCE_CHARACTERS, len(ids)) - 1) * divergence_cost(window)


def _writing_cost(task: GenerationTask, rows: int) -> float:
    return (len(task.seed) + task.length) * step_cost(rows)
