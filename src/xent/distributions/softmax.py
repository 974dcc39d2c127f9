"""One of K classes from logits: value, gradient and probabilities, exact for every logit.

With d_k = z_k - max z and e_k = exp(d_k), the class m of the largest logit has e_m = 1 and all
others sum to S = sum_{k != m} e_k, so that -log P(k) = -d_k + log1p(S), a sum of two non-negative
terms, and 1 - P(k) = (sum_{j != k} e_j) / (1 + S), where nothing cancels: for k = m it is S / (1 +
S). The remainders of the subtraction, of the sums and of the quotient are carried (`exact`), and
rows with terms near underflow are scaled, so that a sum of subnormal terms that is itself normal
keeps its digits.

All arrays here are (K, n): classes first, so that sums over classes run over whole rows of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xent.distributions.exact import SCALE
from xent.distributions.namespaces import device_of, is_numpy

if TYPE_CHECKING:
    from xent.distributions.exact import Arithmetic, Pair
    from xent.distributions.namespaces import AnyArray

__all__ = [
    "Exponentials",
    "code_gradient",
    "code_value",
    "exponentials",
    "gradient",
    "probabilities",
    "surprisals",
    "value",
]


@dataclass(frozen=True)
class Exponentials:
    """What every formula of one batch shares.

    Attributes
    ----------
    distance : pair of (K, n)
        d_k, at most 0.
    terms : pair of (K, n)
        e_k times `unit`.
    largest : (K, n) of bool
        True at the class m of the largest logit (the first of equals).
    others, total : pair of (n,)
        S and 1 + S, times `unit`.
    unit : (n,) or float
        1, or SCALE in rows with terms near underflow.
    """

    distance: Pair
    terms: Pair
    largest: AnyArray
    others: Pair
    total: Pair
    unit: Any


def exponentials(a: Arithmetic, z: AnyArray) -> Exponentials:
    """Return the shifted exponentials of logits `z` of shape (n, K)."""
    xp = a.xp
    z = xp.permute_dims(z, (1, 0))
    if is_numpy(xp):
        z = xp.ascontiguousarray(z)
    zero = a.zero(z)
    # The maximum is taken by its index, so that its derivative is that of one logit, at ties too.
    index = xp.argmax(z, axis=0, keepdims=True)
    maximum = xp.take_along_axis(z, index, axis=0)
    classes = xp.arange(z.shape[0], device=device_of(z))
    largest = classes[:, None] == index
    distance, error = a.difference(z, maximum)
    infinite = xp.isinf(z)
    if bool(xp.any(infinite)):  # equal infinities are a tie, and leave no remainder
        distance = xp.where(infinite & (z == maximum), zero, distance)
        if error is not None:
            error = xp.where(xp.isnan(error), zero, error)
    terms, unit = _terms(a, distance, error)
    one = unit + xp.zeros_like(maximum[0, ...])
    terms = (xp.where(largest, one, terms[0]), _masked(a, largest, terms[1]))
    others = a.total((xp.where(largest, zero, terms[0]), terms[1]))
    total = a.plus((one, zero), others)
    return Exponentials((distance, error), terms, largest, others, total, unit)


def _terms(a: Arithmetic, distance: AnyArray, error: AnyArray | None) -> tuple[Pair, Any]:
    """Return exp(distance + error) times its unit, and the unit of each row."""
    xp = a.xp
    if error is None:
        return (xp.exp(distance), None), 1.0
    deep = xp.min(distance, axis=0) < a.deep
    unit: Any = 1.0
    if bool(xp.any(deep)):
        distance, error = a.raised(distance, error, deep)
        unit = 1.0 + SCALE * xp.astype(deep, distance.dtype)  # 1 + SCALE rounds to SCALE
    values = xp.exp(distance)
    return (values, values * error), unit


def _masked(a: Arithmetic, mask: AnyArray, errors: AnyArray | None) -> AnyArray | None:
    return None if errors is None else a.xp.where(mask, a.zero(errors), errors)


def log_total(a: Arithmetic, e: Exponentials) -> AnyArray:
    """Return log(1 + S), which is -log P of the class of the largest logit."""
    main = a.xp.log1p(e.others[0] / e.unit)
    return main if e.others[1] is None else main + e.others[1] / e.total[0]


def _rest(a: Arithmetic, e: Exponentials) -> Pair:
    """Return the sum of all terms but its own, for every class, times `unit`."""
    xp = a.xp
    rest, error = a.plus(e.total, (-e.terms[0], _negative(e.terms[1])))
    if error is not None:
        error = xp.where(e.largest, e.others[1], error)
    return xp.where(e.largest, e.others[0], rest), error


def _negative(errors: AnyArray | None) -> AnyArray | None:
    return None if errors is None else -errors


def probabilities(a: Arithmetic, e: Exponentials) -> tuple[AnyArray, AnyArray]:
    """Return P(k) and 1 - P(k), both without cancellation, of shape (K, n)."""
    return a.ratio(e.terms, e.total), a.ratio(_rest(a, e), e.total)


def surprisals(a: Arithmetic, e: Exponentials) -> AnyArray:
    """Return -log P(k) of every class, in nats, of shape (K, n)."""
    distance, error = e.distance
    small = log_total(a, e)
    return small - distance if error is None else (small - error) - distance


def code_value(a: Arithmetic, e: Exponentials, codes: AnyArray) -> AnyArray:
    """Return -log P(code) of shape (n,)."""
    xp = a.xp
    distance, error = e.distance
    codes = codes[None, ...]
    small = log_total(a, e)
    if error is not None:
        small = small - xp.take_along_axis(error, codes, axis=0)[0, ...]
    return small - xp.take_along_axis(distance, codes, axis=0)[0, ...]


def code_gradient(a: Arithmetic, e: Exponentials, codes: AnyArray) -> AnyArray:
    """Return P(k) for k other than the code, -(1 - P(code)) for the code, of shape (K, n)."""
    xp = a.xp
    codes = codes[None, ...]
    classes = xp.arange(e.largest.shape[0], device=device_of(e.largest))
    target = classes[:, None] == codes
    own = _own(a, e, codes)
    rest, error = a.plus(e.total, (-own[0], _negative(own[1])))
    is_largest = xp.take_along_axis(e.largest, codes, axis=0)[0, ...]
    rest = xp.where(is_largest, e.others[0], rest)
    numerator = xp.where(target, -rest, e.terms[0])
    if error is None:
        return a.ratio((numerator, None), e.total)
    error = xp.where(is_largest, e.others[1], error)
    return a.ratio((numerator, xp.where(target, -error, e.terms[1])), e.total)


def _own(a: Arithmetic, e: Exponentials, codes: AnyArray) -> Pair:
    xp = a.xp
    errors = e.terms[1]
    own = xp.take_along_axis(e.terms[0], codes, axis=0)[0, ...]
    return own, None if errors is None else xp.take_along_axis(errors, codes, axis=0)[0, ...]


def value(a: Arithmetic, e: Exponentials, masses: AnyArray) -> AnyArray:
    """Return sum_k masses_k * -log P(k) of shape (n,), for any masses of shape (K, n)."""
    xp = a.xp
    distance, error = e.distance
    zero = a.zero(masses)
    none = masses == 0  # mass 0 meets no infinite logit
    products = xp.where(none, zero, masses * -distance)
    plain = xp.sum(products, axis=0)
    total_mass = a.sum(masses)
    small = xp.where(total_mass == 0, zero, total_mass * log_total(a, e))
    if error is None:
        return plain + small
    high, low = a.total((products, xp.where(none, zero, masses * -error)))
    exact = (small + low) + high
    return xp.where(xp.isinf(plain), plain, exact)


def gradient(a: Arithmetic, e: Exponentials, masses: AnyArray) -> AnyArray:
    """Return P(k) * (mass of the others) - mass_k * (1 - P(k)), of shape (K, n).

    It equals P(k) * (sum of masses) - mass_k, and agrees with `code_gradient` where one mass is 1
    and the rest 0.
    """
    others_mass = a.difference(a.sum(masses), masses)
    up = a.product(e.terms, others_mass)
    down = a.product(_rest(a, e), (masses, a.zero(masses)))
    return a.ratio(a.plus(up, (-down[0], _negative(down[1]))), e.total)
