"""A NaN or infinite loss: roll back to the last evaluation with half the learning rate, at most three times."""

import numpy as np
import pytest

from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.state_files import read_state
from charlstm.checkpoint.weights import read_weights
from charlstm.errors import TrainingError
from charlstm.training.events import Evaluated, Finished, RolledBack
from charlstm.training.run import train
from charlstm.training.trainer import Trainer
from tests.training.runs import EVERYTHING, result, run

pytestmark = pytest.mark.usefixtures("compiled_once")


@pytest.mark.parametrize(
    ("at", "save_every"),
    [(30, None), *(pytest.param(*each, marks=pytest.mark.slow) for each in [(66, None), (67, 0.0), (198, 0.0)])],
)  # evaluated: 66, 132, 198
def test_nan_loss_rolls_back_with_half_the_learning_rate(plan, poisoned, at, save_every):
    rates = poisoned(at, times=2)
    made = plan(**EVERYTHING, save_every=save_every)
    events = run(made)
    back = [event for event in events if isinstance(event, RolledBack)]
    peak = made.config.training.learning_rate
    assert [event.learning_rate for event in back] == [peak / 2, peak / 4]
    assert all(at <= event.at <= at + 1 for event in back)
    evaluated = max(step for step in (0, 66, 132) if step < at)  # not the last periodic save
    assert {event.step for event in back} == {evaluated}
    assert rates[0] == pytest.approx(2 * rates[1])
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert np.isfinite(finished.best.nats_per_char)
    assert sum(isinstance(event, Evaluated) for event in events) == 3
    assert read_state(made.folder, made.config).progress.halvings == 2
    assert [line.step for line in read_history(made.folder)] == [66, 132, 198]


def test_nan_weights_never_become_the_model(plan, poisoned):
    poisoned(66, times=1)  # the update before an evaluation
    made = plan(**EVERYTHING, validation=0.0)
    events = run(made)
    assert sum(isinstance(event, RolledBack) for event in events) == 1
    assert all(np.isfinite(array).all() for array in read_weights(made.folder, made.config.model).values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "save_every", [None, pytest.param(0.0, marks=pytest.mark.slow)]
)  # detected by an evaluation, or by an earlier save
def test_nan_average_is_detected_with_a_finite_loss(plan, monkeypatch, save_every):
    def step(trainer, *arguments, original=Trainer.step, done=[]):  # noqa: B006 (once)
        loss = original(trainer, *arguments)
        if trainer.steps == 40 and not done:
            done.append(True)
            arrays = trainer.snapshot()
            trainer.restore({**arrays, "average/dense/bias": np.full_like(arrays["average/dense/bias"], np.inf)}, trainer.steps)
        return loss

    monkeypatch.setattr(Trainer, "step", step)
    made = plan(**EVERYTHING, save_every=save_every)
    (back,) = [event for event in run(made) if isinstance(event, RolledBack)]
    assert back.at == (40 if save_every == 0 else 66)
    assert back.step < 40
    assert [line.step for line in read_history(made.folder)] == [66, 132, 198]


@pytest.mark.slow
def test_rollback_does_not_depend_on_the_saving_interval(plan, poisoned, resumed):
    folders = []
    for name, save_every, stop in (
        ("seldom", None, None),
        ("often", 0.0, None),
        ("cut", 0.0, 100),
    ):
        poisoned(110, times=2)
        made = plan(name, **EVERYTHING, save_every=save_every)
        if stop:
            run(made, stop)
            made = resumed(name)
        assert sum(isinstance(event, RolledBack) for event in run(made)) == 2
        folders.append(made.folder)
    expected = result(folders[0])
    assert all(result(folder) == expected for folder in folders)


@pytest.mark.slow
def test_last_evaluations_state_is_kept_beside_the_two_newest(plan):
    made = plan(**EVERYTHING, save_every=0.0)
    run(made, 100)
    numbers = sorted(int(path.stem) for path in (made.folder / "resume").glob("*.safetensors"))
    state = read_state(made.folder, made.config)
    assert numbers == [state.progress.evaluated, state.number - 1, state.number]
    assert read_state(made.folder, made.config, first=numbers[0]).progress.steps == 66
    assert read_state(made.folder, made.config, first=numbers[0]).progress.evaluated == 0


@pytest.mark.slow
def test_rollback_uses_the_newest_state_if_the_other_is_damaged(plan, poisoned, resumed):
    made = plan("cut", **EVERYTHING, save_every=0.0)
    run(made, 100)
    path = made.folder / "resume" / f"{read_state(made.folder, made.config).progress.evaluated:06}.safetensors"
    path.write_bytes(b"damaged")
    poisoned(110, times=1)
    (back,) = [event for event in run(resumed("cut")) if isinstance(event, RolledBack)]
    assert back.step == 110 - 1
    (warning,) = back.warnings
    assert warning.startswith(f"{path} is damaged (")
    assert warning.endswith(". The newest state is used.")


def test_training_ends_after_three_halvings_with_the_best_model(plan, poisoned, resumed):
    poisoned(90, times=np.inf)
    made = plan(**EVERYTHING)
    with pytest.raises(TrainingError, match=r"the loss is NaN or infinite at step 91 even with .* halved 3 times; lower"):
        run(made)
    assert [line.step for line in read_history(made.folder)] == [66]
    assert np.isfinite(read_weights(made.folder, made.config.model)["dense/bias"]).all()
    assert read_state(made.folder, made.config).progress.steps == 66


@pytest.mark.slow
def test_training_killed_after_a_rollback_rolls_back_again(plan, resumed, poisoned):
    poisoned(90, times=1)
    made = plan("cut", **EVERYTHING)
    run(made)
    expected = result(made.folder)
    made.folder.rename(made.folder.with_name("uninterrupted"))
    done = poisoned(90, times=1)
    again = plan("cut", **EVERYTHING)
    events = train(again, clock=lambda: 0.0, started=0.0, should_stop=lambda: False)
    while not isinstance(next(events), RolledBack):
        pass
    events.close()  # killed without a save
    done.clear()  # the repeated step fails again
    run(resumed("cut"))
    assert result(again.folder) == expected
