"""An own module seen at work on some training rows: what it holds, and that it ends in logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from xent.distributions import MultiLabelSoftmax
from xent.engines.torch_endings import find_ending
from xent.engines.torch_module import StandardPixels, copied, first_tensor, seeded
from xent.errors import XentError
from xent.network.module_network import (
    FACTOR,
    OFFSET,
    ModuleArray,
    ModuleLayer,
    ModuleNetwork,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xent.arrays import Array
    from xent.distributions import Distribution
    from xent.engines.torch_module_source import BuiltModule
    from xent.network import Pixels

__all__ = ["described_module", "materialize", "same_arrays"]

N_ROWS: Final = 32
# how far the logits of a row may lie apart, by the rounding of other batch sizes
ROUNDING: Final = 1e-3


def described_module(
    built: BuiltModule,
    X: Array,
    distribution: Distribution,
    *,
    dtype: str,
    pixels: Pixels | None = None,
    seed: int = 0,
) -> ModuleNetwork:
    """Return an own module as a network, after it has been seen to take rows and to end in logits.

    Parameters
    ----------
    built : BuiltModule
        Converted to `dtype` and kept as the template of the network.
    X : ndarray, shape (n, ...)
        Training rows; the first 32 are used.
    distribution : Distribution
        What the logits are for.
    dtype : {"float32", "float64"}
    pixels : Pixels, optional
        How images are standardized before the module gets them.
    seed : int
        What lazy parts draw follows from it.

    Raises
    ------
    XentError
        When the module does not fit; the message says what to change.

    Examples
    --------
    >>> import numpy as np
    >>> from xent.distributions import Bernoulli
    >>> from xent.engines.torch_module_source import build_module
    >>> built = build_module(nn.Linear(3, 1), (3,), 1)
    >>> described_module(built, np.zeros((8, 3)), Bernoulli(), dtype="float32").n_parameters
    4
    """
    module, name = built.module, _class_name(built.module)
    rows = torch.from_numpy(X[:N_ROWS].copy()).to(getattr(torch, dtype))
    if len(rows) == 1:  # what a module does to one row alone is seen apart
        rows = rows.repeat(2, *(1,) * (rows.ndim - 1))
    if pixels is not None:
        rows = StandardPixels(pixels).to(rows.dtype)(rows)
    materialize(module, rows, seed)
    _refuse_complex(module, name)
    module.to(rows.dtype)
    trained = [own for own in module.parameters() if own.requires_grad]
    if not sum(own.numel() for own in trained):
        raise XentError(
            f"module: {name} has no parameters that are trained. Give it layers, or requires_grad_(True)."
        )
    trial = copied(module)
    layers = _checked(trial, rows, distribution, name)
    return _described(built, layers, tuple(X.shape[1:]), distribution, pixels)


def materialize(module: nn.Module, rows: torch.Tensor, seed: int) -> None:
    """Give lazy parts their shapes, by a pass of some rows."""
    lazy: list[torch.Tensor] = [*filter(nn.parameter.is_lazy, module.parameters())]
    if not lazy:
        return
    module.eval()
    with seeded(seed, torch.device("cpu")), torch.no_grad():
        _outputs(module, rows.to(lazy[0].dtype), _class_name(module))


def _checked(
    trial: nn.Module, rows: torch.Tensor, distribution: Distribution, name: str
) -> tuple[ModuleLayer, ...]:
    """Return the parts that rows pass, or refuse a module that does not end in logits."""
    n_outputs = distribution.n_outputs
    for own in trial.parameters():
        own.requires_grad_(own.is_floating_point())
    trial.eval()
    buffers = _buffer_shapes(trial)

    def logits(some: torch.Tensor, seed: int = 0) -> torch.Tensor:
        with seeded(seed, torch.device("cpu")):
            return _as_logits(_outputs(trial, some, name), len(some), n_outputs, name)

    layers, output = _seen_layers(trial, rows, name, n_outputs)
    if not bool(torch.isfinite(output).all()):
        raise XentError(
            f"module: {name} puts out numbers that are not finite for rows of the training data. Look for a "
            "logarithm, a root or a division in forward, or for weights that start too large."
        )
    if not output.requires_grad:
        raise XentError(
            f"module: no parameter of {name} leads to its outputs. Look for detach(), .data or no_grad() in forward."
        )
    _refuse_probabilities(logits, rows, distribution, name)
    _refuse_noise(logits, rows, name)
    _refuse_mixed_rows(logits, rows, output.detach(), name)
    trial.train()
    with seeded(0, torch.device("cpu")), torch.no_grad():
        _as_logits(_outputs(trial, rows, name), len(rows), n_outputs, f"{name} in training mode")
    _refuse_other_buffers(trial, buffers, name)
    return layers


def _outputs(module: nn.Module, rows: torch.Tensor, name: str) -> Any:
    try:
        return module(rows.clone())  # it may change them in place
    except Exception as error:
        shape = ", ".join(map(str, rows.shape[1:]))
        dtype = str(rows.dtype).removeprefix("torch.")
        reason = " ".join(str(error).split()).rstrip(".!")
        cure = (
            "Let its first layer take that shape (a function that makes it may ask for n_inputs or shape), "
            "and let forward keep the dtype of the rows."
        )
        if elsewhere := {own.device.type for own in module.parameters()} - {"cpu"}:
            cure = f"It is on {', '.join(elsewhere)}: leave it on the CPU, device= moves it."
        raise XentError(
            f"module: {name} fails on rows of shape (n, {shape}) and dtype {dtype}, which is what it gets: "
            f"{type(error).__name__}: {reason}. {cure}"
        ) from error


def _as_logits(z: Any, n_rows: int, n_outputs: int, name: str) -> torch.Tensor:
    """Return a module's output as (n, n_outputs), or say what is wrong with it."""
    if not isinstance(z, torch.Tensor):
        raise XentError(
            f"module: {name} must return one tensor of logits, got {type(z).__name__}. Return the logits alone."
        )
    if not z.is_floating_point():
        raise XentError(
            f"module: {name} must return logits, floating-point numbers, got {z.dtype}."
        )
    found = tuple(z.shape)
    if z.ndim < 2 and z.numel() == n_rows * n_outputs:
        return z.reshape(n_rows, n_outputs)
    if z.ndim and found[0] != n_rows:
        raise XentError(
            f"module: {name} makes {found[0]} rows of {n_rows} (its output has shape {found}). "
            "Each row must have logits of its own: keep the first axis, as in flatten(1)."
        )
    if found != (n_rows, n_outputs):
        either = f"({n_rows},) or ({n_rows}, 1)" if n_outputs == 1 else f"({n_rows}, {n_outputs})"
        raise XentError(
            f"module: {name} must put out {either} for {n_rows} rows, got {found}. {_cure(z, n_outputs)}"
        )
    return z


