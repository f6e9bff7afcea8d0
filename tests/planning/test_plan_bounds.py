"""Limits on what a new checkpoint stores of its text, so that it can be read again."""

import pytest

from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import MAX_WINDOW, MAX_WINDOWS
from charlstm.errors import CorpusError
from charlstm.planning import seed_windows
from charlstm.planning import training_plan as plan_module
from tests.planning.conftest import SMALL


def test_stored_text_is_within_the_readers_limits(plan):
    made = plan(given={**SMALL, "seq_len": 20_000, "targets": "every"})
    assert seed_windows.NUMBER <= MAX_WINDOWS
    assert max(map(len, made.config.corpus.windows)) == seed_windows.LONGEST <= MAX_WINDOW


def test_thousands_of_files_have_a_short_name_and_all_paths(plan, tmp_path):
    paths = [tmp_path / f"{number:04} {'x' * 200}.txt" for number in range(1_000)]
    for path in paths:
        path.write_text(f"{path.name[:4]} is the number of this file.\n")
    made = plan(*paths, given=SMALL, name="many")
    assert made.config.corpus.name == " + ".join([*(path.name for path in paths[:9]), "991 more"])
    assert made.paths == tuple(map(str, paths))
    made.folder.mkdir(parents=True)
    write_config(made.folder, made.config)
    assert read_config(made.folder) == made.config


def test_too_many_file_names_are_refused(plan, story, tmp_path, monkeypatch):
    monkeypatch.setattr(plan_module, "MAX_BYTES", 100)
    paths = [tmp_path / f"{number}.txt" for number in range(20)]
    for path in paths:
        path.write_bytes(story.read_bytes()[:1_000])
    with pytest.raises(
        CorpusError, match=r"the names of 20 files are more than a checkpoint can store; join the files into one"
    ):
        plan(*paths, given=SMALL)
