"""Options of ``charlstm generate`` that constrain the text, each named like its setting."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charlstm.cli.generation_inputs import unescaped
from charlstm.cli.options import integer, is_given
from charlstm.cli.refusals import refuse
from charlstm.cli.terminal import say_note

if TYPE_CHECKING:
    from charlstm.inference.generation_settings import GenerationSettings
    from charlstm.model import Model

_PANEL = "Constraints"

NAMES = ("avoid", "only", "words", "pattern", "line_length", "acrostic", "particles")
"""Names of the options of this module."""


def _option(text: str, **kind: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=_PANEL, show_default=False, **kind)


Avoid = Annotated[str, _option("Characters that may not occur; \\n is a line end.", metavar="CHARACTERS")]
Only = Annotated[
    str | None, _option('The characters that may occur, with ranges: "a-z ,.\\n"; \\n is a line end.', metavar="CHARACTERS")
]
Words = Annotated[
    str | None,
    _option("File with the words that may occur, or corpus: the words of the training text.", metavar="FILE|corpus"),
]
Pattern = Annotated[
    str | None,
    _option("Regular expression that the whole text matches, in the syntax of Python's re.", metavar="REGEX"),
]
LineLength = Annotated[int | None, _option("Maximum length of a line; it ends in place of a space.", **integer(1))]
Acrostic = Annotated[str | None, _option("First letters of the lines; the text has as many lines.", metavar="TEXT")]
Particles = Annotated[
    int | None,
    _option(
        "Continuations that are weighed against each other to find a text that obeys; 1 excludes characters only. Default: 32.",
        **integer(1, 4096),
    ),
]


def read_constraints(
    context: typer.Context, settings: "GenerationSettings", model: "Model", text_encoding: str
) -> "GenerationSettings":
    """Return settings with the constraints as the library takes them: words from a file, line ends in place of escapes.

    Characters of ``--avoid`` and ``--only`` and words of a file without effect are reported on stderr.
    """
    from charlstm.inference.constraints.letters import unwritable_notes
    from charlstm.inference.constraints.words import unwritable_words_note

    if is_given(context, "avoid") and not settings.avoid:
        raise typer.BadParameter("--avoid: expected at least one character; found ''")
    if context.params["interactive"]:
        refuse(
            "--interactive constrains each addition, not the whole text",
            {"--pattern": settings.pattern is not None, "--acrostic": settings.acrostic is not None},
        )
    settings = replace(
        settings,
        avoid=unescaped("--avoid", settings.avoid, model.vocabulary),
        only=None if settings.only is None else unescaped("--only", settings.only, model.vocabulary),
        words=None if settings.words is None else model.word_list(settings.words, text_encoding),
    )
    notes = unwritable_notes(model.vocabulary, settings.avoid, settings.only)
    if context.params["words"] != "corpus":  # rare words of a corpus are left out by design
        notes += unwritable_words_note(model.vocabulary, settings.words or ())
    for note in notes:
        say_note(f"{note}.")
    return settings
