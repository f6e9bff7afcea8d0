"""The file with the key of a server: what is accepted as a key, and the reason why another is not."""

import os
import threading

import pytest

from charlstm.cli.key_file import LEAST_KEY, LONGEST_KEY, read_key
from charlstm.errors import CharlstmError

KEY = "a-key-of-some-length!~"


@pytest.mark.parametrize(
    "content",
    [
        KEY.encode(),
        f"{KEY}\n".encode(),
        f"\ufeff{KEY}\r\n".encode(),  # as Windows' Notepad saves it
        f"\ufeff{KEY}".encode(),
        f"\n\t {KEY} \r\n\r\n".encode(),
    ],
)
def test_a_key_is_read_without_mark_and_line_end(tmp_path, content):
    (tmp_path / "key").write_bytes(content)
    assert read_key(tmp_path / "key") == KEY


@pytest.mark.parametrize("length", [LEAST_KEY, LONGEST_KEY])
def test_the_bounds_are_keys(tmp_path, length):
    (tmp_path / "key").write_text("k" * length)
    assert read_key(tmp_path / "key") == "k" * length


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "the file is empty"),
    (b"\xef\xbb\xbf \r\n", "the file is empty"),
    (b"k" * 15, "found a length of 15"),
    (b"k" * 1_001, "found a length of 1,001"),
    (f"{KEY}\n{KEY}\n".encode(), "found 2 lines; keep one key"),
    (f"{KEY} {KEY}".encode(), "found a space as character 23"),
    ("schlüssel-mit-umlaut".encode(), "found U+00FC as character 5"),
    (f"{KEY}\u200b".encode(), "found U+200B as character 23"),
    (f"{KEY}\t{KEY}".encode(), "found U+0009 as character 23"),
    ("schlüssel-mit-umlaut".encode("latin-1"), "not text in UTF-8 (byte 0xfc at offset 4); save it as plain text in UTF-8"),
    (KEY.encode("utf-16"), "the file is UTF-16, not UTF-8; save it as plain text in UTF-8"),
    (KEY.encode("utf-16-be"), "the file is UTF-16 or binary, not UTF-8; save it as"),
    (b"\x7fELF\x02\x01\x01\0\0\0" * 9, "the file is UTF-16 or binary, not UTF-8; save it as"),
    (b"k" * 5_000_000, "the file is larger than 4,000 bytes; save it as plain text"),
])  # fmt: skip
def test_the_real_reason_is_named_without_the_key(tmp_path, content, reason):
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(CharlstmError) as error:
        read_key(file)
    assert str(error.value).startswith(f"{file}: expected ")
    assert reason in str(error.value)
    assert KEY not in str(error.value)


def test_a_pipe_without_end_is_read_to_the_bound(tmp_path):
    pipe, written = tmp_path / "pipe", []
    os.mkfifo(pipe)

    def write():
        with pipe.open("wb", buffering=0) as stream:
            try:
                for _ in range(1_000):
                    written.append(stream.write(b"k" * 4_096))
            except BrokenPipeError:
                pass

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(CharlstmError, match="larger than 4,000 bytes"):
        read_key(pipe)
    writer.join()
    assert sum(written) < 1_000_000  # what the pipe's buffer holds


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CharlstmError, match=r"cannot be read from .*none \(No such file or directory\)"):
        read_key(tmp_path / "none")
