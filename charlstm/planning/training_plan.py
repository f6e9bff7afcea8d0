"""The plan of a training run: the settings, the text, the checkpoint, and the weights or state to start from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.checkpoint.folder import available_names, check_can_be_created, check_new
from charlstm.checkpoint.json_files import MAX_BYTES
from charlstm.checkpoint.lineage import characters_trained_on, lineage
from charlstm.checkpoint.regular_files import real_path
from charlstm.checkpoint.training_state import TrainingState
from charlstm.choices import OnUnknown
from charlstm.config import ModelConfig, TrainingConfig, build, to_dict
from charlstm.errors import ConfigError, CorpusError
from charlstm.planning.adaptation import adapt, fitted_validation
from charlstm.planning.base_model import FITTED_IN_FINE_TUNING, Base, read_base
from charlstm.planning.cluster import Cluster
from charlstm.planning.cost_model import TWO_FAST_CORES, Speed
from charlstm.planning.held_out import (
    base_texts,
    overlap_note,
    unknown_text_notes,
    unseen_fraction,
    validation_record,
)
from charlstm.planning.layer_options import check_layer_options
from charlstm.planning.presets import PRESETS, Preset
from charlstm.planning.rare_characters import BaseCut, cut_vocabulary, min_count_of
from charlstm.planning.recipe_file import Recipe, unused_in_recipe
from charlstm.planning.seed_windows import seed_windows
from charlstm.planning.settings import budget_of, check_budget
from charlstm.planning.unused_settings import check_unused_settings
from charlstm.text.batches import batch_source
from charlstm.text.compression import without_suffix
from charlstm.text.corpus import read_corpus, recoded
from charlstm.text.overlap import sketch
from charlstm.text.prepared_corpus import used_text_encoding
from charlstm.text.validation_text import ValidationText, read_validation_text
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import split

_TOO_MANY = "the names of {:,} files are more than a checkpoint can store; join the files into one and give that one"
_MODEL = frozenset(field.name for field in fields(ModelConfig))
_TRAINING = frozenset(field.name for field in fields(TrainingConfig))


@dataclass(frozen=True)
class ResumedState:
    """The saved state of a training run to resume.

    Attributes:
        number: Number of the newest state file, intact or damaged. A greater one later shows that another process has trained.
        state: The newest intact state.
    """

    number: int
    state: TrainingState


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that a training run needs.

    Attributes:
        folder: The checkpoint's folder; it exists only if the run is resumed.
        config: The content of its ``config.json``.
        ids: The whole corpus: ``[N]``. Its tail is held out as the recipe says.
        paths: The files of the corpus, saved so that the run can be resumed without naming them.
        text_encoding: The text encoding of these files.
        stem: The beginning of the checkpoint's name if the user has not named it, otherwise None. If the folder is taken by the
            time training starts, the next free name that begins like this is used.
        start: A base model or a saved state to start from; None for random weights.
        notes: The choices made for this text and their reasons, one sentence each.
        finished: The reason why a resumed run is finished, a sentence; None if there is something left to train.
        cluster: The workers that train together, if there are several.
        validation_text: The validation text of the user's own, scored in place of the end of the corpus; None for none.
        tensorboard: Folder for the event files of TensorBoard; None for none.
    """

    folder: Path
    config: CheckpointConfig
    ids: Ids
    paths: tuple[str, ...]
    text_encoding: str
    stem: str | None = None
    start: Base | ResumedState | None = None
    notes: tuple[str, ...] = ()
    finished: str | None = None
    cluster: Cluster | None = None
    validation_text: ValidationText | None = None
    tensorboard: Path | None = None

    def parts(self) -> tuple[Ids, Ids]:
        """Return the training set and the held-out text: the validation text, or else the end of the corpus."""
        learned, tail = split(self.ids, self.config.training.validation)
        return learned, tail if self.validation_text is None else self.validation_text.ids


