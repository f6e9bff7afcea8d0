"""The training lock: one process at a time, released when the process ends."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.state_files import RESUME
from charlstm.errors import CheckpointError

HOLD = """
import sys
from pathlib import Path
from charlstm.checkpoint.lock import training_lock
with training_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lock_is_exclusive_until_its_process_is_killed(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(CheckpointError) as error, training_lock(tmp_path):
            pytest.fail("two at a time")
        assert str(error.value) == (
            f"{tmp_path} is being trained by another process; wait until it ends, or choose another `name`"
        )
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with training_lock(tmp_path):
            pass


def test_lock_is_released_after_use_and_after_an_error(tmp_path):
    for error in (None, ValueError):
        try:
            with training_lock(tmp_path):
                if error:
                    raise error
        except ValueError:
            pass
        with training_lock(tmp_path):
            assert (tmp_path / RESUME).is_dir()


def test_linked_resume_folder_is_refused(tmp_path):
    folder, elsewhere = tmp_path / "story", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / RESUME).symlink_to(elsewhere)
    with pytest.raises(CheckpointError, match="is a link out of the checkpoint"), training_lock(folder):
        pytest.fail("outside")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions on Windows")
def test_read_only_folder_is_refused():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        with _unprivileged(), pytest.raises(CheckpointError, match="cannot be written"), training_lock(folder):
            pytest.fail("read-only")


@contextmanager
def _unprivileged() -> Iterator[None]:
    """Drop root rights, with which every folder is writable."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
