"""Targets that the loss does not take, or takes for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xent.audits.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.audits.observations import Observations, TargetFacts

__all__ = ["target_faults"]


def target_faults(seen: Observations) -> Iterator[Fault]:
    """Yield what is wrong with the targets; what the library refuses only where nothing else says why."""
    targets = seen.targets
    if targets is None:
        return
    found = list(_of_values(seen, targets))
    yield from found
    is_refused = seen.batch is not None and bool(seen.batch.refusal)
    is_told = bool(found) or not (seen.is_fitting or seen.reading.takes not in _KNOWN)
    if is_refused and not is_told:
        yield _refused(seen, targets)


_KNOWN = {"logits", "probabilities", "log probabilities"}


def _of_values(seen: Observations, targets: TargetFacts) -> Iterator[Fault]:
    reading = seen.reading
    if reading.takes not in _KNOWN:
        return
    evidence = _evidence(targets)
    if reading.family == "binary" and targets.form != "codes" and targets.n_outside:
        yield Fault(
            "targets outside [0, 1]",
            "wrong",
            f"{targets.n_outside:,} targets lie outside [0, 1] (from {targets.least:g} to "
            f"{targets.largest:g}): the loss is no log loss, and falls below 0 without end.",
            _recoded(targets),
            "labels are refused unless they are 0 and 1; xent train codes any two labels itself.",
            evidence,
        )
    if reading.family == "classes" and targets.form == "codes" and targets.n_outside:
        yield Fault(
            "class codes out of range",
            "wrong",
            f"{targets.n_outside:,} codes lie outside 0 … {seen.n_outputs - 1} (from {targets.least:g} to "
            f"{targets.largest:g}).",
            "subtract 1: codes begin at 0."
            if targets.least == 1
            else f"one output a class: {targets.largest + 1:g}, or recode the classes.",
            "codes outside the classes are refused with both numbers.",
            evidence,
        )
    if reading.family == "classes" and targets.form == "labels" and targets.n_uneven:
        yield Fault(
            "targets that are no distribution",
            "wrong",
            f"{targets.n_uneven:,} of {targets.shape[0]:,} rows of targets do not sum to 1: classes that "
            "exclude each other cannot hold together, and a row counts by its sum.",
            "for several labels a row a sigmoid loss: "
            + (
                "BinaryCrossentropy(from_logits=True)."
                if seen.library == "keras"
                else "BCEWithLogitsLoss."
            ),
            f"MultiLabel({seen.n_outputs}), or MultiLabelSoftmax.",
            evidence,
        )


def _refused(seen: Observations, targets: TargetFacts) -> Fault:
    assert seen.batch is not None
    return Fault(
        "targets refused",
        "refused",
        f"{seen.loss} refuses outputs {seen.batch.outputs_shape} with targets {seen.batch.targets_shape} of "
        f"{'floats' if targets.is_float else 'whole numbers'}: {seen.batch.refusal}",
        _cure_of_refusal(seen, targets),
        "labels of any kind are coded once, and shapes that do not fit are named.",
        {**_evidence(targets), "refusal": seen.batch.refusal},
    )


def _cure_of_refusal(seen: Observations, targets: TargetFacts) -> str:
    assert seen.batch is not None
    is_table = len(targets.shape) == 2 and targets.shape[1] > 1
    if is_table and seen.reading.family == "classes":
        return _cure_of_columns(seen.library, is_float=targets.is_float)
    is_column = len(targets.shape) == 2
    if seen.reading.form == "codes" and (is_column or targets.is_float):
        cast = ".long()" if seen.library == "torch" else '.astype("int64")'
        return f"class codes are whole numbers of shape (n,): targets{'.squeeze(1)' * is_column}{cast}."
    if seen.n_outputs > 1 and targets.form == "codes":
        return (
            "the loss takes one column a class: one_hot(targets), or CrossEntropyLoss for class codes."
            if seen.library == "torch"
            else "the loss takes one column a class: to_categorical(y), or SparseCategoricalCrossentropy."
        )
    if targets.shape[1:] != seen.batch.outputs_shape[1:]:
        is_torch = seen.library == "torch"
        other = (
            "outputs.squeeze(1), or targets.unsqueeze(1)" if is_torch else "y[:, None], or y[:, 0]"
        )
        return f"give both one shape: {other}."
    return _cure_of_numbers(seen.library, is_float=targets.is_float)


def _cure_of_numbers(library: str, *, is_float: bool) -> str:
    if library == "torch" and not is_float:
        return "targets of this loss are floats: targets.float()."
    kind = "whole numbers" if is_float else "floats"
    dtype = "int64" if is_float else "float32"
    cast = "targets.long()" if library == "torch" else f'y.astype("{dtype}")'
    return f"{cast} if the loss wants {kind}; else change what the message names."


def _cure_of_columns(library: str, *, is_float: bool) -> str:
    if library == "keras":
        return "the loss takes one class code a row: y.argmax(axis=1), or CategoricalCrossentropy."
    if is_float:
        return "the loss takes one class code a row: targets.argmax(1)."
    return "class codes, targets.argmax(1), or the same columns as floats, targets.float()."


def _recoded(targets: TargetFacts) -> str:
    if (targets.least, targets.largest) == (-1.0, 1.0):
        return "(y + 1) / 2 makes 0 and 1 of -1 and 1."
    if targets.is_whole and targets.largest - targets.least == 1:
        return f"y - {targets.least:g} makes 0 and 1 of them."
    return "code the two classes as 0 and 1."


def _evidence(targets: TargetFacts) -> dict[str, Any]:
    return {
        "form": targets.form,
        "shape": list(targets.shape),
        "least": targets.least,
        "largest": targets.largest,
        "outside": targets.n_outside,
        "rows that do not sum to 1": targets.n_uneven,
    }
