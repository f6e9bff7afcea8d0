"""The combinations of ``charlstm train --sweep``: their names, command lines and plans."""

import heapq
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from charlstm.cli.training_inputs import held_out_files, memory_inputs, read_recipe, settings_of
from charlstm.errors import ConfigError, short_repr
from charlstm.formatting import about

if TYPE_CHECKING:
    from charlstm.planning.training_plan import TrainingPlan

MOST = 1_000
"""Most trainings of a sweep."""

_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_OWN = frozenset({"sweep", "jobs", "name", "json", "resume_if_exists"})
"""Options that the sweep itself sets for each training."""


@dataclass(frozen=True)
class Combination:
    """A training of a sweep.

    Attributes:
        name: Name of its checkpoint.
        values: Values of the swept settings, as they were typed.
        arguments: Command line of the training, after ``charlstm train``.
        state: ``finished``, ``training`` while another process trains it, or ``left``.
        minutes: Estimated duration, if it is left.
        memory: Estimated bytes of memory, if it is left.
    """

    name: str
    values: dict[str, str]
    arguments: tuple[str, ...]
    state: Literal["finished", "training", "left"] = "left"
    minutes: float = 0.0
    memory: float = 0.0


def values_of(context: typer.Context, swept: Sequence[str]) -> dict[str, list[str]]:
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
        if setting in found or len(set(map(_canonical, values))) < len(values):
            raise typer.BadParameter(f"--sweep: {setting} has the same value twice, or is swept twice; write each value once")
        if context.params[field] is not None:
            raise typer.BadParameter(f"--sweep varies {setting}; remove the option {_option(context, setting).opts[0]}")
        found[setting] = values
    return found


def _canonical(value: str) -> str:
    """Return a value with one spelling of its numbers, and of true and false.

    >>> _canonical("0.10"), _canonical("l2:1e-1"), _canonical("16+08"), _canonical("yes")
    ('0.1', 'l2:0.1', '16+8', 'true')
    >>> _canonical("9007199254740992") == _canonical("9007199254740993")
    False
    """

    def number(found: re.Match[str]) -> str:
        # A float does not tell large random seeds apart, and Python reads no integer of thousands of digits.
        if found[0].isdigit() and len(found[0]) <= 1_000:
            return str(int(found[0]))
        return repr(float(found[0])).removesuffix(".0")

    return {"yes": "true", "no": "false"}.get(value) or _NUMBER.sub(number, value)


def combinations_of(context: typer.Context, values: dict[str, list[str]]) -> list[Combination]:
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


def planned(context: typer.Context, combination: Combination, jobs: int) -> Combination:
    """Return a combination with its state and its needs; refuse it now if its training would be refused.

    Args:
        context: The context of ``charlstm train``.
        combination: The combination.
        jobs: Number of trainings at the same time.
    """
    from charlstm.checkpoint.lock import is_training
    from charlstm.planning.cost_model import training_extent
    from charlstm.planning.memory_estimate import check_training_memory, estimate_memory
    from charlstm.planning.training_plan import ResumedState

    options = context.command.make_context("train", list(combination.arguments), parent=context.parent).params
    if is_training(options["checkpoints"] / combination.name):
        return replace(combination, state="training")
    plan = _plan(options)
    if plan.finished is not None:
        return replace(combination, state="finished")
    needs = memory_inputs(plan, jobs)
    try:
        check_training_memory(**needs, resumed=isinstance(plan.start, ResumedState))
    except ConfigError as error:
        raise ConfigError(f"{combination.name}: {error}") from None
    _, minutes = training_extent(plan.config.model, plan.config.training, len(plan.parts()[0]))
    return replace(combination, minutes=minutes, memory=estimate_memory(**needs).on_machine)


def check_memory_together(combinations: Sequence[Combination], jobs: int) -> None:
    """Check that any of the trainings fit in memory together, as many as run at the same time.

    Raises:
        ConfigError: If they do not.
    """
    from charlstm.machine import total_memory

    largest = heapq.nlargest(jobs, [each.memory for each in combinations if each.state == "left"])
    if sum(largest) > total_memory():
        needed, there = about(sum(largest) / 1e9), about(total_memory() / 1e9)
        raise ConfigError(
            f"{len(largest)} trainings at a time need up to {needed} GB of memory, and this machine has {there}; lower `jobs`"
        )


def _plan(options: Mapping[str, Any]) -> "TrainingPlan":
    """Return the plan of a training, as its own process will make it."""
    from charlstm.planning.environment import machine_speed
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
        speed=machine_speed(),
    )
