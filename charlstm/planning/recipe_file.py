"""Recipe files: the settings of a training in TOML, to repeat it or to share it.

A recipe is flat: ``units = [256, 256]``, ``dropout = 0.1``. ``"none"`` stands for the absence of a setting that may be absent,
such as ``patience``. Its settings are treated like those that a user gives one by one, which override them.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from charlstm.config import ModelConfig, TrainingConfig, build, setting_name
from charlstm.errors import ConfigError, check_choice, short_repr
from charlstm.planning.presets import Preset
from charlstm.planning.settings import field_of
from charlstm.planning.unused_settings import check_unused_settings

MOST_BYTES = 1 << 20
"""Longest recipe that is read; a printed one has about a kilobyte."""

NONE = "none"
"""Stands for the absence of a setting that may be absent."""

_ADVICE = "give a file of settings, such as a printed recipe"
_EXAMPLES = 'units = [256, 256], dropout = 0.1 or schedule = "cosine"'
_MODEL = frozenset(field.name for field in fields(ModelConfig))
_TRAINING = frozenset(field.name for field in fields(TrainingConfig))


@dataclass(frozen=True)
class Recipe:
    """The settings in a recipe file.

    Attributes:
        path: The file.
        preset: The preset of the settings that are not in it; None if it names none.
        settings: Its settings, by the names of the fields that hold them.
    """

    path: str
    preset: Preset | None
    settings: Mapping[str, object]

    def with_given(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return the settings of the recipe, overridden by those that the user gave; a given budget replaces the recipe's."""
        replaced = {"epochs", "minutes"} if given.keys() & {"epochs", "minutes"} else set()
        return {**{name: value for name, value in self.settings.items() if name not in replaced}, **given}


def read_recipe(path: str | Path) -> Recipe:
    """Read and check a recipe file; ``-`` is standard input.

    Raises:
        ConfigError: If it cannot be read, is not TOML, or has an unknown setting or an invalid value; the message names the
            file and the line.
    """
    name = "stdin" if str(path) == "-" else str(path)
    text = _read_text(path, name)
    if not text.strip():
        raise ConfigError(f"{name} is empty: the command that prints the recipe may have failed; {_ADVICE}")
    found = _settings_in(text, name)
    _check_names(found, text, name)
    preset: Preset | None = found.pop("preset", None)
    try:
        if preset is not None:
            check_choice("preset", preset, get_args(Preset))
        return Recipe(name, preset, _checked(found))
    except ConfigError as error:
        raise ConfigError(f"{_place(name, text, setting_name(error.setting or ''))}: {error}") from None


def _read_text(path: str | Path, name: str) -> str:
    if not name:
        raise ConfigError(f"the name of the recipe is empty; {_ADVICE}")
    try:
        with nullcontext(sys.stdin.buffer) if name == "stdin" else Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ConfigError(f"{name} has more than {MOST_BYTES:,} bytes and is not a recipe; {_ADVICE}")
        return content.decode("utf-8-sig")
    except IsADirectoryError:
        raise ConfigError(f"{name} is a folder, not a recipe; {_ADVICE}") from None
    except OSError as error:
        raise ConfigError(f"the recipe {name} cannot be read ({error.strerror}); {_ADVICE}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8; save it as UTF-8") from None
    except ValueError:  # a path with a null byte
        raise ConfigError(f"{short_repr(name)} cannot be the name of a recipe; {_ADVICE}") from None


def _settings_in(text: str, name: str) -> dict[str, Any]:
    """Return the settings in a text; an error names the line, in place of the words of the library."""
    lines = text.splitlines() or [""]
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{name} is not a recipe: its brackets are nested too deeply; {_ADVICE}") from None
    except ValueError as error:
        said = str(error)
        place = re.search(r"at line (\d+)", said)
        number = min(int(place[1]), len(lines)) if place else len(lines)
        line = lines[number - 1].strip()
    where = f"{name}, line {number}"
    if "overwrite" in said or "twice" in said:
        raise ConfigError(f"{where}: {short_repr(line)} gives again what an earlier line gives; leave one of them")
    raise ConfigError(f"{where}: {short_repr(line)} is not a setting with a value; write one such as {_EXAMPLES}")


def _place(name: str, text: str, setting: str) -> str:
    r"""Return the file and the line of a setting, or the file alone if the line is not found.

    >>> _place("r.toml", "# all\nunits = 8\n", "units")
    'r.toml, line 2'
    """
    wanted = re.compile(rf"""\s*\[*\s*["']?{re.escape(setting)}["']?\s*[]=.]""")
    numbers = (number for number, line in enumerate(text.splitlines(), start=1) if setting and wanted.match(line))
    number = next(numbers, None)
    return f"{name}, line {number}" if number else name


def _check_names(found: Mapping[str, Any], text: str, recipe: str) -> None:
    """Check that everything in a recipe is a setting, and nothing is grouped."""
    for name in found.keys() - {"preset"}:
        groups = found[name] if isinstance(found[name], list) else [found[name]]
        try:
            if any(isinstance(each, dict) for each in groups):
                sentence = f"a recipe has no headings or groups; found {short_repr(name)}"
                raise ConfigError(f"{sentence}; write each setting on a line of its own")
            field_of(name, further="; a printed recipe has all settings")
        except ConfigError as error:
            raise ConfigError(f"{_place(recipe, text, name)}: {error}") from None


def _checked(found: Mapping[str, Any]) -> dict[str, object]:
    """Return the settings of a recipe by their fields; check each as a setting that is given alone.

    Raises:
        ConfigError: If a value is invalid.
    """
    settings: dict[str, object] = {}
    for name, value in found.items():
        units = (value,) if name == "units" and type(value) is int else value
        optional = (field := field_of(name)) in _OPTIONAL
        settings[field] = None if optional and value == NONE else tuple(units) if isinstance(units, list) else units
    if settings.get("min_count", "auto") != "auto" and (type(least := settings["min_count"]) is not int or least < 1):
        raise ConfigError(setting="min_count", expected="auto or an integer of at least 1", found=least)
    build(ModelConfig, {"vocabulary_size": 2, **_part(settings, _MODEL)})
    build(
        TrainingConfig,
        {key: value for key, value in _part(settings, _TRAINING).items() if (key, value) != ("precision", "auto")},
    )
    return settings


def _part(settings: Mapping[str, object], names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name in names}


_OPTIONAL = frozenset(
    field.name for kind in (ModelConfig, TrainingConfig) for field in fields(kind) if type(None) in get_args(field.type)
)
"""Fields that may be None."""


def unused_in_recipe(
    recipe: Recipe, given: Mapping[str, object], model: ModelConfig, training: TrainingConfig, held_out: int
) -> tuple[str, ...]:
    """Return a note on each setting of a recipe that has no effect, for example because a given one has taken it.

    Args:
        recipe: The recipe.
        given: The settings that the user gave, which override it.
        model: The network, with these settings.
        training: The training, with these settings.
        held_out: Number of held-out characters.
    """
    notes = []
    for name in recipe.settings.keys() - given.keys():
        if recipe.settings[name] is not None:
            try:
                check_unused_settings({name: recipe.settings[name]}, model, training, held_out)
            except ConfigError as error:
                notes.append(f"{recipe.path}: {error}.")
    return tuple(sorted(notes))
