"""``points.jsonl``: the points of a run's training curves, with its letter-frequency baseline and the choices made for it.

The first line is the header, each further line a point. A run has at most :data:`MOST` points, so the file has a bounded size.
Checkpoints of earlier releases do not have the file, and no use of a model needs it.
"""

import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.history import Finite
from charlstm.checkpoint.json_files import read_bounded
from charlstm.errors import CheckpointError

POINTS = "points.jsonl"
MOST = 1_000
"""Most points of a run; at that number each pair becomes one point of twice as many steps."""

_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Positive = Annotated[float, Meta(ge=0.0, le=1e300)]


class Point(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of the training curves: the means over a number of steps, and where the last of them was.

    Attributes:
        step: Training steps so far.
        epoch: Epochs so far.
        seconds: Wall-clock time of the training so far.
        learning_rate: Learning rate of the last step.
        train_nats_per_char: Mean training loss, in nats per character.
        gradient_norm: Mean global norm of the gradient before clipping; None if it was infinite.
        characters_per_second: Characters per second of the steps; None if it was not measured.
    """

    step: _Count
    epoch: _Positive
    seconds: Finite
    learning_rate: _Positive
    train_nats_per_char: Finite
    gradient_norm: _Positive | None
    characters_per_second: _Positive | None


class PointsHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of the file.

    Attributes:
        every: Number of steps of a point.
        unigram_nats_per_char: Score of the letter frequencies on the held-out text; None if nothing is held out.
        notes: The choices made for the run, with their reasons.
    """

    every: Annotated[int, Meta(ge=1, le=2**53)] = 1
    unigram_nats_per_char: _Positive | None = None
    notes: Annotated[tuple[Annotated[str, Meta(max_length=10_000)], ...], Meta(max_length=100)] = ()


class OpenPoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sums over the steps since the last point.

    Attributes:
        steps: Number of steps.
        loss: Sum of their losses.
        gradient_norm: Sum of the gradient's norms; None if one was infinite.
        characters: Characters whose time was measured.
        seconds: Time of the steps that learned them.
    """

    steps: _Count = 0
    loss: Finite = 0.0
    gradient_norm: _Positive | None = 0.0
    characters: _Count = 0
    seconds: _Positive = 0.0


class TrainingCurves(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The curves of a run.

    Attributes:
        header: The data that all points share.
        points: The points, the oldest first.
        open: The steps since the last point.
    """

    header: PointsHeader = PointsHeader()
    points: Annotated[tuple[Point, ...], Meta(max_length=MOST)] = ()
    open: OpenPoint = OpenPoint()

    @property
    def characters_per_second(self) -> float | None:
        """Throughput of the steps whose time was measured; None if there are none.

        Every point covers as many steps, and so as many characters, as the others: the mean is the harmonic one.

        >>> point = Point(step=1, epoch=0, seconds=0, learning_rate=0, train_nats_per_char=0, gradient_norm=0,
        ...               characters_per_second=100.0)
        >>> TrainingCurves(points=(point, msgspec.structs.replace(point, characters_per_second=300.0))).characters_per_second
        150.0
        """
        speeds = [point.characters_per_second for point in self.points if point.characters_per_second]
        if speeds:
            return len(speeds) / sum(1 / speed for speed in speeds)
        return self.open.characters / self.open.seconds if self.open.seconds else None


_HEADER, _LINES = msgspec.json.Decoder(PointsHeader), msgspec.json.Decoder(Point)
_CURVES = msgspec.json.Decoder(TrainingCurves)


def write_points(folder: Path, curves: TrainingCurves) -> None:
    """Write ``points.jsonl``.

    Raises:
        CheckpointError: If it cannot be written.
    """
    lines = [msgspec.json.encode(curves.header), *map(msgspec.json.encode, curves.points)]
    write_atomically(folder / POINTS, b"".join(line + b"\n" for line in lines))


def read_points(folder: Path) -> TrainingCurves:
    """Read ``points.jsonl``; ignore a last line that is truncated.

    Returns:
        The curves, without points if there is no such file.

    Raises:
        CheckpointError: If the file is damaged or cannot be read. It is not needed to use the model.
    """
    path = folder / POINTS
    if not os.path.lexists(path):
        return TrainingCurves()
    content = read_bounded(path)
    head, _, rest = content[: content.rfind(b"\n") + 1].partition(b"\n")  # without a truncated last line
    try:
        points = tuple(_LINES.decode_lines(rest))
        if len(points) > MOST:
            raise ValueError(f"it has {len(points):,} points")
        return TrainingCurves(header=_HEADER.decode(head), points=points)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise CheckpointError(
            f"{path} is damaged: a line is not a point of a training curve; delete the file to do without its curves"
        ) from None


def encode_curves(curves: TrainingCurves) -> str:
    """Return curves as JSON, for a training state."""
    return msgspec.json.encode(curves).decode()


def decode_curves(text: str) -> TrainingCurves:
    """Return the curves of a training state.

    Raises:
        ValueError: If the text is not what :func:`encode_curves` writes.
    """
    try:
        return _CURVES.decode(text)
    except (UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise ValueError(f"its curves are damaged: {error}") from None
