"""One time step of every LSTM layer, the section ``step`` of ``inspect``."""

from charlstm.choices import Activation
from charlstm.results.json_record import UNSET, JsonRecord, UnsetType
from charlstm.results.keras_answers import KerasStep


class StepShapes(JsonRecord, frozen=True, kw_only=True):
    """Shapes of the terms of a gate, with vectors as columns: rows and columns.

    Attributes:
        W: Kernel of a gate: u and d.
        x: Input: d and 1.
        U: Recurrent kernel of a gate: u and u.
        h: Hidden state: u and 1.
        b: Bias of a gate: u and 1.
    """

    W: list[int]
    x: list[int]
    U: list[int]
    h: list[int]
    b: list[int]


class GateStep(JsonRecord, frozen=True, kw_only=True):
    """The terms of one gate of u units: u values each.

    Attributes:
        activation: Name of the activation function.
        from_x: Kernel times input.
        from_h: Recurrent kernel times hidden state.
        bias: Bias.
        z: Sum of the three.
        value: Activation of the sum.
    """

    activation: Activation
    from_x: list[float]
    from_h: list[float]
    bias: list[float]
    z: list[float]
    value: list[float]


class StepGates(JsonRecord, frozen=True, kw_only=True):
    """The gates of a layer in the order of Keras.

    Attributes:
        i: Input gate.
        f: Forget gate.
        c: Candidate of the cell state.
        o: Output gate.
    """

    i: GateStep
    f: GateStep
    c: GateStep
    o: GateStep


class LayerStep(JsonRecord, frozen=True, kw_only=True):
    """One time step of a layer of u units.

    Attributes:
        name: Name of the layer.
        shapes: Shapes of the terms of a gate.
        use_bias: True if the layer has a bias.
        h_before: Hidden state before the step: u values.
        c_before: Cell state before the step: u values.
        gates: The terms of every gate.
        c: Cell state after the step: u values.
        h: Hidden state after the step: u values.
    """

    name: str
    shapes: StepShapes
    use_bias: bool
    h_before: list[float]
    c_before: list[float]
    gates: StepGates
    c: list[float]
    h: list[float]


class StepTerms(JsonRecord, frozen=True, kw_only=True):
    """One time step, term by term.

    Attributes:
        id: Id of the character that is read.
        x: Its input encoding: d values.
        layers: The LSTM layers.
        logits: Logits of the next character: V values.
    """

    id: int
    x: list[float]
    layers: list[LayerStep]
    logits: list[float]


class LikelyCharacter(JsonRecord, frozen=True, kw_only=True):
    """A character that may come next.

    Attributes:
        character: The character.
        probability: Its probability.
    """

    character: str
    probability: float


class StepSection(JsonRecord, frozen=True, kw_only=True):
    """One time step, written out.

    Attributes:
        character: The character that is read.
        after: The text read before it.
        unit: Index of the unit to write out, from 0.
        id: Id of the character.
        x: Its input encoding: d values.
        layers: The LSTM layers.
        logits: Logits of the next character: V values.
        likeliest: The most likely next characters, the likeliest first.
        keras: The same step by Keras (option `keras`).
    """

    character: str
    after: str
    unit: int
    id: int
    x: list[float]
    layers: list[LayerStep]
    logits: list[float]
    likeliest: list[LikelyCharacter]
    keras: KerasStep | UnsetType = UNSET
