"""Rows and targets for an audit: the user's, or made up to the model's measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import torch

from xent.audits.observations import Column
from xent.audits.torch_models import as_rows, tensor_of
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.audits.torch_models import AuditedModel

__all__ = ["AuditedTargets", "as_targets", "made_up_rows", "spread_places", "without_ignored"]

N_ROWS: Final = 64
SIDES: Final = (28, 32, 64, 128, 224)


@dataclass(frozen=True)
class AuditedTargets:
    """Targets, and whether their dtype is the user's choice.

    Attributes
    ----------
    values : Tensor
    is_tensor : bool
        A tensor is taken as it is; an array, whose dtype says nothing of torch, is cast to what the
        loss takes.
    is_column : bool
        Whether their shape is nobody's choice either: see `Column`.
    """

    values: torch.Tensor
    is_tensor: bool
    is_column: bool = False


def as_targets(y: Any, n_rows: int) -> AuditedTargets:
    """Return targets as the loss will get them.

    Raises
    ------
    XentError
        When they are no numbers, or of another length.
    """
    is_column = isinstance(y, Column)
    y = y.values if is_column else y
    is_tensor = isinstance(y, torch.Tensor)
    values = tensor_of(y, "y", " Code the classes as 0, 1, 2, ...")
    if values.ndim not in {1, 2} or len(values) != n_rows or not values.numel():
        raise XentError(
            f"y must have shape (n,), (n, 1) or (n, k) with the n = {n_rows} of X, got {tuple(values.shape)}."
        )
    if not bool(torch.isfinite(values.double()).all()):
        raise XentError("y must be finite, got NaN or infinite values.")
    return AuditedTargets(values, is_tensor, is_column)


def without_ignored(
    rows: torch.Tensor, targets: AuditedTargets, ignored: int | None
) -> tuple[torch.Tensor, AuditedTargets]:
    """Return the rows whose target is not the code that the loss leaves out, if any are left."""
    if ignored is None or targets.values[0].numel() != 1:
        return rows, targets
    kept = targets.values.reshape(-1) != ignored
    if int(kept.sum()) < 2:
        return rows, targets
    return rows[kept], replace(targets, values=targets.values[kept])


def spread_places(targets: torch.Tensor, most: int) -> torch.Tensor:
    """Return the places of at most so many rows, evenly from the least target to the largest.

    Data may lie sorted by class, or have few rows of one: the first rows would be of one class.

    Examples
    --------
    >>> spread_places(torch.tensor([0, 0, 0, 0, 1, 0]), 3).tolist()
    [0, 2, 4]
    """
    columns = targets.reshape(len(targets), -1).double()
    keys = columns @ torch.arange(1, columns.shape[1] + 1, dtype=torch.float64)
    n = len(targets)
    ranks = torch.linspace(0, n - 1, min(n, most), dtype=torch.float64).long()
    return torch.argsort(keys, stable=True)[ranks].sort().values


def made_up_rows(model: AuditedModel) -> torch.Tensor:
    """Return random rows of a shape that the model takes.

    Raises
    ------
    XentError
        When no shape was found: then X is needed.
    """
    generator = torch.Generator().manual_seed(0)
    for shape in _shapes(model.module):
        rows = torch.randn((N_ROWS, *shape), generator=generator)
        try:
            with torch.no_grad():
                model(as_rows(rows, model))
        except XentError:
            continue
        return as_rows(rows, model)
    raise XentError(
        "X is needed: the shape of a row cannot be told from the model. Give a batch (--data)."
    )


def _shapes(module: Any) -> list[tuple[int, ...]]:
    declared = getattr(module, "input_shape", None)
    if isinstance(declared, tuple) and all(isinstance(size, int) for size in declared[1:]):
        return [tuple(declared[1:])]
    for part in module.modules():
        if isinstance(part, torch.nn.Linear):
            return [(part.in_features,)]
        if isinstance(part, torch.nn.BatchNorm1d):
            return [(part.num_features,)]
        if isinstance(part, torch.nn.Conv2d):
            return [(part.in_channels, side, side) for side in SIDES]
        if isinstance(part, torch.nn.Conv1d):
            return [(part.in_channels, side) for side in SIDES]
    return []