def _cure(z: torch.Tensor, n_outputs: int) -> str:
    if n_outputs == 1 and z.ndim == 2 and z.shape[1] == 2:
        return "Two classes need one logit, that of the positive class: end in nn.Linear(..., 1)."
    if math.prod(z.shape[1:]) == n_outputs:
        return "End in flatten(1)."
    return f"End in nn.Linear(..., {n_outputs}); a function that makes the module may ask for n_outputs."


def _refuse_probabilities(
    logits: Callable[[torch.Tensor], torch.Tensor],
    rows: torch.Tensor,
    distribution: Distribution,
    name: str,
) -> None:
    ending = find_ending(logits, rows)
    if ending is None:
        return
    is_softmax = distribution.target_kind == "classes" or isinstance(
        distribution, MultiLabelSoftmax
    )
    if ending.is_log and ending.sums_to_one and is_softmax:
        return  # softmax(log_softmax(z)) is softmax(z), and so is its gradient: harmless
    what = "logarithms of probabilities" if ending.is_log else "probabilities"
    seen = "add up to 1 in each row" if ending.sums_to_one else "stay within 0 and 1"
    if ending.is_log:
        seen = "stay below 0"
    turns = (
        "free numbers, of which the distribution makes its own parameters"
        if distribution.target_kind in {"real", "count"}
        else "of which the loss makes probabilities, exactly"
    )
    raise XentError(
        f"module: {name} ends in {ending.operation}, and so puts out {what}: for rows of the training data times 1, "
        f"100 and 10,000 they {seen}, and its graph shows why. Outputs must be logits, {turns}. "
        f"Take the {ending.operation} off the end of forward."
    )


