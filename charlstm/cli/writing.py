"""What the commands that write share: the text to continue, and how many threads a small product is worth."""

import math
import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import typer

from charlstm.cli.terminal import OnUnknown, fitted
from charlstm.errors import CharlstmError

if TYPE_CHECKING:
    from charlstm.checkpoint.files import Config
    from charlstm.config import ModelConfig

_SMALL = 100_000_000


def seed_text(
    seed: str | None, seed_file: str | None, encoding_name: str, config: "Config", random_seed: int, on_unknown: OnUnknown
) -> str:
    """The text to continue, in characters that the model knows."""
    from charlstm.text.corpus import read_text

    if seed is not None and seed_file is not None:
        raise typer.BadParameter("give --seed or --seed-file, not both")
    if seed_file is not None:
        text = read_text(seed_file, encoding_name).removesuffix("\n")
    elif seed is not None:
        text = unescaped(seed, config)
    else:
        return config.corpus.windows[random_seed % len(config.corpus.windows)]
    known = fitted(config.vocabulary, text, on_unknown)
    if not known:
        raise CharlstmError(
            f"the seed is empty{' without its unknown characters' if text else ''}; give at least one character that the "
            "model knows with --seed, or leave it out for a passage of the corpus"
        )
    config.vocabulary.encode(known)  # refuses unknown characters before anything is printed
    return known


def check_finite(option: str, value: float) -> None:
    """Refuse an infinite number."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{option} must be a finite number, not {value}")


def unescaped(text: str, config: "Config") -> str:
    r"""``\n`` as a line end, which few shells let one type, unless the model knows backslashes and may mean one."""
    return text if "\\" in config.vocabulary.characters else text.replace("\\n", "\n")


def threads(model: "ModelConfig", rows: int) -> Any:
    """A context in which small products run on one thread, unless the user has said how many.

    Two threads that wait for each other at every character gain up to half on an idle machine, and become up to six times
    as slow as one on a machine where anything else runs.

    Args:
        model: The network.
        rows: Of a step's product.
    """
    if "OPENBLAS_NUM_THREADS" in os.environ:
        return nullcontext()
    from threadpoolctl import ThreadpoolController

    from charlstm.units import count

    operations = 2 * rows * count(model.weight_shapes)  # of one character
    return ThreadpoolController().limit(limits=1 if operations < _SMALL else None)
