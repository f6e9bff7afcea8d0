"""Output of generated text on stdout."""

import sys
from typing import TYPE_CHECKING

from charlstm.cli.terminal import visible, write_given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from charlstm.choices import Mode
    from charlstm.inference.generation import Sample
    from charlstm.results.commands import GenerationResult


def stream(pieces: "Iterator[list[str]]", opening: str) -> None:
    """Print one text; on a terminal, each character as soon as it is generated."""
    live = sys.stdout.isatty()
    write_given(opening, sys.stdout)
    for (piece,) in pieces:
        sys.stdout.write(_shown(piece))
        if live:
            sys.stdout.flush()
    sys.stdout.write("\n")


def print_samples(samples: "list[Sample]", opening: str, *, separated: bool) -> None:
    """Print several texts, with a heading line before each if ``separated``."""
    for place, sample in enumerate(samples, start=1):
        if separated:
            write_given(f"--- sample {place}, random seed {sample.random_seed} ---\n", sys.stdout)
        write_given(opening, sys.stdout)
        sys.stdout.write(_shown(sample.text) + "\n")


def _shown(text: str) -> str:
    """Return a text for stdout: control characters are replaced on a terminal, and unchanged elsewhere."""
    return visible(text, "\n\t") if sys.stdout.isatty() else text


def generation_result(checkpoint: str, mode: "Mode", seed: str, texts: "list[Sample]", seconds: float) -> "GenerationResult":
    """Return the result of a generation for ``--json``."""
    from charlstm.results.commands import GenerationResult, SampleRecord

    characters = sum(len(sample.text) for sample in texts)
    return GenerationResult(
        checkpoint=checkpoint,
        mode=mode,
        seed=seed,
        samples=[SampleRecord(text=each.text, random_seed=each.random_seed, stop_reason=each.stop_reason) for each in texts],
        characters=characters,
        seconds=seconds,
        characters_per_second=characters / seconds,
    )
