"""Options of ``charlstm train`` for the model, the training and several workers, each named like its setting."""

from pathlib import Path
from typing import Annotated, Any

import typer

from charlstm import choices
from charlstm.cli.options import LARGEST_SEED, choice, integer, integer_or_auto, integers, number
from charlstm.cli.outputs import page_path

_MODEL, TRAINING, _WORKERS = "Model", "Training", "Several workers"


def option(panel: str | None, text: str, *names: str, metavar: str | None = None, **kind: Any) -> Any:
    """Return an option of ``charlstm train`` under a heading of the help."""
    return typer.Option(*names, help=text, rich_help_panel=panel, show_default=False, metavar=metavar, **kind)


LivePageFile = Annotated[
    Path | None,
    option(
        None,
        "Page to watch the training in a browser: rewritten during the training, at the end its report.",
        metavar="FILE.html",
        parser=page_path,
    ),
]
MinCount = Annotated[
    str | None,
    option(
        _MODEL,
        "Fewest occurrences of a character that is learned; rarer ones share a placeholder that is never generated. 1 learns "
        "all. auto learns all of up to 256 distinct characters, and at least 99 % of any text. Default: auto.",
        metavar="N|auto",
        parser=integer_or_auto,
    ),
]
Encoding = Annotated[
    choices.Encoding | None,
    option(
        _MODEL,
        "Input encoding of a character: its id as one number, a one-hot vector, or a learned vector. Default: one-hot "
        "(embedding for more than 256 distinct characters; classic: scalar).",
        "--input-encoding",
        "--encoding",
        **choice(choices.Encoding),
    ),
]
EmbeddingSize = Annotated[
    int | None, option(_MODEL, "Features of each character with --input-encoding embedding. Default: 64.", **integer())
]
Units = Annotated[
    str | None,
    option(
        _MODEL,
        "Units of each LSTM layer; 512,512 makes two layers. Default: the preset's.",
        metavar="N,N,...",
        parser=integers,
    ),
]
SeqLen = Annotated[
    int | None,
    option(_MODEL, "Characters in a window. Default: the preset's, fewer for a short text.", **integer()),
]
Targets = Annotated[
    choices.Targets | None,
    option(
        _MODEL,
        "Predict the character after the window, or the next one at every position. Default: every (classic: last).",
        **choice(choices.Targets),
    ),
]
Dropout = Annotated[
    float | None,
    option(
        _MODEL,
        "Fraction of the features dropped between the layers and before the softmax. Default: chosen for the text.",
        **number(),
    ),
]
DropConnect = Annotated[
    float | None,
    option(
        _MODEL,
        "Fraction of the recurrent kernels' weights dropped, redrawn for each batch. Default: chosen for the text.",
        **number(),
    ),
]
Batches = Annotated[
    choices.Batches | None,
    option(
        TRAINING,
        "Shuffled windows that start from a zero state, or contiguous streams that carry the state. Default: streams "
        "(classic: windows).",
        **choice(choices.Batches),
    ),
]
BatchSize = Annotated[
    int | None,
    option(TRAINING, "Windows or streams in a batch. Default: the preset's, fewer for a short text.", **integer()),
]
StateReset = Annotated[
    float | None,
    option(TRAINING, "Probability that a stream starts a batch from a zero state. Default: 0.05.", **number()),
]
Epochs = Annotated[
    float | None,
    option(
        TRAINING,
        "Budget in epochs (passes over the text), in place of --minutes. Default: the preset's.",
        **number(),
    ),
]
Minutes = Annotated[
    float | None,
    option(TRAINING, "Budget in minutes of wall-clock time, in place of --epochs. Default: the preset's.", **number()),
]
LearningRate = Annotated[float | None, option(TRAINING, "Peak learning rate of Adam. Default: the preset's.", **number())]
InputRateMultiplier = Annotated[
    float | None,
    option(
        TRAINING,
        "Multiple of the learning rate for the weights that read the characters (embedding or first kernel). Default: 8, "
        "and 1 for more than 8 epochs, for a short text with --from, and for classic.",
        **number(),
    ),
]
Schedule = Annotated[
    choices.Schedule | None,
    option(
        TRAINING,
        "Learning-rate schedule: warm-up, then half a cosine to zero, or a constant rate. Default: cosine (classic: constant).",
        **choice(choices.Schedule),
    ),
]
Warmup = Annotated[
    float | None,
    option(TRAINING, "Fraction of the budget used for learning-rate warm-up. Default: 0.02.", **number()),
]
WeightDecay = Annotated[
    float | None,
    option(
        TRAINING,
        "Decay of the kernels per step, relative to the learning rate (AdamW). Default: 0, more for a short text with "
        "a large vocabulary.",
        **number(),
    ),
]
ClipNorm = Annotated[
    float | None,
    option(TRAINING, "Largest global norm of the gradient; 0 for no clipping. Default: 1 (classic: 0).", **number()),
]
WeightAverage = Annotated[
    float | None,
    option(
        TRAINING,
        "Momentum of the exponential moving average (EMA) of the weights; 0 for none. Default: the preset's.",
        "--ema",
        "--weight-average",
        **number(),
    ),
]
Validation = Annotated[
    float | None,
    option(
        TRAINING,
        "Fraction of the text, at its end, that is held out. Default: 0.1, at most 200,000 characters.",
        "--validation-split",
        "--validation",
        **number(),
    ),
]
Evaluations = Annotated[
    int | None,
    option(
        TRAINING,
        "Evaluations on the held-out text during the budget. Default: the preset's.",
        "--num-evaluations",
        "--evaluations",
        **integer(),
    ),
]
Patience = Annotated[
    int | None,
    option(TRAINING, "Evaluations without improvement before training stops early. Default: no early stopping.", **integer()),
]
Precision = Annotated[
    choices.PrecisionOrAuto | None,
    option(
        TRAINING,
        "Precision of the LSTM layers' products; auto is the faster one on this machine. Default: auto (classic: float32).",
        **choice(choices.PrecisionOrAuto),
    ),
]
SaveEvery = Annotated[
    float | None,
    option(
        TRAINING,
        "Minutes between saves of the training state. Default: 1, or more where saving would take over 2 % of the time.",
        **number(),
    ),
]
RandomSeed = Annotated[
    int | None, option(TRAINING, "Random seed of the whole training. Default: 0.", **integer(0, LARGEST_SEED))
]
Cluster = Annotated[
    str | None,
    option(
        _WORKERS,
        "Addresses of all workers, the same list for each worker. Default: one worker.",
        metavar="HOST:PORT,HOST:PORT,...",
    ),
]
GradientPrecision = Annotated[
    choices.Precision | None,
    option(
        _WORKERS,
        "Precision of the gradients that workers exchange; bfloat16 halves their bytes. Default: float32.",
        **choice(choices.Precision),
    ),
]
Rank = Annotated[int | None, option(_WORKERS, "Index of this worker in --cluster; worker 0 is the chief.", **integer(0))]
