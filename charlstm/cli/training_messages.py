"""Messages and results of ``charlstm train``."""

from pathlib import Path
from typing import TYPE_CHECKING

from charlstm.cli.flags import with_flags
from charlstm.cli.resume_command import checkpoint_command
from charlstm.cli.terminal import print_json, printable_name, say, say_command, say_note
from charlstm.errors import clip_text, excerpt
from charlstm.formatting import duration

if TYPE_CHECKING:
    from charlstm.planning.training_plan import TrainingPlan
    from charlstm.training.events import Finished


def say_end(plan: "TrainingPlan", finished: "Finished") -> None:
    """Report how a completed training ended, and the command that generates with its model."""
    from charlstm.formatting import counted, decimal, exactly

    training, best = plan.config.training, finished.best
    if finished.nothing_trained:
        minutes = training.minutes or 0.0
        say(f"Nothing was trained: starting took the rest of {exactly(minutes, 'minute')}; raise --minutes.")
        return
    if finished.stopped_early:
        say(f"Stopped early: no better score in {counted(training.patience or 0, 'evaluation')}.")
    elif best.step < finished.steps and best.nats_per_char is not None:
        say(f"Keeping the best model (epoch {best.epoch:.1f}, {decimal(best.nats_per_char, 4)} nats/char).")
    _say_unigram(plan, best.nats_per_char)
    say_command(f"Done in {duration(finished.seconds)}. Generate with:", checkpoint_command(plan, "generate", "--checkpoint"))


def say_finished(plan: "TrainingPlan", page: Path | None) -> None:
    """Say that nothing is left to train, and write the page of the training if there is to be one."""
    say_note(plan.finished or "")
    if page is not None:
        from charlstm.report.live_page import write_page

        write_page(page, plan.folder, with_flags)
        say(f"The page of this training is in {page}.")


def _say_unigram(plan: "TrainingPlan", nats: float | None) -> None:
    """Say so if the model predicts no better than letter frequencies, and what to change."""
    from charlstm.evaluation.diagnosis import unigram_finding
    from charlstm.text.frequencies import unigram_nats
    from charlstm.text.windows import split

    config = plan.config
    unigram = unigram_nats(*split(plan.ids, config.training.validation), config.vocabulary)
    if found := unigram_finding(nats, unigram, config.model, config.training, fine_tuned=bool(config.bases)):
        say_note(f"{found.found} {found.advice}")


def print_saved_result(plan: "TrainingPlan") -> None:
    """Print the result of a training that was already finished."""
    from charlstm.checkpoint.history import best_score
    from charlstm.planning.training_plan import ResumedState

    assert isinstance(plan.start, ResumedState)
    state = plan.start.state
    kept = best_score(state.history)
    speed = state.curves.characters_per_second or 0.0
    print_result(plan, kept.nats_per_char if kept else None, state.progress.steps, state.progress.seconds, speed)


def print_result(plan: "TrainingPlan", nats: float | None, steps: int, seconds: float, characters_per_second: float) -> None:
    """Print the result of a training as JSON."""
    from charlstm.formatting import bits, count_parameters
    from charlstm.results.commands import TrainingResult

    result = TrainingResult(
        checkpoint=plan.folder.name,
        nats_per_char=nats,
        bits_per_char=None if nats is None else bits(nats),
        parameters=count_parameters(plan.config.model.weight_shapes),
        seconds=seconds,
        steps=steps,
        characters_per_second=characters_per_second,
    )
    print_json(result.to_dict())


def describe_plan(origin: str, plan: "TrainingPlan") -> None:
    """Print the text, the network and the budget of a training; ``origin`` is the preset or the recipe of its settings."""
    from charlstm.checkpoint.model_card import budget_phrase
    from charlstm.planning.base_model import Base
    from charlstm.text.frequencies import occurring

    corpus, model, training = plan.config.corpus, plan.config.model, plan.config.training
    vocabulary = plan.config.vocabulary
    name = printable_name(clip_text(corpus.name))
    # The vocabulary of a fine-tuned model also has characters that only its base has read.
    distinct = f"{occurring(plan.ids, vocabulary):,} distinct{' ones learned' if vocabulary.rare else ''}"
    held_out, validation = plan.config.held_out, plan.config.validation_text
    learned = corpus.characters - (0 if validation else held_out)
    rest = f"{f'the last {held_out:,}' if held_out else 'nothing'} held out"
    if validation:
        rest = f"{held_out:,} of {printable_name(clip_text(validation.name))} to validate"
    say(f"{name}: {corpus.characters:,} characters, {distinct}; {learned:,} to learn from, {rest}.")
    show_beginning(plan)
    say(
        f"{printable_name(origin)}: windows of {model.seq_len}, {model.encoding} encoding, "
        f"LSTM {' + '.join(map(str, model.units))}, targets {model.targets}; "
        f"{training.batches} of {training.batch_size}, {training.precision}, {budget_phrase(training)}."
    )
    if isinstance(plan.start, Base):
        say(f"Starting from {printable_name(plan.start.name)} in {printable_name(str(plan.start.folder.parent))}.")
    for note in plan.notes:
        say_note(note)


def show_beginning(plan: "TrainingPlan") -> None:
    """Print the first words of the text as the model sees them, which reveals a wrong text encoding."""
    label = "Text begins: "
    say(label + excerpt(plan.config.vocabulary.decode(plan.ids[:1_000]), 80 - len(label)))
