"""The result of ``compare``."""

from charlstm.results.json_record import UNSET, JsonRecord, UnsetType
from charlstm.results.scores import CopyRecord, CountsRecord, LoopRecord, SampledScoreRecord, SeenRecord


class GeneratedRecord(JsonRecord, frozen=True, kw_only=True):
    """A generated text, its cost, and the score of its way of reading if a text was scored.

    Attributes:
        text: The generated text, without the seed text.
        characters_per_second: Throughput after the first character, from the median time of a character.
        milliseconds_to_first_character: Time to the first character, including reading the seed text.
        cell_steps_per_character: Mean number of LSTM steps (of all layers) for one more character.
        state_bytes: Memory in bytes of the state that is kept between characters.
        nats_per_char: Mean surprisal of the scored text in nats per character.
        bits_per_char: The same in bits per character.
        standard_error_nats: Standard error of the mean in nats per character; 0 if every character was scored.
        characters: Number of characters that were scored.
    """

    text: str
    characters_per_second: float
    milliseconds_to_first_character: float
    cell_steps_per_character: float
    state_bytes: int
    nats_per_char: float | UnsetType = UNSET
    bits_per_char: float | UnsetType = UNSET
    standard_error_nats: float | UnsetType = UNSET
    characters: int | UnsetType = UNSET

    @property
    def score(self) -> SampledScoreRecord | None:
        """The score; None if no text was scored."""
        if (
            self.nats_per_char is UNSET
            or self.bits_per_char is UNSET
            or self.standard_error_nats is UNSET
            or self.characters is UNSET
        ):
            return None
        return SampledScoreRecord(
            nats_per_char=self.nats_per_char,
            bits_per_char=self.bits_per_char,
            standard_error_nats=self.standard_error_nats,
            characters=self.characters,
        )


class ModeRecord(GeneratedRecord, frozen=True, kw_only=True):
    """The text of one mode, its cost, its score and its statistics.

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

    @property
    def counts(self) -> CountsRecord:
        """The statistics of the text."""
        return CountsRecord(
            characters_counted=self.characters_counted,
            distinct_4_grams=self.distinct_4_grams,
            loop=self.loop,
            new=self.new,
            longest_copy=self.longest_copy,
        )


class ComparedModes(JsonRecord, frozen=True, kw_only=True):
    """Both modes with the same seed text and the same noise.

    Attributes:
        stateless: Generation that reads the last window from a zero state for every character.
        stateful: Generation that carries the state.
    """

    stateless: ModeRecord
    stateful: ModeRecord


class MeasuredRecord(JsonRecord, frozen=True, kw_only=True):
    """The text that the modes are scored on.

    Attributes:
        text: Description of the text.
        characters: Number of its characters.
        seen: The part of it that the model was trained on; null if there is none.
        beginning: Statistics of its beginning, as long as the generated texts.
    """

    text: str
    characters: int
    seen: SeenRecord | None
    beginning: CountsRecord | None


class StateNorms(JsonRecord, frozen=True, kw_only=True):
    """Norms of the carried state of one layer along a text of N characters.

    Attributes:
        h_norm: Euclidean norm of the hidden state after every character but the last: N - 1 values.
        c_norm: Euclidean norm of the cell state after every character but the last: N - 1 values.
        h_drift: Ratio of the norms of the hidden state beyond the first window to those within it.
        c_drift: Ratio of the norms of the cell state beyond the first window to those within it.
    """

    h_norm: list[float]
    c_norm: list[float]
    h_drift: float
    c_drift: float


class AlongRecord(JsonRecord, frozen=True, kw_only=True):
    """Both modes along one text of N characters.

    Attributes:
        source: Description of the text.
        begins: Position of the first whole line or sentence, from 0.
        text: The text.
        stateful_nats: Surprisal in nats of every character but the first, with the state carried: N - 1 values.
        stateless_nats: Surprisal in nats of every character but the first, with a window: N - 1 values.
        divergence_nats: Kullback-Leibler divergence in nats of the stateless next-character distribution from the stateful
            one: N - 1 values.
        layers: Norms of the carried state of every layer.
    """

    source: str
    begins: int
    text: str
    stateful_nats: list[float]
    stateless_nats: list[float]
    divergence_nats: list[float]
    layers: list[StateNorms]


class ComparisonResult(JsonRecord, frozen=True, kw_only=True):
    """Stateless and stateful generation of one model, compared.

    Attributes:
        checkpoint: Name of the checkpoint.
        seed: The seed text.
        random_seed: Random seed of the noise and of the sampled positions.
        temperature: Sampling temperature.
        window: The model's own window in characters.
        verdict: The comparison in one sentence.
        first_difference: Position of the first character that differs, from 0; null if the texts are equal.
        modes: The text of each mode, with its cost and its quality.
        measured: The text that was scored; null if there was none.
        contexts: Stateless scores by context length in characters; null if no text was scored.
        windows: Stateless generation by window in characters, the model's own included.
        along: Both modes along one text.
    """

    checkpoint: str
    seed: str
    random_seed: int
    temperature: float
    window: int
    verdict: str
    first_difference: int | None
    modes: ComparedModes
    measured: MeasuredRecord | None
    contexts: dict[int, SampledScoreRecord] | None
    windows: dict[int, GeneratedRecord]
    along: AlongRecord
