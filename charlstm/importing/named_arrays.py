"""The layers of a network, recognised in arrays by their names and shapes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlstm.choices import Activation, Targets
from charlstm.errors import CharlstmError, clip_text, short_repr
from charlstm.text.vocabulary import RareCharacters

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Facts:
    """Facts about a network that its file states besides the arrays; None for each that it omits.

    Attributes:
        activation: Activation of the candidate and of the cell state's output.
        recurrent_activation: Activation of the gates.
        seq_len: Characters in a window.
        targets: ``last`` if the network predicts after the window alone.
        vocabulary: The characters in the order of their ids.
        rare: The characters that share the id after those, if the network has one more.
        layers: Names of all layers in their order, where folders of arrays have these names, as before Keras 3.
    """

    activation: Activation | None = None
    recurrent_activation: Activation | None = None
    seq_len: int | None = None
    targets: Targets | None = None
    vocabulary: Sequence[str] | None = None
    rare: RareCharacters | None = None
    layers: Sequence[str] = ()


@dataclass(frozen=True)
class LstmArrays:
    """The arrays of an LSTM layer in Keras's layouts, with the gates in the order i, f, c, o.

    Attributes:
        kernel: ``[d, 4u]``.
        recurrent_kernel: ``[u, 4u]``.
        bias: ``[4u]``, or None.
    """

    kernel: NDArray[np.float32]
    recurrent_kernel: NDArray[np.float32]
    bias: NDArray[np.float32] | None


@dataclass(frozen=True)
class NetworkArrays:
    """The arrays of a network.

    Attributes:
        lstms: The LSTM layers, the first one first.
        dense_kernel: ``[u, V]``.
        dense_bias: ``[V]``.
        embeddings: ``[V, E]``, or None.
        facts: Other facts about the network in the file.
    """

    lstms: tuple[LstmArrays, ...]
    dense_kernel: NDArray[np.float32]
    dense_bias: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None = None
    facts: Facts = field(default_factory=Facts)


def as_float32(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return an array in float32; numbers that are too large become infinite, which is reported where the layer is known."""
    with np.errstate(over="ignore"):
        return np.asarray(array, np.float32)


def keras_network(arrays: Arrays, facts: Facts, file: str) -> NetworkArrays:
    """Return the layers of arrays whose names are paths, as Keras writes them: ``layers/lstm/cell/vars/0``.

    Args:
        arrays: Arrays by path. The arrays of a layer share one folder.
        facts: Other facts about the network in the file.
        file: Name of the file, for errors.

    Raises:
        CharlstmError: If the arrays are not those of LSTM layers and one Dense layer.
    """
    lstms: dict[str, LstmArrays] = {}
    dense: list[list[NDArray[np.float32]]] = []
    embeddings: list[NDArray[np.float32]] = []
    lone: dict[str, list[NDArray[np.float32]]] = {}  # matrices alone: Embedding, or Dense without a bias
    for folder, members in _folders(arrays):
        shapes = [array.shape for array in members.values()]
        match shapes:
            case [(_, columns), (units, four), *rest] if columns == four == 4 * units and rest in ([], [(four,)]):
                if "/backward_" in f"/{folder}":
                    found = f"{clip_text(folder, 60)}, an LSTM layer that reads backwards"
                    raise CharlstmError(f"{file} holds {found}; expected LSTM layers that read forwards")
                lstms[folder] = LstmArrays(*members.values(), *[None] * (not rest))
            case [(_, _)] if "embeddings" in members:
                embeddings += members.values()
            case [(_, _)] if "kernel" not in members:
                lone[folder] = [*members.values()]
            case [(_, columns), *rest] if rest in ([], [(columns,)]):
                dense.append([*members.values()])
            case _:
                found = f"{clip_text(folder, 60)} with arrays of the shapes {short_repr(shapes)}"
                raise CharlstmError(f"{file} holds {found}; expected LSTM layers, one Dense layer, and at most one Embedding")
    if not dense:  # it has no bias
        dense += [lone.pop(folder) for folder in [*lone] if "embedding" not in folder.lower()]
    embeddings += [array for (array,) in lone.values()]
    if not lstms or len(dense) != 1 or len(embeddings) > 1:
        found = f"{len(lstms)} LSTM, {len(dense)} Dense and {len(embeddings)} Embedding layers"
        raise CharlstmError(f"{file} holds {found}; expected LSTM layers, one Dense layer, and at most one Embedding")
    kernel, *bias = dense[0]
    return NetworkArrays(
        lstms=tuple(lstms[folder] for folder in _in_order(list(lstms), facts.layers)),
        dense_kernel=kernel,
        dense_bias=bias[0] if bias else np.zeros(kernel.shape[1], np.float32),
        embeddings=embeddings[0] if embeddings else None,
        facts=facts,
    )


