"""The correlation matrix of features, with features that go together side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray, IntArray
    from xent.figures.theme import Theme

__all__ = ["correlation_matrix"]

# beyond these, cells have no room for their number, and names none for their letters
MOST_WITH_NUMBERS: Final = 12
MOST_FEATURES: Final = 60


def correlation_matrix(
    X: object,
    names: Sequence[str] | None = None,
    *,
    most: int = MOST_FEATURES,
    title: str = "Correlation of features",
    theme: Theme | str = "light",
    width: int = 480,
    height: int | None = None,
) -> alt.LayerChart:
    """Draw Pearson's correlation of every two features.

    Features are ordered so that those which go together, whatever the sign, stand side by side:
    average linkage on 1 - |r|, leaves in the order of least distance between neighbors (Bar-Joseph,
    Gifford & Jaakkola 2001). Columns that never change have no correlation and are left out; of
    more than `most` the ones with the strongest correlation to any other are shown. The subtitle
    says either.

    Parameters
    ----------
    X : array of shape (n, d)
        Numbers, such as `Encoder.transform` returns.
    names : sequence of str, optional
        Of the d columns.
    most : int, default 60
        Features that are shown, at most.
    title : str
    theme : Theme or str
    width : int
        In pixels.
    height : int, optional
        Without it the cells are square.

    Returns
    -------
    altair.LayerChart
        Colors run from -1 to 1, whatever the data.

    Raises
    ------
    XentError
        When X is no matrix of finite numbers, has one row, or fewer than 2 of its columns change.

    Examples
    --------
    >>> chart = correlation_matrix([[1, 2, 3], [2, 4, 1], [3, 6, 2]], ["a", "b", "c"])
    >>> cells = chart.data.values
    >>> [(cell["row"], cell["column"], round(cell["r"], 2)) for cell in cells[:3]]
    [('c', 'c', 1.0), ('c', 'b', -0.5), ('c', 'a', -0.5)]
    """
    matrix = np.asarray(X)
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiub" or len(matrix) < 2:
        raise XentError(
            f"X must be a matrix of numbers with at least 2 rows, got {matrix.dtype} {matrix.shape}."
        )
    labels = [f"x{j}" for j in range(matrix.shape[1])] if names is None else [str(n) for n in names]
    if len(labels) != matrix.shape[1] or len(set(labels)) != len(labels):
        raise XentError(
            f"names must name the {matrix.shape[1]} columns of X, each differently, got {len(labels)}."
        )
    if most < 2:
        raise XentError(f"most must be at least 2, got {most}.")
    r, kept = _correlations(matrix)
    n_constant = len(labels) - len(kept)
    shown = _strongest(r, most)
    r, kept = r[np.ix_(shown, shown)], kept[shown]
    order = _leaf_order(r)
    return _drawn(
        r[np.ix_(order, order)],
        [labels[j] for j in kept[order]],
        _subtitle(len(labels), len(kept), n_constant),
        title=title,
        theme=theme,
        width=width,
        height=height,
    )


def _correlations(matrix: Array) -> tuple[FloatArray, IntArray]:
    """Return the correlations of the columns that change, and which those are."""
    values = matrix.astype(np.float64)
    if not np.isfinite(values).all():
        raise XentError("X must hold finite numbers. Leave out or fill missing values first.")
    kept = np.flatnonzero(np.ptp(values, axis=0) > 0)
    if len(kept) < 2:
        raise XentError(
            f"X must have at least 2 columns that change, got {len(kept)} of {values.shape[1]}."
        )
    # scaled by the largest first, so that squares neither overflow nor vanish
    centered = values[:, kept] - values[:, kept].mean(axis=0)
    centered /= np.abs(centered).max(axis=0)
    centered /= np.sqrt(np.sum(centered**2, axis=0))
    r = np.clip(centered.T @ centered, -1, 1)
    np.fill_diagonal(r, 1.0)
    return r, kept


def _strongest(r: FloatArray, most: int) -> IntArray:
    """Return, ascending, the features with the strongest correlation to any other."""
    strength = np.abs(r - np.eye(len(r))).max(axis=1)
    return np.sort(np.argsort(-strength, kind="stable")[:most])


def _leaf_order(r: FloatArray) -> IntArray:
    if len(r) < 3:
        return np.arange(len(r))
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distances = squareform(1 - np.abs(r), checks=False)
    order: IntArray = leaves_list(
        optimal_leaf_ordering(linkage(distances, method="average"), distances)
    ).astype(np.int64)
    return order


def _subtitle(n_features: int, n_shown: int, n_constant: int) -> str:
    parts = []
    if n_shown < n_features - n_constant:
        parts.append(f"{n_shown} of {n_features} features, those with the strongest correlations")
    if n_constant:
        parts.append(f"{n_constant} constant left out")
    return "; ".join(parts)


def _drawn(
    r: FloatArray,
    names: list[str],
    subtitle: str,
    *,
    title: str,
    theme: Theme | str,
    width: int,
    height: int | None,
) -> alt.LayerChart:
    look = theme_named(theme)
    cells = [
        {"row": row, "column": column, "r": float(r[i, j])}
        for i, row in enumerate(names)
        for j, column in enumerate(names)
    ]
    # features of one categorical column differ at the end of their names only
    room: dict[str, Any] = {"labelOverlap": False, "labelLimit": 200}
    # a feature has some seven pixels
    room["labelFontSize"] = 11 if len(names) <= 30 else 8
    small, upright = alt.Axis(**room), alt.Axis(**room, labelAngle=-90)
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("column:N", title=None, sort=names, axis=upright),
        y=alt.Y("row:N", title=None, sort=names, axis=small),
    )
    squares = base.mark_rect().encode(
        color=alt.Color(
            "r:Q",
            title="Pearson correlation (no unit)",
            scale=alt.Scale(domain=[-1, 0, 1], range=list(look.diverging)),
            legend=alt.Legend(gradientLength=200, values=[-1, -0.5, 0, 0.5, 1]),
        ),
        tooltip=["row:N", "column:N", alt.Tooltip("r:Q", format=".3f")],
    )
    layers = [squares]
    if len(names) <= MOST_WITH_NUMBERS:
        strong = alt.when("abs(datum.r) > 0.6").then(alt.value(look.background))
        layers.append(
            base.mark_text(fontSize=11).encode(
                text=alt.Text("r:Q", format=".2f"), color=strong.otherwise(alt.value(look.ink))
            )
        )
    return themed(
        alt.LayerChart(layer=layers),
        look,
        title=title,
        subtitle=subtitle,
        width=width,
        height=height or width,
    )
