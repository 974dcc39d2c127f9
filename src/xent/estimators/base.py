"""What both estimators share: the training settings as parameters, fitting, asking the network."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from xent.data import check_weights
from xent.distributions import Gaussian, Poisson
from xent.errors import XentError
from xent.estimators.holdout import SMALLEST, hold_out_distinct
from xent.estimators.model import Model
from xent.estimators.rows import ImagePreparation, Preparation, Rows
from xent.network import ModuleNetwork
from xent.training import Callback, TrainingSettings, settings_from
from xent.training.fitting import (
    TargetScale,
    make_trainer,
    resolve_seed,
    run_trainer,
)
from xent.training.target_scale import residual_gaussian, set_unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import ArrayLike

    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution
    from xent.engines import Engine
    from xent.network import Network
    from xent.training import History, Trainer

__all__ = ["XentEstimator", "checks_of"]

DEFAULTS = TrainingSettings()
FLOATS = (np.float64, np.float32)
logger = logging.getLogger("xent.estimators")


def checks_of(X: object) -> dict[str, Any]:
    """Return how scikit-learn is to check rows: numbers of which NaN is missing, or images as they are.

    Raises
    ------
    XentError
        When the rows have three axes.
    """
    shape = getattr(X, "shape", ())
    if len(shape) == 3:
        raise XentError(
            f"X must have shape (n, n_features), or (n, channels, height, width) of images, got {tuple(shape)}. "
            "Are these images of one channel? Give X[:, None]."
        )
    if len(shape) == 4:
        return {"dtype": "numeric", "allow_nd": True}
    return {"dtype": FLOATS, "ensure_all_finite": "allow-nan"}


class XentEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The common part of `XentClassifier` and `XentRegressor`, where the parameters are described."""

    history_: History
    refit_history_: History | None
    distribution_: Distribution
    n_iter_: int
    best_epoch_: int
    seed_: int
    notes_: tuple[str, ...]
    _model: Model

    def __init__(
        self,
        network: str | None = DEFAULTS.network,
        module: Any = DEFAULTS.module,
        hidden: Sequence[int] = DEFAULTS.hidden,
        activation: str = DEFAULTS.activation,
        dropout: float | None = DEFAULTS.dropout,
        batch_norm: bool | None = DEFAULTS.batch_norm,
        init: str | None = DEFAULTS.init,
        augment: Sequence[str] = DEFAULTS.augment,
        distribution: str | Distribution | None = DEFAULTS.distribution,
        optimizer: str = DEFAULTS.optimizer,
        learning_rate: float | None = DEFAULTS.learning_rate,
        momentum: float = DEFAULTS.momentum,
        schedule: str = DEFAULTS.schedule,
        batch_size: int | None = DEFAULTS.batch_size,
        epochs: int = DEFAULTS.epochs,
        l1: float = DEFAULTS.l1,
        l2: float = DEFAULTS.l2,
        weight_decay: float | None = DEFAULTS.weight_decay,
        clip_norm: float | None = DEFAULTS.clip_norm,
        label_smoothing: float = DEFAULTS.label_smoothing,
        class_weight: Any = DEFAULTS.class_weight,
        validation_fraction: float = DEFAULTS.validation_fraction,
        early_stopping: bool = DEFAULTS.early_stopping,
        patience: int = DEFAULTS.patience,
        checkpoint_every: int | None = DEFAULTS.checkpoint_every,
        engine: str = DEFAULTS.engine,
        device: str = DEFAULTS.device,
        precision: str = DEFAULTS.precision,
        deterministic: bool = DEFAULTS.deterministic,
        compile: bool = DEFAULTS.compile,  # noqa: A002 (the field's word for it)
        dtype: str | None = DEFAULTS.dtype,
        random_state: Any = DEFAULTS.random_state,
        callbacks: Sequence[Callback] = (),
        warm_start: bool = False,
    ) -> None:
        self.network, self.module = network, module
        self.augment, self.precision = augment, precision
        self.deterministic, self.compile = deterministic, compile
        self.hidden, self.activation, self.dropout = hidden, activation, dropout
        self.batch_norm, self.init, self.distribution = batch_norm, init, distribution
        self.optimizer, self.learning_rate, self.momentum = optimizer, learning_rate, momentum
        self.schedule, self.batch_size, self.epochs = schedule, batch_size, epochs
        self.l1, self.l2, self.weight_decay, self.clip_norm = l1, l2, weight_decay, clip_norm
        self.label_smoothing, self.class_weight = label_smoothing, class_weight
        self.validation_fraction, self.early_stopping = validation_fraction, early_stopping
        self.patience, self.checkpoint_every = patience, checkpoint_every
        self.engine, self.device, self.dtype, self.random_state = (
            engine,
            device,
            dtype,
            random_state,
        )
        self.callbacks, self.warm_start = callbacks, warm_start

    @property
    def network_(self) -> Network | ModuleNetwork:
        """The network's description."""
        return self._fitted().engine.network

    def summary(self) -> str:
        """Return a table of the network's layers, their shapes and parameters.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        return self.network_.summary()

    def activations(self, X: ArrayLike) -> tuple[FloatArray, ...]:
        """Return what each hidden layer puts out.

        Parameters
        ----------
        X : array-like of shape (n, n_features)

        Returns
        -------
        tuple of ndarray, shape (n, n_units)
            One for every layer of `network_` but the last, dropout and batch normalization too.

        Raises
        ------
        sklearn.exceptions.NotFittedError
        """
        model = self._fitted()
        return model.activations(self._features(X))

    def _fitted(self) -> Model:
        check_is_fitted(self, "_model")
        if isinstance(self.module, str):  # a pickle leaves the code where it is
            self._model.take_code(self.module)
        return self._model

    def _features(self, X: ArrayLike) -> Array:
        """Return the features to predict for, checked against those of `fit`."""
        features: Array = validate_data(self, X, reset=False, **checks_of(X))
        return features

    def _logits(self, X: ArrayLike) -> FloatArray:
        model = self._fitted()
        return model.logits(self._features(X))

    def _settings(self) -> TrainingSettings:
        values = self.get_params(deep=False)
        del values["warm_start"]
        if not isinstance(values["module"], str):  # an object is no setting that a file could hold
            del values["module"]
        for callback in values.pop("callbacks"):
            if not isinstance(callback, Callback):
                raise XentError(
                    f"callbacks must be a sequence of xent.Callback objects, got {callback!r}. "
                    "Subclass xent.Callback and override what you need."
                )
        return settings_from(values)

    def _sample_weight(self, sample_weight: ArrayLike | None, n_rows: int) -> FloatArray | None:
        if sample_weight is None:
            return None
        return check_weights(sample_weight, n_rows, name="sample_weight")

    def _fit(
        self, rows: Rows, settings: TrainingSettings, task: str, distribution: Distribution | None
    ) -> Self:
        """Train on part of the rows to find out for how long, then on all of them.

        Without rows held out, or without early stopping, the first training is the only one.
        """
        start = self._model if self.warm_start and hasattr(self, "_model") else None
        seed = resolve_seed(self.random_state) if start is None else self.seed_
        held = hold_out_distinct(
            rows.X, rows.y, settings.validation_fraction, seed, task=task, weight=rows.weight
        )
        training = rows if held is None else rows.where(~held)
        judges = None if held is None else rows.where(held)
        preparation = self._prepare(training, settings, distribution, start)
        plan = self._plan(task, distribution, seed, start)
        trainer = plan.trainer(settings, preparation, training, judges)
        run_trainer(trainer)
        self.seed_, self.history_, self.refit_history_ = seed, trainer.history, None
        self.n_iter_ = self.best_epoch_ = len(trainer.history)
        self._model = Model(preparation, trainer)
        self.distribution_ = self._calibrated(distribution, judges or training)
        self.notes_ = _notes(trainer, held, len(rows))
        if held is not None and settings.early_stopping and trainer.best.epoch:
            self.best_epoch_ = trainer.best.epoch
            if trainer.stopped_because in {"patience", "all epochs done"}:
                self._fit_again(rows, settings, plan)
        for note in self.notes_:
            logger.info("%s: %s", type(self).__name__, note)
        return self

    def _fit_again(self, rows: Rows, settings: TrainingSettings, plan: _Plan) -> None:
        """Train on all rows for the epochs that were best; when that is broken off, nothing changes."""
        settings = dataclasses.replace(settings, epochs=self.best_epoch_)
        preparation = self._prepare(rows, settings, plan.distribution, plan.start)
        trainer = plan.trainer(settings, preparation, rows, None)
        run_trainer(trainer)
        if trainer.stopped_because == "all epochs done":
            self._model, self.refit_history_ = Model(preparation, trainer), trainer.history
            note = "then a new network was trained on all rows for as many epochs"
            self.notes_ = (*self.notes_, note)

    def _fit_more(
        self, rows: Rows, settings: TrainingSettings, task: str, distribution: Distribution | None
    ) -> Self:
        """Pass once over the rows, going on from where training stands."""
        model: Model | None = getattr(self, "_model", None)
        n_done = 0 if model is None else model.n_epochs
        seed = resolve_seed(self.random_state) if model is None else self.seed_
        # Where the end is not known, nothing can be scheduled towards it.
        settings = dataclasses.replace(settings, schedule="constant", epochs=n_done + 1)
        preparation = self._prepare(rows, settings, distribution, model)
        if model is None:
            preparation = preparation.for_more()
        plan = self._plan(task, distribution, seed, None)
        trainer = plan.trainer(settings, preparation, rows, None)
        if model is not None:
            model.give_progress(trainer, self.refit_history_ or self.history_)
        run_trainer(trainer)
        self.seed_, self.history_, self.refit_history_ = seed, trainer.history, None
        self.n_iter_ = self.best_epoch_ = len(trainer.history)
        self.notes_ = ()
        self._model = Model(preparation, trainer)
        self.distribution_ = self._calibrated(distribution, rows)
        return self

    def _plan(
        self, task: str, distribution: Distribution | None, seed: int, start: Model | None
    ) -> _Plan:
        callbacks = tuple(self.callbacks)
        return _Plan(task, distribution, seed, self._labels(), callbacks, start, self.module)

    def _prepare(
        self,
        rows: Rows,
        settings: TrainingSettings,
        distribution: Distribution | None,
        start: Model | None,
    ) -> Preparation | ImagePreparation:
        """Return how rows are encoded: as before where weights are kept, since they belong to it."""
        if start is not None:
            return start.preparation
        scale = self._target_scale(distribution, rows)
        if rows.X.ndim == 4:
            return ImagePreparation.fit(rows, scale, settings.dtype)
        names = getattr(self, "feature_names_in_", None)
        return Preparation.fit(rows, scale, settings.dtype, names)

    def _labels(self) -> Sequence[Any]:
        """Return the classes' or labels' own names, in the order of their codes."""
        return ()

    def _target_scale(self, _distribution: Distribution | None, _rows: Rows) -> TargetScale:
        """Return the unit in which a real target is trained."""
        return TargetScale()

    def _calibrated(self, distribution: Distribution | None, rows: Rows) -> Distribution:
        """Return the distribution of predictions, given rows to judge the model by."""
        if distribution is not None:
            return distribution
        scale = self._model.preparation.scale
        mean = scale.location + scale.scale * self._model.logits(rows.X)[:, 0].astype(np.float64)
        return residual_gaussian(rows.y, mean, rows.weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What both trainings of a fit have in common.

    Without a distribution a number gets a normal error of one size, which training leaves open: the
    squared error in the standardized unit, which is that of sd 1.
    """

    task: str
    distribution: Distribution | None
    seed: int
    labels: Sequence[Any]
    callbacks: tuple[Callback, ...]
    start: Model | None
    module: object

    def trainer(
        self,
        settings: TrainingSettings,
        preparation: Preparation | ImagePreparation,
        training: Rows,
        validation: Rows | None,
    ) -> Trainer:
        trainer = make_trainer(
            settings,
            task=self.task,
            distribution=self.distribution or Gaussian(preparation.scale.scale),
            training=preparation.part(training),
            validation=None if validation is None else preparation.part(validation),
            seed=self.seed,
            labels=self.labels,
            target_scale=preparation.scale,
            callbacks=self.callbacks,
            pixels=preparation.pixels,
            module=self.module,
        )
        if isinstance(self.distribution, Poisson):
            _start_at_mean_rate(trainer.engine, training)
        if self.start is not None:
            self.start.give_weights(trainer)
        return trainer


