"""Output of ``charlstm history`` in a terminal: curves, then a table of the runs and what their curves show."""

import locale
import os
import sys
from typing import TYPE_CHECKING

import typer
from tqdm.utils import disp_len

from charlstm.cli.flags import flag, with_flags
from charlstm.cli.layout import columns, joined, padded, wrapped
from charlstm.cli.line_chart import Chart, chart_lines
from charlstm.cli.terminal import printable_name, visible
from charlstm.errors import clip_text
from charlstm.formatting import counted, decimal, duration

if TYPE_CHECKING:
    from charlstm.choices import CurveAxis as Axis
    from charlstm.results.history import HistoryResult, RunRecord

MOST_CURVES = 6
"""Most runs whose curves are drawn in one chart: the best ones."""
_MOST_FINDINGS = 10
_WIDEST, _WITHOUT_TERMINAL = 100, 80
_COLOURS = ("blue", "yellow", "green", "magenta", "cyan", "red")


def show(found: "HistoryResult", axis: "Axis", smooth: int | None) -> None:
    """Print the histories of runs in the width of the terminal."""
    width = min(_WIDEST, columns(sys.stdout) or _WITHOUT_TERMINAL)
    lines = _one(found.runs[0], axis, smooth, width) if len(found.runs) == 1 else _several(found, axis, width)
    print("\n".join(lines))


def _one(run: "RunRecord", axis: "Axis", smooth: int | None, width: int) -> list[str]:
    from charlstm.report.learning_curves import held_out, loss_range, smoothing, ticks, training, without_points

    learned, scored = training(run, axis, smooth), held_out(run, axis)
    low, high = loss_range([learned], [scored])
    chart = Chart([learned, scored], ["training", "held out"], low, high, ticks(low, high), _x_labels([run], axis))
    extent = [counted(run.steps, "step"), f"{run.epochs:.1f} epochs", duration(run.seconds)]
    head = [
        f"{printable_name(run.checkpoint)}: {run.status}",
        *(extent if run.status != "imported" else []),
        f"{run.parameters:,} parameters",
        f"on {printable_name(clip_text(run.corpus, 60))}",
    ]
    lines = [joined(head, width)]
    if run.evaluations or run.points.step:
        lines += ["", "nats/char", *_drawn(chart, width)]
    notes = [f"Training: {smoothing(run, smooth)}." if run.points.step else visible(without_points([run]))]
    if run.unigram_nats_per_char is not None:
        notes.append(f"Letter frequencies (unigram baseline): {decimal(run.unigram_nats_per_char, 4)} nats/char.")
    if run.nats_per_char is not None and run.bits_per_char is not None:
        best = f"Best score: {decimal(run.nats_per_char, 4)} nats/char, {decimal(run.bits_per_char, 4)} bits/char"
        notes.append(f"{best}, at epoch {run.best_epoch:.1f}.")
    return [*lines, "", *(wrapped(note, width) for note in notes if note), *_findings([run], width)]


def _several(found: "HistoryResult", axis: "Axis", width: int) -> list[str]:
    from charlstm.report.learning_curves import DIFFERENT_TEXTS, held_out, loss_range, ranked, ticks, without_points

    runs = ranked(found)
    shown = [run for run in runs if run.nats_per_char is not None][:MOST_CURVES]
    lines: list[str] = []
    if shown:
        curves = [held_out(run, axis) for run in shown]
        low, high = loss_range([], curves)
        labels = [str(number) for number in range(1, len(shown) + 1)]
        chart = Chart(curves, labels, low, high, ticks(low, high), _x_labels(shown, axis))
        best = "the first" if found.different_texts else "the best"
        which = "" if len(shown) == len(runs) else f", {best} {len(shown)} of {len(runs)} runs"
        lines += [f"Held-out text, nats/char{which}", *_drawn(chart, width), ""]
    lines += _table(found, runs, width)
    notes = [DIFFERENT_TEXTS if found.different_texts else "", without_points(runs)]
    lines += [line for note in notes if note for line in ("", wrapped(visible(note), width))]
    return [*lines, "", *_findings(runs[:_MOST_FINDINGS], width, numbered=True)]


