"""The weights of every LSTM layer, split by gate."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig
from charlstm.formatting import decimal
from charlstm.inference.lstm import Array, by_gate
from charlstm.inspection.blocks import Block, Grid, Prose, bars, shape
from charlstm.inspection.layer_shapes import lstm_shapes
from charlstm.results.json_record import UNSET
from charlstm.results.layer_sections import ExampleShapes, GateOrder, LayerParts, WeightPart, WeightsSection

GATES = ("i", "f", "c", "o")
"""Input gate, forget gate, candidate of the cell state, output gate: the order of Keras's columns."""

ORDERS = [
    GateOrder(where=where, order=order, layout=layout)
    for where, order, layout in (
        ("Keras", "i f c o", "kernel [d, 4u], recurrent kernel [u, 4u], one bias"),
        ("cuDNN", "i f c o", "one buffer: each gate's W and U transposed, then two biases each"),
        ("PyTorch", "i f g o", "weight_ih [4u, d], weight_hh [4u, u], two biases; g is c"),
        ("TensorFlow 1, BasicLSTMCell", "i j f o", "[d + u, 4u] in one; j is c; adds 1 to f when it runs"),
        ("ONNX", "i o f c", "W [4u, d], R [4u, u], two biases in one"),
    )
]

_BINS = 15


def weights(config: ModelConfig, values: Mapping[str, Array]) -> WeightsSection:
    """Return shape, norm, range and histogram of every gate's kernel W, recurrent kernel U and bias b.

    Args:
        config: Configuration of the network.
        values: Its weights by name.
    """
    found = []
    for number, units in enumerate(config.units, start=1):
        layer = f"lstm_{number}"
        matrices = {"W": values[f"{layer}/kernel"], "U": values[f"{layer}/recurrent_kernel"]}
        if config.use_bias:
            matrices["b"] = values[f"{layer}/bias"][None]
        parts = [
            _part(f"{letter}_{gate}", [at * units, (at + 1) * units], block[0] if letter == "b" else block)
            for letter, matrix in matrices.items()
            for at, (gate, block) in enumerate(zip(GATES, by_gate(matrix), strict=True))
        ]
        found.append(LayerParts(name=layer, units=units, parts=parts))
    of = lstm_shapes(8, 10)
    example = ExampleShapes(input=[8, 8], units=10, kernel=of.kernel, recurrent_kernel=of.recurrent_kernel, bias=of.bias)
    return WeightsSection(layers=found, example=example, orders=ORDERS)


def _part(name: str, columns: list[int], block: Array) -> WeightPart:
    values: NDArray[np.float64] = block.astype(np.float64)
    farthest = float(np.abs(values).max()) or 1.0
    counts, _ = np.histogram(values, _BINS, (-farthest, farthest))
    return WeightPart(
        name=name,
        columns=columns,
        shape=list(block.shape),
        norm=float(np.linalg.norm(values)),
        mean=float(values.mean()),
        least=float(values.min()),
        greatest=float(values.max()),
        histogram=counts.tolist(),
        histogram_reaches=farthest,
    )


def weights_view(found: WeightsSection) -> list[Block]:
    """Return the blocks of the section on weights."""
    example = found.example
    blocks: list[Block] = [
        Prose(
            "An LSTM layer has a kernel (d, 4u), a recurrent kernel (u, 4u) and, unless use_bias=False, a bias (4u,). Side by "
            "side in their columns stand four blocks of u: input gate i, forget gate f, candidate c, output gate o. So W_f is "
            "kernel[:, u:2u], U_f is recurrent_kernel[:, u:2u], b_f is bias[u:2u]."
        )
    ]
    for layer in found.layers:
        rows = [
            [
                part.name,
                f"{part.columns[0]}:{part.columns[1]}",
                shape(part.shape),
                decimal(part.norm, 2),
                decimal(part.mean, 3, "+"),
                f"{decimal(part.least, 2, '+')} … {decimal(part.greatest, 2, '+')}",
                bars(part.histogram),
            ]
            for part in layer.parts
        ]
        blocks += [
            Prose(f"{layer.name}, u = {layer.units} (the picture is a histogram, zero in its middle):"),
            Grid(["", "columns", "shape", "norm", "mean", "range", "picture"], rows),
        ]
    rows_, columns = example.input
    blocks += [
        Prose(
            f"Another case: LSTM({example.units}) on inputs of shape ({rows_}, {columns}), {rows_} steps of {columns} "
            f"features. Its weights have the shapes {shape(example.kernel)} {shape(example.recurrent_kernel)} "
            f"{shape(example.bias)}."
        ),
        Prose("The order of the gates elsewhere:"),
        Grid(["where", "order", "layout"], [[each.where, each.order, each.layout] for each in found.orders]),
    ]
    if found.keras is not UNSET:
        blocks.append(Prose("Keras: " + ", ".join(f"{name} {shape(of)}" for name, of in found.keras.items()) + "."))
    return blocks
