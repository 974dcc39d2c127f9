"""What a module's outputs can be, told from many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xent.arrays import FloatArray

__all__ = ["output_kind"]

SLACK: Final = {"float64": 1e-6, "float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}


def output_kind(batches: Iterable[FloatArray], dtype: str = "float32") -> str:
    """Return what all outputs have in common.

    Parameters
    ----------
    batches : iterable of arrays of shape (n, k)
        Outputs for inputs of several sizes, and for several random parameters: what holds for all of
        them is the form of the module, and not how small its weights are.
    dtype : str
        Of the outputs, which decides how exactly a sum of 1 is kept.

    Returns
    -------
    {"logits", "distribution", "probabilities", "log distribution"}
        Any numbers; rows of positive numbers that sum to 1; numbers in [0, 1]; logarithms of a
        distribution.

    Examples
    --------
    >>> z = np.array([[0.1, 0.9], [0.7, 0.3]])
    >>> output_kind([z]), output_kind([z, 3 * z]), output_kind([np.log(z)])
    ('distribution', 'logits', 'log distribution')
    """
    slack = SLACK[dtype]
    rows = [batch[np.isfinite(batch).all(axis=1)] for batch in batches]
    rows = [batch for batch in rows if len(batch)]
    if not rows:
        return "logits"
    outputs = np.concatenate(rows)
    several = outputs.shape[1] > 1
    if outputs.min() >= -slack and outputs.max() <= 1 + slack:
        sums = outputs.sum(axis=1)
        return "distribution" if several and np.abs(sums - 1).max() <= slack else "probabilities"
    if several and outputs.max() <= slack:
        top = outputs.max(axis=1, keepdims=True)
        totals = np.log(np.exp(outputs - top).sum(axis=1)) + top[:, 0]
        if np.abs(totals).max() <= slack * np.maximum(1.0, np.abs(top[:, 0])).max():
            return "log distribution"
    return "logits"
