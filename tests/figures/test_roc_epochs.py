"""ROC curves by epoch: the seven drawings of the source, and any others."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import points

from xent.errors import XentError
from xent.evaluation import RocCurve, roc_curve
from xent.figures import roc_by_epoch

SEVEN = [epoch + 1 for epoch in range(400) if (epoch + 1) % 100 == 0 or epoch in {0, 2, 4}]


def curves(epochs: list[int], n: int = 400) -> dict[int, RocCurve]:
    rng = np.random.default_rng(0)
    truth, noise = rng.random(n) < 0.4, rng.normal(size=n)
    return {epoch: roc_curve(truth, noise + truth * np.log1p(epoch) / 2) for epoch in epochs}


@pytest.mark.checklist(row=23, call="roc_by_epoch({1: roc, 3: roc, ...})", figure="seven curves")
@pytest.mark.checklist(row=22, call="roc_by_epoch(curves)", figure="seven curves, rising")
def test_the_seven_curves_of_the_source() -> None:
    given = curves(SEVEN)
    chart = roc_by_epoch(given)
    drawn: dict[str, list[tuple[float, float]]] = {}
    for row in rows_of(chart, 1):
        drawn.setdefault(row["epoch"], []).append((row["x"], row["y"]))
    assert [int(name.split()[0]) for name in drawn] == [1, 3, 5, 100, 200, 300, 400]
    for name, (epoch, curve) in zip(drawn, given.items(), strict=True):
        assert name == f"{epoch} (AUC {curve.area:.3f})"
        assert drawn[name] == list(zip(curve.fpr.tolist(), curve.tpr.tolist(), strict=True))
    at_tenth = [np.interp(0.1, *np.array(line).T) for line in drawn.values()]
    assert np.all(np.diff(at_tenth) > 0)
    light = check_chart(lambda theme: roc_by_epoch(given, theme=theme))
    assert "false positive rate (share of negatives)" in axis_titles(light)


def test_later_epochs_are_darker_so_that_gray_is_enough() -> None:
    chart = roc_by_epoch(curves(SEVEN)).to_dict()
    colors = chart["layer"][1]["encoding"]["color"]["scale"]["range"]
    gray = [
        sum(f * int(color[k : k + 2], 16) for f, k in ((0.3, 1), (0.6, 3), (0.1, 5)))
        for color in colors
    ]
    assert len(gray) == 7
    assert np.all(np.diff(gray) < 0)


def test_epochs_are_drawn_in_their_order_whatever_the_mapping() -> None:
    given = curves([20, 3, 100])
    names = list(dict.fromkeys(row["epoch"] for row in rows_of(roc_by_epoch(given), 1)))
    assert [int(name.split()[0]) for name in names] == [3, 20, 100]


def test_of_very_many_twelve_are_drawn_with_both_ends() -> None:
    given = curves(list(range(1, 101)), 50)
    names = list(dict.fromkeys(row["epoch"] for row in rows_of(roc_by_epoch(given), 1)))
    epochs = [int(name.split()[0]) for name in names]
    assert len(epochs) == 12
    assert (epochs[0], epochs[-1]) == (1, 100)


def test_one_epoch_and_none() -> None:
    assert points(rows_of(roc_by_epoch(curves([7])), 1))[-1] == (1, 1)
    with pytest.raises(XentError, match="at least one epoch"):
        roc_by_epoch({})


def test_long_curves_are_cut_down() -> None:
    assert len(rows_of(roc_by_epoch(curves([1, 2], 30_000)), 1)) <= 1000
