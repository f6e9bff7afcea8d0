"""Sections of ``inspect`` on the carried state, the softmax layer, activations and the code that runs.

A section has the results of Keras with the option ``keras``.
"""

from charlstm.choices import Activation, Targets
from charlstm.results.json_record import UNSET, JsonRecord, UnsetType, field
from charlstm.results.keras_answers import KerasActivations, KerasKernel, KerasState, KerasTimeDistributed


class LayerNorms(JsonRecord, frozen=True, kw_only=True):
    """Norms of the state of a layer.

    Attributes:
        h: Euclidean norm of the hidden state.
        c: Euclidean norm of the cell state.
    """

    h: float
    c: float


class CarryDifference(JsonRecord, frozen=True, kw_only=True):
    """The largest difference of a probability between the first and the second prediction.

    Attributes:
        reset: If the state was reset in between.
        carried: If the state was carried.
    """

    reset: float
    carried: float


class StateSection(JsonRecord, frozen=True, kw_only=True):
    """The state carried between windows.

    Attributes:
        window: Characters of the window that is read twice.
        norms: Norms of the state of every layer, by the moment.
        largest_difference: Difference of the second prediction from the first.
        keras: The state of Keras's layers (option `keras`).
    """

    window: int
    norms: dict[str, list[LayerNorms]]
    largest_difference: CarryDifference
    keras: KerasState | UnsetType = UNSET


class TimeDistributedSection(JsonRecord, frozen=True, kw_only=True):
    """The softmax layer at every position; null in a shape is the batch size.

    Attributes:
        targets: Positions at which the model predicts: every one, or the last.
        input_shape: Shape of the layer's input.
        output_shape: Shape of its output.
        parameters: Number of its parameters.
        parameters_if_every_position_had_its_own: Number of parameters of a layer for each position.
        largest_difference: Largest difference of a logit between one position at a time and all at once.
        keras: The layer by Keras (option `keras`).
    """

    targets: Targets
    input_shape: list[int | None]
    output_shape: list[int | None]
    parameters: int
    parameters_if_every_position_had_its_own: int
    largest_difference: float
    keras: KerasTimeDistributed | UnsetType = UNSET


class ActivationsSection(JsonRecord, frozen=True, kw_only=True):
    """Values of activation functions.

    Attributes:
        recurrent_activation: Activation function of the model's gates.
        activation: Activation function of its candidate and output.
        z: The points.
        sigmoid: Values of `sigmoid` at the points.
        hard_sigmoid: Values of `hard_sigmoid` as in Keras 3.
        hard_sigmoid_keras_2: Values of `hard_sigmoid` as in Keras 1 and 2.
        keras: Values by Keras (option `keras`).
    """

    recurrent_activation: Activation
    activation: Activation
    z: list[float]
    sigmoid: list[float]
    hard_sigmoid: list[float]
    hard_sigmoid_keras_2: list[float] = field(name="hard_sigmoid, Keras 2")
    keras: KerasActivations | UnsetType = UNSET


class KernelSection(JsonRecord, frozen=True, kw_only=True):
    """The code that runs the recurrence.

    Attributes:
        generate: The code that generates text.
        train_on_a_processor: The code that trains without a GPU.
        train_on_a_gpu: The code that trains with a GPU.
        not_cudnn_because: Options of the model that prevent Keras from using cuDNN.
        keras: The code that runs on this machine (option `keras`).
    """

    generate: str
    train_on_a_processor: str
    train_on_a_gpu: str
    not_cudnn_because: list[str]
    keras: KerasKernel | UnsetType = UNSET
