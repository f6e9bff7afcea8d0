"""A training run, planned: what is trained, on what, from where."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from charlstm.checkpoint.config_file import MAX_BYTES, BaseRecord, CheckpointConfig, CorpusRecord, read_config
from charlstm.checkpoint.folder import available_names, check_new, find_checkpoint
from charlstm.checkpoint.lineage import characters_trained_on, lineage, part_trained_on
from charlstm.checkpoint.training_state import TrainingState
from charlstm.checkpoint.weights import Weights, read_weights
from charlstm.config import ModelConfig, TrainingConfig, build, to_dict
from charlstm.errors import ConfigError, CorpusError
from charlstm.planning.adaptation import adapt, fitted_validation
from charlstm.planning.cluster import Cluster
from charlstm.planning.presets import PRESETS, Preset
from charlstm.planning.rare_characters import BaseCut, cut_vocabulary, min_count_of
from charlstm.planning.settings import budget_of, check_budget, flag
from charlstm.planning.unused_settings import check_unused_settings
from charlstm.text.batches import batch_source
from charlstm.text.corpus import Corpus, read_corpus, recoded
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import split

DEFAULT_PRESET = Path("checkpoints")
"""The folder of checkpoints that a command has unless it is told another."""
_SEED_WINDOWS = 8
_LONGEST_SEED = 10_000
_TOO_MANY = "the names of {:,} files are more than a checkpoint keeps; join the files into one (cat) and give that one"
_MODEL = frozenset(field.name for field in fields(ModelConfig))
_TRAINING = frozenset(field.name for field in fields(TrainingConfig))
_FITTED_IN_FINE_TUNING = frozenset({"dropout", "recurrent_dropout", "drop_connect"})
_FREE_IN_FINE_TUNING = _FITTED_IN_FINE_TUNING.union(
    {"seq_len", "targets"},
    (f"{weight}_{kind}" for weight in ("kernel", "recurrent", "bias") for kind in ("regularizer", "constraint")),
)
"""Settings of a network on which neither its weights nor what they mean depend."""


@dataclass(frozen=True)
class Base:
    """A trained model to fine-tune.

    Attributes:
        name: Of its checkpoint.
        config: Its configuration.
        weights: Its weights.
    """

    name: str
    config: CheckpointConfig
    weights: Weights


@dataclass(frozen=True)
class ResumedState:
    """A training to go on with.

    Attributes:
        number: Of the newest saved state, whole or not: another process may yet come between.
        state: The newest whole one.
    """

    number: int
    state: TrainingState


@dataclass(frozen=True)
class TrainingPlan:
    """All that a training run is given.

    Attributes:
        folder: The checkpoint's folder; it exists only if the run is resumed.
        config: What its ``config.json`` says, or will say.
        ids: The whole corpus: ``[N]``; its tail is held out as the recipe says.
        paths: Where the corpus came from, for resuming without naming it again.
        text_encoding: In which encoding.
        stem: What the checkpoint is named after, if the user has not named it: it gets the next free name if that of its folder
            is taken meanwhile.
        start: What it goes on from, if anything.
        notes: What was chosen for this text and why, a sentence each.
        finished: Why nothing is left to train of a resumed run, a sentence; None if something is.
        cluster: The processes that train it together, if there are several.
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

    def command(self, *parts: str) -> str:
        """A command about the checkpoint, whose name follows its other parts, as a shell takes it."""
        where = () if self.folder.parent == DEFAULT_PRESET else ("--checkpoints", str(self.folder.parent))
        return shlex.join(("charlstm", *parts, self.folder.name, *where))

    @property
    def resuming(self) -> str:
        """The command that goes on with the training."""
        if "-" in self.paths:
            return self.command("train", "-", "--resume") + " < TEXT"
        pipes = not all(Path(path).is_file() for path in self.paths)
        return self.command("train", *["TEXT"] * pipes, "--resume")


