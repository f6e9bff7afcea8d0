"""Models trained elsewhere: weights of an LSTM and a Dense layer become a checkpoint.

Files are read as arrays by name. No layer of a file is built, and none of its code runs.
"""
