"""An exported model at work in onnxruntime: rows in, named outputs out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array
    from xent.data import Table
    from xent.exports.features import ColumnInput
    from xent.exports.model import OnnxModel

__all__ = ["OnnxSession", "feeds", "require_onnx"]

_BATCH = 16_384  # rows at a time: one-hot places of all rows at once could fill the memory
_IMAGE_BATCH = 64


class OnnxSession:
    """A model loaded into onnxruntime.

    Parameters
    ----------
    model : OnnxModel

    Raises
    ------
    XentError
        When onnxruntime is not installed, or refuses the model.
    """

    def __init__(self, model: OnnxModel) -> None:
        require_onnx()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = (
            4  # it raises what it refuses, and warns of every optional input
        )
        options.intra_op_num_threads = 1
        self.model = model
        try:
            self.session = onnxruntime.InferenceSession(
                model.content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises a type of its own for each status
            raise _refused(error) from error

    def run(self, rows: pl.DataFrame | Table) -> tuple[Array, Array, Array]:
        """Return probabilities or means of some rows, or images, their decisions, and whether there is one.

        By their place: the names may be others, where columns have taken them.
        """
        parts = []
        names = [port.name for port in self.model.outputs]
        for given in self._batches(rows):
            try:
                parts.append(self.session.run(names, given))
            except Exception as error:  # as above
                raise _refused(error) from error
        values, decision, decided = (np.concatenate(held) for held in zip(*parts, strict=True))
        return values, decision, decided

    def _batches(self, rows: pl.DataFrame | Table) -> Iterator[dict[str, Array]]:
        if isinstance(rows, pl.DataFrame):
            for start in range(0, rows.height, _BATCH):
                yield feeds(self.model.columns, rows.slice(start, _BATCH))
            return
        assert rows.pixels is not None
        for start in range(0, len(rows.pixels), _IMAGE_BATCH):
            yield {self.model.inputs[0].name: rows.pixels[start : start + _IMAGE_BATCH]}


def feeds(columns: tuple[ColumnInput, ...], frame: pl.DataFrame) -> dict[str, Array]:
    """Return what an exported model takes for the rows of a frame: (n, 1) float64 and strings.

    Missing numbers become NaN, missing texts the empty string.

    Examples
    --------
    >>> from xent.exports.features import ColumnInput
    >>> feeds((ColumnInput("age", "age", "number"),), pl.DataFrame({"age": [31, None]}))
    {'age': array([[31.],
           [nan]])}
    """
    arrays: dict[str, Any] = {}
    for one in columns:
        column = frame[one.column]
        if one.is_text:
            texts = column.cast(pl.String).fill_null("").to_list()
            arrays[one.name] = np.array(texts, dtype=object)[:, None]
        else:
            arrays[one.name] = column.cast(pl.Float64).to_numpy()[:, None]
    return arrays


def require_onnx() -> None:
    """Say in one line how to install onnx and onnxruntime where one of them is absent."""
    try:
        import onnx  # noqa: F401 - whether it is there is the question
        import onnxruntime  # noqa: F401 - the same
    except ImportError:
        raise XentError(
            "an export needs onnx and onnxruntime. Install them with: pip install 'xent[onnx]'"
        ) from None


def _refused(error: Exception) -> XentError:
    reason = " ".join(str(error).split())[:200]
    return XentError(
        f"onnxruntime refuses the exported model ({reason}). It has many operators in float32 alone: "
        "where the run is an own module in float64, train it with dtype='float32'."
    )
