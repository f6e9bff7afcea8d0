"""The files of a checkpoint that may be opened, and the names and texts that it may refer to."""

import os
import socket
import sys

import pytest

from charlstm.checkpoint.config_file import CONFIG, read_config
from charlstm.checkpoint.history import HISTORY, read_history
from charlstm.checkpoint.regular_files import is_file_name, is_text_file, real_path
from charlstm.checkpoint.weights import WEIGHTS, read_weights
from charlstm.files import open_regular

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows, and pipes are not files")


def listen(path):
    address = os.path.relpath(path)  # relative, because the path of a socket is limited to about 100 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)


PUT = {
    "link to a device": ("a link", lambda path: path.symlink_to("/dev/zero")),
    "link to a file without end": ("a link", lambda path: path.symlink_to("/proc/kmsg")),
    "link to a file of the user": ("a link", lambda path: path.symlink_to(path.parent.parent / "secret")),
    "link to itself": ("a link", lambda path: path.symlink_to(path)),
    "link to nothing": ("a link", lambda path: path.symlink_to("nothing")),
    "named pipe": ("a named pipe", os.mkfifo),
    "socket": ("a socket", listen),
    "folder": ("a folder", os.mkdir),
}


@pytest.mark.parametrize(("kind", "put"), PUT.values(), ids=PUT)
@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, HISTORY])
def test_only_ordinary_files_of_a_checkpoint_are_opened(refusal, folder, config, monkeypatch, name, kind, put):
    monkeypatch.chdir(folder)
    (folder.parent / "secret").write_text("secret")
    (folder / name).unlink()
    put(folder / name)
    read = {CONFIG: read_config, WEIGHTS: lambda folder: read_weights(folder, config.model), HISTORY: read_history}[name]
    assert f"cannot be read ({name} is {kind}, not an ordinary file)" in refusal(lambda: read(folder), folder / name)


def test_file_replaced_by_a_link_after_the_check_is_refused(tmp_path, monkeypatch):
    path, secret = tmp_path / "file", tmp_path / "secret"
    path.write_text("file")
    secret.write_text("secret")
    found = path.lstat()
    path.unlink()
    path.symlink_to(secret)
    monkeypatch.setattr(type(path), "lstat", lambda self: found)
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(path)


def test_ordinary_file_is_opened_at_its_start(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"content"


@pytest.mark.parametrize(
    "name", ["novel.txt", "Chapter 1: dawn.txt", "渡し船", "caf\udce9.txt", "a + b.txt", ".hidden", "...", "--"]
)
def test_plain_file_names_are_accepted(name):
    assert is_file_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "-", "/etc/passwd", "/proc/kmsg", "../novel.txt", "a/../../b", "a/b", "./a", "a/", "/",
        "//host/share", "C:novel.txt", "C:\\novel.txt", "\\\\host\\share\\a", "..\\novel.txt", "a\\b", "a\0b",
        "CON", "nul.txt", "COM1", "lpt9.log",
    ],
)  # fmt: skip
def test_paths_drives_and_devices_are_refused(name):
    assert not is_file_name(name)


@pytest.mark.parametrize("name", ["novel.txt", "link.txt"])
def test_text_is_an_ordinary_file_or_a_link_to_one(tmp_path, name):
    (tmp_path / "novel.txt").write_text("text")
    (tmp_path / "link.txt").symlink_to("novel.txt")
    assert is_text_file(tmp_path / name)


@pytest.mark.parametrize(
    "path",
    ["/dev/zero", "/proc/kmsg", "/proc/self/mem", "/sys/power/state", "to proc", "pipe", "loop", "empty", "none", ".", "a\0b"],
)  # fmt: skip
def test_devices_pipes_and_system_files_are_not_texts(tmp_path, path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "to proc").symlink_to("/proc/version")
    (tmp_path / "loop").symlink_to("loop")
    assert not is_text_file(str(tmp_path / path))


def test_real_path_keeps_a_link_to_itself(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("file")
    root = tmp_path.resolve()
    assert real_path(tmp_path / "loop" / "x") == root / "loop" / "x"
    assert real_path(tmp_path / "link") == root / "file"
