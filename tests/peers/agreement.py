"""A figure of xent beside its counterpart: where the two agree, and where they differ on purpose.

Each test file declares a table of `Agreement`s; `check` holds one of them against random cases, and
its marker is a row of docs/agreement.md.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NAN, INF = float("nan"), float("inf")
ANY = object()
N_ROWS = st.sampled_from([1, 2, 3, 5, 8, 13, 40])
SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Difference:
    """Cases in which xent differs on purpose, and what each of the two gives there.

    Parameters
    ----------
    where : callable
        Whether a case is one of them.
    ours, theirs : number, callable, exception type or ANY
        The value, or what makes it from the case; for theirs also the error that it raises.
    why : str
        For the page.
    """

    where: Callable[[Any], bool]
    ours: Any
    theirs: Any
    why: str


@dataclass(frozen=True)
class Agreement:
    """A figure, its counterpart, how closely they agree and where they differ.

    Parameters
    ----------
    figure, peer : str
        The public name in xent.evaluation; the call of the other package, for the page.
    ours, theirs : callable
        Each takes a case and gives a number, an array or a tuple of arrays.
    exact : bool
        Whether the two are equal to the last bit where a case has no weights.
    rtol, atol : float
        How close they are otherwise.
    differences : sequence of Difference
        The first one that fits a case is asserted instead.
    """

    figure: str
    peer: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    exact: bool = False
    rtol: float = 1e-12
    atol: float = 1e-15
    differences: Sequence[Difference] = ()

    def row(self, inputs: str, name: str = "") -> Any:
        """Return the parameter of a test, with the row of docs/agreement.md as its marker."""
        close = f"{self.rtol:.0e}".replace("e-0", "e-")
        mark = pytest.mark.agreement(
            figure=self.figure,
            peer=self.peer if " " in self.peer else f"`{self.peer}`",
            inputs=inputs,
            agreement=f"exact; weighted {close}" if self.exact else close,
            difference="; ".join(difference.why for difference in self.differences),
        )
        return pytest.param(self, id=name or f"{self.figure}-{self.peer}", marks=mark)

    def compare(self, case: Any) -> int:
        """Compare the two on a case; return the place of the difference that fits, or -1."""
        for place, difference in enumerate(self.differences):
            if difference.where(case):
                same(self.ours(case), _expected(difference.ours, case))
                _check_theirs(self.theirs, difference.theirs, case)
                return place
        exact = self.exact and case.weight is None
        rtol, atol = (0.0, 0.0) if exact else (self.rtol, self.atol)
        same(self.ours(case), quietly(self.theirs, case), rtol, atol)
        return -1


N_ROUNDS = 20


def check(
    agreement: Agreement,
    cases: st.SearchStrategy[Any],
    n_examples: int = 35,
    known: Sequence[Any] = (),
) -> None:
    """Hold an agreement against random and known cases, which must meet each of its differences."""
    met: Counter[int] = Counter(agreement.compare(case) for case in known)
    wanted = {-1, *range(len(agreement.differences))}

    @settings(max_examples=n_examples)
    @given(cases)
    def compare(case: Any) -> None:
        met[agreement.compare(case)] += 1

    # what Hypothesis draws depends on the modules that are loaded: some differences are rare
    for number in range(N_ROUNDS):
        seed(number)(compare)()
        if set(met) == wanted:
            return
    raise AssertionError(f"met {dict(met)}, of {sorted(wanted)}: a difference was never met")


def same(ours: Any, theirs: Any, rtol: float = 1e-12, atol: float = 1e-15) -> None:
    """Assert that numbers, arrays or tuples of arrays are close; NaN equals NaN."""
    if isinstance(ours, tuple):
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine, other, rtol=rtol, atol=atol)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def quietly(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call the other package without its warnings, which it gives where xent gives NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **keywords)


def random_weights(kind: str, n_rows: int, rng: np.random.Generator) -> Any:
    """Return weights of a kind of `WEIGHT_KINDS`; at least one is positive."""
    if kind == "none":
        return None
    if kind == "uneven":
        weight = 10.0 ** rng.uniform(-3, 3, n_rows)
    else:
        weight = rng.integers(0, 4, n_rows).astype(float)
        weight[rng.integers(n_rows)] = 1.0
    return weight


WEIGHT_KINDS = st.sampled_from(["none", "none", "zeros", "uneven"])


def _expected(value: Any, case: Any) -> Any:
    return value(case) if callable(value) else value


def _check_theirs(theirs: Callable[[Any], Any], expected: Any, case: Any) -> None:
    if isinstance(expected, type):
        with pytest.raises(expected):
            quietly(theirs, case)
    elif expected is not ANY:
        same(quietly(theirs, case), _expected(expected, case))
