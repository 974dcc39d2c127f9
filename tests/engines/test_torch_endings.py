"""Modules that end in probabilities are found, however they do it; those that end in logits are let be."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from xent.engines.torch_endings import find_ending, graph_of

N_INPUTS = 5


class Ended(nn.Module):
    """A body, and a function that is called in forward."""

    def __init__(self, ending, n_outputs=3, body=None):
        super().__init__()
        self.body = body or nn.Sequential(
            nn.Linear(N_INPUTS, 8), nn.ReLU(), nn.Linear(8, n_outputs)
        )
        self.ending = ending

    def forward(self, x):
        return self.ending(self.body(x))


class OwnSigmoid(torch.autograd.Function):
    """A sigmoid of which the graph shows no more than this name."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        p = torch.sigmoid(x)
        return gradient * p * (1 - p)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.value, self.gate = nn.Linear(N_INPUTS, 3), nn.Linear(N_INPUTS, 3)

    def forward(self, x):
        return self.value(x) * torch.sigmoid(self.gate(x))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(1, 4), nn.Linear(1, 4), nn.Linear(1, 3)

    def forward(self, x):
        x = x[:, :, None]
        shares = functional.softmax(self.query(x) @ self.key(x).transpose(1, 2), -1)
        return (shares @ self.value(x)).mean(1)


class SqueezeExcite(nn.Module):
    """Channels weighted by what a sigmoid says of them (Hu et al. 2018)."""

    def __init__(self):
        super().__init__()
        self.conv, self.down, self.head = nn.Conv1d(1, 4, 1), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        a = self.conv(x[:, None])
        return self.head((a * torch.sigmoid(self.down(a.mean(2)))[:, :, None]).mean(2))


def stable_softmax(z):
    e = torch.exp(z - z.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)


def sparsemax(z):
    """Return the nearest point of the simplex (Martins & Astudillo 2016)."""
    ordered = torch.sort(z, 1, descending=True).values
    counts = torch.arange(1, z.shape[1] + 1, dtype=z.dtype)
    sums = ordered.cumsum(1)
    support = (1 + counts * ordered > sums).sum(1, keepdim=True)
    threshold = (sums.gather(1, support - 1) - 1) / support
    return torch.clamp(z - threshold, min=0)


def expert_mixture(z):
    experts = functional.softmax(z[:, :, None] * torch.tensor([1.0, -2.0, 0.5, 3.0]), 2)
    return torch.bmm(functional.softmax(z, 1)[:, None, :], experts)[:, 0]


def pooled(z):
    """Return the mean share of four places, below 0.9: outputs that alone would not give it away."""
    image = 0.9 * torch.sigmoid(z)[:, :, None, None].expand(-1, -1, 2, 2)
    return functional.avg_pool2d(image, 2).flatten(1)


def with_weights(module, factor, last=None):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(factor)
        if last is not None:
            list(module.parameters())[-1].fill_(last)
    return module


def sums_to_one_at_first():
    """A net of bounded outputs that all are positive and add up to 1, by the chance of its weights."""
    net = nn.Sequential(nn.Linear(N_INPUTS, 8), nn.Tanh(), nn.Linear(8, 3))
    with torch.no_grad():
        net[2].weight -= net[2].weight.mean(0)
        net[2].weight *= 0.05
        net[2].bias.fill_(1 / 3)
    return net


