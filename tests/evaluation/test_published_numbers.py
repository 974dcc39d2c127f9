"""Figures that packages for R print in their manuals: yardstick, precrec, pROC.

What scikit-learn, Spark and pROC print otherwise stands in tests/peers/test_evaluation_published.py
and in the tests of intervals and calibration.
"""

from __future__ import annotations

import csv
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from xent import evaluation as ev

if TYPE_CHECKING:
    from pathlib import Path

EPS = np.finfo(np.float64).eps
CLASSES = ["VF", "F", "M", "L"]
# what yardstick 1.4 prints for the ten folds of hpc_cv
FOLDS = {
    "hand_till": [0.813, 0.817, 0.869, 0.849, 0.811, 0.836, 0.825, 0.846, 0.828, 0.812],
    "weighted_auc": [0.880, 0.873, 0.906, 0.867, 0.866, 0.865, 0.868, 0.865, 0.841, 0.869],
    "mcc": [0.542, 0.521, 0.602, 0.519, 0.520, 0.494, 0.461, 0.538, 0.459, 0.498],
    "kappa": [0.533, 0.512, 0.594, 0.511, 0.514, 0.486, 0.454, 0.531, 0.454, 0.492],
    "balanced_accuracy": [0.717, 0.711, 0.767, 0.724, 0.715, 0.707, 0.699, 0.734, 0.717, 0.706],
    "weighted_balanced": [0.771, 0.763, 0.799, 0.758, 0.762, 0.746, 0.733, 0.768, 0.734, 0.750],
    "youden": [0.434, 0.422, 0.533, 0.449, 0.431, 0.413, 0.398, 0.468, 0.435, 0.412],
    "weighted_youden": [0.542, 0.527, 0.597, 0.515, 0.524, 0.492, 0.466, 0.535, 0.468, 0.501],
    "log_loss": [0.734, 0.808, 0.705, 0.747, 0.799, 0.766, 0.927, 0.855, 0.861, 0.821],
    "pr_trapezoid": [0.611, 0.620, 0.689, 0.680, 0.620, 0.650, 0.607, 0.650, 0.628, 0.603],
    "weighted_pr": [0.746, 0.743, 0.789, 0.754, 0.737, 0.743, 0.748, 0.756, 0.711, 0.737],
}


