"""Outputs of one kind in a loss that takes another: what a sigmoid or softmax too many or too few costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xent.audits.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.audits.observations import Observations

__all__ = ["link_faults"]

FAR: Final = 20.0
WRONG: Final = -10.0
LEAST_EXCESS: Final = 1e-4
ONE_SIDED: Final = {"relu": "a ReLU", "softplus": "a softplus"}
SQUASHING: Final = {"sigmoid", "softmax"}


def link_faults(seen: Observations) -> Iterator[Fault]:
    """Yield the faults of the model's last function together with its loss."""
    if seen.reading.takes == "nothing" or seen.is_constant:
        if seen.batch is None or not seen.batch.is_one_row:  # which says more
            yield _one_class(seen)
        return
    inside = list(_inside_the_model(seen))
    yield from inside
    takes = seen.reading.takes
    if takes == "logits":
        yield from _into_logits(seen)
    elif takes == "probabilities":
        yield from _into_probabilities(seen)
    elif takes == "log probabilities":
        yield from _into_log_probabilities(seen)
    elif takes == "the mean":
        yield from _squared(seen)
    elif takes == "probabilities of one label":
        yield _one_label(seen)


def _one_class(seen: Observations) -> Fault:
    one = "the softmax of one output is 1" if seen.is_constant else "a softmax over one output"
    cure = (
        "Dense(1) without activation and BinaryCrossentropy(from_logits=True)"
        if seen.library == "keras"
        else "one output with BCEWithLogitsLoss, or one output a class with CrossEntropyLoss"
    )
    return Fault(
        "one class only",
        "wrong",
        f"{one} whatever the model says: the loss is constant, its gradient 0.",
        f"{cure}.",
        "Bernoulli() has one output, Categorical(k) has k; no other count is accepted.",
        {"n_outputs": seen.n_outputs},
    )


def _one_label(seen: Observations) -> Fault:
    return Fault(
        "half a log loss",
        "wrong",
        f"{seen.loss} is -log p of positive rows, and nothing of negative ones: the best that a model can "
        "do is 1 for every row.",
        f"add the other half, -(1 - y) log(1 - p); better: end in logits, and use {_logit_loss(seen)}.",
        _with_xent(seen),
        _evidence(seen),
    )


def _inside_the_model(seen: Observations) -> Iterator[Fault]:
    """Look at two functions in a row at the end of the model."""
    if len(seen.links) < 2:
        return
    last, before = seen.links[0], seen.links[1]
    if last in {*SQUASHING, "log_softmax"} and before in SQUASHING:
        yield Fault(
            "double link",
            "wrong",
            f"the model ends in {last} of {before}: {_narrow(seen)}",
            f"leave out one of the two ({before}).",
            _with_xent(seen),
            _evidence(seen),
        )
    elif last in {*SQUASHING, "log_softmax"} and before in ONE_SIDED:
        yield _one_sided(seen, before, f"before the {last}")


def _into_logits(seen: Observations) -> Iterator[Fault]:
    if seen.puts_out_probabilities:
        name = seen.links[0] if seen.links else "probabilities"
        yield Fault(
            "probabilities into a loss on logits",
            "wrong",
            f"{seen.loss} applies its own {_own_link(seen)} to the model's {name}: {_narrow(seen)}",
            _cure_of_double(seen),
            _with_xent(seen),
            _evidence(seen),
        )
    elif seen.kind == "log distribution" and seen.reading.family == "binary":
        yield Fault(
            "log probabilities into a loss on logits",
            "wrong",
            f"{seen.loss} takes each output as log odds, and logarithms of probabilities are never "
            "above 0: no probability exceeds one half.",
            f"leave out the {seen.links[0] if seen.links else 'log_softmax'}.",
            _with_xent(seen),
            _evidence(seen),
        )
    elif seen.links and seen.links[0] in ONE_SIDED:
        yield _one_sided(seen, seen.links[0], "at the end")
    elif seen.links and seen.links[0] == "tanh":
        yield Fault(
            "bounded logits",
            "wrong",
            f"a tanh at the end keeps the logits in [-1, 1]: {_narrow(seen)}",
            "end the model in a linear layer.",
            _with_xent(seen),
            _evidence(seen),
        )


