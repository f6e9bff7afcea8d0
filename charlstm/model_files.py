"""A trained model as it lies in its files: configuration, vocabulary, weights, history, and the network that they make."""

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from charlstm.checkpoint.config_file import read_config
from charlstm.checkpoint.config_records import CheckpointConfig
from charlstm.checkpoint.history import read_history
from charlstm.checkpoint.regular_files import real_path
from charlstm.checkpoint.weights import Weights, read_weights
from charlstm.choices import Engine, Mode, WeightsFormat
from charlstm.config import ModelConfig
from charlstm.errors import CheckpointError, ConfigError, check_choice, clip_text
from charlstm.export.weights import round_weights
from charlstm.formatting import counted
from charlstm.inference.modes import Decoder, decoder
from charlstm.inference.network import Network, build_network
from charlstm.report.training_history import TrainingHistory
from charlstm.text.vocabulary import Vocabulary


class ModelFiles:
    """The files of a trained model, which are read when they are first needed.

    Attributes:
        path: Folder of its checkpoint.
        name: Name of its checkpoint.
        checkpoint: Everything that the checkpoint records: network, vocabulary, training, corpus and bases.
    """

    def __init__(self, path: Path, weights: WeightsFormat = "float32") -> None:
        """Read the configuration of a checkpoint; the weights are read when they are first needed.

        Args:
            path: Folder of the checkpoint.
            weights: ``float16`` to round the weights as an exported file does.

        Raises:
            CheckpointError: If it is missing or damaged.
        """
        check_choice("weights", weights, get_args(WeightsFormat))
        self._weights_format: WeightsFormat = weights
        self.path = path
        self.name = real_path(path).name
        self.checkpoint: CheckpointConfig = read_config(path)

    @property
    def config(self) -> ModelConfig:
        """The network's configuration."""
        return self.checkpoint.model

    @property
    def recorded(self) -> CheckpointConfig:
        """What its folder records; for a mixture, what that of its first model does."""
        return self.checkpoint

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters that the model knows."""
        return self.checkpoint.vocabulary

    @cached_property
    def weights(self) -> Weights:
        """The weights by name, in Keras's layouts; read-only arrays.

        Raises:
            CheckpointError: If they are missing or damaged.
            ConfigError: If they are too large to be rounded to float16.
        """
        weights = round_weights(read_weights(self.path, self.config), self._weights_format)
        for array in weights.values():
            array.flags.writeable = False
        return weights

    @cached_property
    def history(self) -> TrainingHistory:
        """The evaluations during its training, the oldest first, with its learning curves, which a notebook draws."""
        return TrainingHistory(read_history(self.path), self.path)

    @property
    def recipe(self) -> str:
        """The settings of its training as TOML: ``train(recipe=…)`` reads them from a file.

        Raises:
            CheckpointError: If the model was imported, so that no training is known.
        """
        from charlstm.planning.recipe_text import recipe_text

        return recipe_text(self.name, self.checkpoint, self.history)

    @cached_property
    def network(self) -> Network:
        """The network in NumPy."""
        return build_network(self.config, self.weights)

    def word_list(self, words: Any, text_encoding: str = "utf-8") -> tuple[str, ...]:
        """Return the words that a text may have, in alphabetical order.

        Args:
            words: A list; the path of a text with these words; or ``corpus`` for the words of the training text, which is
                looked up here and in ``data/``.
            text_encoding: Text encoding of the file.

        Raises:
            ConfigError: If it is something else, or the training text is not found.
            CorpusError: If the file, or the training text, cannot be read.
        """
        from charlstm.inference.constraints.words import find_words
        from charlstm.text.corpus import read_text
        from charlstm.text.known_text import known_text

        if words == "corpus":
            text = self._training_text()
        elif isinstance(words, str | PathLike):
            text = read_text(Path(words), text_encoding)
        elif isinstance(words, Collection) and all(isinstance(word, str) for word in words):
            text = "\n".join(words)
        else:
            raise ConfigError(setting="words", expected="the path of a file, a list of words, or corpus", found=words)
        return tuple(sorted(find_words(known_text(self.vocabulary, text, setting="words"))))

    def _training_text(self) -> str:
        from charlstm.evaluation.corpus_search import find_corpus

        if not self.checkpoint.corpus.is_known:
            reason = "the training text is not known, since the model was imported without it; name a file"
            raise ConfigError(setting="words", reason=reason)
        try:
            corpus = find_corpus(self.path, self.recorded)
        except CheckpointError:
            name = clip_text(self.checkpoint.corpus.name)
            reason = f"the training text, {name}, is neither here nor in data/; name its file"
            raise ConfigError(setting="words", reason=reason) from None
        return corpus.vocabulary.decode(corpus.ids)

    def __repr__(self) -> str:
        """Return the name and the sizes.

        >>> import charlstm
        >>> charlstm.load("ferry")
        Model(ferry: 1 LSTM layer of 504 units, window of 64, 74 characters)
        """
        reads = f"window of {self.config.seq_len}, {len(self.vocabulary):,} characters"
        return f"{type(self).__name__}({self.name}: {self._layers()}, {reads})"

    def _layers(self) -> str:
        units = "+".join(f"{units:,}" for units in self.config.units)
        return f"{counted(len(self.config.units), 'LSTM layer')} of {units} units"

    def _repr_html_(self) -> str:
        from charlstm.report.notebook import model_html

        return model_html(self.checkpoint, self.name, self.history)

    def decoder(self, mode: Mode, engine: Engine = "numpy", window: int | None = None) -> Decoder:
        """Return the decoder of a mode, in NumPy or in Keras, which starts TensorFlow.

        Args:
            mode: ``stateless`` or ``stateful``.
            engine: ``numpy`` or ``keras``.
            window: Characters that stateless mode reads for each one; the model's own window if None.
        """
        check_choice("mode", mode, get_args(Mode))
        check_choice("engine", engine, get_args(Engine))
        config = replace(self.config, seq_len=window or self.config.seq_len)
        if engine == "keras":
            from charlstm.nn.keras_decoder import keras_decoder

            return keras_decoder(config, self.weights, mode)
        return decoder(replace(self.network, config=config), mode)
