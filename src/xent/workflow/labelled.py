"""A table with its target, weights and groups read out: what splitting and encoding start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.data import check_weights, target_values

if TYPE_CHECKING:
    import polars as pl

    from xent.arrays import Array, FloatArray
    from xent.data import Table, TargetCoding
    from xent.workflow.data_settings import DataSettings

__all__ = ["LabelledTable", "label"]


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """All rows of a table, its target coded.

    Attributes
    ----------
    table : Table
    labels : ndarray
        The target in the users' own values.
    y : ndarray
        Class codes, labels or numbers.
    weight : ndarray of float64, shape (n,), optional
    group : polars.Series, optional
    file : polars.Series, optional
        The names of images.
    """

    table: Table
    labels: Array
    y: Array
    weight: FloatArray | None = None
    group: pl.Series | None = None
    file: pl.Series | None = None


def label(table: Table, target: TargetCoding, data: DataSettings) -> LabelledTable:
    """Read target, weights and groups out of a table.

    Raises
    ------
    XentError
        When a column is missing, or holds what it must not; the row is named.
    """
    labels = target_values(table, target.names)
    weight = group = None
    if data.weight is not None:
        column = table.column(data.weight, argument="weight").to_numpy()
        weight = check_weights(column, table.n_rows, name=f"weight {data.weight!r}")
    if data.group is not None:
        group = table.column(data.group, argument="group")
    file = None
    if table.pixels is not None and (name := data.image_column or "file") in table.columns:
        file = table.frame[name]
    return LabelledTable(table, labels, target.encode(labels), weight, group, file)