PROBABILITIES = {
    "Sequential with Sigmoid": lambda: nn.Sequential(nn.Linear(N_INPUTS, 1), nn.Sigmoid()),
    "softmax in forward": lambda: Ended(lambda z: functional.softmax(z, 1)),
    "torch.special.expit": lambda: Ended(torch.special.expit, 1),
    "a module within a module": lambda: Ended(nn.Identity(), body=Ended(nn.Sigmoid())),
    "DataParallel": lambda: nn.DataParallel(Ended(lambda z: z.softmax(-1))),
    "a scripted module": lambda: torch.jit.script(
        nn.Sequential(nn.Linear(N_INPUTS, 3), nn.Softmax(1))
    ),
    "temperature softmax": lambda: Ended(lambda z: functional.softmax(z / 0.1, 1)),
    "tanh moved to 0 to 1": lambda: Ended(lambda z: torch.tanh(z) * 0.5 + 0.5, 1),
    "clamp": lambda: Ended(lambda z: z.clamp(0, 1)),
    "hardsigmoid": lambda: Ended(functional.hardsigmoid),
    "relu6 by hand": lambda: Ended(lambda z: functional.relu6(z + 3) / 6),
    "sigmoid by hand": lambda: Ended(lambda z: 1 / (1 + torch.exp(-z)), 1),
    "softmax by hand": lambda: Ended(stable_softmax),
    "softmax by hand that overflows": lambda: Ended(lambda z: z.exp() / z.exp().sum(1, True)),
    "sparsemax": lambda: Ended(sparsemax),
    "a function of one's own": lambda: Ended(OwnSigmoid.apply, 1),
    "clipped sigmoid": lambda: Ended(lambda z: torch.sigmoid(z).clamp(1e-7, 1 - 1e-7), 1),
    "sigmoid in a narrower range": lambda: Ended(lambda z: 0.98 * torch.sigmoid(z) + 0.01, 1),
    "both classes of a sigmoid": lambda: Ended(
        lambda z: torch.cat([torch.sigmoid(z), 1 - torch.sigmoid(z)], 1), 1
    ),
    "mean of two softmaxes": lambda: Ended(
        lambda z: torch.stack([functional.softmax(z, 1), functional.softmax(-z, 1)]).mean(0)
    ),
    "mixture of experts": lambda: Ended(expert_mixture),
    "shares of positive parts": lambda: Ended(
        lambda z: functional.normalize(functional.relu(z) + 1e-6, p=1, dim=1)
    ),
    "softsign moved to 0 to 1": lambda: Ended(lambda z: functional.softsign(z) * 0.5 + 0.5),
    "normal distribution function": lambda: Ended(lambda z: 0.5 * (1 + torch.erf(z)), 1),
    "product of gates": lambda: Ended(lambda z: torch.sigmoid(z) * torch.sigmoid(2 * z)),
    "sigmoids of the places of an image, pooled": lambda: Ended(pooled),
    "softmax of one column": lambda: Ended(lambda z: functional.softmax(z, 1), 1),
}

LOG_PROBABILITIES = {
    "log_softmax": (lambda z: functional.log_softmax(z, 1), True),
    "softmax, then log": (lambda z: torch.log(functional.softmax(z, 1)), True),
    "less its logsumexp": (lambda z: z - z.logsumexp(1, keepdim=True), True),
    "logsigmoid": (functional.logsigmoid, False),
    "minus softplus": (lambda z: -functional.softplus(-z), False),
}

