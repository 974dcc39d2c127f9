"""What a module did, call by call: its outputs as a function of any number it passed through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Call", "Tail", "traced"]

LARGEST_ROW: Final = 4096
_CASTS: Final = {"to", "type", "_to_copy"}


@dataclass
class Call:
    """One call of a torch function on tensors.

    Attributes
    ----------
    function : callable
    arguments, options
        As they came.
    result : object
        A tensor, or a sequence of tensors.
    value : Tensor or None
        A copy of the result where it has one short row a row of the input: a later call may
        overwrite it.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: Any
    value: torch.Tensor | None


class _Recorder(TorchFunctionMode):
    """Writes down every call; functions are seen as well as layers."""

    def __init__(self, n_rows: int) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._n_rows = n_rows

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        options = kwargs or {}
        result = func(*args, **options)
        if isinstance(result, torch.Tensor) or _has_tensors(result):
            self.calls.append(Call(func, args, options, result, self._copied(result)))
        return result

    def _copied(self, result: Any) -> torch.Tensor | None:
        is_rows = (
            isinstance(result, torch.Tensor)
            and result.is_floating_point()
            and result.ndim >= 1
            and result.numel() % self._n_rows == 0
            and 0 < result.numel() <= self._n_rows * LARGEST_ROW
        )
        return result.detach().clone() if is_rows else None


def traced(module: Callable[[Any], Any], inputs: torch.Tensor) -> tuple[list[Call], Any]:
    """Run a module once; return its calls and what it returned."""
    recorder = _Recorder(len(inputs))
    with recorder:
        outputs = module(inputs)
    return recorder.calls, outputs


@dataclass(frozen=True)
class Tail:
    """The end of a forward pass: what follows one of its calls, to be run again on other numbers.

    Attributes
    ----------
    calls : list of Call
        Of the whole pass.
    start : int
        The place of the call whose result is replaced.
    outputs : Tensor
        What the pass returned.
    dtype : torch.dtype
        Of the pass.
    """

    calls: list[Call]
    start: int
    outputs: torch.Tensor
    dtype: torch.dtype

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the outputs for other logits, of as many rows as the pass had, or, mostly, of any.

        The pass is run in the dtype of the logits: what was a constant of the module is cast,
        and so is every cast to the dtype the module was written in.
        """
        begin = self.calls[self.start].result
        # times 1: a call that works in place may not be handed a leaf
        known: dict[int, Any] = {id(begin): (logits * 1).reshape(len(logits), *begin.shape[1:])}
        for call in self.calls[self.start + 1 :]:
            if not _mentions((call.arguments, call.options), known):
                continue
            is_cast = getattr(call.function, "__name__", "") in _CASTS
            arguments = self._replaced(call.arguments, known, logits.dtype, is_cast=is_cast)
            options = self._replaced(call.options, known, logits.dtype, is_cast=is_cast)
            _note(call.result, call.function(*arguments, **options), known)
        outputs: torch.Tensor = known[id(self.outputs)]
        return outputs

    def _replaced(
        self, value: Any, known: dict[int, Any], dtype: torch.dtype, *, is_cast: bool
    ) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) in known:
                return known[id(value)]
            return value.detach().to(dtype) if value.is_floating_point() else value
        if is_cast and value == self.dtype:
            return dtype
        if isinstance(value, dict):
            return {k: self._replaced(v, known, dtype, is_cast=is_cast) for k, v in value.items()}
        if isinstance(value, list | tuple) and type(value) in {list, tuple}:
            return type(value)(self._replaced(v, known, dtype, is_cast=is_cast) for v in value)
        return value


def _has_tensors(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(v, torch.Tensor) for v in value)


def _mentions(value: Any, known: dict[int, Any]) -> bool:
    if isinstance(value, torch.Tensor):
        return id(value) in known
    if isinstance(value, dict):
        return any(_mentions(v, known) for v in value.values())
    return isinstance(value, list | tuple) and any(_mentions(v, known) for v in value)


def _note(recorded: Any, result: Any, known: dict[int, Any]) -> None:
    if isinstance(recorded, torch.Tensor):
        known[id(recorded)] = result
        return
    for old, new in zip(recorded, result, strict=True):
        if isinstance(old, torch.Tensor):
            known[id(old)] = new
