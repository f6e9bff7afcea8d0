"""Progress of a training run: a bar on a terminal, lines elsewhere, and the handling of signals."""

import math
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from charlstm.cli.flags import with_flags
from charlstm.cli.layout import columns, joined
from charlstm.cli.resume_command import checkpoint_command
from charlstm.cli.terminal import printable_name, say, say_command, say_text, visible, wrapped_on_stderr
from charlstm.formatting import bits, counted, decimal, duration
from charlstm.interruption import StopRequest, signals

if TYPE_CHECKING:
    from charlstm.checkpoint.history import HistoryEntry
    from charlstm.planning.training_plan import TrainingPlan
    from charlstm.training.events import Event, Finished, SpeedMeasured, Stepped


def follow(
    plan: "TrainingPlan", *, started: float, show_samples: bool, page: Path | None = None
) -> tuple["TrainingPlan", "Finished", int]:
    """Run a training and show its progress.

    Args:
        plan: Plan of the training.
        started: Start of the command on the monotonic clock, in seconds.
        show_samples: True to show a sample text at every evaluation.
        page: File of a page to write during the training; None for none.

    Returns:
        The plan with its final folder; the last event; the number of the signal that stopped the training, or 0.
    """
    say("Starting TensorFlow …")
    from charlstm.planning.training_plan import ResumedState
    from charlstm.report.live_page import LivePage
    from charlstm.training.events import Evaluated, Evaluating, Finished, SpeedMeasured, Started, Stepped
    from charlstm.training.model_files import sample_of_model, sample_text
    from charlstm.training.run import train

    stop = _stop_request()
    bar_format = "{percentage:3.0f}%|{bar}| {desc}"
    with (
        LivePage(page, time.monotonic, time.time, with_flags, lambda why: say(printable_name(with_flags(why)))) as live,
        signals(stop),
        closing(train(plan, clock=time.monotonic, started=started, should_stop=lambda: bool(stop.number))) as events,
        tqdm(total=100, bar_format=bar_format, disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False) as bar,
    ):
        above = partial(_say_above, bar)
        for event in events:
            if isinstance(event, Started):
                plan = replace(plan, folder=event.folder)
                folder = printable_name(str(plan.folder))
                above(f"Training {folder}, {event.parameters:,} parameters. Ctrl-C saves the training and stops it.")
                live.begin(plan.folder, plan.notes if isinstance(plan.start, ResumedState) else ())
                if live.written:
                    above(f"Open {printable_name(str(page))} in a browser to watch it.")
            elif isinstance(event, Stepped):
                bar.n = 100 * event.fraction
                bar.set_description_str(_description(event, columns(sys.stderr)))
                live.step(event.fraction, event.seconds_left, event.characters_per_second)
            elif isinstance(event, Evaluating):
                bar.set_description_str("evaluating …")
            elif isinstance(event, Evaluated):
                above(_line(event.evaluation, columns(sys.stderr)))
                sample = partial(sample_text, plan.config, event.weights, length=200)
                if show_samples:
                    text = sample()
                    sample = partial(str, text)
                    above("\n".join("    " + visible(line, "") for line in text.split("\n")), say_text)
                live.sample(event.evaluation.step, event.evaluation.epoch, sample)
            elif isinstance(event, Finished):
                finished = event
                live.end(interrupted=event.interrupted)
                last = partial(sample_of_model, plan.folder, plan.config, length=200)
                live.last_sample(event.best.step, event.best.epoch, last)
            for message in _news(event, plan):
                above(message)
                if not isinstance(event, SpeedMeasured):  # the page has the present speed and time
                    live.say(message)
    if live.written:
        say(f"The page of this training is in {page}.")
    elif page is not None:
        command = checkpoint_command(plan, "history", "--page", "FILE.html")
        say_command("Write the page of this training to another place with:", command)
    return plan, finished, stop.number


