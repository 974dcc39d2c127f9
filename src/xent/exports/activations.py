"""The activations in core operators that onnxruntime has in float32 and in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.network import activation_named
from xent.network.rectifiers import SELU_ALPHA, SELU_SCALE, LeakyRelu

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.exports.graph import Graph

__all__ = ["add_activation"]

# Abramowitz and Stegun (1964), formula 7.1.26, as the NumPy engine has it in float32
_ERFC_TERMS: Final = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_N_ERFC_TERMS: Final = 28
_GELU_CUT: Final = 26.0  # erfc is below the normal range of float64
_MISH_CUT: Final = 20.0  # tanh(softplus(20)) rounds to 1 in float64
_SATURATION: Final = 1000.0


class _Formula:
    """Arithmetic on names of results, with Python numbers as constants of one dtype."""

    def __init__(self, graph: Graph, dtype: np.dtype[Any]) -> None:
        self.graph, self.dtype = graph, dtype

    def __call__(self, operator: str, *values: str | float) -> str:
        return self.graph.add(operator, *map(self._name, values))

    def where(self, condition: str, yes: str | float, no: str | float) -> str:
        return self.graph.add("Where", condition, self._name(yes), self._name(no))

    def polynomial(self, x: str, terms: tuple[float, ...]) -> str:
        """Return the value of a polynomial by Horner's rule, highest power first."""
        value: str | float = terms[0]
        for term in terms[1:]:
            value = self("Add", self("Mul", value, x), term)
        return self._name(value)

    def _name(self, value: str | float) -> str:
        return value if isinstance(value, str) else self.graph.constant(value, self.dtype)


def add_activation(graph: Graph, name: str, z: str, dtype: np.dtype[Any]) -> str:
    """Apply an activation by its name.

    Examples
    --------
    >>> from xent.exports.graph import Graph
    >>> graph = Graph()
    >>> add_activation(graph, "relu", "z", np.dtype("float32")), graph.nodes[0].operator
    ('Relu_0', 'Relu')
    """
    f, activation = _Formula(graph, dtype), activation_named(name)
    if isinstance(activation, LeakyRelu):
        return f("Max", z, f("Mul", z, activation.slope))
    return _FORMULAS[activation.name](f, z)


def _identity(_f: _Formula, z: str) -> str:
    return z


def _sigmoid(f: _Formula, z: str) -> str:
    return f("Sigmoid", z)


def _tanh(f: _Formula, z: str) -> str:
    return f("Tanh", z)


def _relu(f: _Formula, z: str) -> str:
    return f("Relu", z)


def _expm1(f: _Formula, z: str) -> str:
    """exp(min(z, 0)) - 1; what cancels is below an ulp of 1, as sums of such units feel it."""
    return f("Sub", f("Exp", f("Min", z, 0.0)), 1.0)


def _elu(f: _Formula, z: str) -> str:
    return f("Add", f("Relu", z), _expm1(f, z))


def _selu(f: _Formula, z: str) -> str:
    return f("Mul", f("Add", f("Relu", z), f("Mul", _expm1(f, z), SELU_ALPHA)), SELU_SCALE)


def _softplus(f: _Formula, z: str) -> str:
    # log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
    return f("Add", f("Relu", z), f("Log", f("Add", f("Exp", f("Neg", f("Abs", z))), 1.0)))


def _mish(f: _Formula, z: str) -> str:
    # tanh(log(1 + E)) = n / (n + 2) with n = E (E + 2), E = e^z
    e = f("Exp", f("Min", f("Max", z, -_SATURATION), _MISH_CUT))
    n = f("Mul", e, f("Add", e, 2.0))
    return f("Mul", f("Max", z, -_SATURATION), f("Div", n, f("Add", n, 2.0)))


def _gelu(f: _Formula, z: str) -> str:
    """Z times the normal distribution function: onnxruntime's Erf knows float32 alone."""
    size = f("Min", f("Mul", f("Abs", z), math.sqrt(0.5)), _GELU_CUT)
    erfc = _erfc_wide(f, size) if f.dtype == np.float64 else _erfc(f, size)
    lower = f("Mul", erfc, 0.5)  # Phi(-|z|)
    cdf = f.where(f("GreaterOrEqual", z, 0.0), f("Sub", 1.0, lower), lower)
    return f("Mul", f("Max", z, -_SATURATION), cdf)


def _erfc(f: _Formula, x: str) -> str:
    """erfc(x) for x >= 0 to 1.5e-7."""
    t = f("Div", 1.0, f("Add", f("Mul", x, 0.3275911), 1.0))
    kernel = f("Exp", f("Neg", f("Mul", x, x)))
    return f("Mul", f("Mul", f.polynomial(t, _ERFC_TERMS), t), kernel)


def _erfc_wide(f: _Formula, x: str) -> str:
    """erfc(x) for x >= 0 in float64: t exp(-x²) times a Chebyshev series in t = 2 / (2 + x)."""
    t = f("Div", 2.0, f("Add", x, 2.0))
    y = f("Sub", f("Mul", t, 4.0), 2.0)  # twice the place on [-1, 1], as Clenshaw's rule needs it
    *head, last = _erfcx_series()[::-1]
    older: str | float = 0.0
    newer: str | float = 0.0
    for term in head:
        step = f("Add", f("Sub", f("Mul", y, newer), older), float(term))
        newer, older = step, newer
    half = f("Mul", y, 0.5)
    series = f("Add", f("Sub", f("Mul", half, newer), older), float(last))
    return f("Mul", f("Mul", series, t), f("Exp", f("Neg", f("Mul", x, x))))


def _erfcx_series() -> list[float]:
    """Return the Chebyshev coefficients of erfcx(x) / t over t = 2 / (2 + x) in (0, 1].

    (Schonfelder, "Chebyshev expansions for the error and related functions", 1978, uses such a map.)
    """
    from numpy.polynomial import chebyshev
    from scipy.special import erfcx

    def smooth(place: Any) -> Any:
        t = (place + 1) / 2
        return erfcx(2 / t - 2) / t

    series: list[float] = chebyshev.chebinterpolate(smooth, _N_ERFC_TERMS - 1).tolist()
    return series


_FORMULAS: Final[dict[str, Callable[[_Formula, str], str]]] = {
    "identity": _identity,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "elu": _elu,
    "selu": _selu,
    "softplus": _softplus,
    "mish": _mish,
    "gelu": _gelu,
}
