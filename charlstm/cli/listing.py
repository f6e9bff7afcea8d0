"""``charlstm list``."""

from pathlib import Path
from typing import Any

from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, JsonOption, print_json, say, visible
from charlstm.errors import CheckpointError, clipped


def list_checkpoints(checkpoints: CheckpointsOption = CHECKPOINTS, json: JsonOption = False) -> None:
    """List the checkpoints, the newest first, with their scores."""
    from charlstm.checkpoint.folder import checkpoints as found

    rows: list[dict[str, Any]] = []
    readable, wrong = found(checkpoints)
    for problem in wrong:
        say(f"charlstm: {problem}")
    for folder, config in readable:
        try:
            rows.append(_row(folder, config))
        except CheckpointError as error:
            say(f"charlstm: {error}")
    if json:
        print_json({"checkpoints": rows})
    elif not rows:
        say(f"There is no checkpoint in {checkpoints}; train one with `charlstm train corpus.txt`.")
    else:
        _print_table(rows)


def _row(folder: Path, config: Any) -> dict[str, Any]:
    from charlstm.checkpoint.card import best
    from charlstm.checkpoint.history import read_history
    from charlstm.checkpoint.weights import open_weights
    from charlstm.units import bits, count

    history = read_history(folder)
    if history:  # there are weights only after the first evaluation
        with open_weights(folder, config.model):
            pass
    scored = best(history)
    nats = scored.nats_per_char if scored else None
    return {
        "checkpoint": folder.name,
        "corpus": config.corpus.name,
        "created": config.created,
        "parameters": count(config.model.weight_shapes),
        "units": list(config.model.units),
        "seq_len": config.model.seq_len,
        "vocabulary": len(config.vocabulary),
        "steps": scored.step if scored else 0,
        "nats_per_char": nats,
        "bits_per_char": None if nats is None else bits(nats),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    table = [["checkpoint", "bits/char", "LSTM", "parameters", "window", "corpus", "created"], *map(_cells, rows)]
    table = [[visible(cell, "") for cell in line] for line in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        row["checkpoint"],
        "-" if row["bits_per_char"] is None else f"{row['bits_per_char']:.3f}",
        "+".join(map(str, row["units"])),
        f"{row['parameters']:,}",
        str(row["seq_len"]),
        clipped(row["corpus"], 60),
        row["created"][:10],
    ]
