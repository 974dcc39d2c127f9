"""Activations made of one exponential: sigmoid, tanh, and softplus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from xent.network.elementwise import evaluate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray

__all__ = ["Sigmoid", "Softplus", "Tanh"]


# a 0-d array of the dtype spares the conversion of a Python number at every call
_HALF: Final = {np.dtype(name): np.array(0.5, name) for name in ("float32", "float64")}
_ONE: Final = {np.dtype(name): np.array(1, name) for name in ("float32", "float64")}


@dataclass(frozen=True)
class Sigmoid:
    """The logistic function 1 / (1 + exp(-z)), from the real line onto (0, 1).

    Examples
    --------
    >>> Sigmoid()(0.0)
    np.float64(0.5)
    >>> Sigmoid().derivative(0.0)
    np.float64(0.25)
    """

    name: ClassVar[str] = "sigmoid"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return the sigmoid of `z`."""
        return evaluate(_sigmoid, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return the derivative at `z`, in (0, 1/4] and equal to 1/4 at 0."""
        return evaluate(_sigmoid_derivative, z)

    def forward(self, z: FloatArray, out: FloatArray, _scratch: FloatArray, /) -> None:
        """Write the sigmoid of `z` into `out`, which may be `z`."""
        # sigmoid(z) = (1 + tanh(z/2)) / 2 cannot overflow, and takes half the time of
        # 1 / (1 + e^-z). Its error is an ulp of 1/2 everywhere, as for any form at the upper end.
        half = _HALF[out.dtype]
        np.multiply(z, half, out)
        np.tanh(out, out)
        np.multiply(out, half, out)
        np.add(out, half, out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative, a (1 - a)."""
        np.subtract(_ONE[a.dtype], a, scratch)
        np.multiply(scratch, a, scratch)
        np.multiply(delta, scratch, delta)


@dataclass(frozen=True)
class Tanh:
    """The hyperbolic tangent, 2 sigmoid(2z) - 1, from the real line onto (-1, 1).

    Examples
    --------
    >>> Tanh().derivative(0.0)
    np.float64(1.0)
    """

    name: ClassVar[str] = "tanh"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return the hyperbolic tangent of `z`."""
        return evaluate(np.tanh, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return the derivative at `z`, in (0, 1]."""
        return evaluate(_tanh_derivative, z)

    def forward(self, z: FloatArray, out: FloatArray, _scratch: FloatArray, /) -> None:
        """Write the hyperbolic tangent of `z` into `out`, which may be `z`."""
        np.tanh(z, out=out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative, 1 - a^2."""
        np.multiply(a, a, out=scratch)
        np.subtract(_ONE[a.dtype], scratch, out=scratch)
        np.multiply(delta, scratch, out=delta)


@dataclass(frozen=True)
class Softplus:
    """log(1 + exp(z)), a smooth relu; its derivative is the sigmoid.

    Examples
    --------
    >>> Softplus().derivative(0.0)
    np.float64(0.5)
    """

    name: ClassVar[str] = "softplus"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return log(1 + exp(z))."""
        return evaluate(_softplus, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return the derivative at `z`, the sigmoid."""
        return evaluate(_sigmoid, z)

    def forward(self, z: FloatArray, out: FloatArray, scratch: FloatArray, /) -> None:
        """Write log(1 + exp(z)) into `out`, which may be `z`."""
        np.abs(z, out=scratch)
        np.negative(scratch, out=scratch)
        np.exp(scratch, out=scratch)
        np.log1p(scratch, out=scratch)
        np.clip(z, 0.0, np.inf, out=out)
        np.add(out, scratch, out=out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative, sigmoid(z) = 1 - exp(-a)."""
        np.negative(a, out=scratch)
        np.expm1(scratch, out=scratch)
        np.negative(scratch, out=scratch)
        np.multiply(delta, scratch, out=delta)


def _sigmoid(z: FloatArray) -> FloatArray:
    # For z < 0 the form e^z / (1 + e^z): no exponential overflows, and the tail keeps its digits.
    e = np.exp(-np.abs(z))
    return np.where(z >= 0.0, 1.0, e) / (1.0 + e)


def _sigmoid_derivative(z: FloatArray) -> FloatArray:
    # The derivative is even; this form has no cancellation, unlike a (1 - a).
    e = np.exp(-np.abs(z))
    return e / np.square(1.0 + e)


def _tanh_derivative(z: FloatArray) -> FloatArray:
    # tanh'(z) = 4 sigmoid'(2z)
    return 4.0 * _sigmoid_derivative(2.0 * z)


def _softplus(z: FloatArray) -> FloatArray:
    # log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
