"""The sheet of images in a real browser: every picture is shown, nothing is asked for, nothing overflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from xent.evaluation.occlusion import occlusion_map
from xent.figures import class_cases
from xent.reports import report_page
from xent.reports.image_section import ImageEvidence, image_section

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = '"><img src="https://example.org/x.png" onerror="document.title=1"></script>'
Opener = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    digits = load_digits()
    images = (digits.images[:200] * 15.9).astype(np.uint8)[:, None]
    # the class whose mean image is nearest: a model that makes mistakes
    means = np.stack([images[digits.target[:200] == k].mean(0) for k in range(10)])

    def logits(rows: Any) -> Any:
        far = ((rows[:, None].astype(float) - means) ** 2).sum((2, 3, 4))
        return -far / 2e5

    z = logits(images)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    names = [f"{HOSTILE}{k}" for k in range(10)]
    cases = class_cases(digits.target[:200], p, classes=names)
    in_order = [case for group in cases.values() for case in group]
    rows = images[[case.row for case in in_order]]
    heats = occlusion_map(logits, rows, [case.outcome for case in in_order], patch=2)
    evidence = ImageEvidence(heats, "occlusion")
    files = [f"{HOSTILE}/{'a-long-name-' * 9}{k}.png" for k in range(200)]
    section = image_section(images, cases, files=files, evidence=evidence)
    path: Path = tmp_path_factory.mktemp("images") / "report.html"
    path.write_text(report_page("digits", "", [section]), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 480])
def test_every_picture_is_shown(address: str, open_page: Opener, width: int, scheme: str) -> None:
    watched = open_page(address, width=width, scheme=scheme)
    page = watched.page
    page.wait_for_function("[...document.images].every(image => image.complete)")
    shown = page.evaluate(
        "[...document.images].map(i => [i.naturalWidth, i.getBoundingClientRect().width, i.alt.length])"
    )
    assert len(shown) >= 30
    for natural, drawn, n_letters in shown:
        assert natural == 96
        assert drawn > 60
        assert n_letters > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title() == "digits"
    assert [url for url in watched.requested if not url.startswith("data:")] == []
    assert watched.said == []


def test_pictures_are_on_paper(address: str, open_page: Opener) -> None:
    page = open_page(address, scheme="dark").page
    page.emulate_media(media="print")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.sheet img')].map(i => i.getBoundingClientRect().width)"
    )
    assert min(boxes) > 40
