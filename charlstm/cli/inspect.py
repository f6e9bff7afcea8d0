"""``charlstm inspect``."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from tqdm import tqdm

from charlstm.cli.measuring import UnknownOption
from charlstm.cli.memory import check_scoring, check_text
from charlstm.cli.outputs import check_outputs, write_output
from charlstm.cli.terminal import (
    CHECKPOINTS,
    CheckpointOption,
    CheckpointsOption,
    JsonOption,
    OnUnknown,
    fitted,
    print_json,
    readable,
    say,
    stated,
)

if TYPE_CHECKING:
    from charlstm.analysis.record import Record
    from charlstm.checkpoint.files import Config
    from charlstm.inference.lstm import Array

Section = Literal["shapes", "weights", "step", "state", "units", "time-distributed", "activations", "kernel", "inside"]


@stated
def inspect(
    section: Annotated[Section | None, typer.Argument(help="One of them. Default: all.", show_default=False)] = None,
    checkpoint: CheckpointOption = None,
    keras: Annotated[bool, typer.Option("--keras", help="Ask Keras the same questions. Starts TensorFlow.")] = False,
    character: Annotated[str | None, typer.Option(help="The one to write a step out for.", show_default=False)] = None,
    unit: Annotated[int, typer.Option(min=0, help="The unit to write out.")] = 0,
    text: Annotated[str | None, typer.Option(help="Look inside along this text.", show_default=False)] = None,
    text_file: Annotated[str | None, typer.Option(help="Look inside along the text of a file; - is stdin.")] = None,
    layer: Annotated[int | None, typer.Option(min=1, help="The layer to look into. Default: all; of --cell the first.")] = None,
    cell: Annotated[int | None, typer.Option(min=0, help="The cell to colour by. Default: the most readable one.")] = None,
    page: Annotated[Path | None, typer.Option(help="Write all of it as one HTML page.", metavar="FILE.html")] = None,
    on_unknown: UnknownOption = "error",
    encoding_name: Annotated[str, typer.Option(help="Text encoding of --text-file.")] = "utf-8",
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Look inside a model: shapes, weights, gates, one step with its numbers, what is carried, cells along a text."""
    from charlstm.analysis.inspection.examination import SECTIONS, examine
    from charlstm.analysis.inspection.inside import MOST
    from charlstm.checkpoint.files import read_config
    from charlstm.checkpoint.folder import find
    from charlstm.checkpoint.weights import read_weights
    from charlstm.inference.network import build_network

    if text is not None and text_file is not None:
        raise typer.BadParameter("give --text or --text-file, not both")
    check_outputs(page=page)
    folder = find(checkpoints, checkpoint)
    config = read_config(folder)
    _check_numbers(config, character, unit, layer, cell)
    check_scoring(config, MOST, min(config.model.seq_len, len(config.corpus.windows[0])), advice="use a smaller model")
    weights = read_weights(folder, config.model)
    network = build_network(config.model, weights)
    looks_inside = section == "inside" or not (text is None and text_file is None and page is None)
    names = [name for name in SECTIONS if section in (None, name)]
    record: Record = {"checkpoint": readable(folder.resolve().name)}
    record |= examine(config, weights, network, names, character=character, unit=unit)
    if keras and names:
        _ask_keras(record, config, weights, names)
    if looks_inside:
        from charlstm.analysis.inspection.inside import inside, inside_record

        passage = _passage(config, text, text_file, encoding_name, on_unknown)
        if len(passage) > MOST:
            say(f"Of the text's {len(passage):,} characters the first {MOST:,} are looked at.")
            passage = passage[:MOST]
        found = inside(network, config.vocabulary.encode(passage))
        record["inside"] = inside_record(passage, found, layer, cell)
        if page is not None:
            from charlstm.analysis.page import inspection_page

            write_output("The page is", page, inspection_page(record, found).encode())
    if json:
        print_json(record)
    else:
        from charlstm.cli.sections import show

        show(record)


def _check_numbers(config: "Config", character: str | None, unit: int, layer: int | None, cell: int | None) -> None:
    """Refuse what this model does not have."""
    units = config.model.units
    if character is not None:
        config.vocabulary.encode(character)
        if len(character) != 1:
            raise typer.BadParameter(f"--character is one character, not {character!r}")
    if unit >= max(units):
        raise typer.BadParameter(f"--unit is from 0 to {max(units) - 1} in this model, not {unit}")
    if layer is not None and layer > len(units):
        raise typer.BadParameter(f"--layer is from 1 to {len(units)} in this model, not {layer}")
    number = layer or 1
    if cell is not None and cell >= units[number - 1]:
        raise typer.BadParameter(f"--cell is from 0 to {units[number - 1] - 1} in layer {number}, not {cell}")


def _passage(config: "Config", text: str | None, text_file: str | None, encoding_name: str, on_unknown: OnUnknown) -> str:
    """The text to look inside along: by default the passages of the corpus that the checkpoint keeps."""
    from charlstm.errors import CorpusError
    from charlstm.text.corpus import read_text

    if text is None and text_file is None:
        return "\n".join(config.corpus.windows) if "\n" in config.vocabulary.characters else "".join(config.corpus.windows)
    whole = text if text is not None else read_text(str(text_file), encoding_name)
    check_text(len(whole))
    known = fitted(config.vocabulary, whole, on_unknown)
    config.vocabulary.encode(known)
    if len(known) < LEAST:
        raise CorpusError(
            f"the text has {len(known)} characters that the model knows; to see a cell follow something takes at least {LEAST}"
        )
    return known


LEAST = 50
"""Characters of a text along which anything can be seen."""


def _ask_keras(record: "Record", config: "Config", weights: Mapping[str, "Array"], names: list[str]) -> None:
    """Add Keras's own answers to the sections."""
    say("Starting TensorFlow …")
    from charlstm.training import keras_answers

    model, sections = config.model, record["sections"]
    window = config.vocabulary.encode(config.corpus.windows[0])[: model.seq_len]
    ask: dict[str, Callable[[], Any]] = {
        "shapes": lambda: keras_answers.shapes(model),
        "weights": keras_answers.weights,
        "step": lambda: keras_answers.step(model, weights, sections["step"]),
        "state": lambda: keras_answers.state(model, weights, window),
        "units": lambda: keras_answers.units(model),
        "time-distributed": lambda: keras_answers.time_distributed(model, weights, window),
        "activations": lambda: keras_answers.activations(sections["activations"]["z"]),
        "kernel": lambda: keras_answers.kernel(model, sections["kernel"]["not_cudnn_because"]),
    }
    for name in (progress := tqdm(names, disable=not sys.stderr.isatty(), leave=False)):
        progress.set_description(f"asking Keras: {name}")
        sections[name]["keras"] = ask[name]()
