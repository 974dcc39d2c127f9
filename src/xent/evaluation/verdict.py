"""The verdict: every figure of every part beside what the constant predictor gets."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions.location_scale import with_free_spread
from xent.errors import XentError, nearest_hint
from xent.evaluation.constant import ConstantPredictor, check_task
from xent.evaluation.inputs import check_scores, row_weights
from xent.evaluation.verdict_figures import FIGURES, measure
from xent.evaluation.verdict_text import verdict_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.distributions import Distribution

__all__ = ["Figure", "PartFigures", "Verdict", "judge", "verdict_table"]


@dataclass(frozen=True)
class Figure:
    """A figure, the constant predictor's value of it, and the interval's place.

    Parameters
    ----------
    value : float
        NaN where undefined.
    constant : float
        What the constant predictor gets; NaN where that is undefined or averages over other
        classes.
    why : str
        Why the value is undefined or infinite, or what an average left out.
    low, high : float, optional
        Ends of the interval; None: none was computed.
    """

    value: float
    constant: float = math.nan
    why: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PartFigures:
    """The figures of one part of the data, in the order of the table.

    Parameters
    ----------
    n_rows : int
        Rows of positive weight.
    figures : mapping of str to Figure
        By name: "log_loss", "auc", ...
    """

    n_rows: int
    figures: Mapping[str, Figure]

    def __post_init__(self) -> None:
        """Keep the figures from being changed behind the back."""
        object.__setattr__(self, "figures", MappingProxyType(dict(self.figures)))

    def __getitem__(self, name: str) -> Figure:
        """Return one figure by its name."""
        return self.figures[name]


@dataclass(frozen=True)
class Verdict:
    """How good a model is, on each part of its data.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    parts : mapping of str to PartFigures
        In the order of the columns: training, validation, test.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.evaluation import fit_constant
    >>> y, z = [1, 1, 0, 0], [2.0, 0.5, -1.0, 0.3]
    >>> constant = fit_constant("binary", y, distribution=Bernoulli())
    >>> part = judge("binary", y, z, distribution=Bernoulli(), constant=constant)
    >>> print(Verdict("binary", {"test": part}))
                   test    const.
                 4 rows
    log loss     0.4422    0.6931
    accuracy     0.7500    0.5000
    precision    0.6667    0.5000
    recall       1.0000    1.0000
    FPR          0.5000    1.0000
    F1           0.8000    0.6667
    AUC          1.0000    0.5000
    Brier        0.1398    0.2500
    """

    task: str
    parts: Mapping[str, PartFigures] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the task and keep the parts from being changed."""
        check_task(self.task)
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    def __getitem__(self, part: str) -> PartFigures:
        """Return the figures of a part: ``verdict["test"]["auc"].value``."""
        if part not in self.parts:
            raise XentError(f"the verdict has no part {part!r}.{nearest_hint(part, self.parts)}")
        return self.parts[part]

    def __str__(self) -> str:
        """Return an aligned table in plain text: one row a figure, notes for what is undefined."""
        return verdict_text(self.parts)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold.

        An undefined value is null beside its reason; infinities are "inf" and "-inf".
        """
        return {
            "task": self.task,
            "parts": {
                name: {
                    "n_rows": part.n_rows,
                    "figures": {key: _written(figure) for key, figure in part.figures.items()},
                }
                for name, part in self.parts.items()
            },
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> Verdict:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When something is missing, unknown or of the wrong type.
        """
        parts = {}
        for name, part in _mapping(description, "parts").items():
            n_rows = part.get("n_rows") if isinstance(part, dict) else None
            if not isinstance(n_rows, int) or isinstance(n_rows, bool) or n_rows < 0:
                raise XentError(f"part {name!r} must have a number n_rows, got {n_rows!r}.")
            figures = {key: _read(key, f) for key, f in _mapping(part, "figures").items()}
            parts[name] = PartFigures(n_rows, figures)
        return cls(str(description.get("task")), parts)


