"""Progress of a training from Python: the progress bar, the page and the callback of :func:`charlstm.train`."""

import sys
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING

from charlstm.formatting import bits
from charlstm.interruption import StopRequest, signals
from charlstm.planning.training_plan import ResumedState, TrainingPlan

if TYPE_CHECKING:
    from charlstm.report.live_page import LivePage
    from charlstm.training.events import Event


def follow(
    plan: TrainingPlan,
    started: float,
    progress: bool,
    callback: "Callable[[Event], object] | None",
    page: str | Path | None,
) -> Path:
    """Run a training to its end and show its progress.

    Args:
        plan: Plan of the training.
        started: Start of the call on the monotonic clock, in seconds.
        progress: True to show a progress bar and messages on stderr.
        callback: Called with every event; None for none.
        page: Path of a page to write during the training; None for none.

    Returns:
        The folder of the checkpoint.
    """
    from tqdm.auto import tqdm

    from charlstm.report.live_page import LivePage
    from charlstm.training.events import Evaluated, Finished, RolledBack, Started, Stepped, SummariesFailed
    from charlstm.training.run import train as run

    stop, folder = StopRequest(), plan.folder
    file = None if page is None else Path(page)
    with (
        LivePage(file, time.monotonic, time.time, warn=warnings.warn) as live,
        signals(stop, (SIGINT,)),
        closing(run(plan, clock=time.monotonic, started=started, should_stop=lambda: bool(stop.number))) as events,
        tqdm(total=100, disable=not progress, bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining} {desc}") as bar,
    ):
        say = partial(bar.write, file=sys.stderr)
        if progress:
            for note in plan.notes:
                say(note)
        for event in events:
            if isinstance(event, Started):
                folder = event.folder
            elif isinstance(event, Stepped):
                bar.n = 100 * event.fraction
                bar.set_description_str(f"{event.nats_per_char:.3f} nats per character", refresh=False)
                bar.update(0)
            elif isinstance(event, Evaluated) and progress and event.evaluation.nats_per_char is not None:
                nats = event.evaluation.nats_per_char
                say(f"step {event.evaluation.step:,}: held out {nats:.4f} nats, {bits(nats):.4f} bits per character")
            elif isinstance(event, RolledBack) and progress:
                say(f"The loss was NaN or infinite at step {event.at:,}; continuing from step {event.step:,}.")
            elif isinstance(event, SummariesFailed) and progress:
                say(f"Training continues without the files for TensorBoard in {event.path}: {event.reason}.")
            elif isinstance(event, Finished) and event.nothing_trained and progress:
                say("Nothing was trained: starting took the rest of the time; raise `minutes`.")
            _show_on_page(live, event, plan)
            if callback is not None:
                try:
                    callback(event)
                except KeyboardInterrupt:
                    stop.number = stop.number or SIGINT
    return folder


def _show_on_page(live: "LivePage", event: "Event", plan: TrainingPlan) -> None:
    from charlstm.training.events import Evaluated, Finished, Started, Stepped
    from charlstm.training.model_files import sample_of_model, sample_text

    if isinstance(event, Started):
        live.begin(event.folder, plan.notes if isinstance(plan.start, ResumedState) else ())
    elif isinstance(event, Stepped):
        live.step(event.fraction, event.seconds_left, event.characters_per_second)
    elif isinstance(event, Evaluated):
        write = partial(sample_text, plan.config, event.weights, length=200)
        live.sample(event.evaluation.step, event.evaluation.epoch, write)
    elif isinstance(event, Finished):
        live.end(interrupted=event.interrupted)
        if live.folder is not None:
            last = partial(sample_of_model, live.folder, plan.config, length=200)
            live.last_sample(event.best.step, event.best.epoch, last)
