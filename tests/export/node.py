"""Node runs scripts with the browser engine, for the tests."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

import charlstm
from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.choices import WeightsFormat
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.export.web_model import web_model
from charlstm.inference.network import Network, build_network
from charlstm.text.vocabulary import Vocabulary

ENGINE = Path(charlstm.__file__).parent / "export" / "web" / "engine"


class EngineError(Exception):
    """An error that the engine threw.

    Attributes:
        details: Its properties, among them ``name`` and ``message``.
    """

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__(f"{details['name']}: {details['message']}")
        self.details = details


class Engine:
    """A Node process with the modules of the engine."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            if os.environ.get("CI"):
                pytest.fail("CI needs Node")
            pytest.skip("Node is not installed")
        command = [node, str(Path(__file__).parent / "driver.mjs"), ENGINE.as_uri()]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def run(self, script: str, **data: Any) -> Any:
        """Return the result of a script, the body of a function of ``engine`` (all that the modules export) and ``data``."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps({"script": script, "data": data}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer.get("result")

    def load(self, manifest: dict[str, Any], weights: bytes, *, name: str = "model", **options: Any) -> None:
        """Load a model, which further scripts find under its name in ``globalThis``."""
        self.run(
            "globalThis[data.name] = engine.fromData(data.manifest, data.weights, data.options); return null",
            name=name, manifest=manifest, weights=base64.b64encode(weights).decode(), options=options,
        )  # fmt: skip

    def load_model(self, model: "WebModel", **options: Any) -> None:
        """Load a model with random weights."""
        self.load(model.manifest, model.weights, **options)


class WebModel:
    """A network with random weights, in NumPy and as the files of the browser engine.

    Attributes:
        vocabulary: Its characters.
        network: The network in NumPy.
        arrays: Its weights by name.
        units: Units of each layer.
        manifest: The contents of model.json.
        weights: The contents of weights.bin.
    """

    def __init__(
        self,
        vocabulary: str | Vocabulary,
        *,
        weights_format: WeightsFormat = "float32",
        scale: float = 1.0,
        random_seed: int = 0,
        **settings: Any,
    ) -> None:
        self.vocabulary = Vocabulary(vocabulary) if isinstance(vocabulary, str) else vocabulary
        given = {"seq_len": 12, "units": (16,), **settings}
        config = ModelConfig(vocabulary_size=self.vocabulary.model_size, **given)
        random = np.random.default_rng(random_seed)
        shapes = config.weight_shapes.items()
        arrays = {name: random.normal(0, scale, shape).astype(np.float32) for name, shape in shapes}
        record = CorpusRecord(
            name="a.txt",
            fingerprint="0" * 64,
            characters=9,
            windows=(self.vocabulary.characters[:3], self.vocabulary.characters[-3:]),
        )
        checkpoint = CheckpointConfig(
            model=config,
            vocabulary=self.vocabulary,
            training=TrainingConfig(),
            corpus=record,
            created="2026-01-01T00:00:00+00:00",
        )
        self.arrays, self.units = arrays, config.units
        self.network: Network = build_network(config, arrays)
        self.manifest, self.weights = web_model(checkpoint, arrays, "tale", weights_format)


def words(numbers: ArrayLike) -> list[str]:
    """Return numbers as JavaScript's `Number` reads them, infinities and NaN too, which JSON lacks."""
    special = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
    return [special.get(text, text) for text in map(repr, np.asarray(numbers, np.float64).ravel().tolist())]
