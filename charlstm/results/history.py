"""The learning curves of training runs, read from their checkpoints and compared."""

from typing import Literal

from charlstm.results.json_record import JsonRecord

FindingKind = Literal["interrupted", "unigram", "overfitting", "gap", "improving", "settled", "unscored", "imported", "seen"]
RunStatus = Literal["training", "finished", "interrupted", "imported"]
Setting = str | int | float | bool | list[int] | None
"""Value of a setting in JSON."""


class FindingRecord(JsonRecord, frozen=True, kw_only=True):
    """A finding from the curves of a run.

    Attributes:
        kind: `interrupted`: the run can be resumed; `unigram`: the best score is less than 1 % below the letter frequencies';
            `overfitting`: the held-out score has risen since the best one, over two evaluations or more, while the training
            loss fell; `gap`: the last held-out score is over a quarter higher than the training loss; `improving`: the last
            score is the best, and over 1 % better than the last one of the first two thirds of the run; `settled`: none of
            these; `unscored`: fewer than two scores, or too close together; `imported`: the training is not known; `seen`: a
            part of the validation text was trained on.
        found: The finding with its numbers, as a sentence.
        advice: Advice, with settings and calls of Python in backticks; empty if nothing needs to change.
    """

    kind: FindingKind
    found: str
    advice: str


class EvaluationRecord(JsonRecord, frozen=True, kw_only=True):
    """An evaluation on the held-out text.

    Attributes:
        step: Training steps so far.
        epoch: Epochs so far.
        seconds: Time of the training so far, in seconds.
        learning_rate: Learning rate at that step.
        train_nats_per_char: Mean training loss since the evaluation before.
        nats_per_char: Score on the held-out text; null if nothing is held out.
        best: True if it was the best so far, so that its weights became the model.
    """

    step: int
    epoch: float
    seconds: float
    learning_rate: float
    train_nats_per_char: float
    nats_per_char: float | None
    best: bool


class PointsRecord(JsonRecord, frozen=True, kw_only=True):
    """The points of the training curves, one value for each point in every list.

    Attributes:
        every: Number of steps of a point, over which its means are taken; 0 without points.
        step: Training steps up to each point.
        epoch: Epochs up to it.
        seconds: Time of the training up to it, in seconds.
        learning_rate: Learning rate of its last step.
        train_nats_per_char: Mean training loss.
        gradient_norm: Mean global norm of the gradient before it is clipped; null if it was infinite.
        characters_per_second: Characters learned from per second of its steps; null if it was not measured.
    """

    every: int
    step: list[int]
    epoch: list[float]
    seconds: list[float]
    learning_rate: list[float]
    train_nats_per_char: list[float]
    gradient_norm: list[float | None]
    characters_per_second: list[float | None]


class RunRecord(JsonRecord, frozen=True, kw_only=True):
    """The history of one training run.

    Attributes:
        checkpoint: Name of the checkpoint.
        label: Name of the run in this comparison: that of the checkpoint, or the end of its path if others have the same name.
        corpus: Name of the text.
        scored_on: Held-out text, in words that differ for different texts: only scores on the same one can be compared.
        created: Time at which the training began, or the model was imported, as in ISO 8601.
        status: `training` while a process trains it, `finished` if its budget or patience is used up, `interrupted` otherwise;
            `imported` if the model was trained elsewhere, so that steps, epochs and seconds are 0.
        parameters: Number of parameters.
        steps: Training steps so far.
        epochs: Epochs so far.
        seconds: Time of the training so far, in seconds.
        nats_per_char: Best score on the held-out text; null if there is none.
        bits_per_char: The same in bits per character.
        best_epoch: Epochs up to the best score; null if there is none.
        unigram_nats_per_char: Score of the letter frequencies on the held-out text; null if it is not recorded.
        notes: The choices made for the run when it began, with their reasons.
        findings: The findings from the curves.
        settings: All settings of the network and of the training, by name; of an imported model those that are known.
        evaluations: The evaluations on the held-out text, the oldest first.
        points: The points of the training curves.
        warnings: Warnings about files that could not be read.
    """

    checkpoint: str
    label: str
    corpus: str
    scored_on: str
    created: str
    status: RunStatus
    parameters: int
    steps: int
    epochs: float
    seconds: float
    nats_per_char: float | None
    bits_per_char: float | None
    best_epoch: float | None
    unigram_nats_per_char: float | None
    notes: list[str]
    findings: list[FindingRecord]
    settings: dict[str, Setting]
    evaluations: list[EvaluationRecord]
    points: PointsRecord
    warnings: list[str]


class HistoryResult(JsonRecord, frozen=True, kw_only=True):
    """The history of one training run, or of several beside each other.

    Attributes:
        runs: The runs, in the order in which they were named; one that was named twice is there once.
        different_settings: The settings whose values differ, by name: one value for each run, in the same order.
        different_texts: True if the runs were not scored on the same held-out text, so that their scores cannot be compared.
    """

    runs: list[RunRecord]
    different_settings: dict[str, list[Setting]]
    different_texts: bool
