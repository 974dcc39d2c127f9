"""The layers at work: forward and backward on buffers that are allocated once.

With a⁰ = x and, for a dense layer, z = a W + b and a' = f(z), the backward pass is the residual
recursion of the textbook, δ = ∂J/∂z::

    δ  = ∂J/∂a' * f'(z)        element by element
    ∂J/∂W = aᵀ δ
    ∂J/∂b = 1ᵀ δ
    ∂J/∂a = δ Wᵀ               what the layer below receives

The gradient of the mean over a batch needs no 1/m here: the first δ already carries the weight of
each row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from xent.engines.buffers import aligned_zeros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array
    from xent.network import Activation

__all__ = ["BatchNormStep", "DenseStep", "DropoutStep", "ScaleStep", "Step"]


class Step(Protocol):
    """One layer on buffers for up to `n_rows` rows."""

    output: Array

    def forward(self, a: Array) -> Array:
        """Return the layer's output for `a`, in a buffer of the layer."""
        ...

    def backward(self, delta: Array) -> Array:
        """Fill the gradient views from ∂J/∂output and return ∂J/∂input; `delta` is overwritten."""
        ...


class DenseStep:
    """a' = f(a W + b)."""

    def __init__(
        self,
        weight: Array,
        bias: Array,
        gradients: Sequence[Array] | None,
        activation: Activation,
        scratch: Array,
        *,
        needs_input_gradient: bool,
    ) -> None:
        n_in, n_out = weight.shape
        n_rows, dtype = len(scratch), weight.dtype
        self.weight, self.bias, self.activation = weight, bias, activation
        self.output = aligned_zeros((n_rows, n_out), dtype)
        self.scratch = scratch
        self.z = aligned_zeros((n_rows, n_out), dtype) if activation.needs_input else None
        self.is_linear = activation.name == "identity"
        self.gradients = gradients
        if gradients is not None:
            self.ones = np.ones(n_rows, dtype)
            self.input_delta = (
                self._room_for_input_delta(n_rows, n_in) if needs_input_gradient else None
            )

    def _room_for_input_delta(self, n_rows: int, n_in: int) -> Array:
        """Return a buffer for ∂J/∂a: the output's own where it fits, since nothing reads that one once δ is known."""
        if self.output.shape == (n_rows, n_in):
            return self.output
        return aligned_zeros((n_rows, n_in), self.output.dtype)

    def forward(self, a: Array) -> Array:
        n = len(a)
        self.a = a
        output = self.output[:n]
        z = output if self.z is None else self.z[:n]
        # `dot` calls BLAS with less ado than `matmul`, and takes half its time for outer products
        np.dot(a, self.weight, z)
        np.add(z, self.bias, z)
        if not self.is_linear:
            self.activation.forward(z, output, self.scratch[:n])
        return output

    def backward(self, delta: Array) -> Array:
        n = len(delta)
        if not self.is_linear:
            z = None if self.z is None else self.z[:n]
            self.activation.backward(z, self.output[:n], delta, self.scratch[:n])
        assert self.gradients is not None
        np.dot(self.a.T, delta, self.gradients[0])
        np.dot(self.ones[:n], delta, self.gradients[1])
        if self.input_delta is None:
            return delta
        return np.dot(delta, self.weight.T, self.input_delta[:n])


