"""``charlstm generate --interactive``: writing together with a model."""

import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TextIO

from charlstm.choices import OnUnknown
from charlstm.cli.draft import Draft
from charlstm.cli.flags import with_flags
from charlstm.cli.generation_inputs import unescaped
from charlstm.cli.interactive_commands import Search, command
from charlstm.cli.terminal import known_text, say, visible, write_given
from charlstm.errors import CharlstmError
from charlstm.inference.constrained_generation import continued_pieces
from charlstm.inference.generation import Sample
from charlstm.inference.generation_inputs import GenerationInputs
from charlstm.inference.modes import Decoder
from charlstm.inference.stop_rules import StopReason
from charlstm.text.vocabulary import Vocabulary, quoted

_LONGEST_LINE = 1024 if sys.platform == "darwin" else 4096
"""Bytes of a line, with its end, that the system's terminal driver keeps; it discards the rest without a sign."""


def converse(
    decoder: Decoder,
    vocabulary: Vocabulary,
    inputs: GenerationInputs,
    search: Search,
    *,
    on_unknown: OnUnknown,
    shows_seed: bool,
) -> None:
    """Let the user and the model add to a text in turn until the user ends it.

    Everything is shown on the terminal, where the user's text is dim. If stdout is not a terminal (``> text.txt``), the
    finished text is printed there at the end, with or without the seed.
    """
    screen = sys.stdout if sys.stdout.isatty() else sys.stderr

    def continued(draft: Draft, given: str, *, typed: bool = False) -> Draft:
        """Return the draft with a line of the user and the model's continuation, shown as it is generated."""
        given = known_text(vocabulary, given, on_unknown)
        if unknown := vocabulary.unknown(given):
            raise ValueError(
                f"the model does not know {quoted(unknown)}; nothing was added: leave the unknown ones out, or start again "
                "with `on_unknown='skip'` or `on_unknown='replace'`"
            )
        if " " in vocabulary.characters:
            given = draft.joined(given, whole_words=typed)
        stops = replace(inputs.stops, end=None if draft.end == "none" else draft.end)
        text = draft.text + given
        constraints = replace(inputs.settings, length=draft.length).constraints_of(vocabulary, [text], stops)
        pieces = continued_pieces(
            decoder,
            vocabulary,
            text,
            constraints[0] if constraints else None,
            particles=inputs.settings.rows,
            random_seeds=[draft.random_seed],
            length=draft.length,
            sampling=draft.sampling,
            stops=stops,
            position=draft.written,
        )
        write_given(visible(given, "\n\t"), screen)
        written, reason = _shown(pieces, screen)
        say("")
        cut = reason == "length" and len(written) < stops.most(draft.length)
        return draft.added(given, written, complete=reason == "end" or cut)

    say("Enter lets the model continue, /help lists the commands, /quit ends.")
    settings = inputs.settings
    draft = Draft((), None, settings.sampling, settings.length, settings.end, settings.random_seed)
    draft = continued(draft, inputs.seeds[0])
    interrupted = False
    try:
        while True:
            try:
                line = _asked_line()
            except KeyboardInterrupt:  # perhaps meant for the model, which has just ended its text
                if interrupted or not sys.stdin.isatty():
                    raise
                interrupted = True
                say("\nCtrl-C again ends the session. /save FILE writes the text to a file first.")
                continue
            interrupted = False
            try:
                line = _checked(line, vocabulary)
                changed = command(draft, line.removesuffix("\n"), search) if line else None
                if changed is None:
                    break
                draft, given = changed
                if given is not None:
                    draft = continued(draft, given, typed=not line.startswith("/"))
            except (CharlstmError, ValueError) as error:
                say(f"charlstm: {with_flags(str(error))}")
    finally:  # a second Ctrl-C at the prompt ends the session too, and must not lose the text
        if screen is not sys.stdout:
            sys.stdout.write(draft.text[0 if shows_seed else len(draft.parts[0].given) :] + "\n")


def _asked_line() -> str:
    """Show the prompt and return the user's line; empty at the end of stdin."""
    say("")
    sys.stderr.write("> ")
    sys.stderr.flush()
    return sys.stdin.readline()


def _checked(line: str, vocabulary: Vocabulary) -> str:
    """Return a line of the user with escapes replaced, unless it is a command.

    Raises:
        ValueError: If it was cut, is not UTF-8, or has an invalid escape.
    """
    if sys.stdin.isatty() and len(line.encode(errors="surrogateescape")) >= _LONGEST_LINE:
        raise ValueError(
            f"this line has the {_LONGEST_LINE:,} bytes that a terminal passes on at most, so its end may be lost; "
            "nothing of it was added: enter shorter lines, or begin with a file by --seed-file"
        )
    if any("\ud800" <= character <= "\udfff" for character in line):
        raise ValueError("this line is not UTF-8; set the terminal's encoding to UTF-8")
    return line if line.startswith("/") else unescaped("this line", line, vocabulary)


def _shown(pieces: Generator[list[str], None, list[Sample]], screen: TextIO) -> tuple[str, StopReason | None]:
    """Show a text as it is generated, until it ends or Ctrl-C; return it, and the reason for its end."""
    written: list[str] = []
    with _ctrl_c_noted() as stopped:  # stops the model between two characters, not the session
        while not stopped:
            try:
                (piece,) = next(pieces)
            except StopIteration as end:
                return "".join(written), end.value[0].stop_reason
            written.append(piece)
            screen.write(visible(piece, "\n\t"))
            screen.flush()
    return "".join(written), None


@contextmanager
def _ctrl_c_noted() -> Iterator[list[int]]:
    """Yield a list to which Ctrl-C appends the signal's number, in place of an interruption."""
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
