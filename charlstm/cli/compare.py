"""``charlstm compare``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charlstm.choices import DEFAULT_TEMPERATURE
from charlstm.cli.evaluation_inputs import (
    CorpusOption,
    SampleOption,
    TextEncodingOption,
    UnknownOption,
    bar,
    find_texts,
    say_rare,
    say_unbounded,
)
from charlstm.cli.flags import with_flags
from charlstm.cli.generation_inputs import SeedFileOption, SeedOption, SeedSource, find_seeds, threads
from charlstm.cli.memory_checks import check_scoring
from charlstm.cli.options import LARGEST_SEED, integer, number
from charlstm.cli.outputs import check_outputs, output_path, page_path, write_output
from charlstm.cli.refusals import once, refuse_on_unknown
from charlstm.cli.terminal import (
    CheckpointOption,
    JsonOption,
    SearchOption,
    find_model,
    print_json,
    printable_name,
    say,
)
from charlstm.errors import short_repr

if TYPE_CHECKING:
    from charlstm.results.comparison import ComparisonResult


def compare(
    context: typer.Context,
    seed: SeedOption = None,
    seed_file: SeedFileOption = None,
    checkpoint: CheckpointOption = None,
    length: Annotated[int, typer.Option(help="Characters to generate.", **integer(1))] = 500,
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature; 0 always takes the likeliest character.", **number(0))
    ] = DEFAULT_TEMPERATURE,
    random_seed: Annotated[
        int, typer.Option(help="Random seed of the text and of the sampled positions.", **integer(0, LARGEST_SEED))
    ] = 0,
    text: Annotated[
        list[str] | None,
        typer.Option(
            help="File with the text to score; - reads stdin. Default: the held-out text.", metavar="FILE", show_default=False
        ),
    ] = None,
    corpus: CorpusOption = None,
    windows: Annotated[
        str | None,
        typer.Option(
            help="Further windows to generate with, in characters, such as 10,25,50.",
            metavar="N,N,...",
            show_default=False,
        ),
    ] = None,
    sample: SampleOption = 1_000,
    report: Annotated[
        Path | None, typer.Option(help="Also write the comparison as one HTML page.", metavar="FILE.html", parser=page_path)
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the curves as an image.", metavar="FILE.png|svg", parser=output_path)
    ] = None,
    on_unknown: UnknownOption = "error",
    text_encoding: TextEncodingOption = None,
    checkpoints: SearchOption = None,
    json: JsonOption = False,
) -> None:
    """Generate text in both modes, and compare quality and speed."""
    from charlstm.evaluation.comparison import comparison_work, longest_context
    from charlstm.evaluation.timed_generation import GenerationTask, TimingEnvironment
    from charlstm.inference.sampling import Sampling
    from charlstm.model_comparison import comparison_of, comparison_settings, run_comparison
    from charlstm.report.plots import FORMATS

    measured = once("--text", text)
    if measured == "-" and "-" in (seed_file or []):
        raise typer.BadParameter("--text and --seed-file cannot both be read from stdin")
    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"--plot: expected a file that ends in .png or .svg; found {short_repr(str(plot))}")
    refuse_on_unknown(
        context, "a seed or a text", "--seed, --seed-file or --text", used=bool(seed or seed_file or measured is not None)
    )
    check_outputs(report=report, plot=plot)
    sizes = _sizes(windows)
    model = find_model(checkpoint, checkpoints)
    config = model.checkpoint
    once("--seed", seed)
    source = SeedSource(seed, seed_file, None, text_encoding or "utf-8")
    (start,) = find_seeds(source, config, random_seed, on_unknown, named=not json).texts
    task = GenerationTask(start, length, random_seed, Sampling(temperature))
    texts = find_texts(model, measured, corpus, on_unknown, text_encoding)
    if texts.missing:
        another = "" if measured else ", or name another text with --text"
        say(f"{'Novelty' if measured else 'Quality'} is not measured: {with_flags(texts.missing)}{another}.")
    if texts.measured:
        say_rare(config.vocabulary, texts.measured.ids)
    plan = comparison_settings(model, sample, random_seed, sizes)
    others = plan.windows
    most = longest_context(task, texts)
    if others and others[-1] > most:
        raise typer.BadParameter(
            f"--windows: expected at most {most:,}, the longest context in the generated and the scored text; "
            f"found {others[-1]:,}"
        )
    characters = len(texts.measured.ids) if texts.measured else 0
    advice = f"reduce --sample{' or the largest of --windows' * bool(others)}, or use a shorter text or a smaller model"
    check_scoring(config, characters, sample, plan.contexts(config.model.seq_len, characters), advice=advice, windows=others)
    with bar(comparison_work(plan, task, texts, model.network)) as progress:
        found = run_comparison(model, task, texts, plan, TimingEnvironment(time.perf_counter, threads), progress.update)
    say_unbounded(found.evaluation)
    result = comparison_of(printable_name(model.name), found)
    _write(result, report, plot)
    if json:
        print_json(result.to_dict())
    else:
        from charlstm.cli.comparison_view import show

        show(result)


def _sizes(windows: str | None) -> list[int]:
    """Return the numbers of ``--windows``, sorted and without repetition."""
    from charlstm.inference.generation_settings import LARGEST_WINDOW

    try:
        sizes = sorted({int(part) for part in windows.split(",")}) if windows else []
    except ValueError:
        sizes = [0]
    if any(not 0 < size <= LARGEST_WINDOW for size in sizes):
        raise typer.BadParameter(
            f"--windows: expected integers from 1 to {LARGEST_WINDOW:,}, separated by commas, such as 10,25,50; "
            f"found {short_repr(windows)}"
        )
    return sizes


def _write(result: "ComparisonResult", report: Path | None, plot: Path | None) -> None:
    if report is not None:
        from charlstm.export.html import model_page_beside
        from charlstm.report.page import page

        write_output("The report is", report, page(result, model_page_beside(report, result.checkpoint)).encode())
    if plot is not None:
        from charlstm.report.plots import image

        write_output("The curves are", plot, image(result, plot.suffix.lower()))
