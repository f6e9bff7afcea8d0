"""``charlstm inspect``."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer
from tqdm import tqdm

from charlstm.choices import OnUnknown
from charlstm.cli.evaluation_inputs import UnknownOption
from charlstm.cli.generation_inputs import encoding_of, unescaped
from charlstm.cli.inspection_options import refuse_for_recipe, refuse_unused
from charlstm.cli.memory_checks import check_scoring, check_text
from charlstm.cli.options import choice, integer
from charlstm.cli.outputs import check_outputs, page_path, write_output
from charlstm.cli.refusals import once, refuse_on_unknown
from charlstm.cli.terminal import (
    CheckpointOption,
    JsonOption,
    SearchOption,
    find_model,
    known_text_to_read,
    print_json,
    printable_name,
    say,
    say_note,
)
from charlstm.errors import join_alternatives, short_repr
from charlstm.formatting import exactly

if TYPE_CHECKING:
    from charlstm.checkpoint.config_records import CheckpointConfig
    from charlstm.inference.lstm import Array
    from charlstm.model_files import ModelFiles
    from charlstm.results.inspection import InspectionResult, Sections

Section = Literal[
    "shapes", "weights", "step", "state", "units", "time-distributed", "activations", "kernel", "inside", "recipe"
]


def inspect(
    context: typer.Context,
    section: Annotated[
        Section | None,
        typer.Argument(
            help=f"Section to show: {join_alternatives(get_args(Section))}. Default: all but inside and recipe.",
            show_default=False,
            **{**choice(Section), "metavar": "SECTION"},
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    keras: Annotated[bool, typer.Option("--keras", help="Also compute the numbers with Keras (starts TensorFlow).")] = False,
    character: Annotated[
        str | None,
        typer.Option(
            help="Character to compute one time step for. Default: the last one of the text.", metavar="C", show_default=False
        ),
    ] = None,
    unit: Annotated[
        int | None,
        typer.Option(
            "--unit",
            "--cell",
            help="Index of the unit to show, from 0. Default: 0, and along a text the most readable one.",
            show_default=False,
            **integer(0),
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(
            help="Text to read before the step and to show the activations along; \\n is a line end. Default: from the corpus.",
            metavar="TEXT",
            show_default=False,
        ),
    ] = None,
    text_file: Annotated[
        list[str] | None,
        typer.Option(help="File with that text, in place of --text; - reads stdin.", metavar="FILE", show_default=False),
    ] = None,
    layer: Annotated[
        int | None,
        typer.Option(
            help="Number of the layer to show along a text, from 1. Default: all, or the first with --unit.", **integer(1)
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write everything as one HTML page.", metavar="FILE.html", parser=page_path)
    ] = None,
    on_unknown: UnknownOption = "error",
    text_encoding: Annotated[
        str | None,
        typer.Option(
            "--text-encoding",
            "--encoding-name",
            help="Text encoding of --text-file. Default: utf-8.",
            metavar="ENCODING",
            show_default=False,
        ),
    ] = None,
    checkpoints: SearchOption = None,
    json: JsonOption = False,
) -> None:
    """Look inside a model: shapes, weights, gates, one time step."""
    from charlstm.inspection.activations import MAX_CHARACTERS
    from charlstm.inspection.sections import SECTIONS, inspect_model
    from charlstm.results.json_record import replace

    typed, file = once("--text", text), once("--text-file", text_file)
    if typed is not None and file is not None:
        raise typer.BadParameter("give --text or --text-file, not both")
    given = typed is not None or file is not None
    if section == "recipe":
        refuse_for_recipe(context)
        print(find_model(checkpoint, checkpoints).recipe, end="")
        return
    names = [name for name in SECTIONS if section in (None, name)]
    looks_inside = section == "inside" or page is not None or (given and section is None)
    refuse_unused(context, section, [*names, *["inside"] * looks_inside])
    refuse_on_unknown(context, "a text", "--text, --text-file or --character", used=given or character is not None)
    encoding = encoding_of("--text-file", text_file, text_encoding)
    check_outputs(page=page)
    model = find_model(checkpoint, checkpoints)
    config = model.checkpoint
    character = None if character is None else _one_character(config, character, on_unknown)
    _check_numbers(config, unit, layer, along_text=looks_inside)
    check_scoring(
        config, MAX_CHARACTERS, min(config.model.seq_len, len(config.corpus.windows[0])), advice="use a smaller model"
    )
    weights = model.weights
    network = model.network
    whole = _passage(config, typed, file, encoding, on_unknown, least=LEAST if looks_inside else 1)
    if given and len(whole) > MAX_CHARACTERS:
        parts = {"the first": "shown along the text" * looks_inside, "the last": "read for the step" * ("step" in names)}
        used = " and ".join(f"{part} {MAX_CHARACTERS:,} are {use}" for part, use in parts.items() if use)
        say(f"Of the text's {len(whole):,} characters, {used}.")
    passage = whole[:MAX_CHARACTERS] if given else whole
    name, read = printable_name(model.name), whole[-MAX_CHARACTERS:] if given else None
    result = inspect_model(name, config, weights, network, names, text=read, character=character, unit=unit or 0)
    if keras and names:
        result = replace(result, sections=_ask_keras(result.sections, config, weights, names))
    if looks_inside:
        from charlstm.inspection.activations import activations_along
        from charlstm.inspection.inside import inside_record

        found = activations_along(network, config.vocabulary.encode_any(passage))
        result = replace(result, inside=inside_record(passage, found, layer, unit))
        if page is not None:
            write_output("The page is", page, _page(model, result).encode())
    if json:
        print_json(result.to_dict())
    else:
        from charlstm.cli.inspection_view import show

        show(result)


def _page(model: "ModelFiles", result: "InspectionResult") -> str:
    """Return the page of the model, with unrounded weights. It opens with the inside along the text of the inspection."""
    from charlstm.export.card import make_card
    from charlstm.export.html import html_page
    from charlstm.report.page import inspection_sections
    from charlstm.results.json_record import UNSET

    card, _ = make_card(model.path, model.checkpoint, model.weights, "float32", measure=False)
    inside = result.inside
    start = {} if inside is UNSET else {"text": inside.text, "layer": inside.layer, "unit": inside.cell, "view": "units"}
    return html_page(
        model.checkpoint, model.weights, result.checkpoint, card, "float32", start=start, sections=inspection_sections(result)
    )


def _one_character(config: "CheckpointConfig", written: str, on_unknown: OnUnknown) -> str:
    """Return the character of ``--character``; refuse an unknown one, or several."""
    character = known_text_to_read(config.vocabulary, unescaped("--character", written, config.vocabulary), on_unknown)
    config.vocabulary.encode_any(character)
    if written and not character:
        raise typer.BadParameter(
            f"--character: the model does not know {short_repr(written)}, and nothing is left without it; choose another "
            "character, or --on-unknown replace"
        )
    if len(character) != 1:
        raise typer.BadParameter(f"--character: expected one character; found {short_repr(character)}")
    return character


def _check_numbers(config: "CheckpointConfig", unit: int | None, layer: int | None, *, along_text: bool) -> None:
    """Refuse numbers of layers and units that this model does not have; ``along_text`` shows a unit of one layer."""
    units = config.model.units
    if layer is not None and layer > len(units):
        raise typer.BadParameter(f"--layer: expected an integer from 1 to {len(units)} for this model; found {layer}")
    number = layer or 1
    most, where = (units[number - 1], f"layer {number}") if along_text else (max(units), "this model")
    if unit is not None and unit >= most:
        raise typer.BadParameter(f"--unit: expected an integer from 0 to {most - 1} for {where}; found {unit}")


def _passage(
    config: "CheckpointConfig",
    text: str | None,
    text_file: str | None,
    text_encoding: str,
    on_unknown: OnUnknown,
    *,
    least: int,
) -> str:
    """Return the characters to read; by default the passages of the corpus in the checkpoint."""
    from charlstm.errors import CorpusError
    from charlstm.text.corpus import read_text

    if text is None and text_file is None:
        return "\n".join(config.corpus.windows) if "\n" in config.vocabulary.characters else "".join(config.corpus.windows)
    whole = read_text(str(text_file), text_encoding, say_note) if text is None else unescaped("--text", text, config.vocabulary)
    check_text(len(whole))
    known = known_text_to_read(config.vocabulary, whole, on_unknown)
    config.vocabulary.encode_any(known)
    if len(known) < least:
        purpose = "the activations along a text need" if least == LEAST else "a step needs"
        raise CorpusError(f"the text has {exactly(len(known), 'character')} that the model knows; {purpose} at least {least}")
    return known


LEAST = 50
"""Fewest characters of a text for which activations are shown."""


def _ask_keras(
    sections: "Sections", config: "CheckpointConfig", weights: Mapping[str, "Array"], names: list[str]
) -> "Sections":
    """Return the sections with the numbers that Keras computes."""
    say("Starting TensorFlow …")
    from charlstm.inference.finite import check_record
    from charlstm.nn.keras_inspection import with_keras

    window = config.vocabulary.encode(config.corpus.windows[0])[: config.model.seq_len]
    bar_format = "{percentage:3.0f}%|{bar}| {desc}"
    with tqdm(total=len(names), bar_format=bar_format, disable=not sys.stderr.isatty(), leave=False) as bar:

        def asking(name: str) -> None:
            bar.n = names.index(name)
            bar.set_description_str(f"asking Keras: {name}")

        found = with_keras(sections, config.model, weights, window, asking)
    check_record(found.to_dict())
    return found
