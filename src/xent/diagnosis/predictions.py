"""The doctor's look at predictions of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.binary_predictions import (
    constant_output,
    logits_as_probabilities,
    reversed_ranking,
)
from xent.diagnosis.finding import Diagnosis, Finding
from xent.diagnosis.probability_faults import clipped, miscalibrated, row_sums, squeezed_twice
from xent.diagnosis.ranking_faults import shifted_targets, shuffled_targets
from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation.inputs import binary_rows, check_scores, class_rows, row_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray

__all__ = ["diagnose_predictions"]

ALPHA = 1e-3
NO_PROBABILITIES = "needs probabilities or logits"
ONE_CLASS = "y has one class only"


def diagnose_predictions(
    y: object,
    *,
    probabilities: object = None,
    logits: object = None,
    scores: object = None,
    weight: object = None,
) -> Diagnosis:
    """Return what looks wrong with predictions, the most basic first.

    Parameters
    ----------
    y : array of shape (n,)
        Truth: 0 and 1, or class codes where there is a column a class.
    probabilities, logits, scores : array of shape (n,), or (n, K) probabilities
        Exactly one of them.
    weight : array of shape (n,), optional
        Rows of weight 0 are left out; of the others the weight is not looked at.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or a prediction is NaN.

    Examples
    --------
    >>> diagnose_predictions([0, 1, 1], probabilities=[-2.0, 0.5, 3.0]).findings[0].check
    'logits as probabilities'
    """
    given = {"probabilities": probabilities, "logits": logits, "scores": scores}
    named = [(name, values) for name, values in given.items() if values is not None]
    if len(named) != 1:
        raise XentError(f"exactly one of {', '.join(given)} must be given, got {len(named)}.")
    ((name, values),) = named
    shape = np.asarray(values).shape
    if len(shape) == 2 and shape[1] > 1:
        if name != "probabilities":
            raise XentError(
                f"{name} must have shape (n,); of a column a class give probabilities=."
            )
        return _classes(y, values, weight)
    truth, seen, _ = binary_rows(y, name, values, weight)
    return _binary(truth, check_scores(seen, name).astype(np.float64), name)


def _binary(truth: Array, values: FloatArray, name: str) -> Diagnosis:
    ran: list[str] = []
    left_out: dict[str, str] = {}
    findings: list[Finding] = []

    def look(check: str, call: Callable[[], Finding | None], why: str = "") -> Finding | None:
        if why:
            left_out[check] = why
            return None
        ran.append(check)
        found = call()
        if found is not None:
            findings.append(found)
        return found

    one_class = ONE_CLASS if truth.all() or not truth.any() else ""
    p = np.asarray(Bernoulli().mean(values)) if name == "logits" else values
    scores_only = NO_PROBABILITIES if name == "scores" else ""
    wrong_kind = ""
    if name == "probabilities" and look(
        "logits as probabilities", lambda: logits_as_probabilities(values)
    ):
        wrong_kind = "the values are no probabilities"
    is_constant = look("constant output", lambda: constant_output(values)) is not None
    flat = "all predictions are the same" if is_constant else ""
    unusable = scores_only or wrong_kind or flat
    look("squeezed twice", lambda: squeezed_twice(truth, p), unusable)
    look("shifted targets", lambda: shifted_targets(truth, values), flat or one_class)
    look("reversed ranking", lambda: reversed_ranking(truth, values, ALPHA), flat or one_class)
    look("shuffled targets", lambda: shuffled_targets(truth, p), unusable or one_class)
    look("clipped", lambda: clipped(truth, p), unusable)
    look("imbalance", lambda: _imbalance(truth))
    look("miscalibration", lambda: miscalibrated(truth, p, ALPHA), scores_only or wrong_kind)
    return Diagnosis(tuple(findings), tuple(ran), left_out)


def _classes(y: object, values: object, weight: object) -> Diagnosis:
    truth, given, _ = class_rows(y, "probabilities", values, weight)
    row_weights(weight, len(np.asarray(y)))
    p = given.astype(np.float64)
    checks: dict[str, Callable[[], Finding | None]] = {
        "logits as probabilities": lambda: logits_as_probabilities(p),
        "rows do not sum to 1": lambda: row_sums(p),
        "constant output": lambda: constant_output(p) if p.shape[1] < 2 else _same_rows(p),
        "swapped columns": lambda: _swapped(truth, p),
    }
    findings, ran = [], []
    for check, call in checks.items():
        ran.append(check)
        found = call()
        if found is not None:
            findings.append(found)
            if check in {"logits as probabilities", "constant output"}:
                break
    left = dict.fromkeys([name for name in checks if name not in ran], "an earlier fault hides it")
    return Diagnosis(tuple(findings), tuple(ran), left)


def _same_rows(p: FloatArray) -> Finding | None:
    if len(p) < 2 or bool((p != p[0]).any()):
        return None
    return constant_output(np.zeros(len(p)))


def _swapped(truth: Array, p: FloatArray) -> Finding | None:
    """Find columns in another order than the classes: another matching is right far more often."""
    from scipy.optimize import linear_sum_assignment

    n_classes = p.shape[1]
    right = np.zeros((n_classes, n_classes))
    np.add.at(right, (truth, p.argmax(axis=1)), 1)
    own = np.trace(right)
    rows, columns = linear_sum_assignment(-right)
    best = right[rows, columns].sum()
    moved = [int(k) for k in rows[rows != columns] if right[k].sum() > 0]
    # rows that only the other matching gets right, against those that only this one does
    gain = best - own
    if not moved or gain < 6 * np.sqrt(max(best + own, 1.0)):
        return None
    names = ", ".join(map(str, moved))
    seen = (
        f"with the columns of {names} in another order {best / len(p):.1%} of the rows are right, "
        f"not {own / len(p):.1%}"
    )
    order = {int(k): int(column) for k, column in zip(rows, columns, strict=True)}
    cure = "the columns must stand in the order of the class codes"
    return Finding("swapped columns", 0.0, seen, cure, {"order": list(order.values())})


def _imbalance(truth: Array) -> Finding | None:
    n_positive = int(np.count_nonzero(truth))
    least = min(n_positive, len(truth) - n_positive)
    if least > 0 and (least >= 20 and least >= 0.01 * len(truth)):
        return None
    seen = f"the rarer class has {least:,} of {len(truth):,} rows"
    cure = "look at the width of the intervals, at average precision and at costs, not at accuracy"
    return Finding("imbalance", float("nan"), seen, cure, {"n_rows": least})
