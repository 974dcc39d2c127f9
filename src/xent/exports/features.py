"""From raw columns to the features of the network: what `xent.data.Encoder` does, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from xent.data.categories import category_texts
from xent.data.delimited import MISSING_MARKERS

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import FloatArray
    from xent.data import Encoder
    from xent.data.categories import CategoryCoding
    from xent.data.numeric import NumericEncoder
    from xent.exports.graph import Graph

__all__ = ["ColumnInput", "Features", "add_features", "category_numbers"]


@dataclass(frozen=True)
class ColumnInput:
    """An input of the exported model: one raw column, of shape (n, 1).

    Attributes
    ----------
    column : str
        Its name in the table.
    name : str
        The name of the input; another one where the column's is empty or taken.
    kind : {"number", "boolean", "category number", "text"}
        Text is an input of strings, all others are of float64.
    """

    column: str
    name: str
    kind: Literal["number", "boolean", "category number", "text"]

    @property
    def is_text(self) -> bool:
        """Whether the input takes strings."""
        return self.kind == "text"

    def to_json(self) -> dict[str, str]:
        """Return plain values, for the metadata of the file."""
        return {"column": self.column, "input": self.name, "kind": self.kind}


@dataclass(frozen=True)
class Features:
    """The features in the graph.

    Attributes
    ----------
    name : str
        The encoded matrix, (n, n_features), in the dtype of the network.
    inputs : tuple of ColumnInput
    valid : str or None
        Rows without an infinite number, (n,) of booleans; None where no number comes in.
    """

    name: str
    inputs: tuple[ColumnInput, ...]
    valid: str | None


def add_features(graph: Graph, encoder: Encoder, dtype: DTypeLike) -> Features:
    """Add the inputs and the encoding of a table's columns to a graph.

    Parameters
    ----------
    graph : Graph
        Without inputs so far: these come first, so that they keep the names of their columns.
    encoder : Encoder
    dtype : dtype
        Of the network; all is computed in float64 and rounded once.

    Examples
    --------
    >>> import polars as pl
    >>> from xent.data import Encoder, find_roles, read_table
    >>> from xent.exports.graph import Graph
    >>> table = read_table(pl.DataFrame({"age": [31, 45], "city": ["Oslo", "Rome"]}))
    >>> encoder = Encoder.fit(table, np.arange(2), find_roles(table))
    >>> features = add_features(Graph(), encoder, np.float32)
    >>> [(one.name, one.kind) for one in features.inputs]
    [('age', 'number'), ('city', 'text')]
    """
    numbers = [
        _input(graph, name, "boolean" if name in encoder.boolean else "number")
        for name in encoder.numeric.names
    ]
    texts = [
        _input(
            graph, coding.name, "text" if category_numbers(coding) is None else "category number"
        )
        for coding in encoder.categorical
    ]
    parts, valid = [], None
    if numbers:
        found, valid = _numeric(graph, encoder.numeric, [one.name for one in numbers], dtype)
        parts += found
    for one, coding in zip(texts, encoder.categorical, strict=True):
        parts.append(_places(graph, coding, one, dtype))
    return Features(graph.concatenate(parts), (*numbers, *texts), valid)


def category_numbers(coding: CategoryCoding) -> FloatArray | None:
    """Return the categories as the numbers they stand for, or None where they are text.

    Numbers are compared as numbers: 1, 1.0 and "1" are one category.

    Examples
    --------
    >>> from xent.data.categories import CategoryCoding
    >>> coding = CategoryCoding.fit(pl.Series("grade", [1.0, 2.5, 1.0]))
    >>> category_numbers(coding)
    array([1. , 2.5])
    """
    if coding.is_text:
        return None
    try:
        numbers = np.array([float(text) for text in coding.categories], dtype=np.float64)
    except ValueError:
        return None
    written = category_texts(pl.Series(coding.name, numbers)).to_list()
    return numbers if written == list(coding.categories) else None


def _float32_numbers(coding: CategoryCoding, numbers: FloatArray) -> FloatArray | None:
    """Return what the categories become in float64 when they come from a float32 column, where that differs.

    Such a column writes 0.1 as a float64 one does, so training may have seen either.
    """
    with np.errstate(over="ignore"):
        narrow = numbers.astype(np.float32)
    written = category_texts(pl.Series(coding.name, narrow)).to_list()
    if written != list(coding.categories) or np.array_equal(narrow, numbers):
        return None
    return narrow.astype(np.float64)


def _input(graph: Graph, column: str, kind: Any) -> ColumnInput:
    dtype = np.dtype(str) if kind == "text" else np.float64
    return ColumnInput(column, graph.input(column, dtype, ("n", 1)), kind)


def _numeric(
    graph: Graph, encoder: NumericEncoder, names: list[str], dtype: DTypeLike
) -> tuple[list[str], str]:
    """Return the encoded numbers with their indicators of missing values, and which rows are valid."""
    # what is constant in training has scale 0 and is 0 everywhere
    divisor = np.where(encoder.scale > 0, encoder.scale, np.inf)
    X = graph.concatenate(names)
    missing = graph.add("IsNaN", X)
    # divided, not multiplied by the reciprocal, which rounds otherwise
    scaled = graph.add(
        "Div",
        graph.add("Sub", X, graph.constant(encoder.center, np.float64)),
        graph.constant(divisor, np.float64),
    )
    with np.errstate(over="ignore"):  # of a damaged encoder; such rows are not valid
        fill = (encoder.fill - encoder.center) / divisor
    filled = graph.constant(fill, np.float64)
    encoded = graph.cast(graph.add("Where", missing, filled, scaled), dtype)
    parts = [encoded]
    if encoder.indicator.size:
        tags = graph.add("Gather", missing, graph.constant(encoder.indicator, np.int64), axis=1)
        parts.append(graph.cast(tags, dtype))
    infinite = graph.add("Or", graph.add("IsInf", X), graph.add("IsInf", encoded))
    return parts, graph.add("Not", _any(graph, infinite, keepdims=0))


def _places(graph: Graph, coding: CategoryCoding, one: ColumnInput, dtype: DTypeLike) -> str:
    """Return the coded column, (n, n_places)."""
    numbers = category_numbers(coding)
    if numbers is None:
        categories = np.array(coding.categories, dtype=object)
        markers = graph.constant(np.array([MISSING_MARKERS], dtype=object))
        missing = _any(graph, graph.add("Equal", one.name, markers), keepdims=1)
    else:
        categories, missing = numbers, graph.add("IsNaN", one.name)
    blocks, known = [], missing
    if categories.size:
        hits = graph.add("Equal", one.name, graph.constant(categories[None, :]))
        narrow = None if numbers is None else _float32_numbers(coding, numbers)
        if narrow is not None:
            also = graph.add("Equal", one.name, graph.constant(narrow[None, :]))
            hits = graph.add("Or", hits, also)
        blocks.append(hits)
        known = graph.add("Or", known, _any(graph, hits, keepdims=1))
    if coding.has_rare:
        blocks.append(graph.add("Not", known))
    if coding.has_missing:
        blocks.append(missing)
    places = graph.concatenate([graph.cast(block, dtype) for block in blocks])
    # a value without a place is coded as the average training row
    has_place = _any(graph, places, keepdims=1)
    return graph.add("Where", has_place, places, graph.constant([coding.shares], dtype))


def _any(graph: Graph, rows: str, keepdims: int) -> str:
    """Return whether any entry of a row is not 0."""
    counted = graph.cast(rows, np.float32)
    axes = graph.constant([1], np.int64)
    return graph.cast(graph.add("ReduceMax", counted, axes, keepdims=keepdims), np.bool_)
