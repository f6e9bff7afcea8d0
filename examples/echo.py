"""Learning to echo 0.0 0.2 0.4 0.6 0.8: the classic exercise on ``return_sequences`` and ``TimeDistributed``, in plain Keras.

    python examples/echo.py

Many-to-one, the layer reads the five numbers and a Dense layer of five says all of them at the end: one sample of shape
(1, 5, 1) becomes (1, 5). Many-to-many, the layer gives its output after every number and one Dense layer of one unit, the same
at every step, repeats it at once: (1, 5, 1) becomes (1, 5, 1). The second has fewer parameters and an easier task.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

SEQUENCE = np.array([0.0, 0.2, 0.4, 0.6, 0.8], np.float32)


def many_to_one() -> keras.Model:
    """All five numbers at the end: ``[B, 5, 1] -> [B, 5]``."""
    return keras.Sequential([keras.Input((5, 1)), keras.layers.LSTM(5), keras.layers.Dense(5)])


def many_to_many() -> keras.Model:
    """Each number at its step: ``[B, 5, 1] -> [B, 5, 1]``."""
    return keras.Sequential(
        [
            keras.Input((5, 1)),
            keras.layers.LSTM(5, return_sequences=True),
            keras.layers.TimeDistributed(keras.layers.Dense(1)),
        ]
    )


def learn(model: keras.Model, epochs: int = 300, random_seed: int = 0) -> np.ndarray:
    """Teach a model to give back what it reads, and return what it then says: ``[5]``."""
    keras.utils.set_random_seed(random_seed)
    for layer in model.layers:  # a fresh start from this random seed
        layer.set_weights([keras.random.uniform(weight.shape, -0.5, 0.5) for weight in layer.get_weights()])
    x = SEQUENCE.reshape(1, 5, 1)
    y = SEQUENCE.reshape(1, *model.output_shape[1:])
    model.compile(optimizer=keras.optimizers.Adam(0.03), loss="mse")
    model.fit(x, y, epochs=epochs, batch_size=1, verbose=0)
    return np.asarray(model(x)).reshape(-1)


def main() -> None:
    """Learn both ways and print what was learnt."""
    for name, model in (("many-to-one", many_to_one()), ("many-to-many, TimeDistributed", many_to_many())):
        said = learn(model)
        print(f"{name}: {model.count_params()} parameters, says {' '.join(f'{abs(number):.1f}' for number in said)}")


if __name__ == "__main__":
    main()
