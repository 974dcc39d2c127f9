from __future__ import annotations

import itertools

import numpy as np
import pytest

from xent.evaluation import average_precision, roc_auc, score_counts
from xent.evaluation.intervals import bootstrap_ranking, running_sums


@pytest.mark.parametrize(
    ("digits", "weighted", "clustered", "stratified"),
    list(itertools.product([0, 1, 9], [False, True], [False, True], [False, True])),
)
def test_replicates_are_weighted_figures(monkeypatch, digits, weighted, clustered, stratified):
    monkeypatch.setattr(running_sums, "CHUNK_ROWS", 64)
    generator = np.random.default_rng(0)
    n = 500
    y = generator.random(n) < 0.3
    s, v = np.round(generator.normal(size=n) + y, digits), generator.normal(size=n)
    weight = generator.uniform(0.1, 2, n) if weighted else None
    cluster = generator.integers(0, 60, n) if clustered else None
    threshold = float(s[5])
    found = bootstrap_ranking(
        y,
        s,
        weight=weight,
        cluster=cluster,
        threshold=threshold,
        values={"v": v},
        n_bootstrap=3,
        stratified=stratified,
        random_state=1,
    )
    rows = running_sums.sorted_rows(y, s, weight, cluster, threshold, {})
    order = np.argsort(s)[::-1]
    truth, scores = y[order], s[order]
    heavy = np.ones(n) if weight is None else weight[order]
    for place, seed in enumerate(np.random.SeedSequence(1).spawn(3)):
        drawn = running_sums.RunningSums(rows)._drawn(seed)
        count = np.concatenate([chunk for _, chunk in drawn]).astype(float)
        if stratified:
            for own in (truth, ~truth):
                count[own] *= heavy[own].sum() / count[own].sum()
        assert found.roc_auc[place] == pytest.approx(roc_auc(truth, scores, weight=count))
        ap = average_precision(truth, scores, weight=count)
        assert found.average_precision[place] == pytest.approx(ap)
        f1 = score_counts(truth, scores, weight=count).at(threshold).f1
        assert found.confusion.f1[place] == pytest.approx(f1)
        assert found.means["v"][place] == pytest.approx(np.average(v[order], weights=count))


def test_threads_do_not_matter():
    generator = np.random.default_rng(0)
    y, s = generator.random(300) < 0.3, generator.normal(size=300)
    one, two = (bootstrap_ranking(y, s, n_bootstrap=11, n_threads=n) for n in (1, 2))
    assert np.array_equal(one.roc_auc, two.roc_auc)


def test_counts_are_poisson_in_mean_and_variance():
    assert (running_sums.POISSON_TABLE.mean(), running_sums.POISSON_TABLE.var()) == (1, 1)
