"""``generate --output``: texts equal single runs, in their order, and no file is overwritten."""

import json
import os

import pytest

from charlstm.checkpoint.lock import try_lock
from charlstm.cli.bulk import BATCH
from tests.cli.many_texts import MANY, NOTHING_BESIDE, SETTINGS, lines


def test_texts_equal_single_runs_in_order(charlstm, checkpoint, tmp_path, single_runs):
    result = charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"Wrote {MANY} texts to many.jsonl." in result.stderr
    assert lines(tmp_path / "many.jsonl") == single_runs
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
        (["--temperature", "0.5"], "0.6", "0.5"),
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


def test_progress_lines_without_a_terminal(charlstm, checkpoint, monkeypatch):
    monkeypatch.setattr("charlstm.cli.bulk._PAUSE", 0.0)
    said = charlstm("generate", *SETTINGS, "--samples", str(MANY), "--output", "many.jsonl").stderr.splitlines()
    assert said == [*(f"{done} of {MANY} texts" for done in (BATCH, 2 * BATCH, MANY)), f"Wrote {MANY} texts to many.jsonl."]


def test_two_processes_cannot_write_one_file(refusal, checkpoint, tmp_path):
    with try_lock(tmp_path / "many.jsonl.lock"):
        sentence = refusal("generate", "--samples", "3", "--output", "many.jsonl")
    assert sentence == "many.jsonl is being written by another process; wait until it ends, or choose another --output"


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
