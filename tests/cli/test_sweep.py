"""``charlstm train --sweep``."""

import json

import pytest

from charlstm import machine
from charlstm.checkpoint.lock import training_lock
from charlstm.cli import sweep
from charlstm.cli.child_trainings import Outcome
from charlstm.planning import memory_estimate
from tests.cli.story_training import STORY

TWO = ("--sweep", "units=8,8+4", "--sweep", "dropout=0,0.25")
OPTIONS = ("--seq-len", "8", "--batch-size", "4", "--epochs", "0.2", "--num-evaluations", "1")
NAMES = ["story-units8-dropout0", "story-units8-dropout0.25", "story-units8+4-dropout0", "story-units8+4-dropout0.25"]


def output(name, nats):
    record = {"nats_per_char": nats, "bits_per_char": nats / 0.6931, "parameters": 99, "seconds": 9.0, "steps": 11}
    return json.dumps({"checkpoint": name, **record, "characters_per_second": 1.0})


@pytest.fixture
def started(charlstm, tmp_path, monkeypatch):
    """Return the trainings that a sweep starts, which all finish with a score that falls from one to the next."""
    (tmp_path / "story.txt").write_text(STORY)
    found = []

    def run(trainings, jobs):
        found.append((jobs, trainings))
        ended = {each.name: (0, output(each.name, 3 - number / 10)) for number, each in enumerate(trainings)}
        return Outcome(ended)

    monkeypatch.setattr(sweep, "run_trainings", run)
    return found


@pytest.fixture
def outcome(started, monkeypatch):
    """Return a function that sets what becomes of the trainings."""
    return lambda ended, number=0, **more: monkeypatch.setattr(
        sweep, "run_trainings", lambda *_: Outcome(ended, number, **more)
    )


def test_every_combination_is_a_training_of_its_own(charlstm, started):
    result = charlstm("train", "story.txt", *OPTIONS, *TWO, "--jobs", "2")
    assert result.exit_code == 0
    jobs, trainings = started[0]
    assert jobs == 2
    assert [each.name for each in trainings] == NAMES
    for each, (units, dropout) in zip(trainings, [("8", "0"), ("8", "0.25"), ("8,4", "0"), ("8,4", "0.25")], strict=True):
        words = each.arguments
        assert words[0] == "story.txt"
        assert words[-6:] == ("--units", units, "--dropout", dropout, "--name", each.name)
        assert words[words.index("--epochs") + 1] == "0.2"
        assert not {"--sweep", "--jobs", "--json"} & set(words)
    assert "4 trainings, 2 at a time: story-units8-dropout0," in result.stderr
    assert "About 1 minute of training on two fast cores" in result.stderr


def test_options_of_all_kinds_reach_the_trainings(charlstm, started, tmp_path):
    (tmp_path / "held.txt").write_text("river ferry lamp")
    (tmp_path / "r.toml").write_text("dropout = 0.5")
    options = (
        "--no-use-bias",
        "--show-samples",
        "--validation-file",
        "held.txt",
        "--recipe",
        "r.toml",
        "--tensorboard",
        "runs",
    )
    charlstm("train", "story.txt", *OPTIONS, *options, "--checkpoints", "c", "--sweep", "units=8,9", "--name", "mine")
    words = " ".join(started[0][1][1].arguments)
    for expected in ("--no-use-bias", "--show-samples", "--validation-file held.txt", "--recipe r.toml", "--tensorboard runs"):
        assert expected in words
    assert "--checkpoints c" in words
    assert words.endswith("--units 9 --name mine-units9")


@pytest.mark.parametrize(
    ("swept", "expected"),
    [
        ("use_bias=true,no", [("--use-bias",), ("--no-use-bias",)]),
        ("kernel-regularizer=l2:0.1,l1:0.2", [("--kernel-regularizer", "l2:0.1"), ("--kernel-regularizer", "l1:0.2")]),
        ("ema=0.5, 0.9", [("--ema", "0.5"), ("--ema", "0.9")]),
        ("preset=quick,classic", [("--preset", "quick"), ("--preset", "classic")]),
        ("validation_split=0.2", [("--validation-split", "0.2")]),
    ],
)
def test_values_become_options(charlstm, started, swept, expected):
    assert charlstm("train", "story.txt", *OPTIONS, "--sweep", swept).exit_code == 0
    assert [each.arguments[-2 - len(words) : -2] for each, words in zip(started[0][1], expected, strict=True)] == expected


