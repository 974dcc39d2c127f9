"""Grad-CAM: against PyTorch by hand, and on networks whose decision is known to come from one place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from xent.distributions import Bernoulli, Categorical
from xent.engines.torch_engine import TorchEngine
from xent.engines.torch_saliency import grad_cam, has_convolution
from xent.errors import XentError
from xent.network import Conv2d, Dense, Flatten, GlobalAvgPool, Network
from xent.network.presets import preset


class OwnEngine:
    """The least that Grad-CAM asks of an engine: a user's module, and its outputs."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def predict(self, X: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        self.module.eval()
        with torch.no_grad():
            rows = torch.from_numpy(X).to(next(self.module.parameters()).dtype)
            outputs: np.ndarray[Any, Any] = self.module(rows).numpy()
            return outputs


class Block(nn.Module):
    """A residual block whose shortcut is computed last."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.long = nn.Conv2d(n_in, n_out, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(n_out)
        self.short = nn.Conv2d(n_in, n_out, 1, stride=2)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        long = self.norm(self.long(a))
        return functional.relu(long + self.short(a))


class Net(nn.Module):
    """What a user would bring: functions between modules, and a pass that ends in logits."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.block = Block(4, 5)
        self.last = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = functional.max_pool2d(torch.relu(self.first(x)), 2)
        return self.last(self.block(a).mean((2, 3)))


def images(n: int, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def by_hand(
    module: nn.Module, stage: nn.Module, X: np.ndarray[Any, Any], output: int, *, cut: bool = False
) -> Any:
    """Selvaraju et al.'s equations 1 and 2 with hooks on a stage that is named, image by image."""
    maps = []
    for image in X:
        held: dict[str, torch.Tensor] = {}

        def keep(_m: nn.Module, _x: Any, a: torch.Tensor, held: Any = held) -> None:
            held["a"] = a
            a.register_hook(lambda slope: held.__setitem__("slope", slope))

        hook = stage.register_forward_hook(keep)
        x = torch.from_numpy(image[None]).to(next(module.parameters()).dtype)
        module(x)[0, output].backward()
        hook.remove()
        share = held["slope"].mean(dim=(2, 3))[0]
        a = held["a"].detach()[0]
        speaks = torch.relu(torch.einsum("c,chw->hw", share, a.clamp_min(0) if cut else a))
        size = image.shape[1:]
        stretched = functional.interpolate(speaks[None, None], size=size, mode="bilinear")
        maps.append(stretched[0, 0].numpy())
    return np.stack(maps)


def engine_of(network: Network, n_outputs: int, dtype: str = "float64") -> TorchEngine:
    engine = TorchEngine(network, Categorical(n_outputs), dtype)
    engine.init(np.random.default_rng(3))
    return engine


@pytest.mark.parametrize(("name", "stage"), [("small_cnn", -9), ("lenet", 2), ("resnet_small", -3)])
def test_the_last_stage_of_each_preset_is_explained_as_by_hand(name: str, stage: int) -> None:
    engine = engine_of(preset(name, (3, 32, 32), 4), 4)
    X = images(5, (3, 32, 32))
    # small_cnn: the normalization before the last pooling, whose relu comes after it;
    # resnet_small: the last residual block
    expected_stage = engine.module.layers[stage]
    found = grad_cam(engine, X, 2)
    engine.module.eval()
    assert found.shape == (5, 32, 32)
    assert found.max() > 0
    np.testing.assert_allclose(
        found, by_hand(engine.module, expected_stage, X, 2, cut=True), atol=1e-12
    )


def test_a_relu_that_follows_as_a_function_cuts_what_is_shown() -> None:
    class Late(nn.Module):
        def __init__(self, cut: Any) -> None:
            super().__init__()
            torch.manual_seed(4)
            self.conv, self.last, self.cut = nn.Conv2d(1, 3, 3), nn.Linear(3, 2), cut

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.cut(self.conv(x / 255)).mean((2, 3)))

    X = images(3, (1, 10, 10))

    def pooled(a: torch.Tensor) -> torch.Tensor:
        return torch.relu(functional.max_pool2d(a, 2))

    for cut, is_cut in ((torch.relu, True), (pooled, True), (functional.softplus, False)):
        net = Late(cut).double()
        found = grad_cam(OwnEngine(net), X, 0)
        np.testing.assert_allclose(found, by_hand(net, net.conv, X, 0, cut=is_cut), atol=1e-12)
        assert found.any()


