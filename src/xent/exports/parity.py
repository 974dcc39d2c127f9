"""Whether an exported model says what its run says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data import Table
from xent.decisions import CostDecision
from xent.distributions import MultiLabelSoftmax
from xent.engines import prediction_engine
from xent.errors import XentError
from xent.exports.check_rows import KINDS, PLAIN, CheckRows, check_rows
from xent.exports.distribution import predicting
from xent.exports.session import OnnxSession
from xent.network import ModuleNetwork
from xent.runs.predictions import decisions, probabilities
from xent.runs.recalibrator_file import recalibrated

if TYPE_CHECKING:
    import polars as pl

    from xent.arrays import Array, FloatArray
    from xent.exports.model import OnnxModel
    from xent.runs import Run

__all__ = ["TIE", "TOLERANCE", "Parity", "check_parity"]

#: The most by which a probability may differ; of a number, in shares of its size.
TOLERANCE: Final = 1e-6
#: Rows as near as that to another decision are ties: roundings decide them.
TIE: Final = 1e-6
_ROUNDINGS: Final = 8  # two computations, and rows that are not the worst for both


@dataclass(frozen=True)
class Parity:
    """How an exported model and its run agree on rows made to tell them apart.

    Attributes
    ----------
    n_rows : int
    n_of_kind : dict of str to int
        How many of them were made so: with missing values, strange texts, columns offset by 1e6, moved to within
        1e-4 of the threshold, or not at all.
    differences : dict of str to float
        The largest difference of a probability in each kind of rows; of a number, in shares of its size, or of the
        usual size (the root of the mean square of plain rows) where that is larger.
    roundings : dict of str to float
        How far, in the same unit, the run itself is from the same network computed in float64.
    n_ties : int
        Rows within 1e-6 of another decision, which count for no flip.
    n_flips, n_tie_flips : int
        Rows that are decided differently: all others, and ties.
    """

    n_rows: int
    n_of_kind: dict[str, int]
    differences: dict[str, float]
    roundings: dict[str, float]
    n_ties: int
    n_flips: int
    n_tie_flips: int

    @property
    def largest_difference(self) -> float:
        """Of all rows."""
        return max(self.differences.values())

    @property
    def agrees(self) -> bool:
        """Whether nothing is decided differently, and nothing differs by more than roundings explain.

        Where a row is so far off that a float32 network does not itself know its output to 1e-6, no other
        computation of it can: there, a difference of a few times the run's own rounding is none.
        """
        within = (
            self.differences[kind] <= max(TOLERANCE, _ROUNDINGS * self.roundings[kind])
            for kind in self.differences
        )
        return not self.n_flips and all(within)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "largest_difference": self.largest_difference}

    def __str__(self) -> str:
        lines = [
            (
                f"{self.n_rows:,} rows, {self.n_flips} decided differently, "
                f"largest difference {self.largest_difference:.1e}"
            )
        ]
        lines += [
            f"  {self.n_of_kind[kind]:>7,} {kind:<18} {difference:.1e} (the run's own rounding "
            f"{self.roundings[kind]:.1e})"
            for kind, difference in self.differences.items()
            if self.n_of_kind[kind]
        ]
        if self.n_ties:
            lines.append(
                f"  {self.n_ties:,} of them within {TIE:g} of another decision, which roundings "
                f"decide: {self.n_tie_flips} differently"
            )
        return "\n".join(lines)

    def require(self) -> None:
        """Refuse a model that decides otherwise than its run, or says something else.

        Raises
        ------
        XentError
        """
        if not self.agrees:
            raise XentError(
                f"the exported model does not agree with the run, and is not written: {self}"
            )


def check_parity(run: Run, model: OnnxModel, drawn: pl.DataFrame | Table, seed: int = 0) -> Parity:
    """Compare an exported model with its run.

    Parameters
    ----------
    run : Run
    model : OnnxModel
    drawn : polars.DataFrame or Table
        Rows in the types of the model's inputs; four tenths of them are changed as `check_rows` says. Images, as a
        table, stay as they are.
    seed : int
        Of the changes.

    Raises
    ------
    XentError
        When onnxruntime refuses the model.
    """
    session = OnnxSession(model)
    if isinstance(drawn, Table):
        made = CheckRows(drawn, np.full(drawn.n_rows, PLAIN, dtype=object))
    else:
        made = _changed(run, drawn, np.random.default_rng(seed))
    rows = made.rows
    is_number = run.model.task == "regression"
    said, given = _said(run, rows), session.run(rows)
    wide = _wide_values(run, rows)
    return _compared(
        said, said.values if wide is None else wide, given, made.kind, is_number=is_number
    )


def _changed(run: Run, drawn: pl.DataFrame, rng: np.random.Generator) -> CheckRows:
    def judge(frame: pl.DataFrame) -> tuple[Array, FloatArray]:
        said = _said(run, Table(frame, "rows", ""))  # in the types that reading leaves
        return said.decided, said.margin

    is_number = run.model.task == "regression"
    return check_rows(run.column_encoder, drawn, rng, None if is_number else judge)


@dataclass(frozen=True)
class _Said:
    """What a run says of rows: probabilities or means, what is decided, how far from another decision."""

    values: FloatArray
    decided: Array
    margin: FloatArray


def _said(run: Run, rows: pl.DataFrame | Table) -> _Said:
    model, decision = run.model, run.decision
    z = run.logits(rows)
    values = probabilities(model, z)
    decided = decisions(model, z, decision)
    if model.task == "regression":
        return _Said(values, decided, np.full(len(z), np.inf))
    return _Said(values, decided, _margins(run, values.astype(np.float64)))


def _wide_values(run: Run, rows: pl.DataFrame | Table) -> FloatArray | None:
    """Return probabilities or means of the same network, on the same features, computed in float64.

    None for an own module that cannot compute in it: then no rounding excuses a difference.
    """
    model, narrow = run.model, run.model.engine
    wide = prediction_engine(narrow.network, narrow.distribution, "float64")
    wide.load_state(_widened(narrow.state()))
    if isinstance(narrow.network, ModuleNetwork):
        wide.load_fixed(_widened(narrow.fixed()))  # type: ignore[attr-defined] # of the PyTorch engine
    features = run.encoder.transform(run.read(rows), dtype=narrow.dtype)
    if features.dtype != np.uint8:
        features = features.astype(np.float64)
    try:
        z = wide.predict(features)
    except RuntimeError:  # PyTorch's, of a module whose forward asks for float32 by name
        return None
    return np.asarray(probabilities(model, recalibrated(model, z, run.recalibrator)))


def _widened(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return the arrays in float64; whole numbers stay whole."""
    return {
        name: array.astype(np.float64) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }


