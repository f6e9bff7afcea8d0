"""Stateless and stateful generation of one model, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from charlstm.analysis.along import Along, along, along_cost
from charlstm.analysis.evaluation import Evaluation, context_lengths, evaluate, sampled_starts
from charlstm.analysis.evaluation import work as evaluation_work
from charlstm.analysis.measures import Measures, measures
from charlstm.analysis.surprise import Progress, step_cost
from charlstm.analysis.texts import Measured, Texts
from charlstm.analysis.writing import Machine, Task, Written, written
from charlstm.config import Mode
from charlstm.inference.network import Network
from charlstm.text.vocabulary import Vocabulary

ALONG = 1_000
"""Characters of the text along which both modes are followed."""

MODES: tuple[Mode, Mode] = ("stateless", "stateful")


@dataclass(frozen=True)
class Plan:
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

    task: Task
    window: int
    texts: Mapping[Mode, Written]
    measures: Mapping[Mode, Measures]
    first_difference: int | None
    measured: Measured | None
    evaluation: Evaluation | None
    expected: Measures | None
    followed: str
    along: Along
    sweep: Mapping[int, Written]


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
    task: Task,
    texts: Texts,
    plan: Plan,
    machine: Machine,
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
        progress: Told how much more is done, of :func:`work`.
    """
    by_mode: dict[Mode, Written] = {}
    for mode in MODES:
        written(network, vocabulary, replace(task, length=1), mode, machine)  # the first time anything is slower
        by_mode[mode] = written(network, vocabulary, task, mode, machine)
        progress(_writing_cost(task, network.config.seq_len if mode == "stateless" else 1))
    sweep = {}
    for window in plan.windows:
        sweep[window] = written(network, vocabulary, task, "stateless", machine, window)
        progress(_writing_cost(task, window))
    counted = {mode: measures(each.text, vocabulary, texts.learnt) for mode, each in by_mode.items()}
    evaluation = expected = None
    followed = task.seed + by_mode["stateful"].text
    if texts.measured:
        ids = texts.measured.ids
        starts = sampled_starts(len(ids), plan.sample, plan.random_seed)
        naming = vocabulary.naming_nats(ids)
        evaluation = evaluate(network, ids, starts, plan.contexts(network.config.seq_len), progress, naming)
        expected = measures(vocabulary.decode(ids[: task.length]), vocabulary, texts.learnt)
        followed = vocabulary.decode(ids[:ALONG])
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
        along(network, followed_ids, progress, vocabulary.naming_nats(followed_ids)),
        sweep,
    )


def work(plan: Plan, task: Task, texts: Texts, network: Network) -> float:
    """Return about the work of :func:`compare`, in steps of a single row."""
    window = network.config.seq_len
    writing = sum(_writing_cost(task, rows) for rows in (1, window, *plan.windows))
    if texts.measured is None:
        return writing + (len(task.seed) + task.length - 1) * along_cost(window)
    ids, vocabulary_size = texts.measured.ids, network.config.vocabulary_size
    scoring = evaluation_work(ids, min(plan.sample, len(ids) - 1), plan.contexts(window), vocabulary_size)
    return writing + scoring + (min(ALONG, len(ids)) - 1) * along_cost(window)


def _writing_cost(task: Task, rows: int) -> float:
    return (len(task.seed) + task.length) * step_cost(rows)
