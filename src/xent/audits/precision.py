"""Floating-point formats: their grids, their spacing, and what error they may be forgiven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["PRECISIONS", "Precision", "logit_grid", "precision_named"]

LARGEST_LOGIT: Final = 1e4


@dataclass(frozen=True)
class Precision:
    """A floating-point format.

    Attributes
    ----------
    name : str
        As torch names it.
    fraction_bits : int
        Of the stored fraction, without the hidden one.
    least_exponent : int
        Of the smallest normal number.
    tolerance : float
        The relative error up to which a loss or a gradient counts as usable.
    """

    name: str
    fraction_bits: int
    least_exponent: int
    tolerance: float

    @property
    def smallest_normal(self) -> float:
        """The smallest number of full precision."""
        return 2.0**self.least_exponent

    def spacing(self, values: FloatArray) -> FloatArray:
        """Return the distance to the next number of the format, an ulp, at each value.

        Examples
        --------
        >>> import numpy as np
        >>> float(PRECISIONS["float32"].spacing(np.array([1.0]))[0]) == 2.0**-23
        True
        """
        _, exponents = np.frexp(np.abs(values))
        exponents = np.maximum(exponents - 1, self.least_exponent)
        spacing: FloatArray = np.ldexp(1.0, exponents - self.fraction_bits)
        return spacing

    def rounded(self, values: FloatArray) -> FloatArray:
        """Return each value as the nearest number of the format, ties to even.

        Examples
        --------
        >>> import numpy as np
        >>> PRECISIONS["bfloat16"].rounded(np.array([1.001, 3.14159])).tolist()
        [1.0, 3.140625]
        """
        if self.fraction_bits == 52:
            return values
        spacing = self.spacing(values)
        return np.rint(values / spacing) * spacing


PRECISIONS: Final = {
    precision.name: precision
    for precision in (
        Precision("float64", 52, -1022, 1e-12),
        Precision("float32", 23, -126, 1e-5),
        Precision("float16", 10, -14, 0.02),
        Precision("bfloat16", 7, -126, 0.1),
    )
}


def precision_named(name: str) -> Precision:
    """Return a format by its name.

    Raises
    ------
    XentError
        When there is no such format.

    Examples
    --------
    >>> precision_named("bfloat16").fraction_bits
    7
    """
    if name not in PRECISIONS:
        raise XentError(
            f"dtype must be one of {', '.join(PRECISIONS)}, got {name!r}.{nearest_hint(name, PRECISIONS)}"
        )
    return PRECISIONS[name]


def logit_grid(precision: Precision, *, stride: int = 1) -> FloatArray:
    """Return the logits at which a loss is measured, ascending, each a number of the format.

    Log-spaced magnitudes from the smallest subnormal number to 1e4, steps of 1/256 up to 120, of
    1/8 up to 800, of 2.3 up to 1e4, both signs, and 0.

    Parameters
    ----------
    precision : Precision
    stride : int
        How many times fewer points, for losses that are called row by row.

    Examples
    --------
    >>> grid = logit_grid(PRECISIONS["float32"])
    >>> len(grid), float(grid[0]), float(grid[-1])
    (91999, -10000.0, 10000.0)
    """
    least = max(precision.smallest_normal * 2.0**-precision.fraction_bits, 5e-324)
    sizes = np.concatenate(
        [
            np.geomspace(least, LARGEST_LOGIT, 6000 // stride),
            np.arange(0.0, 120.0, stride / 256),
            np.arange(120.0, 800.0, stride / 8),
            np.arange(800.0, LARGEST_LOGIT, stride * 2.3),
        ]
    )
    sizes = np.minimum(precision.rounded(sizes), LARGEST_LOGIT)
    return np.unique(np.concatenate([-sizes, sizes]) + 0.0)
