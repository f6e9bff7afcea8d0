"""The settings that a user chose: what they replace, and how they are called on the command line."""

from collections.abc import Mapping
from typing import Any

from charlstm.errors import ConfigError

FREE = frozenset({"epochs", "minutes", "patience", "save_every"})
"""What may be another in a resumed training, and what only the chief of several workers needs to know."""


def check_budget(given: Mapping[str, Any]) -> None:
    """Refuse two budgets.

    Raises:
        ConfigError: If both epochs and minutes are given.
    """
    if "epochs" in given and "minutes" in given:
        raise ConfigError("a training ends after --epochs or after --minutes; give one of them")


def budget_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The user's budget, which replaces both of a recipe; empty if none is given.

    >>> budget_of({"minutes": 3, "units": (8,)})
    {'epochs': None, 'minutes': 3}
    """
    budget = {key: given[key] for key in ("epochs", "minutes") if key in given}
    return {"epochs": None, "minutes": None, **budget} if budget else {}


def flag(setting: str) -> str:
    """The option that sets it.

    >>> flag("batch_size")
    '--batch-size'
    """
    return "--" + setting.replace("_", "-")
