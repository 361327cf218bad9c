"""What visitors get while the database fails, from real servers with real drivers.

How a snapshot is asked for, and when not, is tested to the second in `rules.test_snapshot`, by a
clock of its own.
Here it is seen from outside: each answer is whole and by the rows that were known last, and at
most one visitor at a time waits for the database, once.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count, cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from django_http_errors.models import Generation, PermanenceRule
from django_http_errors.rules.snapshot import LONGEST_BACK_OFF

from ..asking import FORMS, HTML, JSON
from ..databases import Database, connected
from ..demo import CONTENT_TYPES, QUESTIONS, Question
from ..quick_settings import HTTP_ERRORS
from ..relay import Relay, relaying
from ..servers import Server, started

pytestmark = pytest.mark.slow

GENERATION, RULES = (model._meta.db_table for model in (Generation, PermanenceRule))

# The time-out that the site has set for its database, and what an answer may take beside it: two
# time-outs would be more.
TIMEOUT = 2.0
MARGIN = 1.5
REFRESH_SECONDS = HTTP_ERRORS["REFRESH_SECONDS"]
# How long the database is away in mid-run, if not just for two attempts. The longest back-off is
# reached after 63 seconds.
OUTAGE_SECONDS = os.environ.get("OUTAGE_SECONDS", "")

VISITORS = 8

# One process with a snapshot of its own, and threads that go by it.
COMMANDS = {
    "gunicorn": (
        *("-m", "gunicorn", "testproject.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
        *("--workers", "1", "--worker-class", "gthread", "--threads", "8"),
    ),
    "uvicorn": ("-m", "uvicorn", "testproject.asgi:application", "--port", "0"),
}

# What a site sets, so that it doesn't wait for ever.
OPTIONS = {
    "postgresql": "connect_timeout=2&options=-c%20statement_timeout%3D2000",
    "mariadb": "connect_timeout=2&read_timeout=2&write_timeout=2",
}


@dataclass(frozen=True)
class Answer:
    """What came for a question in a form, when it was asked and how long it took."""

    question: Question
    form: str
    began: float
    took: float
    status: int
    content_type: str
    body: str

    def says(self, expected: tuple[int, str]) -> bool:
        status, words = expected
        return (
            self.status == status
            and self.content_type == CONTENT_TYPES[self.form]
            and words in self.body
        )


def ask(server: Server, question: Question, form: str = JSON, **fields: str) -> Answer:
    began = time.monotonic()
    sent = {"Host": "localhost", "Accept": form, **fields}
    lines = [f"GET {question.path} HTTP/1.0", *(f"{key}: {sent[key]}" for key in sent), "", ""]
    head, _, body = server.exchange("\r\n".join(lines).encode()).partition(b"\r\n\r\n")
    took = time.monotonic() - began
    status_line, *lines = head.decode().split("\r\n")
    got = dict(line.lower().split(": ", 1) for line in lines)
    # Outside of CommonMiddleware nobody counts it, and the end of the connection is the end.
    assert int(got.get("content-length", len(body))) == len(body)
    status = int(status_line.split()[1])
    return Answer(question, form, began, took, status, got["content-type"], body.decode())


class Crowd:
    """Visitors that ask for everything in every form, and again."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.asks = cycle([(question, form) for form in FORMS for question in QUESTIONS])

    def ask(self, seconds: float) -> list[Answer]:
        """Ask for so long, each visitor once at least, and return all the answers."""
        until = time.monotonic() + seconds

        def visit(n: int) -> list[Answer]:
            answers = [ask(self.server, *next(self.asks))]
            while time.monotonic() < until:
                time.sleep(0.05)  # It is no flood.
                answers.append(ask(self.server, *next(self.asks)))
            return answers

        with ThreadPoolExecutor(VISITORS) as pool:
            return list(chain.from_iterable(pool.map(visit, range(VISITORS))))

    def read(self) -> None:
        """Have every thread open its connection, if the site keeps them."""
        with ThreadPoolExecutor(VISITORS) as pool:
            for answer in pool.map(lambda _: ask(self.server, DOCUMENT, HTML), range(4 * VISITORS)):
                assert answer.says(DOCUMENT.known)

    def until(self, question: Question, expected: tuple[int, str], seconds: float) -> None:
        """Ask until the answer is the expected one."""
        deadline = time.monotonic() + seconds
        while not ask(self.server, question).says(expected):
            assert time.monotonic() < deadline, f"not in force after {seconds} s"
            time.sleep(0.1)


