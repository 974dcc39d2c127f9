"""Where an interval cannot be made, and what the bootstrap does with weights, clusters, few rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from xent.errors import XentError
from xent.evaluation import evaluate, multiclass_f1, r2


def test_separated_classes_have_no_spread() -> None:
    e: Any = evaluate([0, 1, 2], probabilities=np.eye(3))
    assert e.macro_auc.value == 1.0
    assert not e.macro_auc.has_interval
    assert e.macro_auc.why == "the classes are separated: the rows show no spread"


def test_an_average_of_nothing_has_a_reason() -> None:
    e: Any = evaluate([0, 0], labels=[2, 2])
    assert math.isnan(e.weighted_precision.value)
    assert e.weighted_precision.why == "no class that occurs is ever decided for"
    assert e.macro_precision.value == 0.0


def test_a_figure_that_most_replicates_lack_has_no_interval() -> None:
    # both of two rows are drawn in 40% of the replicates; without both there is no variance
    e: Any = evaluate([0.0, 1.0], predictions=[0.2, 0.7], n_bootstrap=500)
    assert e.r2.value == pytest.approx(r2([0.0, 1.0], predictions=[0.2, 0.7]))
    assert not e.r2.has_interval
    assert "replicates" in e.r2.why
    n_undefined = int(e.r2.why.split()[2])
    assert 250 < n_undefined < 350
    # a draw without any row counts among them, and stops nothing
    assert e.median_absolute_error.has_interval


def test_replicates_that_agree_say_so() -> None:
    e: Any = evaluate([1.0, 2.0, 3.0], predictions=[2.0, 3.0, 4.0])
    assert (e.median_absolute_error.low, e.median_absolute_error.high) == (1.0, 1.0)
    assert e.median_absolute_error.why == (
        "every replicate gave the same value: too few rows to tell"
    )


@pytest.mark.parametrize("name", ["macro_f1", "hand_till_auc"])
def test_equal_weights_of_any_size_give_the_interval_without_weights(name: str) -> None:
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 80)
    z = generator.normal(size=(80, 3)) + 2 * np.eye(3)[y]
    light, heavy = (
        evaluate(y, logits=z, weight=np.full(80, size), n_bootstrap=200)[name]
        for size in (0.25, 8.0)
    )
    assert (light.low, light.value, light.high) == pytest.approx(
        (heavy.low, heavy.value, heavy.high)
    )
    plain = evaluate(y, logits=z, n_bootstrap=200)[name]
    assert light.width == pytest.approx(plain.width, rel=0.25)


@pytest.mark.parametrize("n_bootstrap", [0, 1])
def test_without_replicates_there_is_a_reason(n_bootstrap: int) -> None:
    y = np.random.default_rng(0).integers(0, 3, 30)
    clustered = {"cluster": np.arange(30) // 3, "n_bootstrap": n_bootstrap}
    e: Any = evaluate(y, labels=np.roll(y, 1), **clustered)
    for name in ("mcc", "macro_f1", "balanced_accuracy"):
        assert e[name].is_defined
        assert e[name].why == "no interval without bootstrap replicates", name
    assert e.accuracy.has_interval


def test_clusters_are_drawn_whole() -> None:
    y = np.repeat([0, 1, 2, 0, 1, 2], 20)
    labels = np.where(np.arange(120) < 60, y, (y + 1) % 3)
    names = np.arange(120) // 20
    alone: Any = evaluate(y, labels=labels)
    clustered: Any = evaluate(y, labels=labels, cluster=names)
    assert alone.macro_f1.value == clustered.macro_f1.value == multiclass_f1(y, labels=labels)
    assert clustered.macro_f1.width > 2 * alone.macro_f1.width
    assert clustered.mcc.width > 2 * alone.mcc.width


def test_few_clusters_widen_what_replicates_say_and_are_named() -> None:
    generator = np.random.default_rng(1)
    y = generator.random(600) < 0.4
    p = 1 / (1 + np.exp(-(generator.normal(size=600) + 1.2 * y - 0.5)))
    few = evaluate(y, probabilities=p, cluster=np.arange(600) % 6).f1
    assert few.why == "only 6 clusters: the interval may be too narrow"
    assert "clusters" in few.method
    # percentiles alone would be those of 6 clusters, as if their spread were known
    codes, generator = np.arange(600) % 6, np.random.default_rng(0)
    drawn = []
    for _ in range(500):
        rows = np.concatenate([np.flatnonzero(codes == k) for k in generator.integers(6, size=6)])
        drawn.append(evaluate(y[rows], probabilities=p[rows]).f1.value)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert few.width > 1.2 * (high - low)
    many = evaluate(y, probabilities=p, cluster=np.arange(600))
    plain = evaluate(y, probabilities=p)
    assert many.f1.width == pytest.approx(plain.f1.width, rel=0.15)


@pytest.mark.parametrize("scale", [1e-320, 1e300])
def test_weights_whose_products_are_no_numbers_are_refused(scale: float) -> None:
    with pytest.raises(XentError, match="divide by the mean"):
        evaluate([0, 1, 1], probabilities=[0.1, 0.5, 0.9], weight=np.full(3, scale))


def test_a_figure_whose_rows_lie_in_one_cluster_has_a_value_and_a_reason() -> None:
    y = np.repeat([0, 1], [20, 5])
    p = np.random.default_rng(0).random(25)
    cluster = np.repeat([0, 1, 2], [10, 10, 5])
    e = evaluate(y, probabilities=p, cluster=cluster, group=cluster < 2, n_bootstrap=20)
    assert e["recall"].value == (p[y == 1] >= 0.5).mean()
    assert not e["recall"].has_interval
    assert e["recall"].why == "all rows that count lie in one cluster"
    assert e["specificity"].has_interval
    one_cluster = e.by_group()[False]
    assert one_cluster["log_loss"].why == "all rows that count lie in one cluster"
    assert "recall, FNR" in str(e)
    assert "one cluster" in str(one_cluster)


def test_f_beta_of_clusters_is_as_wide_as_f1_of_clusters() -> None:
    rng = np.random.default_rng(3)
    y = rng.random(60) < 0.4
    p = np.where(y, 0.7, 0.3) + rng.normal(0, 0.3, 60)
    rows = np.repeat(np.arange(60), 6)
    scores = {"scores": p[rows], "n_bootstrap": 200}
    alone: Any = evaluate(y[rows], **scores)
    clustered: Any = evaluate(y[rows], cluster=rows, **scores)
    f1 = clustered.at(0.5).f1
    assert (clustered.at(0.5).f_beta(1).low, clustered.at(0.5).f_beta(1).high) == (f1.low, f1.high)
    assert clustered.at(0.5).f_beta(2).width > 1.5 * alone.at(0.5).f_beta(2).width