def judge(
    task: str,
    y: object,
    z: object,
    *,
    distribution: Distribution,
    constant: ConstantPredictor,
    weight: object = None,
    threshold: float = 0.5,
) -> PartFigures:
    """Measure a model on one part of the data, beside the constant predictor.

    Parameters
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    y : array of shape (n,) or (n, n_labels)
        Targets. With soft labels only the losses are defined.
    z : array of shape (n,) or (n, n_outputs)
        Outputs of the model: logits, or the parameters of its distribution.
    distribution : Distribution
        The model's own, without class weights, smoothing or other modifiers.
    constant : ConstantPredictor
        Fitted on the training part, whatever part this is: see `fit_constant`. Beside a model whose
        spread was found after training it has a spread of its own, fitted with `Gaussian()`.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    threshold : float
        Binary and independent labels: positive is a probability of at least this.

    Returns
    -------
    PartFigures
        Losses exact from the outputs, in nats; AUC exact, ties counting half. Macro figures leave
        undefined classes out and say how many.

    Raises
    ------
    XentError
        When the arrays do not fit each other or the distribution, z holds NaN, or threshold is
        outside [0, 1].

    Examples
    --------
    >>> from xent.distributions import Gaussian
    >>> from xent.evaluation import fit_constant
    >>> y, family = [1.0, 2.0, 3.0], Gaussian(sd=1.0)
    >>> constant = fit_constant("regression", y, distribution=family)
    >>> part = judge("regression", y, [1.5, 2.0, 2.5], distribution=family, constant=constant)
    >>> part["r2"]
    Figure(value=0.75, constant=0.0, why='', low=None, high=None)
    """
    check_task(task)
    if not 0 <= threshold <= 1:
        raise XentError(f"threshold must lie in [0, 1], got {threshold}.")
    outputs, targets, kept = _checked_rows(y, z, distribution, weight)
    family = _family_of(constant, distribution)
    model = measure(task, outputs, targets, kept, distribution, threshold)
    flat = constant.outputs(targets.shape[0])
    base = measure(task, flat, targets, kept, family, threshold)
    # An average over other classes is another figure: the two would not compare.
    return PartFigures(
        targets.shape[0],
        {
            name: Figure(
                value=measured.value,
                constant=base[name].value if base[name].over == measured.over else math.nan,
                why=measured.why,
            )
            for name, measured in model.items()
        },
    )


def _family_of(constant: ConstantPredictor, distribution: Distribution) -> Distribution:
    """Return the distribution that the constant's parameters are of."""
    family = distribution
    if len(constant.parameters) != family.n_outputs:
        family = with_free_spread(distribution)
    if len(constant.parameters) != family.n_outputs:
        raise XentError(
            f"constant must have {distribution.n_outputs} parameters for {distribution!r}, "
            f"got {len(constant.parameters)}. Fit it with the same distribution."
        )
    return family


def _checked_rows(
    y: object, z: object, distribution: Distribution, weight: object
) -> tuple[FloatArray, Array, FloatArray | None]:
    """Return outputs (n, n_outputs) as float64, targets and weights of the rows that weigh anything."""
    outputs = np.asarray(z)
    if outputs.ndim not in {1, 2} or outputs.dtype.kind not in "biuf":
        raise XentError(
            f"z must be numbers of shape (n,) or (n, {distribution.n_outputs}), "
            f"got {outputs.dtype} of shape {outputs.shape}."
        )
    targets = np.asarray(distribution.check_targets(y, outputs.shape[0]))
    kept = row_weights(weight, targets.shape[0])
    if kept is not None:
        outputs, targets, kept = outputs[kept > 0], targets[kept > 0], kept[kept > 0]
    if targets.shape[0] == 0:
        raise XentError("y must have at least one row, got none.")
    outputs = check_scores(outputs, "z").astype(np.float64).reshape(targets.shape[0], -1)
    return outputs, targets, kept


def verdict_table(parts: Mapping[str, PartFigures]) -> list[dict[str, Any]]:
    """Return the table as plain data: one dict a figure, with label, unit, direction, parts.

    Examples
    --------
    >>> parts = {"test": PartFigures(4, {"auc": Figure(0.9, 0.5)})}
    >>> row = verdict_table(parts)[0]
    >>> row["label"], row["better"], row["parts"]["test"]["value"]
    ('AUC', 'higher', 0.9)
    """
    names = list(dict.fromkeys(name for part in parts.values() for name in part.figures))
    return [
        {
            "figure": name,
            "label": FIGURES[name].label,
            "unit": FIGURES[name].unit,
            "better": FIGURES[name].better,
            "parts": {
                title: asdict(part[name]) for title, part in parts.items() if name in part.figures
            },
        }
        for name in names
    ]


def _written(figure: Figure) -> dict[str, Any]:
    def number(value: float | None) -> float | str | None:
        if value is None or math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)

    return {
        "value": number(figure.value),
        "constant": number(figure.constant),
        "why": figure.why,
        "low": number(figure.low),
        "high": number(figure.high),
    }


def _read(name: str, figure: object) -> Figure:
    if name not in FIGURES or not isinstance(figure, dict):
        raise XentError(f"the verdict holds an unknown or damaged figure {name!r}.")

    def number(key: str) -> float | None:
        value: object = figure.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number or (isinstance(value, str) and value in {"inf", "-inf"}):
            try:
                return float(value)  # type: ignore[arg-type]
            except OverflowError:
                raise XentError(f"{key} of the figure {name!r} is too large to be one.") from None
        if value is not None:
            raise XentError(f"{key} of the figure {name!r} must be a number, got {value!r}.")
        return None

    value, constant = number("value"), number("constant")
    why = figure.get("why", "")
    if not isinstance(why, str):
        raise XentError(f"why of the figure {name!r} must be a text, got {why!r}.")
    return Figure(
        math.nan if value is None else value,
        math.nan if constant is None else constant,
        why,
        number("low"),
        number("high"),
    )


def _mapping(description: object, name: str) -> dict[str, Any]:
    value = description.get(name) if isinstance(description, dict) else None
    if not isinstance(value, dict):
        raise XentError(f"the verdict must hold a mapping {name!r}, got {type(value).__name__}.")
    return value
