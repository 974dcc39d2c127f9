"""docs/onnx/predict.html in Chromium, with onnxruntime-web, says what `xent predict` says."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import os
import shutil
import tarfile
import threading
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import onnx
import polars as pl
import pytest

import xent
from xent.workflow.deciding import decide_run
from xent.workflow.exporting import export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xent.runs import Run

VERSION = "1.30.0"
ADDRESS = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "onnx" / "predict.html"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files with the types that browsers want, and no log."""

    extensions_map: ClassVar[dict[str, str]] = {
                      ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript",
                      ".wasm": "application/wasm", ".onnx": "application/octet-stream"}  # fmt: skip

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def ort() -> Path:
    """Return a folder with onnxruntime-web, fetched once into the user's cache and checked."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "xent-tests" / f"onnxruntime-web-{VERSION}"
    if all((folder / name).exists() for name in FILES):
        return folder
    try:
        with urllib.request.urlopen(ADDRESS, timeout=60) as answer:
            content = answer.read()
    except (urllib.error.URLError, OSError) as error:
        pytest.skip(f"onnxruntime-web cannot be had from registry.npmjs.org ({error})")
    assert base64.b64encode(hashlib.sha512(content).digest()).decode() == SHA512
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name in FILES:
            packed = archive.extractfile(f"package/dist/{name}")
            assert packed is not None
            (making / name).write_bytes(packed.read())
    folder.mkdir(exist_ok=True)
    for name in FILES:  # renamed, so that another process never sees half a file
        (making / name).replace(folder / name)
    shutil.rmtree(making)
    return folder


@pytest.fixture
def site(ort: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Return the folder of a small site, with the page and onnxruntime-web in it, and its address."""
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(PAGE, folder)
    (folder / "ort").symlink_to(ort)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/predict.html"
    server.shutdown()
    thread.join()
    server.server_close()


def table(n: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    age, offset = rng.normal(45, 12, n), 1e7 + rng.normal(0, 1, n)
    city = rng.choice(["Oslo", "東京", "Ærø"], n)
    score = (age - 45) / 12 + offset - 1e7 + (city == "Oslo") + rng.normal(0, 1, n)
    return pl.DataFrame(
        {
            "age": pl.Series(age).set(pl.Series(rng.random(n) < 0.1), None),
            "offset": offset,
            "smokes": rng.random(n) < 0.3,
            "city": pl.Series(city).set(pl.Series(rng.random(n) < 0.1), None),
            "binary": np.where(score > 0, "ill", "well"),
            "multiclass": np.select([score > 1, score > -1], [3, 2], 1),
            "tag_a": (score > 0).astype(int),
            "tag_b": (score > 1).astype(int),
            "regression": 100 * score,
        }
    )


SETTINGS: dict[str, dict[str, Any]] = {
    "binary": {"target": "binary"},
    "multiclass": {"target": "multiclass"},
    "multilabel": {"targets": ("tag_*",)},
    "regression": {"target": "regression"},
}
FEATURES = ("age", "offset", "smokes", "city")


def trained(task: str, folder: Path) -> Run:
    frame, settings = table(), SETTINGS[task]
    names = ["tag_a", "tag_b"] if task == "multilabel" else [settings["target"]]
    given = {"epochs": 5, "hidden": (20,), "random_state": 0, "runs": str(folder), **settings}
    run = xent.train(frame.select(*FEATURES, *names), **given)
    if task == "binary":
        decide_run(run, {"cost_fn": 5.0, "cost_fp": 1.0})
    return run


def asked() -> pl.DataFrame:
    """Return rows with missing values, strange texts and offsets."""
    rows = table(40).select(FEATURES).with_columns(pl.col("smokes").cast(pl.Float64))
    strange = pl.Series("city", ["never seen", "", "🙂", "NA"] * 10)
    return pl.concat([rows, rows.with_columns(strange, pl.col("age") + 1e6)])


def test_the_browser_says_what_predict_says(
    site: tuple[Path, str], open_page: Callable[..., Any], tmp_path: Path
) -> None:
    folder, address = site
    runs = {task: trained(task, tmp_path) for task in SETTINGS}
    for task, run in runs.items():
        export(run, folder / f"{task}.onnx", n_checked=200)
    watched = open_page(f"{address}?model=binary.onnx")
    watched.page.wait_for_function("window.xent && window.xent.model")
    rows = asked()
    for task, run in runs.items():
        said = watched.page.evaluate(
            """async ([address, rows]) =>
            await window.xent.predict(await window.xent.load(address), rows)""",
            [f"{task}.onnx", rows.to_dicts()],
        )
        assert_same(task, run, rows, said)
    assert watched.said == []
    asked_of = {url.rsplit("/", 1)[-1] for url in watched.requested}
    assert asked_of <= {*FILES, *(f"{task}.onnx" for task in SETTINGS)}


def assert_same(task: str, run: Run, rows: pl.DataFrame, said: list[dict[str, Any]]) -> None:
    name = "mean" if task == "regression" else "probabilities"
    got = np.array([one[name] for one in said])
    expected = run.predict(rows)[:, None] if name == "mean" else run.predict_proba(rows)
    scale = max(1.0, np.abs(expected).max()) if name == "mean" else 1.0
    assert np.abs(got - expected).max() / scale <= 1e-6, task
    assert all(one["decided"] for one in said)
    if task != "regression":
        decided = np.array([one["decision"] for one in said])
        np.testing.assert_array_equal(decided, run.predict(rows).reshape(decided.shape))


def test_the_form_predicts_a_row_and_mistakes_are_told(
    site: tuple[Path, str], open_page: Callable[..., Any], tmp_path: Path
) -> None:
    folder, address = site
    run = trained("binary", tmp_path)
    export(run, folder / "model.onnx", n_checked=200)
    page = open_page(address).page
    page.fill("input[name=age]", "70")
    page.fill("input[name=offset]", "10000001")
    page.fill("input[name=city]", "Oslo")
    page.click("button")
    page.wait_for_selector("#says:not([hidden])")
    row = pl.DataFrame({"age": 70.0, "offset": 10000001.0, "smokes": None, "city": "Oslo"}).cast(
        {"smokes": pl.Float64}
    )
    assert page.inner_text("#decision") == f"Decision: {run.predict(row)[0]}"
    shown = page.inner_text("#says").split()
    assert shown[::2] == ["ill", "well"]
    np.testing.assert_allclose(
        [float(p) for p in shown[1::2]], run.predict_proba(row)[0], atol=2e-6
    )
    other = open_page(f"{address}?model=nothing.onnx").page
    other.wait_for_function("document.querySelector('#state').textContent.includes('error')")
    assert "nothing.onnx: 404" in other.inner_text("#state")
    (folder / "other.onnx").write_bytes(b"\x08\x09no model")
    other = open_page(f"{address}?model=other.onnx").page
    other.wait_for_function("document.querySelector('#state').textContent.includes('error')")
    assert "is no model that xent has exported" in other.inner_text("#state")
    model = onnx.load(folder / "model.onnx")
    (columns,) = (entry for entry in model.metadata_props if entry.key == "columns")
    columns.value = "[]"  # as a model of images has it
    onnx.save(model, folder / "images.onnx")
    other = open_page(f"{address}?model=images.onnx").page
    other.wait_for_function("document.querySelector('#state').textContent.includes('error')")
    assert "images.onnx takes images" in other.inner_text("#state")
