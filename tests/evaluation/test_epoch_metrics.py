"""The figures after every epoch equal those of the plain functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from xent import evaluation as ev
from xent.distributions import (
    Bernoulli,
    Categorical,
    Gaussian,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
)

RNG = np.random.default_rng(4)
N = 60
WEIGHTS = [None, RNG.integers(0, 3, N).astype(float)]


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_binary(weight: Any, shape: tuple[int, ...]) -> None:
    y = (RNG.random(N) < 0.4).astype(float)
    z = RNG.normal(y, 1.0).round(1).astype(np.float32)
    got = ev.epoch_metrics("binary", z.reshape(shape), y, weight, distribution=Bernoulli())
    assert list(got) == ["accuracy", "auc"]
    assert got["accuracy"] == pytest.approx(ev.accuracy(y, labels=z >= 0, weight=weight))
    assert got["auc"] == pytest.approx(ev.roc_auc(y, z, weight=weight), abs=1e-15)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_multiclass(weight: Any) -> None:
    y, z = RNG.integers(0, 3, N), RNG.normal(size=(N, 3))
    got = ev.epoch_metrics("multiclass", z, y, weight, distribution=Categorical(3))
    expected = ev.accuracy(y, labels=z.argmax(axis=1), weight=weight)
    assert got == {"accuracy": pytest.approx(expected)}


@pytest.mark.parametrize("weight", WEIGHTS)
def test_multilabel(weight: Any) -> None:
    y, z = (RNG.random((N, 3)) < 0.4).astype(float), RNG.normal(size=(N, 3))
    for distribution, labels in (
        (MultiLabel(3), z >= 0),
        (MultiLabelSoftmax(3), z == z.max(axis=1, keepdims=True)),
    ):
        got = ev.epoch_metrics("multilabel", z, y, weight, distribution=distribution)
        assert got == {
            "exact_match": pytest.approx(ev.exact_match(y, labels=labels, weight=weight)),
            "hamming_loss": pytest.approx(ev.hamming_loss(y, labels=labels, weight=weight)),
        }


@pytest.mark.parametrize("weight", WEIGHTS)
def test_regression(weight: Any) -> None:
    y, z = RNG.poisson(3, N).astype(float), RNG.normal(size=(N, 2)).astype(np.float32)
    got = ev.epoch_metrics("regression", z, y, weight, distribution=Gaussian())
    assert got == {"rmse": pytest.approx(ev.rmse(y, predictions=z[:, 0], weight=weight))}
    got = ev.epoch_metrics("regression", z[:, :1], y, weight, distribution=Poisson())
    expected = ev.rmse(y, predictions=np.exp(z[:, 0].astype(float)), weight=weight)
    assert got["rmse"] == pytest.approx(expected, rel=1e-6)


def test_nothing_is_raised_where_training_went_wrong() -> None:
    nan = math.nan
    y = np.array([0.0, 1.0])
    for z in (np.array([nan, 1.0]), np.array([[nan], [1.0]])):
        got = ev.epoch_metrics("binary", z, y, distribution=Bernoulli())
        assert np.isnan(list(got.values())).all()
    got = ev.epoch_metrics("regression", np.array([nan, 1.0]), y, distribution=Gaussian(sd=1.0))
    assert math.isnan(got["rmse"])
    infinite = np.array([-np.inf, np.inf])
    assert ev.epoch_metrics("binary", infinite, y, distribution=Bernoulli())["auc"] == 1.0
    one_class = ev.epoch_metrics("binary", infinite, np.ones(2), distribution=Bernoulli())
    assert one_class["accuracy"] == 0.5
    assert math.isnan(one_class["auc"])


def test_soft_labels_have_no_class() -> None:
    soft = np.array([[0.3, 0.7], [1.0, 0.0]])
    for task, y, distribution in (
        ("binary", soft[:, 0], Bernoulli()),
        ("multiclass", soft, Categorical(2)),
        ("multilabel", soft, MultiLabel(2)),
    ):
        z = np.zeros((2, distribution.n_outputs))
        got = ev.epoch_metrics(task, z, y, distribution=distribution)
        assert got
        assert np.isnan(list(got.values())).all()
