"""Detection of text that was encoded twice: UTF-8 read in an older encoding and saved again, so that é became Ã©."""

import re

_READ_AS = ("cp1252", "cp1251")
"""The encodings in which programs most often read UTF-8 by mistake."""

_NOT_ASCII = re.compile(r"[^\0-\x7f]+")
_LEAST = 3
"""Places that must be repaired; one or two may be a text about this very mistake."""
_SHARE = 0.9
"""Part of all places with characters beyond ASCII that must be repaired."""


def encoded_twice(text: str) -> tuple[str, str, str] | None:
    """Return the encoding in which a text was read by mistake, and a word of it before and after the repair.

    Other text almost never passes: the bytes of its characters in an older encoding would have to be valid UTF-8.

    Args:
        text: A sample of some thousand characters.

    Returns:
        None if the text does not look like that.

    Example:
        >>> encoded_twice("un cafÃ© Ã©tait fermÃ©, sans thÃ©")
        ('cp1252', 'cafÃ©', 'café')
    """
    places = _NOT_ASCII.findall(text)
    for encoding in _READ_AS:
        repaired = [_repaired(place, encoding) for place in places]
        good = sum(each is not None for each in repaired)
        if good >= _LEAST and good >= _SHARE * len(places):
            for word in text.split():
                correct = word
                for characters in _NOT_ASCII.findall(word):
                    correct = correct.replace(characters, _repaired(characters, encoding) or characters)
                if correct != word:
                    return encoding, word, correct
    return None


def _repaired(characters: str, encoding: str) -> str | None:
    """Return what characters were before they were read in an encoding by mistake; None if they are not such."""
    try:
        return b"".join(_byte(character, encoding) for character in characters).decode()
    except UnicodeError:
        return None


def _byte(character: str, encoding: str) -> bytes:
    # Programs read the bytes that the encoding leaves undefined as control characters.
    return character.encode("latin-1" if "\x80" <= character <= "\x9f" else encoding)
