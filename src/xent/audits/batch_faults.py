"""A batch's loss that is no mean over its rows: broadcasting, reductions, rows read as classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xent.audits.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.audits.observations import Observations
    from xent.audits.torch_batches import BatchFacts

__all__ = ["batch_faults"]


def batch_faults(seen: Observations) -> Iterator[Fault]:
    """Yield what is wrong with the shape of a batch's loss."""
    batch = seen.batch
    if batch is not None and not batch.refusal:
        if batch.is_one_row:
            yield _one_row(batch)
        elif batch.is_of_pairs:
            yield _pairs(batch)
        elif batch.is_spread:
            yield _spread(batch)
        if batch.loss_shape and seen.library == "torch":
            yield _unreduced(batch)
        elif batch.is_sum:
            yield _sum(batch)
    if _is_mean_over_classes(seen):
        yield _mean_over_classes(seen)


def _pairs(batch: BatchFacts) -> Fault:
    n = batch.n_rows
    return Fault(
        "broadcasting",
        "wrong",
        f"outputs {batch.outputs_shape} meet targets {batch.targets_shape} and become {n} x {n}: the loss "
        f"of the batch is {batch.value:.6g}, the mean over all pairs of a row and a target "
        f"({batch.mean_of_pairs:.6g}), not over the rows ({batch.mean_of_rows:.6g}). "
        "The best that a model can do is one number for all rows.",
        "give both one shape: outputs.squeeze(1), or targets.unsqueeze(1).",
        "(n,) and (n, 1) are the same target; anything else that does not fit is refused.",
        _evidence(batch),
    )


def _one_row(batch: BatchFacts) -> Fault:
    return Fault(
        "rows read as classes",
        "wrong",
        f"outputs of shape {batch.outputs_shape} are taken as one row of {batch.n_rows} classes: the "
        "softmax runs over the rows of the batch, and one number added to all of them changes nothing.",
        "one output with BCEWithLogitsLoss, or one output a class, shape (n, k).",
        "Bernoulli() takes (n,) and (n, 1); Categorical(k) refuses anything but (n, k).",
        _evidence(batch),
    )


def _spread(batch: BatchFacts) -> Fault:
    return Fault(
        "broadcasting",
        "wrong",
        f"one column of targets {batch.targets_shape} is compared with each of the outputs "
        f"{batch.outputs_shape}.",
        "give the targets the shape of the outputs, or one code a row to a loss of classes.",
        "targets that do not fit the outputs are refused.",
        _evidence(batch),
    )


def _unreduced(batch: BatchFacts) -> Fault:
    return Fault(
        "no reduction",
        "refused",
        f"the loss of a batch has the shape {batch.loss_shape}: backward() takes one number.",
        "reduction='mean', or .mean() at the end.",
        "nll gives one loss a row, and the trainer takes their weighted mean.",
        _evidence(batch),
    )


def _sum(batch: BatchFacts) -> Fault:
    return Fault(
        "a sum over rows",
        "costly",
        f"the loss of {batch.n_rows} rows is {batch.value:.6g}, {batch.n_rows} times their mean "
        f"({batch.mean_of_rows:.6g}): steps grow with the batch, a last smaller batch counts less, and "
        "the learning rate belongs to one batch size.",
        "reduction='mean'.",
        "the objective is a mean over rows, in every batch.",
        _evidence(batch),
    )


def _is_mean_over_classes(seen: Observations) -> bool:
    reading = seen.reading
    return (
        seen.n_outputs > 1
        and reading.family == "classes"
        and reading.takes == "log probabilities"
        and reading.is_log_likelihood
        and all(
            abs(masses.own * seen.n_outputs - 1) < 1e-6 and masses.others == 0
            for masses in reading.masses.values()
        )
    )


def _mean_over_classes(seen: Observations) -> Fault:
    return Fault(
        "a mean over classes",
        "costly",
        f"{seen.loss} divides by rows and classes: a row counts {1 / seen.n_outputs:.4g} of its loss.",
        "reduction='batchmean'.",
        f"Categorical({seen.n_outputs}) counts a row once.",
        {"n_outputs": seen.n_outputs, "mass": seen.reading.masses[1].own},
    )


def _evidence(batch: BatchFacts) -> dict[str, Any]:
    return {
        "rows": batch.n_rows,
        "outputs": list(batch.outputs_shape),
        "targets": list(batch.targets_shape),
        "loss shape": list(batch.loss_shape),
        "loss of the batch": batch.value,
        "mean over rows": batch.mean_of_rows,
        "mean over pairs": batch.mean_of_pairs,
    }
