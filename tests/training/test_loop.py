"""The loop with a budget in minutes: its reserve, evaluations and learning-rate schedule."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.state_files import read_state
from charlstm.errors import TrainingError
from charlstm.planning.training_plan import TrainingPlan
from charlstm.training.events import Evaluated, Evaluating, Event, Finished, SpeedMeasured, Started
from charlstm.training.run import train
from charlstm.training.trainer import Trainer
from charlstm.training.validation import Validator
from tests.training.runs import finished

pytestmark = pytest.mark.usefixtures("compiled_once", "idle_training")  # no time depends on what is learned


@pytest.fixture
def run_at_pace(monkeypatch) -> Callable[..., list[Event]]:
    """Return a function that runs on a clock that only start-up, compilation, steps, saves and evaluations advance."""
    now = [0.0]

    def slow(method: Callable[..., float], seconds: float, compiling: float = 0.0) -> Callable[..., float]:
        first = iter([compiling])

        def slowed(*args) -> float:
            now[0] += seconds + next(first, 0.0)
            return method(*args)

        return slowed

    def run_at(
        plan: TrainingPlan, step: float, evaluation: float, start: float = 0.0, compiling: float = 0.0, saving: float = 0.0,
        stop: float = math.inf, first_evaluation: float = 0.0, rehearsed: float | None = None,
    ) -> list[Event]:  # fmt: skip
        began = now[0]
        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "step", slow(Trainer.step, step, compiling))
            patch.setattr(Trainer, "snapshot", slow(Trainer.snapshot, saving))
            patch.setattr(Validator, "nats_per_char", slow(Validator.nats_per_char, evaluation, first_evaluation))
            patch.setattr(Validator, "rehearse", slow(lambda *_: evaluation if rehearsed is None else rehearsed, start))
            return list(train(plan, clock=lambda: now[0], started=began, should_stop=lambda: now[0] - began >= stop))

    return run_at


@pytest.fixture
def rates(monkeypatch) -> list[float]:
    """Return a list that collects the learning rate of each step."""
    made = []

    def step(trainer, batch, rate, original=Trainer.step):
        made.append(rate)
        return original(trainer, batch, rate)

    monkeypatch.setattr(Trainer, "step", step)
    return made


@pytest.mark.parametrize(
    ("step", "evaluation", "expected"), [pytest.param(0.1, 0.2, 10, marks=pytest.mark.slow), (0.1, 3.0, 2), (7.0, 2.0, 3)]
)
def test_minutes_are_kept_and_evaluations_take_a_tenth(plan, run_at_pace, step, evaluation, expected):
    events = run_at_pace(plan(minutes=1.0, evaluations=10), step, evaluation)
    assert finished(events).seconds == pytest.approx(60, abs=step / 2 + 0.01)
    assert sum(isinstance(event, Evaluated) for event in events) == expected


@pytest.mark.parametrize(
    ("evaluation", "saving", "expected"),
    [
        (0.5, 0.7, 10),  # saving does not count among the tenth
        pytest.param(1.1, 0.1, 5, marks=pytest.mark.slow),
        (0.1, 2.9, 5),  # unless it would take a quarter of the time
    ],
)
def test_promised_evaluations_are_made_evenly(plan, run_at_pace, evaluation, saving, expected):
    events = run_at_pace(plan(minutes=1.0, evaluations=10), 0.5, evaluation, saving=saving)
    (promised,) = (event.evaluations for event in events if isinstance(event, SpeedMeasured))
    made = [event.evaluation for event in events if isinstance(event, Evaluated)]
    assert promised == len(made) == expected
    gaps = np.diff([0, *(line.step for line in made)])
    assert max(gaps) < 2 * min(gaps)


def test_scoring_far_slower_than_its_rehearsal_skips_evaluations(plan, run_at_pace, monkeypatch):
    monkeypatch.setattr("charlstm.training.loop._MEASURED_AFTER", 0.0)
    events = run_at_pace(plan(minutes=1.0, evaluations=10), 0.5, 3.0, rehearsed=0.1)
    made = [event.evaluation for event in events if isinstance(event, Evaluated)]
    assert 2 <= len(made) <= 5  # a fifth of a minute is enough for four; the first is made before its duration is known


@pytest.mark.parametrize(
    "slow",
    [
        {"start": 12.0, "compiling": 5.0},  # start-up costs no evaluations
        {"first_evaluation": 3.0},  # neither does one slow evaluation
        {"saving": 0.2},
        {"start": 6.0, "compiling": 2.0, "saving": 0.1, "first_evaluation": 2.0},
    ],
)
@pytest.mark.parametrize("budget", [pytest.param({"minutes": 1.0}, marks=pytest.mark.slow), {"minutes": 1.0, "epochs": 2.8}])
def test_all_evaluations_of_a_minute_are_made_if_fast(plan, run_at_pace, slow, budget):
    events = run_at_pace(plan(**budget, evaluations=10), 0.5, 0.2, **slow)
    made = [event.evaluation for event in events if isinstance(event, Evaluated)]
    assert len(made) >= 9 if "first_evaluation" in slow else len(made) == 10
    gaps = np.diff([line.step for line in made])
    assert max(gaps) < 2.5 * min(gaps)


def test_a_resumed_run_counts_its_earlier_evaluations(plan, resumed, run_at_pace):
    made = plan("cut", minutes=1.0, evaluations=10)
    run_at_pace(made, 0.5, 1.5, stop=25.0)
    assert len(read_history(made.folder)) == 1
    events = run_at_pace(resumed("cut"), 0.5, 1.5)
    # A tenth of the minute is enough for four evaluations, at the quarters of the schedule; the last one ends the minute.
    begun = [line.seconds - 1.5 for line in read_history(made.folder)]
    assert begun == pytest.approx([15, 29.5, 44, 58.5], abs=0.51)
    assert finished(events).seconds == pytest.approx(60, abs=0.3)


def test_time_left_by_start_and_evaluation_is_used(plan, run_at_pace):
    events = run_at_pace(plan(minutes=1.0), step=0.1, evaluation=25.0, start=30.0, compiling=3.0)
    assert finished(events).seconds == pytest.approx(60, abs=0.1)
    assert finished(events).steps == 20
    assert sum(isinstance(event, Evaluated) for event in events) == 1


def test_learning_rate_schedule_starts_after_compilation(plan, run_at_pace, rates):
    peak = plan("other").config.training.learning_rate
    settings = {"minutes": 1.0, "warmup": 0.5, "schedule": "cosine", "evaluations": 1}
    # 40 seconds of steps, 20 of them warm-up
    run_at_pace(plan(**settings), step=0.1, evaluation=2.0, start=11.0, compiling=7.0)
    assert rates[:2] == pytest.approx([peak / 100] * 2)
    assert max(rates) == pytest.approx(peak, rel=0.01)
    assert rates.index(max(rates)) == pytest.approx(200, abs=2)
    assert rates[-1] < peak / 1000
    rates.clear()
    run_at_pace(plan("slow", **{**settings, "minutes": 5.0}), step=20.0, evaluation=5.0, start=20.0)
    # 20 seconds of start and 20 of the first step, 5 of the evaluation at the end and 10 of half a step
    assert rates[2] == pytest.approx(peak * 20 / (300 - 40 - 15) / 0.5)


@pytest.mark.slow
def test_a_resumed_run_continues_its_budget_in_minutes(plan, resumed, run_at_pace, rates):
    made = plan("cut", minutes=1.0, warmup=0.0, schedule="cosine")
    first = finished(run_at_pace(made, step=0.1, evaluation=0.2, start=5.0, stop=20.0))
    assert first.interrupted
    before = len(rates)
    last = finished(run_at_pace(resumed("cut"), step=0.1, evaluation=0.2, start=10.0))
    assert not last.interrupted
    assert last.seconds == pytest.approx(60, abs=0.1)
    assert rates[1:] == sorted(rates[1:], reverse=True)
    # 30 s had passed then. The schedule began after the first step, at 5.1 s, and ends half a step and an evaluation before
    # the minute.
    fraction = (30 - 5.1) / (60 - 0.25 - 5.1)
    assert rates[before] == pytest.approx(made.config.training.learning_rate * (1 + math.cos(math.pi * fraction)) / 2, rel=0.02)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_resumed_run_without_time_for_a_step_changes_nothing(plan, resumed, run_at_pace):
    made = plan("cut", minutes=1.0, evaluations=1)
    first = finished(run_at_pace(made, step=0.5, evaluation=0.2, start=5.0, stop=20.0))
    assert first.interrupted
    assert read_state(made.folder, made.config).progress.loss_count == first.steps
    before = everything(made.folder)
    for _ in range(2):
        events = run_at_pace(resumed("cut"), step=0.5, evaluation=0.2, start=45.0)
        assert [type(event) for event in events] == [Started, Finished]
        last = finished(events)
        assert (last.nothing_trained, last.steps, last.best) == (True, first.steps, first.best)
        assert everything(made.folder) == before
    (made.folder / "model.safetensors").write_bytes(b"damaged")
    last = finished(run_at_pace(resumed("cut"), step=0.5, evaluation=0.2, start=45.0))
    assert (last.nothing_trained, last.best.nats_per_char) == (True, first.best.nats_per_char)
    assert everything(made.folder)["model.safetensors"] == before["model.safetensors"]


def test_a_resumed_run_without_time_for_a_step_scores_what_is_not_scored(plan, resumed, run_at_pace):
    made = plan("cut", minutes=1.0, evaluations=10)
    first = finished(run_at_pace(made, step=0.5, evaluation=0.2, start=5.0, stop=20.2))
    steps = [line.step for line in read_history(made.folder)]
    assert first.interrupted
    assert 0 < steps[-1] < first.steps
    events = run_at_pace(resumed("cut"), step=0.5, evaluation=0.2, start=45.0)
    assert [type(event) for event in events] == [Started, Evaluating, Evaluated, Finished]
    assert finished(events).nothing_trained
    assert [line.step for line in read_history(made.folder)] == [*steps, first.steps]
    assert resumed("cut").finished is not None


def test_time_to_save_the_only_evaluation_is_reserved(plan, run_at_pace):
    events = run_at_pace(plan(minutes=1.0, evaluations=1), step=0.1, evaluation=2.0, saving=9.0)
    assert finished(events).seconds == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize(("start", "evaluation"), [(1.0, 90.0), (20.0, 45.0), (70.0, 0.1)])
def test_too_few_minutes_are_refused_and_leave_no_files(plan, run_at_pace, start, evaluation):
    made = plan(minutes=1.0)
    with pytest.raises(TrainingError) as error:
        run_at_pace(made, 0.1, evaluation, start=start)
    assert str(error.value) == (
        f"`minutes=1` leaves no time to train: starting took {start:.0f} s, and scoring 147 characters takes "
        f"{evaluation:.0f} s; give more `minutes`, or a smaller `validation_split`"
    )
    assert not made.folder.parent.exists()


def test_too_few_minutes_without_held_out_text_need_more_minutes(plan):
    with pytest.raises(TrainingError, match=r"leaves no time to train: starting took 70 s; give more `minutes`$"):
        list(train(plan(minutes=1.0, validation=0.0), clock=lambda: 70.0, started=0.0, should_stop=lambda: False))


@pytest.mark.parametrize("settings", [{"epochs": 12.0}, {"minutes": 0.75}, {"minutes": 0.75, "epochs": 2000.0}])
@pytest.mark.parametrize("evaluations", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_the_duration_is_estimated_once_and_correctly(plan, run_at_pace, settings, evaluations):
    events = run_at_pace(plan(**settings, evaluations=evaluations), 0.25, 0.5, start=12.0, compiling=5.0)
    (place,) = (place for place, event in enumerate(events) if isinstance(event, SpeedMeasured))
    told, before = events[place], events[place - 1]
    *_, last = (event.evaluation for event in events if isinstance(event, Evaluated))
    assert told.characters_per_second == before.characters_per_second == 4 * 10 / 0.25
    assert told.seconds_left == pytest.approx(finished(events).seconds - 17 - before.step / 4, abs=1)
    assert told.epochs == pytest.approx(last.epoch, rel=0.1)
