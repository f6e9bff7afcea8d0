"""The folders in which a model is searched for by its name."""

from pathlib import Path

from platformdirs import user_data_path

from charlstm.checkpoint.folder import check_config_exists, find_checkpoint, list_checkpoints
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CheckpointError

CURRENT = Path("checkpoints")
"""The first folder to search, in which trainings also write."""

_PACKAGE = Path(__file__).parent.parent
BUNDLED = _PACKAGE / "bundled" if (_PACKAGE / "bundled").exists() else _PACKAGE.parent / "checkpoints"
"""The folder of the demo model: inside the package of a wheel, beside it in a clone."""


def checkpoint_folders() -> tuple[Path, ...]:
    """Return the folders to search, in order: ``./checkpoints``, the user's data folder, the demo model's folder."""
    return CURRENT, user_data_path("charlstm", appauthor=False) / "checkpoints", BUNDLED


def find_model(wanted: str | None = None, folder: Path | None = None) -> Path:
    """Return the folder of a checkpoint.

    Args:
        wanted: Name of a checkpoint, or path of one; None for the newest one of the first folder that has any.
        folder: The only folder to search; None for those of :func:`checkpoint_folders`.

    Raises:
        CheckpointError: If it does not exist; the message lists the existing ones.
    """
    if folder is not None:
        return find_checkpoint(folder, wanted)
    folders = checkpoint_folders()
    if wanted is None:
        some = next((each for each in folders if _has_models(each)), CURRENT)
        return find_checkpoint(some, None)
    for each in folders:
        try:
            return find_checkpoint(each, wanted)
        except CheckpointError:
            continue
    for each in folders:
        check_config_exists(each, wanted)
    names = {each: ", ".join(sorted(path.name for path, _ in list_checkpoints(each)[0])) for each in folders}
    listed = "; ".join(f"{each} contains: {found}" for each, found in names.items() if found) or "there is none"
    raise CheckpointError(f"checkpoint {wanted!r} does not exist; {listed}")


def _has_models(folder: Path) -> bool:
    return any((path / WEIGHTS).exists() for path, _ in list_checkpoints(folder)[0])
