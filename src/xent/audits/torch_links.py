"""Which function a module ends in, found by the numbers that pass through it, not by names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from xent.audits.torch_trace import Tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.audits.torch_trace import Call

__all__ = ["LINKS", "Link", "final_links"]

LARGEST_DEPTH: Final = 4
_TOLERANCE: Final = {
    torch.float64: 1e-7,
    torch.float32: 1e-5,
    torch.float16: 5e-3,
    torch.bfloat16: 3e-2,
}


def _softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.softmax(z, dim=-1)


def _log_softmax(z: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(z, dim=-1)


LINKS: Final[dict[str, Callable[[torch.Tensor], torch.Tensor]]] = {
    "sigmoid": torch.sigmoid,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "log_sigmoid": torch.nn.functional.logsigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
    "clamp to [0, 1]": lambda z: torch.clamp(z, 0.0, 1.0),
}


@dataclass(frozen=True)
class Link:
    """A function at the end of a module.

    Attributes
    ----------
    name : str
        A key of `LINKS`.
    logits : Tensor of shape (n, k)
        What it was given.
    tail : Tail
        The module from there on.
    """

    name: str
    logits: torch.Tensor
    tail: Tail


def final_links(calls: list[Call], outputs: torch.Tensor) -> tuple[Link, ...]:
    """Return the functions that a module ends in, the last first.

    A number that passed through the module, with as many entries as the outputs, of which the
    outputs are the sigmoid (the softmax, ...) is what the sigmoid was given: it does not matter
    whether a layer, a function, or arithmetic computed it.

    Parameters
    ----------
    calls : list of Call
    outputs : Tensor of shape (n,) or (n, k)
    """
    found: list[Link] = []
    end = len(calls)
    target = outputs.detach().double()
    while len(found) < LARGEST_DEPTH:
        link = _link_before(calls[:end], target, outputs)
        if link is None:
            break
        found.append(
            Link(link.name, link.logits, Tail(calls, link.tail.start, outputs, outputs.dtype))
        )
        end = link.tail.start + 1
        target = link.logits
    return tuple(found)


def _link_before(calls: list[Call], target: torch.Tensor, outputs: torch.Tensor) -> Link | None:
    tolerance = _TOLERANCE.get(outputs.dtype, 1e-5)
    rows = target.reshape(len(target), -1)
    for start, call in enumerate(calls):
        if call.value is None or call.value.numel() != target.numel():
            continue
        given = call.value.double().reshape(rows.shape)
        name = _link_name(given, rows, tolerance)
        if name is not None:
            return Link(name, given, Tail(calls, start, outputs, outputs.dtype))
    return None


def _link_name(given: torch.Tensor, rows: torch.Tensor, tolerance: float) -> str | None:
    if not bool(torch.isfinite(given).all()) or _is_close(given, rows, 10 * tolerance):
        return None
    for name, link in LINKS.items():
        if name == "softmax" and rows.shape[1] == 1:
            continue  # always 1: nothing can be told from it
        if _is_close(link(given), rows, tolerance):
            return name
    return None


def _is_close(a: Any, b: Any, tolerance: float) -> bool:
    return bool(torch.allclose(a, b, rtol=tolerance, atol=tolerance))
