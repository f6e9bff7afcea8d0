"""The numbers that a training run keeps of itself."""

import math
from dataclasses import dataclass

from charlstm.checkpoint.files import Evaluation


@dataclass
class Record:
    """What a run notes down as it goes.

    Attributes:
        history: The evaluations so far.
        loss_sum: Sum of the training losses since the last evaluation.
        loss_count: How many they are.
        poor: Evaluations since the best one.
    """

    history: list[Evaluation]
    loss_sum: float = 0.0
    loss_count: int = 0
    poor: int = 0

    @property
    def loss(self) -> float:
        """Mean training loss since the last evaluation, nats per character."""
        return self.loss_sum / max(1, self.loss_count)

    @property
    def best_score(self) -> float:
        """The best evaluation's nats per character; infinite before the first."""
        return min((line.nats_per_char for line in self.history if line.nats_per_char is not None), default=math.inf)


@dataclass
class Speed:
    """Characters and seconds of training alone: no start-up, no evaluation, and not the first step, which compiles."""

    steps: int = 0
    characters: int = 0
    seconds: float = 0.0

    def add(self, characters: int, seconds: float) -> None:
        """Count a step."""
        if self.steps:
            self.characters += characters
            self.seconds += seconds
        self.steps += 1

    @property
    def seconds_per_step(self) -> float:
        """0 until it is known."""
        return self.seconds / (self.steps - 1) if self.steps > 1 else 0.0

    @property
    def characters_per_second(self) -> float:
        """0 until it is known."""
        return self.characters / self.seconds if self.seconds else 0.0
