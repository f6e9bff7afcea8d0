"""Options of ``charlstm generate``, each named like its setting."""

from pathlib import Path
from typing import Annotated, Any

import typer

from charlstm import choices
from charlstm.cli.options import LARGEST_SEED, choice, integer, number, number_or_two
from charlstm.cli.outputs import output_path

_SAMPLING = "Sampling"


def option(text: str, *names: str, panel: str | None = None, **kind: Any) -> Any:
    """Return an option of ``charlstm generate``, under a heading of the help if ``panel`` names one."""
    return typer.Option(*names, help=text, rich_help_panel=panel, **kind)


SeedsFile = Annotated[
    str | None,
    option(
        "File with a text to continue on each line; - reads stdin. Repeating --seed gives several texts, too.",
        metavar="FILE",
        show_default=False,
    ),
]
TextEncoding = Annotated[
    str | None,
    option(
        "Text encoding of the files of seeds and of --words. Default: utf-8.",
        "--text-encoding",
        "--encoding-name",
        metavar="ENCODING",
        show_default=False,
    ),
]
Length = Annotated[int, option("Largest number of characters to generate, if --end does not continue.", **integer(0))]
Mode = Annotated[
    choices.Mode,
    option("stateless: read the last window for each character; stateful: carry the state.", **choice(choices.Mode)),
]
Window = Annotated[
    int | None,
    option(
        "Characters that --mode stateless reads for each one. Default: the model's own window.",
        show_default=False,
        **integer(1, 10_000),
    ),
]
Samples = Annotated[int, option("Number of texts for each seed, from consecutive random seeds.", **integer(1))]
Stop = Annotated[
    list[str] | None,
    option("End a text before this string; \\n is a line end. Repeat for several strings.", metavar="TEXT"),
]
StopRegex = Annotated[
    str | None,
    option(
        "End a text before the first match of this regular expression, in the syntax of Python's re.",
        metavar="REGEX",
        show_default=False,
    ),
]
KeepStop = Annotated[bool, option("Keep the stop string, or the match, that ended a text.", "--keep-stop")]
End = Annotated[
    choices.End | None,
    option(
        "After --length, continue until a word, line, sentence or paragraph ends, to at most three times the length. "
        "Default: none; sentence with --interactive.",
        show_default=False,
        **choice(choices.End),
    ),
]
RandomSeed = Annotated[int | None, option("Random seed of the text. Default: a new one each time.", **integer(0, LARGEST_SEED))]
Temperature = Annotated[
    str,
    option(
        "Below 1 the text becomes safer, above 1 more varied; 0 always takes the likeliest character. 0.3:1.2 changes it "
        "from the first character of --length to the last.",
        panel=_SAMPLING,
        metavar="F|F:F",
        parser=number_or_two,
    ),
]
WordTemperature = Annotated[
    float | None,
    option(
        "Temperature for the choice of a word's first letter. Default: --temperature.",
        panel=_SAMPLING,
        show_default=False,
        **number(0),
    ),
]
TopK = Annotated[int, option("Draw from the N likeliest characters only; 0 for all.", panel=_SAMPLING, **integer(0))]
TopP = Annotated[
    float,
    option(
        "Draw from the likeliest characters that together have this probability, from 0 to 1.", panel=_SAMPLING, **number(0, 1)
    ),
]
MinP = Annotated[
    float,
    option(
        "Draw from the characters with at least this fraction of the likeliest one's probability, from 0 to 1.",
        panel=_SAMPLING,
        **number(0, 1),
    ),
]
DryMultiplier = Annotated[
    float,
    option(
        "Above 0, a character that would repeat a passage of the text becomes less likely, the more the longer the "
        "passage is (DRY, against loops); try 0.8.",
        panel=_SAMPLING,
        **number(0, 1e6),
    ),
]
DryBase = Annotated[
    float, option("Factor on that penalty for each further character of the passage.", panel=_SAMPLING, **number(1, 100))
]
DryAllowedLength = Annotated[
    int, option("Characters of a passage from which it costs something.", panel=_SAMPLING, **integer(1, 100))
]
RepetitionPenalty = Annotated[
    float,
    option(
        "Above 1, characters just used become less likely; 1 for no penalty. It is hidden, since it penalises most "
        "letters; use --dry-multiplier.",
        panel=_SAMPLING,
        hidden=True,
        **number(0.01, 1e6),
    ),
]
OnUnknown = Annotated[
    choices.OnUnknown,
    option("Action for characters of the seed that are not in the vocabulary.", **choice(choices.OnUnknown)),
]
WithSeed = Annotated[
    bool | None,
    option(
        "Print the seed before the text, or not. Default: print a given seed, and a passage of the corpus only on a terminal.",
        "--with-seed/--no-echo",
        "--echo",
        show_default=False,
    ),
]
Separator = Annotated[
    str | None,
    option("Line to print between two texts; \\n is a line end. Default: headings.", metavar="TEXT", show_default=False),
]
Probabilities = Annotated[
    bool,
    option("In place of a text, print the probabilities of the next character after the seed.", "--probabilities"),
]
Logprobs = Annotated[
    int | None,
    option(
        "With --json: the log-probability of every character, and of the N likeliest ones there.",
        show_default=False,
        **integer(0, 100),
    ),
]
Interactive = Annotated[
    bool,
    option("Write together with the model: continue, undo, retry, choose the next word.", "--interactive", "-i"),
]
Output = Annotated[
    Path | None,
    option("File for the texts, one JSON object a line; the same command resumes it.", metavar="FILE", parser=output_path),
]
Engine = Annotated[
    choices.Engine,
    option("numpy, or keras, which starts TensorFlow, for GPUs and comparison.", **choice(choices.Engine)),
]
Weights = Annotated[
    choices.WeightsFormat,
    option("float16: round the weights as an exported page does, for the same texts.", **choice(choices.WeightsFormat)),
]
