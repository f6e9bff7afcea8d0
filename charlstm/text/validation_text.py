"""A validation text of the user's own: held-out text that is not a part of the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass

from charlstm.choices import OnUnknown
from charlstm.errors import ConfigError, CorpusError, EncodingError, UnknownCharacterError, clip_text
from charlstm.formatting import exactly, replacements
from charlstm.text.corpus import read_corpus
from charlstm.text.replacement import replace_unknown
from charlstm.text.vocabulary import Ids, Vocabulary, quoted


@dataclass(frozen=True)
class ValidationText:
    """A validation text in the ids of a model.

    Attributes:
        name: The file names, without folders.
        ids: ``[N]``, at least two.
        fingerprint: SHA-256 of the decoded text in UTF-8, before unknown characters are replaced.
        paths: The files that were read.
        on_unknown: Treatment of characters that the model does not know.
        notes: Remarks about the files and the characters, a sentence each.
    """

    name: str
    ids: Ids
    fingerprint: str
    paths: tuple[str, ...]
    on_unknown: OnUnknown
    notes: tuple[str, ...] = ()


def read_validation_text(paths: Sequence[str], encoding: str, vocabulary: Vocabulary, on_unknown: OnUnknown) -> ValidationText:
    """Read a validation text with the ids of a model.

    A placeholder stands for any unknown character, unless ``on_unknown`` says to skip or replace them.

    Args:
        paths: Files, folders and patterns, read as one text.
        encoding: Their text encoding.
        vocabulary: The characters of the model.
        on_unknown: Action for the other characters.

    Raises:
        ConfigError: If it is standard input, which cannot be read again to resume or to evaluate.
        CorpusError: If a file cannot be read, or the model knows fewer than two of the characters.
        UnknownCharacterError: If the model does not know a character, and ``on_unknown`` is ``error``.
    """
    if "-" in paths:
        raise ConfigError("the validation text is read again when a training is resumed; give a file, not standard input")
    try:
        read = read_corpus(paths, encoding)
    except EncodingError as error:
        also = f"`text_encoding` is for the corpus too: if that is {encoding}, convert this validation text to {encoding}"
        raise EncodingError(*error.args, also) from None
    text, name = read.vocabulary.decode(read.ids), clip_text(read.name)
    notes = read.notes
    if vocabulary.rare is None or on_unknown != "error":
        known = replace_unknown(vocabulary, text, on_unknown)
        lacks = f"{name} has characters that the text to train on lacks"
        if known.replaced:
            notes += (f"{lacks}; replaced by the nearest known ones: {replacements(known.replaced)}.",)
        if known.left_out:
            notes += (f"{lacks}; left out: {quoted(known.left_out)}.",)
        text = known.text
    try:
        ids = vocabulary.encode_any(text)
    except UnknownCharacterError:
        raise UnknownCharacterError(
            f"{name} has characters that the text to train on lacks, {quoted(vocabulary.unknown(text))}; leave them out of it, "
            "or choose `on_unknown='skip'` or `on_unknown='replace'`"
        ) from None
    if len(ids) < 2:
        raise CorpusError(f"{name} has {exactly(len(ids), 'character')} that the model knows, and a score needs two")
    return ValidationText(read.name, ids, read.fingerprint, read.paths, on_unknown, notes)
