"""``charlstm generate``."""

import secrets
import sys
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charlstm.choices import DEFAULT_TEMPERATURE
from charlstm.cli import constraint_options, generate_options
from charlstm.cli.generate_combinations import note_unused, refuse_combinations
from charlstm.cli.generated_text import print_next, print_texts
from charlstm.cli.generation_inputs import (
    SeedFileOption,
    SeedOption,
    SeedSource,
    advice_for_many,
    encoding_of,
    find_seeds,
    settings_of,
    stop_strings,
    threads,
)
from charlstm.cli.memory_checks import writers
from charlstm.cli.output_settings import is_finished, stored_settings, stored_values
from charlstm.cli.outputs import check_outputs
from charlstm.cli.terminal import (
    CheckpointOption,
    JsonOption,
    MixOption,
    SearchOption,
    find_mixture,
    say,
)

if TYPE_CHECKING:
    from charlstm.cli.interactive_commands import Search
    from charlstm.inference.generation_inputs import GenerationInputs
    from charlstm.inference.generation_settings import GenerationSettings
    from charlstm.inference.next_words import NextWords
    from charlstm.model import Model

_LONG_SEED = 100_000
"""Seed length in characters from which reading it takes about ten seconds."""


def generate(
    context: typer.Context,
    seed: SeedOption = None,
    seed_file: SeedFileOption = None,
    seeds_file: generate_options.SeedsFile = None,
    text_encoding: generate_options.TextEncoding = None,
    checkpoint: CheckpointOption = None,
    mix: MixOption = None,
    length: generate_options.Length = 500,
    mode: generate_options.Mode = "stateless",
    window: generate_options.Window = None,
    samples: generate_options.Samples = 1,
    stop: generate_options.Stop = None,
    stop_regex: generate_options.StopRegex = None,
    keep_stop: generate_options.KeepStop = False,
    end: generate_options.End = None,
    avoid: constraint_options.Avoid = "",
    only: constraint_options.Only = None,
    words: constraint_options.Words = None,
    pattern: constraint_options.Pattern = None,
    line_length: constraint_options.LineLength = None,
    acrostic: constraint_options.Acrostic = None,
    particles: constraint_options.Particles = None,
    random_seed: generate_options.RandomSeed = None,
    temperature: generate_options.Temperature = str(DEFAULT_TEMPERATURE),
    word_temperature: generate_options.WordTemperature = None,
    top_k: generate_options.TopK = 0,
    top_p: generate_options.TopP = 1.0,
    min_p: generate_options.MinP = 0.0,
    dry_multiplier: generate_options.DryMultiplier = 0.0,
    dry_base: generate_options.DryBase = 1.15,
    dry_allowed_length: generate_options.DryAllowedLength = 10,
    repetition_penalty: generate_options.RepetitionPenalty = 1.0,
    on_unknown: generate_options.OnUnknown = "error",
    with_seed: generate_options.WithSeed = None,
    separator: generate_options.Separator = None,
    logprobs: generate_options.Logprobs = None,
    probabilities: generate_options.Probabilities = False,
    interactive: generate_options.Interactive = False,
    output: generate_options.Output = None,
    engine: generate_options.Engine = "numpy",
    weights: generate_options.Weights = "float32",
    checkpoints: SearchOption = None,
    json: JsonOption = False,
) -> None:
    r"""Generate text with a trained model.

    With --samples N it prints N texts, each followed by a line end. If texts can have several lines, a line such as
    "--- sample 2, random seed 8 ---" precedes each; otherwise (--stop "\n") it prints one text a line.
    """
    from charlstm.inference.generation_inputs import GenerationInputs, consecutive_seeds
    from charlstm.inference.memory_checks import check_generation

    refuse_combinations(context)
    check_outputs(output=output)
    files = seed_file or seeds_file or (None if words == "corpus" else words)
    encoding = encoding_of("--seed-file, --seeds-file or a file of --words", files, text_encoding)
    model = find_mixture(checkpoint, checkpoints, mix, weights)
    settings = settings_of(context, _new_random_seed(output) if random_seed is None else random_seed)
    settings = constraint_options.read_constraints(context, settings, model, encoding)
    config = replace(model.checkpoint, model=settings.reads(model.config))
    stops = settings.stop_rules(config.vocabulary, stop_strings(stop, config.vocabulary))
    named = not json and not (output is not None and is_finished(output))
    source = SeedSource(seed, seed_file, seeds_file, encoding)
    whole_lines = settings.acrostic is not None
    start = find_seeds(source, config, settings.random_seed, on_unknown, named=named, whole_lines=whole_lines)
    shows_seed = (start.given or sys.stdout.isatty()) if with_seed is None else with_seed
    inputs = GenerationInputs(
        seeds=start.texts,
        with_seed=shows_seed,
        random_seeds=consecutive_seeds(settings.random_seed, samples),
        stops=stops,
        settings=settings,
        logprobs=logprobs,
        constraints=settings.constraints_of(config.vocabulary, start.texts, stops),
    )
    if probabilities:
        print_next(model, inputs, json=json)
        return
    note_unused(context, settings.sampling, len(inputs.seeds) * samples)
    if output is not None:
        _write_file(model, inputs, output)
        return
    check_generation(
        config,
        samples,
        stops.most(length),
        mode,
        settings.sampling,
        advice_for_many(samples),
        logprobs=logprobs,
        particles=inputs.particles,
    )
    longest = max(map(len, inputs.seeds))
    if length and mode == "stateful" and longest > _LONG_SEED:
        read = f"All {longest:,} characters of the seed are read first"
        say(f"{read}; --mode stateless needs its last {config.model.seq_len}.")
    with threads(config.model, samples * settings.rows * (config.model.seq_len if mode == "stateless" else 1)):
        if interactive:
            from charlstm.cli.interactive import converse

            decoder = model.decoder(mode, engine, settings.window)
            search = _word_search(model, settings)
            converse(decoder, config.vocabulary, inputs, search, on_unknown=on_unknown, shows_seed=shows_seed)
        else:
            print_texts(model, inputs, engine, json=json, separator=separator)


