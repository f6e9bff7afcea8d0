"""Networks, texts and timing of the evaluation tests, and a comparison of both modes."""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import count

import numpy as np
import pytest

from charlstm.config import ModelConfig
from charlstm.evaluation.comparison import Comparison, ComparisonSettings, compare
from charlstm.evaluation.evaluation_texts import EvaluationText, EvaluationTexts
from charlstm.evaluation.timed_generation import GenerationTask, TimingEnvironment
from charlstm.inference.network import Network, build_network
from charlstm.inference.sampling import Sampling
from charlstm.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary("\n abcde")
TASK = GenerationTask("abc de", 40, 3, Sampling(1.0))


def random_text(length: int, random_seed: int) -> np.ndarray:
    return np.random.default_rng(random_seed).integers(0, 7, length).astype(np.uint8)


def memoryless_network() -> Network:
    """Return a network whose output depends on the last character alone."""
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(5,))
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 2, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    weights["lstm_1/recurrent_kernel"][:] = 0
    weights["lstm_1/kernel"][:, 5:10] = 0
    weights["lstm_1/bias"][5:10] = -200  # the forget gate is closed
    return build_network(config, weights)


def ticking(step: float = 0.001) -> TimingEnvironment:
    """Return an environment whose clock advances by a millisecond (by default) at each call."""
    ticks = count()
    return TimingEnvironment(lambda: next(ticks) * step, lambda *_: nullcontext())


def compared(network: Network, *, measured: bool = True, learnt: bool = True, windows: tuple[int, ...] = ()) -> Comparison:
    texts = EvaluationTexts(
        EvaluationText("another\ntext", random_text(300, 1)) if measured else None, random_text(900, 2) if learnt else None, ""
    )
    return compare(network, VOCABULARY, TASK, texts, ComparisonSettings(50, 0, windows), ticking())


@pytest.fixture
def comparison(make_network: Callable[..., Network]) -> Comparison:
    return compared(make_network(), windows=(3, 9))
