"""The studio's API under requests made from its own description, right and wrong ones: none may end in a 500.

Run ``python benchmarks/bars_studio_fuzz.py``; ``--small`` makes 300 requests and holds no bar. The stream of events is
asked for by the tests of the live page instead: it does not end by itself.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from bars_studio import train_run
from results import Row, report
from xent.cores import n_cores
from xent.studio.addresses import listening_socket
from xent.studio.openapi import openapi_json
from xent.studio.security import Access
from xent.studio.serving import StudioServer

if TYPE_CHECKING:
    from collections.abc import Iterator

N_REQUESTS = 10_000
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def main(arguments: list[str]) -> int:
    is_small = "--small" in arguments
    n_requests = 300 if is_small else N_REQUESTS
    with tempfile.TemporaryDirectory() as folder:
        run = train_run(Path(folder))
        with (
            served(Path(folder)) as url,
            ProcessPoolExecutor(n_cores(), get_context("spawn")) as pool,
        ):
            share = -(-n_requests // n_cores())
            shares = [pool.submit(fuzzed, url, run, share, 1000 * k) for k in range(n_cores())]
            found = [one.result() for one in shares]
    answers = sum((own for own, _ in found), Counter())
    failures = [failure for _, own in found for failure in own]
    if is_small:
        print(dict(answers), failures)
        return int(bool(failures))
    n_sent = sum(answers.values())
    rows = [
        Row(
            "requests made from the OpenAPI description",
            f"{n_sent:,}",
            "at least 10,000",
            n_sent >= N_REQUESTS,
        ),
        Row("answers of 500 and above, or none", str(len(failures)), "0", not failures),
    ]
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(answers.items()))
    return report("studio fuzz", rows, notes=[f"answers {told}", *failures[:5]])


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Serve the studio of a folder on a free port while the block runs."""
    listening = listening_socket("127.0.0.1", 0)
    server = StudioServer(root, Access("127.0.0.1", "a-token"), listening)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.is_started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.stop()
        thread.join()
        listening.close()


def fuzzed(url: str, run: str, n_requests: int, number: int) -> tuple[Counter[int], list[str]]:
    """Return how often each status came, and what failed; the number is the first seed."""
    described = openapi_json()
    schema = schemathesis.openapi.from_dict(
        json.loads(described) if isinstance(described, (str, bytes)) else described
    )
    operations = [own.ok() for own in schema.get_all_operations()]
    asked = [own for own in operations if not own.path.endswith("/events")]
    each = -(-n_requests // (len(asked) * len(MODES)))
    answers: Counter[int] = Counter()
    failures: list[str] = []
    for operation in asked:
        for mode in MODES:
            number += 1
            ask(operation, mode, url, run, each, number, answers, failures)
    predict = next(own for own in asked if own.path.endswith("/predict"))
    # some operations have few different requests: the rest goes to the one with the most
    while sum(answers.values()) < n_requests:
        number += 1
        ask(predict, MODES[number % 2], url, run, each, number, answers, failures)
    return answers, failures


def ask(
    operation: Any,
    mode: GenerationMode,
    url: str,
    run: str,
    n_requests: int,
    number: int,
    answers: Counter[int],
    failures: list[str],
) -> None:
    """Send requests of one operation; half of them name a run that there is."""
    cases = operation.as_strategy(generation_mode=mode)

    @seed(number)
    @settings(
        max_examples=n_requests,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, is_real=st.booleans())
    def send(case: Any, is_real: bool) -> None:
        if is_real and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = run
        case.headers = {**(case.headers or {}), "Origin": url}
        start = time.monotonic()
        try:
            status = case.call(base_url=url, timeout=20).status_code
        except requests.RequestException as error:
            status = 0
            failures.append(f"{operation.label}: {error}"[:300])
        answers[status] += 1
        if status >= 500 or time.monotonic() - start > 10:
            failures.append(
                f"{operation.label}: {status} for {case.path_parameters} {case.body!r}"[:300]
            )

    with suppress(Unsatisfiable):  # what has no parameters cannot be asked wrongly
        send()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
