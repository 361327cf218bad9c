"""The demo site behind real servers, each a process of its own on a port that is free."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60
SECONDS_TO_ANSWER = 20

# Port 0: any that is free, which all of them then say.
COMMANDS = {
    "gunicorn": (
        *("-m", "gunicorn", "testproject.wsgi", "--bind", "127.0.0.1:0"),
        *("--workers", "2", "--worker-class", "sync", "--no-control-socket"),
    ),
    "uvicorn": ("-m", "uvicorn", "testproject.asgi:application", "--port", "0"),
    "runserver": ("manage.py", "runserver", "--noreload", "127.0.0.1:0"),
}
# Where it doesn't matter how many workers there are: each has to load the site.
ONE_WORKER = {
    **COMMANDS,
    "gunicorn": tuple("1" if each == "2" else each for each in COMMANDS["gunicorn"]),
}
_SAID = re.compile(r"http://127\.0\.0\.1:([1-9]\d*)")


def environment(url: str, settings: str = "tests.settings") -> dict[str, str]:
    """Return the environment of the demo site over the database at `url`."""
    ours = {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": settings,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    return {name: value for name, value in os.environ.items() if name != "DJANGO_DEBUG"} | ours


def make_database(database: Path, more: str = "") -> None:
    """Do what `make demo` does before it serves.

    more: what makes further rows, as Python that the demo's shell runs
    """
    database.write_bytes(_new_database(more))


# A process of its own, as those of the servers are: the tests' may have no database.
MAKE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("seed_demo")
"""


@cache
def _new_database(more: str) -> bytes:
    with TemporaryDirectory() as directory:
        database = Path(directory) / "db.sqlite3"
        if more:
            database.write_bytes(_new_database(""))
        subprocess.run(
            [sys.executable, "-c", f"import django\ndjango.setup()\n{more}" if more else MAKE],
            cwd=ROOT,
            env=environment(f"sqlite:///{database}"),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return database.read_bytes()


class Server:
    """A running server: where it is, what it has logged, and bytes to it and back."""

    def __init__(self, name: str, port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self.log = log
        self.url = f"http://127.0.0.1:{port}"

    def __repr__(self) -> str:
        return self.name

    def logged(self, since: int = 0) -> str:
        """Return what was logged after the first `since` bytes."""
        return self.log.read_bytes()[since:].decode(errors="replace")

    def exchange(self, request: bytes) -> bytes:
        """Send `request` as it is, and return all that comes until the server hangs up."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS_TO_ANSWER) as connection:
            connection.sendall(request)
            while piece := connection.recv(65536):
                received += piece
        return received


@contextmanager
def serving(name: str, database: Path, log: Path) -> Iterator[Server]:
    """Start the server called `name`, wait until it answers, and end it."""
    with started(name, COMMANDS[name], environment(f"sqlite:///{database}"), log) as server:
        # What listens may not answer yet; the request waits in its queue.
        assert server.exchange(b"HEAD / HTTP/1.0\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.")
        yield server


@contextmanager
def started(
    name: str, command: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator[Server]:
    """Start a server by the arguments of Python, wait until it listens, and end it."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        yield Server(name, _port(process, log), log)
    finally:
        _stop(process)


def _port(process: subprocess.Popen[Any], log: Path) -> int:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        said = _SAID.search(log.read_text(errors="replace"))
        if said:
            return int(said[1])
        time.sleep(0.02)
    raise RuntimeError(f"The server did not start. It says:\n{log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen[Any]) -> None:
    """End a server and its workers at once: in good order, it takes gunicorn half a second."""
    with suppress(ProcessLookupError):  # It has ended by itself.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
