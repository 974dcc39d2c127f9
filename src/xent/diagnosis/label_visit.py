"""The checks of predictions of several labels a row: those of all labels, then those of each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.diagnosis.binary_predictions import logits_as_probabilities
from xent.diagnosis.binary_visit import CHECKS, diagnose_two_classes
from xent.diagnosis.column_order import swapped_columns
from xent.diagnosis.finding import Diagnosis, Finding
from xent.diagnosis.visit import Visit
from xent.distributions import Bernoulli

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray

__all__ = ["diagnose_labels"]

MOST_NAMES = 5


def diagnose_labels(
    truth: Array, values: FloatArray, name: str, names: Sequence[str], alpha: float
) -> Diagnosis:
    """Return what looks wrong with one column a label.

    Each label is a prediction of two classes. Its tests are allowed ``alpha / L`` false alarms, and what several
    labels have in common is one finding that names them.

    Parameters
    ----------
    truth : array of bool, shape (n, L)
    values : array of shape (n, L)
    name : str
        "probabilities", "logits" or "scores".
    names : sequence of str
        Of the labels.
    alpha : float
        False alarms that a test is allowed.
    """
    visit = Visit()
    no_probabilities = ""
    if name == "probabilities" and visit.look(
        "logits as probabilities", lambda: logits_as_probabilities(values)
    ):
        no_probabilities = "the values are no probabilities"
    p = (
        np.asarray(Bernoulli().mean(values.ravel())).reshape(values.shape)
        if name == "logits"
        else values
    )
    is_swapped = visit.look(
        "swapped columns",
        lambda: swapped_columns(truth, p, names, alpha),
        no_probabilities or ("needs probabilities or logits" if name == "scores" else ""),
    )
    overall = visit.diagnosis()
    if no_probabilities:
        return overall
    n_labels = len(names)
    each = [
        diagnose_two_classes(truth[:, k], values[:, k], name, ("0", "1"), alpha / n_labels)
        for k in range(n_labels)
    ]
    found = _by_check(each, names)
    left_out = {**overall.left_out, **_left_out_of_all(each)}
    if is_swapped:
        # a label whose column is another one's ranks badly for that reason
        found = [finding for finding in found if finding.check in {"constant output", "imbalance"}]
    ran = {check for one in each for check in one.ran}
    seen = (*overall.ran, *(check for check in CHECKS if check in ran - set(overall.ran)))
    return Diagnosis((*overall.findings, *found), seen, left_out)


def _by_check(each: Sequence[Diagnosis], names: Sequence[str]) -> list[Finding]:
    """Join the findings of one check, the surest label first."""
    of_check: dict[str, list[tuple[str, Finding]]] = {}
    for label, diagnosis in zip(names, each, strict=True):
        for finding in diagnosis.findings:
            of_check.setdefault(finding.check, []).append((label, finding))
    joined = []
    for check in (name for name in CHECKS if name in of_check):
        found = of_check[check]
        found.sort(key=lambda pair: (pair[1].p_value, pair[0]))
        label, surest = found[0]
        labels = [name for name, _ in found]
        more = f" and {len(labels) - MOST_NAMES} more" if len(labels) > MOST_NAMES else ""
        which = f"label {label}: {surest.seen}"
        if len(labels) > 1:
            which += f" (also {', '.join(labels[1:MOST_NAMES])}{more})"
        evidence: dict[str, Any] = {"labels": labels, **surest.evidence}
        p_value = surest.p_value
        if not math.isnan(p_value):
            p_value = min(1.0, p_value * len(names))
        joined.append(Finding(check, p_value, which, surest.cure, evidence))
    return joined


def _left_out_of_all(each: Sequence[Diagnosis]) -> dict[str, str]:
    """Return the checks that ran for no label."""
    ran = {check for one in each for check in one.ran}
    return {check: why for one in each for check, why in one.left_out.items() if check not in ran}
