"""An edit in one process is the answer of all others in seconds: real servers and databases."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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

# An editor: a process that has nothing to do with the server. It says how many rules there are at
# the address when it is connected, and then when each edit was committed.
EDITOR = """
import sys, time, django
django.setup()
from django_http_errors.models import PermanenceRule
rules = PermanenceRule.objects.filter(pattern__startswith="/caf")
edits = {
    "make": lambda: PermanenceRule.objects.create(pattern="/caf\\u00e9/", reason="We closed."),
    "unmake": rules.delete,
}
print(rules.count(), flush=True)
for line in sys.stdin:
    edits[line.strip()]()
    print(time.monotonic(), flush=True)
"""
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


class Editor:
    """The process that edits."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def begin(self, edit: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{edit}\n")
        self.process.stdin.flush()

    def heard(self) -> float:
        """Wait for what it says, and return that."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())


@contextmanager
def editing(database: Database) -> Iterator[Editor]:
    with subprocess.Popen(
        [sys.executable, "-c", EDITOR],
        cwd=ROOT,
        env=database.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Editor(process)


def converged(
    crowd: Crowd,
    editor: Editor,
    edit: str,
    old: tuple[int, bool],
    new: tuple[int, bool],
    bound: float,
) -> float:
    """Edit, and return how long it takes until every worker has answered the new way."""
    crowd.until_all_say(old, 20)
    crowd.answers.clear()
    crowd.ask()
    editor.begin(edit)
    crowd.ask()
    edited_at = editor.heard()
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
    log = tmp_path / "server.log"
    with editing(found) as editor, started(name, COMMANDS[name], environment, log) as server:
        crowd = Crowd(server)
        assert editor.heard() == 0, "it has no rule yet"
        took = [converged(crowd, editor, "make", OLD, GONE, bound)]
        took.append(converged(crowd, editor, "unmake", GONE, OLD, bound))
        crowd.pool.shutdown()
        logged = server.logged()
    assert "Traceback" not in logged
    assert "can't be read" not in logged
    with capsys.disabled():
        times = ", ".join(f"{seconds:.2f} s" for seconds in took)
        print(f"\n{name} on {where}, asking every {bound} s: {times} ", end="")  # noqa: T201
