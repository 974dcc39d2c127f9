"""Several models against one: the paired comparisons, corrected together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xent.errors import XentError
from xent.evaluation import holm
from xent.evaluation.evaluations import compare_evaluations, compare_models, evaluate


def models():
    rng = np.random.default_rng(0)
    y = rng.random(300) < 0.4
    base = rng.normal(size=300) + 0.8 * y
    scores = {"a": base, "b": base + 0.2 * rng.normal(size=300), "c": base + 1.5 * y - 0.7}
    return {name: evaluate(y, logits=z) for name, z in scores.items()}


def test_each_is_compared_with_the_first_and_corrected_with_all():
    held = models()
    found = compare_models(held)
    assert list(found.comparisons) == ["b", "c"]
    plain = {name: compare_evaluations(held["a"], held[name]) for name in "bc"}
    p_values, adjusted = [], []
    for name in "bc":
        for figure, compared in plain[name].figures.items():
            assert found[name][figure].test == compared.test
            p_values.append(compared.test.p_value)
            adjusted.append(found[name][figure].adjusted_p_value)
    np.testing.assert_allclose(adjusted, holm(p_values))
    assert found["c"]["auc"].better == "b"
    assert json.loads(json.dumps(found.to_json()))["reference"] == "a"
    assert str(found).count("adjusted by Holm") == 1
    assert "figures and models" in str(found)


def test_any_model_may_be_the_reference():
    held = models()
    found = compare_models(held, reference="c")
    assert list(found.comparisons) == ["a", "b"]
    assert found["a"]["auc"].better == "a"


def test_mistakes():
    held = models()
    with pytest.raises(XentError, match="at least two"):
        compare_models({"a": held["a"]})
    with pytest.raises(XentError, match="reference must be one of"):
        compare_models(held, reference="d")
    with pytest.raises(XentError, match="was not compared"):
        compare_models(held)["a"]
