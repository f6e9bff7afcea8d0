"""The checked inputs of a generation, from the options of the library."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.choices import OnUnknown
from charlstm.config import build
from charlstm.errors import CharlstmError, ConfigError, check_instance, check_integer, suggestion
from charlstm.formatting import counted
from charlstm.inference.constraints.lines import NEWLINE
from charlstm.inference.constraints.text_constraint import TextConstraint
from charlstm.inference.generation_settings import LARGEST_RANDOM_SEED, GenerationOptions, GenerationSettings
from charlstm.inference.memory_checks import check_generation
from charlstm.inference.memory_footprint import Particles
from charlstm.inference.stop_rules import StopRules
from charlstm.text.known_text import known_text
from charlstm.text.vocabulary import Vocabulary, quoted

MOST_LOGPROBS = 100
"""Likeliest characters to report for each character, at most."""


@dataclass(frozen=True)
class GenerationInputs:
    """The inputs of a generation, checked.

    Attributes:
        seeds: The texts to continue, in the characters of the model.
        with_seed: True if each text begins with its seed.
        random_seeds: One for each text that continues the same seed.
        stops: Rules that end a text before its maximum length.
        settings: The other settings.
        logprobs: Number of likeliest characters to report for each character; None to report no log-probabilities.
        constraints: Constraints on the texts of each seed; empty if they are free.
    """

    seeds: tuple[str, ...]
    with_seed: bool
    random_seeds: range
    stops: StopRules
    settings: GenerationSettings
    logprobs: int | None = None
    constraints: tuple[TextConstraint, ...] = ()

    @property
    def particles(self) -> Particles:
        """The particles of each text."""
        return Particles.of(self.settings.rows, self.constraints)

    def opening(self, seed: str) -> str:
        """Return what a text that continues a seed begins with: the seed, or nothing."""
        return seed if self.with_seed else ""


def generation_inputs(
    config: CheckpointConfig,
    seed: str | Sequence[str] | None,
    samples: int,
    logprobs: int | None = None,
    /,
    **options: Unpack[GenerationOptions],
) -> GenerationInputs:
    """Check the options of a generation.

    Args:
        config: The checkpoint's configuration.
        seed: The text to continue, or several; a passage of the corpus if None.
        samples: Number of texts for each of them.
        logprobs: Number of likeliest characters to report for each character; None to report no log-probabilities.
        **options: See :class:`GenerationOptions`; the random seed is 0 by default.

    Raises:
        CharlstmError: If an option is invalid, the model does not know a character of the seed or of a stop string, or
            memory is too small.
    """
    known = list(GenerationOptions.__annotations__)
    if unknown := next((name for name in options if name not in known), None):
        raise ConfigError(f"there is no setting {unknown!r}{suggestion(unknown, known)}; there are {', '.join(known)}")
    given: dict[str, Any] = {name: plain(value) for name, value in options.items()}
    stop, on_unknown, with_seed = given.pop("stop", None), given.pop("on_unknown", "error"), given.pop("with_seed", None)
    settings = build(GenerationSettings, given)
    samples = check_integer("samples", samples, 1)
    check_instance("with_seed", with_seed, bool | None, "True, False or None")
    if logprobs is not None:
        logprobs = check_integer("logprobs", logprobs, 0, MOST_LOGPROBS)
    if seed is None:
        seeds = [default_seed(config, settings.random_seed, whole_lines=settings.acrostic is not None)]
    elif isinstance(seed, str):
        seeds = [known_seed(config.vocabulary, seed, on_unknown)]
    else:
        seeds = [known_seed(config.vocabulary, each, on_unknown) for each in several(seed)]
    stops = settings.stop_rules(config.vocabulary, [known_stop(config.vocabulary, each) for each in _strings(stop)])
    config = replace(config, model=settings.reads(config.model))
    constraints = settings.constraints_of(config.vocabulary, seeds, stops)
    check_generation(
        config,
        samples,
        stops.most(settings.length),
        settings.mode,
        settings.sampling,
        logprobs=logprobs,
        particles=Particles.of(settings.rows, constraints),
    )
    return GenerationInputs(
        seeds=tuple(seeds),
        with_seed=seed is not None if with_seed is None else with_seed,
        random_seeds=consecutive_seeds(settings.random_seed, samples),
        stops=stops,
        settings=settings,
        logprobs=logprobs,
        constraints=constraints,
    )


def several(seeds: Any) -> Sequence[str]:
    """Return several seeds.

    Raises:
        ConfigError: If it is empty or not a sequence of strings.
    """
    if not isinstance(seeds, Sequence) or not seeds or not all(isinstance(each, str) for each in seeds):
        raise ConfigError(setting="seed", expected="a string, or several", found=seeds)
    return seeds


def known_seed(vocabulary: Vocabulary, text: str, on_unknown: OnUnknown) -> str:
    """Return a seed in the characters of a model.

    Raises:
        CharlstmError: If it is empty, or the model does not know one of its characters.
    """
    known = known_text(vocabulary, text, on_unknown, "seed")
    if not known:
        raise CharlstmError(
            f"the seed is empty{' without its unknown characters' if text else ''}; give at least one character that the model "
            "knows as `seed`, or leave it out for a passage of the corpus"
        )
    vocabulary.encode(known)  # refuses unknown characters
    return known


def consecutive_seeds(first: int, samples: int) -> range:
    """Return the random seeds of several texts.

    Raises:
        ConfigError: If the last one is greater than a text alone could have.
    """
    if first + samples - 1 > LARGEST_RANDOM_SEED:
        most = LARGEST_RANDOM_SEED - samples + 1
        raise ConfigError(setting="random_seed", expected=f"at most {most:,} for {counted(samples, 'sample')}", found=first)
    return range(first, first + samples)


def default_seed(config: CheckpointConfig, random_seed: int, *, whole_lines: bool = False) -> str:
    """Return the passage of the corpus to continue if no seed is given; with ``whole_lines``, it ends with a line end."""
    passage = config.corpus.windows[random_seed % len(config.corpus.windows)]
    if not whole_lines or NEWLINE not in config.vocabulary.characters:
        return passage
    return passage[: passage.rfind(NEWLINE) + 1] or passage + NEWLINE


def known_stop(vocabulary: Vocabulary, text: str) -> str:
    """Return a stop string in the characters of a model.

    Raises:
        CharlstmError: If it is empty, or the model can never generate it.
    """
    known = known_text(vocabulary, text, setting="stop")
    if not known:
        raise ConfigError(setting="stop", expected="at least one character", found=text)
    if unknown := vocabulary.unknown(known):
        raise CharlstmError(
            f"the model can never generate {known!r}, since it does not know {quoted(unknown)}; give `stop` a string of "
            "characters that it knows, or leave it out"
        )
    return known


def _strings(stop: Any) -> Sequence[str]:
    """Return the stop strings of an option.

    Raises:
        ConfigError: If it is neither a string nor a sequence of strings.
    """
    strings = () if stop is None else (stop,) if isinstance(stop, str) else stop
    if not isinstance(strings, Sequence) or not all(isinstance(each, str) for each in strings):
        raise ConfigError(setting="stop", expected="a string, or several", found=stop)
    return strings


def plain(value: Any) -> Any:
    """Return numbers of NumPy as those of Python, also in a list or a tuple, an array as a list, and other values unchanged."""
    if isinstance(value, list | tuple):
        return [plain(each) for each in value] if isinstance(value, list) else tuple(map(plain, value))
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