LOGITS = {
    "linear": lambda: nn.Linear(N_INPUTS, 1),
    "tiny weights": lambda: with_weights(Ended(nn.Identity()), 1e-6),
    "tiny weights, bias 0.5": lambda: with_weights(Ended(nn.Identity(), 1), 1e-6, 0.5),
    "all weights 0": lambda: with_weights(nn.Linear(N_INPUTS, 3), 0),
    "constant shares": lambda: with_weights(Ended(nn.Identity()), 0, 1 / 3),
    "LayerNorm": lambda: nn.Sequential(nn.Linear(N_INPUTS, 3), nn.LayerNorm(3)),
    "LayerNorm without parameters": lambda: nn.Sequential(
        nn.Linear(N_INPUTS, 3), nn.LayerNorm(3, elementwise_affine=False)
    ),
    "BatchNorm": lambda: nn.Sequential(nn.Linear(N_INPUTS, 3), nn.BatchNorm1d(3)),
    "relu": lambda: Ended(functional.relu),
    "tiny relu": lambda: with_weights(Ended(functional.relu), 1e-3, 0.3),
    "gelu": lambda: Ended(functional.gelu),
    "gates": Gated,
    "gates, all weights 0": lambda: with_weights(Gated(), 0),
    "attention": Attention,
    "squeeze and excite": SqueezeExcite,
    "tanh inside, small": lambda: with_weights(
        nn.Sequential(nn.Linear(N_INPUTS, 8), nn.Tanh(), nn.Linear(8, 1)), 1e-3, 0.5
    ),
    "sigmoid inside": lambda: nn.Sequential(nn.Linear(N_INPUTS, 8), nn.Sigmoid(), nn.Linear(8, 3)),
    "softmax inside": lambda: nn.Sequential(nn.Linear(N_INPUTS, 8), nn.Softmax(1), nn.Linear(8, 3)),
    "sums to 1 at first": sums_to_one_at_first,
    "clamped logits": lambda: Ended(lambda z: z.clamp(-30, 30)),
    "clamped logits, tiny": lambda: with_weights(Ended(lambda z: z.clamp(-30, 30)), 1e-6, 0.5),
    "soft-capped logits": lambda: Ended(lambda z: 30 * torch.tanh(z / 30)),
    "sigmoid times 10 less 5": lambda: Ended(lambda z: 10 * torch.sigmoid(z) - 5),
    "temperature": lambda: Ended(lambda z: z / 100),
    "centered": lambda: Ended(lambda z: z - z.mean(1, keepdim=True)),
    "a logit and a logsigmoid": lambda: Ended(lambda z: z + functional.logsigmoid(z)),
    "tanh": lambda: Ended(torch.tanh),
}


def ending_of(make):
    torch.manual_seed(0)
    rows = torch.randn(64, N_INPUTS)
    return find_ending(make().eval(), rows)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("name", PROBABILITIES)
def test_probabilities_are_found(name):
    ending = ending_of(PROBABILITIES[name])
    assert ending is not None
    assert not ending.is_log


@pytest.mark.parametrize("name", LOG_PROBABILITIES)
def test_logarithms_of_probabilities_are_found(name):
    function, sums_to_one = LOG_PROBABILITIES[name]
    ending = ending_of(lambda: Ended(function))
    assert ending is not None
    assert (ending.is_log, ending.sums_to_one) == (True, sums_to_one)


@pytest.mark.parametrize("name", LOGITS)
def test_logits_are_not_accused(name):
    assert ending_of(LOGITS[name]) is None


def test_twenty_each_way():
    assert len(PROBABILITIES) >= 20
    assert len(LOGITS) >= 20


@pytest.mark.parametrize(
    ("name", "operation"),
    [("softmax in forward", "softmax"), ("clamp", "clamp"), ("hardsigmoid", "hardsigmoid")],
)
def test_the_operation_is_named(name, operation):
    assert ending_of(PROBABILITIES[name]).operation == operation


def test_places_of_an_embedding_cannot_be_scaled():
    class Places(nn.Module):
        def __init__(self, ending):
            super().__init__()
            self.table, self.head, self.ending = nn.Embedding(4, 3), nn.Linear(3, 1), ending

        def forward(self, x):
            return self.ending(self.head(self.table(x[:, 0].long())))

    rows = torch.arange(4.0)[:, None]
    assert find_ending(Places(nn.Sigmoid()), rows).operation == "sigmoid"
    assert find_ending(Places(nn.Identity()), rows) is None


def test_rows_that_are_not_finite_say_nothing():
    assert find_ending(Ended(lambda z: z / 0 * 0), torch.randn(4, N_INPUTS)) is None


def test_a_product_of_activations_is_no_learned_operation():
    z = Ended(expert_mixture)(torch.randn(4, N_INPUTS))
    assert graph_of(z).sources == {"Softmax"}
    assert graph_of(nn.Linear(3, 1)(torch.ones(2, 3))).sources == {"Addmm"}
