"""Training batches of a text, each a pure function of its number, so that training can resume at any step."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CorpusError
from charlstm.formatting import counted
from charlstm.text.random_streams import random_stream
from charlstm.text.shuffle import Shuffle
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import check_length, model_ids, normalise

ALL = slice(None)
"""All rows of a batch."""

_ORIGINS, _RESETS = range(2)  # keys that separate the random numbers for origins from those for resets


class Batch(NamedTuple):
    """One batch.

    Attributes:
        x: Normalised windows ``[B, T, 1]``, float32.
        y: Ids of the next characters: ``[B]`` with ``targets="last"``, ``[B, T]`` with ``targets="every"``, int32.
        kept: 1 where the row keeps the state carried from the previous batch, 0 where it starts from zero: ``[B, 1]``.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int32]
    kept: NDArray[np.float32]


class BatchSource(Protocol):
    """An endless, numbered sequence of training batches."""

    @property
    def steps_per_epoch(self) -> float:
        """Batches in one epoch."""

    def batch(self, step: int, rows: slice = ALL) -> Batch:
        """Return batch number ``step``, counted from 0, or some of its rows. Only the text of these rows is read."""


@dataclass(frozen=True)
class WindowBatches:
    """Batches of shuffled windows, each from a zero state.

    With ``targets="last"`` an epoch has every window once (stride 1). With ``targets="every"`` each position of a window is
    a target, so an epoch has windows that do not overlap (stride ``seq_len``). Their origin is drawn for each epoch.
    """

    ids: Ids
    model: ModelConfig
    training: TrainingConfig

    def __post_init__(self) -> None:
        check_length(self.ids, self.model.seq_len)

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
        """Return windows ``step * B ... step * B + B - 1`` of the endless shuffled sequence, or some of these rows."""
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
    """Batches of contiguous streams: row ``b`` of batch ``k + 1`` continues row ``b`` of batch ``k``.

    The text is cut into B streams of equal length. Each epoch leaves out fewer than ``B * seq_len`` characters. The origin
    of the streams is drawn for each epoch, so these characters differ. An epoch starts from zero states.
    """

    ids: Ids
    model: ModelConfig
    training: TrainingConfig

    def __post_init__(self) -> None:
        streams, window, characters = self.training.batch_size, self.model.seq_len, len(self.ids)
        needed = streams * window + 1
        if characters < needed:
            alone = ["`batch_size`"] * (characters > window) + ["`seq_len`"] * (characters > streams)
            lower = " or ".join(alone) or "`batch_size` and `seq_len`"
            raise CorpusError(
                f"the text has {counted(characters, 'character')} to train on, but {counted(streams, 'stream')} of windows of "
                f"{window} need{'s' * (streams == 1)} {needed:,}; give a longer text" + f", or lower {lower}" * (characters > 1)
            )

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return (len(self.ids) - 1) // (self.training.batch_size * self.model.seq_len)

    def batch(self, step: int, rows: slice = ALL) -> Batch:
        """Return batch number ``step``, or some of its rows."""
        epoch, index = divmod(step, self.steps_per_epoch)
        span = self.steps_per_epoch * self.model.seq_len
        slack = len(self.ids) - 1 - span * self.training.batch_size
        origin = _origin(self.training.random_seed, epoch, slack)
        starts = origin + np.arange(self.training.batch_size) * span + index * self.model.seq_len
        draws = random_stream(self.training.random_seed, _RESETS, step).random(self.training.batch_size)
        kept = (draws >= self.training.state_reset) & (index > 0)
        return _gather(self.ids, starts[rows], self.model, kept[rows])


def batch_source(ids: Ids, model: ModelConfig, training: TrainingConfig) -> BatchSource:
    """Return the batches that a training configuration asks for.

    Raises:
        CorpusError: If the text is too short for one batch.
    """
    return (WindowBatches if training.batches == "windows" else StreamBatches)(ids, model, training)


def _origin(random_seed: int, epoch: int, slack: int) -> int:
    """Return the position where an epoch begins, uniform in ``0 ... slack``; ``slack`` characters are left out."""
    if slack <= 0:
        return 0
    return int(random_stream(random_seed, _ORIGINS, epoch).integers(slack + 1))


def _gather(ids: Ids, starts: NDArray[Any], model: ModelConfig, kept: NDArray[np.bool_]) -> Batch:
    """Return the batch of the windows that begin at ``starts``."""
    gathered = model_ids(ids[starts[:, None] + np.arange(model.seq_len + 1)], model.vocabulary_size)  # [B, T + 1]
    y = gathered[:, -1] if model.targets == "last" else gathered[:, 1:]
    return Batch(normalise(gathered[:, :-1], model.vocabulary_size), y, kept.astype(np.float32)[:, None])
