"""Keras models with their losses: those that are right, and those that each have one fault."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")

from xent.audits import audit, measure_losses  # noqa: E402 (after the check)
from xent.errors import XentError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

N = 60
ROWS = np.random.default_rng(1).normal(size=(N, 4)).astype(np.float32)
LABELS = (ROWS[:, 0] > 0).astype(np.float32)
COLUMN = LABELS[:, None]
CODES = np.arange(N) % 3
ONE_HOT = np.eye(3, dtype=np.float32)[CODES]
SEVERAL = np.stack([CODES > 0, LABELS > 0, CODES < 2], axis=1).astype(np.float32)

BINARY = "BinaryCrossentropy(from_logits=True)"
CODED = "SparseCategoricalCrossentropy(from_logits=True)"
COLUMNS = "CategoricalCrossentropy(from_logits=True)"


def net(n_outputs: int, activation: str | None = None, *more: Any) -> Any:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(n_outputs, activation), *more]
    )


def functional(n_outputs: int, function: Callable[[Any], Any]) -> Any:
    keras.utils.set_random_seed(3)
    rows = keras.Input((4,))
    return keras.Model(rows, function(keras.layers.Dense(n_outputs)(rows)))


def by_hand(y: Any, p: Any) -> Any:
    p = keras.ops.clip(p, 1e-7, 1 - 1e-7)
    return -keras.ops.mean(y * keras.ops.log(p) + (1 - y) * keras.ops.log(1 - p), axis=-1)


def naive(y: Any, p: Any) -> Any:
    return -keras.ops.mean(y * keras.ops.log(p) + (1 - y) * keras.ops.log(1 - p), axis=-1)


def mixing(y: Any, z: Any) -> Any:
    return keras.ops.mean((keras.ops.reshape(y, (1, -1)) - keras.ops.reshape(z, (-1, 1))) ** 2)


RIGHT: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "logits": (lambda: net(1), BINARY, LABELS),
    "logits, column": (lambda: net(1), BINARY, COLUMN),
    "whole labels": (lambda: net(1), BINARY, LABELS.astype(int)),
    "smoothed": (
        lambda: net(1), "BinaryCrossentropy(from_logits=True, label_smoothing=0.1)", LABELS),
    "focal": (lambda: net(1), "BinaryFocalCrossentropy(from_logits=True)", LABELS),
    "focal of probabilities": (lambda: net(1, "sigmoid"), "BinaryFocalCrossentropy", LABELS),
    "hinge": (lambda: net(1), "Hinge", COLUMN),
    "rates": (lambda: net(1), "Poisson", COLUMN),
    "labels": (lambda: net(3), BINARY, SEVERAL),
    "classes": (lambda: net(3), CODED, CODES),
    "classes, column": (lambda: net(3), CODED, CODES[:, None]),
    "ignored class": (
        lambda: net(3), "SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)",
        np.where(CODES == 2, -1, CODES)),
    "columns": (lambda: net(3), COLUMNS, ONE_HOT),
    "columns, smoothed": (
        lambda: net(3), "CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)", ONE_HOT),
    "final norm": (
        lambda: net(3, None, keras.layers.LayerNormalization()), CODED, CODES),
    "dropout": (lambda: net(3, None, keras.layers.Dropout(0.5)), CODED, CODES),
    "functional": (lambda: functional(3, lambda z: 2 * z), CODED, CODES),
    "regression": (lambda: net(1), "mean_squared_error", ROWS[:, :1] * 3),
    "positive regression": (lambda: net(1, "softplus"), "Huber", np.exp(ROWS[:, :1])),
}  # fmt: skip

BROKEN: dict[str, tuple[str, Callable[[], Any], Any, Any]] = {
    "double sigmoid": (
        "probabilities into a loss on logits", lambda: net(1, "sigmoid"), BINARY, LABELS),
    "double sigmoid, a function": (
        "probabilities into a loss on logits",
        lambda: functional(1, keras.ops.sigmoid), BINARY, LABELS),
    "double softmax": (
        "probabilities into a loss on logits", lambda: net(3, "softmax"), CODED, CODES),
    "double softmax, columns": (
        "probabilities into a loss on logits", lambda: net(3, "softmax"), COLUMNS, ONE_HOT),
    "softmax of a softmax": (
        "double link",
        lambda: net(3, "softmax", keras.layers.Softmax()), "sparse_categorical_crossentropy", CODES),
    "no sigmoid": (
        "logits into a loss on probabilities", lambda: net(1), "binary_crossentropy", LABELS),
    "no softmax": (
        "logits into a loss on probabilities",
        lambda: net(3), "sparse_categorical_crossentropy", CODES),
    "focal, no sigmoid": (
        "logits into a loss on probabilities",
        lambda: net(1), "BinaryFocalCrossentropy", LABELS),
    "divergence of one": (
        "half a log loss", lambda: net(1, "sigmoid"), "KLDivergence", LABELS),
    "clipping, divergence": (
        "clipping", lambda: net(3, "softmax"), "KLDivergence", ONE_HOT),
    "clipping": ("clipping", lambda: net(1, "sigmoid"), "binary_crossentropy", LABELS),
    "clipping, classes": (
        "clipping", lambda: net(3, "softmax"), "SparseCategoricalCrossentropy", CODES),
    "clipped by hand": ("clipping", lambda: net(1, "sigmoid"), by_hand, COLUMN),
    "log of zero": ("log of zero", lambda: net(1, "sigmoid"), naive, COLUMN),
    "a ReLU at the end": ("one-sided logits", lambda: net(1, "relu"), BINARY, LABELS),
    "a tanh at the end": ("bounded logits", lambda: net(1, "tanh"), BINARY, LABELS),
    "softmax of one": (
        "one class only", lambda: net(1, "softmax"), "binary_crossentropy", LABELS),
    "one class": ("one class only", lambda: net(1), COLUMNS, COLUMN),
    "a sigmoid for classes": (
        "a sigmoid for classes", lambda: net(3, "sigmoid"), "categorical_crossentropy", ONE_HOT),
    "a softmax for labels": (
        "a softmax for labels", lambda: net(3, "softmax"), "binary_crossentropy", ONE_HOT),
    "a squared error": (
        "a squared error on probabilities", lambda: net(1, "sigmoid"), "mse", LABELS),
    "all pairs": ("broadcasting", lambda: net(1), mixing, LABELS),
    "minus one": ("targets outside [0, 1]", lambda: net(1), BINARY, 2 * LABELS - 1),
    "codes from one": ("class codes out of range", lambda: net(3), CODED, CODES + 1),
    "columns where codes are wanted": ("targets refused", lambda: net(3), CODED, ONE_HOT),
    "codes where columns are wanted": ("targets refused", lambda: net(3), COLUMNS, CODES),
    "several in a softmax": (
        "targets that are no distribution", lambda: net(3), COLUMNS, SEVERAL),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_model_is_not_accused(name: str) -> None:
    model, loss, y = RIGHT[name]
    assert [f.check for f in audit(model(), loss, ROWS, y, dtypes=["float32"]).faults] == []


@pytest.mark.parametrize("name", BROKEN)
def test_the_fault_of_a_broken_model_is_found_alone(name: str) -> None:
    check, model, loss, y = BROKEN[name]
    found = audit(model(), loss, ROWS, y, dtypes=["float32"])
    assert [fault.check for fault in found.faults] == [check]
    assert found.faults[0].evidence
    assert found.library.startswith("keras 3")


def test_a_model_has_the_shape_of_its_rows() -> None:
    found = audit(net(1, "sigmoid"), "binary_crossentropy", dtypes=["float32"])
    assert [fault.check for fault in found.faults] == ["clipping"]


def test_the_clip_of_keras_is_where_it_was_measured() -> None:
    sweeps = {
        (s.loss, s.dtype, s.label): s for s in measure_losses("keras", dtypes=["float32", "float64"], stride=8)
    }  # fmt: skip
    clipped = "BinaryCrossentropy(sigmoid(x))"
    assert sweeps[clipped, "float32", 1].ends == pytest.approx((16.118, 1.1921e-7), rel=1e-4)
    assert sweeps[clipped, "float32", 0].ends == pytest.approx((1e-7, 15.942), rel=1e-4)
    assert sweeps[clipped, "float64", 1].ends == pytest.approx((16.118, 1e-7), rel=1e-4)
    for dtype in ("float32", "float64"):
        (stretch,) = sweeps[clipped, dtype, 1].wrong_gradients
        assert (stretch.high, stretch.gives) == (pytest.approx(-16.12, abs=0.05), 0.0)
        assert sweeps["BinaryCrossentropy(from_logits=True)(x)", dtype, 1].wrong_gradients == ()


def test_mistakes_are_refused() -> None:
    with pytest.raises(XentError, match="Did you mean 'BinaryCrossentropy'"):
        audit(net(1), "BinaryCrossentrpy")
    with pytest.raises(XentError, match="refuses its arguments"):
        audit(net(1), "BinaryCrossentropy(logits=True)")
    with pytest.raises(XentError, match="must be built"):
        audit(keras.Sequential([keras.layers.Dense(1)]), "binary_crossentropy")
    with pytest.raises(XentError, match="must be a name, a Loss or a function"):
        audit(net(1), 3)
    import torch

    with pytest.raises(XentError, match="use a loss of torch"):
        audit(torch.nn.Linear(4, 1), keras.losses.BinaryCrossentropy(), ROWS)
    with pytest.raises(XentError, match="use a loss of Keras"):
        audit(net(1), torch.nn.BCEWithLogitsLoss(), ROWS)
    with pytest.raises(XentError, match="must take outputs and targets"):
        audit(net(1), lambda y: y, ROWS)
