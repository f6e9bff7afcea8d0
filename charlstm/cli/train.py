"""``charlstm train``."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from signal import SIGTERM
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, JsonOption, duration, print_json, say, stated
from charlstm.cli.together import be_a_worker, cluster_named, not_the_first_process
from charlstm.errors import excerpt

if TYPE_CHECKING:
    from charlstm.recipe.cluster import Cluster
    from charlstm.recipe.plan import Plan
    from charlstm.training.events import Finished

Preset = Literal["quick", "standard", "best", "classic"]
Encoding = Literal["scalar", "one-hot", "embedding"]
Activation = Literal["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]

_MODEL, _LSTM, _TRAINING = "Model", "Options of the Keras LSTM layer", "Training"
_TOGETHER = "Several processes"
_NOT_SETTINGS = frozenset(
    {"corpus", "name", "preset", "resume", "or_resume", "from_", "encoding_name", "show_samples", "checkpoints", "json"}
    | {"cluster", "rank"}
)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"expected whole numbers separated by commas, such as 512,512, found {text!r}") from None


def _option(text: str, panel: str, **options: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=panel, show_default=False, **options)


@stated
def train(
    context: typer.Context,
    corpus: Annotated[
        list[str] | None, typer.Argument(help="Text files or folders of them, read as one; - is stdin.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the checkpoint. Default: after the file.", show_default=False)] = None,
    preset: Annotated[
        Preset | None,
        typer.Option(help="Where every other setting starts from. Default: standard.", show_default=False),
    ] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with an interrupted training.", show_default=False)] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Fine-tune this checkpoint on the text, as a new one.", show_default=False)
    ] = None,
    or_resume: Annotated[bool, typer.Option("--or-resume", help="Go on with --name if it exists.")] = False,
    encoding_name: Annotated[
        str | None, typer.Option(help="Text encoding of the corpus. Default: utf-8.", show_default=False)
    ] = None,
    show_samples: Annotated[bool, typer.Option("--show-samples", help="Show a sample at every evaluation.")] = False,
    encoding: Annotated[Encoding | None, _option("What the first layer makes of a character.", _MODEL)] = None,
    embedding_size: Annotated[int | None, _option("Features of --encoding embedding.", _MODEL)] = None,
    units: Annotated[str | None, _option("Units of each LSTM layer, such as 512,512.", _MODEL)] = None,
    seq_len: Annotated[int | None, _option("Characters in a window.", _MODEL)] = None,
    targets: Annotated[
        Literal["last", "every"] | None, _option("Predict after the window, or at every position.", _MODEL)
    ] = None,
    dropout: Annotated[float | None, _option("Share dropped between layers and before the softmax.", _MODEL)] = None,
    activation: Annotated[Activation | None, _option("Of candidate and output.", _LSTM)] = None,
    recurrent_activation: Annotated[Activation | None, _option("Of the gates.", _LSTM)] = None,
    use_bias: Annotated[bool | None, _option("Whether the layers have biases.", _LSTM)] = None,
    unit_forget_bias: Annotated[bool | None, _option("Start the forget gate's bias at 1.", _LSTM)] = None,
    input_initializer: Annotated[str | None, _option("For the embeddings, or else the first kernel.", _LSTM)] = None,
    kernel_initializer: Annotated[
        str | None, _option("A Keras initialiser, such as he_normal or random_normal:0.1.", _LSTM)
    ] = None,
    recurrent_initializer: Annotated[str | None, _option("For the recurrent kernel.", _LSTM)] = None,
    bias_initializer: Annotated[str | None, _option("For the bias.", _LSTM)] = None,
    kernel_regularizer: Annotated[str | None, _option("l1:F, l2:F or l1_l2:F,F.", _LSTM)] = None,
    recurrent_regularizer: Annotated[str | None, _option("For the recurrent kernel.", _LSTM)] = None,
    bias_regularizer: Annotated[str | None, _option("For the bias.", _LSTM)] = None,
    kernel_constraint: Annotated[str | None, _option("max_norm:F, unit_norm, non_neg, min_max_norm:F,F.", _LSTM)] = None,
    recurrent_constraint: Annotated[str | None, _option("For the recurrent kernel.", _LSTM)] = None,
    bias_constraint: Annotated[str | None, _option("For the bias.", _LSTM)] = None,
    recurrent_dropout: Annotated[float | None, _option("Share of h dropped on its way to the next step.", _LSTM)] = None,
    drop_connect: Annotated[float | None, _option("Share of the recurrent kernels' weights dropped.", _TRAINING)] = None,
    batches: Annotated[
        Literal["windows", "streams"] | None,
        _option("Shuffled windows from a zero state, or streams with the state carried.", _TRAINING),
    ] = None,
    batch_size: Annotated[int | None, _option("Windows or streams in a batch.", _TRAINING)] = None,
    state_reset: Annotated[
        float | None, _option("Probability that a stream starts a batch from a zero state.", _TRAINING)
    ] = None,
    epochs: Annotated[float | None, _option("Budget in passes over the text, in place of --minutes.", _TRAINING)] = None,
    minutes: Annotated[float | None, _option("Budget in wall-clock minutes, in place of --epochs.", _TRAINING)] = None,
    learning_rate: Annotated[float | None, _option("Peak learning rate of Adam.", _TRAINING)] = None,
    schedule: Annotated[Literal["cosine", "constant"] | None, _option("Course of the learning rate.", _TRAINING)] = None,
    warmup: Annotated[float | None, _option("Share of the budget in which it rises.", _TRAINING)] = None,
    weight_decay: Annotated[float | None, _option("Decay of the kernels, times the learning rate.", _TRAINING)] = None,
    clip_norm: Annotated[float | None, _option("Greatest norm of the gradient; 0: no limit.", _TRAINING)] = None,
    weight_average: Annotated[float | None, _option("Momentum of the average of the weights; 0: none.", _TRAINING)] = None,
    validation: Annotated[float | None, _option("Share of the text, its tail, that is held out.", _TRAINING)] = None,
    evaluations: Annotated[int | None, _option("Passes over the held-out tail.", _TRAINING)] = None,
    patience: Annotated[int | None, _option("Stop after this many without improvement.", _TRAINING)] = None,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"] | None,
        _option("Of the LSTM layers' products. auto: the faster one here.", _TRAINING),
    ] = None,
    save_every: Annotated[float | None, _option("Minutes between saves for --resume. Default: 1, or more.", _TRAINING)] = None,
    random_seed: Annotated[int | None, _option("Start of everything random.", _TRAINING, min=0)] = None,
    cluster: Annotated[str | None, _option("Addresses of all of them: host:port,host:port,...", _TOGETHER)] = None,
    rank: Annotated[int | None, _option("Which of them this one is; 0 writes and prints.", _TOGETHER, min=0)] = None,
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Train an LSTM on a text.

    The settings not given are the preset's. Ctrl-C ends the training with everything saved.
    """
    started = time.monotonic()
    given = {key: value for key, value in context.params.items() if key not in _NOT_SETTINGS and value is not None}
    if units is not None:
        given["units"] = _sizes(units)
    not_the_first_process()
    together = cluster_named(cluster, rank)
    if wrong := _misuse(corpus or [], name, preset, resume, or_resume, from_, together):
        raise typer.BadParameter(wrong)
    begun = name if or_resume and name and (checkpoints / name).exists() else resume
    if together and not together.is_chief:
        be_a_worker(
            together,
            checkpoints,
            corpus or [],
            given,
            preset=preset or "standard",
            base_name=from_,
            resume=begun,
            encoding_name=encoding_name,
        )
        return
    if begun is not None:
        from charlstm.recipe.resuming import plan_resuming

        plan = plan_resuming(checkpoints, begun, corpus or [], given, encoding_name)
        say(f"Going on with {plan.folder.name}, trained on {plan.config.corpus.name}.")
        _show_beginning(plan)
        for note in plan.notes:
            say(note)
    else:
        from charlstm.recipe.plan import plan_training

        plan = plan_training(
            checkpoints,
            corpus or [],
            given,
            preset=preset or "standard",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            name=name,
            base_name=from_,
            text_encoding=encoding_name or "utf-8",
        )
        _describe(preset or "standard", plan)
    if together:
        plan = replace(plan, cluster=together)
        say(f"{len(together.workers)} workers train together; this one, {together.name(0)}, leads.")

    from charlstm.cli.progress import follow

    finished, signal = follow(plan, started=started, show_samples=show_samples)
    if json:
        _print_result(plan, finished)
    if finished.interrupted:
        say(f"Stopped and saved. Go on with: {plan.resuming}")
        raise typer.Exit(128 + (signal or SIGTERM))  # another worker was asked to stop
    if finished.stopped_early:
        say(f"Stopped early: no better score in {plan.config.training.patience} evaluations.")
    elif finished.best.step < finished.steps and finished.best.nats_per_char is not None:
        best = finished.best
        say(f"Kept is the model of epoch {best.epoch:.1f}, with {best.nats_per_char:.4f} nats; the later ones were worse.")
    say(f"Done in {duration(finished.seconds)}. Write with: {plan.command('generate', '--checkpoint')}")


