"""Options of ``charlstm train`` for the LSTM layers, each named like its setting."""

from typing import Annotated

from charlstm import choices
from charlstm.cli.options import choice, number
from charlstm.cli.train_options import option

_LSTM = "Options of the Keras LSTM layer"

Activation = Annotated[
    choices.Activation | None,
    option(_LSTM, "Activation of the candidate and of the cell state's output. Default: tanh.", **choice(choices.Activation)),
]
RecurrentActivation = Annotated[
    choices.Activation | None,
    option(_LSTM, "Activation of the gates i, f and o. Default: sigmoid.", **choice(choices.Activation)),
]
UseBias = Annotated[bool | None, option(_LSTM, "Give the LSTM layers biases. Default: yes.")]
UnitForgetBias = Annotated[bool | None, option(_LSTM, "Start the forget gate's bias at 1. Default: yes.")]
InputInitializer = Annotated[
    str | None,
    option(
        _LSTM,
        "Initialiser of the embeddings, or of the first layer's kernel where there are none. Default: random_normal:1 "
        "(classic: the initialiser of the kernels).",
        metavar="NAME",
    ),
]
KernelInitializer = Annotated[
    str | None,
    option(
        _LSTM,
        "Keras initialiser of the kernels, such as he_normal or random_normal:0.1. Default: glorot_uniform.",
        metavar="NAME",
    ),
]
RecurrentInitializer = Annotated[
    str | None, option(_LSTM, "Keras initialiser of the recurrent kernels. Default: orthogonal.", metavar="NAME")
]
BiasInitializer = Annotated[str | None, option(_LSTM, "Keras initialiser of the biases. Default: zeros.", metavar="NAME")]
KernelRegularizer = Annotated[
    str | None,
    option(_LSTM, "Regulariser of the kernels: l1:F, l2:F or l1_l2:F,F. Default: none.", metavar="NAME:F"),
]
RecurrentRegularizer = Annotated[
    str | None, option(_LSTM, "Regulariser of the recurrent kernels. Default: none.", metavar="NAME:F")
]
BiasRegularizer = Annotated[str | None, option(_LSTM, "Regulariser of the biases. Default: none.", metavar="NAME:F")]
KernelConstraint = Annotated[
    str | None,
    option(
        _LSTM,
        "Constraint on the kernels: max_norm:F, min_max_norm:F,F, unit_norm or non_neg. Default: none.",
        metavar="NAME:F",
    ),
]
RecurrentConstraint = Annotated[
    str | None, option(_LSTM, "Constraint on the recurrent kernels. Default: none.", metavar="NAME:F")
]
BiasConstraint = Annotated[str | None, option(_LSTM, "Constraint on the biases. Default: none.", metavar="NAME:F")]
RecurrentDropout = Annotated[
    float | None,
    option(_LSTM, "Fraction of h dropped on its way to the next time step, as in Keras. Default: 0.", **number()),
]
