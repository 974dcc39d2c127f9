"""Activations that are linear on the positive side: identity, relu, leaky relu, elu, selu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from xent.errors import XentError
from xent.network.elementwise import evaluate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray

__all__ = ["Elu", "Identity", "LeakyRelu", "Relu", "Selu"]

# Klambauer et al., Self-Normalizing Neural Networks (2017), equation 14.
SELU_ALPHA: Final = 1.6732632423543772848170429916717
SELU_SCALE: Final = 1.0507009873554804934193349852946


@dataclass(frozen=True)
class Identity:
    """No activation: networks end in logits.

    Examples
    --------
    >>> Identity()([1.0, -2.0]).tolist()
    [1.0, -2.0]
    """

    name: ClassVar[str] = "identity"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return a copy of `z`."""
        return evaluate(np.positive, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return ones."""
        return evaluate(np.ones_like, z)

    def forward(self, z: FloatArray, out: FloatArray, _scratch: FloatArray, /) -> None:
        """Copy `z` into `out`, where they differ."""
        if out is not z:
            np.copyto(out, z)

    def backward(
        self, z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Leave `delta` as it is."""


@dataclass(frozen=True)
class Relu:
    """The larger of z and 0; its derivative at 0 is 0.

    Examples
    --------
    >>> Relu()([1.5, -2.0]).tolist()
    [1.5, 0.0]
    >>> Relu().derivative([1.5, 0.0]).tolist()
    [1.0, 0.0]
    """

    name: ClassVar[str] = "relu"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return max(z, 0)."""
        return evaluate(_relu, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return 1 where `z` is positive, else 0."""
        return evaluate(_step, z)

    def forward(self, z: FloatArray, out: FloatArray, scratch: FloatArray, /) -> None:
        """Write max(z, 0) into `out`, which may be `z`."""
        # Two arrays are compared with vector instructions, an array and a number are not.
        scratch.fill(0.0)
        np.maximum(z, scratch, out=out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative, 1 where a > 0."""
        np.greater(a, 0.0, out=scratch)
        np.multiply(delta, scratch, out=delta)


@dataclass(frozen=True)
class LeakyRelu:
    """z where it is positive, slope times z elsewhere.

    Parameters
    ----------
    slope : float, default 0.01
        The derivative on the negative side and at 0, in (0, 1).

    Examples
    --------
    >>> LeakyRelu(0.2)([1.5, -2.0]).tolist()
    [1.5, -0.4]
    >>> LeakyRelu(0.2).name
    'leaky_relu:0.2'
    """

    slope: float = 0.01
    needs_input: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0.0 < self.slope < 1.0:
            msg = (
                f"slope must be a number between 0 and 1, got {self.slope!r}. A slope of 0 is relu."
            )
            raise XentError(msg)

    @property
    def name(self) -> str:
        """The name from which the activation can be made again."""
        return "leaky_relu" if self.slope == 0.01 else f"leaky_relu:{self.slope!r}"

    def __call__(self, z: ArrayLike) -> Any:
        """Return max(z, slope z)."""
        return evaluate(lambda x: np.maximum(x, self.slope * x), z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return 1 where `z` is positive, else the slope."""
        return evaluate(lambda x: np.where(x > 0.0, 1.0, np.where(x <= 0.0, self.slope, x)), z)

    def forward(self, z: FloatArray, out: FloatArray, scratch: FloatArray, /) -> None:
        """Write max(z, slope z) into `out`, which may be `z`."""
        np.multiply(z, self.slope, out=scratch)
        np.maximum(z, scratch, out=out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative, 1 where a > 0, else the slope."""
        np.greater(a, 0.0, out=scratch)
        np.multiply(scratch, 1.0 - self.slope, out=scratch)
        np.add(scratch, self.slope, out=scratch)  # (1 - slope) + slope rounds to 1 exactly
        np.multiply(delta, scratch, out=delta)


@dataclass(frozen=True)
class Elu:
    """z where it is positive, exp(z) - 1 elsewhere (Clevert et al. 2015, alpha = 1).

    Examples
    --------
    >>> Elu()([2.0, -1e-20]).tolist()
    [2.0, -1e-20]
    """

    name: ClassVar[str] = "elu"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return z or exp(z) - 1, by the sign of z."""
        # exp(z) - 1 >= z with equality at 0, so the larger of the two is the right branch.
        return evaluate(lambda x: np.maximum(x, np.expm1(np.minimum(x, 0.0))), z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return exp(min(z, 0))."""
        return evaluate(lambda x: np.exp(np.minimum(x, 0.0)), z)

    def forward(self, z: FloatArray, out: FloatArray, scratch: FloatArray, /) -> None:
        """Write elu(z) into `out`, which may be `z`."""
        scratch.fill(0.0)
        np.minimum(z, scratch, out=scratch)
        np.expm1(scratch, out=scratch)
        np.maximum(z, scratch, out=out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative, min(a, 0) + 1."""
        scratch.fill(0.0)
        np.minimum(a, scratch, out=scratch)
        np.add(scratch, 1.0, out=scratch)
        np.multiply(delta, scratch, out=delta)


@dataclass(frozen=True)
class Selu:
    """The scaled elu that keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    Examples
    --------
    >>> round(Selu()(1.0), 6), round(Selu().derivative(-1.0), 6)
    (np.float64(1.050701), np.float64(0.646769))
    """

    name: ClassVar[str] = "selu"
    needs_input: ClassVar[bool] = False

    def __call__(self, z: ArrayLike) -> Any:
        """Return scale times z, or scale alpha (exp(z) - 1), by the sign of z."""
        return evaluate(_selu, z)

    def derivative(self, z: ArrayLike) -> Any:
        """Return scale, or scale alpha exp(z) for z <= 0."""
        return evaluate(_selu_derivative, z)

    def forward(self, z: FloatArray, out: FloatArray, scratch: FloatArray, /) -> None:
        """Write selu(z) into `out`, which may be `z`; it saturates at the largest finite number."""
        scratch.fill(0.0)
        np.minimum(z, scratch, out=scratch)
        np.expm1(scratch, out=scratch)
        np.multiply(scratch, SELU_ALPHA, out=scratch)
        np.clip(z, 0.0, float(np.finfo(z.dtype).max) / 1.0508, out=out)
        np.add(out, scratch, out=out)
        np.multiply(out, SELU_SCALE, out=out)

    def backward(
        self, _z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative: scale where a > 0, else a + scale alpha."""
        # First (min(a, 0) + scale alpha), then 1 / alpha where a > 0: one scratch array is enough.
        scratch.fill(0.0)
        np.minimum(a, scratch, out=scratch)
        np.add(scratch, SELU_SCALE * SELU_ALPHA, out=scratch)
        np.multiply(delta, scratch, out=delta)
        np.greater(a, 0.0, out=scratch)
        np.multiply(scratch, 1.0 / SELU_ALPHA - 1.0, out=scratch)
        np.add(scratch, 1.0, out=scratch)
        np.multiply(delta, scratch, out=delta)


def _relu(z: FloatArray) -> FloatArray:
    return np.maximum(z, 0.0)


def _step(z: FloatArray) -> FloatArray:
    # NaN in, NaN out: a comparison alone would hide it
    return np.where(z > 0.0, 1.0, np.where(z <= 0.0, 0.0, z))


def _selu(z: FloatArray) -> FloatArray:
    negative = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0.0))
    return np.where(z > 0.0, SELU_SCALE * z, negative)


def _selu_derivative(z: FloatArray) -> FloatArray:
    return np.where(z > 0.0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(z, 0.0)))
