"""The settings of layers in Keras's JSON, read without building a layer."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from charlstm.choices import Activation
from charlstm.errors import CharlstmError, short_repr
from charlstm.importing.named_arrays import Facts

_FOR_TRAINING = {"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout"}
_KNOWN = {"InputLayer", "Rescaling", "CategoryEncoding", "Reshape", "Embedding", "LSTM", "Dense", "Activation"}
_ORDER = re.compile(r"(InputLayer )?(Rescaling (CategoryEncoding |Reshape Embedding )|Embedding )?(LSTM )+Dense (Activation )?")
"""Layers in the order that a network may have them; those after a Rescaling are as charlstm exports them."""


def keras_facts(config: Any, version: str, file: str) -> Facts:
    """Return what the JSON of a Keras model says about the network.

    Args:
        config: The parsed JSON: an object with ``class_name`` and ``config``.
        version: Version of the Keras that wrote it.
        file: Name of the file, for errors.

    Raises:
        CharlstmError: If the model has a layer or a setting that a checkpoint cannot hold.
    """
    layers = _layers(config, file)
    _check_layers(layers, file)
    lstms = [settings for kind, settings in layers if kind == "LSTM"]
    activation = _activation("activation", lstms, file)
    recurrent = _activation("recurrent_activation", lstms, file)
    if "hard_sigmoid" in (activation, recurrent) and not version.startswith("3"):
        raise CharlstmError(
            f"{file} was written by Keras {version or 'of an unknown version'}, whose hard_sigmoid differs from that of "
            "Keras 3; train it again with sigmoid, or save it with Keras 3"
        )
    return Facts(
        activation=activation,
        recurrent_activation=recurrent,
        seq_len=_seq_len(layers),
        targets="every" if lstms[-1].get("return_sequences") else "last",
    )


def _check_layers(layers: Sequence[tuple[str, Mapping[str, Any]]], file: str) -> None:
    """Refuse layers whose effect a checkpoint cannot hold."""
    if other := next((kind for kind, _ in layers if kind not in _KNOWN), None):
        raise CharlstmError(f"{file} has a layer {short_repr(other)}; expected LSTM, Dense, Embedding and Dropout alone")
    kinds = [kind for kind, _ in layers]
    if not _ORDER.fullmatch("".join(f"{kind} " for kind in kinds)):
        raise CharlstmError(f"{file} has the layers {', '.join(kinds)}; expected LSTM layers, then one Dense layer")
    found: dict[str, Mapping[str, Any]] = dict(layers)
    outputs = [settings.get("activation") for kind, settings in layers if kind in ("Dense", "Activation")]
    if outputs not in (["softmax"], ["linear"], ["linear", "softmax"]):
        raise CharlstmError(f"{file} ends with the activations {short_repr(outputs)}; expected softmax, or linear for logits")
    if any(settings.get("go_backwards") for kind, settings in layers if kind == "LSTM"):
        raise CharlstmError(f"{file} has an LSTM layer that reads backwards; expected one that reads forwards")
    if found.get("Embedding", {}).get("mask_zero"):
        raise CharlstmError(f"{file} has an Embedding with mask_zero, which skips the character of id 0; expected one without")
    if (rescaling := found.get("Rescaling")) is not None:
        size, offset = found["Dense"].get("units"), rescaling.get("offset")
        tokens = found.get("CategoryEncoding", {"num_tokens": size, "output_mode": "one_hot"})
        if (rescaling.get("scale"), offset, tokens.get("num_tokens"), tokens.get("output_mode")) != (
            size,
            0.5,
            size,
            "one_hot",
        ):
            raise CharlstmError(f"{file} has a layer 'Rescaling'; expected ids divided by the size of the vocabulary, as input")


def _layers(config: Any, file: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return class and settings of every layer that has an effect after training; a Dense in ``TimeDistributed`` is one."""
    try:
        found: list[tuple[str, Mapping[str, Any]]] = []
        for layer in config["config"]["layers"]:
            kind, settings = layer["class_name"], layer["config"]
            if kind == "TimeDistributed" and settings["layer"]["class_name"] in ("Dense", "Activation"):
                kind, settings = settings["layer"]["class_name"], settings["layer"]["config"]
            if _inputs(layer) > 1:
                raise CharlstmError(
                    f"{file} has a layer {short_repr(settings.get('name'))} with several inputs; expected one each"
                )
            if kind in _FOR_TRAINING:
                continue
            if not isinstance(kind, str) or not isinstance(settings, dict):
                raise TypeError
            found.append((kind, settings))
    except (TypeError, KeyError, AttributeError):
        raise CharlstmError(f"{file} has no list of layers; expected a Sequential or functional model of Keras") from None
    return found


def _inputs(layer: Mapping[str, Any]) -> int:
    """Return the number of tensors that a layer of a functional model reads, over all places where it is used."""
    nodes = layer.get("inbound_nodes", [])
    tensors = json.dumps(nodes).count('"keras_history"')
    return tensors or sum(len(node) for node in nodes)  # before Keras 3, a node is a list of its tensors


def _activation(setting: str, lstms: Sequence[Mapping[str, Any]], file: str) -> Activation:
    values = [settings.get(setting) for settings in lstms]
    found = {value if isinstance(value, str) else short_repr(value) for value in values}
    known = get_args(Activation)
    if len(found) != 1 or not found <= set(known):
        names = " and ".join(sorted(found))
        raise CharlstmError(f"{file} has LSTM layers with the {setting} {names}; expected one of {', '.join(known)} for all")
    return cast(Activation, found.pop())


def _seq_len(layers: Sequence[tuple[str, Mapping[str, Any]]]) -> int | None:
    for _, settings in layers:
        shape = settings.get("batch_shape") or settings.get("batch_input_shape")
        if isinstance(shape, list) and len(shape) > 1:
            # One character a call is how a network that carries its state is used, not what it was trained on.
            return shape[1] if isinstance(shape[1], int) and shape[1] > 1 else None
    return None
