"""``charlstm evaluate``."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from charlstm.cli.evaluation_inputs import (
    CorpusOption,
    SampleOption,
    TextEncodingOption,
    UnknownOption,
    bar,
    find_texts,
    say_rare,
    say_unbounded,
)
from charlstm.cli.flags import with_flags
from charlstm.cli.memory_checks import check_scoring
from charlstm.cli.options import LARGEST_SEED, integer
from charlstm.cli.refusals import refuse_on_unknown
from charlstm.cli.terminal import (
    CheckpointOption,
    JsonOption,
    MixOption,
    SearchOption,
    find_mixture,
    print_json,
    printable_name,
    say,
)

if TYPE_CHECKING:
    from charlstm.checkpoint.config_records import CheckpointConfig
    from charlstm.model import Model
    from charlstm.results.evaluation import EvaluationResult
    from charlstm.text.vocabulary import Ids

_LEARNING = 20
"""Cost of learning from one character with --dynamic, in steps of a single row."""


def evaluate(
    context: typer.Context,
    text: Annotated[
        str | None,
        typer.Argument(
            help="File with the text to score; - reads stdin. Default: the held-out text.", metavar="FILE", show_default=False
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    mix: MixOption = None,
    corpus: CorpusOption = None,
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Also score while the model learns from the text as it reads (starts TensorFlow).")
    ] = False,
    surprise: Annotated[
        bool, typer.Option("--surprise", help="With --json: also print the surprisal of every character, in nats.")
    ] = False,
    sample: SampleOption = 1_000,
    random_seed: Annotated[int, typer.Option(help="Random seed of the sampled positions.", **integer(0, LARGEST_SEED))] = 0,
    on_unknown: UnknownOption = "error",
    text_encoding: TextEncodingOption = None,
    checkpoints: SearchOption = None,
    json: JsonOption = False,
) -> None:
    """Score how well a model predicts a text, in both modes."""
    from charlstm.cli.evaluation_view import show, training_text
    from charlstm.errors import CheckpointError
    from charlstm.evaluation import scores
    from charlstm.evaluation.baselines import baselines, baselines_bytes
    from charlstm.evaluation.text_statistics import text_statistics
    from charlstm.inference.finite import check_record
    from charlstm.report.records import evaluation_result

    if surprise and not json:
        raise typer.BadParameter("--surprise adds to what --json prints; for a coloured text see `charlstm compare --report`")
    if dynamic and mix:
        raise typer.BadParameter("--dynamic trains one model as it reads; remove --mix")
    # The training text of a mixture's first model can have characters that another model does not know.
    refuse_on_unknown(context, "a text to score", "FILE", used=text is not None or bool(mix))
    model = find_mixture(checkpoint, checkpoints, mix)
    config = model.checkpoint
    texts = find_texts(model, text, corpus, on_unknown, text_encoding)
    measured, learnt = texts.measured, texts.learnt
    if measured is None:
        raise CheckpointError(f"{texts.missing}, or name another text to evaluate it on")
    if dynamic and learnt is None:
        raise CheckpointError(f"--dynamic measures gradients on the training text: {texts.missing}")
    contexts = scores.context_lengths(config.model.seq_len, len(measured.ids))
    advice = "reduce --sample, or use a shorter text or a smaller model"
    baselines_memory = baselines_bytes(len(learnt), len(measured.ids)) if learnt is not None else 0
    check_scoring(config, len(measured.ids), sample, contexts, advice=advice, baselines=baselines_memory)
    vocabulary = config.vocabulary
    network = model.network
    starts = scores.sampled_starts(len(measured.ids), sample, random_seed)
    naming = vocabulary.naming_nats(measured.ids)
    say_rare(vocabulary, measured.ids)
    _say_unknown_texts(model, len(measured.ids))
    _say_seen_by_others(model, measured.ids)
    work = scores.scoring_work(measured.ids, len(starts), contexts, config.model.vocabulary_size)
    with bar(work + (_LEARNING * len(measured.ids) if dynamic else 0)) as progress:
        found = scores.evaluate(network, measured.ids, starts, contexts, progress.update, naming)
        adapted = None
        if dynamic and learnt is not None:
            from charlstm.training.dynamic_evaluation import dynamic_surprisal

            adapted = dynamic_surprisal(
                config.model, model.weights, learnt, measured.ids, lambda n: progress.update(_LEARNING * n), naming=naming
            )
    say_unbounded(found)
    text_read = vocabulary.decode(measured.ids)
    result = evaluation_result(
        printable_name(model.name),
        measured,
        found,
        text_statistics(text_read, vocabulary, learnt),
        dynamic=adapted,
        baselines=None if learnt is None else baselines(learnt, measured.ids, vocabulary),
        text=text_read if surprise else None,
    )
    written = result.to_dict()
    check_record(written)
    if json:
        print_json(written)
        return
    if texts.missing:
        say(f"Without the training text there are no baselines: {with_flags(texts.missing)}.")
    _say_unigram(result, config)
    show(result, "" if learnt is None else training_text(config, len(learnt)))


def _say_unknown_texts(model: "Model", characters: int) -> None:
    """Say which models were imported without their text, so that nothing shows whether the scored text is in it."""
    from charlstm.checkpoint.lineage import lineage
    from charlstm.model_mixture import MixedModel
    from charlstm.planning.held_out import unknown_text_notes

    models = [each for each, _ in model.models] if isinstance(model, MixedModel) else [model]
    bases = dict.fromkeys(base for each in models for base in lineage(each.checkpoint, each.name))
    for note in unknown_text_notes(tuple(bases), characters):
        say(printable_name(note))


def _say_seen_by_others(model: "Model", ids: "Ids") -> None:
    """Say which models of a mixture, after the first one, were trained on the text."""
    from charlstm.evaluation.evaluation_texts import trained_part
    from charlstm.model_mixture import MixedModel
    from charlstm.report.tables import seen_warning
    from charlstm.results.scores import SeenRecord

    for other, _ in model.models[1:] if isinstance(model, MixedModel) else ():
        seen = trained_part(other.path, replace(other.checkpoint, vocabulary=model.vocabulary), ids)
        if seen:
            record = SeenRecord(model=seen.model, characters=seen.characters, estimated=seen.estimated)
            say(seen_warning(record, len(ids)))


def _say_unigram(result: "EvaluationResult", config: "CheckpointConfig") -> None:
    """Say so if the model predicts no better than letter frequencies."""
    from charlstm.evaluation.diagnosis import unigram_finding

    unigram = (result.references or {}).get("unigram")
    nats = result.modes.stateful.nats_per_char
    if found := unigram_finding(
        nats, unigram.nats_per_char if unigram else None, config.model, config.training, fine_tuned=bool(config.bases)
    ):
        say(found.found)
