"""Predictions over HTTP: the numbers of the run, and one clear refusal for each bad row."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.studio.conftest import Served, mixed_table

import xent

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"age": 31.5, "member": True, "city": "Oslo"}


def rows_of(n: int = 20) -> list[dict[str, Any]]:
    return mixed_table().drop("answer").head(n).to_dicts()


def predict(studio: Served, run: str, rows: Any) -> Any:
    return studio.post(f"/api/runs/{run}/predict", json=rows)


class TestNumbers:
    def test_probabilities_and_decisions_are_those_of_the_run(self, studio: Served) -> None:
        answer = predict(studio, "mixed", rows_of()).json()
        run = xent.load_run(studio.root / "mixed")
        table = mixed_table().head(20)
        expected = run.predict_proba(table)
        got = [
            [row["probabilities"][name] for name in ("no", "yes")] for row in answer["predictions"]
        ]
        np.testing.assert_allclose(got, expected, rtol=1e-6)
        assert [row["decision"] for row in answer["predictions"]] == run.predict(table).tolist()
        assert (answer["threshold"], answer["positive"]) == (0.5, "yes")

    @pytest.mark.parametrize("task", ["wine", "diabetes", "labels"])
    def test_every_task(self, studio: Served, task: str) -> None:
        run = xent.load_run(studio.root / task)
        if task == "labels":
            table: Any = mixed_table().head(3).drop("answer", "member")
        else:
            table = run.read(f"example:{task}").frame.head(3).select(run.encoder.columns)
        predictions = predict(studio, task, table.to_dicts()).json()["predictions"]
        decided = run.predict(table)
        if task == "labels":
            assert [list(row["decision"].values()) for row in predictions] == decided.tolist()
            assert set(predictions[0]["probabilities"]) == {"a", "b"}
        elif task == "diabetes":
            np.testing.assert_allclose([row["mean"] for row in predictions], decided, rtol=1e-6)
        else:
            assert [row["decision"] for row in predictions] == decided.tolist()
            assert sum(predictions[0]["probabilities"].values()) == pytest.approx(1)

    def test_csv_is_read_as_files_are(self, studio: Served) -> None:
        text = mixed_table().head(20).write_csv()  # with the target, which is ignored
        answer = studio.post(
            "/api/runs/mixed/predict",
            content=text.encode(),
            headers={"content-type": "text/csv; charset=utf-8"},
        )
        assert answer.json() == predict(studio, "mixed", rows_of()).json()

    def test_a_decision_made_later_is_used(self, own_studio: Served, runs: Path) -> None:
        first = predict(own_studio, "mixed", rows_of()).json()
        run = xent.load_run(runs / "mixed")
        from xent.workflow.deciding import decide_run

        decision, _ = decide_run(run, {"cost_fn": 50.0, "cost_fp": 1.0})
        second = predict(own_studio, "mixed", rows_of()).json()
        assert second["threshold"] == decision.threshold.value != first["threshold"]
        said = [row["decision"] for row in second["predictions"]]
        assert said == run.predict(mixed_table().head(20)).tolist()

    def test_costs_have_no_single_threshold_and_may_abstain(
        self, own_studio: Served, runs: Path
    ) -> None:
        from xent.workflow.deciding import decide_run_by_costs

        decide_run_by_costs(xent.load_run(runs / "mixed"), None, 0.2)
        answer = predict(own_studio, "mixed", rows_of(60)).json()
        assert answer["threshold"] is None
        assert None in {row["decision"] for row in answer["predictions"]}

    def test_rows_sent_at_once_do_not_mix(self, studio: Served) -> None:
        rows = rows_of(40)
        alone = [predict(studio, "mixed", [row]).json()["predictions"][0] for row in rows]
        bad = {**GOOD, "age": "old"}
        with ThreadPoolExecutor(16) as pool:
            sent = [row for row in rows for row in (row, bad)]
            answers = list(pool.map(lambda row: predict(studio, "mixed", [row]), sent))
        assert [answer.status_code for answer in answers[1::2]] == [422] * 40
        for answer, expected in zip(answers[::2], alone, strict=True):
            assert answer.json()["predictions"][0] == expected  # to the bit, whoever asks beside it

    def test_a_row_has_the_very_bits_that_predict_gives(self, studio: Served) -> None:
        run = xent.load_run(studio.root / "mixed")
        for place, row in enumerate(rows_of(6)):
            answer = predict(studio, "mixed", [row]).json()["predictions"][0]
            expected = run.predict_proba(mixed_table().drop("answer")[place : place + 1])[0]
            assert list(answer["probabilities"].values()) == expected.tolist()


class TestBadRows:
    @pytest.mark.parametrize(
        ("change", "column", "said"),
        [
            ({"age": "old"}, "age", "a number is needed, got 'old'"),
            ({"age": True}, "age", "a number is needed, got True"),
            ({"age": [1]}, "age", "a number is needed"),
            ({"age": 1e31}, "age", "finite"),
            ({"age": 10**400}, "age", "finite number is needed, got a number of 1329 bits"),
            ({"member": "perhaps"}, "member", "true, false, 1 or 0"),
            ({"city": {"x": 1}}, "city", "text is needed"),
            ({"city": True}, "city", "text is needed"),
            ({"city": "\ud800"}, "city", "no Unicode"),
            ({"city": "x" * 20_000}, "city", "too long"),
            ({"cty": "Oslo"}, "cty", "Did you mean 'city'?"),
        ],
    )
    def test_row_and_column_are_named(
        self, studio: Served, change: dict[str, Any], column: str, said: str
    ) -> None:
        body = json.dumps([GOOD, {**GOOD, **change}])
        answer = studio.post(
            "/api/runs/mixed/predict", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422
        error = answer.json()
        assert (error["row"], error["column"]) == (1, column)
        assert said in error["error"]

    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_what_is_not_finite_is_refused(self, studio: Served, word: str) -> None:
        body = '[{"age": %s, "member": true, "city": "Oslo"}]' % word  # noqa: UP031
        answer = studio.post(
            "/api/runs/mixed/predict", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422
        assert (answer.json()["row"], answer.json()["column"]) == (0, "age")

    def test_an_absent_column_is_named(self, studio: Served) -> None:
        answer = predict(studio, "mixed", [GOOD, {"age": 1, "city": "Oslo"}])
        assert answer.status_code == 422
        assert (answer.json()["row"], answer.json()["column"]) == (1, "member")
        assert "null" in answer.json()["error"]

    def test_null_is_a_missing_value_and_unseen_categories_are_predicted(
        self, studio: Served
    ) -> None:
        rows = [{"age": None, "member": None, "city": None}, {**GOOD, "city": "Paris"}]
        assert predict(studio, "mixed", rows).status_code == 200

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("", 400),
            ("{", 400),
            ("[" * 100_000, 400),
            ("1" * 5_000, 400),
            ("\xff", 400),
            ("[]", 422),
            ("{}", 422),
            ("[1]", 422),
            ("null", 422),
        ],
    )
    def test_a_body_that_is_no_list_of_rows(self, studio: Served, body: str, status: int) -> None:
        answer = studio.post(
            "/api/runs/mixed/predict",
            content=body.encode("latin-1"),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == status
        assert answer.json()["error"]

    def test_limits(self, studio: Served) -> None:
        assert predict(studio, "mixed", [GOOD] * 10_000).status_code == 200
        many = predict(studio, "mixed", [GOOD] * 10_001)
        assert many.status_code == 413
        csv = "age,member,city\n" + "1,true,Oslo\n" * 10_001
        headers = {"content-type": "text/csv"}
        answer = studio.post("/api/runs/mixed/predict", content=csv, headers=headers)
        assert answer.status_code == 413

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("age,member,city\nold,true,Oslo\n", "'age' must hold numbers"),
            ("age,city\n1,Oslo\n", "no column 'member'"),
            ("", "empty"),
            ("age,member,city\n1,true\n", "line 2"),
        ],
    )
    def test_a_bad_csv(self, studio: Served, text: str, said: str) -> None:
        answer = studio.post(
            "/api/runs/mixed/predict", content=text, headers={"content-type": "text/csv"}
        )
        assert answer.status_code == 422
        assert said in answer.json()["error"]

    @pytest.mark.parametrize(
        "header",
        [
            ",".join(f"c{place}" for place in range(100_000)),
            ";" * 100_000,
            '\ufeff"a\n"' + "," * 100_000,  # a name may hold a line end
        ],
    )
    def test_a_file_of_very_many_columns_is_not_read(self, studio: Served, header: str) -> None:
        answer = studio.post(
            "/api/runs/mixed/predict",
            content=f"{header}\n1\n".encode(),
            headers={"content-type": "text/csv"},
        )
        assert answer.status_code == 413
        assert answer.json()["error"].startswith("at most 1,003 columns, got 100,00")

    def test_a_file_may_have_columns_that_the_model_does_not_need(self, studio: Served) -> None:
        table = mixed_table(3).with_columns(**dict.fromkeys((f"c{k}" for k in range(900)), 1))
        answer = studio.post(
            "/api/runs/mixed/predict",
            content=table.write_csv().encode(),
            headers={"content-type": "text/csv"},
        )
        assert answer.status_code == 200

    def test_a_very_long_name_is_not_sent_back(self, studio: Served) -> None:
        answer = predict(studio, "mixed", [{**GOOD, "x" * 1_000_000: 1}])
        assert answer.status_code == 422
        assert len(answer.content) < 1_000

    def test_cells_as_deep_as_can_just_be_read(self, studio: Served) -> None:
        headers = {"content-type": "application/json"}
        for depth in range(960, 1000, 2):
            deep = "[" * depth + "]" * depth
            body = f'[{{"age": {deep}, "member": true, "city": "Oslo"}}]'
            answer = studio.post("/api/runs/mixed/predict", content=body, headers=headers)
            assert answer.status_code in {400, 422}

    def test_a_failure_is_told_at_once_to_all_that_wait(
        self, own_studio: Served, runs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from xent.studio import predict as module

        def broken(*_: object) -> None:
            raise MemoryError

        with monkeypatch.context() as patched, ThreadPoolExecutor(4) as pool:
            patched.setattr(module, "_answer_of", broken)
            answers = list(pool.map(lambda _: predict(own_studio, "mixed", [GOOD]), range(4)))
        assert [answer.status_code for answer in answers] == [500] * 4
        assert predict(own_studio, "mixed", [GOOD]).status_code == 200

    def test_numbers_too_large_for_the_network(self, studio: Served) -> None:
        good = predict(studio, "mixed", [{**GOOD, "age": 1e29}])
        assert good.status_code in {200, 422}

    def test_other_kinds_of_content(self, studio: Served) -> None:
        answer = studio.post("/api/runs/mixed/predict", content="[]")
        assert answer.status_code == 415

    def test_no_run_an_unfinished_one_a_damaged_one(self, own_studio: Served, runs: Path) -> None:
        assert predict(own_studio, "nothing", [GOOD]).status_code == 404
        model = runs / "wine" / "model.safetensors"
        model.write_bytes(model.read_bytes()[:-1])
        answer = predict(own_studio, "wine", [GOOD])
        assert answer.status_code == 409
        assert "damaged" in answer.json()["error"]
        assert str(runs) not in answer.json()["error"]
