"""Recalibrators, distributions and decisions in ONNX say what xent's own say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xent.decisions import CostDecision, Costs, choose
from xent.distributions import (
    Bernoulli,
    Categorical,
    Focal,
    Gaussian,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
    SoftDice,
)
from xent.errors import XentError
from xent.evaluation.calibration import (
    Isotonic,
    IsotonicMap,
    Platt,
    PriorShift,
    Temperature,
    fit_isotonic,
)
from xent.exports.decision import add_class_codes, add_label_codes, class_array
from xent.exports.distribution import add_mean, add_mode_of_number, add_probabilities
from xent.exports.graph import Graph
from xent.exports.recalibration import add_recalibration

LOGITS = np.concatenate([np.linspace(-40, 40, 801), [-1e4, 1e4, 0.0]])[:, None]
CLASS_LOGITS = np.random.default_rng(0).normal(0, 6, (500, 3))


def out(make, z: np.ndarray, run, shape: tuple = ("n", None)) -> np.ndarray:
    """Return what a part of a graph makes of logits."""
    graph = Graph()
    name = make(graph, graph.input("z", np.float64, ("n", z.shape[1])))
    graph.output("y", name, np.float64, shape)
    return run(graph, {"z": z})["y"]


@pytest.mark.parametrize(
    ("distribution", "z"),
    [
        (MultiLabel(3), CLASS_LOGITS),
        (Categorical(3), CLASS_LOGITS),
        (MultiLabelSoftmax(3), CLASS_LOGITS),
        (2 * Focal(Categorical(3)) + SoftDice(), CLASS_LOGITS),
    ],
    ids=["multilabel", "categorical", "multilabel softmax", "composed"],
)
def test_probabilities_are_the_distribution_s(distribution, z, run) -> None:
    p = out(lambda graph, z: add_probabilities(graph, distribution, z), z, run)
    np.testing.assert_allclose(p, distribution.mean(z), rtol=8e-15)


@pytest.mark.parametrize("distribution", [Bernoulli(), Focal(Bernoulli())], ids=["plain", "focal"])
def test_both_probabilities_keep_their_digits(distribution, run) -> None:
    p = out(lambda graph, z: add_probabilities(graph, distribution, z), LOGITS, run)
    z = LOGITS[:, 0]
    np.testing.assert_allclose(
        p, np.column_stack([Bernoulli().mean(-z), Bernoulli().mean(z)]), rtol=4e-15
    )


@pytest.mark.parametrize(
    "distribution",
    [Gaussian(), Gaussian(sd=2.0), Laplace(), Poisson()],
    ids=["gaussian", "fixed sd", "laplace", "poisson"],
)
def test_means_and_modes_of_numbers(distribution, run) -> None:
    z = np.random.default_rng(0).normal(1, 2, (200, distribution.n_outputs))
    mean = out(lambda graph, z: add_mean(graph, distribution, z), z, run, ("n",))
    np.testing.assert_allclose(mean, distribution.mean(z), rtol=1e-15)

    def mode(graph: Graph, z: str) -> str:
        return add_mode_of_number(graph, distribution, add_mean(graph, distribution, z))

    np.testing.assert_allclose(out(mode, z, run, ("n",)), distribution.mode(z), rtol=1e-15)


ISOTONIC = IsotonicMap((0.1, 0.4, 0.400001, 0.9), (0.0, 0.2, 0.7, 1.0))


@pytest.mark.parametrize(
    "recalibrator",
    [
        Temperature(2.5),
        Platt(0.3, -1.5),
        Platt(0.3, 0.0),
        PriorShift((-1.25,)),
        Isotonic((ISOTONIC,)),
        Isotonic((IsotonicMap((0.5,), (0.25,)),)),
        Isotonic((IsotonicMap((0.25, 0.75), (0.5, 0.5)),)),
    ],
    ids=["temperature", "platt", "flat platt", "prior shift", "isotonic", "one point", "flat"],
)
def test_recalibrated_logits_of_two_classes(recalibrator, run) -> None:
    z = out(lambda graph, z: add_recalibration(graph, recalibrator, Bernoulli(), z), LOGITS, run)
    np.testing.assert_allclose(z[:, 0], recalibrator.apply(LOGITS[:, 0]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "recalibrator",
    [
        Temperature(0.5),
        PriorShift((0.1, -0.2, 0.5)),
        Isotonic((ISOTONIC, IsotonicMap((0.2, 0.6), (0.1, 0.8)), IsotonicMap((0.5,), (0.0,)))),
        Isotonic((IsotonicMap((0.9, 1.0), (0.0, 1.0)),) * 3),
    ],
    ids=["temperature", "prior shift", "isotonic", "all classes at 0"],
)
def test_recalibrated_logits_of_several_classes(recalibrator, run) -> None:
    distribution = Categorical(3)
    z = out(
        lambda graph, z: add_recalibration(graph, recalibrator, distribution, z), CLASS_LOGITS, run
    )
    expected = distribution.mean(recalibrator.apply(CLASS_LOGITS))
    np.testing.assert_allclose(distribution.mean(z), expected, rtol=1e-9, atol=1e-12)


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixture is a function
)
@given(st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_any_fitted_isotonic_map(run, n_rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 3, n_rows)
    recalibrator = fit_isotonic(np.arange(n_rows) % 2, logits=z)
    asked = np.concatenate([z, rng.normal(0, 5, 50)])[:, None]
    got = out(lambda graph, z: add_recalibration(graph, recalibrator, Bernoulli(), z), asked, run)
    expected = Bernoulli().mean(recalibrator.apply(asked[:, 0]))
    np.testing.assert_allclose(Bernoulli().mean(got[:, 0]), expected, atol=1e-9)


def test_a_recalibrator_of_other_logits_is_refused() -> None:
    for recalibrator, distribution in (
        (Platt(0, 1), Categorical(3)),
        (PriorShift((0.1,)), Categorical(3)),
        (Isotonic((ISOTONIC,) * 3), Bernoulli()),
    ):
        with pytest.raises(XentError, match="logits, the model has"):
            add_recalibration(Graph(), recalibrator, distribution, "z")
    with pytest.raises(XentError, match="cannot be written to ONNX"):
        add_recalibration(Graph(), object(), Bernoulli(), "z")  # type: ignore[arg-type]


def codes(p: np.ndarray, decision, run, **given: np.ndarray) -> np.ndarray:
    graph = Graph()
    name = graph.input("p", np.float64, ("n", p.shape[1]))
    made = add_class_codes(graph, name, name, decision, p.shape[1])
    graph.output("codes", made, np.int64, ("n",))
    return run(graph, {"p": p, **given})["codes"]


def shares(n_classes: int) -> np.ndarray:
    p = np.random.default_rng(0).dirichlet(np.ones(n_classes), 300)
    return np.concatenate([p, np.full((1, n_classes), 1 / n_classes)])


def test_a_threshold_may_be_given_with_each_call(run) -> None:
    p = shares(2)
    decision = choose([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], costs=Costs(5, 1), n_bootstrap=0)
    np.testing.assert_array_equal(codes(p, decision, run), decision.apply(p[:, 1]))
    np.testing.assert_array_equal(codes(p, None, run), p[:, 1] >= 0.5)
    np.testing.assert_array_equal(codes(p, decision, run, threshold=np.array(0.9)), p[:, 1] >= 0.9)


@pytest.mark.parametrize("reject_cost", [None, 0.1], ids=["always decides", "may abstain"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_costs_decide_as_the_cost_decision(n_classes: int, reject_cost: float | None, run) -> None:
    costs = np.random.default_rng(1).uniform(0, 3, (n_classes, n_classes))
    np.fill_diagonal(costs, 0)
    names = tuple(map(str, range(n_classes)))
    decision = CostDecision(names, tuple(map(tuple, costs.tolist())), reject_cost)
    p = shares(n_classes)
    got = codes(p, decision, run)
    np.testing.assert_array_equal(got, decision.apply(p))
    assert (got == -1).any() == (reject_cost is not None)


def test_decisions_that_do_not_fit_are_refused() -> None:
    threshold = choose([0, 1], [0.1, 0.8], costs=Costs(5, 1), n_bootstrap=0)
    with pytest.raises(XentError, match="decides between two classes"):
        add_class_codes(Graph(), "p", "z", threshold, 3)
    with pytest.raises(XentError, match="about 2 classes"):
        add_class_codes(Graph(), "p", "z", CostDecision(("a", "b"), ((0, 1), (1, 0))), 3)


def label_codes(distribution, z: np.ndarray, run, **given: np.ndarray) -> np.ndarray:
    graph = Graph()
    name = graph.input("z", np.float64, ("n", 3))
    p = add_probabilities(graph, distribution, name)
    graph.output("codes", add_label_codes(graph, p, name, distribution), np.int64, ("n", 3))
    return run(graph, {"z": z, **given})["codes"]


def test_labels_have_thresholds_of_their_own(run) -> None:
    distribution = MultiLabel(3)
    np.testing.assert_array_equal(
        label_codes(distribution, CLASS_LOGITS, run), distribution.mode(CLASS_LOGITS)
    )
    thresholds = np.array([0.1, 0.9, 0.5])
    np.testing.assert_array_equal(
        label_codes(distribution, CLASS_LOGITS, run, threshold=thresholds),
        distribution.mean(CLASS_LOGITS) >= thresholds,
    )


def test_competing_labels_leave_the_most_probable_one(run) -> None:
    distribution = MultiLabelSoftmax(3)
    np.testing.assert_array_equal(
        label_codes(distribution, CLASS_LOGITS, run), distribution.mode(CLASS_LOGITS)
    )


@pytest.mark.parametrize(
    ("classes", "dtype"),
    [(("no", "yes"), "O"), ((1, -1), "i"), ((0.5, 1.5), "f"), ((False, True), "b")],
    ids=["text", "whole", "numbers", "booleans"],
)
def test_classes_keep_their_type(classes: tuple, dtype: str) -> None:
    made = class_array(classes)
    assert made.dtype.kind == dtype
    assert made.tolist() == list(classes)


def test_whole_numbers_beyond_int64_are_refused() -> None:
    with pytest.raises(XentError, match=r"below 2\*\*63"):
        class_array((1, 2**70))