def _drawn(chart: Chart, width: int) -> list[str]:
    coloured = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")

    def paint(text: str, number: int) -> str:
        return typer.style(text, fg=_COLOURS[number % len(_COLOURS)]) if coloured else text

    return chart_lines(chart, width, 14, braille=_prints_braille(), paint=paint)


def _prints_braille() -> bool:
    """Return whether the terminal can show Braille characters: not Linux's console, nor one whose locale lacks them."""
    try:
        "⣿│".encode(locale.getencoding())
    except (UnicodeEncodeError, LookupError):
        return False
    return os.environ.get("TERM") not in ("linux", "dumb")


def _x_labels(runs: "list[RunRecord]", axis: "Axis") -> tuple[str, str, str]:
    fields = {"epochs": "epoch", "steps": "step", "time": "seconds"}
    places = [getattr(line, fields[axis]) for run in runs for line in run.evaluations]
    places += [place for run in runs for place in getattr(run.points, fields[axis]) if len(runs) == 1]
    least, greatest = min(places, default=0), max(places, default=0)
    if axis == "time":
        return duration(least), "time", duration(greatest)
    shown = f"{least:,} {greatest:,}" if axis == "steps" else f"{least:.1f} {greatest:.1f}"
    first, last = shown.split()
    return first, axis, last


def _table(found: "HistoryResult", runs: "list[RunRecord]", width: int) -> list[str]:
    """Return a row for each run, with the settings that differ; on a narrow terminal several lines for each."""
    names = list(found.different_settings)
    headings = ["", "run", "bits/char", "epoch", "time", "status", *names]
    rows = [
        [
            str(number),
            printable_name(run.label),
            "-" if run.bits_per_char is None else decimal(run.bits_per_char, 3),
            "-" if run.best_epoch is None else f"{run.best_epoch:.1f}",
            "-" if run.status == "imported" else duration(run.seconds),
            run.status,
            *(_cell(run, name) for name in names),
        ]
        for number, run in enumerate(runs, start=1)
    ]
    widths = [max(map(disp_len, column)) for column in zip(headings, *rows, strict=True)]
    head, *table = ["  ".join(map(padded, row, widths)).rstrip() for row in (headings, *rows)]
    texts = [wrapped(visible(f"Scored on {run.scored_on}:"), width) if found.different_texts else "" for run in runs]
    new = [text and text not in texts[:number] for number, text in enumerate(texts)]
    if max(map(disp_len, [head, *table])) <= width:
        return [head, *(line for n, row in enumerate(table) for line in ([texts[n]] * bool(new[n]) + [row]))]
    lines = []
    for n, (number, name, score, epoch, time, status, *settings) in enumerate(rows):
        lines += [texts[n]] * bool(new[n])
        fields = [number, name, f"{score} bits/char", f"epoch {epoch}", time, status]
        named = [(key, value) for key, value in zip(names, settings, strict=True) if value != "-"]
        fields += [value if key == "corpus" else f"{flag(key)} {value}" for key, value in named]
        lines.append(joined(fields, width))
    return lines


def _cell(run: "RunRecord", name: str) -> str:
    """Return the value of a setting as its option takes it; ``-`` for none."""
    from charlstm.report.learning_curves import setting_text

    value = run.settings.get(name)
    return "-" if value is None else printable_name(clip_text(setting_text(value), 40))


def _findings(runs: "list[RunRecord]", width: int, *, numbered: bool = False) -> list[str]:
    lines = []
    for number, run in enumerate(runs, start=1):
        for finding in run.findings:
            label = f"{number} {printable_name(run.label)}: " if numbered else ""
            text = f"{label}{finding.found} {with_flags(finding.advice)}".rstrip()
            lines.append(wrapped(visible(text), width))
    return lines
