"""``generate --output``: texts equal single runs, in their order, and interrupted files are resumed."""

import errno
import json
import os
import re
import signal
import time

import pytest

from charlstm.checkpoint.lock import try_lock
from charlstm.cli import bulk
from charlstm.cli.bulk import BATCH
from charlstm.machine import cores

NOTHING_BESIDE = ["checkpoints", "many.jsonl", "many.jsonl.settings"]

SETTINGS = ["--seed", "The", "--length", "30", "--random-seed", "5"]
MANY = 2 * BATCH + 10


@pytest.fixture(scope="module")
def expected(tmp_path_factory, make_checkpoint):
    """Return the texts of single runs."""
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


def test_texts_equal_single_runs_in_order(charlstm, checkpoint, tmp_path, expected):
    result = charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"Wrote {MANY} texts to many.jsonl." in result.stderr
    assert lines(tmp_path / "many.jsonl") == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE


def interrupted(*_):
    yield from ()
    raise KeyboardInterrupt


@pytest.mark.parametrize("keep", [0, 1, 41.5, BATCH, BATCH + 40.5, MANY])
def test_unfinished_file_is_resumed(charlstm, checkpoint, tmp_path, expected, keep, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_in_order", interrupted)
        assert charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").exit_code == 130
    content = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in expected[: int(keep)])
    (tmp_path / "many.jsonl").write_text(content + ("" if keep == int(keep) else json.dumps(expected[int(keep)])[:20]))
    # Without --random-seed, the seed of the unfinished run is used.
    result = charlstm("generate", *SETTINGS[:-2], "--samples", str(MANY), "--output", "many.jsonl")
    assert result.exit_code == 0
    there = MANY if keep == MANY else int(keep) // BATCH * BATCH  # whole batches only
    assert (f"{there:,} of {MANY} texts are done" in result.stderr) == (there > 0)
    assert lines(tmp_path / "many.jsonl") == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE


@pytest.mark.parametrize("note", ["unfinished", "settings"])
@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"random_seed": "x"}', '{"random_seed": NaN}', '{"random_seed": 1}', "[" * 100_000, "fifo"],
    ids=lambda c: c[:16],
)
def test_damaged_settings_are_refused(refusal, checkpoint, tmp_path, content, note):
    (tmp_path / "many.jsonl").write_text("mine")
    beside = tmp_path / f"many.jsonl.{note}"
    os.mkfifo(beside) if content == "fifo" else beside.write_text(content)
    sentence = refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert sentence == f"many.jsonl.{note} is damaged; remove it together with many.jsonl, or choose another --output"
    assert (tmp_path / "many.jsonl").read_text() == "mine"


@pytest.fixture
def finished(charlstm, checkpoint, tmp_path) -> bytes:
    """The content of a finished file of three texts."""
    assert charlstm("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl").exit_code == 0
    return (tmp_path / "many.jsonl").read_bytes()


@pytest.mark.parametrize("arguments", [SETTINGS, SETTINGS[:-2]], ids=["the same", "no random seed"])
def test_finished_file_is_recognised(charlstm, finished, tmp_path, arguments):
    for _ in range(2):
        result = charlstm("generate", *arguments, "--samples", "3", "--output", "many.jsonl")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "many.jsonl already has 3 texts; for other texts, choose another --output.\n"
    assert (tmp_path / "many.jsonl").read_bytes() == finished
    assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE


@pytest.mark.parametrize(
    ("other", "before", "now"),
    [
        (["--length", "31"], "30", "31"),
        (["--temperature", "0.5"], "0.8", "0.5"),
        (["--mode", "stateful"], "stateless", "stateful"),
        (["--stop", "e"], "none", "'e'"),
        (["--random-seed", "6"], "5", "6"),
        (["--samples", "2"], "3", "2"),
        (["--top-k", "4"], "0", "4"),
    ],
    ids=lambda other: other[0],
)
def test_finished_file_with_other_settings_is_unchanged(refusal, finished, tmp_path, other, before, now):
    sentence = refusal("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl", *other)
    assert sentence == f"many.jsonl was written with {other[0]} {before} (now {now}); choose another --output"
    assert (tmp_path / "many.jsonl").read_bytes() == finished


