"""The loss from clipped probabilities: its floor and ceiling, and how a batch mean hides them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import subtitle

import xent
from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.figures import loss_agreement, score_histogram
from xent.figures.clipped_losses import clipped_losses


def extreme(n: int = 400) -> tuple[Any, Any]:
    """Return logits as a network has them that was trained long: from -20 to 30."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, n)
    return np.where(y == 1, rng.normal(11, 6, n), rng.normal(-8, 4, n)), y


def test_floor_and_ceiling_are_those_of_float32() -> None:
    z = np.array([100.0, -100.0, 100.0, -100.0])
    found = clipped_losses(z, np.array([1, 1, 0, 0]))
    np.testing.assert_allclose(found[:3], [1.1921e-7, 16.1181, 15.9424], rtol=1e-5)
    assert found[3] == pytest.approx(1e-7, rel=0.2)
    moderate = np.linspace(-5, 5, 21)
    for y in (0, 1):
        exact = np.asarray(Bernoulli().nll(moderate, np.full(21, y)))
        np.testing.assert_allclose(clipped_losses(moderate, np.full(21, y)), exact, rtol=1e-4)


def test_every_row_is_drawn_at_its_two_losses() -> None:
    z, y = extreme()
    rows = rows_of(loss_agreement(z, y))
    assert sum(row["rows"] for row in rows) == len(z)
    exact = np.asarray(Bernoulli().nll(z, y))
    points = {
        (max(a, 1e-12), b)
        for a, b in zip(exact.tolist(), clipped_losses(z, y).tolist(), strict=True)
    }
    assert {(row["x"], row["y"]) for row in rows} <= points
    n_apart = int((np.abs(clipped_losses(z, y) - exact) > 0.01 * exact).sum())
    assert f"{n_apart} of 400 rows are more than 1% apart" in subtitle(loss_agreement(z, y))
    light = check_chart(lambda theme: loss_agreement(z, y, theme=theme))
    assert axis_titles(light) >= {"from logits (nats)", "from clipped probabilities (nats)"}


def test_a_hundred_thousand_rows_are_drawn_once_a_place() -> None:
    z, y = extreme(100_000)
    rows = rows_of(loss_agreement(z, y))
    assert sum(row["rows"] for row in rows) == 100_000
    assert len(rows) < 4000


@pytest.mark.checklist(
    row=217, call="loss_agreement(z, y)", figure="raw outputs about [-3, 8]: all points on the line"
)
def test_of_moderate_outputs_both_losses_are_the_same() -> None:
    z = np.linspace(-3, 8, 500)
    y = (np.arange(500) % 5 > 0).astype(int)
    assert "0 of 500 rows" in subtitle(loss_agreement(z, y))
    histogram = score_histogram(xent.evaluate(y, logits=z))
    assert "logit (nats)" in axis_titles(histogram.to_dict())
    bars = rows_of(histogram)
    assert (bars[0]["low"], bars[-1]["high"]) == (-3, 8)


@pytest.mark.checklist(
    row=218, call="loss_agreement(z, y)", figure="raw outputs above 16: a floor at 1.19e-7"
)
def test_of_extreme_outputs_the_clip_is_a_floor() -> None:
    z = np.linspace(-4, 24, 800)
    rows = rows_of(loss_agreement(z, np.ones(800, int)))
    floor = min(row["y"] for row in rows)
    assert floor == pytest.approx(1.1921e-7, rel=1e-4)
    below = [row for row in rows if row["x"] < 1e-8]
    assert len(below) > 50
    assert {row["y"] for row in below} == {floor}


@pytest.mark.checklist(
    row=219, call="loss_agreement(z, y, batch_size=4)", figure="means of 4: nearly all on the line"
)
def test_a_batch_mean_hides_the_clip() -> None:
    rng = np.random.default_rng(0)
    z, y = (
        np.where(rng.random(2000) < 0.5, rng.uniform(17, 24, 2000), rng.uniform(-4, 8, 2000)),
        np.ones(2000),
    )

    def share(batch_size: int) -> float:
        text = subtitle(loss_agreement(z, y, batch_size=batch_size))
        differing, batches, *_ = re.findall(r"\d[\d,]*", text)
        return float(differing.replace(",", "")) / float(batches.replace(",", ""))

    assert share(1) > 0.4
    assert share(4) < 0.15
    assert {row["label"] for row in rows_of(loss_agreement(z, y, batch_size=4))} == {"batch of 4"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z": [[0.0]]}, r"shape \(n,\)"),
        ({"z": [np.inf, 0.0]}, "finite logits"),
        ({"y": [0, 2]}, "must be 0 or 1"),
        ({"batch_size": 3}, "1 to 2"),
        ({"clip": 0.5}, "between 0 and 0.5"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"z": [0.0, 1.0], "y": [0, 1], **change}
    with pytest.raises(XentError, match=message):
        loss_agreement(given.pop("z"), given.pop("y"), **given)
