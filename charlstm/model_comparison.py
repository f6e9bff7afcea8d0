"""Comparing both modes from Python: :func:`compare`."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from charlstm.choices import DEFAULT_TEMPERATURE, OnUnknown
from charlstm.config import build
from charlstm.errors import ConfigError, check_instance, check_integer
from charlstm.evaluation import comparison
from charlstm.evaluation.comparison import ComparisonSettings, longest_context
from charlstm.evaluation.evaluation_texts import EvaluationText, EvaluationTexts, evaluation_texts
from charlstm.evaluation.surprisal import Progress
from charlstm.evaluation.timed_generation import GenerationTask, TimingEnvironment
from charlstm.inference.finite import check_record
from charlstm.inference.generation_inputs import generation_inputs, plain
from charlstm.inference.generation_settings import LARGEST_WINDOW, GenerationSettings
from charlstm.model import Model
from charlstm.report.notebook import comparison_html
from charlstm.report.records import comparison_result
from charlstm.results.comparison import ComparisonResult
from charlstm.text.known_text import known_ids
from charlstm.text.sources import source_list


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
    on_unknown: OnUnknown = "error",
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
        on_unknown: Action for characters that the model does not know: ``error``, ``skip`` or ``replace``.

    Raises:
        CharlstmError: If an argument is invalid, or the model does not know a character of ``seed`` or ``text``.
    """
    check_instance("model", model, Model, "a Model, from load or train")
    length, sample = check_integer("length", length, 1), check_integer("sample", sample, 2)
    random_seed = check_integer("random_seed", random_seed, 0, 2**63 - 1)
    given = {"length": length, "temperature": plain(temperature), "random_seed": random_seed}
    chosen = build(GenerationSettings, given)
    check_instance("windows", windows, list | tuple | range | np.ndarray, "a list of integers")
    windows = [check_integer("windows", window, 1, LARGEST_WINDOW) for window in windows]
    start = generation_inputs(model.checkpoint, seed, 1, random_seed=chosen.random_seed, on_unknown=on_unknown).seeds[0]
    measured = None if text is None else EvaluationText("the given text", known_ids(model.vocabulary, text, on_unknown))
    files = source_list(corpus, "corpus", least=0)
    texts = evaluation_texts(model.path, model.recorded, measured, files, vocabulary=model.vocabulary, on_unknown=on_unknown)
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
