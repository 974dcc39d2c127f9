"""The activations by name, and what every one of them can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from xent.errors import XentError, nearest_hint
from xent.network.gates import Gelu, Mish
from xent.network.rectifiers import Elu, Identity, LeakyRelu, Relu, Selu
from xent.network.sigmoids import Sigmoid, Softplus, Tanh

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "activation_named",
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "softplus",
    "tanh",
]


class Activation(Protocol):
    """An element-wise function of the pre-activation z, with its derivative.

    Called on an array, and by `derivative`, it is a plain function, accurate to a few ulp and
    silent for every input. `forward` and `backward` are the same for training loops: in place, on
    arrays of one shape and dtype.
    """

    @property
    def name(self) -> str:
        """The name from which `activation_named` makes it again."""

    @property
    def needs_input(self) -> bool:
        """Whether the derivative needs z; otherwise a suffices, and may overwrite z."""

    def __call__(self, z: ArrayLike) -> Any:
        """Return the activation of `z`, of its shape."""

    def derivative(self, z: ArrayLike) -> Any:
        """Return the derivative at `z`, of its shape."""

    def forward(self, z: FloatArray, out: FloatArray, scratch: FloatArray, /) -> None:
        """Write the activation of `z` into `out`, which may be `z` where `needs_input` is False."""

    def backward(
        self, z: FloatArray | None, a: FloatArray, delta: FloatArray, scratch: FloatArray, /
    ) -> None:
        """Multiply `delta` by the derivative; `z` is None where `needs_input` is False."""


identity: Final = Identity()
sigmoid: Final = Sigmoid()
tanh: Final = Tanh()
relu: Final = Relu()
leaky_relu: Final = LeakyRelu()
elu: Final = Elu()
selu: Final = Selu()
gelu: Final = Gelu()
mish: Final = Mish()
softplus: Final = Softplus()

ACTIVATIONS: Final[dict[str, Activation]] = {
    a.name: a for a in (sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, mish, softplus, identity)
}


def activation_named(name: str) -> Activation:
    """Return the activation of that name.

    Parameters
    ----------
    name : str
        One of `ACTIVATIONS`; ``leaky_relu:0.2`` gives the slope on the negative side.

    Raises
    ------
    XentError
        If there is none, with the nearest name.

    Examples
    --------
    >>> activation_named("leaky_relu:0.2")
    LeakyRelu(slope=0.2)
    """
    text = str(name)  # a file may hold anything
    if text in ACTIVATIONS:
        return ACTIVATIONS[text]
    base, _, slope = text.partition(":")
    if base == leaky_relu.name:
        try:
            return LeakyRelu(float(slope))
        except ValueError:
            msg = f"activation {name!r}: the slope must be a number between 0 and 1, got {slope!r}."
            raise XentError(msg) from None
    known = ", ".join(ACTIVATIONS)
    msg = f"activation must be one of {known}, got {name!r}.{nearest_hint(base, ACTIVATIONS)}"
    raise XentError(msg)
