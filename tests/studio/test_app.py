"""The list, one run, comparison, the stream: what the API says of real runs, whole and damaged."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import xent
from xent.studio.openapi import openapi_json

if TYPE_CHECKING:
    from pathlib import Path

    from tests.studio.conftest import Served

HOSTILE = "<script>alert(1)</script>"


class TestList:
    def test_every_run_with_its_figures(self, studio: Served) -> None:
        runs = {run["id"]: run for run in studio.get("/api/runs").json()["runs"]}
        assert set(runs) == {"mixed", "wider", "wine", "diabetes", "labels"}
        for name, run in runs.items():
            verdict = xent.load_run(studio.root / name).verdict
            assert (run["task"], run["status"], run["part"]) == (verdict.task, "finished", "test")
            expected = verdict.to_json()["parts"]["test"]["figures"]
            assert run["figures"] == expected
            assert len(expected) > 3

    def test_damaged_runs_are_shown_as_damaged(self, own_studio: Served, runs: Path) -> None:
        (runs / "wine" / "run.json").write_text("{")
        (runs / "mixed" / "evaluation.json").write_bytes(b"\xff")
        (runs / "diabetes" / "run.json").unlink()
        (runs / "empty").mkdir()
        (runs / "file").write_text("")
        found = {run["id"]: run for run in own_studio.get("/api/runs").json()["runs"]}
        assert set(found) == {"wine", "mixed", "wider", "labels"}
        assert found["wine"]["status"] == found["mixed"]["status"] == "damaged"
        assert "run.json is damaged" in found["wine"]["damaged"]
        assert str(runs) not in json.dumps(found)
        for rest in ("", "/history", "/findings", "/report", "/curves/1"):
            assert own_studio.get(f"/api/runs/wine{rest}").status_code in {200, 404, 409}
        assert own_studio.get("/api/runs/wine").json()["damaged"]

    def test_a_run_named_as_a_script(self, own_studio: Served, runs: Path) -> None:
        (runs / "wine").rename(runs / HOSTILE.replace("/", "\\"))
        name = HOSTILE.replace("/", "\\")
        assert name in {run["id"] for run in own_studio.get("/api/runs").json()["runs"]}
        answer = own_studio.get(f"/api/runs/{httpx.URL('/' + name).raw_path.decode()[1:]}")
        assert answer.json()["id"] == name

    def test_a_name_that_is_no_text_is_left_out(self, own_studio: Served, runs: Path) -> None:
        os.rename(os.fsencode(runs / "wine"), os.fsencode(runs) + b"/\xff")  # noqa: PTH104
        answer = own_studio.get("/api/runs")
        assert len(answer.json()["runs"]) == 4


class TestRun:
    def test_columns_for_the_form(self, studio: Served) -> None:
        run = studio.get("/api/runs/mixed").json()
        columns = {column["name"]: column for column in run["columns"]}
        assert columns["age"]["kind"] == "number"
        assert columns["member"]["kind"] == "boolean"
        assert columns["city"]["categories"] == ["Bonn", "Oslo", "Rome"]
        assert run["recipe"]["hidden"] == [8]
        assert run["command"][:2] == ["xent", "train"]
        assert run["can_predict"] is True

    def test_history_from_a_line_on(self, studio: Served) -> None:
        records = studio.get("/api/runs/mixed/history").json()["records"]
        assert [record["epoch"] for record in records] == list(range(1, 13))
        later = studio.get("/api/runs/mixed/history?from=10").json()["records"]
        assert later == records[10:]

    @pytest.mark.parametrize("first", ["-1", "x", "1e3", "9" * 5000, "١"])
    def test_history_from_nonsense(self, studio: Served, first: str) -> None:
        answer = studio.get("/api/runs/mixed/history", params={"from": first})
        assert answer.status_code == 422

    def test_a_damaged_line_is_skipped_and_told(self, own_studio: Served, runs: Path) -> None:
        history = runs / "mixed" / "history.jsonl"
        lines = history.read_text().splitlines()
        lines[4] = lines[4][:20]
        history.write_text("\n".join(lines) + "\n")
        answer = own_studio.get("/api/runs/mixed/history").json()
        assert answer["damaged"] == [5]
        assert len(answer["records"]) == 11
        warnings = own_studio.get("/api/runs/mixed/findings").json()["warnings"]
        assert "line 5 of history.jsonl is damaged" in warnings

    def test_curves(self, studio: Served) -> None:
        answer = studio.get("/api/runs/mixed/curves/10").json()
        expected = xent.load_run(studio.root / "mixed").curves(10)
        assert [curve["class"] for curve in answer["curves"]] == list(expected)
        roc, _ = expected["yes"]
        assert answer["curves"][0]["roc"]["tpr"] == roc.tpr.tolist()

    @pytest.mark.parametrize(
        ("epoch", "status"), [("11", 404), ("0", 404), ("x", 422), ("9" * 9999, 422)]
    )
    def test_curves_of_no_such_epoch(self, studio: Served, epoch: str, status: int) -> None:
        assert studio.get(f"/api/runs/mixed/curves/{epoch}").status_code == status

    def test_findings_are_those_of_the_doctor(self, studio: Served) -> None:
        from xent.workflow.diagnosing import diagnose_run

        expected = diagnose_run(xent.load_run(studio.root / "mixed"))["training"].to_json()
        assert studio.get("/api/runs/mixed/findings").json()["findings"] == expected["findings"]

    def test_the_report_follows_the_decision(self, own_studio: Served, runs: Path) -> None:
        from xent.workflow.deciding import decide_run

        before = own_studio.get("/api/runs/mixed/report").text
        assert own_studio.get("/api/runs/mixed/report").text == before
        decide_run(xent.load_run(runs / "mixed"), {"cost_fn": 50.0, "cost_fp": 1.0})
        after = own_studio.get("/api/runs/mixed/report").text
        assert "The decision" not in before or before != after
        assert before != after

    def test_pages_and_assets(self, studio: Served) -> None:
        for path in ("/", "/runs/mixed", "/runs/none", "/compare", "/runs/mixed/predict", "/api"):
            answer = studio.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/html")
        for name in ("library.js", "report.css", "studio.css", "run.js", "icon.svg"):
            assert studio.get(f"/assets/{name}").status_code == 200


class TestCompare:
    def test_it_is_the_comparison_of_xent(self, studio: Served) -> None:
        from xent.workflow.comparing import compare_runs

        pair = [xent.load_run(studio.root / name) for name in ("mixed", "wider")]
        comparison, n_left_out = compare_runs(*pair)
        answer = studio.post("/api/compare", json={"a": "mixed", "b": "wider"}).json()
        assert answer["n_left_out"] == n_left_out == 0
        assert answer["figures"] == json.loads(json.dumps(comparison.to_json()["figures"]))

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"a": "mixed", "b": "wine"}, 409),
            ({"a": "mixed", "b": "none"}, 404),
            ({"a": "mixed", "b": "../mixed"}, 404),
            ({"a": "mixed"}, 422),
            ({"a": 1, "b": 2}, 422),
            ([], 422),
        ],
    )
    def test_what_cannot_be_compared(self, studio: Served, asked: Any, status: int) -> None:
        answer = studio.post("/api/compare", json=asked)
        assert answer.status_code == status
        assert answer.json()["error"]

    def test_no_json(self, studio: Served) -> None:
        headers = {"content-type": "application/json"}
        assert studio.post("/api/compare", content="{", headers=headers).status_code == 400


class TestOpenapi:
    def test_every_address_of_the_document_is_there(self, studio: Served) -> None:
        document = studio.get("/api/openapi.json").json()
        assert document == json.loads(json.dumps(openapi_json()))
        for path, operations in document["paths"].items():
            address = path.replace("{id}", "mixed").replace("{epoch}", "1")
            if "events" in address:
                continue
            for method in operations:
                answer = httpx.request(method, studio.url + address, timeout=30)
                assert answer.status_code not in {404, 405}, (method, address)

    def test_the_page_asks_nothing_of_others(self, studio: Served) -> None:
        text = studio.get("/api").text
        assert "http://127.0.0.1:8765" in text
        assert text.count("http") == text.count("http://127.0.0.1:8765")
