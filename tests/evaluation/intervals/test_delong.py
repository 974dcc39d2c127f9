from __future__ import annotations

import math

import numpy as np
import pytest

from xent.errors import XentError
from xent.evaluation import roc_auc
from xent.evaluation.intervals import delong, delong_test, delong_variance


def brute_variance(y, s):
    positive, negative = s[y], s[~y]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return wins.mean(1).var(ddof=1) / positive.size + wins.mean(0).var(ddof=1) / negative.size


@pytest.fixture(scope="module")
def asah(shared_data):
    import polars as pl

    table = pl.read_csv(shared_data / "reference" / "aSAH.csv")
    scores = {name: table[name].to_numpy() for name in ("s100b", "ndka", "wfns")}
    return (table["outcome"] == "Poor").to_numpy(), scores


@pytest.mark.parametrize(
    ("name", "auc", "low", "high"),
    [
        ("s100b", 0.731368563685637, 0.630118, 0.832619),
        ("ndka", 0.611957994579946, 0.501244999, 0.722670990),
        ("wfns", 0.823678861788618, math.nan, math.nan),
    ],
)
def test_published_intervals(asah, name, auc, low, high):
    y, scores = asah
    found = delong(y, scores[name])
    assert found.value == pytest.approx(auc, abs=1e-14)
    if not math.isnan(low):
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-7)


def test_published_variance_and_paired_tests(asah):
    y, scores = asah
    assert delong_variance(y, scores["s100b"]).variance == pytest.approx(0.00266868245717244)
    for a, b, z in (
        ("s100b", "wfns", 2.20898359144091),
        ("ndka", "wfns", 2.79777591868904),
        ("s100b", "ndka", -1.39077002573558),
    ):
        assert delong_test(y, scores[a], scores[b]).statistic == pytest.approx(z, abs=1e-12)
    assert delong_test(y, scores["s100b"], scores["wfns"]).p_value == pytest.approx(0.0271757822)


@pytest.mark.parametrize("digits", [0, 1, 8])
def test_variance_is_that_of_all_pairs(digits):
    generator = np.random.default_rng(digits)
    y = generator.random(60) < 0.4
    s = np.round(generator.normal(size=60) + y, digits)
    own_cluster = np.arange(60)
    for spread in (
        delong_variance(y, s),
        delong_variance(y, s, weight=np.full(60, 3.0)),
        delong_variance(y, s, cluster=own_cluster),
    ):
        assert spread.variance == pytest.approx(brute_variance(y, s), rel=1e-12)
        assert spread.auc == pytest.approx(roc_auc(y, s), abs=1e-15)


def test_separated_classes_have_a_width_and_a_reason():
    up = delong([0] * 5 + [1] * 7, np.arange(12))
    down = delong([0] * 5 + [1] * 7, -np.arange(12))
    assert (up.value, up.high, up.low) == (1, 1, pytest.approx(0.025 ** (1 / 5)))
    assert (down.value, down.low, down.high) == (0, 0, pytest.approx(1 - up.low))
    assert "separated" in up.why


@pytest.mark.parametrize("extra", [{}, {"weight": [1.0, 1.0]}])
def test_undefined_and_few(extra):
    assert delong([1, 1], [1, 2], **extra).why == "one class is absent"
    assert math.isnan(delong_test([1, 1], [1, 2], [2, 1]).p_value)
    one = delong([1, 0, 0, 0], [2, 1, 3, 0])
    assert one.low < one.value < one.high
    assert "one row" in one.why
    assert "no variance" in delong([0, 0, 1, 1], [1, 1, 1, 1]).why


def test_rows_of_weight_zero_vanish_and_clusters_widen():
    generator = np.random.default_rng(0)
    y = np.repeat(generator.random(100) < 0.4, 3)
    s = np.repeat(generator.normal(size=100), 3) + y
    cluster = np.repeat(np.arange(100), 3)
    weight = np.repeat([1.0, 0.0], [240, 60])
    kept = delong(y, s, weight=weight, cluster=cluster)
    assert kept == delong(y[:240], s[:240], weight=weight[:240], cluster=cluster[:240])
    assert delong(y, s, cluster=cluster).width > 1.5 * delong(y, s).width
    with pytest.raises(XentError, match="cluster"):
        delong(y, s, cluster=np.zeros(300))


def test_equal_scores_do_not_differ():
    test = delong_test([0, 1, 0, 1, 1], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    assert (test.p_value, test.difference.width) == (1.0, 0.0)
    assert test.difference.why
