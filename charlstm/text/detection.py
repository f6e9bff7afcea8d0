"""Detection of the text encoding of a file.

charset-normalizer rates the candidates. It is imported only when needed; an ordinary UTF-8 file never needs it. It confuses the
encodings of languages written in Latin letters, so these are ordered by how well the letters fit a language.
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

_SHORT_BYTES, _REPEATS = 400, 10
"""Bytes below which a sample is also rated ``_REPEATS`` times in a row: charset-normalizer checks for some faults, such as too
many accents, only in texts of a minimum length."""

_MAX_READINGS = 3
_CHAOS_MARGIN = 0.05
_COHERENCE_MARGIN = 0.3
"""Differences of charset-normalizer's two measures above which a note doubts the encoding. Measured on about 600 passages of 12
to 400 characters in 17 languages: 4 are doubted in their own encoding, 90 % in a wrong one that decodes them."""

CANDIDATES = [
    *("utf_8", "cp1252", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255"),
    *("cp1256", "cp1257", "cp874", "koi8_r", "koi8_u", "cp866", "iso8859_2", "iso8859_5", "mac_cyrillic", "mac_roman"),
    *("cp850", "cp852"),
]
"""Encodings that text files have. Of several that decode a sample to the same text, the first one is reported."""

_LATIN = ("cp1252", "iso8859_15", "cp1254", "cp1250", "iso8859_2", "cp1257", "cp850", "cp852", "mac_roman")
"""Encodings of languages written in Latin letters. Of several with the same reading of a sample, the first one is reported."""

_LETTERS = [
    *("àâæçèéêëîïôùûüÿœ", "äöüß", "áéíñóúüªº", "àáâãçéêíóôõúüªº", "àèéìíîòóùªº", "àçèéíïòóúü", "áäéëïóöü"),
    *("åæøéèêóòâôü", "åäöéšžü", "áðéíóúýþæö", "äõöüšž", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż"),
    *("áéíóöőúüű", "čćđšž", "ăâîșțşţ", "çğıöşüâîû", "ąčęėįšųūž", "āčēģīķļņšūž", "âêîôûŵŷáéíóú"),
]
"""Letters that languages have beside a to z: French, German, Spanish, Portuguese, Italian, Catalan, Dutch; Danish and
Norwegian, Swedish and Finnish, Icelandic, Estonian, Czech, Slovak, Polish; Hungarian, Croatian and Slovene, Romanian, Turkish,
Lithuanian, Latvian, Welsh."""

_MOST_ODD = 0.1
"""Largest share of the non-ASCII characters that can be odd in a reading in the right encoding: foreign names, for example."""

_INSIDE_WORDS = "’‘ʼ·\xad"
"""Characters that are not letters, beside dashes, and stand between letters."""

_EBCDIC = ["cp037", "cp500"]
"""Further candidates for a sample with many of their spaces (0x40) and few of ASCII's."""

_WIDE = ["utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be"]
"""Candidates for a sample with NUL bytes, which these encodings have in every space and line end."""

COMMON = ("cp1252", "iso8859_2", "cp1251", "cp1250", "cp1254", "iso8859_6", "gb18030", "cp932")
"""Encodings that are shown if no candidate is likely."""

_KNOWN_AS = {"cp932": "Shift-JIS", "cp949": "EUC-KR", "cp874": "TIS-620"}
_NOT_ASCII, _KANA = re.compile(r"[^\0-\x7f]"), re.compile("[ぁ-ヺ]")
_IN_NO_TEXT = re.compile("[\x80-\x9f\ue000-\uf8ff\U000f0000-\U0010ffff]")  # C1 controls and private use
_ESCAPES = {b"\x1b$)C": "iso2022_kr", b"\x1b$": "iso2022_jp"}
"""Bytes that begin a passage of other characters, and the encoding; the longer ones first."""

_UTF7_RUN = re.compile(rb"\+[A-Za-z0-9+/]{3,}(-?)")  # it ends with a hyphen, or at any other character
_LEAST_RUNS = 3  # with a hyphen, which other text rarely has
_LEAST_SHARE = 0.3  # of the bytes in any runs


class Reading(NamedTuple):
    """A sample decoded in one encoding."""

    encoding: str
    text: str

    @property
    def name(self) -> str:
        """Name that Python knows, with the common name in parentheses if it differs."""
        return f"{self.encoding} ({_KNOWN_AS[self.encoding]})" if self.encoding in _KNOWN_AS else self.encoding


def likely_readings(sample: bytes) -> list[Reading]:
    """Return the readings of a sample in at most three of the likeliest encodings, the likeliest first.

    Readings that have more than a few C1 controls or private-use characters are left out.
    """
    candidates = _WIDE if b"\0" in sample else CANDIDATES
    if sample.count(b"@") > max(len(sample) / 20, 10 * sample.count(b" ")):
        candidates = [*CANDIDATES, *_EBCDIC]
    matches = _matches(sample, candidates)

    def rank(match: "CharsetMatch") -> int:
        if 5 * len(_KANA.findall(str(match))) > len(_NOT_ASCII.findall(str(match))):
            return -1  # only Japanese is written in kana, and other text rarely decodes to them
        best = matches[0]
        # The tolerances within which charset-normalizer itself treats two matches as equally good.
        tied = abs(match.chaos - best.chaos) < 0.005 and abs(match.coherence - best.coherence) <= 0.02 and best.coherence > 0
        return _index(match, candidates) if tied else len(candidates)

    found: dict[str, str] = {}
    for match in sorted(matches, key=rank):
        if "\0" not in str(match) and _is_text(str(match)):
            found.setdefault(str(match), candidates[_index(match, candidates)])
    if candidates is not _WIDE and next(iter(found.values()), _LATIN[0]) in _LATIN:
        found = latin_readings(sample) | found
    return [Reading(codecs.lookup(name).name, text) for text, name in found.items()][:_MAX_READINGS]


