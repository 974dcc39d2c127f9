from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.distributions import (
    Bernoulli,
    Categorical,
    Focal,
    Gaussian,
    LabelSmoothing,
    Laplace,
    MultiLabel,
    Multiple,
    Poisson,
    SoftDice,
    Sum,
)
from xent.errors import XentError

RNG = np.random.default_rng(0)
Z = RNG.normal(0, 2, (8, 4))
LABELS = RNG.integers(0, 2, (8, 4)).astype(float)


def numerical_gradient(distribution, z, y, h=1e-6):
    columns = []
    for step in np.eye(z.shape[1]) * h:
        columns.append((distribution.nll(z + step, y) - distribution.nll(z - step, y)) / (2 * h))
    return np.stack(columns, axis=1)


@pytest.mark.checklist(row=44, call="(Bernoulli() + 0.1 * Focal(Bernoulli())).nll(z, y)")
def test_terms_are_added():
    z, y = Z[:, 0], LABELS[:, 0]
    objective = Bernoulli() + 0.1 * Focal(Bernoulli())
    np.testing.assert_allclose(
        objective.nll(z, y), Bernoulli().nll(z, y) + 0.1 * Focal(Bernoulli()).nll(z, y), rtol=1e-15
    )


@pytest.mark.checklist(row=54, call="(MultiLabel(4) + 0.5 * SoftDice()).value_and_grad(z, y)")
def test_cross_entropy_with_dice_and_its_gradient():
    objective = MultiLabel(4) + 0.5 * SoftDice()
    p = MultiLabel(4).mean(Z)
    dice = 1 - (2 * (p * LABELS).sum(axis=1) + 1) / ((p + LABELS).sum(axis=1) + 1)
    value, grad = objective.value_and_grad(Z, LABELS)
    np.testing.assert_allclose(value, MultiLabel(4).nll(Z, LABELS) + 0.5 * dice, rtol=1e-13)
    np.testing.assert_allclose(grad, numerical_gradient(objective, Z, LABELS), atol=1e-8)


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_composition_is_linear(a, b):
    y = np.arange(8) % 4
    plain, focal = Categorical(4), Focal(Categorical(4), 1.5)
    objective = a * plain + focal * b
    value, grad = objective.value_and_grad(Z, y)
    np.testing.assert_allclose(value, a * plain.nll(Z, y) + b * focal.nll(Z, y), rtol=1e-14)
    np.testing.assert_allclose(
        grad, a * plain.grad(Z, y) + b * focal.grad(Z, y), rtol=1e-13, atol=1e-14
    )
    np.testing.assert_array_equal(value, objective.nll(Z, y))
    np.testing.assert_array_equal(grad, objective.grad(Z, y))


def test_sums_are_plain_values():
    a, b, c = Gaussian(), 2 * Gaussian(), Laplace()
    assert (a + b) + c == a + (b + c) == Sum((a, b, c))
    assert hash(a + b) == hash(a + b)
    assert repr(2 * Bernoulli()) == "Multiple(term=Bernoulli(), factor=2.0)"
    assert 2 * Bernoulli() == Bernoulli() * 2.0 == Multiple(Bernoulli(), 2)
    assert Bernoulli() != MultiLabel(1)


def test_the_first_term_predicts():
    objective = 0.5 * SoftDice() + 3 * Bernoulli()
    z = np.array([-1.0, 2.0])
    assert objective.n_outputs == 1
    assert objective.target_kind == "binary"
    assert objective.predicts
    np.testing.assert_array_equal(objective.mean(z), Bernoulli().mean(z))
    np.testing.assert_array_equal(objective.mode(z), [0, 1])
    np.testing.assert_array_equal(
        objective.sample(z, np.random.default_rng(0)),
        Bernoulli().sample(z, np.random.default_rng(0)),
    )
    np.testing.assert_array_equal(objective.check_targets([0, 1]), [0.0, 1.0])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bernoulli() + Categorical(2),
        lambda: MultiLabel(2) + Categorical(2),
        lambda: Poisson() + Bernoulli(),
        lambda: Gaussian() + SoftDice(),
        lambda: SoftDice() + SoftDice(),
        lambda: Sum(()),
        lambda: Sum((Bernoulli(), "x")),
        lambda: Sum((Bernoulli,)),
        lambda: 0 * Bernoulli(),
        lambda: -1 * Bernoulli(),
        lambda: float("nan") * Bernoulli(),
        lambda: Multiple(3, 2.0),
        lambda: SoftDice(0),
        lambda: SoftDice(1.0, Gaussian()),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(XentError):
        make()


