"""The result of ``evaluate``."""

from charlstm.results.json_record import UNSET, JsonRecord, UnsetType
from charlstm.results.scores import CountsRecord, SampledScoreRecord, ScoreRecord, SeenRecord


class ScoredModes(JsonRecord, frozen=True, kw_only=True):
    """The scores of both modes.

    Attributes:
        stateful: The score with the state carried, of every character but the first.
        stateless: The score with a window from a zero state, estimated from a sample.
    """

    stateful: SampledScoreRecord
    stateless: SampledScoreRecord


class SurprisalRecord(JsonRecord, frozen=True, kw_only=True):
    """The surprisal of every character of a text of N characters.

    Attributes:
        text: The text.
        nats: Surprisal in nats of every character but the first, with the state carried: N - 1 values.
    """

    text: str
    nats: list[float]


class EvaluationResult(JsonRecord, frozen=True, kw_only=True):
    """The scores of a model on a text.

    Attributes:
        checkpoint: Name of the checkpoint.
        text: Description of the text.
        characters: Number of its characters.
        seen: The part of it that the model was trained on; null if there is none.
        window: The model's own window in characters.
        modes: The scores of both modes.
        contexts: Stateless scores by context length in characters: powers of two as far as the text has them, and the window.
        dynamic: The score while the model learns from the text as it reads (option `dynamic`); null without that option.
        references: Scores of the baselines, by name; null without the training text.
        counts: Statistics of the text.
        surprise: The surprisal of every character (option `surprise`).
    """

    checkpoint: str
    text: str
    characters: int
    seen: SeenRecord | None
    window: int
    modes: ScoredModes
    contexts: dict[int, SampledScoreRecord]
    dynamic: ScoreRecord | None
    references: dict[str, ScoreRecord] | None
    counts: CountsRecord
    surprise: SurprisalRecord | UnsetType = UNSET
