"""Output files: invalid ones are refused before any work, others are written atomically."""

import errno
import os
import re
from pathlib import Path

import pytest

TEXT = "The quick brown fox jumps over the lazy dog. " * 3
COMMANDS = {
    "--output": (["generate", "--samples", "2", "--length", "3"], "texts.jsonl"),
    "--report": (["compare", "--length", "5", "--seed", "fox"], "report.html"),
    "--plot": (["compare", "--length", "5", "--seed", "fox"], "curves.svg"),
    "--page": (["inspect", "--text", TEXT], "page.html"),
}
"""Options that name an output file, each with a command and a file name."""
WRITTEN_ANEW = [option for option in COMMANDS if option != "--output"]
"""Options that replace an existing file."""


@pytest.fixture(params=COMMANDS)
def option(request):
    return request.param


@pytest.fixture
def run(charlstm, tmp_path, make_checkpoint, option):
    """Run the option's command with a file."""
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    return lambda *files: charlstm(*COMMANDS[option][0], *(part for file in files for part in (option, file)))


def test_a_hyphen_is_no_file(run, tmp_path):
    result = run("-")
    assert result.exit_code == 2
    assert "expected a file; found -, which stands for a standard stream" in result.stderr
    assert not (tmp_path / "-").exists()


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def sentence(result) -> str:
    """Return the message of a refusal."""
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.stderr).split())


KINDS = {
    "": "is a folder",
    ".": "is a folder",
    "/": "is a folder",
    "folder": "is a folder",
    "nowhere/": "the folder nowhere does not exist",
    "file/": "the folder file does not exist",
    "/dev/null": "/dev/null is not an ordinary file",
    "/dev/full": "/dev/full is not an ordinary file",
    "fifo": "is not an ordinary file",
    "dangling": "is a link to missing, which does not exist",
    "itself": "is a link to itself",
    "long": "cannot be written (File name too long)",
}


@pytest.mark.parametrize("kind", KINDS)
def test_invalid_output_path_is_refused(run, option, tmp_path, kind):
    name = COMMANDS[option][1]
    suffix = Path(name).suffix
    said = KINDS[kind]
    if kind in ("", ".", "/", "/dev/null", "/dev/full"):
        file, said = kind, "ends in .png or .svg" if option == "--plot" and kind != "/" else said
    elif kind.endswith("/"):
        file = kind + name
    else:
        file = {"long": "x" * 245 + suffix}.get(kind, kind + suffix)
    (tmp_path / "file").write_text("mine")
    (tmp_path / f"folder{suffix}").mkdir()
    os.mkfifo(tmp_path / f"fifo{suffix}")
    (tmp_path / f"dangling{suffix}").symlink_to("missing")
    (tmp_path / f"itself{suffix}").symlink_to(f"itself{suffix}")
    before, devices = everything(tmp_path), set(Path("/dev").iterdir())
    result = run(file)
    assert result.exit_code == 2
    assert option in sentence(result)
    assert said in sentence(result)
    assert everything(tmp_path) == before
    assert set(Path("/dev").iterdir()) == devices


def test_output_that_ends_with_a_slash_is_refused(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    for name in ("x/", "nowhere/x/"):
        result = charlstm("generate", "--length", "3", "--output", name)
        assert result.exit_code == 2
        assert f"--output: {name} is a folder; name a file in a folder that exists" in sentence(result)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def test_output_with_a_long_name_needs_a_shorter_one(run, tmp_path, option):
    assert "(File name too long); choose a shorter name" in sentence(run("x" * 245 + Path(COMMANDS[option][1]).suffix))


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT])
def test_unwritable_folder_is_refused_before_any_work(run, option, tmp_path, monkeypatch, code):
    before = everything(tmp_path)

    def refused(path, *_, **__):
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(Path, "touch", refused)
    result = run(COMMANDS[option][1])
    assert result.exit_code == 2
    assert f"{COMMANDS[option][1]} cannot be written ({os.strerror(code)})" in sentence(result)
    assert everything(tmp_path) == before


def test_write_protected_file_is_unchanged(run, option, tmp_path, monkeypatch):
    file = tmp_path / COMMANDS[option][1]
    file.write_text("mine")
    monkeypatch.setattr(os, "access", lambda path, mode: not (str(path) == file.name and mode == os.W_OK))  # root may all
    assert f"{file.name} is write-protected" in sentence(run(file.name))
    assert file.read_text() == "mine"


@pytest.mark.parametrize("option", WRITTEN_ANEW)
def test_link_target_is_written(run, option, tmp_path):
    name = COMMANDS[option][1]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / name).write_text("old page of charlstm")
    (tmp_path / name).symlink_to(Path("elsewhere") / name)
    assert run(name).exit_code == 0
    assert (tmp_path / name).is_symlink()
    assert (tmp_path / "elsewhere" / name).stat().st_size > 1_000


@pytest.mark.parametrize("option", WRITTEN_ANEW)
def test_full_disk_keeps_the_old_file(run, option, tmp_path, monkeypatch):
    file = tmp_path / COMMANDS[option][1]
    file.write_text("old page of charlstm")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    result = run(file.name)
    assert result.exit_code == 1
    assert "cannot be written (No space left on device) and was not changed" in result.stderr
    assert file.read_text() == "old page of charlstm"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", file.name]


def test_two_outputs_with_one_file_are_refused(charlstm, tmp_path, make_checkpoint):
    make_checkpoint(tmp_path / "checkpoints" / "tale")
    (tmp_path / "link.html").symlink_to("same.svg")
    (tmp_path / "same.svg").write_text("old page of charlstm")
    for plot in ("same.svg", "./same.svg", str(tmp_path / "same.svg")):
        result = charlstm("compare", "--report", "link.html", "--plot", plot)
        assert result.exit_code == 2
        assert "--report and --plot name the same file" in sentence(result)
    assert (tmp_path / "same.svg").read_text() == "old page of charlstm"
