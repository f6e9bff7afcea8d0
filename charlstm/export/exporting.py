"""Writing an export: what a format's module returns becomes a file, or a folder."""

import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import get_args

from charlstm.checkpoint.atomic import make_folder, translate_write_errors, write_atomically
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.regular_files import real_path
from charlstm.checkpoint.weights import Weights
from charlstm.choices import ExportFormat, WeightsFormat
from charlstm.errors import CheckpointError, ConfigError, check_choice
from charlstm.export.card import Card, make_card
from charlstm.export.formats import FOLDERS, WEB, FormatOptions, check_file, check_replaced, check_target
from charlstm.export.html import html_page
from charlstm.export.keras_file import keras_file
from charlstm.export.litert_file import litert_file, litert_surprisal
from charlstm.export.module import ENGINE, EXAMPLES, module_files
from charlstm.export.numpy_program import program_files
from charlstm.export.onnx_file import onnx_file
from charlstm.export.saved_model_folder import saved_model_files
from charlstm.export.torch_file import torch_file
from charlstm.files import sync_folder


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
    text_encoding: str = "utf-8",
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
        corpus: Paths of the corpus, on whose held-out end weights in float16 or int8 are scored.
        text_encoding: Text encoding of these files.
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
    if corpus and chosen not in WEB and not options.int8:
        scored = f"{' and '.join(WEB)}, and for .tflite files in int8"
        raise ConfigError(
            setting="corpus", reason=f"it scores rounded weights, for {scored}; {chosen} has all weights as they are"
        )
    if chosen not in FOLDERS:
        check_file(path)
        check_replaced(path, chosen)
    if chosen in WEB:
        card, unmeasured = make_card(folder, checkpoint, weights, weights_format, corpus, text_encoding=text_encoding)
    if chosen == "html":
        files = {path.name: html_page(checkpoint, weights, name, card, weights_format).encode()}
    elif chosen == "module":
        files = module_files(checkpoint, weights, name, weights_format)
    else:
        files = _files(chosen, checkpoint, weights, name, path.name or real_path(path).name, options)
        score = partial(litert_surprisal, files[path.name], checkpoint.model) if options.int8 else None
        card, unmeasured = make_card(
            folder,
            checkpoint,
            weights,
            weights_format,
            corpus,
            text_encoding=text_encoding,
            measure=options.int8,
            stored_surprisal=score,
        )
    if chosen == "module":
        _write_module(path, files)
    elif chosen == "savedmodel":
        _replace_folder(path, files)
    else:
        _write_files(path, files)
    return Exported(path, chosen, sum(map(len, files.values())), card, unmeasured)


def _files(
    chosen: ExportFormat, checkpoint: CheckpointConfig, weights: Weights, name: str, file: str, options: FormatOptions
) -> dict[str, bytes]:
    """Return the files of a format, by name: the one that was named, and what it needs beside it."""
    match chosen:
        case "keras":
            return {file: keras_file(checkpoint, weights, file, stateful=options.stateful)}
        case "onnx":
            return {file: onnx_file(checkpoint, weights, name, file, window=options.input == "window")}
        case "torch":
            return {file: torch_file(checkpoint, weights, name, file)}
        case "litert":
            return {file: litert_file(checkpoint, weights, file, int8=options.int8)}
        case "savedmodel":
            return saved_model_files(checkpoint, weights, file)
        case _:
            return program_files(checkpoint, weights, name, file)


def _write_files(path: Path, files: dict[str, bytes]) -> None:
    """Write a file, and those beside it; remove those that were new if one fails."""
    targets = {real_path(path.with_name(file)): content for file, content in files.items()}
    new = [target for target in targets if not target.exists()]
    try:
        for target, content in targets.items():
            write_atomically(target, content)
    except BaseException:
        for target in new:
            target.unlink(missing_ok=True)
        raise


def _write_module(path: Path, files: dict[str, bytes]) -> None:
    """Write the files of a folder; keep the examples of an earlier export, which the user may have changed."""
    is_new = not path.exists() or not any(path.iterdir())
    if is_new and real_path(path) != real_path("."):  # a folder that a process is in cannot be replaced
        _replace_folder(path, files)
        return
    for file, content in files.items():
        if file in EXAMPLES and (path / file).exists():
            continue
        with translate_write_errors(path / file):
            make_folder((path / file).parent)
        try:
            write_atomically(path / file, content)
        except CheckpointError:
            if is_new:  # a part of a module would be in the way of another attempt
                for each in files:
                    (path / each).unlink(missing_ok=True)
                (path / ENGINE.name).rmdir()
            raise


def _replace_folder(path: Path, files: dict[str, bytes]) -> None:
    """Write a folder whose files belong together beside its place, and move it there at once."""
    target = real_path(path)
    mark = secrets.token_hex(4)
    new, old = target.with_name(f".{target.name}.{mark}.new"), target.with_name(f".{target.name}.{mark}.old")
    try:
        with translate_write_errors(path):
            for file, content in files.items():
                make_folder((new / file).parent)
                write_atomically(new / file, content)
            if target.exists():
                target.rename(old)
            try:
                new.rename(target)
            except BaseException:  # Ctrl-C too
                with suppress(OSError):
                    old.rename(target)
                raise
            sync_folder(target.parent)
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(str(new), str(path))) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
