"""Softmax, and logits that are NaN or infinite."""

import numpy as np
import pytest

from charlstm.inference.logits import log_softmax, replace_nonfinite, shift
from tests.inference.sampling_definitions import probabilities


@pytest.mark.parametrize("constant", [0.0, -1e4, 1e4])
def test_log_softmax_gives_probabilities_whatever_the_constant(constant):
    logits = np.random.default_rng(0).normal(0, 3, (4, 9))
    expected = [probabilities(row) for row in logits]
    np.testing.assert_allclose(np.exp(log_softmax(logits + constant)), expected, rtol=1e-9)


def test_shift_makes_the_greatest_logit_zero():
    logits = np.array([[1.0, 3.0, -np.inf], [-5.0, -9.0, -7.0]])
    assert shift(logits.copy()).tolist() == [[-2.0, 0.0, -np.inf], [0.0, -4.0, -2.0]]


def test_nan_is_excluded_unless_nothing_else_is_there():
    logits = np.array([[np.nan, 0, -np.inf], [np.nan, np.nan, -np.inf], [0, np.inf, 5]])
    assert [np.flatnonzero(np.isfinite(row)).tolist() for row in replace_nonfinite(logits)] == [[1], [0, 1, 2], [0, 1, 2]]
    assert replace_nonfinite(logits)[2].argmax() == 1
