"""A text written in a mode, and what the writing costs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from charlstm.config import Mode, ModelConfig
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import Network
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class TimingEnvironment:
    """What the price of writing depends on, besides the model.

    Attributes:
        clock: Seconds, from any origin.
        threads: A context for products of so many rows by a network's weights.
    """

    clock: Callable[[], float]
    threads: Callable[[ModelConfig, int], AbstractContextManager[object]]


@dataclass(frozen=True)
class GenerationTask:
    """A text to write.

    Attributes:
        seed: The text to continue.
        length: Characters to write, at least one.
        random_seed: Of the noise, which is the same at the same position in every mode.
        sampling: How characters are chosen.
    """

    seed: str
    length: int
    random_seed: int
    sampling: Sampling


@dataclass(frozen=True)
class TimedText:
    """A text and its price.

    Attributes:
        text: Without the seed.
        seconds_to_first: From nothing to the first character: the seed, or its last window, is read.
        characters_per_second: Of the further characters, by the time that the median one took.
        cell_steps: Times that a step of the LSTM (all its layers) is made for one more character, on average.
        state_bytes: Memory of the state, ``h`` and ``c`` of every layer, that is kept from character to character.
    """

    text: str
    seconds_to_first: float
    characters_per_second: float
    cell_steps: float
    state_bytes: int


def generate_timed(
    network: Network,
    vocabulary: Vocabulary,
    task: GenerationTask,
    mode: Mode,
    machine: TimingEnvironment,
    window: int | None = None,
) -> TimedText:
    """Write a text.

    Args:
        network: The model.
        vocabulary: Its characters.
        task: What to write.
        mode: In which mode.
        machine: Where.
        window: Characters that a stateless prediction may look back on; the model's own number if None.
    """
    window = window or network.config.seq_len
    read = decoder(replace(network, config=replace(network.config, seq_len=window)), mode)
    seeds = [task.random_seed]
    pieces = generate_pieces(read, vocabulary, task.seed, random_seeds=seeds, length=task.length, sampling=task.sampling)
    text = ""
    with machine.threads(network.config, window if mode == "stateless" else 1):
        times = [machine.clock()]
        for (piece,) in pieces:
            text += piece
            times.append(machine.clock())
    first, *rest = (after - before for before, after in pairwise(times[: task.length + 1]))
    usual = median(rest or [first])  # whatever else the machine did meanwhile
    steps, memory = cell_steps(mode, window, len(task.seed), task.length), state_bytes(network, mode, window)
    return TimedText(text, first, 1 / usual, steps, memory)


def cell_steps(mode: Mode, window: int, seed: int, length: int) -> float:
    """LSTM steps for one more character, on average over a text of ``length`` characters after a seed of ``seed``.

    Stateful it is one. Stateless it is the window, or all there is of the text while that is less; reading the seed at the
    beginning is not counted. Lanes make as many steps as the loop that reads the window anew, but many in one product.
    """
    if mode == "stateful":
        return 1.0
    return sum(min(seed + position, window) for position in range(length)) / length


def state_bytes(network: Network, mode: Mode, window: int) -> int:
    """Return the memory of the state for one text: ``2·4·Σu`` bytes, ``h`` and ``c``, a row; as many rows as lanes.

    Stateful there is one row, stateless a lane for every character of the window. What a step works in besides is not state.
    """
    rows = 1 if mode == "stateful" else window
    return sum(layer.h.nbytes + layer.c.nbytes for layer in network.zero_state(rows))
