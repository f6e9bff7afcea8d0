"""The files of a checkpoint that other programs read: the model, its card and the history."""

from pathlib import Path

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.config_file import CARD
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import write_history
from charlstm.checkpoint.model_card import model_card
from charlstm.checkpoint.points import write_points
from charlstm.checkpoint.weights import Weights, read_weights, write_weights
from charlstm.inference.generation import generate_pieces
from charlstm.inference.modes import decoder
from charlstm.inference.network import build_network
from charlstm.inference.sampling import Sampling
from charlstm.training.run_statistics import RunStatistics


def write_model_files(folder: Path, config: CheckpointConfig, record: RunStatistics) -> None:
    """Write the history and the curves, and the best model with its card if there has been an evaluation.

    Raises:
        CheckpointError: If a file cannot be written.
    """
    if record.best:
        write_weights(folder, record.best)
        sample = sample_text(config, record.best, length=400)
        write_atomically(folder / CARD, model_card(config, record.history, sample).encode())
    write_curves(folder, record)


def write_curves(folder: Path, record: RunStatistics) -> None:
    """Write the history and the curves.

    Raises:
        CheckpointError: If a file cannot be written.
    """
    write_history(folder, record.history)
    write_points(folder, record.points.curves())


def sample_of_model(folder: Path, config: CheckpointConfig, length: int) -> str:
    """Return a sample text of the model of a checkpoint: see :func:`sample_text`.

    Raises:
        CheckpointError: If its weights cannot be read.
    """
    return sample_text(config, read_weights(folder, config.model), length)


def sample_text(config: CheckpointConfig, weights: Weights, length: int) -> str:
    """Return a sample text that starts at the beginning of a line, generated in stateful mode with the default sampling."""
    seed = "\n" if "\n" in config.vocabulary.characters else config.corpus.windows[0]
    pieces = generate_pieces(
        decoder(build_network(config.model, weights), "stateful"),
        config.vocabulary,
        seed,
        random_seeds=[config.training.random_seed],
        length=length,
        sampling=Sampling(),
    )
    return "".join(piece for (piece,) in pieces)