def _news(event: "Event", plan: "TrainingPlan") -> list[str]:
    """Return what the program has found out or decided, as an event tells."""
    from charlstm.training.events import CheckpointRewritten, RolledBack, SpeedMeasured, Started, SummariesFailed

    if isinstance(event, Started) and event.keras_loop_because:
        return [f"The LSTM layers run in Keras's own, slower loop: {with_flags(event.keras_loop_because)}."]
    if isinstance(event, SpeedMeasured):
        pace = f"{event.characters_per_second:,.0f} characters a second: {duration(event.seconds_left)} to go"
        planned = _planned_evaluations(event, plan.config.training.evaluations)
        return [f"{pace}, {counted(event.epochs, 'epoch')} and {planned}."]
    if isinstance(event, RolledBack):
        back = (
            f"The loss was NaN or infinite at step {event.at:,}: rolling back to step {event.step:,}, with half the learning "
            f"rate ({event.learning_rate:g})."
        )
        return [*map(with_flags, event.warnings), back]
    if isinstance(event, CheckpointRewritten):
        return [f"{printable_name(event.path)} was removed or damaged during the training: writing it again."]
    if isinstance(event, SummariesFailed):
        return [f"Training continues without the files for TensorBoard in {printable_name(event.path)}: {event.reason}."]
    return []


def _stop_request() -> StopRequest:
    """Return a request whose answer is already wrapped, because a signal handler prints it."""
    return StopRequest(wrapped_on_stderr("\nStopping after this step, then saving (Ctrl-C: stop at once, without saving).\n"))


def _say_above(bar: "tqdm[Any]", message: str, print_it: Callable[[str], None] = say) -> None:
    with bar.external_write_mode(file=sys.stderr):
        print_it(message)


def help_along(plan: "TrainingPlan") -> int:
    """Run a worker that is not the chief. It prints nothing; a signal to it stops all workers.

    Returns:
        The exit code: 0, or 128 + signal number if any worker was asked to stop.
    """
    from charlstm.training.events import Finished
    from charlstm.training.run import train

    stop = StopRequest()
    with signals(stop):
        (last,) = deque(train(plan, clock=time.monotonic, started=0.0, should_stop=lambda: bool(stop.number)), maxlen=1)
    interrupted = isinstance(last, Finished) and last.interrupted
    return 128 + (stop.number or signal.SIGTERM) if interrupted else 0


_LEAST_BAR = 12
"""Smallest width of the bar in columns; the description beside it is shortened first."""


def _description(event: "Stepped", width: int | None) -> str:
    """Return the longest description that fits beside the bar, ``100%|`` and ``| ``."""
    left = "" if math.isinf(event.seconds_left) else f"{duration(event.seconds_left)} left"
    speed = f"{event.characters_per_second:,.0f} char/s" if event.characters_per_second else ""
    loss, loss_in_bits = f"loss {decimal(event.nats_per_char, 3)}", f"{decimal(bits(event.nats_per_char), 3)} bits/char"
    choices = ([loss, loss_in_bits, speed, left], [loss, speed, left], [loss, left], [left or loss])
    texts = [", ".join(filter(None, choice)) for choice in choices]
    return next((text for text in texts if width is None or len(text) + 7 + _LEAST_BAR <= width), texts[-1])


def _planned_evaluations(event: "SpeedMeasured", wanted: int) -> str:
    """Return the number of evaluations in the whole budget, and why it is lower than the recipe's."""
    planned = f"{counted(event.evaluations, 'evaluation')} in total"
    return planned if event.evaluations >= wanted else f"{planned} ({wanted} would take too much of the time)"


def _line(evaluation: "HistoryEntry", width: int | None) -> str:
    """Return an evaluation as a line; on a narrow terminal without the step, or on two lines."""
    nats = evaluation.nats_per_char
    held_out = "nothing held out" if nats is None else f"held out {decimal(nats, 4)} nats, {decimal(bits(nats), 4)} bits/char"
    best = evaluation.best and nats is not None
    time = duration(evaluation.seconds)
    epoch = f"epoch {evaluation.epoch:5.1f}"
    training = f"training {decimal(evaluation.train_nats_per_char, 4)}" if evaluation.step else "nothing trained"
    fields = [f"{time:>10}", f"step {evaluation.step:>7,}", epoch, training, held_out, *["best so far"] * best]
    line = joined(fields, None)
    if width is None or len(line) <= width:
        return line
    mark = "  best" if best else ""
    training = training.replace("training", "train")
    return joined([f"{time:>9}", epoch, training, held_out.removesuffix("/char") + mark], width, " " * 11)
