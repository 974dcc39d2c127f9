"""The right loss, computed so that it goes flat, or to infinity: from which logit on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.audits.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.audits.observations import Observations
    from xent.audits.sweep import Sweep

__all__ = ["clipping_faults"]

HALVES: Final = {"bfloat16", "float16"}


def clipping_faults(seen: Observations) -> Iterator[Fault]:
    """Yield where the gradient stops, and where a logarithm of 0 is taken."""
    if not seen.is_fitting or not seen.reading.is_log_likelihood:
        return
    own = seen.own_sweeps()
    of_classes = seen.reading.family == "classes"
    broken = [sweep for sweep in own if _first(sweep, finite=False) is not None]
    flat = [sweep for sweep in own if _first(sweep, finite=True) is not None]
    if broken:
        yield Fault(
            "log of zero",
            "wrong",
            f"{_each(broken, 'the loss or its gradient is no number', finite=False, is_of_classes=of_classes)}: "
            "one such row makes every weight NaN.",
            _cure(seen),
            _with_xent(seen),
            _evidence(seen),
        )
    if flat:
        yield Fault(
            "saturation" if seen.dtype in HALVES else "clipping",
            "costly",
            f"{_each(flat, 'the gradient is wrong', finite=True, is_of_classes=of_classes)}"
            f"{_ends(flat)}{_of_data(seen)}",
            _cure(seen),
            _with_xent(seen),
            _evidence(seen),
        )


def _first(sweep: Sweep, *, finite: bool) -> float | None:
    """Return the logit nearest 0 from which the gradient is wrong: a number that is off, or none."""
    is_number = np.isfinite(sweep.gradient) & np.isfinite(sweep.value)
    nearest: float | None = None
    for part in sweep.wrong_gradients:
        inside = (sweep.logit >= part.low) & (sweep.logit <= part.high)
        places = sweep.logit[inside & (is_number if finite else ~is_number)]
        if places.size:
            edge = float(places[np.argmin(np.abs(places))])
            nearest = edge if nearest is None or abs(edge) < abs(nearest) else nearest
    return nearest


def _each(sweeps: list[Sweep], what: str, *, finite: bool, is_of_classes: bool) -> str:
    told: list[str] = []
    outcomes = ("of a negative row", "of a positive row")
    if is_of_classes:
        outcomes = ("of a wrong class", "of the true class")
    for sweep in sweeps:
        edge = _first(sweep, finite=finite)
        assert edge is not None
        side = "below" if edge < 0 else "above"
        told.append(f"{side} the logit {edge:.2f} {outcomes[sweep.label]}")
    return f"in {sweeps[0].dtype} {what} {' and '.join(told)}"


def _ends(sweeps: list[Sweep]) -> str:
    """Return what gradient and loss stay at, where they should go on."""
    worst = [
        (sweep.gradient[0 if sweep.label else -1], sweep.exact_gradient[0 if sweep.label else -1])
        for sweep in sweeps
    ]
    got, exact = worst[0]
    flat = sweeps[0].ends[0 if sweeps[0].label else 1]
    stays = f", the loss stays at {flat:.4g}" if np.isfinite(flat) else ""
    return f": there it is {got + 0.0:.2g} instead of {exact:.2g}{stays}."


def _of_data(seen: Observations) -> str:
    if seen.rows is None or not seen.rows.n_rows:
        return ""
    return f" {seen.rows.n_wrong_gradient:,} of {seen.rows.n_rows:,} rows of the data lie there."


def _evidence(seen: Observations) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for sweep in seen.sweeps:
        key = f"{sweep.dtype}, label {sweep.label}"
        found[f"gradient wrong from ({key})"] = _first(sweep, finite=True)
        found[f"no number from ({key})"] = _first(sweep, finite=False)
        found[f"loss at the ends ({key})"] = list(sweep.ends)
    if seen.rows is not None:
        found["rows"] = seen.rows.n_rows
        found["rows with a wrong gradient"] = seen.rows.n_wrong_gradient
        found["rows without gradient"] = seen.rows.n_no_gradient
        found["loss of the data"] = seen.rows.loss
        found["exact log loss of the data"] = seen.rows.exact_loss
    return found


def _cure(seen: Observations) -> str:
    is_of_classes = seen.reading.family == "classes"
    if seen.library == "keras":
        name = "SparseCategoricalCrossentropy" if is_of_classes else "BinaryCrossentropy"
        return f"end the model in logits, and use {name}(from_logits=True)."
    name = "CrossEntropyLoss" if is_of_classes else "BCEWithLogitsLoss"
    half = " Compute the loss in float32." if seen.dtype in HALVES else ""
    return f"end the model in logits, and use {name}.{half}"


def _with_xent(seen: Observations) -> str:
    if seen.reading.family == "classes":
        name = f"Categorical({seen.n_outputs})"
    else:
        name = "Bernoulli()" if seen.n_outputs == 1 else f"MultiLabel({seen.n_outputs})"
    return f"{name}: exact at every logit, value and gradient; half formats are computed wider."