def _into_probabilities(seen: Observations) -> Iterator[Fault]:
    if not seen.puts_out_probabilities:
        yield Fault(
            "logits into a loss on probabilities",
            "wrong",
            f"{seen.loss} takes probabilities, and the model puts out {_what(seen)}: "
            f"{_outside_text(seen)}",
            _cure_of_missing(seen),
            _with_xent(seen),
            _evidence(seen),
        )
    elif seen.kind == "probabilities" and seen.reading.family == "classes":
        yield Fault(
            "a sigmoid for classes",
            "wrong",
            f"{seen.loss} compares the outputs of a row with each other, and the model gives every "
            "class a probability of its own: they do not sum to 1.",
            "put a softmax where the sigmoid is, or better: end in logits, with the loss on logits.",
            f"Categorical({seen.n_outputs}) has the softmax inside.",
            _evidence(seen),
        )
    elif seen.kind == "distribution" and seen.reading.family == "binary" and seen.n_outputs > 2:
        yield Fault(
            "a softmax for labels",
            "wrong",
            f"{seen.loss} takes every output as a yes or no of its own, and the softmax lets only one "
            "be large: each wrong class is punished twice.",
            "for exclusive classes a cross-entropy of classes on logits; for labels a sigmoid.",
            f"Categorical({seen.n_outputs}) or MultiLabel({seen.n_outputs}).",
            _evidence(seen),
        )


def _into_log_probabilities(seen: Observations) -> Iterator[Fault]:
    if seen.kind == "log distribution":
        return
    what = "probabilities" if seen.puts_out_probabilities else "logits"
    why = (
        "the loss is -p, not -log p: its gradient vanishes where the model is surest and wrong"
        if seen.puts_out_probabilities
        else "the loss is minus an output, and falls without end as the outputs grow"
    )
    yield Fault(
        f"{what} into a loss on log probabilities",
        "wrong",
        f"{seen.loss} takes logarithms of probabilities, and the model puts out {what}: {why}.",
        "end the model in log_softmax (not softmax), or keep logits and use CrossEntropyLoss.",
        _with_xent(seen),
        _evidence(seen),
    )


def _squared(seen: Observations) -> Iterator[Fault]:
    targets = seen.targets
    is_of_classes = targets is not None and targets.is_whole and targets.n_outside == 0
    if not (seen.puts_out_probabilities and is_of_classes):
        return
    sweep = seen.swept("float32", 1)
    slope = (
        ""
        if sweep is None
        else f" at the logit {WRONG:g} of a positive row it is {sweep.at(WRONG)[1]:.2g}"
    )
    yield Fault(
        "a squared error on probabilities",
        "costly",
        f"the gradient of {seen.loss} carries the slope of the {_own_link(seen)} and dies where the "
        f"model is wrong:{slope}, that of the log loss is -1.",
        "a loss on logits: " + _logit_loss(seen) + ".",
        _with_xent(seen),
        _evidence(seen),
    )


def _one_sided(seen: Observations, link: str, where: str) -> Fault:
    least = "one half" if seen.n_outputs == 1 else "its share among the zeros"
    return Fault(
        "one-sided logits",
        "wrong",
        f"{ONE_SIDED[link]} {where}: no logit is below 0, so no probability of an output below "
        f"{least}, and rows that need one get no gradient. {_narrow(seen)}",
        "end the model in a linear layer without activation.",
        _with_xent(seen),
        _evidence(seen),
    )


