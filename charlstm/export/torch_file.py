"""``.pt.safetensors``: the weights by the names and in the layouts of PyTorch's ``nn.LSTM`` and ``nn.Linear``."""

import json

import numpy as np

from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.weights import Weights
from charlstm.config import to_dict
from charlstm.errors import ConfigError
from charlstm.inference.lstm import Array

README = """import json, torch
from safetensors import safe_open

file = safe_open({file!r}, "pt")
about = json.loads(file.metadata()["charlstm"])
weights = {{name: file.get_tensor(name) for name in file.keys()}}


class Characters(torch.nn.Module):
    def __init__(self):
        super().__init__()
{modules}

    def forward(self, ids, state=None):  # [B, T] -> logits [B, T, V]
        x = {encoded}
{layers}
        return self.dense(x), {state}


model = Characters()
model.load_state_dict(weights, strict=True)
ids = torch.tensor([[about["vocabulary"].index(character) for character in {text!r}]])
logits, state = model(ids)
print(about["vocabulary"][int(logits[0, -1].argmax())])
"""
"""A program that uses the file, which it holds as ``readme``."""


def torch_file(checkpoint: CheckpointConfig, weights: Weights, name: str, file: str) -> bytes:
    """Return the contents of the file. Its metadata has the vocabulary, the encoding, and a program that uses the file.

    Layers of equal size are one ``nn.LSTM`` with several layers, ``lstm``; otherwise each is its own, ``lstms.0`` and on.

    Raises:
        ConfigError: If ``nn.LSTM`` cannot compute the model's activations.
    """
    from safetensors.numpy import save

    config = checkpoint.model
    if (config.activation, config.recurrent_activation) != ("tanh", "sigmoid"):
        found = f"{config.activation} and {config.recurrent_activation}"
        raise ConfigError(
            f"torch.nn.LSTM has the activations tanh and sigmoid alone, and the model has {found}; choose another format"
        )
    tensors = {}
    equal = len(set(config.units)) == 1
    for layer in range(len(config.units)):
        prefix, number = ("lstm", layer) if equal else (f"lstms.{layer}", 0)
        kernel, recurrent = (weights[f"lstm_{layer + 1}/{part}"].T for part in ("kernel", "recurrent_kernel"))
        # The gates are in the same order, i f g o. The second bias is zero.
        bias = weights.get(f"lstm_{layer + 1}/bias", np.zeros(len(kernel), np.float32))
        tensors[f"{prefix}.weight_ih_l{number}"], tensors[f"{prefix}.weight_hh_l{number}"] = kernel, recurrent
        tensors[f"{prefix}.bias_ih_l{number}"], tensors[f"{prefix}.bias_hh_l{number}"] = bias, np.zeros_like(bias)
    if config.encoding == "embedding":
        tensors["embedding.weight"] = weights["embedding/embeddings"]
    tensors["dense.weight"], tensors["dense.bias"] = weights["dense/kernel"].T, weights["dense/bias"]
    contiguous: dict[str, Array] = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    about = {
        "name": name,
        **({"rare": to_dict(checkpoint.vocabulary.rare)} if checkpoint.vocabulary.rare else {}),
        "vocabulary": checkpoint.vocabulary.characters,
        "encoding": config.encoding,
        "units": config.units,
        "seq_len": config.seq_len,
        "targets": config.targets,
        "activation": config.activation,
        "recurrent_activation": config.recurrent_activation,
    }
    return save(contiguous, {"charlstm": json.dumps(about, ensure_ascii=True), "readme": _readme(checkpoint, file)})


def _readme(checkpoint: CheckpointConfig, file: str) -> str:
    config = checkpoint.model
    size, units = config.vocabulary_size, config.units
    features = {"one-hot": size, "scalar": 1, "embedding": config.embedding_size}[config.encoding]
    modules, encoded = [], f"torch.nn.functional.one_hot(ids, {size}).float()"
    if config.encoding == "embedding":
        modules, encoded = [f"self.embedding = torch.nn.Embedding({size}, {features})"], "self.embedding(ids)"
    elif config.encoding == "scalar":
        encoded = f"(ids / {size})[..., None]"
    if len(set(units)) == 1:
        modules.append(f"self.lstm = torch.nn.LSTM({features}, {units[0]}, {len(units)}, batch_first=True)")
        layers, state = ["x, state = self.lstm(x, state)"], "state"
    else:
        sizes = ", ".join(f"({below}, {above})" for below, above in zip([features, *units], units, strict=False))
        modules.append(f"self.lstms = torch.nn.ModuleList(torch.nn.LSTM(d, u, batch_first=True) for d, u in [{sizes}])")
        layers = [
            "after = []",
            "for number, lstm in enumerate(self.lstms):",
            "    x, one = lstm(x, state and state[number])",
            "    after.append(one)",
        ]
        state = "after"
    modules.append(f"self.dense = torch.nn.Linear({units[-1]}, {size})")
    indented = ["\n".join(f"        {line}" for line in lines) for lines in (modules, layers)]
    text = checkpoint.corpus.example
    return README.format(file=file, text=text, modules=indented[0], encoded=encoded, layers=indented[1], state=state)
