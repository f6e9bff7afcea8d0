"""Comparison of stateless and stateful generation of one model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from charlstm.choices import Mode
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
"""Characters of the text along which both modes are compared, at most."""

MODES: tuple[Mode, Mode] = ("stateless", "stateful")


@dataclass(frozen=True)
class ComparisonSettings:
    """Settings of a comparison.

    Attributes:
        sample: Number of characters that are scored with a window.
        random_seed: Random seed of that sample.
        windows: Windows to generate with besides the model's own.
    """

    sample: int
    random_seed: int
    windows: tuple[int, ...]

    def contexts(self, window: int, characters: int) -> list[int]:
        """Return the context lengths that the evaluation scores, for a model of this window and a text of some characters."""
        return context_lengths(window, characters, self.windows)


@dataclass(frozen=True)
class Comparison:
    """The results of both modes with the same seed text, the same noise and the same evaluation text.

    Attributes:
        task: The generation task.
        window: The model's own window in characters.
        texts: The generated text of each mode, with its cost.
        measures: Statistics of each generated text.
        first_difference: Position of the first character that differs; None if the texts are equal.
        measured: The evaluation text; None if there was none.
        evaluation: Scores on the evaluation text; None if there was none.
        expected: Statistics of the beginning of the evaluation text, as long as the generated texts. They show what to expect
            of text that people wrote.
        followed: The text along which both modes were compared.
        along: The divergence of the modes along that text.
        sweep: The stateless texts of the other windows, by window.
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


def longest_context(task: GenerationTask, texts: EvaluationTexts) -> int:
    """Return the most characters that a prediction can have read, in the generated text or in the evaluation text.

    A longer window would read no more than this.
    """
    return max(len(task.seed) + task.length - 1, len(texts.measured.ids) - 1 if texts.measured else 0)


def first_difference(one: str, other: str) -> int | None:
    """Return the first position where two texts differ or only one of them ends; None if they are equal.

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
    """Compare stateless with stateful generation.

    Args:
        network: The model.
        vocabulary: Its vocabulary.
        task: The text to generate.
        texts: The evaluation and training texts. Without an evaluation text quality is not measured, and the modes are
            compared along the stateful text.
        plan: The settings of the comparison.
        machine: The clock and the threads.
        progress: Called with the work done since its last call; the sum is :func:`comparison_work`.
    """
    by_mode: dict[Mode, TimedText] = {}
    for mode in MODES:
        generate_timed(network, vocabulary, replace(task, length=1), mode, machine)  # the first run of anything is slower
        by_mode[mode] = generate_timed(network, vocabulary, task, mode, machine)
        progress(_generation_cost(task, network.config.seq_len if mode == "stateless" else 1))
    sweep = {}
    for window in plan.windows:
        sweep[window] = generate_timed(network, vocabulary, task, "stateless", machine, window)
        progress(_generation_cost(task, window))
    counted = {mode: text_statistics(each.text, vocabulary, texts.learnt) for mode, each in by_mode.items()}
    evaluation = expected = None
    followed = task.seed + by_mode["stateful"].text
    if texts.measured:
        ids = texts.measured.ids
        starts = sampled_starts(len(ids), plan.sample, plan.random_seed)
        naming = vocabulary.naming_nats(ids)
        evaluation = evaluate(network, ids, starts, plan.contexts(network.config.seq_len, len(ids)), progress, naming)
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
    """Return the approximate work of :func:`compare`, in steps of a single row."""
    window = network.config.seq_len
    generation = sum(_generation_cost(task, rows) for rows in (1, window, *plan.windows))
    if texts.measured is None:
        return generation + (len(task.seed) + task.length - 1) * divergence_cost(window)
    ids, vocabulary_size = texts.measured.ids, network.config.vocabulary_size
    scoring = evaluation_work(ids, min(plan.sample, len(ids) - 1), plan.contexts(window, len(ids)), vocabulary_size)
    return generation + scoring + (min(MAX_DIVERGENCE_CHARACTERS, len(ids)) - 1) * divergence_cost(window)


def _generation_cost(task: GenerationTask, rows: int) -> float:
    return (len(task.seed) + task.length) * step_cost(rows)
