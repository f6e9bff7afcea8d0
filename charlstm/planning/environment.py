"""The hardware and the versions of this machine, and the precision that is fastest on it."""

import platform
import re
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from charlstm.choices import Encoding, Precision
from charlstm.machine import cores
from charlstm.planning.cost_model import TWO_FAST_CORES, Speed

_PROCESSOR = Path("/proc/cpuinfo")
_GPUS = (Path("/dev/nvidia0"), Path("/dev/kfd"))
_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16"})

WITHOUT_AVX512 = 2.4
"""Time of a step in float32 on two cores without AVX-512, relative to two with it. Measurements: docs/results/recipes.md."""


def fastest_precision(batch_size: int, encoding: Encoding) -> Precision:
    """Return the precision in which the LSTM layers' matrix products are fastest without a loss of quality.

    That is bfloat16 on an x86 processor with instructions for it, which are detected on Linux only. The exceptions:

    - a single row: the product is a matrix times a vector, for which bfloat16 was slower;
    - the scalar encoding: neighbours in a large vocabulary differ in bits that bfloat16 does not have;
    - a GPU: bfloat16 was not measured there.

    Args:
        batch_size: Rows in a batch.
        encoding: The input encoding.
    """
    if batch_size == 1 or encoding == "scalar":
        return "float32"
    try:
        flags = _PROCESSOR.read_text(errors="replace").split()
    except OSError:
        return "float32"
    return "bfloat16" if not has_gpu() and _INSTRUCTIONS & set(flags) else "float32"


def has_gpu() -> bool:
    """Return whether there is a GPU; on systems other than Linux always False."""
    return any(device.exists() for device in _GPUS)


def machine_speed(*, alike: bool = False) -> Speed:
    """Estimate the speed of this machine from the number of its cores and their instructions, the same at any load.

    More cores than two may make up for missing instructions, but are never taken to be faster than two that have them: how a
    step gains from them was not measured. Processors other than x86, GPUs and systems other than Linux count as fast.

    Args:
        alike: True for the two fast cores everywhere: workers that train together may differ, and their plans may not.
    """
    try:
        flags = set(_PROCESSOR.read_text(errors="replace").split())
    except OSError:
        flags = set()
    if alike or has_gpu() or not flags & {"avx", "sse2"}:
        return TWO_FAST_CORES
    narrow, number = "avx512f" not in flags, cores()
    slowdown = (WITHOUT_AVX512 if narrow else 1.0) * 2 / number
    if slowdown <= 1:
        return TWO_FAST_CORES
    subject = "one core" if number == 1 else f"{number} cores"
    return Speed(slowdown, f"{subject}{' without AVX-512' * narrow} {'trains' if number == 1 else 'train'}")


def processor() -> str:
    """Return the processor's name, or its architecture if the system does not give a name."""
    with suppress(OSError):
        if known := re.search(r"model name\s*: (.*)", _PROCESSOR.read_text(errors="replace")):
            return known[1]
    return platform.processor() or platform.machine()


def environment_record() -> dict[str, str]:
    """Return the versions, the processor and the number of cores, on which the last digits of the results may depend."""
    return {**_versions(), "processor": processor(), "cores": str(cores())}


@cache  # called at every save, and reading a version parses a file
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("charlstm", "tensorflow", "keras", "numpy")}
