"""An edit in one process is the answer of all others in seconds: real servers and databases."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from ..databases import Database
from ..servers import ROOT, Server, started

pytestmark = pytest.mark.slow

WORKERS = 3
# How long a request and the edit itself may take beside the interval, on a busy machine.
MARGIN = 3.0

COMMANDS = {
    "gunicorn": (
        *("-m", "gunicorn", "testproject.wsgi", "--bind", "127.0.0.1:0"),
        *("--workers", str(WORKERS), "--worker-class", "sync", "--no-control-socket"),
        *("--access-logfile", "-", "--access-logformat", "asked %(p)s %(q)s"),
    ),
    "uvicorn": ("-m", "uvicorn", "testproject.asgi:application", "--port", "0"),
}
_ASKED = re.compile(r"^asked <?(\d+)>? n=(\d+)$", re.MULTILINE)

# The edit, by a process that has nothing to do with the server; it says when it was committed.
EDIT = """
import sys, time, django
django.setup()
from django_http_errors.models import PermanenceRule
PermanenceRule.objects.{}
print(time.monotonic())
"""
MAKE = 'create(pattern="/caf\\u00e9/", reason="We closed.")'
UNMAKE = "all().delete()"
ADDRESS = "/caf%C3%A9/"


@dataclass(frozen=True)
class Answer:
    """What was answered, between which times, by the question's number."""

    number: int
    asked_at: float
    answered_at: float
    said: tuple[int, bool]


numbers = count()


def ask(server: Server) -> Answer:
    number = next(numbers)
    began = time.monotonic()
    received = server.exchange(
        f"GET {ADDRESS}?n={number} HTTP/1.0\r\n".encode()
        + b"Host: localhost\r\nAccept: text/plain\r\n\r\n"
    ).decode()
    status = int(received.split()[1])
    return Answer(number, began, time.monotonic(), (status, "We closed." in received))


OLD, GONE = (404, False), (410, True)


class Crowd:
    """Visitors that ask all the time, each over a connection of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answers: list[Answer] = []
        self.pool = ThreadPoolExecutor(16)

    def ask(self) -> None:
        self.answers += self.pool.map(lambda _: ask(self.server), range(32))

    def by_worker(self) -> dict[str, list[Answer]]:
        """Return the answers of each worker, in the order in which they were asked for."""
        if self.server.name == "uvicorn":
            return {"uvicorn": sorted(self.answers, key=lambda answer: answer.asked_at)}
        pids = {int(number): pid for pid, number in _ASKED.findall(self.server.logged())}
        found = defaultdict(list)
        for answer in sorted(self.answers, key=lambda answer: answer.asked_at):
            if answer.number in pids:
                found[pids[answer.number]].append(answer)
        return found

    def until_all_say(self, said: tuple[int, bool], seconds: float) -> dict[str, list[Answer]]:
        """Ask until the last answer of every worker is `said`, and for a little while after."""
        workers = WORKERS if self.server.name == "gunicorn" else 1
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.ask()
            found = self.by_worker()
            if len(found) == workers and all(each[-1].said == said for each in found.values()):
                break
        else:
            last = {pid: each[-1].said for pid, each in self.by_worker().items()}
            pytest.fail(f"After {seconds} s the workers say {last}")
        return found


def converged(
    crowd: Crowd,
    database: Database,
    edit: str,
    old: tuple[int, bool],
    new: tuple[int, bool],
    bound: float,
) -> float:
    """Edit, and return how long it takes until every worker has answered the new way."""
    crowd.until_all_say(old, 20)
    crowd.answers.clear()
    crowd.ask()
    editing = subprocess.Popen(
        [sys.executable, "-c", EDIT.format(edit)],
        cwd=ROOT,
        env=database.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    while editing.poll() is None:
        crowd.ask()
    assert editing.returncode == 0
    assert editing.stdout is not None
    with editing.stdout as output:
        edited_at = float(output.read())
    found = crowd.until_all_say(new, bound + MARGIN)
    slowest = 0.0
    for pid, answers in found.items():
        said = [answer.said for answer in answers]
        assert set(said) <= {old, new}, "nothing but the old answer and the new one"
        first = next(answer for answer in answers if answer.said == new)
        # Those that were asked for at the same time come in any order.
        later = [answer for answer in answers if answer.asked_at > first.answered_at]
        assert {answer.said for answer in later} <= {new}, f"worker {pid} went back"
        slowest = max(slowest, first.answered_at - edited_at)
    assert slowest < bound + MARGIN
    return slowest


RUNS = [
    ("gunicorn", "sqlite", "tests.quick_settings", 0.5),
    pytest.param("gunicorn", "mariadb", "tests.quick_settings", 0.5, marks=pytest.mark.soak),
    ("uvicorn", "postgresql", "tests.quick_settings", 0.5),
    # As it comes: within 5 seconds.
    pytest.param("gunicorn", "sqlite", "tests.settings", 5.0, marks=pytest.mark.soak),
]


@pytest.mark.parametrize(
    ("name", "where", "settings", "bound"), RUNS, ids=lambda value: str(value).split(".")[0]
)
def test_an_edit_is_on_the_wire_of_every_worker_in_time(
    name: str,
    where: str,
    settings: str,
    bound: float,
    database: Callable[[str], Database],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = database(where)
    environment = found.environment(settings)
    with started(name, COMMANDS[name], environment, tmp_path / "server.log") as server:
        crowd = Crowd(server)
        took = [converged(crowd, found, MAKE, OLD, GONE, bound)]
        took.append(converged(crowd, found, UNMAKE, GONE, OLD, bound))
        crowd.pool.shutdown()
        log = server.logged()
    assert "Traceback" not in log
    assert "can't be read" not in log
    with capsys.disabled():
        times = ", ".join(f"{seconds:.2f} s" for seconds in took)
        print(f"\n{name} on {where}, asking every {bound} s: {times} ", end="")  # noqa: T201
