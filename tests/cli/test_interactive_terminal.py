"""``charlstm generate --interactive`` in processes of its own: terminals, Ctrl-C and invalid input."""

import select
import signal
import subprocess
import sys

import pytest

from tests.cases import slow
from tests.cli.session import OPTIONS, PROMPT, SEED
from tests.cli.terminals import DIM, PLAIN, Terminal, undimmed

AGAIN = "Ctrl-C again ends the session. /save FILE writes the text to a file first.\n"
pytestmark = pytest.mark.usefixtures("checkpoint")


@pytest.mark.parametrize("stdin", [slow("utf-8:strict"), "ascii:strict"])
def test_invalid_utf_8_gives_no_traceback(program, stdin):
    process = program(*OPTIONS, stdin=subprocess.PIPE, env={"PYTHONIOENCODING": stdin})
    _, shown = process.communicate(b"fox\n\xff\xc3\n/quit\n")
    assert b"Traceback" not in shown
    assert process.returncode in (0, 1)


def test_session_is_shown_on_the_terminal(terminal, talk):
    begun, finished = talk("/quit")[0], talk("fox", "/quit")[0]
    with terminal(*OPTIONS) as screen:
        screen.wait_for(PROMPT)
        screen.type("fox\n")
        while screen.seen.count(PROMPT) < 2:
            assert screen.read()
        screen.type("\x04")
        assert screen.finish() == 0
    assert f"{DIM}{SEED}{PLAIN}" in screen.seen
    assert f"{DIM}fox{PLAIN}" in screen.seen
    opening, turn, end = undimmed(screen.seen).split(PROMPT)
    assert opening.partition("\n")[2] == begun + "\n"
    assert turn == finished.removeprefix(begun) + "\n"
    assert end == ""  # the text is on the screen already


def test_finished_text_can_go_to_a_file(terminal, talk, tmp_path):
    with (tmp_path / "text.txt").open("wb") as file, terminal(*OPTIONS, stdout=file) as screen:
        screen.wait_for(PROMPT)
        screen.type("/quit\n")
        assert screen.finish() == 0
    finished = talk("/quit")[0]
    assert (tmp_path / "text.txt").read_text() == finished + "\n"
    assert finished in undimmed(screen.seen)


def test_whole_text_distinguishes_user_and_model(terminal, talk):
    finished = talk("fox", "/quit")[0]
    begun = talk("/quit")[0]
    with terminal(*OPTIONS) as screen:
        screen.wait_for(PROMPT)
        screen.type("fox\n/text\n/undo\n/quit\n")
        assert screen.finish() == 0
    _, _, whole, shorter, _ = screen.seen.split(PROMPT)
    written = finished.removeprefix(begun + "fox")
    begun = begun.replace(SEED, f"{DIM}{SEED}{PLAIN}", 1)
    assert whole == f"{begun}{DIM}fox{PLAIN}{written}\n"
    assert shorter == f"Removed. The text now ends:\n{begun}\n"


def test_ctrl_c_stops_the_model_not_the_session(terminal):
    with terminal(*OPTIONS, "--length", "1000000000") as screen:
        while len(screen.seen) < 200:
            assert screen.read()
        screen.process.send_signal(signal.SIGINT)
        screen.wait_for(PROMPT)
        shown = undimmed(screen.seen).partition("\n")[2].removesuffix("\n" + PROMPT)
        screen.type("/text\n/quit\n")
        assert screen.finish() == 0
    text = undimmed(screen.seen).split(PROMPT)[1].removesuffix("\n")
    assert text == shown
    assert "Traceback" not in screen.seen


def interrupt(screen: Terminal) -> None:
    """Press Ctrl-C until there is an answer: a signal on the threshold of a blocking read waits for the next one."""
    for _ in range(30):
        screen.process.send_signal(signal.SIGINT)
        if select.select([screen.descriptor], [], [], 2)[0]:
            return


def test_ctrl_c_twice_at_the_prompt_ends_the_session(terminal):
    with terminal(*OPTIONS) as screen:
        screen.wait_for(PROMPT)
        interrupt(screen)
        screen.wait_for(AGAIN + PROMPT)
        interrupt(screen)
        assert screen.finish() == 130
    assert "Traceback" not in screen.seen


def test_ctrl_c_once_at_the_prompt_loses_nothing(terminal, talk):
    with terminal(*OPTIONS) as screen:
        screen.wait_for(PROMPT)
        for times in (1, 2):  # the line in between begins the count again
            interrupt(screen)
            while screen.seen.count(AGAIN + PROMPT) < times:
                assert screen.read()
            before = screen.seen.count(PROMPT)
            screen.type("/text\n")
            while screen.seen.count(PROMPT) == before:
                assert screen.read()
        screen.type("/quit\n")
        assert screen.finish() == 0
    assert undimmed(screen.seen).count(talk("/quit")[0]) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="terminals of other systems have other limits")
@pytest.mark.parametrize(("pasted", "is_added"), [("f" * 4094, True), ("f" * 5000, False), slow("é" * 2048, False)])
def test_a_line_that_the_terminal_cuts_is_refused(terminal, pasted, is_added):
    with terminal(*OPTIONS, "--on-unknown", "skip") as screen:
        screen.wait_for(PROMPT)
        screen.type(f"{pasted}\n")
        while screen.seen.count(PROMPT) < 2:
            assert screen.read()
        screen.type("/text\n/quit\n")
        assert screen.finish() == 0
    whole = undimmed(screen.seen).split(PROMPT)[2]
    assert ("its end may be lost" in screen.seen) is not is_added
    assert (pasted in whole) is is_added
    assert is_added or "fff" not in whole


def test_line_that_is_not_utf8_is_refused_as_such(program):
    with program(*OPTIONS, stdin=subprocess.PIPE) as process:
        said = process.communicate(b"f\xffx\n/quit\n")[1].decode()
    assert "this line is not UTF-8" in said
    assert "does not know" not in said
