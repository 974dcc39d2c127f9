"""A Keras model as an audited model: Keras 3 on its torch backend, where a model is a torch module."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import torch

from xent.audits.torch_models import AuditedModel
from xent.errors import XentError

__all__ = ["copied_keras_model", "is_keras"]


def is_keras(model: Any) -> bool:
    """Return whether an object is a Keras model; Keras is not loaded for it.

    Examples
    --------
    >>> is_keras(torch.nn.Linear(2, 1))
    False
    """
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def copied_keras_model(model: Any) -> AuditedModel:
    """Return a copy of a Keras model for an audit.

    Raises
    ------
    XentError
        When Keras runs on another backend than torch, or the model is not built.
    """
    import keras

    if keras.backend.backend() != "torch":
        raise XentError(
            f"model: xent audits Keras models on Keras's torch backend, this one runs on "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=torch in the environment and run again: "
            "the same file builds the same model."
        )
    if not model.built:
        raise XentError(
            "model must be built: begin it with keras.Input(shape), or call it once on a batch."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = _copy(keras, model)
    floats = [p.dtype for p in own.parameters() if p.is_floating_point()]
    return AuditedModel(own.eval(), "keras", floats[0] if floats else torch.float32)


def _copy(keras: Any, model: Any) -> Any:
    """Return a model of the same layers and weights; one that cannot be cloned, itself."""
    try:
        own = keras.models.clone_model(model)
        own.set_weights(model.get_weights())
    except Exception:  # noqa: BLE001 (a subclass without a configuration cannot be cloned)
        return model
    return own