def test_settings_without_a_newer_sampling_setting_are_recognised(charlstm, refusal, finished, tmp_path):
    beside = tmp_path / "many.jsonl.settings"
    stored = json.loads(beside.read_text())
    del stored["min_p"]
    beside.write_text(json.dumps(stored))
    result = charlstm("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl")
    assert (result.exit_code, result.stderr.partition(";")[0]) == (0, "many.jsonl already has 3 texts")
    sentence = refusal("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl", "--min-p", "0.1")
    assert "--min-p 0.0 (now 0.1)" in sentence


def test_unfinished_file_without_a_newer_sampling_setting_is_resumed(charlstm, checkpoint, tmp_path, expected, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_in_order", interrupted)
        charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl")
    beside = tmp_path / "many.jsonl.unfinished"
    stored = json.loads(beside.read_text())
    del stored["repetition_penalty"]
    beside.write_text(json.dumps(stored))
    assert charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").exit_code == 0
    assert lines(tmp_path / "many.jsonl") == expected


def test_file_of_another_model_is_refused(refusal, finished, make_checkpoint, tmp_path):
    make_checkpoint(tmp_path / "checkpoints" / "other", random_seed=1)
    sentence = refusal("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl", "--checkpoint", "other")
    assert sentence == "many.jsonl was written with another model; choose another --output"


def test_passage_is_named_only_if_something_is_written(charlstm, checkpoint):
    command = ("generate", "--length", "5", "--samples", "3", "--output", "many.jsonl")
    assert "starting from this passage" in charlstm(*command).stderr
    for more in ((), ("--length", "6"), ("--samples", "2")):
        result = charlstm(*command, *more)
        assert "passage" not in result.stderr
        assert "many.jsonl" in result.stderr


def test_more_samples_advises_the_remaining_seeds(refusal, charlstm, finished, tmp_path):
    sentence = refusal("generate", *SETTINGS, "--samples", "7", "--output", "many.jsonl")
    advised = "--random-seed 8 --samples 4"
    assert sentence == (f"many.jsonl is finished with 3 texts; write the other 4 to another --output with {advised}")
    assert charlstm("generate", *SETTINGS, *advised.split(), "--output", "others.jsonl").exit_code == 0
    assert charlstm("generate", *SETTINGS, "--samples", "7", "--output", "all.jsonl").exit_code == 0
    parts = [lines(tmp_path / name) for name in ("many.jsonl", "others.jsonl", "all.jsonl")]
    assert parts[0] + parts[1] == parts[2]
    assert "with --samples 3 (now 2)" in refusal("generate", *SETTINGS, "--samples", "2", "--output", "many.jsonl")


@pytest.mark.parametrize("change", [lambda old: old + b"\n", lambda old: old[:-1], lambda _: b"", lambda old: b"x" + old[1:]])
def test_edited_file_is_unchanged(refusal, finished, tmp_path, change):
    (tmp_path / "many.jsonl").write_bytes(change(finished))
    sentence = refusal("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl")
    assert sentence == "many.jsonl was edited since charlstm wrote it, and was not changed; choose another --output"
    assert (tmp_path / "many.jsonl").read_bytes() == change(finished)
    assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE


def test_removed_file_is_written_again(charlstm, finished, tmp_path):
    (tmp_path / "many.jsonl").unlink()
    assert charlstm("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl").exit_code == 0
    assert (tmp_path / "many.jsonl").read_bytes() == finished


def test_kill_before_the_settings_file_is_resumed(charlstm, finished, tmp_path):
    note = json.loads((tmp_path / "many.jsonl.settings").read_text())
    del note["sha256"]
    for left in (["unfinished"], ["unfinished", "settings", "lock"]):
        for name in left:
            (tmp_path / f"many.jsonl.{name}").write_text(json.dumps(note))
        result = charlstm("generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl")
        assert (result.exit_code, "3 of 3 texts are done" in result.stderr) == (0, True)
        assert (tmp_path / "many.jsonl").read_bytes() == finished
        assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE


def test_full_disk_is_reported_and_resumed(refusal, charlstm, checkpoint, tmp_path, expected, monkeypatch):
    append, appended = bulk._append, []

    def full(file, samples):
        if appended:
            file.write(b"half a line")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        appended.append(samples)
        append(file, samples)

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_append", full)
        sentence = refusal("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl")
    assert sentence == (
        f"many.jsonl cannot be written (No space left on device); {BATCH} of {MANY} texts are in it; free disk space, then "
        "run the same command to resume"
    )
    assert charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").exit_code == 0
    assert lines(tmp_path / "many.jsonl") == expected


def test_progress_lines_without_a_terminal(charlstm, checkpoint, monkeypatch):
    monkeypatch.setattr("charlstm.cli.bulk._PAUSE", 0.0)
    said = charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").stderr.splitlines()
    assert said == [*(f"{done} of {MANY} texts" for done in (BATCH, 2 * BATCH, MANY)), f"Wrote {MANY} texts to many.jsonl."]


def test_two_processes_cannot_write_one_file(refusal, checkpoint, tmp_path):
    with try_lock(tmp_path / "many.jsonl.lock"):
        sentence = refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert sentence == "many.jsonl is being written by another process; wait until it ends, or choose another --output"


@pytest.mark.parametrize("other", [["--length", "31"], ["--temperature", "0.5"], ["--mode", "stateful"], ["--samples", "9"]])
def test_resume_with_other_settings_is_refused(charlstm, refusal, checkpoint, tmp_path, other, monkeypatch):
    (tmp_path / "many.jsonl").write_text("")
    (tmp_path / "many.jsonl.unfinished").write_text("{")
    arguments = ["generate", *SETTINGS, "--samples", "3", "--output", "many.jsonl"]
    assert "many.jsonl.unfinished is damaged; remove it together with many.jsonl" in refusal(*arguments)
    (tmp_path / "many.jsonl").unlink()
    (tmp_path / "many.jsonl.unfinished").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_in_order", interrupted)
        assert charlstm(*arguments).exit_code == 130
    option = other[0].removeprefix("--")
    assert f"many.jsonl was started with --{option} " in refusal(*arguments, *other)


def test_foreign_file_is_unchanged(refusal, checkpoint, tmp_path):
    (tmp_path / "many.jsonl").write_text("mine")
    assert "many.jsonl already exists and was not changed" in refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert (tmp_path / "many.jsonl").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE[:-1]


@pytest.mark.parametrize("other", [["--json"], ["--interactive"], ["--engine", "keras"]])
def test_incompatible_options_are_refused(charlstm, checkpoint, other):
    result = charlstm("generate", "--output", "many.jsonl", *other)
    assert result.exit_code == 2
    assert "--output" in result.stderr


@pytest.mark.parametrize(
    "pause", [0.0, pytest.param(0.01, marks=pytest.mark.slow), 0.1, pytest.param(0.5, marks=pytest.mark.slow)]
)
def test_ctrl_c_during_start_prints_one_sentence(program, checkpoint, tmp_path, pause):
    arguments = ("generate", *SETTINGS, "--samples", "1000000", "--output", "many.jsonl")
    with program(*arguments, start_new_session=True) as process:
        while not (tmp_path / "many.jsonl").exists():  # processes are started right after that
            assert process.poll() is None
            time.sleep(0.001)
        time.sleep(pause)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    sentence = r"Stopped: [\d,]+ of 1,000,000 texts are in many.jsonl; the same command resumes.\n"
    assert re.fullmatch(sentence, said.decode())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "many.jsonl", "many.jsonl.unfinished"]


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, marks=pytest.mark.slow), pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL],
)
def test_resume_after_kill_gives_the_same_file(program, checkpoint, tmp_path, number):
    samples = 8 * cores() * BATCH  # far more than are generated at a time
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
        sentence = rf"Stopped: [\d,]+ of {samples:,} texts are in cut.jsonl; the same command resumes.\n"
        assert re.fullmatch(sentence, said.decode())
    assert 2 * BATCH <= (tmp_path / "cut.jsonl").read_bytes().count(b"\n") < samples
    with program(*arguments, "--output", "cut.jsonl") as again:
        assert again.wait(timeout=300) == 0
    assert (tmp_path / "cut.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
