"""The formats of an export: how a name chooses one, which options it has, and what it may replace."""

import os
import zipfile
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import get_args

from charlstm.checkpoint.regular_files import real_path
from charlstm.choices import ExportFormat, OnnxInput
from charlstm.errors import ConfigError, check_choice, check_instance, join_alternatives
from charlstm.export.module import is_module
from charlstm.export.numpy_program import is_program, is_program_weights
from charlstm.export.saved_model_folder import is_saved_model
from charlstm.files import write_advice

SUFFIXES: dict[str, ExportFormat] = {
    ".html": "html",
    ".htm": "html",
    ".keras": "keras",
    ".onnx": "onnx",
    ".pt.safetensors": "torch",
    ".py": "numpy",
    ".tflite": "litert",
    ".savedmodel": "savedmodel",
}
"""The format by the end of the name; ``savedmodel`` alone is one too, and any other name without a suffix an ES module."""

FOLDERS: tuple[ExportFormat, ...] = ("module", "savedmodel")
"""Formats that are folders."""

WEB: tuple[ExportFormat, ...] = ("html", "module")
"""Formats that can store weights in float16."""


@dataclass(frozen=True, kw_only=True)
class FormatOptions:
    """Options of some formats.

    Attributes:
        stateful: ``keras``: layers that carry their state between calls, for one text.
        input: ``onnx``: character ids, or normalised windows.
        int8: ``litert``: large matrices as 8-bit integers, which take a quarter of the space.
    """

    stateful: bool = False
    input: OnnxInput = "ids"
    int8: bool = False

    def check(self, chosen: ExportFormat) -> None:
        """Refuse what the format does not know.

        Raises:
            ConfigError: If an option is for another format.
        """
        check_choice("input", self.input, get_args(OnnxInput))
        check_instance("stateful", self.stateful, bool, "True or False")
        check_instance("int8", self.int8, bool, "True or False")
        if self.stateful and chosen != "keras":
            raise ConfigError(setting="stateful", reason=f"it is for .keras files; {chosen} {_STATES[chosen]}")
        if self.input != "ids" and chosen != "onnx":
            raise ConfigError(setting="input", reason=f"it is for .onnx files, not for {chosen}")
        if self.int8 and chosen != "litert":
            raise ConfigError(setting="int8", reason=f"it is for .tflite files, not for {chosen}")


_STATES: dict[ExportFormat, str] = {
    **dict.fromkeys(WEB, "reads in both modes"),
    "savedmodel": "has both modes",
    **dict.fromkeys(("onnx", "torch", "numpy", "litert"), "takes and returns the state"),
}


def check_target(to: str | PathLike[str], file_format: ExportFormat | None = None) -> tuple[Path, ExportFormat]:
    """Return the path to write and the format.

    >>> check_target("ferry.html")[1], check_target("site/ferry")[1], check_target("savedmodel/")[1]
    ('html', 'module', 'savedmodel')

    Raises:
        ConfigError: If the format is unknown, the folder holds other files, or the path cannot be a file's.
    """
    check_instance("to", to, str | PathLike, "the path of a file or a folder")
    if str(to) in ("", "-"):
        raise ConfigError(setting="to", expected="the path of a file or a folder", found=str(to))
    try:
        return _checked(to, file_format)
    except OSError as error:  # such as a name that is too long
        raise ConfigError(f"{to} cannot be used ({error.strerror}); {write_advice(error)}", setting="to") from None


def _checked(to: str | PathLike[str], file_format: ExportFormat | None) -> tuple[Path, ExportFormat]:
    path = Path(to)
    name = path.name.lower()
    name = f".{name}" if name == "savedmodel" else name
    by_suffix = next((each for end, each in SUFFIXES.items() if name.endswith(end)), None)
    if file_format is None:
        if by_suffix is None and path.suffix and not path.is_dir():
            expected = (
                f"a file that ends in {join_alternatives([*SUFFIXES])}, or a folder (`format='module'` if its name has a dot)"
            )
            if name.endswith((".pt", ".pth", ".safetensors")):
                expected = f"a file that ends in .pt.safetensors for PyTorch, such as {path.stem}.pt.safetensors"
            raise ConfigError(setting="to", expected=expected, found=str(to))
        file_format = by_suffix or "module"
    check_choice("format", file_format, get_args(ExportFormat))
    if by_suffix not in (None, file_format):
        reason = f"{path.name} is the name of a file for {by_suffix}, not for {file_format}; change one of them"
        raise ConfigError(setting="format", reason=reason)
    if file_format in FOLDERS:
        if path.exists() and not path.is_dir():
            raise ConfigError(setting="to", expected="a folder", found=str(to))
        existing = next(each for each in (path, *real_path(path).parents) if os.path.lexists(each))
        if not existing.is_dir():
            raise ConfigError(setting="to", expected=f"a folder that can be made; {existing} is in the way", found=str(to))
        if file_format == "savedmodel" and real_path(".").is_relative_to(real_path(path)):
            raise ConfigError(setting="to", expected="a folder other than the current one, since it is replaced", found=str(to))
        if path.is_dir() and any(path.iterdir()) and not (is_module if file_format == "module" else is_saved_model)(path):
            raise ConfigError(setting="to", expected="an empty folder, or one of an earlier export", found=str(to))
    elif file_format == "numpy" and path.suffix.lower() != ".py":  # its weights get the same name with another suffix
        raise ConfigError(setting="to", expected="a file that ends in .py", found=str(to))
    elif path.is_dir() or str(to).endswith(("/", os.sep)):
        raise ConfigError(setting="to", expected=f"a file such as {path.stem}.html", found=str(to))
    return path, file_format


def check_replaced(path: Path, chosen: ExportFormat) -> None:
    """Check that an export replaces only what an export wrote, the weights beside a program included.

    Raises:
        ConfigError: If it would replace another file.
    """
    if path.is_file() and path.stat().st_size and not _is_exported(path, chosen):
        raise ConfigError(f"{path.name} exists, and no export wrote it; name another file, or remove that one", setting="to")
    weights = path.with_suffix(".safetensors")
    if chosen == "numpy" and os.path.lexists(weights) and not (path.exists() and is_program_weights(weights)):
        reason = f"the weights of {path.name} would replace {weights.name}, which is not theirs; name another file"
        raise ConfigError(reason, setting="to")


def _is_exported(path: Path, chosen: ExportFormat) -> bool:
    """Return whether a file is an export in a format: all of them name charlstm, or hold an example of their use."""
    if chosen == "numpy":
        return is_program(path)
    try:
        if chosen in ("keras", "litert"):
            with zipfile.ZipFile(path) as archive:
                return {"README.py", "vocabulary.json"} <= {*archive.namelist()}
        return b"charlstm" in path.read_bytes()
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def check_file(path: Path) -> None:
    """Check that a file can be written to a path. The command has checked more, with messages of its own.

    Raises:
        ConfigError: If its folder does not exist, or it is a link to nothing.
    """
    if not path.parent.is_dir():
        found = "is not a folder" if path.parent.exists() else "does not exist"
        raise ConfigError(f"the folder {path.parent} {found}; name a file in a folder that exists", setting="to")
    if path.is_symlink() and not path.exists():
        raise ConfigError(f"{path} is a link to {path.readlink()}, which does not exist; name another file", setting="to")
