"""The layers of a network as PyTorch modules, on the parameters of one flat vector.

Names are those of `xent.network.parameter_layout`, formulas those of the NumPy engine: in float64
both agree to the last digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from xent.network import (
    Activate,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    MaxPool2d,
    Pixels,
    Residual,
    Scale,
    activation_named,
)
from xent.network.residual import shapes_through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xent.network import Layer, Network
    from xent.network.shapes import Shape

__all__ = ["BatchNormModule", "DropoutModule", "NetworkModule"]


class NetworkModule(nn.Module):
    """A network, layer after layer.

    Parameters
    ----------
    network : Network
        The parameters of its layers are empty here; an engine binds them to its vector.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.layers = _modules(network.layers, network.row_shape)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Return the logits of the rows."""
        for layer in self.layers:
            a = layer(a)
        return a

    def outputs(self, a: torch.Tensor) -> list[torch.Tensor]:
        """Return what each layer puts out."""
        found = []
        for layer in self.layers:
            a = layer(a)
            found.append(a)
        return found


def _modules(layers: Sequence[Layer], shape: Shape) -> nn.ModuleList:
    below = shapes_through(layers, shape)[:-1]
    return nn.ModuleList(
        _FORMS[type(layer)](layer, own) for layer, own in zip(layers, below, strict=True)
    )


class _LayerModule(nn.Module):
    """A layer's description, and its parameters by name."""

    weight: torch.Tensor
    bias: torch.Tensor
    scale: torch.Tensor
    gamma: torch.Tensor
    beta: torch.Tensor

    def __init__(self, layer: Any, shape: Shape) -> None:
        super().__init__()
        self.layer = layer
        for own in layer.parameters(shape):
            self.register_parameter(own.name, nn.Parameter(torch.empty(own.shape)))


class _DenseModule(_LayerModule):
    def __init__(self, layer: Dense, shape: Shape) -> None:
        super().__init__(layer, shape)
        self.activate = _activation(layer.activation)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return self.activate(torch.addmm(self.bias, a, self.weight))


class _Conv2dModule(_LayerModule):
    def __init__(self, layer: Conv2d, shape: Shape) -> None:
        super().__init__(layer, shape)
        self.activate = _activation(layer.activation)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        layer = self.layer
        z = functional.conv2d(a, self.weight, self.bias, stride=layer.stride, padding=layer.margin)
        return self.activate(z)


class _ScaleModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return a * self.scale


class _ActivateModule(_LayerModule):
    def __init__(self, layer: Activate, shape: Shape) -> None:
        super().__init__(layer, shape)
        self.activate = _activation(layer.activation)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return self.activate(a)


class _LayerNormModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(a, a.shape[1:], self.gamma, self.beta, self.layer.epsilon)


class _FlattenModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return a.flatten(1)


class _EmbeddingModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return functional.embedding(a.long(), self.weight)


class _MaxPoolModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return functional.max_pool2d(a, self.layer.kernel, self.layer.stride)


class _AvgPoolModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(a, self.layer.kernel, self.layer.stride)


class _GlobalAvgPoolModule(_LayerModule):
    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return a.mean((2, 3))


class _PixelsModule(_LayerModule):
    """(x/255 - mean) / sd, channel by channel."""

    mean: torch.Tensor
    sd: torch.Tensor

    def __init__(self, layer: Pixels, shape: Shape) -> None:
        super().__init__(layer, shape)
        for name in ("mean", "sd"):
            values = torch.tensor(getattr(layer, name), dtype=torch.float64)
            self.register_buffer(name, values[:, None, None], persistent=False)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        return (a / 255 - self.mean) / self.sd


class _ResidualModule(nn.Module):
    def __init__(self, layer: Residual, shape: Shape) -> None:
        super().__init__()
        self.layers = _modules(layer.layers, shape)
        self.shortcut = _modules(layer.shortcut, shape)
        self.activate = _activation(layer.activation)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        long = short = a
        for layer in self.layers:
            long = layer(long)
        for layer in self.shortcut:
            short = layer(short)
        return self.activate(long + short)


