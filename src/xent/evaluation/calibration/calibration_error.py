"""Calibration errors of bins, each beside its value for a calibrated model.

The plug-in errors are biased upwards: a model that says the truth has an expected calibration error
above 0 on any sample. So none is returned without its mean over truths drawn from the given
probabilities themselves.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.calibration.pooling import probability_rows
from xent.evaluation.calibration.reliability import binned_pools, plain_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray
    from xent.evaluation.calibration.pooling import Pools

__all__ = [
    "CalibrationError",
    "expected_calibration_error",
    "maximum_calibration_error",
    "mean_gap_error",
    "rms_calibration_error",
]

# Above this many rows a bin's sum is drawn from its normal limit; below, row by row.
LARGEST_EXACT_BIN = 1000


@dataclass(frozen=True)
class CalibrationError:
    """A calibration error, and what it would be were the model calibrated.

    Parameters
    ----------
    value : float
        The plug-in error, in [0, 1].
    under_calibration : float
        Its mean when each truth is drawn with the probability that was said.
    p_value : float
        Share of such draws with an error at least as large, the sample counted as one of them.
    debiased : float
        The error corrected for its bias; NaN for the maximum, which has no such correction.
    n_bins : int
        The bins asked for.
    bins : str
        "equal_width" or "equal_mass".
    n_rows : int
        Rows of positive weight.
    n_simulations, random_state : int
        How the value under calibration was made.
    why : str
        What is undefined or was left out.
    """

    value: float
    under_calibration: float
    p_value: float
    debiased: float
    n_bins: int
    bins: str
    n_rows: int
    n_simulations: int
    random_state: int
    why: str = ""

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.under_calibration:.4f} if calibrated)"

    def to_json(self) -> dict[str, Any]:
        """Return plain values; NaN is None."""
        parts = asdict(self)
        names = ("value", "under_calibration", "p_value", "debiased")
        numbers = plain_list(np.array([parts[name] for name in names]))
        return {**parts, **dict(zip(names, numbers, strict=True))}


def expected_calibration_error(
    y: object,
    *,
    probabilities: object,
    n_bins: int = 15,
    bins: str = "equal_width",
    weight: object = None,
    n_simulations: int = 1000,
    random_state: int = 0,
) -> CalibrationError:
    """Return the positive class's expected calibration error: sum over bins of W_b / W * |gap_b|.

    The gap of a bin is its mean probability less its share of positives. The debiased error is
    2 * value - E|gap + noise|, the noise being normal with the variance of the bin's share (Kumar
    et al. 2019, appendix); the expectation is that of a folded normal, so nothing is drawn for it.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1]. For the confidence in the predicted class see
        `top_label_calibration_error`: it is another figure.
    n_bins : int
        How many bins.
    bins : {"equal_width", "equal_mass"}
        Bins of one width, or with about the same number of rows.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish. For variances a bin has Kish's effective number of
        rows.
    n_simulations : int
        Draws for the value under calibration: row by row in bins of up to 1,000 rows, from the
        normal limit of the bin's sum above.
    random_state : int
        Seed of the draws.

    Raises
    ------
    XentError
        When the arrays do not fit, or a setting is out of range.

    References
    ----------
    Naeini, Cooper & Hauskrecht, AAAI 2015; Kumar, Liang & Ma, NeurIPS 2019.

    Examples
    --------
    >>> y, p = [0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9]
    >>> error = expected_calibration_error(y, probabilities=p, n_bins=2)
    >>> round(error.value, 6), error.under_calibration > error.value
    (0.2, True)
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    return mean_gap_error(truth, p, kept, (n_bins, bins, n_simulations, random_state))


def maximum_calibration_error(
    y: object,
    *,
    probabilities: object,
    n_bins: int = 15,
    bins: str = "equal_width",
    weight: object = None,
    n_simulations: int = 1000,
    random_state: int = 0,
) -> CalibrationError:
    """Maximum calibration error: the largest gap of any bin that holds a row.

    Parameters
    ----------
    y, probabilities, n_bins, bins, weight, n_simulations, random_state
        As for `expected_calibration_error`.

    Raises
    ------
    XentError
        As `expected_calibration_error`.

    Examples
    --------
    >>> error = maximum_calibration_error([0, 1], probabilities=[0.1, 0.6], n_bins=2)
    >>> round(error.value, 6), error.why
    (0.4, 'a maximum has no debiased value')
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    return _error(truth, p, kept, (n_bins, bins, n_simulations, random_state), _largest_gap, _none)


def rms_calibration_error(
    y: object,
    *,
    probabilities: object,
    n_bins: int = 15,
    bins: str = "equal_width",
    weight: object = None,
    n_simulations: int = 1000,
    random_state: int = 0,
) -> CalibrationError:
    """Root mean square calibration error: sqrt of the sum over bins of W_b / W * gap_b^2.

    The debiased error takes s_b (1 - s_b) / (n_b - 1) off each squared gap (Kumar et al. 2019,
    definition 5.1) and is 0 where less than nothing remains; bins of one row are left out of it,
    as they tell nothing about their variance.

    Parameters
    ----------
    y, probabilities, n_bins, bins, weight, n_simulations, random_state
        As for `expected_calibration_error`.

    Raises
    ------
    XentError
        As `expected_calibration_error`.

    Examples
    --------
    >>> error = rms_calibration_error([0, 1], probabilities=[0.1, 0.6], n_bins=2)
    >>> round(error.value, 6)
    0.291548
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    return _error(truth, p, kept, (n_bins, bins, n_simulations, random_state), _rms_gap, _unbiased)


