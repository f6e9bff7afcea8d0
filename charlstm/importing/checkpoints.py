"""A checkpoint from a file with the weights of a network that was trained elsewhere."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from charlstm.checkpoint.atomic import write_atomically
from charlstm.checkpoint.config_file import CARD, MAX_INFO, write_config
from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.checkpoint.folder import available_names, check_can_be_created, check_name, new_checkpoint
from charlstm.checkpoint.regular_files import refusal_reason
from charlstm.checkpoint.weights import Weights, write_weights
from charlstm.config import ModelConfig, TrainingConfig
from charlstm.errors import CharlstmError, TakenError, clip_text, join_alternatives
from charlstm.evaluation.surprisal import stateful_surprisal
from charlstm.formatting import count_parameters
from charlstm.importing.conversion import converted
from charlstm.importing.keras_files import read_h5, read_keras
from charlstm.importing.named_arrays import NetworkArrays
from charlstm.importing.safetensors_file import read_safetensors
from charlstm.importing.vocabulary_file import PLACEHOLDER, characters_of, read_vocabulary
from charlstm.inference.finite import check_finite
from charlstm.inference.network import build_network
from charlstm.planning.seed_windows import seed_windows
from charlstm.text.corpus import Corpus, read_corpus
from charlstm.text.overlap import sketch
from charlstm.text.vocabulary import Vocabulary

READERS: dict[str, Callable[[Path], NetworkArrays]] = {
    ".keras": read_keras,
    ".h5": read_h5,
    ".hdf5": read_h5,
    ".safetensors": read_safetensors,
}
"""Readers by the end of a file's name."""

SCORED = 2_000
"""Characters at the beginning of the corpus that the imported model is tried on."""


@dataclass(frozen=True)
class Imported:
    """An imported checkpoint.

    Attributes:
        folder: Its folder.
        config: Its configuration.
        assumed: Settings that the file does not say and that were assumed, a phrase each.
        nats_per_char: Score on the beginning of the corpus, with the state carried; None without a corpus.
    """

    folder: Path
    config: CheckpointConfig
    assumed: tuple[str, ...]
    nats_per_char: float | None

    @property
    def is_worse_than_chance(self) -> bool:
        """True if the model predicts its own text worse than equal probabilities would: it reads other ids than it should."""
        return self.nats_per_char is not None and self.nats_per_char > math.log(self.config.model.vocabulary_size)


def import_checkpoint(
    file: Path,
    root: Path,
    *,
    vocabulary: Path | Sequence[str] | None = None,
    corpus: Sequence[str] = (),
    text_encoding: str = "utf-8",
    name: str | None = None,
    seq_len: int | None = None,
) -> Imported:
    """Write a checkpoint with the weights of a file.

    Args:
        file: A ``.keras``, ``.weights.h5``, ``.h5`` or ``.safetensors`` file with LSTM layers and a Dense layer.
        root: The folder of checkpoints.
        vocabulary: A JSON file with the characters in the order of their ids, or these characters. By default those in the
            file, or the sorted characters of ``corpus``.
        corpus: Paths of the text that the model was trained on, whose passages become default seeds.
        text_encoding: Text encoding of these files.
        name: Name of the checkpoint; the file's name if None.
        seq_len: Characters in a window; None for what the file says.

    Raises:
        CharlstmError: If the file, the vocabulary or the name cannot be used. Nothing has been written.
    """
    if name is not None and (root / check_name(name)).exists():
        raise TakenError(f"{root / name} already exists and was not changed; choose another `name`")
    network = _read(file)
    text = read_corpus(corpus, text_encoding) if corpus else None
    characters = _characters(network, vocabulary, text, file.name)
    config, learned, weights = converted(network, characters, seq_len, file.name)
    if text is not None and (unknown := learned.unknown(text.vocabulary.characters)):
        found = f"{text.name} has characters that the model does not know: {unknown[:20]!r}"
        raise CharlstmError(f"{found}; give the text as it was trained on, such as in lower case, or leave out `corpus`")
    folder = root / (name or next(available_names(root, file.name.partition(".")[0])))
    check_can_be_created(folder)
    record = CheckpointConfig(
        model=config,
        vocabulary=learned,
        training=TrainingConfig(validation=0.0),
        corpus=_corpus_record(file.name, learned.characters, text, config.seq_len),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        imported=clip_text(file.name, MAX_INFO),
        sketches=() if text is None else (sketch(text.ids, text.vocabulary),),
    )
    with new_checkpoint(root, folder.name) as new:
        write_config(new, record)
        write_weights(new, weights)
        write_atomically(new / CARD, _card(file.name, record).encode())
    facts = network.facts
    assumed = {
        f"windows of {config.seq_len}": seq_len or facts.seq_len,
        "the activations tanh and sigmoid": facts.activation and facts.recurrent_activation,
    }
    phrases = tuple(phrase for phrase, known in assumed.items() if not known)
    return Imported(folder, record, phrases, None if text is None else _score(config, learned, weights, text))


