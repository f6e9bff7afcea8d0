"""Exercise on ``return_sequences`` and ``TimeDistributed`` in plain Keras: learn to echo 0.0 0.2 0.4 0.6 0.8.

    python examples/echo.py

Many-to-one: the LSTM reads the five numbers, then a Dense layer of five units outputs all of them. An input of shape (1, 5, 1)
becomes (1, 5). Many-to-many: the LSTM has an output after every number, and one Dense layer of one unit, shared by all time
steps, echoes the number at once. An input of shape (1, 5, 1) becomes (1, 5, 1). This model has fewer parameters and an easier
task.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

SEQUENCE = np.array([0.0, 0.2, 0.4, 0.6, 0.8], np.float32)


def many_to_one() -> keras.Model:
    """Build the model that outputs all five numbers at the end: ``[B, 5, 1] -> [B, 5]``."""
    return keras.Sequential([keras.Input((5, 1)), keras.layers.LSTM(5), keras.layers.Dense(5)])


def many_to_many() -> keras.Model:
    """Build the model that outputs each number at its time step: ``[B, 5, 1] -> [B, 5, 1]``."""
    return keras.Sequential(
        [
            keras.Input((5, 1)),
            keras.layers.LSTM(5, return_sequences=True),
            keras.layers.TimeDistributed(keras.layers.Dense(1)),
        ]
    )


def learn(model: keras.Model, epochs: int = 300, random_seed: int = 0) -> np.ndarray:
    """Train a model to output its input, and return its output: ``[5]``."""
    keras.utils.set_random_seed(random_seed)
    for layer in model.layers:  # new initial weights, so that the result depends on random_seed alone
        layer.set_weights([keras.random.uniform(weight.shape, -0.5, 0.5) for weight in layer.get_weights()])
    x = SEQUENCE.reshape(1, 5, 1)
    y = SEQUENCE.reshape(1, *model.output_shape[1:])
    model.compile(optimizer=keras.optimizers.Adam(0.03), loss="mse")
    model.fit(x, y, epochs=epochs, batch_size=1, verbose=0)
    return np.asarray(model(x)).reshape(-1)


def main() -> None:
    """Train both models and print their outputs."""
    for name, model in (("many-to-one", many_to_one()), ("many-to-many, TimeDistributed", many_to_many())):
        said = learn(model)
        print(f"{name}: {model.count_params()} parameters, says {' '.join(f'{abs(number):.1f}' for number in said)}")


if __name__ == "__main__":
    main()
