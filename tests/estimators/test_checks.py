"""scikit-learn's own checks, with default settings and nothing that is expected to fail."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from xent.estimators import XentClassifier, XentRegressor

# Older versions of scikit-learn hand pytest a generator, which newer versions of pytest warn about.
CHECKS = parametrize_with_checks([XentClassifier(), XentRegressor()])
NAMES, CASES = CHECKS.args


@pytest.mark.parametrize(NAMES, list(CASES), **CHECKS.kwargs)
def test_check_estimator(estimator, check):
    function = getattr(check, "func", check)
    if function.__name__ == "check_array_api_input":
        check_with_array_api(type(estimator).__name__)
    else:
        check(estimator)


def check_with_array_api(name):
    # SciPy reads the variable when it is first imported: only a fresh process can have it set.
    script = f"""
from sklearn.utils.estimator_checks import check_array_api_input
from xent.estimators import {name}
check_array_api_input({name!r}, {name}(epochs=5), array_namespace="numpy", expect_only_array_outputs=False)
"""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
