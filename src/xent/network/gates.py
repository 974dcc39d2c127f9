"""Activations that gate their input, z times a smooth step: gelu and mish."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from xent.network.elementwise import evaluate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray

__all__ = ["Gelu", "Mish"]

# Beyond this every gate is 0 or 1 in float64; clipped to it, infinity times 0 cannot arise.
_SATURATION: Final = 1000.0
# Rows are taken in blocks of about so many numbers, so that temporaries stay in the cache.
_BLOCK: Final = 8192


@dataclass(frozen=True)
class Gelu:
    """z times the normal distribution function of z (Hendrycks and Gimpel 2016), in its exact form.

    Examples
    --------
    >>> round(Gelu()(1.0), 6)
    np.float64(0.841345)
    """

    name: ClassVar[str] = "gelu"
    needs_input: ClassVar[bool] = True

    def __call__(self, z: ArrayLike) -> Any:
        """Return z Phi(z)."""
        return evaluate(_gelu, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return Phi(z) + z phi(z)."""
        return evaluate(_gelu_derivative, z)

    def forward(self, z: FloatArray, out: FloatArray, _scratch: FloatArray, /) -> None:
        """Write gelu(z) into `out`."""
        for rows in _blocks(z):
            out[rows] = self(z[rows])

    def backward(
        self, z: FloatArray | None, _a: FloatArray, delta: FloatArray, _scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative at `z`."""
        given = _pre_activation(z)
        for rows in _blocks(given):
            delta[rows] *= self.derivative(given[rows])


@dataclass(frozen=True)
class Mish:
    """z tanh(softplus(z)) (Misra 2019).

    Examples
    --------
    >>> round(Mish()(1.0), 6)
    np.float64(0.865098)
    """

    name: ClassVar[str] = "mish"
    needs_input: ClassVar[bool] = True

    def __call__(self, z: ArrayLike) -> Any:
        """Return z tanh(log(1 + exp(z)))."""
        return evaluate(_mish, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return the derivative at `z`."""
        return evaluate(_mish_derivative, z)

    def forward(self, z: FloatArray, out: FloatArray, _scratch: FloatArray, /) -> None:
        """Write mish(z) into `out`."""
        for rows in _blocks(z):
            out[rows] = self(z[rows])

    def backward(
        self, z: FloatArray | None, _a: FloatArray, delta: FloatArray, _scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative at `z`."""
        given = _pre_activation(z)
        for rows in _blocks(given):
            delta[rows] *= self.derivative(given[rows])


def _pre_activation(z: FloatArray | None) -> FloatArray:
    if z is None:
        msg = "backward needs the pre-activation z of an activation whose needs_input is True"
        raise TypeError(msg)
    return z


def _blocks(z: FloatArray) -> list[slice]:
    n_rows = max(1, _BLOCK // max(1, math.prod(z.shape[1:])))
    return [slice(start, start + n_rows) for start in range(0, len(z), n_rows)]


def _gelu(z: FloatArray) -> FloatArray:
    return np.maximum(z, -_SATURATION) * _normal_cdf(z)


def _gelu_derivative(z: FloatArray) -> FloatArray:
    z = np.clip(z, -_SATURATION, _SATURATION)
    return _normal_cdf(z) + z * _normal_kernel(z) / math.sqrt(2.0 * math.pi)


def _normal_kernel(z: FloatArray) -> FloatArray:
    """exp(-z^2 / 2) to a few ulp: squaring alone would lose z^2 / 2 ulp in the tail."""
    # z = h + l with h of 12 bits after the point, so that h^2 is exact for |z| < 2^14
    z = np.clip(np.abs(z), 0.0, _SATURATION)
    high = np.round(z * 4096.0) / 4096.0
    return np.exp(-0.5 * high * high) * np.exp(-0.5 * (z - high) * (z + high))


def _normal_cdf(z: FloatArray) -> FloatArray:
    from scipy.special import erfcx  # noqa: PLC0415 - SciPy is loaded by those who use gelu

    # Phi(-|z|) = exp(-z^2/2) erfcx(|z| / sqrt 2) / 2, whose second factor is smooth
    lower = 0.5 * _normal_kernel(z) * erfcx(np.abs(z) * math.sqrt(0.5))
    cdf: FloatArray = np.where(z < 0.0, lower, 1.0 - lower)
    return cdf


def _mish(z: FloatArray) -> FloatArray:
    # tanh(log(1 + E)) = n / (n + 2) with n = E (E + 2), E = e^z; divided by E^2 where z > 0
    e = np.exp(-np.abs(z))
    n = np.where(z > 0.0, 1.0 + 2.0 * e, e * (e + 2.0))
    two = np.where(z > 0.0, 2.0 * e * e, 2.0)
    value: FloatArray = np.maximum(z, -_SATURATION) * (n / (n + two))
    return value


def _mish_derivative(z: FloatArray) -> FloatArray:
    # T + 4 z E (1 + E) / (n + 2)^2, with T = n / (n + 2); divided by E^4 where z > 0
    z = np.clip(z, -_SATURATION, _SATURATION)
    e = np.exp(-np.abs(z))
    n = np.where(z > 0.0, 1.0 + 2.0 * e, e * (e + 2.0))
    denominator = n + np.where(z > 0.0, 2.0 * e * e, 2.0)
    numerator = 4.0 * z * np.where(z > 0.0, e * e, e) * (1.0 + e)
    slope: FloatArray = n / denominator + numerator / np.square(denominator)
    return slope
