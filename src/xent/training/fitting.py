"""From settings and rows to a trainer at work: distribution, weights, network, seed, threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassDistribution,
    ClassWeights,
    Distribution,
    Gaussian,
    LabelSmoothing,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
)
from xent.engines import ONE_RANK, make_engine
from xent.engines.own_modules import own_network
from xent.engines.threads import blas_threads, suitable_threads
from xent.errors import XentError, nearest_hint
from xent.training.networks import make_network, refuse_network_settings
from xent.training.target_scale import TargetScale, fit_target_scale
from xent.training.trainer import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.arrays import Array
    from xent.engines import RankGroup
    from xent.network import ModuleNetwork, Network, Pixels
    from xent.training.callbacks import Callback
    from xent.training.checkpoint import Checkpointer
    from xent.training.history import History
    from xent.training.parts import Part
    from xent.training.settings import TrainingSettings

__all__ = [
    "TargetScale",
    "choose_distribution",
    "class_weight_factors",
    "engine_dtype",
    "fit_target_scale",
    "make_trainer",
    "objective",
    "resolve_seed",
    "run_trainer",
]

# by task: the names of a recipe, and what they make for so many classes or labels; the first is the default
DISTRIBUTIONS: Final[dict[str, dict[str, Callable[[int], Distribution]]]] = {
    "binary": {"bernoulli": lambda _: Bernoulli()},
    "multiclass": {"categorical": Categorical},
    "multilabel": {"multilabel": MultiLabel, "multilabel_softmax": MultiLabelSoftmax},
    "regression": {
        "gaussian": lambda _: Gaussian(),
        "laplace": lambda _: Laplace(),
        "poisson": lambda _: Poisson(),
    },
}

TARGET_KINDS: Final = {
    "binary": {"binary"},
    "multiclass": {"classes"},
    "multilabel": {"labels"},
    "regression": {"real", "count"},
}


def resolve_seed(random_state: object) -> int:
    """Return a seed: the given one, one drawn from a given generator, or a fresh one for None.

    Examples
    --------
    >>> resolve_seed(7)
    7
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if (
        isinstance(random_state, (int, np.integer))
        and not isinstance(random_state, bool)
        and random_state >= 0
    ):
        return int(random_state)
    raise XentError(
        f"random_state must be None, a whole number of at least 0 or a generator, got {random_state!r}."
    )


def choose_distribution(task: str, n_outcomes: int, settings: TrainingSettings) -> Distribution:
    """Return the distribution of the settings, or the first one that fits the task.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    n_outcomes : int
        Classes or labels; without meaning for the other tasks.

    Examples
    --------
    >>> from xent.training import TrainingSettings
    >>> choose_distribution("multiclass", 3, TrainingSettings())
    Categorical(n_classes=3)
    """
    fitting = DISTRIBUTIONS[task]
    wanted = settings.distribution
    if wanted is None:
        return next(iter(fitting.values()))(n_outcomes)
    if isinstance(wanted, str):
        if wanted not in fitting:
            raise XentError(
                f"distribution must be {' or '.join(fitting)} for a {task} target, got {wanted!r}."
                f"{nearest_hint(wanted, fitting)}"
            )
        return fitting[wanted](n_outcomes)
    if not isinstance(wanted, Distribution):
        raise XentError(f"distribution must be a name or a Distribution, got {wanted!r}.")
    example = next(iter(fitting.values()))(n_outcomes)
    fits = wanted.target_kind in TARGET_KINDS[task]
    if not fits or (task in {"multiclass", "multilabel"} and wanted.n_outputs != example.n_outputs):
        raise XentError(f"distribution must fit a {task} target, such as {example}, got {wanted}.")
    return wanted


def objective(
    distribution: Distribution, settings: TrainingSettings, labels: Sequence[Any] = ()
) -> Distribution:
    """Return what is trained: the distribution, with label smoothing and, for several labels, their weights on top."""
    if not isinstance(distribution, ClassDistribution):
        if settings.label_smoothing:
            raise XentError("label_smoothing needs classes, and the target is a number.")
        return distribution
    trained = distribution
    if settings.label_smoothing:
        trained = LabelSmoothing(trained, settings.label_smoothing)
    if distribution.target_kind == "labels" and settings.class_weight is not None:
        if settings.class_weight == "balanced":
            raise XentError(
                "class_weight must name labels and their weights for a multilabel target, got 'balanced'."
            )
        factors = _named_weights(settings.class_weight, labels)
        trained = ClassWeights(trained, tuple((1.0, factor) for factor in factors))
    return trained


