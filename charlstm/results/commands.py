"""The results of ``train``, ``generate`` and ``list``, and the types of all results by command."""

from typing import Literal

from charlstm.choices import Mode
from charlstm.results.comparison import ComparisonResult
from charlstm.results.evaluation import EvaluationResult
from charlstm.results.history import HistoryResult
from charlstm.results.inspection import InspectionResult
from charlstm.results.json_record import UNSET, JsonRecord, UnsetType


class TrainingResult(JsonRecord, frozen=True, kw_only=True):
    """A finished or interrupted training.

    Attributes:
        checkpoint: Name of the checkpoint.
        nats_per_char: Best score on the held-out text in nats per character; null if there is none.
        bits_per_char: The same in bits per character.
        parameters: Number of parameters.
        seconds: Time that the training took, in seconds, over all its runs.
        steps: Number of training steps, over all its runs.
        characters_per_second: Characters learned from per second in this run; in all runs of a training that was finished
            already, or 0 if they were not recorded.
    """

    checkpoint: str
    nats_per_char: float | None
    bits_per_char: float | None
    parameters: int
    seconds: float
    steps: int
    characters_per_second: float


class PreparationResult(JsonRecord, frozen=True, kw_only=True):
    """A prepared or checked corpus.

    Attributes:
        corpus: Its folder, as it was typed.
        files: Number of files that it was made of.
        characters: Length of the text in characters.
        distinct: Number of distinct characters.
        id_bytes: Bytes of an id on the disk: 1, 2 or 4.
        fingerprint: SHA-256 of the text in UTF-8.
        seconds: Time that the command took, in seconds.
    """

    corpus: str
    files: int
    characters: int
    distinct: int
    id_bytes: int
    fingerprint: str
    seconds: float


class CharacterRecord(JsonRecord, frozen=True, kw_only=True):
    """A generated character with its log-probability.

    Attributes:
        character: The character.
        logprob: Its natural log-probability under the model itself, before temperature and every other sampling setting.
        top: The likeliest characters with theirs, the likeliest first.
    """

    character: str
    logprob: float
    top: dict[str, float]


class SweepRunRecord(JsonRecord, frozen=True, kw_only=True):
    """A training of a sweep.

    Attributes:
        checkpoint: Name of the checkpoint.
        settings: Values of the settings that the sweep varies, as they were typed.
        exit_code: 0 if the training is finished, 1 or 2 after an error, 128 plus the number of a signal that stopped it.
        result: The result that the training printed; null if it ended before it had a result.
    """

    checkpoint: str
    settings: dict[str, str]
    exit_code: int
    result: TrainingResult | None


class SweepResult(JsonRecord, frozen=True, kw_only=True):
    """The trainings of a sweep, which `train` prints if it is given values to sweep.

    Attributes:
        runs: Every training that was started or is finished, the best score first.
    """

    runs: list[SweepRunRecord]


class SampleRecord(JsonRecord, frozen=True, kw_only=True):
    """One generated text.

    Attributes:
        text: The generated text, without the seed text and, unless it is kept, without the stop string.
        random_seed: Random seed of its noise.
        stop_reason: `length` if it reached the maximum length, `stop` if it ended at a stop string or a match of the regular
            expression, `end` if it ended with the word, line, sentence or paragraph that was asked for, `complete` if its
            constraints allow nothing more.
        seed: The seed text, if there are several.
        logprobs: The characters of the text with their log-probabilities.
    """

    text: str
    random_seed: int
    stop_reason: Literal["length", "stop", "end", "complete"]
    seed: str | UnsetType = UNSET
    logprobs: list[CharacterRecord] | UnsetType = UNSET


class GenerationResult(JsonRecord, frozen=True, kw_only=True):
    """Generated texts.

    Attributes:
        checkpoint: Name of the checkpoint.
        mode: Mode in which the model read the text generated so far.
        seed: The seed text, if there is one; several are in `samples`.
        samples: The generated texts.
        probabilities: The next characters of the seed with their probabilities, the likeliest first, if they were asked for; no
            text is generated then.
        characters: Number of characters of all texts.
        seconds: Time that generation took, in seconds.
        characters_per_second: Throughput of all texts together.
    """

    checkpoint: str
    mode: Mode
    seed: str | UnsetType = UNSET
    samples: list[SampleRecord]
    probabilities: dict[str, float] | UnsetType = UNSET
    characters: int
    seconds: float
    characters_per_second: float


class CheckpointSummary(JsonRecord, frozen=True, kw_only=True):
    """A checkpoint in a folder of checkpoints.

    Attributes:
        checkpoint: Name of the checkpoint.
        corpus: Name of the text that it was trained on.
        created: Time at which the training began, as in ISO 8601.
        parameters: Number of parameters.
        units: Number of units of every LSTM layer.
        seq_len: Window in characters.
        vocabulary: Number of characters that the model knows.
        steps: Training steps of the stored weights; 0 without a score.
        nats_per_char: Score on the held-out text in nats per character; null if there is none.
        bits_per_char: The same in bits per character.
    """

    checkpoint: str
    corpus: str
    created: str
    parameters: int
    units: list[int]
    seq_len: int
    vocabulary: int
    steps: int
    nats_per_char: float | None
    bits_per_char: float | None


class CheckpointList(JsonRecord, frozen=True, kw_only=True):
    """The checkpoints of a folder.

    Attributes:
        checkpoints: The checkpoints, the newest first.
    """

    checkpoints: list[CheckpointSummary]


RESULTS: dict[str, type[JsonRecord]] = {
    "train": TrainingResult,
    "train sweep": SweepResult,
    "prepare": PreparationResult,
    "generate": GenerationResult,
    "compare": ComparisonResult,
    "evaluate": EvaluationResult,
    "inspect": InspectionResult,
    "history": HistoryResult,
    "list": CheckpointList,
}
"""The type of what each command prints with the option ``json``."""
