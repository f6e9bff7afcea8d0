"""Extension of a trained network to a larger vocabulary, for fine-tuning."""

import numpy as np
from numpy.typing import NDArray

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.formatting import counted
from charlstm.nn.network import build_layers, weight_values
from charlstm.text.vocabulary import Vocabulary

# The axis of each weight that is indexed by character ids.
_CHARACTER_AXES = {"one-hot": {"lstm_1/kernel": 0}, "embedding": {"embedding/embeddings": 0}}
_OUTPUT_AXES = {"dense/kernel": 1, "dense/bias": 0}


def starting_weights(base: CheckpointConfig, weights: Weights, config: CheckpointConfig, bias: NDArray[np.float32]) -> Weights:
    """Return the weights to start fine-tuning from: the base's weights, extended to the new text's vocabulary.

    Args:
        base: The base model.
        weights: Its weights.
        config: The new model.
        bias: Initial biases of the softmax layer, of which new characters get theirs: ``[V]``.
    """
    if (base.vocabulary.characters, base.model.vocabulary_size) == (config.vocabulary.characters, config.model.vocabulary_size):
        return weights
    fresh = weight_values(build_layers(config.model, random_seed=config.training.random_seed))
    # A softmax ignores a constant added to all biases. The base's constant makes old and new characters comparable.
    fresh["dense/bias"] = bias + np.logaddexp.reduce(weights["dense/bias"])
    return grow_weights(base.model, base.vocabulary, config.vocabulary, weights, fresh)


def grow_weights(
    config: ModelConfig,
    old: Vocabulary,
    new: Vocabulary,
    weights: Weights,
    fresh: Weights,
) -> Weights:
    """Return a network's weights for a larger vocabulary; new characters get freshly initialised weights.

    Args:
        config: The old network.
        old: The old vocabulary.
        new: The larger vocabulary, which contains the old one. Old characters and the placeholder may have other ids in it. It
            has a placeholder if the old vocabulary has one.
        weights: The old network's weights.
        fresh: The weights of a newly initialised network with the new vocabulary.

    Raises:
        ConfigError: If the encoding is scalar, where ``x = id / V``: a new V would change every input.
    """
    if config.encoding == "scalar":
        rare = new.rare.characters if new.rare else ""
        added = "".join(sorted(set(new.characters + rare) - set(old.characters)))
        raise ConfigError(
            f"the text has {counted(len(added), 'character')} that the model does not know ({added[:20]!r}), and a model with "
            "the scalar encoding cannot learn new ones, because every input depends on the size of its vocabulary "
            "(x = id / V); remove them from the text, or train a new model with another `input_encoding`"
        )
    places = new.encode(old.characters).astype(np.intp)
    if old.rare:
        places = np.append(places, len(new))  # the placeholder is the last id in both
    axes = _CHARACTER_AXES[config.encoding] | _OUTPUT_AXES
    result = {}
    for name, value in weights.items():
        if name not in axes:
            result[name] = value
            continue
        larger = np.moveaxis(fresh[name].copy(), axes[name], 0)
        larger[places] = np.moveaxis(value, axes[name], 0)
        result[name] = np.ascontiguousarray(np.moveaxis(larger, 0, axes[name]))
    return result
