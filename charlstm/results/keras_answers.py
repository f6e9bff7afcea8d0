"""Results of Keras for the sections of ``inspect`` with ``keras``."""

from charlstm.results.json_record import JsonRecord, field


class KerasShapes(JsonRecord, frozen=True, kw_only=True):
    """Parameter counts by Keras.

    Attributes:
        one_unit: Parameters of an LSTM layer of one unit, by its number of features.
        parameters: Parameters of the model.
    """

    one_unit: dict[int, int]
    parameters: int


class StateDifference(JsonRecord, frozen=True, kw_only=True):
    """The largest difference of a layer's state.

    Attributes:
        h: Largest difference of the hidden state.
        c: Largest difference of the cell state.
    """

    h: float
    c: float


class KerasLayerStep(JsonRecord, frozen=True, kw_only=True):
    """One time step of a layer by Keras.

    Attributes:
        name: Name of the layer.
        largest_difference: Largest differences from the step of the section.
    """

    name: str
    largest_difference: StateDifference


class KerasStep(JsonRecord, frozen=True, kw_only=True):
    """One time step by Keras.

    Attributes:
        layers: The LSTM layers.
    """

    layers: list[KerasLayerStep]


class KerasState(JsonRecord, frozen=True, kw_only=True):
    """State carry of Keras layers with the first layer's weights. Differences are the largest of `h`.

    Attributes:
        ordinary_layer_again: Between two calls of a stateless layer on the same window.
        stateful_layer_again: Between two calls of a stateful layer.
        stateful_layer_after_reset_state: Between the first call of a stateful layer and one after `reset_state()`.
        predict_again: Between two calls of `predict` with a stateful layer.
        predict_after_fit: Between the first `predict` and one after `fit` with a learning rate of 0.
        norms_of_c: Norm of the stateful layer's `c` after the window, after a second reading of it, and after `reset_state()`.
        batches_of_one_against_rows_of_three: Between three texts as three batches of one and as the rows of one batch.
        another_batch_size: Keras's error message for a batch of another size; empty if this version of Keras has none.
    """

    ordinary_layer_again: float
    stateful_layer_again: float
    stateful_layer_after_reset_state: float
    predict_again: float
    predict_after_fit: float
    norms_of_c: list[float]
    batches_of_one_against_rows_of_three: float
    another_batch_size: str


class KerasUnits(JsonRecord, frozen=True, kw_only=True):
    """Output shapes by Keras; null is the batch size.

    Attributes:
        last_shape: Output shape of 128 units that return the last output.
        sequence_shape: Output shape of 128 units that return every output.
        stacked: Output shape of 256 units on top of 128.
        stacked_without_sequences: Keras's error message if the lower layer returns the last output only.
    """

    last_shape: list[int | None] = field(name="return_sequences=False")
    sequence_shape: list[int | None] = field(name="return_sequences=True")
    stacked: list[int | None]
    stacked_without_sequences: str


class DenseDifference(JsonRecord, frozen=True, kw_only=True):
    """The largest differences of a probability.

    Attributes:
        time_distributed: Between `TimeDistributed(Dense)` and `Dense`.
        many_to_one: Between the prediction of many-to-one and the last one of many-to-many.
    """

    time_distributed: float
    many_to_one: float


class KerasTimeDistributed(JsonRecord, frozen=True, kw_only=True):
    """The softmax layer by Keras.

    Attributes:
        parameters: Parameters of the wrapped layer.
        largest_difference: Largest differences of a probability along the window.
    """

    parameters: int
    largest_difference: DenseDifference


class KerasActivations(JsonRecord, frozen=True, kw_only=True):
    """Values of Keras's activation functions at the points of the section.

    Attributes:
        sigmoid: Values of `sigmoid`.
        hard_sigmoid: Values of `hard_sigmoid`.
    """

    sigmoid: list[float]
    hard_sigmoid: list[float]


class KerasKernel(JsonRecord, frozen=True, kw_only=True):
    """The code that trains the model on this machine.

    Attributes:
        devices: Names of the machine's devices.
        runs: The code that runs, and the reason.
    """

    devices: list[str]
    runs: str
