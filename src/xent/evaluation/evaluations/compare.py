"""compare: two models on the same rows, figure by figure, paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from xent.errors import XentError
from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.evaluation.evaluations.figures import label_of, number_text, p_value_text
from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
from xent.evaluation.evaluations.multilabel import MultilabelEvaluation
from xent.evaluation.evaluations.regression import RegressionEvaluation
from xent.evaluation.evaluations.row_losses import ROW_LOSSES
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.means import mean_interval
from xent.evaluation.intervals.paired import PairedTest, delong_test, holm, mcnemar
from xent.evaluation.intervals.paired_ratios import average_precision_test, ratio_test
from xent.evaluation.intervals.spread import cluster_codes, cluster_sums, sum_variance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import FloatArray
    from xent.evaluation.evaluations.evaluation import Evaluation

__all__ = ["Comparison", "FigureComparison", "compare_evaluations", "holm_adjusted"]

Key = TypeVar("Key")

FEW_ROWS = 30
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "hamming_loss", "mae", "mse"})


@dataclass(frozen=True)
class FigureComparison:
    """One figure of both models.

    Attributes
    ----------
    figure : str
    a, b : float
    test : PairedTest
        Of the difference, b less a.
    adjusted_p_value : float
        By Holm, over the figures that are compared.
    """

    figure: str
    a: float
    b: float
    test: PairedTest
    adjusted_p_value: float

    @property
    def better(self) -> str:
        """Which model is better here: "a", "b", or "" where that is not clear.

        Clear is a difference whose interval leaves out 0, and whose adjusted p-value, where there
        is one, is at most 1 less the level: the best of many figures is not better by chance.
        """
        difference = self.test.difference
        if not np.isinf(difference.value):  # else one of them called impossible what happened
            is_open = not difference.has_interval or difference.low <= 0 <= difference.high
            if is_open or self.adjusted_p_value > 1 - difference.level:
                return ""
        rises = difference.value > 0
        return "b" if rises != (self.figure in LOWER_IS_BETTER) else "a"


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows.

    Attributes
    ----------
    n_rows : int
    figures : dict of str to FigureComparison
    """

    n_rows: int
    figures: dict[str, FigureComparison]

    def __getitem__(self, name: str) -> FigureComparison:
        if name not in self.figures:
            raise XentError(f"{name!r} was not compared; there are {', '.join(self.figures)}.")
        return self.figures[name]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "n_rows": self.n_rows,
            "figures": {
                name: {
                    "a": compared.a,
                    "b": compared.b,
                    "difference": compared.test.difference.to_json(),
                    "p_value": _or_none(compared.test.p_value),
                    "adjusted_p_value": _or_none(compared.adjusted_p_value),
                    "method": compared.test.method,
                    "better": compared.better,
                }
                for name, compared in self.figures.items()
            },
        }

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [
            (f"{self.n_rows:,} rows", "a", "b", "b - a", "interval", "p", "better")
        ]
        for name, compared in self.figures.items():
            gap = compared.test.difference
            interval = f"{number_text(gap.low)} to {number_text(gap.high)}"
            p_value = p_value_text(compared.adjusted_p_value)
            cells = (number_text(value) for value in (compared.a, compared.b, gap.value))
            rows.append(
                (label_of(name).text, *cells, interval, p_value, compared.better or "not clear")
            )
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines = [
            "  ".join(
                cell.ljust(width) if place in {0, 6} else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        lines += [
            f"{label_of(name).text}: {compared.test.difference.why}"
            for name, compared in self.figures.items()
            if compared.test.difference.why
        ]
        if self.n_rows < FEW_ROWS:
            lines.append(f"{self.n_rows} rows tell little: intervals of so few are rough")
        return "\n".join([*lines, "p by paired tests, adjusted by Holm for the number of figures"])


def compare_evaluations(a: Evaluation, b: Evaluation) -> Comparison:
    """Compare two evaluations of the same rows, in the same order.

    The AUC by DeLong's test, the accuracy by McNemar's, other means of the rows (log loss, Brier,
    errors) by the interval of their paired differences, average precision, precision, recall and F1
    by the paired differences of their rows' influences.

    Raises
    ------
    XentError
        When they are of different tasks, rows, weights or clusters.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> a = evaluate(y, probabilities=[0.1, 0.4, 0.6, 0.3, 0.8, 0.9])
    >>> b = evaluate(y, probabilities=[0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
    >>> compare_evaluations(a, b)["auc"].test.difference.value.__round__(4)
    0.2222
    """
    if type(a) is not type(b):
        raise XentError(f"a and b must be of one task, got {a.task} and {b.task}.")
    _check_same_rows(a, b)
    own, other = _row_values(a), _row_values(b)
    found: dict[str, tuple[float, float, PairedTest]] = {}
    if isinstance(a, BinaryEvaluation) and isinstance(b, BinaryEvaluation) and _have_auc(a, b):
        found |= _paired_ranks(a, b)
    for name in own:
        if name in other:
            found[name] = _paired_means(a, name, own[name], other[name])
    if isinstance(a, BinaryEvaluation) and isinstance(b, BinaryEvaluation):
        found |= _paired_ratios(a, b)
    if not found:
        raise XentError("a and b have no figure in common: declare both in the same way.")
    adjusted = holm_adjusted({name: test.p_value for name, (*_, test) in found.items()})
    return Comparison(
        len(a.rows),
        {
            name: FigureComparison(name, first, second, test, adjusted[name])
            for name, (first, second, test) in found.items()
        },
    )


def holm_adjusted(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Return p-values by Holm over all that are tests; NaN, where there is none, stays.

    Examples
    --------
    >>> holm_adjusted({"auc": 0.01, "lift": float("nan"), "f1": 0.04})
    {'auc': 0.02, 'lift': nan, 'f1': 0.04}
    """
    tested = {name: p_value for name, p_value in p_values.items() if not np.isnan(p_value)}
    corrected = holm([*tested.values()]).tolist() if tested else []
    return dict.fromkeys(p_values, float("nan")) | dict(zip(tested, corrected, strict=True))


def _have_auc(a: BinaryEvaluation, b: BinaryEvaluation) -> bool:
    is_ranked = "labels" not in {a.rows.declared, b.rows.declared}
    return is_ranked and bool(a.truth.any()) and not bool(a.truth.all())


def _check_same_rows(a: Evaluation, b: Evaluation) -> None:
    if len(a.rows) != len(b.rows) or not np.array_equal(a.rows.y, b.rows.y):
        raise XentError("a and b must be predictions of the same rows, got other truths.")
    own, other = (np.ones(len(e.rows)) if e.rows.weight is None else e.rows.weight for e in (a, b))
    if not np.array_equal(own, other):
        raise XentError("a and b must have the same weights.")
    clusters = [e.rows.cluster for e in (a, b) if e.rows.cluster is not None]
    if len(clusters) == 1 or (clusters and not np.array_equal(clusters[0], clusters[1])):
        raise XentError("a and b must have the same clusters.")


def _row_values(evaluation: Evaluation) -> dict[str, FloatArray]:
    """Return what the compared means are the means of, a value a row."""
    declared = evaluation.rows.declared
    values: dict[str, FloatArray] = {}
    if isinstance(evaluation, RegressionEvaluation):
        residuals = evaluation.residuals
        return {"mae": np.abs(residuals), "mse": np.square(residuals)}
    if declared in {"probabilities", "logits"}:
        kinds = ROW_LOSSES[evaluation.task]
        scores = _scores(evaluation)
        values |= {name: loss(_truth(evaluation), scores, declared) for name, loss in kinds.items()}
    if isinstance(evaluation, MultilabelEvaluation):
        if evaluation.decided is not None:
            right = evaluation.decided == evaluation.truth
            values["exact_match"] = right.all(axis=1).astype(np.float64)
            values["hamming_loss"] = 1 - right.mean(axis=1)
    elif isinstance(evaluation, MulticlassEvaluation):
        values["accuracy"] = (evaluation.decided == evaluation.truth).astype(np.float64)
    elif isinstance(evaluation, BinaryEvaluation) and not np.isnan(evaluation.threshold):
        decided = evaluation.scores >= evaluation.threshold
        values["accuracy"] = (decided == evaluation.truth).astype(np.float64)
    return values


def _paired_ranks(
    a: BinaryEvaluation, b: BinaryEvaluation
) -> dict[str, tuple[float, float, PairedTest]]:
    """Return the AUC and the average precision."""
    rows = a.rows
    tests = {"auc": delong_test, "average_precision": average_precision_test}
    return {
        name: (
            a[name].value,
            b[name].value,
            test(
                a.truth,
                a.scores,
                b.scores,
                weight=rows.weight,
                cluster=rows.cluster,
                level=a.settings.level,
            ),
        )
        for name, test in tests.items()
    }


def _paired_ratios(
    a: BinaryEvaluation, b: BinaryEvaluation
) -> dict[str, tuple[float, float, PairedTest]]:
    """Return precision, recall and F1 where both models decide."""
    if np.isnan(a.threshold) or np.isnan(b.threshold):
        return {}
    truth, rows = a.truth, a.rows
    codes = cluster_codes(rows.cluster, rows.weight, len(rows))
    parts: list[dict[str, tuple[FloatArray, FloatArray]]] = []
    for model in (a, b):
        decided = model.scores >= model.threshold
        hits = (truth & decided).astype(np.float64)
        parts.append(
            {
                "precision": (hits, decided.astype(np.float64)),
                "recall": (hits, truth.astype(np.float64)),
                "f1": (2 * hits, truth.astype(np.float64) + decided),
            }
        )
    return {
        name: (
            a[name].value,
            b[name].value,
            ratio_test(
                parts[0][name],
                parts[1][name],
                weight=rows.weight,
                codes=codes,
                level=a.settings.level,
            ),
        )
        for name in parts[0]
    }


def _scores(evaluation: Any) -> Any:
    return evaluation.scores


def _truth(evaluation: Any) -> Any:
    return evaluation.truth


def _paired_means(
    a: Evaluation, name: str, own: FloatArray, other: FloatArray
) -> tuple[float, float, PairedTest]:
    rows, level = a.rows, a.settings.level
    if name in {"accuracy", "exact_match"} and rows.weight is None and rows.cluster is None:
        # whose decision is right is what counts: the test sees only rows where that differs
        return (
            float(own.mean()),
            float(other.mean()),
            mcnemar(np.ones(len(own)), own, other, level=level),
        )
    with np.errstate(invalid="ignore"):
        gaps = other - own
    first, second = (float(np.average(v, weights=rows.weight)) for v in (own, other))
    if np.isinf(first) or np.isinf(second):
        why = "an infinite loss: what was said to be impossible happened"
        gap = float("nan") if first == second else second - first
        none = Estimate(gap, level=level, n=len(rows), why=why)
        return first, second, PairedTest(none, float("nan"), float("nan"), "none")
    difference = mean_interval(gaps, weight=rows.weight, cluster=rows.cluster, level=level)
    p_value, statistic = _t_test(gaps, rows.weight, rows.cluster)
    return first, second, PairedTest(difference, p_value, statistic, "paired t")


def _t_test(gaps: FloatArray, weight: FloatArray | None, cluster: Any) -> tuple[float, float]:
    """Return the p-value and the statistic of a mean of 0."""
    from scipy.special import stdtr

    if not np.isfinite(gaps).all():
        return float("nan"), float("nan")
    heavy = np.ones(len(gaps)) if weight is None else weight
    mean = float(np.dot(heavy, gaps) / heavy.sum())
    codes = cluster_codes(cluster, weight, len(gaps))
    contributions = heavy * (gaps - mean) / heavy.sum()
    n_independent = len(gaps) if codes is None else len(cluster_sums(contributions, codes))
    variance = sum_variance(contributions, codes)
    if not variance > 0:
        return (1.0 if mean == 0 else float("nan")), float("nan")
    statistic = mean / variance**0.5
    return float(2 * stdtr(n_independent - 1, -abs(statistic))), statistic


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