def _word_search(model: "Model", settings: "GenerationSettings") -> "Search":
    """Return the search for the next words of a text, whose last word is complete or not."""
    from charlstm.cli.interactive_commands import ALTERNATIVES
    from charlstm.inference.next_words import next_words
    from charlstm.inference.stop_rules import NO_STOPS

    network = replace(model.network, config=settings.reads(model.config))

    def search(text: str, word_ended: bool) -> "NextWords":
        ids = model.vocabulary.encode(text)
        compiled = settings.constraints_of(model.vocabulary, [text], NO_STOPS)
        constraint = compiled[0] if compiled else None
        return next_words(
            network, model.vocabulary, ids, settings.mode, ALTERNATIVES, word_ended=word_ended, constraint=constraint
        )

    return search


def _write_file(model: "Model", inputs: "GenerationInputs", output: Path) -> None:
    """Write the texts to a file, with as many processes as fit in memory."""
    from charlstm.cli.bulk import batch_size, write_many
    from charlstm.inference.bulk import Job

    settings, texts = inputs.settings, len(inputs.seeds) * len(inputs.random_seeds)
    batch = batch_size(settings.rows)
    processes = writers(
        replace(model.checkpoint, model=settings.reads(model.config)),
        ceil(texts / batch),
        min(len(inputs.random_seeds), batch),
        inputs.stops.most(settings.length),
        settings.mode,
        settings.sampling,
        inputs.particles,
    )
    job = Job(
        model.decoder(settings.mode, window=settings.window),
        model.vocabulary,
        inputs.seeds,
        inputs.random_seeds,
        settings.length,
        settings.sampling,
        inputs.stops,
        inputs.constraints,
        settings.rows,
    )
    write_many(job, output, stored_values(inputs, model.weights), processes)


def _new_random_seed(output: Path | None) -> int:
    """Return the random seed stored for an existing output file, or a random one."""
    stored = stored_settings(output) if output is not None else None
    return secrets.randbelow(2**31) if stored is None else stored.random_seed
