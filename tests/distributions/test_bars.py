"""The 4-ulp bar in a small form; `benchmarks/bars_distributions.py` measures the full one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "bars_distributions.py"


@pytest.fixture(scope="module")
def bars():
    spec = importlib.util.spec_from_file_location("bars_distributions", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def misses(results):
    return [result for result in results if not result.passed]


def test_every_binary_value_and_gradient_is_within_4_ulp(bars):
    results = list(bars.bernoulli_results(stride=37))
    assert len(results) == 16
    assert not misses(results)


def test_every_multilabel_row_is_within_4_ulp(bars):
    assert not misses(bars.multilabel_results(stride=97))


def test_every_softmax_case_is_within_4_ulp(bars):
    results = list(bars.categorical_results(n_numbers=3_000, n_checked=0))
    assert len(results) == 2 * (8 * 3 + 3 * 8 * 4)
    assert not misses(results)


def test_the_programs_two_truths_agree(bars):
    z = np.random.default_rng(0).normal(0, 5, (30, 7))
    z[10:20, 1:] -= 720.0
    fast, slow = bars.long_truth(z), bars.mpmath_truth(z)
    for name in ("surprisal", "p", "q"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=2e-18)


def test_a_form_that_cancels_is_caught(bars):
    """The bar must be able to fail: p - y at the target, as every library has it, misses by far."""
    z = np.random.default_rng(0).normal(0, 5, (200, 3))
    truth = bars.long_truth(z)
    y = np.argmax(z, axis=1)
    rows = np.arange(200)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    assert bars.ulps(p[rows, y] - 1.0, -truth.q[rows, y]).max() > 1000


def test_sum_of_subnormal_terms_that_is_normal_keeps_its_digits():
    """999 classes at -715: each exponential is subnormal, their sum is not."""
    import mpmath

    from xent.distributions import Categorical

    z = np.full((1, 1000), -715.0)
    z[0, 0] = 0.0
    exact = 999 * mpmath.exp(mpmath.mpf(-715))
    assert exact > np.finfo(np.float64).smallest_normal
    value, grad = Categorical(1000).value_and_grad(z, [0])
    for result in (value[0], -grad[0, 0]):
        assert abs(float((mpmath.mpf(float(result)) - exact) / exact)) < 4e-16