def _score(config: ModelConfig, learned: Vocabulary, weights: Weights, text: Corpus) -> float:
    """Return the mean surprisal of the beginning of a text, in nats per character."""
    ids = learned.encode(text.vocabulary.decode(text.ids[:SCORED]))
    return float(check_finite(stateful_surprisal(build_network(config, weights), ids)).mean())


def _read(file: Path) -> NetworkArrays:
    reader = next((reader for end, reader in READERS.items() if file.name.lower().endswith(end)), None)
    if reader is None:
        raise CharlstmError(f"{file} cannot be imported; expected a file that ends in {join_alternatives([*READERS])}")
    try:
        return reader(file)
    except FileNotFoundError:
        raise CharlstmError(f"{file} does not exist; check the name") from None
    except OSError as error:
        raise CharlstmError(f"{file} cannot be read ({refusal_reason(error)}); name another file") from None


def _characters(network: NetworkArrays, vocabulary: Path | Sequence[str] | None, text: Corpus | None, file: str) -> list[str]:
    """Return the characters in the order of their ids."""
    stated = network.facts.vocabulary
    found = None
    if isinstance(vocabulary, Path):
        found = read_vocabulary(vocabulary)
    elif vocabulary is not None:
        found = characters_of(vocabulary)
    elif stated is not None:
        found = characters_of(stated, f"the metadata of {file}")
    if found is not None:
        # An export lists the characters that the model can write. The placeholder of the others has the id after them.
        is_export = stated is not None and found == list(stated) and network.facts.rare is not None
        return [*found, PLACEHOLDER] if is_export else found
    if text is None:
        raise CharlstmError(
            f"{file} does not say which characters its ids stand for; give `vocabulary`, a JSON file with the characters in "
            "the order of their ids, or `corpus`, the text that it was trained on, if the ids are in the order of its sorted "
            "characters"
        )
    return list(text.vocabulary.characters)


def _corpus_record(file: str, characters: str, text: Corpus | None, seq_len: int) -> CorpusRecord:
    """Return the record of the corpus. Without one, the only default seed is a character with which a word can begin."""
    if text is not None:
        windows = seed_windows(text, len(text.ids), seq_len)
        return CorpusRecord(name=text.name, fingerprint=text.fingerprint, characters=len(text.ids), windows=windows)
    begin = next((character for character in "\n " if character in characters), characters[0])
    fingerprint = hashlib.sha256(begin.encode()).hexdigest()
    return CorpusRecord(name=f"an unknown text ({file})", fingerprint=fingerprint, characters=1, windows=(begin,))


def _card(file: str, config: CheckpointConfig) -> str:
    layers = " → ".join(f"LSTM {units}" for units in config.model.units)
    return (
        f"# A character-level LSTM imported from {file}\n\nImported with charlstm, {config.created}. It was trained elsewhere, "
        "so the settings of its training are not known; those in `config.json` are defaults.\n\n"
        f"window {config.model.seq_len} × 1 → {config.model.encoding} → {layers} → softmax {config.model.vocabulary_size:,}, "
        f"{count_parameters(config.model.weight_shapes):,} parameters.\n"
    )