def _narrow(seen: Observations) -> str:
    """Return the least loss and the gradient of a wrong row, as measured."""
    positive = seen.swept("float32", 1)
    if positive is not None:
        slope, exact = positive.at(WRONG)[1], positive.exact_at(WRONG)[1]
        return (
            f"{_floors(seen)} where it should reach 0; at the logit {WRONG:g} of the true class the "
            f"gradient is {slope + 0.0:.2g} instead of {exact:.2g}."
        )
    if seen.least_loss:
        return (
            f"the loss of a row cannot fall below {max(seen.least_loss.values()):.4f} "
            "where it should reach 0."
        )
    return "the loss of a row cannot reach 0."


def _floors(seen: Observations) -> str:
    """Return how low the loss of a row gets at logits that leave no doubt."""
    told: list[str] = []
    is_binary = seen.reading.family == "binary"
    for label, row in ((1, "a positive row"), (0, "a negative row")):
        sweep = seen.swept("float32", label)
        if sweep is None or not (is_binary or label):
            continue
        place = FAR if label else -FAR
        # the other outputs of the row rest, and cost what they cost
        excess = sweep.at(place)[0] - sweep.exact_at(place)[0]
        if excess > LEAST_EXCESS:
            told.append(f"of {row if is_binary else 'a row'} never falls below {excess:.4f}")
    return f"the loss {', that '.join(told)}" if told else "the loss is flat"


def _evidence(seen: Observations) -> dict[str, Any]:
    found: dict[str, Any] = {
        "outputs": seen.kind,
        "links": list(seen.links),
        "takes": seen.reading.takes,
    }
    if seen.least_loss:
        found["least_loss"] = max(seen.least_loss.values())
    for sweep in seen.sweeps:
        key = f"{sweep.dtype}, label {sweep.label}"
        found[f"loss at {FAR:g} ({key})"] = sweep.at(FAR)[0]
        found[f"gradient at {WRONG:g} ({key})"] = sweep.at(WRONG)[1]
    if seen.rows is not None:
        found["loss of the data"] = seen.rows.loss
        found["exact log loss of the data"] = seen.rows.exact_loss
    return found


def _what(seen: Observations) -> str:
    return "log probabilities" if seen.kind == "log distribution" else "logits"


def _outside_text(seen: Observations) -> str:
    if seen.library == "keras":
        flat = ", and the gradient there is 0" if seen.reading.is_log_likelihood else ""
        return f"Keras clips what is outside [0, 1] silently{flat}."
    return "outside [0, 1] it has no value."


def _own_link(seen: Observations) -> str:
    return (
        "softmax" if seen.reading.family == "classes" or seen.kind == "distribution" else "sigmoid"
    )


def _logit_loss(seen: Observations) -> str:
    is_of_classes = seen.reading.family == "classes" or seen.kind == "distribution"
    if seen.library == "keras":
        name = "SparseCategoricalCrossentropy" if is_of_classes else "BinaryCrossentropy"
        return f"{name}(from_logits=True)"
    return "CrossEntropyLoss" if is_of_classes else "BCEWithLogitsLoss"


def _cure_of_double(seen: Observations) -> str:
    link = seen.links[0] if seen.links else _own_link(seen)
    if seen.library == "keras":
        return (
            f"leave the {link} out of the last layer (activation=None), and keep from_logits=True."
        )
    return f"leave the {link} out of the model, and apply it only where probabilities are wanted."


def _cure_of_missing(seen: Observations) -> str:
    if seen.library == "keras":
        return f"keep the logits, with {_logit_loss(seen)}."
    return f"keep the logits, and use {_logit_loss(seen)} in place of {seen.loss}."


def _with_xent(seen: Observations) -> str:
    if seen.reading.family == "classes" or seen.kind == "distribution":
        owner = f"Categorical({seen.n_outputs})"
    else:
        owner = "Bernoulli()" if seen.n_outputs == 1 else f"MultiLabel({seen.n_outputs})"
    return f"networks end in logits, and {owner} owns link and loss: it cannot be written down."
