"""Permutation importance as bars, and figures of several models side by side."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, layers_of, rows_of

from xent.errors import XentError
from xent.evaluation import Estimate, evaluate, roc_auc
from xent.evaluation.permutation_importance import permutation_importance
from xent.figures import feature_importance, run_comparison


def test_features_are_ranked_and_have_their_intervals() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    y = (X @ [0.5, 0.0, 2.0] + rng.standard_normal(300) > 0).astype(np.int64)
    found = permutation_importance(
        lambda rows: rows @ [0.5, 0.0, 2.0], X, y, roc_auc, features=["b", "idle", "a"]
    )
    light = check_chart(lambda theme: feature_importance(found, figure="AUC", theme=theme))
    assert axis_titles(light) == {"AUC: by how much worse when shuffled"}
    rows = rows_of(feature_importance(found))
    assert [row["feature"] for row in rows] == ["a", "b", "idle"] == found.ranked
    for row in rows:
        estimate = found.features[row["feature"]]
        assert (row["value"], row["low"], row["high"]) == (
            estimate.value,
            estimate.low,
            estimate.high,
        )


def test_the_first_of_many_and_values_without_intervals() -> None:
    known = {f"x{k}": Estimate(k / 10) for k in range(50)} | {"undefined": Estimate(float("nan"))}
    chart = feature_importance(known, most=5)
    assert [row["feature"] for row in rows_of(chart)] == ["x49", "x48", "x47", "x46", "x45"]
    specification = chart.to_dict()
    assert specification["title"]["subtitle"] == "the first 5 of 50 features"
    assert len(layers_of(specification)) == 2  # bars and the line at 0
    with pytest.raises(XentError, match="at least one feature"):
        feature_importance({})
    with pytest.raises(XentError, match="most must be at least 1"):
        feature_importance(known, most=0)


def test_models_are_compared_figure_by_figure() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    runs = {
        name: evaluate(y, probabilities=np.clip(0.5 * y + share * rng.random(200), 0, 1))
        for name, share in (("good", 0.5), ("bad", 0.9))
    }
    chart = run_comparison(runs, figures=["auc", "log_loss"])
    light = check_chart(lambda theme: run_comparison(runs, figures=["auc"], theme=theme))
    assert axis_titles(light) == {"AUC"}
    assert len(chart.vconcat) == 2
    assert [row["run"] for row in rows_of(chart, 0)] == ["good", "bad"]
    for row in rows_of(chart, 3):
        estimate = runs[row["run"]].log_loss
        assert (row["value"], row["low"], row["high"]) == (
            estimate.value,
            estimate.low,
            estimate.high,
        )
    assert len(run_comparison(runs).vconcat) == 4


def test_mistakes_of_a_comparison_are_named() -> None:
    one = {"auc": Estimate(0.9), "recall": Estimate(0.5)}
    with pytest.raises(XentError, match="at least one model"):
        run_comparison({})
    with pytest.raises(XentError, match="b has no figure 'recall'"):
        run_comparison({"a": one, "b": {"auc": Estimate(0.8)}}, figures=["recall"])
    with pytest.raises(XentError, match="at least one figure"):
        run_comparison({"a": one, "b": {}})
    with pytest.raises(XentError, match="undefined for every model"):
        run_comparison({"a": {"auc": Estimate(float("nan"))}}, figures=["auc"])
    (row,) = rows_of(run_comparison({"a": {"auc": Estimate(0.9)}}))
    assert (row["value"], row["low"]) == (0.9, None)  # points only: no mark without data
