"""Output of generated text on stdout."""

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from charlstm.choices import Engine
from charlstm.cli.generation_inputs import unescaped
from charlstm.cli.terminal import print_json, printable_name, say, visible, write_given

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from charlstm.inference.generation import Sample
    from charlstm.inference.generation_inputs import GenerationInputs
    from charlstm.model import Model
    from charlstm.results.commands import GenerationResult, SampleRecord


_LISTED = 20
"""Next characters that are printed."""


def print_texts(model: "Model", inputs: "GenerationInputs", engine: Engine, *, json: bool, separator: str | None) -> None:
    """Print the texts on stdout, as text or as JSON."""
    began = time.perf_counter()
    if json:
        texts = list(model.samples(inputs, engine))
        seconds = time.perf_counter() - began
        print_json(_generation_result(printable_name(model.name), inputs, texts, seconds).to_dict())
    elif len(inputs.seeds) * len(inputs.random_seeds) == 1:
        _stream(model.pieces(inputs, engine), inputs.opening(inputs.seeds[0]))
    else:
        ended_by_line = "\n" in inputs.stops.strings and not inputs.stops.keep
        openings = any("\n" in inputs.opening(seed) for seed in inputs.seeds)
        several_lines = openings or ("\n" in model.vocabulary.characters and not ended_by_line)
        separator = None if separator is None else unescaped("--separator", separator, model.vocabulary)
        _print_samples(model.samples(inputs, engine), inputs, separated=several_lines, separator=separator)


def _stream(pieces: "Iterator[list[str]]", opening: str) -> None:
    """Print one text; on a terminal, each character as soon as it is generated."""
    live = sys.stdout.isatty()
    write_given(opening, sys.stdout)
    for (piece,) in pieces:
        sys.stdout.write(_shown(piece))
        if live:
            sys.stdout.flush()
    sys.stdout.write("\n")


def _print_samples(samples: "Iterable[Sample]", inputs: "GenerationInputs", *, separated: bool, separator: str | None) -> None:
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


def print_next(model: "Model", inputs: "GenerationInputs", *, json: bool) -> None:
    """Print the probabilities of the next character, as text or as JSON."""
    from charlstm.inference.generation import likeliest_next

    began, settings = time.perf_counter(), inputs.settings
    ids, characters = model.vocabulary.encode(inputs.seeds[0]), model.vocabulary.characters
    found = likeliest_next(model.decoder(settings.mode, window=settings.window), ids, len(characters))
    probabilities = [(characters[number], probability) for number, probability in found]
    if json:
        seconds = time.perf_counter() - began
        print_json(_generation_result(printable_name(model.name), inputs, [], seconds, probabilities).to_dict())
    else:
        _print_probabilities(probabilities)


def _print_probabilities(probabilities: "list[tuple[str, float]]") -> None:
    """Print the likeliest next characters, one a line, and on stderr what the others have together."""
    for character, probability in probabilities[:_LISTED]:
        print(f"{probability:.4f}  {character if character.isprintable() and character != ' ' else repr(character)}")
    if rest := probabilities[_LISTED:]:
        say(f"{len(rest):,} more have {sum(probability for _, probability in rest):.4f} together; --json lists all.")


def _generation_result(
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
