"""The look of charts: colors that can be told apart, by everyone and in gray."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest

from xent.errors import XentError
from xent.figures import DARK, LIGHT
from xent.figures.theme import THEMES, theme_named, themed


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.1, in [0, 1]."""
    channels = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# Viénot, Brettel & Mollon 1999: linear RGB as a protanope and a deuteranope see it
SEEN = {
    "protanope": [[0.112, 0.888, 0.0], [0.112, 0.888, 0.0], [0.004, -0.004, 1.0]],
    "deuteranope": [[0.293, 0.707, 0.0], [0.293, 0.707, 0.0], [-0.021, 0.021, 1.0]],
}


def seen(color: str, kind: str) -> np.ndarray:
    channels = np.array([int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]) ** 2.2
    return np.clip(np.array(SEEN[kind]) @ channels, 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("look", THEMES.values(), ids=list(THEMES))
def test_text_and_lines_stand_out(look: object) -> None:
    assert contrast(look.ink, look.background) >= 7
    assert contrast(look.muted, look.background) >= 4.5
    for hue in look.hues:
        assert contrast(hue, look.background) >= 3
    # a grid is seen, and stays behind
    assert 1.1 < contrast(look.grid, look.background) < 2


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize("look", THEMES.values(), ids=list(THEMES))
def test_the_first_hues_differ_for_the_color_blind(look: object, kind: str) -> None:
    first = [seen(hue, kind) for hue in look.hues[:3]]
    for a in range(3):
        for b in range(a):
            assert np.abs(first[a] - first[b]).sum() > 0.3


@pytest.mark.parametrize("look", THEMES.values(), ids=list(THEMES))
@pytest.mark.parametrize("n", [1, 2, 7, 12])
def test_steps_are_ordered_in_gray(look: object, n: int) -> None:
    steps = look.steps(n)
    assert len(steps) == n
    assert steps[-1] == look.ramp[-1]
    away = np.diff([contrast(step, look.background) for step in steps])
    assert np.all(away > 0)
    assert contrast(steps[0], look.background) >= 3


def test_a_chart_gets_its_theme_title_and_size() -> None:
    chart = alt.Chart(alt.Data(values=[{"x": 1}])).mark_point().encode(x="x:Q")
    made = themed(chart, "dark", title="A", subtitle=["b", "c"], width=200, height=90).to_dict()
    assert made["background"] == DARK.background
    assert made["title"] == {"text": "A", "subtitle": ["b", "c"]}
    assert (made["width"], made["height"]) == (200, 90)
    assert made["config"]["axis"]["labelColor"] == DARK.ink
    assert made["config"]["axis"]["labelSeparation"] > 0  # 100,000 and 200,000 would touch
    bare = themed(chart, LIGHT).to_dict()
    assert "title" not in bare
    assert "width" not in bare
    # fonts that are there on every system: nothing is loaded
    assert "sans-serif" in bare["config"]["font"]


def test_a_theme_that_does_not_exist_names_the_nearest() -> None:
    assert theme_named(DARK) is DARK
    with pytest.raises(XentError, match=r"one of light, dark, got 'ligth'. Did you mean 'light'"):
        theme_named("ligth")
