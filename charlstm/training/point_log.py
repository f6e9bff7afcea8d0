"""The training curves of a run in progress, in bounded memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from charlstm.checkpoint.points import MOST, OpenPoint, Point, PointsHeader, TrainingCurves


@dataclass
class PointLog:
    """The points of a run: between half of :data:`charlstm.checkpoint.points.MOST` and all of them, once it is long enough.

    The number of steps alone decides which steps a point covers, so a resumed run has the points of an uninterrupted one.

    Attributes:
        header: The data that all points share.
        points: The points so far.
        open: The steps since the last one.
    """

    header: PointsHeader = field(default_factory=PointsHeader)
    points: list[Point] = field(default_factory=list)
    open: OpenPoint = field(default_factory=OpenPoint)

    def add(
        self,
        *,
        step: int,
        epoch: float,
        seconds: float,
        learning_rate: float,
        loss: float,
        gradient_norm: float,
        characters: int,
        duration: float,
    ) -> None:
        """Count a step.

        Args:
            step: Steps so far, with this one.
            epoch: Epochs so far.
            seconds: Seconds of the training so far.
            learning_rate: Learning rate of the step.
            loss: Its loss, in nats per character.
            gradient_norm: Norm of its gradient.
            characters: Characters that it learned from; 0 if its time is not to count, as for one that compiles.
            duration: Seconds that it took.
        """
        before, norm = self.open, gradient_norm if math.isfinite(gradient_norm) else None
        self.open = OpenPoint(
            steps=before.steps + 1,
            loss=before.loss + loss,
            gradient_norm=None if norm is None or before.gradient_norm is None else before.gradient_norm + norm,
            characters=before.characters + characters,
            seconds=before.seconds + duration * (characters > 0),
        )
        if step % self.header.every:
            return
        total, self.open = self.open, OpenPoint()
        self.points.append(
            Point(
                step=step,
                epoch=epoch,
                seconds=seconds,
                learning_rate=learning_rate,
                train_nats_per_char=total.loss / total.steps,
                gradient_norm=None if total.gradient_norm is None else total.gradient_norm / total.steps,
                characters_per_second=total.characters / total.seconds if total.seconds else None,
            )
        )
        if len(self.points) >= MOST:
            self.points = [_merged(*pair) for pair in zip(self.points[::2], self.points[1::2], strict=True)]
            every = 2 * self.header.every
            self.header = PointsHeader(
                every=every, unigram_nats_per_char=self.header.unigram_nats_per_char, notes=self.header.notes
            )

    def curves(self) -> TrainingCurves:
        """Return the curves so far."""
        return TrainingCurves(header=self.header, points=tuple(self.points), open=self.open)


def log_of(curves: TrainingCurves) -> PointLog:
    """Return a log that continues saved curves."""
    return PointLog(curves.header, list(curves.points), curves.open)


def header_of(unigram: float | None, notes: Sequence[str]) -> PointsHeader:
    """Return the header of a new run; bytes of file names that are not UTF-8 are escaped."""
    clean = tuple(note.encode("utf-8", "backslashreplace").decode()[:10_000] for note in notes[:100])
    return PointsHeader(unigram_nats_per_char=unigram, notes=clean)


def _merged(first: Point, second: Point) -> Point:
    """Return one point for two that follow each other and cover the same number of steps."""
    norms = (first.gradient_norm, second.gradient_norm)
    speeds = [each.characters_per_second for each in (first, second) if each.characters_per_second]
    return Point(
        step=second.step,
        epoch=second.epoch,
        seconds=second.seconds,
        learning_rate=second.learning_rate,
        train_nats_per_char=(first.train_nats_per_char + second.train_nats_per_char) / 2,
        gradient_norm=None if None in norms else sum(norms) / 2,  # type: ignore[arg-type]
        characters_per_second=len(speeds) / sum(1 / speed for speed in speeds) if speeds else None,
    )
