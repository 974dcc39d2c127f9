"""Which images are worth a look: the surest mistakes, the surest hits, the least sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import check_probabilities, positives, vector
from xent.evaluation.inputs import codes as class_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["ImageCase", "class_cases", "label_cases", "number_cases"]

ABSTAINED: Final = -1
MOST_LABELS: Final = 8


@dataclass(frozen=True)
class ImageCase:
    """An image, and what is said of it.

    Attributes
    ----------
    row : int
        Which image.
    truth, said : str
        What it is, and what was decided or predicted, with how sure.
    outcome : int
        The class, label or output that was decided for, or against: what heat should explain.
    sign : {1, -1}
        -1: it was decided against the outcome (a label that was said to be absent), or the number
        predicted was too low.
    """

    row: int
    truth: str
    said: str
    outcome: int
    sign: int = 1


def class_cases(
    truth: Array,
    probabilities: FloatArray,
    decided: IntArray | None = None,
    *,
    classes: Sequence[str],
    n_mistakes: int = 12,
    n_others: int = 6,
) -> dict[str, list[ImageCase]]:
    """Return the rows decided wrong with the highest probability, those decided right, and the closest ones.

    Parameters
    ----------
    truth : array of shape (n,)
        Codes of the classes.
    probabilities : array of shape (n, K)
    decided : array of shape (n,), optional
        Codes of what was decided, -1 where nothing was; by default the class of most probability.
        Rows without a decision are neither mistakes nor hits.
    classes : sequence of str
        Names of the K classes.
    n_mistakes, n_others : int
        At most so many of the first kind, and of each other.

    Returns
    -------
    dict of str to list of ImageCase
        By the heading; without those that have no row. The least sure are those whose two most
        probable classes are closest.

    Examples
    --------
    >>> found = class_cases([0, 1], [[0.9, 0.1], [0.7, 0.3]], classes=["cat", "dog"], n_others=1)
    >>> found["Surest mistakes"][0]
    ImageCase(row=1, truth='dog', said='cat, 70.0%', outcome=0, sign=1)
    """
    y = vector(truth, "truth")
    p: FloatArray = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or y.shape != p.shape[:1] or p.shape[1] != len(classes):
        raise XentError(
            f"probabilities must have shape (n, K) for n = {len(y)} rows and K = {len(classes)} classes, got {p.shape}."
        )
    if len(classes) < 2:
        raise XentError(f"classes must be two or more, got {len(classes)}.")
    y, p = class_codes(y, "truth", len(classes)), check_probabilities(p)
    codes = p.argmax(axis=1) if decided is None else _decided_codes(decided, p.shape)
    sure = np.take_along_axis(p, np.maximum(codes, 0)[:, None], axis=1)[:, 0]
    two = np.sort(p, axis=1)[:, -2:]
    has = codes != ABSTAINED
    asked = {
        "Surest mistakes": (np.flatnonzero(has & (codes != y)), -sure, n_mistakes),
        "Surest hits": (np.flatnonzero(has & (codes == y)), -sure, n_others),
        "Least sure": (np.arange(len(y)), two[:, 1] - two[:, 0], n_others),
    }

    def case(row: int) -> ImageCase:
        code = int(codes[row])
        if code == ABSTAINED:
            best = int(p[row].argmax())
            said = f"undecided, {classes[best]} {sureness_text(p[row, best])}"
            return ImageCase(row, str(classes[y[row]]), said, best)
        said = f"{classes[code]}, {sureness_text(sure[row])}"
        return ImageCase(row, str(classes[y[row]]), said, code)

    return _groups(asked, case)


def label_cases(
    truth: Array,
    probabilities: FloatArray,
    *,
    names: Sequence[str],
    threshold: float = 0.5,
    n_mistakes: int = 4,
    n_others: int = 6,
) -> dict[str, list[ImageCase]]:
    """Return the surest mistakes label by label, and the surest hits and least sure of all labels.

    Parameters
    ----------
    truth : bool array of shape (n, L)
    probabilities : array of shape (n, L)
    names : sequence of str
        Of the L labels.
    threshold : float, default 0.5
        A label of at least this probability was said to be there.
    n_mistakes : int
        At most so many of each label; the eight labels with the most mistakes are shown.
    n_others : int

    Examples
    --------
    >>> found = label_cases([[1, 0]], [[0.2, 0.9]], names=["sky", "sea"])
    >>> [(name, case.truth, case.said) for name, cases in found.items() for case in cases][0]
    ('Surest mistakes of sky', 'sky', 'no sky, 80.0%')
    """
    y: Array = np.asarray(truth)
    p: FloatArray = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or not p.size or y.shape != p.shape or p.shape[1] != len(names):
        raise XentError(
            f"truth and probabilities must have shape (n, {len(names)}) for these labels, got {y.shape} and {p.shape}."
        )
    y, p = positives(y, "truth"), check_probabilities(p)
    said = p >= threshold
    sure = np.where(said, p, 1 - p)

    def case(place: int) -> ImageCase:
        row, label = divmod(place, p.shape[1])
        words = [
            f"{'' if is_there else 'no '}{names[label]}"
            for is_there in (y[row, label], said[row, label])
        ]
        text = f"{words[1]}, {sureness_text(sure[row, label])}"
        return ImageCase(row, words[0], text, label, 1 if said[row, label] else -1)

    wrong = said != y
    of_label = np.arange(y.size).reshape(y.shape)
    most_wrong = np.argsort(-wrong.sum(axis=0), kind="stable")[:MOST_LABELS]
    asked = {
        f"Surest mistakes of {names[label]}": (of_label[wrong[:, label], label], -sure, n_mistakes)
        for label in sorted(most_wrong.tolist())
    }
    asked["Surest hits"] = (np.flatnonzero(~wrong), -sure, n_others)
    asked["Least sure"] = (np.arange(y.size), np.abs(p - threshold), n_others)
    return _groups(asked, case)


def number_cases(
    truth: FloatArray, predicted: FloatArray, *, n_residuals: int = 12
) -> dict[str, list[ImageCase]]:
    """Return the rows predicted farthest from the truth.

    Parameters
    ----------
    truth, predicted : array of shape (n,)
    n_residuals : int
        At most so many.

    Examples
    --------
    >>> number_cases([1.0, 5.0], [1.5, 3.0])["Largest residuals"][0]
    ImageCase(row=1, truth='5', said='3 (2 too low)', outcome=0, sign=-1)
    """
    y, mean = (np.asarray(given, dtype=np.float64) for given in (truth, predicted))
    if y.ndim != 1 or mean.shape != y.shape:
        raise XentError(
            f"truth and predicted must have shape (n,), got {y.shape} and {mean.shape}."
        )
    if not (np.isfinite(y) & np.isfinite(mean)).all():
        raise XentError("truth and predicted must be finite, got NaN or infinity.")
    above = mean - y

    def case(row: int) -> ImageCase:
        side = "high" if above[row] > 0 else "low"
        said = f"{mean[row]:.4g} ({abs(above[row]):.3g} too {side})"
        return ImageCase(row, f"{y[row]:.4g}", said, 0, 1 if above[row] > 0 else -1)

    rows = _first(np.flatnonzero(above != 0), -np.abs(above), n_residuals)
    return {"Largest residuals": [case(row) for row in rows]} if rows else {}


def sureness_text(p: float) -> str:
    """Return a probability in per cent, with the digits that tell it from 0 and 1.

    Examples
    --------
    >>> sureness_text(0.5), sureness_text(0.99983), sureness_text(1.0)
    ('50.0%', '99.98%', 'above 99.9999%')
    """
    rest = min(p, 1 - p)
    if rest < 1e-6:
        return "above 99.9999%" if p > 0.5 else "below 0.0001%"
    digits = 1 if rest >= 1e-3 else int(np.ceil(-np.log10(rest))) - 2
    return f"{100 * p:.{digits}f}%"


def _decided_codes(decided: Array, shape: tuple[int, ...]) -> IntArray:
    given = vector(decided, "decided")
    n, n_classes = shape
    if given.size != n or not np.isin(given, np.arange(ABSTAINED, n_classes)).all():
        raise XentError(
            f"decided must hold a code 0..{n_classes - 1} for each of {n} rows, {ABSTAINED} where nothing was decided."
        )
    return given.astype(np.int64)


def _groups(
    asked: Mapping[str, tuple[IntArray, FloatArray, int]], case: Callable[[int], ImageCase]
) -> dict[str, list[ImageCase]]:
    """Return the cases by heading, from the places, the key and the number of each; none is empty."""
    found = {
        name: [case(place) for place in _first(places, np.ravel(key), n)]
        for name, (places, key, n) in asked.items()
    }
    return {name: cases for name, cases in found.items() if cases}


def _first(rows: IntArray, key: FloatArray, n: int) -> list[int]:
    """Return the n rows of the smallest key, ties in their order."""
    order = np.argsort(key[rows], kind="stable")[:n]
    found: list[int] = rows[order].tolist()
    return found
