"""Arrays of Keras's files: ``.keras``, ``.weights.h5`` and ``.h5``, read by h5py as datasets by name."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from charlstm.checkpoint.json_files import MAX_BYTES, parse_json
from charlstm.errors import CharlstmError, short_repr
from charlstm.files import open_regular
from charlstm.importing.keras_settings import keras_facts
from charlstm.importing.named_arrays import Facts, NetworkArrays, as_float32, keras_network
from charlstm.importing.vocabulary_file import characters_of
from charlstm.machine import check_size
from charlstm.text.vocabulary import RareCharacters

_MAX_OBJECTS = 2_000
_DAMAGED = (KeyError, ValueError, RuntimeError, RecursionError, TypeError)
"""Errors that the readers of zip archives, JSON and HDF5 raise for damaged files."""
VOCABULARY = "vocabulary.json"
"""The member of a ``.keras`` file in which charlstm lists the characters."""
_IGNORED = ("optimizer", "seed_generator", "metrics")


def read_keras(path: Path) -> NetworkArrays:
    """Return the arrays of a ``.keras`` file, with what its ``config.json`` says, and its vocabulary if charlstm wrote it.

    Raises:
        CharlstmError: If the file is damaged, or holds another kind of network.
        OSError: If it cannot be read.
    """
    with open_regular(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                config = parse_json(_member(archive, "config.json", MAX_BYTES))
                about = parse_json(_member(archive, "metadata.json", MAX_BYTES))
                check_size(path.name, 2 * archive.getinfo("model.weights.h5").file_size)
                content = io.BytesIO(archive.read("model.weights.h5"))
                characters = _characters(archive)
        except (*_DAMAGED, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as error:
            raise CharlstmError(f"{path} is no .keras file, or damaged ({error}); save the model again") from None
    version = str(about.get("keras_version", "")) if isinstance(about, dict) else ""
    network = _read(path, content, lambda _: keras_facts(config, version, path.name))
    match network.dense_kernel.shape[-1] - len(characters):
        case 0:
            return replace(network, facts=replace(network.facts, vocabulary=characters))
        case 1:  # the last id is that of all rare characters
            return replace(network, facts=replace(network.facts, vocabulary=characters, rare=RareCharacters("", ())))
    return network


def read_h5(path: Path) -> NetworkArrays:
    """Return the arrays of a ``.weights.h5`` or ``.h5`` file, with what its attributes say.

    Raises:
        CharlstmError: If the file is damaged, or holds another kind of network.
        OSError: If it cannot be read.
    """
    with open_regular(path) as file:
        return _read(path, file, lambda root: _stated(root, path.name))


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if (size := archive.getinfo(name).file_size) > most:
        raise ValueError(f"{name} has {size:,} bytes")
    return archive.read(name)


def _characters(archive: zipfile.ZipFile) -> list[str]:
    """Return the characters that an export of charlstm lists; an empty list for other files."""
    if VOCABULARY not in archive.namelist():
        return []
    try:
        found = parse_json(_member(archive, VOCABULARY, MAX_BYTES))
        return characters_of(found, VOCABULARY)
    except (ValueError, RecursionError, CharlstmError):  # of another program
        return []


def _stated(root: Any, file: str) -> Facts:
    """Return what a file says about its network: a whole model has its settings as an attribute, weights have none."""
    named = root.attrs.get("layer_names")  # as before Keras 3
    if named is None and isinstance(root.get("model_weights", getlink=True), h5py.HardLink):
        named = root["model_weights"].attrs.get("layer_names")
    layers = [_text(name) for name in named] if isinstance(named, np.ndarray) else []
    config = root.attrs.get("model_config")
    if config is None:
        return Facts(layers=layers)
    try:
        parsed = parse_json(config)
    except (ValueError, TypeError, RecursionError):
        raise CharlstmError(f"{file} has damaged settings; save the model again") from None
    return replace(keras_facts(parsed, _text(root.attrs.get("keras_version", "")), file), layers=layers)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _read(path: Path, content: IO[bytes], facts: Callable[[Any], Facts]) -> NetworkArrays:
    try:
        with h5py.File(content, "r") as root:
            stated = facts(root)
            return keras_network(_arrays(path, root), stated, path.name)
    except (*_DAMAGED, OSError) as error:
        raise CharlstmError(f"{path} is no HDF5 file, or damaged ({error}); save the weights again") from None


def _arrays(path: Path, root: Any) -> dict[str, NDArray[np.float32]]:
    """Return the datasets of layers by path.

    Links to other files, and data outside the file, are not followed.
    """
    found: dict[str, NDArray[np.float32]] = {}
    waiting, seen, total = [("", root)], 0, 0
    while waiting:
        folder, group = waiting.pop()
        for name in group:
            place = f"{folder}/{name}".lstrip("/")
            if (seen := seen + 1) > _MAX_OBJECTS or not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise CharlstmError(f"{path} has links or too many objects; expected the weights of a model alone")
            member = group[name]
            if any(each.startswith(_IGNORED) for each in place.split("/")):
                continue
            if isinstance(member, h5py.Group):
                waiting.append((place, member))
            elif isinstance(member, h5py.Dataset) and member.dtype.kind == "f" and member.ndim in (1, 2):
                if member.external or member.is_virtual:
                    raise CharlstmError(f"{path} refers to other files; save the weights again as one file")
                total += 4 * member.size
                check_size(path.name, 3 * total)
                found[place] = as_float32(member[()])
            else:
                shape, kind = short_repr(getattr(member, "shape", None)), getattr(member, "dtype", type(member).__name__)
                raise CharlstmError(f"{path} holds {place} of type {kind} and shape {shape}; expected weights of layers")
    return found
