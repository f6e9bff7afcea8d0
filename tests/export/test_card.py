"""The card of an exported model."""

from dataclasses import replace

import pytest

from charlstm.export.card import make_card
from charlstm.model import load


@pytest.mark.parametrize(("characters", "shown"), [(2_000, 2_000), (1, None)], ids=["known text", "unknown text"])
def test_the_characters_of_a_text_are_given_if_it_is_known(tmp_path, make_checkpoint, characters, shown):
    model = load(make_checkpoint(tmp_path / "tale"))
    checkpoint = replace(model.checkpoint, corpus=replace(model.checkpoint.corpus, characters=characters))
    card, _ = make_card(model.path, checkpoint, model.weights, "float16", measure=False)
    assert card.corpus_characters == shown
