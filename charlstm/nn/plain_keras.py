"""The network as a model of standard Keras layers, which loads anywhere without charlstm."""

import keras

from charlstm.checkpoint.weights import Weights
from charlstm.config import ModelConfig


def plain_keras(config: ModelConfig, weights: Weights, *, stateful: bool = False, batch_size: int | None = None) -> keras.Model:
    """Return a network of standard layers that reads normalised windows and returns probabilities.

    Args:
        config: The network.
        weights: Its weights by name.
        stateful: True for LSTM layers that carry their state from call to call; a call then reads any number of characters.
        batch_size: Number of rows; None leaves it open, or is 1 for a stateful network.

    Returns:
        A model with input ``[B, seq_len, 1]`` (stateful: ``[B, T, 1]``) and output ``[B, V]`` if the network predicts after
        the window, ``[B, T, V]`` if it predicts at every position. Dropout is left out: the model is for use, not training.
    """
    length = None if stateful else config.seq_len
    rows = batch_size or 1 if stateful else batch_size
    last = len(config.units) if config.targets == "last" else None
    model = keras.Sequential(
        [
            keras.Input((length, 1), batch_size=rows),
            *_encoding(config),
            *(
                keras.layers.LSTM(
                    units,
                    activation=config.activation,
                    recurrent_activation=config.recurrent_activation,
                    use_bias=config.use_bias,
                    return_sequences=number != last,
                    stateful=stateful,
                    name=f"lstm_{number}",
                )
                for number, units in enumerate(config.units, start=1)
            ),
            keras.layers.Dense(config.vocabulary_size, activation="softmax", name="dense"),
        ]
    )
    for layer in model.layers:
        names = [f"{layer.name}/{part}" for part in ("embeddings", "kernel", "recurrent_kernel", "bias")]
        layer.set_weights([weights[name] for name in names if name in weights])
    return model


def _encoding(config: ModelConfig) -> list[keras.layers.Layer]:
    """Return the layers before the first LSTM."""
    size = config.vocabulary_size
    if config.encoding == "scalar":
        return []
    # x = id / V. Half of one is added, since the layers that follow cut the fraction off.
    to_ids = keras.layers.Rescaling(size, offset=0.5, name="to_ids")
    if config.encoding == "one-hot":
        return [to_ids, keras.layers.CategoryEncoding(size, output_mode="one_hot", name="one_hot")]
    without_features = keras.layers.Reshape((-1,), name="ids")
    return [to_ids, without_features, keras.layers.Embedding(size, config.embedding_size, name="embedding")]
