"""Faults of predicted numbers: another scale, rows in another order, a bias, uneven residuals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.extremes import dominating_rows
from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import two_sided_tail, upper_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray

__all__ = [
    "few_rows_dominate",
    "mean_bias",
    "other_scale",
    "uneven_residuals",
    "wrong_slope",
]

SURE = 5.0  # standard errors
MIN_ROWS = 20
# residuals of the largest quarter of predictions spread this much more, or less, than of the smallest
UNEVEN = 1.5


def other_scale(y: FloatArray, predicted: FloatArray) -> Finding | None:
    """Find predictions of a logarithm, a standardized target or another unit.

    As they are they must be worse than the constant mean, on that scale better than one, each beyond chance.
    """
    if len(y) < MIN_ROWS or y.min() == y.max() or _gain(y, predicted) > -SURE:
        return None
    # of scales that resemble each other, the one that explains most
    name, undo, on_scale = max(_scales(y), key=lambda scale: _explained(scale[2], predicted))
    best = _gain(on_scale, predicted)
    if best < SURE:
        return None
    seen = (
        f"the predictions fit {name} ({best:.1f} standard errors better than a constant); as they are, the constant "
        f"mean is better ({-_gain(y, predicted):.1f} standard errors)"
    )
    evidence = {"scale": name, "gain": best}
    cure = f"give predictions in the target's own unit: {undo}"
    return Finding("other scale", upper_tail(best), seen, cure, evidence)


def _scales(y: FloatArray) -> list[tuple[str, str, FloatArray]]:
    spread = float(y.std())
    scales = [
        ("the standardized target", "times its deviation, plus its mean", (y - y.mean()) / spread)
    ]
    logs: tuple[tuple[str, str, Callable[[FloatArray], FloatArray]], ...] = (
        ("log(y)", "take exp", np.log),
        ("log10(y)", "take 10 to their power", np.log10),
    )
    if y.min() > 0:
        scales += [(name, undo, transform(y)) for name, undo, transform in logs]
    if y.min() > -1:
        scales.append(("log(1 + y)", "take expm1", np.log1p(y)))
    if y.min() >= 0:
        scales.append(("sqrt(y)", "take squares", np.sqrt(y)))
    scales += [
        (f"y times {10.0**power:g}", f"divide by {10.0**power:g}", y * 10.0**power)
        for power in (-6, -3, -2, -1, 1, 2, 3, 6)
    ]
    return scales


def _explained(y: FloatArray, predicted: FloatArray) -> float:
    """Return the share of the variance that is explained."""
    total = float(np.square(y - y.mean()).sum())
    return 1 - float(np.square(y - predicted).sum()) / total if total > 0 else -math.inf


def _gain(y: FloatArray, predicted: FloatArray) -> float:
    """Return by how many standard errors the squared error is less than that of the mean."""
    gains = np.square(y - y.mean()) - np.square(y - predicted)
    error = float(gains.std() / math.sqrt(len(y)))
    return float(gains.mean()) / error if error > 0 else 0.0


def mean_bias(y: FloatArray, predicted: FloatArray, alpha: float) -> Finding | None:
    """Find predictions that lie too high or too low on average (t test of the residuals)."""
    from scipy.stats import t

    residuals = y - predicted
    n, spread = len(y), float(residuals.std(ddof=1)) if len(y) > 1 else 0.0
    if n < MIN_ROWS or spread == 0:
        return None
    ratio = float(residuals.mean()) / (spread / math.sqrt(n))
    p_value = 2 * float(t.sf(abs(ratio), n - 1))
    if p_value >= alpha:
        return None
    where = "low" if ratio > 0 else "high"
    seen = (
        f"predictions are {abs(residuals.mean()):.4g} too {where} on average "
        f"({abs(residuals.mean()) / spread:.2f} standard deviations of the residuals)"
    )
    cure = (
        "a loss of medians or of logarithms predicts no mean: say which is wanted; else were these rows drawn like "
        "those of the training?"
    )
    return Finding("mean bias", p_value, seen, cure, {"bias": -float(residuals.mean())})


def wrong_slope(y: FloatArray, predicted: FloatArray, alpha: float) -> Finding | None:
    """Find predictions that go too far or not far enough: the slope of the targets on them is not 1.

    The slope's error is White's (HC3), which holds for uneven residuals.
    """
    from scipy.stats import t

    n = len(y)
    centered = predicted - predicted.mean()
    total = float(centered @ centered)
    if n < MIN_ROWS or total == 0:
        return None
    slope = float(centered @ y) / total
    leverage = 1 / n + np.square(centered) / total
    residuals = (y - y.mean() - slope * centered) / np.maximum(1 - leverage, 1e-6)
    error = math.sqrt(float(np.square(centered * residuals).sum())) / total
    if error == 0:
        return None
    p_value = 2 * float(t.sf(abs(slope - 1) / error, n - 2))
    if p_value >= alpha:
        return None
    how = "go too far" if slope < 1 else "do not go far enough"
    seen = f"targets rise by {slope:.3f} where predictions rise by 1 (standard error {error:.3f}): they {how}"
    cure = (
        "weight decay or early stopping where they go too far, less of it where they do not; "
        "or fit the line on validation rows"
    )
    evidence = {"slope": slope, "standard_error": error}
    return Finding("miscalibration", p_value, seen, cure, evidence)


def uneven_residuals(y: FloatArray, predicted: FloatArray, alpha: float) -> Finding | None:
    """Find residuals whose spread goes with the prediction: Spearman's correlation, and large enough to matter."""
    from scipy.stats import rankdata

    n = len(y)
    if n < 4 * MIN_ROWS or predicted.min() == predicted.max():
        return None
    apart = np.abs(y - predicted - np.median(y - predicted))
    ranks, sizes = rankdata(predicted), rankdata(apart)
    if apart.min() == apart.max():
        return None
    rank_correlation = float(np.corrcoef(ranks, sizes)[0, 1])
    p_value = two_sided_tail(rank_correlation * math.sqrt(n - 1))
    low, high = np.quantile(predicted, [0.25, 0.75])
    small, large = float(apart[predicted <= low].mean()), float(apart[predicted >= high].mean())
    if p_value >= alpha or max(small, large) < UNEVEN * min(small, large):
        return None
    seen = (
        f"residuals are {large:.4g} in the mean in the highest quarter of predictions, {small:.4g} in the "
        f"lowest (rank correlation {rank_correlation:.2f})"
    )
    cure = (
        "predict a scale as well (a distribution with its own scale a row), or the logarithm of the target; "
        "one width of interval does not fit all"
    )
    evidence = {"rank_correlation": rank_correlation, "low": small, "high": large}
    return Finding("uneven residuals", p_value, seen, cure, evidence)


def few_rows_dominate(y: FloatArray, predicted: FloatArray) -> Finding | None:
    """Find that one row in a hundred holds half of the squared error or more."""
    dominating = dominating_rows(np.square(y - predicted))
    if dominating is None:
        return None
    worst, share = dominating
    shown = ", ".join(str(row) for row in worst[:5])
    more = ", ..." if len(worst) > 5 else ""
    seen = f"{len(worst):,} of {len(y):,} rows hold {share:.0%} of the squared error: rows {shown}{more}"
    cure = (
        "look at these rows; a loss with heavy tails (Laplace, Student t) or the median absolute error "
        "is not ruled by them"
    )
    evidence = {"share": share, "rows": worst[:100].tolist()}
    return Finding("few rows dominate", math.nan, seen, cure, evidence)
