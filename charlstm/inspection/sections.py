"""The sections of an inspection by name."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.formatting import count_parameters
from charlstm.inference.finite import check_record
from charlstm.inference.logits import log_softmax
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, any_weights
from charlstm.inspection import outputs
from charlstm.inspection.blocks import Block, Record
from charlstm.inspection.gate_weights import weights, weights_view
from charlstm.inspection.layer_shapes import layers, shapes, shapes_view, units, units_view
from charlstm.inspection.state_carry import state_carry, state_carry_view
from charlstm.inspection.step import one_step, step_view
from charlstm.text.windows import model_ids

SECTIONS: dict[str, tuple[str, Callable[[Record], list[Block]]]] = {
    "shapes": ("Input shapes", shapes_view),
    "weights": ("Weights", weights_view),
    "step": ("One step, written out", step_view),
    "state": ("What is carried", state_carry_view),
    "units": ("units and return_sequences", units_view),
    "time-distributed": ("TimeDistributed", outputs.time_distributed_view),
    "activations": ("Activations", outputs.activations_view),
    "kernel": ("Which kernel runs", outputs.kernel_view),
}
"""Title of every section and the function that turns its record into blocks, in order."""

LIKELIEST = 5
"""Number of most likely next characters that are listed."""


@any_weights
def inspect_model(
    config: CheckpointConfig,
    values: Mapping[str, Array],
    network: Network,
    names: Sequence[str],
    *,
    text: str | None = None,
    character: str | None = None,
    unit: int = 0,
) -> Record:
    """Return the layers of a model and the records of some sections.

    Args:
        config: Configuration of the checkpoint.
        values: Its weights by name.
        network: The network with these weights.
        names: Names of the sections.
        text: Text to read before the step that is written out, at least one character; a passage of the corpus if None.
        character: Character whose step is written out, after the text. If None, the last character of the text, after all
            those before it.
        unit: Index of the unit to write out.

    Raises:
        CheckpointError: If a number in a section is infinite or NaN.
    """
    model = config.model
    window = config.vocabulary.encode(config.corpus.windows[0])[: model.seq_len]
    make = {
        "shapes": lambda: shapes(model, config.corpus.characters),
        "weights": lambda: weights(model, values),
        "step": lambda: _step(config, values, network, text or config.corpus.windows[0], character, unit),
        "state": lambda: state_carry(network, window),
        "units": lambda: units(model),
        "time-distributed": lambda: outputs.time_distributed(network, window),
        "activations": lambda: outputs.activations(model),
        "kernel": lambda: outputs.kernel(model),
    }
    sections = {name: make[name]() for name in names}
    check_record(sections)
    return {"parameters": count_parameters(model.weight_shapes), "layers": layers(model), "sections": sections}


def _step(
    config: CheckpointConfig, values: Mapping[str, Array], network: Network, text: str, character: str | None, unit: int
) -> Record:
    after, read = (text[:-1], text[-1]) if character is None else (text, character)
    state = network.initial_state(1)
    for known in config.vocabulary.encode_any(after)[:, None]:
        network.step(known, state)
    before = [(layer.h[0].copy(), layer.c[0].copy()) for layer in state]
    (character_id,) = model_ids(config.vocabulary.encode_any(read), config.model.vocabulary_size).tolist()
    found = one_step(config.model, values, before, character_id)
    # The placeholder has a probability, but is not a character that could come next.
    probabilities = np.exp(log_softmax(np.array(found["logits"])))[: len(config.vocabulary)]
    best = np.argsort(-probabilities, kind="stable")[:LIKELIEST]
    likeliest = [{"character": config.vocabulary.characters[each], "probability": float(probabilities[each])} for each in best]
    return {"character": read, "after": after, "unit": unit, **found, "likeliest": likeliest}
