"""The files that the browser engine loads: ``model.json`` and ``weights.bin``."""

from typing import Any

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.choices import WeightsFormat
from charlstm.export.weights import pack_weights

FORMAT_VERSION = 1
"""Version of ``model.json``; the engine refuses any other."""

_SETTINGS = (
    "vocabulary_size", "seq_len", "encoding", "embedding_size", "units", "activation", "recurrent_activation", "use_bias",
)  # fmt: skip
"""The settings that the network depends on; the rest of them concern training."""


def web_model(
    checkpoint: CheckpointConfig, weights: Weights, name: str, weights_format: WeightsFormat = "float16"
) -> tuple[dict[str, Any], bytes]:
    """Return the contents of ``model.json``, to be written as JSON, and of ``weights.bin``.

    Args:
        checkpoint: The configuration of the model.
        weights: Its weights in float32, by name.
        name: Its name.
        weights_format: The format of the stored weights.

    Raises:
        ConfigError: If a weight is too large for the format.
    """
    model, vocabulary = checkpoint.model, checkpoint.vocabulary
    ordered = {weight: weights[weight] for weight in model.weight_shapes}
    rare = vocabulary.rare
    manifest = {
        "format_version": FORMAT_VERSION,
        "name": name,
        "config": {setting: getattr(model, setting) for setting in _SETTINGS},
        "vocabulary": list(vocabulary.characters),
        "rare": None if rare is None else {"characters": list(rare.characters), "counts": list(rare.counts)},
        "windows": list(checkpoint.corpus.windows),
        "weights": {
            "dtype": weights_format,
            "arrays": [{"name": weight, "shape": list(shape)} for weight, shape in model.weight_shapes.items()],
        },
    }
    return manifest, pack_weights(ordered, weights_format)
