"""Predictions that the tests of charts draw."""

from __future__ import annotations

from typing import Any

import numpy as np

import xent
from xent.evaluation import BinaryEvaluation


def draws(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and logits of n rows, a third of them positive."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 1 / 3
    return truth, rng.normal(size=n) + 2 * truth - 1.5


def binary(n: int = 300, declared: str = "probabilities", **more: Any) -> BinaryEvaluation:
    """Return the evaluation of n rows."""
    truth, logits = draws(n)
    given = 1 / (1 + np.exp(-logits)) if declared == "probabilities" else logits
    evaluation = xent.evaluate(truth, **{declared: given}, **more)
    assert isinstance(evaluation, BinaryEvaluation)
    return evaluation


def points(rows: list[dict[str, Any]], x: str = "x", y: str = "y") -> list[tuple[Any, Any]]:
    """Return the places of a line."""
    return [(row[x], row[y]) for row in rows]


def subtitle(chart: Any) -> str:
    """Return the lines beneath the title as one."""
    text = chart.to_dict()["title"].get("subtitle", "")
    return text if isinstance(text, str) else "\n".join(text)
