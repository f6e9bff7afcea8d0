"""The presets: named recipes whose settings work well together."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["quick", "standard", "best", "classic"]

# The rows of the input encoding are twenty times as large as other weights, and learn best with a learning rate to match.
_STREAMS = {"input_initializer": "random_normal:1", "input_rate_multiplier": 8.0}

PRESETS: Mapping[Preset, Mapping[str, Any]] = {
    "quick": {
        "units": (384,), "seq_len": 32, "batch_size": 32, "learning_rate": 8e-3, "weight_average": 0.99, "minutes": 1.0,
        "epochs": 40, "evaluations": 3, **_STREAMS,
    },
    "standard": {
        "units": (768,), "seq_len": 64, "batch_size": 64, "learning_rate": 6e-3, "weight_average": 0.998, "minutes": 10.0,
        "epochs": 80, **_STREAMS,
    },
    "best": {
        "units": (1024,), "seq_len": 64, "batch_size": 64, "learning_rate": 5e-3, "weight_average": 0.999, "minutes": 60.0,
        "epochs": 160, "evaluations": 20, **_STREAMS,
    },
    # The recipe of the Keras tutorials: scalar windows of 100, one LSTM(256), dropout 0.2, Adam with its defaults.
    "classic": {
        "encoding": "scalar", "units": (256,), "seq_len": 100, "targets": "last", "batches": "windows",
        "batch_size": 128, "dropout": 0.2, "learning_rate": 1e-3, "schedule": "constant", "clip_norm": 0.0, "epochs": 20,
        "evaluations": 20, "precision": "float32",
    },
}  # fmt: skip
"""Settings of :class:`charlstm.config.ModelConfig` and :class:`charlstm.config.TrainingConfig` by preset."""
