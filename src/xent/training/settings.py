"""The training settings: one frozen record, the same for Python, estimators, recipe files and the command line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xent.errors import XentError, nearest_hint

__all__ = ["TrainingSettings", "settings_from"]

CHANGES = ("flip", "shift", "crop", "color")
PRECISIONS = ("full", "bf16", "fp16")
DTYPES = ("float32", "float64")


def _setting(default: Any, text: str) -> Any:
    """Return a field that carries its own help text."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a network is built and trained.

    Every field is a setting of `xent.train`, of the estimators, of the recipe file and, with
    dashes, of the command line; its meaning stands beside it in ``metadata["help"]``, from where
    the command line's help is made.

    Raises
    ------
    XentError
        When a value is out of its range; the message names the setting and what it may be.

    Examples
    --------
    >>> TrainingSettings(hidden=(100, 100), epochs=400).batch_size
    64
    """

    network: str | None = _setting(
        None,
        "mlp, lenet, small_cnn or resnet_small; by default mlp for tables, small_cnn for images.",
    )
    module: str | None = _setting(
        None,
        "Own PyTorch module instead of a network: path/to/file.py:build, a function or class whose code is executed.",
    )
    hidden: tuple[int, ...] = _setting(
        (256, 256), "Units of each hidden layer of an mlp, such as 100,100; none: a linear model."
    )
    activation: str = _setting("relu", "Activation of the hidden layers of an mlp.")
    dropout: float | None = _setting(
        None,
        "Share of hidden units dropped in training, 0 to below 1; by default the network's own.",
    )
    batch_norm: bool | None = _setting(
        None, "Normalize each hidden layer over the batch; by default as the network has it."
    )
    init: str | None = _setting(
        None, "Initializer of the weights of an mlp; by default the one that suits the activation."
    )
    augment: tuple[str, ...] = _setting(
        (), "Random changes of training images in each epoch: flip, shift, crop, color."
    )
    distribution: Any = _setting(
        None, "Distribution of the target; by default the one of the task."
    )
    optimizer: str = _setting("adamw", "Optimizer.")
    learning_rate: float | None = _setting(None, "Learning rate; by default the optimizer's own.")
    momentum: float = _setting(0.9, "Momentum of the optimizers momentum and nesterov.")
    schedule: str = _setting("cosine", "Schedule of the learning rate over all steps.")
    batch_size: int | None = _setting(
        64, "Rows a step; more than there are, or none in Python: the full batch."
    )
    epochs: int = _setting(60, "Passes over the training rows, at most.")
    l1: float = _setting(0.0, "L1 penalty on the weights (proximal: exact zeros).")
    l2: float = _setting(0.0, "L2 penalty on the weights: l2/2 times the sum of squares.")
    weight_decay: float | None = _setting(
        None, "Decoupled weight decay; by default the optimizer's own: 1 for adamw, else 0."
    )
    clip_norm: float | None = _setting(None, "Largest norm of the gradient.")
    label_smoothing: float = _setting(
        0.0, "Share of the target spread over all classes, 0 to below 1."
    )
    class_weight: Any = _setting(None, "Weights of the classes: balanced, or class=weight pairs.")
    validation_fraction: float = _setting(
        0.2, "Share of the training rows held out for validation; 0: none."
    )
    early_stopping: bool = _setting(
        True, "Stop when the validation loss no longer falls, and restore the best weights."
    )
    patience: int = _setting(30, "Epochs without a better validation loss before stopping.")
    checkpoint_every: int | None = _setting(
        None, "Epochs between checkpoints; by default as often as 3% of the time allows."
    )
    engine: str = _setting(
        "auto", "numpy or torch; auto: numpy where it computes the network, else torch."
    )
    device: str = _setting(
        "auto",
        "Device of the torch engine: cpu, cuda, cuda:1, mps; auto: a GPU where there is one.",
    )
    precision: str = _setting(
        "full",
        "What layers compute in on the torch engine; the loss keeps the dtype: float32 beside bf16 and fp16.",
    )
    deterministic: bool = _setting(
        True, "On a GPU, use only algorithms that give the same bits in every run."
    )
    compile: bool = _setting(False, "Compile the training step of the torch engine.")
    dtype: str | None = _setting(None, "float32 or float64.")
    random_state: Any = _setting(None, "Seed; by default a fresh one, which the run records.")

    def __post_init__(self) -> None:
        for own in dataclasses.fields(self):  # a recipe is JSON, which has no numbers of NumPy
            object.__setattr__(self, own.name, _plain(getattr(self, own.name)))
        object.__setattr__(self, "hidden", _widths(self.hidden))
        object.__setattr__(self, "augment", _changes(self.augment))
        if self.module is not None:
            _check_module(self.module)
        if self.class_weight is not None:
            object.__setattr__(self, "class_weight", _class_weight(self.class_weight))
        _check_ranges(self)
        _check_choices(self)
        if self.precision != "full":
            if self.dtype == "float64":
                raise XentError(
                    f"precision {self.precision!r} goes with dtype float32, got dtype='float64'. Leave dtype out."
                )
            object.__setattr__(self, "dtype", "float32")

    def as_json(self) -> dict[str, Any]:
        """Return the settings as a JSON object; a distribution object is left to `distributions.describe`."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["hidden"], values["augment"] = list(self.hidden), list(self.augment)
        if self.distribution is not None and not isinstance(self.distribution, str):
            from xent.distributions import describe

            values["distribution"] = describe(self.distribution)
        if isinstance(self.class_weight, Mapping):
            values["class_weight"] = [
                [_plain(name), weight] for name, weight in self.class_weight.items()
            ]
        return values


