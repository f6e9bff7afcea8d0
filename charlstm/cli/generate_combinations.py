"""The options of ``charlstm generate`` that another option would ignore, and that are refused beside it or noted."""

from typing import TYPE_CHECKING

import typer

from charlstm.cli import constraint_options
from charlstm.cli.options import is_given
from charlstm.cli.refusals import once, refuse, refuse_on_unknown
from charlstm.cli.terminal import say

if TYPE_CHECKING:
    from charlstm.inference.sampling import Sampling

_OF_A_TEXT = (
    "samples", "length", "stop", "stop_regex", "keep_stop", "end", "separator", "logprobs", "temperature", "word_temperature",
    "top_k", "top_p", "min_p", "repetition_penalty", "dry_multiplier", "dry_base", "dry_allowed_length",
)  # fmt: skip
"""Options that do not change the next character's probabilities."""


def refuse_combinations(context: typer.Context) -> None:
    """Refuse options that would have no effect beside others.

    Args:
        context: The options of the command.

    Raises:
        typer.BadParameter: If there is such an option.
    """
    given = context.params
    separator = {"--separator": given["separator"] is not None}
    several = {"--seeds-file": given["seeds_file"] is not None}
    printed = {"--with-seed": given["with_seed"] is True, "--no-echo": given["with_seed"] is False}
    interactive, keras = {"--interactive": given["interactive"]}, {"--engine": given["engine"] == "keras"}
    if given["interactive"]:
        others = {"--json": given["json"], "--samples": given["samples"] > 1}
        refuse("--interactive writes one text to the terminal", others | several | separator)
        once("--seed", given["seed"])
    if given["output"] is not None:
        others = {"--json": given["json"]} | interactive | keras | separator | printed
        refuse("--output writes one JSON object a line, with the numpy engine", others)
    if given["probabilities"]:
        others = interactive | {"--output": given["output"] is not None} | several | printed
        refuse("--probabilities is about the next character of one seed", others)
        texts = {f"--{name.replace('_', '-')}": is_given(context, name) for name in (*constraint_options.NAMES, *_OF_A_TEXT)}
        refuse("--probabilities is about the next character of the model itself, not about a text", texts | keras)
        once("--seed", given["seed"])
    if given["json"]:
        refuse("--json has the texts in a list, apart from their seeds", separator | printed)
    if given["logprobs"] is not None and not given["json"]:
        raise typer.BadParameter("--logprobs: log-probabilities are part of the JSON; give --json too, or remove --logprobs")
    if given["keep_stop"] and not given["stop"] and given["stop_regex"] is None:
        raise typer.BadParameter("--keep-stop keeps what ended a text; give --stop or --stop-regex too, or remove --keep-stop")
    used = given["interactive"] or given["seed"] or given["seed_file"] or given["seeds_file"]
    refuse_on_unknown(context, "a seed", "--seed, --seed-file or --seeds-file", used=bool(used))


def note_unused(context: typer.Context, sampling: "Sampling", texts: int) -> None:
    """Report the options that change nothing: no character is drawn, no passage is penalised, or no second text follows.

    Args:
        context: The options of the command.
        sampling: Its sampling settings.
        texts: Number of texts.
    """
    if (cutoff := _only_likeliest(context, sampling)) is not None:
        if is_given(context, "temperature"):
            say(f"{cutoff} always takes the likeliest character: --temperature changes nothing.")
        _note_same_texts(context, cutoff)
    if context.params["separator"] is not None and texts == 1:
        say("--separator changes nothing: it stands between two texts, and there is one.")
    if sampling.greedy and sampling.filters:
        say("--temperature 0 always takes the likeliest character: --top-k, --top-p and --min-p change nothing.")
    if sampling.greedy:
        _note_same_texts(context, "--temperature 0")
    dry = [f"--{name.replace('_', '-')}" for name in ("dry_base", "dry_allowed_length") if is_given(context, name)]
    if dry and not sampling.dry_multiplier:
        say(f"{' and '.join(dry)} change{'s' * (len(dry) == 1)} nothing without --dry-multiplier, which is 0.")


def _note_same_texts(context: typer.Context, option: str) -> None:
    if context.params["samples"] > 1:
        say(f"{option} always takes the likeliest character: all samples of a seed are the same text.")


def _only_likeliest(context: typer.Context, sampling: "Sampling") -> str | None:
    """Return the cut-off that leaves one character to draw from at any temperature; None if there is none.

    The likeliest first letter of a word depends on ``--word-temperature``, and what constraints allow on the particles.
    """
    if (
        sampling.greedy
        or sampling.word_temperature is not None
        or any(is_given(context, name) for name in constraint_options.NAMES)
    ):
        return None
    cutoffs = {"--top-k 1": sampling.top_k == 1, "--top-p 0": sampling.top_p == 0, "--min-p 1": sampling.min_p == 1}
    return next((cutoff for cutoff, is_set in cutoffs.items() if is_set), None)
