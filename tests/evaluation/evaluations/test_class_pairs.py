"""The interval of Hand and Till's figure: against the bootstrap, and in simulation."""

from __future__ import annotations

import numpy as np
import pytest

from xent.evaluation import evaluate, hand_till_auc


def draw(n, seed, k=4):
    rng = np.random.default_rng(seed)
    y = rng.choice(k, n, p=[0.5, 0.3, 0.15, 0.05])
    return y, rng.normal(size=(n, k)) + 1.2 * np.eye(k)[y]


def test_the_width_is_that_of_the_bootstrap():
    y, z = draw(500, 0)
    e = evaluate(y, probabilities=np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))
    rng, found = np.random.default_rng(1), []
    for _ in range(300):
        rows = rng.integers(500, size=500)
        found.append(hand_till_auc(y[rows], e.scores[rows]))
    low, high = np.quantile(found, [0.025, 0.975])
    assert e.hand_till_auc.width == pytest.approx(high - low, rel=0.15)


def test_intervals_hold_the_truth():
    y, z = draw(200_000, 2)
    truth = evaluate(y, logits=z).hand_till_auc.value
    held = 0
    for seed in range(300):
        y, z = draw(400, 10 + seed)
        estimate = evaluate(y, logits=z).hand_till_auc
        held += estimate.low <= truth <= estimate.high
    assert 0.91 <= held / 300 <= 0.985


def test_clusters_of_copies_and_weights():
    y, z = draw(300, 3)
    plain = evaluate(y, logits=z).hand_till_auc
    copied = evaluate(
        np.repeat(y, 3), logits=np.repeat(z, 3, axis=0), cluster=np.repeat(np.arange(300), 3)
    ).hand_till_auc
    assert copied.value == pytest.approx(plain.value)
    assert copied.width == pytest.approx(plain.width, rel=0.05)
    assert "clusters" in copied.method
    doubled = evaluate(y, logits=z, weight=np.full(300, 2.0)).hand_till_auc
    assert doubled.width == pytest.approx(plain.width, rel=0.05)


def test_separated_classes_say_so():
    y = np.repeat([0, 1, 2], 5)
    estimate = evaluate(y, logits=20.0 * np.eye(3)[y]).hand_till_auc
    assert estimate.value == 1
    assert "separated" in estimate.why
