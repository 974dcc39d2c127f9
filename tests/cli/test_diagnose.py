"""xent diagnose: predictions, data, a run."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest


@pytest.fixture
def predictions(tmp_path):
    generator = np.random.default_rng(0)
    z = generator.normal(size=600) * 1.5
    y = (generator.random(600) < 1 / (1 + np.exp(-z))).astype(int)
    p = 1 / (1 + np.exp(-z))
    twice = 1 / (1 + np.exp(-p))
    lines = [f"{a},{b:.6f},{c:.6f},{d:.6f}" for a, b, c, d in zip(y, p, twice, z, strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["y,p,twice,z", *lines]) + "\n")
    return "p.csv"


def test_predictions(xent, predictions):
    healthy = xent("diagnose", predictions, "--label", "y", "--probability", "p")
    assert healthy.code == 0
    assert "othing" in healthy.out
    squeezed = xent("diagnose", predictions, "--label", "y", "--probability", "twice", "--json")
    described = json.loads(squeezed.out)["predictions"]
    assert described["findings"]
    assert xent("diagnose", predictions, "--label", "y", "--logit", "z").code == 0
    wrong = xent("diagnose", predictions, "--label", "y", "--probability", "z")
    assert "logit" in wrong.out


def test_data(xent, tmp_path):
    rows = [f"{i % 2},{i % 2},{(i * 7) % 11}" for i in range(200)]
    (tmp_path / "d.csv").write_text("\n".join(["y,leak,x", *rows]) + "\n")
    outcome = xent("diagnose", "d.csv", "--target", "y")
    assert outcome.code == 0
    assert "leak" in outcome.out


def test_quotes_protect_a_comma_in_a_dropped_name(xent, tmp_path):
    rows = [f"{i % 2},{i % 2},{(i * 7) % 11}" for i in range(200)]
    (tmp_path / "d.csv").write_text("\n".join(['y,"paid, late",x', *rows]) + "\n")
    outcome = xent("diagnose", "d.csv", "--target", "y", "--drop", '"paid, late"')
    assert outcome.code == 0
    assert "leak" not in outcome.out


def test_a_network_that_beats_a_line_does_not_fit_too_little(xent, tmp_path):
    """Losses of numbers are compared under one standard deviation, that of the training."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 1000))
    y = 1e5 * (a + 0.3 * a * b + 0.3 * generator.normal(size=1000))
    pl.DataFrame({"a": a, "b": b, "y": y}).write_csv(tmp_path / "d.csv")
    xent("train", "d.csv", "--target", "y", "--epochs", "20", "--hidden", "32", "--seed", "1")
    (run,) = (tmp_path / "runs").iterdir()
    evaluation = json.loads((run / "evaluation.json").read_text())
    network, line = evaluation["verdict"], evaluation["baseline"]["verdict"]
    rmse = [each["parts"]["training"]["figures"]["rmse"]["value"] for each in (network, line)]
    assert 0.6 < rmse[0] / rmse[1] < 0.95
    findings = json.loads(xent("diagnose", run, "--json").out)["training"]["findings"]
    found = {finding["check"] for finding in findings}
    assert not found & {"under-fitting", "nothing learned", "worse than constant"}


def test_a_run_of_one_number_is_diagnosed(xent, tmp_path):
    a = np.random.default_rng(0).normal(size=260)
    pl.DataFrame({"a": a, "y": np.full(260, 3.5)}).write_csv(tmp_path / "d.csv")
    settings = ["--task", "regression", "--epochs", "2", "--hidden", "2", "--seed", "1"]
    xent("train", "d.csv", "--target", "y", *settings)
    (run,) = (tmp_path / "runs").iterdir()
    found = json.loads(xent("diagnose", run, "--json").out)
    assert "constant target" in {finding["check"] for finding in found["data"]["findings"]}


