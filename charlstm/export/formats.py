"""The formats of an export, and writing them."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import get_args

from charlstm.checkpoint.atomic import make_folder, translate_write_errors, write_advice, write_atomically
from charlstm.checkpoint.config_file import CheckpointConfig
from charlstm.checkpoint.regular_files import real_path
from charlstm.checkpoint.weights import Weights
from charlstm.choices import ExportFormat, OnnxInput, WeightsFormat
from charlstm.errors import ConfigError, check_choice, check_instance, join_alternatives
from charlstm.export.card import Card, make_card
from charlstm.export.html import html_page
from charlstm.export.keras_file import keras_file
from charlstm.export.module import EXAMPLES, MODEL, module_files
from charlstm.export.numpy_program import program_files
from charlstm.export.onnx_file import onnx_file
from charlstm.export.torch_file import torch_file

SUFFIXES: dict[str, ExportFormat] = {
    ".html": "html",
    ".htm": "html",
    ".keras": "keras",
    ".onnx": "onnx",
    ".pt.safetensors": "torch",
    ".py": "numpy",
}
"""The format of a file by the end of its name; a name without a suffix is a folder, for an ES module."""

WEB: tuple[ExportFormat, ...] = ("html", "module")
"""Formats that can store weights in float16."""


@dataclass(frozen=True, kw_only=True)
class FormatOptions:
    """Options of some formats.

    Attributes:
        stateful: ``keras``: layers that carry their state between calls, for one text.
        input: ``onnx``: character ids, or normalised windows.
    """

    stateful: bool = False
    input: OnnxInput = "ids"

    def check(self, chosen: ExportFormat) -> None:
        """Refuse what the format does not know.

        Raises:
            ConfigError: If an option is for another format.
        """
        check_choice("input", self.input, get_args(OnnxInput))
        check_instance("stateful", self.stateful, bool, "True or False")
        if self.stateful and chosen != "keras":
            raise ConfigError(setting="stateful", reason=f"it is for .keras files; {chosen} {_STATES[chosen]}")
        if self.input != "ids" and chosen != "onnx":
            raise ConfigError(setting="input", reason=f"it is for .onnx files, not for {chosen}")


_STATES: dict[ExportFormat, str] = {
    **dict.fromkeys(WEB, "reads in both modes"),
    **dict.fromkeys(("onnx", "torch", "numpy"), "takes and returns the state"),
}


@dataclass(frozen=True)
class Exported:
    """An exported model.

    Attributes:
        path: The file or folder.
        format: Its format.
        size: Its size in bytes.
        card: Its description of the model.
        unmeasured: Why the card has no score; empty if it has one.
    """

    path: Path
    format: ExportFormat
    size: int
    card: Card
    unmeasured: str


def export_model(
    folder: Path,
    checkpoint: CheckpointConfig,
    weights: Weights,
    to: str | PathLike[str],
    *,
    name: str,
    file_format: ExportFormat | None = None,
    weights_format: WeightsFormat | None = None,
    corpus: Sequence[str] = (),
    options: FormatOptions | None = None,
) -> Exported:
    """Write a model in another format. A file is replaced atomically; a folder must be empty or an earlier export.

    Args:
        folder: Folder of the checkpoint.
        checkpoint: Its configuration.
        weights: Its weights.
        to: The file or the folder to write.
        name: Name of the model.
        file_format: The format; the suffix decides if None.
        weights_format: The format of the stored weights: float16 by default for a browser, float32 otherwise.
        corpus: Paths of the corpus, on whose held-out end weights in float16 are scored.
        options: Options of some formats.

    Raises:
        ConfigError: If the format is unknown, cannot hold the model or has no such option, or a weight is too large for
            ``weights_format``.
        CharlstmError: If ``corpus`` is another text, or the file cannot be written.
    """
    path, chosen = check_target(to, file_format)
    weights_format = weights_format or ("float16" if chosen in WEB else "float32")
    check_choice("weights", weights_format, get_args(WeightsFormat))
    if weights_format == "float16" and chosen not in WEB:
        reason = f"{chosen} has weights in float32; float16 is for {' and '.join(WEB)}"
        raise ConfigError(setting="weights", reason=reason)
    options = options or FormatOptions()
    options.check(chosen)
    if chosen != "module":
        _check_page(path)
    card, unmeasured = make_card(folder, checkpoint, weights, weights_format, corpus, measure=chosen in WEB)
    if chosen != "module":
        if chosen == "html":
            made = {path.name: html_page(checkpoint, weights, name, card, weights_format).encode()}
        else:
            made = _files(chosen, checkpoint, weights, name, path.name, options)
        for file, content in made.items():
            write_atomically(real_path(path.with_name(file)), content)
        return Exported(path, chosen, sum(map(len, made.values())), card, unmeasured)
    files = module_files(checkpoint, weights, name, weights_format)
    for file, content in files.items():
        if file in EXAMPLES and (path / file).exists():  # which the user may have changed
            continue
        with translate_write_errors(path / file):
            make_folder((path / file).parent)
        write_atomically(path / file, content)
    return Exported(path, chosen, sum(map(len, files.values())), card, unmeasured)


def _files(
    chosen: ExportFormat, checkpoint: CheckpointConfig, weights: Weights, name: str, file: str, options: FormatOptions
) -> dict[str, bytes]:
    """Return the files of a format, by name: the one that was named, and what it needs beside it."""
    if chosen == "keras":
        return {file: keras_file(checkpoint, weights, file, stateful=options.stateful)}
    if chosen == "onnx":
        return {file: onnx_file(checkpoint, weights, name, file, window=options.input == "window")}
    if chosen == "torch":
        return {file: torch_file(checkpoint, weights, name, file)}
    return program_files(checkpoint, weights, name, file)


def check_target(to: str | PathLike[str], file_format: ExportFormat | None = None) -> tuple[Path, ExportFormat]:
    """Return the path to write and the format.

    >>> check_target("ferry.html")[1], check_target("site/ferry")[1]
    ('html', 'module')

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
    if file_format is None:
        by_suffix = next((each for end, each in SUFFIXES.items() if path.name.lower().endswith(end)), None)
        if by_suffix is None and path.suffix and not path.is_dir():
            expected = (
                f"a file that ends in {join_alternatives([*SUFFIXES])}, or a folder (`format=module` if its name has a dot)"
            )
            raise ConfigError(setting="to", expected=expected, found=str(to))
        file_format = by_suffix or "module"
    check_choice("format", file_format, get_args(ExportFormat))
    if file_format == "module":
        if path.exists() and not path.is_dir():
            raise ConfigError(setting="to", expected="a folder", found=str(to))
        existing = next(each for each in (path, *real_path(path).parents) if os.path.lexists(each))
        if not existing.is_dir():
            raise ConfigError(setting="to", expected=f"a folder that can be made; {existing} is in the way", found=str(to))
        if path.is_dir() and any(path.iterdir()) and not _is_export(path):
            raise ConfigError(setting="to", expected="an empty folder, or one of an earlier export", found=str(to))
    elif file_format == "numpy" and path.suffix.lower() != ".py":  # its weights get the same name with another suffix
        raise ConfigError(setting="to", expected="a file that ends in .py", found=str(to))
    elif path.is_dir() or str(to).endswith(("/", os.sep)):
        raise ConfigError(setting="to", expected=f"a file such as {path.stem}.html", found=str(to))
    return path, file_format


def _check_page(path: Path) -> None:
    """Check that a page can be written to a path. The command has checked more, with messages of its own.

    Raises:
        ConfigError: If its folder does not exist, or it is a link to nothing.
    """
    if not path.parent.is_dir():
        found = "is not a folder" if path.parent.exists() else "does not exist"
        raise ConfigError(f"the folder {path.parent} {found}; name a file in a folder that exists", setting="to")
    if path.is_symlink() and not path.exists():
        raise ConfigError(f"{path} is a link to {path.readlink()}, which does not exist; name another file", setting="to")


def _is_export(folder: Path) -> bool:
    """Return whether a folder is an earlier export: it has the engine, and a manifest with weights."""
    try:
        manifest = json.loads((folder / MODEL).read_bytes())
        return "weights" in manifest and "vocabulary" in manifest and (folder / "engine" / "index.js").is_file()
    except (OSError, ValueError, TypeError, RecursionError):
        return False
