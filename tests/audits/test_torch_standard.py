"""The tables of the installed torch: the figures that were measured once, found again."""

from __future__ import annotations

import numpy as np
import pytest

from xent.audits import Sweep, measure_losses, sweep_table
from xent.errors import XentError


@pytest.fixture(scope="module")
def sweeps() -> dict[tuple[str, str, int], Sweep]:
    found = measure_losses(dtypes=["float32", "float64", "bfloat16"], stride=4)
    return {(sweep.loss, sweep.dtype, sweep.label): sweep for sweep in found}


@pytest.mark.parametrize(
    ("loss", "dtype", "label", "value", "gradient", "wrong"),
    [
        ("BCELoss(sigmoid(x))", "float32", 1, (-88.72, 5.06), (-27.63, 5.06), [(-1e4, -27.64)]),
        ("BCELoss(sigmoid(x))", "float32", 0, (-1e4, 6.85), (-27.63, 16.63), [(16.64, 1e4)]),
        ("BCELoss(sigmoid(x))", "float64", 1, (-100, 8.87), (-27.63, 8.87), [(-1e4, -27.64)]),
        ("BCELoss(sigmoid(x))", "float64", 0, (-1e4, 11.23), (-27.63, 27.63), [(27.64, 1e4)]),
        ("BCEWithLogitsLoss(x)", "float32", 1, (-1e4, 1e4), (-1e4, 5.06), []),
        ("BCEWithLogitsLoss(x)", "float32", 0, (-4.00, 1e4), (-1e4, 1e4), []),
        ("BCEWithLogitsLoss(x)", "float64", 0, (-7.84, 1e4), (-1e4, 1e4), []),
        ("-logsigmoid(±x)", "float32", 0, (-1e4, 1e4), (-1e4, 1e4), []),
        ("-logsigmoid(±x)", "float64", 1, (-1e4, 1e4), (-1e4, 1e4), []),
        ("softplus(∓x)", "float64", 1, (-20.00, 1e4), (-20.00, 1e4), []),
        ("soft_margin_loss(x)", "float32", 1, (-88.72, 1e4), (-88.72, 1e4), [(-1e4, -88.73)]),
        ("soft_margin_loss(x)", "float64", 0, (-1e4, 709.75), (-1e4, 709.75), [(709.88, 1e4)]),
        ("logaddexp(0, ∓x)", "float64", 1, (-1e4, 1e4), (-1e4, 1e4), []),
        ("CrossEntropyLoss(x, 0)", "float32", 1, (-1e4, 5.23), (-1e4, 5.06), []),
        ("CrossEntropyLoss(x, 0)", "float64", 0, (-9.18, 1e4), (-1e4, 1e4), []),
        ("-log(softmax(x, 0))", "float32", 1, (-97.09, 5.06), (-88.72, 5.23),
         [(-1e4, -88.73), (103.97, 1e4)]),
        ("xent Bernoulli", "float32", 0, (-1e4, 1e4), (-1e4, 1e4), []),
        ("xent Categorical", "float32", 1, (-1e4, 1e4), (-1e4, 1e4), []),
    ],
)  # fmt: skip
def test_a_loss_of_torch_is_usable_between_the_published_logits(
    loss: str,
    dtype: str,
    label: int,
    value: tuple[float, float],
    gradient: tuple[float, float],
    wrong: list[tuple[float, float]],
    sweeps: dict[tuple[str, str, int], Sweep],
) -> None:
    found = sweeps[loss, dtype, label]
    # where digits begin to be lost depends on which numbers were tried, and on the processor
    lost = {"abs": 0.6, "rel": 1e-3}
    assert (found.value_usable.low, found.value_usable.high) == pytest.approx(value, **lost)
    assert (found.gradient_usable.low, found.gradient_usable.high) == pytest.approx(
        gradient, **lost
    )
    stretches = [(part.low, part.high) for part in found.wrong_gradients]
    assert stretches == [pytest.approx(part, abs=0.15) for part in wrong]


def test_the_ends_of_the_clamp(sweeps: dict[tuple[str, str, int], Sweep]) -> None:
    for dtype in ("float32", "float64", "bfloat16"):
        assert sweeps["BCELoss(sigmoid(x))", dtype, 1].ends == (100.0, 0.0)
        assert sweeps["BCELoss(sigmoid(x))", dtype, 0].ends == (0.0, 100.0)
    assert sweeps["-log(sigmoid(x))", "float32", 1].first_not_finite == pytest.approx(
        16.64, abs=0.02
    )


def test_bfloat16_saturates_at_six(sweeps: dict[tuple[str, str, int], Sweep]) -> None:
    (stretch,) = sweeps["BCELoss(sigmoid(x))", "bfloat16", 0].wrong_gradients
    # 1 - sigmoid(x) falls below half the spacing of the numbers under 1, 2^-9
    assert stretch.low == pytest.approx(np.log(2.0**9 - 1), abs=0.02)
    assert stretch.gives == 0.0
    assert sweeps["xent Bernoulli", "bfloat16", 0].gradient_usable.is_everywhere


@pytest.mark.parametrize(
    ("loss", "of_positive", "of_negative"),
    [
        ("BCELoss(sigmoid(x))", (100, 0), (0, 100)),
        ("BCEWithLogitsLoss(x)", (np.nan, np.nan), (np.nan, np.inf)),
        ("-logsigmoid(±x)", (np.inf, 0), (0, np.inf)),
        ("CrossEntropyLoss(x, 0)", (np.inf, np.nan), (0, np.nan)),
        ("xent Bernoulli", (np.inf, 0), (0, np.inf)),
        ("xent Categorical", (np.inf, 0), (0, np.inf)),
    ],
)
def test_infinite_logits_are_0_times_infinity_in_many_formulas(
    loss: str,
    of_positive: tuple[float, float],
    of_negative: tuple[float, float],
    sweeps: dict[tuple[str, str, int], Sweep],
) -> None:
    for dtype in ("float32", "float64", "bfloat16"):
        assert sweeps[loss, dtype, 1].at_infinity == pytest.approx(of_positive, nan_ok=True)
        assert sweeps[loss, dtype, 0].at_infinity == pytest.approx(of_negative, nan_ok=True)


def test_a_table_has_a_row_a_sweep(sweeps: dict[tuple[str, str, int], Sweep]) -> None:
    rows = sweep_table(sweeps.values())
    assert len(rows) == len(sweeps) + 1
    assert {len(row) for row in rows} == {9}
    clipped = next(row for row in rows[1:] if row[0] == "BCELoss(sigmoid(x))")
    assert clipped[-1].endswith(": 0")
    assert any(row[-1] == "nowhere" for row in rows)


def test_mistakes_are_refused() -> None:
    with pytest.raises(XentError, match="torch or keras"):
        measure_losses("jax")
    with pytest.raises(XentError, match="Did you mean 'float32'"):
        measure_losses(dtypes=["float31"])
