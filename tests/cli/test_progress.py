"""Progress output and signals of a training, tested with a fake run."""

import io
import os
import pty
import re
import signal
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from charlstm import interruption
from charlstm.cli.progress import follow
from charlstm.training.events import Evaluated, Evaluating, Finished, RolledBack, SpeedMeasured, Started, Stepped
from tests.cli.planned_training import evaluation

FOLDER = Path("checkpoints", "story")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def pretend(monkeypatch, plan):
    """Follow a run of the given events; a number among them is a signal to send at that moment."""

    def run(*happenings):
        def train(_, *, clock, started, should_stop):
            assert clock() >= started
            for happening in happenings:
                if not isinstance(happening, int):
                    yield happening
                    continue
                os.kill(os.getpid(), happening)
            stopped = should_stop()
            yield Finished(evaluation(1, 2.0, best=True), 1000, 9.0, 5e3, interrupted=stopped, stopped_early=False)

        monkeypatch.setattr("charlstm.training.run.train", train)
        monkeypatch.setattr("charlstm.training.model_files.sample_text", lambda *_, **__: "two\nlines")
        # Otherwise an unhandled signal would end the tests.
        usual = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGHUP)}
        handlers = [signal.getsignal(number) for number in SIGNALS]
        try:
            return follow(plan, started=time.monotonic(), show_samples=False)
        finally:
            left = [signal.getsignal(number) for number in SIGNALS]
            for number, handler in usual.items():
                signal.signal(number, handler)
            assert left == handlers

    return run


@pytest.mark.parametrize("reason", [None, "there is a GPU"])
def test_reason_for_the_keras_loop_is_printed(pretend, capsys, reason):
    pretend(Started(FOLDER, 1, reason), Evaluated(evaluation(1, 2.0, best=True), {}))
    assert ("Keras's own, slower loop: there is a GPU." in capsys.readouterr().err) == (reason is not None)


@pytest.mark.parametrize(
    ("made", "told"), [(4, "4 evaluations in total (10 would take too much of the time)."), (10, "10 evaluations in total.")]
)
def test_fewer_evaluations_than_asked_for_are_explained(pretend, plan, capsys, made, told):
    assert plan.config.training.evaluations == 10
    pretend(Started(plan.folder, 12345, None), SpeedMeasured(1_000.0, 90.0, 14.4, made))
    assert f"14 epochs and {told}" in capsys.readouterr().err


def test_without_terminal_one_line_per_evaluation(pretend, plan, capsys):
    pretend(
        Started(plan.folder, 12345, None),
        *(Stepped(step, step / 10, 2.5, 1234.5, 60.0, 2.5, 0.001, 1.0) for step in range(5)),
        SpeedMeasured(12_345.6, 90.0, 14.4, 10),
        Evaluating(),
        Evaluated(evaluation(1, 2.0, best=True), {}),
        Evaluated(evaluation(2, 3.0, best=False), {}),
        Evaluated(evaluation(3, None, best=True), {}),
    )
    written, said = capsys.readouterr()
    assert written == ""
    assert "\r" not in said
    first, second, pace, *lines = said.splitlines()
    assert pace == "12,346 characters a second: 1:30 min to go, 14 epochs and 10 evaluations in total."
    assert first.startswith("Starting TensorFlow")
    assert str(plan.folder) in second
    assert "12,345 parameters" in second
    # 2 / ln 2 = 2.8854, 3 / ln 2 = 4.3281
    assert [" ".join(line.split()) for line in lines] == [
        "50 s step 1,000 epoch 1.5 training 2.5000 held out 2.0000 nats, 2.8854 bits/char best so far",
        "1:40 min step 2,000 epoch 3.0 training 2.5000 held out 3.0000 nats, 4.3281 bits/char",
        "2:30 min step 3,000 epoch 4.5 training 2.5000 nothing held out",
    ]


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_stops_the_run(pretend, capfd, number):
    _, finished, received = pretend(Started(FOLDER, 1, None), number)
    assert finished.interrupted
    assert received == number
    assert "Stopping after this step, then saving" in capfd.readouterr().err


def test_run_without_signal_is_not_stopped(pretend):
    _, finished, received = pretend(Started(FOLDER, 1, None))
    assert not finished.interrupted
    assert received == 0


