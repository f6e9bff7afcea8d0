"""Rules about the settings that a user chose: the budget, and what may change in a resumed run."""

from collections.abc import Mapping

from charlstm.errors import ConfigError

FREE = frozenset({"epochs", "minutes", "patience", "save_every"})
"""Settings that may change in a resumed run. Of several workers only the chief needs them."""


def check_budget(given: Mapping[str, object]) -> None:
    """Check that the settings contain at most one budget.

    Raises:
        ConfigError: If both epochs and minutes are given.
    """
    if "epochs" in given and "minutes" in given:
        raise ConfigError("a training ends after `epochs` or after `minutes`; give one of them")


def budget_of(given: Mapping[str, object]) -> dict[str, object]:
    """Return the user's budget, which replaces both limits of a recipe; empty if the user sets none.

    >>> budget_of({"minutes": 3, "units": (8,)})
    {'epochs': None, 'minutes': 3}
    """
    budget = {key: given[key] for key in ("epochs", "minutes") if key in given}
    return {"epochs": None, "minutes": None, **budget} if budget else {}
