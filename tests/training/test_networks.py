"""The network that the settings ask for."""

from __future__ import annotations

import pytest

from xent.errors import XentError
from xent.network import BatchNorm, Dropout, Pixels, mlp, small_cnn
from xent.training import TrainingSettings
from xent.training.networks import make_network


def test_rows_of_features_get_an_mlp():
    settings = TrainingSettings(hidden=(4,), dropout=0.1, batch_norm=True, activation="tanh")
    wanted = mlp(3, (4,), 2, dropout=0.1, batch_norm=True, activation="tanh")
    assert make_network(settings, (3,), 2) == wanted


def test_images_get_a_small_cnn_on_standardized_pixels():
    pixels = Pixels((0.5, 0.4, 0.3), (0.1, 0.2, 0.3))
    network = make_network(TrainingSettings(), (3, 32, 32), 1, pixels)
    assert network.layers == (pixels, *small_cnn((3, 32, 32), 1).layers)


def test_dropout_and_batch_norm_win_over_the_networks_own():
    settings = TrainingSettings(network="small_cnn", dropout=0.0, batch_norm=False)
    network = make_network(settings, (3, 32, 32), 1)
    assert not any(isinstance(layer, BatchNorm | Dropout) for layer in network.layers)


def test_an_mlp_takes_images_pixel_by_pixel():
    network = make_network(TrainingSettings(network="mlp", hidden=()), (1, 28, 28), 10)
    assert network.n_parameters == 7850


def test_a_network_for_images_refuses_rows_of_features():
    with pytest.raises(XentError, match=r"network 'lenet' takes images, .* Use network='mlp'"):
        make_network(TrainingSettings(network="lenet"), (784,), 10)


@pytest.mark.parametrize(
    "setting", [{"hidden": (100,)}, {"activation": "tanh"}, {"init": "zeros"}], ids=repr
)
def test_settings_of_the_mlp_are_refused_for_another_network(setting):
    name = next(iter(setting))
    with pytest.raises(XentError, match=f"{name} is a setting of the network 'mlp'"):
        make_network(TrainingSettings(**setting), (1, 28, 28), 10)
