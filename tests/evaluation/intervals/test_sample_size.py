"""Rows that an interval needs, and the power of a test, against simulation and pROC."""

from __future__ import annotations

import numpy as np
import pytest

from xent.errors import XentError
from xent.evaluation import (
    auc_power,
    delong,
    rows_for_auc,
    rows_for_auc_difference,
    rows_for_share,
    wilson,
)


@pytest.mark.parametrize(("share", "width"), [(0.1, 0.04), (0.5, 0.1), (0.01, 0.01), (0.0, 0.05)])
def test_an_interval_of_a_share_is_as_narrow_as_asked_and_no_row_is_too_many(share, width):
    n = rows_for_share(share, width)
    assert wilson(share * n, n).width <= width
    assert wilson(share * (n - 1), n - 1).width > width


def test_rows_for_an_auc_are_enough_in_simulation():
    n = rows_for_auc(0.8, 0.1, prevalence=0.3)
    generator = np.random.default_rng(0)
    widths = []
    for _ in range(40):
        y = np.arange(n) < round(0.3 * n)
        # normal scores of this distance have the AUC 0.8
        widths.append(delong(y, generator.normal(size=n) + 1.190 * y).width)
    assert 0.05 < np.mean(widths) <= 0.11


def test_rows_for_a_difference_grow_as_it_shrinks():
    near = rows_for_auc_difference(0.8, 0.82, prevalence=0.5, correlation=0.5)
    far = rows_for_auc_difference(0.8, 0.9, prevalence=0.5, correlation=0.5)
    assert near > 10 * far
    alike = rows_for_auc_difference(0.8, 0.82, prevalence=0.5, correlation=0.9)
    assert alike < near


def test_power_of_proc():
    assert auc_power(0.73, n_positive=41, n_negative=72) == pytest.approx(0.9897453, abs=1e-6)


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(XentError, match="share"):
        rows_for_share(1.5, 0.1)
    with pytest.raises(XentError, match="width"):
        rows_for_share(0.5, 0.0)
    with pytest.raises(XentError):
        rows_for_auc(1.5, 0.1, prevalence=0.3)
    with pytest.raises(XentError):
        rows_for_auc(0.8, 0.1, prevalence=0.0)
