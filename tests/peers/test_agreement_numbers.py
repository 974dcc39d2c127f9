"""Agreement with scikit-learn: figures of numeric predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import (
    ANY,
    N_ROWS,
    NAN,
    SEEDS,
    WEIGHT_KINDS,
    Agreement,
    Difference,
    check,
    random_weights,
)
from hypothesis import strategies as st
from sklearn import metrics

from xent import evaluation as ev
from xent.distributions import Gaussian

if TYPE_CHECKING:
    from collections.abc import Callable

INPUTS = "zeros, constant truth, perfect rows, 1e-6 to 1e6, float32"
POSITIVE = "positive: constant truth, perfect rows, 1e-9 to 1e6, float32"
KINDS = st.sampled_from(["normal", "wide", "zeros", "constant", "perfect"])


@dataclass(frozen=True)
class Case:
    """Truth, predictions and weights."""

    y: Any
    p: Any
    weight: Any

    @property
    def kept(self) -> Any:
        """Truth of the rows that weigh anything."""
        return self.y if self.weight is None else self.y[self.weight > 0]

    @property
    def ours(self) -> dict[str, Any]:
        return {"y": self.y, "predictions": self.p, "weight": self.weight}

    @property
    def theirs(self) -> dict[str, Any]:
        """In float64: scikit-learn computes float32 in float32."""
        y, p = self.y.astype(np.float64), self.p.astype(np.float64)
        return {"y_true": y, "y_pred": p, "sample_weight": self.weight}

    @property
    def kept_rows(self) -> tuple[Any, Any]:
        kept = slice(None) if self.weight is None else self.weight > 0
        return self.theirs["y_true"][kept], self.theirs["y_pred"][kept]

    @property
    def ends(self) -> dict[str, Any]:
        """Ends of intervals about the predictions."""
        p = self.theirs["y_pred"]
        return {"low": p - 1, "high": p + 1 + np.abs(p)}

    @property
    def size(self) -> float:
        """Weighted mean of the absolute truth."""
        keys = self.theirs
        return metrics.mean_absolute_error(keys["y_true"], 0 * self.y, sample_weight=self.weight)


@st.composite
def cases(draw: st.DrawFn, *, positive: bool = False) -> Case:
    n, kind, weights = draw(N_ROWS), draw(KINDS), draw(WEIGHT_KINDS)
    dtype = draw(st.sampled_from([np.float64, np.float64, np.float32]))
    rng = np.random.default_rng(draw(SEEDS))
    y, p = rng.normal(3, 2, (2, n))
    if kind == "wide":
        y, p = rng.normal(size=(2, n)) * 10.0 ** rng.uniform(-6, 6, (2, n))
    if kind == "zeros":
        y, p = y * rng.integers(0, 2, n), p * rng.integers(0, 2, n)
    if kind == "constant":
        y = np.full(n, rng.choice([0.0, 0.1, 3.0]))
    if kind == "perfect":
        p = np.where(rng.random(n) < 0.7, y, p)
    if positive:
        y, p = np.abs(y) + 1e-9, np.abs(p) + 1e-9
    return Case(y.astype(dtype), p.astype(dtype), random_weights(weights, n, rng))


def figure(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(**c.ours, **keys)


def of_sklearn(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(metrics, name)(**c.theirs, **keys)


CONSTANT = Difference(
    lambda c: c.kept.min() == c.kept.max(),
    NAN,
    ANY,
    "constant truth: NaN; scikit-learn 1 where it is met, else 0 or minus infinity",
)
TABLE = [
    Agreement("mae", "mean_absolute_error", figure("mae"), of_sklearn("mean_absolute_error")),
    Agreement("mse", "mean_squared_error", figure("mse"), of_sklearn("mean_squared_error")),
    Agreement(
        "rmse", "root_mean_squared_error", figure("rmse"), of_sklearn("root_mean_squared_error")
    ),
    Agreement(
        "median_absolute_error",
        "median_absolute_error",
        figure("median_absolute_error"),
        of_sklearn("median_absolute_error"),
    ),
    Agreement(
        "mape",
        "mean_absolute_percentage_error",
        figure("mape"),
        of_sklearn("mean_absolute_percentage_error"),
        differences=[
            Difference(
                lambda c: not c.kept.all(),
                NAN,
                ANY,
                "a truth of zero: NaN; scikit-learn about 1e15",
            )
        ],
    ),
    Agreement(
        "wape",
        "`mean_absolute_error`, over that of zeros",
        figure("wape"),
        lambda c: metrics.mean_absolute_error(**c.theirs) / c.size,
        differences=[
            Difference(
                lambda c: not c.kept.any(), NAN, ZeroDivisionError, "all of the truth zero: NaN"
            )
        ],
    ),
    Agreement(
        "r2",
        "r2_score",
        figure("r2"),
        of_sklearn("r2_score"),
        rtol=1e-11,
        atol=1e-13,
        differences=[CONSTANT],
    ),
    Agreement(
        "pinball_loss",
        "mean_pinball_loss",
        figure("pinball_loss", quantile=0.9),
        of_sklearn("mean_pinball_loss", alpha=0.9),
    ),
    Agreement(
        "tweedie_deviance",
        "mean_tweedie_deviance(power=0)",
        figure("tweedie_deviance", power=0),
        of_sklearn("mean_tweedie_deviance", power=0),
    ),
    Agreement(
        "interval_coverage",
        "`accuracy_score` of the rows inside",
        lambda c: ev.interval_coverage(c.y, low=c.p - 1, high=c.p + 1, weight=c.weight),
        lambda c: metrics.accuracy_score(
            np.ones(c.y.size),
            (c.p - 1 <= c.y) & (c.y <= c.p + 1),
            sample_weight=c.weight,
        ),
        exact=True,
    ),
    Agreement(
        "mean_interval_width",
        "`mean_absolute_error` of the ends",
        lambda c: ev.mean_interval_width(**c.ends, weight=c.weight),
        lambda c: metrics.mean_absolute_error(
            c.ends["high"], c.ends["low"], sample_weight=c.weight
        ),
    ),
    Agreement(
        "interval_score",
        "`mean_pinball_loss` of both ends",
        lambda c: ev.interval_score(c.y, **c.ends, level=0.8, weight=c.weight),
        lambda c: (
            10
            * sum(
                metrics.mean_pinball_loss(c.theirs["y_true"], end, alpha=a, sample_weight=c.weight)
                for end, a in zip(c.ends.values(), (0.1, 0.9), strict=True)
            )
        ),
    ),
    Agreement(
        "mean_error",
        "difference of two `mean_pinball_loss`",
        figure("mean_error"),
        lambda c: (
            (
                metrics.mean_pinball_loss(**c.theirs, alpha=0.25)
                - metrics.mean_pinball_loss(**c.theirs, alpha=0.75)
            )
            * 2
        ),
        rtol=1e-9,
        atol=1e-9,
    ),
    Agreement(
        "max_error",
        "max_error",
        figure("max_error"),
        lambda c: metrics.max_error(*c.kept_rows),
        exact=True,
    ),
    *[
        Agreement(
            name,
            peer,
            figure(name, **keys),
            of_sklearn(peer.split("(")[0], **theirs),
            rtol=1e-9,
            atol=1e-11,
            differences=[CONSTANT],
        )
        for name, peer, keys, theirs in [
            ("explained_variance", "explained_variance_score", {}, {}),
            ("d2_absolute_error", "d2_absolute_error_score", {}, {}),
            ("d2_pinball", "d2_pinball_score", {"quantile": 0.9}, {"alpha": 0.9}),
            ("d2_tweedie", "d2_tweedie_score(power=0)", {"power": 0}, {"power": 0}),
        ]
    ],
    Agreement(
        "nll",
        "half of `mean_squared_error`, for a Gaussian of sd 1",
        lambda c: ev.nll(c.y, parameters=c.p, distribution=Gaussian(sd=1.0), weight=c.weight),
        lambda c: metrics.mean_squared_error(**c.theirs) / 2 + 0.5 * np.log(2 * np.pi),
    ),
]
OF_SCORES = [
    Agreement(
        "smape",
        "twice `mean_absolute_percentage_error`, of y + p for y and 2 p for p",
        figure("smape"),
        lambda c: (
            2
            * metrics.mean_absolute_percentage_error(
                c.theirs["y_true"] + c.theirs["y_pred"],
                2 * c.theirs["y_pred"],
                sample_weight=c.weight,
            )
        ),
    ),
    *[
        Agreement(name, peer, figure(name), of_sklearn(peer))
        for name, peer in [
            ("poisson_deviance", "mean_poisson_deviance"),
            ("gamma_deviance", "mean_gamma_deviance"),
            ("msle", "mean_squared_log_error"),
            ("rmsle", "root_mean_squared_log_error"),
        ]
    ],
    *[
        Agreement(
            name,
            f"d2_tweedie_score(power={power})",
            figure(name, **keys),
            of_sklearn("d2_tweedie_score", power=power),
            rtol=1e-9,
            atol=1e-11,
            differences=[CONSTANT],
        )
        for name, power, keys in [
            ("d2_poisson", 1, {}),
            ("d2_tweedie", 1.5, {"power": 1.5}),
            ("d2_gamma", 2, {}),
        ]
    ],
    *[
        Agreement(
            "tweedie_deviance",
            f"mean_tweedie_deviance(power={power})",
            figure("tweedie_deviance", power=power),
            of_sklearn("mean_tweedie_deviance", power=power),
        )
        for power in (1.5, 3)
    ],
]


@pytest.mark.parametrize("agreement", [row.row(INPUTS) for row in TABLE])
def test_figures_of_numbers(agreement: Agreement) -> None:
    check(agreement, cases())


@pytest.mark.parametrize("agreement", [row.row(POSITIVE) for row in OF_SCORES])
def test_figures_of_positive_numbers(agreement: Agreement) -> None:
    check(agreement, cases(positive=True))


def test_a_weighted_constant_truth_is_constant_whatever_its_mean_rounds_to() -> None:
    y, p, weight = np.full(3, 0.1), np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.1, 0.7])
    assert np.isnan(ev.r2(y, predictions=p, weight=weight))
    assert np.isnan(ev.r2(y, predictions=y, weight=weight))
    assert metrics.r2_score([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert metrics.r2_score([1.0, 1.0], [1.0, 2.0]) == 0.0
