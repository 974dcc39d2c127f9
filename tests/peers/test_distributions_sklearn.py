"""Agreement with scikit-learn's log loss, and the ten points of the logistic regression."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical, entropy, nll_from_probabilities

metrics = pytest.importorskip("sklearn.metrics")

X = np.array([-2.2, -1.4, -0.8, 0.2, 0.4, 0.8, 1.2, 2.2, 2.9, 4.6])
Y = np.array([0, 0, 1, 0, 1, 1, 1, 1, 1, 1])


@pytest.fixture(scope="module")
def logits():
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, tol=1e-10).fit(X.reshape(-1, 1), Y)
    return model.decision_function(X.reshape(-1, 1))


@pytest.mark.checklist(row=207, call="Bernoulli().nll(z, y)")
def test_point_wise_class_wise_and_single_formula(logits):
    nll = Bernoulli().nll(logits, Y)
    p = Bernoulli().mean(logits)
    single = -(Y * np.log(p) + (1 - Y) * np.log(1 - p)).mean()
    class_wise = 0.7 * nll[Y == 1].mean() + 0.3 * nll[Y == 0].mean()
    for form in (nll.mean(), class_wise, single):
        assert form == pytest.approx(0.332911, abs=5e-7)
    assert nll[Y == 1].mean() == pytest.approx(0.216749, abs=5e-7)
    assert nll[Y == 0].mean() == pytest.approx(0.603957, abs=5e-7)
    np.testing.assert_allclose(
        nll,
        [0.2046, 0.4015, 0.7560, 1.2058, 0.3015, 0.2140, 0.1499, 0.0594, 0.0305, 0.0059],
        atol=5e-5,
    )


@pytest.mark.checklist(
    row=208, call="nll_from_probabilities(Bernoulli(), [0.7] * 10, y).nll.mean()"
)
def test_the_constant_predictor_costs_the_entropy():
    constant = nll_from_probabilities(Bernoulli(), np.full(10, 0.7), Y).nll.mean()
    assert constant == pytest.approx(0.610864, abs=5e-7)
    assert constant == pytest.approx(float(entropy([0.3, 0.7])), rel=1e-14)


def test_log_loss_agrees(logits):
    p = Bernoulli().mean(logits)
    assert Bernoulli().nll(logits, Y).mean() == pytest.approx(metrics.log_loss(Y, p), rel=1e-12)
    z = np.random.default_rng(0).normal(0, 2, (50, 3))
    y = np.arange(50) % 3
    assert Categorical(3).nll(z, y).mean() == pytest.approx(
        metrics.log_loss(y, Categorical(3).mean(z)), rel=1e-12
    )


def test_the_clip_is_scikit_learns():
    p = np.array([0.0, 1.0, 0.5])
    clipped = nll_from_probabilities(Bernoulli(), p, [1, 1, 0], policy="clip")
    assert clipped.nll.mean() == pytest.approx(metrics.log_loss([1, 1, 0], p), rel=1e-12)
