"""A run as an ONNX model: columns, network, recalibration and decision in one graph."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data import ImageEncoder
from xent.decisions import CostDecision
from xent.distributions import Bernoulli, describe
from xent.distributions.classes import ClassDistribution
from xent.engines.stored_engine import StoredEngine
from xent.errors import XentError
from xent.exports.decision import ABSTAINED, add_class_codes, add_label_codes, class_array
from xent.exports.distribution import add_mean, add_mode_of_number, add_probabilities, predicting
from xent.exports.features import add_features
from xent.exports.graph import Graph, Port
from xent.exports.images import add_pixel_input
from xent.exports.network import add_network
from xent.exports.recalibration import add_recalibration

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.decisions import Decision
    from xent.exports.features import ColumnInput, Features
    from xent.runs import Run

__all__ = ["FORMAT", "VERSION", "OnnxModel", "onnx_model"]

FORMAT: Final = "xent-onnx"
VERSION: Final = 1
_LARGEST: Final = 2_000_000_000  # bytes of one ONNX file, by the rules of its encoding


@dataclass(frozen=True)
class OnnxModel:
    """An exported model.

    Attributes
    ----------
    content : bytes
        What the file holds.
    columns : tuple of ColumnInput
        The inputs that a row must have, one a column; none for a model of images.
    inputs, outputs : tuple of Port
        All of them, in their order; an optional input comes last. A model of images has ``pixels`` first, uint8 of
        shape (n, channels, height, width).
    """

    content: bytes
    columns: tuple[ColumnInput, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def onnx_model(run: Run) -> OnnxModel:
    """Return a finished run as an ONNX model, from raw columns to the decision.

    Raises
    ------
    XentError
        When the run is not finished, a file of it is damaged, or it is too large for one ONNX file.
    """
    from xent import __version__

    engine = run.model.engine
    if isinstance(engine, StoredEngine):
        engine.predict(engine.parameters)  # says what is missing: the code of the own module
    if engine.parameters.nbytes > _LARGEST:
        raise XentError(
            f"{run.folder} has {engine.parameters.size:,} parameters; an ONNX file holds 2 GB at most."
        )
    graph, encoder = Graph(), run.encoder
    shape: tuple[int, ...]
    if isinstance(encoder, ImageEncoder):
        features, shape = add_pixel_input(graph, encoder), encoder.shape
    else:
        features = add_features(graph, encoder, engine.dtype)
        shape = (encoder.n_features,)
    if shape != engine.network.row_shape:
        raise XentError(
            f"{run.files.encoder} does not belong to this model: it makes rows of shape {shape}, "
            f"the network takes {engine.network.row_shape}."
        )
    z = add_network(graph, engine, features.name)
    _add_outputs(graph, run, z, features)
    content = graph.to_bytes({"xent_version": __version__, **_metadata(run, features)})
    return OnnxModel(content, features.inputs, tuple(graph.inputs), tuple(graph.outputs))


def _add_outputs(graph: Graph, run: Run, z: str, features: Features) -> None:
    """Add what the outputs of the network mean, to the outputs of the graph."""
    model, distribution = run.model, run.model.distribution
    z, recalibrator = graph.cast(z, np.float64), run.recalibrator
    dtype = model.engine.dtype
    if recalibrator is not None:
        if not isinstance(distribution, ClassDistribution):
            raise XentError(f"{run.files.recalibrator} is for classes, and the target is a number.")
        z, dtype = add_recalibration(graph, recalibrator, distribution, z), np.dtype(np.float64)
    if not isinstance(distribution, ClassDistribution):
        _add_number(graph, run, z, features)
        return
    p = add_probabilities(graph, distribution, z)
    # probabilities are rounded to the dtype of the outputs before a decision sees them
    rounded = graph.cast(p, dtype)
    n_columns = distribution.n_outputs + isinstance(predicting(distribution), Bernoulli)
    valid = features.valid
    if valid is not None:
        valid = graph.add("Unsqueeze", valid, graph.constant([1], np.int64))
    given = _masked(graph, rounded, valid, np.array(np.nan, dtype))
    graph.output("probabilities", given, dtype, ("n", n_columns))
    decision = run.decision
    if model.task == "multilabel":
        codes = add_label_codes(graph, p, z, predicting(distribution))
        _add_labels(graph, codes, valid, n_columns)
        return
    seen = p if decision is None else graph.cast(rounded, np.float64)
    _add_class(graph, run, add_class_codes(graph, seen, z, decision, n_columns), features)


def _add_class(graph: Graph, run: Run, codes: str, features: Features) -> None:
    """Give out the decided class in its own type, and whether there is one."""
    codes = _masked(graph, codes, features.valid, np.array(ABSTAINED, np.int64))
    zero = graph.constant(0, np.int64)
    decided = graph.add("GreaterOrEqual", codes, zero)
    classes = class_array(run.model.target.classes)
    found = graph.add("Gather", graph.constant(classes), graph.add("Max", codes, zero), axis=0)
    if classes.dtype == np.bool_:
        label = graph.add("And", found, decided)
    else:
        nothing: Any = "" if classes.dtype.kind == "O" else 0
        label = graph.add("Where", decided, found, graph.constant(nothing, classes.dtype))
    dtype = np.dtype(str) if classes.dtype.kind == "O" else classes.dtype
    graph.output("decision", label, dtype, ("n",))
    graph.output("decided", decided, np.bool_, ("n",))


def _add_labels(graph: Graph, codes: str, valid: str | None, n_labels: int) -> None:
    codes = _masked(graph, codes, valid, np.array(ABSTAINED, np.int64))
    graph.output("decision", codes, np.int64, ("n", n_labels))
    first = graph.add("Gather", codes, graph.constant(0, np.int64), axis=1)
    decided = graph.add("GreaterOrEqual", first, graph.constant(0, np.int64))
    graph.output("decided", decided, np.bool_, ("n",))


def _add_number(graph: Graph, run: Run, z: str, features: Features) -> None:
    model, dtype = run.model, run.model.engine.dtype
    nothing = np.array(np.nan, dtype)
    rounded = graph.cast(add_mean(graph, model.distribution, z), dtype)
    mean = _masked(graph, rounded, features.valid, nothing)
    graph.output("mean", mean, dtype, ("n",))
    decision = add_mode_of_number(graph, model.distribution, mean)
    graph.output("decision", decision, dtype, ("n",))
    decided = graph.add("Not", graph.add("IsNaN", mean))
    graph.output("decided", decided, np.bool_, ("n",))


def _masked(graph: Graph, values: str, valid: str | None, nothing: Array) -> str:
    if valid is None:
        return values
    return graph.add("Where", valid, values, graph.constant(nothing))


def _metadata(run: Run, features: Features) -> dict[str, str]:
    """Return what a user of the file must know, as texts; whatever has parts is JSON."""
    model, decision, recalibrator = run.model, run.decision, run.recalibrator
    described = {
        "columns": [one.to_json() for one in features.inputs],
        "target": list(model.target.names),
        "classes": list(model.target.classes),
        "distribution": describe(model.distribution),
        "decision": None if decision is None else decision.to_json(),
        "recalibrator": None if recalibrator is None else recalibrator.to_json(),
    }
    plain = {
        "format": FORMAT,
        "version": str(VERSION),
        "task": model.task,
        "run": run.folder.name,
        "model_fingerprint": run.record.files[run.files.model.name],
    }
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in described.items()}
    return {**plain, **texts, **_decision_facts(decision)}


def _decision_facts(decision: Decision | CostDecision | None) -> dict[str, str]:
    """Return threshold and costs as entries of their own, where there are any."""
    if decision is None:
        return {}
    facts, costs = {}, decision.to_json().get("costs")
    if not isinstance(decision, CostDecision):
        facts["threshold"] = repr(decision.threshold.value)
    if costs is not None:
        facts["costs"] = json.dumps(costs)
    return facts
