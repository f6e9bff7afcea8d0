"""Planning to resume a training run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.folder import find_checkpoint
from charlstm.checkpoint.history import HISTORY, read_history
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.state_files import newest_state, read_progress, read_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import WEIGHTS, read_weights
from charlstm.config import TrainingConfig, build, setting_name, to_dict
from charlstm.errors import CheckpointError, ConfigError
from charlstm.planning.budget import check_budget_not_passed, why_finished
from charlstm.planning.environment import environment_record
from charlstm.planning.rare_characters import min_count_of
from charlstm.planning.recipe_file import Recipe
from charlstm.planning.resumed_texts import resumed_corpus, resumed_validation_text
from charlstm.planning.settings import FREE, budget_of, check_budget
from charlstm.planning.training_plan import ResumedState, TrainingPlan, absolute
from charlstm.planning.unused_settings import check_unused_settings
from charlstm.text.batches import batch_source
from charlstm.text.corpus import Corpus
from charlstm.text.frequencies import occurrences
from charlstm.text.prepared_corpus import used_text_encoding
from charlstm.text.windows import split


def plan_resuming(
    root: Path,
    name: str,
    paths: Sequence[str],
    given: Mapping[str, object],
    text_encoding: str | None = None,
    *,
    recipe: Recipe | None = None,
    validation_files: Sequence[str] = (),
) -> TrainingPlan:
    """Plan to resume a training run.

    Args:
        root: The folder of checkpoints.
        name: Name of the checkpoint.
        paths: The corpus; empty for its saved paths.
        given: New values of the settings that may change, such as the budget.
        text_encoding: Text encoding of the corpus; the saved one if None.
        recipe: Settings that count as if they were given, unless they are; None for none.
        validation_files: Files of the validation text, if there is one; empty for its saved paths.

    Raises:
        CharlstmError: If the run cannot be resumed: a different text, different settings, no saved state, or still running.
    """
    check_budget(given)
    folder = find_checkpoint(root, name)
    config = read_config(folder)
    given = _with_recipe(recipe, given, config)
    _check_settings(config, given, name)
    notes: list[str] = []
    with training_lock(folder):
        state = read_state(folder, config, notes.append)
        number = newest_state(folder)
    encoding = _text_encoding(text_encoding, paths, validation_files, state.progress)
    corpus = resumed_corpus(tuple(paths), state.progress, encoding, config, name)
    _check_min_count(config, given, corpus, name)
    config = _with_new_budget(config, given, state.progress, corpus, folder.name)
    own = resumed_validation_text(tuple(validation_files), state.progress, encoding, config, name)
    held_out = own.ids if own else split(corpus.ids, config.training.validation)[1]
    free = {name: value for name, value in given.items() if name in FREE}
    effects = check_unused_settings(free, config.model, config.training, len(held_out))
    damaged = _damaged_files(folder, config, state)
    if damaged:
        notes.append(f"{' and '.join(damaged)} in {folder} will be written again from the saved state.")
    return TrainingPlan(
        folder=folder,
        config=config,
        ids=corpus.ids,
        paths=absolute(corpus.paths),
        text_encoding=encoding,
        start=ResumedState(number, state),
        validation_text=own,
        notes=(*notes, *corpus.notes, *effects, *_environment_notes(state.progress.surroundings)),
        finished=None if damaged else _why_finished(folder.name, config, state.progress, corpus),
    )


def _damaged_files(folder: Path, config: CheckpointConfig, state: TrainingState) -> list[str]:
    """Return the files of the model that are missing or damaged although its training has been scored."""
    if not state.best:
        return []
    found = [WEIGHTS, HISTORY]
    with suppress(CheckpointError):
        read_weights(folder, config.model)
        found.remove(WEIGHTS)
    with suppress(CheckpointError):
        if read_history(folder):
            found.remove(HISTORY)
    return found


def plan_worker(
    root: Path,
    name: str,
    paths: Sequence[str],
    given: Mapping[str, object],
    text_encoding: str | None = None,
    *,
    recipe: Recipe | None = None,
) -> TrainingPlan:
    """Plan to resume a training run as a worker; only the chief reads the saved state.

    Args:
        root: The folder of checkpoints.
        name: Name of the checkpoint.
        paths: The corpus; empty for its saved paths.
        given: New values of the settings that may change, such as the budget.
        text_encoding: Text encoding of the corpus; the saved one if None.
        recipe: Settings that count as if they were given, unless they are; None for none.

    Raises:
        CharlstmError: If the configuration or the text cannot be read.
    """
    folder = find_checkpoint(root, name)
    config, progress = read_config(folder), read_progress(folder)
    encoding = _text_encoding(text_encoding, paths, (), progress)
    corpus = resumed_corpus(tuple(paths), progress, encoding, config, name)
    config = _with_new_budget(config, _with_recipe(recipe, given, config), progress, corpus, folder.name)
    return TrainingPlan(
        folder=folder,
        config=config,
        ids=corpus.ids,
        paths=absolute(corpus.paths),
        text_encoding=encoding,
        finished=_why_finished(folder.name, config, progress, corpus),
    )


def _text_encoding(
    text_encoding: str | None, paths: Sequence[str], validation_files: Sequence[str], progress: TrainingProgress
) -> str:
    """Return the text encoding of a training run: the user's or else the saved one."""
    texts = (*(paths or progress.paths), *(validation_files or progress.validation_paths))
    return used_text_encoding(text_encoding, texts, progress.text_encoding)


