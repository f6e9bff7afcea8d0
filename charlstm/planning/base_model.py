"""The model that a training fine-tunes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.regular_files import real_path
from charlstm.checkpoint.search import CURRENT, find_model
from charlstm.checkpoint.weights import Weights, read_weights
from charlstm.config import ModelConfig, setting_name, to_dict
from charlstm.errors import ConfigError

FITTED_IN_FINE_TUNING = frozenset({"seq_len", "dropout", "recurrent_dropout", "drop_connect"})
"""Settings of a network that are adapted to the new text."""
_FREE = FITTED_IN_FINE_TUNING.union(
    {"targets"},
    (f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias") for kind in ("regularizer", "constraint")),
)
"""Settings of a network that change neither the shapes nor the meaning of its weights."""
_STRUCTURE = frozenset(field.name for field in fields(ModelConfig)) - _FREE


@dataclass(frozen=True)
class Base:
    """A trained model to fine-tune.

    Attributes:
        name: Name of its checkpoint.
        config: Its configuration.
        weights: Its weights.
        folder: Folder of its checkpoint.
    """

    name: str
    config: CheckpointConfig
    weights: Weights
    folder: Path


def read_base(root: Path, name: str, given: Mapping[str, object], asked_for: Mapping[str, object]) -> Base:
    """Read the model to fine-tune.

    Args:
        root: The folder of checkpoints. If it is the default one, the other folders of models are searched too.
        name: Name of its checkpoint, or its path.
        given: Settings that the user gave, among which none of its structure may be.
        asked_for: These and the settings of a recipe, which may repeat its structure.

    Raises:
        CheckpointError: If it cannot be read.
        ConfigError: If a setting would change its structure.
    """
    _check_structure(sorted(given.keys() & _STRUCTURE), name)
    folder = find_model(name, None if root == CURRENT else root)
    config = read_config(folder)
    recorded = to_dict(config.model)
    _check_structure([key for key in sorted(asked_for.keys() & _STRUCTURE) if asked_for[key] != recorded[key]], name)
    return Base(real_path(folder).name, config, read_weights(folder, config.model), folder)


def _check_structure(changed: Sequence[str], name: str) -> None:
    if changed:
        raise ConfigError(
            f"`{setting_name(changed[0])}` cannot be changed with `base={name!r}`, whose network is used; leave it out, or "
            "train a new model"
        )
