"""``generate --output``: interrupted files are resumed."""

import errno
import json
import os
import re
import signal
import time
from contextlib import suppress

import pytest

from charlstm.cli import bulk
from charlstm.cli.bulk import BATCH
from charlstm.machine import cores
from tests.cases import slow
from tests.cli.many_texts import MANY, NOTHING_BESIDE, SETTINGS, interrupted, lines


@pytest.mark.parametrize("keep", [41.5, BATCH + 40.5, *map(slow, (0, 1, BATCH, MANY))])
def test_unfinished_file_is_resumed(charlstm, checkpoint, tmp_path, single_runs, keep, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_in_order", interrupted)
        assert charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").exit_code == 130
    content = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in single_runs[: int(keep)])
    (tmp_path / "many.jsonl").write_text(content + ("" if keep == int(keep) else json.dumps(single_runs[int(keep)])[:20]))
    # Without --random-seed, the seed of the unfinished run is used.
    result = charlstm("generate", *SETTINGS[:-2], "--samples", str(MANY), "--output", "many.jsonl")
    assert result.exit_code == 0
    there = MANY if keep == MANY else int(keep) // BATCH * BATCH  # whole batches only
    assert (f"{there:,} of {MANY} texts are done" in result.stderr) == (there > 0)
    assert lines(tmp_path / "many.jsonl") == single_runs
    assert sorted(path.name for path in tmp_path.iterdir()) == NOTHING_BESIDE


def test_unfinished_file_without_a_newer_sampling_setting_is_resumed(charlstm, checkpoint, tmp_path, single_runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_in_order", interrupted)
        charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl")
    beside = tmp_path / "many.jsonl.unfinished"
    stored = json.loads(beside.read_text())
    del stored["repetition_penalty"]
    beside.write_text(json.dumps(stored))
    assert charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").exit_code == 0
    assert lines(tmp_path / "many.jsonl") == single_runs


def test_full_disk_is_reported_and_resumed(refusal, charlstm, checkpoint, tmp_path, single_runs, monkeypatch):
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
    assert lines(tmp_path / "many.jsonl") == single_runs


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


@pytest.mark.parametrize("pause", [0.0, slow(0.01), slow(0.1), slow(0.5)])
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "command", [("generate", *SETTINGS, "--samples", "9", "--output", "many.jsonl"), ("prepare", "a.txt", "--to", "p")]
)
def test_no_library_catches_the_stop(charlstm, checkpoint, tmp_path, monkeypatch, number, command):
    def catches_exceptions(*_arguments, **_options):
        with suppress(Exception):  # as tqdm does when it starts its monitor
            os.kill(os.getpid(), number)
        raise AssertionError("the command went on")

    (tmp_path / "a.txt").write_text("The quick brown fox. " * 9)
    monkeypatch.setattr(bulk, "write_in_order", catches_exceptions)
    monkeypatch.setattr("charlstm.text.preparation.prepare_corpus", catches_exceptions)
    result = charlstm(*command)
    assert result.exit_code == 128 + number
    assert result.stderr.startswith("Stopped")


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, marks=pytest.mark.slow), pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL],
)
def test_resume_after_kill_gives_the_same_file(program, checkpoint, tmp_path, number):
    samples = 8 * cores() * BATCH  # far more than are generated at a time
    arguments = ("generate", "--seed", "The", "--length", "150", "--samples", str(samples), "--random-seed", "3")
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
