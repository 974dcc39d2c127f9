"""Proper scores of several classes against the constant predictor, and of ordered classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError

SKILLS: dict[str, tuple[Any, Any]] = {
    "log_loss": (ev.multiclass_log_loss, ev.multiclass_log_loss_skill),
    "brier": (ev.multiclass_brier, ev.multiclass_brier_skill),
    "ranked_probability": (ev.ranked_probability_score, ev.ranked_probability_skill),
}


def example(seed: int = 0, n: int = 40, k: int = 4) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, k, n), generator.dirichlet(np.ones(k), n)


def test_ranked_probability_is_the_mean_brier_score_of_the_cuts() -> None:
    y, p = example()
    cuts = [
        ev.brier(y <= k, probabilities=np.clip(p[:, : k + 1].sum(axis=1), 0, 1)) for k in range(3)
    ]
    assert ev.ranked_probability_score(y, probabilities=p) == pytest.approx(np.mean(cuts))


def test_ranked_probability_of_two_classes_is_the_brier_score() -> None:
    y, p = example(k=2)
    assert ev.ranked_probability_score(y, probabilities=p) == pytest.approx(
        ev.brier(y, probabilities=p[:, 1])
    )


def test_ranked_probability_knows_the_order_and_its_range() -> None:
    first, last = [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]]
    assert ev.ranked_probability_score([0], probabilities=first) == 0.0
    assert ev.ranked_probability_score([0], probabilities=last) == 1.0
    y, p = example()
    turned = ev.ranked_probability_score(3 - y, probabilities=p[:, ::-1])
    assert turned == pytest.approx(ev.ranked_probability_score(y, probabilities=p))


@pytest.mark.parametrize("name", SKILLS)
@given(seed=st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_weights_are_repetitions_and_order_does_not_matter(name: str, seed: int) -> None:
    y, p = example(seed)
    times = np.random.default_rng(seed).integers(0, 3, len(y))
    times[0] = 1
    order = np.random.default_rng(seed).permutation(times.sum())
    long_y, long_p = np.repeat(y, times)[order], np.repeat(p, times, axis=0)[order]
    for figure in SKILLS[name]:
        np.testing.assert_allclose(
            figure(y, probabilities=p, weight=times), figure(long_y, probabilities=long_p)
        )


@pytest.mark.parametrize("name", SKILLS)
def test_skill_is_the_share_of_the_constants_score(name: str) -> None:
    score, skill = SKILLS[name]
    y, p = example()
    own = np.bincount(y, minlength=4) / len(y)
    for shares in (None, [0.1, 0.2, 0.3, 0.4]):
        said = np.tile(own if shares is None else shares, (len(y), 1))
        expected = 1 - score(y, probabilities=p) / score(y, probabilities=said)
        assert skill(y, probabilities=p, shares=shares) == pytest.approx(expected)
        assert skill(y, probabilities=said, shares=shares) == pytest.approx(0, abs=1e-12)
    perfect = np.eye(4)[y]
    assert skill(y, probabilities=perfect) == 1.0
    assert math.isnan(skill([1, 1], probabilities=perfect[:2]))


def test_log_loss_skill_from_logits_is_exact() -> None:
    y, p = example()
    from_logits = ev.multiclass_log_loss_skill(y, logits=np.log(p))
    assert from_logits == pytest.approx(ev.multiclass_log_loss_skill(y, probabilities=p))
    sure = ev.multiclass_log_loss_skill([0, 1], logits=[[-800.0, 0, 0], [0, 0, -800.0]])
    assert sure == pytest.approx(1 - (800 + 2 * math.log(2)) / 2 / math.log(2))


def test_a_class_that_the_constant_rules_out_makes_its_loss_infinite() -> None:
    y, p = [0, 1, 2], [[0.6, 0.2, 0.2]] * 3
    assert ev.multiclass_log_loss_skill(y, probabilities=p, shares=[0.5, 0.5, 0.0]) == 1.0
    certain = [[1.0, 0.0, 0.0]] * 3
    assert ev.multiclass_log_loss_skill(y, probabilities=certain) == -math.inf


def test_wrong_shares_are_refused() -> None:
    y, p = example()
    with pytest.raises(XentError, match=r"shares must have shape \(4,\), one a class, got \(3,\)"):
        ev.multiclass_brier_skill(y, probabilities=p, shares=[0.2, 0.3, 0.5])
    with pytest.raises(XentError, match=r"shares must lie in \[0, 1\]"):
        ev.multiclass_brier_skill(y, probabilities=p, shares=[2, -1, 0, 0])
    with pytest.raises(XentError, match="sum to 1"):
        ev.multiclass_brier_skill(y, probabilities=p, shares=[0.1, 0.1, 0.1, 0.1])
    with pytest.raises(XentError, match="exactly one must be given"):
        ev.multiclass_log_loss_skill(y)


def test_average_precision_of_classes() -> None:
    y, p = example()
    each = [ev.average_precision(y == k, p[:, k]) for k in range(4)]
    assert ev.one_vs_rest_average_precision(y, p) == pytest.approx(np.mean(each))
    support = np.bincount(y, minlength=4)
    weighted = ev.one_vs_rest_average_precision(y, p, average="weighted")
    assert weighted == pytest.approx(np.average(each, weights=support))
    held = np.eye(4)[y]
    micro = ev.one_vs_rest_average_precision(y, p, average="micro")
    assert micro == pytest.approx(ev.average_precision(held.ravel(), p.ravel()))
    assert ev.multilabel_average_precision(held, p, average="micro") == micro
    # an absent class is left out
    wide = np.hstack([p, np.ones((len(y), 1))])
    assert ev.one_vs_rest_average_precision(y, wide) == pytest.approx(np.mean(each))
    assert math.isnan(ev.multilabel_average_precision([[0, 0]], [[1, 2]]))
    with pytest.raises(XentError, match="average must be one of macro, micro, weighted"):
        ev.one_vs_rest_average_precision(y, p, average="samples")


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_average_precision_of_weighted_rows(average: str) -> None:
    y, p = example(3)
    times = np.random.default_rng(0).integers(0, 3, len(y))
    long = ev.one_vs_rest_average_precision(
        np.repeat(y, times), np.repeat(p, times, axis=0), average=average
    )
    assert ev.one_vs_rest_average_precision(y, p, average=average, weight=times) == pytest.approx(
        long
    )
