"""Preparing a corpus: every file is read once, and what is complete is kept if the work is interrupted."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import filelock

from charlstm.errors import CorpusError, check_instance
from charlstm.files import write_remedy
from charlstm.text.compression import bytes_read
from charlstm.text.corpus import Corpus, check_encoding, open_corpus
from charlstm.text.decoding import decoded_blocks
from charlstm.text.id_writer import WIDTHS, IdWriter
from charlstm.text.preparation_log import Log, LogWriter, ReadFile, read_log
from charlstm.text.prepared_corpus import FORMAT_VERSION, LOG, RECORD, PreparedRecord, ids_file, open_prepared, write_record
from charlstm.text.sources import Note, Source, expand_sources, joined_name, open_file, source_list

LOCK = "lock"
_OWN = {LOG, RECORD, LOCK, *(ids_file(Path(), width).name for width in WIDTHS)}
_COMMITTED_IDS = 1 << 26
"""Ids after which the files that are complete are made safe on the disk and logged."""

Progress = Callable[[int, int, str], object]
"""A callback that receives the bytes of the input that are done, all its bytes, and the file that is being read."""


@dataclass(frozen=True)
class _Input:
    """A file to read, as it is now."""

    path: str
    real: str
    size: int
    modified: int


def prepare_corpus(
    sources: str | Path | Sequence[str | Path],
    folder: str | Path,
    text_encoding: str = "utf-8",
    *,
    note: Note = lambda _: None,
    progress: Progress = lambda *_: None,
) -> Corpus:
    """Prepare a corpus: write its ids, characters and fingerprint to a folder, from which any number of trainings read it.

    The folder is a path for :func:`charlstm.train` and :func:`charlstm.read_corpus`, with the same result as its files. If the
    work is interrupted, calling this function again continues after the last complete file.

    Args:
        sources: As for :func:`charlstm.read_corpus`, but not standard input.
        folder: The folder, which is new, empty, or holds what an interrupted call left.
        text_encoding: A text encoding that Python knows, such as ``latin-1``.
        note: Called with each remark about the files, a sentence.
        progress: Called with the bytes of the files that are done, the bytes of all, and the path of the present file.

    Returns:
        The corpus, whose ids are memory-mapped.

    Raises:
        ConfigError: If an argument is invalid.
        CorpusError: If a file cannot be read or is not text in that encoding, a file has changed since it was read, or the
            folder cannot be written.
    """
    check_encoding(text_encoding)
    check_instance("folder", folder, str | os.PathLike, "the path of a folder")
    paths, place = expand_sources(source_list(sources, "sources"), note), Path(folder)
    inputs = [_input(path) for path in paths]
    try:
        place.mkdir(parents=True, exist_ok=True)
        if any(path.name not in _OWN and not path.match(".*.tmp") for path in place.iterdir()):
            raise CorpusError(f"{place} has other files in it; choose a new or an empty folder")
        with _locked(place):
            _prepare(inputs, place, text_encoding, note, progress)
    except (FileExistsError, NotADirectoryError):
        file = next((path for path in (place, *place.parents) if path.exists() and not path.is_dir()), place)
        raise CorpusError(f"{file} is a file; choose a folder for the prepared corpus") from None
    except OSError as error:
        raise CorpusError(
            f"{place} cannot be written ({error.strerror}); {write_remedy(error)}, then prepare it again, which continues "
            "after the last complete file"
        ) from None
    return open_corpus(place)


def _prepare(inputs: Sequence[_Input], folder: Path, encoding: str, note: Note, progress: Progress) -> None:
    log = read_log(folder)
    done = log.files if log else ()
    if log:
        _check_same(log, inputs, folder, encoding)
    if (folder / RECORD).exists():
        if len(done) != len(inputs):
            number = f", from {len(done):,} of these {len(inputs):,} files" if log else ""
            raise CorpusError(f"{folder} is already prepared{number}; choose another folder")
        open_prepared(folder)  # raises if it is damaged
        note(f"{folder} is already prepared from these files.")
        return
    for left in folder.glob(".*.tmp"):  # of a process that was killed while it wrote
        left.unlink()
    logged = LogWriter(folder, log, encoding)
    total, finished = sum(each.size for each in inputs), sum(each.size for each in done)
    characters = "".join(each.new for each in done)
    if len(set(characters)) < len(characters):
        raise CorpusError(f"{folder / LOG} is damaged; remove {folder}, and prepare the corpus again")
    writer = IdWriter(folder, characters, done[-1].end if done else 0)
    try:
        if done:
            note(f"{len(done):,} of {len(inputs):,} files are already in {folder}; continuing after {done[-1].path}.")
            _read_back(writer, done, folder, lambda size: progress(size, total, done[-1].path))
        try:
            for each in inputs[len(done) :]:
                known = len(writer.counts)
                _read(each, writer, encoding, note, partial(_report, progress, finished, total, each.path))
                finished += each.size
                logged.add(
                    ReadFile(
                        path=each.real,
                        size=each.size,
                        modified=each.modified,
                        end=writer.length,
                        new=writer.characters[known:],
                        sha256=writer.fingerprint,
                    )
                )
                if writer.length - logged.logged_end >= _COMMITTED_IDS:
                    _commit(writer, logged)
            _commit(writer, logged)
        except BaseException:
            with suppress(OSError):  # the disk may be full
                writer.cut(logged.end)
                _commit(writer, logged)
            raise
        _check_text(writer, inputs)
        write_record(folder, _record(writer, inputs))
    finally:
        writer.close()
        if not logged.logged_end:  # nothing to continue from, and other files can be prepared here
            with suppress(OSError):
                for left in (folder / LOG, *(ids_file(folder, width) for width in WIDTHS)):
                    left.unlink(missing_ok=True)


def _report(progress: Progress, before: int, total: int, path: str, size: int) -> None:
    progress(before + size, total, path)


def _read(each: _Input, writer: IdWriter, encoding: str, note: Note, progress: Callable[[int], object]) -> None:
    """Read a file to its end, and check that it did not change."""
    with open_file(each.path) as file:
        source = Source(each.path, lambda: nullcontext(file))
        for text in decoded_blocks([source], encoding, note, at_line_start=writer.at_line_start):
            writer.add(text)
            progress(min(each.size, bytes_read(file)))
    if _input(each.path) != each:
        raise CorpusError(f"{each.path} changed while it was read; prepare a copy that nothing writes to")
    progress(each.size)


def _commit(writer: IdWriter, log: LogWriter) -> None:
    """Make the ids safe on the disk, then log the files that they are of."""
    writer.sync()
    log.commit()


def _read_back(writer: IdWriter, done: Sequence[ReadFile], folder: Path, progress: Callable[[int], object]) -> None:
    """Count the ids of an interrupted preparation, and check them."""
    size = 0
    for number, each in enumerate(done, start=1):
        size += each.size
        if each.end - writer.length >= _COMMITTED_IDS or number == len(done):
            writer.read_back(each.end - writer.length)
            progress(size)
            if writer.fingerprint != each.sha256:
                raise CorpusError(f"{folder} is damaged: its ids are not those of its files; remove it, and prepare it again")


def _check_same(log: Log, inputs: Sequence[_Input], folder: Path, encoding: str) -> None:
    """Check that the files which are complete are the first ones of the input, and have not changed."""
    again = "choose another folder"
    if encoding != log.encoding:
        raise CorpusError(f"{folder} was begun with the text encoding {log.encoding}, not {encoding}; {again}")
    for number, each in enumerate(log.files):
        if number >= len(inputs) or inputs[number].real != each.path:
            found = inputs[number].path if number < len(inputs) else "nothing"
            raise CorpusError(
                f"{folder} was begun with other files: number {number + 1:,} was {each.path}, and now is {found}; {again}"
            )
        if (inputs[number].size, inputs[number].modified) != (each.size, each.modified):
            raise CorpusError(f"{each.path} has changed since it was read into {folder}; {again}")


def _check_text(writer: IdWriter, inputs: Sequence[_Input]) -> None:
    shown = inputs[0].path if len(inputs) == 1 else joined_name([each.path for each in inputs])
    if not writer.length:
        raise CorpusError(f"{shown} is empty; expected a text, to train on at least a few thousand characters")
    if len(writer.counts) < 2:
        raise CorpusError(f"{shown} has one distinct character, {writer.characters!r}; expected at least two to choose from")


def _record(writer: IdWriter, inputs: Sequence[_Input]) -> PreparedRecord:
    return PreparedRecord(
        format_version=FORMAT_VERSION,
        name=joined_name([each.path for each in inputs]),
        fingerprint=writer.fingerprint,
        files=len(inputs),
        characters=writer.length,
        id_bytes=writer.id_bytes,
        vocabulary=writer.characters,
        counts=tuple(writer.counts.tolist()),
        hashes=tuple(writer.runs.hashes.tolist()),
        ends=tuple(writer.runs.ends.tolist()),
    )


def _input(path: str) -> _Input:
    """Return a file as it is now.

    Raises:
        CorpusError: If it is missing, or not an ordinary file, which could not be read again to continue.
    """
    if path == "-":
        raise CorpusError("standard input cannot be prepared, because it cannot be read again; give a file, compressed or not")
    try:
        found = os.stat(path)  # noqa: PTH116 (thousands of files)
    except (OSError, ValueError):
        with open_file(path):  # says what is wrong
            raise CorpusError(f"{path} cannot be read; check the file and its permissions") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a prepared corpus or another folder" if stat.S_ISDIR(found.st_mode) else "not an ordinary file"
        raise CorpusError(f"{path} is {kind}; give text files, compressed or not")
    return _Input(path, os.path.realpath(path), found.st_size, found.st_mtime_ns)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes; the system releases the lock of a killed process."""
    if (folder / LOCK).is_symlink():
        raise CorpusError(f"{folder / LOCK} is a link; remove it")
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise CorpusError(
            f"{folder} is being prepared by another process; wait until it ends, or choose another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()
