"""Whether the probabilities of an evaluation mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xent.evaluation.calibration import (
    brier_decomposition,
    corp,
    cox_calibration,
    expected_calibration_error,
    reliability,
    spiegelhalter_test,
)
from xent.evaluation.evaluations.figures import number_text, p_value_text

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.evaluation.calibration import (
        CalibrationError,
        CalibrationTest,
        Corp,
        CoxCalibration,
        Reliability,
        ScoreDecomposition,
    )

__all__ = ["Calibration"]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Reliability, its summary figures and its tests, each made when first read.

    Attributes
    ----------
    truth, probabilities, weight : arrays of shape (n,)
    """

    truth: Array
    probabilities: FloatArray
    weight: FloatArray | None

    @cached_property
    def reliability(self) -> Reliability:
        """Observed shares in 15 bins of equal mass, with Wilson's intervals."""
        return reliability(
            self.truth, probabilities=self.probabilities, bins="equal_mass", weight=self.weight
        )

    @cached_property
    def corp(self) -> Corp:
        """The isotonic reliability curve with its consistency band (Dimitriadis et al. 2021)."""
        return corp(self.truth, probabilities=self.probabilities, weight=self.weight)

    @cached_property
    def error(self) -> CalibrationError:
        """The expected calibration error beside its value under perfect calibration."""
        return expected_calibration_error(
            self.truth, probabilities=self.probabilities, bins="equal_mass", weight=self.weight
        )

    @cached_property
    def cox(self) -> CoxCalibration:
        """Calibration in the large, intercept and slope."""
        return cox_calibration(self.truth, probabilities=self.probabilities, weight=self.weight)

    @cached_property
    def spiegelhalter(self) -> CalibrationTest:
        """Spiegelhalter's test."""
        return spiegelhalter_test(self.truth, probabilities=self.probabilities, weight=self.weight)

    @cached_property
    def brier(self) -> ScoreDecomposition:
        """Miscalibration, discrimination and uncertainty of the Brier score."""
        return brier_decomposition(self.truth, probabilities=self.probabilities, weight=self.weight)

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the error beside its value under calibration, tests, decomposition."""
        return {
            "error": self.error.to_json(),
            "spiegelhalter": self.spiegelhalter.to_json(),
            "cox": self.cox.to_json(),
            "brier": self.brier.to_json(),
        }

    def __str__(self) -> str:
        error, cox, parts = self.error, self.cox, self.brier
        rows = [
            (
                "calibration error",
                error.value,
                f"if calibrated {number_text(error.under_calibration)}",
            ),
            ("debiased", error.debiased, f"p of calibration {p_value_text(error.p_value)}"),
            ("Cox's slope", cox.slope, "1 if calibrated; below 1: too sure"),
            ("Cox's intercept", cox.intercept, "0 if calibrated"),
            (
                "Spiegelhalter's z",
                self.spiegelhalter.statistic,
                f"p {p_value_text(self.spiegelhalter.p_value)}",
            ),
            ("Brier: miscalibration", parts.miscalibration, ""),
            ("Brier: discrimination", parts.discrimination, ""),
            ("Brier: uncertainty", parts.uncertainty, ""),
        ]
        return "\n".join(
            f"{name:<22} {number_text(value):>8}  {text}".rstrip() for name, value, text in rows
        )
