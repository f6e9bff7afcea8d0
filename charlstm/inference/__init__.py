"""A trained network in NumPy: the LSTM's equations, the stateless and the stateful mode, sampling, the generation loop.

Shapes: ``B`` texts, ``V`` characters of vocabulary, ``d`` features and ``u`` units of a layer, ``W`` lanes (``seq_len``).
The gates are in the order i, f, c, o, as in Keras.
"""
