"""The budget of a training run in steps and seconds, and the reasons why a saved run is finished."""

import math
from dataclasses import dataclass

from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.config import TrainingConfig
from charlstm.errors import ConfigError
from charlstm.formatting import counted, duration, exactly
from charlstm.planning.cost_model import STARTUP_SECONDS


@dataclass(frozen=True)
class Budget:
    """A limit on a run, in steps, in wall-clock seconds or in both. The run ends when the first limit is reached.

    Attributes:
        steps: Total steps; infinite without a budget in epochs.
        seconds: Total seconds; infinite without a budget in minutes.
    """

    steps: float
    seconds: float

    def fraction(self, step: int, seconds: float, reserve: float = 0.0) -> float:
        """Return the fraction of the budget that is used up, from 0 to 1.

        Args:
            step: Steps done.
            seconds: Seconds elapsed.
            reserve: Seconds to keep free at the end, for the last evaluation.
        """
        if self.seconds == math.inf:
            return min(1.0, step / self.steps)
        time_fraction = seconds / (self.seconds - reserve) if reserve < self.seconds else 1.0
        return min(1.0, max(step / self.steps, time_fraction))

    def seconds_left(self, step: int, seconds: float, seconds_per_step: float) -> float:
        """Return the seconds to the end of the budget.

        Args:
            step: Steps done.
            seconds: Seconds elapsed.
            seconds_per_step: Expected seconds per step, with its share of the evaluations.
        """
        return min(max(0.0, self.steps - step) * seconds_per_step, max(0.0, self.seconds - seconds))


def budget(training: TrainingConfig, steps_per_epoch: float) -> Budget:
    """Return the budget of a recipe.

    Raises:
        ConfigError: If the recipe sets neither epochs nor minutes.
    """
    if training.epochs is None and training.minutes is None:
        raise ConfigError("the training has no budget; give `epochs` or `minutes`")
    return Budget(
        steps=math.inf if training.epochs is None else max(1, math.ceil(training.epochs * steps_per_epoch)),
        seconds=math.inf if training.minutes is None else 60 * training.minutes,
    )


def why_finished(name: str, training: TrainingConfig, progress: TrainingProgress, steps_per_epoch: float) -> str | None:
    """Return why a saved run is finished, as a sentence, or None if it can be resumed.

    A run is finished when its budget or its patience is used up and its last evaluation has been made. A budget in minutes ends
    a run, too, if what is left is too short to start again and for another evaluation.

    Args:
        name: Name of the checkpoint.
        training: Its recipe, with the budget and the patience to resume it with.
        progress: Its saved progress.
        steps_per_epoch: Batches in an epoch.
    """
    if not progress.steps or progress.loss_count:
        return None
    ended = _end_of_budget(training, progress, steps_per_epoch)
    if training.patience is not None and progress.poor >= training.patience:
        patience, poor = f"`patience={2 * progress.poor}`", counted(progress.poor, "evaluation")
        stopped = f"{name} has stopped early, without a better score in {poor}"
        if ended is None:
            return f"{stopped}; {patience} trains it further."
        return f"{stopped}, and {ended.why}; {patience} with `{ended.setting}={ended.more:g}` trains it further."
    if ended is None:
        return None
    return f"{name} {ended.why}; `{ended.setting}={ended.more:g}` trains {ended.more - ended.now:g} more."


def check_budget_not_passed(
    name: str, before: TrainingConfig, training: TrainingConfig, progress: TrainingProgress, steps_per_epoch: float
) -> None:
    """Check that a new budget of an unfinished run is not below what the run has already used.

    With such a budget nothing would be trained, and the run would count as finished.

    Args:
        name: Name of the checkpoint.
        before: Its recipe, with the budget of the run so far.
        training: The recipe with the budget to resume it with.
        progress: Its saved progress.
        steps_per_epoch: Batches in an epoch.

    Raises:
        ConfigError: If the run has passed the new budget.
    """
    if (before.epochs, before.minutes) == (training.epochs, training.minutes):
        return
    if why_finished(name, before, progress, steps_per_epoch):
        return
    extent = budget(training, steps_per_epoch)
    if progress.steps > extent.steps:
        passed, used, one = f"`epochs={training.epochs:g}`", progress.steps / steps_per_epoch, "epoch"
    elif progress.steps and progress.seconds > extent.seconds:
        passed, used, one = f"`minutes={training.minutes:g}`", progress.seconds / 60, "minute"
    else:
        return
    budgets = [exactly(value, unit) for value, unit in ((before.epochs, "epoch"), (before.minutes, "minute")) if value]
    raise ConfigError(
        f"{passed} would train nothing, since {name} has already trained for {exactly(float(f'{used:.3g}'), one)}; give more, "
        f"or leave it out to resume the training to its {' or '.join(budgets)}"
    )


@dataclass(frozen=True)
class _End:
    """The end of a budget: why nothing more is trained, and the value of a setting with which the run can be resumed."""

    why: str
    setting: str
    now: float
    more: float


def _end_of_budget(training: TrainingConfig, progress: TrainingProgress, steps_per_epoch: float) -> _End | None:
    extent = budget(training, steps_per_epoch)
    if progress.steps >= extent.steps:
        trained = float(f"{progress.steps / steps_per_epoch:.3g}")
        epochs = (training.epochs or 0.0) if progress.steps == extent.steps else trained
        return _End(f"has finished its {exactly(epochs, 'epoch')}", "epochs", epochs, 2 * epochs)
    needed, left = STARTUP_SECONDS + progress.reserve, extent.seconds - progress.seconds
    if needed < left:
        return None
    minutes = max(extent.seconds / 60, round(progress.seconds / 60, 1))
    # Twice a short budget may again be too short to start and to evaluate.
    enough = max(2 * minutes, math.ceil((progress.seconds + 2 * needed) / 6) / 10)
    why = f"has used up its {exactly(minutes, 'minute')}"
    if round(left) >= 1:
        short = "too little to start again and for another evaluation"
        why = f"has {duration(left)} left of its {exactly(minutes, 'minute')}, {short}"
    return _End(why, "minutes", minutes, enough)
