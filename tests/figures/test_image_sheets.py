"""Sheets of images: every case has its picture, its heat and its words, and the pictures are right."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
import vl_convert
from drawn import check_chart, rows_of
from PIL import Image

from xent.data import read_idx
from xent.errors import XentError
from xent.figures import class_cases, image_sheet, image_values
from xent.figures.image_cases import ImageCase
from xent.figures.image_pixels import QUALITIES, Picture, picture, pictures_within

Arrays = np.ndarray[Any, Any]


def decoded(shown: Picture | str) -> Arrays:
    """Return the pixels of a picture as red, green, blue."""
    uri = shown if isinstance(shown, str) else shown.uri
    kind, _, text = uri.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")).astype(int)


def images(n: int, shape: tuple[int, int, int] = (1, 8, 8), seed: int = 0) -> Arrays:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_small_images_are_enlarged_pixel_by_pixel(n_channels: int) -> None:
    image = images(1, (n_channels, 8, 12))[0]
    found = decoded(picture(image))
    assert found.shape == (64, 96, 3)
    expected = np.broadcast_to(np.moveaxis(image, 0, -1), (8, 12, 3))
    np.testing.assert_array_equal(found, np.kron(expected, np.ones((8, 8, 1), int)))


def test_other_channels_are_shown_as_their_mean() -> None:
    image = np.array([[[10]], [[21]]], np.uint8)
    assert (decoded(picture(image)) == 16).all()  # 15.5, to the even one


@pytest.mark.parametrize("size", [(300, 100), (97, 97), (1, 1000), (1000, 1), (96, 96), (1, 1)])
def test_large_images_fit_and_keep_their_form(size: tuple[int, int]) -> None:
    shown = picture(np.full((3, *size), 77, np.uint8))
    assert max(shown.width, shown.height) <= 96
    assert max(shown.width, shown.height) > 48
    assert abs(shown.width / shown.height / (size[1] / size[0]) - 1) < 0.02 or min(size) == 1
    assert (decoded(shown) == 77).all()


def test_heat_is_orange_where_it_is_and_nowhere_else() -> None:
    image = np.full((3, 16, 16), 120, np.uint8)
    image[0] = 200  # a reddish image is gray beneath the heat: one hue only
    heat = np.zeros((16, 16))
    heat[2:6, 8:12] = 3.0
    heat[12:, :4] = -5.0
    found = decoded(picture(image, heat))
    hot = found[18:30, 54:66].reshape(-1, 3)
    assert (hot[:, 0] - hot[:, 2] > 80).all()
    far = np.concatenate([found[48:].reshape(-1, 3), found[:, :36].reshape(-1, 3)])
    assert (far.max(1) == far.min(1)).all()
    # the line at half of the most has the contrast of black or white to the gray
    lined = (found == 0).all(2) | (found == 255).all(2)
    assert lined.any()
    rows, columns = np.nonzero(lined)
    assert rows.min() >= 9
    assert rows.max() <= 38
    assert columns.min() >= 45
    assert columns.max() <= 74


def test_without_any_heat_the_image_is_gray_and_bare() -> None:
    image = images(1, (3, 8, 8))[0]
    for none in (np.zeros((8, 8)), -np.ones((8, 8))):
        found = decoded(picture(image, none))
        assert (found.max(2) == found.min(2)).all()
        gray = np.asarray(Image.fromarray(np.moveaxis(image, 0, -1)).convert("L")).astype(int)
        np.testing.assert_array_equal(found[:, :, 0], np.kron(gray, np.ones((12, 12), int)))


def test_pictures_keep_to_their_budget() -> None:
    # noise is the hardest to pack
    given = images(10, (3, 120, 120))
    heats = np.random.default_rng(1).random((10, 120, 120))
    sizes = []
    for budget in (10_000_000, 260_000, 60_000, 12_000):
        found = pictures_within(given, heats, budget=budget)
        total = sum(len(one.uri) for both in found for one in both)
        sizes.append((total, found[0][0].width))
        assert [len(both) for both in found] == [2] * 10
        assert total <= budget or found[0][0].width <= QUALITIES[-1][0]
    assert sizes[0][1] == 96
    assert sorted(sizes, reverse=True) == sizes
    assert [len(both) for both in pictures_within(given, budget=10**9)] == [1] * 10


def test_every_case_has_its_picture_heat_and_words() -> None:
    given = images(5)
    cases = {
        "Surest mistakes": [
            ImageCase(3, "<b>", "dog, 99.0%", 1),
            ImageCase(0, "cat", "dog, 80.0%", 1),
        ],
        "Surest hits": [ImageCase(3, "dog", "dog, 99.0%", 1)],
    }
    heats = np.random.default_rng(0).random((3, 8, 8))
    files = [f"{k}.png" for k in range(5)]

    def chart(theme: str) -> Any:
        return image_sheet(given, cases, heats=heats, files=files, theme=theme, width=420)

    pictures, texts, headings = (rows_of(chart("light"), layer) for layer in range(3))
    expected = [picture(given[3]), picture(given[3], heats[0]), picture(given[0])]
    expected += [picture(given[0], heats[1]), picture(given[3]), picture(given[3], heats[2])]
    assert [row["url"] for row in pictures] == [own.uri for own in expected]
    words = [row["text"] for row in texts]
    assert words[:6] == [
        "is <b>",
        "said dog, 99.0%",
        "3.png",
        "is cat",
        "said dog, 80.0%",
        "0.png",
    ]
    assert [row["text"] for row in headings] == list(cases)
    # two cells a row; the second group is beneath the first, and nothing lies beyond the sheet
    specification = check_chart(chart)
    assert [row["x"] for row in pictures] == [0, 100, 212, 312, 0, 100]
    assert pictures[0]["y"] == pictures[2]["y"] < headings[1]["y"] < pictures[4]["y"]
    assert max(row["x"] for row in pictures) + 96 <= 420
    assert max(row["y"] for row in texts) < specification["height"]
    assert specification["description"].startswith(
        "Surest mistakes: is <b>, said dog, 99.0%; is cat"
    )


@pytest.mark.parametrize(
    ("size", "drawn"), [((20, 50), (38, 96)), ((50, 20), (96, 38)), ((8, 8), (96, 96))]
)
def test_pictures_of_every_form_stand_above_their_words(
    size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    red = np.zeros((1, 3, *size), np.uint8)
    red[:, 0] = 255
    chart = image_sheet(red, {"All": [ImageCase(0, "red", "blue, 99.0%", 0)]})
    png = vl_convert.vegalite_to_png(chart.to_dict(), scale=1)
    found = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    is_red = (found == (255, 0, 0)).all(2)
    down, across = (np.flatnonzero(is_red.any(axis)) for axis in (1, 0))
    assert (down.size, across.size) == pytest.approx(drawn, abs=1)
    # no word lies on the picture or beside it, and both lines are beneath it
    assert is_red[down[1] : down[-1], across[1] : across[-1]].all()
    beneath = (found[down[-1] + 2 :] != found[0, 0]).any(axis=(1, 2))
    assert np.count_nonzero(np.diff(beneath.astype(int)) == 1) == 2


@pytest.mark.parametrize(("width", "n_columns"), [(480, 4), (60, 1), (208, 2), (207, 1)])
def test_as_many_columns_as_there_is_room_for(width: int, n_columns: int) -> None:
    cases = {"All": [ImageCase(k, "a", "b", 0) for k in range(9)]}
    pictures = rows_of(image_sheet(images(9), cases, width=width))
    assert len({row["x"] for row in pictures}) == n_columns
    assert len({(row["x"], row["y"]) for row in pictures}) == 9


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 12), (1, 200, 100)])
def test_words_stand_below_their_picture_as_it_is_drawn(shape: tuple[int, int, int]) -> None:
    chart = image_sheet(images(1, shape), {"all": [ImageCase(0, "a", "b", 0.0)]})
    pictures, texts = (layer.data.values for layer in chart.layer[:2])
    # the mark is 96 pixels wide and high and keeps the form of the image
    drawn = 96 * shape[1] / max(shape[1:])
    assert min(text["y"] for text in texts) >= pictures[0]["y"] + drawn


def test_heat_of_grad_cam_or_occlusion_may_be_anything_finite() -> None:
    cases = class_cases([0, 1], [[0.4, 0.6], [0.7, 0.3]], classes=["a", "b"], n_others=0)
    chart = image_sheet(images(2), cases, heats=np.full((2, 8, 8), -1e300))
    assert len(rows_of(chart)) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((2, 1, 8, 8))}, "must be uint8.*float64.*Multiply shares by 255"),
        ({"images": np.zeros((1, 8, 8), np.uint8)}, "must be uint8"),
        ({"cases": {}}, "got 0 cases"),
        ({"cases": {"a": [ImageCase(0, "", "", 0)] * 201}}, "got 201 cases"),
        ({"cases": {"a": [ImageCase(2, "", "", 0)]}}, "got row 2"),
        ({"heats": np.zeros((2, 8, 8))}, r"shape \(1, 8, 8\)"),
        ({"heats": np.full((1, 8, 8), np.nan)}, "finite"),
        ({"files": ["a"]}, "a name for each of 2 images, got 1"),
        ({"theme": "drak"}, "Did you mean 'dark'"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    given = {"images": images(2), "cases": {"a": [ImageCase(1, "x", "y", 0)]}, **change}
    with pytest.raises(XentError, match=message):
        image_sheet(given.pop("images"), given.pop("cases"), **given)


@pytest.mark.checklist(
    row=101, call="image_values(images[0], label=labels[0])", figure="the 5 and its 784 numbers"
)
def test_the_first_image_of_mnist_beside_its_numbers(shared_data: Any) -> None:
    image = read_idx(shared_data / "mnist" / "train-images-idx3-ubyte.gz")[0]
    label = read_idx(shared_data / "mnist" / "train-labels-idx1-ubyte.gz")[0]

    def chart(theme: str) -> Any:
        return image_values(image, label=str(label), theme=theme)

    shown, facts, numbers = (rows_of(chart("light"), layer) for layer in range(3))
    assert [row["text"] for row in facts][:2] == ["label 5", "28 × 28 = 784 numbers"]
    assert len(numbers) == 784
    first = next(k for k, row in enumerate(numbers) if row["value"] > 0)
    typed = ".012 .071 .071 .071 .494 .533 .686 .102 .651 1 .969 .498"
    assert " ".join(row["text"] for row in numbers[first : first + 12]) == typed
    np.testing.assert_array_equal([row["value"] for row in numbers], image.ravel() / 255)
    np.testing.assert_array_equal(decoded(shown[0]["url"])[::4, ::4, 0], image)
    check_chart(chart)


def test_numbers_stand_where_the_pixels_do() -> None:
    pixels = images(1, (1, 5, 7))[0]
    rows = rows_of(image_values(pixels, digits=2, width=350), 2)
    places = np.array([(row["y"], row["x"]) for row in rows]).reshape(5, 7, 2)
    assert (np.diff(places[:, :, 1], axis=1) == 50).all()
    assert (np.diff(places[:, :, 0], axis=0) > 8).all()
    assert [float(row["text"]) for row in rows] == [
        round(v, 2) for v in (pixels / 255).ravel().tolist()
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"image": np.zeros((3, 4, 4), np.uint8)}, r"one, such as image\[:1\]"),
        ({"image": np.zeros((4, 4))}, "must be uint8"),
        ({"image": np.zeros((4, 33), np.uint8)}, "at most 32 pixels wide.*got 33"),
        ({"image": np.zeros((4, 4), np.uint8), "digits": 5}, "digits must be 1 to 4"),
    ],
)
def test_numbers_that_could_not_be_read_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(XentError, match=message):
        image_values(**given)
