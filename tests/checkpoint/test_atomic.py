"""Atomic writes: a file has its old content or its new content, never a mixture."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from charlstm.checkpoint.atomic import remove_leftovers, write_atomically
from charlstm.errors import CheckpointError


def failing(error: BaseException) -> Callable[..., None]:
    def fail(*arguments: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("content", [b"", b"new", bytes(range(256)) * 5000])
def test_write_leaves_only_the_file(tmp_path, content):
    path = tmp_path / "file"
    for _ in range(2):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="there are no such permissions on Windows")
def test_file_permissions_follow_the_umask(tmp_path):
    previous = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", b"new")
    finally:
        os.umask(previous)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("before", [b"old", None])
@pytest.mark.parametrize(("owner", "call"), [(os, "open"), (os, "write"), (os, "fsync"), (Path, "replace")], ids=str)
def test_failed_write_keeps_the_old_content(tmp_path, monkeypatch, owner, call, before):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    with monkeypatch.context() as patch:
        patch.setattr(owner, call, failing(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(CheckpointError) as error:
            write_atomically(path, b"new")
    assert str(error.value).startswith(f"{path} cannot be written (No space left on device)")
    assert ("and was not changed" in str(error.value)) == (before is not None)
    assert "; free disk space, or" in str(error.value)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if before is None else [before])


def test_folder_replaced_by_a_file_needs_no_disk_space(tmp_path):
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(CheckpointError, match="its folder was removed or replaced") as error:
        write_atomically(tmp_path / "folder" / "file", b"new")
    assert "disk space" not in str(error.value)
    assert "was not changed" not in str(error.value)


def test_interrupted_write_keeps_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path, b"new")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_content_is_synced_before_the_rename_and_folder_after(tmp_path, monkeypatch):
    events, fsync, replace = [], os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        is_folder = os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        events.append("sync folder" if is_folder else f"sync {os.fstat(descriptor).st_size} bytes")
        fsync(descriptor)

    def replaced(path: Path, target: Path) -> Path:
        events.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_atomically(tmp_path / "file", b"12345")
    assert events == ["sync 5 bytes", "replace", "sync folder"]


@pytest.mark.parametrize("place", ["missing/file", "folder"])
def test_unwritable_path_is_named(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_bytes(b"old")
    with pytest.raises(CheckpointError) as error:
        write_atomically(tmp_path / place, b"new")
    assert str(error.value).startswith(f"{tmp_path / place} cannot be written (")
    assert "choose another folder" in str(error.value)
    assert [file.name for file in tmp_path.rglob("*")] == ["folder", "inside"]


def test_concurrent_reader_sees_old_or_new_content(tmp_path):
    path, contents = tmp_path / "file", {b"a" * 300_000, b"b" * 300_000}
    write_atomically(path, min(contents))
    done, seen = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        for content in contents:
            write_atomically(path, content)
    done.set()
    reader.join()
    assert seen <= contents
    assert len(seen) > 0


def test_only_leftover_temporary_files_are_removed(tmp_path):
    (tmp_path / ".config.json.0123abcd.tmp").write_text("half")
    (tmp_path / ".folder.tmp").mkdir()
    (tmp_path / "kept.tmp").write_text("whole")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".folder.tmp", "kept.tmp"]
