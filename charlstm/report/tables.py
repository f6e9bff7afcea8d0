"""Tables of a comparison as text, for the terminal and the page."""

from collections.abc import Callable

from charlstm.formatting import bits, exactly
from charlstm.results.comparison import ComparisonResult
from charlstm.results.scores import CountsRecord, SampledScoreRecord, SeenRecord

Table = tuple[list[str], list[list[str]]]
"""The headings of all columns but the first, and the rows with their labels."""

LENGTHS = (8, 16)
"""Lengths of substrings whose novelty is shown."""

_ABSENT = "–"


def numbers_table(found: ComparisonResult) -> Table:
    """Return the table of scores, costs and text statistics by mode, beside the beginning of the evaluation text."""
    modes = [found.modes.stateless, found.modes.stateful]
    beginning = found.measured.beginning if found.measured else None
    rows = [
        ["bits per character", *(_score(each.score, bits) for each in modes)],
        ["nats per character", *(_score(each.score, float) for each in modes)],
        ["characters per second", *(f"{each.characters_per_second:,.0f}" for each in modes)],
        ["milliseconds to the first", *(f"{each.milliseconds_to_first_character:.1f}" for each in modes)],
        ["LSTM cell steps per character", *(f"{each.cell_steps_per_character:.1f}" for each in modes)],
        ["memory of the state", *(_bytes(each.state_bytes) for each in modes)],
    ]
    rows = [[*row, *([_ABSENT] if beginning else [])] for row in rows]
    texts = [*(each.counts for each in modes), *([beginning] if beginning else [])]
    rows.append(["distinct 4-grams", *(distinct_cell(each) for each in texts)])
    rows.append(["loop", *(loop_cell(each) for each in texts)])
    if texts[0].new is not None:
        rows += [[f"new substrings of {length}", *(new_substrings_cell(each, length) for each in texts)] for length in LENGTHS]
        rows.append(["longest copied passage", *(_copied(each) for each in texts)])
    return ["stateless", "stateful", *(["measured text"] if beginning else [])], rows


def windows_table(found: ComparisonResult) -> Table | None:
    """Return the table of the stateless windows and the stateful mode; None if there is only one window."""
    if len(found.windows) == 1:
        return None
    generated = {f"window of {window}": each for window, each in found.windows.items()} | {"stateful": found.modes.stateful}
    rows = [
        [
            label,
            _score(each.score, bits),
            f"{each.characters_per_second:,.0f}",
            f"{each.cell_steps_per_character:.1f}",
            _bytes(each.state_bytes),
        ]
        for label, each in generated.items()
    ]
    return ["bits/char", "char/s", "cell steps", "memory"], rows


def seen_warning(found: SeenRecord | None, characters: int) -> str:
    """Return a warning that the model was trained on a part of a text of ``characters``; empty if it was not."""
    if not found:
        return ""
    part = f"about {100 * found.characters / characters:.0f} %" if found.estimated else f"{found.characters:,}"
    return f"{found.model} was trained on {part} of these {characters:,} characters: this is not a score on unseen text."


def _score(found: SampledScoreRecord | None, unit: Callable[[float], float]) -> str:
    if found is None:
        return _ABSENT
    margin = f" ± {unit(found.standard_error_nats):.4f}" if found.standard_error_nats else ""
    return f"{unit(found.nats_per_char):.4f}{margin}"


def loop_cell(found: CountsRecord) -> str:
    """Describe the loop at the end of a text."""
    loop = found.loop
    return f"{exactly(loop.period, 'character')}, from {loop.start + 1}" if loop else "none"


def distinct_cell(found: CountsRecord) -> str:
    """Return the percentage of distinct substrings of four characters; a dash if the text is shorter."""
    return f"{found.distinct_4_grams:.1%}" if found.characters_counted >= 4 else _ABSENT


def sample_phrase(counted: int, characters: int) -> str:
    """Describe the sample of positions at which the window was compared with the carried state.

    Args:
        counted: Number of characters of the stateless score.
        characters: Number of characters of the text.
    """
    places = f"{counted:,} place{'s' * (counted != 1)}"
    return f"at all {places}" if counted >= characters - 1 else f"at {places} drawn at random"


def new_substrings_cell(found: CountsRecord, length: int) -> str:
    """Return the percentage of substrings of a length that the training text lacks; a dash if the text is shorter."""
    return f"{(found.new or {}).get(length, 1.0):.0%}" if found.characters_counted >= length else _ABSENT


def _copied(found: CountsRecord) -> str:
    return exactly(found.longest_copy.characters, "character") if found.longest_copy else "none"


def _bytes(number: float) -> str:
    """Format a number of bytes with a unit.

    >>> _bytes(812), _bytes(12_800), _bytes(5_242_880)
    ('812 B', '12.8 kB', '5.24 MB')
    """
    for unit in ("B", "kB", "MB"):
        if number < 1_000:
            return f"{number:.3g} {unit}"
        number /= 1_000
    return f"{number:.3g} GB"
