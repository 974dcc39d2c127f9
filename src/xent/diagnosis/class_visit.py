"""The checks of predictions of several classes, the most basic first."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.binary_predictions import logits_as_probabilities
from xent.diagnosis.class_calibration import miscalibrated_classes
from xent.diagnosis.class_probability_faults import constant_rows, softmaxed_twice
from xent.diagnosis.class_row_order import shifted_classes, shuffled_classes
from xent.diagnosis.column_order import swapped_columns
from xent.diagnosis.finding import Finding
from xent.diagnosis.label_noise import noisy_labels, too_sure_to_tell
from xent.diagnosis.probability_faults import clipped, row_sums
from xent.diagnosis.visit import Visit
from xent.distributions import Categorical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray, IntArray
    from xent.diagnosis.finding import Diagnosis

__all__ = ["diagnose_classes"]

ONE_CLASS = "y has one class only"
HIDDEN = "an earlier fault hides it"
# a class with less than this part of an equal share of the rows is rare
RARE = 0.1


def diagnose_classes(
    truth: IntArray, values: FloatArray, name: str, names: Sequence[str], alpha: float
) -> Diagnosis:
    """Return what looks wrong with one column a class.

    Parameters
    ----------
    truth : array of int64, shape (n,)
        Class codes.
    values : array of shape (n, K)
    name : str
        "probabilities" or "logits".
    names : sequence of str
        Of the classes.
    alpha : float
        False alarms that a test is allowed.
    """
    visit = Visit()
    p = np.asarray(Categorical(values.shape[1]).mean(values)) if name == "logits" else values
    is_seen = truth[:, None] == np.arange(p.shape[1])
    unusable, off_sums = "", ""
    if name == "probabilities" and visit.look(
        "logits as probabilities", lambda: logits_as_probabilities(values, "softmax")
    ):
        unusable = "the values are no probabilities"
    is_constant = visit.look("constant output", lambda: constant_rows(p))
    no_order = unusable or ("all predictions are the same" if is_constant else "")
    # a clip moves the sums of rows: that is no second fault
    is_clipped = visit.look("clipped", lambda: clipped(is_seen.ravel(), p.ravel()), no_order)
    after_clip = HIDDEN if is_clipped else ""
    if name == "probabilities" and visit.look(
        "rows do not sum to 1", lambda: row_sums(p), unusable or after_clip
    ):
        off_sums = "rows do not sum to 1"
    no_order = no_order or (ONE_CLASS if bool((truth == truth[0]).all()) else "")
    moved = visit.look("squeezed twice", lambda: softmaxed_twice(truth, p), no_order or off_sums)
    moved |= visit.look("shifted targets", lambda: shifted_classes(truth, p), no_order)
    columns = functools.partial(swapped_columns, is_seen, p, names, alpha)
    moved |= visit.look("swapped columns", columns, no_order)
    earlier = HIDDEN if moved else ""
    moved |= visit.look("shuffled targets", lambda: shuffled_classes(truth, p), no_order or earlier)
    earlier = off_sums or (HIDDEN if moved else "")
    visit.look(
        "label noise",
        lambda: noisy_labels(truth, p, names, alpha),
        no_order or earlier or after_clip or too_sure_to_tell(p),
    )
    visit.look("imbalance", lambda: _imbalance(truth, names))
    visit.look(
        "miscalibration",
        lambda: miscalibrated_classes(truth, p, names, alpha),
        unusable or earlier or after_clip,
    )
    return visit.diagnosis()


def _imbalance(truth: IntArray, names: Sequence[str]) -> Finding | None:
    counts = np.bincount(truth, minlength=len(names))
    rarest = int(counts.argmin())
    if counts[rarest] > 0 and counts[rarest] >= RARE * len(truth) / len(names):
        return None
    n_rare = int(np.count_nonzero(counts < RARE * len(truth) / len(names)))
    more = f", and {n_rare - 1} more classes are rare" if n_rare > 1 else ""
    seen = f"class {names[rarest]} has {counts[rarest]:,} of {len(truth):,} rows{more}"
    cure = "look at each class's figures and the width of their intervals, at macro averages, not at accuracy"
    return Finding("imbalance", float("nan"), seen, cure, {"n_rows": int(counts[rarest])})
