"""``charlstm evaluate``."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from charlstm.cli.terminal import CHECKPOINTS, CheckpointsOption, JsonOption, OnUnknown, fitted, print_json, stated

if TYPE_CHECKING:
    from charlstm.analysis.evaluation import Evaluation, Score
    from charlstm.checkpoint.files import Config
    from charlstm.text.vocabulary import Ids


@stated
def evaluate(
    text: Annotated[
        str | None,
        typer.Argument(help="A text to measure on; - is stdin. Default: the model's held-out text.", show_default=False),
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="Name or folder. Default: the newest.", show_default=False)] = None,
    corpus: Annotated[
        list[str] | None, typer.Option(help="Where the text is that the model was trained on.", show_default=False)
    ] = None,
    sample: Annotated[
        int, typer.Option(min=2, help="Characters that are counted with a window; all of them take long.")
    ] = 2_000,
    random_seed: Annotated[int, typer.Option(min=0, help="Of the sample.")] = 0,
    on_unknown: Annotated[OnUnknown, typer.Option(help="What to do with characters that the model does not know.")] = "error",
    encoding_name: Annotated[str, typer.Option(help="Text encoding of the text.")] = "utf-8",
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Measure how well a model predicts a text, in both modes and by how far back it may look."""
    from charlstm.analysis.evaluation import evaluate as measured
    from charlstm.analysis.evaluation import sampled_places, work
    from charlstm.checkpoint.files import read_config, read_weights
    from charlstm.checkpoint.folder import find
    from charlstm.inference.network import build_network

    if text is not None and corpus:
        raise typer.BadParameter("give a text to measure on, or the training text with --corpus, not both")
    folder = find(checkpoints, checkpoint)
    config = read_config(folder)
    if text is None:
        from charlstm.analysis.texts import corpus_of, held_out

        whole = corpus_of(folder, config, corpus or [], encoding_name)
        ids, name = held_out(whole, config), f"the held-out end of {whole.name}"
    else:
        ids, name = _read(text, config, on_unknown, encoding_name)
    network = build_network(config.model, read_weights(folder, config.model))
    places = sampled_places(len(ids), sample, random_seed)
    total = work(len(ids), len(places), config.model.seq_len)
    with tqdm(total=total, unit="char", unit_scale=True, disable=not sys.stderr.isatty(), leave=False) as bar:
        found = measured(network, ids, places, bar.update)
    if json:
        print_json(_record(folder.resolve().name, name, len(ids), config.model.seq_len, found))
    else:
        _print(folder.name, name, len(ids), config.model.seq_len, found)


def _read(text: str, config: "Config", on_unknown: OnUnknown, encoding_name: str) -> tuple["Ids", str]:
    """Another text in the model's characters, and what it is called."""
    from charlstm.errors import CorpusError
    from charlstm.text.corpus import read_text

    ids = config.vocabulary.encode(fitted(config.vocabulary, read_text(text, encoding_name), on_unknown))
    name = "standard input" if text == "-" else text
    if len(ids) < 2:
        raise CorpusError(f"{name} has {len(ids)} characters that the model knows; at least two are needed to predict one")
    return ids, name


def _record(checkpoint: str, name: str, characters: int, window: int, found: "Evaluation") -> dict[str, Any]:
    return {
        "checkpoint": checkpoint,
        "text": name,
        "characters": characters,
        "window": window,
        "modes": {"stateful": _numbers(found.stateful), "stateless": _numbers(found.stateless)},
        "contexts": {str(length): _numbers(score) for length, score in found.contexts.items()},
        "stateful_on_the_sample": _numbers(found.carried),
    }


def _numbers(score: "Score") -> dict[str, Any]:
    from charlstm.units import bits

    return {
        "nats_per_char": score.nats_per_char,
        "bits_per_char": bits(score.nats_per_char),
        "standard_error_nats": score.standard_error,
        "characters": score.characters,
    }


def _print(checkpoint: str, name: str, characters: int, window: int, found: "Evaluation") -> None:
    """Tables for people."""
    from charlstm.units import bits

    def row(label: str, score: "Score") -> str:
        error = f" ± {bits(score.standard_error):.3f}" if score.standard_error else ""
        return f"{label:28} {score.nats_per_char:8.4f} {bits(score.nats_per_char):10.4f}{error}"

    print(f"{checkpoint} on {name}: {characters:,} characters")
    print(f"\n{'':28} nats/char  bits/char")
    print(row("stateful, one pass", found.stateful))
    print(row(f"stateless, window of {window}", found.stateless))
    print(f"\nBy the characters read before each ({found.carried.characters:,} of them, drawn at random):")
    for length, score in found.contexts.items():
        print(row(f"{length:>5}", score))
    print(row("  all, the state carried", found.carried))