def read(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def fold_figures(y: Any, labels: Any, p: Any) -> dict[str, float]:
    """Return the figures of `FOLDS`; what yardstick averages over classes is averaged here."""
    counts = ev.class_counts(y, labels=labels, n_classes=4)
    support = np.bincount(y, minlength=4)
    areas = [ev.pr_trapezoid_area(y == k, p[:, k]) for k in range(4)]
    return {
        "hand_till": ev.hand_till_auc(y, p),
        "weighted_auc": ev.one_vs_rest_auc(y, p, average="weighted"),
        "mcc": ev.multiclass_mcc(y, labels=labels),
        "kappa": ev.multiclass_kappa(y, labels=labels),
        # theirs is the mean of the two-class figure, not of the recalls
        "balanced_accuracy": float(np.mean(counts.balanced_accuracy)),
        "weighted_balanced": float(np.average(counts.balanced_accuracy, weights=support)),
        "youden": float(np.mean(counts.youden_j)),
        "weighted_youden": float(np.average(counts.youden_j, weights=support)),
        # theirs clips: one row of the eighth fold gives its class less
        "log_loss": ev.multiclass_log_loss(y, probabilities=np.maximum(p, EPS)),
        "pr_trapezoid": float(np.mean(areas)),
        "weighted_pr": float(np.average(areas, weights=support)),
    }


@pytest.fixture(scope="module")
def hpc(shared_data: Path) -> tuple[Any, ...]:
    """Return codes, labels, probabilities and fold of yardstick's hpc_cv."""
    table = read(shared_data / "reference" / "hpc_cv.csv")
    y, labels = (np.array([CLASSES.index(x) for x in table[name]]) for name in ("obs", "pred"))
    p = np.column_stack([table[name].astype(float) for name in CLASSES])
    return y, labels, p, table["Resample"]


@pytest.mark.parametrize("fold", range(10))
def test_yardstick_folds_of_hpc_cv(hpc: tuple[Any, ...], fold: int) -> None:
    *columns, folds = hpc
    rows = folds == f"Fold{fold + 1:02}"
    ours = fold_figures(*(column[rows] for column in columns))
    printed = {name: values[fold] for name, values in FOLDS.items()}
    assert {name: round(value, 3) for name, value in ours.items()} == printed


def test_yardstick_all_of_hpc_cv(hpc: tuple[Any, ...]) -> None:
    y, labels, p, folds = hpc
    schemes = {"unweighted": 0.508, "linear": 0.593, "quadratic": 0.692}
    for scheme, printed in schemes.items():
        assert round(ev.multiclass_kappa(y, labels=labels, scheme=scheme), 3) == printed
    first, eighth = folds == "Fold01", folds == "Fold08"
    assert round(ev.multiclass_log_loss(y[eighth], probabilities=p[eighth]), 3) == 0.856
    assert p[eighth, y[eighth]].min() < EPS
    assert round(ev.hand_till_auc(y[first], p[first]), 7) == 0.8131924
    assert round(ev.multiclass_log_loss(y[first], probabilities=p[first]), 7) == 0.7338423


def test_yardstick_two_class_example(shared_data: Path) -> None:
    table = read(shared_data / "reference" / "two_class_example.csv")
    y, p = table["truth"] == "Class1", table["Class1"].astype(float)
    labels = table["predicted"] == "Class1"
    assert round(ev.balanced_accuracy(y, labels=labels), 7) == 0.8366167
    assert round(ev.youden_j(y, labels=labels), 7) == 0.6732334
    assert round(ev.pr_trapezoid_area(y, p), 3) == 0.946


def test_yardstick_solubility_test(shared_data: Path) -> None:
    table = read(shared_data / "reference" / "solubility_test.csv")
    y, p = table["solubility"].astype(float), table["prediction"].astype(float)
    assert round(ev.rmse(y, predictions=p), 3) == 0.722
    assert round(ev.mae(y, predictions=p), 3) == 0.545
    assert round(ev.r2(y, predictions=p), 3) == 0.879
    assert np.isnan(ev.mape(y, predictions=p))  # infinite there: a solubility is zero
    assert round(100 * ev.smape(y, predictions=p), 1) == 36.7


def test_precrec_p10n10() -> None:
    """Ten positives and ten negatives with ties, as its manual's table of cutoffs shows them.

    Where that table is cut, the one order that gives the four areas. The manual's 0.7397716 is
    interpolated like ours, on a grid of points.
    """
    scores = np.array([20, 19, 18, 17, 16, 15, *[14] * 6, 8, 7, 6, *[5] * 5])
    y = np.array([1, 1, 0, 1, 1, 1, *[1] * 2, *[0] * 4, 1, 0, 1, 1, *[0] * 4])
    assert y.sum() == 10
    assert ev.roc_auc(y, scores) == pytest.approx(0.72, abs=1e-15)
    assert round(ev.average_precision(y, scores), 4) == 0.7265
    assert round(ev.pr_trapezoid_area(y, scores), 4) == 0.7452
    assert ev.davis_goadrich_area(y, scores) == pytest.approx(0.7397716, abs=1e-6)
    counts = ev.score_counts(y, scores)
    assert [round(counts.at(t).precision, 7) for t in (17, 14, 6)] == [0.75, 0.5833333, 0.6]
    assert [counts.at(t).recall for t in (17, 14, 6)] == [0.3, 0.7, 0.9]
    best = ev.figure_at_thresholds(y, scores, figure="f1")
    assert (best.thresholds[best.values.argmax()], round(best.values.max(), 7)) == (6, 0.72)
    fourth = counts.at(16)
    assert (round(fourth.mcc, 7), round(fourth.kappa, 7)) == (0.3464102, 0.3)


def test_proc_multiclass_auc_of_one_marker(shared_data: Path) -> None:
    """pROC's multiclass.roc of gos6 by s100b: every pair of outcomes, each its better way round."""
    table = read(shared_data / "reference" / "aSAH.csv")
    outcome, marker = table["gos6"].astype(int), table["s100b"].astype(float)
    areas = []
    for low, high in combinations(np.unique(outcome), 2):
        rows = (outcome == low) | (outcome == high)
        area = ev.roc_auc(outcome[rows] == low, marker[rows])
        areas.append(max(area, 1 - area))
    assert round(float(np.mean(areas)), 10) == 0.6539999352


def test_three_areas_under_constant_scores() -> None:
    y, scores = [1] * 10 + [0] * 90, np.full(100, 0.5)
    assert ev.average_precision(y, scores) == 0.1
    assert ev.davis_goadrich_area(y, scores) == pytest.approx(0.1, abs=1e-15)
    assert ev.pr_trapezoid_area(y, scores) == pytest.approx(0.55, abs=1e-15)
