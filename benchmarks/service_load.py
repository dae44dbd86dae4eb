"""Load the web service, then send it what it must refuse.

    python benchmarks/service_load.py                60 s, 32 clients
    python benchmarks/service_load.py --seconds 5    printed only

A server is started as ``seglab serve`` starts it. Clients send simulated
radiographs without a pause; a few send the largest picture allowed; then
200 bad uploads follow, twice: cut off, of the wrong type, too long, bombs.
The server's memory and open files are read in between. A run of 60 s or
more writes ``service.json``; the exit code is 1 if the service failed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parent / "tests" / "deploy")]

from deploy_cases import encoded, malformed  # noqa: E402

from seglab.data.radiographs import load_radiographs  # noqa: E402
from seglab.deploy.uploads import Limits  # noqa: E402
from seglab.files import replacing  # noqa: E402

HOST = "127.0.0.1"
BAD = 200
LIMITS = Limits()
HUGE = LIMITS.max_bytes * 3 // 2


@dataclass
class Answers:
    """What all clients got."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def main() -> int:
    """Run both parts, print the figures, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with serving(options.workers, options.clients) as (process, port):
        results = measure(process, port, options)
    print(json.dumps(results, indent=1))
    if options.seconds >= 60:
        with replacing(HERE / "service.json") as temporary:
            text = json.dumps(results, indent=1) + "\n"
            temporary.write_text(text, "utf-8")
    return 0 if results["well"] else 1


@contextlib.contextmanager
def serving(workers: int, queue: int) -> Iterator[tuple[Any, int]]:
    """The service in a process of its own, ready."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "seglab.cli", "serve"]
    command += ["--port", str(port), "--workers", str(workers)]
    command += ["--queue", str(queue)]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=HERE.parent,
    ) as server:
        try:
            wait_until_ready(server, port)
            yield psutil.Process(server.pid), port
        finally:
            server.terminate()


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when ``/ready`` says 200."""
    latest = time.monotonic() + 300
    while time.monotonic() < latest and server.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the service did not become ready")


def measure(
    process: psutil.Process, port: int, options: argparse.Namespace
) -> dict[str, Any]:
    """All figures of one run."""
    films = [encoded(image) for image in load_radiographs().images[:32]]
    # the first requests fill caches; they count for nothing
    load(port, films, options.clients, min(5, options.seconds))
    before = usage(process)
    loaded = load(port, films, options.clients, options.seconds)
    between = usage(process)
    reset_peak(process)
    largest = load(port, [large_film()], 2 * options.workers, 1)
    peak = peak_mib(process)
    bound = bound_mib(options.workers, options.clients)
    wrong = send_bad(port)
    after = usage(process)
    again = send_bad(port)
    last = usage(process)
    grown = last["resident_mib"] - after["resident_mib"]
    alive = process.is_running() and get_status(port, "/ready") == 200
    statuses = set(loaded.statuses) | set(largest.statuses)
    held = peak - before["resident_mib"] < bound
    well = alive and held and grown < 20 and statuses <= {"200", "503"}
    return {
        "well": well and not (wrong or again),
        "machine": {
            "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 1),
        },
        "load": {
            "clients": options.clients,
            "workers": options.workers,
            "seconds": options.seconds,
            "statuses": dict(loaded.statuses),
            "per_second": round(len(loaded.seconds) / options.seconds, 1),
            "median_s": round(statistics.median(loaded.seconds), 4),
            "p95_s": round(quantile(loaded.seconds, 95), 4),
        },
        "largest_pictures": {
            "pixels": LIMITS.max_pixels,
            "statuses": dict(largest.statuses),
            "peak_resident_mib": round(peak, 1),
            "bound_above_before_mib": round(bound),
        },
        "bad": {
            "sent": 2 * BAD,
            "not_refused_as_they_should": wrong + again,
        },
        "server": {
            "before": before,
            "after_load": between,
            "after_200_bad": after,
            "after_400_bad": last,
        },
        "python": "python benchmarks/service_load.py",
    }


def load(
    port: int, films: list[bytes], clients: int, seconds: float
) -> Answers:
    """Clients that send one film after the other until time is up."""
    answers, lock = Answers(), threading.Lock()
    latest = time.monotonic() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        turn = number
        while time.monotonic() < latest:
            start = time.perf_counter()
            try:
                connection.request(
                    "POST", "/predict?as=png", films[turn % len(films)]
                )
                answer = connection.getresponse()
                answer.read()
                status = str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
                connection.close()
            with lock:
                answers.statuses[status] += 1
                answers.seconds.append(time.perf_counter() - start)
            turn += 1
        connection.close()

    threads = [
        threading.Thread(target=client, args=(number,))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def send_bad(port: int) -> list[str]:
    """200 bad uploads; what was not refused as it should be."""
    draw = random.Random(0)
    cases = [(name, body, {status}) for name, body, status in malformed()]
    huge = b"\x89PNG\r\n\x1a\n" + bytes(HUGE)
    cases += [("huge", huge, {413})] * 5
    whole = encoded(load_radiographs().images[0])
    while 2 * len(cases) < BAD:
        size = draw.randrange(len(whole) * 9 // 10)
        cases.append((f"{size} bytes of a PNG", whole[:size], {415, 422}))
    wrong = []
    for name, body, wanted in cases:
        for form in (False, True):
            got = post(port, body, form)
            if got not in wanted:
                wrong.append(f"{name}: {got}")
    return wrong


def post(port: int, body: bytes, form: bool) -> int | str:
    """The status of one upload, as a body or in a form."""
    headers = {}
    if form:
        head = b'Content-Disposition: form-data; name="file"; filename="a"'
        body = b"--x\r\n" + head + b"\r\n\r\n" + body + b"\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        # a server may answer before it has read all
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", "/predict", body, headers)
        answer = connection.getresponse()
        detail = json.loads(answer.read())["detail"]
        return answer.status if len(detail) > 10 else "no reason given"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def get_status(port: int, path: str) -> int:
    """The status of a plain request."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", path)
    return connection.getresponse().status


def usage(process: psutil.Process) -> dict[str, float]:
    """Memory, threads and open files of the server."""
    time.sleep(1)
    return {
        "resident_mib": round(process.memory_info().rss / 2**20, 1),
        "threads": process.num_threads(),
        "open_files": process.num_fds(),
    }


def large_film() -> bytes:
    """A film as large as the service takes."""
    side = math.isqrt(LIMITS.max_pixels)
    film = Image.fromarray(load_radiographs().images[0])
    return encoded(film.resize((side, side)))


def reset_peak(process: psutil.Process) -> None:
    """Let the system's record of the largest size begin anew."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak_mib(process: psutil.Process) -> float:
    """The most memory that the process held since then."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def bound_mib(workers: int, queue: int) -> float:
    """What ``create_app`` promises not to exceed, without the network."""
    waiting = (workers + queue) * 2 * LIMITS.max_bytes
    return (waiting + workers * 20 * LIMITS.max_pixels) / 2**20


def quantile(values: list[float], percent: int) -> float:
    """A percentile of the values."""
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    raise SystemExit(main())
