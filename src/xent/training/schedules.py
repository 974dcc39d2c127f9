"""Schedules of the learning rate: pure functions of the step, so that resuming needs no state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCHEDULES", "Schedule", "check_schedule", "make_schedule"]


@dataclass(frozen=True)
class Schedule:
    """The learning rate of every step of a training.

    Parameters
    ----------
    name : str
        As `check_schedule` reads it.
    learning_rate : float
        The highest: each schedule multiplies it by a factor in [0, 1].
    n_steps : int
        How many steps the training has. Later steps keep the factor of its end.

    Examples
    --------
    >>> schedule = Schedule("cosine", 0.1, 100)
    >>> [round(schedule(step), 6) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """

    name: str
    learning_rate: float
    n_steps: int

    def __post_init__(self) -> None:
        check_schedule(self.name)
        if not 0.0 < self.learning_rate < math.inf:
            msg = f"learning_rate must be a positive number, got {self.learning_rate!r}."
            raise XentError(msg)
        if self.n_steps < 1:
            msg = f"n_steps must be at least 1, got {self.n_steps!r}."
            raise XentError(msg)

    def __call__(self, step: int) -> float:
        """Return the learning rate of step `step`, counted from 0."""
        form, numbers = _parsed(self.name)
        return self.learning_rate * form.factor(min(step, self.n_steps), self.n_steps, *numbers)


def make_schedule(name: str, learning_rate: float, n_steps: int) -> Schedule:
    """Return the schedule of that name; see `Schedule`."""
    return Schedule(name, learning_rate, n_steps)


def check_schedule(name: str) -> None:
    """Refuse what is not the name of a schedule.

    Parameters
    ----------
    name : str
        ``constant``;
        ``step:factor:n_stages``, n_stages equal stages, each with `factor` times the rate of the
        one before (0.1 and 3 if left out);
        ``cosine:end``, half a cosine down to the share `end` (0);
        ``warmup:share``, linear over the first `share` of the steps (0.05), then constant;
        ``one_cycle:share``, up from 1/25 over the first `share` (0.3), then down to 1/250,000, both
        along half a cosine (Smith and Topin 2018, as `torch.optim.lr_scheduler.OneCycleLR`);
        ``coslog4``, four cosine cycles, each twice as long as the last (Holzmüller et al. 2024).

    Raises
    ------
    XentError
        If there is no such schedule, or its numbers do not fit.

    Examples
    --------
    >>> check_schedule("step:0.5:10")
    >>> check_schedule("cosin")
    Traceback (most recent call last):
    xent.errors.XentError: schedule must be one of constant, step:factor:n_stages, cosine:end, \
warmup:share, one_cycle:share, coslog4, got 'cosin'. Did you mean 'cosine'?
    """
    _parsed(name)


def _constant(_step: int, _n_steps: int) -> float:
    return 1.0


def _staircase(step: int, n_steps: int, factor: float, n_stages: float) -> float:
    # whole numbers, so that no stage starts a step early or late by rounding
    stage = min(step * int(n_stages) // n_steps, int(n_stages) - 1)
    return factor**stage


def _cosine(step: int, n_steps: int, end: float) -> float:
    return _blend(1.0, end, step / n_steps)


def _warmup(step: int, n_steps: int, share: float) -> float:
    # the first step is not lost: it has one part of the way behind it
    return min(1.0, (step + 1) / max(1.0, share * n_steps))


def _one_cycle(step: int, n_steps: int, share: float) -> float:
    peak, last = max(share * n_steps - 1.0, 0.0), n_steps - 1.0
    if step < peak:
        return _blend(1.0 / 25.0, 1.0, step / peak)
    if last <= peak:
        return 1.0
    return _blend(1.0, 1.0 / 250_000.0, min((step - peak) / (last - peak), 1.0))


def _coslog4(step: int, n_steps: int) -> float:
    return 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * step / n_steps)))


def _blend(start: float, end: float, share: float) -> float:
    """Return the point `share` of the way from start to end along half a cosine."""
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * share))


class _Number(NamedTuple):
    default: float
    low: float
    high: float
    whole: bool = False

    def allows(self, value: float) -> bool:
        return self.low <= value <= self.high and (not self.whole or value == int(value))

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


class _Form(NamedTuple):
    factor: Callable[..., float]
    numbers: dict[str, _Number]


_FORMS: Final[dict[str, _Form]] = {
    "constant": _Form(_constant, {}),
    "step": _Form(
        _staircase, {"factor": _Number(0.1, 0.0, 1.0), "n_stages": _Number(3, 1, 1e6, whole=True)}
    ),
    "cosine": _Form(_cosine, {"end": _Number(0.0, 0.0, 1.0)}),
    "warmup": _Form(_warmup, {"share": _Number(0.05, 0.0, 1.0)}),
    "one_cycle": _Form(_one_cycle, {"share": _Number(0.3, 0.0, 1.0)}),
    "coslog4": _Form(_coslog4, {}),
}
SCHEDULES: Final = tuple(_FORMS)


@cache
def _parsed(name: str) -> tuple[_Form, tuple[float, ...]]:
    base, *given = str(name).split(":")
    form = _FORMS.get(base)
    if form is None:
        known = ", ".join(":".join([key, *_FORMS[key].numbers]) for key in _FORMS)
        msg = f"schedule must be one of {known}, got {name!r}.{nearest_hint(base, _FORMS)}"
        raise XentError(msg)
    if len(given) > len(form.numbers):
        msg = f"schedule must be {':'.join([base, *form.numbers])}, got {name!r}."
        raise XentError(msg)
    numbers = [number.default for number in form.numbers.values()]
    for place, ((label, number), text) in enumerate(zip(form.numbers.items(), given, strict=False)):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not number.allows(value):
            msg = f"{label} of the schedule {name!r} must be {number}, got {text!r}."
            raise XentError(msg)
        numbers[place] = value
    return form, tuple(numbers)