def latin_readings(sample: bytes) -> dict[str, str]:
    """Return the readings of a sample in encodings of Latin letters and the names of these, the least odd reading first.

    Returns:
        Encodings by reading; none if even the least odd one does not look like text in a language with these letters.
    """
    found: dict[str, str] = {}
    for name in _LATIN:
        with suppress(UnicodeDecodeError):
            if _is_text(text := sample.decode(name)):
                found.setdefault(text, name)
    # Where Turkish and Icelandic letters are equally possible, the text has none of the others of Icelandic.
    odd = {text: (_oddities(text), name != "cp1254") for text, name in found.items()}
    ordered = sorted(found, key=odd.__getitem__)
    if not ordered or odd[ordered[0]][0] > _MOST_ODD * len(_NOT_ASCII.findall(ordered[0])):
        return {}
    return {text: found[text] for text in ordered}


def _oddities(text: str) -> int:
    """Return how many non-ASCII characters are odd in a text: letters that its language has not, or signs inside a word.

    The language is the one that has most of the letters.
    """
    letters: Counter[str] = Counter()
    odd = 0
    for match in _NOT_ASCII.finditer(text):
        character, before, after = match[0], text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if character.isalpha():
            letters[character.lower()[0]] += 1
            odd += character.isupper() and before.islower()
        else:
            inside = before.isalpha() and after.isalpha() and category(character) != "Pd" and character not in _INSIDE_WORDS
            odd += inside or character == "¤" or "\u2500" <= character <= "\u25ff"  # box drawing
    return odd + min(sum(number for letter, number in letters.items() if letter not in known) for known in _LETTERS)


def common_readings(sample: bytes) -> list[Reading]:
    """Return the readings of a sample in common encodings that decode it, for when no candidate is likely.

    A sample with NUL bytes is only read in encodings that have them in every space, the readings with most spaces first.
    """
    found: dict[str, str] = {}
    for name in _WIDE if b"\0" in sample else COMMON:
        with suppress(UnicodeDecodeError):
            # The incremental decoder accepts a character that the end of the sample cuts.
            text = codecs.getincrementaldecoder(name)().decode(sample)
            if "\0" not in text and _is_text(text):
                found.setdefault(text, name)
    texts = sorted(found, key=lambda text: -sum(text.count(space) for space in " \n\u3000")) if b"\0" in sample else found
    return [Reading(codecs.lookup(found[text]).name, text) for text in texts][:_MAX_READINGS]


def _is_text(text: str) -> bool:
    """Return whether a reading has at most a few characters that texts do not have, in 100 that are not ASCII."""
    return 100 * len(_IN_NO_TEXT.findall(text)) <= len(_NOT_ASCII.findall(text))


def _matches(sample: bytes, candidates: Sequence[str]) -> list["CharsetMatch"]:
    """Return charset-normalizer's matches for a sample, the likeliest first."""
    from charset_normalizer import from_bytes

    def matches_in(content: bytes) -> list["CharsetMatch"]:
        return list(from_bytes(content, cp_isolation=[*candidates], preemptive_behaviour=False, enable_fallback=False))

    matches = matches_in(sample)
    if len(sample) >= _SHORT_BYTES:
        return matches
    chaos_repeated = {name: match.chaos for match in matches_in(sample * _REPEATS) for name in match.could_be_from_charset}
    in_both = [match for match in matches if match.encoding in chaos_repeated]
    return sorted(in_both, key=lambda match: match.chaos + chaos_repeated[match.encoding])


def _index(match: "CharsetMatch", candidates: Sequence[str]) -> int:
    """Return the index of the first candidate that decodes the sample to the text of a match."""
    return min(candidates.index(name) for name in {match.encoding, *match.could_be_from_charset} & set(candidates))


def seven_bit_reading(sample: bytes) -> Reading | None:
    """Return a sample decoded as UTF-7, ISO-2022-JP or ISO-2022-KR, which are ASCII with escapes; None without these."""
    try:
        runs = list(_UTF7_RUN.finditer(sample))
        in_runs = sum(len(run[0]) for run in runs)
        if sum(bool(run[1]) for run in runs) >= _LEAST_RUNS or in_runs > _LEAST_SHARE * len(sample):
            # The incremental decoder accepts a sequence that the end of the sample cuts.
            return Reading("utf-7", codecs.getincrementaldecoder("utf-7")().decode(sample))
        name = next((name for mark, name in _ESCAPES.items() if mark in sample), None)
        return Reading(name, sample.decode(name, "ignore")) if name else None
    except UnicodeError:
        return None


def reads_worse(text: str, other: str) -> bool:
    """Return whether a reading is clearly less plausible than another reading of the same bytes."""
    from charset_normalizer import from_bytes

    def measure(text: str) -> tuple[float, float]:
        match = from_bytes(
            text.encode("utf-8", "replace") * (_REPEATS if len(text) < _SHORT_BYTES else 1),
            cp_isolation=["utf_8"],
            threshold=1.0,
            preemptive_behaviour=False,
            enable_fallback=False,
        ).best()
        return (match.chaos, match.coherence) if match else (1.0, 0.0)

    (chaos, coherence), (other_chaos, other_coherence) = measure(text), measure(other)
    if chaos - other_chaos > _CHAOS_MARGIN:
        return True
    return chaos >= other_chaos and other_coherence - coherence > _COHERENCE_MARGIN
