"""Named recipes: settings that go well together, and their fit to a corpus."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["quick", "standard", "best", "classic"]

PRESETS: Mapping[Preset, Mapping[str, Any]] = {
    "quick": {
        "units": (512,), "seq_len": 64, "batch_size": 16, "dropout": 0.1, "learning_rate": 4e-3,
        "weight_average": 0.99, "minutes": 1.0, "evaluations": 3,
    },
    "standard": {
        "units": (512,), "seq_len": 64, "batch_size": 32, "dropout": 0.2, "learning_rate": 4e-3,
        "weight_average": 0.998, "minutes": 10.0,
    },
    "best": {
        "units": (640, 640), "seq_len": 160, "batch_size": 32, "dropout": 0.45, "learning_rate": 4e-3,
        "weight_average": 0.999, "minutes": 60.0, "evaluations": 20,
    },
    # The recipe of the tutorials: scalar windows of 100, one LSTM(256), dropout 0.2, Adam as it comes.
    "classic": {
        "encoding": "scalar", "units": (256,), "seq_len": 100, "targets": "last", "batches": "windows",
        "batch_size": 128, "dropout": 0.2, "learning_rate": 1e-3, "schedule": "constant", "clip_norm": 0.0, "epochs": 20,
        "evaluations": 20, "precision": "float32",
    },
}  # fmt: skip
"""Settings of :class:`charlstm.config.ModelConfig` and :class:`charlstm.config.TrainingConfig` by preset."""


def adapted(settings: Mapping[str, Any], characters: int, chosen: frozenset[str]) -> dict[str, Any]:
    """A preset's settings made to fit a text that is too short for them.

    Streams are halved, then the window is, until an epoch has at least 64 batches. What the user chose stays: if the text
    is too short for that, the batches say so.

    Args:
        settings: The preset's, with the user's own over them.
        characters: Of the training part.
        chosen: Names of the settings that are the user's own.
    """
    result = dict(settings)
    if result.get("batches", "streams") != "streams":
        return result
    for name, least in (("batch_size", 4), ("seq_len", 16), ("batch_size", 1)):
        while name not in chosen and result[name] > least and characters < 64 * result["batch_size"] * result["seq_len"] + 1:
            result[name] = max(least, result[name] // 2)
    return result
