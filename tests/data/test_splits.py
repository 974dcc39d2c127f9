"""Splits: disjoint, complete, in proportion, nothing torn apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xent.data import (
    Split,
    hold_out,
    joined_groups,
    n_duplicates,
    quantile_strata,
    split_given,
    split_rows,
)
from xent.errors import XentError

sizes = st.integers(10, 120)
fractions = st.sampled_from([0.1, 0.2, 0.25, 0.5])
seeds = st.integers(0, 10_000)


def codes(seed: int, n_rows: int, n_codes: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(0, n_codes, n_rows)
    return np.unique(drawn, return_inverse=True)[1].astype(np.int64)


def copies(seed: int, n_rows: int) -> np.ndarray:
    """Codes of identical rows: a quarter of the rows copy one of the others."""
    rng = np.random.default_rng([seed, 1])
    groups = np.arange(n_rows)
    groups[rng.random(n_rows) < 0.25] = rng.integers(n_rows)
    some = rng.random(n_rows) < 0.1
    groups[some] = np.arange(n_rows)[some] // 2
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def parts(split: Split) -> list[np.ndarray]:
    return [split.train, split.validation, split.test]


@given(sizes, fractions, fractions, seeds)
def test_parts_are_disjoint_complete_ordered_and_repeatable(n, test, validation, seed):
    options = {
        "test_fraction": test,
        "validation_fraction": validation,
        "random_state": seed,
        "stratify": codes(seed, n, 3),
        "identical": copies(seed, n),
    }
    try:
        split = split_rows(n, **options)
    except XentError:
        assume(n > 20)  # copies may leave too little to deal out, but only of a handful of rows
        raise
    together = np.concatenate(parts(split))
    assert sorted(together.tolist()) == list(range(n))
    for part in parts(split):
        assert part.dtype == np.int64
        assert part.size
        assert (np.diff(part) > 0).all()
    again = split_rows(n, **options)
    assert all(np.array_equal(*pair) for pair in zip(parts(split), parts(again), strict=True))


@given(sizes, fractions, seeds)
def test_class_counts_are_right_to_one_row(n, fraction, seed):
    classes = codes(seed, n, 4)
    _, held = hold_out(n, fraction, random_state=seed, stratify=classes)
    counts = np.bincount(classes)
    n_held = int(np.floor(n * fraction + 0.5))
    share = counts * n_held / n
    assert (np.abs(np.bincount(classes[held], minlength=counts.size) - share) <= 1).all()
    # Training knows every class.
    assert (np.bincount(np.delete(classes, held), minlength=counts.size) >= 1).all()


@given(sizes, fractions, seeds)
def test_plain_splits_have_exactly_the_size_asked_for(n, fraction, seed):
    stay, held = hold_out(n, fraction, random_state=seed)
    assert held.size == int(np.floor(n * fraction + 0.5))
    assert stay.size == n - held.size


@given(st.integers(20, 120), fractions, seeds)
def test_no_group_and_no_identical_rows_are_torn(n, fraction, seed):
    groups = codes(seed, n, n // 2)
    identical = np.arange(n)
    identical[seed % n] = identical[(seed + 7) % n]
    split = split_rows(
        n,
        test_fraction=fraction,
        validation_fraction=0.2,
        random_state=seed,
        stratify=codes(seed + 1, n, 2),
        groups=groups,
        identical=identical,
    )
    for members in (groups, identical):
        sides = [set(members[part].tolist()) for part in parts(split)]
        assert sum(map(len, sides)) == len(set().union(*sides))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.data())
def test_joined_groups_are_the_connected_parts(first, data):
    second = data.draw(st.lists(st.integers(0, 9), min_size=len(first), max_size=len(first)))
    joined = joined_groups(first, second)
    reached = np.array(
        [
            [a == c or b == d for c, d in zip(first, second, strict=True)]
            for a, b in zip(first, second, strict=True)
        ]
    )
    for _ in first:
        reached = reached @ reached
    np.testing.assert_array_equal(joined[:, None] == joined, reached)


def test_single_rows_make_up_for_groups():
    rng = np.random.default_rng(0)
    classes = (rng.random(2000) < 0.3).astype(np.int64)
    groups = np.arange(2000)
    groups[:600] = np.repeat(np.arange(100), 6)
    for seed in range(5):
        _, held = hold_out(2000, 0.2, random_state=seed, stratify=classes, groups=groups)
        share = np.bincount(classes) * 0.2
        assert (np.abs(np.bincount(classes[held]) - share) <= 1).all()
        # Copies are neither preferred nor avoided.
        assert 90 <= np.count_nonzero(held < 600) <= 150


def test_large_groups_come_as_near_as_they_can():
    groups = np.repeat(np.arange(10), 50)
    for seed in range(5):
        _, held = hold_out(500, 0.2, random_state=seed, groups=groups)
        assert held.size == 100
    _, held = hold_out(500, 0.02, random_state=0, groups=groups)
    assert held.size == 50  # a whole group is the least there is


def test_every_group_has_its_chance():
    groups = np.repeat(np.arange(10), 5)
    chosen = np.zeros(10)
    for seed in range(300):
        _, held = hold_out(50, 0.2, random_state=seed, groups=groups)
        chosen[np.unique(groups[held])] += 1
    # Binomial(300, 0.2): 60 expected, sd 6.9.
    assert chosen.min() > 60 - 4 * 6.9
    assert chosen.max() < 60 + 4 * 6.9


def test_every_row_has_its_chance():
    classes = np.repeat([0, 1], [70, 30])
    chosen = np.zeros(100)
    for seed in range(500):
        chosen[hold_out(100, 0.2, random_state=seed, stratify=classes)[1]] += 1
    # Binomial(500, 0.2): 100 expected, sd 8.9.
    assert chosen.min() > 100 - 4.5 * 8.9
    assert chosen.max() < 100 + 4.5 * 8.9


def test_every_small_stratum_has_its_turn():
    strata = np.repeat(np.arange(50), 2)  # each gives 0.4 rows: some seeds one, others none
    chosen = np.zeros(50)
    for seed in range(200):
        _, held = hold_out(100, 0.2, random_state=seed, stratify=strata)
        assert held.size == 20
        chosen += np.bincount(strata[held], minlength=50)
    # 80 expected each.
    assert chosen.min() > 50
    assert chosen.max() < 110


def test_a_rare_class_is_in_both_parts():
    classes = np.repeat([0, 1], [997, 3])
    for seed in range(20):
        _, held = hold_out(1000, 0.2, random_state=seed, stratify=classes)
        assert classes[held].sum() == 1


def test_the_latest_rows_are_held_out_and_ties_stay_together():
    time = np.array([5, 1, 4, 4, 2, 3, 4, 0, 1, 2])
    stay, held = hold_out(10, 0.2, random_state=0, time=time)
    assert held.tolist() == [0, 2, 3, 6]
    assert time[stay].max() < time[held].min()
    split = split_rows(10, test_fraction=0.1, validation_fraction=0.2, random_state=0, time=time)
    assert split.test.tolist() == [0]
    assert split.validation.tolist() == [2, 3, 6]
    assert split.method == "by time"


@given(st.integers(10, 60), seeds)
def test_in_time_no_training_row_is_later_than_a_held_row_without_copies(n, seed):
    time, identical = codes(seed, n, n), np.arange(n)
    identical[seed % n] = identical[(seed + 7) % n]
    split = split_rows(n, validation_fraction=0, random_state=seed, time=time, identical=identical)
    assert not set(identical[split.train]) & set(identical[split.test])
    early = split.test[time[split.test] <= time[split.train].max()]
    late = np.setdiff1d(split.test, early)
    assert set(identical[early]) <= set(identical[late])


def test_a_tie_that_holds_everything_is_left_to_the_others():
    _, held = hold_out(5, 0.2, random_state=0, time=np.array([1, 1, 1, 1, 2]))
    assert held.tolist() == [4]
    _, held = hold_out(5, 0.9, random_state=0, time=np.array([1, 1, 1, 2, 2]))
    assert held.tolist() == [3, 4]
    with pytest.raises(XentError, match="keeps the groups"):
        hold_out(5, 0.2, random_state=0, time=np.ones(5))


def test_a_numeric_target_is_dealt_out_evenly():
    y = np.random.default_rng(0).lognormal(size=1000)
    _, held = hold_out(1000, 0.2, random_state=0, stratify=quantile_strata(y))
    assert np.bincount(quantile_strata(y)[held]).tolist() == [20] * 10


@pytest.mark.checklist(
    row=147,
    call="split_rows(n, test_fraction=0.1, validation_fraction=2/9)",
    figure="7:3 and 7:2:1",
)
@pytest.mark.parametrize("n_rows", [10, 1000, 60_000])
def test_splits_of_seven_to_three_and_seven_two_one(n_rows):
    two = split_rows(n_rows, test_fraction=0.3, validation_fraction=0, random_state=0)
    assert [10 * part.size / n_rows for part in parts(two)] == [7, 0, 3]
    three = split_rows(n_rows, test_fraction=0.1, validation_fraction=2 / 9, random_state=0)
    assert [10 * part.size / n_rows for part in parts(three)] == [7, 2, 1]


def test_the_stream_of_random_numbers_is_pinned():
    # Raw PCG64 output is what NumPy promises to keep; these rows must never change.
    raw = np.random.PCG64(7).random_raw(12)
    assert hold_out(12, 0.25, random_state=7)[1].tolist() == sorted(np.argsort(raw)[:3].tolist())
    assert hold_out(12, 0.25, random_state=7)[1].tolist() == [3, 6, 11]
    generator = np.random.Generator(np.random.PCG64(7))
    assert hold_out(12, 0.25, random_state=generator)[1].tolist() == [3, 6, 11]
    split = split_rows(12, test_fraction=0.25, validation_fraction=0.25, random_state=0)
    assert [part.tolist() for part in parts(split)] == [[1, 4, 5, 6, 7, 8, 10], [0, 9], [2, 3, 11]]


@pytest.mark.checklist(
    row=2, call="split_rows(11_055, test_fraction=0.5)", figure="11,055 rows; halves 5,528 / 5,527"
)
def test_phishing_halves(real_table):
    from xent.data import TargetCoding, target_values

    table = real_table("phishing.csv")
    coding = TargetCoding.fit(target_values(table, ["Result"]), positive="-1", names=["Result"])
    y = coding.encode(target_values(table, ["Result"]))
    assert (table.n_rows, int(y.sum()), round(100 * y.mean(), 2)) == (11_055, 4_898, 44.31)
    split = split_rows(
        table.n_rows, test_fraction=0.5, validation_fraction=0, random_state=0, stratify=y
    )
    assert (split.test.size, split.train.size) == (5_528, 5_527)
    assert abs(y[split.test].sum() - 4_898 * 5_528 / 11_055) <= 1


def test_phishing_copies_stay_together(real_table):
    from xent.data import find_roles, identical_rows, target_values

    table = real_table("phishing.csv")
    identical = identical_rows(table, find_roles(table, target="Result").features)
    y = (target_values(table, ["Result"]) == -1).astype(np.int64)
    split = split_rows(table.n_rows, random_state=1, stratify=y, identical=identical)
    assert split.n_kept_together == n_duplicates(identical) == 5_270
    assert split.report() == (
        "7,075 rows train, 1,769 validate, 2,211 test (shuffled, stratified)",
        "5,270 rows are copies of an earlier row; identical rows were kept in one part",
    )
    for part in parts(split):
        assert abs(y[part].mean() - y.mean()) < 1 / part.size
    assert not set(identical[split.train]) & set(identical[split.test])
    assert not set(identical[split.train]) & set(identical[split.validation])
    # Without it, half of a test half occurs in training.
    torn = split_rows(table.n_rows, test_fraction=0.5, validation_fraction=0, random_state=1)
    share = np.isin(identical[torn.test], identical[torn.train]).mean()
    assert 0.49 < share < 0.53


def test_adult_has_its_own_split(real_table):
    from xent.data import find_roles, identical_rows

    table = real_table("adult.csv")
    identical = identical_rows(table, find_roles(table, target="income", split="split").features)
    split = split_given(table.column("split").to_list(), identical=identical)
    assert (split.train.size, split.validation.size, split.test.size) == (32_561, 0, 16_281)
    assert split.method == "as column 'split' says"
    assert split.n_torn > 20
    assert split.report()[-1].startswith(f"warning: {split.n_torn} validation or test rows also")


def test_a_given_split_takes_every_spelling():
    words = ["train", "Training", "val", "DEV", "valid", "validation", " test", "holdout"]
    split = split_given(words)
    assert [part.tolist() for part in parts(split)] == [[0, 1], [2, 3, 4, 5], [6, 7]]
    assert split.n_torn == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["train", "tset"], "got 'tset' in data row 2. Did you mean 'test'"),
        (["train", None], "got None in data row 2"),
        (["test", "test"], "gives no row to the training part"),
    ],
)
def test_a_given_split_that_says_nothing_is_refused(values, message):
    with pytest.raises(XentError, match=message):
        split_given(values, name="part")


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, float("nan")])
def test_fractions_out_of_range_are_refused(value):
    with pytest.raises(XentError, match="between 0 and 1"):
        hold_out(10, value, random_state=0)
    if value != 0:
        with pytest.raises(XentError, match="test_fraction must be at least 0 and below 1"):
            split_rows(10, test_fraction=value, random_state=0)


def test_impossible_splits_are_refused():
    with pytest.raises(XentError, match="1 row cannot be dealt out"):
        hold_out(1, 0.5, random_state=0)
    with pytest.raises(XentError, match="keeps the groups"):
        hold_out(10, 0.2, random_state=0, groups=np.zeros(10, dtype=np.int64))
    with pytest.raises(XentError, match="keeps the groups"):
        hold_out(2, 0.5, random_state=0, stratify=np.array([0, 1]))


def test_methods_are_named():
    groups = np.arange(10) // 2
    grouped = split_rows(10, random_state=0, groups=groups)
    assert grouped.method == "shuffled, by group"
    timed = split_rows(10, random_state=0, groups=groups, time=np.arange(10))
    assert timed.method == "by time, groups whole"
    none = split_rows(10, test_fraction=0, validation_fraction=0, random_state=0)
    assert none.train.size == 10


@given(sizes, seeds)
def test_json_keeps_every_row(n, seed):
    split = split_rows(n, random_state=seed, identical=copies(seed, n))
    copy = Split.from_json(json.loads(json.dumps(split.to_json())))
    assert copy.report() == split.report()
    assert all(np.array_equal(*pair) for pair in zip(parts(split), parts(copy), strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "xent-encoder"},
        {"version": 2},
        {"version": True},
        {"n_rows": 9},
        {"n_rows": -1},
        {"n_rows": 2**60},
        {"n_rows": 10.0},
        {"train": [0, 0, 1]},
        {"train": [1, 0]},
        {"train": []},
        {"train": "rows"},
        {"train": [True]},
        {"test": [10]},
        {"test": [-1]},
        {"method": 3},
        {"n_torn": None},
    ],
)
def test_a_damaged_document_is_refused(change):
    document = split_rows(10, random_state=0).to_json()
    assert Split.from_json(document).n_rows == 10
    with pytest.raises(XentError):
        Split.from_json({**document, **change})
    with pytest.raises(XentError):
        Split.from_json([document])
