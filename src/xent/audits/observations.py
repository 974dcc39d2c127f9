"""What was seen of a model, its loss and its data: the checks read this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.audits.readings import Reading
    from xent.audits.sweep import Sweep
    from xent.audits.torch_batches import BatchFacts
    from xent.audits.torch_gradients import GradientFacts

__all__ = ["Column", "Observations", "RowFacts", "TargetFacts", "target_facts"]


@dataclass(frozen=True)
class Column:
    """Targets from a column of a table: they take the shape and the type that the loss wants.

    Arrays and tensors are given to the loss in the shape they have, which is looked at as well; a
    table says nothing of it.

    Attributes
    ----------
    values : array of shape (n,)
    """

    values: Array


@dataclass(frozen=True)
class TargetFacts:
    """What the targets are.

    Attributes
    ----------
    form : str
        "column", "codes", "one-hot" or "labels".
    shape : tuple of int
    is_whole : bool
        Whether all are whole numbers.
    is_float : bool
        Whether they are stored as floats.
    least, largest : float
    n_outside : int
        How many are not in [0, 1], or are no code of a class.
    n_uneven : int
        How many rows of one column a class do not sum to 1.
    """

    form: str
    shape: tuple[int, ...]
    is_whole: bool
    is_float: bool
    least: float
    largest: float
    n_outside: int
    n_uneven: int = 0


@dataclass(frozen=True)
class RowFacts:
    """The rows of the data, through the pair as it is and exactly.

    Attributes
    ----------
    n_rows : int
    n_wrong_gradient : int
        How many rows have a gradient that is off by more than a hundredth.
    n_no_gradient : int
        How many of them have none at all.
    loss, exact_loss : float
        Means over rows.
    """

    n_rows: int
    n_wrong_gradient: int
    n_no_gradient: int
    loss: float
    exact_loss: float


@dataclass(frozen=True)
class Observations:
    """Everything that the checks look at.

    Attributes
    ----------
    library : {"torch", "keras"}
    loss : str
    dtype : str
        Of the model's parameters.
    kind : str
        Of the outputs: see `output_kind`.
    links : tuple of str
        The functions that the model ends in, the last first.
    is_constant : bool
        Whether the outputs are 1 whatever the inputs and the parameters are.
    n_outputs : int
    reading : Reading
    least_loss : mapping from int to float
        By label: the loss at the best outputs in [0, 1].
    sweeps : tuple of Sweep
    targets, batch, gradients, rows
        None where there are no data.
    not_measured : mapping from str to str
    """

    library: str
    loss: str
    dtype: str
    kind: str
    links: tuple[str, ...]
    is_constant: bool
    n_outputs: int
    reading: Reading
    least_loss: Mapping[int, float] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()
    targets: TargetFacts | None = None
    batch: BatchFacts | None = None
    gradients: GradientFacts | None = None
    rows: RowFacts | None = None
    not_measured: Mapping[str, str] = field(default_factory=dict)

    @property
    def puts_out_probabilities(self) -> bool:
        """Whether the outputs are numbers in [0, 1] by their form."""
        return self.kind in {"distribution", "probabilities"}

    @property
    def is_fitting(self) -> bool:
        """Whether the loss takes what the model puts out."""
        takes = self.reading.takes
        if takes == "logits":
            return self.kind == "logits" or (
                self.kind == "log distribution" and self.reading.family == "classes"
            )
        if takes == "probabilities":
            return self.puts_out_probabilities
        return takes == "log probabilities" and self.kind == "log distribution"

    def swept(self, dtype: str, label: int) -> Sweep | None:
        """Return the sweep of a format and a label."""
        return next((s for s in self.sweeps if (s.dtype, s.label) == (dtype, label)), None)

    def own_sweeps(self) -> list[Sweep]:
        """Return the sweeps of both labels in the model's own format."""
        return [sweep for sweep in self.sweeps if sweep.dtype == self.dtype]


def target_facts(targets: Array, n_outputs: int) -> TargetFacts:
    """Return what targets are, for a model of so many outputs.

    Examples
    --------
    >>> target_facts(np.array([1, 2, 3]), 3).form, target_facts(np.array([1, 2, 3]), 3).n_outside
    ('codes', 1)
    >>> target_facts(np.array([[0.0, 1.0], [1.0, 1.0]]), 2).form
    'labels'
    """
    values: FloatArray = np.asarray(targets, dtype=np.float64)
    is_float = np.asarray(targets).dtype.kind == "f"
    is_whole = bool(np.all(values == np.rint(values)))
    is_column = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    form, n_uneven = "column", 0
    low, high = 0.0, 1.0
    if is_column and n_outputs > 1:
        form, high = "codes", n_outputs - 1.0
    elif not is_column:
        sums = values.reshape(len(values), -1).sum(axis=1)
        n_uneven = int(np.sum(np.abs(sums - 1.0) > 1e-3))
        form = "labels" if n_uneven else "one-hot"
    outside = (values < low - 1e-9) | (values > high + 1e-9) | ~np.isfinite(values)
    return TargetFacts(
        form,
        values.shape,
        is_whole,
        is_float,
        float(values.min()),
        float(values.max()),
        int(outside.sum()),
        n_uneven,
    )