def class_weight_factors(
    y: Array, labels: Sequence[Any], class_weight: Any, weight: Array | None = None
) -> Array | None:
    """Return the weight of each row by its class, or None without class weights.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class codes.
    labels : sequence
        The classes' own names, in the order of the codes.
    class_weight : None, "balanced" or mapping of name to weight
        Balanced: n / (K n_k), with n_k the rows (or their weights) of a class, as scikit-learn has
        it.
    weight : ndarray, shape (n,), optional

    Examples
    --------
    >>> class_weight_factors(np.array([0, 0, 0, 1]), ["no", "yes"], "balanced").round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    if class_weight is None:
        return None
    codes = y.astype(np.int64)
    if class_weight == "balanced":
        counts = np.bincount(codes, weights=weight, minlength=len(labels)).astype(np.float64)
        present = counts > 0
        factors = np.zeros(len(labels))
        factors[present] = counts.sum() / (np.count_nonzero(present) * counts[present])
    else:
        factors = np.array(_named_weights(class_weight, labels))
    return factors[codes]


def _named_weights(class_weight: dict[Any, float], labels: Sequence[Any]) -> tuple[float, ...]:
    """Return the weights in the order of the labels; names may come as text, as a command line gives them."""
    by_text = {str(label): place for place, label in enumerate(labels)}
    factors = [1.0] * len(labels)
    for name, factor in class_weight.items():
        if str(name) not in by_text:
            raise XentError(
                f"class_weight names {name!r}, which is no class.{nearest_hint(str(name), by_text)}"
            )
        factors[by_text[str(name)]] = factor
    return tuple(factors)


def make_trainer(
    settings: TrainingSettings,
    *,
    task: str,
    distribution: Distribution,
    training: Part,
    validation: Part | None,
    seed: int,
    labels: Sequence[Any] = (),
    target_scale: TargetScale | None = None,
    pixels: Pixels | None = None,
    callbacks: Sequence[Callback] = (),
    checkpointer: Checkpointer | None = None,
    ranks: RankGroup = ONE_RANK,
    module: object = None,
) -> Trainer:
    """Return a trainer whose network starts from the seed.

    With a target scale the parts hold targets in the trained unit, and the history is in that of y. `pixels`
    standardizes images; `module`, an own one, stands for the network, as `settings.module` does.
    """
    target_scale = target_scale or TargetScale()
    trained = objective(target_scale.trained(distribution), settings, labels)
    dtype = engine_dtype(settings, training.X)
    initial_seed, training_seed = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    source = settings.module if module is None else module
    network: Network | ModuleNetwork
    if source is None:
        network = make_network(settings, training.X.shape[1:], trained.n_outputs, pixels)
    else:
        refuse_network_settings(settings)
        network = own_network(
            source, training.X, trained, dtype=dtype, pixels=pixels, seed=int(initial_seed)
        )
    engine = make_engine(
        settings.engine,
        network,
        trained,
        dtype,
        device=settings.device,
        precision=settings.precision,
        augment=settings.augment,
        deterministic=settings.deterministic,
        compiled=settings.compile,
        ranks=ranks,
    )
    engine.init(np.random.Generator(np.random.PCG64(initial_seed)))
    return Trainer(
        engine,
        settings,
        training,
        validation,
        task=task,
        plain=distribution,
        target_scale=target_scale,
        seed=int(training_seed),
        callbacks=callbacks,
        checkpointer=checkpointer,
        ranks=ranks,
    )


def engine_dtype(settings: TrainingSettings, X: Array) -> str:
    """Return the dtype to compute in: the settings', else that of the rows; float32 for pixels.

    Examples
    --------
    >>> from xent.training import TrainingSettings
    >>> engine_dtype(TrainingSettings(), np.zeros((2, 1, 8, 8), np.uint8))
    'float32'
    """
    if settings.dtype is not None:
        return settings.dtype
    return X.dtype.name if X.dtype.kind == "f" else "float32"


def run_trainer(trainer: Trainer) -> History:
    """Train with the number of BLAS threads that suits the network; the trainer notes it as `n_threads`."""
    trainer.n_threads = trainer.n_threads or suitable_threads(
        trainer.engine.network, trainer.batch_size
    )
    with blas_threads(trainer.n_threads) as is_set:
        trainer.threads_are_set = is_set
        return trainer.run()
