"""Tests of plans from a prepared corpus: those of its files, and at once however large it is."""

import json

import numpy as np
import pytest

from charlstm.cli.worker import memory_note
from charlstm.errors import CheckpointError, ConfigError
from charlstm.planning.resume_plan import plan_resuming, plan_worker
from charlstm.planning.training_plan import plan_training
from charlstm.text import prepared_ids
from charlstm.text.batches import batch_source
from charlstm.text.frequencies import log_frequencies, unigram_nats
from charlstm.text.preparation import prepare_corpus
from charlstm.text.prepared_corpus import open_prepared, write_record
from charlstm.text.windows import split
from tests.planning.conftest import SMALL
from tests.text.prepared import write_texts

GIVEN = {"units": (8,), "seq_len": 9, "batch_size": 3, "epochs": 1.0}
CHOICES = [
    {},
    {"min_count": 5},
    {"min_count": 1, "validation": 0.3},
    {"validation": 0.0, "batches": "windows", "targets": "last"},
    {"min_count": 40, "validation": 0.55, "batches": "windows"},
]


def planned(root, paths, given):
    return plan_training(
        root, list(map(str, paths)), GIVEN | given, preset="quick", created="2026-11-28T12:00:00+00:00", name="same"
    )


@pytest.mark.parametrize("given", CHOICES, ids=str)
def test_a_plan_from_a_prepared_corpus_is_that_from_its_files(tmp_path, given):
    files = write_texts(tmp_path / "texts")
    prepare_corpus(files, tmp_path / "prepared")
    plain, prepared = (planned(tmp_path / "root", paths, given) for paths in (files, [tmp_path / "prepared"]))
    assert plain.config == prepared.config
    assert np.array_equal(plain.ids, np.asarray(prepared.ids))
    for mine, other in zip(plain.parts(), prepared.parts(), strict=True):
        assert np.array_equal(mine, np.asarray(other))
    model, training = plain.config.model, plain.config.training
    assert np.array_equal(*(log_frequencies(plan.parts()[0], model.vocabulary_size) for plan in (plain, prepared)))
    assert unigram_nats(*plain.parts(), plain.config.vocabulary) == unigram_nats(*prepared.parts(), plain.config.vocabulary)
    for step in (0, 5, 40):
        first, second = (batch_source(plan.parts()[0], model, training).batch(step) for plan in (plain, prepared))
        assert all(np.array_equal(mine, other) for mine, other in zip(first, second, strict=True))


def test_only_a_text_that_is_decoded_has_a_text_encoding(tmp_path, plan, begin, root, story):
    prepare_corpus(story, tmp_path / "prepared")
    refused = "prepared is a prepared corpus, which has no text encoding; leave out `text_encoding`"
    with pytest.raises(ConfigError, match=refused):
        plan(tmp_path / "prepared", given=SMALL, text_encoding="latin-1")
    assert plan(tmp_path / "prepared", given=SMALL).text_encoding == "utf-8"
    (tmp_path / "other.txt").write_bytes(b"abc def\n" * 1000)
    both = {"text_encoding": "latin-1", "validation_files": [str(tmp_path / "other.txt")]}
    assert plan(tmp_path / "prepared", given=SMALL, **both).text_encoding == "latin-1"
    begin(plan(given=SMALL, text_encoding="latin-1"))
    assert plan_resuming(root, "story", [str(tmp_path / "prepared")], {}).text_encoding == "latin-1"
    for resume in (plan_resuming, plan_worker):
        with pytest.raises(ConfigError, match=refused):
            resume(root, "story", [str(tmp_path / "prepared")], {}, "latin-1")


def test_a_folder_that_is_no_longer_prepared_is_named_when_a_training_is_resumed(tmp_path, plan, begin, root, story):
    place = tmp_path / "prepared"
    prepare_corpus(story, place)
    begin(plan(place, given=SMALL, name="story"))
    plan_resuming(root, "story", [], {})
    for path in place.iterdir():
        path.unlink()
    story.rename(place / "story.txt")
    with pytest.raises(CheckpointError, match=f"needs its text: {place} is no longer a prepared corpus; give the text"):
        plan_resuming(root, "story", [], {})


def enlarge(place, characters: int):
    """Make a corpus as long as that, with holes in the file of its ids that the disk need not store."""
    record = open_prepared(place).record
    with (place / "ids.u8").open("r+b") as file:
        file.truncate(characters)
    values = json.loads((place / "corpus.json").read_text())
    counts = [values["counts"][0] + characters - record.characters, *values["counts"][1:]]
    write_record(place, type(record)(**{key: values[key] for key in values if key not in ("sha256", "characters", "counts")},
                                     characters=characters, counts=tuple(counts)))  # fmt: skip


def test_a_corpus_of_100_gigabytes_is_planned_without_reading_it(tmp_path, monkeypatch):
    (tmp_path / "text.txt").write_text("".join(map(chr, np.random.default_rng(0).integers(0x20, 0x7F, 200_000))))
    prepare_corpus(tmp_path / "text.txt", tmp_path / "prepared")
    enlarge(tmp_path / "prepared", 100_000_000_000)
    read = []
    check = prepared_ids.PreparedIds._check
    monkeypatch.setattr(
        prepared_ids.PreparedIds, "_check", lambda self, stored: (read.append(np.size(stored)), check(self, stored))
    )
    plan = planned(tmp_path / "root", [tmp_path / "prepared"], {})
    learned, held_out = plan.parts()
    model, training = plan.config.model, plan.config.training
    assert len(learned) + len(held_out) == plan.config.corpus.characters == 100_000_000_000
    log_frequencies(learned, model.vocabulary_size)
    unigram_nats(*split(plan.ids, training.validation), plan.config.vocabulary)
    batches = batch_source(learned, model, training)
    for step in (0, int(batches.steps_per_epoch) - 1, int(3.7 * batches.steps_per_epoch)):
        batches.batch(step)
    memory_note(plan)  # the ids take no memory of the process
    assert sum(read) < 20_000_000
    assert (tmp_path / "prepared" / "ids.u8").stat().st_blocks * 512 < 10_000_000
