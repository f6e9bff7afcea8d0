"""Checks of the reports of the inspection against Keras: the same sections, computed with ``keras.layers.LSTM``."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.nn.keras_options import lstm_options
from charlstm.nn.network import build_layers, keras_model
from charlstm.results.inspection import Sections
from charlstm.results.json_record import JsonRecord, UnsetType
from charlstm.results.json_record import replace as changed
from charlstm.results.keras_answers import (
    DenseDifference,
    KerasActivations,
    KerasKernel,
    KerasLayerStep,
    KerasShapes,
    KerasState,
    KerasStep,
    KerasTimeDistributed,
    KerasUnits,
    StateDifference,
)
from charlstm.results.step import StepSection, StepTerms
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import normalise

Weights = Mapping[str, NDArray[np.float32]]
S = TypeVar("S", bound=JsonRecord)


def with_keras(
    sections: Sections, config: ModelConfig, values: Weights, window: Ids, progress: Callable[[str], None] = lambda _: None
) -> Sections:
    """Return sections with the results of Keras added.

    Args:
        sections: The sections.
        config: The network.
        values: Its weights by name.
        window: Ids of a window: ``[T]``.
        progress: Called with the name of each section before it is computed.
    """

    def add(name: str, section: S | UnsetType, ask: Callable[[S], object]) -> S | UnsetType:
        if isinstance(section, UnsetType):
            return section
        progress(name)
        return changed(section, keras=ask(section))

    return Sections(
        shapes=add("shapes", sections.shapes, lambda _: keras_shapes(config)),
        weights=add("weights", sections.weights, lambda _: keras_weights()),
        step=add("step", sections.step, lambda found: keras_step(config, values, found)),
        state=add("state", sections.state, lambda _: keras_state(config, values, window)),
        units=add("units", sections.units, lambda _: keras_units(config)),
        time_distributed=add(
            "time-distributed", sections.time_distributed, lambda _: keras_time_distributed(config, values, window)
        ),
        activations=add("activations", sections.activations, lambda found: keras_activations(found.z)),
        kernel=add("kernel", sections.kernel, lambda found: keras_kernel(config, found.not_cudnn_because)),
    )


def keras_shapes(config: ModelConfig) -> KerasShapes:
    """Return the parameter counts of one unit with one and two features, and of this model, according to Keras."""
    counted = {features: _built(1, features).count_params() for features in (1, 2)}
    return KerasShapes(one_unit=counted, parameters=keras_model(build_layers(config), config.seq_len).count_params())


def keras_weights() -> dict[str, list[int]]:
    """Return the weight shapes of ``LSTM(10)`` on inputs of shape (8, 8)."""
    layer = _built(10, 8)
    return {variable.name: list(variable.shape) for variable in layer.weights}


def keras_step(config: ModelConfig, values: Weights, found: StepTerms | StepSection) -> KerasStep:
    """Return the largest differences of ``h`` and ``c`` in every layer between a recorded step and Keras's layers.

    Args:
        config: The network.
        values: Its weights by name.
        found: The step.
    """
    records, row = [], np.array(found.x)
    for number, layer in enumerate(found.layers, start=1):
        lstm = _plain(config, values, number, return_state=True)
        before = [tf.constant(np.array(vector, np.float32)[None]) for vector in (layer.h_before, layer.c_before)]
        _, h, c = lstm(tf.constant(row[None, None].astype(np.float32)), initial_state=before)
        differences = StateDifference(h=_largest(h, layer.h), c=_largest(c, layer.c))
        records.append(KerasLayerStep(name=layer.name, largest_difference=differences))
        row = np.asarray(h)[0].astype(np.float64)
    return KerasStep(layers=records)


def keras_state(config: ModelConfig, values: Weights, window: Ids) -> KerasState:
    """Return how Keras layers with the first layer's weights carry their state, found by calling them.

    Args:
        config: The network.
        values: Its weights by name.
        window: Ids of a window: ``[T]``.
    """
    encoding = build_layers(config)
    encoding.assign(values)
    texts = np.stack([window, window[::-1], np.roll(window, 1)])
    x = np.asarray(encoding.encode(tf.constant(normalise(texts, config.vocabulary_size))))
    one = x[:1]
    ordinary = _plain(config, values, 1)
    stateful, three = (_plain(config, values, 1, stateful=True, rows=rows) for rows in (1, 3))
    first = stateful(one)
    norms = [_norm_of_c(stateful)]
    second = stateful(one)
    norms.append(_norm_of_c(stateful))
    stateful.reset_state()
    norms.append(_norm_of_c(stateful))
    after_reset = stateful(one)
    stateful.reset_state()
    model = keras.Sequential([keras.Input(batch_shape=one.shape), stateful])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    predicted = [model.predict(one, verbose=0) for _ in range(2)]
    stateful.reset_state()
    model.fit(one, np.asarray(first), batch_size=1, verbose=0)
    after_fit = model.predict(one, verbose=0)
    try:
        stateful(x[:2])
        message = ""
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        lines = [line.strip() for line in str(error).splitlines()]
        message = " ".join(line for line in lines if "batch size" in line).replace("\x1b[0m", "").replace("\x1b[1m", "")
    together = [np.asarray(three(x)) for _ in range(2)]
    alone = []
    for row in range(3):
        stateful.reset_state()
        alone.append([np.asarray(stateful(x[row : row + 1]))[0] for _ in range(2)])
    return KerasState(
        ordinary_layer_again=_largest(ordinary(one), ordinary(one)),
        stateful_layer_again=_largest(first, second),
        stateful_layer_after_reset_state=_largest(first, after_reset),
        predict_again=_largest(predicted[0], predicted[1]),
        predict_after_fit=_largest(predicted[0], after_fit),
        norms_of_c=norms,
        batches_of_one_against_rows_of_three=_largest(np.stack(alone, 1), np.stack(together)),
        another_batch_size=message,
    )


def _norm_of_c(layer: keras.layers.LSTM) -> float:
    return float(np.linalg.norm(np.asarray(layer.states[1])))


def keras_units(config: ModelConfig) -> KerasUnits:
    """Return the output shapes of 128 units with and without ``return_sequences``, and of 256 units on top of 128."""
    x = keras.Input((config.seq_len, config.features))
    last, sequence = (list(keras.layers.LSTM(128, return_sequences=sequences)(x).shape) for sequences in (False, True))
    below = keras.layers.LSTM(128, return_sequences=True)(x)
    stacked = list(keras.layers.LSTM(256)(below).shape)
    try:
        keras.layers.LSTM(256)(keras.layers.LSTM(128)(x))
        message = ""
    except ValueError as error:
        message = str(error).split("\n", 1)[0]
    return KerasUnits(last_shape=last, sequence_shape=sequence, stacked=stacked, stacked_without_sequences=message)


def keras_time_distributed(config: ModelConfig, values: Weights, window: Ids) -> KerasTimeDistributed:
    """Compare ``TimeDistributed(Dense)`` with ``Dense`` on the LSTM's outputs, and this model with either target.

    Returns:
        The largest differences of a probability, and the parameter count of the wrapped layer.
    """
    x = tf.constant(normalise(window[None], config.vocabulary_size))
    both = {}
    for targets in ("last", "every"):
        layers = build_layers(replace(config, targets=targets, seq_len=len(window)))
        layers.assign(values)
        both[targets] = (layers, keras_model(layers, len(window)))
    layers, many = both["every"]
    y = layers.encode(x)
    for lstm in layers.lstms:
        y = lstm(y)[0]
    wrapped = keras.layers.TimeDistributed(layers.dense)
    one = both["last"][1](x)
    return KerasTimeDistributed(
        parameters=layers.dense.count_params(),
        largest_difference=DenseDifference(
            time_distributed=_largest(wrapped(y), layers.dense(y)), many_to_one=_largest(one, many(x)[:, -1])
        ),
    )


def keras_activations(points: list[float]) -> KerasActivations:
    """Return the values of Keras's sigmoid and hard sigmoid at some points."""
    z = tf.constant(points, tf.float32)
    sigmoid, hard_sigmoid = (np.asarray(keras.activations.get(name)(z)).tolist() for name in ("sigmoid", "hard_sigmoid"))
    return KerasActivations(sigmoid=sigmoid, hard_sigmoid=hard_sigmoid)