_MEMBERS = ("kernel", "embeddings", "recurrent_kernel", "bias")


def _folders(arrays: Arrays) -> Iterator[tuple[str, dict[str, NDArray[np.float32]]]]:
    """Yield the folders of arrays in natural order, each with its arrays in the order in which a layer creates them."""
    folders: dict[str, dict[str, NDArray[np.float32]]] = {}
    for path, array in arrays.items():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name.partition(":")[0]] = array
    for folder in sorted(folders, key=_natural):
        members = folders[folder]
        names = sorted(members, key=lambda name: (_MEMBERS.index(name) if name in _MEMBERS else 0, _natural(name)))
        yield folder, {name: members[name] for name in names}


def _in_order(folders: list[str], layers: Sequence[str]) -> list[str]:
    """Sort the folders of LSTM layers by the order of the layers' names; folders without such a name keep their order."""
    order = {layer: number for number, layer in enumerate(layers)}

    def place(folder: str) -> int:
        return next((order[part] for part in folder.split("/") if part in order), 0)

    return sorted(folders, key=place)


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts ``lstm_2`` before ``lstm_10``, and ``lstm`` before both."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name.replace("/", "\0"))]


def torch_network(arrays: Arrays, facts: Facts, file: str) -> NetworkArrays:
    """Return the layers of arrays with the names of PyTorch's ``nn.LSTM``, ``nn.Linear`` and ``nn.Embedding``.

    Args:
        arrays: Arrays by name, such as ``lstm.weight_ih_l0``.
        facts: Other facts about the network in the file.
        file: Name of the file, for errors.

    Raises:
        CharlstmError: If the arrays are not those of LSTM layers and one Linear layer.
    """
    lstms, rest = [], dict(arrays)
    for name in sorted((name for name in arrays if "weight_ih_l" in name), key=_natural):
        parts = [rest.pop(name.replace("weight_ih", part), None) for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        layer = [part for part in parts if part is not None]
        shapes = [part.shape for part in layer]
        if parts[1] is None or "reverse" in name or [len(shape) for shape in shapes] != [2, 2, 1, 1][: len(layer)]:
            shown = clip_text(name, 60)
            raise CharlstmError(f"{file} holds {shown} and others of the shapes {shapes}; expected nn.LSTM in one direction")
        if any(shape != shapes[0][:1] for shape in shapes[2:]):
            shown = f"biases beside {clip_text(name, 60)} of the shapes {shapes[2:]}"
            raise CharlstmError(f"{file} holds {shown}; expected {shapes[0][:1]}")
        kernel, recurrent, *biases = layer
        lstms.append(LstmArrays(kernel.T, recurrent.T, np.sum(biases, axis=0) if biases else None))
    if other := next((name for name, array in rest.items() if array.ndim != 2 - name.endswith("bias")), None):
        shown = f"{clip_text(other, 60)} of the shape {rest[other].shape}"
        raise CharlstmError(f"{file} holds {shown}; expected weights and biases of layers")
    linear = [name for name in rest if name.endswith("weight") and f"{name.removesuffix('weight')}bias" in rest]
    others = [name for name in rest if name.endswith("weight") and name not in linear]
    if not lstms or len(linear) != 1 or len(others) > 1 or len(rest) != 2 + len(others):
        found_names = clip_text(", ".join(sorted(arrays)), 200)
        raise CharlstmError(
            f"{file} holds {found_names}; expected those of nn.LSTM (weight_ih_l0 and on), one nn.Linear with a bias, and at "
            "most one nn.Embedding"
        )
    dense = linear[0]
    return NetworkArrays(
        lstms=tuple(lstms),
        dense_kernel=rest[dense].T,
        dense_bias=rest[f"{dense.removesuffix('weight')}bias"],
        embeddings=rest[others[0]] if others else None,
        facts=facts,
    )
