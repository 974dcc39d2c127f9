"""An ONNX graph while it grows: inputs, constants, nodes and outputs, each under a name of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import Array

__all__ = ["IR_VERSION", "OPSET", "Graph", "Node", "Port"]

#: The first opset whose Equal compares strings; onnxruntime has it since 1.16.
OPSET: Final = 19
IR_VERSION: Final = 9

Attribute: TypeAlias = int | float | list[int]


@dataclass(frozen=True)
class Node:
    """One operator: what it takes, what it makes."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Attribute]


@dataclass(frozen=True)
class _Foreign:
    """A node that was written elsewhere, an `onnx.NodeProto`."""

    node: Any


@dataclass(frozen=True)
class Port:
    """An input or an output of the graph.

    Attributes
    ----------
    name : str
    dtype : numpy.dtype
        Of strings: ``np.dtype(str)``.
    shape : tuple
        ``"n"`` stands for the number of rows.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str, ...]


class Graph:
    """The parts of a graph; `add` returns the name under which a result is used.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.input("x", np.float64, ("n", 1))
    >>> graph.output("twice", graph.add("Mul", x, graph.constant(2.0)), np.float64, ("n", 1))
    'twice'
    >>> [node.operator for node in graph.nodes]
    ['Mul', 'Identity']
    """

    def __init__(self) -> None:
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.constants: dict[str, Array] = {}
        self.nodes: list[Node | _Foreign] = []
        self.embedded: list[Any] = []  # models that were written elsewhere
        self._taken: set[str] = {""}  # ONNX has the empty name for what is absent

    def input(self, wanted: str, dtype: DTypeLike, shape: tuple[int | str, ...]) -> str:
        """Take an input; its name is the wanted one, or that with underscores where it is taken."""
        name = self._free(_checked_text(wanted) or "column")
        self.inputs.append(Port(name, np.dtype(dtype), shape))
        return name

    def optional_input(self, wanted: str, value: Array) -> str:
        """Take an input that callers may leave out: it has a constant of its own name."""
        name = self.input(wanted, value.dtype, value.shape)
        self.constants[name] = value
        return name

    def prefix(self, wanted: str) -> str:
        """Return the wanted prefix, or that behind underscores where a name begins with it."""
        while any(name.startswith(wanted) for name in self._taken):
            wanted = f"_{wanted}"
        return wanted

    def output(self, wanted: str, made: str, dtype: DTypeLike, shape: tuple[int | str, ...]) -> str:
        """Give a result out, under the wanted name or that with underscores."""
        name = self._free(wanted)
        self.nodes.append(Node("Identity", (made,), name, {}))
        self.outputs.append(Port(name, np.dtype(dtype), shape))
        return name

    def constant(self, value: Any, dtype: DTypeLike | None = None) -> str:
        """Return the name of an array that goes with the graph."""
        name = self._fresh("constant")
        self.constants[name] = np.asarray(value, dtype=dtype)
        return name

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Apply an operator and return the name of its result.

        Attributes are those of the operator; a misspelt one is refused by the checker of ONNX.
        """
        name = self._fresh(operator)
        self.nodes.append(Node(operator, inputs, name, attributes))
        return name

    def cast(self, value: str, dtype: DTypeLike) -> str:
        """Convert a result to another type."""
        return self.add("Cast", value, to=_element_type(np.dtype(dtype)))

    def concatenate(self, parts: list[str]) -> str:
        """Lay matrices of the same rows side by side."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def embed(self, model: Any, given: dict[str, str]) -> None:
        """Take over the nodes of a whole ONNX model, all of whose names must begin with a prefix of its own.

        Parameters
        ----------
        model : onnx.ModelProto
        given : dict of str to str
            For each of its inputs the name of a result.
        """
        for theirs, own in given.items():
            self.nodes.append(Node("Identity", (own,), theirs, {}))
        self.nodes += [_Foreign(node) for node in model.graph.node]
        self.embedded.append(model)

    def to_bytes(self, metadata: dict[str, str]) -> bytes:
        """Return the model as the bytes of an ONNX file, after ONNX has checked it.

        Raises
        ------
        XentError
            When the model is larger than 2 GB, or not valid.
        """
        import onnx
        from onnx import helper

        nodes = [_node(node) for node in self.nodes]
        tensors = [_tensor(name, value) for name, value in self.constants.items()]
        tensors += [tensor for model in self.embedded for tensor in model.graph.initializer]
        opsets = [entry.version for model in self.embedded for entry in model.opset_import]
        inputs, outputs = ([_port(port) for port in ports] for ports in (self.inputs, self.outputs))
        model = helper.make_model(
            helper.make_graph(nodes, "xent", inputs, outputs, tensors),
            opset_imports=[helper.make_opsetid("", max([OPSET, *opsets]))],
            ir_version=max([IR_VERSION, *(model.ir_version for model in self.embedded)]),
            producer_name="xent",
            producer_version=metadata.get("xent_version", ""),
        )
        helper.set_model_props(model, metadata)
        try:
            content = model.SerializeToString()
            onnx.checker.check_model(content, full_check=True)
        except (ValueError, onnx.checker.ValidationError) as error:
            reason = " ".join(str(error).split())[:200]
            raise XentError(f"the run cannot be written as an ONNX file ({reason}).") from error
        return bytes(content)

    def _fresh(self, operator: str) -> str:
        return self._free(f"{operator}_{len(self.nodes) + len(self.constants)}")

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def _element_type(dtype: np.dtype[Any]) -> int:
    from onnx import TensorProto, helper

    if dtype.kind in "UO":
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(dtype))


def _node(node: Node | _Foreign) -> Any:
    from onnx import helper

    if isinstance(node, _Foreign):
        return node.node
    made = helper.make_node(node.operator, node.inputs, [node.output])
    made.attribute.extend(helper.make_attribute(*pair) for pair in node.attributes.items())
    return made


def _port(port: Port) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(port.name, _element_type(port.dtype), port.shape)


def _tensor(name: str, value: Array) -> Any:
    from onnx import TensorProto, numpy_helper

    if value.dtype.kind in "UO":
        texts = [_checked_text(text).encode() for text in value.reshape(-1).tolist()]
        tensor = TensorProto(name=name, data_type=TensorProto.STRING, dims=value.shape)
        tensor.string_data.extend(texts)
        return tensor
    return numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)


def _checked_text(text: str) -> str:
    """Return a text, or refuse half a surrogate pair, which a JSON file can hold and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise XentError(f"{text!r:.60} cannot be written as UTF-8, and so not to ONNX.") from None
    return text
