"""Comparing both modes from Python: :func:`compare`."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from charlstm.choices import DEFAULT_TEMPERATURE
from charlstm.config import build
from charlstm.errors import ConfigError, CorpusError
from charlstm.evaluation import comparison
from charlstm.evaluation.comparison import ComparisonSettings, longest_context
from charlstm.evaluation.evaluation_texts import EvaluationText, EvaluationTexts, evaluation_texts
from charlstm.evaluation.surprisal import Progress
from charlstm.evaluation.timed_generation import GenerationTask, TimingEnvironment
from charlstm.inference.finite import check_record
from charlstm.inference.generation_settings import GenerationSettings
from charlstm.model import Model
from charlstm.report.notebook import comparison_html
from charlstm.report.records import comparison_result
from charlstm.results.comparison import ComparisonResult

LARGEST_WINDOW = 10_000
"""Largest window in characters. A larger one would need gigabytes for its states."""


class Comparison(ComparisonResult, frozen=True, kw_only=True):
    """Stateless and stateful generation of one model, compared; a notebook shows it as a card."""

    def _repr_html_(self) -> str:
        return comparison_html(self)


def compare(
    model: Model,
    seed: str | None = None,
    *,
    text: str | None = None,
    length: int = 500,
    temperature: float = DEFAULT_TEMPERATURE,
    random_seed: int = 0,
    windows: Sequence[int] = (),
    sample: int = 1_000,
    corpus: str | Path | Sequence[str | Path] = (),
) -> Comparison:
    """Generate a text in both modes with the same noise, and compare their quality and cost.

    Args:
        model: The model.
        seed: The text to continue; a passage of the corpus if None.
        text: The text to score; the held-out end of the corpus if None.
        length: Number of characters to generate.
        temperature: Sampling temperature.
        random_seed: Random seed of the noise and of the sampled positions.
        windows: Further windows to generate with, in characters.
        sample: Number of positions that are scored with a window each.
        corpus: Files of the corpus, if it has moved. Without it the held-out text is not found, and quality is not measured.

    Raises:
        CharlstmError: If an argument is invalid, or the model does not know a character of ``seed`` or ``text``.
    """
    if not isinstance(model, Model):
        raise ConfigError(setting="model", expected="a Model, from load or train", found=model)
    if length == 0:
        raise ConfigError(setting="length", expected="an integer of at least 1", found=length)
    chosen = build(GenerationSettings, {"length": length, "temperature": temperature, "random_seed": random_seed})
    if sample < 2:
        raise ConfigError(setting="sample", expected="an integer of at least 2", found=sample)
    if not all(0 < window <= LARGEST_WINDOW for window in windows):
        raise ConfigError(setting="windows", expected=f"integers from 1 to {LARGEST_WINDOW:,}", found=tuple(windows))
    start = model.default_seed(random_seed) if seed is None else model.known_text(seed)
    model.vocabulary.encode(start)
    measured = None
    if text is not None:
        ids = model.vocabulary.encode_any(text if model.vocabulary.rare else model.known_text(text))
        if len(ids) < 2:
            raise CorpusError(f"the text to score has {len(ids)} characters; at least two are needed")
        measured = EvaluationText("the given text", ids)
    paths = [corpus] if isinstance(corpus, str | Path) else corpus
    texts = evaluation_texts(model.path, model.checkpoint, measured, [str(path) for path in paths])
    task = GenerationTask(start, length, random_seed, chosen.sampling)
    if (most := longest_context(task, texts)) < max(windows, default=0):
        raise ConfigError(setting="windows", expected=f"integers of at most {most:,} for these texts", found=tuple(windows))
    settings = comparison_settings(model, sample, random_seed, windows)
    return comparison_of(model.name, run_comparison(model, task, texts, settings))


def comparison_settings(model: Model, sample: int, random_seed: int, windows: Sequence[int]) -> ComparisonSettings:
    """Return the settings of a comparison; the model's own window is always used, and not one of the others."""
    return ComparisonSettings(sample, random_seed, tuple(sorted({*windows} - {model.config.seq_len})))


def run_comparison(
    model: Model,
    task: GenerationTask,
    texts: EvaluationTexts,
    settings: ComparisonSettings,
    machine: TimingEnvironment | None = None,
    progress: Progress = lambda _: None,
) -> comparison.Comparison:
    """Compare the modes of a model with texts that are read and checked.

    Args:
        model: The model.
        task: The text to generate.
        texts: The texts to score and to compare with.
        settings: The settings of the comparison.
        machine: The clock, and the threads that generation uses; by default all of the process's.
        progress: Called with the work done since its last call.
    """
    machine = machine or TimingEnvironment(time.perf_counter, lambda *_: nullcontext())
    return comparison.compare(model.network, model.vocabulary, task, texts, settings, machine, progress)


def comparison_of(name: str, found: comparison.Comparison) -> Comparison:
    """Return the result of a comparison of the model of a name.

    Raises:
        CheckpointError: If a number is infinite or NaN.
    """
    result = comparison_result(name, found)
    check_record(result.to_dict())
    return Comparison(**{field: getattr(result, field) for field in result.__struct_fields__})
