"""Everything that is seen of a module, its loss and its data, by running them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from xent.audits.observations import Observations, target_facts
from xent.audits.outputs import output_kind
from xent.audits.torch_batches import batch_facts
from xent.audits.torch_data import spread_places, without_ignored
from xent.audits.torch_gradients import gradient_facts
from xent.audits.torch_links import LINKS, final_links
from xent.audits.torch_models import first_line
from xent.audits.torch_readings import Probe, read_loss, targets_of
from xent.audits.torch_rows import row_facts
from xent.audits.torch_sweeps import Composition, sweep
from xent.audits.torch_trace import traced
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray
    from xent.audits.readings import Reading
    from xent.audits.sweep import Sweep
    from xent.audits.torch_batches import BatchFacts
    from xent.audits.torch_data import AuditedTargets
    from xent.audits.torch_gradients import GradientFacts
    from xent.audits.torch_links import Link
    from xent.audits.torch_losses import AuditedLoss
    from xent.audits.torch_models import AuditedModel

__all__ = ["observe"]

PROBE_ROWS: Final = 256
PROBE_NUMBERS: Final = 2_000_000
LARGEST_CHUNK: Final = 1 << 14
DATA_ROWS: Final = 2048
_DTYPE_NAMES: Final = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}


@dataclass(frozen=True)
class _Ending:
    """The end of a module: its outputs, and the functions that made them."""

    outputs: torch.Tensor
    links: tuple[Link, ...]
    logits: FloatArray
    head: Any


def observe(
    model: AuditedModel,
    loss: AuditedLoss,
    inputs: torch.Tensor,
    given: AuditedTargets | None,
    dtypes: Sequence[str],
) -> Observations:
    """Return what is seen.

    Parameters
    ----------
    model : AuditedModel
    loss : AuditedLoss
    inputs : Tensor of shape (n, ...)
    given : AuditedTargets, optional
    dtypes : sequence of str
        The formats to measure in; the model's own comes in addition.
    """
    probe = _tiled(inputs)
    ending = _ending(model, probe)
    shape = tuple(ending.outputs.shape[1:])
    n_outputs = shape[0] if shape else 1
    kind, is_constant = _kind(model, inputs, n_outputs)
    if given is not None:
        inputs, given = without_ignored(inputs, given, loss.ignored)
    facts = None if given is None else target_facts(_numpy(given.values), n_outputs)
    reading = read_loss(loss, shape, None if facts is None else facts.form)
    composition = _composition(loss, reading, shape, ending, kind)
    own = _DTYPE_NAMES[model.dtype]
    sweeps, not_measured = _sweeps(composition, list(dict.fromkeys([own, *dtypes])))
    batch, gradients, rows = None, None, None
    if given is not None and facts is not None:
        targets = _suited(given, facts.form, reading, ending.outputs)
        places = spread_places(targets, DATA_ROWS)
        inputs, targets = inputs[places], targets[places]
        batch, gradients = _training_facts(model, loss, inputs, targets)
        is_one_loss = not (batch.is_of_pairs or batch.is_one_row or batch.refusal)
        if sweeps and is_one_loss and reading.is_log_likelihood:
            logits = _ending(model, inputs).logits
            rows = row_facts(composition, logits, _numpy(targets), facts, model.dtype)
    return Observations(
        model.library,
        loss.name,
        own,
        kind,
        tuple(link.name for link in ending.links),
        is_constant,
        n_outputs,
        reading,
        _least_losses(loss, reading, shape),
        tuple(sweeps),
        facts,
        batch,
        gradients,
        rows,
        not_measured,
    )


def _tiled(inputs: torch.Tensor) -> torch.Tensor:
    """Return rows to run the module's end on: as many as memory allows, repeated where few."""
    n = max(2, min(PROBE_ROWS, PROBE_NUMBERS // max(1, inputs[0].numel())))
    repeats = -(-n // len(inputs))
    return inputs.repeat(repeats, *[1] * (inputs.ndim - 1))[:n]


def _ending(model: AuditedModel, inputs: torch.Tensor) -> _Ending:
    with torch.no_grad():
        calls, outputs = traced(model, inputs)
    links = final_links(calls, outputs)
    logits = links[-1].logits if links else outputs.detach().double().reshape(len(outputs), -1)
    return _Ending(outputs, links, logits.numpy(), links[-1].tail if links else None)


def _kind(model: AuditedModel, inputs: torch.Tensor, n_outputs: int) -> tuple[str, bool]:
    """Return what the outputs are by their form, and whether they are always 1."""
    few = inputs[:PROBE_ROWS]
    batches = [
        outputs.detach().double().reshape(len(outputs), n_outputs).numpy()
        for outputs in (*model.scaled_outputs(few), *model.scrambled_outputs(few))
    ]
    is_constant = n_outputs == 1 and all(bool(np.all(batch == 1.0)) for batch in batches)
    return output_kind(batches, _DTYPE_NAMES[model.dtype]), is_constant


def _composition(
    loss: AuditedLoss, reading: Reading, shape: tuple[int, ...], ending: _Ending, kind: str
) -> Composition:
    head, through, chunk = ending.head, [link.name for link in ending.links], len(ending.outputs)
    if head is not None and _runs_again(ending, 2):
        chunk = LARGEST_CHUNK
    elif head is None or not _runs_again(ending):
        through = [*through, *([] if through else _usual_links(kind, reading))]
        head, chunk = _library_head(through), LARGEST_CHUNK
    name = "x"
    for link in reversed(through):
        name = f"{link}({name})"
    outputs = torch.full((2, *shape), 0.5)
    is_quick = loss.gives_rows(outputs, targets_of(reading.form, 1, 2, shape, outputs.dtype))
    return Composition(f"{loss.name}({name})", head, loss, reading, shape, chunk, is_quick)


def _runs_again(ending: _Ending, repeats: int = 1) -> bool:
    """Whether the end of the module gives, run again on the same rows, what it gave."""
    logits = torch.tensor(ending.logits, dtype=ending.outputs.dtype).repeat(repeats, 1)
    expected = ending.outputs.double().repeat(repeats, *[1] * (ending.outputs.ndim - 1))
    try:
        again = ending.head(logits)
    except Exception:  # noqa: BLE001 (then the library's own function stands for it)
        return False
    return again.shape == expected.shape and bool(
        torch.allclose(again.double(), expected, rtol=1e-2, atol=1e-2)
    )


def _usual_links(kind: str, reading: Reading) -> list[str]:
    """Return the function that makes such outputs, where the one that made them was not seen."""
    if kind == "probabilities":
        return ["sigmoid"]
    if kind == "distribution":
        return ["softmax"]
    return ["log_softmax"] if kind == "log distribution" and reading.family == "classes" else []


def _library_head(links: Sequence[str]) -> Any:
    def head(logits: torch.Tensor) -> torch.Tensor:
        for link in reversed(links):
            logits = LINKS[link](logits)
        return logits

    return head


def _sweeps(composition: Composition, dtypes: Sequence[str]) -> tuple[list[Sweep], dict[str, str]]:
    reading = composition.reading
    if reading.family == "unknown" or reading.takes in {"nothing", "something else"}:
        return [], {"loss by logit": "the loss is no log loss of these targets"}
    if reading.takes == "the mean" and composition.name.endswith("(x)"):
        return [], {"loss by logit": "the loss compares the outputs with the targets themselves"}
    sweeps: list[Sweep] = []
    not_measured: dict[str, str] = {}
    if not reading.is_log_likelihood and reading.takes != "the mean":
        not_measured["exactness"] = (
            "the loss is no weighted log loss: no exact form to hold it against"
        )
    for dtype in dtypes:
        try:
            sweeps += [sweep(composition, label, dtype) for label in (1, 0)]
        except Exception as error:  # noqa: BLE001 (a loss need not know every format)
            why = f"{type(error).__name__}: {first_line(error)}"
            earlier = next((name for name, told in not_measured.items() if told == why), None)
            if earlier is not None:
                del not_measured[earlier]
            not_measured[dtype if earlier is None else f"{earlier}, {dtype}"] = why
    return sweeps, not_measured


def _least_losses(loss: AuditedLoss, reading: Reading, shape: tuple[int, ...]) -> dict[int, float]:
    """Return, by label, the loss at the best outputs that probabilities can be."""
    probe = Probe(loss, shape, reading.form)
    found: dict[int, float] = {}
    for label in (1, 0):
        best = np.zeros((2, probe.n_outputs))
        if reading.family == "classes" or reading.form == "one-hot":
            best[:, min(1 - label, probe.n_outputs - 1)] = 1.0
        else:
            best[:, 0] = label
        got = probe(best, label)
        if got is not None and np.isfinite(got[0]).all():
            found[label] = float(got[0][0])
    return found


def _suited(
    given: AuditedTargets, form: str, reading: Reading, outputs: torch.Tensor
) -> torch.Tensor:
    """Return targets of an array as floats or codes, as the loss takes them; tensors stay as they are."""
    targets = given.values
    if given.is_tensor:
        return targets
    if given.is_column and form == "column":
        targets = targets.reshape(-1, *outputs.shape[1:])
    if form == "codes" and reading.form == "codes":
        whole = bool((targets == targets.round()).all()) if targets.is_floating_point() else True
        return targets.to(torch.int64) if whole else targets
    return targets.to(outputs.dtype)


def _training_facts(
    model: AuditedModel, loss: AuditedLoss, inputs: torch.Tensor, targets: torch.Tensor
) -> tuple[BatchFacts, GradientFacts | None]:
    places = spread_places(targets, PROBE_ROWS)
    rows, truth = inputs[places], targets[places]
    with torch.no_grad():
        outputs = model(rows)
    batch = batch_facts(loss, outputs, truth)
    if batch.refusal:
        return batch, None
    try:
        return batch, gradient_facts(model, loss, rows, truth)
    except XentError:
        raise
    except Exception as error:
        raise XentError(
            f"model: a backward pass fails: {type(error).__name__}: {first_line(error)}"
        ) from error


def _numpy(targets: torch.Tensor) -> Any:
    values = targets.detach()
    return (values.double() if values.is_floating_point() else values).numpy()
