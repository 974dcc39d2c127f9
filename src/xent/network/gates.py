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
_GELU_CUT: Final = 40.0  # Phi(-40) is below the normal range of float64
_MISH_CUT: Final = 20.0  # tanh(softplus(20)) rounds to 1 in float64
# Rows are taken in blocks of about so many numbers, so that temporaries stay in the cache.
_BLOCK: Final = 16_384


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
            x = np.clip(z[rows], -_GELU_CUT, np.inf)
            np.multiply(x, _fast_normal(x)[0], out=out[rows])

    def backward(
        self, z: FloatArray | None, _a: FloatArray, delta: FloatArray, _scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative at `z`."""
        given = _pre_activation(z)
        for rows in _blocks(given):
            x = np.clip(given[rows], -_GELU_CUT, _GELU_CUT)
            slope, density = _fast_normal(x)
            density *= x
            slope += density
            delta[rows] *= slope


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
            np.multiply(np.clip(z[rows], -_SATURATION, np.inf), _fast_gate(z[rows]), out=out[rows])

    def backward(
        self, z: FloatArray | None, a: FloatArray, delta: FloatArray, _scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative at `z`."""
        given = _pre_activation(z)
        for rows in _blocks(given):
            delta[rows] *= _fast_mish_derivative(given[rows], a[rows])


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
    from scipy.special import erf, erfcx

    # In the tail Phi(-|z|) = exp(-z^2/2) erfcx(|z| / sqrt 2) / 2, whose second factor is smooth.
    x = np.abs(z) * math.sqrt(0.5)
    tail = 0.5 * _normal_kernel(z) * erfcx(x)
    middle = 0.5 - 0.5 * erf(np.minimum(x, 1.0))
    lower = np.where(x < 0.5, middle, tail)
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


# ---- the forms of training loops, in the dtype of the network; in float32 Phi is right to 3e-7

# Abramowitz and Stegun (1964), formula 7.1.26, highest power first
_ERFC_TERMS: Final = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def _fast_normal(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Phi(z) and phi(z) for |z| <= _GELU_CUT or z above it."""
    size = np.minimum(np.abs(z), z.dtype.type(_GELU_CUT))
    kernel = np.multiply(size, size)
    kernel *= -0.5
    np.exp(kernel, out=kernel)
    if z.dtype == np.float64:
        from scipy.special import ndtr

        cdf: FloatArray = ndtr(z)
    else:
        size *= 0.3275911 * math.sqrt(0.5)
        size += 1.0
        t = np.reciprocal(size, out=size)
        lower = np.full_like(t, _ERFC_TERMS[0])
        for term in _ERFC_TERMS[1:]:
            lower *= t
            lower += term
        lower *= t
        lower *= kernel
        lower *= 0.5  # Phi(-|z|)
        # Phi(z) is the distance of Phi(-|z|) from the step at 0
        cdf = np.greater_equal(z, 0.0, out=np.empty_like(z))
        cdf -= lower
        np.abs(cdf, out=cdf)
    kernel *= 1.0 / math.sqrt(2.0 * math.pi)
    return cdf, kernel


def _fast_gate(z: FloatArray) -> FloatArray:
    e = np.exp(np.clip(z, -_SATURATION, _MISH_CUT))
    n = e + 2.0
    n *= e
    np.add(n, 2.0, out=e)
    n /= e
    return n


def _fast_mish_derivative(z: FloatArray, a: FloatArray) -> FloatArray:
    # f' = (E (E + 2)^2 + 4 a (1 + E)) / ((E + 2) (n + 2)), since a = z n / (n + 2) is at hand
    e = np.exp(np.clip(z, -_SATURATION, _MISH_CUT))
    two = e + 2.0
    n = e * two
    value = np.clip(a, -1.0, _MISH_CUT)
    value *= 4.0
    e += 1.0
    value *= e
    np.multiply(n, two, out=e)
    value += e
    n += 2.0
    n *= two
    value /= n
    return value
