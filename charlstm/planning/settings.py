"""Rules about the settings that a user chose: their names, the budget, and what may change in a resumed run."""

from collections.abc import Mapping
from dataclasses import fields

from charlstm.config import SETTING_OF_FIELD, ModelConfig, TrainingConfig, setting_name
from charlstm.errors import ConfigError, suggestion

FREE = frozenset({"epochs", "minutes", "patience", "save_every"})
"""Settings that may change in a resumed run. Of several workers only the chief needs them."""

SETTINGS = frozenset(
    {setting_name(field.name) for kind in (ModelConfig, TrainingConfig) for field in fields(kind)} - {"vocabulary_size"}
    | {"min_count"}
)
"""Names of all settings of a training, as users know them."""

_FIELDS = {setting: field for field, setting in SETTING_OF_FIELD.items()}


def field_of(setting: str, *, further: str = "") -> str:
    """Return the field that holds a setting.

    >>> field_of("validation_split"), field_of("units")
    ('validation', 'units')

    Args:
        setting: Name of the setting.
        further: End of the message about an unknown setting: where the names are listed.

    Raises:
        ConfigError: If there is no such setting; the message names the most similar one.
    """
    if setting not in SETTINGS:
        renamed = SETTING_OF_FIELD.get(setting)
        hint = f" (did you mean {renamed}?)" if renamed else suggestion(setting, sorted(SETTINGS))
        raise ConfigError(f"there is no setting {setting!r}{hint}{further}")
    return _FIELDS.get(setting, setting)


def check_budget(given: Mapping[str, object]) -> None:
    """Check that the settings contain at most one budget.

    Raises:
        ConfigError: If both epochs and minutes are given.
    """
    if "epochs" in given and "minutes" in given:
        raise ConfigError("a training ends after `epochs` or after `minutes`; give one of them")


def budget_of(given: Mapping[str, object]) -> dict[str, object]:
    """Return the user's budget, which replaces both limits of a preset; empty if the user sets none.

    >>> budget_of({"minutes": 3, "units": (8,)})
    {'epochs': None, 'minutes': 3}
    """
    budget = {key: given[key] for key in ("epochs", "minutes") if key in given}
    return {"epochs": None, "minutes": None, **budget} if budget else {}
