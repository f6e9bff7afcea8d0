"""Files made by hand to do harm, one for each thing that is tried; the file's name says what, and its first word who reads it.

What must not happen is the same for all: nothing is executed, no other file is read or written, nothing is allocated that
is out of proportion, nothing but the stated error comes out. Some are harmless once they are read as what they are.
"""

import codecs
import os
import sys
from pathlib import Path

import pytest

from charlstm.checkpoint.lock import training_lock
from charlstm.checkpoint.weights import WEIGHTS
from charlstm.errors import CharlstmError, CheckpointError
from charlstm.text.detection import CANDIDATES, COMMON
from tests.hostile.conftest import HELD

ATTACKS = sorted((Path(__file__).parent / "attacks").iterdir())
HARMLESS = {
    "config-base-that-commands-the-terminal.json",
    "config-corpus-in-another-folder.json",
    "config-corpus-in-the-system.json",
    "config-corpus-on-another-machine.json",
    "config-corpus-name-that-commands-the-terminal.json",
    "config-created-that-commands-the-terminal.json",
    "config-initialiser-that-is-code.json",
    "config-rare-that-command-the-terminal.json",
    "config-regulariser-with-a-format-string.json",
    "config-units-of-terabytes.json",
    "config-embedding-of-terabytes.json",
    "config-vocabulary-that-commands-the-terminal.json",
    "config-window-of-a-million.json",
    "state-corpus-in-the-system.safetensors",
}
"""Read without error: text that nothing executes, sizes that nothing is allocated for, names shown without their commands."""

WATCHED = {"open", "os.system", "subprocess.Popen", "exec", "import", "pickle.find_class", "socket.connect"}


@pytest.fixture
def watched(monkeypatch, tmp_path):
    """Note what is opened, executed or started meanwhile."""
    monkeypatch.chdir(tmp_path)
    seen: list[tuple[str, str]] = []
    watching = [True]

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event in WATCHED:
            seen.append((event, str(arguments[0])))

    sys.addaudithook(note)
    yield seen
    watching[0] = False


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.name)
def test_attack_has_no_effect(readers, watched, little_memory, path):
    reader, content = path.name.partition("-")[0], path.read_bytes()
    assert reader in HELD or reader == "corpus"
    for name in HELD:
        readers.read(name, (readers.folder / HELD[name]).read_bytes())  # what is imported when it is first needed
    for encoding in (*CANDIDATES, *COMMON):
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


def test_every_attack_is_listed_once():
    assert len(ATTACKS) > 80
    assert HARMLESS <= {path.name for path in ATTACKS}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_checkpoint_files_that_are_links_are_replaced(whole, tmp_path):
    from charlstm.checkpoint.config_file import CONFIG, read_config, write_config
    from charlstm.checkpoint.history import HISTORY, read_history, write_history
    from charlstm.checkpoint.weights import read_weights, write_weights

    config = read_config(whole)
    weights, history = read_weights(whole, config.model), read_history(whole)
    for name in (CONFIG, WEIGHTS, HISTORY):
        outside = tmp_path / f"outside {name}"
        outside.write_bytes(b"not ours")
        (whole / name).unlink()
        (whole / name).symlink_to(outside)
    write_config(whole, config)
    write_weights(whole, weights)
    write_history(whole, history)
    assert all(path.read_bytes() == b"not ours" for path in tmp_path.glob("outside *"))
    assert not any((whole / name).is_symlink() for name in (CONFIG, WEIGHTS, HISTORY))


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_resume_folder_that_is_a_link_is_refused(whole, tmp_path):
    (whole / "resume").rename(tmp_path / "elsewhere")
    (whole / "resume").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match="leads out of the checkpoint"), training_lock(whole):
        pytest.fail("outside")