@pytest.mark.parametrize("target", ["label", "color", "width"])
def test_a_run(xent, table, tmp_path, target):
    xent("train", table, "--target", target, "--epochs", "6", "--hidden", "4", "--seed", "1")
    (run,) = (tmp_path / "runs").iterdir()
    outcome = xent("diagnose", run)
    assert outcome.code == 0
    assert outcome.out.startswith("training\n")
    for place in ("test", "units", "data"):
        assert f"\n{place}\n" in outcome.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name the truth of predictions"),
        (["--label", "y", "--target", "y"], "give one of them"),
        (["--label", "y"], "exactly one of"),
        (["--target", "nothing"], "no column 'nothing'"),
    ],
)
def test_mistakes_get_one_line(xent, predictions, options, message):
    outcome = xent("diagnose", predictions, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def write(path, columns):
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")


def checks(outcome, place="predictions"):
    assert outcome.code == 0, outcome.err
    return [found["check"] for found in json.loads(outcome.out)[place]["findings"]]


@pytest.fixture
def several(tmp_path):
    """Write calibrated probabilities of three classes, three labels and numbers."""
    generator = np.random.default_rng(0)
    z = 2 * generator.normal(size=(800, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = (generator.random((800, 1)) > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
    species = np.array(["ash", "elm", "oak"])[y]
    columns = {
        "species": species,
        **{f"p_{n}": p[:, k] for k, n in enumerate(("ash", "elm", "oak"))},
    }
    columns |= {f"z_{n}": z[:, k] for k, n in enumerate(("ash", "elm", "oak"))}
    s = 1 / (1 + np.exp(-z))
    columns |= {f"y_{k}": (generator.random(800) < s[:, k]).astype(int) for k in range(3)}
    columns |= {f"s_{k}": s[:, k] for k in range(3)}
    price = 3 * z[:, 0] + generator.normal(size=800)
    columns |= {"price": price, "mean": 3 * z[:, 0], "low": 3 * z[:, 0] - 1.645}
    columns |= {"high": 3 * z[:, 0] + 1.645, "narrow": 3 * z[:, 0] + 0.5}
    write(tmp_path / "several.csv", columns)
    return "several.csv"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--label", "species", "--probability", "p_*"], []),
        (["--label", "species", "--logit", "z_*"], []),
        (["--label", "species", "--probability", "z_*"], ["logits as probabilities"]),
        (["--label", "species", "--logit", "p_*"], ["squeezed twice"]),
        (["--label", "y_*", "--probability", "s_*"], []),
        (["--label", "y_*", "--probability", "s_1,s_0,s_2"], ["swapped columns"]),
        (["--label", "price", "--prediction", "mean"], []),
        (["--label", "price", "--prediction", "low"], ["mean bias"]),
        (
            [
                *("--label", "price", "--prediction", "mean"),
                *("--low", "low", "--high", "high", "--level", "0.9"),
            ],
            [],
        ),
        (
            ["--label", "price", "--prediction", "mean", "--low", "low", "--high", "narrow"],
            ["wrong coverage"],
        ),
    ],
)
def test_predictions_of_every_task(xent, several, options, found):
    assert checks(xent("diagnose", several, *options, "--json")) == found


def test_classes_are_called_by_their_names(xent, tmp_path, several):
    text = (tmp_path / several).read_text()
    renamed = text.replace("p_ash,p_elm", "p_elm,p_ash", 1)
    (tmp_path / "renamed.csv").write_text(renamed)
    outcome = xent("diagnose", "renamed.csv", "--label", "species", "--probability", "p_*")
    assert "swapped columns" in outcome.out
    assert "elm fits column ash" in outcome.out


@pytest.mark.parametrize("target", ["label", "color", "width"])
def test_the_predictions_of_a_run(xent, table, tmp_path, target):
    xent("train", table, "--target", target, "--epochs", "3", "--hidden", "4", "--seed", "1")
    (run,) = (tmp_path / "runs").iterdir()
    outcome = xent("diagnose", run / "predictions.parquet", "--json")
    found = json.loads(outcome.out)
    assert set(found) == {"validation", "test"}
    assert "constant output" in found["test"]["ran"]


def test_labels_with_commas_in_their_names_keep_their_columns(xent, tmp_path):
    generator = np.random.default_rng(0)
    z = 2 * generator.normal(size=(600, 2))
    p = 1 / (1 + np.exp(-z))
    y = (generator.random((600, 2)) < p).astype(int)
    columns = {"row": range(600), "part": ["test"] * 600, "y_a, b": y[:, 0], "y_c": y[:, 1]}
    pl.DataFrame({**columns, "p_c": p[:, 1], "p_a, b": p[:, 0]}).write_parquet(
        tmp_path / "predictions.parquet"
    )
    found = json.loads(xent("diagnose", "predictions.parquet", "--json").out)["test"]
    assert found["findings"] == []
    assert "swapped columns" in found["ran"]


def test_a_run_whose_table_is_gone_or_changed(xent, table, tmp_path):
    xent("train", table, "--target", "label", "--epochs", "2", "--hidden", "4", "--seed", "1")
    (run,) = (tmp_path / "runs").iterdir()
    whole = json.loads(xent("diagnose", run, "--json").out)
    assert set(whole) == {"training", "test", "units", "data"}
    assert "drift" in whole["data"]["ran"]
    assert "starts too high" in whole["training"]["ran"]
    table.write_text(table.read_text() + "0,0,red,yes\n")
    assert "has changed since" in xent("diagnose", run).out
    table.unlink()
    assert "cannot be read" in xent("diagnose", run).out


def test_a_run_of_labels(xent, tmp_path, shared_data):
    xent(
        *("train", shared_data / "emotions.csv", "--targets", "label_*"),
        *("--epochs", "4", "--hidden", "8", "--seed", "1", "--dropout", "0.1"),
    )
    (run,) = (tmp_path / "runs").iterdir()
    found = json.loads(xent("diagnose", run, "--json").out)
    assert set(found) == {"training", "test", "units", "data"}
    assert "exclusive labels" in found["data"]["ran"]
    assert "under-fitting" in found["training"]["left_out"]
    saved = json.loads(xent("diagnose", run / "predictions.parquet", "--json").out)
    assert "swapped columns" in saved["test"]["ran"]


def test_data_of_every_task(xent, tmp_path):
    generator = np.random.default_rng(0)
    n = 600
    part = np.where(np.arange(n) % 3 == 0, "test", "train")
    x, price = generator.normal(size=n), generator.normal(size=n) * 5
    labels = (generator.random((n, 2)) < 0.5).astype(int)
    write(
        tmp_path / "data.csv",
        {
            "x": x,
            "price": price,
            "logged": np.exp(price),
            "site": np.arange(n) // 7,
            "part": part,
            "day": np.arange(n),
            "a": labels[:, 0],
            "b": labels[:, 1],
            "gaps": ["" if value > 1 else f"{value:.6f}" for value in x],
        },
    )

    def data(*options):
        return checks(xent("diagnose", "data.csv", *options, "--json"), "data")

    others = ["--drop", "a,b,gaps"]
    assert data("--target", "price", "--drop", "a,b,gaps,day") == ["leak"]
    settings = ["--part", "part", "--group", "site", "--time", "day"]
    assert data("--target", "price", *settings, "--drop", "a,b,gaps,logged") == [
        "groups across parts",
        "future in training",
    ]
    assert "leak" in data("--target", "price", "--task", "regression", *others)
    assert data("--target", "a,b", "--drop", "gaps,day") == []
    assert "missing targets" in data("--target", "gaps", "--drop", "day,a,b")
    # dates and times that are text or missing
    assert data("--target", "a", "--time", "day", "--drop", "b,gaps,site") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--probability", "p"], "--probability needs --label"),
        (["--low", "p"], "--low needs --label"),
        (["--group", "p"], "--group needs --target"),
        (["--label", "y", "--prediction", "p", "--low", "p"], "belong together"),
        (["--label", "y", "--prediction", "p", "--low", "q", "--high", "p"], "no column 'q'"),
        (["--target", "y", "--task", "regresion"], "Did you mean"),
        (["--target", "y", "--drop", "q"], "no column 'q'"),
        (["--target", "y", "--drop", "p,twice,z"], "no column beside the target"),
    ],
)
def test_options_that_do_not_fit_get_one_line(xent, predictions, options, message):
    outcome = xent("diagnose", predictions, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_decisions_alone_and_missing_values(xent, tmp_path):
    write(
        tmp_path / "d.csv",
        {"y": [0, 1, 1], "x": [1, 2, 3], "low": ["a", "b", "c"], "m": [1, "", 2]},
    )
    settings = ["--label", "y", "--prediction", "x", "--high", "x"]
    text = xent("diagnose", "d.csv", *settings, "--low", "low")
    assert "must hold numbers" in text.err
    missing = xent("diagnose", "d.csv", *settings, "--low", "m")
    assert "1 missing values" in missing.err
    write(tmp_path / "empty.csv", {"y": ["", "", ""], "x": [1, 2, 3]})
    assert "is missing" in xent("diagnose", "empty.csv", "--target", "y").err
