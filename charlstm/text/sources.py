"""Sources of a text: files, folders, patterns, standard input and pipes."""

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import IO, Any

from charlstm.errors import ConfigError, CorpusError
from charlstm.text.compression import unpacked, without_suffix
from charlstm.text.prepared_corpus import is_prepared

COPIED_BYTES = 1 << 20
"""Bytes per block when a pipe is copied to a temporary file."""

GIVEN_AS_STRING = "<text>"
"""Stands for the path of a text that a Python program gave as a string."""

KEPT_OPEN = 100
"""Files that stay open between the two passes. Some systems allow 256 open files, and a folder may have thousands."""

_MAX_NAMES = 5
_MAX_JOINED = 10

Note = Callable[[str], object]
"""A callback that receives a remark about a text, one sentence per call; this package prints nothing itself."""


@dataclass(frozen=True)
class Source:
    """A file that can be read more than once.

    Attributes:
        label: Its name in messages.
        open: Returns the open file as a context manager, which closes it unless the file is still needed.
    """

    label: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def source_list(sources: Any, setting: str, *, least: int = 1) -> list[str]:
    """Return the paths of a setting that is one path or several.

    Raises:
        ConfigError: If it is anything else, or has fewer than ``least`` paths.
    """
    paths = [sources] if isinstance(sources, str | PathLike) else sources
    if not isinstance(paths, Sequence) or len(paths) < least or not all(isinstance(path, str | PathLike) for path in paths):
        raise ConfigError(setting=setting, expected="the path of a text file, or several", found=sources)
    return [str(path) for path in paths]


def expand_sources(sources: Sequence[str | Path], note: Note) -> tuple[str, ...]:
    """Return the files of sources, with folders expanded to their ``*.txt`` files and patterns to the matching files.

    Compressed files (``*.txt.gz`` and the like) count as texts. The files of a folder or a pattern are sorted by name. A path
    that exists is never treated as a pattern.

    Args:
        sources: Paths; ``-`` is standard input.
        note: Receives a sentence with the files of each folder or pattern.

    Raises:
        CorpusError: If a folder or a pattern has no file, or a folder is a prepared corpus, which has no files to read.
    """
    paths: list[str] = []
    for source in map(str, sources):
        found = [source]
        if source != "-" and _is_folder(source):
            if is_prepared(source):
                raise CorpusError(f"{source} is already prepared; train on it, or prepare the files themselves")
            found = _texts_in(Path(source))
            if not found:
                folder = Path(source)
                raise CorpusError(
                    f"{source} is a directory with no .txt file in it; name its files, for example '{folder / '*.md'}', or "
                    f"'{folder / '**' / '*.txt'}' for those in the folders inside it"
                )
        elif _is_pattern(source):
            matching = glob.glob(source, recursive=True)  # noqa: PTH207 (a path's own glob takes no absolute pattern)
            found = sorted(path for path in matching if Path(path).is_file())
            if not found:
                raise CorpusError(f"{source} matches no file; check the folder and the pattern")
        if found != [source]:
            note(_files_of(source, found))
            if inner := _folder_with_texts(source):
                others = f"'{Path(source) / '**' / '*.txt'}' includes them"
                note(_on_one_line(f"The texts in folders inside {source}, such as {inner}, are left out; {others}."))
        paths.extend(found)
    return tuple(paths)


def _texts_in(folder: Path) -> list[str]:
    """Return the ``*.txt`` files of a folder, sorted by name; a compressed one counts unless the file itself is there too."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()}
    texts = (name for name in names if without_suffix(name).lower().endswith(".txt"))
    return sorted(str(folder / name) for name in texts if (plain := without_suffix(name)) == name or plain not in names)


def _folder_with_texts(source: str) -> str | None:
    """Return the name of the first folder with texts inside a folder; None if there is none, or if the source is no folder."""
    if not _is_folder(source):
        return None
    inside = sorted(path for path in Path(source).iterdir() if path.is_dir() and not path.name.startswith("."))
    return next((path.name for path in inside if os.access(path, os.R_OK | os.X_OK) and _texts_in(path)), None)


def _is_folder(source: str) -> bool:
    try:
        return bool(source) and Path(source).is_dir()
    except (OSError, ValueError):  # opening the source reports the error
        return False


def _is_pattern(source: str) -> bool:
    try:
        return any(character in source for character in "*?[") and not Path(source).exists()
    except (OSError, ValueError):
        return False


def _files_of(source: str, found: Sequence[str]) -> str:
    names = [Path(path).name for path in found]
    listed = ", ".join(names if len(names) <= _MAX_NAMES + 1 else [*names[: _MAX_NAMES - 1], "…", names[-1]])
    return _on_one_line(f"{source}: {len(names):,} file{'s' * (len(names) != 1)}, {listed}.")


def joined_name(paths: Sequence[str]) -> str:
    """Return the name of a text from these files: the names of the first files, and the number of further ones."""
    names = [label_of(path) if path == "-" else Path(path).name for path in paths]
    if len(names) > _MAX_JOINED:
        names[_MAX_JOINED - 1 :] = [f"{len(names) - _MAX_JOINED + 1:,} more"]
    # A file name need not be UTF-8; a model card must be.
    return " + ".join(names).encode("utf-8", "backslashreplace").decode()


def label_of(source: str | Path) -> str:
    """Return the name of a source in messages."""
    return "standard input" if str(source) == "-" else _on_one_line(str(source))


def _on_one_line(text: str) -> str:
    """Return a message with the line ends in its file names shown as pictures."""
    return text.translate({0x0A: 0x240A, 0x0D: 0x240D})


@contextmanager
def open_sources(paths: Sequence[str | Path]) -> Iterator[list[Source]]:
    """Open files such that each can be read more than once inside the context.

    Raises:
        CorpusError: If a file cannot be opened.
    """
    with ExitStack() as stack:
        sources = []
        for number, path in enumerate(paths):
            keep = number < KEPT_OPEN or not Path(path).is_file()
            reopen = _keep_open(stack.enter_context(open_file(path))) if keep else partial(open_file, path)
            sources.append(Source(label_of(path), reopen))
        yield sources


def _keep_open(file: IO[bytes]) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: nullcontext(file)


def open_file(source: str | Path) -> IO[bytes]:
    """Open a source for reading twice, unpacked; a source without seeking, such as a pipe, is copied to a temporary file.

    Raises:
        CorpusError: If it cannot be opened.
    """
    try:
        if not str(source):
            raise ValueError("empty")
        file = sys.stdin.buffer if str(source) == "-" else Path(source).open("rb")  # noqa: SIM115 (the caller closes it)
        if file.seekable() and str(source) != "-":
            return _unpacked(file, str(source))
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        shutil.copyfileobj(file, copy, COPIED_BYTES)
        if str(source) != "-":
            file.close()
        copy.seek(0)
        return _unpacked(copy, label_of(source))
    except FileNotFoundError:
        raise CorpusError(f"{source} does not exist; give the path of a text file, or - for standard input") from None
    except IsADirectoryError:
        raise CorpusError(f"{source} is a directory; give the text files in it, for example {source}/*.txt") from None
    except ValueError:
        raise CorpusError(f"{str(source)!r} cannot be the name of a file; give the path of a text file") from None
    except OSError as error:
        raise CorpusError(f"{source} cannot be read ({error.strerror}); check the file and its permissions") from None


def _unpacked(file: IO[bytes], label: str) -> IO[bytes]:
    try:
        return unpacked(file, label)
    except BaseException:
        file.close()
        raise
