"""Tests of texts that share a batch: each is what it would be alone."""

import numpy as np
import pytest

from charlstm.inference.generation import generate_pieces, generate_texts
from charlstm.inference.modes import decoder
from charlstm.inference.sampling import Sampling
from charlstm.inference.shared_batch import BatchText, SharedBatch
from charlstm.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of("The quick brown fox jumps over the lazy dog.\n")
SAMPLINGS = [
    Sampling(0.8),
    Sampling(0.8, min_p=0.05),
    Sampling(0.0),
    Sampling(1.2, top_k=5, top_p=0.9),
    Sampling(1, repetition_penalty=1.3),
    Sampling(0.3, dry_multiplier=3.0, dry_allowed_length=2),
]


@pytest.fixture
def network(make_network):
    return make_network(vocabulary_size=len(VOCABULARY), seq_len=7, units=(12, 9))


def text(prompt="The ", **settings):
    return BatchText(VOCABULARY.encode(prompt), len(VOCABULARY), **settings)


def alone(network, one, length):
    pieces = generate_pieces(
        decoder(network, one.mode), VOCABULARY, VOCABULARY.decode(one.prompt), random_seeds=[one.random_seed], length=length,
        sampling=one.sampling,
    )  # fmt: skip
    return generate_texts(pieces)[0].text


def run(batch, lengths, joins=None):
    """Run texts to their lengths; ``joins`` gives the step at which a text takes part."""
    written = {id(one): "" for one in lengths}
    for step in range(10_000):
        for one in lengths:
            if (joins or {}).get(id(one), 0) == step:
                batch.add(one)
        for outcome in batch.step() if batch.texts else []:
            if outcome.chosen is not None:
                written[id(outcome.text)] += VOCABULARY.characters[outcome.chosen]
        for one, length in lengths.items():
            if len(written[id(one)]) >= length:
                batch.remove(one)
        if all(len(written[id(one)]) >= length for one, length in lengths.items()):
            return [written[id(one)] for one in lengths]
    raise AssertionError


@pytest.mark.parametrize("mode", ["stateless", "stateful"])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_text_alone_is_that_of_the_generation_loop(network, mode, sampling):
    one = text("The lazy dog jumps", mode=mode, sampling=sampling, random_seed=5)
    assert run(SharedBatch(network), {one: 90}) == [alone(network, one, 90)]


def test_texts_of_any_settings_that_come_and_go_are_what_they_are_alone(network):
    random = np.random.default_rng(0)
    lengths, joins = {}, {}
    for number in range(40):
        one = text(
            "The quick brown fox jumps"[: random.integers(1, 25)],
            mode=["stateless", "stateful"][number % 2],
            sampling=SAMPLINGS[random.integers(len(SAMPLINGS))],
            random_seed=int(random.integers(1_000)),
        )
        lengths[one], joins[id(one)] = int(random.integers(1, 80)), int(random.integers(0, 60))
    found = run(SharedBatch(network), lengths, joins)
    assert [len(each) for each in found] == list(lengths.values())
    assert found == [alone(network, one, length) for one, length in lengths.items()]


def test_logits_are_reported_for_the_prompt_too(network):
    batch, one = SharedBatch(network), text("The dog", reports=True)
    batch.add(one)
    reader = decoder(network, "stateful")
    state = reader.initial_state(1)
    for place, character in enumerate(one.prompt[:, None]):
        state = reader.step(character, state)
        (outcome,) = batch.step()
        assert (outcome.chosen is None) == (place < len(one.prompt) - 1)
        np.testing.assert_allclose(outcome.logits, reader.logits(state)[0], atol=1e-5)


def test_a_bias_excludes_or_forces_a_character(network):
    e, x = VOCABULARY.encode("ex").tolist()
    plain, without, forced = text(), text(bias={e: -100.0}), text(bias={x: 100.0})
    found = run(SharedBatch(network), {plain: 200, without: 200, forced: 20})
    assert "e" in found[0]
    assert "e" not in found[1]
    assert found[2] == "x" * 20


def test_a_large_vocabulary_gives_the_same_noise(make_network):
    characters = "".join(map(chr, range(0x4E00, 0x4E00 + 3_100)))
    network = make_network(vocabulary_size=3_100, seq_len=4, units=(6,))
    one = BatchText(np.array([5, 9]), 3_100, sampling=Sampling(0.9), random_seed=3)
    batch = SharedBatch(network)
    batch.add(one)
    found = "".join(characters[outcome.chosen] for _ in range(31) for outcome in batch.step() if outcome.chosen is not None)
    pieces = generate_pieces(
        decoder(network, "stateful"), Vocabulary(characters), characters[5] + characters[9], random_seeds=[3], length=30,
        sampling=Sampling(0.9),
    )  # fmt: skip
    assert found == generate_texts(pieces)[0].text
