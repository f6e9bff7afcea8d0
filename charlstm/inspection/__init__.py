"""Inspection of a model, section by section: each section is a function that returns a record of ``charlstm.results``.

The terminal and the page show nothing else. Columns are as in Keras: gates in the order i, f, c, o. Nothing here needs
TensorFlow: ``charlstm.nn.keras_inspection`` adds the results of Keras.
"""
