"""``charlstm train --sweep``: a training for every combination of values, one after the other or several at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charlstm.cli.child_trainings import Training, run_trainings
from charlstm.cli.combinations import Combination, combinations_of, planned, values_of
from charlstm.cli.terminal import print_json, printable_name, say
from charlstm.formatting import duration

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
    combinations = [planned(context, each) for each in combinations_of(context, values_of(context, swept))]
    _say_plan(combinations, jobs)
    outcome = run_trainings([Training(each.name, each.arguments) for each in combinations], jobs)
    records = [_record(each, *outcome.ended[each.name]) for each in combinations if each.name in outcome.ended]
    _show(records, given["checkpoints"], json=given["json"])
    if outcome.signal:
        say("Stopped and saved. The same command resumes the sweep.")
        raise typer.Exit(128 + outcome.signal)
    if failed := [record.checkpoint for record in records if record.exit_code]:
        say(f"charlstm: {', '.join(failed)} failed, as reported above; the same command tries again")
        raise typer.Exit(1)


def _say_plan(combinations: Sequence[Combination], jobs: int) -> None:
    """Print the trainings, how many are left, and about how long they will take."""
    left = [each for each in combinations if each.minutes]
    finished = len(combinations) - len(left)
    how = "one after the other" if jobs == 1 else f"{min(jobs, max(1, len(left)))} at a time"
    done = f"; {finished} of them finished" if finished else ""
    say(f"{len(combinations)} trainings, {how}{done}: {', '.join(printable_name(each.name) for each in combinations)}.")
    if left:
        say(f"About {duration(60 * sum(each.minutes for each in left))} of training on two fast cores.")


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
