"""Output of ``charlstm evaluate`` in a terminal: tables of scores, then what was counted in the text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from charlstm.cli.console import WIDEST, print_table, printed
from charlstm.cli.terminal import printable_name
from charlstm.formatting import bits, counted

if TYPE_CHECKING:
    from charlstm.checkpoint.config_records import CheckpointConfig
    from charlstm.results.evaluation import EvaluationResult
    from charlstm.results.scores import CountsRecord, ScoreRecord


def training_text(config: "CheckpointConfig", characters: int) -> str:
    """Describe the text that the baselines are fitted to: the end of the training text, without the texts of base models."""
    from charlstm.evaluation.baselines import MAX_LEARNED

    what = "the same training text"
    if characters > MAX_LEARNED:
        what = f"the last {MAX_LEARNED:,} characters of the same training text"
    names = ", ".join(printable_name(base.name) for base in config.bases)
    return f"{what} (and not those of {names})" if names else what


def show(result: "EvaluationResult", training_text: str) -> None:
    """Print the scores as tables in the width of the terminal."""
    from charlstm.report.tables import seen_warning

    tables = _tables(result, training_text)
    labels = max(len(label) for rows in tables.values() for label, *_ in rows)
    with printed() as console:
        console.width = min(console.width, WIDEST)
        console.print(f"{result.checkpoint} on {printable_name(result.text)}: {result.characters:,} characters")
        if warning := seen_warning(result.seen, result.characters):
            console.print(printable_name(warning))
        for title, rows in tables.items():
            console.print(title and f"\n{title}:")
            print_table(console, ["nats/char", "bits/char", ""], rows, label_width=labels, headed=not title)
            if not title:
                console.print(f"\n{_explained(result)}")
        for line in _counted(result.counts, shortened=result.counts.characters_counted < result.characters):
            console.print(line)


def _tables(result: "EvaluationResult", training_text: str) -> dict[str, list[list[str]]]:
    """Return the rows of scores of each table, by its title."""
    modes: dict[str, ScoreRecord] = {
        "stateful, one pass": result.modes.stateful,
        f"stateless, window of {result.window}": result.modes.stateless,
    }
    if result.dynamic:
        modes["stateful, learning as it reads"] = result.dynamic
    contexts = {f"{n:>5}": score for n, score in result.contexts.items() if n < result.characters}
    tables: dict[str, Mapping[str, ScoreRecord]] = {
        "": modes,
        "By characters read before each one, from a zero state": contexts,
    }
    if result.references:
        simple = {f"  {name}": score for name, score in result.references.items()}
        tables[f"Baselines on the same text, fitted to {training_text}"] = simple
    return {title: [_row(label, score) for label, score in scores.items()] for title, scores in tables.items()}


def _row(label: str, score: "ScoreRecord") -> list[str]:
    from charlstm.results.scores import SampledScoreRecord

    error = score.standard_error_nats if isinstance(score, SampledScoreRecord) else 0
    margin = f"± {bits(error):.4f}" if error else ""
    return [label, f"{score.nats_per_char:.4f}", f"{score.bits_per_char:.4f}", margin]


def _explained(result: "EvaluationResult") -> str:
    from charlstm.report.tables import sample_phrase

    stateless = result.modes.stateless
    errors = any(score.standard_error_nats for score in (stateless, *result.contexts.values()))
    measured = "the state is zero a window before each character; its difference from stateful"
    if result.characters <= result.window:
        measured = "as stateful, since the text is no longer than the window; the difference of a shorter context from stateful"
    return (
        "Stateful: the state is carried, and every character but the first is scored once (in up to 64 parts at a time, each "
        "warmed up on the 256 characters before it, or in one piece if the parts disagree where they meet). Stateless: "
        f"{measured} is measured {sample_phrase(stateless.characters, result.characters)}"
        f"{', ± its standard error' if errors else ''}."
    )


def _counted(counts: "CountsRecord", *, shortened: bool) -> list[str]:
    """Return lines on the text's novelty and repetition."""
    from charlstm.report.tables import distinct_cell, loop_cell, new_substrings_cell

    lines = [f"\nIn the text's first {counts.characters_counted:,} characters:" if shortened else ""]
    lines.append(f"Distinct substrings of 4 characters: {distinct_cell(counts)}; loop: {loop_cell(counts)}")
    if counts.new:
        shares = ", ".join(f"{length}: {new_substrings_cell(counts, length)}" for length in (4, 8, 16, 32))
        lines.append(f"Substrings that are not in the training text, by length: {shares}")
    if counts.longest_copy:
        copy = counts.longest_copy
        shown = copy.text if len(copy.text) <= 60 else copy.text[:57] + "..."
        size = counted(copy.characters, "character")
        lines.append(f"Longest passage copied from it: {size}, its line {copy.line:,}: {shown!r}")
    return lines
