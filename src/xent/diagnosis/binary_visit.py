"""The checks of predictions of two classes, the most basic first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.binary_predictions import (
    constant_output,
    logits_as_probabilities,
    reversed_ranking,
)
from xent.diagnosis.finding import Finding
from xent.diagnosis.label_noise import noisy_labels, too_sure_to_tell, two_columns
from xent.diagnosis.probability_faults import clipped, miscalibrated, squeezed_twice
from xent.diagnosis.ranking_faults import shifted_targets, shuffled_targets
from xent.diagnosis.visit import Visit
from xent.distributions import Bernoulli

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.diagnosis.finding import Diagnosis

__all__ = ["CHECKS", "diagnose_two_classes"]

CHECKS = (
    "logits as probabilities",
    "constant output",
    "squeezed twice",
    "shifted targets",
    "reversed ranking",
    "shuffled targets",
    "clipped",
    "label noise",
    "imbalance",
    "miscalibration",
)

NO_PROBABILITIES = "needs probabilities or logits"
ONE_CLASS = "y has one class only"
HIDDEN = "an earlier fault hides it"
MIN_ROWS, MIN_SHARE = 20, 0.01


def diagnose_two_classes(
    truth: Array, values: FloatArray, name: str, names: Sequence[str], alpha: float
) -> Diagnosis:
    """Return what looks wrong with one prediction a row.

    Parameters
    ----------
    truth : array of bool, shape (n,)
    values : array of shape (n,)
    name : str
        "probabilities", "logits" or "scores".
    names : sequence of str
        Of the classes, the positive one last.
    alpha : float
        False alarms that a test is allowed.
    """
    visit = Visit()
    one_class = ONE_CLASS if truth.all() or not truth.any() else ""
    p = np.asarray(Bernoulli().mean(values)) if name == "logits" else values
    scores_only = NO_PROBABILITIES if name == "scores" else ""
    wrong_kind = ""
    if name == "probabilities" and visit.look(
        "logits as probabilities", lambda: logits_as_probabilities(values)
    ):
        wrong_kind = "the values are no probabilities"
    is_constant = visit.look("constant output", lambda: constant_output(values))
    flat = "all predictions are the same" if is_constant else ""
    unusable = scores_only or wrong_kind or flat
    order = flat or one_class
    moved = visit.look("squeezed twice", lambda: squeezed_twice(truth, p), unusable)
    moved |= visit.look("shifted targets", lambda: shifted_targets(truth, values), order)
    moved |= visit.look("reversed ranking", lambda: reversed_ranking(truth, values, alpha), order)
    earlier = HIDDEN if moved else ""
    hidden = unusable or one_class or earlier
    moved |= visit.look("shuffled targets", lambda: shuffled_targets(truth, p), hidden)
    is_clipped = visit.look("clipped", lambda: clipped(truth, p), unusable)
    earlier = HIDDEN if moved else ""
    hidden = unusable or one_class or earlier or (HIDDEN if is_clipped else "")
    visit.look(
        "label noise",
        lambda: noisy_labels(truth.astype(np.int64), two_columns(p), names, alpha),
        hidden or too_sure_to_tell(two_columns(p)),
    )
    visit.look("imbalance", lambda: _imbalance(truth, names))
    hidden = scores_only or wrong_kind or earlier
    visit.look("miscalibration", lambda: miscalibrated(truth, p, alpha), hidden)
    return visit.diagnosis()


def _imbalance(truth: Array, names: Sequence[str]) -> Finding | None:
    n_positive = int(np.count_nonzero(truth))
    least = min(n_positive, len(truth) - n_positive)
    if least >= MIN_ROWS and least >= MIN_SHARE * len(truth):
        return None
    rarer = names[1] if n_positive <= len(truth) - n_positive else names[0]
    seen = f"the rarer class, {rarer}, has {least:,} of {len(truth):,} rows"
    cure = "look at the width of the intervals, at average precision and at costs, not at accuracy"
    return Finding("imbalance", float("nan"), seen, cure, {"n_rows": least})
