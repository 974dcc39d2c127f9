"""Exporting: a run written as one ONNX file, after the file was seen to say what the run says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data import ImageEncoder
from xent.errors import XentError, nearest_hint
from xent.exports.check_rows import drawn_rows, table_rows
from xent.exports.images import drawn_images, table_images
from xent.exports.model import onnx_model
from xent.exports.parity import Parity, check_parity
from xent.exports.session import require_onnx
from xent.files import write_atomically
from xent.runs import Run, load_run

if TYPE_CHECKING:
    import polars as pl

    from xent.data import Table
    from xent.exports.features import ColumnInput

__all__ = ["Export", "export"]

_N_CHECKED = 2_000
_FEWEST_IMAGES = 50
_MOST_PIXELS = 20_000_000  # of all images that are compared
_LARGEST_TABLE = 200_000_000  # bytes; a larger file is not read again for a check


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes
    ----------
    path : Path
    n_bytes : int
    columns : tuple of ColumnInput
        The inputs, one a raw column.
    outputs : tuple of str
    rows : str
        Where the rows of the check came from.
    parity : Parity
        How file and run agree on them.
    """

    path: Path
    n_bytes: int
    columns: tuple[ColumnInput, ...]
    outputs: tuple[str, ...]
    rows: str
    parity: Parity

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "model": str(self.path),
            "bytes": self.n_bytes,
            "columns": [one.to_json() for one in self.columns],
            "outputs": list(self.outputs),
            "rows": self.rows,
            "parity": self.parity.to_json(),
        }


def export(run: Run | Path | str, path: Path | str, *, n_checked: int = _N_CHECKED) -> Export:
    """Write a finished run as an ONNX file: raw columns in, probabilities and the decision out.

    Imputation, scaling, one-hot coding, network, recalibration and threshold are all in the file. Before it is
    written, onnxruntime and the run predict the same rows: rows of the run's data where it is still there, else rows
    drawn from what the encoder knows of it; a tenth of them with missing values, a tenth with unseen, empty or
    non-ASCII texts, a tenth with columns offset by 1e6, a tenth moved to within 1e-4 of the threshold.

    Parameters
    ----------
    run : Run or path
        A finished run, or its folder. Of an own module the run must have the code: ``load_run(path, module=...)``.
    path : path
        The file, ending in .onnx; its folder must exist.
    n_checked : int, default 2,000
        How many rows are compared; at least 100. Of large images fewer are.

    Raises
    ------
    XentError
        When onnx or onnxruntime is not installed, the run is not finished or damaged, the file cannot be written, or
        the exported model differs from the run: then nothing is written.

    Examples
    --------
    >>> import xent, tempfile
    >>> from xent.workflow.exporting import export
    >>> folder = tempfile.mkdtemp()
    >>> settings = {"target": "target", "epochs": 2, "random_state": 0, "runs": folder}
    >>> run = xent.train("example:breast_cancer", **settings)
    >>> export(run, f"{folder}/model.onnx").outputs
    ('probabilities', 'decision', 'decided')
    """
    path = _checked_path(Path(path))
    if n_checked < 100:
        raise XentError(f"n_checked must be a whole number of at least 100, got {n_checked!r}.")
    require_onnx()
    run = run if isinstance(run, Run) else load_run(run)
    model = onnx_model(run)
    drawn, source = _drawn(run, n_checked)
    parity = check_parity(run, model, drawn)
    parity.require()
    write_atomically(path, model.content)
    names = tuple(port.name for port in model.outputs)
    return Export(path, len(model.content), model.columns, names, source, parity)


def _checked_path(path: Path) -> Path:
    """Return where to write, checked before any work is done."""
    if path.is_dir():
        raise XentError(
            f"path must be a file, and {path} is a folder. Name one in it: {path / 'model.onnx'}"
        )
    if path.suffix.lower() != ".onnx":
        raise XentError(f"path must end in .onnx, got {path.name!r}.")
    if not path.parent.is_dir():
        above = path.parent.parent
        near = [str(entry) for entry in above.iterdir() if entry.is_dir()] if above.is_dir() else []
        raise XentError(
            f"there is no folder {path.parent}.{nearest_hint(str(path.parent), near)} Make it first."
        )
    return path


def _drawn(run: Run, n_rows: int) -> tuple[pl.DataFrame | Table, str]:
    """Return rows to compare on, and where they came from."""
    rng, encoder = np.random.default_rng(0), run.encoder
    table = _own_table(run)
    source = "drawn from the encoder" if table is None else f"rows of {run.record.data.name}"
    if isinstance(encoder, ImageEncoder):
        n_rows = min(n_rows, max(_FEWEST_IMAGES, _MOST_PIXELS // encoder.n_features))
        if table is None or table.pixels is None:
            return drawn_images(encoder, n_rows, rng), source
        return table_images(table.pixels, n_rows, rng), source
    if table is None:
        return drawn_rows(encoder, n_rows, rng), source
    return table_rows(encoder, table.frame, n_rows, rng), source


def _own_table(run: Run) -> Table | None:
    """Return the table that the run was made from, where it can be read again and is still the same."""
    source = run.record.data.path
    if source is None:
        return None
    try:
        if not source.startswith("example:") and _size(Path(source)) > _LARGEST_TABLE:
            return None
        table = run.read(source)
    except (XentError, OSError):
        return None
    return table if table.fingerprint == run.record.data.fingerprint else None


def _size(path: Path) -> int:
    """Return the bytes of a file; of a folder, of all files in it."""
    if not path.is_dir():
        return path.stat().st_size
    return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
