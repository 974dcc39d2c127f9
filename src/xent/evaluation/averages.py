"""One figure of several classes or labels: its macro, micro and weighted average."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.confusion import ConfusionCounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray


__all__ = ["averaged", "check_average", "defined_mean"]

AVERAGES = ("macro", "micro", "weighted")


def averaged(
    counts: ConfusionCounts[FloatArray],
    figure: str | Callable[[ConfusionCounts[Any]], Any],
    average: str,
    undefined: float,
) -> float:
    """Average a figure of `ConfusionCounts` over the classes that its arrays hold.

    Parameters
    ----------
    counts : ConfusionCounts of arrays (K,)
        One entry a class or a label, each against the rest.
    figure : str or callable
        The property, "precision" for instance; or what takes counts and returns the figure.
    average : {"macro", "micro", "weighted"}
        The plain mean; the figure of the summed counts; the mean by number of positive rows.
    undefined : float
        What stands for a 0 / 0; NaN leaves that class out.

    Returns
    -------
    float
        NaN when nothing is left to average.

    Examples
    --------
    >>> tp, fn, fp, tn = np.array([[1, 2], [2, 2], [4, 1], [3, 5]])
    >>> counts = ConfusionCounts(tp, fn, fp, tn)
    >>> round(averaged(counts, "precision", "macro", float("nan")), 4)
    0.4333
    """
    read = attrgetter(figure) if isinstance(figure, str) else figure
    if average == "micro":
        total = ConfusionCounts(
            tp=counts.tp.sum().item(),
            fn=counts.fn.sum().item(),
            fp=counts.fp.sum().item(),
            tn=counts.tn.sum().item(),
        )
        value = float(read(total))
        return undefined if np.isnan(value) else value
    support = counts.tp + counts.fn if average == "weighted" else None
    return defined_mean(read(counts), support, undefined)


def defined_mean(values: FloatArray, weight: Array | None, undefined: float) -> float:
    """Return the weighted mean of `values`, `undefined` in place of NaN; NaN leaves it out."""
    filled = np.where(np.isnan(values), undefined, values)
    kept = ~np.isnan(filled)
    shares = np.ones(filled.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    total = shares[kept].sum()
    return float((filled[kept] * shares[kept]).sum() / total) if total > 0 else float("nan")


def check_average(average: str, known: tuple[str, ...] = AVERAGES) -> None:
    """Refuse an average that does not exist, naming the nearest.

    Raises
    ------
    XentError
        When `average` is not one of `known`.
    """
    if average not in known:
        raise XentError(
            f"average must be one of {', '.join(known)}, got {average!r}."
            f"{nearest_hint(str(average), known)}"
        )
