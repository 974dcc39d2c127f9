"""The loss of those who hold only probabilities, and what a clip would hide.

A probability that was rounded to 0 or 1 has lost its logit: its loss is infinite when the other
outcome happens, and every clip replaces that by a number of its own making, flat, with gradient 0.
So the policy is declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xent.distributions.classes import ClassDistribution
from xent.distributions.exact import Arithmetic
from xent.distributions.namespaces import as_floats, namespace_of, to_numpy, working_dtype
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from xent.distributions.namespaces import AnyArray

__all__ = ["ProbabilityLoss", "nll_from_probabilities"]

Policy = Literal["raise", "clip", "infinity"]
_POLICIES = ("raise", "clip", "infinity")
_ROW_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class ProbabilityLoss:
    """Losses computed from probabilities, and how far to trust them.

    Attributes
    ----------
    nll : array of shape (n,)
        In nats, in the dtype of the probabilities.
    gap : array of shape (n,)
        What the clip hides: the loss without the clip minus `nll`; infinite where a probability
        was exactly 0, and 0 where nothing was clipped.
    n_clipped : int
        Rows whose loss the clip changed.
    explanation : str
        One sentence for people.
    """

    nll: AnyArray
    gap: AnyArray
    n_clipped: int
    explanation: str


def nll_from_probabilities(
    distribution: ClassDistribution, p: AnyArray, y: AnyArray, *, policy: Policy = "raise"
) -> ProbabilityLoss:
    """Return the negative log-likelihood of targets under given probabilities, in nats.

    Use logits where there are any: ``distribution.nll(z, y)`` is exact.

    Parameters
    ----------
    distribution : Bernoulli, Categorical, MultiLabel or MultiLabelSoftmax, plain, weighted or
    smoothed
        What the probabilities are of.
    p : array of shape (n, n_outputs), or (n,)
        Probabilities in [0, 1]; rows sum to 1 for softmax distributions.
    y : array
        Targets of the distribution.
    policy : {"raise", "clip", "infinity"}
        What to do where the target's probability is 0: refuse; clip probabilities to [eps, 1 -
        eps] with the eps of their dtype (the gradient is 0 there, and the gap tells what is
        hidden); or return infinity.

    Raises
    ------
    XentError
        If `p` is outside [0, 1] or NaN (logits?), rows do not sum to 1, targets do not fit, or a
        loss is infinite under the policy "raise".

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> nll_from_probabilities(Bernoulli(), [0.8], [1]).nll.round(4)
    array([0.2231])
    >>> clipped = nll_from_probabilities(Bernoulli(), [0.0, 0.8], [1, 1], policy="clip")
    >>> clipped.nll.round(4), clipped.gap
    (array([36.0437,  0.2231]), array([inf,  0.]))
    """
    if policy not in _POLICIES:
        raise XentError(
            f"policy must be one of {_POLICIES}, got {policy!r}."
            + nearest_hint(str(policy), _POLICIES)
        )
    if not isinstance(distribution, ClassDistribution):
        raise XentError(
            f"distribution must be over classes, such as Bernoulli(), got {distribution!r}."
        )
    p = _checked(distribution, p)
    xp = namespace_of(p)
    targets = distribution.targets_like(y, p.shape[0], p)
    wide = working_dtype(xp, p)
    a = Arithmetic(xp, xp.finfo(wide).bits, carries=wide == p.dtype)
    exact = _losses(distribution, a, xp.astype(p, wide), targets)
    eps = float(xp.finfo(p.dtype).eps)
    clipped = _losses(distribution, a, xp.clip(xp.astype(p, wide), eps, 1 - eps), targets)
    infinite = xp.isinf(exact)
    if policy == "raise" and bool(xp.any(infinite)):
        row = int(np.flatnonzero(to_numpy(infinite))[0])
        raise XentError(
            f"p must not be 0 for the target, got that at row {row}: its loss is infinite. "
            "Pass logits to nll, or choose policy='clip' or policy='infinity'."
        )
    if policy != "clip":
        return ProbabilityLoss(
            xp.astype(exact, p.dtype), xp.zeros_like(p[:, 0]), 0, "Nothing was clipped."
        )
    return _clipped(xp, p, exact, clipped, eps)


def _clipped(
    xp: Any, p: AnyArray, exact: AnyArray, clipped: AnyArray, eps: float
) -> ProbabilityLoss:
    # Clipping also lifts losses below -log(1 - eps), by at most eps: that is the floor, no gap.
    hides = exact > clipped
    gap = xp.where(hides, exact - clipped, xp.zeros_like(exact))
    n_clipped = int(xp.count_nonzero(hides))
    limit = -float(np.log(eps))
    explanation = (
        f"{n_clipped} of {p.shape[0]} rows have a target probability below {eps:.3g}. "
        f"Their loss is cut at {limit:.4f} nats for each such outcome, and its gradient is 0; "
        "the true loss is higher by the gap, without bound where the probability is 0."
        if n_clipped
        else "Nothing was clipped."
    )
    return ProbabilityLoss(
        xp.astype(clipped, p.dtype), xp.astype(gap, p.dtype), n_clipped, explanation
    )


def _losses(distribution: ClassDistribution, a: Arithmetic, p: AnyArray, y: AnyArray) -> AnyArray:
    core = distribution.core
    column = p[:, 0] if core.mass_shape == (2,) and core.n_outputs == 1 else p
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        masses = distribution.masses(a, column, y)
        surprisals = core.probability_surprisals(a.xp, p)
        terms = a.xp.where(masses == 0, a.zero(p), masses * surprisals)
    # log1p(-0.0) and -log(1.0) are -0.0: certainty costs 0.
    return a.xp.sum(terms.reshape((p.shape[0], -1)), axis=1) + 0.0


def _checked(distribution: ClassDistribution, p: AnyArray) -> AnyArray:
    p = as_floats(p, "p")
    k = distribution.n_outputs
    if p.ndim == 1 and k == 1:
        p = p[:, None]
    if p.ndim != 2 or p.shape[1] != k:
        raise XentError(f"p must have shape (n, {k}) for {distribution!r}, got {tuple(p.shape)}.")
    xp = namespace_of(p)
    if bool(xp.any(~((p >= 0) & (p <= 1)))):
        raise XentError(
            "p must lie in [0, 1], got other numbers. Are these logits? Use distribution.nll(z, y)."
        )
    if distribution.core.mass_shape == (k,) and k > 1:
        sums = xp.sum(xp.astype(p, working_dtype(xp, p)), axis=1)
        if bool(xp.any(xp.abs(sums - 1) > _ROW_SUM_TOLERANCE)):
            raise XentError(
                "p must have rows that sum to 1. Sigmoids of several classes? Use MultiLabel."
            )
    return p
