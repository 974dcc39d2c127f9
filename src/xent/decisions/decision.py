"""A decision: the threshold, why it was chosen, how sure it is, and what it saves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions.costs import Costs
from xent.decisions.thresholds import Choice, Constraints, choose_threshold
from xent.errors import XentError
from xent.evaluation.counts import ScoreCounts, score_counts
from xent.evaluation.inputs import binary_rows, check_probabilities
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.spread import check_level

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NAMES", "Decision", "choose"]

VERSION = 1
NAMES = {"probability": "probabilities", "score": "scores"}  # scale: what is on it


@dataclass(frozen=True)
class Decision:
    """A threshold on probabilities, with all that led to it.

    Attributes
    ----------
    threshold : Estimate
        Rows with a probability of at least its value are predicted positive; its interval is the
        bootstrap's over the rows it was chosen on.
    costs : Costs or None
    prevalence : float or None
        Of the population that the costs were averaged for; None: that of the rows.
    objective : str or None
    constraints : Constraints
    chosen_on : str
        Which rows: "validation", "out-of-fold", "given".
    n_rows : int
    value : float
        The cost a row, or the objective, on the rows it was chosen on.
    scale : {"probability", "score"}
        What the threshold is on.
    """

    threshold: Estimate
    costs: Costs | None
    prevalence: float | None
    objective: str | None
    constraints: Constraints
    chosen_on: str
    n_rows: int
    value: float
    scale: str = "probability"

    def apply(self, probabilities: object) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which rows are predicted positive.

        Examples
        --------
        >>> decision = choose([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], costs=Costs(5, 1), n_bootstrap=0)
        >>> decision.apply([0.2, 0.3])
        array([False,  True])
        """
        given = np.asarray(probabilities, dtype=np.float64)
        if given.ndim != 1 or np.isnan(given).any():
            raise XentError(
                f"{NAMES[self.scale]} must have shape (n,) and no NaN, got shape {given.shape}."
            )
        return np.asarray(given >= self.threshold.value)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as decision.json holds them."""
        costs = self.costs
        return {
            "version": VERSION,
            "kind": "threshold",
            "threshold": self.threshold.to_json(),
            "costs": None
            if costs is None
            else {"fn": costs.fn, "fp": costs.fp, "tp": costs.tp, "tn": costs.tn},
            "prevalence": self.prevalence,
            "objective": self.objective,
            "constraints": self.constraints.given,
            "chosen_on": self.chosen_on,
            "n_rows": self.n_rows,
            "value": self.value,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> Decision:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is from a newer xent, a key is missing, or a value cannot be.
        """
        if not hasattr(description, "get"):
            raise XentError(f"a decision must be an object, got {type(description).__name__}.")
        version = description.get("version")
        if version != VERSION or description.get("kind") != "threshold":
            raise XentError(
                f"a decision of version {version!r} and kind {description.get('kind')!r} is not known here; it may be "
                "from a newer xent."
            )
        try:
            costs = description["costs"]
            prevalence, objective = description["prevalence"], description["objective"]
            made = cls(
                Estimate.from_json(description["threshold"]),
                None if costs is None else Costs(**{k: float(v) for k, v in costs.items()}),
                None if prevalence is None else float(prevalence),
                None if objective is None else str(objective),
                Constraints(**{k: float(v) for k, v in description["constraints"].items()}),
                str(description["chosen_on"]),
                int(description["n_rows"]),
                float(description["value"]),
                str(description.get("scale", "probability")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise XentError(f"a decision lacks something or holds it wrongly: {error}") from None
        if math.isnan(made.threshold.value):
            raise XentError("a decision must have a threshold, got none.")
        _check_scale(made.scale)
        return made

    @property
    def how(self) -> str:
        """How rows are decided, in a word: "at 0.42"."""
        return f"at {_number(self.threshold.value)}"

    def __str__(self) -> str:
        line = (
            f"threshold {_number(self.threshold.value)}{_interval(self.threshold)}, chosen on "
            f"{self.n_rows:,} rows ({self.chosen_on}) for {self.reason}"
        )
        return f"{line}\nnote: {self.threshold.why}" if self.threshold.why else line

    @property
    def reason(self) -> str:
        """What the threshold is best at, in words."""
        costs = self.costs
        if costs is not None:
            goal = f"the least cost (a miss {costs.fn:g}, a false alarm {costs.fp:g}"
            goal += f"; a hit {costs.tp:g}" if costs.tp else ""
            goal += f"; a right refusal {costs.tn:g}" if costs.tn else ""
            goal += ")"
        else:
            goal = f"the largest {self.objective or 'recall'}"
        if self.prevalence is not None:
            goal += f" at a prevalence of {self.prevalence:g}"
        kept = ", ".join(f"{name} {bound:g}" for name, bound in self.constraints.given.items())
        return f"{goal}, keeping to {kept}" if kept else goal


def choose(
    y: object,
    probabilities: object,
    *,
    weight: object = None,
    costs: Costs | None = None,
    prevalence: float | None = None,
    objective: str | None = None,
    constraints: Constraints | None = None,
    chosen_on: str = "given",
    scale: str = "probability",
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Decision:
    """Choose a threshold, with the interval that resampling the rows gives it.

    Choose on validation or out-of-fold rows, never on those that it will be judged on.

    Parameters
    ----------
    y, probabilities, weight : array of shape (n,)
    costs, prevalence, objective, constraints
        As for `choose_threshold`.
    chosen_on : str
        What the rows are.
    scale : {"probability", "score"}
        What `probabilities` are: scores are on any scale, and have no neutral threshold.
    level : float
        Of the interval.
    n_bootstrap, random_state : int

    Raises
    ------
    XentError
        When the arrays do not fit or are not on the scale, one class is absent, or no threshold
        keeps to the constraints.

    Examples
    --------
    >>> print(choose([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], costs=Costs(5, 1), n_bootstrap=0))
    threshold 0.225, chosen on 4 rows (given) for the least cost (a miss 5, a false alarm 1)
    note: no interval without bootstrap replicates
    """
    if prevalence is not None and not 0 < prevalence < 1:
        raise XentError(f"prevalence must lie between 0 and 1, got {prevalence}.")
    _check_scale(scale)
    check_level(level)
    truth, given, kept = binary_rows(y, NAMES[scale], probabilities, weight)
    if scale == "probability":
        check_probabilities(given)
    counts = score_counts(truth, given, weight=kept)
    if counts.n_positive == 0 or counts.n_negative == 0:
        raise XentError("y must hold both classes to choose a threshold, got one.")
    constraints = constraints or Constraints()
    settings: dict[str, Any] = {
        "costs": costs,
        "prevalence": prevalence,
        "objective": objective,
        "constraints": constraints,
    }
    choice = choose_threshold(counts, **settings)
    return Decision(
        _with_interval(choice, counts, settings, truth.size, level, n_bootstrap, random_state),
        costs,
        prevalence,
        objective,
        constraints,
        chosen_on,
        truth.size,
        choice.value,
        scale,
    )


def _check_scale(scale: str) -> None:
    if scale not in NAMES:
        raise XentError(f"scale must be one of {', '.join(NAMES)}, got {scale!r:.40}.")


def _with_interval(
    choice: Choice,
    counts: ScoreCounts,
    settings: dict[str, Any],
    n_rows: int,
    level: float,
    n_bootstrap: int,
    random_state: int,
) -> Estimate:
    method = f"bootstrap ({n_bootstrap}, seed {random_state})"
    value = choice.threshold
    if n_bootstrap < 2:
        why = "no interval without bootstrap replicates"
        return Estimate(value, level=level, n=n_rows, why=why)
    generator = np.random.default_rng(random_state)
    found = []
    for _ in range(n_bootstrap):
        try:
            found.append(choose_threshold(_redrawn(counts, generator), **settings).threshold)
        except XentError:  # in this replicate a constraint cannot be reached
            found.append(math.nan)
    thresholds = np.array(found)
    n_failed = int(np.isnan(thresholds).sum())
    why = f"no threshold keeps to the constraints in {n_failed} replicates" if n_failed else ""
    if 2 * n_failed > n_bootstrap:
        return Estimate(value, level=level, method=method, n=n_rows, why=why)
    tail = (1 - level) / 2
    # of the replicates' own values: no number between an infinite one and a finite one is meant
    low, high = np.nanquantile(thresholds, [tail, 1 - tail], method="inverted_cdf")
    low, high = min(float(low), value), max(float(high), value)
    if low == high and not why:
        why = "every replicate chose the same threshold"
    return Estimate(value, low, high, level, method, n_rows, why)


def _redrawn(counts: ScoreCounts, generator: np.random.Generator) -> ScoreCounts:
    """Return the counts of rows drawn again: Poisson counts at every score and class."""
    drawn = []
    for held in (counts.positives, counts.negatives):
        if held.dtype.kind == "i":
            drawn.append(generator.poisson(held))
        else:  # weights: an entry goes as one row does
            drawn.append(held * generator.poisson(1.0, held.size))
    return ScoreCounts(counts.thresholds, *drawn)


def _number(value: float) -> str:
    if math.isinf(value):
        return "above every score" if value > 0 else "below every score"
    return f"{value:.4g}"


def _interval(estimate: Estimate) -> str:
    if not estimate.has_interval:
        return ""
    return f" ({_number(estimate.low)} to {_number(estimate.high)})"
