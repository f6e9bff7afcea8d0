"""Generation of a text in one mode, with its time, cell steps and memory."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from charlstm.choices import Mode
from charlstm.config import ModelConfig
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import Network
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class TimingEnvironment:
    """The clock and the threads of a measurement.

    Attributes:
        clock: Function that returns seconds since any origin.
        threads: Function that returns a context with the threads to use, for a network and a number of rows per step.
    """

    clock: Callable[[], float]
    threads: Callable[[ModelConfig, int], AbstractContextManager[object]]


@dataclass(frozen=True)
class GenerationTask:
    """A text to generate.

    Attributes:
        seed: The seed text, which is continued.
        length: Number of characters to generate, at least one.
        random_seed: Random seed of the noise, which is the same at the same position in every mode.
        sampling: The sampling settings.
    """

    seed: str
    length: int
    random_seed: int
    sampling: Sampling


@dataclass(frozen=True)
class TimedText:
    """A generated text and its cost.

    Attributes:
        text: The generated text, without the seed text.
        seconds_to_first: Time to the first character, including reading the seed text or its last window.
        characters_per_second: Throughput after the first character, from the median time of a character.
        cell_steps: Mean number of LSTM steps (of all layers) for one more character.
        state_bytes: Memory of the state, ``h`` and ``c`` of every layer, that is kept between characters.
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
    """Generate a text and measure its cost.

    Args:
        network: The model.
        vocabulary: Its vocabulary.
        task: The text to generate.
        mode: Stateless or stateful.
        machine: The clock and the threads.
        window: Context of a stateless prediction in characters; the model's own window if None.
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
    typical = median(rest or [first])  # the median, because other processes slow single characters down
    steps, memory = cell_steps(mode, window, len(task.seed), task.length), state_bytes(network, mode, window)
    return TimedText(text, first, 1 / typical, steps, memory)


def cell_steps(mode: Mode, window: int, seed: int, length: int) -> float:
    """Return the mean number of LSTM steps for one more character.

    Stateful generation takes one step. Stateless generation takes as many as the window is long, or as the text so far while
    that is shorter. Reading the seed text at the start is not counted. Lanes take as many steps as a loop that reads the window
    again, but compute many in one product.

    Args:
        mode: Stateless or stateful.
        window: Window in characters.
        seed: Length of the seed text in characters.
        length: Number of characters to generate.
    """
    if mode == "stateful":
        return 1.0
    return sum(min(seed + position, window) for position in range(length)) / length


def state_bytes(network: Network, mode: Mode, window: int) -> int:
    """Return the memory in bytes of the state for one text: ``2·4·Σu`` for ``h`` and ``c`` of every row.

    Stateful generation has one row, stateless generation one lane for every character of the window.
    """
    rows = 1 if mode == "stateful" else window
    return sum(layer.nbytes for layer in network.initial_state(rows))
