"""The reliability diagram: bins, isotonic curve, band, and rows beneath."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, data_of, layers_of
from rows import binary, points, subtitle

import xent
from xent.errors import XentError
from xent.figures import reliability_diagram


def views(chart: object) -> list[list[dict[str, object]]]:
    specification = chart.to_dict()
    return [data_of(layer, specification) for layer in layers_of(specification)]


def test_each_part_is_the_evaluation_s_own() -> None:
    e = binary()
    band, diagonal, isotonic, bins, intervals, rows = views(reliability_diagram(e))
    assert points(diagonal) == [(0, 0), (1, 1)]
    reliability, corp = e.calibration.reliability, e.calibration.corp
    assert points(bins) == list(
        zip(reliability.probability.tolist(), reliability.share.tolist(), strict=True)
    )
    assert [(row["low"], row["high"]) for row in intervals] == list(
        zip(reliability.low.tolist(), reliability.high.tolist(), strict=True)
    )
    known = dict(zip(corp.probability.tolist(), corp.recalibrated.tolist(), strict=True))
    for x, y in points(isotonic):
        assert known[x] == y
    assert [row["y"] for row in isotonic] == sorted(row["y"] for row in isotonic)
    # what is left out lies between two points of one height
    x, y = np.array(points(isotonic)).T
    assert np.allclose(np.interp(corp.probability, x, y), corp.recalibrated, atol=1e-12)
    assert len(band) == corp.probability.size
    assert [row["high"] for row in band] == corp.high.tolist()
    assert sum(row["rows"] for row in rows) == 300
    error = e.calibration.error
    assert f"calibration error {error.value:.4f}" in subtitle(reliability_diagram(e))


def test_both_themes_and_titles() -> None:
    light = check_chart(lambda theme: reliability_diagram(binary(declared="logits"), theme=theme))
    assert axis_titles(light) == {"predicted probability", "share of positives", "rows"}


def test_empty_bins_are_left_out() -> None:
    e = xent.evaluate([0, 1, 1, 0] * 20, probabilities=[0.1, 0.9, 0.9, 0.1] * 20)
    bins = views(reliability_diagram(e))[3]
    assert points(bins) == [(pytest.approx(0.1), 0), (pytest.approx(0.9), 1)]


def test_many_rows_stay_a_small_chart() -> None:
    band, _, isotonic, *_ = views(reliability_diagram(binary(20_000)))
    assert len(band) <= 1000
    assert len(isotonic) <= 1000


def test_scores_have_no_calibration() -> None:
    with pytest.raises(XentError, match="calibration needs probabilities or logits, got scores"):
        reliability_diagram(xent.evaluate([0, 1], scores=[0.2, 0.3]))
    with pytest.raises(XentError, match="needs the evaluation of a binary target"):
        reliability_diagram(xent.evaluate([1.5, 2], predictions=[1, 2]))
