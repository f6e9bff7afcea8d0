"""The sections of an inspection by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.formatting import count_parameters
from charlstm.inference.finite import check_record
from charlstm.inference.logits import log_softmax
from charlstm.inference.lstm import Array
from charlstm.inference.network import Network, any_weights
from charlstm.inspection import outputs
from charlstm.inspection.blocks import Block
from charlstm.inspection.gate_weights import weights, weights_view
from charlstm.inspection.layer_shapes import layers, shapes, shapes_view, units, units_view
from charlstm.inspection.state_carry import state_carry, state_carry_view
from charlstm.inspection.step import one_step, step_view
from charlstm.results.inspection import InspectionResult, Sections
from charlstm.results.json_record import UNSET, JsonRecord, UnsetType
from charlstm.results.step import LikelyCharacter, StepSection
from charlstm.text.windows import model_ids

S = TypeVar("S", bound=JsonRecord)

SECTIONS = {
    "shapes": "Input shapes",
    "weights": "Weights",
    "step": "One step, written out",
    "state": "Carried state",
    "units": "units and return_sequences",
    "time-distributed": "TimeDistributed",
    "activations": "Activations",
    "kernel": "Kernel in use",
}
"""Title of every section by its name, in order."""

LIKELIEST = 5
"""Number of most likely next characters that are listed."""


@dataclass(frozen=True)
class SectionView:
    """A section for display.

    Attributes:
        name: Name of the section.
        title: Its title.
        blocks: Its blocks.
    """

    name: str
    title: str
    blocks: list[Block]


def section_views(found: Sections) -> list[SectionView]:
    """Return the sections that an inspection has, in order."""
    shown = {
        "shapes": _blocks(found.shapes, shapes_view),
        "weights": _blocks(found.weights, weights_view),
        "step": _blocks(found.step, step_view),
        "state": _blocks(found.state, state_carry_view),
        "units": _blocks(found.units, units_view),
        "time-distributed": _blocks(found.time_distributed, outputs.time_distributed_view),
        "activations": _blocks(found.activations, outputs.activations_view),
        "kernel": _blocks(found.kernel, outputs.kernel_view),
    }
    return [SectionView(name, SECTIONS[name], blocks) for name, blocks in shown.items() if blocks]


def _blocks(section: S | UnsetType, view: Callable[[S], list[Block]]) -> list[Block]:
    return [] if isinstance(section, UnsetType) else view(section)


@any_weights
def inspect_model(
    checkpoint: str,
    config: CheckpointConfig,
    values: Mapping[str, Array],
    network: Network,
    names: Sequence[str],
    *,
    text: str | None = None,
    character: str | None = None,
    unit: int = 0,
) -> InspectionResult:
    """Return the layers of a model and some sections.

    Args:
        checkpoint: Name of the checkpoint.
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
    passage = text or config.corpus.windows[0]
    found = InspectionResult(
        checkpoint=checkpoint,
        parameters=count_parameters(model.weight_shapes),
        layers=layers(model),
        sections=Sections(
            shapes=shapes(model, config.corpus.characters) if "shapes" in names else UNSET,
            weights=weights(model, values) if "weights" in names else UNSET,
            step=_step(config, values, network, passage, character, unit) if "step" in names else UNSET,
            state=state_carry(network, window) if "state" in names else UNSET,
            units=units(model) if "units" in names else UNSET,
            time_distributed=outputs.time_distributed(network, window) if "time-distributed" in names else UNSET,
            activations=outputs.activations(model) if "activations" in names else UNSET,
            kernel=outputs.kernel(model) if "kernel" in names else UNSET,
        ),
    )
    check_record(found.to_dict())
    return found


def _step(
    config: CheckpointConfig, values: Mapping[str, Array], network: Network, text: str, character: str | None, unit: int
) -> StepSection:
    after, read = (text[:-1], text[-1]) if character is None else (text, character)
    state = network.initial_state(1)
    for known in config.vocabulary.encode_any(after)[:, None]:
        network.step(known, state)
    before = [(layer.h[0].copy(), layer.c[0].copy()) for layer in state]
    (character_id,) = model_ids(config.vocabulary.encode_any(read), config.model.vocabulary_size).tolist()
    found = one_step(config.model, values, before, character_id)
    # The placeholder has a probability, but is not a character that could come next.
    probabilities = np.exp(log_softmax(np.array(found.logits)))[: len(config.vocabulary)]
    best = np.argsort(-probabilities, kind="stable")[:LIKELIEST]
    characters = config.vocabulary.characters
    return StepSection(
        character=read,
        after=after,
        unit=unit,
        id=found.id,
        x=found.x,
        layers=found.layers,
        logits=found.logits,
        likeliest=[LikelyCharacter(character=characters[each], probability=float(probabilities[each])) for each in best],
    )
