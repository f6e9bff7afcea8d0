"""A server with two small models, for all tests of a module."""

from collections.abc import Iterator

import openai
import pytest

from charlstm.config import ModelConfig
from charlstm.model import Model, load
from charlstm.text.vocabulary import RareCharacters, Vocabulary
from tests.conftest import ALPHABET, checkpoint
from tests.server.process import Running, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server") / "checkpoints"
    checkpoint(folder / "tale", ModelConfig(vocabulary_size=len(ALPHABET), seq_len=12, units=(16, 9)))
    rare = Vocabulary(ALPHABET, RareCharacters("ßé", (2, 3)))
    config = ModelConfig(vocabulary_size=rare.model_size, seq_len=8, units=(11,))
    checkpoint(folder / "other", config, vocabulary=rare, random_seed=1)
    with serving(folder, "tale", "other") as server:
        yield server


@pytest.fixture(scope="module")
def client(running: Running) -> openai.OpenAI:
    return running.client()


@pytest.fixture(scope="module")
def models(running: Running) -> dict[str, Model]:
    folder = running.log.parent / "checkpoints"
    return {name: load(name, checkpoints=folder) for name in ("tale", "other")}
