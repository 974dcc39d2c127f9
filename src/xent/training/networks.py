"""The network that the settings ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xent.errors import XentError
from xent.network import Flatten, Network, mlp
from xent.network.presets import PRESETS, preset
from xent.training.settings import TrainingSettings

if TYPE_CHECKING:
    from xent.network import Layer, Pixels
    from xent.network.shapes import Shape

__all__ = ["make_network", "refuse_network_settings"]


def make_network(
    settings: TrainingSettings, row_shape: Shape, n_outputs: int, pixels: Pixels | None = None
) -> Network:
    """Return the network for rows of a shape.

    Parameters
    ----------
    settings : TrainingSettings
        `network` names it; without a name it is an mlp for rows of features, and small_cnn for images.
    row_shape : tuple of int
        (n_features,), or (channels, height, width) of images.
    n_outputs : int
        How many logits.
    pixels : Pixels, optional
        How the pixels of images are standardized: becomes the first layer.

    Raises
    ------
    XentError
        If the network does not take such rows, or a setting belongs to another network.

    Examples
    --------
    >>> make_network(TrainingSettings(hidden=(5,)), (3,), 1).sizes
    (3, 5, 1)
    >>> make_network(TrainingSettings(network="lenet"), (1, 28, 28), 10).n_parameters
    61706
    """
    has_places = len(row_shape) == 3
    name = settings.network or ("small_cnn" if has_places else "mlp")
    first: tuple[Layer, ...] = () if pixels is None else (pixels,)
    if name == "mlp":
        flat = (Flatten(),) if has_places else ()
        body = _mlp(settings, row_shape, n_outputs)
        return Network(row_shape, (*first, *flat, *body.layers)) if has_places else body
    if not has_places:
        raise XentError(
            f"network {name!r} takes images, and the rows have shape {row_shape}. Use network='mlp'."
        )
    _refuse_mlp_settings(settings, name)
    body = preset(
        name, row_shape, n_outputs, dropout=settings.dropout, batch_norm=settings.batch_norm
    )
    return Network(row_shape, (*first, *body.layers))


def refuse_network_settings(settings: TrainingSettings) -> None:
    """Refuse settings of a network where an own module takes its place."""
    usual = TrainingSettings()
    for own in ("network", "hidden", "activation", "dropout", "batch_norm", "init"):
        if getattr(settings, own) != getattr(usual, own):
            raise XentError(
                f"{own} is a setting of xent's own networks, and module= brings another one. Leave {own} out."
            )


def _mlp(settings: TrainingSettings, row_shape: Shape, n_outputs: int) -> Network:
    return mlp(
        math.prod(row_shape),
        settings.hidden,
        n_outputs,
        activation=settings.activation,
        dropout=settings.dropout or 0.0,
        batch_norm=settings.batch_norm or False,
        init=settings.init,
    )


def _refuse_mlp_settings(settings: TrainingSettings, name: str) -> None:
    usual = TrainingSettings()
    for own in ("hidden", "activation", "init"):
        if getattr(settings, own) != getattr(usual, own):
            raise XentError(
                f"{own} is a setting of the network 'mlp'; {name!r} has its own. "
                f"Leave it out, or use network='mlp'. Networks by name: mlp, {', '.join(PRESETS)}."
            )
