"""The constant predictor is the member of the family with the least mean loss on the training part."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from xent import evaluation as ev
from xent.distributions import (
    Bernoulli,
    Categorical,
    Gaussian,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
)
from xent.errors import XentError

RNG = np.random.default_rng(8)
LABELS = RNG.random((40, 3)) < [0.2, 0.5, 0.7]
SOFT = RNG.dirichlet([1, 2, 3], 40)
CASES: list[tuple[str, Any, Any]] = [
    ("binary", RNG.random(40) < 0.3, Bernoulli()),
    ("binary", RNG.random(40), Bernoulli()),
    ("multiclass", RNG.integers(0, 3, 40), Categorical(3)),
    ("multiclass", SOFT, Categorical(3)),
    ("multilabel", LABELS, MultiLabel(3)),
    ("multilabel", LABELS, MultiLabelSoftmax(3)),
    ("multilabel", LABELS, MultiLabelSoftmax(3, normalized=True)),
    ("regression", RNG.normal(3, 2, 40), Gaussian()),
    ("regression", RNG.normal(3, 2, 40), Gaussian(sd=1.5)),
    ("regression", RNG.normal(3, 2, 40), Laplace()),
    ("regression", RNG.normal(3, 2, 40), Laplace(scale=2.0)),
    ("regression", RNG.poisson(2.5, 40), Poisson()),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("task", "y", "distribution"), CASES)
def test_no_other_constant_is_better(task: str, y: Any, distribution: Any, weighted: bool) -> None:
    weight = RNG.integers(0, 4, 40).astype(float) if weighted else None
    constant = ev.fit_constant(task, y, distribution=distribution, weight=weight)
    assert len(constant.parameters) == distribution.n_outputs

    def loss(parameters: np.ndarray) -> float:
        z = np.tile(parameters, (40, 1))
        return float(np.average(distribution.nll(z, y), weights=weight))

    best = np.array(constant.parameters)
    for _ in range(50):
        assert loss(best) <= loss(best + RNG.normal(0, 0.05, best.size)) + 1e-15


def test_classes_that_training_does_not_hold_are_impossible() -> None:
    constant = ev.fit_constant("multiclass", [0, 2, 2], distribution=Categorical(4))
    assert constant.parameters[1] == constant.parameters[3] == -math.inf
    again = ev.ConstantPredictor.from_json(json.loads(json.dumps(constant.to_json())))
    assert again == constant
    assert ev.fit_constant("binary", [1, 1], distribution=Bernoulli()).parameters == (math.inf,)
    assert ev.fit_constant("binary", [0, 0], distribution=Bernoulli()).parameters == (-math.inf,)
    assert ev.fit_constant("regression", [0, 0], distribution=Poisson()).parameters == (-math.inf,)
    assert ev.fit_constant("regression", [2, 2], distribution=Gaussian()).parameters[0] == 2.0


def test_only_the_training_part_counts() -> None:
    y = RNG.random(50) < 0.4
    constant = ev.fit_constant("binary", y[:30], distribution=Bernoulli())
    z = np.zeros(20)
    part = ev.judge("binary", y[30:], z, distribution=Bernoulli(), constant=constant)
    p = y[:30].mean()
    expected = ev.log_loss(y[30:], probabilities=np.full(20, p))
    assert part["log_loss"].constant == pytest.approx(expected)
    assert part["brier"].constant == pytest.approx(ev.brier(y[30:], probabilities=np.full(20, p)))


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({}, "must hold a list 'parameters'"),
        ([], "must hold a list 'parameters'"),
        ({"parameters": []}, "must hold a list 'parameters'"),
        ({"parameters": ["nan"]}, "must be numbers, got 'nan'"),
        ({"parameters": [float("nan")]}, "must be numbers, got NaN"),
        ({"parameters": [True]}, "must be numbers, got True"),
        ({"parameters": [[1]]}, r"must be numbers, got \[1\]"),
    ],
)
def test_a_damaged_description_is_refused(description: Any, message: str) -> None:
    with pytest.raises(XentError, match=message):
        ev.ConstantPredictor.from_json(description)


def test_the_task_is_checked() -> None:
    with pytest.raises(XentError, match=r"task must be one of .* Did you mean 'multilabel'"):
        ev.fit_constant("multi-label", LABELS, distribution=MultiLabel(3))


def test_outputs_are_a_view() -> None:
    outputs = ev.ConstantPredictor((1.0, 2.0)).outputs(3)
    assert outputs.tolist() == [[1.0, 2.0]] * 3
    with pytest.raises(ValueError, match="read-only"):
        outputs[0, 0] = 5
