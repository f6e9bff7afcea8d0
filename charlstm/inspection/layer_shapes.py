"""Layers, shapes and parameter counts."""

from charlstm.config import ModelConfig
from charlstm.formatting import count_parameters, counted
from charlstm.inspection.blocks import Block, Grid, Lines, Prose, shape
from charlstm.results.inspection import LayerRecord
from charlstm.results.json_record import UNSET
from charlstm.results.layer_sections import (
    LayerSizes,
    LayerUnits,
    LstmShapes,
    OneUnit,
    ShapesSection,
    StackedUnits,
    UnitsSection,
)


def layers(config: ModelConfig) -> list[LayerRecord]:
    """Return the layers of the Keras model, from the windows to the probabilities.

    Shapes are lists whose first entry, None, is the batch size.
    """
    length, every = config.seq_len, config.targets == "every"
    found = [_layer("windows", "InputLayer", [None, length, 1])]
    if config.encoding == "one-hot":
        found.append(_layer("one_hot", "OneHot", [None, length, config.vocabulary_size]))
    elif config.encoding == "embedding":
        shape = [None, length, config.embedding_size]
        found.append(_layer("embedding", "CharacterEmbedding", shape, _weights_of(config, "embedding")))
    for number, units in enumerate(config.units, start=1):
        last = number == len(config.units) and not every
        shape = [None, units] if last else [None, length, units]
        found.append(_layer(f"lstm_{number}", "FusedLSTM", shape, _weights_of(config, f"lstm_{number}")))
        found.append(_layer(f"dropout_{number}", "Dropout", shape))
    dense = _weights_of(config, "dense")
    if every:
        found.append(_layer("time_distributed", "TimeDistributed", [None, length, config.vocabulary_size], dense))
    else:
        found.append(_layer("dense", "Dense", [None, config.vocabulary_size], dense))
    return found


def _layer(name: str, kind: str, shape: list[int | None], weights: dict[str, tuple[int, ...]] | None = None) -> LayerRecord:
    weights = weights or {}
    return LayerRecord(
        name=name,
        type=kind,
        output_shape=shape,
        parameters=count_parameters(weights),
        weights={weight: list(of) for weight, of in weights.items()},
    )


def _weights_of(config: ModelConfig, layer: str) -> dict[str, tuple[int, ...]]:
    return {name.partition("/")[2]: shape for name, shape in config.weight_shapes.items() if name.startswith(f"{layer}/")}


def lstm_parameters(features: int, units: int, *, bias: bool = True) -> int:
    """Return the parameter count of an LSTM layer: four gates, each with a kernel, a recurrent kernel and a bias.

    >>> lstm_parameters(1, 1), lstm_parameters(2, 1)
    (12, 16)
    """
    return 4 * (features * units + units * units + units * bias)


def shapes(config: ModelConfig, characters: int) -> ShapesSection:
    """Return the section on input shapes: samples, timesteps, features, and the effect of a second feature.

    Args:
        config: Configuration of the network.
        characters: Number of characters of the corpus.
    """
    return ShapesSection(
        windows=[max(0, characters - config.seq_len), config.seq_len, 1],
        features=config.features,
        encoding=config.encoding,
        one_unit=[
            OneUnit(features=d, weights=lstm_shapes(d, 1), parameters=lstm_parameters(d, 1), cell_state=[1]) for d in (1, 2)
        ],
        layers=[
            LayerSizes(
                name=f"lstm_{number}",
                features=d,
                units=u,
                bias=config.use_bias,
                parameters=lstm_parameters(d, u, bias=config.use_bias),
            )
            for number, (d, u) in enumerate(_sizes(config), start=1)
        ],
    )


def _sizes(config: ModelConfig) -> list[tuple[int, int]]:
    """Return the number of features and of units of every LSTM layer."""
    return list(zip([config.features, *config.units[:-1]], config.units, strict=True))


def lstm_shapes(features: int, units: int) -> LstmShapes:
    """Return the shapes of an LSTM layer's weights.

    >>> lstm_shapes(8, 10)
    LstmShapes(kernel=[8, 40], recurrent_kernel=[10, 40], bias=[40])
    """
    return LstmShapes(kernel=[features, 4 * units], recurrent_kernel=[units, 4 * units], bias=[4 * units])


