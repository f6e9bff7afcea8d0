"""A trained network for a larger alphabet."""

import numpy as np

from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.config import ModelConfig
from charlstm.errors import ConfigError
from charlstm.nn.network import build_layers, weight_values
from charlstm.text.vocabulary import Vocabulary

# The axes of each weight that have a place for every character.
_CHARACTER_AXES = {"one-hot": {"lstm_1/kernel": 0}, "embedding": {"embedding/embeddings": 0}}
_OUTPUT_AXES = {"dense/kernel": 1, "dense/bias": 0}


def starting_weights(base: CheckpointConfig, weights: Weights, config: CheckpointConfig) -> Weights:
    """What fine-tuning starts from: the base's weights, in a network that has room for the new text's characters."""
    if (base.vocabulary.characters, base.model.vocabulary_size) == (config.vocabulary.characters, config.model.vocabulary_size):
        return weights
    fresh = weight_values(build_layers(config.model, random_seed=config.training.random_seed))
    return grow_weights(base.model, base.vocabulary, config.vocabulary, weights, fresh)


def grow_weights(
    config: ModelConfig,
    old: Vocabulary,
    new: Vocabulary,
    weights: Weights,
    fresh: Weights,
) -> Weights:
    """The weights of a network whose alphabet has grown: old characters keep theirs, new ones get freshly initialised ones.

    Args:
        config: The old network.
        old: Its characters.
        new: The larger alphabet, which contains the old one; old characters may have other ids in it, and so may the
            placeholder. It has one if the old alphabet does.
        weights: The old network's.
        fresh: Those of a newly initialised network with the new alphabet.

    Raises:
        ConfigError: If the alphabet grows under the scalar encoding, where ``x = id / V``: a new V would change every input.
    """
    if config.encoding == "scalar":
        rare = new.rare.characters if new.rare else ""
        added = "".join(sorted(set(new.characters + rare) - set(old.characters)))
        raise ConfigError(
            f"the text has {len(added)} characters that the model does not know ({added[:20]!r}), and a model with the scalar "
            "encoding cannot learn new ones, because the size of its alphabet is in every input (x = id / V); remove them "
            "from the text, or train anew with another --encoding"
        )
    places = new.encode(old.characters).astype(np.intp)
    if old.rare:
        places = np.append(places, len(new))  # the placeholder stays the last
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
