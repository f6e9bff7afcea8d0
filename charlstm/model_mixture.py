"""A mixture of trained models, which generates and is scored like one model: :func:`mix`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from charlstm.checkpoint.config_records import CheckpointConfig, CorpusRecord
from charlstm.choices import Engine, Mode
from charlstm.errors import CharlstmError, ConfigError
from charlstm.inference.mixture import Mixture, mixture
from charlstm.inference.modes import Decoder
from charlstm.inference.network import build_network
from charlstm.model import Model
from charlstm.report.notebook import model_html
from charlstm.report.training_history import TrainingHistory


class MixedModel(Model):
    """Several models that choose each character together; the first one gives the window, the seeds and the place on disk.

    It generates, scores and compares. It refuses methods of a single network (exports, activations, Keras), and has no history
    of its own.

    Attributes:
        models: The models with their weights.
    """

    def __init__(self, models: Sequence[tuple[Model, float]]) -> None:
        """See :func:`mix`."""
        self.models = tuple(_without_mixtures(models))
        models = self.models
        networks = [(build_network(model.config, model.weights), model.vocabulary, weight) for model, weight in models]
        self._mixture, vocabulary = mixture(networks)
        main = models[0][0]
        self.path, self.name = main.path, " + ".join(f"{model.name} {weight:g}" for model, weight in models)
        self.checkpoint = replace(
            main.checkpoint,
            model=self._mixture.config,
            vocabulary=vocabulary,
            corpus=_known_windows(main.checkpoint.corpus, vocabulary.characters),
        )

    @property
    def recorded(self) -> CheckpointConfig:
        """See :attr:`charlstm.model_files.ModelFiles.recorded`."""
        return self.models[0][0].checkpoint

    @property
    def network(self) -> Mixture:
        """The mixture of the networks in NumPy."""
        return self._mixture

    @cached_property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """The weights of all models, by number, mixing weight and name."""
        return {
            f"{number}:{share!r}/{name}": array
            for number, (model, share) in enumerate(self.models, start=1)
            for name, array in model.weights.items()
        }

    @cached_property
    def history(self) -> TrainingHistory:
        """Refuse: every model was trained on its own."""
        self._refuse("show one training")

    def _repr_html_(self) -> str:
        return model_html(self.checkpoint, self.name, (), [model.checkpoint for model, _ in self.models])

    def _layers(self) -> str:
        return " and ".join(model._layers() for model, _ in self.models)

    def decoder(self, mode: Mode, engine: Engine = "numpy", window: int | None = None) -> Decoder:
        """See :meth:`charlstm.model_files.ModelFiles.decoder`; NumPy is the only engine."""
        if engine != "numpy":
            self._refuse("run in Keras")
        return super().decoder(mode, engine, window)

    def activations(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: every model has activations of its own."""
        self._refuse("be looked into")

    def to_keras(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a mixture is several networks."""
        self._refuse("become one network")

    def export(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a mixture is several networks."""
        self._refuse("be exported")

    def _refuse(self, what: str) -> NoReturn:
        names = ", ".join(model.name for model, _ in self.models)
        raise CharlstmError(f"a mixture of models cannot {what}; use one of {names} alone")


def mix(models: Sequence[tuple[Model, float]]) -> MixedModel:
    """Return a mixture of models: the weighted geometric mean of their next-character distributions, each with its own state.

    It knows the characters that all of them know. An average of models of different random seeds predicts better than each of
    them; models of two authors write between the two.

    Args:
        models: Models with weights above 0 whose sum is 1.

    Raises:
        ConfigError: If the weights are others, or the models have fewer than two characters in common.

    >>> import charlstm
    >>> ferry = charlstm.load("ferry")
    >>> mixed = charlstm.mix([(ferry, 0.5), (ferry, 0.5)])
    >>> mixed.generate("The ", length=50, random_seed=1) == ferry.generate("The ", length=50, random_seed=1)
    True
    """
    is_list = isinstance(models, Sequence) and len(models) > 0
    pairs = is_list and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in models)
    if not pairs or not all(isinstance(model, Model) and type(weight) in (int, float) for model, weight in models):
        raise ConfigError(setting="models", expected="pairs of a model and a weight", found=models)
    return MixedModel([(model, float(weight)) for model, weight in models])


def _without_mixtures(models: Sequence[tuple[Model, float]]) -> Iterator[tuple[Model, float]]:
    """Yield models with their weights, those of mixtures in place of the mixtures."""
    for model, weight in models:
        if isinstance(model, MixedModel):
            yield from ((part, weight * share) for part, share in model.models)
        else:
            yield model, weight


def _known_windows(corpus: CorpusRecord, characters: str) -> CorpusRecord:
    """Return the record of a corpus with the passages that consist of known characters; a character if there is none."""
    known = set(characters)
    windows = tuple(window for window in corpus.windows if set(window) <= known)
    return replace(corpus, windows=windows or (characters[0],))