class DropoutStep:
    """Inverted dropout: kept values are divided by 1 - rate, so that the mean stays what it was."""

    def __init__(
        self,
        rate: float,
        width: int,
        n_rows: int,
        dtype: np.dtype[Any],
        generator: np.random.Generator,
    ) -> None:
        self.generator = generator
        # a unit is dropped when 32 random bits, as a whole number, are below rate·2³²
        self.bound = np.uint32(round(rate * 2**32))
        self.scale = dtype.type(1 / (1 - rate))
        self.output = aligned_zeros((n_rows, width), dtype)
        self.kept = aligned_zeros((n_rows, width), np.dtype(np.bool_))
        self.factor = aligned_zeros((n_rows, width), dtype)

    def forward(self, a: Array) -> Array:
        n = len(a)
        bits = self.generator.bit_generator.random_raw((a.size + 1) // 2).view(np.uint32)[: a.size]
        np.greater_equal(bits.reshape(a.shape), self.bound, out=self.kept[:n])
        factor = np.multiply(self.kept[:n], self.scale, out=self.factor[:n])
        output: Array = np.multiply(a, factor, out=self.output[:n])
        return output

    def backward(self, delta: Array) -> Array:
        return np.multiply(delta, self.factor[: len(delta)], out=delta)


class ScaleStep:
    """a' = s * a, one learned factor a feature."""

    def __init__(self, scale: Array, gradient: Array | None, n_rows: int) -> None:
        self.scale, self.gradient = scale, gradient
        self.output = aligned_zeros((n_rows, len(scale)), scale.dtype)
        self.product = aligned_zeros((n_rows, len(scale)), scale.dtype)

    def forward(self, a: Array) -> Array:
        self.a = a
        return np.multiply(a, self.scale, out=self.output[: len(a)])

    def backward(self, delta: Array) -> Array:
        n = len(delta)
        np.multiply(delta, self.a, out=self.product[:n])
        np.sum(self.product[:n], axis=0, out=self.gradient)
        return np.multiply(delta, self.scale, out=delta)


class BatchNormStep:
    """x̂ = (x - mean) / sqrt(variance + ε), a' = γ x̂ + β (Ioffe and Szegedy 2015).

    In training the mean and the variance are the batch's, weighted as its rows are, and the running
    ones move towards them; otherwise the running ones serve.
    """

    def __init__(
        self,
        parameters: Sequence[Array],
        gradients: Sequence[Array] | None,
        running: tuple[Array, Array],
        n_rows: int,
        *,
        momentum: float,
        epsilon: float,
    ) -> None:
        self.gamma, self.beta = parameters
        self.gradients = gradients
        self.running_mean, self.running_variance = running
        self.momentum, self.epsilon = momentum, epsilon
        shape = (n_rows, len(self.gamma))
        self.output = aligned_zeros(shape, self.gamma.dtype)
        self.normalized = aligned_zeros(shape, self.gamma.dtype)
        self.product = aligned_zeros(shape, self.gamma.dtype)
        # set by the engine before each training batch: the rows' shares of the batch weight,
        # summing to 1
        self.shares: Array | None = None

    def forward(self, a: Array) -> Array:
        n = len(a)
        if self.gradients is None:
            mean, variance = self.running_mean, self.running_variance
        else:
            mean, variance = self._batch_moments(a)
        self.inverse_sd = 1 / np.sqrt(variance + self.epsilon)
        normalized = np.subtract(a, mean, out=self.normalized[:n])
        np.multiply(normalized, self.inverse_sd, out=normalized)
        output = np.multiply(normalized, self.gamma, out=self.output[:n])
        return np.add(output, self.beta, out=output)

    def _batch_moments(self, a: Array) -> tuple[Array, Array]:
        assert self.shares is not None
        shares, n = self.shares, len(a)
        mean = shares @ a
        centered = np.subtract(a, mean, out=self.product[:n])
        variance = shares @ np.square(centered, out=centered)
        # Bessel's correction for the running variance, as every framework has it: n/(n-1) with n
        # the number of rows that these weights are worth, 1/Σ shares² (Kish)
        worth = 1 / float(np.dot(shares, shares))
        unbiased = variance * (worth / max(worth - 1, 1e-12)) if worth > 1.5 else variance
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_variance += self.momentum * (unbiased - self.running_variance)
        return mean, variance

    def backward(self, delta: Array) -> Array:
        n = len(delta)
        assert self.gradients is not None
        assert self.shares is not None
        gamma_gradient, beta_gradient = self.gradients
        normalized, product = self.normalized[:n], self.product[:n]
        np.multiply(delta, normalized, out=product)
        np.sum(product, axis=0, out=gamma_gradient)
        np.sum(delta, axis=0, out=beta_gradient)
        # ∂J/∂x_i = γ/σ (δ_i - s_i Σδ - s_i x̂_i Σ(δ x̂)), with s_i the row's share of the batch
        np.multiply(normalized, gamma_gradient, out=product)
        np.add(product, beta_gradient, out=product)
        np.multiply(product, self.shares[:, None], out=product)
        np.subtract(delta, product, out=delta)
        return np.multiply(delta, self.gamma * self.inverse_sd, out=delta)
