"""``charlstm generate --interactive``: writing together with a model."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from charlstm.choices import OnUnknown
from charlstm.cli.flags import with_flags
from charlstm.cli.generation_inputs import unescaped
from charlstm.cli.terminal import known_text, say, visible, write_given
from charlstm.errors import CharlstmError
from charlstm.inference.generation import generate_pieces
from charlstm.inference.generation_inputs import GenerationInputs
from charlstm.inference.modes import Decoder
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary

HELP = """\
Enter                 let the model continue
any other line        add it to the text (\\n is a line end), then let the model continue
/undo                 remove the last step
/retry                replace the model's last addition by another one
/temperature NUMBER   0: always the likeliest character; 1: the model's own distribution
/length NUMBER        characters that the model generates at a time
/text                 show the whole text
/help                 show this
/quit                 end (also Ctrl-D)"""


@dataclass(frozen=True)
class Step:
    """One addition to the text: the user's line, then the characters that the model generated."""

    given: str
    written: str


@dataclass(frozen=True)
class Draft:
    """The text generated so far, with the settings for its next step.

    Attributes:
        steps: Its parts, in order.
        sampling: Sampling settings.
        length: Characters to generate at a time.
        random_seed: Random seed of the next step.
    """

    steps: tuple[Step, ...]
    sampling: Sampling
    length: int
    random_seed: int

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(step.given + step.written for step in self.steps)

    @property
    def written(self) -> int:
        """Number of characters that the model generated: the position in its random numbers."""
        return sum(len(step.written) for step in self.steps)


def converse(
    decoder: Decoder, vocabulary: Vocabulary, inputs: GenerationInputs, *, on_unknown: OnUnknown, shows_seed: bool
) -> None:
    """Let the user and the model add to a text in turn until the user ends it.

    Everything is shown on the terminal, where the user's text is dim. If stdout is not a terminal (``> text.txt``), the
    finished text is printed there at the end, with or without the seed.
    """
    screen = sys.stdout if sys.stdout.isatty() else sys.stderr

    def continued(draft: Draft, given: str) -> Draft:
        """Return the draft with a line of the user and the model's continuation, shown as it is generated."""
        given = known_text(vocabulary, given, on_unknown)
        vocabulary.encode(given)  # refuses unknown characters before anything is printed
        written = []
        with _ctrl_c_noted() as stopped:  # stops the model between two characters, not the session
            write_given(visible(given, "\n\t"), screen)
            for (piece,) in generate_pieces(
                decoder,
                vocabulary,
                draft.text + given,
                random_seeds=[draft.random_seed],
                length=draft.length,
                sampling=draft.sampling,
                stops=inputs.stops,
                position=draft.written,
            ):
                written.append(piece)
                screen.write(visible(piece, "\n\t"))
                screen.flush()
                if stopped:
                    break
        say("")
        return replace(draft, steps=(*draft.steps, Step(given, "".join(written))))

    say("Enter lets the model continue, /help lists the commands, /quit ends.")
    settings = inputs.settings
    draft = continued(Draft((), settings.sampling, settings.length, settings.random_seed), inputs.seeds[0])
    try:
        while True:
            say("")
            sys.stderr.write("> ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            try:
                if any("\ud800" <= character <= "\udfff" for character in line):
                    raise ValueError("this line is not UTF-8; set the terminal's encoding to UTF-8")
                if not line.startswith("/"):
                    line = unescaped("this line", line, vocabulary)
                changed = _command(draft, line.removesuffix("\n")) if line else None
                if changed is None:
                    break
                draft, given = changed
                if given is not None:
                    draft = continued(draft, given)
            except (CharlstmError, ValueError) as error:
                say(f"charlstm: {with_flags(str(error))}")
    finally:  # Ctrl-C at the prompt ends the session too, and must not lose the text
        if screen is not sys.stdout:
            sys.stdout.write(draft.text[0 if shows_seed else len(draft.steps[0].given) :] + "\n")


@contextmanager
def _ctrl_c_noted() -> Iterator[list[int]]:
    """Yield a list to which Ctrl-C appends the signal's number, in place of an interruption."""
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def _command(draft: Draft, line: str) -> tuple[Draft, str | None] | None:
    """Execute a line of the user.

    Returns:
        The new draft and the text for the model to continue (None: do not generate); None to end the session.

    Raises:
        ValueError: If the command is unknown, or its number is invalid.
    """
    name, _, number = line.partition(" ")
    match name:
        case "/quit":
            return None
        case "/undo" | "/retry":
            return _taken_back(draft, again=name == "/retry")
        case "/temperature":
            temperature = _number(number, float, 0)
            say(f"The temperature is now {temperature:g}; Enter continues, /retry repeats the last step.")
            draft = replace(draft, sampling=replace(draft.sampling, temperature=temperature))
        case "/length":
            draft = replace(draft, length=int(_number(number, int, 1)))
            say(f"The model now generates {draft.length} characters at a time.")
        case "/text":
            _show(draft)
        case "/help":
            say(HELP)
        case _ if name.startswith("/"):
            raise ValueError(f"there is no command {name}; /help lists the commands")
        case _:
            return draft, line
    return draft, None


def _taken_back(draft: Draft, *, again: bool) -> tuple[Draft, str | None]:
    """Return the draft without its last step, and with ``again`` the text to continue with other random numbers."""
    if len(draft.steps) < (1 if again else 2):
        raise ValueError("there is nothing to remove")
    shorter = replace(draft, steps=draft.steps[:-1], random_seed=draft.random_seed + 1)
    if again:
        return shorter, draft.steps[-1].given
    say("Removed. The text now ends:")
    _show(shorter, last=200)
    return shorter, None


def _show(draft: Draft, last: int | None = None) -> None:
    """Show a text, or its last characters; the user's text is dim."""
    hidden = 0 if last is None else len(draft.text) - last
    for step in draft.steps:
        write_given(visible(step.given[max(hidden, 0) :], "\n\t"), sys.stderr)
        hidden -= len(step.given)
        sys.stderr.write(visible(step.written[max(hidden, 0) :], "\n\t"))
        hidden -= len(step.written)
    say("")


def _number(text: str, kind: type[int] | type[float], least: int) -> float:
    what = "an integer" if kind is int else "a number"
    if not text.strip():
        raise ValueError(f"expected {what} of at least {least}; found none")
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"expected {what}; found {text!r}") from None
    if not least <= value < float("inf"):
        raise ValueError(f"expected {what} of at least {least}; found {text!r}")
    return value
