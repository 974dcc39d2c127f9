"""What the outputs of a network say: probabilities of classes or labels, or the mean of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import Bernoulli, Distribution, MultiLabel, Poisson
from xent.distributions.compositions import Derived

if TYPE_CHECKING:
    from xent.distributions.classes import ClassDistribution
    from xent.exports.graph import Graph

__all__ = ["add_mean", "add_mode_of_number", "add_probabilities", "predicting"]


def predicting(distribution: Distribution) -> Distribution:
    """Return the distribution that predicts behind a loss that is made of it.

    Examples
    --------
    >>> from xent.distributions import Focal
    >>> predicting(2 * Focal(Bernoulli()))
    Bernoulli()
    """
    while isinstance(distribution, Derived):
        distribution = distribution.origin
    return distribution


def add_probabilities(graph: Graph, distribution: ClassDistribution, z: str) -> str:
    """Return the probabilities of float64 logits, (n, k); of a Bernoulli those of both classes.

    Nothing cancels: the smaller of two probabilities keeps its digits.
    """
    core = predicting(distribution)
    if isinstance(core, Bernoulli):
        other = _logistic(graph, graph.add("Neg", z))
        return graph.concatenate([other, _logistic(graph, z)])
    return _logistic(graph, z) if isinstance(core, MultiLabel) else _softmax(graph, z)


def add_mean(graph: Graph, distribution: Distribution, z: str) -> str:
    """Return the mean of a number, (n,), of float64 outputs."""
    first = graph.add("Gather", z, graph.constant(0, np.int64), axis=1)
    return graph.add("Exp", first) if isinstance(predicting(distribution), Poisson) else first


def add_mode_of_number(graph: Graph, distribution: Distribution, mean: str) -> str:
    """Return what is most probable, (n,), given the mean."""
    return graph.add("Floor", mean) if isinstance(predicting(distribution), Poisson) else mean


def _logistic(graph: Graph, z: str) -> str:
    """exp(min(z, 0)) / (1 + exp(-|z|))."""
    zero, one = graph.constant(0.0), graph.constant(1.0)
    lower = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    upper = graph.add("Exp", graph.add("Min", z, zero))
    return graph.add("Div", upper, graph.add("Add", lower, one))


def _softmax(graph: Graph, z: str) -> str:
    axes = graph.constant([1], np.int64)
    largest = graph.add("ReduceMax", z, axes)
    masses = graph.add("Exp", graph.add("Sub", z, largest))
    return graph.add("Div", masses, graph.add("ReduceSum", masses, axes))
