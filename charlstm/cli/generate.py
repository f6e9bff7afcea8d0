"""``charlstm generate``."""

import secrets
import sys
import time
from dataclasses import asdict
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charlstm.cli.memory import check_writing, writers
from charlstm.cli.outputs import check_outputs
from charlstm.cli.terminal import (
    CHECKPOINTS,
    CheckpointOption,
    CheckpointsOption,
    JsonOption,
    OnUnknown,
    print_json,
    readable,
    say,
    stated,
    visible,
)
from charlstm.cli.writing import check_finite, seed_text, threads, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from charlstm.checkpoint.files import Config
    from charlstm.checkpoint.weights import Weights
    from charlstm.inference.modes import Reader

Mode = Literal["stateless", "stateful"]
Engine = Literal["numpy", "keras"]

_SAMPLING = "How characters are chosen"
_LONG_SEED = 100_000
"""Characters that take some ten seconds to read one by one."""


@stated
def generate(
    seed: Annotated[
        str | None, typer.Option(help="The text to continue; \\n is a line end. Default: a passage of the corpus.")
    ] = None,
    seed_file: Annotated[
        str | None, typer.Option(help="A file with the text to continue (its last line end is left out); - is stdin.")
    ] = None,
    encoding_name: Annotated[str, typer.Option(help="Text encoding of --seed-file.")] = "utf-8",
    checkpoint: CheckpointOption = None,
    length: Annotated[int, typer.Option(min=0, help="Characters to write, at most.")] = 500,
    mode: Annotated[
        Mode, typer.Option(help="stateless: the last window is read anew for each character; stateful: the state is carried.")
    ] = "stateless",
    samples: Annotated[int, typer.Option(min=1, help="How many texts, from consecutive random seeds.")] = 1,
    stop: Annotated[
        list[str] | None, typer.Option(help="End a text before this string; \\n is a line end. May be given several times.")
    ] = None,
    random_seed: Annotated[
        int | None, typer.Option(min=0, help="The same number gives the same text again. Default: a new one.")
    ] = None,
    temperature: Annotated[
        float,
        typer.Option(min=0.0, help="1: as the model has it; less: safer; 0: always the likeliest.", rich_help_panel=_SAMPLING),
    ] = 0.8,
    top_k: Annotated[int, typer.Option(min=0, help="Only the k likeliest; 0: all.", rich_help_panel=_SAMPLING)] = 0,
    top_p: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Only the likeliest that together have this probability.", rich_help_panel=_SAMPLING
        ),
    ] = 1.0,
    min_p: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Only those with this share of the likeliest one's probability.", rich_help_panel=_SAMPLING
        ),
    ] = 0.0,
    repetition_penalty: Annotated[
        float,
        typer.Option(min=0.01, max=1e6, help="Above 1: fewer of the characters just used; 1: none.", rich_help_panel=_SAMPLING),
    ] = 1.0,
    on_unknown: Annotated[
        OnUnknown, typer.Option(help="What to do with characters in the seed that the model does not know.")
    ] = "error",
    echo: Annotated[bool, typer.Option(help="Print the seed before the text.")] = True,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Write together: continue, undo, retry, change the temperature.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="A file for the texts, a JSON object a line; the same command resumes it.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="keras starts slowly; it is for GPUs and for comparison.")] = "numpy",
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Write new text with a trained model.

    With --samples N there are N texts, one after the other, each ending with a line end.
    """
    from charlstm.checkpoint.files import read_config
    from charlstm.checkpoint.folder import find
    from charlstm.checkpoint.weights import read_weights, weights_digest
    from charlstm.inference.sampling import Sampling

    check_finite("--temperature", temperature)
    check_finite("--repetition-penalty", repetition_penalty)
    if interactive and (json or samples > 1):
        raise typer.BadParameter("--interactive writes one text to the terminal; leave out --json and --samples")
    if output is not None and (json or interactive or engine == "keras"):
        raise typer.BadParameter("--output is for texts of the numpy engine; leave out --json, --interactive and --engine")
    check_outputs(output=output)
    folder = find(checkpoints, checkpoint)
    config = read_config(folder)
    random_seed = _new_random_seed(output) if random_seed is None else random_seed
    text = seed_text(seed, seed_file, encoding_name, config, random_seed, on_unknown)
    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
    if output is None:
        check_writing(config, samples, length, mode, sampling)
    else:
        from charlstm.cli.many import BATCH, write_many
        from charlstm.cli.workers import Job

        processes = writers(config, ceil(samples / BATCH), min(samples, BATCH), length, mode, sampling)
    weights = read_weights(folder, config.model)
    reader = _reader(config, weights, mode, engine)
    stops = [unescaped(string, config) for string in stop or [] if string]
    if output is not None:
        job = Job(reader, config.vocabulary, text, length, sampling, stops)
        settings = {
            "model": weights_digest(weights), "mode": mode, "seed": sha256(text.encode()).hexdigest(), "length": length,
            "samples": samples, "random_seed": random_seed, "stop": stops, **asdict(sampling),
        }  # fmt: skip
        write_many(job, output, range(random_seed, random_seed + samples), settings, processes)
        return
    if length and mode == "stateful" and len(text) > _LONG_SEED:
        say(f"All {len(text):,} characters of the seed are read first; --mode stateless needs its last {config.model.seq_len}.")
    with threads(config.model, samples * (config.model.seq_len if mode == "stateless" else 1)):
        if interactive:
            from charlstm.cli.interactive import converse

            converse(
                reader,
                config.vocabulary,
                text,
                random_seed=random_seed,
                length=length,
                sampling=sampling,
                stops=stops,
                on_unknown=on_unknown,
            )
            return

        from charlstm.inference.generate import write, written

        began = time.perf_counter()
        pieces = write(
            reader,
            config.vocabulary,
            text,
            random_seeds=range(random_seed, random_seed + samples),
            length=length,
            sampling=sampling,
            stops=stops,
        )
        if json:
            texts = written(pieces)
            seconds = time.perf_counter() - began
            characters = sum(len(sample.text) for sample in texts)
            print_json(
                {
                    "checkpoint": readable(folder.resolve().name),
                    "mode": mode,
                    "seed": text,
                    "samples": [asdict(sample) for sample in texts],
                    "characters": characters,
                    "seconds": seconds,
                    "characters_per_second": characters / seconds,
                }
            )
            return
        opening = text if echo else ""
        if samples == 1:
            _stream(pieces, opening)
        else:
            for sample in written(pieces):
                sys.stdout.write(_shown(opening + sample.text) + "\n")


def _new_random_seed(output: Path | None) -> int:
    """Return the random seed of a file that is there already, or one that nobody has chosen."""
    from charlstm.cli.many import noted

    random_seed: int | None = noted(output).get("random_seed") if output is not None else None
    return secrets.randbelow(2**31) if random_seed is None else random_seed


def _reader(config: "Config", weights: "Weights", mode: Mode, engine: Engine) -> "Reader":
    if engine == "keras":
        from charlstm.training.keras_engine import keras_reader

        return keras_reader(config.model, weights, mode)
    from charlstm.inference.modes import reader
    from charlstm.inference.network import build_network

    return reader(build_network(config.model, weights), mode)


def _stream(pieces: "Iterator[list[str]]", opening: str) -> None:
    """Print one text; on a terminal, character by character as it comes."""
    live = sys.stdout.isatty()
    sys.stdout.write(_shown(opening))
    for (piece,) in pieces:
        sys.stdout.write(_shown(piece))
        if live:
            sys.stdout.flush()
    sys.stdout.write("\n")


def _shown(text: str) -> str:
    """A text as it goes out: to a terminal without the characters that it would obey, to anything else as it is."""
    return visible(text, "\n\t") if sys.stdout.isatty() else text
