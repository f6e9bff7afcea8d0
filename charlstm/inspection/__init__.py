"""The inside of a model, section by section, with its own numbers: each section is a function that returns a record.

A record is what ``--json`` prints of the section, and all that the terminal and the page show of it. Columns are as in Keras:
gates in the order i, f, c, o. Nothing here needs TensorFlow: what Keras itself says is added by
``charlstm.nn.keras_inspection``.
"""