def _start_at_mean_rate(engine: Engine, rows: Rows) -> None:
    """Set the last bias to the logarithm of the mean count: a count has no unit to standardize by."""
    mean = float(np.average(rows.y, weights=rows.loss_weight))
    start = float(np.log(mean)) if mean > 0 else 0.0
    if isinstance(engine.network, ModuleNetwork):
        set_unit(engine, [1.0], [start])
        return
    views = engine.views(engine.parameters)
    last = [name for name in views if name.endswith(".bias")][-1]
    views[last][:] = start


def _notes(trainer: Trainer, held: Array | None, n_rows: int) -> tuple[str, ...]:
    """Return what a user would not see otherwise: what was held out, and why training ended."""
    settings, history = trainer.settings, trainer.history
    ended = (
        f"trained {len(history)} of at most {settings.epochs} epochs ({trainer.stopped_because})"
    )
    if held is None:
        if settings.validation_fraction == 0:
            return (ended,)
        few = (
            f"fewer than {SMALLEST} distinct rows ({n_rows:,} in all): no validation part was held "
            "out, and nothing could stop training early"
        )
        return few, ended
    part = f"{int(held.sum()):,} of {n_rows:,} rows were held out for validation"
    if not settings.early_stopping or not trainer.best.epoch:
        return part, ended
    return part, ended, f"epoch {trainer.best.epoch} had the lowest validation loss"
