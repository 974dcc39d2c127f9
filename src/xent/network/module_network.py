"""An own module as a frozen description: what a file says of a network whose code is elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.network.checks import as_mapping, check_count, check_keys
from xent.network.image_layers import Pixels
from xent.network.layer_forms import layer_to_json, layers_from_json
from xent.network.shapes import ParameterShape

if TYPE_CHECKING:
    from xent.network.shapes import Shape

__all__ = ["FACTOR", "KIND", "OFFSET", "ModuleArray", "ModuleLayer", "ModuleNetwork"]

KIND: Final = "module"
#: The buffers that bring the outputs of a regression into the unit of its target.
FACTOR: Final = "xent.factor"
OFFSET: Final = "xent.offset"

MAX_ARRAYS: Final = 100_000
MAX_TEXT: Final = 1_000


@dataclass(frozen=True)
class ModuleArray:
    """A parameter or buffer of a module: its name there, and its shape.

    Examples
    --------
    >>> ModuleArray("fc.weight", (1, 30)).size
    30
    """

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def is_weight(self) -> bool:
        """Whether penalties and weight decay act on it: on matrices and filters, on no bias or gain."""
        return len(self.shape) >= 2


@dataclass(frozen=True)
class ModuleLayer:
    """A part of a module that puts something out; the last one is the module itself, or its last part.

    Attributes
    ----------
    name : str
        As PyTorch names it, such as ``features.0``; empty for the module itself.
    kind : str
        Its class.
    shape : tuple of int
        Of a row that it puts out.
    arrays : tuple of ModuleArray
        What is trained of it.
    """

    name: str
    kind: str
    shape: Shape
    arrays: tuple[ModuleArray, ...] = ()

    def output_shape(self, _shape: Shape) -> Shape:
        """Return the shape of a row behind the part."""
        return self.shape

    def parameters(self, _shape: Shape) -> tuple[ParameterShape, ...]:
        """Return what is trained of it."""
        return tuple(
            ParameterShape(own.name, own.shape, "weight" if own.is_weight else "bias")
            for own in self.arrays
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}" if self.name else self.kind


@dataclass(frozen=True)
class ModuleNetwork:
    """A network that is an own PyTorch module: what it is called, takes, holds and puts out.

    It answers what `Network` answers to engine, trainer, run folder and report. The code is no part
    of it: whoever has it gives it again to compute with the network.

    Parameters
    ----------
    input_shape : tuple of int
        Of a row: (n,) or (channels, height, width).
    n_outputs : int
        How many logits a row ends in.
    name : str
        The module's class.
    trained, frozen : tuple of ModuleArray
        Its parameters; of the trained ones the weights (two dimensions or more) come first.
    buffers, counters : tuple of ModuleArray
        What training changes besides: numbers, and whole numbers.
    layers : tuple of ModuleLayer
        The parts that rows pass, in their order.
    pixels : Pixels, optional
        How the pixels of an image are standardized before the module gets them.
    reference : str, optional
        Where the code was, ``file.py:build``.
    sha256 : str, optional
        Of that file.
    template : torch.nn.Module, optional
        The module as it starts, never changed; None where only the description is at hand.

    Examples
    --------
    >>> weight, bias = ModuleArray("fc.weight", (1, 30)), ModuleArray("fc.bias", (1,))
    >>> layer = ModuleLayer("fc", "Linear", (1,), (weight, bias))
    >>> ModuleNetwork((30,), 1, "MyNet", (weight, bias), layers=(layer,)).n_parameters
    31
    """

    input_shape: tuple[int, ...]
    n_outputs: int
    name: str
    trained: tuple[ModuleArray, ...]
    frozen: tuple[ModuleArray, ...] = ()
    buffers: tuple[ModuleArray, ...] = ()
    counters: tuple[ModuleArray, ...] = ()
    layers: tuple[ModuleLayer, ...] = ()
    pixels: Pixels | None = None
    reference: str | None = None
    sha256: str | None = None
    template: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.input_shape) not in {1, 3}:
            raise XentError(
                f"input_shape must be (n,) or (channels, height, width), got {self.input_shape!r}."
            )
        for side in self.input_shape:
            check_count("input_shape", side)
        check_count("n_outputs", self.n_outputs)
        if not self.layers or self.layers[-1].shape != (self.n_outputs,):
            raise XentError(f"layers must end in one that puts out ({self.n_outputs},).")
        order = [own.is_weight for own in self.trained]
        if order != sorted(order, reverse=True):
            raise XentError("trained must hold all weights, then all other parameters.")

    @property
    def row_shape(self) -> Shape:
        """The shape of a row at the input."""
        return self.input_shape

    @property
    def n_inputs(self) -> int:
        """How many numbers a row has."""
        return math.prod(self.input_shape)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of a row: at the input, then behind each layer."""
        return (self.input_shape, *(layer.shape for layer in self.layers))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers a row has: at the input, then behind each layer."""
        return tuple(math.prod(shape) for shape in self.shapes)

    @property
    def n_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(own.size for own in self.trained)

    @property
    def n_weights(self) -> int:
        """How many of them are weights, on which penalties and weight decay act."""
        return sum(own.size for own in self.trained if own.is_weight)

    @property
    def has_unit(self) -> bool:
        """Whether its outputs are brought into the unit of a real target."""
        return any(own.name == FACTOR for own in self.buffers)

    def summary(self) -> str:
        """Return a table of the parts: their output shapes and how many parameters each has.

        Examples
        --------
        >>> fc = ModuleLayer("fc", "Linear", (1,), (ModuleArray("fc.weight", (1, 30)),))
        >>> print(ModuleNetwork((30,), 1, "MyNet", fc.arrays, layers=(fc,)).summary())
        Module MyNet    Output     Parameters
        -------------------------------------
        Input           (n, 30)             0
        fc: Linear      (n, 1)             30
        -------------------------------------
        Total                              30
        """
        rows = [(f"Module {self.name}", "Output", "Parameters")]
        rows.append(("Input", _batch(self.input_shape), "0"))
        for layer in self.layers:
            count = sum(own.size for own in layer.arrays)
            rows.append((str(layer), _batch(layer.shape), f"{count:,}"))
        elsewhere = self.n_parameters - sum(own.size for la in self.layers for own in la.arrays)
        if elsewhere:
            rows.append(("parameters of no part", "", f"{elsewhere:,}"))
        rows.append(("Total", "", f"{self.n_parameters:,}"))
        if self.frozen:
            rows.append(("not trained", "", f"{sum(own.size for own in self.frozen):,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            f"{name:<{widths[0]}}    {shape:<{widths[1]}}    {count:>{widths[2]}}".rstrip()
            for name, shape, count in rows
        ]
        rule, n_ends = "-" * (sum(widths) + 8), 1 + bool(self.frozen)
        return "\n".join([lines[0], rule, *lines[1:-n_ends], rule, *lines[-n_ends:]])

    def to_json(self) -> dict[str, Any]:
        """Return the description as a dictionary of JSON values; the code is no part of it."""
        return {
            "kind": KIND,
            "name": self.name,
            "reference": self.reference,
            "sha256": self.sha256,
            "n_inputs": list(self.input_shape),
            "n_outputs": self.n_outputs,
            **{name: _arrays_to_json(getattr(self, name)) for name in _ARRAYS},
            "layers": [
                [own.name, own.kind, list(own.shape), _arrays_to_json(own.arrays)]
                for own in self.layers
            ],
            "pixels": None if self.pixels is None else layer_to_json(self.pixels),
        }

    @classmethod
    def from_json(cls, description: object) -> ModuleNetwork:
        """Return the network that `to_json` described; every value is checked.

        Raises
        ------
        XentError
            If the description is not one of an own module.

        Examples
        --------
        >>> layers = (ModuleLayer("", "MyNet", (1,)),)
        >>> network = ModuleNetwork((4,), 1, "MyNet", (ModuleArray("w", (1, 4)),), layers=layers)
        >>> ModuleNetwork.from_json(network.to_json()) == network
        True
        """
        values = as_mapping("an own module", description)
        known = ["kind", "name", "reference", "sha256", "n_inputs", "n_outputs", "layers", "pixels"]
        check_keys("an own module", values, [*known, *_ARRAYS])
        arrays = {name: _arrays_from_json(name, values.get(name)) for name in _ARRAYS}
        names = [own.name for held in arrays.values() for own in held]
        if len(set(names)) != len(names):
            raise XentError("an own module must have a name for each of its arrays, got one twice.")
        pixels = values.get("pixels")
        return cls(
            _shape("n_inputs", values.get("n_inputs")),
            values.get("n_outputs"),  # type: ignore[arg-type] # checked by the class
            _text("name", values.get("name")),
            **arrays,
            layers=tuple(_layer(own) for own in _listed("layers", values.get("layers"))),
            pixels=None if pixels is None else _pixels(pixels),
            reference=_text_or_none("reference", values.get("reference")),
            sha256=_text_or_none("sha256", values.get("sha256")),
        )


_ARRAYS: Final = ("trained", "frozen", "buffers", "counters")


def _batch(shape: Shape) -> str:
    return f"(n, {', '.join(map(str, shape))})" if shape else "(n,)"


def _arrays_to_json(arrays: tuple[ModuleArray, ...]) -> list[Any]:
    return [[own.name, list(own.shape)] for own in arrays]


def _arrays_from_json(what: str, values: object) -> tuple[ModuleArray, ...]:
    pairs = [_row(what, pair, 2) for pair in _listed(what, values)]
    return tuple(ModuleArray(_text(what, name), _shape(what, shape)) for name, shape in pairs)


def _layer(values: object) -> ModuleLayer:
    name, kind, shape, arrays = _row("layers", values, 4)
    return ModuleLayer(
        _text("layers", name),
        _text("layers", kind),
        _shape("layers", shape),
        _arrays_from_json("layers", arrays),
    )


def _pixels(values: object) -> Pixels:
    (pixels,) = layers_from_json("pixels", [values])
    if not isinstance(pixels, Pixels):
        raise XentError(f"pixels must be a layer of that name, got {pixels!r}.")
    return pixels


def _listed(what: str, values: object) -> list[Any]:
    if not isinstance(values, list) or len(values) > MAX_ARRAYS:
        raise XentError(
            f"{what} must be a list of at most {MAX_ARRAYS:,}, got {type(values).__name__}."
        )
    return values


def _row(what: str, values: object, n: int) -> list[Any]:
    if not isinstance(values, list) or len(values) != n:
        raise XentError(f"{what} must hold lists of {n}, got {values!r:.60}.")
    return values


def _shape(what: str, values: object) -> tuple[int, ...]:
    sides = tuple(_listed(what, values))
    for side in sides:
        check_count(what, side, at_least=0)
    return sides


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise XentError(
            f"{what} must be text of at most {MAX_TEXT:,} characters, got {value!r:.60}."
        )
    return value


def _text_or_none(what: str, value: object) -> str | None:
    return None if value is None else _text(what, value)
