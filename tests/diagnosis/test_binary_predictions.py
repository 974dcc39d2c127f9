from __future__ import annotations

import json

import numpy as np

from xent.diagnosis import (
    Diagnosis,
    constant_output,
    logits_as_probabilities,
    reversed_ranking,
)


def healthy(seed, n=1000):
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-2 * rng.normal(size=n)))
    return (rng.random(n) < p).astype(int), p


def test_healthy_predictions_raise_nothing():
    for seed in range(100):
        y, p = healthy(seed)
        assert logits_as_probabilities(p) is None
        assert constant_output(p) is None
        assert reversed_ranking(y, p) is None


def test_each_fault_is_found():
    for seed in range(30):
        y, p = healthy(seed)
        assert logits_as_probabilities(np.log(p / (1 - p))) is not None
        assert constant_output(np.full(10, 0.3)) is not None
        found = reversed_ranking(1 - y, p)
        assert found is not None
        assert found.evidence["auc"] < 0.5


def test_what_cannot_be_ranked_is_not_reversed():
    assert reversed_ranking(np.ones(5), np.arange(5.0)) is None
    assert reversed_ranking(np.array([0, 1] * 20), np.full(40, 0.5)) is None
    assert constant_output(np.array([0.5])) is None


def test_uninformative_scores_seldom_look_reversed():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    assert sum(reversed_ranking(y, rng.random(200)) is not None for _ in range(200)) <= 2


def test_diagnosis_reads_as_text_and_json():
    found = constant_output(np.full(10, 0.3))
    d = Diagnosis((found,), ("constant output",), {"drift": "no parts given"})
    assert "0.3" in str(d)
    assert "not checked: drift (no parts given)" in str(d)
    assert json.loads(json.dumps(d.to_json()))["findings"][0]["check"] == "constant output"
