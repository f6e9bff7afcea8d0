"""Checks that refuse to generate before it starts if it needs more memory than is available."""

from collections.abc import Sequence

from charlstm import machine
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.choices import Mode
from charlstm.inference.memory_footprint import NO_PARTICLES, Particles, logprob_bytes, process_bytes, text_bytes, writing_bytes
from charlstm.inference.sampling import Sampling


def check_generation(
    config: CheckpointConfig,
    texts: int,
    length: int,
    mode: Mode,
    sampling: Sampling,
    more_advice: Sequence[str] = (),
    *,
    logprobs: int | None = None,
    particles: Particles = NO_PARTICLES,
) -> None:
    """Refuse to generate more texts at a time than fit in memory.

    Args:
        config: The checkpoint's configuration.
        texts: Number of texts generated at a time.
        length: Characters in each. Several texts stay in memory until the last one is finished.
        mode: Generation mode. Stateless, each text has a state for every character of the window.
        sampling: Sampling settings.
        more_advice: Further ways to need less memory for several texts.
        logprobs: Number of likeliest characters that are kept for each character; None if no log-probabilities are.
        particles: The particles of each text.

    Raises:
        CharlstmError: If fewer bytes are available.
    """
    kept = length if texts > 1 or particles.count > 1 else 0  # a single text is yielded while it is generated
    needed = {
        "the model": process_bytes(config.model, machine.cores()),
        **generation_bytes(config, texts, kept, mode, sampling, particles),
    }
    if logprobs is not None:
        needed["log-probabilities"] = logprob_bytes(texts, length, logprobs)
    ways = ["reduce `samples` or `length`", *more_advice] if texts > 1 or logprobs is not None else []
    fewer = ["reduce `particles`"] * (particles.count > 1)
    machine.check_memory(needed, ", or ".join([*ways, *fewer, *smaller(config, mode)]))


def generation_bytes(
    config: CheckpointConfig, texts: int, length: int, mode: Mode, sampling: Sampling, particles: Particles = NO_PARTICLES
) -> dict[str, int]:
    """Return the bytes that texts need in addition to the model, by purpose."""
    constrained = {"particles": particles.nbytes(config.model, texts, length, mode)} if particles.tables else {}
    return {
        **writing_bytes(particles.reading(config.model), texts * particles.count, mode, sampling),
        **constrained,
        "texts": text_bytes(texts, length, latin=config.vocabulary.characters[-1] <= "\xff"),
    }


def smaller(config: CheckpointConfig, mode: Mode) -> list[str]:
    """Return the advice that reduces the memory for any number of texts."""
    stateful = f"choose `mode='stateful'`, which keeps one state a text instead of {config.model.seq_len:,}"
    return [stateful] * (mode == "stateless") + ["use a smaller model"]
