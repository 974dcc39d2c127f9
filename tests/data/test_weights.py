"""Weights of rows."""

from __future__ import annotations

import numpy as np
import pytest

from xent.data import check_weights
from xent.errors import XentError


def test_weights_become_float64_of_shape_n():
    assert check_weights([[1], [0], [3]], 3).tolist() == [1.0, 0.0, 3.0]
    assert check_weights(np.ones(2, dtype=np.float32), 2).dtype == np.float64


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, -2, 3], r"w must be finite and not negative, got -2\.0 in data row 2"),
        ([1, 2, np.nan], "got nan in data row 3"),
        ([np.inf, 2, 3], "got inf in data row 1"),
        ([0, 0, 0], "w is zero in all 3 rows"),
        ([1, 2], r"w must have shape \(3,\), a weight for each row, got \(2,\)"),
        (["a", "b", "c"], "w must hold numbers"),
        ([None, object(), 1], "w must hold numbers"),
    ],
)
def test_what_cannot_be_a_weight_is_refused(weight, message):
    with pytest.raises(XentError, match=message):
        check_weights(weight, 3, name="w")
