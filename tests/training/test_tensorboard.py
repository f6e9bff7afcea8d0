"""Event files for TensorBoard, read back by TensorFlow."""

from collections import defaultdict
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import tensorflow as tf

from charlstm.checkpoint.history import read_history
from charlstm.errors import ConfigError
from charlstm.training import tensorboard
from charlstm.training.events import Finished, RolledBack, Stepped, SummariesFailed
from charlstm.training.model_files import sample_text
from charlstm.training.run import train
from tests.cases import slow
from tests.training.runs import finished, result, run

pytestmark = pytest.mark.usefixtures("compiled_once")

BATCH = {"batch_loss", "batch_learning_rate", "batch_gradient_norm", "characters_per_second"}
EVALUATION = {"epoch_loss", "epoch_learning_rate", "sample"}


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def board(runs, monkeypatch):
    """Return a function that runs a plan with event files; the clock counts a second for each look."""

    monkeypatch.setattr(tensorboard, "_SHARE", 0.25)  # on this clock, writing takes a second

    def make(plan, steps=float("inf")):
        looks, ticks = count(), count()
        made = replace(plan, tensorboard=runs)
        return list(train(made, clock=lambda: next(ticks), started=0.0, should_stop=lambda: next(looks) >= steps))

    return make


def read(folder: Path) -> dict[str, dict[int, object]]:
    """Return the points of a run by tag and step, after withdrawing those that TensorBoard forgets at a restart."""
    points, plugins = defaultdict(dict), {}  # only the first summary of a tag in a file names its plugin
    for path in sorted(folder.iterdir()):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            if event.HasField("session_log") and event.session_log.status == tf.compat.v1.SessionLog.START:
                for tag in points:
                    points[tag] = {step: value for step, value in points[tag].items() if step < event.step}
            for value in event.summary.value:
                assert event.step not in points[value.tag]
                array = tf.make_ndarray(value.tensor)
                plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
                points[value.tag][event.step] = array[0].decode() if plugins[value.tag] == "text" else float(array)
    assert set(plugins.values()) <= {"scalars", "text"}
    return dict(points)


def test_the_points_are_those_of_the_run(plan, board, runs):
    events = board(made := plan())
    history = read_history(made.folder)
    learned, scored = read(runs / "model" / "train"), read(runs / "model" / "validation")
    assert set(learned) == BATCH | EVALUATION
    assert set(scored) == {"epoch_loss"}
    assert scored["epoch_loss"] == pytest.approx({line.step: line.nats_per_char for line in history})
    assert learned["epoch_loss"] == pytest.approx({line.step: line.train_nats_per_char for line in history})
    assert learned["epoch_learning_rate"] == pytest.approx({line.step: line.learning_rate for line in history})
    steps = {event.step: event for event in events if isinstance(event, Stepped)}
    for tag, attribute in {"batch_learning_rate": "learning_rate", "batch_gradient_norm": "gradient_norm"}.items():
        assert learned[tag] == pytest.approx({step: getattr(steps[step], attribute) for step in learned[tag]})
    assert set(learned["sample"]) == {line.step for line in history}


def test_a_run_stopped_before_its_first_step_has_no_training_loss(plan, board, runs):
    board(made := plan(), 0)
    (line,) = read_history(made.folder)
    assert line.step == 0
    assert "epoch_loss" not in read(runs / "model" / "train")
    assert read(runs / "model" / "validation")["epoch_loss"] == pytest.approx({0: line.nats_per_char})


def test_a_loss_is_the_mean_since_the_last_point(plan, board, runs):
    events = board(plan())
    losses = {event.step: event.loss for event in events if isinstance(event, Stepped)}
    before = 0
    for step, loss in read(runs / "model" / "train")["batch_loss"].items():
        assert loss == pytest.approx(sum(losses[each] for each in range(before + 1, step + 1)) / (step - before))
        before = step
    assert before > 0


def test_writing_changes_nothing_that_is_learned(plan, board):
    run(without := plan("without"))
    board(with_it := plan("with"))
    one, other = result(without.folder), result(with_it.folder)
    names = [name for name, value in one.items() if isinstance(value, bytes)]
    assert names
    assert all(one[name] == other[name] for name in names)


def test_a_resumed_run_continues_without_overlap(plan, board, resumed, runs):
    stopped = finished(board(made := plan("cut"), 20)).steps
    with (
        tf.Graph().as_default(),
        tf.compat.v1.summary.FileWriter(str(runs / "cut" / "train"), filename_suffix=".000000000001") as killed,
    ):
        for step in (stopped + 1, stopped + 2):  # after the last save
            summary = tf.compat.v1.Summary()
            summary.value.add(tag="batch_loss", tensor=tf.make_tensor_proto(99.0)).metadata.plugin_data.plugin_name = "scalars"
            killed.add_summary(summary, step)
    last = finished(board(resumed("cut")))
    assert last.steps > stopped + 2
    points = read(runs / "cut" / "train")["batch_loss"]
    assert list(points) == sorted(points)
    assert 99.0 not in points.values()
    assert min(points) < stopped < max(points)
    assert made.folder.name == "cut"


def test_points_after_a_rollback_replace_those_before(plan, board, runs, poisoned):
    poisoned(at=30, times=1)
    events = board(plan())
    back = next(event for event in events if isinstance(event, RolledBack))
    points = read(runs / "model" / "train")["batch_learning_rate"]
    assert list(points) == sorted(points)
    assert max(points) > back.at > back.step
    assert isinstance(events[-1], Finished)


def test_a_folder_that_cannot_be_made_is_refused_before_the_training(plan, board, runs):
    runs.write_text("a file")
    made = plan()
    with pytest.raises(ConfigError, match="of `tensorboard` cannot be made"):
        board(made)
    assert not made.folder.exists()


@pytest.mark.parametrize("error", [slow(OSError("no space")), tf.errors.ResourceExhaustedError(None, None, "no space")])
def test_a_full_disk_does_not_end_the_training(plan, board, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(tensorboard.Summaries, "_write_evaluation", fail)
    events = board(plan())
    failures = [event for event in events if isinstance(event, SummariesFailed)]
    assert len(failures) == 1
    assert "no space" in failures[0].reason
    assert isinstance(events[-1], Finished)


def test_points_take_a_small_share_of_the_time(plan, runs, monkeypatch):
    monkeypatch.setattr(tensorboard.Summaries, "_write_step", lambda *_: now.append(now[-1] + 0.1))  # 0.1 s each
    now, written = [0.0], []
    summaries = tensorboard.Summaries(runs / "model", plan(), lambda: now[-1], 0)
    for step in range(1, 10_001):
        now.append(now[-1] + 0.01)
        before = len(now)
        summaries.write(Stepped(step, 0.1, 2.0, 100.0, 9.0, 2.0, 0.001, 1.0))
        written += [step] * (len(now) - before)
    assert 0.1 * len(written) <= 0.006 * now[-1]
    assert len(written) >= 5


def test_the_sample_is_that_of_the_weights(plan, board, runs):
    events = board(made := plan())
    evaluated = [event for event in events if hasattr(event, "weights")]
    text = read(runs / "model" / "train")["sample"][evaluated[-1].evaluation.step]
    lines = sample_text(made.config, evaluated[-1].weights, 200).split("\n")
    assert text == "".join(f"    {line}\n" for line in lines)
