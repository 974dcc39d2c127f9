"""Images in a report: the surest mistakes, the surest hits, the least sure, and what decided them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.figures.image_pixels import pictures_within
from xent.reports.markup import Markup, element, join
from xent.reports.page import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array
    from xent.figures.image_cases import ImageCase
    from xent.figures.image_pixels import Picture

__all__ = ["ImageEvidence", "image_section"]

BUDGET: Final = 520_000  # characters of all pictures: the page stays below 2 MB
WRONG: Final = ("Surest mistakes", "Largest residuals")
HOW: Final = {
    "grad_cam": "Grad-CAM, last convolution",
    "occlusion": "occlusion by patches",
}


@dataclass(frozen=True, eq=False)
class ImageEvidence:
    """Where in images the network looked.

    Attributes
    ----------
    heats : ndarray of shape (n_cases, height, width)
        Of each case, in the order of the groups.
    how : {"grad_cam", "occlusion"}
    """

    heats: Array
    how: str

    @property
    def legend(self) -> str:
        """What the heat is, in a line."""
        return f"orange: what spoke for it; line: half of the most ({HOW[self.how]})"


def image_section(
    images: Array,
    cases: Mapping[str, Sequence[ImageCase]],
    *,
    files: Sequence[str] | None = None,
    evidence: ImageEvidence | None = None,
    rows: str = "rows",
    budget: int = BUDGET,
) -> Section:
    """Return the sheet of images.

    Parameters
    ----------
    images : uint8 array of shape (n, channels, height, width)
    cases : mapping of str to sequence of ImageCase
        Which of them, by the heading of their group.
    files : sequence of str, optional
        Names of the n images; any text.
    evidence : ImageEvidence, optional
        Drawn beside each image.
    rows : str
        What the images are, such as "test rows".
    budget : int
        Characters that the pictures may take together.
    """
    in_order = [case for group in cases.values() for case in group]
    if not in_order:
        nothing = element("p", {"class": "note"}, f"Every one of the {rows} is predicted exactly.")
        return Section("images", "Images", nothing)
    heats = None if evidence is None else evidence.heats
    shown = np.asarray(images)[[case.row for case in in_order]]
    pictures = iter(pictures_within(shown, heats, budget=budget))
    parts: list[object] = [element("p", {"class": "note"}, f"Of the {rows}. {_legend(evidence)}")]
    if not any(heading.startswith(WRONG) for heading in cases):
        parts.append(element("p", None, f"No mistake in the {rows}."))
    for heading, group in cases.items():
        cells = [_cell(case, next(pictures), _name(case, files)) for case in group]
        parts += [element("h3", None, heading), element("ul", {"class": "sheet"}, *cells)]
    return Section("images", "Images", join(parts))


def _legend(evidence: ImageEvidence | None) -> str:
    if evidence is None:
        return ""
    return (
        f"Right-hand pictures: {evidence.legend}, each on a scale of its own. They say where the network looked, not "
        "whether it was right to."
    )


def _name(case: ImageCase, files: Sequence[str] | None) -> str:
    return f"row {case.row}" if files is None else str(files[case.row])


def _cell(case: ImageCase, pictures: Sequence[Picture], name: str) -> Markup:
    what = f"{name}: is {case.truth}, said {case.said}"
    texts = (what, f"where the network looked in {name}")
    shown = [_image(own, text) for own, text in zip(pictures, texts, strict=False)]
    caption = element(
        "figcaption",
        None,
        element("span", None, "is ", element("strong", None, case.truth)),
        element("span", None, "said ", element("strong", None, case.said)),
        element("span", {"class": "file", "title": name}, name),
    )
    figure = element("figure", None, element("div", {"class": "pictures"}, *shown), caption)
    return element("li", None, figure)


def _image(own: Picture, text: str) -> Markup:
    attributes: dict[str, Any] = {
        "src": Markup(own.uri),
        "width": own.width,
        "height": own.height,
        "alt": text,
        "decoding": "async",
    }
    return element("img", attributes)