@dataclass(frozen=True)
class World:
    """A database with the demo's rows, the relay before it, and how a site is set to use them."""

    database: Database
    relay: Relay
    keeps_connections: bool = False

    def url(self, relay: Relay) -> str:
        parts = urlsplit(self.database.url)
        netloc = f"{parts.username}@127.0.0.1:{relay.port}"
        return urlunsplit(parts._replace(netloc=netloc, query=OPTIONS[self.database.name]))

    @contextmanager
    def serving(self, name: str, log: Path, **environment: str) -> Iterator[Server]:
        environment = {
            **self.database.environment("tests.fault_settings"),
            "DATABASE_URL": self.url(self.relay),
            # Under ASGI Django wants none to be kept.
            "KEEP_CONNECTIONS": "1" if self.keeps_connections and name == "gunicorn" else "",
            **environment,
        }
        with started(name, COMMANDS[name], environment, log) as server:
            yield server

    def outside(self) -> AbstractContextManager[Any]:
        """Give a cursor of a connection that has nothing to do with the relay."""
        return connected(self.database.url)


@contextmanager
def refused(world: World) -> Iterator[None]:
    """The database has stopped: what was open is cut, and nobody listens."""
    world.relay.refuse()
    yield
    world.relay.serve()


@contextmanager
def hung(world: World) -> Iterator[None]:
    """The machine of the database is gone: nothing comes back, whatever is sent."""
    world.relay.hang()
    yield
    world.relay.serve()


@contextmanager
def slow(world: World) -> Iterator[None]:
    """A query takes longer than the site lets it, for somebody holds the table."""
    with world.outside() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {GENERATION} IN ACCESS EXCLUSIVE MODE")
        yield
        cursor.execute("ROLLBACK")


@contextmanager
def not_migrated(world: World) -> Iterator[None]:
    with world.outside() as cursor:
        cursor.execute(f"ALTER TABLE {GENERATION} RENAME TO {GENERATION}_away")
        yield
        cursor.execute(f"ALTER TABLE {GENERATION}_away RENAME TO {GENERATION}")


@dataclass(frozen=True)
class Fault:
    """What is the matter with which database, and what that means for who asks it.

    waits: whether that takes the whole time-out
    hits_views: whether views meet it too when they ask for their own
    keeps_connections: whether the site does; psycopg would wait for ever on one that hangs
    """

    where: str
    begin: Callable[[World], AbstractContextManager[None]]
    waits: bool
    hits_views: bool
    keeps_connections: bool

    @property
    def outage(self) -> float:
        """For how many seconds the database is away in mid-run."""
        return float(OUTAGE_SECONDS or 2 * (TIMEOUT if self.waits else 1))


FAULTS = {
    "refused": Fault("postgresql", refused, False, True, True),
    "hung": Fault("postgresql", hung, True, True, False),
    "slow": Fault("postgresql", slow, True, False, True),
    "not migrated": Fault("postgresql", not_migrated, False, False, True),
    "hung in a query": Fault("mariadb", hung, True, True, True),
}


soak = pytest.mark.soak


@pytest.fixture(params=["gunicorn", pytest.param("uvicorn", marks=soak)])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(
    params=[pytest.param(each, marks=() if each == "refused" else soak) for each in FAULTS]
)
def fault(request: pytest.FixtureRequest) -> Fault:
    return FAULTS[request.param]


@pytest.fixture
def world(
    fault: Fault, database: Callable[[str], Database], django_db_blocker: Any
) -> Iterator[World]:
    found = database(fault.where)
    with relaying(urlsplit(found.url).port) as relay, django_db_blocker.unblock():
        yield World(found, relay, fault.keeps_connections)


CLOSED = QUESTIONS[0]
SUCCESS = Question("/negotiated/", (200, ""), (200, ""))
DOCUMENT = Question("/documents/1/", (200, "Opening hours"), (500, "An error on the server"))
BEGUN, ENDED = "what was known of them stays in force", "Messages and rules can be read again"


def test_whatever_fails_visitors_get_whole_answers(
    name: str, fault: Fault, world: World, tmp_path: Path
) -> None:
    """Absent at the start, there, away in mid-run, and back: the life of a process."""
    with ExitStack() as away:
        away.enter_context(fault.begin(world))
        with world.serving(name, tmp_path / "server.log") as server:
            crowd = Crowd(server)
            # The first one has the site loaded, and asks for hiding rules, even if it succeeds.
            first = ask(server, SUCCESS, HTML)
            assert first.status == 200
            assert first.took > 0.9 * TIMEOUT or not fault.waits
            at_start = [*crowd.ask(0), *crowd.ask(0.3)]
            assert len(waited(at_start)) <= 1, "one of all, and then not before a back-off"
            assert [each for each in at_start if not each.says(each.question.unknown)] == []

            away.close()
            crowd.until(CLOSED, CLOSED.known, longest_back_off(1))
            crowd.read()
            with fault.begin(world):
                meanwhile = crowd.ask(fault.outage)
                document = ask(server, DOCUMENT, HTML)
            for outage in (fault.outage, 0):
                words = edit(world)
                crowd.until(CLOSED, (410, words), longest_back_off(outage))
            logged = server.logged()
    assert [each for each in meanwhile if not each.says(each.question.known)] == []
    assert bool(waited(meanwhile)) == fault.waits
    assert len(waited(meanwhile)) <= attempts(fault.outage), "one of all, after a back-off"
    # A view that needs the database fails by itself, and its answer waits for nothing more.
    assert document.says(DOCUMENT.unknown if fault.hits_views else DOCUMENT.known)
    waited([document])
    # However many answers there were. A connection that a thread has kept may fail once more.
    begun = logged.count(BEGUN)
    assert 2 <= begun <= 2 + (VISITORS if world.keeps_connections else 0)
    assert logged.count(ENDED) == begun
    assert len(re.findall(r" ERROR \[.*\] django_http_errors:", logged)) == begun