def units(config: ModelConfig) -> UnitsSection:
    """Return the output shapes by ``return_sequences``, for this model's layers and for a stack of 128 and 256 units."""
    length, every = config.seq_len, config.targets == "every"
    return UnitsSection(
        layers=[
            LayerUnits(
                name=f"lstm_{number}",
                input_shape=[None, length, d],
                units=u,
                last_shape=[None, u],
                sequence_shape=[None, length, u],
                parameters=lstm_parameters(d, u, bias=config.use_bias),
                return_sequences=every or number < len(config.units),
            )
            for number, (d, u) in enumerate(_sizes(config), start=1)
        ],
        stack=[
            StackedUnits(
                input_shape=[None, length, d],
                units=u,
                last_shape=[None, u],
                sequence_shape=[None, length, u],
                parameters=lstm_parameters(d, u),
            )
            for d, u in ((config.features, 128), (128, 256))
        ],
    )


def layers_view(found: list[LayerRecord]) -> list[Block]:
    """Return the tables of layers and of weight shapes, with the names of the weights in ``model.safetensors``."""
    rows = [[layer.name, layer.type, shape(layer.output_shape), f"{layer.parameters:,}"] for layer in found]
    stored = {layer.name: "dense" if layer.type == "TimeDistributed" else layer.name for layer in found}
    weights = [[f"{stored[layer.name]}/{name}", shape(of)] for layer in found for name, of in layer.weights.items()]
    return [Grid(["layer", "type", "output shape", "parameters"], rows), Grid(["weight", "shape"], weights)]


def shapes_view(found: ShapesSection) -> list[Block]:
    """Return the blocks of the section on input shapes."""
    samples, timesteps, features = found.windows
    what = {
        "scalar": "The LSTM reads the number itself: input_dim is 1, x_t is one number.",
        "one-hot": f"The first layer makes a vector of {found.features} of each number, with a single 1.",
        "embedding": f"The first layer looks up a learned vector of {found.features} numbers for each.",
    }[found.encoding]
    first, second = found.one_unit
    number = f"{samples:,}" if samples else "samples"  # the text of an imported model may be unknown
    blocks: list[Block] = [
        Prose(
            f"Keras LSTMs read (samples, timesteps, features). The windows of this model's text are ({number}, {timesteps}, "
            f"{features}): that many windows, {counted(timesteps, 'character')} each, one number a character, its id divided "
            f"by the size of the vocabulary. {what}"
        ),
        Prose(
            "What if input_dim > 1? Then x_t is a vector, and the kernel gets a row for every feature. The cell state does "
            "not grow: it is one number for each unit, whatever the input is. The smallest case, one unit:"
        ),
        Grid(
            ["features", "kernel", "recurrent kernel", "bias", "cell state", "parameters"],
            [
                [
                    str(each.features),
                    shape(each.weights.kernel),
                    shape(each.weights.recurrent_kernel),
                    shape(each.weights.bias),
                    shape(each.cell_state),
                    str(each.parameters),
                ]
                for each in (first, second)
            ],
        ),
        Prose("An LSTM with d features and u units has 4 (d u + u u + u) parameters: four gates, each with W, U and b."),
        Lines("\n".join(_arithmetic(layer) for layer in found.layers)),
    ]
    if found.keras is not UNSET:
        by_keras = found.keras.one_unit
        blocks.append(Prose(f"Keras counts {by_keras[1]} and {by_keras[2]} for one unit, {found.keras.parameters:,} in all."))
    return blocks


def _arithmetic(layer: LayerSizes) -> str:
    d, u = layer.features, layer.units
    bias = f" + {u}" if layer.bias else ""
    return f"{layer.name}: 4 ({d}·{u} + {u}·{u}{bias}) = {layer.parameters:,}"


def units_view(found: UnitsSection) -> list[Block]:
    """Return the blocks of the section on ``units`` and ``return_sequences``."""

    def row(label: str, each: LayerUnits | StackedUnits) -> list[str]:
        shapes = (each.input_shape, each.last_shape, each.sequence_shape)
        return [label, *map(shape, shapes), f"{each.parameters:,}"]

    headings = ["return_sequences:", "input", "False", "True", "parameters"]
    used = ", ".join(f"{layer.name} return_sequences={layer.return_sequences}" for layer in found.layers)
    blocks: list[Block] = [
        Prose(
            "units is the size of h and c, and so of the output; it has nothing to do with the number of steps. With "
            "return_sequences=False the layer gives h after the last step, with True after every step."
        ),
        Grid(headings, [row(f"{layer.name}, {layer.units} units", layer) for layer in found.layers]),
        Prose(
            f"This model: {used}. Layers that stand on each other, 128 and 256 units, say: the upper one reads a sequence of "
            "128 features, so every layer but the last must return sequences."
        ),
        Grid(headings, [row(f"LSTM({each.units})", each) for each in found.stack]),
    ]
    if found.keras is not UNSET:
        refused = found.keras.stacked_without_sequences
        blocks.append(
            Prose(f"Keras gives {shape(found.keras.stacked)} for the two, and without return_sequences=True: {refused!r}")
        )
    return blocks
