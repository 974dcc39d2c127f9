"""XentClassifier: a network that puts out the probabilities of classes or labels."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import validate_data

from xent.distributions import MultiLabelSoftmax
from xent.errors import XentError
from xent.estimators.base import XentEstimator, checks_of
from xent.estimators.outcomes import (
    Outcomes,
    find_outcomes,
    outcomes_of_classes,
    target_array,
)
from xent.estimators.rows import Rows
from xent.training.fitting import choose_distribution, class_weight_factors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import ArrayLike

    from xent.arrays import Array, FloatArray
    from xent.training import TrainingSettings

__all__ = ["XentClassifier"]


class XentClassifier(ClassifierMixin, XentEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network for two classes, several classes, or several labels at once.

    The parameters are the training settings of `xent.train`; see `xent.training.TrainingSettings`
    for their ranges.

    Parameters
    ----------
    network : str, optional
        mlp, lenet, small_cnn or resnet_small; by default mlp for rows of features, small_cnn for images.
    module : torch.nn.Module, callable or str, optional
        An own network that ends in logits: an object, of which `fit` trains a copy; a function or class that makes
        one, called with as many of n_inputs, n_outputs and shape as its signature names; or ``file.py:build``.
    hidden : sequence of int
        Units of each hidden layer of an mlp; ``()`` is a linear model.
    activation : str
        Of the hidden layers: relu, sigmoid, tanh, leaky_relu, elu, selu, gelu, mish, softplus.
    dropout : float, optional
        Share of each hidden layer dropped in training; by default the network's own: 0 for mlp.
    batch_norm : bool, optional
        Whether each hidden layer is standardized over the batch; by default as the network has it: not in mlp.
    init : str, optional
        How the weights start; by default what suits the activation.
    augment : sequence of str
        Random changes of training images: flip, shift, crop, color.
    distribution : str or Distribution, optional
        Bernoulli, Categorical or MultiLabel by default, as `y` suggests.
    optimizer : str
        sgd, momentum, nesterov, adagrad, rmsprop, adadelta, adam, adamax or adamw.
    learning_rate : float, optional
        The optimizer's own by default.
    momentum : float
        Of the optimizers momentum and nesterov.
    schedule : str
        Of the learning rate, over all steps; `partial_fit`, which knows no end, does without.
    batch_size : int, optional
        Rows a step; None is the full batch.
    epochs : int
        Passes over the training rows, at most.
    l1, l2 : float
        Penalties on the weights.
    weight_decay : float, optional
        Decoupled.
    clip_norm : float, optional
        Largest norm of the gradient.
    label_smoothing : float
        Share of the target spread over all classes.
    class_weight : "balanced" or mapping of class to weight, optional
        Weights distort the probabilities: decide by costs instead where you can.
    validation_fraction : float
        Share of the distinct rows that `fit` holds out, identical rows on one side. With fewer
        than 200 distinct rows none is held out, and `notes_` says so.
    early_stopping : bool
        Whether to stop when the validation loss no longer falls, and to restore the best weights.
    patience : int
        Epochs to wait for a better validation loss.
    checkpoint_every : int, optional
        For `xent.train`: an estimator writes no files.
    engine, device : str
        What computes, and where.
    precision : {"full", "bf16", "fp16"}
        What layers compute in with PyTorch; the loss keeps the dtype.
    deterministic : bool
        On a GPU, whether to use only algorithms that give the same bits in every run.
    compile : bool
        Whether PyTorch compiles the training step.
    dtype : {"float32", "float64"}, optional
        By default that of `X`; integers are computed in float64.
    random_state : int, Generator or RandomState, optional
        The seed; `seed_` tells which it was.
    callbacks : sequence of xent.Callback
        Called as training goes on.
    warm_start : bool
        Whether `fit` starts from the weights that there are; encoding and seed then stay.

    Attributes
    ----------
    classes_ : ndarray
        The sorted classes; for labels, their positions.
    n_features_in_, feature_names_in_
        What came in, as scikit-learn has it.
    history_ : xent.training.History
        A record an epoch: losses in nats, metrics, norms.
    n_iter_, best_epoch_ : int
        Epochs trained, and the one whose weights are kept.
    seed_ : int
        Repeats the fit when given as `random_state`.
    notes_ : tuple of str
        What happened that a user should know.
    network_, distribution_
        What was trained: the description of the network, and what its logits mean.

    Notes
    -----
    Features are standardized, and missing ones (NaN) filled with the mean and tagged by an
    indicator, by what the training part says. A weight of 0 is absence and a weight of 2 is
    repetition: with full batches predictions agree to rounding.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> classifier = XentClassifier(random_state=0).fit(X_train, y_train)
    >>> bool(classifier.score(X_test, y_test) > 0.95)
    True
    >>> classifier.predict_proba(X_test).shape
    (143, 2)
    """

    classes_: Array
    _outcomes: Outcomes

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on rows and their classes.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or (n, channels, height, width) of images
            Numbers; of features NaN is missing, infinite values are refused.
        y : array-like of shape (n,), or (n, n_labels) of 0 and 1
            Classes of any type, or labels.
        sample_weight : array-like of shape (n,), optional
            Not negative.

        Raises
        ------
        XentError
            When a setting, the target or a weight cannot be.
        """
        settings = self._settings()
        is_warm = bool(self.warm_start) and hasattr(self, "_model")
        X, y = self._rows(X, y, reset=not is_warm)
        weight = self._sample_weight(sample_weight, len(X))
        y, outcomes = find_outcomes(y, None if weight is None else weight > 0)
        if is_warm and not _same(outcomes, self._outcomes):
            raise XentError(
                f"y must hold the classes {self.classes_.tolist()} of the first fit, got "
                f"{outcomes.classes.tolist()}. To start anew, set warm_start=False."
            )
        rows = Rows(X, y, weight)
        if weight is not None and not np.all(weight):
            rows = rows.where(weight > 0)
        self._outcomes, self.classes_ = outcomes, outcomes.classes
        distribution = choose_distribution(outcomes.task, len(outcomes.classes), settings)
        return self._fit(self._coded(rows, settings), settings, outcomes.task, distribution)

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Pass once over some rows, going on from where training stands.

        No row is held out. The first call decides how features are standardized, so give it rows
        like those to come.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,), or (n, n_labels) of 0 and 1
        classes : array-like
            All classes there will be; needed in the first call, but not for labels.
        sample_weight : array-like of shape (n,), optional

        Raises
        ------
        XentError
            When the classes are not told, or others than those of the first call come.
        """
        settings = self._settings()
        if settings.class_weight == "balanced":
            raise XentError(
                "class_weight='balanced' needs all rows, and partial_fit sees some. Give a mapping."
            )
        is_first = not hasattr(self, "_model")
        X, y = self._rows(X, y, reset=is_first)
        weight = self._sample_weight(sample_weight, len(X))
        y = target_array(y)
        outcomes = self._declared(y, classes) if is_first else self._outcomes
        if not is_first and classes is not None and outcomes.task != "multilabel":
            declared = outcomes_of_classes(classes)
            if not _same(declared, outcomes):
                raise XentError(
                    f"classes must be {outcomes.classes.tolist()}, as in the first call, got "
                    f"{declared.classes.tolist()}."
                )
        outcomes.encode(y)  # refuse unknown classes before anything changes
        rows = Rows(X, y, weight)
        if weight is not None:
            rows = rows.where(weight > 0)
        self._outcomes, self.classes_ = outcomes, outcomes.classes
        distribution = choose_distribution(outcomes.task, len(outcomes.classes), settings)
        return self._fit_more(self._coded(rows, settings), settings, outcomes.task, distribution)

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Return the logits: (n,) for two classes, else (n, n_classes) or (n, n_labels).

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        z = self._logits(X)
        return z[:, 0] if self._outcomes.task == "binary" else z

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return probabilities, shape (n, n_classes) with rows that add up to 1, or (n, n_labels).

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        z = self._logits(X)
        if self._outcomes.task == "binary":
            # the smaller one from its own logit: 1 - p has no digits left where p is nearly 1
            both = [self.distribution_.mean(-z), self.distribution_.mean(z)]
            return np.column_stack(both)
        return np.asarray(self.distribution_.mean(z))

    def predict_log_proba(self, X: ArrayLike) -> FloatArray:
        """Return log probabilities from the logits: finite where a probability underflows to 0.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        from scipy.special import log_expit, log_softmax

        z = self._logits(X)
        if self._outcomes.task == "binary":
            return np.column_stack([log_expit(-z), log_expit(z)])
        if self._outcomes.task == "multiclass" or isinstance(self.distribution_, MultiLabelSoftmax):
            return np.asarray(log_softmax(z, axis=1))
        return np.asarray(log_expit(z))

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable class of each row, or the labels that are more likely than not.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        z = self._logits(X)
        outcomes = self._outcomes
        if outcomes.task == "multiclass":
            return outcomes.decode(np.argmax(z, axis=1))
        if isinstance(self.distribution_, MultiLabelSoftmax):
            return outcomes.decode(np.asarray(self.distribution_.mode(z)))
        # scikit-learn's convention for a tie: the first class
        codes = (z > 0).astype(np.int64)
        return outcomes.decode(codes[:, 0] if outcomes.task == "binary" else codes)

    def _rows(self, X: ArrayLike, y: ArrayLike, *, reset: bool) -> tuple[Array, Array]:
        checked: tuple[Array, Array] = validate_data(
            self,
            X,
            y,
            reset=reset,
            multi_output=True,
            **checks_of(X),
        )
        return checked

    def _declared(self, y: Array, classes: ArrayLike | None) -> Outcomes:
        if y.ndim == 2:
            return find_outcomes(y)[1]
        if classes is None:
            raise XentError("classes must be passed on the first call to partial_fit.")
        return outcomes_of_classes(classes)

    def _coded(self, rows: Rows, settings: TrainingSettings) -> Rows:
        """Return the rows with codes for classes, and with their class weights."""
        codes = self._outcomes.encode(rows.y)
        factor = None
        if self._outcomes.task != "multilabel":
            factor = class_weight_factors(codes, self._labels(), settings.class_weight, rows.weight)
        return dataclasses.replace(rows, y=codes, factor=factor)

    def _labels(self) -> Sequence[Any]:
        return list(self.classes_.tolist())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _same(one: Outcomes, other: Outcomes) -> bool:
    return one.task == other.task and np.array_equal(one.classes, other.classes)