@pytest.mark.parametrize(
    "make", [lambda: Bernoulli() + 1, lambda: Bernoulli() * "2", lambda: Bernoulli() * True]
)
def test_other_operands_are_type_errors(make):
    with pytest.raises(TypeError):
        make()


def test_dice_of_a_categorical_uses_its_softmax():
    objective = LabelSmoothing(Categorical(4), 0.1) + SoftDice(0.5)
    assert objective.terms[1] == SoftDice(0.5, Categorical(4))
    y = np.arange(8) % 4
    p = Categorical(4).mean(Z)[np.arange(8), y]
    dice = SoftDice(0.5, Categorical(4))
    np.testing.assert_allclose(dice.nll(Z, y), 2 * (1 - p) / 2.5, rtol=1e-13)
    np.testing.assert_allclose(dice.grad(Z, y), numerical_gradient(dice, Z, y), atol=1e-9)
    soft = RNG.dirichlet(np.ones(4), 8)
    np.testing.assert_allclose(dice.grad(Z, soft), numerical_gradient(dice, Z, soft), atol=1e-9)
    np.testing.assert_allclose(objective.grad(Z, y), numerical_gradient(objective, Z, y), atol=1e-8)


def test_dice_of_one_output_is_per_row():
    dice = SoftDice(1.0, Bernoulli())
    z, y = Z[:, :1], LABELS[:, 0]
    p = Bernoulli().mean(z)
    np.testing.assert_allclose(dice.nll(z, y), 1 - (2 * p * y + 1) / (p + y + 1), rtol=1e-12)
    np.testing.assert_allclose(dice.grad(z, y), numerical_gradient(dice, z, y), atol=1e-9)
    # Rows add up: two batches are one.
    whole = dice.nll(z, y)
    np.testing.assert_array_equal(
        whole, np.concatenate([dice.nll(z[:3], y[:3]), dice.nll(z[3:], y[3:])])
    )


def test_dice_of_certain_rows_does_not_cancel():
    dice = SoftDice(1.0, MultiLabel(2))
    tiny = dice.nll([[40.0, -40.0]], [[1, 0]])[0]
    assert tiny == pytest.approx(2 * np.exp(-40.0) / 3, rel=1e-12)
    assert dice.nll([[-800.0, -800.0]], [[0, 0]])[0] == 0


def test_dice_follows_what_it_is_added_to():
    assert (Focal(Bernoulli()) + SoftDice()).terms[1] == SoftDice(1.0, Bernoulli())
    assert (2 * Bernoulli() + SoftDice()).terms[1] == SoftDice(1.0, Bernoulli())
    kept = SoftDice(2.0, Bernoulli())
    assert (Bernoulli() + kept).terms[1] == kept
    assert kept.bound_to(Categorical(2)) is kept
    assert kept.predicts
    np.testing.assert_array_equal(kept.mean([0.0]), [0.5])


def test_dice_alone_says_what_to_do():
    for use in (
        lambda: SoftDice().n_outputs,
        lambda: SoftDice().nll([0.0], [1]),
        lambda: (2 * SoftDice()).mean([0.0]),
    ):
        with pytest.raises(XentError, match=r"Add it to a distribution: Bernoulli\(\)"):
            use()
