"""Checks that refuse work before it starts if it needs more memory than is available."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charlstm.checkpoint.config_records import CheckpointConfig
    from charlstm.choices import Mode
    from charlstm.inference.memory_footprint import Particles
    from charlstm.inference.sampling import Sampling


def writers(
    config: "CheckpointConfig",
    batches: int,
    batch: int,
    length: int,
    mode: "Mode",
    sampling: "Sampling",
    particles: "Particles | None" = None,
) -> int:
    """Return the number of processes that generate at a time: one for each core, or as many as fit in memory.

    Args:
        config: The checkpoint's configuration.
        batches: Number of batches to generate.
        batch: Texts in each batch.
        length: Characters in each text.
        mode: Generation mode.
        sampling: Sampling settings.
        particles: The particles of each text; None for texts without constraints.

    Raises:
        CharlstmError: If one process does not fit beside this one, which has the model too.
    """
    from charlstm.inference.memory_checks import generation_bytes, smaller
    from charlstm.inference.memory_footprint import NO_PARTICLES, process_bytes
    from charlstm.machine import available_memory, check_memory, cores

    process, writing = (
        process_bytes(config.model, 1),
        generation_bytes(config, batch, length, mode, sampling, particles or NO_PARTICLES),
    )
    check_memory(
        {"the model in two processes": 2 * process, **writing}, ", or ".join(["reduce `length`", *smaller(config, mode)])
    )
    return max(1, min(cores(), batches, int((available_memory() - process) // (process + sum(writing.values())))))


def check_text(characters: int) -> None:
    """Refuse a text that does not fit in memory, before it is encoded."""
    from charlstm.inference.memory_footprint import read_bytes
    from charlstm.machine import check_memory

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
    from charlstm.machine import check_memory, cores

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
