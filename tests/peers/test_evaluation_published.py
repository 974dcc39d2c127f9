"""Figures that other packages print: pROC, yardstick, Spark, the docstrings of scikit-learn."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from xent import evaluation as ev

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ["VF", "F", "M", "L"]


def read(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize(
    ("score", "area"),
    [
        ("s100b", 0.731368563685637),
        ("ndka", 0.611957994579946),
        ("wfns", 0.823678861788618),
    ],
)
def test_proc_asah(shared_data: Path, score: str, area: float) -> None:
    table = read(shared_data / "reference" / "aSAH.csv")
    poor, scores = table["outcome"] == "Poor", table[score].astype(float)
    assert ev.roc_auc(poor, scores) == pytest.approx(area, abs=1e-15)
    assert ev.roc_curve(poor, scores).area == pytest.approx(area, abs=1e-14)
    assert ev.score_counts(poor, scores).roc_auc == pytest.approx(area, abs=1e-15)


def test_proc_asah_operating_point(shared_data: Path) -> None:
    # pROC's manual: best threshold of s100b 0.205, specificity 0.8056, sensitivity 0.6341.
    table = read(shared_data / "reference" / "aSAH.csv")
    counts = ev.score_counts(table["outcome"] == "Poor", table["s100b"].astype(float))
    point = counts.at(0.205)
    assert round(point.specificity, 4) == 0.8056
    assert round(point.recall, 4) == 0.6341
    best = counts.confusion().youden_j.argmax()
    assert point.youden_j == counts.confusion().youden_j[best]


def test_yardstick_two_class_example(shared_data: Path) -> None:
    table = read(shared_data / "reference" / "two_class_example.csv")
    y, p = table["truth"] == "Class1", table["Class1"].astype(float)
    labels = table["predicted"] == "Class1"
    assert round(ev.roc_auc(y, p), 10) == 0.9393138574
    assert round(ev.average_precision(y, p), 10) == 0.9465570240
    assert round(ev.log_loss(y, probabilities=p), 10) == 0.3283096499
    assert round(ev.brier(y, probabilities=p), 10) == 0.1056185920
    assert round(ev.mcc(y, labels=labels), 10) == 0.6768475603
    assert round(ev.kappa(y, labels=labels), 10) == 0.6748763727
    assert ev.accuracy(y, labels=labels) == 0.838
    # The package's README prints 0.939, 0.838 and 0.675 for area, accuracy and kappa.
    assert np.round(ev.roc_auc(y, p), 3) == 0.939
    assert np.round(ev.kappa(y, labels=labels), 3) == 0.675


def test_yardstick_hpc_cv(shared_data: Path) -> None:
    table = read(shared_data / "reference" / "hpc_cv.csv")
    y = np.array([CLASSES.index(name) for name in table["obs"]])
    labels = np.array([CLASSES.index(name) for name in table["pred"]])
    assert y.size == 3467
    assert round(ev.multiclass_precision(y, labels=labels), 3) == 0.631
    assert round(ev.multiclass_precision(y, labels=labels, average="micro"), 3) == 0.709
    assert round(ev.accuracy(y, labels=labels), 3) == 0.709
    p = np.column_stack([table[name].astype(float) for name in CLASSES])
    np.testing.assert_array_equal(p.argmax(axis=1), labels)
    assert ev.top_k_accuracy(y, p, k=1) == ev.accuracy(y, labels=labels)


def test_spark_multilabel_fixture() -> None:
    predicted = [{0, 1}, {0, 2}, set(), {2}, {2, 0}, {0, 1, 2}, {1}]
    true = [{0, 2}, {0, 1}, {0}, {2}, {2, 0}, {0, 1}, {1, 2}]
    y, labels = (np.array([[k in s for k in range(3)] for s in sets]) for sets in (true, predicted))
    assert ev.hamming_loss(y, labels=labels) == pytest.approx(1 / 3, abs=1e-15)
    assert ev.exact_match(y, labels=labels) == 2 / 7
    assert round(ev.multilabel_jaccard(y, labels=labels, average="samples"), 6) == 0.547619
    assert ev.multilabel_f1(y, labels=labels, average="micro") == pytest.approx(16 / 23, abs=1e-15)


def test_scikit_learn_docstrings() -> None:
    loss = ev.log_loss([1, 0, 0, 1], probabilities=[0.9, 0.1, 0.2, 0.65])
    assert round(loss, 5) == 0.21616
    assert ev.brier([0, 1, 1, 0], probabilities=[0.1, 0.9, 0.8, 0.3]) == pytest.approx(0.0375)
    area = ev.average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    assert round(area, 2) == 0.83
    y, labels = [0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]
    assert ev.balanced_accuracy(y, labels=labels) == 0.625
    assert round(ev.mcc([1, 1, 1, 0], labels=[1, 0, 1, 1]), 2) == -0.33
    y_sets, scores = [[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1], [1, 0.2, 0.1]]
    assert round(ev.lrap(y_sets, scores), 3) == 0.417  # the text says 0.416..., which goes on 66
    assert ev.ranking_loss(y_sets, scores) == 0.75
    class_scores = [[0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]]
    assert ev.top_k_accuracy([0, 1, 2, 2], class_scores, k=2) == 0.75


def test_scikit_learn_regression_docstrings() -> None:
    y, keys = [3, -0.5, 2, 7], {"predictions": [2.5, 0.0, 2, 8]}
    assert ev.mae(y, **keys) == 0.5
    assert ev.mse(y, **keys) == 0.375
    assert round(ev.rmse(y, **keys), 3) == 0.612
    assert round(ev.mape(y, **keys), 4) == 0.3274  # cut off to 0.3273 where it was printed
    assert round(ev.r2(y, **keys), 3) == 0.949  # cut off to 0.948


def test_model_diagnostics_decomposed_example() -> None:
    y, p = [0, 0, 0, 1, 1, 1], [0.4, 0.3, 0.2, 0.1, 0.5, 0.9]
    assert round(ev.brier(y, probabilities=p), 7) == 0.2266667
    assert round(ev.log_loss(y, probabilities=p), 7) == 0.6986228


def test_average_precision_is_not_the_trapezoid() -> None:
    y = [1] * 10 + [0] * 90
    assert ev.average_precision(y, np.zeros(100)) == 0.1
    curve = ev.pr_curve(y, np.zeros(100))
    assert (curve.recall.tolist(), curve.precision.tolist()) == ([1.0], [0.1])
