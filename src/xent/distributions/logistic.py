"""Binary outcomes from logits: value, gradient and probabilities, exact for every logit.

With A = exp(min(z, 0)) and B = exp(min(-z, 0)) the probability of 1 is A / (A + B) and that of 0
is B / (A + B): one of the two is exactly 1, so that A + B rounds once and nothing cancels. A label
weighs two masses: `positive` on 1 and `negative` on 0 (y and 1 - y for a plain label), and the
negative log-likelihood is positive * softplus(-z) + negative * softplus(z), in nats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.distributions.exact import SCALE

if TYPE_CHECKING:
    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["gradient", "hard_value", "probabilities", "summed_value", "surprisals", "value"]


def softplus(a: Arithmetic, z: AnyArray) -> AnyArray:
    """Return log(1 + exp(z)) = log1p(exp(-|z|)) + max(z, 0)."""
    xp = a.xp
    return xp.log1p(xp.exp(-xp.abs(z))) + xp.maximum(z, a.zero(z))


def hard_value(a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
    """Return the loss of labels that are exactly 0 or 1: softplus of the logit of the other class.

    The same numbers as `value`, without its guards: infinite logits need none here.
    """
    return softplus(a, z * (1.0 - 2.0 * y))


def value(a: Arithmetic, z: AnyArray, positive: AnyArray, negative: AnyArray) -> AnyArray:
    """Return positive * softplus(-z) + negative * softplus(z) for any masses.

    max(z, 0) and max(-z, 0) carry their mass apart, since mass * softplus would cancel; a mass of
    exactly 0 meets no infinite logit.
    """
    xp = a.xp
    zero = a.zero(z)
    small = xp.log1p(xp.exp(-xp.abs(z)))
    return (positive + negative) * small + (
        xp.where(negative == 0, zero, negative * xp.maximum(z, zero))
        + xp.where(positive == 0, zero, positive * xp.maximum(-z, zero))
    )


def gradient(a: Arithmetic, z: AnyArray, positive: AnyArray, negative: AnyArray) -> AnyArray:
    """Return negative * p - positive * (1 - p), never p - y."""
    upper, lower = _exponentials(a, z)
    return (negative * upper - positive * lower) / (upper + lower)


def probabilities(a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the probabilities of 1 and of 0, both without cancellation."""
    upper, lower = _exponentials(a, z)
    total = upper + lower
    return upper / total, lower / total


def surprisals(a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return -log P(1) and -log P(0), in nats."""
    return softplus(a, -z), softplus(a, z)


def summed_value(a: Arithmetic, z: AnyArray, positive: AnyArray, negative: AnyArray) -> AnyArray:
    """Return the sum of `value` over the second axis (the labels of a row)."""
    xp = a.xp
    terms = xp.permute_dims(value(a, z, positive, negative), (1, 0))
    plain = xp.sum(terms, axis=0)
    if not a.carries:
        return plain
    # An infinite term leaves NaN in the remainders; its sum is right already.
    exact = xp.where(xp.isinf(plain), plain, a.sum(terms))
    tiny = plain < SCALE**-14 if a.bits == 64 else plain < SCALE**-1
    if not bool(xp.any(tiny)):
        return exact
    return xp.where(tiny, _scaled_sum(a, z, positive, negative), exact)


def _scaled_sum(a: Arithmetic, z: AnyArray, positive: AnyArray, negative: AnyArray) -> AnyArray:
    """Sum losses that are all tiny: subnormal ones are scaled first, since log1p(e) is e there."""
    xp = a.xp
    zero = a.zero(z)
    raised, error = a.raised(-xp.abs(z), zero, xp.ones_like(z, dtype=xp.bool))
    scaled = (positive + negative) * (xp.exp(raised) * (1.0 + error))
    for mass, part in ((negative, z), (positive, -z)):
        scaled = scaled + xp.where(mass == 0, zero, (SCALE * mass) * xp.maximum(part, zero))
    return a.sum(xp.permute_dims(scaled, (1, 0))) / SCALE


def _exponentials(a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray]:
    xp = a.xp
    zero = a.zero(z)
    return xp.exp(xp.minimum(z, zero)), xp.exp(xp.minimum(-z, zero))