@pytest.mark.usefixtures("idle_training")
def test_the_runs_are_compared(charlstm, started):
    for units in ("8", "9"):
        charlstm("train", "story.txt", *OPTIONS, "--units", units, "--name", f"story-units{units}")
    lines = [line.split() for line in charlstm("train", "story.txt", *OPTIONS, "--sweep", "units=8,9").stdout.splitlines()]
    assert ["run", "bits/char", "epoch", "time", "status", "units"] in lines
    assert {line[1] for line in lines if line[:1] in (["1"], ["2"]) and "finished" in line} == {"story-units8", "story-units9"}


def test_json_is_the_list_of_results(charlstm, started):
    runs = json.loads(charlstm("train", "story.txt", *OPTIONS, *TWO, "--json").stdout)["runs"]
    assert [run["checkpoint"] for run in runs] == NAMES[::-1]
    assert runs[0]["settings"] == {"units": "8+4", "dropout": "0.25"}
    assert (runs[0]["exit_code"], runs[0]["result"]["nats_per_char"]) == (0, 2.7)


def test_a_failed_training_is_reported_at_the_end(charlstm, outcome):
    outcome({NAMES[0]: (1, ""), NAMES[1]: (0, output(NAMES[1], 2.0))})
    result = charlstm("train", "story.txt", *OPTIONS, *TWO)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == f"charlstm: {NAMES[0]} failed, as reported above; the same command tries again"
    runs = json.loads(charlstm("train", "story.txt", *OPTIONS, *TWO, "--json").stdout)["runs"]
    assert [(run["checkpoint"], run["exit_code"], run["result"] is None) for run in runs] == [
        (NAMES[1], 0, False), (NAMES[0], 1, True),
    ]  # fmt: skip


def test_a_stopped_sweep_says_how_to_resume(charlstm, outcome):
    outcome({NAMES[0]: (130, output(NAMES[0], 2.0))}, 2, stopped={NAMES[0]})
    result = charlstm("train", "story.txt", *OPTIONS, *TWO, "--json")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "Stopped and saved. The same command resumes the sweep."
    assert "failed" not in result.stderr
    assert json.loads(result.stdout)["runs"][0]["exit_code"] == 130


def test_a_stopped_sweep_names_what_had_failed(charlstm, outcome):
    outcome({NAMES[0]: (1, ""), NAMES[1]: (130, "")}, 2, stopped={NAMES[1]})
    result = charlstm("train", "story.txt", *OPTIONS, *TWO)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-2:] == [
        f"charlstm: {NAMES[0]} failed, as reported above; the same command tries again",
        "Stopped and saved. The same command resumes the sweep.",
    ]


def test_a_training_of_another_process_is_told_from_a_failed_one(charlstm, started, outcome, tmp_path):
    with training_lock(tmp_path / "checkpoints" / NAMES[1]):
        result = charlstm("train", "story.txt", *OPTIONS, *TWO)
        assert [each.name for each in started[0][1]] == [NAMES[0], *NAMES[2:], NAMES[1]]
        assert f"\nBeing trained by another process: {NAMES[1]}.\nLeft: {NAMES[0]}, {NAMES[2]}" in result.stderr
        outcome({NAMES[0]: (0, output(NAMES[0], 2.0)), NAMES[1]: (1, "")}, taken=[NAMES[1]])
        result = charlstm("train", "story.txt", *OPTIONS, *TWO, "--json")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"charlstm: {NAMES[1]} is still being trained by another process; run the same command again when that has ended"
    )
    assert "failed" not in result.stderr


