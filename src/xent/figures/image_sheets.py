"""Images on a sheet, with what they are, what was decided, and what decided it."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.image_pixels import LONGEST_SIDE, checked_heat, checked_images, picture
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array, FloatArray
    from xent.figures.image_cases import ImageCase
    from xent.figures.image_pixels import Picture
    from xent.figures.theme import Theme

__all__ = ["image_sheet"]

GAP: Final = 16  # pixels between cells
BETWEEN: Final = 4  # an image and its heat
LINE: Final = 15
HEADING: Final = 26
MOST_IMAGES: Final = 200

Records = list[dict[str, Any]]


def image_sheet(
    images: object,
    cases: Mapping[str, Sequence[ImageCase]],
    *,
    heats: object = None,
    files: Sequence[str] | None = None,
    title: str = "Images and what was decided",
    subtitle: str = "",
    theme: Theme | str = "light",
    width: int = 480,
) -> alt.LayerChart:
    """Draw images group by group, each with what it is, what was said of it, and its name.

    Parameters
    ----------
    images : uint8 array of shape (n, channels, height, width)
    cases : mapping of str to sequence of ImageCase
        Which of them, by the heading of their group: `class_cases`, `label_cases` or `number_cases`
        choose them.
    heats : array of shape (n_cases, height, width), optional
        Of each case, in the order of the groups: drawn over the image beside it, one hue, with a line
        at half of the most. See `xent.engines.torch_saliency.grad_cam` and
        `xent.evaluation.occlusion.occlusion_map`.
    files : sequence of str, optional
        Names of the n images.
    title, subtitle : str
    theme : Theme or str
    width : int
        In pixels; the height follows. Pictures are at most 96 pixels wide and high.

    Raises
    ------
    XentError
        When there is no case, or more than 200, or images, heats and names do not fit.

    Examples
    --------
    >>> from xent.figures import class_cases
    >>> images = np.zeros((2, 1, 8, 8), np.uint8)
    >>> cases = class_cases([0, 1], [[0.9, 0.1], [0.7, 0.3]], classes=["cat", "dog"])
    >>> chart = image_sheet(images, cases, files=["a.png", "b.png"])
    >>> [row["text"] for row in chart.layer[1].data.values][:3]
    ['is dog', 'said cat, 70.0%', 'b.png']
    """
    given = checked_images(images)
    in_order = [case for group in cases.values() for case in group]
    _check_cases(in_order, len(given), files)
    shown = np.array([case.row for case in in_order])
    maps = None if heats is None else checked_heat(heats, given[shown])
    look = theme_named(theme)
    pictures, texts, headings, bottom = _laid_out(given, cases, maps, files, width)
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False)),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[bottom, 0], nice=False)),
    }
    across, down = _drawn_size(given)
    # a square would put an image that is none into its middle, over the words beneath
    side: dict[str, Any] = {"width": across, "height": down, "baseline": "top", "align": "left"}
    cell = _cell_width(maps)
    ink = alt.condition("datum.strong", alt.value(look.ink), alt.value(look.muted))
    layers: list[Any] = [
        alt.Chart(alt.Data(values=pictures))
        .mark_image(**side, aspect=False)
        .encode(**axes, url="url:N", tooltip=alt.Tooltip("name:N", title="image")),
        alt.Chart(alt.Data(values=texts))
        .mark_text(align="left", baseline="top", fontSize=11, limit=cell + GAP - 4)
        .encode(**axes, text="text:N", color=ink),
        alt.Chart(alt.Data(values=headings))
        .mark_text(align="left", baseline="top", fontSize=13, limit=width)
        .encode(**axes, text="text:N"),
    ]
    sheet = alt.layer(*layers).properties(description=_description(cases))
    return themed(sheet, look, title=title, subtitle=subtitle, width=width, height=bottom)


def _check_cases(cases: list[ImageCase], n: int, files: Sequence[str] | None) -> None:
    if not 1 <= len(cases) <= MOST_IMAGES:
        raise XentError(f"a sheet shows 1 to {MOST_IMAGES} images, got {len(cases)} cases.")
    beyond = [case.row for case in cases if not 0 <= case.row < n]
    if beyond:
        raise XentError(f"cases must be of the {n} images, got row {beyond[0]}.")
    if files is not None and len(files) != n:
        raise XentError(f"files must hold a name for each of {n} images, got {len(files)}.")


def _drawn_size(images: Array) -> tuple[int, int]:
    """Return width and height of every picture on the sheet: all images have one shape."""
    height, width = images.shape[2:]
    longest = max(height, width)
    across, down = (max(1, round(LONGEST_SIDE * side / longest)) for side in (width, height))
    return across, down


def _cell_width(maps: FloatArray | None) -> int:
    return LONGEST_SIDE + (0 if maps is None else LONGEST_SIDE + BETWEEN)


def _laid_out(
    images: Array,
    cases: Mapping[str, Sequence[ImageCase]],
    maps: FloatArray | None,
    files: Sequence[str] | None,
    width: int,
) -> tuple[Records, Records, Records, int]:
    """Return pictures, texts and headings at their places in pixels, and where the sheet ends."""
    cell = _cell_width(maps) + GAP
    n_columns = max(1, (width + GAP) // cell)
    across, down = _drawn_size(images)
    n_lines = 2 if files is None else 3
    tall = down + n_lines * LINE + GAP
    heats = repeat(None) if maps is None else iter(maps)
    pictures: Records = []
    texts: Records = []
    headings: Records = []
    top = 0
    for heading, group in cases.items():
        headings.append({"x": 0, "y": top, "text": heading})
        top += HEADING
        for place, case in enumerate(group):
            x, y = place % n_columns * cell, top + place // n_columns * tall
            name = "" if files is None else str(files[case.row])
            for k, own in enumerate(_pictures(images[case.row], next(heats))):
                at = x + k * (across + BETWEEN)
                shown = {"x": at, "y": y, "url": own.uri, "name": name or f"row {case.row}"}
                pictures.append(shown)
            lines = [f"is {case.truth}", f"said {case.said}", name][:n_lines]
            texts += [
                {"x": x, "y": y + down + 4 + k * LINE, "text": line, "strong": k < 2}
                for k, line in enumerate(lines)
            ]
        top += -(-len(group) // n_columns) * tall
    return pictures, texts, headings, top


def _pictures(image: Array, heat: FloatArray | None) -> list[Picture]:
    return [picture(image)] + ([] if heat is None else [picture(image, heat)])


def _description(cases: Mapping[str, Sequence[ImageCase]]) -> str:
    """Return the sheet in words, for those who cannot see it."""
    return " ".join(
        f"{heading}: {'; '.join(f'is {case.truth}, said {case.said}' for case in group)}."
        for heading, group in cases.items()
    )
