"""An undamaged checkpoint, and every reader of the package as a function of bytes."""

import json
import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from charlstm.checkpoint.config_file import CONFIG, read_config, write_config
from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.checkpoint.history import HISTORY, HistoryEntry, read_history, write_history
from charlstm.checkpoint.points import POINTS, Point, PointsHeader, TrainingCurves, read_points, write_points
from charlstm.checkpoint.state_files import RESUME, read_state, write_state
from charlstm.checkpoint.training_state import TrainingProgress, TrainingState
from charlstm.checkpoint.weights import WEIGHTS, read_weights, write_weights
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.inference.network import build_network
from charlstm.text.corpus import read_corpus
from charlstm.text.vocabulary import Vocabulary

STATE = f"{RESUME}/000001.safetensors"
MANIFEST = f"{RESUME}/000001.json"
MEMORY = 1 << 30
"""Most memory in bytes that reading a small file may allocate."""
FILES = {"config": CONFIG, "weights": WEIGHTS, "history": HISTORY, "points": POINTS, "state": STATE, "manifest": MANIFEST}
"""File of a checkpoint that each reader reads."""


@dataclass(frozen=True)
class Readers:
    """The readers of a checkpoint's files, called with the content of the file.

    Attributes:
        folder: A checkpoint whose other files are undamaged.
        config: Its configuration.
    """

    folder: Path
    config: CheckpointConfig

    def read(self, name: str, content: bytes) -> object:
        """Read a content and use the result as the commands do.

        Args:
            name: Reader: a key of :data:`FILES`, ``corpus``, or ``utf-16`` for a corpus in that encoding.
            content: Content of the file.

        Returns:
            The value read, or a part of it.

        Raises:
            CharlstmError: If the reader refuses the content.
        """
        if name in ("corpus", "utf-16"):
            return self._corpus(content, "utf-8" if name == "corpus" else name)
        path = self.folder / FILES[name]
        before = path.read_bytes()
        path.write_bytes(content)
        if name == "state":  # a matching manifest, which would otherwise hide other refusals
            manifest = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
            (self.folder / MANIFEST).write_text(json.dumps(manifest))
        try:
            return self._readers()[name]()
        finally:
            path.write_bytes(before)

    def _readers(self) -> dict[str, Callable[[], object]]:
        model = self.config.model
        return {
            "config": self._config,
            "weights": lambda: build_network(model, read_weights(self.folder, model)).step,
            "history": lambda: [line.nats_per_char for line in read_history(self.folder)],
            "points": lambda: [point.gradient_norm for point in read_points(self.folder).points],
            "state": lambda: read_state(self.folder, self.config).progress.steps,
            "manifest": lambda: read_state(self.folder, self.config).progress.steps,
        }

    def _config(self) -> object:
        found = read_config(self.folder)
        characters = found.vocabulary.characters
        assert found.vocabulary.decode(found.vocabulary.encode(characters)) == characters
        if rare := found.vocabulary.rare:
            ids = found.vocabulary.encode_any(f"{rare.characters}\U0010ffff")
            assert found.vocabulary.decode(ids) == f"{rare.characters}\U0010ffff"
            assert np.isfinite(found.vocabulary.naming_nats(ids)).all()
        return found.model.weight_shapes, json.dumps(found.created)

    def _corpus(self, content: bytes, encoding: str) -> object:
        path = self.folder / "corpus.txt"
        path.write_bytes(content)
        corpus = read_corpus([path], encoding)
        text = corpus.vocabulary.decode(corpus.ids)
        assert sha256(text.encode()).hexdigest() == corpus.fingerprint
        return corpus


def make_readers(folder: Path) -> Readers:
    """Return readers of a new checkpoint in a folder that is created."""
    folder.mkdir()
    model = ModelConfig(vocabulary_size=4, seq_len=5, encoding="embedding", embedding_size=2, units=(3, 2))
    config = CheckpointConfig(
        model=model,
        vocabulary=Vocabulary("\nab渡"),
        training=TrainingConfig(batch_size=7),
        corpus=CorpusRecord(name="story.txt", fingerprint="0a" * 32, characters=1234, windows=("ab", "b渡\n")),
        created="2026-01-02T03:04:05+00:00",
    )
    weights = {name: np.full(shape, 0.1, np.float32) for name, shape in model.weight_shapes.items()}
    evaluation = HistoryEntry(
        step=10, epoch=0.5, seconds=2.25, learning_rate=1e-3, train_nats_per_char=2.5, nats_per_char=2.0, best=True
    )
    progress = TrainingProgress(
        steps=20, seconds=4.5, loss_sum=0.3, loss_count=3, poor=1, halvings=0, began=1.5,
        paths=("/a/story.txt",), text_encoding="utf-8", surroundings={"cores": "2"},
    )  # fmt: skip
    write_config(folder, config)
    write_weights(folder, weights)
    write_history(folder, [evaluation, evaluation])
    point = Point(
        step=10, epoch=0.5, seconds=2.25, learning_rate=1e-3, train_nats_per_char=2.5, gradient_norm=0.5,
        characters_per_second=None,
    )  # fmt: skip
    write_points(folder, TrainingCurves(header=PointsHeader(every=10, notes=("why",)), points=(point, point)))
    write_state(
        folder,
        TrainingState(arrays={"noise/0": np.array([1, 2], np.uint32)}, best=weights, history=(evaluation,), progress=progress),
    )
    return Readers(folder, config)


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Readers:
    return make_readers(tmp_path_factory.mktemp("hostile") / "story")


@pytest.fixture
def checkpoint(readers: Readers, tmp_path: Path) -> Path:
    """Return the folder of a copy of the checkpoint, for a test to damage."""
    return shutil.copytree(readers.folder, tmp_path / "checkpoints" / "story")


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Make allocations above :data:`MEMORY` fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
