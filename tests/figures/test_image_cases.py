"""The choice of images: the surest mistakes first, every task in its own words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.figures.image_cases import class_cases, label_cases, number_cases, sureness_text


@settings(deadline=None, derandomize=True, max_examples=50)
@given(n=st.integers(1, 60), k=st.integers(2, 5), seed=st.integers(0, 999), decides=st.booleans())
def test_no_mistake_is_surer_than_those_shown(n: int, k: int, seed: int, decides: bool) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), n)
    truth = rng.integers(0, k, n)
    decided = rng.integers(-1, k, n) if decides else p.argmax(1)
    found = class_cases(
        truth, p, decided if decides else None, classes=list("abcde"[:k]), n_mistakes=5, n_others=3
    )
    sure = np.where(decided >= 0, p[np.arange(n), decided], np.nan)
    wrong = (decided >= 0) & (decided != truth)
    right = decided == truth
    for name, among, limit in (("Surest mistakes", wrong, 5), ("Surest hits", right, 3)):
        cases = found.get(name, [])
        assert len(cases) == min(limit, among.sum())
        shown = [case.row for case in cases]
        assert all(among[row] for row in shown)
        assert sorted(sure[shown], reverse=True) == list(sure[shown])
        left = [row for row in np.flatnonzero(among) if row not in shown]
        assert not left or not shown or sure[left].max() <= sure[shown].min()
        for case in cases:
            assert case.truth == "abcde"[truth[case.row]]
            assert case.said.startswith("abcde"[decided[case.row]] + ", ")
            assert (case.outcome, case.sign) == (decided[case.row], 1)
    two = np.sort(p, axis=1)[:, -2:]
    least = [case.row for case in found["Least sure"]]
    assert list(np.argsort(two[:, 1] - two[:, 0], kind="stable")[:3]) == least


def test_a_threshold_decides_which_are_mistakes() -> None:
    p = np.array([0.25, 0.15, 0.9, 0.3])
    both = np.stack([1 - p, p], axis=1)
    found = class_cases([0, 1, 1, 1], both, (p >= 0.2).astype(int), classes=["no", "yes"])
    # "no" at 85% is surer than "yes" at 25%
    assert [(case.row, case.said) for case in found["Surest mistakes"]] == [
        (1, "no, 85.0%"),
        (0, "yes, 25.0%"),
    ]


def test_a_row_that_nobody_decided_is_named_with_its_best_class() -> None:
    found = class_cases([0, 1], [[0.6, 0.4], [0.1, 0.9]], [-1, 1], classes=["no", "yes"])
    assert "Surest mistakes" not in found
    assert [case.said for case in found["Least sure"]] == ["undecided, no 60.0%", "yes, 90.0%"]


def test_labels_have_a_group_each_and_say_what_is_missing() -> None:
    truth = [[1, 0], [0, 0], [1, 1]]
    p = [[0.1, 0.2], [0.9, 0.1], [0.97, 0.4]]
    found = label_cases(truth, p, names=["sky", "sea"], n_others=1)
    assert {
        name: [(c.row, c.truth, c.said, c.outcome, c.sign) for c in cases]
        for name, cases in found.items()
    } == {
        "Surest mistakes of sky": [
            (0, "sky", "no sky, 90.0%", 0, -1),
            (1, "no sky", "sky, 90.0%", 0, 1),
        ],
        "Surest mistakes of sea": [(2, "sea", "no sea, 60.0%", 1, -1)],
        "Surest hits": [(2, "sky", "sky, 97.0%", 0, 1)],
        "Least sure": [(2, "sea", "no sea, 60.0%", 1, -1)],
    }


def test_of_many_labels_those_with_most_mistakes_are_shown() -> None:
    rng = np.random.default_rng(1)
    truth = np.zeros((30, 12), int)
    truth[:, 2:10] = rng.random((30, 8)) < 0.5
    p = np.full((30, 12), 0.1)
    found = label_cases(truth, p, names=[f"l{k}" for k in range(12)], n_mistakes=2)
    groups = [name for name in found if name.startswith("Surest mistakes of")]
    assert groups == [f"Surest mistakes of l{k}" for k in range(2, 10)]
    assert {len(found[name]) for name in groups} == {2}


def test_numbers_are_told_by_how_far_they_are() -> None:
    found = number_cases([1.0, 5.0, 2.0], [1.5, 3.0, 2.0])["Largest residuals"]
    assert [(c.row, c.truth, c.said, c.sign) for c in found] == [
        (1, "5", "3 (2 too low)", -1),
        (0, "1", "1.5 (0.5 too high)", 1),
    ]
    assert number_cases([1.0], [1.0]) == {}


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.floats(0, 1))
def test_a_probability_never_reads_as_certain(p: float) -> None:
    text = sureness_text(p)
    assert text not in {"100%", "100.0%", "0.0%"}
    number = float(text.removeprefix("above ").removeprefix("below ").removesuffix("%"))
    # half a digit, which is at most half of what is left to certainty
    assert abs(number / 100 - p) <= min(5e-4, min(p, 1 - p) / 2) * (1 + 1e-9) + 1.01e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_cases([0], [0.5], classes=["a", "b"]), r"shape \(n, K\)"),
        (lambda: class_cases([0], [[0.5, 0.5]], classes=["a"]), "K = 1"),
        (lambda: label_cases([[1]], [[0.5, 0.5]], names=["a", "b"]), r"got \(1, 1\) and \(1, 2\)"),
        (lambda: class_cases([0], [[1.0]], classes=["a"]), "two or more"),
        (lambda: class_cases([2], [[0.5, 0.5]], classes=["a", "b"]), "truth must hold class codes"),
        (lambda: class_cases([-1], [[0.5, 0.5]], classes=["a", "b"]), r"got -1"),
        (lambda: class_cases([0], [[0.5, np.nan]], classes=["a", "b"]), "must not hold NaN"),
        (lambda: class_cases([0], [[-1.0, 2.0]], classes=["a", "b"]), "logits"),
        (lambda: class_cases([0], [[0.5, 0.5]], [2], classes=["a", "b"]), "decided must hold"),
        (lambda: class_cases([0], [[0.5, 0.5]], [0, 1], classes=["a", "b"]), "each of 1 rows"),
        (lambda: label_cases([[1]], [[np.nan]], names=["a"]), "must not hold NaN"),
        (lambda: label_cases([[2]], [[0.5]], names=["a"]), "truth must hold 0 and 1 only"),
        (lambda: label_cases(np.zeros((0, 1)), np.zeros((0, 1)), names=["a"]), "must have shape"),
        (lambda: number_cases([1.0, 2.0], [1.0]), r"got \(2,\) and \(1,\)"),
        (lambda: number_cases([1.0], [np.nan]), "must be finite"),
    ],
)
def test_what_does_not_fit_is_named(call: Any, message: str) -> None:
    with pytest.raises(XentError, match=message):
        call()
