"""Grad-CAM: which places of an image moved an output of a convolutional network.

Selvaraju et al. (2017), "Grad-CAM: visual explanations from deep networks via gradient-based
localization", ICCV, equations 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from xent.errors import XentError
from xent.network import Conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array, FloatArray

__all__ = ["grad_cam", "has_convolution"]

# numbers that the input of a block of rows may hold; the graph behind it holds some fifty times as many
BLOCK_NUMBERS = 1 << 20


def grad_cam(engine: Any, X: Array, output: Any, sign: Any = 1) -> FloatArray:
    """Return for every place of every image how much it speaks for an output.

    The channels of the last convolution that still has places are weighted with the mean of the
    output's derivative to them, summed, and cut at 0. What follows the convolution one for one
    (normalization, activation) is part of it, a residual stage as a whole; so is what a relu cuts
    that follows as a function or behind a pooling. Then the map is stretched to the image, linearly
    between places.

    Parameters
    ----------
    engine : TorchEngine
        Or another engine whose ``module`` is an `torch.nn.Module` from rows to outputs. Its
        parameters and their gradients stay as they are.
    X : ndarray of shape (n, channels, height, width)
        As the network takes them.
    output : int or array of shape (n,)
        Which logit, of all rows or of each.
    sign : {1, -1} or array of shape (n,)
        -1 asks what speaks against the output, such as for the negative class of a Bernoulli.

    Returns
    -------
    ndarray of shape (n, height, width)
        At least 0, in units of the output times those of the channels: maps of one network compare.
        All 0 where nothing speaks for it.

    Raises
    ------
    XentError
        When no convolution has an output with places; an occlusion map needs none
        (`xent.evaluation.occlusion.occlusion_map`).

    Examples
    --------
    >>> from xent.distributions import Categorical
    >>> from xent.engines.torch_engine import TorchEngine
    >>> from xent.network import lenet
    >>> engine = TorchEngine(lenet((1, 16, 16), 3), Categorical(3))
    >>> engine.init(np.random.default_rng(0))
    >>> images = np.random.default_rng(1).integers(0, 256, (4, 1, 16, 16), dtype=np.uint8)
    >>> grad_cam(engine, images, output=2).shape
    (4, 16, 16)
    """
    images = np.asarray(X)
    if images.ndim != 4:
        raise XentError(
            f"X must have shape (n, channels, height, width) for Grad-CAM, got {images.shape}."
        )
    n, _, height, width = images.shape
    maps = np.zeros((n, height, width))
    if n == 0:
        return maps
    # predicting leaves the module as it predicts: no dropout, running moments
    n_outputs = engine.predict(images[:1]).shape[1]
    outputs = _per_row("output", output, n, range(n_outputs))
    signs = _per_row("sign", sign, n, (-1, 1))
    place = _last_convolution(engine.module, _rows(engine.module, images[:1]))
    for block in _blocks(n, images[0].size):
        rows = _rows(engine.module, images[block])
        maps[block] = _maps(engine.module, rows, place, outputs[block], signs[block])
    return maps


def has_convolution(engine: Any) -> bool:
    """Return whether `grad_cam` may find a convolution in an engine's module.

    Examples
    --------
    >>> has_convolution(object())
    False
    """
    module = getattr(engine, "module", None)
    return isinstance(module, nn.Module) and any(map(_is_convolution, module.modules()))


def _is_convolution(module: nn.Module) -> bool:
    # the own layers carry their description, those of PyTorch their class
    return isinstance(module, nn.Conv2d) or isinstance(getattr(module, "layer", None), Conv2d)


def _per_row(name: str, given: Any, n: int, allowed: Any) -> torch.Tensor:
    values = np.asarray(given)
    if values.shape not in {(), (n,)} or not np.isin(values, np.asarray(allowed)).all():
        known = f"{min(allowed)} to {max(allowed)}" if name == "output" else "-1 or 1"
        shown = values if values.ndim == 0 else f"shape {values.shape}, {np.unique(values)[:5]}"
        raise XentError(f"{name} must be {known}, one or a row each ({n}), got {shown}.")
    return torch.from_numpy(np.broadcast_to(values.astype(np.int64), (n,)).copy())


def _rows(module: nn.Module, images: Array) -> torch.Tensor:
    own = next(module.parameters())
    return torch.from_numpy(np.ascontiguousarray(images)).to(device=own.device, dtype=own.dtype)


def _blocks(n: int, n_numbers: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // n_numbers)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


@dataclass
class _Outputs:
    """What the parts of a module put out, in the order in which they are done.

    Only the last one is kept that `place` counts, or a list of all shapes without one.
    """

    place: int | None = None
    n_done: int = 0
    kept: torch.Tensor | None = None
    done: list[tuple[bool, tuple[int, ...]]] = field(default_factory=list)

    def note(self, module: nn.Module, _given: Any, output: Any) -> None:
        """Take a part's output; parts that put out anything but a tensor do not count."""
        if not isinstance(output, torch.Tensor):
            return
        if self.place is None:
            self.done.append((_is_convolution(module), tuple(output.shape)))
        elif self.n_done == self.place:
            self.kept = output
        self.n_done += 1


def _forward(module: nn.Module, rows: torch.Tensor, outputs: _Outputs) -> torch.Tensor:
    hooks = [part.register_forward_hook(outputs.note) for part in module.modules()]
    try:
        z = module(rows)
    finally:
        for hook in hooks:
            hook.remove()
    if not isinstance(z, torch.Tensor):
        raise XentError(f"the module must put out a tensor of logits, got {type(z).__name__}.")
    return z


def _last_convolution(module: nn.Module, row: torch.Tensor) -> int:
    """Return which output, counted from 0 in the order of a pass, is that of the last convolution.

    What comes after it and keeps the shape belongs to it.
    """
    outputs = _Outputs()
    with torch.no_grad():
        _forward(module, row, outputs)
    found = [
        place
        for place, (is_convolution, shape) in enumerate(outputs.done)
        if is_convolution and len(shape) == 4 and shape[2] * shape[3] > 1
    ]
    if not found:
        raise XentError(
            "Grad-CAM needs a convolution whose output has places, and this network has none. "
            "Use an occlusion map: xent.evaluation.occlusion.occlusion_map."
        )
    place = found[-1]
    shape = outputs.done[place][1]
    while place + 1 < len(outputs.done) and outputs.done[place + 1][1] == shape:
        place += 1
    return place


def _maps(
    module: nn.Module,
    rows: torch.Tensor,
    place: int,
    outputs: torch.Tensor,
    signs: torch.Tensor,
) -> Array:
    kept = _Outputs(place)
    with torch.enable_grad():
        # frozen parameters would leave no graph behind; that of the rows is there in any case
        z = _forward(module, rows.requires_grad_(), kept)
    assert kept.kept is not None
    chosen = z.gather(1, outputs.to(z.device)[:, None])[:, 0] * signs.to(z.device)
    # rows do not meet when predicting: the derivative of the sum is each row's own
    (slope,) = torch.autograd.grad(chosen.sum(), kept.kept)
    share = slope.mean((2, 3), keepdim=True)
    # below 0 and without a slope: what a relu cuts that follows, also behind a pooling
    seen = kept.kept.detach() * ((kept.kept > 0) | (slope != 0))
    speaks = (share * seen).sum(1, keepdim=True).clamp_min(0)
    size = tuple(rows.shape[2:])
    stretched = functional.interpolate(speaks, size=size, mode="bilinear", align_corners=False)
    return stretched[:, 0].double().cpu().numpy()
