"""What a loss takes its outputs for, found by calling it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from xent.audits.readings import FORMS, Reading, binary_masses, class_masses

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.audits.exact_losses import Masses
    from xent.audits.readings import Takes
    from xent.audits.torch_losses import AuditedLoss

__all__ = ["Probe", "read_loss", "targets_of"]

N_PROBES: Final = 48
INSIDE: Final = np.linspace(0.06, 0.94, 23)
OUTSIDE: Final = np.array([-6.0, -2.0, -0.5, 1.5, 3.0, 8.0])
ABOVE: Final = OUTSIDE > 1
RESTING: Final = 0.4
FLAT: Final = 1e-4
EDGES: Final = np.array([1e-3, 1e-2])
STEEP: Final = 5.0  # of the slopes there: 10 for a logarithm, 1 for a polynomial


def targets_of(
    form: str, label: int, n_rows: int, shape: tuple[int, ...], dtype: torch.dtype
) -> torch.Tensor:
    """Return the targets of n rows that all have one label.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    label : int
        1: the first output is right (class 0, or the label 1); 0: it is not.
    n_rows : int
    shape : tuple of int
        Of a row of outputs: () or (k,).
    dtype : torch.dtype
        Of targets that are no codes.
    """
    if form == "codes":
        return torch.full((n_rows,), 1 - label, dtype=torch.int64)
    targets = torch.zeros((n_rows, *shape), dtype=dtype)
    if form == "one-hot":
        targets[:, 1 - label] = 1.0
    elif form == "labels":
        targets[:, 0] = label
    else:
        targets[:] = label
    return targets


class Probe:
    """Calls of one loss, on outputs of one shape.

    Parameters
    ----------
    loss : AuditedLoss
    shape : tuple of int
        Of a row of outputs: () or (k,).
    form : str
        Of the targets.
    """

    def __init__(self, loss: AuditedLoss, shape: tuple[int, ...], form: str) -> None:
        self.loss = loss
        self.shape = shape
        self.form = form
        self.n_outputs = shape[0] if shape else 1

    def __call__(self, outputs: FloatArray, label: int) -> tuple[FloatArray, FloatArray] | None:
        """Return the loss (n,) and its gradient (n, k) at outputs (n, k); None where it refuses."""
        given = torch.tensor(outputs, dtype=torch.float64).reshape(-1, *self.shape)
        given.requires_grad_()
        try:
            targets = targets_of(self.form, label, len(given), self.shape, given.dtype)
            values = self.loss.rows(given, targets)
            gradient = torch.zeros_like(given)
            if values.requires_grad:
                found: Any = torch.autograd.grad(values.sum(), given, allow_unused=True)[0]
                gradient = gradient if found is None else found
        except Exception:  # noqa: BLE001 (a loss may refuse outputs in any way it likes)
            return None
        return values.detach().double().numpy(), gradient.double().numpy().reshape(outputs.shape)

    def column(self, points: FloatArray, label: int) -> tuple[FloatArray, FloatArray] | None:
        """Return the loss and its derivative (n,) when the first output runs, the others rest."""
        outputs = np.full((len(points), self.n_outputs), RESTING)
        outputs[:, 0] = points
        got = self(outputs, label)
        return None if got is None else (got[0], got[1][:, 0])


def read_loss(loss: AuditedLoss, shape: tuple[int, ...], form: str | None = None) -> Reading:
    """Return what a loss takes its outputs for.

    Parameters
    ----------
    loss : AuditedLoss
    shape : tuple of int
        Of a row of outputs: () or (k,).
    form : str, optional
        Of the targets; by default the first that the loss accepts.

    Examples
    --------
    >>> from xent.audits.torch_losses import torch_loss
    >>> reading = read_loss(torch_loss("CrossEntropyLoss"), (3,))
    >>> reading.family, reading.takes, reading.form
    ('classes', 'logits', 'codes')
    """
    n_outputs = shape[0] if shape else 1
    usual = ("column", "codes") if n_outputs == 1 else ("codes", "one-hot")
    forms = usual if form is None else (form, *(f for f in FORMS if f != form and f in usual))
    readings = [
        _read(Probe(loss, shape, tried)) for tried in forms if form != "labels" or tried != "codes"
    ]
    known = [reading for reading in readings if reading is not None]
    told = [reading for reading in known if reading.takes not in {"something else", "nothing"}]
    return (told or known or [Reading("unknown", "something else", forms[0])])[0]


def _read(probe: Probe) -> Reading | None:
    """Return what the loss makes of one form of targets; None when it refuses them."""
    if probe.n_outputs == 1:
        return _read_column(probe)
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(N_PROBES, probe.n_outputs))
    log_p = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    probabilities = np.exp(log_p)
    at_probabilities = probe(probabilities, 1)
    if at_probabilities is None:
        return None
    if _is_unmoved_by_shifts(probe, outputs):
        return _of_classes(probe, "logits", outputs, outputs)
    if _is_linear(probe, outputs):
        return _of_classes(probe, "log probabilities", log_p, outputs)
    is_apart = probe.form != "codes" and _is_elementwise(probe, probabilities)
    if (
        not is_apart
        and np.isfinite(at_probabilities[0]).all()
        and (at_probabilities[1][:, 0] < 0).all()
    ):
        return _of_classes(probe, "probabilities", probabilities, outputs)
    return _read_column(probe) if is_apart else Reading("unknown", "something else", probe.form)


def _is_unmoved_by_shifts(probe: Probe, outputs: FloatArray) -> bool:
    """Whether a number added to all outputs of a row changes nothing, as in a softmax."""
    before, after = probe(outputs, 1), probe(outputs + 1.7, 1)
    if before is None or after is None or not np.isfinite(before[0]).all():
        return False
    return bool(np.ptp(before[0]) > 0) and _close(before[0], after[0])


def _is_linear(probe: Probe, outputs: FloatArray) -> bool:
    """Whether the loss is minus an output, or a mixture of them."""
    before, after = probe(outputs, 1), probe(2.0 * outputs, 1)
    if before is None or after is None or not np.isfinite(before[0]).all():
        return False
    is_linear = _close(after[0], 2 * before[0]) and _close(after[1], before[1])
    return bool(np.ptp(before[0]) > 0) and is_linear


def _of_classes(probe: Probe, takes: Takes, given: FloatArray, logits: FloatArray) -> Reading:
    masses: dict[int, Masses] = {}
    for label in (1, 0):
        got = probe(given, label)
        fitted = None if got is None else class_masses(logits, 1 - label, got[0])
        if fitted is not None:
            masses[label] = fitted
    return Reading("classes", takes, probe.form, masses)


def _read_column(probe: Probe) -> Reading | None:
    inside = {label: probe.column(INSIDE, label) for label in (1, 0)}
    yes, no = inside[1], inside[0]
    if yes is None:
        return None
    is_flat = not np.ptp(yes[0]) and (no is None or not np.ptp(no[0]))
    if is_flat:
        return Reading("classes", "nothing", probe.form)
    # codes belong to several outputs: of one they mean something only where it is constant
    if no is None or probe.form == "codes":
        return None
    logit = np.log(INSIDE) - np.log1p(-INSIDE)
    masses = {
        label: fitted
        for label, (values, _) in ((1, yes), (0, no))
        if (fitted := _label_masses(logit, label, values)) is not None
    }
    # flat but for what a clip of the targets leaves
    is_flat_without = np.ptp(no[0]) <= FLAT * np.ptp(yes[0])
    if is_flat_without and _close(
        yes[0] / -np.log(INSIDE), np.full(len(INSIDE), yes[0][0] / -np.log(INSIDE[0]))
    ):
        return _of_classes_apart(probe)
    if len(masses) == 2:
        return Reading("binary", "probabilities", probe.form, masses)
    return _read_beyond(probe)


def _of_classes_apart(probe: Probe) -> Reading:
    """Read -log p of the true class alone: other outputs count through the softmax before it."""
    if probe.n_outputs == 1:
        return Reading("binary", "probabilities of one label", probe.form)
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(N_PROBES, probe.n_outputs))
    p = np.exp(logits)
    return _of_classes(probe, "probabilities", p / p.sum(axis=1, keepdims=True), logits)


def _read_beyond(probe: Probe) -> Reading:
    """Tell logits from means and probabilities by what happens outside [0, 1]."""
    points = np.linspace(-3.0, 3.0, 25)
    masses: dict[int, Masses] = {}
    for label in (1, 0):
        got = probe.column(points, label)
        fitted = None if got is None else _label_masses(points, label, got[0])
        if fitted is not None:
            masses[label] = fitted
    if len(masses) == 2:
        return Reading("binary", "logits", probe.form, masses)
    if _is_steep(probe.column(EDGES, 1)) and _is_steep(probe.column(1 - EDGES, 0)):
        return Reading("binary", "probabilities", probe.form)
    yes, no = probe.column(OUTSIDE, 1), probe.column(OUTSIDE, 0)
    takes = _takes_beyond(yes, no)
    if takes == "the mean" and not _is_even(probe):
        takes = "something else"
    return Reading("binary", takes, probe.form)


def _is_steep(edge: tuple[FloatArray, FloatArray] | None) -> bool:
    """Whether the loss grows like a logarithm toward the wrong end of [0, 1]."""
    if edge is None or not np.isfinite(edge[1]).all():
        return False
    at_edge, inside = np.abs(edge[1])
    return bool(at_edge > STEEP * inside > 0)


def _is_even(probe: Probe) -> bool:
    """Whether as much too high costs what as much too low does."""
    yes, no = probe.column(np.array([0.5, 1.5]), 1), probe.column(np.array([-0.5, 0.5]), 0)
    return all(side is not None and _close(side[0][:1], side[0][1:]) for side in (yes, no))


def _takes_beyond(
    yes: tuple[FloatArray, FloatArray] | None, no: tuple[FloatArray, FloatArray] | None
) -> Takes:
    """Return what a loss takes that refuses, flattens or goes on outside [0, 1], by label."""
    if yes is None or no is None or not np.isfinite([*yes[0][ABOVE], *no[0][ABOVE]]).all():
        return "probabilities"
    if not np.isfinite([*yes[0], *no[0]]).all():
        return "something else"  # rates, of which the logarithm is taken
    if not yes[1].any() and not no[1].any():
        return "probabilities"
    just_above, just_below = yes[1][3], no[1][2]
    if just_above < 0 < just_below:
        return "logits"
    return "the mean" if just_above > 0 > just_below else "something else"


def _label_masses(logit: FloatArray, label: int, values: FloatArray) -> Masses | None:
    """Return the masses of the label itself and of the other one."""
    side = logit if label else -logit
    return binary_masses(side, values)


def _is_elementwise(probe: Probe, outputs: FloatArray) -> bool:
    """Whether the derivative at an output depends on that output alone."""
    moved = outputs.copy()
    moved[:, 1:] = outputs[:, 1:] * 0.5
    before, after = probe(outputs, 1), probe(moved, 1)
    return before is not None and after is not None and _close(before[1][:, 0], after[1][:, 0])


def _close(a: FloatArray, b: FloatArray) -> bool:
    return bool(np.allclose(a, b, rtol=1e-4, atol=1e-6))
