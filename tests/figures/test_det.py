"""The DET chart: normal-deviate axes, labelled in per cent."""

from __future__ import annotations

import re

import numpy as np
import pytest
import vl_convert
from drawn import axis_titles, check_chart, rows_of
from rows import binary, subtitle
from scipy.stats import norm

from xent.errors import XentError
from xent.figures import det_curve


def test_places_are_the_normal_deviates_of_the_rates() -> None:
    e = binary()
    chart = det_curve(e)
    rows = rows_of(chart, 1)
    inside = (e.det.fpr > 0) & (e.det.fpr < 1) & (e.det.fnr > 0) & (e.det.fnr < 1)
    assert [row["fpr"] for row in rows] == e.det.fpr[inside].tolist()
    assert [row["fnr"] for row in rows] == e.det.fnr[inside].tolist()
    for row in rows:
        assert norm.cdf(row["x"]) == pytest.approx(row["fpr"], abs=1e-12)
        assert norm.cdf(row["y"]) == pytest.approx(row["fnr"], abs=1e-12)
    light = check_chart(lambda theme: det_curve(e, theme=theme))
    assert axis_titles(light) == {
        "false positive rate (% of negatives)",
        "miss rate (% of positives)",
    }


def test_the_axes_read_in_per_cent() -> None:
    svg = vl_convert.vegalite_to_svg(det_curve(binary()).to_dict())
    texts = re.findall(r">([\d.]+%)<", svg)
    assert {"5%", "10%", "20%", "40%"} <= set(texts)
    # a label for each tick of both axes, none of them empty
    assert "undefined" not in svg


def test_the_equal_error_rate_lies_on_the_dashed_line() -> None:
    e = binary(5000, "logits")
    rate = e.equal_error_rate
    assert f"equal error rate {rate.value:.3f} ({rate.low:.3f} to" in subtitle(det_curve(e))
    rows = rows_of(det_curve(e), 1)
    nearest = min(rows, key=lambda row: abs(row["x"] - row["y"]))
    assert nearest["fpr"] == pytest.approx(rate.value, abs=2e-3)


def test_small_rates_of_a_long_curve_keep_their_steps() -> None:
    e = binary(40_000, "logits")
    rows = rows_of(det_curve(e), 1)
    assert len(rows) <= 2000
    # half the axis of false positives shows rates below 1%: they are not one straight line
    assert sum(row["fpr"] < 0.01 for row in rows) > 100
    x, y = np.array([row["x"] for row in rows]), np.array([row["y"] for row in rows])
    assert np.all(np.diff(x) >= 0)
    assert np.all(np.diff(y) <= 1e-12)


def test_several_curves_are_named() -> None:
    chart = det_curve({"a": binary(), "b": binary(99)})
    assert {row["curve"] for row in rows_of(chart, 1)} == {"a", "b"}
    check_chart(lambda theme: det_curve({"a": binary(), "b": binary(99)}, theme=theme))


def test_classes_that_are_apart_have_no_curve() -> None:
    with pytest.raises(XentError, match="the classes are apart"):
        det_curve(([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]))
