"""A few figures after every epoch, for the history: cheap, on inputs checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import MultiLabelSoftmax
from xent.evaluation.counts import sum_weights
from xent.evaluation.inputs import weighted_mean
from xent.evaluation.ranking import rank_auc

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution

__all__ = ["decided_labels", "epoch_metrics", "is_soft"]

NAN = float("nan")

_NAMES = {
    "binary": ("accuracy", "auc"),
    "multiclass": ("accuracy",),
    "multilabel": ("exact_match", "hamming_loss"),
}


def epoch_metrics(
    task: str,
    z: Array,
    y: Array,
    weight: FloatArray | None = None,
    *,
    distribution: Distribution,
) -> dict[str, float]:
    """Return the figures of one part after one epoch.

    Binary: accuracy and exact AUC; multiclass: accuracy; multilabel: exact match and Hamming loss;
    regression: RMSE of the predicted means. NaN outputs, and soft labels where a class is needed,
    give NaN; nothing is raised.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    z : array of shape (n,) or (n, n_outputs)
        Outputs of the network.
    y : array
        Targets as `distribution.check_targets` gives them; not checked again.
    weight : array of shape (n,), optional
        Weight a row.
    distribution : Distribution
        The model's own, without modifiers.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> z, y = np.array([2.0, -1.0, 0.5]), np.array([1.0, 0.0, 0.0])
    >>> epoch_metrics("binary", z, y, distribution=Bernoulli())
    {'accuracy': 0.6666666666666666, 'auc': 1.0}
    """
    if task == "regression":
        error = np.asarray(distribution.mean(z), dtype=np.float64) - y
        return {"rmse": float(weighted_mean(np.square(error), weight) ** 0.5)}
    if is_soft(task, y) or np.isnan(z).any():
        return dict.fromkeys(_NAMES[task], NAN)
    if task == "binary":
        return _binary(z.reshape(-1), y, weight)
    if task == "multiclass":
        return {"accuracy": weighted_mean(np.argmax(z, axis=1) == y, weight)}
    wrong = decided_labels(z, 0.5, distribution) != y
    return {
        "exact_match": weighted_mean(~wrong.any(axis=1), weight),
        "hamming_loss": weighted_mean(wrong.mean(axis=1), weight),
    }


def is_soft(task: str, y: Array) -> bool:
    """Tell whether class targets hold shares instead of classes."""
    if task == "multiclass":
        return y.ndim == 2
    return task != "regression" and not bool(np.all((y == 0) | (y == 1)))


def decided_labels(z: Array, threshold: float, distribution: Distribution) -> Array:
    """Return where a label is decided for: its probability is at least `threshold`.

    Labels that share one softmax compete, and no threshold suits every number of them: there the
    most probable one is taken.
    """
    if isinstance(distribution, MultiLabelSoftmax):
        chosen: Array = np.asarray(distribution.mode(z)) == 1
        return chosen
    with np.errstate(divide="ignore"):
        reached: Array = z >= np.log(threshold) - np.log1p(-threshold)
    return reached


def _binary(z: Array, y: Array, weight: FloatArray | None) -> dict[str, float]:
    positive = y == 1
    right = weighted_mean((z >= 0) == positive, weight)
    if weight is None:
        return {"accuracy": right, "auc": rank_auc(positive, z)}
    return {"accuracy": right, "auc": sum_weights(positive, z, weight).roc_auc}
