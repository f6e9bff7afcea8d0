"""Refusals of work that needs more memory than is available, before it is begun."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charlstm.errors import CharlstmError
from charlstm.formatting import about

if TYPE_CHECKING:
    from charlstm.checkpoint.config_file import CheckpointConfig
    from charlstm.config import Mode
    from charlstm.inference.sampling import Sampling


def check_memory(needed: Mapping[str, int], advice: str) -> None:
    """Refuse what the memory does not hold.

    Args:
        needed: Bytes, by purpose.
        advice: The end of the message.

    Raises:
        CharlstmError: If fewer are available.
    """
    from charlstm.checkpoint.memory import available_memory

    total, there = sum(needed.values()), available_memory()
    if total > there:
        large = sorted(((size, what) for what, size in needed.items() if size > total / 100), reverse=True)
        parts = ", ".join(f"{what} {_gigabytes(size)}" for size, what in large)
        raise CharlstmError(
            f"out of memory: this would take {_gigabytes(total)} ({parts}), and {_gigabytes(there)} are available; {advice}"
        )


def check_writing(config: "CheckpointConfig", texts: int, length: int, mode: "Mode", sampling: "Sampling") -> None:
    """Refuse to write more texts at a time than the memory holds.

    Args:
        config: Of the model.
        texts: That are written at a time.
        length: Characters of each, all of which are held until the last one is written.
        mode: Stateless, each text has a state for every character of the window.
        sampling: How characters are chosen.
    """
    from charlstm.cli.bulk import BATCH
    from charlstm.inference.memory_footprint import process_bytes
    from charlstm.planning.environment import cores

    held = length if texts > 1 else 0  # a single text is printed while it is written
    needed = {"the model": process_bytes(config.model, cores()), **_writing(config, texts, held, mode, sampling)}
    ways = ["reduce --samples or --length"] if texts > 1 else []
    ways += [f"write to a file with --output, {BATCH} texts at a time in each process"] * (texts > BATCH)
    check_memory(needed, ", or ".join([*ways, *_smaller(config, mode)]))


def writers(config: "CheckpointConfig", batches: int, batch: int, length: int, mode: "Mode", sampling: "Sampling") -> int:
    """Return how many processes write at a time: one for each core, or as many as the memory holds.

    Args:
        config: Of the model.
        batches: To write.
        batch: Texts in each.
        length: Characters of each.
        mode: As for :func:`check_writing`.
        sampling: How characters are chosen.

    Raises:
        CharlstmError: If it does not hold one and this process, which has the model too.
    """
    from charlstm.checkpoint.memory import available_memory
    from charlstm.inference.memory_footprint import process_bytes
    from charlstm.planning.environment import cores

    process, writing = process_bytes(config.model, 1), _writing(config, batch, length, mode, sampling)
    check_memory(
        {"the model in two processes": 2 * process, **writing}, ", or ".join(["reduce --length", *_smaller(config, mode)])
    )
    return max(1, min(cores(), batches, int((available_memory() - process) // (process + sum(writing.values())))))


def check_text(characters: int) -> None:
    """Refuse a text that is larger than the memory, before it is encoded."""
    from charlstm.inference.memory_footprint import read_bytes

    check_memory({"the text": read_bytes(characters)}, "use a shorter text")


def check_scoring(
    config: "CheckpointConfig",
    characters: int,
    sample: int,
    contexts: Sequence[int] = (),
    *,
    advice: str,
    windows: Sequence[int] = (),
    baselines: int = 0,
) -> None:
    """Refuse to measure what the memory does not hold.

    Args:
        config: Of the model.
        characters: Of the text.
        sample: Places that are read from a zero state.
        contexts: Numbers of characters that are read from each.
        advice: As for :func:`check_memory`.
        windows: Further windows that texts are written with, one at a time.
        baselines: Bytes that n-grams and compressors take.
    """
    from charlstm.evaluation.surprisal import ROWS
    from charlstm.inference.memory_footprint import process_bytes, read_bytes, scoring_bytes, state_bytes
    from charlstm.planning.environment import cores

    model, sampled = config.model, min(sample, characters)
    needed = {
        "the model": process_bytes(model, cores()),
        "the text": read_bytes(characters),
        f"{sampled:,} sampled characters": 24 * sampled * len(contexts),
        **scoring_bytes(model, min(sampled, ROWS)),
        "windows": state_bytes(model, max([model.seq_len, *windows])),
        "n-grams and compressors": baselines,
    }
    check_memory(needed, advice)


def _writing(config: "CheckpointConfig", texts: int, length: int, mode: "Mode", sampling: "Sampling") -> dict[str, int]:
    from charlstm.inference.memory_footprint import text_bytes, writing_bytes

    return {
        **writing_bytes(config.model, texts, mode, sampling),
        "texts": text_bytes(texts, length, latin=config.vocabulary.characters[-1] <= "\xff"),
    }


def _smaller(config: "CheckpointConfig", mode: "Mode") -> list[str]:
    """Return what makes any number of texts smaller."""
    stateful = f"choose --mode stateful, which keeps one state a text instead of {config.model.seq_len:,}"
    return [stateful] * (mode == "stateless") + ["use a smaller model"]


def _gigabytes(size: float) -> str:
    return f"{about(size / 1e9)} GB"
