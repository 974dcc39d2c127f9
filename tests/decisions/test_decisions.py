"""Thresholds, constraints, decisions and their judgment, against brute force and closed forms."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xent
from xent.decisions import (
    ABSTAIN,
    Constraints,
    Costs,
    Decision,
    cheapest_class,
    choose,
    choose_threshold,
    expected_costs,
    judge_decision,
    shifted_prevalence,
)
from xent.errors import XentError
from xent.evaluation import binary_counts, roc_curve, score_counts


def simulated(n=2000, seed=0):
    """Return calibrated predictions: y is drawn with the probability that is predicted."""
    generator = np.random.default_rng(seed)
    p = generator.beta(1, 3, n)
    return (generator.random(n) < p).astype(int), p


rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])),
    min_size=2,
    max_size=25,
).filter(lambda pairs: len({truth for truth, _ in pairs}) == 2)


def brute_force(y, p, goodness, allowed=lambda _: True):
    """Return the best value over every threshold that could differ."""
    best = -math.inf
    for threshold in [*np.unique(p), math.inf]:
        counts = binary_counts(y, labels=p >= threshold)
        value = goodness(counts)
        if allowed(counts) and not math.isnan(value):
            best = max(best, value)
    return best


@given(rows, st.floats(0.01, 100), st.one_of(st.none(), st.floats(0.01, 0.99)))
def test_the_cheapest_threshold_is_that_of_brute_force(pairs, cost_fn, prevalence):
    y, p = (np.array(column) for column in zip(*pairs, strict=True))
    costs = Costs(fn=cost_fn, fp=1)
    choice = choose_threshold(score_counts(y, p), costs=costs, prevalence=prevalence)
    expected = -brute_force(y, p, lambda counts: -costs.mean(counts, prevalence))
    assert choice.value == pytest.approx(expected)
    assert choice.counts == binary_counts(y, labels=p >= choice.threshold)
    assert costs.mean(choice.counts, prevalence) == pytest.approx(choice.value)


@given(rows, st.sampled_from(["f1", "mcc", "youden_j", "accuracy", "balanced_accuracy", "kappa"]))
def test_the_best_threshold_is_that_of_brute_force(pairs, objective):
    y, p = (np.array(column) for column in zip(*pairs, strict=True))
    choice = choose_threshold(score_counts(y, p), objective=objective)
    assert choice.value == pytest.approx(brute_force(y, p, lambda c: getattr(c, objective)))


@given(rows, st.floats(0, 1), st.integers(0, 25))
def test_constraints_are_kept_or_refused(pairs, bound, capacity):
    y, p = (np.array(column) for column in zip(*pairs, strict=True))
    constraints = Constraints(max_fpr=bound, capacity=capacity)

    def allowed(counts):
        return counts.fpr <= bound and counts.tp + counts.fp <= capacity

    choice = choose_threshold(score_counts(y, p), constraints=constraints)
    assert allowed(choice.counts)
    assert choice.value == pytest.approx(brute_force(y, p, lambda c: c.recall, allowed))


def test_every_constraint():
    y, p = simulated()
    counts = score_counts(y, p)
    for name, bound in {
        "min_precision": 0.6,
        "min_recall": 0.9,
        "min_specificity": 0.8,
        "min_npv": 0.9,
        "max_fpr": 0.1,
        "max_fnr": 0.2,
    }.items():
        chosen = choose_threshold(counts, objective="f1", constraints=Constraints(**{name: bound}))
        value = getattr(chosen.counts, name[4:])
        assert value >= bound if name.startswith("min") else value <= bound


def test_what_cannot_be_reached_is_refused_with_the_best_that_can():
    counts = score_counts([0, 1, 0, 1], [0.9, 0.8, 0.2, 0.1])
    with pytest.raises(XentError, match=r"min_precision=0.9 cannot be reached: the best is 0.5"):
        choose_threshold(
            counts, objective="f1", constraints=Constraints(min_precision=0.9, min_recall=0.5)
        )
    counts = score_counts([0, 1, 0, 1], [0.9, 0.95, 0.2, 0.1])
    with pytest.raises(XentError, match="no threshold keeps to all of"):
        choose_threshold(counts, constraints=Constraints(min_precision=0.9, min_recall=0.9))


@pytest.mark.checklist(row=29, call="choose_threshold(counts, costs=Costs(fn=5, fp=1))")
def test_the_operating_point_of_a_cost_ratio_is_the_roc_point_of_least_expected_cost():
    y, p = simulated()
    costs, prevalence = Costs(fn=5, fp=1), np.mean(y)
    curve = roc_curve(y, p)
    expected = prevalence * 5 * (1 - curve.tpr) + (1 - prevalence) * curve.fpr
    choice = choose_threshold(score_counts(y, p), costs=costs)
    assert choice.value == pytest.approx(expected.min())
    place = int(expected.argmin())
    assert choice.counts.recall == pytest.approx(curve.tpr[place])
    assert choice.counts.fpr == pytest.approx(curve.fpr[place])


def test_with_calibrated_probabilities_the_threshold_is_that_of_the_costs():
    y, p = simulated(200_000)
    costs = Costs(fn=4, fp=1)
    assert costs.threshold == 0.2
    assert choose_threshold(score_counts(y, p), costs=costs).threshold == pytest.approx(
        0.2, abs=0.03
    )
    # in a population where positives are rarer the same scores mean less
    share = y.mean()
    rare = choose_threshold(score_counts(y, p), costs=costs, prevalence=share / 4).threshold
    assert shifted_prevalence(rare, share, share / 4) == pytest.approx(0.2, abs=0.05)


def test_never_always_and_ties():
    nothing = choose_threshold(score_counts([0, 1], [0.9, 0.1]), costs=Costs(fn=0.1, fp=1))
    assert nothing.threshold == math.inf
    everything = choose_threshold(score_counts([0, 1], [0.9, 0.1]), costs=Costs(fn=10, fp=1))
    assert everything.threshold == -math.inf
    neighbors = np.array([0.5, np.nextafter(0.5, 1)])
    close = choose_threshold(score_counts([0, 1], neighbors), costs=Costs(fn=1, fp=1))
    assert (neighbors >= close.threshold).tolist() == [False, True]
    # of equally good thresholds the highest
    tied = choose_threshold(score_counts([0, 1, 0, 1], [0.8, 0.6, 0.4, 0.2]), costs=Costs(1, 1))
    assert tied.threshold == math.inf


def test_a_decision_has_an_interval_and_reads_back():
    y, p = simulated()
    decision = choose(
        y,
        p,
        costs=Costs(fn=20, fp=1),
        prevalence=0.1,
        constraints=Constraints(capacity=1500),
        chosen_on="validation",
        n_bootstrap=200,
    )
    threshold = decision.threshold
    assert threshold.low <= threshold.value <= threshold.high
    assert threshold.low < threshold.high
    assert "bootstrap (200, seed 0)" in threshold.method
    text = str(decision)
    assert "validation" in text
    assert "a miss 20" in text
    assert "prevalence of 0.1" in text
    assert "capacity 1500" in text
    again = Decision.from_json(json.loads(json.dumps(decision.to_json(), allow_nan=False)))
    assert again == decision
    other = choose(y, p, costs=Costs(fn=20, fp=1), prevalence=0.1, n_bootstrap=0)
    assert not other.threshold.has_interval


def test_the_interval_covers_the_cheapest_threshold_of_the_population():
    costs = Costs(fn=4, fp=1)
    n_covered = 0
    for seed in range(40):
        y, p = simulated(500, seed)
        interval = choose(y, p, costs=costs, n_bootstrap=100).threshold
        n_covered += interval.low <= 0.2 <= interval.high
    assert n_covered >= 34


def test_weights_are_repetition():
    y, p = simulated(200)
    weight = np.random.default_rng(1).integers(1, 4, 200)
    rows = np.repeat(np.arange(200), weight)
    weighted = choose(y, p, weight=weight, costs=Costs(3, 1), n_bootstrap=50)
    repeated = choose(y[rows], p[rows], costs=Costs(3, 1), n_bootstrap=0)
    assert weighted.threshold.value == repeated.threshold.value
    assert weighted.value == pytest.approx(repeated.value)
    assert weighted.threshold.has_interval


def test_rows_of_weight_0_are_not_chosen_on():
    decision = choose([0, 1, 1], [0.1, 0.9, np.nan], weight=[1, 1, 0], objective="f1")
    assert decision.n_rows == 2


def test_a_constraint_that_some_replicates_cannot_reach_is_told():
    y = np.array([0, 1, 0, 1, 1, 0])
    p = np.array([0.9, 0.95, 0.2, 0.1, 0.99, 0.3])
    decision = choose(
        y, p, constraints=Constraints(min_precision=1.0, min_recall=0.6), n_bootstrap=100
    )
    assert "replicates" in decision.threshold.why
    assert "the largest recall" in str(decision)


def test_judgment_on_other_rows():
    y, p = simulated()
    new_y, new_p = simulated(seed=1)
    decision = choose(y, p, costs=Costs(fn=10, fp=1), n_bootstrap=0)
    judged = judge_decision(decision, new_y, new_p)
    decided = new_p >= decision.threshold.value
    assert judged.counts == binary_counts(new_y, labels=decided)
    costs = np.where(new_y == 1, np.where(decided, 0, 10), np.where(decided, 1, 0))
    assert judged.cost.value == pytest.approx(costs.mean())
    assert judged.saving.value == pytest.approx(judged.rivals["0.5"] - costs.mean())
    assert judged.saving.low > 0
    assert judged.rivals["never"] == pytest.approx(10 * new_y.mean())
    assert judged.rivals["always"] == pytest.approx(1 - new_y.mean())
    assert judged.figures["recall"].has_interval
    assert "saving" in str(judged)
    assert json.dumps(judged.to_json(), allow_nan=False)


def test_judgment_at_another_prevalence_and_without_costs():
    y, p = simulated()
    decision = choose(y, p, costs=Costs(fn=10, fp=1), prevalence=0.01, n_bootstrap=0)
    judged = judge_decision(decision, y, p)
    assert judged.cost.value == pytest.approx(decision.costs.mean(judged.counts, 0.01))
    weight = np.full(len(y), 2.0)
    assert judge_decision(decision, y, p, weight=weight).cost.value == pytest.approx(
        judged.cost.value
    )
    one_class = judge_decision(decision, np.zeros(5), np.full(5, 0.3))
    assert one_class.rivals["never"] == 0
    plain = judge_decision(choose(y, p, objective="f_beta:2", n_bootstrap=0), y, p)
    assert plain.cost is None
    assert plain.to_json()["saving"] is None
    assert "cost" not in str(plain)


def test_the_cheapest_class():
    p = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])
    zero_one = 1 - np.eye(3)
    np.testing.assert_array_equal(cheapest_class(p, zero_one), p.argmax(axis=1))
    costs = zero_one.copy()
    costs[2, :2] = 10  # to miss the third class is dear
    np.testing.assert_array_equal(cheapest_class(p, costs), [2, 2])
    np.testing.assert_allclose(expected_costs(p, costs)[0], p[0] @ costs)
    # Chow's rule: abstain where no class is more probable than 1 - r
    np.testing.assert_array_equal(cheapest_class(p, zero_one, reject_cost=0.4), [0, ABSTAIN])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Costs(fn=1, fp=-1), "a mistake must cost more"),
        (lambda: Costs(fn=math.inf, fp=1), "cost_fn must be a finite"),
        (lambda: Constraints(min_recall=2), r"min_recall must lie in \[0, 1\]"),
        (lambda: Constraints(capacity=-1), "capacity"),
        (lambda: choose([0, 1], [0.1, 0.9]), "nothing says which threshold"),
        (lambda: choose([0, 1], [0.1, 0.9], costs=Costs(1, 1), objective="f1"), "give one"),
        (lambda: choose([0, 1], [0.1, 0.9], objective="f1", prevalence=0.1), "weighs the costs"),
        (lambda: choose([0, 1], [0.1, 0.9], objective="f2"), "objective must be one of"),
        (lambda: choose([0, 1], [0.1, 0.9], objective="f1", scale="logit"), "scale must be one of"),
        (lambda: choose([0, 1], [0.1, 1.9], objective="f1"), r"probabilities must lie in \[0, 1\]"),
        (lambda: choose([0, 1], [0.1, 0.9], objective="f1", level=2), "level must lie"),
        (lambda: choose([0, 1], [0.1, 0.9], objective="f_beta"), "needs its beta"),
        (lambda: choose([0, 0], [0.1, 0.9], objective="f1"), "both classes"),
        (lambda: choose([0, 1], [0.1, 0.9], costs=Costs(1, 1), prevalence=1), "prevalence"),
        (lambda: shifted_prevalence(0.5, 0, 0.5), "sample=0"),
        (lambda: expected_costs([0.5, 0.5], [[0, 1]]), r"shape \(n, K\)"),
        (lambda: expected_costs([[0.5, 0.5]], [[0, 1]]), "a row a class"),
        (lambda: expected_costs([[0.5, 0.5]], [[0, 1], [np.nan, 0]]), "finite"),
        (lambda: cheapest_class([[0.5, 0.5]], np.eye(2), reject_cost=np.nan), "reject_cost"),
        (
            lambda: choose([0, 1], [0.1, 0.9], objective="f1", n_bootstrap=0).apply([np.nan]),
            "no NaN",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(XentError, match=message):
        call()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"kind": "oracle"},
        {"costs": {"fn": "much"}},
        {"costs": [1]},
        {"constraints": {"max_speed": 1}},
        {
            "threshold": {
                "value": None,
                "low": None,
                "high": None,
                "level": 0.95,
                "n": 1,
                "method": "",
                "why": "",
            }
        },
        {"n_rows": None},
    ],
)
def test_a_damaged_decision_is_refused(change):
    decision = choose([0, 1], [0.1, 0.9], costs=Costs(1, 1), n_bootstrap=0)
    with pytest.raises(XentError):
        Decision.from_json(decision.to_json() | change)


def test_a_decision_made_from_scores_is_judged_on_scores():
    rng = np.random.default_rng(0)
    y = rng.random(400) < 0.3
    z = rng.normal(size=400) + 1.5 * y
    decision = xent.decide(xent.evaluate(y, scores=z), cost_fn=4, cost_fp=1, n_bootstrap=20)
    assert decision.scale == "score"
    assert Decision.from_json(json.loads(json.dumps(decision.to_json()))) == decision
    judged = judge_decision(decision, y, z)
    decided = z >= decision.threshold.value
    spent = np.where(y, np.where(decided, 0, 4), np.where(decided, 1, 0))
    assert judged.cost.value == pytest.approx(spent.mean())
    assert judged.rival in {"always", "never"}
    assert judged.saving.value == pytest.approx(judged.rivals[judged.rival] - spent.mean())
    assert f"against {judged.rival}" in str(judged)
    of_logits = xent.decide(xent.evaluate(y, logits=z), cost_fn=4, cost_fp=1, n_bootstrap=20)
    assert of_logits.scale == "probability"
    with pytest.raises(XentError, match="must lie in"):
        judge_decision(of_logits, y, z)
    with pytest.raises(XentError, match="scale must be one of"):
        Decision.from_json({**decision.to_json(), "scale": "grade"})


@pytest.mark.parametrize("cost", ["a", None, float("nan"), [1]])
def test_costs_that_are_no_numbers_are_refused(cost):
    with pytest.raises(XentError, match="cost_fn must be a finite number"):
        Costs(fn=cost, fp=1)
