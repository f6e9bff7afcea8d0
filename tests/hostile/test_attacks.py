"""Handmade malicious files. The name of a file describes the attack, and its first word the reader.

Reading one may not execute code, read or write another file, allocate much memory, or raise anything but a CharlstmError.
Some are harmless as plain data and are read.
"""

import codecs
import os
import sys
from pathlib import Path

import pytest
from charset_normalizer.constant import IANA_SUPPORTED

from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CharlstmError, CheckpointError
from charlstm.text.detection import CANDIDATES, COMMON
from tests.hostile.conftest import FILES

ATTACKS = sorted((Path(__file__).parent / "attacks").iterdir())
HARMLESS = {
    "config-base-that-commands-the-terminal.json",
    "config-corpus-in-another-folder.json",
    "config-corpus-in-the-system.json",
    "config-corpus-on-another-machine.json",
    "config-corpus-name-that-commands-the-terminal.json",
    "config-initialiser-that-is-code.json",
    "config-rare-that-command-the-terminal.json",
    "config-regulariser-with-a-format-string.json",
    "config-units-of-terabytes.json",
    "config-embedding-of-terabytes.json",
    "config-vocabulary-that-commands-the-terminal.json",
    "config-window-of-a-million.json",
    "state-corpus-in-the-system.safetensors",
}
"""Files that are read: inert text, sizes that are not allocated, names that are printed without control characters."""

WATCHED = {"open", "os.system", "subprocess.Popen", "exec", "import", "pickle.find_class", "socket.connect"}


@pytest.fixture
def watched(monkeypatch, tmp_path):
    """Yield a list of the opened files and of the started code and processes, as (event, argument)."""
    monkeypatch.chdir(tmp_path)
    seen: list[tuple[str, str]] = []
    watching = [True]  # an audit hook cannot be removed

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event in WATCHED:
            seen.append((event, str(arguments[0])))

    sys.addaudithook(note)
    yield seen
    watching[0] = False


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.name)
def test_attack_has_no_effect(readers, watched, little_memory, path):
    reader, content = path.name.partition("-")[0], path.read_bytes()
    assert reader in FILES or reader == "corpus"
    # Import everything that the readers import on first use, before imports count.
    for name in FILES:
        readers.read(name, (readers.folder / FILES[name]).read_bytes())
    for encoding in (*CANDIDATES, *COMMON, *IANA_SUPPORTED):
        codecs.lookup(encoding)
    for refused in (b"\xff", b"a\0b"):
        with pytest.raises(CharlstmError):
            readers.read("corpus", refused)
    watched.clear()
    if path.name in HARMLESS:
        readers.read(reader, content)
    else:
        with pytest.raises(CharlstmError) as error:
            readers.read(reader, content)
        assert len(str(error.value)) < 2_000
        assert not any(character < " " for character in str(error.value).replace("\n", ""))
    assert {event for event, _ in watched} <= {"open"}
    assert all(name.startswith(str(readers.folder)) or name.isdigit() for _, name in watched), watched
    assert not Path("PWNED").exists()


def test_attacks_exist_and_harmless_ones_are_among_them():
    assert len(ATTACKS) > 80
    assert HARMLESS <= {path.name for path in ATTACKS}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_checkpoint_files_that_are_links_are_replaced(checkpoint, tmp_path):
    from charlstm.checkpoint.config_file import CONFIG, read_config, write_config
    from charlstm.checkpoint.history import HISTORY, read_history, write_history
    from charlstm.checkpoint.weights import read_weights, write_weights

    config = read_config(checkpoint)
    weights, history = read_weights(checkpoint, config.model), read_history(checkpoint)
    for name in (CONFIG, WEIGHTS, HISTORY):
        outside = tmp_path / f"outside {name}"
        outside.write_bytes(b"a file of the user")
        (checkpoint / name).unlink()
        (checkpoint / name).symlink_to(outside)
    write_config(checkpoint, config)
    write_weights(checkpoint, weights)
    write_history(checkpoint, history)
    assert all(path.read_bytes() == b"a file of the user" for path in tmp_path.glob("outside *"))
    assert not any((checkpoint / name).is_symlink() for name in (CONFIG, WEIGHTS, HISTORY))


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_resume_folder_that_is_a_link_is_refused(checkpoint, tmp_path):
    (checkpoint / "resume").rename(tmp_path / "elsewhere")
    (checkpoint / "resume").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match="is a link out of the checkpoint"), training_lock(checkpoint):
        pytest.fail("outside")