def plan_training(
    root: Path,
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    preset: Preset,
    created: str,
    recipe: Recipe | None = None,
    name: str | None = None,
    base_name: str | None = None,
    text_encoding: str | None = None,
    validation_files: Sequence[str] = (),
    on_unknown: OnUnknown = "error",
    speed: Speed = TWO_FAST_CORES,
) -> TrainingPlan:
    """Plan a new training.

    Args:
        root: The folder of checkpoints.
        paths: The corpus: files, folders and patterns; ``-`` is standard input.
        given: The settings that the user chose. The others come from the preset, fitted to the text. ``min_count`` is one of
            them: the fewest occurrences of a learned character, or ``auto``.
        preset: The preset to start from.
        recipe: Settings that override the preset's and are kept as the given ones are, which override them.
        created: The current time, ISO 8601.
        name: Name of the checkpoint; derived from the first file if None.
        base_name: Name of a checkpoint to fine-tune.
        text_encoding: Text encoding of the corpus and of the validation text; utf-8 if None.
        validation_files: Files of a validation text of the user's own; the whole corpus is trained on then.
        on_unknown: Action for characters of the validation text that the corpus lacks.
        speed: The speed that a budget in minutes is planned with.

    Returns:
        The plan. Nothing has been written.

    Raises:
        CharlstmError: If the settings, the text or the base cannot be used. Nothing has been written.
    """
    check_budget(given)
    if validation_files and "validation" in given:
        raise ConfigError("`validation_file` is scored in place of the end of the text; leave out `validation_split`")
    asked_for = {**(recipe.with_given(given) if recipe else given), **({"validation": 0.0} if validation_files else {})}
    min_count = min_count_of(asked_for)
    if name is not None:
        check_new(root, name)
    base = read_base(root, base_name, given, asked_for) if base_name is not None else None
    encoding = used_text_encoding(text_encoding, (*paths, *validation_files))
    corpus = read_corpus(paths, encoding, base.config.vocabulary.characters if base else "")
    settings = _settings(asked_for, preset, base) | {"vocabulary_size": len(corpus.vocabulary)}
    fixed = frozenset(asked_for) | (_MODEL - FITTED_IN_FINE_TUNING if base else frozenset())
    if settings.get("precision", "auto") == "auto":
        settings["precision"] = TrainingConfig.precision  # provisional: the choice depends on the batch size
        fixed -= {"precision"}
    else:
        fixed |= {"precision"}
    network = build(ModelConfig, {key: settings[key] for key in settings.keys() & _MODEL})
    check_layer_options(network)
    asked = build(TrainingConfig, {key: settings[key] for key in settings.keys() & _TRAINING})
    bases = lineage(base.config, base.name) if base else ()
    texts = base_texts(base.config, base.name, corpus) if base else ()
    held_out, held_out_notes = unseen_fraction(asked.validation, "validation" in asked_for, texts, len(corpus.ids))
    fitted = fitted_validation(preset, held_out, len(corpus.ids), fixed)
    if overlap := overlap_note(fitted, "validation" in asked_for, texts, corpus):
        held_out, fitted, held_out_notes = 0.0, 0.0, (overlap,)
    base_cut = BaseCut(base.config.vocabulary, sum(map(characters_trained_on, bases))) if base else None
    cut = cut_vocabulary(corpus, len(corpus.ids) - round(len(corpus.ids) * fitted), min_count, base_cut)
    corpus = recoded(corpus, cut.vocabulary)
    network = replace(network, vocabulary_size=cut.vocabulary.model_size)
    adapted = adapt(
        preset, network, replace(asked, validation=held_out), len(corpus.ids), fixed, fine_tuning=base is not None, speed=speed
    )
    model, training = adapted.model, adapted.training
    if "kernel_initializer" in asked_for and "input_initializer" not in asked_for and model.encoding != "embedding":
        model = replace(model, input_initializer=None)  # the user's initializer overrides the preset's for the first kernel
    learned, held_out_ids = split(corpus.ids, training.validation)
    own = read_validation_text(validation_files, encoding, corpus.vocabulary, on_unknown) if validation_files else None
    held_out_ids = own.ids if own else held_out_ids
    sketched = (*(text.sketch for text in texts), sketch(learned, corpus.vocabulary))
    trained_on = (*(text.name for text in texts), None)
    own_record, own_notes = validation_record(own, corpus, trained_on, sketched) if own else (None, ())
    effects = check_unused_settings(given, model, training, len(held_out_ids))
    if recipe:
        effects += unused_in_recipe(recipe, given, model, training, len(held_out_ids))
    batch_source(learned, model, training)  # raises if the text is too short
    first = Path(paths[0])
    stem = (
        "stdin" if paths[0] == "-" else real_path(first).name if first.is_dir() else Path(without_suffix(corpus.paths[0])).stem
    )
    folder = root / (name or next(available_names(root, stem)))
    check_can_be_created(folder)
    record = CorpusRecord(
        name=corpus.name,
        fingerprint=corpus.fingerprint,
        characters=len(corpus.ids),
        windows=seed_windows(corpus, len(learned), model.seq_len),
    )
    return TrainingPlan(
        folder=folder,
        config=CheckpointConfig(
            model=model,
            vocabulary=corpus.vocabulary,
            training=training,
            corpus=record,
            created=created,
            bases=bases,
            sketches=sketched,
            validation_text=own_record,
        ),
        ids=corpus.ids,
        paths=absolute(corpus.paths),
        text_encoding=encoding,
        stem=None if name else stem,
        start=base,
        validation_text=own,
        notes=(
            *corpus.notes,
            *cut.notes,
            *held_out_notes,
            *own_notes,
            *unknown_text_notes(bases, len(held_out_ids)),
            *adapted.notes,
            *effects,
        ),
    )


def _settings(given: Mapping[str, object], preset: Preset, base: Base | None) -> dict[str, object]:
    """Return the settings: the user's override the base's, if there is one, and these override the preset's."""
    return {**PRESETS[preset], **(to_dict(base.config.model) if base else {}), **given, **budget_of(given)}


def absolute(paths: Sequence[str]) -> tuple[str, ...]:
    """Return absolute paths; ``-`` stays standard input.

    Raises:
        CorpusError: If they are too many to store in a checkpoint.
    """
    found = tuple(path if path == "-" else str(real_path(path)) for path in paths)
    if len(json.dumps(found)) > MAX_BYTES // 2:
        raise CorpusError(_TOO_MANY.format(len(paths)))
    return found
