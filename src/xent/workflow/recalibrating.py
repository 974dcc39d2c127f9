"""From a run to better probabilities: a recalibrator fitted on the validation part, saved with the run."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation import (
    class_wise_calibration_error,
    expected_calibration_error,
    fit_isotonic,
    fit_platt,
    fit_temperature,
    log_loss,
    multiclass_log_loss,
    prior_shift,
    undo_class_weights,
)
from xent.runs.recalibrator_file import recalibrated, write_recalibrator

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.evaluation.calibration import Recalibrator
    from xent.runs import Run

__all__ = ["METHODS", "Recalibration", "recalibrate_run", "remove_recalibrator"]

METHODS: Final = ("temperature", "platt", "isotonic", "prior_shift", "class_weight")
ROWS_FOR_ISOTONIC: Final = 1000
FITTED: Final[dict[str, Any]] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}


@dataclass(frozen=True)
class Recalibration:
    """A recalibrator and what it did.

    Attributes
    ----------
    recalibrator : Recalibrator
    effect : dict
        Part to figure to its value "before" and "after": what was fitted on the validation part is
        judged by the test part. Empty where the prevalence is said to be another than theirs.
    """

    recalibrator: Recalibrator
    effect: dict[str, dict[str, dict[str, float]]]


def recalibrate_run(run: Run, method: str, *, prevalence: object = None) -> Recalibration:
    """Fit a recalibrator, judge it, and write recalibrator.json, which every prediction then uses.

    A decision that was made with the former probabilities is removed.

    Parameters
    ----------
    run : Run
        Of a binary target or of several classes, with a validation part.
    method : {"temperature", "platt", "isotonic", "prior_shift", "class_weight"}
        The first three are fitted on the validation part; ``prior_shift`` moves to the given
        `prevalence`; ``class_weight`` takes back what training with class weights did.
    prevalence : float, or sequence of K floats, optional
        Share of the positive class, or of every class, where the model will be used.

    Raises
    ------
    XentError
        When the run has no such target, part or setting, the method is unknown, or what it fits
        makes the validation part's log loss worse.
    """
    if method not in METHODS:
        raise XentError(
            f"method must be one of {', '.join(METHODS)}, got {method!r}.{nearest_hint(method, METHODS)}"
        )
    if run.model.task not in {"binary", "multiclass"}:
        raise XentError(
            f"recalibration needs classes, and {run.folder} is {run.model.task}. "
            "A binary run a label, or a distribution with a learned spread, may serve."
        )
    if (prevalence is not None) != (method == "prior_shift"):
        raise XentError("prevalence must be given with method 'prior_shift', and with no other.")
    parts = {name: rows for name in ("validation", "test") if (rows := _part(run, name))}
    recalibrator = _recalibrator(run, method, prevalence, parts)
    effect: dict[str, dict[str, dict[str, float]]] = {}
    if method != "prior_shift":
        effect = {name: _effect(run, rows, recalibrator) for name, rows in parts.items()}
        _refuse_harm(method, effect)
    # first the decision: no threshold may ever meet probabilities that it was not chosen for
    run.files.decision.unlink(missing_ok=True)
    fingerprint = run.record.files[run.files.model.name]
    write_recalibrator(run.files.recalibrator, recalibrator, effect, fingerprint)
    return Recalibration(recalibrator, effect)


def remove_recalibrator(run: Run) -> None:
    """Let the run predict with the network's own probabilities again; its decision goes too.

    Raises
    ------
    XentError
        When the run has none.
    """
    if not run.files.recalibrator.exists():
        raise XentError(f"{run.folder} has no recalibrator to remove.")
    run.files.decision.unlink(missing_ok=True)
    run.files.recalibrator.unlink()


def _recalibrator(
    run: Run, method: str, prevalence: object, parts: dict[str, tuple[Array, FloatArray, Any]]
) -> Recalibrator:
    if method in FITTED:
        if "validation" not in parts:
            raise XentError(
                f"{run.folder} has no validation part to fit on. Train with a validation_fraction above 0."
            )
        y, z, weight = parts["validation"]
        if method == "platt" and z.ndim == 2:
            raise XentError("platt needs a binary target. Use temperature or isotonic.")
        if method == "isotonic" and len(y) < ROWS_FOR_ISOTONIC:
            warnings.warn(
                f"isotonic learns {len(y):,} validation rows by heart; it wants {ROWS_FOR_ISOTONIC:,}. "
                "Prefer temperature or platt.",
                stacklevel=2,
            )
        return _fitted(method, y, z, weight)
    trained = np.atleast_1d(np.asarray(run.evaluation.constant.parameters))
    shares = np.asarray(run.model.distribution.mean(trained.reshape(1, -1))).reshape(-1)
    if method == "prior_shift":
        return prior_shift(
            trained=float(shares[0]) if shares.size == 1 else shares.tolist(), target=prevalence
        )
    weights = _class_weights(run, shares)
    return undo_class_weights(weights)


def _fitted(method: str, y: Array, z: FloatArray, weight: FloatArray | None) -> Recalibrator:
    if method == "platt":
        try:  # the plain fit cannot do worse on its own rows
            return fit_platt(y, logits=z, weight=weight, smooth_targets=False)
        except XentError:  # the classes are apart: Platt's targets keep the slope finite
            return fit_platt(y, logits=z, weight=weight)
    fit: Callable[..., Recalibrator] = FITTED[method]
    return fit(y, logits=z, weight=weight)


def _refuse_harm(method: str, effect: dict[str, dict[str, dict[str, float]]]) -> None:
    loss = effect.get("validation", {}).get("log_loss")
    if method in FITTED and loss and loss["after"] > loss["before"] * (1 + 1e-9):
        raise XentError(
            f"{method} makes the log loss of the validation part worse, {loss['after']:.4f} instead of "
            f"{loss['before']:.4f}: nothing was written. Leave them as they are, or try another method."
        )


def _class_weights(run: Run, shares: FloatArray) -> list[float]:
    given = run.settings.get("class_weight")
    if given is None:
        raise XentError(f"{run.folder} was trained without class_weight: nothing to take back.")
    of_class = np.array([1 - shares[0], shares[0]]) if shares.size == 1 else shares
    if given == "balanced":
        return [float(1 / share) for share in of_class]
    by_name = {str(name): float(value) for name, value in given}  # pairs, as JSON holds them
    return [by_name.get(str(name), 1.0) for name in run.model.target.classes]


def _part(run: Run, name: str) -> tuple[Array, FloatArray, FloatArray | None] | None:
    """Return truth, the network's own outputs, and weights of a part's rows."""
    rows = run.raw_predictions
    rows = rows.filter(rows["part"] == name)
    if rows.height == 0:
        return None
    y = run.model.target.encode(rows["y"].to_numpy())
    columns = [column for column in rows.columns if column.startswith("z_")]
    z = rows.select(columns).to_numpy().astype(np.float64)
    weight = rows["weight"].to_numpy().astype(np.float64) if "weight" in rows.columns else None
    return y, z[:, 0] if run.model.task == "binary" else z, weight


def _effect(
    run: Run, rows: tuple[Array, FloatArray, FloatArray | None], recalibrator: Recalibrator
) -> dict[str, dict[str, float]]:
    y, z, weight = rows
    figures: dict[str, dict[str, float]] = {}
    for when, outputs in (("before", z), ("after", recalibrated(run.model, z, recalibrator))):
        p = np.asarray(run.model.distribution.mean(outputs))
        is_binary = z.ndim == 1
        loss = (log_loss if is_binary else multiclass_log_loss)(y, logits=outputs, weight=weight)
        measure = expected_calibration_error if is_binary else class_wise_calibration_error
        error = measure(y, probabilities=p, bins="equal_mass", weight=weight)
        figures.setdefault("log_loss", {})[when] = loss
        # never without what a calibrated model would show on as many rows
        figures.setdefault("calibration_error", {}).update(
            {when: error.value, f"{when}_if_calibrated": error.under_calibration}
        )
    return figures