def plan_training(
    root: Path,
    paths: Sequence[str],
    given: Mapping[str, Any],
    *,
    preset: Preset,
    created: str,
    name: str | None = None,
    base_name: str | None = None,
    text_encoding: str = "utf-8",
) -> TrainingPlan:
    """Plan a new training.

    Args:
        root: The folder of checkpoints.
        paths: The corpus: files, folders and patterns; ``-`` is standard input.
        given: The settings that the user chose; the others are the preset's, made to fit the text. ``min_count`` is one of
            them: the fewest occurrences of a character that is learned, or ``auto``.
        preset: The recipe to start from.
        created: The present moment, ISO 8601.
        name: Of the checkpoint; after the first file if None.
        base_name: A checkpoint to fine-tune.
        text_encoding: Of the corpus.

    Raises:
        CharlstmError: If anything about it cannot work; nothing has been written then.
    """
    check_budget(given)
    min_count = min_count_of(given)
    if name is not None:
        check_new(root, name)
    base = _base(root, base_name, given) if base_name is not None else None
    corpus = read_corpus(paths, text_encoding, base.config.vocabulary.characters if base else "")
    settings = _settings(given, preset, base) | {"vocabulary_size": len(corpus.vocabulary)}
    stay = frozenset(given) | (_MODEL - _FITTED_IN_FINE_TUNING if base else frozenset())
    if settings.get("precision", "auto") == "auto":
        settings["precision"] = TrainingConfig.precision  # until the batch is known, which decides
        stay -= {"precision"}
    else:
        stay |= {"precision"}
    network = build(ModelConfig, {key: settings[key] for key in settings.keys() & _MODEL})
    asked = build(TrainingConfig, {key: settings[key] for key in settings.keys() & _TRAINING})
    bases = lineage(base.config, base.name) if base else ()
    held_out, unseen = _held_out(asked.validation, "validation" in given, bases, corpus)
    kept_out = round(len(corpus.ids) * fitted_validation(preset, held_out, len(corpus.ids), stay))
    before = BaseCut(base.config.vocabulary, sum(map(characters_trained_on, bases))) if base else None
    cut = cut_vocabulary(corpus, len(corpus.ids) - kept_out, min_count, before)
    corpus = recoded(corpus, cut.vocabulary)
    network = replace(network, vocabulary_size=cut.vocabulary.model_size)
    recipe = adapt(preset, network, replace(asked, validation=held_out), len(corpus.ids), stay)
    model, training = recipe.model, recipe.training
    if "kernel_initializer" in given and "input_initializer" not in given and model.encoding != "embedding":
        model = replace(model, input_initializer=None)  # the preset's, for the first kernel, gives way
    learnt, tail = split(corpus.ids, training.validation)
    effects = check_unused_settings(given, model, training, len(tail))
    batch_source(learnt, model, training)  # refuses a text that is too short
    first = Path(paths[0])
    stem = "stdin" if paths[0] == "-" else first.resolve().name if first.is_dir() else Path(corpus.paths[0]).stem
    record = CorpusRecord(
        name=corpus.name,
        fingerprint=corpus.fingerprint,
        characters=len(corpus.ids),
        windows=_seed_windows(corpus, len(learnt), model.seq_len),
    )
    return TrainingPlan(
        folder=root / (name or next(available_names(root, stem))),
        config=CheckpointConfig(
            model=model, vocabulary=corpus.vocabulary, training=training, corpus=record, created=created, bases=bases
        ),
        ids=corpus.ids,
        paths=absolute(corpus.paths),
        text_encoding=text_encoding,
        stem=None if name else stem,
        start=base,
        notes=(*corpus.notes, *cut.notes, *unseen, *recipe.notes, *effects),
    )


