"""``charlstm generate``."""

import secrets
import sys
import time
from dataclasses import asdict
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Annotated

import typer

from charlstm.choices import DEFAULT_TEMPERATURE, Engine, Mode, OnUnknown, WeightsFormat
from charlstm.cli.generated_text import generation_result, print_samples, stream
from charlstm.cli.generation_inputs import (
    SeedFileOption,
    SeedOption,
    advice_for_many,
    encoding_of,
    find_seed,
    noted,
    refuse,
    stop_strings,
    threads,
)
from charlstm.cli.memory_checks import writers
from charlstm.cli.options import LARGEST_SEED, choice, integer, number
from charlstm.cli.outputs import check_outputs, output_path
from charlstm.cli.terminal import (
    CheckpointOption,
    JsonOption,
    SearchOption,
    find_model,
    print_json,
    printable_name,
    say,
)

_SAMPLING = "Sampling"
_LONG_SEED = 100_000
"""Seed length in characters from which reading it takes about ten seconds."""


def generate(
    seed: SeedOption = None,
    seed_file: SeedFileOption = None,
    text_encoding: Annotated[
        str | None,
        typer.Option(
            "--text-encoding",
            "--encoding-name",
            help="Text encoding of --seed-file. Default: utf-8.",
            metavar="ENCODING",
            show_default=False,
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    length: Annotated[int, typer.Option(help="Largest number of characters to generate.", **integer(0))] = 500,
    mode: Annotated[
        Mode,
        typer.Option(help="stateless: read the last window for each character; stateful: carry the state.", **choice(Mode)),
    ] = "stateless",
    samples: Annotated[int, typer.Option(help="Number of texts, from consecutive random seeds.", **integer(1))] = 1,
    stop: Annotated[
        list[str] | None,
        typer.Option(help="End a text before this string; \\n is a line end. Repeat for several strings.", metavar="TEXT"),
    ] = None,
    random_seed: Annotated[
        int | None, typer.Option(help="Random seed of the text. Default: a new one each time.", **integer(0, LARGEST_SEED))
    ] = None,
    temperature: Annotated[
        float,
        typer.Option(
            help="Below 1 the text becomes safer, above 1 more varied; 0 always takes the likeliest character.",
            rich_help_panel=_SAMPLING,
            **number(0),
        ),
    ] = DEFAULT_TEMPERATURE,
    top_k: Annotated[
        int, typer.Option(help="Draw from the N likeliest characters only; 0 for all.", rich_help_panel=_SAMPLING, **integer(0))
    ] = 0,
    top_p: Annotated[
        float,
        typer.Option(
            help="Draw from the likeliest characters that together have this probability, from 0 to 1.",
            rich_help_panel=_SAMPLING,
            **number(0, 1),
        ),
    ] = 1.0,
    min_p: Annotated[
        float,
        typer.Option(
            help="Draw from the characters with at least this fraction of the likeliest one's probability, from 0 to 1.",
            rich_help_panel=_SAMPLING,
            **number(0, 1),
        ),
    ] = 0.0,
    repetition_penalty: Annotated[
        float,
        typer.Option(
            help="Above 1, characters just used become less likely; 1 for no penalty.",
            rich_help_panel=_SAMPLING,
            **number(0.01, 1e6),
        ),
    ] = 1.0,
    on_unknown: Annotated[
        OnUnknown,
        typer.Option(help="Action for characters of the seed that are not in the vocabulary.", **choice(OnUnknown)),
    ] = "error",
    with_seed: Annotated[
        bool | None,
        typer.Option(
            "--with-seed/--no-echo",
            "--echo",
            help="Print the seed before the text, or not. Default: print a given seed, and a passage of the corpus only on a "
            "terminal.",
            show_default=False,
        ),
    ] = None,
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive", "-i", help="Write together with the model: continue, undo, retry, change the temperature."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File for the texts, one JSON object a line; the same command resumes it.",
            metavar="FILE",
            parser=output_path,
        ),
    ] = None,
    engine: Annotated[
        Engine,
        typer.Option(help="numpy, or keras, which starts TensorFlow, for GPUs and comparison.", **choice(Engine)),
    ] = "numpy",
    weights: Annotated[
        WeightsFormat,
        typer.Option(help="float16: round the weights as an exported page does, for the same texts.", **choice(WeightsFormat)),
    ] = "float32",
    checkpoints: SearchOption = None,
    json: JsonOption = False,
) -> None:
    r"""Generate text with a trained model.

    With --samples N it prints N texts, each followed by a line end. If texts can have several lines, a line such as
    "--- sample 2, random seed 8 ---" precedes each; otherwise (--stop "\n") it prints one text a line.
    """
    from charlstm.checkpoint.weights import weights_digest
    from charlstm.inference.generation_inputs import GenerationInputs
    from charlstm.inference.generation_settings import GenerationSettings
    from charlstm.inference.memory_checks import check_generation

    if interactive:
        refuse("--interactive writes one text to the terminal", {"--json": json, "--samples": samples > 1})
    if output is not None:
        refuse(
            "--output writes one JSON object a line, with the numpy engine",
            {"--json": json, "--interactive": interactive, "--engine": engine == "keras"},
        )
    check_outputs(output=output)
    encoding = encoding_of("--seed-file", seed_file, text_encoding)
    model = find_model(checkpoint, checkpoints, weights)
    config = model.checkpoint
    random_seed = _new_random_seed(output) if random_seed is None else random_seed
    stops = stop_strings(stop, config.vocabulary)
    named = not json and not (output is not None and _is_finished(output))
    start = find_seed(seed, seed_file, encoding, config, random_seed, on_unknown, named=named)
    text, shows_seed = start.text, (start.given or sys.stdout.isatty()) if with_seed is None else with_seed
    inputs = GenerationInputs(
        seed=text,
        opening=text if shows_seed else "",
        random_seeds=range(random_seed, random_seed + samples),
        stops=tuple(stops),
        settings=GenerationSettings(
            length=length,
            mode=mode,
            random_seed=random_seed,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
        ),
    )
    sampling = noted(inputs.settings.sampling)
    if output is None:
        check_generation(config, samples, length, mode, sampling, advice_for_many(samples))
    else:
        from charlstm.cli.bulk import BATCH, write_many
        from charlstm.inference.bulk import Job

        processes = writers(config, ceil(samples / BATCH), min(samples, BATCH), length, mode, sampling)
    if output is not None:
        job = Job(model.decoder(mode), config.vocabulary, text, length, sampling, stops)
        settings = {
            "model": weights_digest(model.weights), "mode": mode, "seed": sha256(text.encode()).hexdigest(), "length": length,
            "samples": samples, "random_seed": random_seed, "stop": stops, **asdict(sampling),
        }  # fmt: skip
        write_many(job, output, inputs.random_seeds, settings, processes)
        return
    if length and mode == "stateful" and len(text) > _LONG_SEED:
        say(f"All {len(text):,} characters of the seed are read first; --mode stateless needs its last {config.model.seq_len}.")
    with threads(config.model, samples * (config.model.seq_len if mode == "stateless" else 1)):
        if interactive:
            from charlstm.cli.interactive import converse

            converse(
                model.decoder(mode, engine),
                config.vocabulary,
                text,
                random_seed=random_seed,
                length=length,
                sampling=sampling,
                stops=stops,
                on_unknown=on_unknown,
                shows_seed=shows_seed,
            )
            return

        from charlstm.inference.generation import generate_texts

        pieces = model.pieces(inputs, engine)
        began = time.perf_counter()
        if json:
            texts = generate_texts(pieces)
            seconds = time.perf_counter() - began
            print_json(generation_result(printable_name(model.name), mode, text, texts, seconds).to_dict())
            return
        if samples == 1:
            stream(pieces, inputs.opening)
        else:
            several_lines = "\n" in inputs.opening or ("\n" in config.vocabulary.characters and "\n" not in stops)
            print_samples(generate_texts(pieces), inputs.opening, separated=several_lines)


def _new_random_seed(output: Path | None) -> int:
    """Return the random seed stored for an existing output file, or a random one."""
    from charlstm.cli.bulk import stored_settings

    stored = stored_settings(output) if output is not None else None
    return secrets.randbelow(2**31) if stored is None else stored.random_seed


def _is_finished(output: Path) -> bool:
    from charlstm.cli.bulk import is_finished

    return is_finished(output)
