"""What Keras itself says to the questions of ``charlstm inspect``: the same sections, run by ``keras.layers.LSTM``."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import normalise
from charlstm.training.model import build_layers, keras_model
from charlstm.training.options import lstm_options

Record = dict[str, Any]
Weights = Mapping[str, NDArray[np.float32]]


def shapes(config: ModelConfig) -> Record:
    """Parameters of one unit with one and with two features, and of this model, counted by Keras."""
    counted = {str(features): _built(1, features).count_params() for features in (1, 2)}
    return {"one_unit": counted, "parameters": keras_model(build_layers(config), config.seq_len).count_params()}


def weights() -> Record:
    """Shapes of the weights of ``LSTM(10)`` on inputs of shape (8, 8)."""
    layer = _built(10, 8)
    return {variable.name: list(variable.shape) for variable in layer.weights}


def step(config: ModelConfig, values: Weights, found: Mapping[str, Any]) -> Record:
    """The same step by plain Keras layers: the largest difference of ``h`` and of ``c`` in every layer.

    Args:
        config: The network.
        values: Its weights by name.
        found: The record of the step.
    """
    answers, row = [], np.array(found["x"])
    for number, layer in enumerate(found["layers"], start=1):
        lstm = _plain(config, values, number, return_state=True)
        before = [tf.constant(np.array(layer[name], np.float32)[None]) for name in ("h_before", "c_before")]
        _, h, c = lstm(tf.constant(row[None, None].astype(np.float32)), initial_state=before)
        differences = {name: _largest(keras_value, layer[name]) for name, keras_value in (("h", h), ("c", c))}
        answers.append({"name": layer["name"], "largest_difference": differences})
        row = np.asarray(h)[0].astype(np.float64)
    return {"layers": answers}


def state(config: ModelConfig, values: Weights, window: Ids) -> Record:
    """A stateful and an ordinary twin of the first layer read a window twice; a batch of one against a batch of three.

    Returns:
        The largest differences of ``h``: between the two readings of the ordinary layer, of the stateful one, and of the
        stateful one after ``reset_state()``; and between the stateful layer with a batch of 1 and rows of one with 3.
    """
    encoding = build_layers(config)
    encoding.assign(values)
    x = tf.constant(np.asarray(encoding.encode(tf.constant(normalise(window[None], config.vocabulary_size)))))
    three = tf.repeat(x, 3, 0)
    ordinary = _plain(config, values, 1)
    stateful, twin = (_plain(config, values, 1, stateful=True, rows=rows) for rows in (1, 3))
    first = stateful(x)
    carried = stateful(x)
    stateful.reset_state()
    together = [twin(three), twin(three)]
    return {
        "ordinary_layer_again": _largest(ordinary(x), ordinary(x)),
        "stateful_layer_again": _largest(first, carried),
        "stateful_layer_after_reset_state": _largest(first, stateful(x)),
        "batch_of_one_against_rows_of_three": max(
            _largest(tf.repeat(one, 3, 0), three) for one, three in zip((first, carried), together, strict=True)
        ),
    }


def units(config: ModelConfig) -> Record:
    """Output shapes of an LSTM with 128 units both ways, and of 128 under 256."""
    x = keras.Input((config.seq_len, config.features))
    shapes = {
        f"return_sequences={sequences}": list(keras.layers.LSTM(128, return_sequences=sequences)(x).shape)
        for sequences in (False, True)
    }
    below = keras.layers.LSTM(128, return_sequences=True)(x)
    stacked = list(keras.layers.LSTM(256)(below).shape)
    try:
        keras.layers.LSTM(256)(keras.layers.LSTM(128)(x))
        refused = ""
    except ValueError as error:
        refused = str(error).split("\n", 1)[0]
    return {**shapes, "stacked": stacked, "stacked_without_sequences": refused}


def time_distributed(config: ModelConfig, values: Weights) -> Record:
    """``TimeDistributed(Dense)`` against ``Dense`` of the same weights on random outputs of an LSTM, ``[2, T, u]``."""
    size, features = config.vocabulary_size, config.units[-1]
    x = tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, config.seq_len, features)).astype(np.float32))
    dense = keras.layers.Dense(size, activation="softmax")
    wrapped = keras.layers.TimeDistributed(dense)
    dense.build((None, features))
    dense.set_weights([values["dense/kernel"], values["dense/bias"]])
    return {"largest_difference": _largest(wrapped(x), dense(x)), "parameters": wrapped.count_params()}


def activations(points: list[float]) -> Record:
    """Keras's own values at some points."""
    z = tf.constant(points, tf.float32)
    return {name: np.asarray(keras.activations.get(name)(z)).tolist() for name in ("sigmoid", "hard_sigmoid")}


def kernel(config: ModelConfig) -> Record:
    """Which loop runs on this machine, and on what devices."""
    reason = build_layers(config).lstms[0].keras_path_because()
    return {
        "devices": [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()],
        "runs": "charlstm's fast layer" if reason is None else "Keras's own",
        "because": reason,
    }


def _built(units: int, features: int) -> keras.layers.LSTM:
    layer = keras.layers.LSTM(units)
    layer.build((None, 8, features))
    return layer


def _plain(config: ModelConfig, values: Weights, number: int, rows: int = 1, **options: Any) -> keras.layers.LSTM:
    """A ``keras.layers.LSTM`` with the weights of one of the model's layers, built for batches of so many rows."""
    name, units = f"lstm_{number}", config.units[number - 1]
    layer = keras.layers.LSTM(units, **{**lstm_options(config), "recurrent_dropout": 0.0}, **options)
    layer.build((rows, config.seq_len, values[f"{name}/kernel"].shape[0]))
    layer.set_weights([values[key] for key in (f"{name}/kernel", f"{name}/recurrent_kernel", f"{name}/bias") if key in values])
    return layer


def _largest(one: Any, other: Any) -> float:
    return float(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).max())
