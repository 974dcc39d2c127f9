"""Torch models with their losses: those that are right, and those that each have one fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from xent.audits import audit

if TYPE_CHECKING:
    from collections.abc import Callable

N = 120


def rows() -> torch.Tensor:
    return torch.randn(N, 4, generator=torch.Generator().manual_seed(1))


def images() -> torch.Tensor:
    return torch.randn(N, 1, 8, 8, generator=torch.Generator().manual_seed(2))


def labels() -> torch.Tensor:
    return (rows()[:, 0] > 0).float()


def codes() -> torch.Tensor:
    return torch.arange(N) % 3


def one_hot() -> torch.Tensor:
    return functional.one_hot(codes()).float()


def several() -> torch.Tensor:
    return torch.stack([(codes() > 0).float(), labels(), (codes() < 2).float()], dim=1)


def net(n_outputs: int, *end: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, n_outputs), *end)


class Through(nn.Module):
    """A net whose last function is called in forward."""

    def __init__(
        self, function: Callable[[torch.Tensor], torch.Tensor], n_outputs: int = 1
    ) -> None:
        super().__init__()
        self.body = net(n_outputs)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.body(x))


class Cut(nn.Module):
    """A net whose first layer is cut off from the gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.tanh(self.first(x)).detach())


def small() -> nn.Module:
    """Return a net whose outputs all lie between 0 and 1, as its weights happen to be."""
    model = net(1)
    with torch.no_grad():
        model[2].weight.mul_(1e-4)
        model[2].bias.fill_(0.5)
    return model


def convolutional(n_outputs: int) -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(4, n_outputs),
    )  # fmt: skip


