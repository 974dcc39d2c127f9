"""Every check fires on its fault, names it first, and is silent on healthy predictions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from xent.diagnosis import diagnose_predictions
from xent.errors import XentError


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def healthy(seed, n=1000):
    """Return calibrated predictions with an AUC near 0.86."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=n) * 2.1 - 0.5
    return (generator.random(n) < sigmoid(z)).astype(int), sigmoid(z), z, generator


FAULTS = {
    "logits as probabilities": lambda y, _, z, __: (y, z),
    "squeezed twice": lambda y, p, _, __: (y, sigmoid(p)),
    "constant output": lambda y, *_: (y, np.full(len(y), y.mean())),
    "reversed ranking": lambda y, p, *_: (y, 1 - p),
    "shifted targets": lambda y, p, _, g: (np.roll(y, g.integers(1, 6) * g.choice([-1, 1])), p),
    "shuffled targets": lambda y, p, _, g: (g.permutation(y), p),
    "clipped": lambda y, p, *_: (y, np.clip(p, 0.02, 0.98)),
    "miscalibration": lambda y, _, z, __: (y, sigmoid(2 * z)),
}


def test_healthy_predictions_raise_no_check():
    n_found = sum(
        bool(diagnose_predictions(y, probabilities=p).findings)
        for y, p, *_ in map(healthy, range(100))
    )
    assert n_found <= 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_first(fault):
    n_named = 0
    for seed in range(20):
        y, p = FAULTS[fault](*healthy(1000 + seed))
        findings = diagnose_predictions(y, probabilities=p).findings
        n_named += bool(findings) and findings[0].check == fault
    assert n_named >= 19


def test_logits_and_scores():
    y, p, z, _ = healthy(0)
    assert diagnose_predictions(y, logits=z).findings == ()
    ranked = diagnose_predictions(y, scores=z)
    assert ranked.findings == ()
    assert ranked.left_out["miscalibration"] == "needs probabilities or logits"
    turned = diagnose_predictions(y, scores=-z)
    assert turned.findings[0].check == "reversed ranking"
    weight = np.ones(len(y))
    weight[500:] = 0
    assert diagnose_predictions(y, probabilities=p, weight=weight).findings == ()


def test_imbalance_and_one_class():
    y, p, *_ = healthy(0)
    few = np.flatnonzero(y == 1)[:5]
    kept = np.concatenate([few, np.flatnonzero(y == 0)])
    found = diagnose_predictions(y[kept], scores=p[kept]).findings
    assert [finding.check for finding in found] == ["imbalance"]
    assert math.isnan(found[0].p_value)
    alone = diagnose_predictions(np.zeros(50), probabilities=np.linspace(0.01, 0.2, 50))
    assert alone.left_out["reversed ranking"] == "y has one class only"
    assert "not checked" in str(alone)


def test_honest_votes_are_no_clip():
    """A forest's votes pile up on a grid, at 0 and 1 most of all."""
    generator = np.random.default_rng(0)
    p = generator.beta(0.3, 0.3, 1000)
    votes = np.round(p * 100) / 100
    y = generator.random(1000) < p
    checks = [finding.check for finding in diagnose_predictions(y, probabilities=votes).findings]
    assert "clipped" not in checks


