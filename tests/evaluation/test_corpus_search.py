"""The search for the texts of a checkpoint, also that of a mixture, whose vocabulary is smaller than that of each model."""

import hashlib
import json
from dataclasses import replace

import pytest

import charlstm
from charlstm.checkpoint.config_file import read_config, write_config
from charlstm.checkpoint.config_records import ValidationRecord
from charlstm.errors import CheckpointError, CorpusError
from charlstm.evaluation.corpus_search import find_corpus
from charlstm.evaluation.evaluation_texts import evaluation_texts
from charlstm.text.preparation import prepare_corpus
from tests.conftest import ALPHABET, PANGRAM

TEXT = PANGRAM * 40
OTHER = "".join(sorted(set(ALPHABET) - {"z"} | {"é"}))


@pytest.fixture
def tale(tmp_path, monkeypatch, make_checkpoint):
    """Make a checkpoint of a text that lies in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tale.txt").write_text(TEXT)
    return trained_on(make_checkpoint(tmp_path / "checkpoints" / "tale"), "tale.txt", TEXT)


def trained_on(folder, name, text):
    config = read_config(folder)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    corpus = replace(config.corpus, name=name, fingerprint=fingerprint, characters=len(text))
    write_config(folder, replace(config, corpus=corpus))
    return folder


@pytest.fixture
def mixed(tale, make_checkpoint):
    other = make_checkpoint(tale.parent / "other", vocabulary=OTHER, random_seed=5)
    return charlstm.mix([(charlstm.Model(tale), 0.6), (charlstm.Model(other), 0.4)])


def texts_of(mixed, **options):
    return evaluation_texts(mixed.path, mixed.recorded, None, vocabulary=mixed.vocabulary, **options)


def test_the_text_of_a_mixture_is_found_and_its_unknown_characters_are_named(mixed):
    found = texts_of(mixed)
    assert (found.measured, found.learnt) == (None, None)
    assert "the held-out end of tale.txt" in found.missing
    assert "'z'" in found.missing
    assert "`on_unknown='skip'`" in found.missing
    assert "neither here" not in found.missing


def test_a_text_whose_unknown_characters_are_skipped_is_measured(mixed):
    found = texts_of(mixed, on_unknown="skip")
    learnt, tail = TEXT[: len(TEXT) - round(len(TEXT) / 10)], TEXT[-round(len(TEXT) / 10) :]
    assert mixed.vocabulary.decode(found.measured.ids) == tail.replace("z", "")
    assert mixed.vocabulary.decode(found.learnt) == learnt.replace("z", "")
    assert found.missing == ""


def test_a_mixture_is_scored_without_baselines_if_only_the_learnt_text_has_unknown_characters(mixed, tmp_path):
    text = TEXT + "The fox and the dog. " * 60
    (tmp_path / "tale.txt").write_text(text)
    trained_on(mixed.path, "tale.txt", text)
    charlstm_model = charlstm.Model(mixed.path)
    again = charlstm.mix([(charlstm_model, 0.6), (mixed.models[1][0], 0.4)])
    found = texts_of(again)
    assert again.vocabulary.decode(found.measured.ids) == text[-round(len(text) / 10) :]
    assert found.learnt is None
    assert found.missing.startswith("the training text tale.txt has characters that not all models of the mixture know: 'z'")


def test_the_validation_text_of_a_mixture_is_found(mixed, tmp_path):
    (tmp_path / "check.txt").write_text("lazy dogs")
    fingerprint = hashlib.sha256(b"lazy dogs").hexdigest()
    record = ValidationRecord(name="check.txt", fingerprint=fingerprint, characters=9, on_unknown="error")
    recorded = replace(mixed.recorded, validation_text=record)
    found = evaluation_texts(mixed.path, recorded, None, vocabulary=mixed.vocabulary)
    assert found.missing.startswith("the validation text check.txt has characters that not all models of the mixture know: 'z'")
    found = evaluation_texts(mixed.path, recorded, None, vocabulary=mixed.vocabulary, on_unknown="skip")
    assert mixed.vocabulary.decode(found.measured.ids) == "lay dogs"


def test_the_words_of_the_training_text_of_a_mixture_are_found(mixed):
    assert mixed.word_list("corpus") == mixed.models[0][0].word_list("corpus")


def test_the_commands_find_the_text_of_a_mixture(mixed):
    from typer.testing import CliRunner

    from charlstm.cli.app import app

    options = ["--checkpoint", "tale", "--mix", "other:0.4"]
    refused = CliRunner().invoke(app, ["evaluate", *options])
    assert refused.exit_code == 1
    assert "'z'; choose --on-unknown skip or --on-unknown replace" in refused.stderr
    done = CliRunner().invoke(app, ["evaluate", *options, "--on-unknown", "skip", "--sample", "5", "--json"])
    assert done.exit_code == 0
    assert "unigram" in json.loads(done.stdout)["references"]
    written = ["generate", *options, "--words", "corpus", "--length", "10", "--seed", "The "]
    assert CliRunner().invoke(app, written, catch_exceptions=False).exit_code == 0


def test_a_damaged_prepared_corpus_is_named(tale, tmp_path):
    (tmp_path / "tale.txt").rename(tmp_path / "source.txt")
    prepare_corpus(tmp_path / "source.txt", tmp_path / "tale.txt")
    assert find_corpus(tale, read_config(tale)).fingerprint == read_config(tale).corpus.fingerprint
    ids = tmp_path / "tale.txt" / "ids.u8"
    ids.write_bytes(ids.read_bytes()[:-1])
    with pytest.raises(CorpusError, match=r"ids\.u8 is damaged"):
        find_corpus(tale, read_config(tale))
    assert "is damaged" in evaluation_texts(tale, read_config(tale), None).missing
    with pytest.raises(CorpusError, match="is damaged"):
        charlstm.Model(tale).word_list("corpus")


def test_a_file_that_cannot_be_read_is_named_and_another_one_is_not(tale, tmp_path):
    (tmp_path / "tale.txt").write_bytes(b"\xff\xfeno text")
    with pytest.raises(CorpusError, match=r"tale\.txt"):
        find_corpus(tale, read_config(tale))
    (tmp_path / "tale.txt").write_text("another text")
    with pytest.raises(CheckpointError, match="neither here nor in data/"):
        find_corpus(tale, read_config(tale))
