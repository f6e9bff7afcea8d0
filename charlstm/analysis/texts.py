"""The text that a checkpoint is measured on."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from charlstm.checkpoint.files import Config
from charlstm.checkpoint.resume import read_resume
from charlstm.errors import CheckpointError, CorpusError
from charlstm.text.corpus import Corpus, read_corpus
from charlstm.text.vocabulary import Ids
from charlstm.text.windows import split


def corpus_of(folder: Path, config: Config, paths: Sequence[str] = (), encoding: str = "utf-8") -> Corpus:
    """The corpus that a checkpoint was trained on, known by its fingerprint.

    Args:
        folder: The checkpoint.
        config: Its configuration.
        paths: Where the corpus is. If none are given it is looked for where training read it, and by its name in the current
            folder and in ``data/``.
        encoding: Of those paths.

    Raises:
        CheckpointError: If it is not found, or what is named is another text.
        CorpusError: If what is named cannot be read.
    """
    if paths:
        corpus = read_corpus(paths, encoding, config.vocabulary.characters)
        if corpus.fingerprint != config.corpus.fingerprint:
            raise CheckpointError(
                f"{corpus.name} is not the text that {folder.name} was trained on ({config.corpus.name}, SHA-256 "
                f"{config.corpus.fingerprint[:12]}…); give that one with --corpus, or measure all of this one: "
                f"`charlstm evaluate {paths[0]}`"
            )
        return corpus
    for candidate, its_encoding in _candidates(folder, config):
        with suppress(CorpusError):
            corpus = read_corpus(candidate, its_encoding, config.vocabulary.characters)
            if corpus.fingerprint == config.corpus.fingerprint:
                return corpus
    raise CheckpointError(
        f"the text that {folder.name} was trained on, {config.corpus.name}, is neither here nor in data/; say where it is with "
        "--corpus, or name another text to measure: `charlstm evaluate TEXT`"
    )


def held_out(corpus: Corpus, config: Config) -> Ids:
    """The tail of a corpus that training never saw.

    Raises:
        CheckpointError: If training saw all of it.
    """
    _, tail = split(corpus.ids, config.training.validation)
    if len(tail) < 2:
        raise CheckpointError(
            "this model was trained on all of its text and nothing is held out; name another text to measure it on: "
            "`charlstm evaluate TEXT`"
        )
    return tail


def _candidates(folder: Path, config: Config) -> list[tuple[tuple[str, ...], str]]:
    """Where the corpus may be, and in which encoding."""
    names = config.corpus.name.split(" + ")
    found = [(tuple(names), "utf-8"), (tuple(f"data/{name}" for name in names), "utf-8")]
    with suppress(CheckpointError):  # a shipped model has no training state
        progress = read_resume(folder)[1]
        found.insert(0, (progress.paths, progress.text_encoding))
    return [(paths, encoding) for paths, encoding in found if all(Path(path).is_file() for path in paths)]
