"""An image above the numbers that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.image_pixels import picture
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.figures.image_pixels import Picture
    from xent.figures.theme import Theme

__all__ = ["image_values"]

MOST_COLUMNS: Final = 32  # of numbers: more could not be read
PICTURE: Final = 112  # pixels of its longer side
LETTER: Final = 0.62  # width of a digit in heights of the font
LARGEST_FONT: Final = 11
LINE: Final = 18


def image_values(
    image: object,
    *,
    label: str | None = None,
    digits: int = 3,
    title: str = "An image and its numbers",
    theme: Theme | str = "light",
    width: int = 480,
) -> alt.LayerChart:
    """Draw an image of one channel, and beneath it every pixel as a number from 0 (black) to 1.

    Parameters
    ----------
    image : uint8 array of shape (height, width) or (1, height, width)
        At most 32 pixels wide.
    label : str, optional
        What it is.
    digits : int, default 3
        Behind the point, 1 to 4.
    title : str
    theme : Theme or str
    width : int
        In pixels; the height follows.

    Returns
    -------
    altair.LayerChart
        Picture, facts, numbers. Numbers stand as the pixels do; row by row from the top they are the
        vector that a dense layer takes.

    Raises
    ------
    XentError
        When the image has several channels, is not uint8 or too wide.

    Examples
    --------
    >>> chart = image_values(np.array([[0, 3], [18, 255]], np.uint8), label="5")
    >>> [row["text"] for row in chart.layer[2].data.values]
    ['0', '.012', '.071', '1']
    """
    pixels = _checked(image)
    if not 1 <= digits <= 4:
        raise XentError(f"digits must be 1 to 4, got {digits}.")
    look = theme_named(theme)
    values = pixels / 255
    shown = picture(pixels[None], longest=PICTURE)
    facts = _facts(values, label, digits)
    top = max(shown.height, LINE * len(facts)) + 18
    step = width / values.shape[1]
    font = min(LARGEST_FONT, 0.92 * step / (LETTER * (digits + 1)))
    numbers = _numbers(values, digits, step, max(1.7 * font, 9), top)
    bottom = numbers[-1]["y"] + 9
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False)),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[bottom, 0], nice=False)),
    }
    ink = alt.condition("datum.value > 0", alt.value(look.ink), alt.value(look.muted))
    layers: list[Any] = [
        _picture_layer(shown, axes),
        alt.Chart(alt.Data(values=_lines(facts, shown.width + 16)))
        .mark_text(align="left", baseline="top", fontSize=12)
        .encode(**axes, text="text:N"),
        alt.Chart(alt.Data(values=numbers))
        .mark_text(fontSize=font, baseline="middle", align="center")
        .encode(
            **axes,
            text="text:N",
            color=ink,
            tooltip=[alt.Tooltip("place:Q", title="number"), alt.Tooltip("value:Q", format=".4f")],
        ),
    ]
    return themed(alt.layer(*layers), look, title=title, width=width, height=round(bottom))


def _checked(image: object) -> Array:
    given = np.asarray(image)
    pixels = given[0] if given.ndim == 3 and len(given) == 1 else given
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or not pixels.size:
        raise XentError(
            "image must be uint8 of shape (height, width) or (1, height, width), got "
            f"{given.dtype} of shape {given.shape}. Of several channels give one, such as image[:1]."
        )
    if pixels.shape[1] > MOST_COLUMNS:
        raise XentError(
            f"image must be at most {MOST_COLUMNS} pixels wide for its numbers to be read, got "
            f"{pixels.shape[1]}. Give a part of it, such as image[:, :32, :32]."
        )
    return pixels


def _facts(values: FloatArray, label: str | None, digits: int) -> list[str]:
    n_rows, n_columns = values.shape
    return [
        *([] if label is None else [f"label {label}"]),
        f"{n_rows} × {n_columns} = {values.size:,} numbers",
        f"{values.min():.{digits}g} to {values.max():.{digits}g}, mean {values.mean():.{digits}f}",
        f"{np.count_nonzero(values):,} are not 0",
    ]


def _picture_layer(shown: Picture, axes: dict[str, Any]) -> alt.Chart:
    rows = [{"x": 0, "y": 0, "url": shown.uri}]
    side: dict[str, Any] = {
        "width": shown.width,
        "height": shown.height,
        "baseline": "top",
        "align": "left",
    }
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=rows)).mark_image(**side).encode(**axes, url="url:N")
    )
    return chart


def _lines(facts: list[str], x: int) -> list[dict[str, Any]]:
    return [{"x": x, "y": LINE * place, "text": text} for place, text in enumerate(facts)]


def _numbers(
    values: FloatArray, digits: int, step: float, height: float, top: float
) -> list[dict[str, Any]]:
    """Return every number at the place of its pixel."""
    n_columns = values.shape[1]
    return [
        {
            "x": (place % n_columns + 0.5) * step,
            "y": top + (place // n_columns + 0.5) * height,
            "value": value,
            "text": _text(value, digits),
            "place": place,
        }
        for place, value in enumerate(values.ravel().tolist())
    ]


def _text(value: float, digits: int) -> str:
    # 0.012 is .012: a quarter less, and 28 of them stand side by side
    text = f"{value:.{digits}f}"
    return text[1:] if value > 0 and text[0] == "0" else f"{value:.0f}"
