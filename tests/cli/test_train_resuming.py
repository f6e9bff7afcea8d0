"""``charlstm train``: resumed, finished and interrupted trainings."""

import json
import math
import signal
import subprocess
from dataclasses import replace

import pytest

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.state_files import read_state, write_state
from tests.cli.story_training import FILES, SMALL, STEPS_PER_EPOCH, STORY, files_in


@pytest.mark.slow
def test_resume_continues_to_the_new_budget(first_training, trained, train_json):
    before = (trained / "history.jsonl").read_text()
    result = train_json("--resume", "story", "--epochs", "0.5")
    assert result["checkpoint"] == "story"
    assert result["steps"] == math.ceil(0.5 * STEPS_PER_EPOCH)
    assert result["seconds"] > json.loads(first_training.stdout)["seconds"]
    history = (trained / "history.jsonl").read_text()
    assert history.startswith(before)
    assert json.loads(history.splitlines()[-1])["step"] == result["steps"]
    assert [name for name in files_in(trained) if not name.startswith("resume/0")] == [*FILES[:5], "resume/lock"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--resume", "story"), "story has finished its 0.2 epochs; --epochs 0.4 trains 0.2 more."),
        (("story.txt", "--resume", "story"), "story has finished its 0.2 epochs; --epochs 0.4 trains 0.2 more."),
        (("--resume", "story", "--epochs", "0.1"), "trains 0.214 more."),
        (("--resume", "story", "--minutes", "0.01"), "--minutes"),
        (("story.txt", "--name", "story", "--resume-if-exists", *SMALL), "story has finished its 0.2 epochs; --epochs 0.4"),
    ],
)
def test_finished_training_is_reported_and_unchanged(first_training, trained, charlstm, options, said):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in trained.rglob("*") if path.is_file()}
    result = charlstm("train", "--json", *options)
    assert result.exit_code == 0
    assert said in result.stderr
    assert "TensorFlow" not in result.stderr
    expected = json.loads(first_training.stdout)
    told = json.loads(result.stdout)
    assert told.keys() == expected.keys()
    for key in expected.keys() - {"seconds", "characters_per_second"}:
        assert told[key] == expected[key]
    assert 0 < told["seconds"] < 2 * expected["seconds"]
    assert told["characters_per_second"] > 0
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in trained.rglob("*") if path.is_file()} == before
    assert charlstm("train", *options).stdout == ""


def test_worker_of_a_finished_training_exits(trained, charlstm):
    result = charlstm("train", "--resume", "story", "--cluster", "localhost:1,localhost:2", "--rank", "1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("worker 1 (localhost:2) has nothing to do: story has finished its 0.2 epochs")


def test_resume_makes_the_missing_last_evaluation(trained, train_json):
    config = read_config(trained)
    state = read_state(trained, config)
    write_state(trained, replace(state, history=(), best={}, progress=replace(state.progress, loss_count=12, loss_sum=24.0)))
    result = train_json("--resume", "story")
    assert result["steps"] == state.progress.steps
    assert result["nats_per_char"] == pytest.approx(state.history[-1].nats_per_char)
    assert len((trained / "history.jsonl").read_text().splitlines()) == 1


def test_resuming_needs_the_same_text(trained, tmp_path, refusal):
    (tmp_path / "other.txt").write_text(STORY[::-1])
    sentence = refusal("train", "other.txt", "--resume", "story")
    assert "other.txt is not the text that story is trained on (story.txt" in sentence
    assert "--from story" in sentence
    sentence = refusal("train", "--resume", "story", "--learning-rate", "0.1")
    assert "--learning-rate cannot be changed" in sentence


@pytest.mark.slow
def test_ctrl_c_saves_and_training_resumes(terminal, train_json, refusal, charlstm, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    endless = ("train", "story.txt", *SMALL, "--epochs", "1000000", "--json")
    with terminal(*endless, columns=20, env={"COLUMNS": "20"}, stdout=subprocess.PIPE) as screen:
        screen.wait_for("%|")  # a step was made
        screen.process.send_signal(signal.SIGINT)
        assert screen.finish() == 130
        stopped = json.loads(screen.process.stdout.read())
    assert "Stopped and saved. Resume with: charlstm train --resume story" in " ".join(screen.seen.split())
    assert "Traceback" not in screen.seen
    assert files_in(tmp_path / "checkpoints" / "story") == FILES
    assert stopped["nats_per_char"] > 0
    resumed = train_json("--resume", "story", "--epochs", str((stopped["steps"] + 5) / STEPS_PER_EPOCH))
    assert resumed["steps"] == stopped["steps"] + 5
    assert charlstm("generate", "--length", "5").exit_code == 0


def test_resume_names_only_the_options_that_were_given(charlstm):
    assert "; remove --from;" in charlstm("train", "a.txt", "--resume", "a", "--from", "b").stderr
    assert "; remove --name and --preset;" in charlstm("train", "--resume", "a", "--name", "b", "--preset", "quick").stderr
