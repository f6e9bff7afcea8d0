"""The settings of the texts of ``generate --output``, which are stored beside the file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charlstm.cli.flags import flag
from charlstm.errors import CharlstmError, clip_text, short_repr

if TYPE_CHECKING:
    from charlstm.inference.generation_inputs import GenerationInputs


@dataclass(frozen=True)
class StoredSettings:
    """The settings that determine the texts of a file.

    Attributes:
        random_seed: Random seed of the first text.
        samples: Number of texts.
        values: All settings, these two among them, as JSON values.
        sha256: Recorded SHA-256 of the finished file; None before.
    """

    random_seed: int
    samples: int
    values: Mapping[str, object]
    sha256: str | None = None


def stored_values(inputs: "GenerationInputs", weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that the texts of a generation depend on, as JSON values.

    Args:
        inputs: The inputs of the generation.
        weights: The weights of the model.
    """
    from charlstm.checkpoint.weights import weights_digest

    words = inputs.settings.words
    several = {"seeds": len(inputs.seeds)} if len(inputs.seeds) > 1 else {}
    return {
        **asdict(inputs.settings),
        "model": weights_digest(weights),
        "seed": sha256("\n".join(inputs.seeds).encode()).hexdigest(),
        "samples": len(inputs.random_seeds),
        "stop": list(inputs.stops.strings),
        **({} if words is None else {"words": sha256("\n".join(words).encode()).hexdigest()}),
        **several,
    }


def stored_settings(path: Path) -> StoredSettings | None:
    """Return the stored settings of a file's texts; None if there is no such file, or no settings beside it."""
    from charlstm.checkpoint.json_files import parse_json, read_bounded

    notes = [note for note in (unfinished_path(path), finished_path(path)) if note.exists()]
    if not (path.exists() and notes):
        return None
    try:
        settings = parse_json(read_bounded(notes[0]))
    except (ValueError, RecursionError, CharlstmError):
        settings = None
    if not isinstance(settings, dict) or not all(type(settings.get(name)) is int for name in ("random_seed", "samples")):
        raise CharlstmError(f"{notes[0]} is damaged; remove it together with {path}, or choose another --output")
    digest = settings.pop("sha256", None)
    return StoredSettings(settings["random_seed"], settings["samples"], settings, digest)


def is_finished(path: Path) -> bool:
    """Return whether a file exists in which nothing is left to write."""
    return path.exists() and not unfinished_path(path).exists()


def unfinished_path(path: Path) -> Path:
    """Return the file beside an unfinished one that stores its settings."""
    return path.with_name(path.name + ".unfinished")


def finished_path(path: Path) -> Path:
    """Return the file beside a finished one that stores its settings."""
    return path.with_name(path.name + ".settings")


_UNPRINTED = {"model": "another model", "seed": "another seed", "seeds": "another number of seeds", "words": "other words"}
"""Settings whose values are digests."""


def difference(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Return the first setting that differs, with both values; an empty string if none does.

    A setting that the stored ones lack did not exist when the file was begun, which is the same as its default.

    >>> difference({"samples": 3, "stop": []}, {"samples": 2, "stop": []}), difference({"seed": "1f"}, {"seed": "2e"})
    ('--samples 3 (now 2)', 'another seed')
    """
    from charlstm.inference.generation_settings import GenerationSettings

    defaults = asdict(GenerationSettings())
    for key in sorted(before.keys() | now.keys()):
        stored, wanted = before.get(key, defaults.get(key)), now.get(key)
        if stored != wanted:
            return _UNPRINTED.get(key) or f"{flag(key)} {shown_value(stored)} (now {shown_value(wanted)})"
    return ""


def shown_value(value: object) -> str:
    """Return a value in the form that its option takes.

    >>> shown_value(0.8), shown_value("stateful"), shown_value([]), shown_value(["e", "end"])
    ('0.8', 'stateful', 'none', "'e', 'end'")
    """
    if isinstance(value, list):
        return short_repr(value)[1:-1] or "none"
    return "none" if value is None else clip_text(str(value), 80)
