"""``charlstm train``."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from signal import SIGTERM
from typing import Annotated

import typer

from charlstm.cli import lstm_options, train_options, training_inputs
from charlstm.cli.options import choice
from charlstm.cli.outputs import check_outputs
from charlstm.cli.resume_command import resume_command
from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, JsonOption, printable_name, say, say_command, say_note
from charlstm.cli.training_messages import (
    describe_plan,
    print_result,
    print_saved_result,
    say_end,
    say_finished,
    show_beginning,
)
from charlstm.cli.worker import be_a_worker, cluster_named, with_cluster
from charlstm.errors import CheckpointError, SaveError, clip_text
from charlstm.formatting import exactly
from charlstm.planning.presets import PRESETS, Preset


def _presets() -> str:
    """Return the presets with their budgets and units, for the help."""
    return ", ".join(
        f"{name} ({exactly(preset['minutes'], 'minute') if 'minutes' in preset else exactly(preset['epochs'], 'epoch')}, "
        f"{preset['units'][0]:,} units{', the recipe of the Keras tutorials' if name == 'classic' else ''})"
        for name, preset in PRESETS.items()
    )


def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text files to train on, or folders of them, read as one text; or a prepared corpus; - reads stdin.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        train_options.option(
            None, "Name of the new checkpoint, a folder in --checkpoints. Default: the file's name.", metavar="NAME"
        ),
    ] = None,
    preset: Annotated[
        Preset | None,
        train_options.option(
            None, f"Preset of all settings that are not given: {_presets()}. Default: standard.", **choice(Preset)
        ),
    ] = None,
    resume: Annotated[
        str | None,
        train_options.option(None, "Resume the interrupted training of this checkpoint, with its settings.", metavar="NAME"),
    ] = None,
    from_: Annotated[
        str | None,
        train_options.option(None, "Fine-tune this checkpoint on the text, as a new checkpoint.", "--from", metavar="NAME"),
    ] = None,
    resume_if_exists: Annotated[
        bool,
        typer.Option(
            "--resume-if-exists", "--or-resume", help="Resume the training of --name if it exists; start it otherwise."
        ),
    ] = False,
    recipe: training_inputs.Recipe = None,
    text_encoding: Annotated[
        str | None,
        train_options.option(
            None,
            "Text encoding of the files, such as latin-1 or gb18030. Default: utf-8.",
            "--text-encoding",
            "--encoding-name",
            metavar="ENCODING",
        ),
    ] = None,
    show_samples: Annotated[bool, typer.Option("--show-samples", help="Show a sample text at every evaluation.")] = False,
    page: train_options.LivePageFile = None,
    min_count: train_options.MinCount = None,
    encoding: train_options.Encoding = None,
    embedding_size: train_options.EmbeddingSize = None,
    units: train_options.Units = None,
    seq_len: train_options.SeqLen = None,
    targets: train_options.Targets = None,
    dropout: train_options.Dropout = None,
    activation: lstm_options.Activation = None,
    recurrent_activation: lstm_options.RecurrentActivation = None,
    use_bias: lstm_options.UseBias = None,
    unit_forget_bias: lstm_options.UnitForgetBias = None,
    input_initializer: lstm_options.InputInitializer = None,
    kernel_initializer: lstm_options.KernelInitializer = None,
    recurrent_initializer: lstm_options.RecurrentInitializer = None,
    bias_initializer: lstm_options.BiasInitializer = None,
    kernel_regularizer: lstm_options.KernelRegularizer = None,
    recurrent_regularizer: lstm_options.RecurrentRegularizer = None,
    bias_regularizer: lstm_options.BiasRegularizer = None,
    kernel_constraint: lstm_options.KernelConstraint = None,
    recurrent_constraint: lstm_options.RecurrentConstraint = None,
    bias_constraint: lstm_options.BiasConstraint = None,
    recurrent_dropout: lstm_options.RecurrentDropout = None,
    drop_connect: train_options.DropConnect = None,
    batches: train_options.Batches = None,
    batch_size: train_options.BatchSize = None,
    state_reset: train_options.StateReset = None,
    epochs: train_options.Epochs = None,
    minutes: train_options.Minutes = None,
    learning_rate: train_options.LearningRate = None,
    input_rate_multiplier: train_options.InputRateMultiplier = None,
    schedule: train_options.Schedule = None,
    warmup: train_options.Warmup = None,
    weight_decay: train_options.WeightDecay = None,
    clip_norm: train_options.ClipNorm = None,
    weight_average: train_options.WeightAverage = None,
    validation: train_options.Validation = None,
    validation_file: training_inputs.ValidationFile = None,
    on_unknown: training_inputs.OnUnknown = None,
    evaluations: train_options.Evaluations = None,
    patience: train_options.Patience = None,
    precision: train_options.Precision = None,
    save_every: train_options.SaveEvery = None,
    random_seed: train_options.RandomSeed = None,
    tensorboard: training_inputs.TensorBoard = None,
    sweep: training_inputs.Sweep = None,
    jobs: training_inputs.Jobs = None,
    cluster: train_options.Cluster = None,
    rank: train_options.Rank = None,
    gradient_precision: train_options.GradientPrecision = None,
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Train an LSTM on a text.

    Other settings come from the preset, adapted to the text. Ctrl-C saves the training and stops it.
    """
    started = time.monotonic()
    given = training_inputs.settings_of(context.params)
    if training_inputs.asks_for_sweep(sweep, jobs):
        from charlstm.cli.sweep import train_all

        train_all(context, sweep or [], jobs or 1)
        return
    together = cluster_named(cluster, rank)
    others = {"--from": from_, "--name": name, "--preset": preset}
    training_inputs.check_combination(corpus or [], name, resume, resume_if_exists, others, together, recipe)
    check_outputs(page=page)
    read = training_inputs.read_recipe(recipe)
    preset = preset or (read and read.preset) or "standard"
    begun = name if resume_if_exists and name and (checkpoints / name).exists() else resume

    from charlstm.planning.environment import machine_speed
    from charlstm.planning.resume_plan import plan_resuming, plan_worker
    from charlstm.planning.training_plan import plan_training

    plan_new = partial(
        plan_training,
        checkpoints,
        corpus or [],
        given,
        preset=preset,
        recipe=read,
        **training_inputs.held_out_files(validation_file, on_unknown),
        base_name=from_,
        text_encoding=text_encoding,
        speed=machine_speed(alike=together is not None),
    )
    if together and not together.is_chief:
        resumed = None if begun is None else plan_worker(checkpoints, begun, corpus or [], given, text_encoding, recipe=read)
        be_a_worker(resumed or plan_new(created=""), together)
        return
    if begun is not None:
        plan = plan_resuming(
            checkpoints, begun, corpus or [], given, text_encoding, recipe=read, validation_files=validation_file or []
        )
        if plan.finished is not None:
            say_finished(plan, page)
            if json:
                print_saved_result(plan)
            return
        say(f"Resuming {plan.folder.name}, trained on {printable_name(clip_text(plan.config.corpus.name))}.")
        show_beginning(plan)
        for note in plan.notes:
            say_note(note)
    else:
        plan = plan_new(created=datetime.now(UTC).isoformat(timespec="seconds"), name=name)
        describe_plan(Path(read.path).name if read else preset, plan)
    plan = replace(plan, tensorboard=tensorboard)
    if together:
        plan = with_cluster(plan, together)
        say(f"{len(together.workers)} workers train together; this one, {together.name(0)}, is the chief.")
    if large := training_inputs.memory_note(plan):
        say(large)

    from charlstm.cli.progress import follow

    try:
        plan, finished, signal = follow(plan, started=started, show_samples=show_samples, page=page)
    except SaveError as error:
        command = resume_command(replace(plan, folder=error.folder))
        raise CheckpointError(f"{error}; then resume the training with `{command}`") from None
    if json:
        print_result(plan, finished.best.nats_per_char, finished.steps, finished.seconds, finished.characters_per_second)
    if finished.interrupted:
        say_command("Stopped and saved. Resume with:", resume_command(plan))
        raise typer.Exit(128 + (signal or SIGTERM))  # another worker was asked to stop
    say_end(plan, finished)