def focal(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    losses = functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    return ((1 - torch.exp(-losses)) ** 2 * losses).mean()


def focal_of_probabilities(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    p = p.clamp(1e-12, 1 - 1e-7)
    return -(y * (1 - p) ** 2 * torch.log(p) + (1 - y) * p**2 * torch.log(1 - p)).mean()


def half(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -(y * torch.log(p)).mean()


def by_hand(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (functional.softplus(z) - y * z).mean()


def naive(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def spreading(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((p - y) ** 2).mean()


def of_a_number(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.tensor(float(functional.binary_cross_entropy_with_logits(z, y)))


def positive() -> torch.Tensor:
    return rows()[:, :1].exp()


def column() -> torch.Tensor:
    return labels()[:, None]


def some_ignored() -> torch.Tensor:
    return torch.where(torch.arange(N) % 5 == 0, -100, codes())


def below_zero() -> nn.Module:
    """Return a net whose outputs all lie under the labels, where an absolute error is linear."""
    model = net(1)
    with torch.no_grad():
        model[2].bias.fill_(-50.0)
    return model


def frozen() -> nn.Module:
    model = net(3)
    model[0].requires_grad_(requires_grad=False)
    return model


RIGHT: dict[str, tuple[Callable[[], Any], Any, Callable[[], Any], Callable[[], Any]]] = {
    "logits": (lambda: net(1), "BCEWithLogitsLoss", rows, column),
    "logits, flat": (
        lambda: Through(lambda z: z.squeeze(1)), "BCEWithLogitsLoss", rows, labels),
    "small outputs": (small, "BCEWithLogitsLoss", rows, column),
    "pos_weight": (lambda: net(1), "BCEWithLogitsLoss(pos_weight=[3.0])", rows, column),
    "soft labels": (
        lambda: net(1), "BCEWithLogitsLoss", rows, lambda: column() * 0.9 + 0.05),
    "labels": (lambda: net(3), "BCEWithLogitsLoss", rows, several),
    "soft margin": (lambda: net(3), "MultiLabelSoftMarginLoss", rows, several),
    "classes": (lambda: net(3), "CrossEntropyLoss", rows, codes),
    "smoothed": (lambda: net(3), "CrossEntropyLoss(label_smoothing=0.1)", rows, codes),
    "weighted": (lambda: net(3), "CrossEntropyLoss(weight=[1.0, 2.0, 5.0])", rows, codes),
    "soft classes": (lambda: net(3), "cross_entropy", rows, one_hot),
    "ignored codes": (lambda: net(3), "CrossEntropyLoss", rows, some_ignored),
    "final norm": (lambda: net(3, nn.LayerNorm(3)), "CrossEntropyLoss", rows, codes),
    "log softmax": (lambda: net(3, nn.LogSoftmax(1)), "NLLLoss", rows, codes),
    "log softmax twice": (lambda: net(3, nn.LogSoftmax(1)), "CrossEntropyLoss", rows, codes),
    "images": (lambda: convolutional(3), "CrossEntropyLoss", images, codes),
    "by hand": (lambda: net(1), by_hand, rows, column),
    "focal": (lambda: net(1), focal, rows, column),
    "focal of probabilities": (
        lambda: net(1, nn.Sigmoid()), focal_of_probabilities, rows, column),
    "rates": (lambda: net(1), "PoissonNLLLoss", rows, column),
    "regression": (lambda: net(1), "MSELoss", rows, lambda: rows()[:, :1] * 3),
    "positive regression": (
        lambda: net(1, nn.Softplus()), "HuberLoss", rows, positive),
    "frozen": (
        frozen, "CrossEntropyLoss", rows, codes),
}  # fmt: skip


BROKEN: dict[str, tuple[str, Callable[[], Any], Any, Callable[[], Any]]] = {
    "double sigmoid": (
        "probabilities into a loss on logits",
        lambda: net(1, nn.Sigmoid()), "BCEWithLogitsLoss", column),
    "double sigmoid, a function": (
        "probabilities into a loss on logits",
        lambda: Through(torch.sigmoid), "BCEWithLogitsLoss", column),
    "double sigmoid, by hand": (
        "probabilities into a loss on logits",
        lambda: Through(lambda z: 1 / (1 + torch.exp(-z))), "BCEWithLogitsLoss", column),
    "double sigmoid, in place": (
        "probabilities into a loss on logits",
        lambda: Through(lambda z: z.sigmoid_()), "BCEWithLogitsLoss", column),
    "double softmax": (
        "probabilities into a loss on logits",
        lambda: net(3, nn.Softmax(1)), "CrossEntropyLoss", codes),
    "double softmax, a function": (
        "probabilities into a loss on logits",
        lambda: Through(lambda z: functional.softmax(z, dim=1), 3), "CrossEntropyLoss", codes),
    "softmax of a sigmoid": (
        "double link", lambda: net(3, nn.Sigmoid(), nn.LogSoftmax(1)), "NLLLoss", codes),
    "a sigmoid for classes": (
        "probabilities into a loss on logits",
        lambda: net(3, nn.Sigmoid()), "CrossEntropyLoss", codes),
    "no sigmoid": (
        "logits into a loss on probabilities", lambda: net(1), "BCELoss", column),
    "no softmax": (
        "logits into a loss on log probabilities", lambda: net(3), "NLLLoss", codes),
    "no logarithm": (
        "probabilities into a loss on log probabilities",
        lambda: net(3, nn.Softmax(1)), "NLLLoss", codes),
    "log softmax for labels": (
        "log probabilities into a loss on logits",
        lambda: net(3, nn.LogSoftmax(1)), "BCEWithLogitsLoss", several),
    "softmax for labels": (
        "a softmax for labels", lambda: net(3, nn.Softmax(1)), "BCELoss", several),
    "focal, no sigmoid": (
        "logits into a loss on probabilities", lambda: net(1), focal_of_probabilities, column),
    "half a log loss": ("half a log loss", lambda: net(1, nn.Sigmoid()), half, column),
    "clipping": ("clipping", lambda: net(1, nn.Sigmoid()), "BCELoss", column),
    "clipped by hand": (
        "clipping",
        lambda: Through(lambda z: torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)), naive, column),
    "log of zero": ("log of zero", lambda: net(1, nn.Sigmoid()), naive, column),
    "a ReLU at the end": (
        "one-sided logits", lambda: net(1, nn.ReLU()), "BCEWithLogitsLoss", column),
    "a ReLU before the softmax": (
        "one-sided logits", lambda: net(3, nn.ReLU(), nn.LogSoftmax(1)), "NLLLoss", codes),
    "a tanh at the end": (
        "bounded logits", lambda: net(1, nn.Tanh()), "BCEWithLogitsLoss", column),
    "one class": ("one class only", lambda: net(1), "CrossEntropyLoss", column),
    "softmax of one": (
        "one class only", lambda: net(1, nn.Softmax(1)), "BCELoss", column),
    "rows as classes": (
        "rows read as classes",
        lambda: Through(lambda z: z.squeeze(1)), "CrossEntropyLoss", labels),
    "broadcasting": ("broadcasting", lambda: net(1), "MSELoss", labels),
    "broadcasting, linear": ("broadcasting", below_zero, "L1Loss", labels),
    "broadcasting, own loss": ("broadcasting", lambda: net(1), spreading, labels),
    "one column for three": ("broadcasting", lambda: net(3), spreading, column),
    "a sum": ("a sum over rows", lambda: net(1), "BCEWithLogitsLoss(reduction='sum')", column),
    "no reduction": (
        "no reduction", lambda: net(1), "BCEWithLogitsLoss(reduction='none')", column),
    "a mean over classes": (
        "a mean over classes", lambda: net(3, nn.LogSoftmax(1)), "KLDivLoss", one_hot),
    "minus one": (
        "targets outside [0, 1]", lambda: net(1), "BCEWithLogitsLoss", lambda: 2 * column() - 1),
    "codes from one": (
        "class codes out of range", lambda: net(3), "CrossEntropyLoss", lambda: codes() + 1),
    "several in a softmax": (
        "targets that are no distribution", lambda: net(3), "CrossEntropyLoss", several),
    "one-hot whole numbers": (
        "targets refused", lambda: net(3), "CrossEntropyLoss", lambda: one_hot().long()),
    "codes as floats": (
        "targets refused", lambda: net(3), "CrossEntropyLoss", lambda: codes().float()),
    "one-hot where codes are wanted": (
        "targets refused", lambda: net(3, nn.LogSoftmax(1)), "NLLLoss", one_hot),
    "codes where columns are wanted": (
        "targets refused", lambda: net(3), "BCEWithLogitsLoss", lambda: codes().float()),
    "two shapes": ("targets refused", lambda: net(1), "BCEWithLogitsLoss", labels),
    "a squared error": (
        "a squared error on probabilities", lambda: net(1, nn.Sigmoid()), "MSELoss", column),
    "half a sigmoid": (
        "saturation",
        lambda: net(1, nn.Sigmoid()).to(torch.bfloat16), "BCELoss",
        lambda: column().to(torch.bfloat16)),
    "half precision": (
        "log of zero",
        lambda: net(1, nn.Sigmoid()).to(torch.float16), "BCELoss",
        lambda: column().to(torch.float16)),
    "the root of zero": (
        "gradients that are no number",
        lambda: Through(lambda z: z + torch.sqrt(0 * z)), "BCEWithLogitsLoss", column),
    "cut": ("dead gradients", Cut, "BCEWithLogitsLoss", column),
    "rounded": (
        "no gradient",
        lambda: net(1), of_a_number, column),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_model_is_not_accused(name: str) -> None:
    model, loss, X, y = RIGHT[name]
    found = audit(model(), loss, X(), y(), dtypes=["float32"])
    assert [fault.check for fault in found.faults] == []


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_model_is_not_accused_without_data(name: str) -> None:
    model, loss, X, _ = RIGHT[name]
    found = audit(model(), loss, X(), dtypes=["float32"])
    assert [fault.check for fault in found.faults] == []


@pytest.mark.parametrize("name", BROKEN)
def test_the_fault_of_a_broken_model_is_found_alone(name: str) -> None:
    check, model, loss, y = BROKEN[name]
    found = audit(model(), loss, rows(), y(), dtypes=["float32"])
    assert [fault.check for fault in found.faults] == [check]
    fault = found.faults[0]
    assert fault.evidence
    assert fault.cure
    assert fault.with_xent
