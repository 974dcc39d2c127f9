"""The layers of images; what onnxruntime has in float32 alone is put together for float64."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from xent.exports.activations import add_activation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array
    from xent.exports.graph import Graph
    from xent.exports.layers import LayerWeights
    from xent.network import AvgPool2d, Conv2d, GlobalAvgPool, MaxPool2d, Pixels

__all__ = ["add_avg_pool", "add_conv", "add_global_avg_pool", "add_max_pool", "add_pixels"]


def add_pixels(graph: Graph, layer: Pixels, a: str, own: LayerWeights) -> str:
    """(x/255 - mean) / sd, channel by channel, of whole numbers from 0 to 255."""
    mean, sd = (
        graph.constant(np.reshape(values, (-1, 1, 1)), own.dtype)
        for values in (layer.mean, layer.sd)
    )
    shares = graph.add("Div", graph.cast(a, own.dtype), graph.constant(255, own.dtype))
    return graph.add("Div", graph.add("Sub", shares, mean), sd)


def add_conv(graph: Graph, layer: Conv2d, a: str, own: LayerWeights) -> str:
    """Slide filters over the image, then apply the activation."""
    weight, bias = own["weight"], own["bias"]
    if own.dtype == np.float32:
        sides = [layer.kernel] * 2
        z = graph.add(
            "Conv",
            a,
            graph.constant(weight),
            graph.constant(bias),
            kernel_shape=sides,
            strides=[layer.stride] * 2,
            pads=[layer.margin] * 4,
        )
    else:
        z = _wide_conv(graph, layer, a, weight, bias, own)
    return add_activation(graph, layer.activation, z, own.dtype)


def _wide_conv(
    graph: Graph, layer: Conv2d, a: str, weight: Array, bias: Array, own: LayerWeights
) -> str:
    """Return the sum over the places of a filter of the image, moved there, times their matrix.

    The channels come last meanwhile: onnxruntime multiplies no images by a matrix from the right alone.
    """
    _, *sides = layer.output_shape(own.shape)
    if layer.margin:
        margins = [0, 0, layer.margin, layer.margin] * 2
        a = graph.add("Pad", a, graph.constant(margins, np.int64))
    a = graph.add("Transpose", a, perm=[0, 2, 3, 1])
    terms = [
        graph.add("MatMul", window, graph.constant(weight[:, :, row, column].T))
        for row, column, window in _windows(
            graph, a, layer.kernel, layer.stride, (sides[0], sides[1]), axes=(1, 2)
        )
    ]
    total = reduce(lambda one, other: graph.add("Add", one, other), [*terms, graph.constant(bias)])
    return graph.add("Transpose", total, perm=[0, 3, 1, 2])


def add_max_pool(graph: Graph, layer: MaxPool2d, a: str, _own: LayerWeights) -> str:
    """Keep the largest value of each square."""
    stride = layer.stride or layer.kernel
    return graph.add("MaxPool", a, kernel_shape=[layer.kernel] * 2, strides=[stride] * 2)


def add_avg_pool(graph: Graph, layer: AvgPool2d, a: str, own: LayerWeights) -> str:
    """Take the mean of each square."""
    stride = layer.stride or layer.kernel
    if own.dtype == np.float32:
        return graph.add("AveragePool", a, kernel_shape=[layer.kernel] * 2, strides=[stride] * 2)
    _, *sides = layer.output_shape(own.shape)
    windows = [
        window for _, _, window in _windows(graph, a, layer.kernel, stride, (sides[0], sides[1]))
    ]
    total = reduce(lambda one, other: graph.add("Add", one, other), windows)
    return graph.add("Div", total, graph.constant(len(windows), own.dtype))


def add_global_avg_pool(graph: Graph, _layer: GlobalAvgPool, a: str, _own: LayerWeights) -> str:
    """Take the mean of each channel."""
    return graph.add("ReduceMean", a, graph.constant([2, 3], np.int64), keepdims=0)


def _windows(
    graph: Graph,
    a: str,
    kernel: int,
    stride: int,
    sides: tuple[int, int],
    axes: tuple[int, int] = (2, 3),
) -> Iterator[tuple[int, int, str]]:
    """Yield each place of a square, with the image as seen from there at every step of the stride."""
    places, steps = graph.constant(axes, np.int64), graph.constant([stride, stride], np.int64)
    for row in range(kernel):
        for column in range(kernel):
            start = np.array([row, column], dtype=np.int64)
            stop = start + stride * (np.array(sides) - 1) + 1
            names = graph.constant(start), graph.constant(stop, np.int64), places, steps
            yield row, column, graph.add("Slice", a, *names)