@pytest.mark.usefixtures("idle_training")
def test_finished_trainings_are_not_counted_again(charlstm, started, tmp_path):
    options = (*OPTIONS, "--min-count", "1")
    first = charlstm("train", "story.txt", *options, "--units", "8", "--name", "story-units8")
    assert first.exit_code == 0
    result = charlstm("train", "story.txt", *options, "--sweep", "units=8,9")
    assert "2 trainings, one after the other.\nFinished: story-units8.\nLeft: story-units9.\n" in result.stderr
    assert all("--min-count" in each.arguments for each in started[0][1])
    other = charlstm("train", "story.txt", *options, "--sweep", "units=8,9", "--learning-rate", "0.5")
    assert other.exit_code == 1
    assert "--learning-rate cannot be changed when a training is resumed" in other.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sweep", "unts=8,9"), "--sweep: there is no setting 'unts' (did you mean units?)"),
        (("--sweep", "encoding=scalar"), "there is no setting 'encoding' (did you mean input_encoding?)"),
        (("--sweep", "units"), "--sweep: expected a setting and its values, such as units=256,512; found 'units'"),
        (("--sweep", "units=8,"), "--sweep: expected a setting and its values"),
        (("--sweep", "units=8,x"), "--units: expected integers separated by commas, such as 512,512; found 'x'"),
        (("--sweep", "batch_size=4,4.5"), "--batch-size: expected an integer; found '4.5'"),
        (("--sweep", "use_bias=maybe"), "use_bias: expected true or false; found 'maybe'"),
        (("--sweep", "preset=quik"), "(did you mean quick?)"),
        (("--sweep", "units=8,8"), "units has the same value twice"),
        (("--sweep", "units=8,08"), "units has the same value twice"),
        (("--sweep", "units=16+8,16+08"), "units has the same value twice"),
        (("--sweep", "dropout=0.1,0.10"), "dropout has the same value twice"),
        (("--sweep", "learning_rate=0.001,1e-3"), "learning_rate has the same value twice"),
        (("--sweep", "epochs=1,.5,1."), "epochs has the same value twice"),
        (("--sweep", "kernel_regularizer=l2:0.1,l2:1e-1"), "kernel_regularizer has the same value twice"),
        (("--sweep", "use_bias=yes,true"), "use_bias has the same value twice"),
        (("--sweep", "units=8", "--sweep", "units=9"), "units has the same value twice, or is swept twice"),
        (("--sweep", "units=8", "--units", "9"), "--sweep varies units; remove the option --units"),
        (("--sweep", "units=8", "--resume", "x"), "--sweep starts several trainings of its own; remove --resume"),
        (("--sweep", "units=8", "--page", "p.html"), "remove --page"),
        (("--sweep", "random_seed=" + ",".join(map(str, range(1_001)))), "1,001 combinations are more than 1,000"),
        (("--sweep", "kernel_initializer=zeros:,zeros"), "two combinations have the same name"),
        (("--jobs", "2"), "--jobs is for --sweep"),
        (("--sweep", "units=8", "--jobs", "0"), "--jobs: expected an integer of at least 1"),
    ],
)
def test_misuse_is_one_usage_error_before_anything_starts(charlstm, started, tmp_path, options, message):
    result = charlstm("train", "story.txt", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert started == []
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    ("swept", "message"),
    [
        ("dropout=0.1,1.5", "--dropout: expected a number of at least 0 and below 1; found 1.5"),
        ("kernel_regularizer=l3:1", "--kernel-regularizer"),
        ("seq_len=8,100000", "but 1 stream of windows of 100000 needs 100,001"),
    ],
)
def test_a_value_that_a_training_refuses_is_one_error_before_anything_starts(refusal, started, tmp_path, swept, message):
    assert message in refusal("train", "story.txt", "--sweep", swept)
    assert started == []
    assert not (tmp_path / "checkpoints").exists()


def test_a_training_that_does_not_fit_in_memory_is_refused_before_anything_starts(refusal, started, tmp_path):
    message = refusal("train", "story.txt", *OPTIONS, "--sweep", "units=8,99999")
    assert message.startswith("story-units99999: this training needs about ")
    assert message.endswith("lower --units")
    assert started == []
    assert not (tmp_path / "checkpoints").exists()


def test_trainings_at_a_time_must_fit_in_memory_together(refusal, charlstm, started, monkeypatch):
    for module in (machine, memory_estimate):
        monkeypatch.setattr(module, "total_memory", lambda: 2.5 * memory_estimate.PROCESS)
    sweep_of = ("train", "story.txt", *OPTIONS, "--sweep", "units=8,9,10")
    said = "3 trainings at a time need up to 2.4 GB of memory, and this machine has 2; lower --jobs"
    assert refusal(*sweep_of, "--jobs", "4") == said
    assert started == []
    assert charlstm(*sweep_of, "--jobs", "2").exit_code == 0


def test_standard_input_is_refused(charlstm, started):
    assert "give files" in charlstm("train", "-", "--sweep", "units=8,9", stdin=STORY).stderr


@pytest.mark.slow
def test_a_sweep_trains_and_resumes_in_its_processes(ran, tmp_path):
    (tmp_path / "story.txt").write_text(STORY)
    code, written, _ = ran("train", "story.txt", *OPTIONS, "--sweep", "units=8,9", "--json")
    assert code == 0
    runs = {run["checkpoint"]: run["result"] for run in json.loads(written)["runs"]}
    assert set(runs) == {"story-units8", "story-units9"}
    code, written, said = ran("train", "story.txt", *OPTIONS, "--sweep", "units=8,9,10", "--jobs", "2", "--json")
    assert code == 0
    assert "3 trainings, one after the other.\nFinished: story-units8, story-units9.\nLeft: story-units10." in said
    again = {run["checkpoint"]: run["result"] for run in json.loads(written)["runs"]}
    assert {name: again[name]["nats_per_char"] for name in runs} == {name: runs[name]["nats_per_char"] for name in runs}
