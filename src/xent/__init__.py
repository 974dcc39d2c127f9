"""xent: from labelled data to a decision that can be defended.

>>> import xent
>>> xent.__version__.count(".")
2

Public names are loaded when they are first used, so that `import xent` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xent.audits import audit as audit
    from xent.decisions import decide as decide
    from xent.errors import XentError as XentError
    from xent.estimators import XentClassifier as XentClassifier
    from xent.estimators import XentRegressor as XentRegressor
    from xent.evaluation.evaluations import compare as compare
    from xent.evaluation.evaluations import evaluate as evaluate
    from xent.runs import Run as Run
    from xent.runs import load_run as load_run
    from xent.training import Callback as Callback
    from xent.training import TrainingWarning as TrainingWarning
    from xent.workflow import resume as resume
    from xent.workflow import train as train
    from xent.workflow.exporting import export as export

__version__ = "0.1.0"

_ROOM_OF = {
    "Callback": "xent.training",
    "Run": "xent.runs",
    "TrainingWarning": "xent.training",
    "XentClassifier": "xent.estimators",
    "XentError": "xent.errors",
    "XentRegressor": "xent.estimators",
    "audit": "xent.audits",
    "compare": "xent.evaluation.evaluations",
    "decide": "xent.decisions",
    "evaluate": "xent.evaluation.evaluations",
    "export": "xent.workflow.exporting",
    "load_run": "xent.runs",
    "resume": "xent.workflow",
    "train": "xent.workflow",
}

__all__ = [
    "Callback",
    "Run",
    "TrainingWarning",
    "XentClassifier",
    "XentError",
    "XentRegressor",
    "__version__",
    "audit",
    "compare",
    "decide",
    "evaluate",
    "export",
    "load_run",
    "resume",
    "train",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _ROOM_OF:
        from xent.errors import nearest_hint

        raise AttributeError(
            f"module 'xent' has no attribute {name!r}.{nearest_hint(name, __all__)}"
        )
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
