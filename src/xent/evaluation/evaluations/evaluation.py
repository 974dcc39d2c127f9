"""What every evaluation can do: hand out its figures, print, export, split by group."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from xent.errors import XentError, nearest_hint
from xent.evaluation.evaluations.figures import LazyFigures, figure_records, figures_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.evaluation.evaluations.rows import IntervalSettings, LabelledRows
    from xent.evaluation.intervals.estimate import Estimate

__all__ = ["Evaluation", "refuse_declared"]


class Evaluation(ABC):
    """Labelled predictions, and every figure of their task with its interval.

    A figure is an attribute (``e.auc``) and an entry (``e["auc"]``); it is made when first read.

    Parameters
    ----------
    rows : LabelledRows
    settings : IntervalSettings

    Attributes
    ----------
    figures : LazyFigures
        Name to `Estimate`, in the order of the table.
    """

    task: ClassVar[str]

    def __init__(self, rows: LabelledRows, settings: IntervalSettings) -> None:
        self.rows, self.settings = rows, settings
        self.figures = LazyFigures(self._recipes())

    @abstractmethod
    def _recipes(self) -> dict[str, Callable[[], Estimate]]:
        """Return how each figure of the task is made, in the order of the table."""

    @property
    def n_rows(self) -> int:
        """Number of rows of positive weight."""
        return len(self.rows)

    def __getitem__(self, name: str) -> Estimate:
        return self.figures[name]

    def __getattr__(self, name: str) -> Estimate:
        # only asked for names that are no attribute; copies and pickles ask before there are figures
        figures = self.__dict__.get("figures")
        if figures is None or name not in figures:
            hint = nearest_hint(name, figures or ())
            raise AttributeError(f"{type(self).__name__} has no figure {name!r}.{hint}")
        return self.figures[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.figures})

    def by_group(self) -> dict[Any, Evaluation]:
        """Return the evaluation of each group's rows, with intervals of its own."""
        return {name: type(self)(rows, self.settings) for name, rows in self.rows.groups().items()}

    def to_json(self) -> dict[str, Any]:
        """Return every figure with its interval as plain values; NaN is None, infinities are text."""
        return {
            "task": self.task,
            "n_rows": self.n_rows,
            "declared": self.rows.declared,
            "level": self.settings.level,
            "figures": {name: estimate.to_json() for name, estimate in self.figures.items()},
        }

    def to_frame(self) -> Any:
        """Return a polars frame with one row a figure: figure, value, low, high, level, method, n, why."""
        import importlib

        # by name: these rooms know arrays only, and polars is needed here alone
        polars: Any = importlib.import_module("polars")
        return polars.DataFrame(figure_records(self.figures))

    def __str__(self) -> str:
        return figures_text(self.figures, f"{self.n_rows:,} rows")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_rows} rows, {self.rows.declared})"


def refuse_declared(task: str, declared: str, fitting: tuple[str, ...]) -> None:
    """Refuse a kind of prediction that this task has no use for."""
    if declared not in fitting:
        raise XentError(
            f"{declared}= does not fit a {task} target; give {' or '.join(f'{n}=' for n in fitting)}."
        )
