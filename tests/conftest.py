"""Networks and checkpoints with random weights, made without TensorFlow, and a browser."""

import functools
import gc
import os
import random
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest
import typer.main
import typer.testing
from threadpoolctl import threadpool_limits

from charlstm.checkpoint.config_file import write_config
from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.checkpoint.history import HistoryEntry, write_history
from charlstm.checkpoint.weights import write_weights
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.inference.network import Network, build_network
from charlstm.text.vocabulary import Vocabulary
from tests.browser_pages import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# If several processes run the tests, threads of one would wait for those of another: TensorFlow's here, NumPy's below.
TENSORFLOW_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ |= dict.fromkeys(TENSORFLOW_THREADS, "1")

# What is imported and collected stays to the end; looking through it for garbage takes a fifth of the time of collecting.
gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector look only at what tests make."""
    gc.freeze()
    gc.enable()


# No deadline: the time of an example depends on the load of the machine.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# Typer makes its commands anew for every call of a runner, which takes longer than most commands here.
typer.testing._get_command = functools.cache(typer.main.get_command)  # type: ignore[attr-defined]

PANGRAM = "The quick brown fox jumps over the lazy dog.\n"
ALPHABET = "".join(sorted(set(PANGRAM)))
MakeCheckpoint = Callable[..., Path]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def checkpoint(
    folder: Path,
    config: ModelConfig | None = None,
    *,
    vocabulary: str | Vocabulary = ALPHABET,
    random_seed: int = 0,
    created: str = "2026-01-01T00:00:00+00:00",
    corpus: str = "story.txt",
    windows: tuple[str, ...] | None = None,
    nats_per_char: float | None = None,
) -> Path:
    """Write a checkpoint, by default of a small model with windows of 12 characters.

    It has a history only if ``nats_per_char`` is given.
    """
    vocabulary = Vocabulary(vocabulary) if isinstance(vocabulary, str) else vocabulary
    config = config or ModelConfig(vocabulary_size=vocabulary.model_size, seq_len=12, units=(16,))
    folder.mkdir(parents=True)
    if windows is None:
        pangram = ("The quick", "brown fox", "lazy dog")
        windows = pangram if set().union(*pangram) <= set(vocabulary.characters) else (vocabulary.characters[-5:],)
    record = CorpusRecord(name=corpus, fingerprint="0" * 64, characters=2000, windows=windows)
    write_config(
        folder,
        CheckpointConfig(model=config, vocabulary=vocabulary, training=TrainingConfig(), corpus=record, created=created),
    )
    noise = np.random.default_rng(random_seed)
    write_weights(folder, {name: noise.normal(0, 1, shape).astype(np.float32) for name, shape in config.weight_shapes.items()})
    if nats_per_char is not None:
        entry = HistoryEntry(
            step=7,
            epoch=0.5,
            seconds=3.0,
            learning_rate=1e-3,
            train_nats_per_char=3.0,
            nats_per_char=nats_per_char,
            best=True,
        )
        write_history(folder, [entry])
    return folder


LONG_MEMORIES: dict[str, dict[str, Any]] = {
    "linear": {"activation": "linear", "forget": 5.0},
    "linear, for ever": {"activation": "linear", "forget": 12.0},
    "linear, at once": {"activation": "linear", "forget": 12.0, "recurrent": 3.0},
    "relu": {"activation": "relu", "forget": 12.0},
    "relu, recurrent": {"activation": "relu", "forget": 12.0, "recurrent": 1.0},
    "tanh": {"activation": "tanh", "forget": 12.0},
    "hard_sigmoid": {"activation": "linear", "recurrent_activation": "hard_sigmoid", "forget": 3.0},
}
"""LSTMs that remember more than a few hundred characters, or grow out of bounds. Training can produce such weights."""


def long_memory(forget: float, recurrent: float = 0.0, **options: Any) -> tuple[ModelConfig, dict[str, np.ndarray]]:
    """Return the configuration and weights of a network whose forget gate is almost 1."""
    units = 6
    config = ModelConfig(vocabulary_size=7, seq_len=6, units=(units,), **options)
    noise = np.random.default_rng(0)
    weights = {name: noise.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes.items()}
    weights["lstm_1/recurrent_kernel"][:] = 0
    weights["lstm_1/recurrent_kernel"][:, 2 * units : 3 * units] = recurrent * np.eye(units)
    weights["lstm_1/bias"][:] = 0
    weights["lstm_1/kernel"][:, units : 2 * units] = 0
    weights["lstm_1/bias"][units : 2 * units] = forget
    return config, weights


@pytest.fixture(autouse=True, scope="session")
def one_core_each() -> Iterator[None]:
    """Compute NumPy's products on one thread if several processes run the tests: their threads would wait for each other."""
    with threadpool_limits(1 if "PYTEST_XDIST_WORKER" in os.environ else None):
        yield


@pytest.fixture(autouse=True)
def same_random_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same random seeds in every run: a text generated without ``--random-seed`` is the same in all of them."""
    monkeypatch.setattr(secrets, "randbelow", random.Random(0).randrange)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Start a headless Chromium for all tests of this process."""
    if not CHROMIUM:
        assert not os.environ.get("CI"), "CI needs a Chromium"
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def all_pages(browser: "Browser") -> Iterator[Pages]:
    """Keep the open pages for all tests of this process."""
    pages = Pages(browser)
    yield pages
    pages.close()


@pytest.fixture
def pages(all_pages: Pages) -> Iterator[Pages]:
    """Lend pages to one test."""
    yield all_pages
    all_pages.give_all_back()


@pytest.fixture(scope="session")
def without_graph_optimizer() -> None:
    """Skip TensorFlow's graph optimiser: the results are the same, and compiling takes a quarter less time."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.fixture
def idle_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trainings learn and score nothing, for tests of what happens around the steps: then nothing is compiled."""
    from charlstm.training.trainer import Trainer
    from charlstm.training.validation import Validator

    def step(trainer: Trainer, *_: object, **__: object) -> float:
        trainer.steps += 1
        return 3.0

    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(Validator, "nats_per_char", lambda *_: 3.0)
    monkeypatch.setattr(Validator, "rehearse", lambda *_: 0.0)


@pytest.fixture(scope="session")
def make_checkpoint() -> MakeCheckpoint:
    return checkpoint


@pytest.fixture
def make_network() -> Callable[..., Network]:
    def make(random_seed: int = 0, **options: Any) -> Network:
        config = ModelConfig(**{"vocabulary_size": 7, "seq_len": 6, "units": (5, 4), **options})
        noise = np.random.default_rng(random_seed)
        shapes = config.weight_shapes.items()
        return build_network(config, {name: noise.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes})

    return make
