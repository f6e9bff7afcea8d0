"""Importing a model that was trained elsewhere: :func:`import_model`."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from charlstm.checkpoint.search import CURRENT
from charlstm.errors import check_instance, check_integer
from charlstm.importing.checkpoints import import_checkpoint
from charlstm.model import Model
from charlstm.text.sources import source_list


def import_model(
    file: str | Path,
    *,
    vocabulary: str | Path | Sequence[str] | None = None,
    corpus: str | Path | Sequence[str | Path] = (),
    text_encoding: str = "utf-8",
    name: str | None = None,
    seq_len: int | None = None,
    checkpoints: str | Path = CURRENT,
) -> Model:
    """Make a checkpoint of a network that was trained elsewhere: LSTM layers, and a Dense layer that predicts characters.

    The file is read as arrays by name; no code in it runs. The network reads ids divided by the vocabulary's size (scalar),
    one-hot vectors, or ids through an embedding, which the shapes show.

    Args:
        file: A ``.keras``, ``.weights.h5``, ``.h5`` or ``.safetensors`` file, the latter with the names of PyTorch's
            ``nn.LSTM`` and ``nn.Linear`` or of Keras.
        vocabulary: Path of a JSON file with the characters in the order of their ids, or a list of them. Default: those in the
            file, or the sorted characters of ``corpus``.
        corpus: Files of the text that it was trained on, from which default seeds are taken.
        text_encoding: Text encoding of these files.
        name: Name of the new checkpoint. Default: the file's name.
        seq_len: Characters in a window. Default: what the file says, or 100.
        checkpoints: The folder of checkpoints.

    Raises:
        CharlstmError: If the file holds another kind of network, or the vocabulary does not fit it.
    """
    check_instance("file", file, str | PathLike, "the path of a file")
    check_instance(
        "vocabulary", vocabulary, str | PathLike | Sequence | None, "the path of a JSON file, or a list of characters"
    )
    check_instance("name", name, str | None, "a string")
    check_instance("checkpoints", checkpoints, str | PathLike, "the path of a folder")
    if seq_len is not None:
        seq_len = check_integer("seq_len", seq_len, 1)
    found = import_checkpoint(
        Path(file),
        Path(checkpoints),
        vocabulary=Path(vocabulary) if isinstance(vocabulary, str | PathLike) else vocabulary,
        corpus=source_list(corpus, "corpus", least=0),
        text_encoding=text_encoding,
        name=name,
        seq_len=seq_len,
    )
    return Model(found.folder)
