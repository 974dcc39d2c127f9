"""model.safetensors: what it holds can be read without xent, and nothing that does not fit is accepted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from xent.data import TargetCoding
from xent.distributions import Categorical
from xent.engines import NumpyEngine
from xent.errors import XentError
from xent.network import mlp
from xent.runs import Model, read_model, write_model
from xent.runs.model_file import model_bytes

if TYPE_CHECKING:
    from pathlib import Path


NETWORK = mlp(4, (5, 5), 3, activation="tanh", batch_norm=True, dropout=0.1)


@pytest.fixture(params=["float32", "float64"])
def model(request: pytest.FixtureRequest) -> Model:
    engine = NumpyEngine(
        NETWORK,
        Categorical(3),
        request.param,
    )
    engine.init(np.random.Generator(np.random.PCG64(0)))
    engine.running[:] = np.arange(1, 1 + engine.running.size)
    return Model(engine, TargetCoding.fit(["a", "b", "c", "a", "b", "c"], names=("kind",)))


def test_comes_back_bit_for_bit(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_model(path, model)
    again = read_model(path)
    assert again.engine.network == model.engine.network
    assert again.distribution == model.distribution
    assert again.target == model.target
    assert again.task == "multiclass"
    X = np.random.Generator(np.random.PCG64(1)).normal(size=(9, 4)).astype(model.engine.dtype)
    np.testing.assert_array_equal(again.engine.predict(X), model.engine.predict(X))
    assert model_bytes(again) == path.read_bytes()


def test_arrays_have_names_of_their_layers(model: Model) -> None:
    arrays = load(model_bytes(model))
    assert {"layers.0.weight", "layers.0.bias", "layers.1.gamma", "running"} <= set(arrays)
    assert arrays["layers.0.weight"].shape == (4, 5)


def changed(model: Model, arrays: dict[str, Any] | None = None, **described: Any) -> bytes:
    """Return the model file with other arrays or another description."""
    content = model_bytes(model)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    description = {**json.loads(header["__metadata__"]["xent"]), **described}
    return save({**load(content), **(arrays or {})}, {"xent": json.dumps(description)})


def test_refuses_what_does_not_fit(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    dtype = model.engine.dtype
    other = mlp(4, (6,), 3).to_json()
    two = replace(model.target, classes=("a", "b"))
    cases = {
        changed(model, network=other): "parameters",
        changed(
            model, {"layers.0.weight": np.zeros((5, 4), dtype)}
        ): "layers.0.weight must have shape",
        changed(
            model, {"layers.0.bias": np.full(5, np.nan, dtype)}
        ): "layers.0.bias holds values that are not finite",
        changed(model, {"running": np.zeros(3, dtype)}): "running must have shape",
        changed(model, {"extra": np.zeros(0, dtype)}): "extra is unknown",
        changed(model, dtype="float16"): "dtype must be",
        changed(model, version=2): "newer xent",
        changed(model, version="1"): "'version' must be of type int",
        changed(model, format="other"): "'format' must be",
        changed(model, distribution={"kind": "Categorical", "n_classes": 4}): "outputs",
        changed(model, target=two.to_json()): "needs 2 outputs",
        changed(model, target=None): "xent-target",
        save(load(model_bytes(model))): "metadata",
        save(load(model_bytes(model)), {"xent": "{"}): "not JSON",
    }
    for content, words in cases.items():
        path.write_bytes(content)
        with pytest.raises(XentError, match=r"model\.safetensors") as caught:
            read_model(path)
        assert words in str(caught.value)


def test_a_huge_network_is_refused_before_it_is_allocated(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(changed(model, network=mlp(10**6, (10**6, 10**6), 3).to_json()))
    with pytest.raises(XentError, match="parameters, and the arrays do not"):
        read_model(path)