def test_ignored_signal_stays_ignored(plan, monkeypatch):
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # like nohup
    seen = []

    def train(*_, **__):
        seen.append(signal.getsignal(signal.SIGHUP))
        yield Finished(evaluation(1, 2.0, best=True), 1000, 9.0, 5e3, interrupted=False, stopped_early=False)

    monkeypatch.setattr("charlstm.training.run.train", train)
    try:
        follow(plan, started=time.monotonic(), show_samples=False)
    finally:
        signal.signal(signal.SIGHUP, usual)
    assert seen == [signal.SIG_IGN]


def test_roll_back_after_nan_loss_is_printed(pretend, capsys):
    pretend(Started(FOLDER, 1, None), RolledBack(1_812, 1_640, 0.003))
    line = "The loss was NaN or infinite at step 1,812: rolling back to step 1,640, with half the learning rate (0.003)."
    assert line in capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("first", SIGNALS)
def test_second_ctrl_c_interrupts_at_once(pretend, monkeypatch, first):
    monkeypatch.setattr(interruption, "_ECHO", -1.0)
    with pytest.raises(KeyboardInterrupt):
        pretend(Started(FOLDER, 1, None), first, signal.SIGINT)


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("echo", SIGNALS)
def test_repeated_signal_counts_once(pretend, first, echo):
    # `timeout` and a closed terminal signal the process and its group.
    _, finished, received = pretend(Started(FOLDER, 1, None), first, echo)
    assert finished.interrupted
    assert received == first


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGHUP])
def test_only_ctrl_c_interrupts_at_once(pretend, monkeypatch, again):
    monkeypatch.setattr(interruption, "_ECHO", -1.0)
    assert pretend(Started(FOLDER, 1, None), again, again)[2] == again


class Interrupting(io.RawIOBase):
    """A stream that receives Ctrl-C while a line is being written."""

    def __init__(self) -> None:
        self.seen = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.seen += bytes(data)
        if data[:8] == b"Training":
            os.kill(os.getpid(), signal.SIGINT)
        return len(data)


def test_signal_during_printing_is_handled(pretend, monkeypatch):
    stream = Interrupting()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(stream), "utf-8", line_buffering=True))
    assert pretend(Started(FOLDER, 1, None))[1].interrupted
    assert b"Training" in stream.seen


def test_closed_stderr_does_not_end_training(pretend, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        monkeypatch.setattr(sys, "stderr", gone)
        _, finished, received = pretend(Started(FOLDER, 1, None), Evaluated(evaluation(1, 2.0, best=True), {}), signal.SIGTERM)
    assert finished.interrupted
    assert received == signal.SIGTERM


def test_show_samples_prints_samples(pretend, plan, capsys):
    pretend(Started(FOLDER, 1, None), Evaluated(evaluation(1, 2.0, best=True), {}))
    assert "two" not in capsys.readouterr().err
    follow(plan, started=time.monotonic(), show_samples=True)
    assert "\n    two\n    lines\n" in capsys.readouterr().err


def everything(terminal: int) -> str:
    shown = b""
    with os.fdopen(terminal, "rb", 0) as file, suppress(OSError):  # Linux's way of saying that the other end is closed
        while piece := file.read(1 << 16):
            shown += piece
    return shown.decode()


@pytest.mark.parametrize("columns", [80, 20, 4])
def test_bar_fits_the_terminal(pretend, monkeypatch, columns):
    mine, its = pty.openpty()
    termios.tcsetwinsize(its, (24, columns))
    steps = [Stepped(step, step / 5, 2.5, 1234.5, 60.0, 2.5, 0.001, 1.0) for step in range(5)]
    with os.fdopen(its, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        pretend(Started(FOLDER, 1, None), *steps, Evaluating(), Evaluated(evaluation(1, 2.0, best=True), {}), *steps)
    shown = everything(mine)
    bars = [line for line in shown.replace("\r\n", "\n").replace("\n", "\r").split("\r") if re.match(r" {0,2}\d+(%|$)", line)]
    assert len(bars) > 5
    assert max(map(len, bars)) <= columns
    assert "held out 2.0000 nats" in " ".join(shown.split())
    if columns == 80:
        assert bars[-1].startswith(" 80%|")
        assert bars[-1].endswith("| loss 2.500, 3.607 bits/char, 1,234 char/s, 1:00 min left")
