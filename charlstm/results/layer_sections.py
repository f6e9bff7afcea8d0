"""Sections of ``inspect`` on layers: shapes, weights and units.

A section has the results of Keras with the option ``keras``.
"""

from charlstm.choices import Encoding
from charlstm.results.json_record import UNSET, JsonRecord, UnsetType, field
from charlstm.results.keras_answers import KerasShapes, KerasUnits


class LstmShapes(JsonRecord, frozen=True, kw_only=True):
    """Shapes of the weights of an LSTM layer with d features and u units.

    Attributes:
        kernel: d and 4u.
        recurrent_kernel: u and 4u.
        bias: 4u.
    """

    kernel: list[int]
    recurrent_kernel: list[int]
    bias: list[int]


class OneUnit(JsonRecord, frozen=True, kw_only=True):
    """An LSTM layer of one unit.

    Attributes:
        features: Number of input features.
        weights: Shapes of its weights.
        parameters: Number of its parameters.
        cell_state: Shape of its cell state.
    """

    features: int
    weights: LstmShapes
    parameters: int
    cell_state: list[int]


class LayerSizes(JsonRecord, frozen=True, kw_only=True):
    """The sizes of an LSTM layer.

    Attributes:
        name: Name of the layer.
        features: Number of input features.
        units: Number of units.
        bias: True if the layer has a bias.
        parameters: Number of its parameters.
    """

    name: str
    features: int
    units: int
    bias: bool
    parameters: int


class ShapesSection(JsonRecord, frozen=True, kw_only=True):
    """Samples, time steps and features.

    Attributes:
        windows: Number of windows of the corpus, characters of a window, and numbers per character.
        features: Features that the first LSTM layer reads.
        encoding: Input encoding.
        one_unit: A layer of one unit, with one feature and with two.
        layers: The LSTM layers of the model.
        keras: Parameter counts by Keras (option `keras`).
    """

    windows: list[int]
    features: int
    encoding: Encoding
    one_unit: list[OneUnit]
    layers: list[LayerSizes]
    keras: KerasShapes | UnsetType = UNSET


class WeightPart(JsonRecord, frozen=True, kw_only=True):
    """The kernel W, recurrent kernel U or bias b of one gate.

    Attributes:
        name: Its letter and its gate, such as W_f.
        columns: First column of the layer's array, and the column after its last.
        shape: Its shape.
        norm: Euclidean norm.
        mean: Mean of its numbers.
        least: Smallest of its numbers.
        greatest: Largest of its numbers.
        histogram: Counts of its numbers in bins of equal width.
        histogram_reaches: Upper end of the last bin; the first bin starts at the same distance below zero.
    """

    name: str
    columns: list[int]
    shape: list[int]
    norm: float
    mean: float
    least: float
    greatest: float
    histogram: list[int]
    histogram_reaches: float


class LayerParts(JsonRecord, frozen=True, kw_only=True):
    """The weights of an LSTM layer by gate.

    Attributes:
        name: Name of the layer.
        units: Number of units.
        parts: The parts of its weights.
    """

    name: str
    units: int
    parts: list[WeightPart]


class ExampleShapes(JsonRecord, frozen=True, kw_only=True):
    """Shapes of the weights of an example layer.

    Attributes:
        input: Time steps and features of its input.
        units: Number of units.
        kernel: Shape of its kernel.
        recurrent_kernel: Shape of its recurrent kernel.
        bias: Shape of its bias.
    """

    input: list[int]
    units: int
    kernel: list[int]
    recurrent_kernel: list[int]
    bias: list[int]


class GateOrder(JsonRecord, frozen=True, kw_only=True):
    """The order of the gates in a library.

    Attributes:
        where: Name of the library.
        order: The gates in order.
        layout: Layout of its weights.
    """

    where: str
    order: str
    layout: str


class WeightsSection(JsonRecord, frozen=True, kw_only=True):
    """The weights of every LSTM layer, split by gate.

    Attributes:
        layers: The LSTM layers.
        example: Shapes of an example layer.
        orders: The order of the gates in several libraries.
        keras: Weight shapes of the example layer by Keras, by name (option `keras`).
    """

    layers: list[LayerParts]
    example: ExampleShapes
    orders: list[GateOrder]
    keras: dict[str, list[int]] | UnsetType = UNSET


class StackedUnits(JsonRecord, frozen=True, kw_only=True):
    """Output shapes of a layer of a stack; null is the batch size.

    Attributes:
        input_shape: Shape of its input.
        units: Number of units.
        last_shape: Shape of its output after the last step.
        sequence_shape: Shape of its output after every step.
        parameters: Number of its parameters.
    """

    input_shape: list[int | None]
    units: int
    last_shape: list[int | None] = field(name="return_sequences=False")
    sequence_shape: list[int | None] = field(name="return_sequences=True")
    parameters: int


class LayerUnits(JsonRecord, frozen=True, kw_only=True):
    """Output shapes of a layer of the model; null is the batch size.

    Attributes:
        name: Name of the layer.
        input_shape: Shape of its input.
        units: Number of units.
        last_shape: Shape of its output after the last step.
        sequence_shape: Shape of its output after every step.
        parameters: Number of its parameters.
        return_sequences: True if the layer of this model returns the outputs after every step.
    """

    name: str
    input_shape: list[int | None]
    units: int
    last_shape: list[int | None] = field(name="return_sequences=False")
    sequence_shape: list[int | None] = field(name="return_sequences=True")
    parameters: int
    return_sequences: bool


class UnitsSection(JsonRecord, frozen=True, kw_only=True):
    """Output shapes by `units` and `return_sequences`.

    Attributes:
        layers: The LSTM layers of the model.
        stack: A layer of 128 units, and one of 256 units on top of it.
        keras: Output shapes by Keras (option `keras`).
    """

    layers: list[LayerUnits]
    stack: list[StackedUnits]
    keras: KerasUnits | UnsetType = UNSET
