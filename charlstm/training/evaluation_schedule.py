"""When the held-out text is scored during a training: as often as the recipe says, or less often if time is short."""

import math
from dataclasses import dataclass
from statistics import median_low

SCORING_SHARE = 0.1
"""Largest fraction of the time of a run with a budget in minutes to plan for scoring the held-out text."""
_EVALUATION_SHARE = 0.25
"""Largest fraction to plan for scoring and for the saves that follow."""


@dataclass
class EvaluationSchedule:
    """The evaluations of a run, spread evenly over its learning-rate schedule.

    With a budget in epochs alone all are made: a resumed run then has the same evaluations as an uninterrupted one.

    Attributes:
        wanted: Number of evaluations of the recipe.
        timed: True with a budget in minutes, which evaluations must not use up.
        durations: Seconds that scoring took, without saving; first an estimate.
        planned: Number of evaluations planned for the whole budget.
        due: Point of the learning-rate schedule, from 0 to 1, at which the next evaluation is due.
    """

    wanted: int
    timed: bool
    durations: list[float]
    planned: int = 1
    due: float = 0.0

    def plan(self, seconds: float, saving: float) -> None:
        """Decide how many evaluations the whole budget gets.

        Args:
            seconds: Expected seconds of the whole run.
            saving: Seconds that a save takes.
        """
        self.planned = self.wanted
        if self.timed:
            scoring = max(1e-9, self.seconds)
            allowed = min(SCORING_SHARE * seconds / scoring, _EVALUATION_SHARE * seconds / (scoring + saving))
            self.planned = max(1, min(self.wanted, math.floor(allowed + 1e-9)))

    def plan_next(self, fraction: float) -> None:
        """Set when the next evaluation is due.

        Args:
            fraction: Point of the learning-rate schedule, after which it is due; below 0 before the first step.
        """
        self.due = (math.ceil((fraction + 1e-9) * self.planned) if fraction >= 0 else 1) / self.planned

    @property
    def seconds(self) -> float:
        """Seconds that scoring takes: the median, so that one slow pass changes no plan."""
        return median_low(self.durations) if self.durations else 0.0

    @property
    def left(self) -> int:
        """Number of evaluations still to make."""
        return self.planned - round(self.due * self.planned) + 1

    def is_affordable(self, made: int, elapsed: float) -> bool:
        """Return whether the next evaluation can be made: unless scoring takes twice the planned fraction of the time.

        Args:
            made: Number of evaluations so far.
            elapsed: Seconds of the run so far.
        """
        return not self.timed or (made + 1) * self.seconds <= 2 * SCORING_SHARE * elapsed
