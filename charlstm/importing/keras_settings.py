"""The settings of layers in Keras's JSON, read without building a layer."""

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from charlstm.choices import Activation
from charlstm.errors import CharlstmError, short_repr
from charlstm.importing.named_arrays import Facts

_FOR_TRAINING = {"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout"}
_ENCODING = {"Rescaling", "CategoryEncoding", "Reshape"}  # as charlstm exports them
_KNOWN = {"InputLayer", "LSTM", "Dense", "Embedding", "Activation", *_FOR_TRAINING, *_ENCODING}


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
    lstms = [settings for kind, settings in layers if kind == "LSTM"]
    if not lstms:
        raise CharlstmError(f"{file} has no LSTM layer; expected LSTM layers and a Dense layer")
    for kind, settings in layers:
        if kind not in _KNOWN:
            raise CharlstmError(f"{file} has a layer {short_repr(kind)}; expected LSTM, Dense, Embedding and Dropout alone")
        if kind in ("Dense", "Activation") and settings.get("activation") not in ("softmax", "linear"):
            found = short_repr(settings.get("activation"))
            raise CharlstmError(
                f"{file} has a {kind} layer with the activation {found}; expected softmax, or linear for logits"
            )
    if any(settings.get("go_backwards") for settings in lstms):
        raise CharlstmError(f"{file} has an LSTM layer that reads backwards; expected one that reads forwards")
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


def _layers(config: Any, file: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return class and settings of every layer; those inside ``TimeDistributed`` too."""
    try:
        found: list[tuple[str, Mapping[str, Any]]] = []
        for layer in config["config"]["layers"]:
            kind, settings = layer["class_name"], layer["config"]
            if kind == "TimeDistributed":
                kind, settings = settings["layer"]["class_name"], settings["layer"]["config"]
            if not isinstance(kind, str) or not isinstance(settings, dict):
                raise TypeError
            found.append((kind, settings))
    except (TypeError, KeyError):
        raise CharlstmError(f"{file} has no list of layers; expected a Sequential or functional model of Keras") from None
    return found


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
