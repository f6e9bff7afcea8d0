"""The model card repeats what the checkpoint's files say."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.config_file import CARD
from charlstm.checkpoint.config_records import BaseRecord, ValidationRecord
from charlstm.checkpoint.model_card import model_card
from charlstm.text.vocabulary import RareCharacters, Vocabulary


def rows(card: str) -> dict[str, str]:
    """Return the table of a card: the second column by the first."""
    lines = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in card.splitlines() if line.startswith("| ")]
    return dict(lines[2:])


def test_card_has_corpus_network_and_training(config, weights):
    card = model_card(config, [], "")
    table = rows(card)
    assert card.startswith("# A character-level LSTM trained on story.txt\n")
    assert "2026-01-02T03:04:05+00:00" in card
    assert table["corpus"] == "story.txt, 1,234 characters, 4 distinct"
    assert "0a" * 32 in table["fingerprint"]
    assert table["network"] == "window 5 × 1 → embedding of 2 → LSTM 3 → LSTM 2 → softmax 4"
    assert table["parameters"] == str(sum(weight.size for weight in weights.values()))
    assert "targets `every`, batches `streams` of 7, learning rate 0.002 (cosine)" in table["training"]
    assert "score" not in table
    assert "sample" not in card


def test_card_has_the_best_score_in_nats_and_bits(config, evaluation):
    marked = [evaluation(nats_per_char=2.0), evaluation(step=4321, nats_per_char=1.5)]
    history = [*marked, evaluation(nats_per_char=1.0, best=False)]
    table = rows(model_card(config, history, ""))
    assert table["score"].startswith(f"1.5000 nats = {1.5 / math.log(2):.4f} bits per character (one pass over the held-out")
    assert "the last 123 characters of the text" in table["score"]
    assert "all characters in the vocabulary" in table["score"]
    assert table["trained for"].startswith("4,321 steps")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, "over the validation text, all characters in the vocabulary, "),
        ({"on_unknown": "skip"}, "over the validation text, unknown characters left out, "),
        (
            {"on_unknown": "replace"},
            "over the validation text, unknown characters replaced by the nearest known ones, ",
        ),
        ({"trained_share": 0.5}, "best weights; about 50 % of a\\|b.txt was trained on: the score is better than on new text)"),
    ],
    ids=str,
)
def test_card_says_how_the_validation_text_was_scored(config, evaluation, record, said):
    own = ValidationRecord(name="a|b.txt", fingerprint="0c" * 32, characters=50, **record)
    score = rows(model_card(replace(config, validation_text=own), [evaluation(nats_per_char=1.5)], ""))["score"]
    assert said in score
    assert ("trained on" in score) == ("trained_share" in record)


def test_card_has_no_score_without_held_out_text(config, evaluation):
    table = rows(model_card(config, [evaluation(nats_per_char=None)], ""))
    assert "score" not in table
    assert "trained for" in table


def test_card_lists_the_bases_newest_first(config):
    numbers = {"fingerprint": "0b" * 32, "characters": 5_000}
    bases = (
        BaseRecord(name="first", corpus="a|b.txt", validation=0.0, **numbers),
        BaseRecord(name="second", corpus="story.txt", validation=0.2, **numbers),
    )
    lines = [line for line in model_card(replace(config, bases=bases), [], "").splitlines() if "fine-tuned" in line]
    assert lines == [
        f"| fine-tuned from | second, trained on story.txt, 5,000 characters, the last 1,000 held out, SHA-256 `{'0b' * 32}` |",
        f"| fine-tuned from | first, trained on a\\|b.txt, 5,000 characters, nothing held out, SHA-256 `{'0b' * 32}` |",
    ]
    assert "fine-tuned" not in model_card(config, [], "")


@pytest.mark.parametrize("unknown", [(), ("net",), ("net", "n|t"), ("net", "n|t", "ne")])
def test_score_is_marked_if_the_text_of_a_base_is_not_known(config, evaluation, unknown):
    numbers = {"fingerprint": "0b" * 32, "validation": 0.0}
    known = BaseRecord(name="known", corpus="story.txt", characters=5_000, **numbers)
    bases = [BaseRecord(name=name, corpus="an unknown text", characters=1, **numbers) for name in unknown]
    score = rows(model_card(replace(config, bases=(known, *bases)), [evaluation(step=5, nats_per_char=1.4)], ""))["score"]
    names = " and ".join(unknown).replace("|", "\\|")
    assert score.endswith(f"; the text of {names} is not known, and the scored text may be in it)") == bool(unknown)
    assert "known" not in score or unknown


def test_sample_is_indented_and_otherwise_unchanged(config):
    sample = "# not a heading\n\n| no table |\n  渡 *ferry*\n"
    card = model_card(config, [], sample)
    indented = card[card.index("An unedited sample") :].split("\n")[2:]
    assert "written entirely by the model" in card
    assert "\n".join(line.removeprefix("    ") for line in indented) == sample + "\n"
    assert all(line.startswith("    ") for line in indented[:-1])


@pytest.mark.parametrize("name", ["渡口 – Zoë.txt", "caf\udce9.txt"], ids=ascii)
def test_any_file_name_can_be_written_into_the_card(tmp_path, config, name):
    # On Linux, Python reads a byte that is not UTF-8 in a file name as a lone surrogate.
    named = replace(config, corpus=replace(config.corpus, name=name))
    write_atomically(tmp_path / CARD, model_card(named, [], "").encode())
    assert "trained on " + name.partition("\udce9")[0] in Path(tmp_path / CARD).read_text("utf-8")


def test_bar_in_a_file_name_is_escaped(config):
    named = replace(config, corpus=replace(config.corpus, name="a|b.txt"))
    line = next(line for line in model_card(named, [], "").splitlines() if line.startswith("| corpus |"))
    assert line.replace("\\|", "").count("|") == 3


def test_card_counts_the_rare_characters(config, evaluation):
    assert "a rare character" not in model_card(config, [evaluation()], "")
    vocabulary = Vocabulary("\nab", RareCharacters("éü渡", (3, 1, 1)))
    card = model_card(replace(config, vocabulary=vocabulary), [evaluation()], "")
    table = rows(card)
    assert table["corpus"].endswith("3 distinct ones learned; 3 rare ones share a placeholder that is never written")
    assert "a rare character costs the placeholder and its name" in table["score"]
