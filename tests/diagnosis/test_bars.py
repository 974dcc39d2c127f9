"""False alarms and power in a small form; `benchmarks/bars_diagnosis.py` measures the full one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from xent.diagnosis import diagnose_predictions

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def program(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bars():
    # the program imports the module that writes its table
    program("results")
    yield program("bars_diagnosis")
    for name in ("bars_diagnosis", "results"):
        del sys.modules[name]


TASKS = ("two classes", "five classes", "six labels", "numbers")


def simulation(bars, task):
    return next(found for found in bars.SIMULATIONS if found.task == task)


@pytest.mark.parametrize("task", TASKS)
def test_healthy_predictions_raise_nothing(bars, task):
    alarms = bars.false_alarms(simulation(bars, task), n_sets=25)
    assert sum(alarms.values()) <= 1
    assert len(alarms) >= 10


@pytest.mark.parametrize("task", TASKS)
def test_every_fault_is_named_first(bars, task):
    simulated = simulation(bars, task)
    missed = {
        fault: 6 - bars.n_named_first(simulated, fault, n_sets=6) for fault in simulated.faults
    }
    assert {fault: n for fault, n in missed.items() if n > 1} == {}
    assert sum(missed.values()) <= 2


def test_every_check_of_predictions_has_a_fault(bars):
    """A check that is never seen to fire is none; imbalance is no fault of predictions."""
    for simulated in bars.SIMULATIONS:
        checks = set(bars.false_alarms(simulated, n_sets=1))
        assert {fault.partition(":")[0] for fault in simulated.faults} == checks - {"imbalance"}


def test_honest_models_raise_only_miscalibration_or_constant_output(bars, shared_data):
    assert shared_data.is_dir()
    small = ("breast cancer", "iris", "wine", "wine quality")
    tables = {name: table for name, table in bars.real_tables().items() if name in small}
    for model, given in bars.honest_models(tables):
        checks = {finding.check for finding in diagnose_predictions(**given).findings}
        assert checks <= bars.HARMLESS, model
        assert ("constant output" in checks) == model.startswith("Dummy")
