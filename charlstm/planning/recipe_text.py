"""The recipe of a training, printed from its checkpoint; :mod:`charlstm.planning.recipe_file` reads it again."""

from collections.abc import Sequence

from charlstm import __version__
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import HistoryEntry, best_score
from charlstm.config import setting_name, to_dict
from charlstm.errors import CheckpointError, ConfigError, short_repr
from charlstm.formatting import bits, decimal
from charlstm.planning.recipe_file import NONE
from charlstm.planning.unused_settings import check_unused_settings


def recipe_text(name: str, config: CheckpointConfig, history: Sequence[HistoryEntry]) -> str:
    """Return a recipe with every setting of a training that has an effect.

    Args:
        name: Name of the checkpoint.
        config: Its configuration.
        history: Its evaluations.

    Raises:
        CheckpointError: If the model was imported, so that no training is known.
    """
    if config.imported is not None:
        raise CheckpointError(
            f"{name} was imported from {config.imported}, and the settings of its training are not known; train it further "
            f"with `base={name!r}`, and print the recipe of that training"
        )
    lines = [*(f"# {line}" for line in _header(name, config, history)), ""]
    lines += [f"min_count = {_toml(_min_count(config))}"]
    for record in (config.model, config.training):
        lines += [
            f"{setting_name(field)} = {_toml(value)}"
            for field, value in to_dict(record).items()
            if field != "vocabulary_size" and _has_effect(field, value, config)
        ]
    return "\n".join(lines) + "\n"


def _header(name: str, config: CheckpointConfig, history: Sequence[HistoryEntry]) -> list[str]:
    corpus, best = config.corpus, best_score(history)
    lines = [f"Recipe of {_one_line(name)}, printed by charlstm {__version__}."]
    if best is not None and best.nats_per_char is not None:
        lines.append(f"Score: {decimal(bits(best.nats_per_char), 4)} bits per character (epoch {best.epoch:.1f}).")
    lines.append(f"Text: {_one_line(corpus.name)}, {corpus.characters:,} characters, SHA-256 {corpus.fingerprint[:12]}…")
    if (own := config.validation_text) is not None:
        unknown = "" if own.on_unknown == "error" else f", unknown characters: {own.on_unknown}"
        lines.append(
            f"Validation text: {_one_line(own.name)}, {own.characters:,} characters{unknown}, SHA-256 {own.fingerprint[:12]}…"
        )
    if config.bases:
        lines.append(f"Fine-tuned from {_one_line(config.bases[-1].name)}: name it as the base to train this again.")
    if config.training.minutes is not None:
        lines.append("A budget in minutes depends on the clock: only one in epochs gives the same weights again.")
    return lines


def _min_count(config: CheckpointConfig) -> int | str:
    """Return the setting with which the same characters are learned; ``auto`` for a fine-tuned model with rare ones."""
    rare = config.vocabulary.rare
    if rare is None:
        return 1
    return "auto" if config.bases else max(rare.counts, default=0) + 1


def _has_effect(field: str, value: object, config: CheckpointConfig) -> bool:
    """Return whether a setting changes this training, if its text is scored."""
    try:
        check_unused_settings({field: value}, config.model, config.training, held_out=2)
    except ConfigError:
        return False
    return True


def _one_line(name: str) -> str:
    return short_repr(name)[1:-1] if not name.isprintable() or len(name) > 80 else name


def _toml(value: object) -> str:
    r"""Return a value in TOML; None as "none".

    >>> _toml((256, 128)), _toml(True), _toml(0.1), _toml(None), _toml('a"\n')
    ('[256, 128]', 'true', '0.1', '"none"', '"a\\U00000022\\U0000000a"')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    plain = (each if " " <= each <= "~" and each not in '"\\' else f"\\U{ord(each):08x}" for each in str(value or NONE))
    return f'"{"".join(plain)}"'
