"""The linear baseline: what a logistic or a ridge regression makes of the same encoded rows, or of averaged images."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.distributions import Gaussian, Laplace, Poisson
from xent.engines import NumpyEngine
from xent.network import Dense, Network, n_penalized
from xent.training import Part
from xent.workflow.image_averages import ImageAverages

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution

__all__ = ["LinearBaseline", "fit_baseline"]

# scikit-learn's defaults: C = 1 and alpha = 1, a penalty of |w|²/2 beside the summed loss
_PENALTY: Final = 1.0
_MOST_IMAGES: Final = 10_000


@dataclass(frozen=True, eq=False)
class LinearBaseline:
    """A linear model with a distribution, fitted on the training rows.

    Attributes
    ----------
    name : str
        "logistic regression", "ridge regression", ...
    weight : ndarray, shape (n_features, n_outputs)
    bias : ndarray, shape (n_outputs,)
    averages : ImageAverages, optional
        How images become rows.
    """

    name: str
    weight: FloatArray
    bias: FloatArray
    averages: ImageAverages | None = None

    def predict(self, X: Array) -> FloatArray:
        """Return the outputs for encoded rows, or for images, shape (n, n_outputs)."""
        if self.averages is not None:
            X = self.averages.rows_of(X)
        z: FloatArray = X @ self.weight.astype(X.dtype) + self.bias
        return z


def fit_baseline(distribution: Distribution, training: Part) -> LinearBaseline:
    """Fit a linear model by penalized maximum likelihood, to convergence.

    A Gaussian or Laplace target gets ridge regression, with the spread of the residuals as its scale; classes,
    labels and counts get the linear network of their own distribution, whose loss is convex, minimized by L-BFGS
    (Liu and Nocedal 1989). Of images it sees the means of at most 16x16 blocks a channel, and of very many images every
    second, third, ... one, 10,000 at the most: beyond that a linear model of so few numbers gains nothing.

    Parameters
    ----------
    distribution : Distribution
        The plain one.
    training : Part
        Encoded rows, or images.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.training import Part
    >>> part = Part(np.array([[-1.0], [1.0], [2.0]]), np.array([0.0, 1.0, 1.0]))
    >>> baseline = fit_baseline(Bernoulli(), part)
    >>> baseline.name, baseline.weight.round(2).tolist()
    ('logistic regression', [[0.85]])
    """
    if training.X.ndim == 4:
        return _of_images(distribution, training)
    if isinstance(distribution, Gaussian | Laplace):
        return _ridge(distribution, training)
    name = "Poisson regression" if isinstance(distribution, Poisson) else "logistic regression"
    return _maximum_likelihood(name, distribution, training)


def _of_images(distribution: Distribution, training: Part) -> LinearBaseline:
    chosen = slice(None, None, -(-len(training.X) // _MOST_IMAGES))
    images, weight = training.X[chosen], training.weight
    averages = ImageAverages.fit(images)
    own = None if weight is None else weight[chosen]
    if own is not None and not own.any():  # only rows of weight 0 were chosen
        return _of_images(distribution, _weighted(training))
    linear = fit_baseline(distribution, Part(averages.rows_of(images), training.y[chosen], own))
    height, width = len(averages.top), len(averages.left)
    return dataclasses.replace(
        linear, name=f"{linear.name} on {width}x{height} block means", averages=averages
    )


def _weighted(training: Part) -> Part:
    """Return the rows that have a weight."""
    assert training.weight is not None
    rows = np.flatnonzero(training.weight)
    return Part(training.X[rows], training.y[rows], training.weight[rows])


def _maximum_likelihood(name: str, distribution: Distribution, training: Part) -> LinearBaseline:
    from scipy.optimize import minimize

    network = Network(training.X.shape[1], (Dense(distribution.n_outputs, init="zeros"),))
    engine = NumpyEngine(network, distribution, "float64")
    X, y = training.X.astype(np.float64), training.y
    total = float(len(X)) if training.weight is None else float(training.weight.sum())
    n_weights, strength = n_penalized(network), _PENALTY / total

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        np.copyto(engine.parameters, parameters)
        loss = engine.loss_and_grad(X, y, training.weight, total)
        weights = parameters[:n_weights]
        engine.gradient[:n_weights] += strength * weights
        return loss + strength / 2 * float(weights @ weights), engine.gradient.copy()

    options = {"maxiter": 300, "gtol": 1e-6, "ftol": 1e-12}
    found = minimize(
        objective, engine.parameters.copy(), jac=True, method="L-BFGS-B", options=options
    )
    parts = engine.views(found.x)
    return LinearBaseline(name, parts["layers.0.weight"], parts["layers.0.bias"])


def _ridge(distribution: Distribution, training: Part) -> LinearBaseline:
    X, y = training.X.astype(np.float64), training.y.astype(np.float64)
    share = np.ones(len(X)) if training.weight is None else training.weight
    mean_x, mean_y = np.average(X, axis=0, weights=share), float(np.average(y, weights=share))
    X -= mean_x
    products = (X * share[:, None]).T @ X
    products[np.diag_indices_from(products)] += _PENALTY
    weight = np.linalg.solve(products, (share * (y - mean_y)) @ X)
    residuals = y - mean_y - X @ weight
    if isinstance(distribution, Laplace):
        scale = float(np.average(np.abs(residuals), weights=share))
    else:
        scale = float(np.sqrt(np.average(residuals**2, weights=share)))
    columns = np.zeros((len(weight), distribution.n_outputs))
    columns[:, 0] = weight
    bias = np.array([mean_y - mean_x @ weight, np.log(max(scale, np.finfo(np.float64).tiny))])
    return LinearBaseline("ridge regression", columns, bias[: distribution.n_outputs])
