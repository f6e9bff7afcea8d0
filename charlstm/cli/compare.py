"""``charlstm compare``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charlstm.cli.measuring import CorpusOption, SampleOption, UnknownOption, bar, check_outputs, find_texts, say_unbounded
from charlstm.cli.terminal import (
    CHECKPOINTS,
    CheckpointOption,
    CheckpointsOption,
    JsonOption,
    print_json,
    readable,
    say,
    stated,
)
from charlstm.cli.writing import check_finite, seed_text, threads

if TYPE_CHECKING:
    from charlstm.analysis.record import Record


@stated
def compare(
    seed: Annotated[
        str | None, typer.Option(help="The text to continue; \\n is a line end. Default: a passage of the corpus.")
    ] = None,
    seed_file: Annotated[str | None, typer.Option(help="A file with the text to continue; - is stdin.")] = None,
    checkpoint: CheckpointOption = None,
    length: Annotated[int, typer.Option(min=1, help="Characters to write.")] = 500,
    temperature: Annotated[float, typer.Option(min=0.0, help="As for generate.")] = 0.8,
    random_seed: Annotated[int, typer.Option(min=0, help="Of the noise, and of the sample of characters.")] = 0,
    text: Annotated[
        str | None, typer.Option(help="A text to measure on; - is stdin. Default: the model's held-out text.")
    ] = None,
    corpus: CorpusOption = None,
    windows: Annotated[
        str | None, typer.Option(help="Also write with these windows, such as 10,25,50,100,200.", show_default=False)
    ] = None,
    sample: SampleOption = 1_000,
    report: Annotated[Path | None, typer.Option(help="Write all of it as one HTML page.", metavar="FILE.html")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the curves.", metavar="FILE.png|svg")] = None,
    on_unknown: UnknownOption = "error",
    encoding_name: Annotated[str, typer.Option(help="Text encoding of the files.")] = "utf-8",
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Write the same text stateless and stateful, and show what carrying the state changes and costs."""
    from charlstm.analysis import comparison
    from charlstm.analysis.plots import FORMATS
    from charlstm.analysis.record import comparison_record
    from charlstm.analysis.writing import Machine, Task
    from charlstm.checkpoint.files import read_config
    from charlstm.checkpoint.folder import find
    from charlstm.checkpoint.weights import read_weights
    from charlstm.inference.network import build_network
    from charlstm.inference.sampling import Sampling

    check_finite("--temperature", temperature)
    if text == "-" and seed_file == "-":
        raise typer.BadParameter("--text and --seed-file cannot both be read from stdin")
    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"--plot draws PNG or SVG; name a file that ends in .png or .svg, not {plot.name!r}")
    check_outputs(report, plot)
    sizes = _sizes(windows)
    folder = find(checkpoints, checkpoint)
    config = read_config(folder)
    task = Task(
        seed_text(seed, seed_file, encoding_name, config, random_seed, on_unknown), length, random_seed, Sampling(temperature)
    )
    texts = find_texts(folder, config, text, corpus, on_unknown, encoding_name)
    if texts.missing:
        say(f"{'What is new is' if text else 'Quality is'} not measured: {texts.missing}.")
    network = build_network(config.model, read_weights(folder, config.model))
    others = tuple(size for size in sizes if size != config.model.seq_len)  # that one is written in any case
    plan = comparison.Plan(sample, random_seed, others)
    with bar(comparison.work(plan, task, texts, config.model.seq_len)) as progress:
        machine = Machine(time.perf_counter, threads)
        found = comparison.compare(network, config.vocabulary, task, texts, plan, machine, progress.update)
    say_unbounded(found.evaluation)
    result = comparison_record(readable(folder.resolve().name), found)
    _write(result, report, plot)
    if json:
        print_json(result)
    else:
        from charlstm.cli.side_by_side import show

        show(result)


LARGEST_WINDOW = 10_000
"""Characters of a window beyond which lanes would take gigabytes."""


def _sizes(windows: str | None) -> list[int]:
    """The numbers of ``--windows``, each once, in order."""
    try:
        sizes = sorted({int(part) for part in windows.split(",")}) if windows else []
    except ValueError:
        sizes = [0]
    if any(not 0 < size <= LARGEST_WINDOW for size in sizes):
        raise typer.BadParameter(
            f"--windows takes numbers from 1 to {LARGEST_WINDOW:,} with commas between them, such as 10,25,50, not {windows!r}"
        )
    return sizes


def _write(result: "Record", report: Path | None, plot: Path | None) -> None:
    if report is not None:
        from charlstm.analysis.page import page
        from charlstm.checkpoint.atomic import write_atomically

        write_atomically(report.resolve(), page(result).encode())
        say(f"The report is in {report}.")
    if plot is not None:
        from charlstm.analysis.plots import plot as draw

        draw(result, plot)
        say(f"The curves are in {plot}.")
