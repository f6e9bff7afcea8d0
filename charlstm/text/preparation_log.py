"""The log of a preparation: ``files.jsonl``, a line for the settings and a line for each file that is complete.

A line is written after the ids that it counts are safe on the disk. A line that is cut off, as after a power cut, does not
count.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from charlstm.errors import CorpusError
from charlstm.files import open_regular, sync_folder
from charlstm.text.prepared_corpus import LOG

_MAX_LINE = 32 << 20
_Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """A file of a corpus that has been read to its end.

    Attributes:
        path: Its absolute path.
        size: Its size in bytes.
        modified: Time of its last change, in nanoseconds.
        end: Length of the text up to the end of the file, in characters.
        new: The characters that occur in no file before, in the order in which they appear.
        sha256: SHA-256 of the text up to the end of the file.
    """

    path: str
    size: _Size
    modified: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    end: _Size
    new: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Log:
    """The log of a preparation.

    Attributes:
        encoding: Text encoding of the files.
        files: The files that are complete.
        size: Length of the complete lines in bytes.
    """

    encoding: str
    files: tuple[ReadFile, ...]
    size: int


def begin_log(folder: Path, encoding: str) -> None:
    """Begin the log of a preparation.

    Raises:
        OSError: If it cannot be written.
    """
    _append(folder / LOG, [{"format_version": 1, "text_encoding": encoding}])
    sync_folder(folder)


def append_files(folder: Path, files: Sequence[ReadFile]) -> None:
    """Log files whose ids are safe on the disk.

    Raises:
        OSError: If the log cannot be written.
    """
    _append(folder / LOG, [asdict(file) for file in files])


def read_log(folder: Path) -> Log | None:
    """Return the log of a preparation; None if there is none.

    Raises:
        CorpusError: If it is damaged, or cannot be read.
    """
    path, encoding, files, size = folder / LOG, "", [], 0
    try:
        with open_regular(path) as file:
            while (line := file.readline(_MAX_LINE)).endswith(b"\n"):
                size += len(line)
                if encoding:
                    files.append(msgspec.convert(json.loads(line), ReadFile))
                    files[-1].new.encode()  # raises for lone surrogates
                else:
                    encoding = msgspec.convert(json.loads(line)["text_encoding"], str)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); check the file and its permissions") from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise CorpusError(f"{path} is damaged; remove {folder}, and prepare the corpus again") from None
    return Log(encoding=encoding, files=tuple(files), size=size) if encoding else None


def cut_log(folder: Path, size: int) -> None:
    """Remove what follows the complete lines of a log.

    Raises:
        OSError: If it cannot be written.
    """
    os.truncate(folder / LOG, size)


def _append(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("ab") as file:
        file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
