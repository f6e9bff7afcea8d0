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


class LogWriter:
    """Writer of the log. After an append that was interrupted, the next one begins at the same place."""

    def __init__(self, folder: Path, log: Log | None, encoding: str) -> None:
        """Continue a log, or begin one.

        Args:
            folder: The corpus.
            log: What the log has; None for a new one.
            encoding: Text encoding of the files.

        Raises:
            OSError: If it cannot be written.
        """
        self._path, self._files = folder / LOG, list(log.files) if log else []
        # One attribute, so that an interrupt changes both numbers or neither.
        self._logged = len(self._files), log.size if log else 0
        if log is None:
            self._logged = 0, self._write([{"format_version": 1, "text_encoding": encoding}])
            sync_folder(folder)

    @property
    def end(self) -> int:
        """Length of the text up to the end of the last file that was added."""
        return self._files[-1].end if self._files else 0

    @property
    def logged_end(self) -> int:
        """Length of the text up to the end of the last file in the log."""
        return self._files[self._logged[0] - 1].end if self._logged[0] else 0

    def add(self, file: ReadFile) -> None:
        """Add a file that is complete, without writing it."""
        self._files.append(file)

    def commit(self) -> None:
        """Write the files that were added, whose ids are safe on the disk.

        Raises:
            OSError: If the log cannot be written.
        """
        number = len(self._files)
        size = self._write([asdict(file) for file in self._files[self._logged[0] :]])
        self._logged = number, size

    def _write(self, lines: Sequence[dict[str, Any]]) -> int:
        """Write lines in place of what follows the complete ones; return the length of the log in bytes."""
        size, data = self._logged[1], b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        with self._path.open("ab") as file:
            file.truncate(size)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return size + len(data)


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
