"""``charlstm train --sweep``: a training for every combination of values, one after the other or several at a time."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from charlstm.cli.child_trainings import Training, run_trainings
from charlstm.cli.terminal import print_json, printable_name, say
from charlstm.cli.training_inputs import held_out_files, read_recipe, settings_of
from charlstm.errors import ConfigError, short_repr
from charlstm.formatting import duration

if TYPE_CHECKING:
    from charlstm.planning.training_plan import TrainingPlan
    from charlstm.results.commands import SweepRunRecord

MOST = 1_000
"""Most trainings of a sweep."""

_OWN = frozenset({"sweep", "jobs", "name", "json", "resume_if_exists"})
"""Options that the sweep itself sets for each training."""


@dataclass(frozen=True)
class Combination:
    """A training of a sweep.

    Attributes:
        name: Name of its checkpoint.
        values: Values of the swept settings, as they were typed.
        arguments: Command line of the training, after ``charlstm train``.
        minutes: Estimated duration; 0 if it is finished.
    """

    name: str
    values: dict[str, str]
    arguments: tuple[str, ...]
    minutes: float = 0.0


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
    combinations = [_planned(context, each) for each in _combinations(context, _values_of(context, swept))]
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


def _values_of(context: typer.Context, swept: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of each swept setting; refuse one that is unknown, given twice, or also given as an option."""
    from charlstm.planning.settings import field_of

    found: dict[str, list[str]] = {}
    for each in swept:
        setting, equals, text = each.partition("=")
        setting, values = setting.strip().replace("-", "_"), [value.strip() for value in text.split(",")]
        if not equals or not all(values):
            raise typer.BadParameter(
                f"--sweep: expected a setting and its values, such as units=256,512; found {short_repr(each)}"
            )
        try:
            field = "preset" if setting == "preset" else field_of(setting)
        except ConfigError as error:
            raise typer.BadParameter(f"--sweep: {error}") from None
        if setting in found or len(set(values)) < len(values):
            raise typer.BadParameter(f"--sweep: {setting} has the same value twice, or is swept twice; write each value once")
        if context.params[field] is not None:
            raise typer.BadParameter(f"--sweep varies {setting}; remove the option {_option(context, setting).opts[0]}")
        found[setting] = values
    return found


def _combinations(context: typer.Context, values: dict[str, list[str]]) -> list[Combination]:
    """Return the combinations, with the last setting changing fastest; their names come from the values."""
    from charlstm.checkpoint.regular_files import real_path

    if (number := math.prod(map(len, values.values()))) > MOST:
        raise typer.BadParameter(f"--sweep: {number:,} combinations are more than {MOST:,}; give fewer values")
    first = Path(context.params["corpus"][0])
    base = context.params["name"] or _name_part(real_path(first).name if first.is_dir() else first.stem)
    common, found = _words(context), []
    for chosen in itertools.product(*values.values()):
        own = dict(zip(values, chosen, strict=True))
        name = "-".join([base, *(f"{setting}{_name_part(value)}" for setting, value in own.items())])
        options = [word for setting, value in own.items() for word in _option_words(context, setting, value)]
        found.append(Combination(name, own, (*common, *options, "--name", name)))
    if len({each.name for each in found}) < len(found):
        raise typer.BadParameter("--sweep: two combinations have the same name; write their values differently")
    return found


def _name_part(text: str) -> str:
    """Return a text as a part of a checkpoint's name.

    >>> _name_part("256+128"), _name_part("random_normal:0.1"), _name_part("my novel")
    ('256+128', 'random_normal-0.1', 'my-novel')
    """
    return re.sub(r"[^\w.+]+", "-", text).strip("-") or "model"


def _option(context: typer.Context, setting: str) -> Any:
    """Return the option of a setting."""
    flag = f"--{setting.replace('_', '-')}"
    return next(option for option in context.command.params if flag in option.opts)


def _option_words(context: typer.Context, setting: str, value: str) -> list[str]:
    """Return an option with a value of a sweep, in which ``+`` separates the units of several layers."""
    option = _option(context, setting)
    if option.secondary_opts:
        words = {
            "true": option.opts[0],
            "yes": option.opts[0],
            "false": option.secondary_opts[0],
            "no": option.secondary_opts[0],
        }
        if value not in words:
            raise typer.BadParameter(f"--sweep: {setting}: expected true or false; found {short_repr(value)}")
        return [words[value]]
    return [option.opts[0], value.replace("+", ",") if setting == "units" else value]


def _words(context: typer.Context) -> list[str]:
    """Return the command line of the other options, with the files first."""
    words = [*context.params["corpus"]]
    for option in context.command.params:
        value, source = context.params.get(option.name), context.get_parameter_source(option.name)
        if option.name in _OWN | {"corpus"} or source is None or source.name != "COMMANDLINE" or value is None:
            continue
        if isinstance(value, bool):
            words += [option.opts[0]] if value else option.secondary_opts[:1]
        else:
            for each in value if option.multiple else [value]:
                words += [option.opts[0], ",".join(map(str, each)) if isinstance(each, tuple) else str(each)]
    return words


def _planned(context: typer.Context, combination: Combination) -> Combination:
    """Return a combination with its duration; refuse it now if its training would be refused."""
    from charlstm.planning.cost_model import training_extent

    options = context.command.make_context("train", list(combination.arguments), parent=context.parent).params
    plan = _plan(options)
    minutes = 0.0
    if plan.finished is None:
        minutes = training_extent(plan.config.model, plan.config.training, len(plan.parts()[0]))[1]
    return replace(combination, minutes=minutes)


def _plan(options: Mapping[str, Any]) -> "TrainingPlan":
    """Return the plan of a training, as its own process will make it."""
    from charlstm.planning.resume_plan import plan_resuming
    from charlstm.planning.training_plan import plan_training

    root, name, corpus, encoding = options["checkpoints"], options["name"], options["corpus"], options["text_encoding"]
    held_out = held_out_files(options["validation_file"], options["on_unknown"])
    recipe, given = read_recipe(options["recipe"]), settings_of(options)
    if (root / name).exists():
        files = held_out["validation_files"]
        return plan_resuming(root, name, corpus, given, encoding, recipe=recipe, validation_files=files)
    return plan_training(
        root,
        corpus,
        given,
        preset=options["preset"] or (recipe and recipe.preset) or "standard",
        recipe=recipe,
        **held_out,
        created="",
        name=name,
        base_name=options["from_"],
        text_encoding=encoding,
    )


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
