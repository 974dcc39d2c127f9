from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassWeights,
    Focal,
    Gaussian,
    LabelSmoothing,
    MultiLabel,
    MultiLabelSoftmax,
    nll_from_probabilities,
)
from xent.errors import XentError


@pytest.mark.checklist(row=33, call="nll_from_probabilities(Bernoulli(), p, y)")
def test_binary_cross_entropy_is_piecewise_with_the_natural_logarithm():
    p = np.linspace(0.001, 0.999, 50)
    ones, zeros = np.ones(50), np.zeros(50)
    np.testing.assert_allclose(
        nll_from_probabilities(Bernoulli(), p, ones).nll, -np.log(p), rtol=1e-14
    )
    np.testing.assert_allclose(
        nll_from_probabilities(Bernoulli(), p, zeros).nll, -np.log(1 - p), rtol=1e-12
    )


def test_probabilities_agree_with_logits():
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, (40, 3))
    labels = rng.integers(0, 2, (40, 3))
    soft = rng.dirichlet(np.ones(3), 40)
    cases = [
        (Bernoulli(), z[:, 0], labels[:, 0]),
        (Bernoulli(), z[:, 0], soft[:, 0]),
        (MultiLabel(3), z, labels),
        (Categorical(3), z, np.arange(40) % 3),
        (Categorical(3), z, soft),
        (MultiLabelSoftmax(3), z, labels),
        (ClassWeights(Bernoulli(), (1, 3)), z[:, 0], labels[:, 0]),
        (ClassWeights(Categorical(3), (1, 3, 2)), z, np.arange(40) % 3),
        (LabelSmoothing(MultiLabel(3), 0.1), z, labels),
    ]
    for distribution, outputs, y in cases:
        for policy in ("raise", "clip", "infinity"):
            loss = nll_from_probabilities(
                distribution, distribution.mean(outputs), y, policy=policy
            )
            np.testing.assert_allclose(loss.nll, distribution.nll(outputs, y), rtol=1e-11)
            assert loss.n_clipped == 0
            assert loss.explanation == "Nothing was clipped."
            np.testing.assert_array_equal(loss.gap, np.zeros(40))


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 15.9424), (np.float64, 36.0437)])
def test_the_clip_hides_a_gap_and_says_so(dtype, limit):
    tiny = np.finfo(dtype).tiny
    p = np.array([0.0, tiny, 0.5, 1.0], dtype)
    loss = nll_from_probabilities(Bernoulli(), p, [1, 1, 1, 1], policy="clip")
    assert loss.nll.dtype == loss.gap.dtype == dtype
    np.testing.assert_allclose(loss.nll[:3], [limit, limit, np.log(2)], rtol=1e-5)
    assert 0 < loss.nll[3] < 2 * np.finfo(dtype).eps
    np.testing.assert_allclose(loss.gap, [np.inf, -np.log(float(tiny)) - limit, 0, 0], rtol=1e-5)
    assert loss.n_clipped == 2
    assert (
        f"2 of 4 rows have a target probability below {np.finfo(dtype).eps:.3g}" in loss.explanation
    )
    assert f"{limit:.4f}" in loss.explanation


def test_impossible_targets_by_policy():
    with pytest.raises(
        XentError, match=r"p must not be 0 for the target, got that at row 1.*policy='clip'"
    ):
        nll_from_probabilities(Bernoulli(), [0.5, 1.0], [1, 0])
    loss = nll_from_probabilities(Bernoulli(), [0.5, 1.0, 1.0], [1, 0, 1], policy="infinity")
    np.testing.assert_allclose(loss.nll, [np.log(2), np.inf, 0])
    assert not np.signbit(loss.nll[2])
    rows = nll_from_probabilities(Categorical(3), [[1.0, 0, 0]], [2], policy="infinity")
    np.testing.assert_array_equal(rows.nll, [np.inf])
    np.testing.assert_array_equal(
        nll_from_probabilities(Categorical(3), [[1.0, 0, 0]], [0]).nll, [0]
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nll_from_probabilities(Bernoulli(), [1.2], [1]), "Are these logits"),
        (lambda: nll_from_probabilities(Bernoulli(), [float("nan")], [1]), "must lie in"),
        (lambda: nll_from_probabilities(Categorical(2), [[0.5, 0.6]], [1]), "rows that sum to 1"),
        (
            lambda: nll_from_probabilities(MultiLabelSoftmax(2), [[0.5, 0.6]], [[1, 1]]),
            "rows that sum to 1",
        ),
        (
            lambda: nll_from_probabilities(Categorical(2), [0.5, 0.5], [1, 1]),
            r"p must have shape \(n, 2\)",
        ),
        (lambda: nll_from_probabilities(Bernoulli(), [0.5], [1, 0]), "y must have shape"),
        (lambda: nll_from_probabilities(Gaussian(), [0.5], [1]), "must be over classes"),
        (lambda: nll_from_probabilities(Focal(Bernoulli()), [0.5], [1]), "must be over classes"),
        (
            lambda: nll_from_probabilities(Bernoulli(), [0.5], [1], policy="clipp"),
            "Did you mean 'clip'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(XentError, match=message):
        call()
