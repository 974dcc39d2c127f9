"""What a model is judged beside: predictors that have all that their own family can do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import xent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("distribution", [None, "gaussian"])
def test_the_constant_of_a_number_has_the_spread_of_the_target(
    tmp_path: Path, distribution: str | None
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    table = pl.DataFrame({"x": x, "y": 50 + 10 * x + rng.normal(size=400)})
    run = xent.train(
        table, target="y", task="regression", distribution=distribution, hidden=(8,), epochs=20,
        random_state=1, runs=tmp_path,
    )  # fmt: skip
    figures = run.verdict.parts["training"].figures
    sd = figures["rmse"].constant
    assert figures["nll"].constant == pytest.approx(
        math.log(sd) + 0.5 * math.log(2 * math.pi * math.e)
    )
    linear = run.evaluation.baseline.parts["training"].figures
    # ridge with the spread of its own residuals
    error = linear["rmse"].value
    assert linear["nll"].value == pytest.approx(
        math.log(error) + 0.5 * math.log(2 * math.pi * math.e), abs=1e-3
    )
    assert run.evaluate(table).parts["new data"]["nll"].constant < figures["nll"].constant + 0.2
