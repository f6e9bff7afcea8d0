"""The checked inputs of a generation, from the options of the library."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.config import build
from charlstm.errors import CharlstmError, ConfigError, check_instance, check_integer, suggestion
from charlstm.inference.generation_settings import GenerationOptions, GenerationSettings
from charlstm.inference.memory_checks import check_generation
from charlstm.inference.stop_rules import StopRules
from charlstm.text.known_text import known_text
from charlstm.text.vocabulary import Vocabulary, quoted


@dataclass(frozen=True)
class GenerationInputs:
    """The inputs of a generation, checked.

    Attributes:
        seed: The text to continue, in the characters of the model.
        opening: What each text begins with: the seed, or nothing.
        random_seeds: One for each text.
        stops: What ends a text before its maximum length.
        settings: The other settings.
    """

    seed: str
    opening: str
    random_seeds: range
    stops: StopRules
    settings: GenerationSettings


def generation_inputs(
    config: CheckpointConfig, seed: str | None, samples: int, /, **options: Unpack[GenerationOptions]
) -> GenerationInputs:
    """Check the options of a generation.

    Args:
        config: The checkpoint's configuration.
        seed: The text to continue; a passage of the corpus if None.
        samples: Number of texts.
        **options: See :class:`GenerationOptions`; the random seed is 0 by default.

    Raises:
        CharlstmError: If an option is invalid, the model does not know a character of the seed or of a stop string, or the
            memory does not suffice.
    """
    known = list(GenerationOptions.__annotations__)
    if unknown := next((name for name in options if name not in known), None):
        raise ConfigError(f"there is no setting {unknown!r}{suggestion(unknown, known)}; there are {', '.join(known)}")
    given: dict[str, Any] = {name: plain(value) for name, value in options.items()}
    stop, on_unknown, with_seed = given.pop("stop", None), given.pop("on_unknown", "error"), given.pop("with_seed", None)
    settings = build(GenerationSettings, given)
    samples = check_integer("samples", samples, 1)
    check_instance("with_seed", with_seed, bool | None, "True, False or None")
    if seed is None:
        text = default_seed(config, settings.random_seed)
    elif not (text := known_text(config.vocabulary, seed, on_unknown, "seed")):
        raise CharlstmError(
            f"the seed is empty{' without its unknown characters' if seed else ''}; give at least one character that the model "
            "knows as `seed`, or leave it out for a passage of the corpus"
        )
    config.vocabulary.encode(text)  # refuses unknown characters
    stops = settings.stop_rules([known_stop(config.vocabulary, each) for each in _strings(stop)])
    config = replace(config, model=settings.reads(config.model))
    check_generation(config, samples, stops.most(settings.length), settings.mode, settings.sampling)
    return GenerationInputs(
        seed=text,
        opening=text if (seed is not None if with_seed is None else with_seed) else "",
        random_seeds=range(settings.random_seed, settings.random_seed + samples),
        stops=stops,
        settings=settings,
    )


def default_seed(config: CheckpointConfig, random_seed: int) -> str:
    """Return the passage of the corpus to continue if no seed is given."""
    return config.corpus.windows[random_seed % len(config.corpus.windows)]


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
    """Return a number of NumPy as one of Python, and any other value unchanged."""
    return value.item() if isinstance(value, np.generic) else value
