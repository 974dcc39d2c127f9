"""What a module ends in: logits, or probabilities that were made of them too early.

Two witnesses are heard. The outputs: those for rows times 1, 100 and 10,000 (and -1, ...) that all stay
within 0 and 1, or sum to 1, are no logits, which grow with their input. The graph that autograd has
traced from those outputs down to the first learned operation: it sees a function called in `forward` or
under a wrapper, and acquits a net that merely has small outputs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Ending", "Graph", "find_ending", "graph_of"]

SCALES: Final = (1.0, 100.0, 1e4)
TOLERANCE: Final = 1e-5
# outputs that come this near to 0 and to 1, and never go beyond, have ends there
NEAR_END: Final = 0.05

# operations that put out nothing but probabilities, or their logarithms
_PROBABILITIES: Final = {"Sigmoid": "sigmoid", "Softmax": "softmax", "Hardsigmoid": "hardsigmoid"}
_LOG_PROBABILITIES: Final = {"LogSoftmax": "log_softmax", "LogSigmoid": "logsigmoid"}
# operations with bounds of their own: behind them the graph has no more to say
_BOUNDED: Final = {
    "Atan": "arctan",
    "Clamp": "clamp",
    "Cos": "cosine",
    "Erf": "erf",
    "Erfc": "erfc",
    "Exp": "exp",
    "Exp2": "exp2",
    "Hardtanh": "clamp",
    "Sin": "sine",
    "Softplus": "softplus",
    "Tanh": "tanh",
}
# operations on weights, or whose outputs have the size that they are trained to have
_LEARNED: Final = {
    "AccumulateGrad",
    "Addmv",
    "CdistForward",
    "Convolution",
    "CudnnBatchNorm",
    "Embedding",
    "EmbeddingBag",
    "FusedLayerNorm",
    "Linear",
    "MiopenBatchNorm",
    "MkldnnConvolution",
    "MkldnnRnnLayer",
    "NativeBatchNorm",
    "NativeGroupNorm",
    "NativeLayerNorm",
    "ThnnFusedGruCell",
    "ThnnFusedLstmCell",
    "CudnnRnn",
}
# products: learned where one factor is a parameter
_PRODUCTS: Final = {"Addbmm", "Addmm", "Baddbmm", "Bmm", "Dot", "Mm", "Mv"}
# operations that move numbers and change none
_MOVES: Final = {
    "Alias",
    "AsStrided",
    "Cat",
    "Clone",
    "CopyBackwards",
    "Expand",
    "Gather",
    "Index",
    "IndexSelect",
    "NativeDropout",
    "Permute",
    "ReshapeAlias",
    "Select",
    "Slice",
    "Split",
    "SplitWithSizes",
    "Squeeze",
    "Stack",
    "T",
    "ToCopy",
    "Transpose",
    "Unbind",
    "UnsafeView",
    "Unsqueeze",
    "View",
}
# operations behind which the outputs of others can still be seen
_PLAIN: Final = {
    "Abs", "AdaptiveAvgPool2D", "AdaptiveMaxPool2D", "Add", "Addcdiv", "Addcmul", "Amax", "Amin", "AvgPool2D",
    "AvgPool3D", "ClampMax", "ClampMin", "CopySlices", "Cumsum", "Div", "Lerp", "LinalgVectorNorm", "Log", "Log10",
    "Log1P", "Log2", "Logsumexp", "MaskedFill", "Max", "MaxPool2DWithIndices", "MaxPool3DWithIndices", "Maximum",
    "Mean", "Min", "Minimum", "Mul", "Neg", "Norm", "Pow", "Prod", "Reciprocal", "Relu", "Rsqrt", "Rsub", "Sort",
    "Sqrt", "Sub", "Sum", "Threshold", "Where",
}  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """What a module ends in that it should not.

    Attributes
    ----------
    operation : str
        Its name, such as ``softmax``.
    is_log : bool
        Whether logarithms of probabilities come out.
    sums_to_one : bool
        Whether the probabilities of a row do.
    """

    operation: str
    is_log: bool
    sums_to_one: bool


@dataclass(frozen=True)
class Graph:
    """The end of a traced graph.

    Attributes
    ----------
    sources : frozenset of str
        The operations that the outputs are made of, down to the first learned or bounded one on each way.
    has_arithmetic : bool
        Whether numbers change between those and the outputs.
    has_logarithm : bool
    """

    sources: frozenset[str]
    has_arithmetic: bool
    has_logarithm: bool


def find_ending(
    forward: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor
) -> Ending | None:
    """Return what makes probabilities at a module's end, or None where logits come out.

    Parameters
    ----------
    forward : callable
        From rows to outputs of shape (n, n_outputs), in evaluation mode; its parameters require gradients.
    rows : torch.Tensor, shape (n, ...)
        As the module takes them.

    Examples
    --------
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Sigmoid())
    >>> find_ending(net, torch.randn(8, 3)).operation
    'sigmoid'
    >>> find_ending(net[0], torch.randn(8, 3)) is None
    True
    """
    first = forward(rows.detach().requires_grad_(rows.is_floating_point()))
    graph = graph_of(first)
    outputs = torch.cat([first.detach(), *_scaled(forward, rows)]).double()
    outputs = outputs[torch.isfinite(outputs).all(1)]
    if not len(outputs):
        return None
    is_made = graph.has_arithmetic or not graph.sources <= _LEARNED | _PRODUCTS
    varies = bool((outputs.amax(0) - outputs.amin(0)).max() > TOLERANCE)
    if _within(outputs, 0.0, 1.0):
        sums = outputs.shape[1] > 1 and _sums_to_one(outputs)
        spans = bool(outputs.min() < NEAR_END) and bool(outputs.max() > 1 - NEAR_END)
        known = _only(graph.sources, _PROBABILITIES)
        if known or (is_made and varies and (sums or spans)):
            return Ending(_name(graph.sources, probabilities=True), is_log=False, sums_to_one=sums)
    if float(outputs.max()) <= TOLERANCE:
        sums = outputs.shape[1] > 1 and _sums_to_one(outputs.exp())
        known = _only(graph.sources, _LOG_PROBABILITIES) or (
            graph.has_logarithm and _only(graph.sources, _PROBABILITIES)
        )
        negated = graph.sources == {"Softplus"}  # -softplus(-x) is the logarithm of the sigmoid
        if known or negated or (is_made and varies and sums):
            return Ending(_name(graph.sources, probabilities=False), is_log=True, sums_to_one=sums)
    return None


def graph_of(outputs: torch.Tensor) -> Graph:
    """Return the end of the graph that autograd has traced to these outputs.

    Examples
    --------
    >>> graph_of(torch.tanh(torch.nn.Linear(3, 1)(torch.ones(1, 3))) * 0.5 + 0.5)
    Graph(sources=frozenset({'Tanh'}), has_arithmetic=True, has_logarithm=False)
    """
    sources: set[str] = set()
    has_arithmetic = has_logarithm = False
    seen: set[Any] = set()
    waiting = [outputs.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        name = operation_of(node)
        if name in _MOVES:
            waiting += _below(node)
        elif name in _PLAIN or (name in _PRODUCTS and not _has_parameter(node)):
            has_arithmetic = True
            has_logarithm = has_logarithm or name.startswith("Log")
            waiting += _below(node)
        else:
            sources.add(name)
    return Graph(frozenset(sources), has_arithmetic, has_logarithm)


def operation_of(node: Any) -> str:
    """Return the name of the operation behind a node of the graph."""
    return re.sub(r"Backward\d*$", "", type(node).__name__) or type(node).__name__


def _below(node: Any) -> list[Any]:
    return [below for below, _ in node.next_functions if below is not None]


def _has_parameter(node: Any) -> bool:
    """Tell whether a factor of a product is a parameter, perhaps turned around."""
    for factor in _below(node):
        origin = factor
        while operation_of(origin) in _MOVES and len(_below(origin)) == 1:
            (origin,) = _below(origin)
        if operation_of(origin) == "AccumulateGrad":
            return True
    return False


def _scaled(
    forward: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor
) -> Iterator[torch.Tensor]:
    """Yield the outputs for larger and for opposite rows, as far as the module takes those."""
    with torch.no_grad():
        for scale in [*SCALES[1:], *(-scale for scale in SCALES)]:
            try:
                yield forward(rows * scale)
            except (RuntimeError, IndexError, ValueError):  # places of an embedding, for one
                return


def _within(values: torch.Tensor, low: float, high: float) -> bool:
    return bool(((values >= low - TOLERANCE) & (values <= high + TOLERANCE)).all())


def _sums_to_one(values: torch.Tensor) -> bool:
    # a sum of rounded float32 probabilities is off by some 1e-7 a class
    return bool(((values.sum(1) - 1).abs() <= 1e-3).all())


def _only(sources: frozenset[str], known: dict[str, str]) -> bool:
    return bool(sources) and sources <= set(known)


def _name(sources: frozenset[str], *, probabilities: bool) -> str:
    own = _PROBABILITIES if probabilities else {**_LOG_PROBABILITIES, **_PROBABILITIES}
    names = [text for name, text in {**own, **_BOUNDED}.items() if name in sources]
    if names:
        return names[0]
    return "a function into 0 to 1" if probabilities else "a logarithm of probabilities"
