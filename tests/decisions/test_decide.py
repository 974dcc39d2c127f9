"""decide: an evaluation in, a decision out."""

from __future__ import annotations

import numpy as np
import pytest

import xent
from xent.errors import XentError

GENERATOR = np.random.default_rng(0)
Z = GENERATOR.normal(size=500) - 1
Y = (GENERATOR.random(500) < 1 / (1 + np.exp(-Z))).astype(int)


def test_probabilities_and_logits_give_the_same_decision():
    p = 1 / (1 + np.exp(-Z))
    one = xent.decide(xent.evaluate(Y, probabilities=p), cost_fn=20, cost_fp=1, n_bootstrap=50)
    same = xent.decide(xent.evaluate(Y, logits=Z), cost_fn=20, cost_fp=1, n_bootstrap=50)
    assert one.threshold.value == pytest.approx(same.threshold.value)
    np.testing.assert_array_equal(one.apply(p), same.apply(p))
    assert one.costs.threshold == pytest.approx(1 / 21)


def test_scores_have_a_threshold_on_their_own_scale():
    decision = xent.decide(xent.evaluate(Y, scores=Z), objective="youden_j", n_bootstrap=0)
    assert decision.threshold.value < 0
    weighted = xent.evaluate(Y, scores=Z, weight=np.full(500, 2.0))
    same = xent.decide(weighted, objective="youden_j", n_bootstrap=0)
    assert same.threshold.value == decision.threshold.value


def test_what_is_no_binary_evaluation_is_refused():
    with pytest.raises(XentError, match="got regression"):
        xent.decide(xent.evaluate([1.0, 2.0], predictions=[1.0, 2.0]), objective="f1")
    with pytest.raises(XentError, match="got list"):
        xent.decide([0.1], objective="f1")
    with pytest.raises(XentError, match="decisions already"):
        xent.decide(xent.evaluate(Y, labels=Z > 0), objective="f1")
    with pytest.raises(XentError, match="go together"):
        xent.decide(xent.evaluate(Y, logits=Z), cost_fn=2)
    with pytest.raises(XentError, match="cost_tp and cost_tn need"):
        xent.decide(xent.evaluate(Y, logits=Z), objective="f1", cost_tp=-2)
