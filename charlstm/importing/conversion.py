"""Settings and weights of a checkpoint, from the arrays of a network that was trained elsewhere."""

from collections.abc import Sequence

import numpy as np

from charlstm.checkpoint.weights import Weights
from charlstm.choices import Encoding
from charlstm.config import ModelConfig, build
from charlstm.errors import CharlstmError
from charlstm.importing.named_arrays import NetworkArrays
from charlstm.importing.vocabulary_file import PLACEHOLDER
from charlstm.text.vocabulary import RareCharacters, Vocabulary

WINDOW = 100
"""Characters in a window if the file does not say it."""


def converted(
    network: NetworkArrays, characters: Sequence[str], seq_len: int | None, file: str
) -> tuple[ModelConfig, Vocabulary, Weights]:
    """Return the settings, the vocabulary and the weights of a checkpoint.

    The vocabulary of a checkpoint is in ascending order, with the placeholder of other characters at its end. Rows and columns
    of the weights are put in that order.

    Args:
        network: The arrays.
        characters: The characters in the order of their ids.
        seq_len: Characters in a window; None for what the file says, or else :data:`WINDOW`.
        file: Name of the file, for errors.

    Raises:
        CharlstmError: If the arrays do not fit each other or the vocabulary.
    """
    _check_shapes(network, characters, file)
    order = sorted(range(len(characters)), key=lambda id_: (characters[id_] == PLACEHOLDER, characters[id_]))
    encoding = _encoding(network, len(characters), file)
    if encoding == "scalar" and order != list(range(len(characters))):
        raise CharlstmError(
            f"{file} reads ids as numbers, so their order matters, and the vocabulary is not in ascending order; a checkpoint "
            "cannot hold that: train the model with sorted characters"
        )
    facts, use_bias = network.facts, any(layer.bias is not None for layer in network.lstms)
    config = build(
        ModelConfig,
        {
            "vocabulary_size": len(characters),
            "seq_len": seq_len or facts.seq_len or WINDOW,
            "encoding": encoding,
            "units": tuple(len(layer.recurrent_kernel) for layer in network.lstms),
            "targets": facts.targets or "last",
            "activation": facts.activation or "tanh",
            "recurrent_activation": facts.recurrent_activation or "sigmoid",
            "use_bias": use_bias,
        }
        | ({} if network.embeddings is None else {"embedding_size": network.embeddings.shape[1]}),
    )
    weights = {"dense/kernel": network.dense_kernel[:, order], "dense/bias": network.dense_bias[order]}
    if network.embeddings is not None:
        weights["embedding/embeddings"] = network.embeddings[order]
    for number, layer in enumerate(network.lstms, start=1):
        one_hot = number == 1 and encoding == "one-hot"
        weights[f"lstm_{number}/kernel"] = layer.kernel[order] if one_hot else layer.kernel
        weights[f"lstm_{number}/recurrent_kernel"] = layer.recurrent_kernel
        if use_bias:
            weights[f"lstm_{number}/bias"] = np.zeros(layer.kernel.shape[1], np.float32) if layer.bias is None else layer.bias
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise CharlstmError(
                f"{file} has numbers in {name} that are NaN, infinite or too large for float32; save weights of a training "
                "that did not diverge"
            )
    learned = "".join(sorted(set(characters) - {PLACEHOLDER}))
    rare = (facts.rare or RareCharacters("", ())) if PLACEHOLDER in characters else None
    return config, Vocabulary(learned, rare), weights


def _check_shapes(network: NetworkArrays, characters: Sequence[str], file: str) -> None:
    """Check that each layer reads what the one below it returns, and that the vocabulary has a character for each output."""
    features = len(network.lstms[0].kernel)
    for number, layer in enumerate(network.lstms, start=1):
        units = len(layer.recurrent_kernel)
        shapes = [layer.kernel.shape, layer.recurrent_kernel.shape, (4 * units,) if layer.bias is None else layer.bias.shape]
        if shapes != [(features, 4 * units), (units, 4 * units), (4 * units,)]:
            raise CharlstmError(f"{file} has an LSTM layer {number} of the shapes {shapes}; it reads {features} features")
        features = units
    size = network.dense_kernel.shape[-1]
    if network.dense_kernel.shape != (features, size) or network.dense_bias.shape != (size,):
        shapes = [network.dense_kernel.shape, network.dense_bias.shape]
        raise CharlstmError(
            f"{file} has a Dense layer of the shapes {shapes}; expected a kernel of {features} rows, and a bias"
        )
    if len(characters) == size - 1 and PLACEHOLDER not in characters:
        raise CharlstmError(
            f"the vocabulary has {len(characters):,} characters, and {file} predicts {size:,}; if the other id stands for all "
            f'further characters, add the entry "{PLACEHOLDER}" at its place, which is the end in a model of charlstm; '
            "otherwise give the vocabulary that it was trained with, or the text as it was trained on"
        )
    if len(characters) != size:
        raise CharlstmError(
            f"the vocabulary has {len(characters):,} characters, and {file} predicts {size:,}; give the vocabulary that it was "
            "trained with, or the text as it was trained on, such as in lower case"
        )


def _encoding(network: NetworkArrays, size: int, file: str) -> Encoding:
    """Return the input encoding, which the shapes show."""
    features = len(network.lstms[0].kernel)
    if network.embeddings is not None:
        if network.embeddings.shape == (size, features):
            return "embedding"
        raise CharlstmError(f"{file} has embeddings of the shape {network.embeddings.shape}; expected ({size}, {features})")
    if features == 1:
        return "scalar"
    if features == size:
        return "one-hot"
    raise CharlstmError(
        f"{file} has a first LSTM layer that reads {features} features; expected 1 (ids divided by the vocabulary's size), "
        f"{size} (one-hot), or the outputs of an Embedding"
    )
