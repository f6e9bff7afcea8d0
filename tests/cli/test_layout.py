"""Line breaks between words and fields, in the functions and in the commands' output."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from tqdm.utils import disp_len

from charlstm.checkpoint.history import HistoryEntry
from charlstm.cli.layout import columns, joined, padded, wrapped
from charlstm.cli.progress import _description, _line, _stop_request
from charlstm.cli.terminal import say
from charlstm.training.events import Stepped
from tests.cases import slow
from tests.cli.conftest import TEXT

SENTENCE = "charlstm: the text that 渡し船 was trained on, ferry-year.txt, is neither here nor in data/; say where it is."
WIDTHS = [20, 40, 60, 80]


def terminal_of(width: int) -> tuple[int, int]:
    mine, its = pty.openpty()
    termios.tcsetwinsize(its, (24, width))
    return mine, its


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_end_between_words(width):
    lines = wrapped(SENTENCE, width).split("\n")
    assert max(map(disp_len, lines)) <= width
    assert " ".join(lines) == SENTENCE
    assert len(lines) == 1 or all(disp_len(f"{one} {other.split()[0]}") > width for one, other in pairwise(lines))


def test_lines_that_fit_are_unchanged():
    text = "  two  gaps \n\n\tand a tab"
    assert wrapped(text, 40) == text


def test_an_indented_line_stays_indented():
    assert wrapped("  the ferry  is late", 12) == "  the ferry\n  is late"


def test_shapes_stay_whole():
    assert wrapped("  [32, 56]·[56, 1] + [32, 1] [no shape]", 22) == "  [32, 56]·[56, 1] +\n  [32, 1] [no shape]"


def test_word_wider_than_the_line_stays_whole():
    assert wrapped("see /a/very/long/path there", 8).split("\n") == ["see", "/a/very/long/path", "there"]


def test_fields_are_not_split():
    fields = ["a b c", "d e", "f g h i", "j"]
    lines = joined(fields, 12).split("\n")
    assert [line.strip() for line in lines] == ["a b c  d e", "f g h i", "j"]
    assert joined(fields, None) == "a b c  d e  f g h i  j"


def test_wide_characters_count_as_two_columns():
    assert padded("船", 4) == "船  "


def test_only_a_terminal_has_columns(tmp_path):
    mine, its = terminal_of(50)
    with os.fdopen(its, "w") as screen, (tmp_path / "file").open("w") as file:
        assert (columns(screen), columns(file)) == (50, None)
    os.close(mine)


@pytest.mark.parametrize("width", WIDTHS)
def test_messages_are_wrapped_on_a_terminal(monkeypatch, width):
    mine, its = terminal_of(width)
    with os.fdopen(its, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        say(SENTENCE)
    shown = b""
    with os.fdopen(mine, "rb", 0) as other_end, suppress(OSError):  # Linux's way of saying that the terminal is closed
        while piece := other_end.read(1 << 16):
            shown += piece
    assert shown.decode().replace("\r\n", "\n") == wrapped(SENTENCE, width) + "\n"


@pytest.mark.parametrize("width", [40, 60])
def test_answer_to_ctrl_c_is_wrapped(monkeypatch, capfd, width):
    mine, its = terminal_of(width)
    with os.fdopen(its, "w") as screen, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", screen)
        request = _stop_request()
    os.close(mine)
    request(signal.SIGINT, None)
    answer = capfd.readouterr().err
    assert max(map(len, answer.split("\n"))) <= width
    assert " ".join(answer.split()) == "Stopping after this step, then saving (Ctrl-C: stop at once, without saving)."


def test_messages_elsewhere_stay_one_line(capsys):
    say(SENTENCE)
    assert capsys.readouterr().err == SENTENCE + "\n"


EVALUATIONS = {
    "the first": (50.0, 1_000, 0.2, 2.0),
    "after minutes": (100.0, 12_345, 14.5, 3.0),
    "after an hour": (3_700.0, 123_456, 114.5, 12.3456),
    "after half a day": (36_100.0, 1_234_567, 999.9, 1.0),
    "nothing held out": (50.0, 1_000, 0.2, None),
}


def evaluation(seconds: float, step: int, epoch: float, nats: float | None) -> HistoryEntry:
    numbers = {"step": step, "epoch": epoch, "seconds": seconds, "learning_rate": 1e-3, "train_nats_per_char": 2.5}
    return HistoryEntry(**numbers, nats_per_char=nats, best=True)


@pytest.mark.parametrize("width", [None, 80, 60])
def test_evaluation_before_the_first_step_has_no_training_loss(width):
    line = _line(replace(evaluation(9.0, 0, 0.0, 3.1697), train_nats_per_char=0.0), width)
    assert "0.0000" not in line
    assert "nothing trained" in line
    assert max(map(len, line.split("\n"))) <= (width or 200)


@pytest.mark.parametrize("numbers", EVALUATIONS.values(), ids=EVALUATIONS)
def test_evaluation_fits_80_or_60_columns(numbers):
    whole = _line(evaluation(*numbers), None)
    assert f"step {numbers[1]:>7,}" in whole
    assert _line(evaluation(*numbers), 120) == whole
    wide = _line(evaluation(*numbers), 80)
    assert len(wide) <= 80
    narrow = _line(evaluation(*numbers), 60).split("\n")
    assert max(map(len, narrow)) <= 60
    assert set(" ".join(narrow).split()) - {"train"} <= set(wide.split())
    assert all(re.match(r" *([0-9:]+ (s|min|h)|epoch|train|held out|nothing held out)", line) for line in narrow)
    if numbers[3] is not None:
        assert f"held out {numbers[3]:.4f} nats" in wide
        assert wide.endswith("  best")
        assert whole.endswith("  best so far")


STEPPED = {
    "slow": Stepped(1, 0.1, 2.5, 12.3, 60.0, 2.5, 0.001, 1.0),
    "usual": Stepped(1, 0.1, 2.5, 12_345.0, 7_200.0, 2.5, 0.001, 1.0),
    "fast": Stepped(1, 0.1, 12.5, 1_234_567.0, 36_000.0, 2.5, 0.001, 1.0),
    "unknown": Stepped(1, 0.1, 2.5, 0.0, float("inf"), 2.5, 0.001, 1.0),
}


@pytest.mark.parametrize("event", STEPPED.values(), ids=STEPPED)
def test_bar_description_leaves_room_for_the_bar(event):
    whole = _description(event, None)
    assert "bits/char" in whole
    for width in (40, 50, 60, 70, 80, 120):
        shown = _description(event, width)
        assert width - len(f"100%|| {shown}") >= 12
        assert set(shown.split(", ")) <= set(whole.split(", "))
    assert _description(event, 120) == whole


@pytest.mark.parametrize("width", [WIDTHS[0], *map(slow, WIDTHS[1:])])
def test_list_fits_the_terminal(tmp_path, make_checkpoint, terminal, width):
    make_checkpoint(tmp_path / "checkpoints" / "渡し船", corpus="a story that has a long name, part 1.txt", nats_per_char=2.0)
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    with terminal("list", columns=width, stderr=subprocess.PIPE) as screen:
        assert screen.finish() == 0
    lines = screen.seen.splitlines()
    assert max(map(disp_len, lines)) <= max(width, disp_len("    a story that has a long name, part 1.txt"))
    for field in ("渡し船", "2.885 bits/char", "LSTM 16", "3,518 parameters", "window 12", "created 2026-01-01"):
        assert any(field in line for line in lines)


@pytest.mark.parametrize("width", ["20", "40", "60", "80", "200"])
def test_evaluate_fits_any_width(charlstm, monkeypatch, tmp_path, tale, width):
    monkeypatch.setenv("COLUMNS", width)
    (tmp_path / "tale.txt").write_text(TEXT)
    lines = charlstm("evaluate", "--sample", "20").stdout.splitlines()
    assert max(map(len, lines)) <= min(int(width), 110)
    words = {word for line in lines for word in line.split()}
    assert {"stateful,", "Stateless", "nats/char", "bits/char", "unigram", "256"} <= {word.rstrip(":") for word in words}