def waited(answers: list[Answer]) -> list[Answer]:
    """Return those that waited for the database, each of them once at most."""
    found = [each for each in answers if each.took > 0.9 * TIMEOUT]
    assert [each for each in found if each.took > TIMEOUT + MARGIN] == []
    return found


def attempts(seconds: float) -> int:
    """Return how often a database that lets one wait can have been asked in that time."""
    number, passed, back_off = 0, 0.0, 1.0
    while passed <= seconds:
        number += 1
        passed += TIMEOUT + back_off
        back_off = min(2 * back_off, LONGEST_BACK_OFF)
    return number


def longest_back_off(outage: float) -> float:
    """Return how long it may take until the rows are in force again, after such an outage.

    It was waited for no longer than all the times before together.
    """
    return min(outage + TIMEOUT + 1, LONGEST_BACK_OFF) + REFRESH_SECONDS + MARGIN


numbers = count()


def edit(world: World) -> str:
    """Have an editor change the words for what is closed, and return the new ones."""
    words = f"{CLOSED.known[1]}, edition {next(numbers)}."
    with world.outside() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            f"UPDATE {RULES} SET reason = %s WHERE pattern = %s",  # noqa: S608 - all ours
            [words, "/old-shop/"],
        )
        cursor.execute(f"UPDATE {GENERATION} SET number = number + 1")  # noqa: S608
        cursor.execute("COMMIT")
    return words


@pytest.fixture
def postgresql(database: Callable[[str], Database], django_db_blocker: Any) -> Iterator[World]:
    found = database("postgresql")
    with relaying(urlsplit(found.url).port) as relay, django_db_blocker.unblock():
        yield World(found, relay)


def test_a_read_replica_is_what_is_asked(name: str, postgresql: World, tmp_path: Path) -> None:
    """Not the database that is written to: neither is in the place of the other."""
    world, primary = postgresql, postgresql.relay
    with relaying(primary.target[1]) as replica:
        reading = replace(world, relay=replica)
        primary.refuse()
        with world.serving(name, tmp_path / "server.log", REPLICA_URL=world.url(replica)) as server:
            crowd = Crowd(server)
            words = edit(world)
            crowd.until(CLOSED, (410, words), longest_back_off(0))
            primary.serve()
            asked = primary.taken
            with hung(reading):
                answers = crowd.ask(TIMEOUT)
            assert [each for each in answers if not each.says(each.question.known)] == []
            assert len(waited(answers)) == 1
            words = edit(world)
            crowd.until(CLOSED, (410, words), longest_back_off(TIMEOUT))
            assert primary.taken == asked


SPOILING = {"MIDDLEWARE": "tests.middleware.in_a_broken_transaction"}


def test_in_a_broken_transaction_the_last_snapshot_serves(
    name: str, postgresql: World, tmp_path: Path
) -> None:
    """PostgreSQL takes no query in it, and Django doesn't know if the view has caught the error.

    It is no failing database: the next visitor asks, and what one view does keeps no rule out of
    force for the others.
    """
    with postgresql.serving(name, tmp_path / "server.log", **SPOILING) as server:
        crowd = Crowd(server)
        broken = [ask(server, each, form, spoil="yes") for form in FORMS for each in QUESTIONS]
        if name == "gunicorn":
            assert ask(server, CLOSED).says(CLOSED.known)
            assert BEGUN not in server.logged()
        else:
            # Under ASGI a handler asks in a thread that has no part in the transaction.
            broken = [each for each in broken if not each.says(each.question.known)]
            crowd.until(CLOSED, CLOSED.known, longest_back_off(0))
        assert [each for each in broken if not each.says(each.question.unknown)] == []
        time.sleep(REFRESH_SECONDS)  # The next one asks.
        broken = [ask(server, each, form, spoil="yes") for form in FORMS for each in QUESTIONS]
        assert [each for each in broken if not each.says(each.question.known)] == []
        words = edit(postgresql)
        crowd.until(CLOSED, (410, words), longest_back_off(0))
