"""Whether probabilities mean what they say: reliability, its tests, and what makes good for it."""

from xent.evaluation.calibration.calibration_error import (
    CalibrationError,
    expected_calibration_error,
    maximum_calibration_error,
    rms_calibration_error,
)
from xent.evaluation.calibration.calibration_tests import (
    CalibrationTest,
    kolmogorov_smirnov_test,
    kuiper_test,
    spiegelhalter_test,
)
from xent.evaluation.calibration.corp import Corp, corp
from xent.evaluation.calibration.cox import CoxCalibration, cox_calibration
from xent.evaluation.calibration.decomposition import (
    ScoreDecomposition,
    brier_decomposition,
    log_loss_decomposition,
)
from xent.evaluation.calibration.isotonic import Isotonic, IsotonicMap, fit_isotonic
from xent.evaluation.calibration.multiclass_calibration_error import (
    ClassWiseCalibrationError,
    class_wise_calibration_error,
    top_label_calibration_error,
)
from xent.evaluation.calibration.platt import Platt, fit_platt
from xent.evaluation.calibration.prior_shift import (
    PriorShift,
    fit_prior_shift,
    prior_shift,
    undo_class_weights,
)
from xent.evaluation.calibration.recalibration import Recalibrator, recalibrator_from_json
from xent.evaluation.calibration.reliability import Reliability, reliability
from xent.evaluation.calibration.temperature import Temperature, fit_temperature

__all__ = [
    "CalibrationError",
    "CalibrationTest",
    "ClassWiseCalibrationError",
    "Corp",
    "CoxCalibration",
    "Isotonic",
    "IsotonicMap",
    "Platt",
    "PriorShift",
    "Recalibrator",
    "Reliability",
    "ScoreDecomposition",
    "Temperature",
    "brier_decomposition",
    "class_wise_calibration_error",
    "corp",
    "cox_calibration",
    "expected_calibration_error",
    "fit_isotonic",
    "fit_platt",
    "fit_prior_shift",
    "fit_temperature",
    "kolmogorov_smirnov_test",
    "kuiper_test",
    "log_loss_decomposition",
    "maximum_calibration_error",
    "prior_shift",
    "recalibrator_from_json",
    "reliability",
    "rms_calibration_error",
    "spiegelhalter_test",
    "top_label_calibration_error",
    "undo_class_weights",
]
