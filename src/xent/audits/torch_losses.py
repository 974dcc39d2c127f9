"""A loss as it is called in training, and its value for every row apart."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import torch

from xent.audits.names import is_in_a_file, loaded_from_file, loss_call
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    LossFunction: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

__all__ = ["AuditedLoss", "check_takes_two", "torch_loss"]

_LAYERS: Final = "Loss"
_SUMS: Final = {"sum", "batchmean"}


@dataclass(frozen=True)
class AuditedLoss:
    """A loss: outputs first, targets second, whatever its library's order.

    Attributes
    ----------
    name : str
        For messages and charts.
    library : {"torch", "keras"}
    function : callable
        As training calls it.
    unreduced : callable or None
        The same without its mean or sum; None where the loss has no such form.
    reduction : str or None
        As the loss says itself.
    ignored : int or None
        The code of rows that the loss leaves out.
    """

    name: str
    library: str
    function: LossFunction
    unreduced: LossFunction | None = None
    reduction: str | None = None
    ignored: int | None = None

    def gives_rows(self, outputs: torch.Tensor, targets: torch.Tensor) -> bool:
        """Whether the losses of these rows come from one call."""
        values: Any = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.unreduced is not None:
                with contextlib.suppress(Exception):  # then rows are called one by one
                    values = _in_dtype(self.unreduced, outputs.dtype)(outputs, targets)
            if not isinstance(values, torch.Tensor) or values.shape[:1] != (len(outputs),):
                values = self._mapped(outputs, targets)
        return values is not None

    def _mapped(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor | None:
        """Return the loss of every row as a batch of its own, all at once; None where that fails."""
        try:
            values: Any = torch.func.vmap(
                lambda output, target: self.function(output[None], target[None]).sum()
            )(outputs, targets)
        except Exception:  # noqa: BLE001 (not every function can be mapped)
            return None
        return values if isinstance(values, torch.Tensor) else None

    def batch(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return what training would see for these outputs and targets, as they are."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value: Any = self.function(outputs, targets)
        if isinstance(value, torch.Tensor):
            return value
        raise XentError(
            f"loss must return a tensor, {self.name} returned {type(value).__name__}. "
            "A number has no gradient: keep the computation in tensors."
        )

    def rows(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of every row, each computed alone or without the reduction: shape (n,)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.unreduced is not None:
                values: Any = _in_dtype(self.unreduced, outputs.dtype)(outputs, targets)
                if values.shape[:1] == (len(outputs),):
                    flat = values.reshape(len(outputs), -1)
                    rows: torch.Tensor = flat.sum(1) if self.reduction in _SUMS else flat.mean(1)
                    return rows
            mapped = self._mapped(outputs, targets)
            if mapped is not None:
                return mapped
            return torch.stack(
                [
                    self.function(outputs[i : i + 1], targets[i : i + 1]).sum()
                    for i in range(len(outputs))
                ]
            )


def torch_loss(loss: Any) -> AuditedLoss:
    """Return a torch loss: a name, ``file.py:name``, a module, or a function of outputs and targets.

    Raises
    ------
    XentError
        When torch has no such loss or refuses its arguments, or the loss takes something else than
        outputs and targets.

    Examples
    --------
    >>> import torch
    >>> loss = torch_loss("BCEWithLogitsLoss(reduction='sum')")
    >>> loss.rows(torch.zeros(2), torch.ones(2)).tolist()
    [0.6931471824645996, 0.6931471824645996]
    """
    if isinstance(loss, str):
        return _named(loss)
    if inspect.isclass(loss):
        loss = _built(loss)
    if not callable(loss):
        raise XentError(f"loss must be a name, a module or a function, got {type(loss).__name__}.")
    name = _function_name(loss)
    check_takes_two(loss, name)
    reduction = getattr(loss, "reduction", None)
    if isinstance(reduction, str):
        unreduced = copy.copy(loss)
        unreduced.reduction = "none"
        ignored = getattr(loss, "ignore_index", None)
        return AuditedLoss(name, "torch", loss, unreduced, reduction, ignored)
    parameters = _parameters(loss)
    if "reduction" in parameters:
        return AuditedLoss(
            name,
            "torch",
            loss,
            functools.partial(loss, reduction="none"),
            parameters["reduction"].default,
            parameters["ignore_index"].default if "ignore_index" in parameters else None,
        )
    return AuditedLoss(name, "torch", loss)


def check_takes_two(loss: Any, name: str) -> None:
    """Refuse a loss of embeddings, of variances, of lengths: it is not one of outputs and targets.

    Raises
    ------
    XentError
        When the loss cannot be called with two arguments.
    """
    called = loss.forward if isinstance(loss, torch.nn.Module) else loss
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):  # some functions in C have none
        return
    try:
        signature.bind(None, None)
    except TypeError:
        raise XentError(
            f"loss must take outputs and targets, {name} takes {signature}. "
            "Wrap it in a function of the two."
        ) from None


def _built(loss: Any) -> Any:
    try:
        return loss()
    except TypeError as error:
        raise XentError(
            f"loss: {loss.__name__} needs arguments: {error}. Give the loss itself, built."
        ) from error


def _named(text: str) -> AuditedLoss:
    if is_in_a_file(text):
        return torch_loss(loaded_from_file(text, "loss"))
    name, arguments = loss_call(text)
    known = [
        public
        for public in dir(torch.nn)
        if public.endswith(_LAYERS) and inspect.isclass(getattr(torch.nn, public))
    ]
    functions = [public for public in dir(torch.nn.functional) if _is_loss_function(public)]
    arguments = {
        key: torch.as_tensor(value, dtype=torch.float32) if isinstance(value, list) else value
        for key, value in arguments.items()
    }
    if name in known:
        try:
            layer = getattr(torch.nn, name)(**arguments)
        except (TypeError, ValueError) as error:
            raise XentError(f"loss: torch.nn.{name} refuses its arguments: {error}") from error
        return torch_loss(layer)
    if name in functions:
        function = getattr(torch.nn.functional, name)
        try:
            inspect.signature(function).bind_partial(**arguments)
        except TypeError as error:
            raise XentError(
                f"loss: torch.nn.functional.{name} refuses its arguments: {error}"
            ) from error
        return torch_loss(functools.partial(function, **arguments))
    raise XentError(
        f"loss: torch has no loss called {name!r}.{nearest_hint(name, [*known, *functions])} "
        "A loss of your own is given as file.py:name."
    )


def _in_dtype(function: Any, dtype: torch.dtype) -> Any:
    """Return the loss with its own tensors (weights of classes) in the dtype of the outputs."""
    if not isinstance(function, torch.nn.Module) or not any(True for _ in function.buffers()):
        return function
    return copy.deepcopy(function).to(dtype)


def _is_loss_function(name: str) -> bool:
    function = getattr(torch.nn.functional, name)
    is_public = not name.startswith("_") and inspect.isfunction(function)
    return is_public and "reduction" in _parameters(function)


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a function; of a `functools.partial` with the values it holds."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _function_name(function: Any) -> str:
    inner = function.func if isinstance(function, functools.partial) else function
    return str(getattr(inner, "__name__", type(inner).__name__))
