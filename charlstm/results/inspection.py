"""The result of ``inspect``."""

from charlstm.results.json_record import UNSET, JsonRecord, UnsetType, field
from charlstm.results.layer_sections import ShapesSection, UnitsSection, WeightsSection
from charlstm.results.output_sections import ActivationsSection, KernelSection, StateSection, TimeDistributedSection
from charlstm.results.step import StepSection


class LayerRecord(JsonRecord, frozen=True, kw_only=True):
    """A layer of the Keras model.

    Attributes:
        name: Name of the layer.
        type: Class of the layer.
        output_shape: Shape of its output; the first entry, null, is the batch size.
        parameters: Number of its parameters.
        weights: Shapes of its weights, by name.
    """

    name: str
    type: str
    output_shape: list[int | None]
    parameters: int
    weights: dict[str, list[int]]


class Sections(JsonRecord, frozen=True, kw_only=True):
    """The sections of an inspection. Each has a key if it was asked for.

    Attributes:
        shapes: Samples, time steps and features, and the effect of a second feature.
        weights: The weights of every LSTM layer, split by gate.
        step: One time step, term by term.
        state: The state carried between windows.
        units: Output shapes by `units` and `return_sequences`.
        time_distributed: The softmax layer at every position.
        activations: `sigmoid` and both definitions of `hard_sigmoid`.
        kernel: The code that runs the recurrence.
    """

    shapes: ShapesSection | UnsetType = UNSET
    weights: WeightsSection | UnsetType = UNSET
    step: StepSection | UnsetType = UNSET
    state: StateSection | UnsetType = UNSET
    units: UnitsSection | UnsetType = UNSET
    time_distributed: TimeDistributedSection | UnsetType = field(name="time-distributed", default=UNSET)
    activations: ActivationsSection | UnsetType = UNSET
    kernel: KernelSection | UnsetType = UNSET


class ReadableCellRecord(JsonRecord, frozen=True, kw_only=True):
    """A cell whose `c` follows a property of the text.

    Attributes:
        follows: Name of the property.
        layer: Number of the layer, from 1.
        cell: Index of the cell in the layer, from 0.
        correlation: Pearson's correlation of its `c` with the property, from -1 to 1.
        by_chance: Largest absolute correlation of any cell with the property at other places of the text.
    """

    follows: str
    layer: int
    cell: int
    correlation: float
    by_chance: float


class CellValues(JsonRecord, frozen=True, kw_only=True):
    """The activations of one cell along a text of N characters: N values each.

    Attributes:
        i: Input gate.
        f: Forget gate.
        g: Candidate.
        o: Output gate.
        c: Cell state.
        h: Hidden state.
    """

    i: list[float]
    f: list[float]
    g: list[float]
    o: list[float]
    c: list[float]
    h: list[float]


class InsideRecord(JsonRecord, frozen=True, kw_only=True):
    """The inside of a network along a text.

    Attributes:
        text: The text.
        layer: Number of the layer of the cell that is shown, from 1.
        cell: Index of that cell, from 0.
        units: Number of units of every layer.
        readable_cells: Cells that follow a property of the text, the best first.
        values: The activations of the cell that is shown.
    """

    text: str
    layer: int
    cell: int
    units: list[int]
    readable_cells: list[ReadableCellRecord]
    values: CellValues


class InspectionResult(JsonRecord, frozen=True, kw_only=True):
    """The inside of a model.

    Attributes:
        checkpoint: Name of the checkpoint.
        parameters: Number of its parameters.
        layers: The layers of the Keras model, from the windows to the probabilities.
        sections: The sections that were asked for.
        inside: Activations along a text (section `inside`, or option `text` or `page`).
    """

    checkpoint: str
    parameters: int
    layers: list[LayerRecord]
    sections: Sections
    inside: InsideRecord | UnsetType = UNSET
