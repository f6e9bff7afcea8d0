"""``charlstm list``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm.utils import disp_len

from charlstm.cli.flags import with_flags
from charlstm.cli.layout import columns, joined, padded
from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, JsonOption, print_json, printable_name, say
from charlstm.errors import CheckpointError, clip_text
from charlstm.formatting import decimal

if TYPE_CHECKING:
    from charlstm.checkpoint.config_records import CheckpointConfig
    from charlstm.results.commands import CheckpointSummary


def list_checkpoints(checkpoints: CheckpointsOption = CHECKPOINTS, json: JsonOption = False) -> None:
    """List the checkpoints with their scores, the newest first."""
    from charlstm.checkpoint.folder import check_root
    from charlstm.checkpoint.folder import list_checkpoints as found
    from charlstm.results.commands import CheckpointList

    if checkpoints != CHECKPOINTS or checkpoints.exists():
        check_root(checkpoints)
    rows: list[CheckpointSummary] = []
    intact, wrong = found(checkpoints)
    for problem in wrong:
        say(f"charlstm: {with_flags(str(problem))}")
    for folder, config in intact:
        try:
            rows.append(_summary(folder, config))
        except CheckpointError as error:
            say(f"charlstm: {with_flags(str(error))}")
    if json:
        print_json(CheckpointList(checkpoints=rows).to_dict())
    elif not rows and not wrong and not intact:
        say(f"There is no checkpoint in {checkpoints}; train one with `charlstm train corpus.txt`.")
    elif rows:
        _print_table(rows)
    for folder, config in intact:
        if config.validation_text and config.validation_text.seen:
            say(f"{printable_name(folder.name)}: {printable_name(config.validation_text.seen)}.")


def _summary(folder: Path, config: "CheckpointConfig") -> "CheckpointSummary":
    from charlstm.checkpoint.history import best_score, read_history
    from charlstm.checkpoint.weights import open_weights
    from charlstm.formatting import bits, count_parameters
    from charlstm.results.commands import CheckpointSummary

    history = read_history(folder)
    if history:  # there are weights only after the first evaluation
        with open_weights(folder, config.model):
            pass
    scored = best_score(history)
    nats = scored.nats_per_char if scored else None
    return CheckpointSummary(
        checkpoint=folder.name,
        corpus=config.corpus.name,
        created=config.created,
        parameters=count_parameters(config.model.weight_shapes),
        units=list(config.model.units),
        seq_len=config.model.seq_len,
        vocabulary=len(config.vocabulary),
        steps=scored.step if scored else 0,
        nats_per_char=nats,
        bits_per_char=None if nats is None else bits(nats),
    )


def _print_table(rows: "list[CheckpointSummary]") -> None:
    """Print a table, or on a narrow terminal each checkpoint's fields on lines of their own."""
    cells = [list(map(printable_name, _cells(row))) for row in rows]
    table = [_HEADINGS, *cells]
    widths = [max(map(disp_len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(padded, line, widths)).rstrip() for line in table]
    width = columns(sys.stdout)
    if width and max(map(disp_len, lines)) > width:
        lines = [joined([_field(*each) for each in zip(_HEADINGS, line, strict=True)], width) for line in cells]
    print("\n".join(lines))


_HEADINGS = ["checkpoint", "bits/char", "LSTM", "parameters", "window", "corpus", "created"]


def _field(heading: str, cell: str) -> str:
    """Return a cell with its heading, for output without a heading row.

    >>> _field("bits/char", "1.827"), _field("window", "64"), _field("checkpoint", "ferry")
    ('1.827 bits/char', 'window 64', 'ferry')
    """
    if heading in ("bits/char", "parameters"):
        return f"{cell} {heading}"
    return cell if heading in ("checkpoint", "corpus") else f"{heading} {cell}"


def _cells(row: "CheckpointSummary") -> list[str]:
    return [
        row.checkpoint,
        "-" if row.bits_per_char is None else decimal(row.bits_per_char, 3),
        "+".join(map(str, row.units)),
        f"{row.parameters:,}",
        str(row.seq_len),
        clip_text(row.corpus, 60),
        row.created[:10],
    ]
