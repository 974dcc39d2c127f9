from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from xent.distributions.namespaces import as_array, as_floats, to_numpy
from xent.errors import XentError


def test_the_numpy_path_loads_no_heavy_library():
    code = (
        "import sys, numpy as np\n"
        "from xent.distributions import *\n"
        "z = np.zeros((3, 2))\n"
        "(Categorical(2) + 0.5 * SoftDice()).value_and_grad(z, [0, 1, 1])\n"
        "Gaussian().nll(z, [0, 1, 1]); entropy([1.0])\n"
        "heavy = ('torch', 'scipy', 'sklearn', 'polars', 'array_api_compat')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_arrays_pass_through_and_lists_become_arrays():
    array = np.zeros(2)
    assert as_array(array) is array
    assert as_floats(array, "z") is array
    assert as_floats([1, 2], "z").dtype == np.float64
    assert as_floats(True, "z").dtype == np.float64
    assert to_numpy(array) is array
    with pytest.raises(XentError, match="p must hold real numbers, got dtype object"):
        as_floats([None], "p")
