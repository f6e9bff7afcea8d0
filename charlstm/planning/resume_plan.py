"""Planning to go on with a training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from charlstm.checkpoint.config_file import CheckpointConfig, read_config
from charlstm.checkpoint.folder import find_checkpoint
from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.regular_files import is_text_file
from charlstm.checkpoint.state_files import newest_state, read_progress, read_state
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.config import TrainingConfig, build, to_dict
from charlstm.errors import CheckpointError, ConfigError, CorpusError, clip_text
from charlstm.planning.budget import why_finished
from charlstm.planning.environment import environment_record
from charlstm.planning.settings import FREE, budget_of, check_budget, flag
from charlstm.planning.training_plan import ResumedState, TrainingPlan, absolute
from charlstm.planning.unused_settings import check_unused_settings
from charlstm.text.batches import batch_source
from charlstm.text.corpus import Corpus, read_again
from charlstm.text.windows import split


def plan_resuming(
    root: Path, name: str, paths: Sequence[str], given: Mapping[str, Any], text_encoding: str | None = None
) -> TrainingPlan:
    """Plan to go on with a training.

    Args:
        root: The folder of checkpoints.
        name: The checkpoint.
        paths: The corpus, if it is no longer where it was.
        given: A new budget, if any.
        text_encoding: Of the corpus; the one it was first read in if None.

    Raises:
        CharlstmError: If it cannot be gone on with: another text, other settings, no saved state, still under way.
    """
    check_budget(given)
    folder = find_checkpoint(root, name)
    config = read_config(folder)
    _check_settings(config, given, name)
    notes: list[str] = []
    with training_lock(folder):
        state = read_state(folder, config, notes.append)
        number = newest_state(folder)
    encoding = text_encoding or state.progress.text_encoding
    corpus = _read_again(tuple(paths), state.progress, encoding, config, name)
    config = _with_new_budget(config, given)
    _, held_out = split(corpus.ids, config.training.validation)
    free = {name: value for name, value in given.items() if name in FREE}
    effects = check_unused_settings(free, config.model, config.training, len(held_out))
    return TrainingPlan(
        folder=folder,
        config=config,
        ids=corpus.ids,
        paths=absolute(corpus.paths),
        text_encoding=encoding,
        start=ResumedState(number, state),
        notes=(*notes, *corpus.notes, *effects, *_other_surroundings(state.progress.surroundings)),
        finished=_why_finished(folder.name, config, state.progress, corpus),
    )


def plan_worker(
    root: Path, name: str, paths: Sequence[str], given: Mapping[str, Any], text_encoding: str | None = None
) -> TrainingPlan:
    """Plan to help the chief go on with a training: the state is the chief's to read.

    Args:
        root: The folder of checkpoints.
        name: The checkpoint.
        paths: The corpus, if it is no longer where it was.
        given: A new budget, if any.
        text_encoding: Of the corpus; the one it was first read in if None.

    Raises:
        CharlstmError: If its configuration or its text cannot be read.
    """
    folder = find_checkpoint(root, name)
    config, progress = read_config(folder), read_progress(folder)
    encoding = text_encoding or progress.text_encoding
    corpus = _read_again(tuple(paths), progress, encoding, config, name)
    config = _with_new_budget(config, given)
    return TrainingPlan(
        folder=folder,
        config=config,
        ids=corpus.ids,
        paths=absolute(corpus.paths),
        text_encoding=encoding,
        finished=_why_finished(folder.name, config, progress, corpus),
    )


def _with_new_budget(config: CheckpointConfig, given: Mapping[str, Any]) -> CheckpointConfig:
    """Return a configuration with the budget and the other settings that a resumed training may change."""
    changes = {key: given[key] for key in given.keys() & FREE} | budget_of(given)
    return replace(config, training=build(TrainingConfig, to_dict(config.training) | changes))


def _why_finished(name: str, config: CheckpointConfig, progress: TrainingProgress, corpus: Corpus) -> str | None:
    learnt, _ = split(corpus.ids, config.training.validation)
    source = batch_source(learnt, config.model, config.training)
    return why_finished(name, config.training, progress, source.steps_per_epoch)


def _check_settings(config: CheckpointConfig, given: Mapping[str, Any], name: str) -> None:
    """Refuse settings that are not the training's."""
    recorded = to_dict(config.model) | to_dict(config.training)
    recorded["min_count"] = f"{len(config.vocabulary):,} learned characters"
    others = [key for key in sorted(given.keys() - FREE) if given[key] not in (recorded[key], "auto")]
    if others:
        raise ConfigError(
            f"{', '.join(map(flag, others))} cannot be changed when a training is resumed ({name} has "
            f"{', '.join(str(recorded[key]) for key in others)}); leave it out, or "
            f"train its model further with other settings: `charlstm train TEXT --from {name}`"
        )


def _read_again(
    paths: tuple[str, ...], progress: TrainingProgress, encoding: str, config: CheckpointConfig, name: str
) -> Corpus:
    """The text of a training, from where the user says or else from where it was.

    A checkpoint can come from anywhere, and what it remembers be anything, so only files are read without being named.
    """
    try:
        for path in () if paths else progress.paths:
            if path != "-" and not Path(path).exists():  # nor is it a pattern for other files
                raise CorpusError(f"{path} does not exist")
            if path != "-" and not is_text_file(path):
                raise CorpusError(f"{path} is not a file with a text in it")
        corpus = read_again(paths or progress.paths, encoding, config.vocabulary)
    except (CorpusError, ValueError) as error:
        raise CheckpointError(
            f"going on with {name} needs its text: {error}; name the text as in `charlstm train TEXT --resume {name}`"
        ) from None
    # A damaged checkpoint may name the text and lack some of its characters.
    if corpus.fingerprint != config.corpus.fingerprint or corpus.vocabulary != config.vocabulary:
        raise CheckpointError(
            f"{clip_text(corpus.name)} is not the text that {name} is trained on ({clip_text(config.corpus.name)}, SHA-256 "
            f"{config.corpus.fingerprint[:12]}…); give that text, or train its model on this one with `--from {name}`"
        )
    return corpus


def _other_surroundings(before: Mapping[str, str]) -> list[str]:
    """What is another version, or another number, than when the state was saved."""
    now = environment_record()
    changed = [f"{name} {before.get(name, 'unknown')}, now {now[name]}" for name in now if before.get(name) != now[name]]
    if not changed:
        return []
    return [f"Saved with {'; '.join(changed)}: the numbers may differ in their last digits from those of an unbroken run."]
