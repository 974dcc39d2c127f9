"""What an audit takes, refuses, says and leaves as it was."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from xent.audits import Audit, Column, Fault, audit
from xent.audits.names import is_in_a_file, loaded_from_file
from xent.errors import XentError

if TYPE_CHECKING:
    from pathlib import Path

X = np.random.default_rng(0).normal(size=(40, 4))
LABELS = (X[:, 0] > 0).astype(int)


def net(*end: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 1), *end)


def checks(found: Audit) -> list[str]:
    return [fault.check for fault in found.faults]


def test_the_model_is_left_as_it_was() -> None:
    model = net(nn.Dropout(0.5)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    audit(model, "BCEWithLogitsLoss", X, LABELS[:, None], dtypes=["float32"])
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_a_function_and_a_class_build_a_model() -> None:
    class Net(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 1)

    assert audit(Net, nn.BCEWithLogitsLoss, X, dtypes=["float32"]).is_clean
    assert audit(net, nn.BCEWithLogitsLoss(), X, dtypes=["float32"]).is_clean


def test_a_script_module_and_read_only_arrays() -> None:
    rows, labels = X.copy(), LABELS[:, None].copy()
    rows.flags.writeable = labels.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated
        scripted = torch.jit.script(net())
    assert audit(scripted, "BCEWithLogitsLoss", rows, labels, dtypes=["float32"]).is_clean


def test_a_column_takes_the_shape_of_the_outputs_an_array_keeps_its_own() -> None:
    flat = audit(net(), "BCEWithLogitsLoss", X, LABELS, dtypes=["float32"])
    assert checks(flat) == ["targets refused"]
    assert audit(net(), "BCEWithLogitsLoss", X, Column(LABELS), dtypes=["float32"]).is_clean


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 26 * 26, 3)),
        nn.Sequential(nn.Conv1d(2, 2, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(2, 3)),
        nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 3)),
    ],
    ids=["image", "series", "norm"],
)
def test_rows_are_made_up_to_the_measure_of_the_model(model: nn.Module) -> None:
    assert audit(model, "CrossEntropyLoss", dtypes=["float32"]).is_clean


def test_whole_numbers_go_to_embeddings_and_become_floats_elsewhere() -> None:
    words = np.arange(60).reshape(20, 3) % 7
    model = nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.Linear(12, 2))
    assert audit(model, "CrossEntropyLoss", words, words[:, 0] % 2, dtypes=["float32"]).is_clean
    pixels = (words * 30).astype(np.uint8)
    assert audit(nn.Linear(3, 2), "CrossEntropyLoss", pixels, dtypes=["float32"]).is_clean


def test_a_model_without_parameters_and_a_loss_that_cannot_be_mapped() -> None:
    def slow(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        clipped = min(max(float(p.detach().mean()), 1e-7), 1 - 1e-7)  # a number: no mapping
        assert 0 < clipped < 1
        return functional.binary_cross_entropy(p.clamp(1e-7, 1 - 1e-7), y)

    found = audit(nn.Sigmoid(), slow, X[:, :1], LABELS[:, None], dtypes=["float32"])
    assert checks(found) == ["clipping"]
    assert len(found.sweeps[0].logit) < 5000


def test_a_split_and_a_reshape_at_the_end_are_run_again() -> None:
    class Split(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            low, high = torch.split(torch.sigmoid(self.body(x)), 1, dim=1)
            return torch.cat([low, high], dim=1).reshape(len(x), 2)

    y = np.stack([LABELS, 1 - LABELS], axis=1)
    found = audit(Split(), "BCEWithLogitsLoss", X, y, dtypes=["float32"])
    assert checks(found) == ["probabilities into a loss on logits"]
    assert "excess" not in found.faults[0].seen


def test_rows_of_the_data_that_get_no_gradient_are_counted() -> None:
    model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[100.0, 0, 0, 0]]))
        model[0].bias.zero_()
    found = audit(model, "BCELoss", X, 1 - LABELS[:, None], dtypes=["float32"])
    (fault,) = found.faults
    positives = 1 - LABELS
    wrong = np.where(positives == 1, 100 * X[:, 0] < -27.64, 100 * X[:, 0] > 16.64)
    assert fault.evidence["rows with a wrong gradient"] == wrong.sum() > 10
    assert fault.evidence["exact log loss of the data"] == pytest.approx(
        np.logaddexp(0, np.where(positives == 1, -100, 100) * X[:, 0]).mean(), rel=1e-4
    )


@pytest.mark.parametrize("labels", [np.sort(LABELS), np.arange(40) == 30], ids=["sorted", "rare"])
def test_broadcasting_is_seen_wherever_the_rows_of_a_class_lie(labels: Any) -> None:
    found = audit(net(), "MSELoss", X, labels, dtypes=["float32"])
    assert checks(found) == ["broadcasting"]
    evidence = found.faults[0].evidence
    assert evidence["mean over rows"] != pytest.approx(evidence["mean over pairs"], rel=1e-3)


def test_a_focal_loss_is_not_held_against_a_log_loss() -> None:
    def focal(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        losses = functional.binary_cross_entropy_with_logits(z, y, reduction="none")
        return ((1 - torch.exp(-losses)) ** 2 * losses).mean()

    assert "exactness" in audit(net(), focal, X, dtypes=["float32"]).not_measured


def test_a_loss_that_refuses_what_an_infinite_logit_becomes_is_still_measured() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    found = audit(model, "BCELoss", X, np.eye(3)[LABELS], dtypes=["float32"])
    assert np.isnan(found.sweeps[0].at_infinity).tolist() == [False, True]
    assert json.loads(json.dumps(found.to_json()))["measured"][0]["at_infinity"][1] == "nan"


def test_many_classes_with_smoothing_are_not_accused() -> None:
    loss = "CrossEntropyLoss(label_smoothing=0.1)"
    assert audit(nn.Linear(4, 600), loss, X, np.arange(40), dtypes=["float32"]).is_clean


def test_text_and_json_say_the_same() -> None:
    found = audit(net(nn.Sigmoid()), "BCELoss", X, LABELS[:, None], dtypes=["float32"])
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [fault["check"] for fault in told["faults"]] == checks(found) == ["clipping"]
    assert told["links"] == ["sigmoid"]
    assert {row["label"] for row in told["measured"]} == {0, 1}
    text = str(found)
    assert "model puts out: probabilities (through sigmoid)" in text
    assert f"clipping (costly): {found.faults[0].seen}" in text
    assert "    cure: " in text
    assert "    with xent: " in text
    bare = Audit("Net", "loss", "torch 2", "logits", (), "logits", (Fault("a", "wrong", "b", "c"),),
                 (), {"float16": "refused"})  # fmt: skip
    assert "with xent" not in str(bare)
    assert str(bare).endswith("not measured: float16 (refused)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, "BCELoss", X), "must be a torch.nn.Module"),
        (("net.py", "BCELoss", X), "model must be file.py:build, got 'net.py'"),
        ((net, 3, X), "must be a name, a module or a function"),
        ((net, "BCELoss", None, LABELS), "y needs X"),
        ((net, "BCELoss", X[0]), "X must have shape"),
        ((net, "BCELoss", np.array([["a"], ["b"]])), "array of numbers"),
        ((net, "BCELoss", np.full((4, 4), np.nan)), "X must be finite"),
        ((net, "BCELoss", X, LABELS[:3]), "the n = 40 of X"),
        ((net, lambda z: z, X, LABELS), "must take outputs and targets"),
        ((net, "TripletMarginLoss", X, LABELS), "must take outputs and targets"),
        ((net, nn.AdaptiveLogSoftmaxWithLoss, X, LABELS), "needs arguments"),
        ((net, "mse_loss(scale=2)", X, LABELS), "mse_loss refuses its arguments"),
        ((net, "BCELoss", X, np.array(["a"] * 40)), "Code the classes"),
        ((net, "BCELoss", X, np.zeros((40, 0))), r"got \(40, 0\)"),
        ((net, "BCELoss", [[1.0, 2.0], [3.0]]), "X must be an array of numbers"),
        ((net, "BCELoss", torch.zeros(4, 4, dtype=torch.complex64)), "real numbers"),
        ((net, "BCELoss", X, np.full(40, np.nan)), "must be finite"),
        ((net, lambda z, y: 3.0, X, LABELS), "a number has no gradient"),
        ((nn.LSTM(4, 2), "BCELoss", X), "must return one tensor"),
        ((nn.Unflatten(1, (2, 2)), "BCELoss", X), r"must return shape \(n,\) or \(n, k\)"),
        ((nn.Identity(), "BCELoss"), "X is needed"),
    ],
)
def test_mistakes_are_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(XentError, match=f"(?i){message}"):
        audit(*arguments, dtypes=["float32"])


def test_one_dtype_is_no_sequence_of_them() -> None:
    with pytest.raises(XentError, match=r"Write \['float32'\]"):
        audit(net, "BCELoss", X, dtypes="float32")


@pytest.mark.parametrize(
    ("y", "cure"),
    [(np.eye(3)[LABELS], "targets.long()"), (LABELS, "one_hot(targets)")],
    ids=["floats", "codes"],
)
def test_the_cure_of_a_refusal_fits_the_targets(y: Any, cure: str) -> None:
    (fault,) = audit(nn.Linear(4, 3), "MultiLabelMarginLoss", X, torch.tensor(y)).faults
    assert fault.check == "targets refused"
    assert cure in fault.cure


def test_a_file_of_code(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("size = 4\n")
    (tmp_path / "net.py").write_text(
        "from torch import nn\nfrom beside import size\nbuild = lambda: nn.Linear(size, 1)\n"
    )
    place = f"{tmp_path / 'net.py'}:build"
    assert is_in_a_file(place)
    assert loaded_from_file(place, "model")().in_features == 4
    found = audit(place, "BCEWithLogitsLoss", X, dtypes=["float32"])
    assert (found.model, found.is_clean) == ("net.py:build", True)
    (tmp_path / "late.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Size:\n    n: int = 4\n"
        "def build():\n    import near\n    return near.linear(Size().n)\n"
    )
    (tmp_path / "near.py").write_text("from torch import nn\nlinear = lambda n: nn.Linear(n, 1)\n")
    assert audit(f"{tmp_path / 'late.py'}:build", "MSELoss", X, dtypes=["float32"]).is_clean
    (tmp_path / "script.py").write_text("import sys\nsys.exit('usage: script')\n")
    with pytest.raises(XentError, match="does not run: SystemExit: usage: script"):
        loaded_from_file(f"{tmp_path / 'script.py'}:build", "model")
    (tmp_path / "bad.py").write_text("1 / 0\n")
    with pytest.raises(XentError, match="ZeroDivisionError"):
        loaded_from_file(f"{tmp_path / 'bad.py'}:build", "model")
