"""The sheet of images in a report: texts escaped, pictures whole, and within their budget."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xent.figures.image_cases import ImageCase
from xent.reports import report_page
from xent.reports.image_section import BUDGET, ImageEvidence, image_section

HOSTILE = '"><script>alert(1)</script>'


def images(n: int, side: int = 16, channels: int = 1) -> Any:
    shape = (n, channels, side, side)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def sources(page: str) -> list[str]:
    return re.findall(r'<img src="data:image/png;base64,([A-Za-z0-9+/=]+)"', page)


def test_names_of_files_and_classes_are_text() -> None:
    cases = {HOSTILE: [ImageCase(0, HOSTILE, f"{HOSTILE}, 99%", 0)]}
    section = image_section(images(1), cases, files=[f"\ud800{HOSTILE}.png"], rows=HOSTILE)
    page = report_page("a", "b", [section])
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6
    # a name that is no Unicode is still shown
    assert "?&quot;&gt;&lt;script&gt;" in page or "\ufffd&quot;" in page
    page.encode("utf-8")


def test_every_picture_has_its_words_and_its_size() -> None:
    cases = {
        "Surest mistakes": [
            ImageCase(1, "cat", "dog, 99.0%", 1),
            ImageCase(0, "dog", "cat, 60%", 0),
        ]
    }
    evidence = ImageEvidence(np.random.default_rng(1).random((2, 16, 16)), "grad_cam")
    files = ["a/0.png", "a/1.png"]
    body = image_section(images(2), cases, files=files, evidence=evidence).body
    tags = re.findall(r"<img [^>]*>", body)
    assert len(tags) == 4
    alternatives = [re.search(r'alt="([^"]*)"', tag).group(1) for tag in tags]  # type: ignore[union-attr]
    assert alternatives == [
        "a/1.png: is cat, said dog, 99.0%",
        "where the network looked in a/1.png",
        "a/0.png: is dog, said cat, 60%",
        "where the network looked in a/0.png",
    ]
    for tag, text in zip(tags, sources(body), strict=True):
        shown = Image.open(io.BytesIO(base64.b64decode(text)))
        shown.load()
        assert f'width="{shown.width}" height="{shown.height}"' in tag
    first = np.asarray(Image.open(io.BytesIO(base64.b64decode(sources(body)[0]))))
    np.testing.assert_array_equal(first[::6, ::6], images(2)[1, 0])
    assert "Grad-CAM" in body
    assert "</img>" not in body


@pytest.mark.parametrize("side", [8, 128])
def test_the_pictures_stay_within_their_budget(side: int) -> None:
    # a sheet as large as reports have them, of images that cannot be packed
    given = images(24, side, channels=3)
    cases = {"Surest mistakes": [ImageCase(k, "a", "b", 0) for k in range(24)]}
    heats = np.random.default_rng(1).random((24, side, side))
    body = image_section(given, cases, evidence=ImageEvidence(heats, "occlusion")).body
    assert len(sources(body)) == 48
    assert len(body) < BUDGET + 30_000
    assert "occlusion" in body


def test_a_perfect_part_says_so() -> None:
    hits = image_section(images(1), {"Surest hits": [ImageCase(0, "a", "a", 0)]}, rows="test rows")
    assert "No mistake in the test rows." in hits.body
    nothing = image_section(images(1), {}, rows="test rows")
    assert "Every one of the test rows is predicted exactly." in nothing.body
    assert "row 0" in hits.body
    assert "Right-hand" not in hits.body
