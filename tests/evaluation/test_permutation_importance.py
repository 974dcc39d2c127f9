"""Permutation importance: what is lost by a shuffle, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation import accuracy, roc_auc
from xent.evaluation.permutation_importance import permutation_importance


def squared_error(y: Any, predicted: Any, weight: Any = None) -> float:
    return float(np.average((y - predicted) ** 2, weights=weight))


def data(n_rows: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, 3))
    return X, X @ [2.0, 0.5, 0.0] + rng.standard_normal(n_rows)


def test_a_linear_model_loses_twice_the_variance_that_a_feature_explains() -> None:
    # E(y - p')^2 - E(y - p)^2 = 2 w^2 Var(x) for a model that is right: 8, 0.5 and 0
    X, y = data(20_000)
    found = permutation_importance(
        lambda rows: rows @ [2.0, 0.5, 0.0], X, y, squared_error, lower_is_better=True
    )
    assert [e.value for e in found.features.values()] == pytest.approx([8, 0.5, 0], abs=0.15)
    assert found.baseline == pytest.approx(1, abs=0.05)
    assert found.ranked == ["x0", "x1", "x2"]
    assert found.repeats.shape == (3, 5)
    np.testing.assert_allclose(
        found.repeats.mean(axis=1), [e.value for e in found.features.values()]
    )


def test_a_feature_that_the_model_ignores_is_worth_exactly_nothing() -> None:
    X, y = data(100)
    found = permutation_importance(lambda rows: rows[:, 0], X, y, squared_error)
    idle = found.features["x2"]
    assert (idle.value, idle.low, idle.high) == (0, 0, 0)
    assert idle.why == "no shuffle changes the figure"


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    hits, n_samples = np.zeros(2), 120
    for seed in range(n_samples):
        X, y = data(150, seed)
        found = permutation_importance(
            lambda rows: rows @ [2.0, 0.5, 0.0],
            X,
            y,
            squared_error,
            lower_is_better=True,
            random_state=seed,
        )
        pairs = zip(found.features.values(), (8.0, 0.5), strict=False)
        hits += [estimate.low <= truth <= estimate.high for estimate, truth in pairs]
    # 95% asked for; three standard errors of 120 samples are 6 points
    assert (hits / n_samples >= 0.89).all()
    assert (hits / n_samples <= 1.0).all()


def test_an_interval_of_few_rows_is_wider() -> None:
    widths = []
    for n_rows in (100, 10_000):
        X, y = data(n_rows)
        found = permutation_importance(lambda rows: rows[:, 0], X, y, squared_error)
        widths.append(found.features["x0"].width)
    assert widths[0] / widths[1] == pytest.approx(10, rel=0.6)


def test_columns_of_one_feature_are_shuffled_together() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 3, 300)
    X = np.column_stack([np.eye(3)[codes], rng.standard_normal(300)])
    seen: list[Any] = []

    def predict(rows: Any) -> Any:
        seen.append(rows.copy())
        return np.argmax(rows[:, :3], axis=1)

    found = permutation_importance(
        predict,
        X,
        codes,
        lambda y, p: accuracy(y, labels=p),
        features={"city": np.arange(3), "age": np.int64(3)},
        n_repeats=2,
    )
    assert found.baseline == 1
    assert found.features["city"].value == pytest.approx(2 / 3, abs=0.1)
    for rows in seen:
        assert (rows[:, :3].sum(axis=1) == 1).all()  # every row still has one city
        np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(X, axis=0))


def test_the_rows_given_are_left_as_they_are() -> None:
    X, y = data(50)
    before = X.copy()
    permutation_importance(lambda rows: rows[:, 0], X, y, squared_error)
    np.testing.assert_array_equal(X, before)


def test_the_seed_decides_and_another_figure_needs_no_sign() -> None:
    X, y = data(200)
    truth = (y > 0).astype(np.int64)

    def of(seed: int) -> list[float]:
        found = permutation_importance(
            lambda rows: rows[:, 0], X, truth, roc_auc, random_state=seed
        )
        return [e.value for e in found.features.values()]

    assert of(1) == of(1) != of(2)
    assert 0.2 < of(1)[0] < 0.5
    assert of(1)[1:] == [0, 0]


@given(st.integers(0, 2**32 - 1))
def test_rows_of_weight_zero_are_absent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = data(40, seed)
    weight = rng.integers(0, 2, 40).astype(float)
    weight[:3] = 1
    arguments: dict[str, Any] = {"lower_is_better": True, "n_repeats": 2, "random_state": 5}
    found = permutation_importance(
        lambda rows: rows[:, 0], X, y, squared_error, weight=weight, **arguments
    )
    kept = weight > 0
    alone = permutation_importance(
        lambda rows: rows[:, 0], X[kept], y[kept], squared_error, weight=weight[kept], **arguments
    )
    np.testing.assert_array_equal(found.repeats, alone.repeats)
    assert found.features["x0"] == alone.features["x0"]


def test_a_figure_that_some_rows_leave_undefined_has_no_interval() -> None:
    X, _ = data(30)
    y = np.zeros(30)
    y[0] = 1  # without its block there is no positive row
    found = permutation_importance(lambda rows: rows[:, 0], X, y, roc_auc)
    estimate = found.features["x0"]
    assert not estimate.has_interval
    assert estimate.is_defined
    assert "undefined" in estimate.why


def test_two_rows_have_a_value() -> None:
    found = permutation_importance(
        lambda rows: rows[:, 0], [[0.0], [1.0]], [0.0, 1.0], squared_error, lower_is_better=True
    )
    assert 0 <= found.features["x0"].value <= 1
    assert not found.features["x0"].has_interval


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"X": [1.0, 2.0]}, "X must be a matrix"),
        ({"X": [["a"], ["b"]]}, "Encode categories"),
        ({"y": [1.0]}, "y must have the 50 rows"),
        ({"features": ["a", "b"]}, "features must name the 3 columns"),
        ({"features": ["a", "b", "a"]}, "each differently"),
        ({"features": {"a": 3}}, r"features\['a'\] must hold columns of X, 0 to 2"),
        ({"features": {"a": ()}}, "must hold columns"),
        ({"features": {}}, "at least one"),
        ({"n_repeats": 0}, "n_repeats must be at least 1"),
        ({"level": 1.0}, "level"),
        ({"predict": lambda rows: rows[:3, 0]}, "predict must return one prediction a row"),
        ({"weight": [1.0] + [0.0] * 49}, "at least 2 rows"),
    ],
)
def test_mistakes_are_named(changed: dict[str, Any], message: str) -> None:
    X, y = data(50)
    given: dict[str, Any] = {
        "predict": lambda rows: rows[:, 0],
        "X": X,
        "y": y,
        "figure": squared_error,
    }
    with pytest.raises(XentError, match=message):
        permutation_importance(**{**given, **changed})
