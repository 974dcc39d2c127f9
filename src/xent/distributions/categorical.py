"""One of several classes, and several labels that share one softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xent.distributions import softmax
from xent.distributions.classes import Core
from xent.distributions.namespaces import as_floats, device_of, like, namespace_of, to_numpy
from xent.distributions.parameters import checked_count
from xent.distributions.targets import binary_rows, class_targets
from xent.errors import XentError

if TYPE_CHECKING:
    import numpy as np

    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["Categorical", "MultiLabelSoftmax", "top_labels"]


class _Softmax(Core):
    """What the two have in common: the outputs are the logits of one softmax."""

    @property
    def mass_shape(self) -> tuple[int, ...]:
        """One class an output."""
        return (self.n_outputs,)

    def weighted_value(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return the loss for any masses on the classes."""
        return softmax.value(a, softmax.exponentials(a, z), _turned(a, masses))

    def weighted_grad(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return the gradient for any masses on the classes."""
        return _turned(a, softmax.gradient(a, softmax.exponentials(a, z), _turned(a, masses)))

    def outcomes(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return P, 1 - P and -log P of every class."""
        e = softmax.exponentials(a, z)
        p, q = softmax.probabilities(a, e)
        return _turned(a, p), _turned(a, q), _turned(a, softmax.surprisals(a, e))

    def output_probabilities(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return P(k) and 1 - P(k) of every class."""
        p, q = softmax.probabilities(a, softmax.exponentials(a, z))
        return _turned(a, p), _turned(a, q)

    def pull_back(self, p: AnyArray, _q: AnyArray, slope: AnyArray) -> AnyArray:
        """Return p_k (slope_k - sum_j p_j slope_j): the softmax's Jacobian times the slope."""
        xp = namespace_of(p)
        return p * (slope - xp.sum(p * slope, axis=1, keepdims=True))

    def probability_surprisals(self, xp: Any, p: AnyArray) -> AnyArray:
        """Return -log(p)."""
        return -xp.log(p)

    def mean(self, z: AnyArray) -> AnyArray:
        """Return the softmax of the logits, the probability of every class, (n, n_outputs)."""
        return self._derive(lambda a, z: self.output_probabilities(a, z)[0], z)

    def _drawn(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return one code a row, by the Gumbel-max trick: right for any logits, no softmax."""
        outputs = self._outputs(z)
        xp = namespace_of(outputs)
        noise = like(xp, rng.gumbel(size=tuple(outputs.shape)), outputs)
        return xp.argmax(outputs + noise, axis=1)


@dataclass(frozen=True)
class Categorical(_Softmax):
    """One of `n_classes` classes; the outputs are logits, their softmax the probabilities.

    Targets are codes 0..n_classes-1, or soft labels of shape (n, n_classes). The negative
    log-likelihood is the cross-entropy, in nats. Exact: every value and every entry of the
    gradient is within 4 ulp, also where the target wins by far. Equal infinite logits count as a
    tie.

    Parameters
    ----------
    n_classes : int
        At least 2.

    References
    ----------
    Goodfellow, Bengio, Courville, Deep Learning (2016), 6.2.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[0.5, 0.3, 0.6], [0.5, 0.4, 0.3]])
    >>> Categorical(3).nll(z, [2, 0]).round(6)
    array([0.972919, 1.001943])
    >>> Categorical(3).grad(z, [2, 0]).round(6)
    array([[ 0.342009,  0.280013, -0.622022],
           [-0.632835,  0.332225,  0.30061 ]])
    """

    n_classes: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_classes", checked_count("n_classes", self.n_classes, 2))

    @property
    def n_outputs(self) -> int:
        """One logit a class."""
        return self.n_classes

    @property
    def target_kind(self) -> str:
        """Codes, or rows of probabilities."""
        return "classes"

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return int64 codes (n,) or soft labels (n, n_classes)."""
        return class_targets(y, n_rows, self.n_classes, z)

    def masses(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return soft labels, or 1 on the code and 0 elsewhere."""
        xp = a.xp
        if y.ndim == 1:
            y = y[:, None] == xp.arange(self.n_classes, device=device_of(y))
        return xp.astype(y, z.dtype)

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the cross-entropy of each row."""
        if y.ndim == 1:
            return softmax.code_value(a, softmax.exponentials(a, z), y)
        return self.weighted_value(a, z, self.masses(a, z, y))

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return P(k), and P(k) - 1 without its cancellation at the target."""
        if y.ndim == 1:
            return _turned(a, softmax.code_gradient(a, softmax.exponentials(a, z), y))
        return self.weighted_grad(a, z, self.masses(a, z, y))

    def rows_value_and_grad(
        self, a: Arithmetic, z: AnyArray, y: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """Return both from the same exponentials."""
        e = softmax.exponentials(a, z)
        if y.ndim == 1:
            return softmax.code_value(a, e, y), _turned(a, softmax.code_gradient(a, e, y))
        masses = _turned(a, self.masses(a, z, y))
        return softmax.value(a, e, masses), _turned(a, softmax.gradient(a, e, masses))

    def mode(self, z: AnyArray) -> AnyArray:
        """Return the int64 code of the largest logit, the first of equals."""
        outputs = self._outputs(z)
        return namespace_of(outputs).argmax(outputs, axis=1)

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return int64 codes drawn with the predicted probabilities."""
        return self._drawn(z, rng)


@dataclass(frozen=True)
class MultiLabelSoftmax(_Softmax):
    """Several labels a row that compete for one softmax (k-hot targets).

    The loss of a row is -sum of log P(k) over its labels, in nats: the likelihood of as many
    independent draws from the softmax. Its least value for k labels is k log k, not 0; with
    `normalized` the targets of a row are divided by their sum, the loss is the cross-entropy with
    a distribution and its least value log k. A row without labels costs 0.

    Parameters
    ----------
    n_labels : int
        At least 2.
    normalized : bool, default False
        Whether the targets of each row are divided by their sum.

    References
    ----------
    Mahajan et al., Exploring the Limits of Weakly Supervised Pretraining, ECCV 2018, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[0.2, 0.5, 0.1, 0.0], [0.1, 0.5, 0.0, 0.8]])
    >>> y = np.array([[1, 1, 0, 0], [0, 1, 0, 1]])
    >>> float(round(MultiLabelSoftmax(4).nll(z, y).mean(), 6))
    2.39281
    >>> float(round(MultiLabelSoftmax(4, normalized=True).nll(z, y).mean(), 4))
    1.1964
    """

    n_labels: int
    normalized: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_labels", checked_count("n_labels", self.n_labels, 2))
        if not isinstance(self.normalized, bool):
            raise XentError(f"normalized must be True or False, got {self.normalized!r}.")

    @property
    def n_outputs(self) -> int:
        """One logit a label."""
        return self.n_labels

    @property
    def target_kind(self) -> str:
        """Rows of labels 0 and 1, or between."""
        return "labels"

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return targets in [0, 1] of shape (n, n_labels)."""
        return binary_rows(y, n_rows, self.n_labels, z)

    def masses(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the targets, or their share in the row's sum."""
        xp = a.xp
        y = xp.astype(y, z.dtype)
        if not self.normalized:
            return y
        sums = xp.sum(y, axis=1, keepdims=True)
        return y / xp.where(sums > 0, sums, xp.ones_like(sums))

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the sum of -log P over each row's labels."""
        return self.weighted_value(a, z, self.masses(a, z, y))

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return P(k) * (mass of the others) - mass_k * (1 - P(k))."""
        return self.weighted_grad(a, z, self.masses(a, z, y))

    def mode(self, z: AnyArray) -> AnyArray:
        """Return int64 rows with a 1 at the most probable label; `top_labels` gives several."""
        outputs = self._outputs(z)
        xp = namespace_of(outputs)
        return self._one_hot(xp, xp.argmax(outputs, axis=1))

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return int64 rows with a 1 at one label, drawn from the softmax."""
        codes = self._drawn(z, rng)
        return self._one_hot(namespace_of(codes), codes)

    def _one_hot(self, xp: Any, codes: AnyArray) -> AnyArray:
        hot = codes[:, None] == xp.arange(self.n_labels, device=device_of(codes))
        return xp.astype(hot, xp.int64)


def top_labels(z: AnyArray, k: int) -> AnyArray:
    """Return the codes of the `k` largest logits of each row, largest first.

    Of equal logits the first comes first.

    Parameters
    ----------
    z : array of shape (n, n_labels)
        Logits (or scores: only their order matters).
    k : int
        How many labels, 1..n_labels.

    Returns
    -------
    int64 array of shape (n, k)

    Raises
    ------
    XentError
        If `z` is not a matrix of numbers, or `k` is out of range.

    Examples
    --------
    >>> top_labels([[0.2, 0.5, 0.0, 0.0], [0.1, 0.5, 0.0, 0.8]], 2).tolist()
    [[1, 0], [3, 1]]
    """
    z = as_floats(z, "z")
    k = checked_count("k", k, 1)
    if z.ndim != 2 or k > z.shape[1]:
        raise XentError(
            f"z must have shape (n, n_labels) with n_labels >= k = {k}, got {tuple(z.shape)}."
        )
    xp = namespace_of(z)
    order = (-to_numpy(z)).argsort(axis=1, kind="stable")[:, :k]
    return like(xp, order, z)


def _turned(a: Arithmetic, rows: AnyArray) -> AnyArray:
    return a.xp.permute_dims(rows, (1, 0))
