"""A trained network in NumPy: the LSTM's equations, the two ways of reading a text, sampling, the generation loop.

Shapes: ``B`` samples, ``V`` characters of vocabulary, ``d`` features and ``u`` units of a layer, ``W`` lanes (``seq_len``).
Gates stand in the order i, f, c, o, as in Keras.
"""
