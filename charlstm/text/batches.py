"""Batches of a text, each a pure function of its number, so that training can start again anywhere."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CorpusError
from charlstm.text.random_streams import random_stream
from charlstm.text.shuffle import Shuffle
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import model_ids, normalise, windows

ALL = slice(None)
"""All rows of a batch."""

_ORIGINS, _RESETS = range(2)  # what a random number is for: different streams of numbers from one seed


class Batch(NamedTuple):
    """One batch.

    Attributes:
        x: Normalised windows ``[B, T, 1]``, float32.
        y: Next characters: ids ``[B]`` for ``--targets last``, ``[B, T]`` for ``every``, int32.
        kept: 1 where the state carried from the batch before is kept, 0 where the row starts from zero: ``[B, 1]``.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int32]
    kept: NDArray[np.float32]


class BatchSource(Protocol):
    """What training reads: batch number ``step`` of an endless sequence."""

    @property
    def steps_per_epoch(self) -> float:
        """Batches in one pass over the text."""

    def batch(self, step: int, rows: slice = ALL) -> Batch:
        """The batch of that number, from 0, or some of its rows: nothing else of the text is read."""


@dataclass(frozen=True)
class WindowBatches:
    """Shuffled windows from a zero state.

    With ``--targets last`` an epoch is every window once (stride 1). With ``every`` a window teaches all its positions, so
    an epoch is windows laid end to end (stride ``seq_len``), from an origin drawn anew for each epoch.
    """

    ids: Ids
    model: ModelConfig
    training: TrainingConfig

    def __post_init__(self) -> None:
        windows(self.ids, self.model.seq_len)  # refuses a text that is too short

    @property
    def samples(self) -> int:
        """Windows in an epoch."""
        starts = len(self.ids) - self.model.seq_len
        return starts if self.model.targets == "last" else (starts - 1) // self.model.seq_len + 1

    @property
    def steps_per_epoch(self) -> float:
        """Batches in an epoch; a batch may end one epoch and begin the next."""
        return self.samples / self.training.batch_size

    def batch(self, step: int, rows: slice = ALL) -> Batch:
        """The batch of that number: windows ``step * B ... step * B + B - 1`` of the endless shuffled sequence."""
        count = np.arange(step * self.training.batch_size, (step + 1) * self.training.batch_size)[rows]
        starts = np.empty_like(count)
        for epoch in np.unique(count // self.samples):
            chosen = count // self.samples == epoch
            starts[chosen] = self._starts(count[chosen] % self.samples, int(epoch))
        return _gather(self.ids, starts, self.model, np.zeros(len(starts), bool))

    def _starts(self, positions: NDArray[Any], epoch: int) -> NDArray[Any]:
        shuffled = Shuffle(self.samples, self.training.random_seed, epoch)(positions)
        if self.model.targets == "last":
            return shuffled
        slack = len(self.ids) - 1 - self.samples * self.model.seq_len
        return shuffled * self.model.seq_len + _origin(self.training.random_seed, epoch, slack)


@dataclass(frozen=True)
class StreamBatches:
    """Contiguous streams: row ``b`` of batch ``k + 1`` continues row ``b`` of batch ``k``.

    The text is cut into B streams of equal length. What is left over (fewer than ``B * seq_len`` characters) is left out
    at another place in each epoch: the streams' origin is drawn anew. An epoch starts from zero states.
    """

    ids: Ids
    model: ModelConfig
    training: TrainingConfig

    def __post_init__(self) -> None:
        needed = self.training.batch_size * self.model.seq_len + 1
        if len(self.ids) < needed:
            raise CorpusError(
                f"the text has {len(self.ids)} characters to train on, but {self.training.batch_size} streams of windows of "
                f"{self.model.seq_len} need {needed}; give a longer text, or lower --batch-size or --seq-len"
            )

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return (len(self.ids) - 1) // (self.training.batch_size * self.model.seq_len)

    def batch(self, step: int, rows: slice = ALL) -> Batch:
        """The batch of that number, or some of its rows."""
        epoch, place = divmod(step, self.steps_per_epoch)
        span = self.steps_per_epoch * self.model.seq_len
        slack = len(self.ids) - 1 - span * self.training.batch_size
        origin = _origin(self.training.random_seed, epoch, slack)
        starts = origin + np.arange(self.training.batch_size) * span + place * self.model.seq_len
        draws = random_stream(self.training.random_seed, _RESETS, step).random(self.training.batch_size)
        kept = (draws >= self.training.state_reset) & (place > 0)
        return _gather(self.ids, starts[rows], self.model, kept[rows])


def batch_source(ids: Ids, model: ModelConfig, training: TrainingConfig) -> BatchSource:
    """The batches that a training recipe asks for.

    Raises:
        CorpusError: If the text is too short for one batch.
    """
    return (WindowBatches if training.batches == "windows" else StreamBatches)(ids, model, training)


def _origin(random_seed: int, epoch: int, slack: int) -> int:
    """Where an epoch begins: uniform over the ``slack`` characters that it cannot use."""
    if slack <= 0:
        return 0
    return int(random_stream(random_seed, _ORIGINS, epoch).integers(slack + 1))


def _gather(ids: Ids, starts: NDArray[Any], model: ModelConfig, kept: NDArray[np.bool_]) -> Batch:
    read = model_ids(ids[starts[:, None] + np.arange(model.seq_len + 1)], model.vocabulary_size)  # [B, T + 1]
    y = read[:, -1] if model.targets == "last" else read[:, 1:]
    return Batch(normalise(read[:, :-1], model.vocabulary_size), y, kept.astype(np.float32)[:, None])
