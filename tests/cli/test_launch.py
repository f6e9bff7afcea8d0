"""Usage errors of ``launch``, which come before any worker is started."""

import pytest

from charlstm.cli import launch

TEXT = "the quick brown fox jumps over the lazy dog\n" * 20


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    """Let no worker start."""
    monkeypatch.setattr(launch.subprocess, "Popen", None)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ("launch -- generate", "expected a training"),
        ("launch -- train story.txt --name x --rank 0", "sets --cluster and --rank itself"),
        ("launch -- train story.txt --name x --cluster=a:1", "sets --cluster and --rank itself"),
        (
            "launch -- train story.txt",
            "needs a --name of its own, such as charlstm launch --workers 2 -- train corpus.txt --name",
        ),
        (
            "launch train story.txt --name x --units 8",
            "put -- before the training: charlstm launch -- train story.txt --name x",
        ),
        (
            "launch --restarts 1 train story.txt --name x --workers 3",
            "put -- before the training: charlstm launch --restarts 1 --workers 3 -- train story.txt --name x;",
        ),
        (
            "launch --restarts 1 -- train story.txt --workers=3 --name x",
            "put it before --: charlstm launch --restarts 1 --workers=3 -- train story.txt --name x;",
        ),
        ("launch --worker 3 train story.txt --name x", "no such option --worker (did you mean --workers?)"),
        (
            "launch -- train story.txt --name x --unit 8",
            "no such option --unit (did you mean --units?); see charlstm train --help",
        ),
        ("launch -- train story.txt --name x --units few", "--units: expected integers"),
        ("launch -- train story.txt --name x --sweep units=1,2", "remove --sweep and --jobs"),
        ("launch --workers 0 -- train story.txt --name x", "--workers: expected an integer of at least 1; found 0"),
        ("launch", "expected a training, such as charlstm launch --workers 2 -- train corpus.txt --name novel; found none"),
    ],
)
def test_usage_error_says_where_the_training_belongs(charlstm, tmp_path, arguments, what):
    (tmp_path / "story.txt").write_text(TEXT)
    result = charlstm(*arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert what in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "checkpoints").exists()


def test_launch_shows_the_help_of_the_training(charlstm):
    result = charlstm("launch", "--", "train", "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == charlstm("train", "--help").stdout
