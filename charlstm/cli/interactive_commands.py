"""The commands of ``charlstm generate --interactive``: each takes the draft and returns the next one."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from charlstm.choices import End
from charlstm.cli.draft import Draft
from charlstm.cli.layout import columns
from charlstm.cli.terminal import printable_name, say, say_text, visible, write_given
from charlstm.errors import join_alternatives
from charlstm.formatting import counted

if TYPE_CHECKING:
    from charlstm.inference.next_words import NextWords

HELP = """\
Enter                 let the model continue
any other line        add it to the text (\\n is a line end), then let the model continue
/alternatives         list the likeliest next words
/take NUMBER          add one of them to the text
/undo                 remove the last step
/retry                replace the model's last addition by another one
/tree                 show every step that was tried, also those that were removed
/branch NUMBER        go to a step of the tree, and continue from there
/temperature NUMBER   0: always the likeliest character; 1: the model's own distribution
/length NUMBER        characters that the model generates at a time, at least
/end WHAT             then continue to the end of a sentence, word, line or paragraph; none: do not
/text                 show the whole text
/save FILE            write the text to a file
/help                 show this
/quit                 end (also Ctrl-D, or Ctrl-C twice)"""

ALTERNATIVES = 10
"""Next words that are listed."""

Search = Callable[[str, bool], "NextWords"]
"""Returns the next words of a text, whose last word is complete or not."""


def command(draft: Draft, line: str, search: Search) -> tuple[Draft, str | None] | None:
    """Execute a line of the user.

    Args:
        draft: The draft.
        line: The line.
        search: The search for next words.

    Returns:
        The new draft and the text for the model to continue (None: do not generate); None to end the session.

    Raises:
        ValueError: If the command is unknown, or what follows it is invalid.
    """
    name, _, rest = line.partition(" ")
    if not name.startswith("/"):
        return draft, line
    if name == "/quit":
        return None
    if name in ("/undo", "/retry"):
        return _taken_back(draft, again=name == "/retry")
    if name == "/alternatives":
        return _list_alternatives(draft, search), None
    if name not in _COMMANDS:
        raise ValueError(f"there is no command {name}; /help lists the commands")
    return _COMMANDS[name](draft, rest), None


def show(draft: Draft, last: int | None = None) -> None:
    """Show a text, or its last characters; the user's text is dim."""
    hidden = 0 if last is None else len(draft.text) - last
    for step in draft.parts:
        write_given(visible(step.given[max(hidden, 0) :], "\n\t"), sys.stderr)
        hidden -= len(step.given)
        sys.stderr.write(visible(step.written[max(hidden, 0) :], "\n\t"))
        hidden -= len(step.written)
    say("")


def _taken_back(draft: Draft, *, again: bool) -> tuple[Draft, str | None]:
    """Return the draft without its last step, and with ``again`` the text to continue with other random numbers."""
    last = None if draft.current is None else draft.steps[draft.current]
    if last is None or (last.parent is None and not again and not last.written):
        raise ValueError("there is nothing to remove")
    shorter = draft.at(last.parent)
    if again:
        return shorter, last.given
    if last.parent is None:  # the seed remains
        shorter = shorter.added(last.given, "", complete=False)
    say("Removed. The text now ends:")
    show(shorter, last=200)
    return shorter, None


def _list_alternatives(draft: Draft, search: Search) -> Draft:
    """List the likeliest next words, and keep them for ``/take``."""
    found = search(draft.text, draft.complete)
    for number, word in enumerate(found.words, start=1):
        shown = word.text.removeprefix(" ").replace("\n", "↵")
        say_text(f"{number:>3}  {word.probability:7.2%}  {visible(shown)}", wrap=False)
    if not found.complete:
        say("The search was ended early: there may be likelier words than the last of these.")
    if found.words:
        say("/take NUMBER adds one of them.")
    return replace(draft, alternatives=tuple(word.text for word in found.words))


