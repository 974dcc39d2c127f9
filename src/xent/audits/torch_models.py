"""A module under audit: a copy of its own, run without training behavior, scaled and scrambled."""

from __future__ import annotations

import copy
import inspect
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from xent.audits.names import importing_from, loaded_from_file
from xent.errors import XentError

__all__ = ["AuditedModel", "as_rows", "copied_module", "first_line", "loaded_model", "tensor_of"]

SCALES: Final = (1.0, 100.0, 1e4)
N_SCRAMBLES: Final = 3
LEAST_SPREAD: Final = 0.5


@dataclass(frozen=True)
class AuditedModel:
    """A module, copied, in evaluation mode.

    Attributes
    ----------
    module : torch.nn.Module
        Of torch, or a Keras model on its torch backend.
    library : {"torch", "keras"}
    dtype : torch.dtype
        Of its parameters.
    """

    module: Any
    library: str
    dtype: torch.dtype

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs, refused unless they are (n,) or (n, k).

        Raises
        ------
        XentError
            When the module fails, or returns something else.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outputs = self.module(inputs)
        except XentError:
            raise
        except Exception as error:
            raise XentError(
                f"model does not run on rows of shape {tuple(inputs.shape[1:])}: {type(error).__name__}: "
                f"{first_line(error)}"
            ) from error
        return checked_outputs(outputs, len(inputs))

    def scaled_outputs(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Return the outputs for the inputs times 1, 100 and 1e4, as the parameters are."""
        is_scalable = inputs.is_floating_point()
        with torch.no_grad():
            return [self(inputs * scale) for scale in SCALES] if is_scalable else [self(inputs)]

    def scrambled_outputs(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Return the outputs with random parameters: what no parameter changes is the module's form.

        The parameters come back as they were.
        """
        parameters = [p for p in self.module.parameters() if p.is_floating_point()]
        kept = [p.detach().clone() for p in parameters]
        generator = torch.Generator().manual_seed(0)
        results: list[torch.Tensor] = []
        try:
            with torch.no_grad():
                for _ in range(N_SCRAMBLES if parameters else 0):
                    for p, old in zip(parameters, kept, strict=True):
                        spread = max(_spread(old), LEAST_SPREAD) * 2
                        noise = torch.randn(p.shape, generator=generator, dtype=torch.float32)
                        p.copy_((noise * spread).to(p.dtype))
                    results.append(self(inputs).clone())
        finally:
            with torch.no_grad():
                for p, old in zip(parameters, kept, strict=True):
                    p.copy_(old)
        return results


def loaded_model(model: Any) -> Any:
    """Return a model from ``file.py:build``: what the function or class returns; others as they are.

    Raises
    ------
    XentError
        When the file does not run, or what it builds is no model.
    """
    if isinstance(model, str):
        found = loaded_from_file(model, "model")
        with importing_from(Path(model.rpartition(":")[0]).resolve().parent):
            return _made(found)
    return _made(model)


def _made(model: Any) -> Any:
    """Return what a function or class makes, and anything else as it is."""
    is_maker = inspect.isclass(model) or (
        callable(model) and not isinstance(model, torch.nn.Module)
    )
    if not is_maker:
        return model
    try:
        return model()
    except (Exception, SystemExit) as error:
        raise XentError(
            f"model: {getattr(model, '__name__', model)}() must build a model without arguments: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from error


def copied_module(module: Any) -> AuditedModel:
    """Return a copy of a torch module for an audit, on the CPU.

    Raises
    ------
    XentError
        When it is no module.
    """
    if not isinstance(module, torch.nn.Module):
        raise XentError(
            f"model must be a torch.nn.Module or a keras.Model, got {type(module).__name__}. "
            "Give the module itself, or file.py:build, a function that returns it."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parameters of a copied script module are no leaves
        own = copy.deepcopy(module).cpu().eval()
    floats = [p.dtype for p in own.parameters() if p.is_floating_point()]
    return AuditedModel(own, "torch", floats[0] if floats else torch.float32)


def as_rows(X: Any, model: AuditedModel) -> torch.Tensor:
    """Return the rows as a tensor that the model takes: floats in its dtype.

    Raises
    ------
    XentError
        When they are no array of finite numbers, or fewer than two.
    """
    tensor = tensor_of(X, "X")
    if tensor.ndim < 2 or len(tensor) < 2:
        raise XentError(
            f"X must have shape (n, ...) with n of at least 2, got {tuple(tensor.shape)}. "
            "Give a batch of rows."
        )
    if tensor.is_floating_point():
        if not bool(torch.isfinite(tensor).all()):
            raise XentError(
                "X must be finite, got NaN or infinite values: the model is given what X holds. "
                "Fill or leave out those rows."
            )
        return tensor.to(model.dtype)
    if any(isinstance(part, torch.nn.Embedding) for part in model.module.modules()):
        return tensor
    try:
        model(tensor)
    except XentError:
        return tensor.to(model.dtype)
    return tensor


def tensor_of(values: Any, name: str, cure: str = "") -> torch.Tensor:
    """Return an array, a list or a tensor as a tensor on the CPU.

    Raises
    ------
    XentError
        When it does not hold real numbers.
    """
    if isinstance(values, torch.Tensor):
        if values.is_complex():
            raise XentError(f"{name} must be an array of real numbers, got {values.dtype}.")
        return values.detach().cpu()
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of several lengths
        raise XentError(f"{name} must be an array of numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise XentError(f"{name} must be an array of numbers, got dtype {array.dtype}.{cure}")
    array = np.ascontiguousarray(array)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def checked_outputs(outputs: Any, n_rows: int) -> torch.Tensor:
    """Return outputs of shape (n,) or (n, k), or say what came instead.

    Raises
    ------
    XentError
        For anything else.
    """
    if not isinstance(outputs, torch.Tensor):
        raise XentError(
            f"model must return one tensor, got {type(outputs).__name__}. "
            "Wrap it so that it returns what the loss is given."
        )
    if outputs.ndim not in {1, 2} or len(outputs) != n_rows:
        raise XentError(
            f"model must return shape (n,) or (n, k) for n rows, got {tuple(outputs.shape)} for "
            f"{n_rows} rows."
        )
    return outputs


def _spread(values: torch.Tensor) -> float:
    return float(values.double().std()) if values.numel() > 1 else 0.0


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, which may be long."""
    return (str(error).splitlines() or [""])[0]
