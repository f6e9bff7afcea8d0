"""What there is on this machine, and what it computes fastest in."""

import os
import platform
import re
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from charlstm.config import Encoding, Precision

_PROCESSOR = Path("/proc/cpuinfo")
_GPUS = (Path("/dev/nvidia0"), Path("/dev/kfd"))
_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16"})


def fastest_precision(batch_size: int, encoding: Encoding) -> Precision:
    """The precision in which the LSTM layers' products are fastest and lose nothing, as far as that was measured.

    That is bfloat16 on an x86 processor with instructions for it, known on Linux only. Not with a single row: a product is then
    a matrix times a vector, in which bfloat16 was slower. Not with the scalar encoding: neighbours in a large alphabet
    differ in bits that bfloat16 does not have. On a GPU nothing was measured.

    Args:
        batch_size: Rows in a batch.
        encoding: What the network reads.
    """
    if batch_size == 1 or encoding == "scalar":
        return "float32"
    try:
        flags = _PROCESSOR.read_text(errors="replace").split()
    except OSError:
        return "float32"
    return "bfloat16" if not has_gpu() and _INSTRUCTIONS & set(flags) else "float32"


def has_gpu() -> bool:
    """Whether there is a GPU, known on Linux only."""
    return any(device.exists() for device in _GPUS)


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    with suppress(OSError):
        if known := re.search(r"model name\s*: (.*)", _PROCESSOR.read_text(errors="replace")):
            return known[1]
    return platform.processor() or platform.machine()


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment_record() -> dict[str, str]:
    """What the last digits of a training's numbers may depend on, besides its settings: versions, the processor, its cores."""
    return {**_versions(), "processor": processor(), "cores": str(cores())}


@cache  # every save asks, and the metadata of a package is a file to parse
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("charlstm", "tensorflow", "keras", "numpy")}
