"""``charlstm evaluate``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charlstm.cli.measuring import CorpusOption, SampleOption, UnknownOption, bar, find_texts, say_unbounded
from charlstm.cli.terminal import (
    CHECKPOINTS,
    CheckpointOption,
    CheckpointsOption,
    JsonOption,
    print_json,
    readable,
    say,
    stated,
    visible,
)

if TYPE_CHECKING:
    from charlstm.analysis.record import Record
    from charlstm.checkpoint.files import Config


@stated
def evaluate(
    text: Annotated[
        str | None,
        typer.Argument(help="A text to measure on; - is stdin. Default: the model's held-out text.", show_default=False),
    ] = None,
    checkpoint: CheckpointOption = None,
    corpus: CorpusOption = None,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Also score while the model goes on learning from the text. Starts TensorFlow.")
    ] = False,
    surprise: Annotated[bool, typer.Option("--surprise", help="With --json: also the surprise at every character.")] = False,
    sample: SampleOption = 1_000,
    random_seed: Annotated[int, typer.Option(min=0, help="Of the sample.")] = 0,
    on_unknown: UnknownOption = "error",
    encoding_name: Annotated[str, typer.Option(help="Text encoding of the text.")] = "utf-8",
    checkpoints: CheckpointsOption = CHECKPOINTS,
    json: JsonOption = False,
) -> None:
    """Measure how well a model predicts a text, in both modes and by how far back it may look."""
    from charlstm.analysis import evaluation, record
    from charlstm.analysis.measures import measures
    from charlstm.analysis.references import references
    from charlstm.checkpoint.files import read_config
    from charlstm.checkpoint.folder import find
    from charlstm.checkpoint.weights import read_weights
    from charlstm.errors import CheckpointError
    from charlstm.inference.network import build_network

    if surprise and not json:
        raise typer.BadParameter("--surprise adds to what --json prints; for a coloured text see `charlstm compare --report`")
    folder = find(checkpoints, checkpoint)
    config = read_config(folder)
    texts = find_texts(folder, config, text, corpus, on_unknown, encoding_name)
    measured, learnt = texts.measured, texts.learnt
    if measured is None or (dynamic and learnt is None):
        raise CheckpointError(texts.missing)
    weights, vocabulary = read_weights(folder, config.model), config.vocabulary
    network = build_network(config.model, weights)
    starts = evaluation.sampled_starts(len(measured.ids), sample, random_seed)
    contexts = evaluation.context_lengths(config.model.seq_len)
    work = evaluation.work(len(measured.ids), len(starts), contexts)
    with bar(work + (len(measured.ids) if dynamic else 0)) as progress:
        found = evaluation.evaluate(network, measured.ids, starts, contexts, progress.update)
        adapted = None
        if dynamic and learnt is not None:
            from charlstm.training.dynamic import dynamic_surprise

            adapted = dynamic_surprise(config.model, weights, learnt, measured.ids, progress.update)
    say_unbounded(found)
    result: Record = {
        "checkpoint": readable(folder.resolve().name),
        "text": measured.name,
        "characters": len(measured.ids),
        "seen": record.seen(measured),
        "window": config.model.seq_len,
        **record.scores(found),
        "dynamic": None if adapted is None else record.score(float(adapted.mean())),
        "references": None,
        "counts": record.counts(measures(vocabulary.decode(measured.ids), vocabulary, learnt)),
    }
    if learnt is not None:
        simple = references(learnt, measured.ids, vocabulary)
        result["references"] = {name: record.score(nats) for name, nats in simple.items()}
    if surprise:
        result["surprise"] = record.surprise(vocabulary.decode(measured.ids), found.stateful)
    if json:
        print_json(result)
        return
    if texts.missing:
        say(f"Without the training text there are no references: {texts.missing}.")
    _print(result, "" if learnt is None else _training_text(config, len(learnt)))


def _training_text(config: "Config", characters: int) -> str:
    """What the references have learnt from: of the model's training text the end, and nothing of what its bases learnt from."""
    from charlstm.analysis.references import MOST_LEARNT

    what = "the same training text"
    if characters > MOST_LEARNT:
        what = f"the last {MOST_LEARNT:,} characters of the same training text"
    names = ", ".join(readable(base.name) for base in config.bases)
    return f"{what} (and not those of {names})" if names else what


def _print(result: "Record", training_text: str) -> None:
    """Tables for people."""
    from charlstm.analysis.tables import places, seen
    from charlstm.units import bits

    def row(label: str, score: dict[str, Any]) -> str:
        error = score.get("standard_error_nats")
        margin = f" ± {bits(error):.4f}" if error else ""
        return f"{label:34} {score['nats_per_char']:8.4f} {score['bits_per_char']:10.4f}{margin}"

    where = places(result["modes"]["stateless"], result["characters"])
    print(f"{result['checkpoint']} on {result['text']}: {result['characters']:,} characters")
    if warning := seen(result):
        print(visible(warning))
    print(f"\n{'':34} nats/char  bits/char")
    print(row("stateful, one pass", result["modes"]["stateful"]))
    print(row(f"stateless, window of {result['window']}", result["modes"]["stateless"]))
    if result["dynamic"]:
        print(row("stateful, learning as it reads", result["dynamic"]))
    print(
        "\nStateful, the state is carried, and every character but the first is counted once (in up to 64 parts at a time, each"
    )
    print("warmed up by the 256 characters before it, or in one piece if the parts disagree where they meet). Stateless, the")
    print("state is zero a window before each character: that score, and how much more it is")
    print(f"{where}, ± the standard error of that.")
    print("\nBy the characters read before each, from a zero state:")
    for length, score in result["contexts"].items():
        print(row(f"{length:>5}", score))
    if result["references"]:
        print(f"\nWhat others make of the same text after {training_text}:")
        for name, score in result["references"].items():
            print(row(f"  {name}", score))
    _print_counts(result["counts"], shortened=result["counts"]["characters_counted"] < result["characters"])


def _print_counts(counts: "Record", *, shortened: bool) -> None:
    """What of the text is new, and whether it runs in circles."""
    from charlstm.analysis.tables import distinct, looped, new

    print(f"\nCounted in the text's first {counts['characters_counted']:,} characters:" if shortened else "")
    print(f"Distinct ones among its substrings of 4 characters: {distinct(counts)}; loop: {looped(counts)}")
    if counts["new"]:
        shares = ", ".join(f"{length}: {new(counts, length)}" for length in (4, 8, 16, 32))
        print(f"Substrings that the training text does not have, by length: {shares}")
    if counts["longest_copy"]:
        copy = counts["longest_copy"]
        shown = copy["text"] if len(copy["text"]) <= 60 else copy["text"][:57] + "..."
        print(f"Longest passage that it has: {copy['characters']} characters, in its line {copy['line']:,}: {shown!r}")
