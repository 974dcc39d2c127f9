"""The bar of the exact losses: values and gradients within 4 ulp of the truth.

Every value and every entry of the gradient counts.

Run ``python benchmarks/bars_distributions.py``: it prints the largest error of each case and exits
with 1 on a miss.

One ulp is the spacing of the dtype at the true value. A true value below the smallest normal
number may be missed by that number. For soft labels the gradient's ulp is that of the larger of
its two terms. The truth of binary outcomes is mpmath's, with 60 digits at the exact inputs. The
truth of softmax rows is computed in x87 extended precision with two-sum remainders (relative error
below 2^-58), and by mpmath for the worst rows of each case; by mpmath alone where NumPy's
longdouble is no wider than its double.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np

from xent.distributions import Bernoulli, Categorical, MultiLabel, MultiLabelSoftmax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BAR = 4.0
LONG_IS_WIDE = np.finfo(np.longdouble).eps < 2e-19
DTYPES = (np.float32, np.float64)
HARD = ("=0", "=1")
SOFT = (1e-6, 0.1, 0.3, 0.5, 0.9, 1 - 1e-6)

mpmath.mp.dps = 60


@dataclass(frozen=True)
class Result:
    """The largest errors of one case, in ulp."""

    case: str
    dtype: str
    value: float
    gradient: float

    @property
    def passed(self) -> bool:
        """Whether both are within the bar."""
        return self.value <= BAR and self.gradient <= BAR


# --- errors in ulp ------------------------------------------------------------------------------


def spacing(truth: Any, dtype: Any) -> Any:
    """Return the spacing of `dtype` at true values given as longdoubles."""
    info = np.finfo(dtype)
    _, exponent = np.frexp(np.maximum(np.abs(truth), np.longdouble(info.smallest_normal)))
    return np.ldexp(np.longdouble(1), exponent - 1 - info.nmant)


def ulps(result: Any, truth: Any, remainder: Any = 0.0, scale: Any = None) -> Any:
    """Return the error against truth + remainder, in ulp of `scale` (of the truth itself)."""
    error = np.abs((result.astype(np.longdouble) - truth) - remainder)
    truth = np.asarray(truth, np.longdouble) + remainder
    units = error / spacing(truth if scale is None else scale, result.dtype)
    units[np.isnan(units)] = np.inf
    if scale is None:
        tiny = np.longdouble(np.finfo(result.dtype).smallest_normal)
        units[(np.abs(truth) < tiny) & (error <= tiny)] = 0.0
    return units.astype(np.float64)


# --- binary outcomes ----------------------------------------------------------------------------


def binary_grid(dtype: Any, stride: int) -> Any:
    """Return the magnitudes of the grid, from the smallest subnormal number to 1e4."""
    smallest = float(np.finfo(dtype).smallest_subnormal)
    parts = (
        np.exp(np.linspace(math.log(smallest), math.log(1e4), 6000)),
        np.arange(0, 120, 1 / 256),
        np.arange(120, 800, 1 / 8),
        np.arange(800, 1e4, 2.3),
    )
    return np.unique(np.concatenate(parts).astype(dtype))[::stride]


def binary_truth(magnitudes: Any) -> dict[str, tuple[Any, Any]]:
    """Return log(1 + e), e / (1 + e), 1 / (1 + e) with e = exp(-|z|), each in two doubles."""
    parts: dict[str, list[tuple[float, float]]] = {"log": [], "small": [], "large": []}
    for magnitude in magnitudes.astype(np.float64).tolist():
        e = mpmath.exp(-mpmath.mpf(magnitude))
        # 60 digits hold 1 + e to no more than e's leading ones below 1e-60: the series says more.
        log = mpmath.log1p(e) if e > 1e-20 else e - e * e / 2 + e**3 / 3
        for name, exact in (("log", log), ("small", e / (1 + e)), ("large", 1 / (1 + e))):
            high = float(exact)
            parts[name].append((high, float(exact - mpmath.mpf(high))))
    return {name: tuple(np.array(pairs).T) for name, pairs in parts.items()}  # type: ignore[misc]


@dataclass(frozen=True)
class BinaryTruth:
    """Losses and gradients of the grid with both signs, label 1; label 0 is its mirror image."""

    z: Any
    value: tuple[Any, Any]
    gradient: tuple[Any, Any]


def binary_case(dtype: Any, stride: int) -> BinaryTruth:
    """Return the grid of both signs with its truth for label 1."""
    magnitudes = binary_grid(dtype, stride)
    truth = binary_truth(magnitudes)
    wide = magnitudes.astype(np.longdouble)
    log, small, large = truth["log"], truth["small"], truth["large"]
    # Label 1: z > 0 costs log(1 + e), z < 0 costs |z| more; the gradient is minus the probability
    # of 0.
    value = (np.concatenate([log[0], wide + log[0]]), np.concatenate([log[1], log[1]]))
    gradient = (
        -np.concatenate([small[0], large[0]]),
        -np.concatenate([small[1], large[1]]),
    )
    return BinaryTruth(np.concatenate([magnitudes, -magnitudes]), value, gradient)


def bernoulli_results(stride: int = 1) -> Iterator[Result]:
    """Measure Bernoulli on the grid: hard labels, and soft ones."""
    for dtype in DTYPES:
        truth = binary_case(dtype, stride)
        for label, sign in ((1, 1), (0, -1)):
            z, y = sign * truth.z, np.full(truth.z.shape, label)
            value, grad = Bernoulli().value_and_grad(z, y)
            yield Result(
                f"Bernoulli y={label}",
                dtype.__name__,
                ulps(value, *truth.value).max(),
                ulps(sign * grad, *truth.gradient).max(),
            )
        for label in SOFT:
            yield soft_binary_result(truth, dtype, label)


def soft_binary_result(truth: BinaryTruth, dtype: Any, label: float) -> Result:
    """Measure one soft label: the mixture of the two hard ones."""
    y = np.full(truth.z.shape, label, dtype)
    value, grad = Bernoulli().value_and_grad(truth.z, y)
    # The truth of label 0 is that of label 1 at -z: the grid's halves change places.
    half = truth.z.size // 2
    mirror = np.r_[half : 2 * half, :half]
    positive = y.astype(np.longdouble)
    negative = 1 - positive
    yes = truth.value[0] + np.longdouble(1) * truth.value[1]
    down = truth.gradient[0] + np.longdouble(1) * truth.gradient[1]
    exact = positive * yes + negative * yes[mirror]
    first, second = negative * -down[mirror], positive * down
    larger = np.maximum(np.abs(first), np.abs(second))
    return Result(
        f"Bernoulli y={label:g}",
        dtype.__name__,
        ulps(value, exact).max(),
        ulps(grad, first + second, scale=larger).max(),
    )


def multilabel_results(stride: int = 1) -> Iterator[Result]:
    """Measure MultiLabel: the grid in rows of several labels, and rows of tiny losses."""
    rng = np.random.default_rng(0)
    for dtype in DTYPES:
        truth = binary_case(dtype, stride)
        for n_labels in (1, 7, 100):
            n = truth.z.size // n_labels
            order = rng.permutation(truth.z.size)[: n * n_labels].reshape(n, n_labels)
            labels = rng.integers(0, 2, (n, n_labels))
            yield multilabel_result(truth, dtype, order, labels)
        yield tiny_rows_result(dtype, rng, max(2, 40 // stride))


def multilabel_result(truth: BinaryTruth, dtype: Any, order: Any, labels: Any) -> Result:
    """Measure rows of labels from the grid; label 0 takes the negative logit of its truth."""
    sign = np.where(labels == 1, 1, -1).astype(dtype)
    z = sign * truth.z[order]
    value, grad = MultiLabel(order.shape[1]).value_and_grad(z, labels)
    high, low = (part[order] for part in truth.value)
    exact = np.sum(high.astype(np.longdouble), axis=1) + np.sum(low.astype(np.longdouble), axis=1)
    gradient = tuple(part[order] for part in truth.gradient)
    return Result(
        f"MultiLabel({order.shape[1]})",
        dtype.__name__,
        ulps(value, exact).max(),
        ulps(sign * grad, *gradient).max(),
    )


def tiny_rows_result(dtype: Any, rng: np.random.Generator, n: int) -> Result:
    """Measure rows of 999 subnormal losses whose sum is normal."""
    magnitudes = barely_normal_sums(rng, n, 1000, dtype)[:, 1:].astype(dtype)
    truth = binary_truth(magnitudes.ravel())
    parts = {
        name: [part.reshape(magnitudes.shape) for part in pair] for name, pair in truth.items()
    }
    exact = [
        float(mpmath.fsum(mpmath.exp(-mpmath.mpf(m)) for m in row)) for row in magnitudes.tolist()
    ]
    value, grad = MultiLabel(999).value_and_grad(magnitudes, np.ones(magnitudes.shape))
    return Result(
        "MultiLabel(999) tiny",
        dtype.__name__,
        ulps(value, np.array(exact)).max(),
        ulps(-grad, *parts["small"]).max(),
    )


def barely_normal_sums(rng: np.random.Generator, n: int, k: int, dtype: Any) -> Any:
    """Return distances whose k - 1 exponentials are subnormal each and normal together.

    In every other row they are equal, so that their rounding errors add up.
    """
    edge = -math.log(float(np.finfo(dtype).smallest_normal))
    distances = edge + rng.uniform(0.8, 0.99, (n, k)) * math.log(k - 1)
    distances[::2] = distances[::2, :1]
    return distances


# --- one of several classes ---------------------------------------------------------------------

#: Distance to the winner at which exp leaves the normal range, roughly.
SUBNORMAL = {np.float32: (86.0, 106.0), np.float64: (706.0, 747.0)}
N_CLASSES = (2, 3, 10, 1000)


def logit_cases(rng: np.random.Generator, n: int, k: int, dtype: Any) -> Iterator[tuple[str, Any]]:
    """Return the logits of every case of the bar."""
    yield "normal(0, 1)", rng.normal(0, 1, (n, k))
    yield "normal(0, 5)", rng.normal(0, 5, (n, k))
    yield "+-10^U(-3, 4)", rng.choice([-1, 1], (n, k)) * 10 ** rng.uniform(-3, 4, (n, k))
    close = rng.normal(0, 5, (n, k))
    top = np.argmax(close, axis=1)
    rows = np.arange(n)
    close[rows, (top + 1) % k] = close[rows, top] - rng.uniform(0, 1e-6, n)
    yield "within 1e-6", close
    ties = np.round(rng.normal(0, 2, (n, k)), 1)
    ties[rows, rng.integers(0, k, n)] = ties.max(axis=1)
    ties[:: max(1, n // 8)] = 0.0
    yield "exact ties", ties
    low, high = SUBNORMAL[dtype]
    for name, widest in (("subnormal", high + 15), ("near normal", low + 8)):
        deep = rng.normal(0, 1, (n, 1)) - rng.uniform(low, widest, (n, k))
        deep[rows, rng.integers(0, k, n)] = rng.normal(0, 1, n)
        yield f"all but one {name}", deep
    deep = -barely_normal_sums(rng, n, k, dtype)
    deep[rows, rng.integers(0, k, n)] = 0.0
    yield "subnormal, sum normal", deep


def targets_of(z: Any, rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    """Return the largest, the second and any other class as targets."""
    order = np.argsort(-z, axis=1, kind="stable")
    yield "largest", order[:, 0]
    yield "second", order[:, 1]
    if z.shape[1] > 2:
        yield "other", order[np.arange(len(z)), rng.integers(2, z.shape[1], len(z))]


@dataclass(frozen=True)
class SoftmaxTruth:
    """Surprisals, probabilities and their complements, (n, k) longdoubles."""

    surprisal: Any
    p: Any
    q: Any


def long_truth(z: Any) -> SoftmaxTruth:
    """Return the truth in extended precision, the remainders of the distances carried."""
    long = z.astype(np.longdouble)
    top = np.argmax(long, axis=1)[:, None]
    distance = long - np.take_along_axis(long, top, axis=1)
    part = distance - long
    remainder = (long - (distance - part)) + (-np.take_along_axis(long, top, axis=1) - part)
    e = np.exp(distance) * (1 + remainder)
    others = e.copy()
    np.put_along_axis(others, top, 0, axis=1)
    rest = np.sum(others, axis=1, keepdims=True)
    without = (1 + rest) - e  # at least 1 where the class is not the winner
    np.put_along_axis(without, top, rest, axis=1)
    return SoftmaxTruth(
        (np.log1p(rest) - remainder) - distance, e / (1 + rest), without / (1 + rest)
    )


def mpmath_truth(z: Any) -> SoftmaxTruth:
    """Return the truth of mpmath, rounded to longdoubles; slow."""
    rows: list[tuple[list[Any], list[Any], list[Any]]] = []
    for row in z.astype(np.float64).tolist():
        exact = [mpmath.mpf(x) for x in row]
        top = max(exact)
        e = [mpmath.exp(x - top) for x in exact]
        winner = row.index(max(row))
        rest = mpmath.fsum(e[:winner] + e[winner + 1 :])
        log = mpmath.log1p(rest) if rest > 1e-20 else rest - rest * rest / 2
        without = [rest if j == winner else 1 + rest - e[j] for j in range(len(e))]
        rows.append(
            (
                [long_of(top - x + log) for x in exact],
                [long_of(x / (1 + rest)) for x in e],
                [long_of(x / (1 + rest)) for x in without],
            )
        )
    return SoftmaxTruth(*(np.array(part, np.longdouble) for part in zip(*rows, strict=True)))


def long_of(x: Any) -> Any:
    """Return an mpmath number as a longdouble, from two doubles and a common power of two."""
    exponent = int(mpmath.frexp(x)[1]) if x else 0
    mantissa = mpmath.ldexp(x, -exponent)
    high = float(mantissa)
    return np.ldexp(np.longdouble(high) + np.longdouble(float(mantissa - high)), exponent)


Errors = tuple[Any, Any]


def hard_errors(z: Any, y: Any, truth: SoftmaxTruth) -> Errors:
    """Return the errors of values (n,) and gradients (n, k) at codes."""
    value, grad = Categorical(z.shape[1]).value_and_grad(z, y)
    rows = np.arange(len(z))
    exact = truth.p.copy()
    exact[rows, y] = -truth.q[rows, y]
    return ulps(value, truth.surprisal[rows, y]), ulps(grad, exact)


def soft_errors(z: Any, y: Any, truth: SoftmaxTruth) -> Errors:
    """Return the errors at rows of soft labels, and of several labels."""
    value, grad = MultiLabelSoftmax(z.shape[1]).value_and_grad(z, y)
    masses = y.astype(np.longdouble)
    exact = np.sum(np.where(masses == 0, 0, masses * truth.surprisal), axis=1)
    first = truth.p * np.sum(masses, axis=1, keepdims=True)
    # Written without its cancellation, as one label's share is often all there is.
    others = np.sum(masses, axis=1, keepdims=True) - masses
    true_grad = truth.p * others - masses * truth.q
    return ulps(value, exact), ulps(grad, true_grad, scale=np.maximum(first, masses))


def softmax_result(
    case: str, z: Any, y: Any, truth: SoftmaxTruth, errors: Callable[..., Errors], n_checked: int
) -> Result:
    """Measure one case, with the worst rows measured again against mpmath."""
    value, gradient = errors(z, y, truth)
    if LONG_IS_WIDE and n_checked:
        worst = np.unique(
            np.r_[np.argsort(value)[-n_checked:], np.argsort(gradient.max(axis=1))[-n_checked:]]
        )
        value[worst], gradient[worst] = errors(z[worst], y[worst], mpmath_truth(z[worst]))
    return Result(case, z.dtype.name, value.max(), gradient.max())


def soft_labels(rng: np.random.Generator, n: int, k: int, dtype: Any) -> Any:
    """Return rows of soft labels: even, uneven, one-hot, and with zeros."""
    y = rng.dirichlet(np.full(k, 0.3), n)
    y[::3] = rng.dirichlet(np.full(k, 5.0), len(y[::3]))
    y[::4] = np.eye(k)[rng.integers(0, k, len(y[::4]))]
    y[1::4] = y[1::4] * 0.8 + 0.2 / k
    return np.minimum(y, 1).astype(dtype)


def categorical_results(n_numbers: int = 120_000, n_checked: int = 2) -> Iterator[Result]:
    """Measure every case with about `n_numbers` logits each."""
    rng = np.random.default_rng(1)
    for dtype in DTYPES:
        for k in N_CLASSES:
            n = max(n_numbers // k, 6)
            for name, logits in logit_cases(rng, n, k, dtype):
                z = logits.astype(dtype)
                truth = long_truth(z) if LONG_IS_WIDE else mpmath_truth(z)
                for target, y in targets_of(z, rng):
                    case = f"Categorical({k}) {name}, {target}"
                    yield softmax_result(case, z, y, truth, hard_errors, n_checked)
                y = soft_labels(rng, n, k, dtype)
                case = f"Categorical({k}) {name}, soft"
                yield softmax_result(case, z, y, truth, soft_errors, n_checked)


def all_results() -> Iterator[Result]:
    """Measure everything."""
    yield from bernoulli_results()
    yield from multilabel_results()
    yield from categorical_results()


def family_of(result: Result) -> str:
    """Return the row of the summary that a case belongs to."""
    name = result.case.split()[0]
    is_soft = result.case.endswith("soft") or (name == "Bernoulli" and result.case[-2:] not in HARD)
    return f"{name}, {'soft' if is_soft else 'hard'} labels, {result.dtype}"


def summary(results: list[Result]) -> Iterator[tuple[str, float, float, bool]]:
    """Return the largest errors of each family, and whether all of its cases passed."""
    families = list(dict.fromkeys(map(family_of, results)))
    for family in families:
        members = [result for result in results if family_of(result) == family]
        value = max(result.value for result in members)
        gradient = max(result.gradient for result in members)
        yield family, value, gradient, all(result.passed for result in members)


def main() -> int:
    """Print every case, report the summary; return 1 where a bar is missed."""
    from results import Row, report

    start = time.perf_counter()
    results: list[Result] = []
    print(f"{'case':<52}{'dtype':<9}{'value':>8}{'gradient':>10}   (largest error, ulp)")
    for result in all_results():
        mark = "" if result.passed else "  MISSED"
        print(
            f"{result.case:<52}{result.dtype:<9}{result.value:8.3f}{result.gradient:10.3f}{mark}",
            flush=True,
        )
        results.append(result)
    rows = [
        Row(
            f"{family}: value; gradient",
            f"{value:.2f}; {gradient:.2f} ulp",
            f"at most {BAR:g}",
            holds,
        )
        for family, value, gradient, holds in summary(results)
    ]
    seconds = time.perf_counter() - start
    notes = [
        f"{len(results)} cases, the largest error of each family; truth by mpmath, {seconds:.0f} s."
    ]
    return report("Exactness of the losses", rows, notes=notes)


if __name__ == "__main__":
    sys.exit(main())
