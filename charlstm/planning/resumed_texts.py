"""The texts of a resumed training run, read again from the user's paths or from the saved ones."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.regular_files import is_text_file
from charlstm.checkpoint.training_state import TrainingProgress
from charlstm.errors import CheckpointError, ConfigError, CorpusError, UnknownCharacterError, clip_text
from charlstm.text.corpus import Corpus, read_again
from charlstm.text.prepared_corpus import is_prepared
from charlstm.text.sources import GIVEN_AS_STRING
from charlstm.text.validation_text import ValidationText, read_validation_text


def resumed_corpus(
    paths: tuple[str, ...], progress: TrainingProgress, encoding: str, config: CheckpointConfig, name: str
) -> Corpus:
    """Return the text of a training run, from the user's paths or else from the saved ones.

    A checkpoint is untrusted, so its saved paths are read only if they are plain text files or prepared corpora.

    Raises:
        CorpusError: If the user's paths cannot be read, as in a new training run.
        CheckpointError: If the saved paths cannot be read, or it is another text.
    """
    try:
        _check_saved(() if paths else progress.paths)
        corpus = read_again(paths or progress.paths, encoding, config.vocabulary)
    except (CorpusError, ValueError) as error:
        if paths and isinstance(error, CorpusError):
            raise
        sentence, *rows = map(str, error.args)
        advice = "" if rows else f"; give the text together with `resume={name!r}`"  # the last of the rows is advice
        raise CheckpointError(f"resuming {name} needs its text: {sentence}{advice}", *rows) from None
    # A damaged checkpoint may have the right fingerprint and an incomplete vocabulary.
    if corpus.fingerprint != config.corpus.fingerprint or corpus.vocabulary != config.vocabulary:
        raise CheckpointError(
            f"{clip_text(corpus.name)} is not the text that {name} is trained on ({clip_text(config.corpus.name)}, SHA-256 "
            f"{config.corpus.fingerprint[:12]}…); give that text, or train its model on this one with `base={name!r}`"
        )
    return corpus


def _check_saved(paths: Sequence[str]) -> None:
    """Check that paths which a checkpoint has saved are plain text files, prepared corpora, or standard input.

    Raises:
        CorpusError: If one is not.
    """
    for path in paths:
        if path == GIVEN_AS_STRING:
            raise CorpusError("it was given as a string")
        if path != "-" and not Path(path).exists():  # a pattern is not expanded
            raise CorpusError(f"{path} does not exist")
        if path != "-" and not is_text_file(path) and not is_prepared(path):
            # Folders are expanded before paths are saved, so a saved one was a prepared corpus.
            raise CorpusError(f"{path} is {'no longer a prepared corpus' if Path(path).is_dir() else 'not a text file'}")


def resumed_validation_text(
    paths: tuple[str, ...], progress: TrainingProgress, encoding: str, config: CheckpointConfig, name: str
) -> ValidationText | None:
    """Return the validation text of a training run, from the user's paths or else from the saved ones; None if it has none.

    Raises:
        ConfigError: If the user gives a validation text to a run that has none.
        CorpusError: If the user's paths cannot be read.
        CheckpointError: If the saved paths cannot be read, or it is another text.
    """
    record = config.validation_text
    if record is None:
        if paths:
            raise ConfigError(
                f"`validation_file` cannot be added when a training is resumed, and {name} is scored on the end of its text; "
                f"leave it out, or train its model further with it and `base={name!r}`"
            )
        return None
    shown, text = clip_text(record.name), None
    with suppress(UnknownCharacterError):  # then it is another text
        try:
            _check_saved(() if paths else progress.validation_paths)
            text = read_validation_text(paths or progress.validation_paths, encoding, config.vocabulary, record.on_unknown)
        except (CorpusError, ConfigError, ValueError) as error:
            if paths:
                raise
            raise CheckpointError(
                f"resuming {name} needs its validation text, {shown}: {error}; say where it is with `validation_file`"
            ) from None
    if text is None or text.fingerprint != record.fingerprint:
        found = clip_text(" + ".join(Path(path).name for path in paths or progress.validation_paths))
        raise CheckpointError(
            f"{found} is not the validation text of {name} ({shown}, SHA-256 {record.fingerprint[:12]}…); give that text as "
            "`validation_file`"
        )
    return text
