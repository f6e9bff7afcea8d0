"""``charlstm train``."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from signal import SIGTERM
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from charlstm.cli import settings
from charlstm.cli.options import choice
from charlstm.cli.resume_command import checkpoint_command, resume_command
from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, JsonOption, duration, print_json, say, say_note
from charlstm.cli.worker import be_a_worker, cluster_named, memory_note, not_the_first_process
from charlstm.errors import CheckpointError, SaveError, clip_text, excerpt

if TYPE_CHECKING:
    from charlstm.planning.cluster import Cluster
    from charlstm.planning.training_plan import TrainingPlan
    from charlstm.training.events import Finished

Preset = Literal["quick", "standard", "best", "classic"]

_NOT_SETTINGS = frozenset(
    {"corpus", "name", "preset", "resume", "resume_if_exists", "from_", "text_encoding", "show_samples", "checkpoints", "json"}
    | {"cluster", "rank"}
)


def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text files to train on, or folders of them, read as one text; - reads stdin.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        settings.option(
            None, "Name of the new checkpoint, a folder in --checkpoints. Default: the file's name.", metavar="NAME"
        ),
    ] = None,
    preset: Annotated[
        Preset | None,
        settings.option(None, "Preset of all settings that are not given. Default: standard.", **choice(Preset)),
    ] = None,
    resume: Annotated[
        str | None,
        settings.option(None, "Resume the interrupted training of this checkpoint, with its settings.", metavar="NAME"),
    ] = None,
    from_: Annotated[
        str | None,
        settings.option(None, "Fine-tune this checkpoint on the text, as a new checkpoint.", "--from", metavar="NAME"),
    ] = None,
    resume_if_exists: Annotated[
        bool,
        typer.Option(
            "--resume-if-exists", "--or-resume", help="Resume the training of --name if it exists; start it otherwise."
        ),
    ] = False,
    text_encoding: Annotated[
        str | None,
        settings.option(
            None,
            "Text encoding of the files, such as latin-1 or gb18030. Default: utf-8.",
            "--text-encoding",
            "--encoding-name",
            metavar="ENCODING",
        ),
    ] = None,
    show_samples: Annotated[bool, typer.Option("--show-samples", help="Show a sample text at every evaluation.")] = False,
    min_count: settings.MinCount = None,
    encoding: settings.Encoding = None,
    embedding_size: settings.EmbeddingSize = None,
    units: settings.Units = None,
    seq_len: settings.SeqLen = None,
    targets: settings.Targets = None,
    dropout: settings.Dropout = None,
    activation: settings.Activation = None,
    recurrent_activation: settings.RecurrentActivation = None,
    use_bias: settings.UseBias = None,
    unit_forget_bias: settings.UnitForgetBias = None,
    input_initializer: settings.InputInitializer = None,
    kernel_initializer: settings.KernelInitializer = None,
    recurrent_initializer: settings.RecurrentInitializer = None,
    bias_initializer: settings.BiasInitializer = None,
    kernel_regularizer: settings.KernelRegularizer = None,
    recurrent_regularizer: settings.RecurrentRegularizer = None,
    bias_regularizer: settings.BiasRegularizer = None,
    kernel_constraint: settings.KernelConstraint = None,
    recurrent_constraint: settings.RecurrentConstraint = None,
    bias_constraint: settings.BiasConstraint = None,
    recurrent_dropout: settings.RecurrentDropout = None,
    drop_connect: settings.DropConnect = None,
    batches: settings.Batches = None,
    batch_size: settings.BatchSize = None,
    state_reset: settings.StateReset = None,
    epochs: settings.Epochs = None,
    minutes: settings.Minutes = None,
    learning_rate: settings.LearningRate = None,
    schedule: settings.Schedule = None,
    warmup: settings.Warmup = None,
    weight_decay: settings.WeightDecay = None,
    clip_norm: settings.ClipNorm = None,
    weight_average: settings.WeightAverage = None,
    validation: settings.Validation = None,
    evaluations: settings.Evaluations = None,
    patience: settings.Patience = None,
    precision: settings.Precision = None,
    save_every: settings.SaveEvery = None,
    random_seed: settings.RandomSeed = None,
    cluster: settings.Cluster = None,
    rank: settings.Rank = None,
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Train an LSTM on a text.

    Other settings come from the preset, adapted to the text. Ctrl-C saves the training and stops it.
    """
    started = time.monotonic()
    given = {key: value for key, value in context.params.items() if key not in _NOT_SETTINGS and value is not None}
    not_the_first_process()
    together = cluster_named(cluster, rank)
    if wrong := _misuse(corpus or [], name, preset, resume, resume_if_exists, from_, together):
        raise typer.BadParameter(wrong)
    begun = name if resume_if_exists and name and (checkpoints / name).exists() else resume
    if together and not together.is_chief:
        be_a_worker(
            together,
            checkpoints,
            corpus or [],
            given,
            preset=preset or "standard",
            base_name=from_,
            resume=begun,
            text_encoding=text_encoding,
        )
        return
    if begun is not None:
        from charlstm.planning.resume_plan import plan_resuming

        plan = plan_resuming(checkpoints, begun, corpus or [], given, text_encoding)
        if plan.finished is not None:
            say_note(plan.finished)
            if json:
                _print_saved_result(plan)
            return
        say(f"Resuming {plan.folder.name}, trained on {clip_text(plan.config.corpus.name)}.")
        _show_beginning(plan)
        for note in plan.notes:
            say_note(note)
    else:
        from charlstm.planning.training_plan import plan_training

        plan = plan_training(
            checkpoints,
            corpus or [],
            given,
            preset=preset or "standard",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            name=name,
            base_name=from_,
            text_encoding="utf-8" if text_encoding is None else text_encoding,
        )
        _describe(preset or "standard", plan)
    if together:
        plan = replace(plan, cluster=together)
        say(f"{len(together.workers)} workers train together; this one, {together.name(0)}, is the chief.")
    if large := memory_note(plan):
        say(large)

    from charlstm.cli.progress import follow

    try:
        plan, finished, signal = follow(plan, started=started, show_samples=show_samples)
    except SaveError as error:
        command = resume_command(replace(plan, folder=error.folder))
        raise CheckpointError(f"{error}; then resume the training with `{command}`") from None
    if json:
        _print_result(plan, finished.best.nats_per_char, finished.steps, finished.seconds, finished.characters_per_second)
    if finished.interrupted:
        say(f"Stopped and saved. Resume with: {resume_command(plan)}")
        raise typer.Exit(128 + (signal or SIGTERM))  # another worker was asked to stop
    _say_end(plan, finished)


