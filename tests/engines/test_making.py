"""Which engine is taken, and what is said where none fits."""

from __future__ import annotations

import pytest

from xent.distributions import Bernoulli
from xent.engines import NumpyEngine, make_engine
from xent.errors import XentError
from xent.network import lenet, mlp

NETWORK = mlp(2, (3,), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"name": "torhc"},
            r"engine must be one of auto, numpy, torch, got 'torhc'\. Did you mean 'torch'",
        ),
        ({"device": "cuda"}, "device of engine 'numpy' must be cpu, got 'cuda'"),
        ({"precision": "bf16"}, "precision 'bf16' needs engine='torch'"),
        ({"compiled": True}, "compile needs engine='torch'"),
        ({"augment": ("flip",)}, "augment changes images, which engine='torch' computes"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_no_engine_of_that_name_does_is_refused(settings, message):
    with pytest.raises(XentError, match=message):
        make_engine(
            **{"name": "numpy", "network": NETWORK, "distribution": Bernoulli(), **settings}
        )


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_what_does_not_belong_together_is_refused(name):
    if name == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    with pytest.raises(XentError, match="network must end in 1 outputs for Bernoulli"):
        make_engine(name, mlp(2, (3,), 2), Bernoulli(), device="cpu")
    engine = make_engine(name, NETWORK, Bernoulli(), device="cpu")
    other = make_engine(name, mlp(2, (4,), 1), Bernoulli(), device="cpu")
    with pytest.raises(XentError, match=r"parameters must have shape \(13,\) and dtype float32"):
        engine.load_state(other.state())


def test_auto_takes_numpy_where_it_computes_all_layers():
    assert isinstance(make_engine("auto", NETWORK, Bernoulli()), NumpyEngine)
    with pytest.raises(XentError, match="got Conv2d"):
        make_engine("numpy", lenet((1, 28, 28), 1), Bernoulli())
