"""The settings: ranges, names, JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xent.distributions import Bernoulli, LabelSmoothing, from_description
from xent.errors import XentError
from xent.training import TrainingSettings, settings_from


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "epochs must be a whole number of at least 1, got 0."),
        ("epochs", 2.5, "epochs must be a whole number of at least 1, got 2.5."),
        ("epochs", True, "epochs must be a whole number"),
        ("patience", -1, "patience must be a whole number of at least 1"),
        ("batch_size", 0, "batch_size must be a whole number of at least 1"),
        ("checkpoint_every", 0, "checkpoint_every must be a whole number of at least 1"),
        ("dropout", 1.0, "dropout must be at least 0 and below 1, got 1.0."),
        ("momentum", float("nan"), "momentum must be at least 0 and below 1"),
        ("label_smoothing", -0.1, "label_smoothing must be at least 0 and below 1"),
        (
            "validation_fraction",
            "0.2",
            "validation_fraction must be at least 0 and below 1, got '0.2'.",
        ),
        ("l1", -1, "l1 must be a finite number of at least 0"),
        ("l2", float("inf"), "l2 must be a finite number of at least 0"),
        ("weight_decay", -1e-9, "weight_decay must be a finite number of at least 0"),
        ("learning_rate", 0, "learning_rate must be a finite number above 0"),
        ("clip_norm", -1, "clip_norm must be a finite number above 0"),
        ("batch_norm", 1, "batch_norm must be true or false, got 1."),
        ("early_stopping", "yes", "early_stopping must be true or false"),
        ("hidden", (100, 0), "hidden must hold whole numbers of at least 1, got 0."),
        ("hidden", "100", "hidden must be a sequence of layer widths such as"),
        ("optimizer", "adan", "got 'adan'. Did you mean 'adam'?"),
        ("activation", "rleu", "got 'rleu'. Did you mean 'relu'?"),
        ("init", "he", "init must be one of"),
        ("schedule", "cosin", "Did you mean 'cosine'?"),
        (
            "engine",
            "nunpy",
            "engine must be one of auto, numpy, torch, got 'nunpy'. Did you mean 'numpy'?",
        ),
        (
            "network",
            "lennet",
            "network must be one of mlp, lenet, small_cnn, resnet_small, got 'lennet'. Did you mean 'lenet'?",
        ),
        (
            "augment",
            ("flop",),
            "augment must be of flip, shift, crop, color, got 'flop'. Did you mean 'flip'?",
        ),
        ("device", 0, "device must be a name such as cpu or cuda:1, got 0."),
        ("precision", "half", "precision must be one of full, bf16, fp16, got 'half'."),
        ("dtype", "float16", "dtype must be one of float32, float64, got 'float16'."),
        (
            "class_weight",
            "balance",
            "class_weight must be 'balanced' or a mapping of class to weight, got 'balance'.",
        ),
        (
            "class_weight",
            {"a": -1},
            "class_weight of class 'a' must be a finite number of at least 0, got -1.",
        ),
    ],
)
def test_a_value_out_of_range_is_named_with_what_it_may_be(name, value, message):
    with pytest.raises(XentError) as error:
        TrainingSettings(**{name: value})
    assert message in str(error.value)


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(
        XentError, match=r"there is no setting 'learningrate'\. Did you mean 'learning_rate'\?"
    ):
        settings_from({"learningrate": 0.1})


def test_hidden_may_be_a_number_a_list_or_nothing():
    assert TrainingSettings(hidden=7).hidden == (7,)
    assert TrainingSettings(hidden=[np.int64(3), 4]).hidden == (3, 4)
    assert TrainingSettings(hidden=()).hidden == ()


def test_numbers_of_numpy_go_through_json_too():
    settings = TrainingSettings(
        epochs=np.int64(3),
        batch_size=np.int32(8),
        learning_rate=np.float32(0.5),
        batch_norm=np.True_,
        class_weight={np.int64(1): np.float32(2)},
    )
    assert settings_from(json.loads(json.dumps(settings.as_json()))) == settings
    assert (settings.epochs, settings.learning_rate, settings.batch_norm) == (3, 0.5, True)


def test_half_precision_goes_with_float32():
    assert TrainingSettings().dtype is None
    assert TrainingSettings(precision="bf16").dtype == "float32"
    with pytest.raises(
        XentError, match="precision 'fp16' goes with dtype float32, got dtype='float64'"
    ):
        TrainingSettings(precision="fp16", dtype="float64")


def test_settings_go_through_json_and_back():
    settings = TrainingSettings(
        hidden=(3,),
        class_weight={1: 2.0, "b": 0.5},
        distribution=LabelSmoothing(Bernoulli(), 0.1),
        random_state=3,
    )
    values = json.loads(json.dumps(settings.as_json()))
    assert from_description(values.pop("distribution")) == settings.distribution
    again = settings_from(values)
    assert (again.hidden, again.class_weight, again.random_state) == ((3,), {1: 2.0, "b": 0.5}, 3)
    assert settings_from(TrainingSettings().as_json()) == TrainingSettings()
