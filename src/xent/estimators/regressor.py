"""XentRegressor: a network that puts out the distribution of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from xent.distributions import Gaussian, Laplace, Poisson
from xent.errors import XentError
from xent.estimators.base import XentEstimator, checks_of
from xent.estimators.rows import Rows
from xent.training.fitting import TargetScale, choose_distribution, fit_target_scale

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray
    from xent.distributions import Distribution
    from xent.training import TrainingSettings

__all__ = ["XentRegressor"]


class XentRegressor(RegressorMixin, XentEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network for a number: its mean, and how far it may be off.

    Parameters
    ----------
    distribution : {"gaussian", "laplace", "poisson"} or Distribution, optional
        What the network puts out: a mean and the size of its normal error, row by row; a median and
        the size of its Laplace error; the rate of a count. By default a mean alone, with an error
        of one size for all rows, that of the rows held out.
    network, module, hidden, activation, dropout, batch_norm, init, augment, optimizer, learning_rate, momentum, \
schedule, batch_size, epochs, l1, l2, weight_decay, clip_norm, validation_fraction, early_stopping, patience, \
checkpoint_every, engine, device, precision, deterministic, compile, dtype, random_state, callbacks, warm_start
        As in `XentClassifier`.
    label_smoothing, class_weight
        For classes: here they are refused unless left alone.

    Attributes
    ----------
    n_features_in_, feature_names_in_, history_, n_iter_, best_epoch_, seed_, notes_, network_, \
distribution_
        As in `XentClassifier`.

    Notes
    -----
    A gaussian or laplace target is standardized by mean and standard deviation of the training
    part; predictions are in its own units, the losses in `history_` in the standardized one.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> regressor = XentRegressor(random_state=0).fit(X[:300], y[:300])
    >>> bool(regressor.score(X[300:], y[300:]) > 0.35)
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on rows and their numbers.

        Parameters
        ----------
        X : array-like of shape (n, n_features), or (n, channels, height, width) of images
            Numbers; of features NaN is missing, infinite values are refused.
        y : array-like of shape (n,)
            Finite numbers; counts for poisson.
        sample_weight : array-like of shape (n,), optional
            Not negative.

        Raises
        ------
        XentError
            When a setting, the target or a weight cannot be.
        """
        settings = self._regression_settings()
        is_warm = bool(self.warm_start) and hasattr(self, "_model")
        rows, distribution = self._rows(X, y, sample_weight, settings, reset=not is_warm)
        return self._fit(rows, settings, "regression", distribution)

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Pass once over some rows, going on from where training stands.

        No row is held out. The first call decides how features and target are standardized, so
        give it rows like those to come.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional

        Raises
        ------
        XentError
            When a setting, the target or a weight cannot be.
        """
        settings = self._regression_settings()
        is_first = not hasattr(self, "_model")
        rows, distribution = self._rows(X, y, sample_weight, settings, reset=is_first)
        return self._fit_more(rows, settings, "regression", distribution)

    def predict(
        self, X: ArrayLike, return_std: bool = False
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Return the expected number of each row, in the units of `y` (laplace: the median).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        return_std : bool, default False
            Whether to return also the standard deviation of each row's number.

        Returns
        -------
        mean : ndarray of shape (n,)
        std : ndarray of shape (n,)
            Only with `return_std`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        z = self._logits(X)
        scale = self._model.preparation.scale
        mean = np.asarray(self.distribution_.mean(z))
        mean = mean * mean.dtype.type(scale.scale) + mean.dtype.type(scale.location)
        return (mean, _standard_deviation(self.distribution_, z, scale)) if return_std else mean

    def _regression_settings(self) -> TrainingSettings:
        settings = self._settings()
        if settings.class_weight is not None:
            raise XentError("class_weight needs classes, and the target is a number.")
        return settings

    def _rows(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        settings: TrainingSettings,
        *,
        reset: bool,
    ) -> tuple[Rows, Distribution | None]:
        features, target = validate_data(self, X, y, reset=reset, y_numeric=True, **checks_of(X))
        weight = self._sample_weight(sample_weight, len(features))
        distribution = None
        if settings.distribution is not None:
            distribution = choose_distribution("regression", 1, settings)
        target = (distribution or Gaussian()).check_targets(target.astype(np.float64))
        rows = Rows(features, target, weight)
        return rows if weight is None else rows.where(weight > 0), distribution

    def _target_scale(self, distribution: Distribution | None, rows: Rows) -> TargetScale:
        return fit_target_scale(distribution or Gaussian(), rows.y, rows.weight)


def _standard_deviation(
    distribution: Distribution, z: FloatArray, scale: TargetScale
) -> FloatArray:
    """Return the standard deviation of each row's number, in the units of y."""
    if isinstance(distribution, Poisson):
        return np.asarray(np.sqrt(distribution.mean(z)))
    if not isinstance(distribution, Gaussian | Laplace):
        raise XentError(f"return_std needs gaussian, laplace or poisson, got {distribution!r}.")
    if isinstance(distribution, Gaussian) and distribution.sd is not None:
        return np.full(len(z), distribution.sd, z.dtype)
    if isinstance(distribution, Laplace) and distribution.scale is not None:
        return np.full(len(z), 2**0.5 * distribution.scale, z.dtype)
    spread = np.asarray(distribution.scale_of(z)) * z.dtype.type(scale.scale)
    # the variance of a Laplace distribution is twice its scale's square
    return spread * z.dtype.type(2**0.5) if isinstance(distribution, Laplace) else spread
