"""What this machine computes fastest in."""

from pathlib import Path

from charlstm.config import Precision

_PROCESSOR = Path("/proc/cpuinfo")
_GPUS = (Path("/dev/nvidia0"), Path("/dev/kfd"))
_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16"})


def fastest_precision(batch_size: int) -> Precision:
    """The precision in which the LSTM layers' products are fastest, as far as that was measured.

    That is bfloat16 on a processor with instructions for it, known on Linux only, unless there is a single row: then a
    product is a matrix times a vector, in which bfloat16 was slower. On a GPU nothing was measured.

    Args:
        batch_size: Rows in a batch.
    """
    try:
        flags = _PROCESSOR.read_text(errors="replace").split()
    except OSError:
        return "float32"
    has_gpu = any(device.exists() for device in _GPUS)
    return "bfloat16" if batch_size > 1 and not has_gpu and _INSTRUCTIONS & set(flags) else "float32"
