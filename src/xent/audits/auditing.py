"""A model and its loss, audited."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from xent.audits.batch_faults import batch_faults
from xent.audits.clipping_faults import clipping_faults
from xent.audits.fault import Audit
from xent.audits.gradient_faults import gradient_faults, is_cut
from xent.audits.link_faults import link_faults
from xent.audits.precision import precision_named
from xent.audits.target_faults import target_faults
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.audits.fault import Fault
    from xent.audits.observations import Observations
    from xent.audits.sweep import Sweep

__all__ = ["DTYPES", "audit", "measure_losses"]

DTYPES: Final = ("float32", "float64", "bfloat16")
_GRAVITY: Final = ("wrong", "refused", "costly")
_NO_TORCH: Final = (
    "an audit needs PyTorch, which is not installed. Install it with: pip install 'xent[torch]'"
)


def audit(
    model: Any, loss: Any, X: Any = None, y: Any = None, *, dtypes: Sequence[str] = DTYPES
) -> Audit:
    """Return what is wrong with a torch or Keras model and its loss, by what they do.

    The model is copied and run without training behavior; neither it nor its gradients change.

    Parameters
    ----------
    model : torch.nn.Module, keras.Model, callable or str
        The model itself, a function or class that returns it, or ``file.py:build``: that file is run.
        Keras models need Keras 3 on its torch backend.
    loss : str, module or callable
        The name of a loss of the model's library, ``BCEWithLogitsLoss`` or
        ``BinaryCrossentropy(from_logits=True)``; the loss itself; a function, of outputs and targets in
        torch, of targets and outputs in Keras; or ``file.py:loss``.
    X : array or Tensor of shape (n, ...), optional
        Rows. Without them random ones of the model's shape are used, and rows are not looked at.
    y : array or Tensor of shape (n,), (n, 1) or (n, k), optional
        Targets, exactly as training gives them to the loss: their shape is looked at as well. Of a
        table, a `Column`.
    dtypes : sequence of str
        The formats to measure in: "float64", "float32", "float16", "bfloat16"; the model's own comes
        in addition.

    Raises
    ------
    XentError
        When model, loss or data are not what they must be.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 1), torch.nn.Sigmoid())
    >>> found = audit(model, "BCEWithLogitsLoss", dtypes=["float32"])
    >>> [fault.check for fault in found.faults]
    ['probabilities into a loss on logits']
    >>> audit(model[0], "BCEWithLogitsLoss").is_clean
    True
    """
    _check_dtypes(dtypes)
    if y is not None and X is None:
        raise XentError("y needs X: give the rows that the targets belong to.")
    _require_torch()
    from xent.audits.torch_data import as_targets, made_up_rows
    from xent.audits.torch_models import as_rows, loaded_model
    from xent.audits.torch_observing import observe

    built = loaded_model(model)
    audited = _audited_model(built)
    called = _audited_loss(loss, audited.library)
    rows = made_up_rows(audited) if X is None else as_rows(X, audited)
    targets = None if y is None else as_targets(y, len(rows))
    seen = observe(audited, called, rows, targets, dtypes)
    return Audit(
        type(built).__name__ if not isinstance(model, str) else model.rpartition("/")[2],
        seen.loss,
        _version(audited.library),
        seen.kind,
        seen.links,
        _takes(seen),
        _faults(seen),
        seen.sweeps,
        seen.not_measured,
    )


def measure_losses(
    library: str = "torch", *, dtypes: Sequence[str] = DTYPES, stride: int = 1
) -> list[Sweep]:
    """Return the usual losses of the installed library, each run over all logits in several formats.

    Parameters
    ----------
    library : {"torch", "keras"}
    dtypes : sequence of str
    stride : int
        How many times fewer than the 92,000 points of the whole grid.

    Raises
    ------
    XentError
        When the library is unknown, or not installed.

    Examples
    --------
    >>> sweeps = measure_losses(dtypes=["float32"], stride=64)
    >>> clipped = sweeps[0]
    >>> clipped.loss, clipped.ends
    ('BCELoss(sigmoid(x))', (100.0, 0.0))
    """
    _check_dtypes(dtypes)
    if library not in {"torch", "keras"}:
        raise XentError(f"library must be torch or keras, got {library!r}.")
    _require_torch()
    if library == "torch":
        from xent.audits.torch_standard import standard_sweeps

        return standard_sweeps(dtypes, stride=stride)
    from xent.audits.keras_standard import standard_keras_sweeps

    return standard_keras_sweeps(dtypes, stride=stride)


def _check_dtypes(dtypes: Sequence[str]) -> None:
    if isinstance(dtypes, str):
        raise XentError(f"dtypes must be a sequence of names, got {dtypes!r}. Write [{dtypes!r}].")
    for dtype in dtypes:
        precision_named(dtype)


def _require_torch() -> None:
    try:
        import torch  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise XentError(_NO_TORCH) from error


def _audited_model(model: Any) -> Any:
    from xent.audits.keras_models import copied_keras_model, is_keras
    from xent.audits.torch_models import copied_module

    return copied_keras_model(model) if is_keras(model) else copied_module(model)


def _audited_loss(loss: Any, library: str) -> Any:
    from xent.audits.keras_losses import is_keras_loss, keras_loss
    from xent.audits.torch_losses import torch_loss

    if library == "keras":
        return keras_loss(loss)
    if is_keras_loss(loss):
        raise XentError(
            "loss is one of Keras, and the model is a torch module: use a loss of torch."
        )
    return torch_loss(loss)


def _faults(seen: Observations) -> tuple[Fault, ...]:
    found = list(link_faults(seen))
    if not found and not is_cut(seen):
        found += clipping_faults(seen)
    found += [*batch_faults(seen), *target_faults(seen)]
    # a link or a loss that is flat explains what does not arrive behind it
    if not any(fault.severity == "wrong" for fault in found):
        found += gradient_faults(seen)
    return tuple(sorted(found, key=lambda fault: _GRAVITY.index(fault.severity)))


def _takes(seen: Observations) -> str:
    if seen.reading.takes == "nothing":
        return "nothing: it is constant"
    if seen.reading.takes == "something else":
        return "neither logits nor probabilities, as far as can be told"
    of = {"binary": "each output on its own", "classes": "the outputs of a row together"}
    return f"{seen.reading.takes}, {of[seen.reading.family]}"


def _version(library: str) -> str:
    module = sys.modules[library]
    return f"{library} {str(module.__version__).partition('+')[0]}"
