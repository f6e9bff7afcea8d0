"""All sections of a model at once, or some of them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from charlstm.analysis.finite import check_record
from charlstm.analysis.inspection import outputs
from charlstm.analysis.inspection.anatomy import layers, shapes, shapes_shown, units, units_shown
from charlstm.analysis.inspection.blocks import Block
from charlstm.analysis.inspection.carried import carried, carried_shown
from charlstm.analysis.inspection.step import one_step, step_shown
from charlstm.analysis.inspection.weights import weights, weights_shown
from charlstm.analysis.record import Record
from charlstm.checkpoint.files import Config
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, any_weights
from charlstm.inference.sampling import log_softmax
from charlstm.text.windows import model_ids
from charlstm.units import count

SECTIONS: dict[str, tuple[str, Callable[[Record], list[Block]]]] = {
    "shapes": ("Input shapes", shapes_shown),
    "weights": ("Weights", weights_shown),
    "step": ("One step, written out", step_shown),
    "state": ("What is carried", carried_shown),
    "units": ("units and return_sequences", units_shown),
    "time-distributed": ("TimeDistributed", outputs.time_distributed_shown),
    "activations": ("Activations", outputs.activations_shown),
    "kernel": ("Which kernel runs", outputs.kernel_shown),
}
"""Title of every section and what is shown of its record, in order."""

LIKELIEST = 5
"""Characters that are named as what is expected next."""


@any_weights
def examine(
    config: Config,
    values: Mapping[str, Array],
    network: Network,
    names: Sequence[str],
    *,
    text: str | None = None,
    character: str | None = None,
    unit: int = 0,
) -> Record:
    """The layers of a model, and some sections.

    Args:
        config: Of the checkpoint.
        values: Its weights by name.
        network: The same as a network.
        names: Of the sections.
        text: What is read before the step that is written out, at least one character; a passage of the corpus if None.
        character: The one to write a step out for, after the text; the text's last one, after all before it, if None.
        unit: The one to write out.

    Raises:
        CheckpointError: If a number of theirs is infinite or NaN.
    """
    model = config.model
    window = config.vocabulary.encode(config.corpus.windows[0])[: model.seq_len]
    make = {
        "shapes": lambda: shapes(model, config.corpus.characters),
        "weights": lambda: weights(model, values),
        "step": lambda: _step(config, values, network, text or config.corpus.windows[0], character, unit),
        "state": lambda: carried(network, window),
        "units": lambda: units(model),
        "time-distributed": lambda: outputs.time_distributed(network, window),
        "activations": lambda: outputs.activations(model),
        "kernel": lambda: outputs.kernel(model),
    }
    sections = {name: make[name]() for name in names}
    check_record(sections)
    return {"parameters": count(model.weight_shapes), "layers": layers(model), "sections": sections}


def _step(config: Config, values: Mapping[str, Array], network: Network, text: str, character: str | None, unit: int) -> Record:
    after, read = (text[:-1], text[-1]) if character is None else (text, character)
    state = network.zero_state(1)
    for known in config.vocabulary.encode_any(after)[:, None]:
        network.step(known, state)
    before = [(layer.h[0].copy(), layer.c[0].copy()) for layer in state]
    (character_id,) = model_ids(config.vocabulary.encode_any(read), config.model.vocabulary_size).tolist()
    found = one_step(config.model, values, before, character_id)
    # The placeholder takes its part of the probability, but is no character that could come next.
    probabilities = np.exp(log_softmax(np.array(found["logits"])))[: len(config.vocabulary)]
    best = np.argsort(-probabilities, kind="stable")[:LIKELIEST]
    likeliest = [{"character": config.vocabulary.characters[each], "probability": float(probabilities[each])} for each in best]
    return {"character": read, "after": after, "unit": unit, **found, "likeliest": likeliest}
