"""The look of all charts: colors that the color-blind can tell apart, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    import altair as alt

    ChartT = TypeVar("ChartT", bound=alt.TopLevelMixin)
else:
    ChartT = TypeVar("ChartT")

__all__ = ["DARK", "LIGHT", "THEMES", "Theme", "theme_named", "themed"]

FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Theme:
    """Colors of a chart.

    Attributes
    ----------
    name : str
    background, ink, muted, grid : str
        Of the page, of text, of what stands back, of grid lines.
    hues : tuple of str
        For kinds: Okabe and Ito's (2008), darkened or lightened until they have a contrast of 3 to 1.
        The first is the positive class and the training part, the second the negative class and the
        validation part.
    ramp : tuple of str
        From few to many, in lightness too, so that it survives a print in gray.
    diverging : tuple of str
        From negative over none to positive.
    """

    name: str
    background: str
    ink: str
    muted: str
    grid: str
    hues: tuple[str, ...]
    ramp: tuple[str, ...]
    diverging: tuple[str, str, str]

    def steps(self, n: int) -> list[str]:
        """Return n colors along the ramp, for kinds that have an order.

        The half near the page is left out: the rest has a contrast of 3 to 1 with it.
        """
        if n == 1:
            return [self.ramp[-1]]
        places = [0.5 + 0.5 * k / (n - 1) for k in range(n)]
        return [_mixed(self.ramp, place) for place in places]


LIGHT: Final = Theme(
    name="light",
    background="#ffffff",
    ink="#1c2530",
    muted="#5b6672",
    grid="#e3e7eb",
    hues=("#0072b2", "#d55e00", "#009e73", "#a0528a", "#8a6d00", "#3a8fc7", "#5b6672"),
    ramp=("#eef4fa", "#9ecae1", "#4a98c9", "#1764ab", "#08306b"),
    diverging=("#b2182b", "#f4f4f4", "#2166ac"),
)
DARK: Final = Theme(
    name="dark",
    background="#15191f",
    ink="#e6e9ed",
    muted="#9aa5b1",
    grid="#2b323b",
    hues=("#6db6f5", "#f2883d", "#3ecf9f", "#d79bc4", "#e6c84f", "#56b4e9", "#9aa5b1"),
    ramp=("#1d2733", "#1f4e79", "#2f7fbf", "#7db9e8", "#dcefff"),
    diverging=("#f4705f", "#262c34", "#5aa9f0"),
)
THEMES: Final = {theme.name: theme for theme in (LIGHT, DARK)}


def theme_named(theme: Theme | str) -> Theme:
    """Return a theme by its name; a theme is returned as it is.

    Raises
    ------
    XentError
        When there is no such theme.

    Examples
    --------
    >>> theme_named("dark").background
    '#15191f'
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise XentError(
            f"theme must be one of {', '.join(THEMES)}, got {theme!r}.{nearest_hint(str(theme), tuple(THEMES))}"
        )
    return THEMES[theme]


def themed(
    chart: ChartT | alt.FacetChart,
    theme: Theme | str,
    *,
    title: str = "",
    subtitle: str | list[str] = "",
    width: int | None = None,
    height: int | None = None,
) -> ChartT:
    """Return a chart in the colors of a theme.

    Parameters
    ----------
    chart : Chart, LayerChart, HConcatChart, ...
    theme : Theme or str
    title, subtitle : str
    width, height : int, optional
        In pixels; None leaves them as they are.
    """
    import altair as alt

    look = theme_named(theme)
    properties: dict[str, Any] = {"background": look.background}
    properties |= {k: v for k, v in (("width", width), ("height", height)) if v is not None}
    if title:
        properties["title"] = (
            alt.TitleParams(title, subtitle=subtitle) if subtitle else alt.TitleParams(title)
        )
    # altair.layer says that it may return a facet, which none of our layers makes
    return cast("ChartT", chart.properties(**properties).configure(**configuration(look)))


def configuration(look: Theme) -> dict[str, Any]:
    """Return Vega-Lite's configuration of a theme."""
    axis = {
        "labelColor": look.ink,
        "titleColor": look.ink,
        "gridColor": look.grid,
        "domainColor": look.muted,
        "tickColor": look.muted,
        "labelFontSize": 11,
        "labelSeparation": 4,  # long numbers would run into one another
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    }
    return {
        "font": FONT,
        "padding": 8,
        "axis": axis,
        "header": {"labelColor": look.ink, "titleColor": look.ink},
        "legend": {
            "labelColor": look.ink,
            "titleColor": look.ink,
            "titleFontWeight": "normal",
            "orient": "bottom",
            "labelLimit": 320,
            "symbolStrokeWidth": 2,
        },
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": look.ink,
            "subtitleColor": look.muted,
            "fontSize": 14,
            "subtitleFontSize": 12,
            "offset": 10,
        },
        "view": {"stroke": None},
        "text": {"color": look.ink},
        "range": {"category": list(look.hues)},
    }


def _mixed(colors: tuple[str, ...], place: float) -> str:
    """Return the color at a place in [0, 1] of a ramp."""
    at = place * (len(colors) - 1)
    first = min(int(at), len(colors) - 2)
    low, high = (_channels(colors[first + k]) for k in (0, 1))
    share = at - first
    mixed = (round(a + share * (b - a)) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(color: str) -> tuple[int, ...]:
    return tuple(int(color[k : k + 2], 16) for k in (1, 3, 5))
