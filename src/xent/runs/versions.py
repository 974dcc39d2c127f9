"""What a run was made with: a result can only be repeated with the same programs."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import numpy as np

__all__ = ["torch_version", "versions"]


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


def torch_version() -> dict[str, Any]:
    """Return the version of PyTorch, for a run that it computes; PyTorch itself is not loaded.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        Where it is not installed.
    """
    return {"torch": importlib.metadata.version("torch")}
