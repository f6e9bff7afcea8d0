"""Training: the step, the loop, the learning-rate schedule, saving, and the run from a plan to a checkpoint.

Shapes: ``B`` windows or streams in a batch, ``T`` characters in a window, ``V`` characters of vocabulary, ``u`` units.
"""

import charlstm.nn  # noqa: F401 (imports TensorFlow quietly, with its environment variables set)
