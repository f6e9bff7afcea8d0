"""Records that several results have in common: scores, and statistics of a text."""

from charlstm.results.json_record import JsonRecord


class ScoreRecord(JsonRecord, frozen=True, kw_only=True):
    """A mean surprisal.

    Attributes:
        nats_per_char: Mean surprisal in nats per character.
        bits_per_char: The same in bits per character.
    """

    nats_per_char: float
    bits_per_char: float


class SampledScoreRecord(ScoreRecord, frozen=True, kw_only=True):
    """A mean surprisal that may be estimated from a sample of the text's characters.

    Attributes:
        standard_error_nats: Standard error of the mean in nats per character; 0 if every character was scored.
        characters: Number of characters that were scored.
    """

    standard_error_nats: float
    characters: int


class SeenRecord(JsonRecord, frozen=True, kw_only=True):
    """The part of a text that a model was trained on.

    Attributes:
        model: Name of the checkpoint that was trained on it: the model, or one that it was fine-tuned from.
        characters: Number of characters of that part.
        estimated: True if that number is an estimate, because the text shares only parts with the model's training text.
    """

    model: str
    characters: int
    estimated: bool


class LoopRecord(JsonRecord, frozen=True, kw_only=True):
    """A repetition that lasts to the end of a text.

    Attributes:
        period: Length of the repeated part in characters.
        start: Position at which the repetition begins, from 0.
    """

    period: int
    start: int


class CopyRecord(JsonRecord, frozen=True, kw_only=True):
    """The longest passage of a text that also occurs in the training text.

    Attributes:
        characters: Length of the passage in characters.
        text: The passage.
        start: Its position in the text, from 0.
        place: Position of its first occurrence in the training text, from 0.
        line: The line of the training text in which it begins, from 1.
    """

    characters: int
    text: str
    start: int
    place: int
    line: int


class CountsRecord(JsonRecord, frozen=True, kw_only=True):
    """Statistics of a text.

    Attributes:
        characters_counted: Number of characters at the start of the text that were analysed.
        distinct_4_grams: Fraction of distinct substrings among those of four characters.
        loop: The loop at the end of the text; null if there is none.
        new: Fraction of the substrings that the training text lacks, by their length in characters; null without a training
            text.
        longest_copy: The longest copied passage; null if there is none, or without a training text.
    """

    characters_counted: int
    distinct_4_grams: float
    loop: LoopRecord | None
    new: dict[int, float] | None
    longest_copy: CopyRecord | None
