"""The histories of training runs, read from their checkpoints and compared. A run may still be training."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from charlstm.checkpoint.config_file import CheckpointConfig, read_config
from charlstm.checkpoint.history import HistoryEntry, best_score, read_history
from charlstm.checkpoint.lock import is_training
from charlstm.checkpoint.points import Point, TrainingCurves, read_points
from charlstm.checkpoint.regular_files import real_path
from charlstm.checkpoint.state_files import read_progress
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.config import setting_name, to_dict
from charlstm.errors import CheckpointError
from charlstm.evaluation.diagnosis import diagnose
from charlstm.formatting import bits, count_parameters
from charlstm.planning.budget import why_finished
from charlstm.results.history import EvaluationRecord, HistoryResult, PointsRecord, RunRecord, RunStatus, Setting
from charlstm.results.json_record import replace

_WITHOUT_EFFECT = frozenset({"save_every"})
"""Settings that change no curve."""


def compare_runs(folders: Sequence[Path]) -> HistoryResult:
    """Return the histories of training runs, with the settings that differ between them.

    Args:
        folders: Folders of their checkpoints.

    Raises:
        CheckpointError: If a folder is not a checkpoint, or its configuration is damaged. Damage to a history or to curves
            becomes a warning of its run.
    """
    configs = [read_config(folder) for folder in folders]
    runs = [_run(folder, config) for folder, config in zip(folders, configs, strict=True)]
    names = [name for name in dict.fromkeys(name for run in runs for name in run.settings) if name not in _WITHOUT_EFFECT]
    values = {name: [run.settings.get(name) for run in runs] for name in names}
    texts = {_scored_on(config) for config in configs}
    return HistoryResult(
        runs=runs,
        different_settings={name: each for name, each in values.items() if any(value != each[0] for value in each)},
        different_texts=len(texts) > 1,
    )


def _scored_on(config: CheckpointConfig) -> tuple[str, float]:
    """Return the fingerprint of the text that a run is scored on, or of its corpus and the fraction that is held out."""
    if config.validation_text is not None:
        return config.validation_text.fingerprint, 1.0
    return config.corpus.fingerprint, config.training.validation


def _run(folder: Path, config: CheckpointConfig) -> RunRecord:
    warnings: list[str] = []
    history: list[HistoryEntry] = []
    curves, progress = TrainingCurves(), None
    try:
        history = read_history(folder)
    except CheckpointError as error:
        warnings.append(str(error))
    try:
        curves = read_points(folder)
    except CheckpointError as error:
        warnings.append(str(error))
    try:
        progress = read_progress(folder)
    except CheckpointError:  # a checkpoint without the state to resume from is still a model with a history
        progress = None
    records: list[HistoryEntry | Point] = [*history, *curves.points]
    latest = max(records, key=lambda each: each.step, default=None)
    best, unigram = best_score(history), curves.header.unigram_nats_per_char
    nats = best.nats_per_char if best else None
    status = _status(folder, config, progress, latest.step / latest.epoch if latest and latest.epoch else 0.0)
    findings = diagnose(history, unigram, config.model, config.training)
    if status == "training":  # it will train longer anyway
        findings = [each if each.kind == "overfitting" else replace(each, advice="") for each in findings]
    return RunRecord(
        checkpoint=real_path(folder).name,
        corpus=config.corpus.name,
        created=config.created,
        status=status,
        parameters=count_parameters(config.model.weight_shapes),
        steps=latest.step if latest else 0,
        epochs=latest.epoch if latest else 0.0,
        seconds=latest.seconds if latest else 0.0,
        nats_per_char=nats,
        bits_per_char=None if nats is None else bits(nats),
        best_epoch=best.epoch if best and nats is not None else None,
        unigram_nats_per_char=unigram,
        notes=list(curves.header.notes),
        findings=findings,
        settings=_settings(config),
        evaluations=[EvaluationRecord(**asdict(line)) for line in history],
        points=_points(curves),
        warnings=warnings,
    )


def _status(folder: Path, config: CheckpointConfig, progress: TrainingProgress | None, steps_per_epoch: float) -> RunStatus:
    if is_training(folder):
        return "training"
    if progress is None:  # its state was removed, so that it cannot be resumed
        return "finished"
    done = steps_per_epoch and why_finished(folder.name, config.training, progress, steps_per_epoch)
    return "finished" if done else "interrupted"


def _settings(config: CheckpointConfig) -> dict[str, Setting]:
    """Return the text and all settings of a run, by name, as JSON has them."""
    fields = {**to_dict(config.model), **to_dict(config.training)}
    del fields["vocabulary_size"]  # the text's
    settings = {setting_name(name): list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    own = {"validation_file": config.validation_text.name} if config.validation_text else {}
    return {"corpus": config.corpus.name, **settings, **own}


def _points(curves: TrainingCurves) -> PointsRecord:
    points = curves.points
    return PointsRecord(
        every=curves.header.every if points else 0,
        step=[point.step for point in points],
        epoch=[point.epoch for point in points],
        seconds=[point.seconds for point in points],
        learning_rate=[point.learning_rate for point in points],
        train_nats_per_char=[point.train_nats_per_char for point in points],
        gradient_norm=[point.gradient_norm for point in points],
        characters_per_second=[point.characters_per_second for point in points],
    )
