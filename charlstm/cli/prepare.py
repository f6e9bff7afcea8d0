"""``charlstm prepare``."""

import shlex
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from charlstm.cli.terminal import JsonOption, print_json, printable_name, say, say_command, say_note
from charlstm.formatting import counted, exactly
from charlstm.interruption import StopSignal, raise_stop, signals

if TYPE_CHECKING:
    from charlstm.text.prepared_corpus import PreparedRecord

_MOST_NOTES = 20


def prepare(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            help="Text files, folders of them or patterns, read as one text. They may be compressed (gz, bz2, xz, zst).",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder for the prepared corpus: new, empty, or interrupted.", metavar="FOLDER", show_default=False),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            help="Read all of a prepared corpus, and compare it with its fingerprint.", metavar="FOLDER", show_default=False
        ),
    ] = None,
    text_encoding: Annotated[
        str | None,
        typer.Option(
            help="Text encoding of the files, such as latin-1 or gb18030. Default: utf-8.",
            metavar="ENCODING",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Prepare a corpus once, for any number of trainings and workers.

    Each file is read once. Then charlstm train FOLDER opens it at once. If it is interrupted, the same command continues
    after the last complete file.
    """
    started = time.monotonic()
    if check is not None:
        if corpus or to or text_encoding is not None:
            raise typer.BadParameter(
                "--check takes the folder of a prepared corpus alone; remove the files, --to and --text-encoding"
            )
        folder, record = check, _checked(check)
        say(f"{_described(folder, record)}: intact.")
    else:
        if not corpus:
            raise typer.BadParameter("expected the text files to prepare; found none")
        if to is None:
            raise typer.BadParameter("expected --to with the folder for the prepared corpus; found none")
        folder, record = to, _prepared(corpus, to, text_encoding or "utf-8")
        say(f"{_described(folder, record)}.")
    if json:
        from charlstm.results.commands import PreparationResult

        result = PreparationResult(
            corpus=str(folder).encode("utf-8", "backslashreplace").decode(),
            files=record.files,
            characters=record.characters,
            distinct=len(record.vocabulary),
            id_bytes=record.id_bytes,
            fingerprint=record.fingerprint,
            seconds=time.monotonic() - started,
        )
        print_json(result.to_dict())
    elif check is None:
        say_command("Train with:", shlex.join(["charlstm", "train", str(folder)]))


def _prepared(corpus: list[str], folder: Path, text_encoding: str) -> "PreparedRecord":
    from charlstm.text.preparation import prepare_corpus
    from charlstm.text.prepared_corpus import open_prepared

    notes = 0
    with _bar("B") as bar:

        def note(sentence: str) -> None:
            nonlocal notes
            notes += 1
            if notes <= _MOST_NOTES:
                with bar.external_write_mode(file=sys.stderr):
                    say_note(sentence)

        try:
            with signals(raise_stop):
                prepare_corpus(corpus, folder, text_encoding, note=note, progress=partial(_show, bar))
        except StopSignal as stop:
            bar.close()
            say("Stopped. The same command continues after the last complete file.")
            raise typer.Exit(128 + stop.number) from None
    if notes > _MOST_NOTES:
        say(f"… and {exactly(notes - _MOST_NOTES, 'more note')} of this kind.")
    return open_prepared(folder).record


def _checked(folder: Path) -> "PreparedRecord":
    from charlstm.text.prepared_corpus import check_prepared, open_prepared

    with _bar(" characters") as bar:
        bar.total = open_prepared(folder).record.characters
        return check_prepared(folder, bar.update)


def _show(bar: "tqdm[Any]", done: int, total: int, path: str) -> None:
    bar.total = total
    bar.set_description_str(printable_name(Path(path).name)[:30], refresh=False)
    bar.update(done - bar.n)


def _described(folder: Path, record: "PreparedRecord") -> str:
    return (
        f"{printable_name(str(folder))}: {counted(record.files, 'file')}, {record.characters:,} characters, "
        f"{len(record.vocabulary):,} distinct, ids of {exactly(record.id_bytes, 'byte')}"
    )


def _bar(unit: str) -> "tqdm[Any]":
    return tqdm(unit=unit, unit_scale=True, disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True)
