"""Prepared corpora on disk: a folder with the ids of a text, made once and opened at once by any number of processes.

- ``ids.u8``, ``ids.u16`` or ``ids.u32``: the ids, little-endian, in the order in which the characters first appear;
- ``corpus.json``: the record of the corpus, written last. A folder without it is incomplete;
- ``files.jsonl``: the files that were read (:mod:`charlstm.text.preparation_log`), which only preparing needs.

A folder can come from a stranger: only ordinary files are opened, and every number in the record is bounded and compared with
the others. Opening compares the size of the ids with their number. :func:`check_prepared` reads all of them.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import SEEK_END
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from charlstm import __version__
from charlstm.config import build, to_dict
from charlstm.errors import ConfigError, CorpusError, clip_text
from charlstm.files import open_regular, replace_file
from charlstm.text.overlap import SKETCH_HASHES
from charlstm.text.prepared_ids import CorpusSummary
from charlstm.text.vocabulary import UNICODE, code_points

RECORD = "corpus.json"
LOG = "files.jsonl"
FORMAT_VERSION = 1
KEPT_HASHES = 4 * SKETCH_HASHES
"""Most hashes in a record. A sketch of all but the end of the text is then among them, unless that end is most of the text."""

_MAX_BYTES = 64 << 20
_MAX_NAME = 1 << 21
_BLOCK = 1 << 20
_Count = Annotated[int, Meta(ge=1, le=2**53)]


@dataclass(frozen=True, kw_only=True)
class PreparedRecord:
    """The content of ``corpus.json``.

    Attributes:
        format_version: 1.
        charlstm_version: Version of charlstm that prepared the corpus.
        name: File names of the text, without folders.
        fingerprint: SHA-256 of the text in UTF-8.
        files: Number of files.
        characters: Length N of the text.
        id_bytes: Bytes of an id: 1, 2 or 4.
        vocabulary: The characters in the order of their ids.
        counts: Occurrences of each of them.
        hashes: See :class:`charlstm.text.prepared_ids.CorpusSummary`.
        ends: As ``hashes``.
    """

    format_version: Annotated[int, Meta(ge=1, le=FORMAT_VERSION)]
    charlstm_version: Annotated[str, Meta(max_length=100)] = __version__
    name: Annotated[str, Meta(max_length=_MAX_NAME)]
    fingerprint: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    files: _Count
    characters: _Count
    id_bytes: Annotated[int, Meta(ge=1, le=4)]
    vocabulary: Annotated[str, Meta(min_length=2, max_length=UNICODE)]
    counts: Annotated[tuple[_Count, ...], Meta(min_length=2, max_length=UNICODE)]
    hashes: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(max_length=KEPT_HASHES)]
    ends: Annotated[tuple[_Count, ...], Meta(max_length=KEPT_HASHES)]

    @property
    def summary(self) -> CorpusSummary:
        """What was counted in the text."""
        return CorpusSummary(
            counts=np.array(self.counts, np.int64),
            hashes=np.array(self.hashes, np.uint64),
            ends=np.array(self.ends, np.int64),
            complete=len(self.hashes) < KEPT_HASHES,
        )


@dataclass(frozen=True)
class PreparedCorpus:
    """A prepared corpus that is open.

    Attributes:
        record: Its record.
        ids: The stored ids, memory-mapped: ``[N]``.
    """

    record: PreparedRecord
    ids: NDArray[Any]


def ids_file(folder: Path, id_bytes: int) -> Path:
    """Return the file of the ids of a prepared corpus."""
    return folder / f"ids.u{8 * id_bytes}"


def id_type(id_bytes: int) -> np.dtype[Any]:
    """Return the type of stored ids."""
    return np.dtype(f"<u{id_bytes}")


def is_prepared(source: str | Path) -> bool:
    """Return whether a path leads to a prepared corpus, which may be incomplete."""
    try:
        ids = any(os.path.lexists(ids_file(Path(source), width)) for width in (1, 2, 4))
        return ids or all((Path(source) / name).is_file() for name in (RECORD, LOG))
    except (OSError, ValueError):
        return False


def write_record(folder: Path, record: PreparedRecord) -> None:
    """Write the record of a corpus, which makes it complete.

    Raises:
        OSError: If it cannot be written.
    """
    values = to_dict(record)
    replace_file(folder / RECORD, (json.dumps({**values, "sha256": _digest(values)}, indent=1) + "\n").encode())


def open_prepared(folder: Path) -> PreparedCorpus:
    """Open a prepared corpus. Its ids are not read.

    Raises:
        CorpusError: If it is incomplete or damaged, or of a newer format.
    """
    record = _read_record(folder)
    path, size = ids_file(folder, record.id_bytes), record.characters * record.id_bytes
    try:
        with open_regular(path) as file:
            found = file.seek(0, SEEK_END)
            if found != size:
                raise CorpusError(
                    f"{path} is damaged: expected {size:,} bytes for {record.characters:,} ids; found {found:,}; remove "
                    f"{folder}, and prepare the corpus again"
                )
            mapped = np.memmap(file, id_type(record.id_bytes), "r", shape=(record.characters,))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); remove {folder}, and prepare the corpus again") from None
    return PreparedCorpus(record, mapped.view(np.ndarray))


def check_prepared(folder: Path, progress: Callable[[int], object] = lambda _: None) -> PreparedRecord:
    """Read all ids of a prepared corpus, and compare the text with its fingerprint.

    Args:
        folder: The corpus.
        progress: Called with the number of characters read, again and again.

    Raises:
        CorpusError: If it is incomplete, or differs from its record.
    """
    opened = open_prepared(folder)
    record, digest = opened.record, hashlib.sha256()
    codes, counts = code_points(record.vocabulary), np.zeros(len(record.vocabulary), np.int64)
    for start in range(0, record.characters, _BLOCK):
        block = opened.ids[start : start + _BLOCK]
        if block.max() >= len(codes):
            raise CorpusError(_damaged(folder, f"an id after {start:,} characters stands for no character"))
        counts += np.bincount(block, minlength=len(counts))
        digest.update(codes[block].tobytes().decode("utf-32-le").encode())
        progress(len(block))
    if digest.hexdigest() != record.fingerprint or counts.tolist() != list(record.counts):
        raise CorpusError(_damaged(folder, "its ids are not those of the text with its fingerprint"))
    return record


def _damaged(folder: Path, why: str) -> str:
    return f"{folder} is damaged: {why}; remove it, and prepare the corpus again"


def _read_record(folder: Path) -> PreparedRecord:
    path = folder / RECORD
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise CorpusError(_damaged(folder, f"{RECORD} has more than {_MAX_BYTES:,} bytes"))
        values = json.loads(content)
    except FileNotFoundError:
        if not folder.exists():
            raise CorpusError(f"{folder} does not exist; check the name") from None
        raise CorpusError(
            f"{folder} is not completely prepared: it has no {RECORD}; continue with the command that began it"
        ) from None
    except NotADirectoryError:
        raise CorpusError(f"{folder} is a file; name the folder of a prepared corpus") from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); check the file and its permissions") from None
    except (ValueError, RecursionError):
        raise CorpusError(_damaged(folder, f"{RECORD} is not JSON")) from None
    if not isinstance(values, dict) or type(version := values.get("format_version")) is not int:
        raise CorpusError(f"{path} is not the record of a prepared corpus: it has no format_version; choose another folder")
    if version > FORMAT_VERSION:
        raise CorpusError(f"{path} has format version {version}, and this charlstm reads {FORMAT_VERSION}; upgrade charlstm")
    try:
        if values.pop("sha256", None) != _digest(values):
            raise ConfigError(f"{RECORD} was changed after it was written: it does not match its sha256")
        record = build(PreparedRecord, values)
        _check(record)
    except (ConfigError, UnicodeEncodeError) as error:
        raise CorpusError(_damaged(folder, str(error))) from None
    return record


def _check(record: PreparedRecord) -> None:
    """Check that the members of a record agree with each other.

    Raises:
        ConfigError: If they do not.
    """
    record.vocabulary.encode()  # raises for lone surrogates
    number = len(record.vocabulary)
    for wrong, reason in (
        (record.id_bytes == 3, "ids have 1, 2 or 4 bytes, not 3"),
        (len(set(record.vocabulary)) < number, "a character occurs twice in its vocabulary"),
        (number > 256**record.id_bytes, f"{number:,} characters have no ids of {record.id_bytes} bytes"),
        (len(record.counts) != number, f"expected {number:,} counts; found {len(record.counts):,}"),
        (sum(record.counts) != record.characters, "the counts do not add up to its length"),
        (len(record.hashes) != len(record.ends), "its hashes and their ends differ in number"),
        (any(end > record.characters for end in record.ends), "a hash ends after the text"),
        (any(hash_ >= 2**64 for hash_ in record.hashes), "a hash has more than 64 bits"),
        (sorted(set(record.hashes)) != list(record.hashes), "its hashes are not in ascending order"),
    ):
        if wrong:
            raise ConfigError(reason)


def _digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON object, independent of its layout and of the order of its keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def used_text_encoding(text_encoding: str | None, paths: Sequence[str], default: str = "utf-8") -> str:
    """Return the text encoding that texts are read in.

    Args:
        text_encoding: The text encoding that the user has chosen; None for none.
        paths: All texts that it is for.
        default: The text encoding if the user has chosen none.

    Raises:
        ConfigError: If the user has chosen one, and all texts are prepared corpora, which are decoded already.
    """
    if text_encoding is not None and paths and all(map(is_prepared, paths)):
        raise ConfigError(f"{clip_text(paths[0])} is a prepared corpus, which has no text encoding; leave out `text_encoding`")
    return default if text_encoding is None else text_encoding
