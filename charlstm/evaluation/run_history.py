"""The histories of training runs, read from their checkpoints and compared. A run may still be training."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import HistoryEntry, best_score, read_history
from charlstm.checkpoint.lock import is_training
from charlstm.checkpoint.model_card import budget_phrase
from charlstm.checkpoint.points import Point, TrainingCurves, read_points
from charlstm.checkpoint.regular_files import is_text_file, real_path
from charlstm.checkpoint.search import CURRENT
from charlstm.checkpoint.state_files import read_progress
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.config import setting_name, to_dict
from charlstm.errors import CheckpointError, clip_text
from charlstm.evaluation.diagnosis import diagnose
from charlstm.formatting import bits, count_parameters
from charlstm.planning.budget import why_finished
from charlstm.results.history import EvaluationRecord, FindingRecord, HistoryResult, PointsRecord, RunRecord, RunStatus, Setting
from charlstm.results.json_record import replace
from charlstm.text.prepared_corpus import is_prepared

_WITHOUT_EFFECT = frozenset({"save_every"})
"""Settings that change no curve."""

_KNOWN_IF_IMPORTED = frozenset(
    {"seq_len", "encoding", "embedding_size", "units", "targets", "activation", "recurrent_activation", "use_bias"}
)
"""Settings that the file of an imported model shows, or that its import has chosen."""


def compare_runs(folders: Sequence[Path]) -> HistoryResult:
    """Return the histories of training runs, with the settings that differ between them.

    Args:
        folders: Folders of their checkpoints.

    Raises:
        CheckpointError: If a folder is not a checkpoint, or its configuration is damaged. Damage to a history or to curves
            becomes a warning of its run.
    """
    named: dict[Path, Path] = {}
    for folder in folders:
        named.setdefault(real_path(folder), folder)
    folders = list(named.values())
    configs = [read_config(folder) for folder in folders]
    described = zip(folders, configs, _labels(folders), _held_out_texts(configs), strict=True)
    runs = [_run(folder, config, label, scored_on) for folder, config, label, scored_on in described]
    names = [name for name in dict.fromkeys(name for run in runs for name in run.settings) if name not in _WITHOUT_EFFECT]
    values = {name: [run.settings.get(name) for run in runs] for name in names}
    return HistoryResult(
        runs=runs,
        different_settings={name: each for name, each in values.items() if any(value != each[0] for value in each)},
        different_texts=len({run.scored_on for run in runs}) > 1,
    )


def _labels(folders: Sequence[Path]) -> list[str]:
    """Return the name of each checkpoint, with as many of its parent folders as tell it from the others of that name."""
    paths = [real_path(folder).parts for folder in folders]
    longest = max(map(len, paths), default=0)

    def label(parts: tuple[str, ...]) -> str:
        others = [each for each in paths if each[-1] == parts[-1] and each != parts]
        unique = (kept for kept in range(1, longest + 1) if all(each[-kept:] != parts[-kept:] for each in others))
        return str(Path(*parts[-next(unique, longest) :]))

    return [label(parts) for parts in paths]


def _held_out_texts(configs: Sequence[CheckpointConfig]) -> list[str]:
    """Return the text that each run is scored on, in words; with a part of its fingerprint where others have the same words."""
    keys = [_held_out_text(config) for config in configs]
    words: dict[tuple[str, float], str] = {}
    for config, (fingerprint, fraction) in zip(configs, keys, strict=True):
        name = (
            config.validation_text.name
            if config.validation_text
            else f"the last {100 * fraction:.12g} % of {config.corpus.name}"
        )
        words.setdefault((fingerprint, fraction), clip_text(name) if fraction else "nothing")
    often = Counter(words.values())
    return [words[key] if often[words[key]] == 1 else f"{words[key]} (SHA-256 {key[0][:12]}…)" for key in keys]


def _held_out_text(config: CheckpointConfig) -> tuple[str, float]:
    """Return the fingerprint of the text that a run is scored on, or of its corpus and the fraction that is held out."""
    if config.validation_text is not None:
        return config.validation_text.fingerprint, 1.0
    fraction = config.training.validation
    return config.corpus.fingerprint if fraction else "", fraction


def _run(folder: Path, config: CheckpointConfig, label: str, scored_on: str) -> RunRecord:
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
    findings = diagnose(history, unigram, config.model, config.training, fine_tuned=bool(config.bases))
    if config.imported is not None:
        found = f"It was imported from {config.imported}: how it was trained is not known."
        findings = [FindingRecord(kind="imported", found=found, advice="")]
    elif status != "finished":  # it will train longer anyway
        findings = [each if each.kind == "overfitting" else replace(each, advice="") for each in findings]
    if config.validation_text and config.validation_text.seen:
        findings.append(FindingRecord(kind="seen", found=f"{config.validation_text.seen}.", advice=""))
    if status == "interrupted" and progress is not None:
        findings.insert(0, _interrupted(folder, config, progress, latest.epoch if latest else 0.0))
    return RunRecord(
        checkpoint=real_path(folder).name,
        label=label,
        corpus=config.corpus.name,
        scored_on=scored_on,
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
    if config.imported is not None:
        return "imported"
    if is_training(folder):
        return "training"
    if progress is None:  # its state was removed, so that it cannot be resumed
        return "finished"
    done = steps_per_epoch and why_finished(folder.name, config.training, progress, steps_per_epoch)
    return "finished" if done else "interrupted"


def _interrupted(folder: Path, config: CheckpointConfig, progress: TrainingProgress, epoch: float) -> FindingRecord:
    """Return the finding that a run was interrupted, with the call that resumes it."""
    place = real_path(folder)
    text = "" if _can_be_read(progress.paths) else "'TEXT', "
    own = "" if config.validation_text is None or _can_be_read(progress.validation_paths) else ", validation_file='TEXT'"
    where = "" if place.parent == real_path(CURRENT) else f", checkpoints={_quoted(str(folder.parent))}"
    found = f"It was interrupted at epoch {epoch:.1f}, before the end of its {budget_phrase(config.training)}."
    call = f"charlstm.train({text}resume={_quoted(place.name)}{own}{where})"
    return FindingRecord(kind="interrupted", found=found, advice=f"Resume it with: `{call}`")


def _can_be_read(paths: Sequence[str]) -> bool:
    """Return whether saved paths can be read again: none is a pipe, or a file that is no longer there."""
    return all(is_text_file(path) or is_prepared(path) for path in paths)


def _quoted(text: str) -> str:
    r"""Return a text as a string of Python without the backticks that enclose the call.

    >>> _quoted("a`b")
    "'a\\x60b'"
    """
    return repr(text).replace("`", "\\x60")


def _settings(config: CheckpointConfig) -> dict[str, Setting]:
    """Return the text and all settings of a run, by name, as JSON has them; of an imported model those that are known."""
    fields = {**to_dict(config.model), **to_dict(config.training)}
    del fields["vocabulary_size"]  # the text's
    if config.imported is not None:
        fields = {name: value for name, value in fields.items() if name in _KNOWN_IF_IMPORTED}
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
