"""Agreement with scikit-learn: curves, point by point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agreement import ANY, NAN, Agreement, Difference, check, quietly
from ranking_cases import Case, cases
from scipy.special import expit
from sklearn import metrics
from sklearn.calibration import calibration_curve

from xent import evaluation as ev

NO_WEIGHTS = "ties, certain rows, one class; no weights"
INPUTS = "ties, near ties, subnormal and huge scores, float32, one class"


def columns(curve: Any, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(curve, name) for name in names)


def ours(name: str, *names: str, **keys: Any) -> Any:
    return lambda c: columns(
        getattr(ev, name)(c.y, c.finite, weight=c.weight, **keys), *names, "thresholds"
    )


def pr(c: Case) -> tuple[Any, ...]:
    """Descending thresholds, without scikit-learn's last point, which has no threshold."""
    precision, recall, thresholds = c.pr
    return recall[:-1][::-1], precision[:-1][::-1], thresholds[::-1]


def det(c: Case) -> tuple[Any, ...]:
    return quietly(
        metrics.det_curve, c.y, c.finite, sample_weight=c.weight, drop_intermediate=False
    )


def det_points(c: Case) -> tuple[Any, ...]:
    """Rising thresholds, and only those that scikit-learn keeps, where it has a curve."""
    curve = ev.det_curve(c.y, c.finite, weight=c.weight)
    kept = np.isin(curve.thresholds, det(c)[2]) if len(c.classes) == 2 else slice(None)
    return tuple(column[kept][::-1] for column in (curve.fpr, curve.fnr, curve.thresholds))


def rates(c: Case) -> tuple[Any, ...]:
    """Every rate by rising thresholds, from scikit-learn's ROC curve."""
    fpr, tpr, thresholds = c.roc
    return fpr[::-1], 1 - tpr[::-1], thresholds[::-1]


def no_recall(c: Case) -> tuple[Any, ...]:
    thresholds = c.pr[2][::-1]
    return np.full(thresholds.shape, NAN), np.zeros(thresholds.shape), thresholds


def probability(c: Case) -> Any:
    return expit(np.clip(c.finite, -800, 800).astype(np.float64))


def bins(c: Case) -> tuple[Any, ...]:
    """Share and mean probability of the bins that hold any row."""
    curve = ev.reliability(c.y, probabilities=probability(c), n_bins=7)
    full = curve.count > 0
    return curve.share[full], curve.probability[full]


def counts(c: Case) -> tuple[Any, ...]:
    return quietly(metrics.confusion_matrix_at_thresholds, c.y, c.finite, sample_weight=c.weight)


def at_thresholds(metric: Any) -> Any:
    def theirs(c: Case) -> tuple[Any, ...]:
        values, thresholds = metrics.metric_at_thresholds(
            c.y, c.finite, metric, sample_weight=c.weight
        )
        return values, thresholds

    return theirs


def decisions(c: Case) -> tuple[Any, ...]:
    every = ev.score_counts(c.y, c.finite, weight=c.weight)
    confusion = every.confusion()
    return (*columns(confusion, "tn", "fp", "fn", "tp"), every.thresholds)


def gain(c: Case) -> tuple[Any, ...]:
    _, fp, _, tp, thresholds = counts(c)
    share = (tp + fp) / (tp + fp)[-1]
    return np.r_[0, share], np.r_[0, tp] / tp[-1], np.r_[np.inf, thresholds]


def lift(c: Case) -> tuple[Any, ...]:
    _, fp, _, tp, thresholds = counts(c)
    share = (tp + fp) / (tp + fp)[-1]
    return share, tp / tp[-1] / share, thresholds


def cost(y: Any, labels: Any, sample_weight: Any = None) -> float:
    _, fp, fn, _ = metrics.confusion_matrix(
        y, labels, labels=[0, 1], sample_weight=sample_weight, normalize="all"
    ).ravel()
    return 5 * fn + fp


CURVES = [
    Agreement(
        "score_counts",
        "confusion_matrix_at_thresholds",
        decisions,
        counts,
    ),
    Agreement(
        "roc_curve",
        "roc_curve(drop_intermediate=False)",
        ours("roc_curve", "fpr", "tpr"),
        lambda c: c.roc,
    ),
    Agreement(
        "pr_curve",
        "precision_recall_curve",
        ours("pr_curve", "recall", "precision"),
        pr,
        differences=[
            Difference(
                lambda c: 1 not in c.classes,
                no_recall,
                ANY,
                "no positive row: recall NaN; scikit-learn 1",
            )
        ],
    ),
    Agreement(
        "det_curve",
        "det_curve(drop_intermediate=False)",
        det_points,
        det,
        differences=[
            Difference(
                lambda c: len(c.classes) < 2,
                rates,
                ANY,
                "one class: the rate of the other is there; scikit-learn refuses",
            )
        ],
    ),
    Agreement(
        "gain_curve",
        "from `confusion_matrix_at_thresholds`",
        ours("gain_curve", "share", "recall"),
        gain,
    ),
    Agreement(
        "lift_curve",
        "from `confusion_matrix_at_thresholds`",
        ours("lift_curve", "share", "lift"),
        lift,
    ),
    Agreement(
        "figure_at_thresholds",
        "metric_at_thresholds(accuracy_score)",
        ours("figure_at_thresholds", "values", figure="accuracy"),
        at_thresholds(metrics.accuracy_score),
    ),
    Agreement(
        "cost_at_thresholds",
        "metric_at_thresholds",
        ours("cost_at_thresholds", "values", cost_fn=5, cost_fp=1),
        at_thresholds(cost),
    ),
    Agreement(
        "reliability",
        "calibration_curve",
        bins,
        lambda c: calibration_curve(c.y, probability(c), n_bins=7, pos_label=1),
    ),
]


@pytest.mark.parametrize(
    "agreement", [row.row(NO_WEIGHTS if row.figure == "reliability" else INPUTS) for row in CURVES]
)
def test_curves(agreement: Agreement) -> None:
    check(agreement, cases())