def _misuse(
    corpus: list[str],
    name: str | None,
    preset: Preset | None,
    resume: str | None,
    resume_if_exists: bool,
    from_: str | None,
    together: "Cluster | None",
) -> str | None:
    """Return the reason why these options cannot be combined, or None."""
    if resume_if_exists and (name is None or resume is not None):
        return "--resume-if-exists resumes the training of --name; give --name, and remove --resume"
    if resume is not None and (from_ is not None or name is not None or preset is not None):
        return "--resume resumes a training with its own settings; remove --from, --name and --preset"
    if not corpus and resume is None:
        return "give a text to train on: charlstm train corpus.txt (- is stdin)"
    if together and "-" in corpus:
        return "several processes cannot read one standard input; give a file that each of them can read"
    return None


def _say_end(plan: "TrainingPlan", finished: "Finished") -> None:
    from charlstm.formatting import exactly
    from charlstm.planning.training_plan import ResumedState

    training, best = plan.config.training, finished.best
    before = plan.start.state.progress if isinstance(plan.start, ResumedState) else None
    if before and before.steps == finished.steps and not before.loss_count:
        minutes = training.minutes or 0.0
        say(f"Nothing was trained: starting took the rest of {exactly(minutes, 'minute')}; raise --minutes.")
        return
    if finished.stopped_early:
        say(f"Stopped early: no better score in {training.patience} evaluations.")
    elif best.step < finished.steps and best.nats_per_char is not None:
        say(f"Keeping the best model (epoch {best.epoch:.1f}, {best.nats_per_char:.4f} nats/char).")
    say(f"Done in {duration(finished.seconds)}. Generate with: {checkpoint_command(plan, 'generate', '--checkpoint')}")


def _print_saved_result(plan: "TrainingPlan") -> None:
    """Print the result of a training that was already finished."""
    from charlstm.checkpoint.model_card import best_score
    from charlstm.planning.training_plan import ResumedState

    assert isinstance(plan.start, ResumedState)
    state = plan.start.state
    kept = best_score(state.history)
    _print_result(plan, kept.nats_per_char if kept else None, state.progress.steps, state.progress.seconds, 0.0)


def _print_result(plan: "TrainingPlan", nats: float | None, steps: int, seconds: float, characters_per_second: float) -> None:
    from charlstm.formatting import bits, count_parameters

    print_json(
        {
            "checkpoint": plan.folder.name,
            "nats_per_char": nats,
            "bits_per_char": None if nats is None else bits(nats),
            "parameters": count_parameters(plan.config.model.weight_shapes),
            "seconds": seconds,
            "steps": steps,
            "characters_per_second": characters_per_second,
        }
    )


def _describe(preset: Preset, plan: "TrainingPlan") -> None:
    """Print the text, the network and the budget of a training."""
    from charlstm.checkpoint.model_card import budget_phrase

    corpus, model, training = plan.config.corpus, plan.config.model, plan.config.training
    vocabulary = plan.config.vocabulary
    distinct = "distinct ones learned" if vocabulary.rare else "distinct"
    held_out = round(corpus.characters * training.validation)
    say(
        f"{clip_text(corpus.name)}: {corpus.characters:,} characters, {len(vocabulary):,} {distinct}; "
        f"{corpus.characters - held_out:,} to learn from, {f'the last {held_out:,}' if held_out else 'nothing'} held out."
    )
    _show_beginning(plan)
    say(
        f"{preset}: windows of {model.seq_len}, {model.encoding} encoding, LSTM {' + '.join(map(str, model.units))}, "
        f"targets {model.targets}; {training.batches} of {training.batch_size}, {training.precision}, "
        f"{budget_phrase(training)}."
    )
    for note in plan.notes:
        say_note(note)


def _show_beginning(plan: "TrainingPlan") -> None:
    """Print the first words of the text as the model sees them, which reveals a wrong text encoding."""
    label = "Text begins: "
    say(label + excerpt(plan.config.vocabulary.decode(plan.ids[:1_000]), 80 - len(label)))
