"""Sections on the softmax layer, on activation functions and on the kernel that runs."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.inference.lstm import ACTIVATIONS
from charlstm.inference.network import Network
from charlstm.inspection.blocks import Block, Grid, Prose, largest, shape
from charlstm.results.json_record import UNSET
from charlstm.results.output_sections import ActivationsSection, KernelSection, TimeDistributedSection
from charlstm.text.vocabulary import Ids

ACTIVATION_POINTS = (-4.0, -3.0, -2.5, -1.0, 0.0, 1.0, 2.5, 3.0, 4.0)
"""Points at which activations are compared: the two definitions of hard_sigmoid bend at 2.5 and at 3."""


def time_distributed(network: Network, window: Ids) -> TimeDistributedSection:
    """Apply the Dense layer to every position of a window, one by one and all at once, and return the record of both.

    Args:
        network: The model.
        window: Ids of the window: ``[T]``.
    """
    state, outputs = network.initial_state(1), []
    for character in window[:, None]:
        outputs.append(network.step(character, state)[0].copy())
    h = np.stack(outputs)  # [T, u]
    each = np.stack([network.logits(row[None])[0] for row in h])
    together = network.logits(h)
    config = network.config
    units, size = config.units[-1], config.vocabulary_size
    return TimeDistributedSection(
        targets=config.targets,
        input_shape=[None, len(window), units],
        output_shape=[None, len(window), size],
        parameters=units * size + size,
        parameters_if_every_position_had_its_own=len(window) * (units * size + size),
        largest_difference=float(np.abs(each - together).max()),
    )


def activations(config: ModelConfig) -> ActivationsSection:
    """Return the values of ``sigmoid`` and both definitions of ``hard_sigmoid``, and the functions that the model uses."""
    z = np.array(ACTIVATION_POINTS, np.float32)
    return ActivationsSection(
        recurrent_activation=config.recurrent_activation,
        activation=config.activation,
        z=list(ACTIVATION_POINTS),
        sigmoid=_at(z, "sigmoid"),
        hard_sigmoid=_at(z, "hard_sigmoid"),
        hard_sigmoid_keras_2=np.clip(0.2 * np.array(ACTIVATION_POINTS) + 0.5, 0, 1).tolist(),
    )


def _at(z: NDArray[np.float32], name: str) -> list[float]:
    values: list[float] = ACTIVATIONS[name](z, np.empty_like(z)).astype(np.float64).tolist()
    return values


CUDNN_WANTS: Mapping[str, object] = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
"""Options of an LSTM layer with which Keras can use cuDNN. Recurrent dropout must also be 0."""


def kernel(config: ModelConfig) -> KernelSection:
    """Return the code that runs the recurrence according to the configuration, whatever devices this machine has."""
    against = [f"{name} is {getattr(config, name)}" for name, wanted in CUDNN_WANTS.items() if getattr(config, name) != wanted]
    if config.recurrent_dropout:
        against.append("recurrent_dropout is set")
    return KernelSection(
        generate="charlstm's NumPy step, one character at a time",
        train_on_a_processor="charlstm's fast layer, a subclass of keras.layers.LSTM with a loop of its own",
        train_on_a_gpu="Keras's own loop" if against else "cuDNN, by way of Keras",
        not_cudnn_because=against,
    )


def time_distributed_view(found: TimeDistributedSection) -> list[Block]:
    """Return the blocks of the section on ``TimeDistributed``."""
    every = "predicts at every position" if found.targets == "every" else "predicts after the window"
    blocks: list[Block] = [
        Prose(
            f"TimeDistributed(Dense(V)) is one Dense layer, used at every position: {shape(found.input_shape)} to "
            f"{shape(found.output_shape)} with {found.parameters:,} parameters. Were it a layer for each position, they "
            f"would be {found.parameters_if_every_position_had_its_own:,}. Plain Dense does the same to its last axis."
        ),
        Prose(
            "On the outputs of this model's LSTM along a window, one position after the other and all at once: largest "
            f"difference of a logit {largest(found.largest_difference)}."
        ),
        Prose(
            f"This model {every}. Many-to-one (return_sequences=False, Dense) and many-to-many (return_sequences=True, "
            "TimeDistributed) have the same weights, and the last prediction of the second equals the first's. They "
            "differ in training: a window of T characters gives one target or T."
        ),
    ]
    if found.keras is not UNSET:
        keras = found.keras
        differences = keras.largest_difference
        blocks.append(
            Prose(
                f"Keras, along that window: TimeDistributed(Dense) against Dense, {keras.parameters:,} parameters each, "
                f"{largest(differences.time_distributed)}; this model built both ways, the one prediction of many-to-one "
                f"against the last of many-to-many, {largest(differences.many_to_one)}: the largest differences of a "
                "probability."
            )
        )
    return blocks


def activations_view(found: ActivationsSection) -> list[Block]:
    """Return the blocks of the section on activations."""
    functions = {
        "sigmoid": found.sigmoid,
        "hard_sigmoid": found.hard_sigmoid,
        "hard_sigmoid, Keras 2": found.hard_sigmoid_keras_2,
    }
    blocks: list[Block] = [
        Prose(
            "hard_sigmoid is a sigmoid made of straight lines, and there are two: clip(0.2 z + 0.5, 0, 1) in Keras 1 and 2, "
            "where it was the default of the gates at first, and relu6(z + 3) / 6 in Keras 3. A model trained with one gives "
            f"other numbers with the other. This model's gates use {found.recurrent_activation}, candidate and output "
            f"{found.activation}."
        ),
        Grid(
            ["z", *functions],
            [[f"{z:g}", *(f"{values[at]:.4f}" for values in functions.values())] for at, z in enumerate(found.z)],
        ),
    ]
    if found.keras is not UNSET:
        its = {"sigmoid": found.keras.sigmoid, "hard_sigmoid": found.keras.hard_sigmoid}
        differences = {
            name: max(abs(a - b) for a, b in zip(functions[name], values, strict=True)) for name, values in its.items()
        }
        shown = ", ".join(f"{name} {largest(difference)}" for name, difference in differences.items())
        blocks.append(Prose(f"Keras at the same points, largest difference: {shown}."))
    return blocks


def kernel_view(found: KernelSection) -> list[Block]:
    """Return the blocks of the section on the code that runs."""
    rows = [
        ["generation", found.generate],
        ["training on processors", found.train_on_a_processor],
        ["training on a GPU", found.train_on_a_gpu],
    ]
    blocks: list[Block] = [
        Prose(
            "The same equations can be run by different code. Keras uses cuDNN's if there is a GPU and the layer is of the "
            "kind that cuDNN has: tanh, sigmoid, a bias, no recurrent dropout; all else is a loop over steps."
        ),
        Grid(["", "what runs this model"], rows),
    ]
    if found.not_cudnn_because:
        blocks.append(Prose(f"Not cuDNN, because {' and '.join(found.not_cudnn_because)}."))
    if found.keras is not UNSET:
        keras = found.keras
        blocks.append(Prose(f"On this machine ({', '.join(keras.devices)}) training runs {keras.runs}."))
    return blocks
