"""Rows 216 to 219 of the checklist on small images of digits; the photographs are for the bars."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

# other libraries of the process may keep their BLAS to themselves; the last bits do not matter here
pytestmark = pytest.mark.filterwarnings("ignore:the number of BLAS threads could not be set")

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "losses_of_a_cnn.py"


def program():
    spec = importlib.util.spec_from_file_location("losses_of_a_cnn", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def example():
    return program()


@pytest.fixture(scope="module")
def trained(example, tmp_path_factory):
    pytest.importorskip("torch")
    digits = load_digits()
    chosen = np.isin(digits.target, (3, 8))
    images = np.kron(digits.images[chosen] * 15, np.ones((2, 2))).astype(np.uint8)
    source = {"images": images, "labels": digits.target[chosen].astype(str)}
    runs = tmp_path_factory.mktemp("runs")
    return example.train(source, runs, random_state=0, epochs=12, learning_rate=1e-3)


@pytest.mark.checklist(row=216, call='xent.train(images, network="small_cnn", batch_norm=False)')
def test_the_network_is_that_of_the_row_and_ends_in_logits(trained):
    run, _, _ = trained
    kinds = [type(layer).__name__ for layer in run.model.engine.network.layers]
    assert kinds.count("Conv2d") == kinds.count("MaxPool2d") == 4
    assert kinds[-4:] == ["Flatten", "Dropout", "Dense", "Dense"]
    assert "BatchNorm" not in kinds
    assert run.model.engine.network.layers[-1].activation == "identity"


@pytest.mark.checklist(
    row=217, call="xent.distributions.Bernoulli().nll(z, y)", figure="examples/losses_of_a_cnn.py"
)
def test_moderate_outputs_give_both_losses_alike(example, trained):
    _, early, _ = trained
    assert early.epoch == 8
    moderate = np.abs(early.z) < 8
    assert moderate.mean() > 0.5
    np.testing.assert_allclose(early.clipped[moderate], early.exact[moderate], rtol=2e-4, atol=1e-7)


@pytest.mark.checklist(
    row=218, call="xent.distributions.Bernoulli().nll(z, y)", figure="examples/losses_of_a_cnn.py"
)
def test_outputs_beyond_16_are_cut_off(example):
    z, y = np.array([20.0, 40.0, -20.0, 16.0]), np.array([0.0, 0.0, 1.0, 1.0])
    snapshot = example.Snapshot(30, z, y)
    np.testing.assert_allclose(snapshot.exact[:3], [20, 40, 20], rtol=1e-8)
    # rows 212 and 218: the largest loss of label 0 is 15.9424, of label 1 16.1181
    np.testing.assert_allclose(snapshot.clipped[:3], [15.9424, 15.9424, 16.1181], atol=1e-4)
    # surely right: 1.19e-7 instead of the true value
    np.testing.assert_allclose(snapshot.clipped[3], 1.1921e-7, rtol=1e-3)
    assert snapshot.exact[3] == pytest.approx(np.log1p(np.exp(-16.0)))


def test_every_figure_shows_the_rows_it_is_given(example, trained):
    run, early, late = trained
    drawn = example.charts(early, late)
    assert len(drawn) == 7
    for name, chart in drawn.items():
        described = json.dumps(chart.to_dict())
        assert "nats" in described or "probability" in described, name
    points = json.dumps(drawn["epoch-8-losses"].to_dict())
    assert f"{early.exact.max():.6g}"[:5] in points
    assert late.epoch == run.record.n_epochs