def _take(draft: Draft, rest: str) -> Draft:
    """Add one of the listed words to the text."""
    if not draft.alternatives:
        raise ValueError("no words are listed; /alternatives lists them")
    word = draft.alternatives[_integer(rest, 1, len(draft.alternatives)) - 1]
    longer = draft.added(word, "", complete=True)
    show(longer, last=200)
    return longer


def _show_tree(draft: Draft, _: str) -> Draft:
    """Show every step with its number and its first characters; a step is indented where the one before it has others."""
    path, width = set(draft.path), (columns(sys.stderr) or 80) - 1
    waiting = [(index, 0) for index in reversed(draft.children(None))]
    while waiting:
        index, depth = waiting.pop()
        mark = "*" if index == draft.current else "|" if index in path else " "
        beginning = f"{mark}{index + 1:>3}  {'  ' * min(depth, 10)}"
        text = " ".join(draft.steps[index].text.split())
        room = max(10, width - len(beginning))
        say_text(beginning + visible(text if len(text) <= room else text[: room - 1] + "…"), wrap=False)
        following = draft.children(index)
        waiting += [(each, depth + (len(following) > 1)) for each in reversed(following)]
    return draft


def _branch(draft: Draft, rest: str) -> Draft:
    """Go to a step of the tree."""
    draft = draft.at(_integer(rest, 1, len(draft.steps)) - 1)
    say("The text now ends:")
    show(draft, last=200)
    return draft


def _with_length(draft: Draft, rest: str) -> Draft:
    """Return the draft with another length of the model's additions."""
    draft = replace(draft, length=_integer(rest, 1))
    say(f"The model now generates {counted(draft.length, 'character')} at a time.")
    return draft


def _with_temperature(draft: Draft, rest: str) -> Draft:
    """Return the draft with another temperature."""
    temperature = _number(rest, float, 0)
    say(f"The temperature is now {temperature:g}; Enter continues, /retry repeats the last step.")
    sampling = replace(draft.sampling, temperature=temperature, last_temperature=None, length=0)
    return replace(draft, sampling=sampling)


def _with_end(draft: Draft, rest: str) -> Draft:
    """Return the draft with another end of the model's additions."""
    end = next((each for each in get_args(End) if each == rest.strip()), None)
    if end is None:
        raise ValueError(f"expected {join_alternatives(get_args(End))}; found {rest.strip()!r}")
    draft = replace(draft, end=end)
    say("The model now ends anywhere." if draft.end == "none" else f"The model now continues to the end of a {draft.end}.")
    return draft


def _save(draft: Draft, rest: str) -> Draft:
    """Write the text to a new file, or to that which this session wrote last."""
    from charlstm.checkpoint.atomic import write_atomically

    if not rest.strip():
        raise ValueError("expected the name of a file; found none")
    path = Path(rest.strip()).expanduser()
    shown = printable_name(str(path))
    try:
        if path.exists() and path != draft.saved:
            raise ValueError(f"{shown} already exists and was not changed; choose another name")
        write_atomically(path, (draft.text + "\n").encode())
    except OSError as error:
        raise ValueError(f"{shown} cannot be written ({error.strerror})") from None
    say(f"The text is in {shown}.")
    return replace(draft, saved=path)


def _integer(text: str, least: int, most: int | None = None) -> int:
    value = int(_number(text, int, least))
    if most is not None and value > most:
        raise ValueError(f"expected an integer from {least} to {most}; found {text!r}")
    return value


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


def _show_text(draft: Draft, _: str) -> Draft:
    show(draft)
    return draft


def _show_help(draft: Draft, _: str) -> Draft:
    say_text(HELP)
    return draft


_COMMANDS: dict[str, Callable[[Draft, str], Draft]] = {
    "/take": _take,
    "/tree": _show_tree,
    "/branch": _branch,
    "/temperature": _with_temperature,
    "/length": _with_length,
    "/end": _with_end,
    "/text": _show_text,
    "/save": _save,
    "/help": _show_help,
}
"""The commands that change or show the draft, and do not let the model continue."""