def _base(root: Path, name: str, given: Mapping[str, Any]) -> Base:
    structure = sorted(set(given) & _MODEL - _FREE_IN_FINE_TUNING)
    if structure:
        raise ConfigError(
            f"{flag(structure[0])} cannot be changed with --from: the network is that of {name}; leave it out, or train anew"
        )
    folder = find_checkpoint(root, name)
    config = read_config(folder)
    return Base(folder.resolve().name, config, read_weights(folder, config.model))


def _settings(given: Mapping[str, Any], preset: Preset, base: Base | None) -> dict[str, Any]:
    """The user's settings over those of the base, if any, over the preset's."""
    return {**PRESETS[preset], **(to_dict(base.config.model) if base else {}), **given, **budget_of(given)}


def _held_out(validation: float, chosen: bool, bases: Sequence[BaseRecord], corpus: Corpus) -> tuple[float, tuple[str, ...]]:
    """The fraction of a text to hold out, no more than every base has held out of it, and a note if that makes it smaller.

    Raises:
        ConfigError: If the user chose a larger one: the score would be one on text that the weights were trained on.
    """
    characters = len(corpus.ids)
    if round(characters * validation) == 1:
        if chosen:
            raise ConfigError(
                f"--validation {validation:g} would hold out one of {characters:,} characters, and a score needs two; give a "
                "larger one, or 0 for no score"
            )
        return 0.0, ()
    ends = [(part_trained_on(base, corpus.ids, corpus.vocabulary).stop, base.name) for base in bases]
    end, name = max(ends, default=(0, ""))
    unseen = characters - end
    if round(characters * validation) <= unseen:
        return validation, ()
    unseen = unseen if unseen > 1 else 0  # a score needs two characters
    seen = f"{name} was trained on all but the last {unseen:,} characters of this text"
    if not unseen:
        seen = f"{name} was trained on all of this text"
    if chosen:
        raise ConfigError(
            f"{seen}, so --validation {validation:g} would give a score on text that the model has seen; leave it out "
            f"to hold out {f'those {unseen:,}' if unseen else 'nothing'}, or train without --from"
        )
    held_out = "no more are held out" if unseen else "nothing is held out, and there is no score"
    return unseen / characters, (f"{seen}: {held_out}.",)


def _seed_windows(corpus: Corpus, learnt: int, seq_len: int) -> tuple[str, ...]:
    """Return a handful of windows from all over the training part, each from the beginning of a line or word if one is near.

    They have learned characters only.
    """
    found, seq_len = [], min(seq_len, _LONGEST_SEED)
    for start in np.linspace(0, max(0, learnt - 2 * seq_len), _SEED_WINDOWS).astype(int):
        ids = _without_rare(corpus.ids[start : min(start + 16 * seq_len, learnt)], len(corpus.vocabulary), 2 * seq_len)
        text = corpus.vocabulary.decode(ids)
        begin = next((text.index(mark) + 1 for mark in "\n " if mark in text[:seq_len]), 0) if start else 0
        found.append(text[begin : begin + seq_len])
    return tuple(dict.fromkeys(filter(None, found))) or (corpus.vocabulary.characters[:1],)


def _without_rare(ids: Ids, learned: int, length: int) -> Ids:
    """Return the first ``length`` ids in a row that are all of learned characters, or the most there are in a row."""
    rare = np.flatnonzero(np.concatenate([[True], ids >= learned, [True]]))  # the text's ends count as rare
    lengths = np.diff(rare) - 1
    enough = np.flatnonzero(lengths >= length)
    run = enough[0] if len(enough) else lengths.argmax()
    return ids[rare[run] : rare[run] + min(length, lengths[run])]


def absolute(paths: Sequence[str]) -> tuple[str, ...]:
    """Return paths that hold from anywhere; ``-`` stays standard input.

    Raises:
        CorpusError: If a checkpoint cannot keep them all.
    """
    found = tuple(path if path == "-" else str(Path(path).resolve()) for path in paths)
    if len(json.dumps(found)) > MAX_BYTES // 2:
        raise CorpusError(_TOO_MANY.format(len(paths)))
    return found
