"""``charlstm generate --interactive``: writing together with a model."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from charlstm.cli.generation_inputs import unescaped
from charlstm.cli.terminal import fitted, say, visible, write_given
from charlstm.errors import CharlstmError
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import OnUnknown, Vocabulary

HELP = """\
Enter                 let the model go on
any other line        add it to the text (\\n is a line end), then let the model go on
/undo                 take back the last step
/retry                take back what the model wrote last and let it try again
/temperature NUMBER   0: always the likeliest; 1: as the model has it
/length NUMBER        characters that the model writes at a time
/text                 show the whole text
/help                 show this
/quit                 end (as does Ctrl-D)"""


@dataclass(frozen=True)
class Step:
    """One addition to the text: what the writer gave, and what the model wrote after it."""

    given: str
    written: str


@dataclass(frozen=True)
class Draft:
    """A text in the making.

    Attributes:
        steps: Its parts, in order.
        sampling: How the model chooses.
        length: Characters that it writes at a time.
        random_seed: Of its next attempt.
    """

    steps: tuple[Step, ...]
    sampling: Sampling
    length: int
    random_seed: int

    @property
    def text(self) -> str:
        """The whole of it."""
        return "".join(step.given + step.written for step in self.steps)

    @property
    def written(self) -> int:
        """Characters that the model wrote: where its noise goes on."""
        return sum(len(step.written) for step in self.steps)


def converse(
    reader: Decoder,
    vocabulary: Vocabulary,
    seed: str,
    *,
    random_seed: int,
    length: int,
    sampling: Sampling,
    stops: Sequence[str],
    on_unknown: OnUnknown,
    shows_seed: bool,
) -> None:
    """Let a writer and a model take turns until the writer ends it.

    All of it happens on the terminal, where what the model was given is dim; if stdout is something else (``> text.txt``), it
    gets the finished text at the end, with the seed or without it.
    """
    screen = sys.stdout if sys.stdout.isatty() else sys.stderr

    def continued(draft: Draft, given: str) -> Draft:
        """The draft with a line of the writer's and what the model makes of it, shown as it comes."""
        given = fitted(vocabulary, given, on_unknown)
        vocabulary.encode(given)  # refuses unknown characters before anything is printed
        written = []
        with _ctrl_c_noted() as stopped:  # it stops the model, not the conversation, and between two characters
            write_given(visible(given, "\n\t"), screen)
            for (piece,) in generate_pieces(
                reader,
                vocabulary,
                draft.text + given,
                random_seeds=[draft.random_seed],
                length=draft.length,
                sampling=draft.sampling,
                stops=stops,
                position=draft.written,
            ):
                written.append(piece)
                screen.write(visible(piece, "\n\t"))
                screen.flush()
                if stopped:
                    break
        say("")
        return replace(draft, steps=(*draft.steps, Step(given, "".join(written))))

    say("Enter goes on, /help shows what else there is, /quit ends.")
    draft = continued(Draft((), sampling, length, random_seed), seed)
    try:
        while True:
            say("")
            sys.stderr.write("> ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            try:
                if not line.startswith("/"):
                    line = unescaped("this line", line, vocabulary)
                changed = _command(draft, line.removesuffix("\n")) if line else None
                if changed is None:
                    break
                draft, given = changed
                if given is not None:
                    draft = continued(draft, given)
            except (CharlstmError, ValueError) as error:
                say(f"charlstm: {error}")
    finally:  # Ctrl-C at the prompt ends it too, and the text is not lost
        if screen is not sys.stdout:
            sys.stdout.write(draft.text[0 if shows_seed else len(draft.steps[0].given) :] + "\n")


@contextmanager
def _ctrl_c_noted() -> Iterator[list[int]]:
    """Ctrl-C interrupts nothing in this context; it puts something into the list."""
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _command(draft: Draft, line: str) -> tuple[Draft, str | None] | None:
    """What a line asks for: the draft to go on with, and what the model is to go on from (None: nothing); None to end.

    Raises:
        ValueError: If a command's number is not one, or the command is unknown.
    """
    name, _, number = line.partition(" ")
    match name:
        case "/quit":
            return None
        case "/undo" | "/retry":
            return _taken_back(draft, again=name == "/retry")
        case "/temperature":
            temperature = _number(number, float, 0)
            say(f"The temperature is now {temperature:g}; Enter goes on, /retry tries the last step again.")
            draft = replace(draft, sampling=replace(draft.sampling, temperature=temperature))
        case "/length":
            draft = replace(draft, length=int(_number(number, int, 1)))
            say(f"The model now writes {draft.length} characters at a time.")
        case "/text":
            _show(draft)
        case "/help":
            say(HELP)
        case _ if name.startswith("/"):
            raise ValueError(f"there is no {name}; /help shows what there is")
        case _:
            return draft, line
    return draft, None


def _taken_back(draft: Draft, *, again: bool) -> tuple[Draft, str | None]:
    """The draft without its last step; ``again``: to be tried anew, with other noise."""
    if len(draft.steps) < (1 if again else 2):
        raise ValueError("there is nothing to take back")
    shorter = replace(draft, steps=draft.steps[:-1], random_seed=draft.random_seed + 1)
    if again:
        return shorter, draft.steps[-1].given
    say("Taken back. The text now ends:")
    _show(shorter, last=200)
    return shorter, None


def _show(draft: Draft, last: int | None = None) -> None:
    """Show a text, or its last characters; what the model was given is dim."""
    hidden = 0 if last is None else len(draft.text) - last
    for step in draft.steps:
        write_given(visible(step.given[max(hidden, 0) :], "\n\t"), sys.stderr)
        hidden -= len(step.given)
        sys.stderr.write(visible(step.written[max(hidden, 0) :], "\n\t"))
        hidden -= len(step.written)
    say("")


def _number(text: str, kind: type[int] | type[float], least: int) -> float:
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"expected a number; found {text!r}") from None
    if not least <= value < float("inf"):
        raise ValueError(f"expected a number of at least {least}; found {text!r}")
    return value
