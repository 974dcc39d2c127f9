"""Paired tests of average precision and of ratios, against the bootstrap and against simulation."""

from __future__ import annotations

import numpy as np
import pytest

import xent
from xent.evaluation import average_precision, bootstrap_difference, f1
from xent.evaluation.intervals.paired_ratios import average_precision_test, ratio_test


def sets(n, seed, gap):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.3
    shared = rng.normal(size=n)
    a = shared + 0.6 * rng.normal(size=n) + 1.2 * y
    b = shared + 0.6 * rng.normal(size=n) + (1.2 + gap) * y
    return y, a, b


def test_average_precision_is_as_sure_as_the_paired_bootstrap():
    y, a, b = sets(800, 0, 0.3)
    test = average_precision_test(y, a, b)
    oracle = bootstrap_difference(average_precision, y, a, b, n_bootstrap=400)
    assert test.difference.value == pytest.approx(oracle.difference.value)
    width = test.difference.high - test.difference.low
    expected = oracle.difference.high - oracle.difference.low
    assert width == pytest.approx(expected, rel=0.15)


def test_f1_is_as_sure_as_the_paired_bootstrap():
    y, a, b = sets(800, 1, 0.3)
    compared = xent.compare(y, a=a - 0.8, b=b - 0.8, declared="logits")["f1"]
    oracle = bootstrap_difference(
        lambda truth, labels: f1(truth, labels=labels), y, a >= 0.8, b >= 0.8, n_bootstrap=400
    )
    assert compared.test.difference.value == pytest.approx(oracle.difference.value)
    width = compared.test.difference.high - compared.test.difference.low
    assert width == pytest.approx(oracle.difference.high - oracle.difference.low, rel=0.15)


def test_of_equal_models_one_in_twenty_is_called_different():
    found = {"average_precision": 0, "f1": 0, "precision": 0, "recall": 0}
    for seed in range(300):
        y, a, b = sets(300, seed, 0.0)
        compared = xent.compare(y, a=a - 0.8, b=b - 0.8, declared="logits")
        for name in found:
            found[name] += compared[name].test.p_value < 0.05
    assert all(3 <= n <= 30 for n in found.values()), found


def test_clusters_of_copies_widen_by_their_size():
    y, a, b = sets(200, 2, 0.4)
    plain = average_precision_test(y, a, b)
    copied = (np.repeat(values, 4) for values in (y, a, b))
    clustered = average_precision_test(*copied, cluster=np.repeat(np.arange(200), 4))
    assert clustered.difference.value == pytest.approx(plain.difference.value)
    assert clustered.p_value == pytest.approx(plain.p_value, rel=0.05)
    assert "clusters" in clustered.method


def test_nothing_to_compare_has_its_reason():
    y, a, _ = sets(50, 3, 0)
    assert "no positive" in average_precision_test(np.zeros(50), a, a).difference.why
    same = average_precision_test(y, a, a)
    assert (same.difference.value, same.p_value) == (0, 1)
    nothing = ratio_test((np.zeros(3), np.zeros(3)), (np.ones(3), np.ones(3)))
    assert "nothing to divide by" in nothing.difference.why
    constant = ratio_test((np.zeros(3), np.ones(3)), (np.ones(3), np.ones(3)))
    assert np.isnan(constant.p_value)
