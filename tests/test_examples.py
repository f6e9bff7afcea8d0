"""The examples do what they say."""

import runpy
from pathlib import Path

import numpy as np
import pytest

ECHO = runpy.run_path(str(Path(__file__).parent.parent / "examples" / "echo.py"))


@pytest.mark.slow
def test_both_echo_models_learn():
    for make, shape in (("many_to_one", (None, 5)), ("many_to_many", (None, 5, 1))):
        model = ECHO[make]()
        assert model.output_shape == shape
        assert np.abs(ECHO["learn"](model) - ECHO["SEQUENCE"]).max() < 0.05