def _refuse_noise(
    logits: Callable[[torch.Tensor, int], torch.Tensor], rows: torch.Tensor, name: str
) -> None:
    """Refuse a module whose predictions are drawn at random."""
    # without gradients both times: PyTorch then computes attention in another order
    with torch.no_grad():
        first, again = logits(rows, 0), logits(rows, 1)
    if not torch.equal(first, again):
        raise XentError(
            f"module: {name} puts out other numbers for the same rows when predicting. "
            "F.dropout(x, p) drops always: write F.dropout(x, p, training=self.training), or use nn.Dropout."
        )


def _refuse_mixed_rows(
    logits: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor, z: torch.Tensor, name: str
) -> None:
    """Refuse a module whose logits of a row depend on which rows come with it."""
    half = len(rows) // 2
    for some in (slice(0, half), slice(half, None), slice(0, 1)):
        with torch.no_grad():
            own = logits(rows[some])
        if bool((own - z[some]).abs().max() > ROUNDING * (1 + z.abs().max())):
            raise XentError(
                f"module: the logits of a row of {name} depend on the other rows that come with it, also when "
                "predicting. Look for a mean, softmax or norm over axis 0, or for BatchNorm with "
                "track_running_stats=False."
            )


def _refuse_complex(module: nn.Module, name: str) -> None:
    arrays = [*module.named_parameters(), *module.named_buffers()]
    for own, array in arrays:
        if array.is_complex():
            raise XentError(f"module: {name} has complex numbers in {own}. Keep them as two parts.")


def _buffer_shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {own: tuple(buffer.shape) for own, buffer in module.named_buffers()}


def _refuse_other_buffers(trial: nn.Module, before: dict[str, tuple[int, ...]], name: str) -> None:
    """Refuse a module that reshapes or makes buffers while it computes: a model file has them as they start."""
    saved = trial.state_dict()
    for own, shape in _buffer_shapes(trial).items():
        if (own in before or own in saved) and shape != before.get(own):
            had = f"shape {before[own]}" if own in before else "no numbers"
            raise XentError(
                f"module: the buffer {own} of {name} has {had} at first, and shape {shape} behind a pass of rows. "
                "Register it with the shape that it keeps, or with persistent=False and None if it can be made again."
            )


