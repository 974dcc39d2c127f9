"""What a run was made with: a result can only be repeated with the same programs."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

__all__ = ["versions"]


def versions() -> dict[str, Any]:
    """Return the versions of xent, Python, NumPy and BLAS, and the kind of machine.

    Examples
    --------
    >>> sorted(versions())
    ['blas', 'machine', 'numpy', 'python', 'xent']
    """
    from xent import __version__
    from xent.engines.threads import blas_versions

    return {
        "xent": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas_versions(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