def keras_kernel(config: ModelConfig, not_cudnn_because: list[str]) -> KerasKernel:
    """Return the loop that trains this model on this machine, with the reason, and the machine's devices.

    Args:
        config: The network.
        not_cudnn_because: Its options that prevent Keras from using cuDNN.
    """
    reason = build_layers(config).lstms[0].keras_path_because()
    gpu = bool(tf.config.list_physical_devices("GPU"))
    if reason is None:
        runs = "charlstm's fast layer, since there is no GPU"
    elif gpu and not not_cudnn_because:
        runs = "cuDNN, by way of Keras, since there is a GPU"
    else:
        runs = f"Keras's own loop, since {' and '.join(not_cudnn_because) if gpu else reason}"
    devices = [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
    return KerasKernel(devices=devices, runs=runs)


def _built(units: int, features: int) -> keras.layers.LSTM:
    layer = keras.layers.LSTM(units)
    layer.build((None, 8, features))
    return layer


def _plain(config: ModelConfig, values: Weights, number: int, rows: int = 1, **options: Any) -> keras.layers.LSTM:
    """Return a ``keras.layers.LSTM`` with the weights of one of the model's layers, built for batches of ``rows`` rows."""
    name, units = f"lstm_{number}", config.units[number - 1]
    layer = keras.layers.LSTM(units, **{**lstm_options(config), "recurrent_dropout": 0.0}, **options)
    layer.build((rows, config.seq_len, values[f"{name}/kernel"].shape[0]))
    layer.set_weights([values[key] for key in (f"{name}/kernel", f"{name}/recurrent_kernel", f"{name}/bias") if key in values])
    return layer


def _largest(one: Any, other: Any) -> float:
    return float(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).max())
