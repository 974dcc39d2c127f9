"""The intervals of a verdict: those of the whole evaluation, on the figures of `judge`."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import (
    Bernoulli,
    Categorical,
    Gaussian,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
)
from xent.evaluation import fit_constant, judge
from xent.evaluation.verdict_intervals import with_intervals

GENERATOR = np.random.default_rng(0)
N = 120


def part(task, y, z, distribution, weight=None):
    constant = fit_constant(task, y, distribution=distribution, weight=weight)
    figures = judge(task, y, z, distribution=distribution, constant=constant, weight=weight)
    return figures, with_intervals(figures, task, y, z, distribution=distribution, weight=weight)


def cases():
    y = GENERATOR.integers(0, 2, N)
    codes = GENERATOR.integers(0, 3, N)
    labels = (GENERATOR.random((N, 3)) < 0.5).astype(float)
    numbers = GENERATOR.normal(size=N)
    counts = GENERATOR.poisson(3, N).astype(float)
    return [
        ("binary", y, GENERATOR.normal(size=N) + y, Bernoulli()),
        ("multiclass", codes, GENERATOR.normal(size=(N, 3)), Categorical(3)),
        ("multilabel", labels, GENERATOR.normal(size=(N, 3)), MultiLabel(3)),
        ("regression", numbers, np.stack([numbers + 0.1, 0 * numbers], axis=1), Gaussian()),
        ("regression", counts, np.log(counts + 1)[:, None], Poisson()),
    ]


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case[3]))
def test_values_stay_and_every_interval_holds_its_value(case):
    before, after = part(*case)
    assert list(after.figures) == list(before.figures)
    without = []
    for name, figure in after.figures.items():
        assert figure.value == before[name].value
        np.testing.assert_equal(figure.constant, before[name].constant)
        if figure.low is None:
            without.append(name)
        else:
            assert figure.low <= figure.value <= figure.high, name
    assert without == (["deviance"] if isinstance(case[3], Poisson) else [])


def test_labels_that_share_a_softmax_have_the_intervals_of_ranks_and_losses():
    labels = (GENERATOR.random((N, 3)) < 0.5).astype(float)
    labels[:, 0] = 1
    _, after = part("multilabel", labels, GENERATOR.normal(size=(N, 3)), MultiLabelSoftmax(3))
    assert after["log_loss"].low is not None
    assert after["lrap"].low is not None
    assert after["exact_match"].low is None


def test_rows_of_weight_0_vanish_and_soft_labels_have_a_loss_only():
    task, y, z, distribution = cases()[0]
    weight = np.ones(N)
    weight[60:] = 0
    _, weighted = part(task, y, z, distribution, weight)
    _, alone = part(task, y[:60], z[:60], distribution)
    assert weighted["recall"].low == pytest.approx(alone["recall"].low, rel=1e-9)
    _, soft = part(task, np.full(N, 0.3), z, distribution)
    assert soft["log_loss"].low is not None
    assert soft["auc"].low is None


def test_an_infinite_mean_has_no_interval():
    z = np.zeros((5, 1))
    z[0] = 1000.0
    with np.errstate(over="ignore"):
        _, after = part("regression", np.arange(5.0), z, Poisson())
    assert after["mae"].low is None
