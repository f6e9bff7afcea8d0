"""Output of generated text on stdout."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from charlstm.cli.terminal import say, visible, write_given

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from charlstm.inference.generation import Sample
    from charlstm.inference.generation_inputs import GenerationInputs
    from charlstm.results.commands import GenerationResult, SampleRecord


_LISTED = 20
"""Next characters that are printed."""


def stream(pieces: "Iterator[list[str]]", opening: str) -> None:
    """Print one text; on a terminal, each character as soon as it is generated."""
    live = sys.stdout.isatty()
    write_given(opening, sys.stdout)
    for (piece,) in pieces:
        sys.stdout.write(_shown(piece))
        if live:
            sys.stdout.flush()
    sys.stdout.write("\n")


def print_samples(samples: "Iterable[Sample]", inputs: "GenerationInputs", *, separated: bool, separator: str | None) -> None:
    """Print several texts as they come, with a line between them.

    Args:
        samples: The texts.
        inputs: The inputs of the generation.
        separated: True to print a heading line before each text.
        separator: Line to print between two texts, in place of headings; None for none.
    """
    for place, sample in enumerate(samples, start=1):
        if separator is not None:
            sys.stdout.write(f"{separator}\n" * (place > 1))
        elif separated:
            write_given(f"--- sample {place}, random seed {sample.random_seed} ---\n", sys.stdout)
        write_given(inputs.opening(sample.seed or ""), sys.stdout)
        sys.stdout.write(_shown(sample.text) + "\n")


def _shown(text: str) -> str:
    """Return a text for stdout: control characters are replaced on a terminal, and unchanged elsewhere."""
    return visible(text, "\n\t") if sys.stdout.isatty() else text


def sample_record(sample: "Sample") -> "SampleRecord":
    """Return the JSON object of a text."""
    from charlstm.results.commands import CharacterRecord, SampleRecord
    from charlstm.results.json_record import UNSET

    return SampleRecord(
        text=sample.text,
        random_seed=sample.random_seed,
        stop_reason=sample.stop_reason,
        seed=UNSET if sample.seed is None else sample.seed,
        logprobs=UNSET
        if sample.logprobs is None
        else [CharacterRecord(character=each.character, logprob=each.logprob or 0.0, top=each.top) for each in sample.logprobs],
    )


def print_probabilities(probabilities: "list[tuple[str, float]]") -> None:
    """Print the likeliest next characters, one a line, and on stderr what the others have together."""
    for character, probability in probabilities[:_LISTED]:
        print(f"{probability:.4f}  {character if character.isprintable() and character != ' ' else repr(character)}")
    if rest := probabilities[_LISTED:]:
        say(f"{len(rest):,} more have {sum(probability for _, probability in rest):.4f} together; --json lists all.")


def generation_result(
    checkpoint: str,
    inputs: "GenerationInputs",
    texts: "list[Sample]",
    seconds: float,
    probabilities: "list[tuple[str, float]] | None" = None,
) -> "GenerationResult":
    """Return the result of a generation for ``--json``; each text has its seed if there are several."""
    from charlstm.results.commands import GenerationResult
    from charlstm.results.json_record import UNSET

    characters, several = sum(len(sample.text) for sample in texts), len(inputs.seeds) > 1
    return GenerationResult(
        checkpoint=checkpoint,
        mode=inputs.settings.mode,
        seed=UNSET if several else inputs.seeds[0],
        samples=[sample_record(each if several else replace(each, seed=None)) for each in texts],
        probabilities=UNSET if probabilities is None else dict(probabilities),
        characters=characters,
        seconds=seconds,
        characters_per_second=characters / seconds,
    )
