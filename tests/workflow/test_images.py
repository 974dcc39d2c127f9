"""Images from the source to the run: parts, training, predictions, resume, the linear baseline, the doctor."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from tests.data.image_sources import NAMES, digit_files, digits, encoded, write_files, write_zip

import xent
from xent.cli import main
from xent.data import ImageEncoder, ImageReading, read_images
from xent.distributions import Bernoulli, Categorical, Gaussian
from xent.errors import XentError
from xent.runs import Run, load_run
from xent.training import Part, TrainingSettings
from xent.workflow.baseline import fit_baseline
from xent.workflow.data_settings import DataSettings
from xent.workflow.diagnosing import DataColumns, diagnose_data, diagnose_run
from xent.workflow.image_averages import ImageAverages
from xent.workflow.image_columns import images_described
from xent.workflow.preparing import PreparedData, prepare

if TYPE_CHECKING:
    from pathlib import Path

N = 300
QUICK: dict[str, Any] = {"network": "mlp", "hidden": (16,), "epochs": 2, "random_state": 0}


def prepared(source: object, **data: Any) -> PreparedData:
    return prepare(source, DataSettings(**data), TrainingSettings(dtype="float32"), 0)


def classes(n: int = N) -> dict[str, np.ndarray]:
    images, labels = digits(n)
    return {"images": images, "labels": np.array(NAMES)[labels]}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("source") / "digits", digit_files(N))


@pytest.fixture(scope="module")
def run(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return xent.train(source, runs=tmp_path_factory.mktemp("runs"), **QUICK)


def test_folders_name_the_target_and_pixels_stay_bytes(source: Path) -> None:
    parts = prepared(source)
    assert parts.settings.target == "label"
    assert parts.target.task == "multiclass"
    assert isinstance(parts.encoder, ImageEncoder)
    for rows in parts.parts.values():
        assert rows.X.dtype == np.uint8
        assert rows.X.shape[1:] == (1, 8, 8)
        assert np.array_equal(rows.X, parts.table.pixels[rows.rows])
        assert rows.file.to_list() == parts.table.frame["file"][rows.rows].to_list()
    report = parts.report()
    assert report[0] == "digits: 300 gray images of 8x8 pixels"
    assert report[1].startswith("target label: multiclass")
    assert report[2:] == [line for line in report if "rows train" in line]


def test_part_folders_are_the_parts(tmp_path: Path) -> None:
    files = {**digit_files(220, "train/"), **{f"test/{k}": v for k, v in digit_files(40).items()}}
    parts = prepared(write_zip(tmp_path / "d.zip", files))
    assert parts.settings.split == "split"
    assert [len(rows.X) for rows in parts.parts.values()] == [176, 44, 40]
    assert all(name.startswith("test/") for name in parts.parts["test"].file)
    # the test images are among the training ones: that is said, as for tables
    assert parts.split.n_torn > 0
    with pytest.raises(XentError, match="split and test exclude each other"):
        prepared(tmp_path / "d.zip", test=tmp_path / "d.zip")


def test_identical_images_never_stand_on_both_sides() -> None:
    images, labels = digits(260)
    again = np.concatenate([images, images[:130]])
    parts = prepared({"images": again, "labels": np.concatenate([labels, labels[:130]])})
    where = {part: set(rows.rows.tolist()) for part, rows in parts.parts.items()}
    for row in range(130):
        assert any({row, row + 260} <= rows for rows in where.values())
    assert parts.split.n_kept_together == 130


def test_one_encoder_for_a_test_source_of_another_size_and_mode(tmp_path: Path) -> None:
    color = {
        name: encoded(np.repeat(np.full((20, 12, 1), 99, np.uint8), 3, 2))
        for name in list(digit_files(20))
    }
    parts = prepared(classes(), test=write_files(tmp_path / "other", color))
    test = parts.parts["test"]
    assert test.X.shape == (20, 1, 8, 8)
    assert (test.X == 99).all()
    assert parts.split.test.size == 0


def test_labels_weights_groups_and_splits_of_arrays() -> None:
    images, labels = digits(240)
    weight = np.linspace(0, 2, 240)
    parts = prepared({"images": images, "labels": labels, "weight": weight}, weight="weight")
    training = parts.parts["training"]
    assert training.weight == pytest.approx(weight[training.rows])
    group = np.arange(240) // 6
    parts = prepared({"images": images, "labels": labels, "group": group}, group="group")
    of_part = [set(group[rows.rows]) for rows in parts.parts.values()]
    assert not of_part[0] & of_part[1]
    assert not of_part[0] & of_part[2]
    split = np.array(["train", "validation", "test"])[np.arange(240) % 3]
    parts = prepared({"images": images, "labels": labels, "split": split})
    assert [len(rows.X) for rows in parts.parts.values()] == [80, 80, 80]
    several = prepared({"images": images, "labels": np.eye(10, dtype=np.int64)[labels]})
    assert several.target.task == "multilabel"
    assert several.settings.targets == tuple(f"label_{k}" for k in range(10))
    number = prepared({"images": images, "labels": labels + 0.25 * (labels > 4)}, task="regression")
    assert number.parts["training"].y.dtype == np.float64


def test_mistakes_are_named_with_the_cure(source: Path, tmp_path: Path) -> None:
    images, _ = digits(30)
    cats = {f"cats/{place}.png": encoded(images[place]) for place in range(2)}
    one_class = write_files(tmp_path / "one", cats)
    for given, settings, text in (
        ({"images": images}, {}, "has no labels. Give labels beside the images"),
        ({"images": images, "labels": np.zeros(30, int)}, {}, "one"),
        (pl.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}), {"target": "y", "image_size": 8}, "image_size is for images"),
        (pl.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}), {"target": "y", "skip_corrupt": True}, "skip_corrupt is for"),
        (source, {"target": "labels"}, "Did you mean 'label'"),
        (source, {"numeric": ["file"]}, "cannot be learned from beside images"),
        (one_class, {}, "class"),
        (tmp_path, {"image_size": 0}, "image_size must be a side"),
        (source, {"image_size": 8.5}, "image_size must be a side"),
        (source, {"skip_corrupt": "yes"}, "skip_corrupt must be True or False"),
        (source, {"image_column": 3}, "image_column must be the name of a column"),
    ):  # fmt: skip
        with pytest.raises(XentError, match=text):
            prepared(given, **settings)
    assert DataSettings(image_size=12).image_size == "12"
    assert DataSettings(image_size="12x12").image_size == "12"
    assert DataSettings(image_size="30x20").image_reading().size == (20, 30)


def test_a_run_predicts_and_judges_every_kind_of_source(
    run: Run, source: Path, tmp_path: Path
) -> None:
    again = load_run(run.folder)
    table = again.read(source)
    proba = again.predict_proba(table)
    assert proba.shape == (N, 10)
    rows = again.predict_table(table)
    assert rows.columns[:4] == ["row", "part", "file", "y"]
    assert rows["file"].to_list() == table.frame["file"].to_list()
    held = again.predictions
    assert held["file"].to_list() == table.frame["file"][held["row"].to_numpy()].to_list()
    z = rows[held["row"].to_numpy()].select("^z_.*$").to_numpy()
    assert z == pytest.approx(held.select("^z_.*$").to_numpy(), abs=1e-5)
    arrays = {"images": table.pixels, "labels": table.frame["label"].to_numpy().astype(str)}
    np.savez(tmp_path / "d.npz", **arrays)
    for other in (
        arrays,
        table.pixels,
        tmp_path / "d.npz",
        write_zip(tmp_path / "d.zip", digit_files(N)),
    ):
        assert again.predict_proba(other) == pytest.approx(proba, abs=1e-6)
    assert again.evaluate(source).parts["new data"].figures["accuracy"].value == pytest.approx(
        (again.predict(source) == table.frame["label"].to_numpy()).mean()
    )
    first = source / table.frame["file"][0]
    assert again.predict_proba(first) == pytest.approx(proba[:1], abs=1e-6)
    flat = write_files(tmp_path / "flat", {f"{k}.png": (source / name).read_bytes()
                                           for k, name in enumerate(table.frame["file"][:3])})  # fmt: skip
    assert again.predict_proba(flat) == pytest.approx(proba[:3], abs=1e-6)
    assert "y" not in again.predict_table(flat).columns
    with pytest.raises(XentError, match="has no column 'label', the target"):
        again.evaluate(flat)
    assert again.notes(source)[-1].endswith("figures on its training rows flatter")
    assert len(again.activations(first)) == len(again.model.engine.network.layers)


def test_folders_and_numbers_are_the_same_classes(tmp_path: Path) -> None:
    images, labels = digits(240)
    run = xent.train({"images": images, "labels": labels}, runs=tmp_path / "runs", **QUICK)
    files = {
        f"{label}/{k}.png": encoded(image)
        for k, (image, label) in enumerate(zip(images, labels, strict=True))
    }
    folder = write_files(tmp_path / "numbers", files)
    known = (
        run.evaluate({"images": images, "labels": labels})
        .parts["new data"]
        .figures["accuracy"]
        .value
    )
    assert run.evaluate(folder).parts["new data"].figures["accuracy"].value == known
    write_files(folder, {"ten/1.png": encoded(images[0])})
    with pytest.raises(XentError, match="ten"):
        run.evaluate(folder)


def test_the_studio_knows_a_run_of_images(run: Run) -> None:
    from xent.studio.run_views import run_json
    from xent.studio.runs_index import RunsIndex

    found = run_json(RunsIndex(run.folder.parent), run.folder.name)
    assert found["images"] == [1, 8, 8]
    assert found["columns"] == []
    assert found["can_predict"]


def test_other_sizes_are_brought_to_that_of_the_training_and_it_is_said(
    run: Run, tmp_path: Path
) -> None:
    files = {
        "1.png": encoded(np.full((20, 30, 3), 40, np.uint8)),
        "2.png": encoded(np.full((8, 8), 40, np.uint8)),
    }
    table = run.read(write_files(tmp_path / "new", files))
    assert table.pixels.shape == (2, 1, 8, 8)
    (line,) = run.notes(table)
    assert "1 of 2 images have another size and were resized and cropped to 8x8" in line
    p = run.predict_proba(table)
    assert p[0] == pytest.approx(p[1], abs=1e-6)
    array = run.read(np.full((3, 20, 30), 40, np.uint8))
    assert "3 of 3 images have another size and were resized and cropped to 8x8" in array.notes[0]
    assert run.read(np.full((3, 8, 8, 3), 40, np.uint8)).notes == ()


def test_what_needs_columns_says_so_of_images(run: Run) -> None:
    with pytest.raises(XentError, match="learned from images, which have no columns"):
        _ = run.column_encoder
    with pytest.raises(XentError, match="has no images, which the model needs"):
        run.predict(pl.DataFrame({"x": [1.0]}))


def test_the_encoder_must_belong_to_the_model(run: Run, tmp_path: Path, source: Path) -> None:
    import shutil

    shutil.copytree(run.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "encoder.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"height": 16, "width": 16}))
    with pytest.raises(XentError, match=r"encoder.json is damaged"):
        load_run(tmp_path / "copy").predict(source)


def test_the_command_line_predicts_and_judges(
    run: Run, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(run.folder), str(source), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_rows"] == N
    assert found["predictions"][0]["file"].endswith(".png")
    assert main(["evaluate", str(run.folder), str(source), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["task"] == "multiclass"
    output = tmp_path / "p.csv"
    assert main(["predict", str(run.folder), str(source / "one"), "-o", str(output)]) == 0
    assert pl.read_csv(output)["file"].to_list()[:2] == ["1.png", "11.png"]
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["predict", str(run.folder), str(tmp_path)]) == 2
    assert "holds no PNG or JPEG image. Name a table in it" in capsys.readouterr().err
    assert main(["diagnose", str(source)]) == 0
    assert "found by" in capsys.readouterr().out


def test_skipped_files_are_warned_of_and_stand_in_the_record(tmp_path: Path) -> None:
    files = digit_files(60)
    names = list(files)
    files[names[4]] = b"broken"
    root = write_files(tmp_path / "d", files)
    settings = {**QUICK, "runs": tmp_path / "runs", "validation_fraction": 0.0}
    with pytest.raises(XentError, match="1 of 60 images cannot be read"):
        xent.train(root, **settings)
    with pytest.warns(UserWarning, match="skipped"):
        run = xent.train(root, skip_corrupt=True, **settings)
    assert any(names[4] in line and line.endswith("skipped") for line in run.record.warnings)
    assert run.record.data.n_rows == 59
    with pytest.warns(UserWarning, match="skipped"):
        assert len(load_run(run.folder).predict(root)) == 59


class BreakOff(xent.Callback):
    def __init__(self, at: int) -> None:
        self.at = at

    def epoch_begin(self, moment: Any) -> None:
        if moment.epoch == self.at:
            raise RuntimeError("broken off")


def test_a_broken_off_training_of_arrays_or_files_resumes_to_the_same_run(
    source: Path, tmp_path: Path
) -> None:
    settings = {**QUICK, "epochs": 4, "early_stopping": False, "engine": "torch"}
    for given in (classes(), source):
        whole = xent.train(given, runs=tmp_path / "whole", **settings)
        with pytest.raises(RuntimeError, match="broken off"):
            xent.train(given, runs=tmp_path / "cut", callbacks=[BreakOff(3)], **settings)
        (folder,) = (tmp_path / "cut").iterdir()
        assert (folder / "checkpoints" / "table.npy").exists() == isinstance(given, dict)
        resumed = xent.resume(folder)
        assert resumed.status == "finished"
        assert (folder / "history.jsonl").read_bytes() == (
            whole.folder / "history.jsonl"
        ).read_bytes()
        assert (folder / "model.safetensors").read_bytes() == (
            whole.folder / "model.safetensors"
        ).read_bytes()
        assert not list((folder / "checkpoints").glob("table*"))
        folder.rename(tmp_path / f"done {len(list(tmp_path.iterdir()))}")


def test_a_changed_image_or_a_damaged_copy_is_not_resumed(tmp_path: Path) -> None:
    root = write_files(tmp_path / "d", digit_files(60))
    for given in (root, classes(60)):
        runs = tmp_path / f"runs {isinstance(given, dict)}"
        with (
            pytest.warns(UserWarning, match="too few"),
            pytest.raises(RuntimeError, match="broken off"),
        ):
            xent.train(given, runs=runs, callbacks=[BreakOff(2)], **QUICK)
        (folder,) = runs.iterdir()
        if isinstance(given, dict):
            copy = folder / "checkpoints" / "table.npy"
            copy.write_bytes(copy.read_bytes()[:-1] + b"\7")
            text = "table.npy is damaged"
        else:
            (root / "one" / "1.png").write_bytes(encoded(np.zeros((8, 8), np.uint8)))
            text = "has changed since the training began"
        with pytest.raises(XentError, match=text):
            xent.resume(folder)


def test_a_table_of_files_trains_labels_and_numbers(source: Path, tmp_path: Path) -> None:
    table = read_images(source)
    value = np.array([NAMES.index(label) for label in table.frame["label"]])
    frame = pl.DataFrame(
        {"scan": [f"digits/{name}" for name in table.frame["file"]], "is_even": value % 2 == 0,
         "is_big": value > 4, "value": value + 0.5, "age": np.arange(N)}
    )  # fmt: skip
    path = source.parent / "people.csv"
    frame.write_csv(path)
    several = xent.train(path, image_column="scan", targets=["is_*"], runs=tmp_path, **QUICK)
    assert several.record.task == "multilabel"
    assert several.predict(path).shape == (N, 2)
    # the same images without the table
    assert several.predict(source).shape == (N, 2)
    number = xent.train(
        path, image_column="scan", target="value", drop="age", runs=tmp_path, **QUICK
    )
    assert number.record.task == "regression"
    assert number.predictions["file"][0].startswith("digits/")
    assert np.array_equal(number.predict(path), number.predict(source))
    assert number.evaluate(path).parts["new data"].figures["rmse"].value > 0
    assert set(diagnose_run(number)) == {"training", "test", "units", "data"}
    with pytest.raises(XentError, match="target is needed"):
        prepared(path, image_column="scan")


@pytest.mark.parametrize(
    ("shape", "blocks"), [((1, 28, 28), 256), ((3, 40, 17), 768), ((1, 5, 3), 15)]
)
def test_block_means_are_means_of_blocks(shape: tuple[int, ...], blocks: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, *shape), dtype=np.uint8)
    averages = ImageAverages.fit(images)
    rows = averages.rows_of(images)
    assert rows.shape == (7, blocks)
    assert rows.mean(axis=0) == pytest.approx(np.zeros(blocks), abs=1e-14)
    top = np.append(averages.top, shape[1])
    left = np.append(averages.left, shape[2])
    raw = (rows + averages.mean).reshape(7, shape[0], len(top) - 1, len(left) - 1)
    for i, j in ((0, 0), (len(top) - 2, len(left) - 2)):
        block = images[:, :, top[i] : top[i + 1], left[j] : left[j + 1]] / 255
        assert raw[:, :, i, j] == pytest.approx(block.mean(axis=(2, 3)))


def test_the_linear_baseline_of_images_says_what_it_saw() -> None:
    images, labels = digits(200)
    big = images[:, None].repeat(4, 2).repeat(4, 3)
    part = Part(big, labels)
    baseline = fit_baseline(Categorical(10), part)
    assert baseline.name == "logistic regression on 16x16 block means"
    assert (baseline.predict(big).argmax(1) == labels).mean() > 0.95
    rows = images.reshape(200, -1) / 255
    plain = fit_baseline(Categorical(10), Part(rows - rows.mean(axis=0), labels))
    small = fit_baseline(Categorical(10), Part(images[:, None], labels))
    assert small.predict(images[:, None]) == pytest.approx(
        plain.predict(rows - rows.mean(axis=0)), abs=1e-3
    )
    number = fit_baseline(Gaussian(), Part(big, labels + 0.5))
    assert number.name == "ridge regression on 16x16 block means"
    weight = np.where(labels < 2, 1.0, 0.0)
    binary = fit_baseline(Bernoulli(), Part(big, (labels == 1) * 1.0, weight))
    ones = labels < 2
    assert ((binary.predict(big[ones])[:, 0] > 0) == (labels[ones] == 1)).all()


def test_very_many_images_are_thinned_for_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xent.workflow.baseline._MOST_IMAGES", 60)
    images, labels = digits(200)
    assert fit_baseline(Categorical(10), Part(images[:, None], labels)).averages is not None
    weight = (np.arange(200) % 4 == 1) * 1.0  # none of every fourth row from the first
    fitted = fit_baseline(Categorical(10), Part(images[:, None], labels, weight))
    assert np.isfinite(fitted.predict(images[:, None])).all()


def test_the_doctor_finds_leaks_of_light_copies_and_contradictions() -> None:
    images, labels = digits(240)
    rng = np.random.default_rng(0)
    classes = labels % 2
    healthy = diagnose_data({"images": images, "labels": classes}, DataColumns("label"))
    assert not [finding for finding in healthy.findings if finding.check == "leak"]
    light = np.where(classes[:, None, None] == 1, images // 2 + 120, images // 2).astype(np.uint8)
    checks = {
        f.check
        for f in diagnose_data({"images": light, "labels": classes}, DataColumns("label")).findings
    }
    assert "leak" in checks
    part = np.where(rng.random(240) < 0.5, "train", "test")
    doubled = {"images": np.concatenate([images, images[:60]]), "labels": np.concatenate([classes, 1 - classes[:60]]),
               "split": np.concatenate([part, np.where(part[:60] == "train", "test", "train")])}  # fmt: skip
    checks = {finding.check for finding in diagnose_data(doubled, DataColumns("label")).findings}
    assert {"contradicting labels", "copies across parts"} <= checks
    with pytest.raises(XentError, match="group"):
        diagnose_data(doubled, DataColumns("label", group="grop"))
    table = images_described(
        read_images({"images": images[:, :, :, None].repeat(3, 3), "weight": np.ones(240)}),
        ["weight"],
    )
    assert table.columns == (
        "weight",
        "brightness",
        "contrast",
        "border",
        "red",
        "green",
        "blue",
        "pixels",
    )
    assert table.frame["red"].to_numpy() == pytest.approx(images.mean(axis=(1, 2)))


def test_the_real_photographs_become_parts(shared_data: Path) -> None:
    parts = prepared(shared_data / "cats_dogs_128.zip")
    assert [len(rows.X) for rows in parts.parts.values()] == [1600, 400, 2000]
    assert parts.target.positive == "dogs"
    assert parts.split.n_torn == 0


def test_reading_needs_no_second_look_at_a_table() -> None:
    table = read_images(classes(240), ImageReading())
    assert prepared(table).table is table
