"""Own modules and images in the estimators: copied, cloned, searched, pickled."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from xent.errors import XentError
from xent.estimators import XentClassifier, XentRegressor

# the oldest supported versions are tested without PyTorch
torch = pytest.importorskip("torch")
nn = torch.nn


class Net(nn.Module):
    def __init__(self, n_inputs=30, n_outputs=1, width=8):
        super().__init__()
        self.first, self.norm = nn.Linear(n_inputs, width), nn.BatchNorm1d(width)
        self.drop, self.last = nn.Dropout(0.2), nn.Linear(width, n_outputs)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))


def convolutions():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(10)
    )


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.reshape(-1, 1, 8, 8).astype(np.float32), y


def test_an_object_is_copied_at_fit_and_repeats(cancer):
    X, y = cancer
    module = Net()
    before = copy.deepcopy(module.state_dict())
    classifier = XentClassifier(module=module, epochs=20, random_state=0)
    scores = classifier.fit(X, y).decision_function(X)
    assert classifier.score(X, y) > 0.94
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    again = clone(classifier).fit(X, y)
    np.testing.assert_array_equal(again.decision_function(X), scores)
    np.testing.assert_array_equal(classifier.fit(X, y).decision_function(X), scores)
    assert "first: Linear" in classifier.summary()
    assert classifier.activations(X)[0].shape == (len(X), 8)


def test_a_pickle_predicts_the_same(cancer):
    X, y = cancer
    classifier = XentClassifier(module=Net, epochs=2, random_state=0).fit(X, y)
    kept = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(kept.predict_proba(X), classifier.predict_proba(X))
    kept.partial_fit(X, y)
    assert kept.n_iter_ >= 1


def test_a_class_gets_what_it_names(iris):
    X, y = iris
    classifier = XentClassifier(module=Net, epochs=20, random_state=0).fit(X, y)
    assert classifier.network_.n_outputs == 3
    assert classifier.network_.n_inputs == 4
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1, rtol=1e-6)


def test_a_grid_search_over_modules(iris):
    X, y = iris
    grid = {"module": [nn.Linear(4, 3), Net], "learning_rate": [0.01]}
    search = GridSearchCV(XentClassifier(epochs=5, random_state=0), grid, cv=2).fit(X, y)
    assert search.best_estimator_.predict(X).shape == (len(X),)


def test_warm_start_goes_on(cancer):
    X, y = cancer
    classifier = XentClassifier(module=Net(), epochs=3, random_state=0, warm_start=True).fit(X, y)
    before = classifier._model.engine.state()["parameters"].copy()
    classifier.fit(X, y)
    assert not np.array_equal(classifier._model.engine.state()["parameters"], before)
    classifier.set_params(module=Net(width=9))
    with pytest.raises(XentError, match="module"):
        classifier.fit(X, y)


def test_partial_fit(cancer):
    X, y = cancer
    classifier = XentClassifier(module=Net, random_state=0)
    for _ in range(3):
        classifier.partial_fit(X, y, classes=[0, 1])
    assert classifier.n_iter_ == 3
    assert classifier.score(X, y) > 0.9


@pytest.mark.parametrize("distribution", [None, "gaussian", "laplace", "poisson"])
def test_a_regression_in_its_own_unit(diabetes, distribution):
    X, y = diabetes
    y = np.round(y)
    regressor = XentRegressor(
        module=Net, distribution=distribution, epochs=30, learning_rate=0.02, random_state=0
    ).fit(X, y)
    assert regressor.score(X, y) > 0.2
    mean, spread = regressor.predict(X, return_std=True)
    assert mean.shape == spread.shape == (len(X),)


def test_labels(iris_labels):
    X, y = iris_labels
    classifier = XentClassifier(module=Net, epochs=20, random_state=0).fit(X, y)
    assert classifier.predict(X).shape == y.shape


def test_images_go_to_a_module(digits):
    X, y = digits
    classifier = XentClassifier(module=convolutions, epochs=6, random_state=0).fit(X, y)
    assert classifier.score(X, y) > 0.85
    with pytest.raises(XentError, match=r"X must have shape \(n, 1, 8, 8\)"):
        classifier.predict(X[:, :, :4])


def test_images_go_to_a_network_by_name_as_whole_numbers(digits):
    X, y = digits
    classifier = XentClassifier(network="mlp", hidden=(32,), epochs=5, random_state=0)
    scores = classifier.fit(X.astype(np.uint8), y).decision_function(X.astype(np.uint8))
    assert classifier.score(X.astype(np.uint8), y) > 0.9
    np.testing.assert_allclose(
        clone(classifier).fit(X, y).decision_function(X), scores, rtol=1e-3, atol=1e-3
    )


def test_a_constant_channel_and_weights(digits):
    X, y = digits
    X = np.concatenate([X[:300], np.full_like(X[:300], 7.0)], axis=1)
    weight = np.tile([0.0, 1.0, 2.0], 100)
    classifier = XentClassifier(network="mlp", hidden=(), epochs=2, random_state=0)
    classifier.fit(X, y[:300], sample_weight=weight)
    pixels = classifier._model.preparation.pixels
    own = np.average(X[:, 0].mean((1, 2)) / 255, weights=weight)
    assert pixels.mean == pytest.approx((own, 7 / 255))
    assert pixels.sd[1] == 1.0


def test_a_file_names_the_module(tmp_path, cancer):
    X, y = cancer
    path = tmp_path / "net.py"
    path.write_text(
        "from torch import nn\ndef build(n_inputs):\n    return nn.Linear(n_inputs, 1)\n"
    )
    classifier = XentClassifier(module=f"{path}:build", epochs=3, random_state=0).fit(X, y)
    assert classifier.network_.reference == "net.py:build"


def test_a_pickle_takes_the_code_from_its_file_again(tmp_path, cancer):
    X, y = cancer
    path = tmp_path / "net.py"
    path.write_text(
        "import torch\n"
        "class Own(torch.nn.Module):\n"
        "    def __init__(self, n_inputs):\n"
        "        super().__init__()\n"
        "        self.linear = torch.nn.Linear(n_inputs, 1)\n"
        "        self.fixed = torch.nn.Parameter(torch.rand(n_inputs), requires_grad=False)\n"
        "    def forward(self, x):\n"
        "        return self.linear(self.fixed * x)\n"
    )
    classifier = XentClassifier(module=f"{path}:Own", epochs=2, random_state=3).fit(X, y)
    scores, kept = classifier.decision_function(X), pickle.dumps(classifier)
    # as in a process that has never seen the file
    for name in [name for name in sys.modules if name.startswith("xent_module_")]:
        del sys.modules[name]
    again = pickle.loads(kept)
    assert pickle.loads(pickle.dumps(again)).partial_fit(X, y).n_iter_ == classifier.n_iter_ + 1
    np.testing.assert_array_equal(again.decision_function(X), scores)
    path.unlink()
    np.testing.assert_array_equal(again.decision_function(X), scores)
    with pytest.raises(XentError, match="there is no file"):
        pickle.loads(kept).predict(X)


def test_images_of_one_channel_need_its_axis(digits):
    X, y = digits
    with pytest.raises(XentError, match=r"got \(1797, 8, 8\).*X\[:, None\]"):
        XentClassifier(module=convolutions).fit(X[:, 0], y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"module": 3}, "module must be a torch.nn.Module"),
        ({"module": "net"}, "file.py:build"),
        (
            {"module": nn.Linear(30, 1), "hidden": (3,)},
            "hidden is a setting of xent's own networks",
        ),
        ({"module": nn.Linear(30, 1), "network": "mlp"}, "Leave network out"),
        ({"module": nn.Linear(30, 1), "engine": "numpy"}, "computes no own modules"),
        ({"module": nn.Sequential(nn.Linear(30, 1), nn.Sigmoid())}, "ends in sigmoid"),
    ],
    ids=["number", "text", "hidden", "network", "engine", "sigmoid"],
)
def test_mistakes(cancer, settings, message):
    with pytest.raises(XentError, match=message):
        XentClassifier(**settings).fit(*cancer)
