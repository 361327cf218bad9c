"""Requests a second under gunicorn, while wrk asks for one missing address after the other."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from random import Random

from .asking import BROWSER, HOST
from .data import ROOT, Databases, environment
from .processes import Unmeasurable
from .results import Result
from .rows import Row, Side

SCRIPT = Path(__file__).with_name("storm.lua")
WORKERS, CONNECTIONS = 2, 8
ROUNDS, SECONDS = 15, 1
SECONDS_TO_START = SECONDS_TO_STOP = 20
SEED = 20
# wrk makes the others itself.
FIELDS = {name: value for name, value in BROWSER.items() if name not in ("host", "connection")}


def storm(row: Row, databases: Databases) -> Result:
    """Return how many times as many requests a second the app answers as the peer."""
    if shutil.which("wrk") is None:
        raise Unmeasurable("wrk is not installed (apt-get install wrk)")
    random = Random(SEED)
    with _serving(row.ours, databases) as ours, _serving(row.peer, databases) as peer:
        found = []
        for port in (ours, peer):
            _requests_a_second(port, SECONDS, SEED)
        for number in range(ROUNDS):
            ports = [ours, peer]
            random.shuffle(ports)
            rates = {port: _requests_a_second(port, SECONDS, number) for port in ports}
            found.append(rates[ours] / rates[peer])
    return Result(row, [found])


@contextmanager
def _serving(side: Side, databases: Databases) -> Iterator[int]:
    """Serve a stack, and give the port when it has answered as it should."""
    # The socket is opened here and handed on: what is asked before gunicorn is up waits in it.
    with socket.create_server((HOST, 0), backlog=2048) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "benchmarks.wsgi", "--no-control-socket"),
                *("--bind", f"fd://{listener.fileno()}", "--workers", str(WORKERS)),
            ],
            cwd=ROOT,
            env=environment(side.stack, databases.url(side.data)),
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        _check(port, side)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _check(port: int, side: Side) -> None:
    connection = HTTPConnection(HOST, port, timeout=SECONDS_TO_START)
    try:
        connection.request("GET", "/nothing/here/", headers=FIELDS)
        response = connection.getresponse()
        body = response.read().decode()
    except OSError as error:
        raise Unmeasurable(f"gunicorn does not serve {side.stack}: {error}") from error
    finally:
        connection.close()
    if response.status != side.status or side.mark not in body:
        raise Unmeasurable(f"{side} answers {response.status} {body}")


def _requests_a_second(port: int, seconds: int, seed: int) -> float:
    fields = (part for name, value in FIELDS.items() for part in ("-H", f"{name}: {value}"))
    said = subprocess.run(
        [
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", SCRIPT, *fields),
            *(f"http://{HOST}:{port}/", "--", str(seed)),
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=seconds + SECONDS_TO_STOP,
    ).stdout
    found = json.loads(said.splitlines()[-1])
    # Not one may have been anything but an error, as it should.
    if found["broken"] or found["errors"] != found["requests"]:
        raise Unmeasurable(f"wrk had other answers than 404, or none: {said}")
    return found["requests"] / found["seconds"]
