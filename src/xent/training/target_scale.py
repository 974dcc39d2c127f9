"""The unit in which a real target is trained, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import Distribution, Gaussian, Laplace
from xent.network import ModuleNetwork, running_layout
from xent.network.module_network import FACTOR, OFFSET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array
    from xent.engines import Engine

__all__ = ["TargetScale", "fit_target_scale", "residual_gaussian", "set_unit"]


@dataclass(frozen=True)
class TargetScale:
    """The shift and the unit in which a real target is trained: y = location + scale · t.

    Trained on t, a network's last layer is afterwards turned into the units of y (`unscale`), so
    that a saved model needs no scale beside it.
    """

    location: float = 0.0
    scale: float = 1.0

    def to_trained(self, y: Array) -> Array:
        """Return the target in the trained unit."""
        return (y - self.location) / self.scale

    @property
    def log_scale(self) -> float:
        """What a density's NLL in units of y is larger by, in nats."""
        return float(np.log(self.scale))

    def trained(self, distribution: Distribution) -> Distribution:
        """Return the distribution of t: a fixed standard deviation or scale is given in units of y."""
        if isinstance(distribution, Gaussian) and distribution.sd is not None:
            return Gaussian(distribution.sd / self.scale)
        if isinstance(distribution, Laplace) and distribution.scale is not None:
            return Laplace(distribution.scale / self.scale)
        return distribution

    def in_units_of_y(self, record: dict[str, float]) -> dict[str, float]:
        """Return an epoch's figures in units of y: an NLL is larger by ln(scale), an error by scale."""
        shift = {"loss": self.log_scale, "validation_loss": self.log_scale}
        factor = {"rmse": self.scale, "validation_rmse": self.scale}
        return {
            name: value * factor.get(name, 1.0) + shift.get(name, 0.0)
            if name in shift or name in factor
            else value
            for name, value in record.items()
        }

    def unscale(self, engine: Engine) -> None:
        """Turn the engine's last layer into the units of y: mean and, where learned, log standard deviation.

        Of an own module, whose last layer may be anything, it is what stands behind it.
        """
        if isinstance(engine.network, ModuleNetwork):
            if self != TargetScale():
                offset = [self.location, self.log_scale][: engine.network.n_outputs]
                set_unit(engine, [self.scale, 1.0][: engine.network.n_outputs], offset)
            return
        views = engine.views(engine.parameters)
        weights = [name for name in views if name.endswith(".weight")]
        last = weights[-1].removesuffix(".weight")
        weight, bias = views[f"{last}.weight"], views[f"{last}.bias"]
        weight[:, 0] *= self.scale
        bias[0] = self.location + self.scale * bias[0]
        if engine.distribution.n_outputs == 2:
            bias[1] += self.log_scale


def set_unit(engine: Engine, factor: Sequence[float], offset: Sequence[float]) -> None:
    """Set what stands behind an own module, whose last layer may be anything: z · factor + offset."""
    state = {name: np.array(values) for name, values in engine.state().items()}
    slots = {slot.name: slot.where for slot in running_layout(engine.network)}
    state["running"][slots[FACTOR]] = factor
    state["running"][slots[OFFSET]] = offset
    engine.load_state(state)


def fit_target_scale(
    distribution: Distribution, y: Array, weight: Array | None = None
) -> TargetScale:
    """Return mean and standard deviation of a real target; counts (Poisson) and classes keep their unit."""
    if not isinstance(distribution, (Gaussian, Laplace)):
        return TargetScale()
    y = y.astype(np.float64)
    location = float(np.average(y, weights=weight))
    scale = float(np.sqrt(np.average((y - location) ** 2, weights=weight)))
    return TargetScale(location, scale if scale > 0 else 1.0)


def residual_gaussian(y: Array, mean: Array, weight: Array | None = None) -> Gaussian:
    """Return the Gaussian whose one standard deviation is the residuals' root mean square.

    Given the means, no other standard deviation has a smaller NLL on these rows.

    Examples
    --------
    >>> residual_gaussian(np.array([1.0, 5.0]), np.array([3.0, 3.0]))
    Gaussian(sd=2.0)
    """
    residuals = np.asarray(y, np.float64).reshape(-1) - np.asarray(mean, np.float64).reshape(-1)
    sd = float(np.average(residuals**2, weights=weight)) ** 0.5
    return Gaussian(max(sd, float(np.finfo(np.float64).tiny)))
