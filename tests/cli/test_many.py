"""Many texts into a file: those of single runs, in their order, and gone on with after any interruption."""

import json
import os
import re
import signal
import time

import pytest

from charlstm.checkpoint.lock import only_one
from charlstm.cli.many import BATCH
from charlstm.recipe.machine import cores

SETTINGS = ["--seed", "The", "--length", "30", "--random-seed", "5"]
MANY = 2 * BATCH + 10


@pytest.fixture(scope="module")
def expected(tmp_path_factory, make_checkpoint):
    """What single runs write."""
    from typer.testing import CliRunner

    from charlstm.cli.app import app

    root = tmp_path_factory.mktemp("expected")
    make_checkpoint(root / "checkpoints" / "tale")
    arguments = ["generate", *SETTINGS, "--samples", str(MANY), "--json", "--checkpoints", str(root / "checkpoints")]
    return json.loads(CliRunner().invoke(app, arguments, catch_exceptions=False).stdout)["samples"]


@pytest.fixture
def checkpoint(tmp_path, make_checkpoint):
    return make_checkpoint(tmp_path / "checkpoints" / "tale")


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_texts_are_those_of_single_runs_in_their_order(charlstm, checkpoint, tmp_path, expected):
    result = charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"Wrote {MANY} texts to many.jsonl." in result.stderr
    assert lines(tmp_path / "many.jsonl") == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "many.jsonl"]


@pytest.mark.parametrize("keep", [0, 1, 41.5, BATCH, BATCH + 40.5, MANY])
def test_an_unfinished_file_is_gone_on_with(charlstm, checkpoint, tmp_path, expected, keep, monkeypatch):
    from charlstm.cli import many

    def interrupted(job, random_seeds):
        yield from ()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(many, "_in_order", interrupted)
        assert charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").exit_code == 130
    content = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in expected[: int(keep)])
    (tmp_path / "many.jsonl").write_text(content + ("" if keep == int(keep) else json.dumps(expected[int(keep)])[:20]))
    # Without a random seed it is that of the unfinished run.
    result = charlstm("generate", *SETTINGS[:-2], "--samples", str(MANY), "--output", "many.jsonl")
    assert result.exit_code == 0
    there = MANY if keep == MANY else int(keep) // BATCH * BATCH  # of a batch all or none
    assert (f"{there:,} of {MANY} texts are there" in result.stderr) == (there > 0)
    assert lines(tmp_path / "many.jsonl") == expected
    assert not (tmp_path / "many.jsonl.unfinished").exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"random_seed": "x"}', '{"random_seed": NaN}', "[" * 100_000, "fifo"], ids=lambda c: c[:9]
)
def test_damaged_settings_of_an_unfinished_file_are_refused(refusal, checkpoint, tmp_path, content):
    (tmp_path / "many.jsonl").write_text("")
    beside = tmp_path / "many.jsonl.unfinished"
    os.mkfifo(beside) if content == "fifo" else beside.write_text(content)
    sentence = refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert sentence == "many.jsonl.unfinished is damaged; remove it together with many.jsonl, or choose another --output"


@pytest.mark.parametrize("output", [".", "/"])
def test_a_folder_is_no_file_for_texts(refusal, checkpoint, output):
    assert refusal("generate", "--samples", "3", "--output", output) == f"{output} is a folder; name a file in it with --output"


def test_where_there_is_no_terminal_lines_say_how_far_it_is(charlstm, checkpoint, monkeypatch):
    monkeypatch.setattr("charlstm.cli.many._PAUSE", 0.0)
    said = charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").stderr.splitlines()
    assert said == [*(f"{done} of {MANY} texts" for done in (BATCH, 2 * BATCH, MANY)), f"Wrote {MANY} texts to many.jsonl."]


def test_more_states_than_the_memory_holds_are_refused(refusal, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("charlstm.checkpoint.memory.memory", lambda: 1e4)
    monkeypatch.setattr("charlstm.checkpoint.weights.check_room", lambda *_: None)
    sentence = refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert "; try fewer --samples, or --mode stateful, which needs one state a sample and not " in sentence
    assert not (tmp_path / "many.jsonl").exists()


def test_two_do_not_write_one_file(refusal, checkpoint, tmp_path):
    with only_one(tmp_path / "many.jsonl.lock"):
        sentence = refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert sentence == "many.jsonl is being written by another process; wait for its end, or choose another --output"


@pytest.mark.parametrize("other", [["--length", "31"], ["--temperature", "0.5"], ["--mode", "stateful"], ["--samples", "9"]])
def test_other_settings_do_not_go_on_with_it(refusal, checkpoint, tmp_path, other):
    (tmp_path / "many.jsonl").write_text("")
    (tmp_path / "many.jsonl.unfinished").write_text("{")
    arguments = ["generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl"]
    assert "many.jsonl.unfinished is damaged; remove it together with many.jsonl" in refusal(*arguments)
    (tmp_path / "many.jsonl").unlink()
    (tmp_path / "many.jsonl.unfinished").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charlstm.cli.many._in_order", lambda *_: iter([None]))
        with pytest.raises(TypeError):
            refusal(*arguments)
    option = other[0].removeprefix("--")
    assert f"many.jsonl was begun with another {option} (" in refusal(*arguments, *other)


def test_a_finished_file_is_left_alone(refusal, checkpoint, tmp_path):
    (tmp_path / "many.jsonl").write_text("mine")
    assert "many.jsonl exists already and is left as it is" in refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert (tmp_path / "many.jsonl").read_text() == "mine"


@pytest.mark.parametrize("other", [["--json"], ["--interactive"], ["--engine", "keras"]])
def test_what_does_not_go_together_is_said(charlstm, checkpoint, other):
    result = charlstm("generate", "--output", "many.jsonl", *other)
    assert result.exit_code == 2
    assert "--output" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_killed_in_the_middle_it_goes_on_to_the_same_file(program, checkpoint, tmp_path, number):
    samples = 8 * cores() * BATCH  # far more than are under way at once
    arguments = ("generate", "--seed", "The", "--length", "400", "--samples", str(samples), "--random-seed", "3")
    with program(*arguments, "--output", "whole.jsonl") as whole:
        assert whole.wait(timeout=300) == 0
    process = program(*arguments, "--output", "cut.jsonl")
    deadline = time.monotonic() + 60
    while not (tmp_path / "cut.jsonl").exists() or (tmp_path / "cut.jsonl").read_bytes().count(b"\n") < 2 * BATCH:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        sentence = rf"Stopped: [\d,]+ of {samples:,} texts are in cut.jsonl, and the same command goes on.\n"
        assert re.fullmatch(sentence, said.decode())
    assert 2 * BATCH <= (tmp_path / "cut.jsonl").read_bytes().count(b"\n") < samples
    with program(*arguments, "--output", "cut.jsonl") as again:
        assert again.wait(timeout=300) == 0
    assert (tmp_path / "cut.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
