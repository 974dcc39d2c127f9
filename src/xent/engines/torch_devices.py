"""The devices that PyTorch has here."""

from __future__ import annotations

import torch

from xent.errors import XentError

__all__ = ["find_device"]


def find_device(wanted: str, dtype: str) -> str:
    """Return the device to compute on.

    Parameters
    ----------
    wanted : str
        "auto", "cpu", "cuda", "cuda:1", "mps".
    dtype : {"float32", "float64"}
        Apple's mps has no float64.

    Raises
    ------
    XentError
        If PyTorch has no such device here.

    Examples
    --------
    >>> find_device("cpu", "float64")
    'cpu'
    """
    has_mps = torch.backends.mps.is_available()
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if has_mps and dtype == "float32" else "cpu"
    if wanted in {"mps", "mps:0"} and dtype != "float32":
        raise XentError(f"device 'mps' has no {dtype}. Use dtype='float32' or device='cpu'.")
    n_cuda = torch.cuda.device_count()
    here = ["cpu", *(f"cuda:{place}" for place in range(n_cuda)), *["mps"] * has_mps]
    # a kind alone is its first device, and a first one may be the only one
    if wanted not in {*here, "cpu:0", *["cuda"] * (n_cuda > 0), *["mps:0"] * has_mps}:
        raise XentError(f"device {wanted!r} is not here; PyTorch has {', '.join(here)}.")
    return wanted
