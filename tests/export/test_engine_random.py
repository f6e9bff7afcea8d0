"""The random numbers of the browser engine against NumPy's own generators, bit for bit."""

import numpy as np
import pytest

from charlstm.inference.noise import GumbelNoise
from charlstm.text.random_streams import random_stream
from tests.export.node import EngineError, words

SEEDS = [0, 1, 5, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1]


@pytest.mark.parametrize("block", [0, 1, 1_000])
@pytest.mark.parametrize("random_seed", SEEDS)
def test_stream_equals_numpy(engine, random_seed, block):
    script = "const out = new Float64Array(500); engine.randomStream(data.seed, data.block).fill(out); return out"
    expected = random_stream(random_seed, block).random(500)
    assert engine.run(script, seed=str(random_seed), block=block) == expected.tolist()


@pytest.mark.parametrize("skipped", [0, 1, 74, 2**40 + 3])
@pytest.mark.parametrize("random_seed", [5, 2**63 - 1])
def test_advance_equals_numpy(engine, random_seed, skipped):
    script = (
        "const stream = engine.randomStream(data.seed, 3); stream.random(); stream.advance(data.skipped);"
        "return [stream.random(), stream.random()]"
    )
    expected = random_stream(random_seed, 3)
    expected.random()
    expected.bit_generator.advance(skipped)
    assert engine.run(script, seed=str(random_seed), skipped=skipped) == expected.random(2).tolist()


def test_random_seeds_as_number_bigint_and_digits_are_the_same(engine):
    script = "return [7, 7n, '7'].map((seed) => engine.randomStream(seed, 0).random())"
    assert set(engine.run(script)) == {random_stream(7, 0).random()}


@pytest.mark.parametrize("seed", ["-1", "1.5", "2 ** 53", "2n ** 63n", "'-1'", "'1e3'", "''", "NaN"])
def test_other_random_seeds_are_refused(engine, seed):
    with pytest.raises(EngineError, match="RangeError: randomSeed"):
        engine.run(f"return engine.randomStream({seed}, 0).random()")


@pytest.mark.parametrize("characters", [2, 74, 3_500])
@pytest.mark.parametrize("positions", [[0, 1, 2], [63, 64, 65], [100, 101, 7]])
def test_noise_chooses_as_numpy(engine, characters, positions):
    logits = np.random.default_rng(1).normal(0, 2, (len(positions), characters))
    logits[:, ::3] = -np.inf
    script = (
        "const noise = new engine.GumbelNoise(data.seed, data.logits[0].length);"
        "return data.positions.map((place, i) => noise.choose(Float64Array.from(data.logits[i], Number), place))"
    )
    for random_seed in range(5):
        noise = GumbelNoise([random_seed], characters)
        expected = [int(noise.likeliest(row[None].copy(), place)[0]) for row, place in zip(logits, positions, strict=True)]
        rows = [words(row) for row in logits]
        assert engine.run(script, seed=random_seed, logits=rows, positions=positions) == expected