def test_an_own_module_is_explained_as_by_hand() -> None:
    torch.manual_seed(0)
    net = Net().double()
    X = images(4, (2, 12, 10))
    found = grad_cam(OwnEngine(net), X, 1)
    np.testing.assert_allclose(found, by_hand(net, net.block, X, 1), rtol=1e-12, atol=1e-12)


def bright_corner() -> Network:
    return Network((1, 16, 16), (Conv2d(1, 3, 1, None, "relu"), Flatten(), Dense(2)))


def test_the_place_that_decides_is_found() -> None:
    # output 1 adds up the light of rows 4 to 7 and columns 8 to 11, and knows of nothing else
    engine = engine_of(bright_corner(), 2)
    values = engine.views(engine.parameters)
    kernel = np.zeros((1, 1, 3, 3))
    kernel[0, 0, 1, 1] = 1
    weight = np.zeros((16, 16))
    weight[4:8, 8:12] = 1
    for value in values.values():
        value[...] = 0
        if value.ndim == 4:
            value[...] = kernel
        elif value.shape == (256, 2):
            value[:, 1] = weight.ravel()
    X = np.zeros((2, 1, 16, 16), np.uint8)
    X[0, 0, 4:8, 8:12] = 200
    X[1, 0, 4:8, 8:12] = 100
    X[:, 0, 12:14, 1:3] = 20  # dim things elsewhere
    maps = grad_cam(engine, X, 1)
    inside = maps[:, 4:8, 8:12]
    assert inside.min() > 4 * maps[:, 12:14, 1:3].max()
    # maps of one network compare: half the light is half the map
    np.testing.assert_allclose(maps[0, 4:8, 8:12], 2 * maps[1, 4:8, 8:12], rtol=1e-12)
    # nothing speaks against it
    assert not grad_cam(engine, X, 1, sign=-1).any()


def test_each_row_may_ask_for_its_own_output_and_sign() -> None:
    engine = engine_of(preset("lenet", (1, 16, 16), 3), 3)
    X = images(4, (1, 16, 16))
    mixed = grad_cam(engine, X, np.array([0, 2, 1, 2]), np.array([1, -1, 1, 1]))
    for row, (output, sign) in enumerate([(0, 1), (2, -1), (1, 1), (2, 1)]):
        alone = grad_cam(engine, X[row : row + 1], output, sign)[0]
        np.testing.assert_allclose(mixed[row], alone, atol=1e-12)
    assert mixed[1].any()


def test_many_images_in_blocks_are_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(preset("lenet", (1, 16, 16), 3), 3)
    X = images(7, (1, 16, 16))
    whole = grad_cam(engine, X, 0)
    monkeypatch.setattr("xent.engines.torch_saliency.BLOCK_NUMBERS", 600)
    np.testing.assert_allclose(grad_cam(engine, X, 0), whole, atol=1e-12)