def _margins(run: Run, p: FloatArray) -> FloatArray:
    """Return how far each row is from another decision, in probability or in shares of the costs."""
    decision = run.decision
    if isinstance(decision, CostDecision):
        costs = np.sort(p @ np.array(decision.costs), axis=1)
        unit = float(np.abs(decision.costs).max()) or 1.0
        margin = (costs[:, 1] - costs[:, 0]) / unit
        if decision.reject_cost is not None:
            margin = np.minimum(margin, np.abs(costs[:, 0] - decision.reject_cost) / unit)
        return np.asarray(margin)
    if run.model.task == "binary":
        threshold = 0.5 if decision is None else decision.threshold.value
        return np.asarray(np.abs(p[:, 1] - threshold))
    competing = isinstance(predicting(run.model.distribution), MultiLabelSoftmax)
    if run.model.task == "multilabel" and not competing:
        return np.asarray(np.abs(p - 0.5).min(axis=1))
    ordered = np.sort(p, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])


def _compared(
    said: _Said,
    wide: FloatArray,
    given: tuple[Array, Array, Array],
    kind: Array,
    *,
    is_number: bool,
) -> Parity:
    values = said.values
    unit = _unit(values[kind == PLAIN], values) if is_number else np.ones(len(values))
    difference = _distance(given[0], values) / unit
    rounding = _distance(wide, values) / unit
    nothing = np.zeros(len(values), dtype=bool)
    flipped = nothing if is_number else _flipped(said.decided, *given[1:])
    ties = said.margin <= TIE
    kinds = {name: kind == name for name in (*KINDS, PLAIN)}
    return Parity(
        n_rows=len(values),
        n_of_kind={name: int(here.sum()) for name, here in kinds.items()},
        differences={name: _largest(difference[here]) for name, here in kinds.items()},
        roundings={
            name: _largest(rounding[here & np.isfinite(rounding)]) for name, here in kinds.items()
        },
        n_ties=int(ties.sum()),
        n_flips=int((flipped & ~ties).sum()),
        n_tie_flips=int((flipped & ties).sum()),
    )


def _distance(one: Array, other: Array) -> FloatArray:
    """Return how far two answers are apart, (n,): the largest of a row."""
    with np.errstate(invalid="ignore"):  # a rate beyond the largest number is infinite in both
        apart = np.abs(one.astype(np.float64) - other)
    difference = np.where(one == other, 0.0, apart)
    return np.asarray(difference.reshape(len(difference), -1).max(axis=1))


def _unit(plain: FloatArray, values: FloatArray) -> FloatArray:
    """Return the size of numbers: each one's own, but no less than is usual for plain rows."""
    finite = plain[np.isfinite(plain)].astype(np.float64)
    usual = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
    size = np.abs(values.astype(np.float64))
    return np.maximum(np.where(np.isfinite(size), size, 0.0), usual or 1.0)


def _largest(differences: FloatArray) -> float:
    # NaN, an answer to a row that the run has none for, is no small difference
    return float(np.nan_to_num(differences, nan=np.inf).max(initial=0.0))


def _flipped(decided: Array, given: Array, has_decision: Array) -> Array:
    """Return the rows that are decided otherwise; None in `decided` stands for a row left alone."""
    alone = np.array([value is None for value in decided.reshape(len(decided), -1)[:, 0]])
    other = np.asarray(given != decided)
    if other.ndim == 2:
        return np.asarray(other.any(axis=1) | ~has_decision)
    return np.asarray(np.where(has_decision, other | alone, ~alone))
