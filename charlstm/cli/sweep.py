"""``charlstm train --sweep``: a training for every combination of values, one after the other or several at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charlstm.cli.child_trainings import Training, run_trainings
from charlstm.cli.combinations import Combination, check_memory_together, combinations_of, planned, values_of
from charlstm.cli.terminal import print_json, printable_name, say
from charlstm.formatting import counted, time_estimate

if TYPE_CHECKING:
    from charlstm.results.commands import SweepRunRecord


def train_all(context: typer.Context, swept: Sequence[str], jobs: int) -> None:
    """Train every combination and compare the results.

    Args:
        context: The context of ``charlstm train``, with its other options.
        swept: The values of ``--sweep``: ``setting=value,value``.
        jobs: Number of trainings at the same time.

    Raises:
        typer.Exit: With 1 if a training failed, or 128 plus the number of the signal that stopped the sweep.
    """
    given = context.params
    for option in ("resume", "cluster", "rank", "page"):
        if given[option] is not None:
            raise typer.BadParameter(f"--sweep starts several trainings of its own; remove --{option}")
    if not given["corpus"] or "-" in given["corpus"]:
        raise typer.BadParameter("--sweep reads the text for each training; give files: charlstm train corpus.txt --sweep …")
    if str(given["recipe"]) == "-":
        raise typer.BadParameter("--sweep reads the recipe for each training; give a file")
    combinations = [planned(context, each, jobs) for each in combinations_of(context, values_of(context, swept))]
    check_memory_together(combinations, jobs)
    _say_plan(combinations, jobs)
    # Those that another process trains come last: they may have ended until then.
    waiting = sorted(combinations, key=lambda each: each.state == "training")
    outcome = run_trainings([Training(given["checkpoints"] / each.name, each.arguments) for each in waiting], jobs)
    records = [_record(each, *outcome.ended[each.name]) for each in combinations if each.name in outcome.ended]
    _show(records, given["checkpoints"], json=given["json"])
    if failed := outcome.failed:
        say(f"charlstm: {_listed(failed)} failed, as reported above; the same command tries again")
    if taken := outcome.taken:
        still = "is still being trained" if len(taken) == 1 else "are still being trained"
        say(f"charlstm: {_listed(taken)} {still} by another process; run the same command again when that has ended")
    if outcome.signal:
        say("Stopped and saved. The same command resumes the sweep.")
        raise typer.Exit(128 + outcome.signal)
    if failed or taken:
        raise typer.Exit(1)


def _say_plan(combinations: Sequence[Combination], jobs: int) -> None:
    """Print the trainings, which of them are left, and about how long they will take."""
    names: dict[str, list[str]] = {"finished": [], "training": [], "left": []}
    for each in combinations:
        names[each.state].append(each.name)
    running = min(jobs, len(names["left"] + names["training"]))
    how = f", {running} at a time" if running > 1 else ", one after the other" if len(combinations) > 1 else ""
    listed = f": {_listed(names['left'])}" if len(names["left"]) == len(combinations) else ""
    say(f"{counted(len(combinations), 'training')}{how}{listed}.")
    if not listed:
        headings = {"finished": "Finished", "training": "Being trained by another process", "left": "Left"}
        for state, heading in headings.items():
            if names[state]:
                say(f"{heading}: {_listed(names[state])}.")
    if minutes := sum(each.minutes for each in combinations):
        say(f"About {time_estimate(minutes)} of training on two fast cores.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(printable_name, names))


def _record(combination: Combination, code: int, output: str) -> "SweepRunRecord":
    from charlstm.results.commands import SweepRunRecord, TrainingResult

    result: TrainingResult | None = TrainingResult.from_json(output) if output.strip() else None
    return SweepRunRecord(checkpoint=combination.name, settings=combination.values, exit_code=code, result=result)


def _show(records: "Sequence[SweepRunRecord]", root: Path, *, json: bool) -> None:
    """Print the results, the best score first and those without one last; without ``--json``, the comparison of the runs."""
    from charlstm.results.commands import SweepResult

    def score(record: "SweepRunRecord") -> float:
        nats = record.result.nats_per_char if record.result else None
        return float("inf") if nats is None else nats

    folders = [root / record.checkpoint for record in records if (root / record.checkpoint).exists()]
    if json:
        print_json(SweepResult(runs=sorted(records, key=score)).to_dict())
    elif folders:
        from charlstm.cli.history_view import show
        from charlstm.evaluation.run_history import compare_runs

        say("")
        show(compare_runs(folders), "epochs", None)