def _with_recipe(recipe: Recipe | None, given: Mapping[str, object], config: CheckpointConfig) -> Mapping[str, object]:
    """Add to the given settings the recipe's settings that can differ in a resumed run.

    Only a new vocabulary follows the recipe's ``min_count``, and a validation text replaces its ``validation``.
    """
    if recipe is None:
        return given
    replaced = {"min_count", "validation"} if config.validation_text else {"min_count"}
    return {key: value for key, value in recipe.with_given(given).items() if key in given or key not in replaced}


def _with_new_budget(
    config: CheckpointConfig, given: Mapping[str, object], progress: TrainingProgress, corpus: Corpus, name: str
) -> CheckpointConfig:
    """Return a configuration with the user's budget and the other settings that may change in a resumed run."""
    changes = {key: given[key] for key in given.keys() & FREE} | budget_of(given)
    changed = replace(config, training=build(TrainingConfig, to_dict(config.training) | changes))
    check_budget_not_passed(name, config.training, changed.training, progress, _steps_per_epoch(config, corpus))
    return changed


def _why_finished(name: str, config: CheckpointConfig, progress: TrainingProgress, corpus: Corpus) -> str | None:
    return why_finished(name, config.training, progress, _steps_per_epoch(config, corpus))


def _steps_per_epoch(config: CheckpointConfig, corpus: Corpus) -> float:
    learned, _ = split(corpus.ids, config.training.validation)
    return batch_source(learned, config.model, config.training).steps_per_epoch


def _check_settings(config: CheckpointConfig, given: Mapping[str, object], name: str) -> None:
    """Check that settings which cannot change equal the training run's."""
    recorded = to_dict(config.model) | to_dict(config.training)
    different = [key for key in sorted(given.keys() - FREE - {"min_count"}) if given[key] not in (recorded[key], "auto")]
    if different:
        raise ConfigError(
            f"{', '.join(f'`{setting_name(key)}`' for key in different)} cannot be changed when a training is resumed "
            f"({name} has {', '.join(str(recorded[key]).strip('(,)') for key in different)}); leave it out, or "
            f"train its model further with other settings and `base={name!r}`"
        )


def _check_min_count(config: CheckpointConfig, given: Mapping[str, object], corpus: Corpus, name: str) -> None:
    """Check that a given ``min_count`` divides the text into the characters that the run has learned, and rare ones.

    It is not checked in a fine-tuned model, whose characters are also those of its base.
    """
    least = min_count_of(given)
    if least == "auto" or config.bases:
        return
    vocabulary = config.vocabulary
    counts = occurrences(split(corpus.ids, config.training.validation)[0], vocabulary.model_size)[: len(vocabulary)]
    # Without rare characters, those that occur in the held-out text alone are learned too.
    learned = counts[counts > 0] if vocabulary.rare is None else counts
    if learned.min(initial=least) < least or max(vocabulary.rare.counts if vocabulary.rare else (), default=0) >= least:
        raise ConfigError(
            f"`min_count={least!r}` would learn other characters than the {len(vocabulary):,} that {name} has learned, and it "
            "cannot be changed when a training is resumed; leave it out, or start another training"
        )


def _environment_notes(before: Mapping[str, str]) -> list[str]:
    """Return a note on versions and hardware that have changed since the state was saved, if any have."""
    now = environment_record()
    changed = [f"{name} {before.get(name, 'unknown')}, now {now[name]}" for name in now if before.get(name) != now[name]]
    if not changed:
        return []
    return [f"Saved with {'; '.join(changed)}: the results may differ from an uninterrupted run's in their last digits."]
