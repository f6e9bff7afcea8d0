"""The folder of checkpoints: valid names, creation, listing and lookup."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from charlstm.checkpoint.atomic import make_folder, translate_write_errors
from charlstm.checkpoint.config_file import CONFIG, read_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.lock import LOCK, training_lock
from charlstm.checkpoint.regular_files import DEVICES, real_path
from charlstm.checkpoint.state_files import RESUME
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError, TakenError
from charlstm.files import sync_folder

_FORBIDDEN = re.compile(
    r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]|^[.\-\s]|[.\s]$'
)
_CHECKPOINT_FILES = re.compile(rf"{CONFIG}|{RESUME}|{RESUME}/(\d+\.(json|safetensors)|{LOCK})|(|{RESUME}/)\.[^/]*\.tmp")


def check_name(name: str) -> str:
    """Return a name of a checkpoint if it can be the name of a folder on every system.

    Raises:
        CheckpointError: If it cannot.
    """
    if not name or len(name.encode("utf-8", "surrogateescape")) > 200 or _FORBIDDEN.search(name) or DEVICES.fullmatch(name):
        raise CheckpointError(
            f"{name!r} cannot name a checkpoint; use letters, digits, '-', '_' and '.', and begin with a letter or digit"
        )
    return name


def check_new(root: Path, name: str) -> Path:
    """Return the folder of a new checkpoint, without creating it.

    Raises:
        CheckpointError: If the name is invalid.
        TakenError: If the folder exists; nothing is ever overwritten.
    """
    folder = root / check_name(name)
    if folder.exists():
        raise TakenError(
            f"{folder} already exists and was not changed; choose another `name`, or resume its training with `resume={name!r}`"
        )
    return folder


def check_can_be_created(folder: Path) -> None:
    """Check that the folder of a new checkpoint can be created, without creating it.

    Raises:
        CheckpointError: If a file or a link to nothing is in the way, or the permissions forbid it.
    """
    if reason := creation_obstacle(folder):
        raise CheckpointError(f"{folder} cannot be created ({reason}); choose another folder with `checkpoints`")


def creation_obstacle(folder: Path) -> str:
    """Return why a folder cannot be created; an empty string if it can be."""
    existing = next((each for each in folder.parents if os.path.lexists(each)), None)
    if existing is None:
        return ""
    if not existing.is_dir():
        return f"{existing} is {'a link to nothing' if existing.is_symlink() else 'not a folder'}"
    return "" if os.access(existing, os.W_OK | os.X_OK) else f"{existing} cannot be written to"


@contextmanager
def new_checkpoint(root: Path, name: str) -> Iterator[Path]:
    """Create a checkpoint atomically: its folder appears, complete, when the block ends.

    Args:
        root: The folder of checkpoints.
        name: Name of the new checkpoint.

    Yields:
        A temporary folder, for the block to write the files into.

    Raises:
        TakenError: If the checkpoint exists or another process is creating it.
        CheckpointError: If it cannot be created.
    """
    folder = check_new(root, name)
    temporary = folder.with_name(f".{name}.new")
    found = (path.relative_to(temporary).as_posix() for path in temporary.rglob("*"))
    if temporary.is_symlink() or not all(map(_CHECKPOINT_FILES.fullmatch, found)):
        raise CheckpointError(
            f"{temporary} is a link or has files that charlstm did not write; remove it, or choose another `name`"
        )
    try:
        make_folder(temporary)
    except OSError as error:
        raise CheckpointError(
            f"{folder} cannot be created ({error.strerror}); choose another folder with `checkpoints`"
        ) from None
    with ExitStack() as lock:
        try:
            lock.enter_context(training_lock(temporary))
        except TakenError:
            raise TakenError(
                f"{folder} is being created by another process; wait until it ends and resume the training with "
                f"`resume={name!r}`, or choose another `name`"
            ) from None
        for path in temporary.rglob("*"):  # left by a process that was killed while it created the checkpoint
            if path.is_file() and path.name != LOCK:
                path.unlink()
        try:
            yield temporary
        except CheckpointError:  # such as a full disk
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        if os.name != "nt":  # Windows cannot move a folder with an open file, here the lock
            _publish(temporary, root, name)
            return
    _publish(temporary, root, name)


def _publish(temporary: Path, root: Path, name: str) -> None:
    folder = check_new(root, name)  # another process may have created it since
    with translate_write_errors(folder):
        temporary.rename(folder)
        sync_folder(root)


def available_names(root: Path, stem: str) -> Iterator[str]:
    """Yield unused names for a checkpoint: the stem of the corpus's file, then the stem with a number.

    Args:
        root: The folder of checkpoints.
        stem: Stem of the corpus's file; characters that a name cannot have become hyphens.

    >>> names = available_names(Path("nowhere"), "my novel, part 1")
    >>> next(names), next(names)
    ('my-novel-part-1', 'my-novel-part-1-2')
    """
    base = re.sub(r"[^\w]+", "-", stem).strip("-_").encode("utf-8", "ignore")[:100].decode("utf-8", "ignore") or "model"
    if DEVICES.fullmatch(base):
        base += "-model"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return (name for name in names if not (root / name).exists())


def check_root(root: Path) -> None:
    """Refuse a path that is not a folder of checkpoints.

    Raises:
        CheckpointError: If it does not exist, is a file or is itself a checkpoint.
    """
    if _is_checkpoint(root):
        raise CheckpointError(
            f"{root} is a checkpoint, not a folder of checkpoints; the folder is `checkpoints={str(real_path(root).parent)!r}`"
        )
    if not root.is_dir():
        wrong = "is not a folder" if root.exists() else "does not exist"
        raise CheckpointError(f"the folder of checkpoints, {root}, {wrong}; choose another one with `checkpoints`")


def list_checkpoints(root: Path) -> tuple[list[tuple[Path, CheckpointConfig]], list[CheckpointError]]:
    """Return the checkpoints in a folder, the newest first, and an error for each that cannot be read."""
    found: list[tuple[Path, CheckpointConfig]] = []
    errors = [CheckpointError(_no_config(path.parent)) for path in root.glob(f"[!.]*/{WEIGHTS}") if _lacks_config(path.parent)]
    for path in sorted(root.glob(f"[!.]*/{CONFIG}")):
        try:
            found.append((path.parent, read_config(path.parent)))
        except CheckpointError as error:
            errors.append(error)
    return sorted(found, key=lambda item: (item[1].created, item[0].name), reverse=True), errors


def find_checkpoint(root: Path, wanted: str | None) -> Path:
    """Return the folder of a checkpoint.

    Args:
        root: The folder of checkpoints.
        wanted: Name of a checkpoint in it, path of any checkpoint, or None for the newest that has weights.

    Raises:
        CheckpointError: If it does not exist; the message lists the existing ones.
    """
    if wanted is None:
        newest = [folder for folder, _ in list_checkpoints(root)[0] if (folder / WEIGHTS).exists()]
        if not newest:
            if root.exists():
                check_root(root)
            raise CheckpointError(
                f"found no trained checkpoint in {root}; train a model first, or choose another folder with `checkpoints`"
            )
        return newest[0]
    for folder in (root / wanted, Path(wanted)):
        if _is_checkpoint(folder):
            return folder
    check_config_exists(root, wanted)
    if not root.exists():
        raise CheckpointError(f"checkpoint {wanted!r} does not exist, nor does the folder of checkpoints, {root}")
    check_root(root)
    names = ", ".join(sorted(path.parent.name for path in root.glob(f"[!.]*/{CONFIG}"))) or "none"
    raise CheckpointError(f"checkpoint {wanted!r} does not exist; {root} contains: {names}")


def check_config_exists(root: Path, wanted: str) -> None:
    """Check that what is wanted is not a checkpoint without its ``config.json``.

    Raises:
        CheckpointError: If it is.
    """
    for folder in (root / wanted, Path(wanted)):
        if _lacks_config(folder):
            raise CheckpointError(_no_config(folder))


def _lacks_config(folder: Path) -> bool:
    """Return whether a folder was a checkpoint before its ``config.json`` was lost."""
    return not os.path.lexists(folder / CONFIG) and os.path.lexists(folder / WEIGHTS)


def _no_config(folder: Path) -> str:
    return f"{folder} has weights and no {CONFIG}, without which they cannot be used; restore it from a copy"


def _is_checkpoint(folder: Path) -> bool:
    try:
        return (folder / CONFIG).exists()
    except (OSError, ValueError):  # the name cannot be a file's
        return False
