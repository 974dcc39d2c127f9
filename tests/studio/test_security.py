"""Who is let in, by which name, from which page; and that nothing leaves the folder of runs."""

from __future__ import annotations

import http.client
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx
import pytest
from tests.studio.conftest import TOKEN, Served

from xent.studio.security import MOST_BYTES, Access

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSTS = ["/api/runs/mixed/predict", "/api/runs/mixed/stop", "/api/compare"]
BEARER = {"authorization": f"Bearer {TOKEN}"}


class TestOrigin:
    @pytest.mark.parametrize("path", POSTS)
    @pytest.mark.parametrize(
        "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost", ""]
    )
    def test_a_foreign_page_can_post_nothing(self, studio: Served, path: str, origin: str) -> None:
        answer = studio.post(path, json=[], headers={"origin": origin, **BEARER})
        assert answer.status_code == 403

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_nor_without_an_origin(self, studio: Served, site: str) -> None:
        headers = {"sec-fetch-site": site, **BEARER}
        assert studio.post(POSTS[1], json=[], headers=headers).status_code == 403

    def test_the_own_pages_can(self, studio: Served) -> None:
        answer = studio.post(POSTS[0], json=[], headers={"origin": studio.url})
        assert answer.status_code == 422  # heard, and found to have no rows


class TestHost:
    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:80", "", "[", "127.0.0.1.evil.example"]
    )
    @pytest.mark.parametrize("path", ["/", "/api/runs", "/assets/run.js"])
    def test_a_rebound_name_sees_nothing(self, studio: Served, host: str, path: str) -> None:
        assert studio.get(path, headers={"host": host}).status_code in {400, 421}

    def test_names_of_the_machine_itself(self, studio: Served) -> None:
        for host in ("localhost:8765", "127.0.0.1", "[::1]:8765"):
            assert studio.get("/api/runs", headers={"host": host}).status_code == 200

    def test_two_names(self, studio: Served) -> None:
        place = urlsplit(studio.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        connection.putrequest("GET", "/api/runs", skip_host=True)
        connection.putheader("Host", place.netloc)
        connection.putheader("Host", "evil.example")
        connection.endheaders()
        assert connection.getresponse().status in {400, 421}
        connection.close()

    def test_a_server_for_others_goes_by_addresses_and_its_own_name(self) -> None:
        access = Access("0.0.0.0", "t", ("runs.lab",))
        names = ["192.168.0.7:8765", "runs.lab", "localhost", "evil.example"]
        assert [access.knows_host(name) for name in names] == [True, True, True, False]


class TestToken:
    @pytest.fixture
    def wide(self, trained: Path, serve: Callable[..., Served]) -> Served:
        return serve(trained, "0.0.0.0")

    @pytest.mark.parametrize(
        "path", ["/", "/api", "/api/runs", "/assets/run.js", "/api/runs/mixed/events"]
    )
    def test_beyond_this_machine_everything_needs_it(self, wide: Served, path: str) -> None:
        assert wide.get(path).status_code == 401
        assert wide.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert wide.get(path, params={"token": "é"}).status_code == 401

    def test_it_opens_the_api(self, wide: Served) -> None:
        assert wide.get("/api/runs", headers=BEARER).status_code == 200
        assert wide.get("/api/runs", params={"token": TOKEN}).status_code == 200

    def test_the_printed_address_leaves_a_cookie_and_loses_the_token(self, wide: Served) -> None:
        with httpx.Client(base_url=wide.url) as client:
            answer = client.get(f"/runs/mixed?part=a&token={TOKEN}")
            assert answer.status_code == 303
            assert answer.headers["location"] == "/runs/mixed?part=a"
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert client.get("/api/runs").status_code == 200

    def test_the_way_on_never_leads_to_another_server(self, studio: Served) -> None:
        answer = studio.get(f"//evil.example/x?token={TOKEN}")
        assert answer.headers.get("location", "/evil.example/x") == "/evil.example/x"

    @pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example/x"])
    def test_nor_as_it_is_written_to_the_wire(self, studio: Served, path: str) -> None:
        place = urlsplit(studio.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        connection.putrequest("GET", f"{path}?token={TOKEN}")
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("location")) == (303, "/evil.example/x")
        connection.close()

    @pytest.mark.parametrize("end", ["%0A", "/", "%0a%0a", "%00"])
    def test_no_spelling_of_the_address_stops_without_it(self, studio: Served, end: str) -> None:
        assert studio.post(f"/api/runs/mixed/stop{end}").status_code == 401

    def test_here_only_stopping_needs_it(self, studio: Served) -> None:
        assert studio.get("/api/runs").status_code == 200
        assert studio.post("/api/runs/mixed/stop").status_code == 401
        answer = studio.post("/api/runs/mixed/stop", headers=BEARER)
        assert answer.status_code == 409
        assert "it is finished" in answer.json()["error"]


class TestHeaders:
    @pytest.mark.parametrize(
        "path", ["/", "/api/runs", "/nothing", "/assets/run.js", "/api/runs/x"]
    )
    def test_every_answer_has_them(self, studio: Served, path: str) -> None:
        headers = studio.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "script-src 'self';" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers

    def test_the_report_runs_in_a_box(self, studio: Served) -> None:
        answer = studio.get("/api/runs/mixed/report")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "sandbox allow-scripts" in policy
        assert "allow-same-origin" not in policy
        assert "threshold" in answer.text


class TestSize:
    def test_a_body_too_large_is_refused(self, studio: Served) -> None:
        headers = {"content-type": "application/json"}
        body = b" " * (MOST_BYTES + 1)
        assert studio.post(POSTS[0], content=body, headers=headers).status_code == 413

    def test_also_without_a_declared_length(self, studio: Served) -> None:
        def pieces() -> object:
            for _ in range(10):
                yield b" " * (MOST_BYTES // 8)

        headers = {"content-type": "application/json"}
        answer = studio.post(POSTS[0], content=pieces(), headers=headers)
        assert answer.status_code == 413


class TestFolder:
    @pytest.mark.parametrize(
        "name",
        [
            "..",
            "../runs/mixed",
            "....//",
            "/etc",
            "mixed/../wine",
            "mixed/curves",
            "",
            ".",
            "%00",
            "x" * 5000,
            "\\..\\",
        ],
    )
    @pytest.mark.parametrize(
        "rest", ["", "/history", "/events", "/curves/1", "/report", "/findings"]
    )
    def test_no_name_leads_out(self, studio: Served, name: str, rest: str) -> None:
        place = urlsplit(studio.url)
        for written in (quote(name, safe=""), name if name.isascii() and len(name) < 99 else "x"):
            connection = http.client.HTTPConnection(place.hostname or "", place.port)
            connection.putrequest("GET", f"/api/runs/{written}{rest}")
            connection.endheaders()
            status = connection.getresponse().status
            connection.close()
            assert status in {404, 405, 307, 409, 422} or (written == "" and rest == "")

    def test_links_are_not_followed(self, own_studio: Served, runs: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        shutil.copytree(runs / "wine", outside)
        (runs / "linked").symlink_to(outside)
        assert own_studio.get("/api/runs/linked").status_code == 404
        assert "linked" not in {run["id"] for run in own_studio.get("/api/runs").json()["runs"]}
        history = runs / "mixed" / "history.jsonl"
        history.unlink()
        history.symlink_to("/etc/passwd")
        for rest in ("/history", "/events", "/report", "/findings"):
            answer = own_studio.get(f"/api/runs/mixed{rest}")
            assert answer.status_code == 409
            assert "link" in answer.json()["error"]
        curve = runs / "wider" / "curves" / "1.json"
        curve.unlink()
        curve.symlink_to("/etc/passwd")
        assert own_studio.get("/api/runs/wider/curves/1").status_code == 409

    @pytest.mark.parametrize(
        "name", ["../app.py", "..%2fapp.py", "runs_index.py", "/etc/passwd", ""]
    )
    def test_assets_are_a_fixed_list(self, studio: Served, name: str) -> None:
        assert studio.get(f"/assets/{name}").status_code == 404