def mean_gap_error(
    truth: Array, p: FloatArray, weight: FloatArray | None, settings: tuple[int, str, int, int]
) -> CalibrationError:
    """Return the expected calibration error of checked rows.

    The settings are n_bins, bins, n_simulations and random_state.
    """
    return _error(truth, p, weight, settings, _mean_gap, _folded)


def _error(
    truth: Array,
    p: FloatArray,
    weight: FloatArray | None,
    settings: tuple[int, str, int, int],
    norm: Callable[[FloatArray, FloatArray], FloatArray],
    correct: Callable[[FloatArray, FloatArray, Pools], tuple[float, str]],
) -> CalibrationError:
    n_bins, bins, n_simulations, random_state = settings
    if n_simulations < 1:
        raise XentError(f"n_simulations must be at least 1, got {n_simulations!r}.")
    pools, place = binned_pools(truth, p, weight, n_bins, bins)
    filled = pools.weight > 0
    gap, mass = (pools.probability - pools.share)[filled], pools.weight[filled]
    mass = mass / mass.sum()
    value = float(norm(gap, mass))
    drawn = norm(_drawn_gaps(p, weight, place, n_simulations, random_state), mass)
    # Draws that equal the sample but for rounding count as equal.
    as_large = int(np.count_nonzero(drawn >= value - 1e-12))
    debiased, why = correct(gap, mass, pools)
    return CalibrationError(
        value,
        float(drawn.mean()),
        (as_large + 1) / (n_simulations + 1),
        debiased,
        int(n_bins),
        bins,
        int(p.size),
        int(n_simulations),
        random_state,
        why,
    )


def _drawn_gaps(
    p: FloatArray, weight: FloatArray | None, place: Array, n_simulations: int, random_state: int
) -> FloatArray:
    rng = np.random.default_rng(random_state)
    order = np.argsort(place, kind="stable")
    sizes = np.bincount(place)
    sizes = sizes[sizes > 0]
    gaps = np.empty((n_simulations, sizes.size))
    for k, rows in enumerate(np.split(order, np.cumsum(sizes)[:-1])):
        said = p[rows]
        w = np.ones(rows.size) if weight is None else weight[rows]
        if rows.size <= LARGEST_EXACT_BIN:
            events = rng.random((n_simulations, rows.size)) < said
            gaps[:, k] = (np.dot(w, said) - events @ w) / w.sum()
        else:
            deviation = np.sqrt(np.dot(w * w, said * (1 - said))) / w.sum()
            gaps[:, k] = rng.normal(0.0, deviation, n_simulations)
    return gaps


def _mean_gap(gap: FloatArray, mass: FloatArray) -> FloatArray:
    return np.asarray(np.abs(gap) @ mass)


def _largest_gap(gap: FloatArray, _mass: FloatArray) -> FloatArray:
    return np.asarray(np.abs(gap).max(axis=-1))


def _rms_gap(gap: FloatArray, mass: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.square(gap) @ mass))


def _none(_gap: FloatArray, _mass: FloatArray, _pools: Pools) -> tuple[float, str]:
    return float("nan"), "a maximum has no debiased value"


def _folded(gap: FloatArray, mass: FloatArray, pools: Pools) -> tuple[float, str]:
    from scipy.special import erf

    filled = pools.weight > 0
    share = pools.share[filled]
    deviation = np.sqrt(share * (1 - share) / pools.n_effective[filled])
    size = np.abs(gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(deviation > 0, size / deviation, np.inf)
    # E|g + s Z| = s sqrt(2 / pi) exp(-g^2 / 2 s^2) + g erf(g / s sqrt(2))
    tail = deviation * np.sqrt(2 / np.pi) * np.exp(-np.square(ratio) / 2)
    noisy = tail + size * erf(ratio / np.sqrt(2))
    return max(float((2 * size - noisy) @ mass), 0.0), ""


def _unbiased(gap: FloatArray, mass: FloatArray, pools: Pools) -> tuple[float, str]:
    filled = pools.weight > 0
    share, n = pools.share[filled], pools.n_effective[filled]
    told = n > 1 + 1e-9
    if not told.any():
        return float("nan"), "no bin holds two rows"
    left_out = int(np.count_nonzero(~told))
    variance = (share * (1 - share))[told] / (n[told] - 1)
    squared = float((np.square(gap[told]) - variance) @ mass[told] / mass[told].sum())
    why = f"debiased without {left_out} bins of one row" if left_out else ""
    return max(squared, 0.0) ** 0.5, why
