"""The words that settings choose from, and a default, in a module that the help of the commands can import quickly."""

from typing import Literal

Encoding = Literal["scalar", "one-hot", "embedding"]
Targets = Literal["last", "every"]
Batches = Literal["windows", "streams"]
Precision = Literal["float32", "bfloat16"]
PrecisionOrAuto = Literal["auto", Precision]
Schedule = Literal["cosine", "constant"]
Activation = Literal["tanh", "sigmoid", "hard_sigmoid", "relu", "softsign", "linear"]
Mode = Literal["stateless", "stateful"]
Engine = Literal["numpy", "keras"]
OnUnknown = Literal["error", "skip", "replace"]
WeightsFormat = Literal["float32", "float16"]
ExportFormat = Literal["html", "module", "keras", "onnx", "torch", "savedmodel", "litert", "numpy"]
CurveAxis = Literal["epochs", "steps", "time"]

OnnxInput = Literal["ids", "window"]

TextEnd = Literal["word", "line", "sentence", "paragraph"]
End = Literal["none", TextEnd]

DEFAULT_TEMPERATURE = 0.6
"""Sampling temperature of generation, unless another is given."""
