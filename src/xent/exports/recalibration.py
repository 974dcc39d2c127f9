"""A recalibrator in the graph: float64 logits in, better ones out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.calibration import Isotonic, Platt, PriorShift, Temperature
from xent.exports.distribution import add_probabilities

if TYPE_CHECKING:
    from xent.distributions.classes import ClassDistribution
    from xent.evaluation.calibration import IsotonicMap, Recalibrator
    from xent.exports.graph import Graph

__all__ = ["add_recalibration"]


def add_recalibration(
    graph: Graph, recalibrator: Recalibrator, distribution: ClassDistribution, z: str
) -> str:
    """Apply a recalibrator to the logits, (n, k).

    Raises
    ------
    XentError
        When it is of a kind that is not known here, or does not fit the number of logits.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.exports.graph import Graph
    >>> graph = Graph()
    >>> add_recalibration(graph, Temperature(2.0), Bernoulli(), "z"), graph.nodes[0].operator
    ('Div_1', 'Div')
    """
    if isinstance(recalibrator, Temperature):
        return graph.add("Div", z, graph.constant(recalibrator.temperature, np.float64))
    if isinstance(recalibrator, Platt):
        _check_count(1, distribution)
        line = graph.add("Mul", z, graph.constant(recalibrator.slope, np.float64))
        return graph.add("Add", line, graph.constant(recalibrator.intercept, np.float64))
    if isinstance(recalibrator, PriorShift):
        _check_count(len(recalibrator.offsets), distribution)
        return graph.add("Add", z, graph.constant(recalibrator.offsets, np.float64))
    if isinstance(recalibrator, Isotonic):
        _check_count(len(recalibrator.maps), distribution)
        return _isotonic(graph, recalibrator, distribution, z)
    raise XentError(f"a recalibrator {recalibrator!r:.60} cannot be written to ONNX.")


def _check_count(n_expected: int, distribution: ClassDistribution) -> None:
    if distribution.n_outputs != n_expected:
        raise XentError(
            f"the recalibrator is for {n_expected} logits, the model has {distribution.n_outputs}. "
            "Make it anew: xent recalibrate RUN ..."
        )


def _isotonic(graph: Graph, recalibrator: Isotonic, distribution: ClassDistribution, z: str) -> str:
    p = add_probabilities(graph, distribution, z)
    if distribution.n_outputs == 1:
        mapped = _mapped(graph, recalibrator.maps[0], _column(graph, p, 1))
        others = graph.add("Sub", graph.constant(1.0), mapped)
        return graph.add("Sub", graph.add("Log", mapped), graph.add("Log", others))
    columns = [
        _mapped(graph, one, _column(graph, p, place)) for place, one in enumerate(recalibrator.maps)
    ]
    mapped = graph.concatenate(columns)
    sums = graph.add("ReduceSum", mapped, graph.constant([1], np.int64))
    # a row whose every class maps to 0 keeps the model's own probabilities
    found = graph.add("Greater", sums, graph.constant(0.0))
    divisor = graph.add("Where", found, sums, graph.constant(1.0))
    return graph.add("Log", graph.add("Where", found, graph.add("Div", mapped, divisor), p))


def _mapped(graph: Graph, one: IsotonicMap, p: str) -> str:
    """Return the value of a piecewise linear map, as `numpy.interp` has it, at (n, 1) places."""
    x, y = np.array(one.probability), np.array(one.recalibrated)
    if x.size == 1:
        return graph.add("Add", graph.add("Mul", p, graph.constant(0.0)), graph.constant(y[0]))
    inside = graph.add("Min", graph.add("Max", p, graph.constant(x[0])), graph.constant(x[-1]))
    # how many bends were passed, without the last: the stretch
    passed = graph.add("GreaterOrEqual", inside, graph.constant(x[None, 1:-1]))
    axes = graph.constant([1], np.int64)
    place = graph.add("ReduceSum", graph.cast(passed, np.int64), axes)
    start, origin, slope = (
        graph.add("Gather", graph.constant(values), place, axis=0)
        for values in (x[:-1], y[:-1], np.diff(y) / np.diff(x))
    )
    rise = graph.add("Mul", slope, graph.add("Sub", inside, start))
    # a rounding below 0 or above 1 would have no logarithm
    value = graph.add("Add", rise, origin)
    return graph.add("Min", graph.add("Max", value, graph.constant(y[0])), graph.constant(y[-1]))


def _column(graph: Graph, rows: str, place: int) -> str:
    return graph.add("Gather", rows, graph.constant([place], np.int64), axis=1)
