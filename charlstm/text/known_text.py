"""A text in the characters that a model knows."""

from typing import get_args

from charlstm.choices import OnUnknown
from charlstm.errors import CorpusError, check_choice, check_instance
from charlstm.formatting import exactly
from charlstm.text.replacement import replace_unknown
from charlstm.text.vocabulary import Ids, Vocabulary


def known_text(vocabulary: Vocabulary, text: str, on_unknown: OnUnknown = "error", setting: str = "text") -> str:
    """Return a text in the characters of a model, with every line end as LF, as files are read.

    Equivalent spellings (é as one character or two) are replaced under every policy, since they are the same text.

    Args:
        vocabulary: The characters that the model knows.
        text: Any text.
        on_unknown: Action for the other characters: ``error`` keeps them, for the encoder to refuse.
        setting: Name of the argument, for messages.

    Raises:
        ConfigError: If the text is not a string, or there is no such action.
    """
    check_choice("on_unknown", on_unknown, get_args(OnUnknown))
    return replace_unknown(vocabulary, lf_line_ends(text, setting), on_unknown).text


def known_ids(vocabulary: Vocabulary, text: str, on_unknown: OnUnknown = "error", *, least: int = 2) -> Ids:
    """Return the ids of a text to read: ``[N]``. A placeholder stands for any character, unless ``on_unknown`` applies.

    Args:
        vocabulary: The characters that the model knows.
        text: Any text.
        on_unknown: See :func:`known_text`.
        least: The least number of characters.

    Raises:
        ConfigError: As :func:`known_text`.
        UnknownCharacterError: If a character is unknown.
        CorpusError: If the text is shorter than ``least``.
    """
    as_it_is = vocabulary.rare is not None and on_unknown == "error"
    ids = vocabulary.encode_any(lf_line_ends(text) if as_it_is else known_text(vocabulary, text, on_unknown))
    if len(ids) < least:
        raise CorpusError(f"expected a text of at least {exactly(least, 'character')}; found {len(ids)}")
    return ids


def lf_line_ends(text: str, setting: str = "text") -> str:
    r"""Return a text with every line end as LF.

    >>> lf_line_ends("one\r\ntwo\rthree\n")
    'one\ntwo\nthree\n'

    Raises:
        ConfigError: If it is not a string.
    """
    check_instance(setting, text, str, "a string")
    return text.replace("\r\n", "\n").replace("\r", "\n")
