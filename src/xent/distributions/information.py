"""Entropy, cross-entropy and Kullback-Leibler divergence, in nats or bits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xent.distributions.namespaces import as_floats, like, namespace_of, working_dtype
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from xent.distributions.namespaces import AnyArray

__all__ = ["cross_entropy", "entropy", "kl_divergence"]

Unit = Literal["nats", "bits"]
_NATS_PER_UNIT = {"nats": 1.0, "bits": math.log(2)}


def entropy(p: AnyArray, *, unit: Unit = "nats") -> AnyArray:
    """Return H(p) = -sum p log p of each row of probabilities.

    Parameters
    ----------
    p : array of shape (k,) or (n, k)
        Probabilities; each row sums to 1.
    unit : {"nats", "bits"}
        Unit of the result.

    Returns
    -------
    0-d array or array of shape (n,)

    Raises
    ------
    XentError
        If a row is no distribution, or the unit is unknown.

    References
    ----------
    Cover and Thomas, Elements of Information Theory (2006), 2.1.

    Examples
    --------
    >>> float(entropy([0.3, 0.7]).round(6)), float(entropy([0.3, 0.7], unit="bits").round(6))
    (0.610864, 0.881291)
    """
    return cross_entropy(p, p, unit=unit)


def cross_entropy(p: AnyArray, q: AnyArray, *, unit: Unit = "nats") -> AnyArray:
    """Return H(p, q) = -sum p log q: what outcomes of p cost under the prediction q.

    Infinite where q excludes what p allows. Shapes, unit and errors as for `entropy`; both have
    the same shape.

    Examples
    --------
    >>> float(cross_entropy([0.3, 0.7], [0.5, 0.5]).round(6))
    0.693147
    """
    xp, p, q, dtype = _pair(p, q)
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        terms = xp.where(p == 0, xp.zeros_like(p), -p * xp.log(q))
        total = xp.sum(terms, axis=-1) / _nats_per(unit)
    # -1 * log 1 is -0.0: a distribution that is sure has entropy 0.
    return xp.astype(xp.where(total == 0, xp.zeros_like(total), total), dtype)


def kl_divergence(p: AnyArray, q: AnyArray, *, unit: Unit = "nats") -> AnyArray:
    """Return KL(p, q) = sum p log(p / q) = H(p, q) - H(p), 0 where both are equal, never negative.

    Each term is p log(p / q) - p + q, which is not negative and adds up to the same, so that
    rounding cannot turn the sign. Shapes, unit and errors as for `cross_entropy`.

    References
    ----------
    Kullback and Leibler, Annals of Mathematical Statistics 22 (1951).

    Examples
    --------
    >>> float(kl_divergence([0.3, 0.7], [0.5, 0.5]).round(6))
    0.082283
    """
    xp, p, q, dtype = _pair(p, q)
    zero = xp.zeros_like(p)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        # The logarithm of the ratio is exact for close p and q; a subnormal q makes it overflow.
        logs = xp.log(p / q)
        logs = xp.where(xp.isinf(logs), xp.log(p) - xp.log(q), logs)
        terms = xp.where(p == 0, q, p * logs - p + q)
        terms = xp.where(terms > zero, terms, zero)
        return xp.astype(xp.sum(terms, axis=-1) / _nats_per(unit), dtype)


def _nats_per(unit: str) -> float:
    if unit not in _NATS_PER_UNIT:
        raise XentError(
            f"unit must be 'nats' or 'bits', got {unit!r}.{nearest_hint(str(unit), _NATS_PER_UNIT)}"
        )
    return _NATS_PER_UNIT[unit]


def _pair(p: AnyArray, q: AnyArray) -> tuple[Any, AnyArray, AnyArray, Any]:
    p = _probabilities(p, "p")
    xp = namespace_of(p)
    q = _probabilities(like(xp, as_floats(q, "q"), p), "q")
    if p.shape != q.shape:
        raise XentError(f"q must have the shape of p, {tuple(p.shape)}, got {tuple(q.shape)}.")
    wide = working_dtype(xp, p)
    return xp, xp.astype(p, wide), xp.astype(q, wide), p.dtype


def _probabilities(p: AnyArray, name: str) -> AnyArray:
    p = as_floats(p, name)
    if p.ndim not in {1, 2}:
        raise XentError(f"{name} must have shape (k,) or (n, k), got {tuple(p.shape)}.")
    xp = namespace_of(p)
    if bool(xp.any(xp.isnan(p) | (p < 0))):
        raise XentError(f"{name} must hold probabilities, got NaN or a negative number.")
    if bool(xp.any(xp.abs(xp.sum(p, axis=-1) - 1) > 1e-4)):
        raise XentError(f"{name} must have rows that sum to 1. Counts? Divide each row by its sum.")
    return p