def classes(seed=0, n=900, k=4):
    """Return class codes, calibrated probabilities of them, and the logits of these."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, k, n)
    x = generator.normal(size=(n, k))
    x[np.arange(n), y] += 2
    z = 2 * x  # the log density ratio of N(2, 1) and N(0, 1), but for a constant
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return y, e / e.sum(axis=1, keepdims=True), z


def test_several_classes():
    y, p, z = classes()
    assert diagnose_predictions(y, probabilities=p).findings == ()
    assert diagnose_predictions(y, logits=z).findings == ()
    swapped = diagnose_predictions(y, probabilities=p[:, [1, 0, 2, 3]], names="abcd").findings
    assert [finding.check for finding in swapped] == ["swapped columns"]
    assert "a fits column b, b fits column a" in swapped[0].seen
    assert swapped[0].evidence["order"] == [1, 0, 2, 3]
    sums = diagnose_predictions(y, probabilities=sigmoid(z)).findings
    assert sums[0].check == "rows do not sum to 1"
    constant = diagnose_predictions(y, probabilities=np.full((len(y), 4), 0.25))
    assert constant.findings[0].check == "constant output"
    assert constant.left_out
    assert diagnose_predictions(y, probabilities=z).findings[0].check == "logits as probabilities"


def test_classes_coded_from_1_are_swapped_columns():
    y, p, _ = classes()
    p = np.column_stack([p, np.full(len(y), 1e-9)])
    found = diagnose_predictions(y + 1, probabilities=p / p.sum(axis=1, keepdims=True)).findings
    assert found[0].check == "swapped columns"
    assert found[0].evidence["order"][1:] == [0, 1, 2, 3]


def test_probabilities_as_logits_are_squeezed_twice():
    y, p, _ = classes()
    found = diagnose_predictions(y, logits=p).findings
    assert found[0].check == "squeezed twice"
    assert 0 < found[0].evidence["temperature"] < 1
    assert "temperature" in found[0].seen
    a, b, _, _ = healthy(0)
    assert diagnose_predictions(a, logits=b).findings[0].check == "squeezed twice"


@pytest.mark.parametrize("digits", [2, 3, 4])
def test_printed_rows_sum_to_1(digits):
    y, p, _ = classes(k=12)
    checks = [
        finding.check for finding in diagnose_predictions(y, probabilities=p.round(digits)).findings
    ]
    assert "rows do not sum to 1" not in checks
    off = p.round(digits)
    off[5] *= 0.5
    found = diagnose_predictions(y, probabilities=off.round(digits)).findings
    assert found[0].check == "rows do not sum to 1"
    assert "row 5" in found[0].seen


def test_absent_and_rare_classes():
    y, p, _ = classes()
    kept = (y != 2) | (np.cumsum(y == 2) <= 3)
    seen = p[kept]
    rare = diagnose_predictions(y[kept], probabilities=seen).findings
    assert "imbalance" in [finding.check for finding in rare]
    shares = next(finding for finding in rare if finding.check == "miscalibration")
    assert "class 2 is said in" in shares.seen
    one = diagnose_predictions(np.zeros(50, dtype=int), probabilities=p[:50])
    assert one.left_out["swapped columns"] == "y has one class only"


def test_several_labels():
    generator = np.random.default_rng(0)
    z = generator.normal(size=(800, 5)) * 2
    y = (generator.random((800, 5)) < sigmoid(z)).astype(int)
    assert diagnose_predictions(y, probabilities=sigmoid(z)).findings == ()
    assert diagnose_predictions(y, logits=z).findings == ()
    ranked = diagnose_predictions(y, scores=z)
    assert ranked.findings == ()
    assert "needs probabilities" in ranked.left_out["swapped columns"]
    turned = z * np.array([1, -1, 1, -1, 1])
    found = diagnose_predictions(y, logits=turned, names=list("abcde")).findings
    assert found[0].check == "reversed ranking"
    assert found[0].evidence["labels"] in (["b", "d"], ["d", "b"])
    assert diagnose_predictions(y, probabilities=z).findings[0].check == "logits as probabilities"
    swapped = diagnose_predictions(y, logits=z[:, [0, 2, 1, 3, 4]]).findings
    assert [finding.check for finding in swapped] == ["swapped columns"]
    # many labels: only some are named
    wide = diagnose_predictions(np.tile(y, 2), logits=-np.tile(z, 2)).findings
    assert "and 5 more" in wide[0].seen


def test_text_and_json():
    y, p, *_ = healthy(0)
    found = diagnose_predictions(y, probabilities=1 - p)
    assert "reversed ranking (p = " in str(found)
    assert "cure: " in str(found)
    assert "(certain)" in str(diagnose_predictions(y, probabilities=np.full(len(y), 0.3)))
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert written["findings"][0]["check"] == "reversed ranking"
    assert "Nothing found" in str(diagnose_predictions(y, probabilities=p))


def test_what_does_not_fit_is_refused():
    y, p, z, _ = healthy(0)
    with pytest.raises(XentError, match="exactly one"):
        diagnose_predictions(y)
    with pytest.raises(XentError, match="exactly one"):
        diagnose_predictions(y, probabilities=p, logits=z)
    with pytest.raises(XentError, match="a column a class"):
        diagnose_predictions(y, scores=np.stack([z, z], axis=1))
    with pytest.raises(XentError, match="NaN"):
        diagnose_predictions([0, 1], probabilities=[0.5, math.nan])
    with pytest.raises(XentError, match="names must be 2"):
        diagnose_predictions(y, probabilities=p, names=["a"])
    with pytest.raises(XentError, match="belong to predictions of numbers"):
        diagnose_predictions(y, probabilities=p, low=p, high=p)
    with pytest.raises(XentError, match="below infinity"):
        diagnose_predictions(y, logits=np.stack([z, z + math.inf], axis=1))
    with pytest.raises(XentError, match="one column a label"):
        diagnose_predictions(np.stack([y, y], axis=1), logits=np.stack([z, z, z], axis=1))
    with pytest.raises(XentError, match="high must be given"):
        diagnose_predictions(z, predictions=z, low=z)
    with pytest.raises(XentError, match="level must lie"):
        diagnose_predictions(z, predictions=z, level=95)
    with pytest.raises(XentError, match="finite"):
        diagnose_predictions(z, predictions=z + math.inf)
