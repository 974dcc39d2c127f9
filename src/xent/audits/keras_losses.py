"""A Keras loss as an audited loss: targets and outputs in Keras's order, as `fit` would call it."""

from __future__ import annotations

import copy
import inspect
from typing import Any, Final

import torch

from xent.audits.names import is_in_a_file, loaded_from_file, loss_call
from xent.audits.torch_losses import AuditedLoss, check_takes_two
from xent.errors import XentError, nearest_hint

__all__ = ["is_keras_loss", "keras_loss"]

_REDUCTIONS: Final = {"sum_over_batch_size": "mean", "mean_with_sample_weight": "mean"}


def is_keras_loss(loss: Any) -> bool:
    """Return whether an object is a loss of Keras; Keras is not loaded for it.

    Examples
    --------
    >>> is_keras_loss("BCELoss")
    False
    """
    import sys

    keras = sys.modules.get("keras")
    return keras is not None and isinstance(loss, keras.losses.Loss)


def keras_loss(loss: Any) -> AuditedLoss:
    """Return a Keras loss: a name, ``file.py:name``, a `keras.losses.Loss`, or a function.

    Raises
    ------
    XentError
        When Keras has no such loss or refuses its arguments, or the loss is one of torch.
    """
    import keras

    if isinstance(loss, str):
        loss = loaded_from_file(loss, "loss") if is_in_a_file(loss) else _named(keras, loss)
    if isinstance(loss, torch.nn.Module):
        raise XentError(
            "loss is one of torch, and the model is a Keras model: use a loss of Keras."
        )
    if inspect.isclass(loss):
        loss = loss()
    if not callable(loss):
        raise XentError(f"loss must be a name, a Loss or a function, got {type(loss).__name__}.")
    name = getattr(loss, "__name__", type(loss).__name__)
    if hasattr(loss, "fn") and not isinstance(loss, type):  # a named function, wrapped
        name = name if name != "LossFunctionWrapper" else loss.fn.__name__
    if not isinstance(loss, keras.losses.Loss):
        check_takes_two(loss, name)
        loss = _wrapped(loss)
    reduction = getattr(loss, "reduction", None)
    return AuditedLoss(
        name,
        "keras",
        lambda outputs, targets: loss(targets, outputs),
        _unreduced(loss),
        _REDUCTIONS.get(str(reduction), reduction),
        getattr(loss, "ignore_class", None),
    )


def _named(keras: Any, text: str) -> Any:
    name, arguments = loss_call(text)
    known = [
        public
        for public in dir(keras.losses)
        if not public.startswith("_")
        and public not in {"Loss", "deserialize", "get", "serialize"}
        and callable(getattr(keras.losses, public))
    ]
    if name not in known:
        try:
            return _wrapped(keras.losses.get(name), arguments)  # an abbreviation, such as mse
        except ValueError:
            pass
        raise XentError(
            f"loss: Keras has no loss called {name!r}.{nearest_hint(name, known)} "
            "A loss of your own is given as file.py:name."
        )
    found = getattr(keras.losses, name)
    try:
        if inspect.isclass(found):
            return found(**arguments)
        inspect.signature(found).bind_partial(**arguments)
    except (TypeError, ValueError) as error:
        raise XentError(f"loss: keras.losses.{name} refuses its arguments: {error}") from error
    return _wrapped(found, arguments)


def _wrapped(function: Any, arguments: dict[str, Any] | None = None) -> Any:
    """Return a function as the loss that `compile` makes of it: it brings both to one rank."""
    from keras.src.losses.losses import LossFunctionWrapper

    return LossFunctionWrapper(
        function, name=getattr(function, "__name__", "loss"), **(arguments or {})
    )


def _unreduced(loss: Any) -> Any:
    """Return the loss of rows, in the dtype it is given: `Loss.__call__` would cast to floatx."""
    if hasattr(loss, "fn") and hasattr(loss, "_fn_kwargs"):
        return lambda outputs, targets: loss.call(targets, outputs)
    alone = copy.copy(loss)
    alone.reduction = "none"
    return lambda outputs, targets: alone.call(targets, outputs)
