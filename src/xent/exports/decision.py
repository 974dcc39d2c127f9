"""The decision in the graph: by threshold, by costs, or for what is most probable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.decisions import CostDecision
from xent.distributions import MultiLabelSoftmax
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.decisions import Decision
    from xent.distributions import Distribution
    from xent.exports.graph import Graph

__all__ = ["ABSTAINED", "add_class_codes", "add_label_codes", "class_array"]

ABSTAINED = -1
NEUTRAL = 0.5


def add_class_codes(
    graph: Graph, p: str, z: str, decision: Decision | CostDecision | None, n_classes: int
) -> str:
    """Return the code of the decided class, (n,) of int64; `ABSTAINED` where a decision leaves a row alone.

    Parameters
    ----------
    graph : Graph
    p : str
        Float64 probabilities of all classes.
    z : str
        Float64 logits.
    decision : Decision or CostDecision, optional
        A threshold, of two classes only, becomes an optional input of the graph, ``threshold``.
    n_classes : int
    """
    if isinstance(decision, CostDecision):
        return _cheapest(graph, p, decision, n_classes)
    if n_classes > 2:
        if decision is not None:
            raise XentError(f"a threshold decides between two classes, and there are {n_classes}.")
        return graph.add("ArgMax", z, axis=1, keepdims=0)
    value = NEUTRAL if decision is None else decision.threshold.value
    threshold = graph.optional_input("threshold", np.array(value, np.float64))
    positive = graph.add("Gather", p, graph.constant(1, np.int64), axis=1)
    return graph.cast(graph.add("GreaterOrEqual", positive, threshold), np.int64)


def add_label_codes(graph: Graph, p: str, z: str, distribution: Distribution) -> str:
    """Return 1 for each label that is decided for, (n, n_labels) of int64.

    The thresholds, one a label, are an optional input of the graph, ``threshold``. Labels that compete for one
    softmax have none: the most probable one is decided for.
    """
    n_labels = distribution.n_outputs
    if isinstance(distribution, MultiLabelSoftmax):
        best = graph.add("ArgMax", z, axis=1, keepdims=1)
        hot = graph.add("Equal", best, graph.constant([list(range(n_labels))], np.int64))
        return graph.cast(hot, np.int64)
    thresholds = graph.optional_input("threshold", np.full(n_labels, NEUTRAL))
    return graph.cast(graph.add("GreaterOrEqual", p, thresholds), np.int64)


def class_array(classes: tuple[object, ...]) -> Array:
    """Return the classes as an array in their own type: text, int64, float64 or booleans.

    Examples
    --------
    >>> class_array((1, -1))
    array([ 1, -1])
    """
    try:
        if isinstance(classes[0], str):
            return np.array(classes, dtype=object)
        dtype = {bool: np.bool_, int: np.int64}.get(type(classes[0]), np.float64)
        return np.array(classes, dtype=dtype)
    except OverflowError:
        raise XentError("the classes must be whole numbers below 2**63 to be written.") from None


def _cheapest(graph: Graph, p: str, decision: CostDecision, n_classes: int) -> str:
    if len(decision.classes) != n_classes:
        raise XentError(
            f"the decision is about {len(decision.classes)} classes, the model has {n_classes}."
        )
    costs = graph.add("MatMul", p, graph.constant(decision.costs, np.float64))
    best = graph.add("ArgMin", costs, axis=1, keepdims=0)
    if decision.reject_cost is None:
        return best
    least = graph.add("ReduceMin", costs, graph.constant([1], np.int64), keepdims=0)
    rejected = graph.add("Greater", least, graph.constant(decision.reject_cost, np.float64))
    return graph.add("Where", rejected, graph.constant(ABSTAINED, np.int64), best)