def settings_from(values: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings of a mapping, refusing unknown names with the nearest.

    Examples
    --------
    >>> settings_from({"epoch": 3})
    Traceback (most recent call last):
    xent.errors.XentError: there is no setting 'epoch'. Did you mean 'epochs'?
    """
    known = [f.name for f in dataclasses.fields(TrainingSettings)]
    for name in values:
        if name not in known:
            raise XentError(f"there is no setting {name!r}.{nearest_hint(name, known)}")
    return TrainingSettings(**values)


def _widths(hidden: object) -> tuple[int, ...]:
    widths = (hidden,) if isinstance(hidden, int) else hidden
    if isinstance(widths, str) or not isinstance(widths, Sequence):
        raise XentError(
            f"hidden must be a sequence of layer widths such as (100, 100), got {hidden!r}."
        )
    for width in widths:
        if not _is_integer(width) or width < 1:
            raise XentError(f"hidden must hold whole numbers of at least 1, got {width!r}.")
    return tuple(int(width) for width in widths)


def _changes(augment: object) -> tuple[str, ...]:
    """Return the names of the changes, each once, in the order in which they are made."""
    names = (augment,) if isinstance(augment, str) else augment
    if not isinstance(names, Sequence):
        raise XentError(
            f"augment must hold names of changes such as ('flip', 'shift'), got {augment!r}."
        )
    for name in names:
        if name not in CHANGES:
            hint = nearest_hint(str(name), CHANGES)
            raise XentError(f"augment must be of {', '.join(CHANGES)}, got {name!r}.{hint}")
    return tuple(name for name in CHANGES if name in names)


def _check_module(module: object) -> None:
    from xent.engines.module_reference import parse_reference

    if not isinstance(module, str):
        raise XentError(
            "module must be 'path/to/file.py:build', a function or class in a Python file, so that the training can "
            f"be repeated, got {module!r:.200}. XentClassifier and XentRegressor take objects."
        )
    parse_reference(module)


def _class_weight(value: object) -> Any:
    """Return 'balanced', or class weights as a dict; a list of pairs is their JSON form."""
    if value == "balanced":
        return value
    if isinstance(value, (list, tuple)) and all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in value
    ):
        value = {pair[0]: pair[1] for pair in value}
    if not isinstance(value, Mapping):
        raise XentError(
            f"class_weight must be 'balanced' or a mapping of class to weight, got {value!r}."
        )
    for name, weight in value.items():
        if not _is_number(weight) or not math.isfinite(weight) or weight < 0:
            raise XentError(
                f"class_weight of class {name!r} must be a finite number of at least 0, got {weight!r}."
            )
    return {name: float(weight) for name, weight in value.items()}


# what may be None is given as the second item
_COUNTS = {"epochs": False, "patience": False, "batch_size": True, "checkpoint_every": True}
_SHARES = {
    "dropout": True,
    "label_smoothing": False,
    "validation_fraction": False,
    "momentum": False,
}
_STRENGTHS = {"l1": False, "l2": False, "weight_decay": True}
_POSITIVE = ("learning_rate", "clip_norm")
_SWITCHES = {
    "batch_norm": True,
    "early_stopping": False,
    "deterministic": False,
    "compile": False,
}


def _check_ranges(settings: TrainingSettings) -> None:
    def check(
        name: str, expected: str, fits: Callable[[Any], bool], *, may_be_none: bool = False
    ) -> None:
        value = getattr(settings, name)
        if not ((may_be_none and value is None) or fits(value)):
            raise XentError(f"{name} must be {expected}, got {value!r}.")

    for name, may_be_none in _COUNTS.items():
        check(
            name,
            "a whole number of at least 1",
            lambda v: _is_integer(v) and v >= 1,
            may_be_none=may_be_none,
        )
    for name, may_be_none in _SHARES.items():
        check(
            name,
            "at least 0 and below 1",
            lambda v: _is_number(v) and 0 <= v < 1,
            may_be_none=may_be_none,
        )
    for name, may_be_none in _STRENGTHS.items():
        check(
            name,
            "a finite number of at least 0",
            lambda v: _is_number(v) and 0 <= v < math.inf,
            may_be_none=may_be_none,
        )
    for name in _POSITIVE:
        check(
            name,
            "a finite number above 0",
            lambda v: _is_number(v) and 0 < v < math.inf,
            may_be_none=True,
        )
    for name, may_be_none in _SWITCHES.items():
        check(name, "true or false", lambda v: isinstance(v, bool), may_be_none=may_be_none)


def _check_choices(settings: TrainingSettings) -> None:
    from xent.engines import ENGINES
    from xent.network import activation_named, parse_initializer
    from xent.network.presets import PRESETS
    from xent.training.optimizers import OPTIMIZERS
    from xent.training.schedules import check_schedule

    activation_named(settings.activation)
    if settings.init is not None:
        parse_initializer(settings.init)
    check_schedule(settings.schedule)
    if not isinstance(settings.device, str):
        raise XentError(f"device must be a name such as cpu or cuda:1, got {settings.device!r}.")
    choices = {
        "network": ("mlp", *PRESETS, None),
        "optimizer": tuple(OPTIMIZERS),
        "engine": ENGINES,
        "precision": PRECISIONS,
        "dtype": (*DTYPES, None),
    }
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            names = [str(choice) for choice in allowed if choice is not None]
            hint = nearest_hint(str(value), names)
            raise XentError(f"{name} must be one of {', '.join(names)}, got {value!r}.{hint}")


def _is_number(value: object) -> bool:
    import numpy as np

    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    import numpy as np

    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    import numpy as np

    return value.item() if isinstance(value, np.generic) else value