def test_training_goes_on_as_if_nothing_had_been_asked() -> None:
    network = preset("small_cnn", (1, 16, 16), 1)
    X, y = images(6, (1, 16, 16)), np.array([0, 1, 0, 1, 1, 0])
    weight = np.array([1.0, 2, 1, 1, 3, 1])
    left = []
    for asks in (False, True):
        engine = TorchEngine(network, Bernoulli(), "float64")
        engine.init(np.random.default_rng(1))
        engine.loss_and_grad(X, y, weight)
        before = {name: value.copy() for name, value in engine.state().items()}
        gradient = engine.gradient.copy()
        if asks:
            # the shares of the weighted batch above are not those of these rows
            first, second = grad_cam(engine, X, 0), grad_cam(engine, X, 0)
            np.testing.assert_array_equal(first, second)
            assert not engine.module.training
        np.testing.assert_array_equal(engine.gradient, gradient)
        for name, value in engine.state().items():
            np.testing.assert_array_equal(value, before[name])
        assert not any(part._forward_hooks for part in engine.module.modules())
        engine.loss_and_grad(X, y, weight)
        left.append(engine.gradient.copy())
    np.testing.assert_array_equal(*left)


def test_frozen_parameters_and_changes_in_place_do_not_matter() -> None:
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(3 * 36, 2)
    )
    X = images(3, (1, 8, 8))
    free = grad_cam(OwnEngine(net), X, 1)
    net.requires_grad_(requires_grad=False)
    np.testing.assert_array_equal(grad_cam(OwnEngine(net), X, 1), free)
    assert free.any()


def test_a_convolution_without_places_is_passed_over() -> None:
    torch.manual_seed(2)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 2, 1), nn.Flatten())
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), head)
    X = images(3, (1, 8, 8))
    np.testing.assert_allclose(
        grad_cam(OwnEngine(net), X, 0), by_hand(net, net[1], X, 0), rtol=1e-4, atol=1e-5
    )


def test_without_a_convolution_the_cure_is_named() -> None:
    flat = engine_of(Network((1, 4, 4), (Flatten(), Dense(2))), 2)
    assert not has_convolution(flat)
    with pytest.raises(XentError, match="occlusion_map"):
        grad_cam(flat, images(2, (1, 4, 4)), 0)
    assert has_convolution(engine_of(preset("lenet", (1, 16, 16), 3), 3))
    assert has_convolution(OwnEngine(Net()))
    assert not has_convolution(OwnEngine(nn.Linear(2, 2)))


def test_wrong_questions_are_refused() -> None:
    engine = engine_of(preset("lenet", (1, 16, 16), 3), 3)
    X = images(4, (1, 16, 16))
    with pytest.raises(XentError, match=r"output must be 0 to 2.*got 3"):
        grad_cam(engine, X, 3)
    with pytest.raises(XentError, match=r"output must be 0 to 2, one or a row each \(4\)"):
        grad_cam(engine, X, [0, 1])
    with pytest.raises(XentError, match="sign must be -1 or 1"):
        grad_cam(engine, X, 0, sign=0)
    with pytest.raises(XentError, match=r"\(n, channels, height, width\)"):
        grad_cam(engine, X[0], 0)
    assert grad_cam(engine, X[:0], 0).shape == (0, 16, 16)


def test_a_module_that_puts_out_something_else_is_named() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.conv(x), x

    class PairEngine(OwnEngine):
        def predict(self, X: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.zeros((len(X), 2))

    with pytest.raises(XentError, match="got tuple"):
        grad_cam(PairEngine(Pair()), images(2, (1, 6, 6)), 0)


def test_global_average_pooling_makes_it_a_class_activation_map() -> None:
    # Zhou et al. (2016): with mean and one dense layer the map is the dense weights' sum of channels
    engine = engine_of(
        Network((1, 9, 9), (Conv2d(4, 3, 1, None, "relu"), GlobalAvgPool(), Dense(2))), 2
    )
    X = images(3, (1, 9, 9))
    channels = engine.activations(X)[0]
    weight = next(v for v in engine.views(engine.parameters).values() if v.shape == (4, 2))
    expected = np.maximum(np.einsum("c,nchw->nhw", weight[:, 1], channels), 0) / 81
    np.testing.assert_allclose(grad_cam(engine, X, 1), expected, rtol=1e-10, atol=1e-12)
