"""The folder of checkpoints: names, which there are, which is meant."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from charlstm.checkpoint.atomic import make_folder, sync_folder, translate_write_errors
from charlstm.checkpoint.config_file import CONFIG, CheckpointConfig, read_config
from charlstm.checkpoint.lock import LOCK, training_lock
from charlstm.checkpoint.regular_files import DEVICES
from charlstm.checkpoint.state_files import RESUME
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError, TakenError

_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\ud800-\udfff]|^[.\-\s]|[.\s]$')
_OURS = re.compile(rf"{CONFIG}|{RESUME}|{RESUME}/(\d+\.(json|safetensors)|{LOCK})|(|{RESUME}/)\.[^/]*\.tmp")


def check_name(name: str) -> str:
    """A name that is one folder's name on every system.

    Raises:
        CheckpointError: If it is not.
    """
    if not name or len(name.encode("utf-8", "surrogateescape")) > 200 or _FORBIDDEN.search(name) or DEVICES.fullmatch(name):
        raise CheckpointError(
            f"{name!r} cannot name a checkpoint; use letters, digits, '-', '_' and '.', beginning with a letter or digit"
        )
    return name


def check_new(root: Path, name: str) -> Path:
    """The folder of a checkpoint yet to be made.

    Raises:
        CheckpointError: If the name cannot be one.
        TakenError: If it is taken: nothing is ever overwritten.
    """
    folder = root / check_name(name)
    if folder.exists():
        raise TakenError(
            f"{folder} exists already and is left as it is; choose another --name, or go on with `--resume {name}`"
        )
    return folder


@contextmanager
def new_checkpoint(root: Path, name: str) -> Iterator[Path]:
    """Make a checkpoint that is there all at once: what the block writes into the folder it is given.

    Raises:
        TakenError: If it exists or is being made by another process.
        CheckpointError: If it cannot be made.
    """
    folder = check_new(root, name)
    temporary = folder.with_name(f".{name}.new")
    found = (path.relative_to(temporary).as_posix() for path in temporary.rglob("*"))
    if temporary.is_symlink() or not all(map(_OURS.fullmatch, found)):
        raise CheckpointError(f"{temporary} is in the way, and is not charlstm's; remove it, or choose another --name")
    try:
        make_folder(temporary)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be made ({error.strerror}); choose another place with --checkpoints") from None
    with ExitStack() as lock:
        try:
            lock.enter_context(training_lock(temporary))
        except TakenError:
            raise TakenError(
                f"{folder} is being made by another process; wait for it and resume it with `--resume {name}`, or choose "
                "another --name"
            ) from None
        for path in temporary.rglob("*"):  # of someone who was killed while making it
            if path.is_file() and path.name != LOCK:
                path.unlink()
        yield temporary
        if os.name != "nt":  # there no folder can be moved in which a file is open, such as this lock
            _appear(temporary, root, name)
            return
    _appear(temporary, root, name)


def _appear(temporary: Path, root: Path, name: str) -> None:
    folder = check_new(root, name)  # another may have been quicker
    with translate_write_errors(folder):
        temporary.rename(folder)
        sync_folder(root)


def available_names(root: Path, stem: str) -> Iterator[str]:
    """Names that are not taken at the moment: the stem of the corpus's file, then that with a number.

    >>> names = available_names(Path("nowhere"), "my novel, part 1")
    >>> next(names), next(names)
    ('my-novel-part-1', 'my-novel-part-1-2')
    """
    base = re.sub(r"[^\w]+", "-", stem).strip("-_").encode("utf-8", "ignore")[:100].decode("utf-8", "ignore") or "model"
    if DEVICES.fullmatch(base):
        base += "-model"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return (name for name in names if not (root / name).exists())


def list_checkpoints(root: Path) -> tuple[list[tuple[Path, CheckpointConfig]], list[CheckpointError]]:
    """The checkpoints in a folder, the newest first, and what is wrong with those that cannot be read."""
    found, wrong = [], []
    for path in sorted(root.glob(f"[!.]*/{CONFIG}")):
        try:
            found.append((path.parent, read_config(path.parent)))
        except CheckpointError as error:
            wrong.append(error)
    return sorted(found, key=lambda item: (item[1].created, item[0].name), reverse=True), wrong


def find_checkpoint(root: Path, wanted: str | None) -> Path:
    """The folder of a checkpoint.

    Args:
        root: The folder of checkpoints.
        wanted: A name in it, or the path of a checkpoint anywhere, or None for the newest that has weights.

    Raises:
        CheckpointError: If there is none; the message says which there are.
    """
    if wanted is None:
        newest = [folder for folder, _ in list_checkpoints(root)[0] if (folder / WEIGHTS).exists()]
        if not newest:
            raise CheckpointError(
                f"there is no trained checkpoint in {root}; train one with `charlstm train corpus.txt`, or name the folder "
                "that has some with --checkpoints"
            )
        return newest[0]
    for folder in (root / wanted, Path(wanted)):
        if _is_checkpoint(folder):
            return folder
    names = ", ".join(sorted(path.parent.name for path in root.glob(f"[!.]*/{CONFIG}"))) or "none"
    raise CheckpointError(f"there is no checkpoint {wanted!r}; in {root} there are: {names}")


def _is_checkpoint(folder: Path) -> bool:
    try:
        return (folder / CONFIG).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