def _seen_layers(
    trial: nn.Module, rows: torch.Tensor, name: str, n_outputs: int
) -> tuple[tuple[ModuleLayer, ...], torch.Tensor]:
    """Return the parts that each put out something for every row, in their order, and the logits."""
    passed, z = _passed(trial, rows, name)
    output = _as_logits(z, len(rows), n_outputs, name)
    # a table of as many lines as there are rows, such as a weight that a part computes, is nothing of theirs
    fewer = rows[: len(rows) // 2]
    of_fewer, _ = _passed(trial, fewer, name)
    parts, counted = dict(trial.named_modules()), set[int]()
    layers = [
        _layer(own, parts[own], value, counted)
        for own, value in passed.items()
        if _has_rows(value, len(rows)) and _has_rows(of_fewer.get(own), len(fewer))
    ]
    if layers and passed[layers[-1].name] is z:
        last = layers.pop()
        layers.append(ModuleLayer(last.name, last.kind, (n_outputs,), last.arrays))
    else:
        layers.append(ModuleLayer("", name, (n_outputs,)))
    return tuple(layers), output


def _passed(trial: nn.Module, rows: torch.Tensor, name: str) -> tuple[dict[str, Any], Any]:
    """Return what each part puts out, in the order in which rows pass them, and what the module does."""
    passed: dict[str, Any] = {}

    def note(own: str) -> Any:
        def hook(_part: nn.Module, _inputs: Any, output: Any) -> None:
            passed.pop(own, None)  # a part that is used again stands where it is used last
            passed[own] = first_tensor(output)

        return hook

    parts = {own: part for own, part in trial.named_modules() if own and not [*part.children()]}
    hooks = [part.register_forward_hook(note(own)) for own, part in parts.items()]
    try:
        with seeded(0, torch.device("cpu")):
            z = _outputs(trial, rows, name)
    finally:
        for hook in hooks:
            hook.remove()
    return passed, z


def _has_rows(value: Any, n_rows: int) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim > 0 and value.shape[0] == n_rows


def _layer(own: str, part: nn.Module, value: torch.Tensor, counted: set[int]) -> ModuleLayer:
    """Return a part's description; a parameter that several parts share is the first one's."""
    arrays = []
    for name, parameter in part.named_parameters():
        if parameter.requires_grad and id(parameter) not in counted:
            counted.add(id(parameter))
            arrays.append(ModuleArray(f"{own}.{name}", tuple(parameter.shape)))
    return ModuleLayer(own, type(part).__name__, tuple(value.shape[1:]), tuple(arrays))


def _described(
    built: BuiltModule,
    layers: tuple[ModuleLayer, ...],
    row_shape: tuple[int, ...],
    distribution: Distribution,
    pixels: Pixels | None,
) -> ModuleNetwork:
    module, n_outputs = built.module, distribution.n_outputs
    parameters = list(module.named_parameters())
    buffers = list(module.named_buffers())
    trained = _arrays((name, own) for name, own in parameters if own.requires_grad)
    unit = tuple(ModuleArray(name, (n_outputs,)) for name in (FACTOR, OFFSET))
    return ModuleNetwork(
        row_shape,
        n_outputs,
        _class_name(module),
        tuple(sorted(trained, key=lambda own: not own.is_weight)),
        frozen=_arrays((name, own) for name, own in parameters if not own.requires_grad),
        buffers=(
            *_arrays((name, own) for name, own in buffers if own.is_floating_point()),
            *(unit if distribution.target_kind in {"real", "count"} else ()),
        ),
        counters=_arrays((name, own) for name, own in buffers if not own.is_floating_point()),
        layers=layers,
        pixels=pixels,
        reference=built.reference,
        sha256=built.sha256,
        template=module,
    )


def _arrays(named: Iterable[tuple[str, torch.Tensor]]) -> tuple[ModuleArray, ...]:
    return tuple(ModuleArray(name, tuple(own.shape)) for name, own in named)


def _class_name(module: nn.Module) -> str:
    return type(module).__name__


def same_arrays(network: ModuleNetwork, module: nn.Module, dtype: str) -> str:
    """Return how a module's parameters and buffers differ from a network's, or nothing.

    Lazy parts get their shapes, and all numbers the dtype.
    """
    rows = torch.zeros((2, *network.row_shape), dtype=getattr(torch, dtype))
    materialize(module, rows, 0)
    module.to(rows.dtype)
    found = {
        name: tuple(own.shape)
        for name, own in [*module.named_parameters(), *module.named_buffers()]
    }
    held = (*network.trained, *network.frozen, *network.buffers, *network.counters)
    expected = {own.name: own.shape for own in held if own.name not in {FACTOR, OFFSET}}
    for name in [*expected, *found]:
        if found.get(name) != expected.get(name):
            own = f"has shape {found[name]}" if name in found else "is missing"
            trained = f"had shape {expected[name]}" if name in expected else "was not there"
            return f"{name} {own}, and {trained} in training"
    return ""
