"""Real processes, pipes and terminals: streams, timing and exit codes."""

import json
import re
import subprocess

import pytest

from charlstm.config import ModelConfig
from tests.cases import slow
from tests.cli.conftest import REPEATABLE
from tests.cli.terminals import DIM, PLAIN, undimmed

pytestmark = pytest.mark.usefixtures("checkpoint")

PANGRAM = "The quick brown fox jumps over the lazy dog."


def test_stdout_is_exactly_the_text(ran, charlstm):
    code, written, said = ran("generate", *REPEATABLE, "--length", "50")
    assert (code, said) == (0, "")
    assert written == charlstm("generate", *REPEATABLE, "--length", "50").stdout


def test_json_is_one_object_on_stdout(ran):
    code, written, said = ran("generate", *REPEATABLE, "--length", "50", "--json")
    assert (code, said) == (0, "")
    assert json.loads(written)["samples"][0]["random_seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("list", 0),
        ("generate --checkpoint nope", 1),
        slow("train nope.txt", 1),
        slow("generate --length x", 2),
        ("paint", 2),
        slow("train", 2),
    ],
)
def test_exit_codes(ran, arguments, expected):
    code, written, said = ran(*arguments.split())
    assert code == expected
    assert (written == "") == (expected != 0)
    assert (said == "") == (expected == 0)
    assert said.startswith("charlstm: ") == (expected != 0)
    assert said.count("\n") == (expected != 0)
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "locale", [slow({"PYTHONIOENCODING": "ascii"}), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_output_is_utf_8_in_any_locale(ran, tmp_path, make_checkpoint, locale):
    alphabet = "".join(sorted(set("渡し船は川を—é€🦊")))
    make_checkpoint(tmp_path / "checkpoints" / "船", vocabulary=alphabet, windows=("渡し船",))
    code, written, said = ran(
        "generate", "--checkpoint", "船", "--with-seed", "--length", "200", "--random-seed", "1", env=locale
    )
    assert (code, said) == (0, "Without --seed, starting from this passage: '渡し船' (of story.txt)\n")
    assert written.startswith("渡し船")
    assert len(written) == len("渡し船") + 200 + 1
    assert 5 < len(set(written)) <= len(alphabet) + 1


def test_arguments_are_utf_8_in_any_locale(ran, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "boat", vocabulary="し渡船", windows=("渡し船",))
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    options = ("--checkpoint", "boat", "--seed", "渡し", "--stop", "船", "--length", "50", "--random-seed", "1")
    code, written, said = ran("generate", *options, env=locale)
    assert (code, said) == (0, "")
    assert written.startswith("渡し")
    assert "船" not in written


def test_terminal_shows_text_as_it_is_generated(terminal, tmp_path, make_checkpoint):
    # Milliseconds a character, far fewer characters than any buffer holds, and no line ends, which would empty it.
    slow = ModelConfig(vocabulary_size=29, seq_len=100, units=(300, 300))
    make_checkpoint(tmp_path / "slow" / "tale", slow, vocabulary="".join(sorted(set(PANGRAM))))
    with terminal("generate", *REPEATABLE, "--checkpoints", "slow", "--length", "80", stderr=subprocess.PIPE) as screen:
        pieces = [screen.read()]
        assert screen.process.poll() is None
        while pieces[-1]:
            pieces.append(screen.read())
        assert screen.process.wait() == 0
        assert screen.process.stderr.read() == b""
    assert pieces[0].startswith(f"{DIM}The {PLAIN}")
    assert len(pieces[0]) < 40
    assert len(pieces) > 10
    assert len(undimmed(screen.seen)) == len("The ") + 80 + 1


@pytest.mark.slow
def test_terminal_and_pipe_get_the_same_text(terminal, ran):
    with terminal("generate", *REPEATABLE, "--length", "300") as screen:
        assert screen.finish() == 0
    assert undimmed(screen.seen) == ran("generate", *REPEATABLE, "--length", "300")[1]


@pytest.mark.parametrize("samples", [slow(()), ("--samples", "2")], ids=" ".join)
def test_seed_is_dim_on_a_terminal_only(terminal, ran, samples):
    arguments = ("generate", *REPEATABLE, "--length", "30", *samples)
    with terminal(*arguments, stderr=subprocess.PIPE) as screen:
        assert screen.finish() == 0
    written = ran(*arguments)[1]
    assert undimmed(screen.seen) == written
    assert screen.seen.count(f"{DIM}The {PLAIN}") == written.count("The ") >= 1
    assert "\x1b" not in written
    for header in re.findall(r"^--- sample \d, random seed \d ---\n", written, re.MULTILINE):
        assert DIM + header + PLAIN in screen.seen


def test_default_seed_is_dim_or_omitted_from_a_pipe(terminal, ran):
    arguments = ("generate", "--length", "30", "--random-seed", "3")
    with terminal(*arguments) as screen:
        assert screen.finish() == 0
    code, written, said = ran(*arguments)
    assert code == 0
    assert screen.seen == f"{said}{DIM}The quick{PLAIN}{written}"
    assert said == "Without --seed, starting from this passage: 'The quick' (of story.txt)\n"


def test_dumb_terminal_gets_no_styles(terminal):
    with terminal("generate", *REPEATABLE, "--length", "30", env={"TERM": "dumb"}) as screen:
        assert screen.finish() == 0
    assert "\x1b" not in screen.seen
    assert screen.seen.startswith("The ")
