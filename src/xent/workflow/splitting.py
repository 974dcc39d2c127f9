"""Which rows train, validate and test: what the data settings say, and never a copy on both sides."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data import (
    find_roles,
    group_codes,
    identical_images,
    identical_rows,
    label_set_strata,
    quantile_strata,
    split_given,
    split_rows,
    time_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, IntArray
    from xent.data import Split, Table, TargetCoding
    from xent.training import TrainingSettings
    from xent.workflow.data_settings import DataSettings
    from xent.workflow.labelled import LabelledTable

__all__ = ["role_settings", "split_table"]

# below this many rows a validation part would be too small to stop on
FEWEST_ROWS_TO_VALIDATE = 200


def split_table(
    labelled: LabelledTable,
    target: TargetCoding,
    data: DataSettings,
    training: TrainingSettings,
    seed: int,
) -> Split:
    """Return the split of a table's rows.

    The test part is ``test_fraction`` of all rows, the validation part ``validation_fraction`` of the others; both
    are stratified by the target. Rows with identical features go to one part, and so do the groups of `group`. A
    column `split` decides itself; where it names no validation rows, some of its training rows become them.
    """
    table = labelled.table
    identical = _identical(table, data, target)
    strata = _strata(target.task, labelled.y)
    if data.split is not None:
        words = table.column(data.split, argument="split").to_list()
        given = split_given(words, name=data.split, identical=identical)
        return _with_validation(given, strata, identical, training, seed)
    return split_rows(
        table.n_rows,
        test_fraction=0.0 if data.test is not None else data.test_fraction,
        validation_fraction=_validation_fraction(table.n_rows, training),
        random_state=seed,
        stratify=strata,
        identical=identical,
        groups=None if data.group is None else group_codes(table, data.group),
        time=None if data.time is None else time_numbers(table, data.time),
    )


def _identical(table: Table, data: DataSettings, target: TargetCoding) -> IntArray | None:
    """Return a code for every row; those with equal features, or equal pixels, share one."""
    roles = find_roles(table, **role_settings(data, target.names))
    if table.pixels is not None:
        return identical_images(table.pixels)
    return identical_rows(table, roles.features) if roles.features else None


def role_settings(data: DataSettings, names: Sequence[str]) -> dict[str, Any]:
    """Return what the data settings say about the roles of columns, for `find_roles`."""
    return {
        "target": list(names),
        **{name: getattr(data, name) for name in ("weight", "group", "time", "split")},
        **{name: getattr(data, name) for name in ("numeric", "categorical", "drop")},
    }


def _with_validation(
    split: Split,
    strata: IntArray,
    identical: IntArray | None,
    training: TrainingSettings,
    seed: int,
) -> Split:
    """Hold out a validation part of the training rows where the column names none."""
    if split.validation.size:
        return split
    fraction = _validation_fraction(split.train.size, training)
    if not fraction:
        return split
    rows = split.train
    inner = split_rows(
        rows.size,
        test_fraction=0.0,
        validation_fraction=fraction,
        random_state=seed,
        stratify=np.unique(strata[rows], return_inverse=True)[1],
        identical=None if identical is None else identical[rows],
    )
    train, validation = rows[inner.train], rows[inner.validation]
    others = np.concatenate([validation, split.test])
    return dataclasses.replace(
        split,
        train=train,
        validation=validation,
        method=f"{split.method}; validation {inner.method}",
        n_torn=0 if identical is None else int(np.isin(identical[others], identical[train]).sum()),
    )


def _validation_fraction(n_rows: int, training: TrainingSettings) -> float:
    if training.validation_fraction and n_rows < FEWEST_ROWS_TO_VALIDATE:
        warnings.warn(
            f"{n_rows} rows are too few for a validation part (fewer than {FEWEST_ROWS_TO_VALIDATE}): "
            "none is held out, and all epochs are trained.",
            stacklevel=2,
        )
        return 0.0
    return training.validation_fraction


def _strata(task: str, y: Array) -> IntArray:
    if task == "regression":
        return quantile_strata(y.astype(np.float64))
    return label_set_strata(y) if task == "multilabel" else y.astype(np.int64)
