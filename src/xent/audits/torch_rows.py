"""The rows of the data through a pair, beside their exact losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.audits.observations import RowFacts
from xent.audits.sweep import WRONG_GRADIENT
from xent.audits.torch_sweeps import exact_at

if TYPE_CHECKING:
    import torch

    from xent.arrays import Array, FloatArray
    from xent.audits.observations import TargetFacts
    from xent.audits.torch_sweeps import Composition

__all__ = ["row_facts"]


def row_facts(
    composition: Composition,
    logits: FloatArray,
    targets: Array,
    facts: TargetFacts,
    dtype: torch.dtype,
) -> RowFacts | None:
    """Return how the rows of the data fare; None for soft targets, and for several labels a row.

    Parameters
    ----------
    composition : Composition
    logits : array of shape (n, k)
        What the model gives its last function.
    targets : array
    facts : TargetFacts
    dtype : torch.dtype
        Of the model.
    """
    if facts.n_outside or not facts.is_whole or facts.form == "labels":
        return None
    is_of_classes = composition.reading.family == "classes"
    if facts.form != "column" and not is_of_classes:
        return None
    parts = list(_parts(logits, targets, facts))
    values, slopes, exact, exact_slopes = [], [], [], []
    for rows, label in parts:
        value, slope = composition.rows(rows, label, dtype)
        true_value, true_slope = exact_at(composition.reading, rows, label)
        values.append(value)
        slopes.append(slope)
        exact.append(true_value)
        exact_slopes.append(true_slope)
    slope, true_slope = np.concatenate(slopes), np.concatenate(exact_slopes)
    # a NaN is as wrong as any number
    is_wrong = ~(np.abs(slope - true_slope) <= WRONG_GRADIENT)
    return RowFacts(
        len(slope),
        int(is_wrong.sum()),
        int((is_wrong & (slope == 0)).sum()),
        float(np.concatenate(values).mean()),
        float(np.concatenate(exact).mean()),
    )


def _parts(logits: FloatArray, targets: Array, facts: TargetFacts) -> list[tuple[FloatArray, int]]:
    """Return the rows by label, with the logit of the truth as the first one."""
    if facts.form == "column":
        truth = np.asarray(targets).reshape(-1)
        return [(logits[truth == label], label) for label in (1, 0) if bool(np.any(truth == label))]
    codes = np.asarray(targets)
    codes = codes.argmax(axis=1) if facts.form == "one-hot" else codes.reshape(-1)
    codes = codes.astype(np.int64)
    turned = logits.copy()
    rows = np.arange(len(logits))
    turned[rows, 0], turned[rows, codes] = logits[rows, codes], logits[rows, 0].copy()
    return [(turned, 1)]