class DropoutModule(_LayerModule):
    """Inverted dropout by factors that the engine draws before each training batch."""

    def __init__(self, layer: Dropout, shape: Shape) -> None:
        super().__init__(layer, shape)
        self.shape = shape
        # 0 for what is dropped, 1/(1 - rate) for the rest
        self.factors: torch.Tensor | None = None

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Return the rows, some of their numbers 0 while training."""
        return a * self.factors if self.training and self.factors is not None else a


class BatchNormModule(_LayerModule):
    """Batch normalization whose moments are weighted as the rows of the batch are."""

    def __init__(self, layer: BatchNorm, shape: Shape) -> None:
        super().__init__(layer, shape)
        # bound to the engine's vector of running moments
        self.running_mean = torch.zeros(shape[0])
        self.running_variance = torch.ones(shape[0])
        # the rows' shares of the batch weight, summing to 1 over all ranks; None: those of PyTorch, all alike
        self.shares: torch.Tensor | None = None
        # how many rows these weights are worth, 1/Σ shares² over all ranks; a tensor, for a compiled step is
        # made for the numbers that it reads
        self.worth = torch.ones(())
        # adds up over the ranks, differentiably; None: there is one rank
        self.add_up: Callable[[torch.Tensor], torch.Tensor] | None = None

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Return the standardized rows."""
        layer = self.layer
        if self.shares is None:
            return functional.batch_norm(
                a,
                self.running_mean,
                self.running_variance,
                self.gamma,
                self.beta,
                self.training,
                layer.momentum,
                layer.epsilon,
            )
        mean, variance = self._moments(a, self.shares)
        places = (slice(None), *(None,) * (a.ndim - 2))  # a channel's number serves all its places
        gain = self.gamma / torch.sqrt(variance + layer.epsilon)
        return (a - mean[places]) * gain[places] + self.beta[places]

    def _moments(self, a: torch.Tensor, shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values = a[:, :, None] if a.ndim == 2 else a.flatten(2)
        n_places = values.shape[2]
        spread = (shares / n_places)[:, None, None]
        mean = self._sum((values * spread).sum((0, 2)))
        variance = self._sum(((values - mean[:, None]) ** 2 * spread).sum((0, 2)))
        with torch.no_grad():
            worth = n_places * self.worth
            unbiased = variance * torch.where(worth > 1.5, worth / (worth - 1), 1.0)
            self.running_mean.lerp_(mean.to(self.running_mean), self.layer.momentum)
            self.running_variance.lerp_(unbiased.to(self.running_mean), self.layer.momentum)
        return mean, variance

    def _sum(self, values: torch.Tensor) -> torch.Tensor:
        return values if self.add_up is None else self.add_up(values)


_FORMS: dict[type, Callable[[Any, Shape], nn.Module]] = {
    Dense: _DenseModule,
    Conv2d: _Conv2dModule,
    Scale: _ScaleModule,
    Activate: _ActivateModule,
    LayerNorm: _LayerNormModule,
    Flatten: _FlattenModule,
    Embedding: _EmbeddingModule,
    MaxPool2d: _MaxPoolModule,
    AvgPool2d: _AvgPoolModule,
    GlobalAvgPool: _GlobalAvgPoolModule,
    Pixels: _PixelsModule,
    Residual: _ResidualModule,
    Dropout: DropoutModule,
    BatchNorm: BatchNormModule,
}


def _activation(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return PyTorch's function of that name, in the form that the NumPy engine has."""
    base = activation_named(name)
    if base.name.startswith("leaky_relu"):
        slope = base.slope  # type: ignore[attr-defined] # only a LeakyRelu has that name
        return lambda z: functional.leaky_relu(z, slope)
    return _FUNCTIONS[base.name]


def _identity(z: torch.Tensor) -> torch.Tensor:
    return z


def _softplus(z: torch.Tensor) -> torch.Tensor:
    # PyTorch's own becomes linear at 20, where the true value is still 2e-9 larger
    return functional.softplus(z, threshold=40)


_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "identity": _identity,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "mish": functional.mish,
    "softplus": _softplus,
}


def modules_of(module: nn.Module, form: type[nn.Module]) -> Iterable[Any]:
    """Return the parts of a module that are of that form, in their order."""
    return (part for part in module.modules() if isinstance(part, form))
