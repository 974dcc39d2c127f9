"""Absurd input is refused with the argument's name; zero-weight rows vanish, whatever they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from xent import evaluation as ev
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ev.roc_auc([0, 1, 1], [0.1, 0.2]), "scores must have 3 rows as y has, got 2"),
        (lambda: ev.roc_auc([[0, 1]], [[0.1, 0.2]]), r"y must have shape \(n,\) or \(n, 1\)"),
        (lambda: ev.roc_auc([0, 1], 0.5), r"scores must have shape .*, got \(\)"),
        (lambda: ev.roc_auc([0, 1], [0.5, NAN]), "scores must not hold NaN, got NaN in row 1"),
        (lambda: ev.roc_auc([0, 2], [0.5, 0.1]), "y must hold 0 and 1 only, got 2"),
        (lambda: ev.roc_auc([-1, 1], [0.5, 0.1]), "y must hold 0 and 1 only, got -1"),
        (lambda: ev.roc_auc([0, NAN], [0.5, 0.1]), "y must hold 0 and 1 only, got nan"),
        (lambda: ev.roc_auc(["a", "b"], [0.5, 0.1]), "y must be an array of numbers, got <U1"),
        (lambda: ev.roc_auc([], []), "y must have at least one row"),
        (lambda: ev.roc_auc([0, 1], [[1], [2, 3]]), "scores must be an array of numbers, got rows"),
        (lambda: ev.f1([0, 1], labels=[0.2, 0.9]), "labels must hold 0 and 1 only, got 0.2"),
        (lambda: ev.f1([0, 1], labels=[0, 1], weight=[1, -1]), "weight must not be negative"),
        (lambda: ev.f1([0, 1], labels=[0, 1], weight=[0, 0]), "weight must be positive"),
        (lambda: ev.f1([0, 1], labels=[0, 1], weight=[1]), "weight must have 2 rows"),
        (lambda: ev.f1([0, 1], labels=[0, 1], weight=[1, np.inf]), "weight must be finite"),
        (lambda: ev.brier([0, 1], probabilities=[0.5, 1.5]), "probabilities must lie in .* 1.5"),
        (lambda: ev.brier([0, 1], probabilities=[-3, 1]), r"got -3. Give logits as logits="),
        (lambda: ev.log_loss([0, 1]), "exactly one must be given, got none"),
        (lambda: ev.log_loss([0, 1], logits=[1, 2], probabilities=[0, 1]), "got both"),
        (lambda: ev.log_loss([0, 1], logits=[1, NAN]), "logits must not hold NaN"),
        (lambda: ev.log_loss([0, 1], logits=np.ones((2, 3))), "multiclass_"),
        (lambda: ev.accuracy([0, 1], labels=[0.5, 1]), "labels must hold class codes"),
        (lambda: ev.accuracy([0, -1], labels=[0, 1]), "y must hold class codes .* got -1"),
        (lambda: ev.accuracy([0, 1], labels=[0, NAN]), "labels must hold class codes"),
        (lambda: ev.accuracy([0, np.inf], labels=[0, 1]), "y must hold class codes .* got inf"),
        (
            lambda: ev.confusion_matrix([0, 1], labels=[0, 3], n_classes=2),
            r"labels must hold class codes 0..1 for 2 classes, got 3",
        ),
        (lambda: ev.confusion_matrix([0], labels=[0], n_classes=0), "n_classes must be"),
        (lambda: ev.multiclass_log_loss([0, 1], logits=[1.0, 2.0]), r"must have shape \(n, col"),
        (lambda: ev.multiclass_log_loss([0], logits=[[1.0]]), "With one number a row"),
        (lambda: ev.multiclass_log_loss([2], logits=[[1.0, 2.0]]), "y must hold class codes"),
        (
            lambda: ev.multiclass_brier([0], probabilities=[[0.9, 0.9]]),
            "must sum to 1 in every row, got 1.8",
        ),
        (lambda: ev.exact_match([[0, 1]], labels=[[0, 1, 1]]), "one column a label, 2 as y has"),
        (lambda: ev.exact_match(np.ones((0, 2)), labels=np.ones((0, 2))), "at least one row"),
        (lambda: ev.exact_match([0, 1], labels=[0, 1]), r"y must have shape \(n, columns\)"),
        (lambda: ev.mae([1, np.inf], predictions=[1, 2]), "y must be finite, got inf"),
        (lambda: ev.mae([1, 2], predictions=[1, NAN]), "predictions must be finite, got nan"),
    ],
)
def test_absurd_input_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(XentError, match=message):
        call()


def test_a_column_is_a_vector() -> None:
    y, scores = np.array([0, 1, 1]), np.array([0.3, 0.2, 0.9])
    assert ev.roc_auc(y[:, None], scores) == ev.roc_auc(y, scores[:, None]) == 0.5
    assert ev.brier(y[:, None], probabilities=scores) == ev.brier(y, probabilities=scores)
    assert ev.mse(y[:, None], predictions=scores) == ev.mse(y, predictions=scores)


def test_rows_of_weight_zero_vanish_whatever_they_hold() -> None:
    y, weight = [0, 1, 7, 1], [1, 1, 0, 2]
    scores = [0.2, 0.8, NAN, 0.1]
    assert ev.roc_auc(y, scores, weight=weight) == ev.roc_auc([0, 1, 1, 1], [0.2, 0.8, 0.1, 0.1])
    assert ev.mae(y, predictions=[0, 1, NAN, 2], weight=weight) == 0.5
    assert ev.roc_curve(y, scores, weight=weight).thresholds.tolist() == [np.inf, 0.8, 0.2, 0.1]


def test_other_row_names_are_a_mix_up() -> None:
    y = pd.Series([0, 1, 1], index=[10, 11, 12])
    scores = pd.Series([0.1, 0.2, 0.3], index=[10, 11, 12])
    assert ev.roc_auc(y, scores) == 1.0
    assert ev.roc_auc(y, scores.to_numpy()) == 1.0
    with pytest.raises(XentError, match="scores must have the same index as y"):
        ev.roc_auc(y, scores.sort_values(ascending=False))


def test_labels_of_any_numeric_type() -> None:
    scores = [0.1, 0.4, 0.35, 0.8]
    for dtype in (bool, np.int8, np.uint8, np.int64, np.float32, float):
        assert ev.roc_auc(np.array([0, 0, 1, 1], dtype=dtype), scores) == 0.75
        assert ev.accuracy(np.array([0, 0, 1, 1], dtype=dtype), labels=[0, 1, 1, 1]) == 0.75


def test_a_tensor_that_numpy_cannot_read_is_refused_with_the_cure() -> None:
    import torch

    y, z = torch.tensor([0, 1, 1]), torch.tensor([0.1, 0.2, -0.3])
    assert ev.log_loss(y, logits=z) == ev.log_loss(y.numpy(), logits=z.numpy())
    with pytest.raises(XentError, match=r"logits must be .* NumPy can read.*detach"):
        ev.log_loss(y, logits=z.requires_grad_())
    with pytest.raises(XentError, match="scores must be an array that NumPy can read"):
        ev.roc_auc(y, torch.empty(3, device="meta"))
