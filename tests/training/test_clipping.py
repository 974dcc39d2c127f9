from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.errors import XentError
from xent.training.clipping import clip_by_norm, clip_by_value
from xent.training.vectors import norm

VECTORS = hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e3, 1e3))


@given(VECTORS, st.floats(1e-3, 1e4))
def test_the_norm_is_limited_and_the_direction_kept(gradient, limit):
    clipped = gradient.copy()
    length = clip_by_norm(clipped, limit)
    assert length == pytest.approx(math.hypot(*gradient), rel=1e-12)
    if length <= limit:
        np.testing.assert_array_equal(clipped, gradient)
    else:
        assert norm(clipped) == pytest.approx(limit, rel=1e-12)
        # subnormal entries lose digits on the way
        np.testing.assert_allclose(clipped * (length / limit), gradient, rtol=1e-12, atol=1e-300)


@given(VECTORS, st.floats(1e-3, 1e4))
def test_every_value_is_limited(gradient, limit):
    clipped = gradient.copy()
    assert clip_by_value(clipped, limit) is None
    assert np.abs(clipped).max() <= limit
    inside = np.abs(gradient) <= limit
    np.testing.assert_array_equal(clipped[inside], gradient[inside])


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float32, 1e-30)])
def test_the_norm_survives_squares_beyond_the_dtype(dtype, size):
    vector = np.array([3.0, 4.0], dtype) * dtype(size)
    assert norm(vector) == pytest.approx(5.0 * size, rel=1e-6)
    clip_by_norm(vector, 1.0)
    assert norm(vector) <= 1.0 + 1e-6


def test_the_ends():
    assert norm(np.zeros(3)) == 0.0
    assert norm(np.zeros(0)) == 0.0
    assert math.isnan(norm(np.array([1.0, np.nan])))
    assert norm(np.array([1.0, -np.inf])) == math.inf
    for bad in (np.nan, np.inf):
        gradient = np.array([1.0, bad])
        clip_by_norm(gradient, 0.1)
        np.testing.assert_array_equal(gradient, [1.0, bad])


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize("limit", [0.0, -1.0, math.inf, math.nan])
def test_limits_that_are_none_are_refused(clip, limit):
    with pytest.raises(XentError, match="must be a positive number"):
        clip(np.ones(2), limit)
