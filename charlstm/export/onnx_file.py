"""``.onnx``: one ``LSTM`` operator for each layer, with the state as inputs and outputs."""

import json
from typing import Any

import numpy as np

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.config import ModelConfig
from charlstm.errors import CharlstmError
from charlstm.inference.lstm import Array

OPSET = 17
"""Version of the operators; onnxruntime has it since 1.12."""

_ACTIVATIONS: dict[str, tuple[str, tuple[float, float] | tuple[()]]] = {
    "tanh": ("Tanh", ()),
    "sigmoid": ("Sigmoid", ()),
    "hard_sigmoid": ("HardSigmoid", (1 / 6, 0.5)),
    "relu": ("Relu", ()),
    "softsign": ("Softsign", ()),
    "linear": ("Affine", (1.0, 0.0)),
}
"""ONNX's activations by Keras's names, with alpha and beta if they have any; runtimes take those in order."""

README = """import numpy as np, onnxruntime

session = onnxruntime.InferenceSession({file!r})
characters = session.get_modelmeta().custom_metadata_map["vocabulary"]
ids = np.array([[characters.index(character) for character in {text!r}]], np.int64)
state = {{each.name: np.zeros((1, each.shape[1]), np.float32) for each in session.get_inputs()[1:]}}
logits, *after = session.run(None, {{{given}, **state}})  # logits [B, T, V]
print(characters[logits[0, -1, : len(characters)].argmax()])
state = dict(zip(state, after))  # for the characters that follow
"""
"""A program that uses the file, which it holds as its description."""


def onnx_file(checkpoint: CheckpointConfig, weights: Weights, name: str, file: str, *, window: bool = False) -> bytes:
    """Return the contents of the file.

    Its inputs are ``ids`` (int64 ``[B, T]``), or with ``window`` the normalised windows ``x`` (float32 ``[B, T, 1]``), and the
    state of each layer, ``h_1``, ``c_1`` and on (``[B, u]``). Its outputs are ``logits`` (``[B, T, V]``) and the states after
    the text. The batch and the length are free.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise CharlstmError("writing .onnx needs the package onnx; install charlstm[onnx]") from error

    config = checkpoint.model
    graph = _Graph(config, weights, window=window)
    graph.build()
    names = [f"{part}_{number}" for number in range(1, len(config.units) + 1) for part in "hc"]
    sizes = [units for units in config.units for _ in "hc"]

    def floats(key: str, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(key, TensorProto.FLOAT, shape)

    given = f'"x": (ids / {config.vocabulary_size}).astype(np.float32)[:, :, None]' if window else '"ids": ids'
    text = floats("x", "B", "T", 1) if window else helper.make_tensor_value_info("ids", TensorProto.INT64, ("B", "T"))
    made = helper.make_graph(
        graph.nodes,
        "charlstm",
        [text, *(floats(key, "B", size) for key, size in zip(names, sizes, strict=True))],
        [
            floats("logits", "B", "T", config.vocabulary_size),
            *(floats(f"{key}_after", "B", size) for key, size in zip(names, sizes, strict=True)),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in graph.constants.items()],
        doc_string=README.format(file=file, text=checkpoint.corpus.example, given=given),
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="charlstm")
    metadata = {
        "name": name,
        "vocabulary": checkpoint.vocabulary.characters,
        "encoding": config.encoding,
        "units": json.dumps(config.units),
    }
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    result: bytes = model.SerializeToString()
    return result


class _Graph:
    """The operators and the constants of a network."""

    def __init__(self, config: ModelConfig, weights: Weights, *, window: bool) -> None:
        self.config, self.weights, self.window = config, weights, window
        self.nodes: list[Any] = []
        self.constants: dict[str, Array | np.ndarray] = {}

    def build(self) -> None:
        """Add everything, from the text to the logits."""
        x = self._encoded()
        x = self._add("Transpose", [x], "x_by_time", perm=[1, 0, 2])  # the LSTM operator reads [T, B, d]
        for number, units in enumerate(self.config.units, start=1):
            x = self._lstm(number, units, x)
        x = self._add("Transpose", [x], "h_by_text", perm=[1, 0, 2])
        x = self._add("MatMul", [x, self._constant("dense_kernel", self.weights["dense/kernel"])], "products")
        self._add("Add", [x, self._constant("dense_bias", self.weights["dense/bias"])], "logits")

    def _encoded(self) -> str:
        """Return the name of the input encoding: ``[B, T, d]``."""
        size = self.config.vocabulary_size
        ids = "ids"
        if self.window:
            if self.config.encoding == "scalar":
                return "x"
            # The windows have ids divided by V.
            scaled = self._add("Mul", ["x", self._constant("V", np.array(size, np.float32))], "scaled")
            flat = self._add(
                "Squeeze", [self._add("Round", [scaled], "rounded"), self._constant("last_axis", np.array([2]))], "flat"
            )
            ids = self._add("Cast", [flat], "ids", to=7)
        if self.config.encoding == "scalar":
            numbers = self._add("Cast", [ids], "numbers", to=1)
            shares = self._add("Div", [numbers, self._constant("V", np.array(size, np.float32))], "shares")
            return self._add("Unsqueeze", [shares, self._constant("last_axis", np.array([2]))], "encoded")
        if self.config.encoding == "embedding":
            return self._add("Gather", [self._constant("embeddings", self.weights["embedding/embeddings"]), ids], "encoded")
        depth, values = self._constant("depth", np.array(size)), self._constant("off_on", np.array([0, 1], np.float32))
        return self._add("OneHot", [ids, depth, values], "encoded")

    def _lstm(self, number: int, units: int, x: str) -> str:
        """Add a layer, and return the name of its output: ``[T, B, u]``."""
        name, axis, direction = (
            f"lstm_{number}",
            self._constant("first_axis", np.array([0])),
            self._constant("direction", np.array([1])),
        )
        bias = self.weights.get(f"{name}/bias", np.zeros(4 * units, np.float32))
        arrays = {
            "W": _iofc(self.weights[f"{name}/kernel"].T, units),
            "R": _iofc(self.weights[f"{name}/recurrent_kernel"].T, units),
            "B": np.concatenate([_iofc(bias, units), np.zeros(4 * units, np.float32)]),
        }
        inputs = [x, *(self._constant(f"{name}_{part}", value[None]) for part, value in arrays.items()), ""]
        inputs += [self._add("Unsqueeze", [f"{part}_{number}", axis], f"{part}_{number}_before") for part in "hc"]
        kinds = [
            _ACTIVATIONS[each] for each in (self.config.recurrent_activation, self.config.activation, self.config.activation)
        ]
        arguments = [each for _, each in kinds if each]
        alpha_beta = {"activation_alpha": [a for a, _ in arguments], "activation_beta": [b for _, b in arguments]}
        y, h, c = f"{name}_y", f"{name}_h", f"{name}_c"
        activations = [kind for kind, _ in kinds]
        self._node("LSTM", inputs, [y, h, c], hidden_size=units, activations=activations, **(alpha_beta if arguments else {}))
        for part, value in (("h", h), ("c", c)):
            self._add("Squeeze", [value, axis], f"{part}_{number}_after")
        return self._add("Squeeze", [y, direction], f"{name}_output")

    def _constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = value
        return name

    def _add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._node(operator, inputs, [output], **attributes)
        return output

    def _node(self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))


def _iofc(rows: np.ndarray, units: int) -> np.ndarray:
    """Return rows in ONNX's order of the gates, from Keras's i f c o."""
    i, f, c, o = rows.reshape(4, units, *rows.shape[1:])
    return np.concatenate([i, o, f, c])
