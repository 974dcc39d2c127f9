"""The figures of each task's verdict, measured from a model's outputs on one part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import MultiLabelSoftmax, Poisson
from xent.evaluation import multiclass, multilabel, regression
from xent.evaluation.averages import averaged
from xent.evaluation.confusion import UNDEFINED, binary_counts
from xent.evaluation.deviances import poisson_deviance
from xent.evaluation.epoch_metrics import decided_labels, is_soft
from xent.evaluation.inputs import weighted_mean
from xent.evaluation.multiclass_ranking import class_log_odds, top_k_accuracy
from xent.evaluation.multilabel_ranking import lrap
from xent.evaluation.ranking import roc_auc
from xent.evaluation.scoring_rules import brier, multiclass_brier

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution

__all__ = ["FIGURES", "FigureKind", "Measured", "measure"]

NAN = float("nan")


@dataclass(frozen=True)
class FigureKind:
    """What a figure is called, its unit, and which way is better."""

    label: str
    better: str
    unit: str = ""


FIGURES = {
    "log_loss": FigureKind("log loss", "lower", "nats"),
    "log_loss_row_sum": FigureKind("log loss, row sum", "lower", "nats"),
    "accuracy": FigureKind("accuracy", "higher"),
    "precision": FigureKind("precision", "higher"),
    "recall": FigureKind("recall", "higher"),
    "fpr": FigureKind("FPR", "lower"),
    "f1": FigureKind("F1", "higher"),
    "auc": FigureKind("AUC", "higher"),
    "brier": FigureKind("Brier", "lower"),
    "macro_precision": FigureKind("macro precision", "higher"),
    "macro_recall": FigureKind("macro recall", "higher"),
    "macro_f1": FigureKind("macro F1", "higher"),
    "top_2_accuracy": FigureKind("top-2 accuracy", "higher"),
    "macro_auc": FigureKind("macro AUC", "higher"),
    "exact_match": FigureKind("exact match", "higher"),
    "hamming_loss": FigureKind("Hamming loss", "lower"),
    "micro_f1": FigureKind("micro F1", "higher"),
    "samples_jaccard": FigureKind("samples Jaccard", "higher"),
    "lrap": FigureKind("LRAP", "higher"),
    "nll": FigureKind("NLL", "lower", "nats"),
    "mae": FigureKind("MAE", "lower"),
    "rmse": FigureKind("RMSE", "lower"),
    "r2": FigureKind("R2", "higher"),
    "median_ae": FigureKind("median AE", "lower"),
    "deviance": FigureKind("deviance", "lower"),
}

# Of the tasks whose targets may be soft.
TASK_FIGURES = {
    "binary": ("log_loss", "accuracy", "precision", "recall", "fpr", "f1", "auc", "brier"),
    "multiclass": (
        *("log_loss", "accuracy", "macro_precision", "macro_recall", "macro_f1"),
        *("top_2_accuracy", "macro_auc", "brier"),
    ),
    "multilabel": (
        *("log_loss", "log_loss_row_sum", "exact_match", "hamming_loss", "micro_f1", "macro_f1"),
        *("samples_jaccard", "macro_auc", "lrap"),
    ),
}

_ERRORS = {
    "mae": regression.mae,
    "rmse": regression.rmse,
    "r2": regression.r2,
    "median_ae": regression.median_absolute_error,
}

_INFINITE = {
    True: "what was said to be impossible happened",
    False: "every value was said to be certain",
}


@dataclass(frozen=True)
class Measured:
    """A value, why it is undefined or what was left out, and which classes an average is over."""

    value: float
    why: str = ""
    over: tuple[int, ...] = ()


def measure(
    task: str,
    z: FloatArray,
    y: Array,
    weight: FloatArray | None,
    distribution: Distribution,
    threshold: float,
) -> dict[str, Measured]:
    """Return the figures of one part, in the order of the table.

    The inputs have been checked, and rows of weight 0 dropped.
    """
    loss = Measured(weighted_mean(np.asarray(distribution.nll(z, y)), weight))
    if np.isinf(loss.value):
        loss = Measured(loss.value, _INFINITE[loss.value > 0])
    if task == "regression":
        return {"nll": loss, **_regression(z, y, weight, distribution)}
    losses = {"log_loss": loss}
    if task == "multilabel":
        losses = {"log_loss": Measured(loss.value / y.shape[1], loss.why), "log_loss_row_sum": loss}
    if is_soft(task, y):
        names = [
            name
            for name in TASK_FIGURES[task]
            if name not in losses and (name != "top_2_accuracy" or z.shape[1] > 2)
        ]
        return losses | dict.fromkeys(names, Measured(NAN, "y holds soft labels"))
    return losses | _MEASURES[task](z, y, weight, distribution, threshold)


def _binary(
    z: FloatArray, y: Array, weight: FloatArray | None, distribution: Distribution, threshold: float
) -> dict[str, Measured]:
    logits = z.reshape(-1)
    decided = decided_labels(logits, threshold, distribution)
    counts = binary_counts(y, labels=decided, weight=weight)
    auc = roc_auc(y, logits, weight=weight)
    return {
        **{
            name: _with_reason(getattr(counts, name), UNDEFINED.get(name, ""))
            for name in ("accuracy", "precision", "recall", "fpr", "f1")
        },
        "auc": _with_reason(auc, "one class is absent"),
        "brier": Measured(brier(y, probabilities=distribution.mean(logits), weight=weight)),
    }


def _multiclass(
    z: FloatArray, y: Array, weight: FloatArray | None, distribution: Distribution, _: float
) -> dict[str, Measured]:
    n_classes = z.shape[1]
    decided = np.argmax(z, axis=1)
    counts = multiclass.class_counts(y, labels=decided, n_classes=n_classes, weight=weight)
    figures = {
        "accuracy": Measured(multiclass.accuracy(y, labels=decided, weight=weight)),
        "macro_precision": _macro(counts.precision, "class", "never predicted"),
        "macro_recall": _macro(counts.recall, "class", "absent"),
        "macro_f1": _macro(counts.f1, "class", "absent and never predicted"),
    }
    if n_classes > 2:
        figures["top_2_accuracy"] = Measured(top_k_accuracy(y, z, k=2, weight=weight))
    odds = class_log_odds(z)
    areas = [roc_auc(y == k, odds[:, k], weight=weight) for k in range(n_classes)]
    figures["macro_auc"] = _macro(np.array(areas), "class", "absent, or alone")
    probabilities = distribution.mean(z)
    figures["brier"] = Measured(multiclass_brier(y, probabilities=probabilities, weight=weight))
    return figures


def _multilabel(
    z: FloatArray, y: Array, weight: FloatArray | None, distribution: Distribution, threshold: float
) -> dict[str, Measured]:
    decided = decided_labels(z, threshold, distribution)
    counts = multilabel.label_counts(y, labels=decided, weight=weight)
    # Within a softmax a row's own normalizer counts; independent labels are ordered by their
    # logits.
    odds = class_log_odds(z) if isinstance(distribution, MultiLabelSoftmax) else z
    areas = [roc_auc(y[:, k], odds[:, k], weight=weight) for k in range(y.shape[1])]
    # Two empty sets are the same set: an empty row predicted empty is right.
    jaccard = multilabel.multilabel_jaccard(
        y, labels=decided, average="samples", undefined=1.0, weight=weight
    )
    return {
        "exact_match": Measured(multilabel.exact_match(y, labels=decided, weight=weight)),
        "hamming_loss": Measured(multilabel.hamming_loss(y, labels=decided, weight=weight)),
        "micro_f1": _with_reason(
            averaged(counts, "f1", "micro", NAN), "no label is true or predicted"
        ),
        "macro_f1": _macro(counts.f1, "label", "neither true nor predicted"),
        "samples_jaccard": Measured(jaccard),
        "macro_auc": _macro(np.array(areas), "label", "the same in every row"),
        "lrap": _with_reason(lrap(y, z, weight=weight), "every row has no label, or all of them"),
    }


def _regression(
    z: FloatArray, y: Array, weight: FloatArray | None, distribution: Distribution
) -> dict[str, Measured]:
    is_count = isinstance(distribution, Poisson)
    mean = np.asarray(distribution.mean(z), dtype=np.float64)
    if not np.isfinite(mean).all():
        names = [*_ERRORS, "deviance"] if is_count else list(_ERRORS)
        return dict.fromkeys(names, Measured(NAN, "a predicted mean is infinite"))
    figures = {
        name: _with_reason(error(y, predictions=mean, weight=weight), "y is constant")
        for name, error in _ERRORS.items()
    }
    if is_count:
        # A rate that underflowed to 0 is below every positive number, not impossible.
        rate = np.maximum(mean, np.finfo(np.float64).tiny)
        figures["deviance"] = Measured(poisson_deviance(y, predictions=rate, weight=weight))
    return figures


def _with_reason(value: float, reason: str) -> Measured:
    return Measured(value, reason if np.isnan(value) else "")


def _macro(values: FloatArray, noun: str, state: str) -> Measured:
    kept = np.flatnonzero(~np.isnan(values))
    if kept.size == 0:
        return Measured(NAN, f"every {noun} is {state}")
    n_left_out = values.size - kept.size
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    why = f"{n_left_out} of {values.size} {plural} left out ({state})" if n_left_out else ""
    return Measured(float(values[kept].mean()), why, tuple(kept.tolist()))


_MEASURES = {"binary": _binary, "multiclass": _multiclass, "multilabel": _multilabel}
