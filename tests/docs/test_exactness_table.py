"""The README's table of losses at a logit of 40: every row is computed again."""

from __future__ import annotations

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from xent.distributions import Bernoulli, Categorical

README = Path(__file__).resolve().parents[2] / "README.md"
# label and logit of the table's columns
COLUMNS = {"right": (0, -40.0), "right, gradient": (1, 40.0), "wrong": (0, 40.0)}


def shown(name: str) -> list[float]:
    """Return the numbers of a row of the table; NaN stands for none."""
    rows = [
        line
        for line in README.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {name}")
    ]
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    return [math.nan if cell == "none" else float(cell) for cell in cells[1:]]


def in_table(name: str, values: list[float]) -> bool:
    return bool(np.allclose(shown(name), values, rtol=1e-3, atol=0, equal_nan=True))


def of_torch(loss: object, label: float, logit: float) -> tuple[float, float]:
    z = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    value = loss(z, torch.tensor([label], dtype=torch.float64))  # type: ignore[operator]
    value.backward()
    assert z.grad is not None
    return value.item(), z.grad.item()


def row(function: object) -> list[float]:
    """Return the row of the table for a function of label and logit that gives value and gradient."""
    right, rights_gradient, wrong = (function(*case) for case in COLUMNS.values())  # type: ignore[operator]
    return [right[0], rights_gradient[1], wrong[0], wrong[1]]


def test_the_truth() -> None:
    def truth(label: int, logit: float) -> tuple[float, float]:
        with mpmath.workdps(60):
            p = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
            return float(-mpmath.log(p if label else 1 - p)), float(p - label)

    assert in_table("the truth", row(truth))


def test_xent() -> None:
    def xent(label: int, logit: float) -> tuple[float, float]:
        z = np.array([logit])
        return float(Bernoulli().nll(z, [label])[0]), float(Bernoulli().grad(z, [label])[0])

    assert in_table("xent", row(xent))


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        (
            "PyTorch `binary_cross_entropy_with_logits`",
            torch.nn.functional.binary_cross_entropy_with_logits,
        ),
        (
            "PyTorch `binary_cross_entropy` of",
            lambda z, y: torch.nn.functional.binary_cross_entropy(torch.sigmoid(z), y),
        ),
    ],
)
def test_torch(name: str, loss: object) -> None:
    assert in_table(name, row(lambda label, logit: of_torch(loss, label, logit)))


def test_scikit_learn() -> None:
    def sklearn(label: int, logit: float) -> tuple[float, float]:
        return log_loss([label], [1 / (1 + math.exp(-logit))], labels=[0, 1]), math.nan

    assert in_table("scikit-learn", row(sklearn))


def test_keras() -> None:
    """By its formula: the probability is clipped to [1e-7, 1 - 1e-7], whatever the dtype."""

    def keras(label: int, logit: float) -> tuple[float, float]:
        p = 1 / (1 + math.exp(-logit))
        clipped = min(max(p, 1e-7), 1 - 1e-7)
        value = -label * math.log(clipped) - (1 - label) * math.log(1 - clipped)
        return value, 0.0 if clipped != p else math.nan

    assert in_table("Keras", row(keras))


def test_three_classes() -> None:
    z = np.array([[40.0, 0.0, 0.0]])
    assert float(Categorical(3).nll(z, [0])[0]) == pytest.approx(8.497e-18, rel=1e-3)
    assert torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor([0])).item() == 0
    from sklearn._loss import HalfMultinomialLoss

    assert HalfMultinomialLoss(n_classes=3).loss(np.array([0.0]), z)[0] == 0