def _misuse(
    corpus: list[str],
    name: str | None,
    preset: Preset | None,
    resume: str | None,
    or_resume: bool,
    from_: str | None,
    together: "Cluster | None",
) -> str | None:
    """Why these options do not go together, if they do not."""
    if or_resume and (name is None or resume is not None):
        return "--or-resume goes on with the training of --name; give that, and leave out --resume"
    if resume is not None and (from_ is not None or name is not None or preset is not None):
        return "--resume goes on with a training as it is; leave out --from, --name and --preset"
    if not corpus and resume is None:
        return "give a text to train on: charlstm train corpus.txt (- is stdin)"
    if together and "-" in corpus:
        return "several processes cannot read one standard input; give a file that each of them can read"
    return None


def _print_result(plan: "Plan", finished: "Finished") -> None:
    from charlstm.units import bits, count

    nats = finished.best.nats_per_char
    print_json(
        {
            "checkpoint": plan.folder.name,
            "nats_per_char": nats,
            "bits_per_char": None if nats is None else bits(nats),
            "parameters": count(plan.config.model.weight_shapes),
            "seconds": finished.seconds,
            "steps": finished.steps,
            "characters_per_second": finished.characters_per_second,
        }
    )


def _describe(preset: Preset, plan: "Plan") -> None:
    """Say what is trained, on what, for how long."""
    from charlstm.checkpoint.card import extent

    corpus, model, training = plan.config.corpus, plan.config.model, plan.config.training
    held_out = round(corpus.characters * training.validation)
    say(
        f"{corpus.name}: {corpus.characters:,} characters, {model.vocabulary_size:,} distinct; "
        f"{corpus.characters - held_out:,} to learn from, the last {held_out:,} held out."
    )
    _show_beginning(plan)
    say(
        f"{preset}: windows of {model.seq_len}, {model.encoding} encoding, LSTM {' + '.join(map(str, model.units))}, "
        f"targets {model.targets}; {training.batches} of {training.batch_size}, {training.precision}, {extent(training)}."
    )
    for note in plan.notes:
        say(note)


def _show_beginning(plan: "Plan") -> None:
    """Show the first words of the text, as they are learned: a wrong text encoding is seen there."""
    label = "Text begins: "
    say(label + excerpt(plan.config.vocabulary.decode(plan.ids[:1_000]), 80 - len(label)))
