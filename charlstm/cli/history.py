"""``charlstm history``."""

from pathlib import Path
from typing import Annotated

import typer

from charlstm.choices import CurveAxis
from charlstm.cli.flags import with_flags
from charlstm.cli.options import choice, integer, is_given
from charlstm.cli.outputs import check_outputs, output_path, page_path, write_output
from charlstm.cli.refusals import refuse
from charlstm.cli.terminal import JsonOption, SearchOption, print_json, say
from charlstm.errors import short_repr


def history(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names or folders of checkpoints. Default: the newest.", metavar="NAME", show_default=False),
    ] = None,
    x: Annotated[CurveAxis, typer.Option(help="Horizontal axis of the curves.", **choice(CurveAxis))] = "epochs",
    smooth: Annotated[
        int | None,
        typer.Option(
            help="Points over whose mean the training curves are drawn; 1 for no smoothing. Default: 2 % of the points.",
            show_default=False,
            **integer(1),
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write everything as one HTML page.", metavar="FILE.html", parser=page_path)
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Also write the curves as an image.", metavar="FILE.png|.svg", parser=output_path),
    ] = None,
    checkpoints: SearchOption = None,
    json: JsonOption = False,
) -> None:
    """Show and compare the learning curves of trainings.

    Trainings that still run can be shown too.
    """
    from charlstm.checkpoint.search import find_model
    from charlstm.cli.history_view import show
    from charlstm.evaluation.run_history import compare_runs
    from charlstm.report.plots import FORMATS

    if plot is not None and plot.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"--plot: expected a file that ends in .png or .svg; found {short_repr(str(plot))}")
    check_outputs(page=page, plot=plot)
    draws_image = page is not None or plot is not None
    if json and not draws_image:
        axis = {"--x": is_given(context, "x"), "--smooth": smooth is not None}
        refuse("--json has every point of all axes, without smoothing", axis)
    found = compare_runs([find_model(name, checkpoints) for name in names] if names else [find_model(None, checkpoints)])
    if len(found.runs) > 1 and not draws_image:
        refuse(
            "the terminal shows only the held-out scores of several runs, which are not smoothed",
            {"--smooth": smooth is not None},
        )
    for run in found.runs:
        for warning in run.warnings:
            say(with_flags(warning))
    if page is not None:
        from charlstm.report.history_page import history_page

        write_output("The page is", page, history_page(found, axis=x, smooth=smooth, phrase=with_flags).encode())
    if plot is not None:
        from charlstm.report.history_plots import history_image

        write_output("The plot is", plot, history_image(found, plot.suffix.lower(), axis=x, smooth=smooth))
    if json:
        print_json(found.to_dict())
    else:
        show(found, x, smooth)
