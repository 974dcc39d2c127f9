"""Image networks of the torch engine against the same ones written plainly in PyTorch, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical
from xent.engines import make_engine
from xent.network import Network, Pixels, lenet, small_cnn

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn
MEAN, SD = (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)


def on_pixels(network: Network) -> Network:
    n = network.row_shape[0]
    return Network(network.row_shape, (Pixels(MEAN[:n], SD[:n]), *network.layers))


def plain_small_cnn(*, batch_norm: bool) -> nn.Module:
    parts, below = [], 3
    for n_filters in (16, 32, 64, 128):
        parts.append(nn.Conv2d(below, n_filters, 3, padding=1))
        parts += [nn.BatchNorm2d(n_filters)] if batch_norm else []
        parts += [nn.ReLU(), nn.MaxPool2d(2)]
        below = n_filters
    parts += [nn.Flatten(), nn.Linear(128 * 4, 128)]
    parts += [nn.BatchNorm1d(128)] if batch_norm else []
    parts += [nn.ReLU(), nn.Linear(128, 1)]
    return nn.Sequential(*parts).double()


def plain_lenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    ).double()


CASES = {
    "small_cnn": (
        small_cnn((3, 32, 32), 1, dropout=0.0),
        Bernoulli(),
        lambda: plain_small_cnn(batch_norm=True),
        nn.BCEWithLogitsLoss(),
    ),
    "small_cnn without batch_norm": (
        small_cnn((3, 32, 32), 1, dropout=0.0, batch_norm=False),
        Bernoulli(),
        lambda: plain_small_cnn(batch_norm=False),
        nn.BCEWithLogitsLoss(),
    ),
    "lenet": (lenet((1, 28, 28), 10), Categorical(10), plain_lenet, nn.CrossEntropyLoss()),
}


@pytest.mark.parametrize("name", CASES)
def test_loss_gradients_and_moments_are_those_of_a_plain_net(name):
    """Also that the order in memory changes nothing."""
    network, distribution, plain, criterion = CASES[name]
    engine = make_engine("torch", on_pixels(network), distribution, "float64", device="cpu")
    engine.init(np.random.default_rng(0))
    theirs = plain()
    with torch.no_grad():
        # in both the parameters come layer by layer; a dense weight lies the other way around
        own = [value for slot, value in sorted_views(engine, engine.parameters)]
        for parameter, value in zip(theirs.parameters(), own, strict=True):
            parameter.copy_(torch.from_numpy(value.T.copy() if value.ndim == 2 else value.copy()))
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, (6, *network.row_shape), dtype=np.uint8)
    y = rng.integers(0, network.n_outputs + 1 if network.n_outputs == 1 else 10, 6)
    y = y.astype(float) if network.n_outputs == 1 else y
    n = network.row_shape[0]
    mean, sd = (torch.tensor(v[:n], dtype=torch.float64)[:, None, None] for v in (MEAN, SD))
    z = theirs((torch.from_numpy(X).double() / 255 - mean) / sd)
    loss = criterion(z[:, 0] if network.n_outputs == 1 else z, torch.from_numpy(y))
    loss.backward()
    assert engine.loss_and_grad(X, y) == pytest.approx(loss.item(), rel=1e-12)
    for (slot, value), parameter in zip(
        sorted_views(engine, engine.gradient), theirs.parameters(), strict=True
    ):
        expected = parameter.grad.numpy()
        np.testing.assert_allclose(
            value.T if value.ndim == 2 else value, expected, rtol=1e-8, atol=1e-13, err_msg=slot
        )
    theirs.eval()
    with torch.no_grad():
        expected = theirs((torch.from_numpy(X).double() / 255 - mean) / sd)
    np.testing.assert_allclose(engine.predict(X), expected, rtol=1e-9, atol=1e-12)


def sorted_views(engine, flat):
    """Return names and arrays in the order of the layers, weights before biases."""
    last = {"weight": 0, "gamma": 0, "bias": 1, "beta": 1}
    named = engine.views(flat).items()
    return sorted(
        named, key=lambda item: (int(item[0].split(".")[1]), last[item[0].split(".")[-1]])
    )


def test_pixels_become_floats_a_block_at_a_time(monkeypatch):
    """A float copy of all images would take four times their room."""
    network = on_pixels(lenet((1, 28, 28), 10))
    engine = make_engine("torch", network, Categorical(10), device="cpu")
    engine.init(np.random.default_rng(0))
    given = []
    rows = engine._rows
    monkeypatch.setattr(
        engine, "_rows", lambda X: given.append((X.dtype, X.base is None)) or rows(X)
    )
    X = np.zeros((4000, 1, 28, 28), np.uint8)
    engine.predict(X)
    assert len(given) >= 3
    assert set(given) == {(np.dtype("uint8"), False)}
