"""Checks that refuse work before it starts if it needs more memory than is available."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from charlstm.errors import CharlstmError
from charlstm.formatting import about

if TYPE_CHECKING:
    from charlstm.checkpoint.config_file import CheckpointConfig
    from charlstm.choices import Mode
    from charlstm.inference.sampling import Sampling


def check_memory(needed: Mapping[str, int], advice: str) -> None:
    """Refuse work that needs more memory than is available.

    Args:
        needed: Bytes needed, by purpose.
        advice: End of the message: ways to need less.

    Raises:
        CharlstmError: If fewer bytes are available.
    """
    from charlstm.machine import available_memory

    total, there = sum(needed.values()), available_memory()
    if total > there:
        large = sorted(((size, what) for what, size in needed.items() if size > total / 100), reverse=True)
        parts = ", ".join(f"{what} {_gigabytes(size)}" for size, what in large)
        raise CharlstmError(
            f"out of memory: this would take {_gigabytes(total)} ({parts}), and {_gigabytes(there)} are available; {advice}"
        )


def check_writing(config: "CheckpointConfig", texts: int, length: int, mode: "Mode", sampling: "Sampling") -> None:
    """Refuse to generate more texts at a time than fit in memory.

    Args:
        config: The checkpoint's configuration.
        texts: Number of texts generated at a time.
        length: Characters in each. Several texts stay in memory until the last one is finished.
        mode: Generation mode. Stateless, each text has a state for every character of the window.
        sampling: Sampling settings.
    """
    from charlstm.cli.bulk import BATCH
    from charlstm.inference.memory_footprint import process_bytes
    from charlstm.machine import cores

    kept = length if texts > 1 else 0  # a single text is printed while it is generated
    needed = {"the model": process_bytes(config.model, cores()), **_writing(config, texts, kept, mode, sampling)}
    ways = ["reduce --samples or --length"] if texts > 1 else []
    ways += [f"write to a file with --output, {BATCH} texts at a time in each process"] * (texts > BATCH)
    check_memory(needed, ", or ".join([*ways, *_smaller(config, mode)]))


def writers(config: "CheckpointConfig", batches: int, batch: int, length: int, mode: "Mode", sampling: "Sampling") -> int:
    """Return the number of processes that generate at a time: one for each core, or as many as fit in memory.

    Args:
        config: The checkpoint's configuration.
        batches: Number of batches to generate.
        batch: Texts in each batch.
        length: Characters in each text.
        mode: Generation mode.
        sampling: Sampling settings.

    Raises:
        CharlstmError: If one process does not fit beside this one, which has the model too.
    """
    from charlstm.inference.memory_footprint import process_bytes
    from charlstm.machine import available_memory, cores

    process, writing = process_bytes(config.model, 1), _writing(config, batch, length, mode, sampling)
    check_memory(
        {"the model in two processes": 2 * process, **writing}, ", or ".join(["reduce --length", *_smaller(config, mode)])
    )
    return max(1, min(cores(), batches, int((available_memory() - process) // (process + sum(writing.values())))))


def check_text(characters: int) -> None:
    """Refuse a text that does not fit in memory, before it is encoded."""
    from charlstm.inference.memory_footprint import read_bytes

    check_memory({"the text": read_bytes(characters, rare=False)}, "use a shorter text")


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
    """Refuse to score a text if that needs more memory than is available.

    Args:
        config: The checkpoint's configuration.
        characters: Characters in the text.
        sample: Positions that are read from a zero state.
        contexts: Numbers of characters read from each position.
        advice: End of the message: ways to need less.
        windows: Further windows to generate with, one at a time.
        baselines: Bytes that n-grams and compressors need.

    Raises:
        CharlstmError: If fewer bytes are available.
    """
    from charlstm.evaluation.surprisal import ROWS
    from charlstm.inference.memory_footprint import process_bytes, read_bytes, scoring_bytes, stepping_bytes
    from charlstm.machine import cores

    model, sampled = config.model, min(sample, characters)
    needed = {
        "the model": process_bytes(model, cores()),
        "the text": read_bytes(characters, rare=config.vocabulary.rare is not None),
        f"{sampled:,} sampled characters": 24 * sampled * len(contexts),
        **scoring_bytes(model, min(sampled, ROWS)),
        "windows": stepping_bytes(model, max([model.seq_len, *windows])),
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
    """Return the advice that reduces the memory for any number of texts."""
    stateful = f"choose --mode stateful, which keeps one state a text instead of {config.model.seq_len:,}"
    return [stateful] * (mode == "stateless") + ["use a smaller model"]


def _gigabytes(size: float) -> str:
    return f"{about(size / 1e9)} GB"
