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

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "xent": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        # NumPy's own: other libraries may bring theirs, which the network does not use
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "machine": f"{platform.system()} {platform.machine()}",
    }
