"""The losses of Keras that users meet, as compositions: the tables of what each can bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xent.audits.torch_standard import HEADS, standard_composition
from xent.audits.torch_sweeps import sweep
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.audits.sweep import Sweep
    from xent.audits.torch_sweeps import Composition

__all__ = ["standard_keras_compositions", "standard_keras_sweeps"]

_PAIRS = (
    ("BinaryCrossentropy(sigmoid(x))", "sigmoid", "BinaryCrossentropy()", (1,)),
    (
        "BinaryCrossentropy(from_logits=True)(x)",
        "",
        "BinaryCrossentropy(from_logits=True)",
        (1,),
    ),
    (
        "SparseCategoricalCrossentropy(softmax(x, 0))",
        "softmax",
        "SparseCategoricalCrossentropy()",
        (2,),
    ),
    (
        "SparseCategoricalCrossentropy(from_logits=True)(x, 0)",
        "",
        "SparseCategoricalCrossentropy(from_logits=True)",
        (2,),
    ),
    (
        "CategoricalCrossentropy(softmax(x, 0))",
        "softmax",
        "CategoricalCrossentropy()",
        (2,),
    ),
)


def standard_keras_compositions() -> list[Composition]:
    """Return Keras's losses from probabilities and from logits.

    Raises
    ------
    XentError
        When Keras is not installed, or not on its torch backend.
    """
    from xent.audits.keras_losses import keras_loss

    _require_keras()
    return [
        standard_composition(name, HEADS[head], keras_loss(loss), shape)
        for name, head, loss, shape in _PAIRS
    ]


def standard_keras_sweeps(dtypes: Sequence[str], *, stride: int = 1) -> list[Sweep]:
    """Return every standard loss of Keras, swept in every format, for both labels."""
    return [
        sweep(composition, label, dtype, stride=stride)
        for composition in standard_keras_compositions()
        for dtype in dtypes
        for label in (1, 0)
    ]


def _require_keras() -> Any:
    try:
        import keras
    except ImportError as error:
        raise XentError(
            "library keras is not installed. Install it with: pip install keras"
        ) from error
    if keras.backend.backend() != "torch":
        raise XentError(
            f"library keras runs on {keras.backend.backend()}: set KERAS_BACKEND=torch in the environment."
        )
    return keras
