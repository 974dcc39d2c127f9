"""The server's life: ports, idleness, a training that is watched, a training that is stopped."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.studio.conftest import TOKEN, Served, mixed_table

import xent
from xent.cli import main
from xent.errors import XentError
from xent.studio import addresses, watching
from xent.studio.addresses import has_display, listening_socket, studio_url
from xent.studio.liveness import is_trained_now
from xent.studio.security import Access

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEARER = {"authorization": f"Bearer {TOKEN}"}


def is_gone(url: str) -> bool:
    """Wait for a server to end by itself."""
    for _ in range(150):
        time.sleep(0.2)
        try:
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 1).close()
        except OSError:
            return True
    return False


class TestPort:
    def test_a_port_in_use_offers_the_next(self) -> None:
        with listening_socket("127.0.0.1", 0) as first:
            port = first.getsockname()[1]
            with listening_socket("127.0.0.1", port) as second:
                assert port < second.getsockname()[1] < port + 20

    def test_answers_are_not_held_back(self) -> None:
        # asyncio sets TCP_NODELAY on connections of such sockets only: 40 ms a request otherwise
        with listening_socket("127.0.0.1", 0) as listening:
            assert listening.proto == socket.IPPROTO_TCP

    def test_none_is_left(self) -> None:
        with listening_socket("127.0.0.1", 0) as first:
            port = first.getsockname()[1]
            with pytest.raises(XentError, match=r"in use\. Name another with --port"):
                listening_socket("127.0.0.1", port, n_ports=1)

    @pytest.mark.parametrize(
        ("host", "port", "said"),
        [
            ("127.0.0.1", 65536, "from 0 to 65535"),
            ("no.such.host.invalid", 1, "not known"),
            ("192.0.2.1", 0, "cannot be had"),
        ],
    )
    def test_what_cannot_be_had(self, host: str, port: int, said: str) -> None:
        with pytest.raises(XentError, match=said):
            listening_socket(host, port)

    def test_addresses(self) -> None:
        with listening_socket("127.0.0.1", 0) as listening:
            port = listening.getsockname()[1]
            url = studio_url(Access("127.0.0.1", "t"), listening, "<a/b>")
            assert url == f"http://127.0.0.1:{port}/runs/%3Ca%2Fb%3E?token=t"
            name = socket.gethostname()
            assert studio_url(Access("0.0.0.0", "t"), listening) == f"http://{name}:{port}/?token=t"
            assert studio_url(Access("::1", "t"), listening) == f"http://[::1]:{port}/?token=t"

    def test_a_display(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        assert not has_display()
        assert not addresses.open_browser("http://127.0.0.1:1/")
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert has_display()


def test_nobody_looks_any_more(trained: Path, serve: Callable[..., Served]) -> None:
    served = serve(trained, idle_limit=4.0)
    assert served.get("/api/runs").status_code == 200
    assert is_gone(served.url)


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [([], "studio: ", "\n"), (["--json"], '{"studio": "', '"}\n')],
)
def test_the_verb(trained: Path, options: list[str], before: str, after: str) -> None:
    command = [sys.executable, "-m", "xent", "studio", str(trained / "mixed"), "--port", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = r"(http://127\.0\.0\.1:\d+)/runs/mixed\?token=([^\s\"]{32})"
        found = re.fullmatch(re.escape(before) + address + re.escape(after), line)
        assert found
        with httpx.Client(base_url=found[1]) as client:
            assert len(client.get("/api/runs").json()["runs"]) == 5
            assert (
                client.get(f"/runs/mixed?token={found[2]}", follow_redirects=True).status_code
                == 200
            )
        process.send_signal(2)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    assert main(["studio", str(tmp_path / "rnus"), "--port", "0"]) == 2
    assert "Did you mean 'runs'?" in capsys.readouterr().err


def test_a_watched_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watching, "IDLE_LIMIT", 4.0)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    table = tmp_path / "table.csv"
    mixed_table().write_csv(table)
    threads = set(threading.enumerate())
    assert (
        main(
            [
                "train",
                str(table),
                "--target",
                "answer",
                "--epochs",
                "5",
                "--runs",
                str(tmp_path / "runs"),
                "--watch",
            ]
        )
        == 0
    )
    assert set(threading.enumerate()) <= threads  # none was started for it
    found = re.search(
        r"watch: (http://127\.0\.0\.1:\d+)/runs/(\S+)\?token=", capsys.readouterr().err
    )
    assert found
    # the training is over; its server goes on until nobody looks
    answer = httpx.get(f"{found[1]}/api/runs/{found[2]}", timeout=30).json()
    assert (answer["status"], answer["n_epochs"]) == ("finished", 5)
    assert is_gone(found[1])


class TestStop:
    def test_a_training_is_stopped_and_keeps_its_best(
        self, tmp_path: Path, serve: Callable[..., Served]
    ) -> None:
        runs = tmp_path / "runs"
        runs.mkdir()
        served = serve(runs)
        made: list[Any] = []
        settings: dict[str, Any] = {
            "epochs": 1_000_000,
            "patience": 1_000_000,
            "random_state": 1,
            "hidden": (4,),
        }

        def train() -> None:
            made.append(
                xent.train(mixed_table(), target="answer", positive="yes", runs=runs, **settings)
            )

        thread = threading.Thread(target=train)
        thread.start()
        run: dict[str, Any] = {}
        while not run.get("n_epochs"):
            time.sleep(0.05)
            listed = served.get("/api/runs").json()["runs"]
            run = listed[0] if listed else {}
        assert (run["status"], run["is_alive"]) == ("running", True)
        url = f"/api/runs/{run['id']}/stop"
        assert served.post(url).status_code == 401
        assert (
            served.post(url, headers={**BEARER, "origin": "http://evil.example"}).status_code == 403
        )
        assert thread.is_alive()
        assert served.post(url, headers=BEARER).status_code == 202
        thread.join(30)
        record = made[0].record
        assert (record.status, record.stopped_because) == ("finished", "a stop was asked for")
        assert 0 < record.best_epoch <= record.n_epochs < 1_000_000
        assert not (made[0].folder / "stop").exists()
        assert served.post(url, headers=BEARER).status_code == 409

    def test_a_request_of_the_past_stops_nothing(self, tmp_path: Path) -> None:
        from xent.workflow import begin
        from xent.workflow.stop_request import request_stop

        settings = {"target": "answer", "positive": "yes", "epochs": 3, "runs": tmp_path / "runs"}
        session = begin(mixed_table(), settings)
        request_stop(session.folder)
        run = session.run()
        assert (run.record.n_epochs, run.record.stopped_because) == (3, "all epochs done")
        assert not (run.folder / "stop").exists()

    def test_a_dead_training_is_told_from_a_live_one(self, runs: Path) -> None:
        import os

        from xent.runs import RunFolder
        from xent.runs.lock import RunLock

        folder = RunFolder(runs / "mixed")
        for path in (folder.path, folder.history, folder.record, folder.checkpoints):
            os.utime(path, (1e9, 1e9))
        assert not is_trained_now(folder)
        lock = RunLock(folder)
        assert is_trained_now(folder)
        lock.release()
        assert not is_trained_now(folder)
