"""Many at the same time: threads that read while an editor writes, and requests by the hundred."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from django_http_errors.models import ErrorMessage, PermanenceRule
from django_http_errors.rules import queries
from django_http_errors.rules.snapshot import snapshots

from ..asking import JSON, MIDDLEWARE, PROBLEM, Site
from ..databases import Database, connections_to
from ..servers import COMMANDS, Server, started

MANY = 150
EDITIONS = 15


pytestmark = pytest.mark.slow

# Threads.


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_eight_readers_never_get_a_torn_answer(
    mode: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer is whole and by one edit of the rule, which is its detail, and the message.

    Every third time the rows are read so slowly that an edit comes in between.
    """
    pauses = cycle([0.1, 0.0, 0.0])
    read_messages = queries.error_messages

    def linger(alias: str) -> Any:
        time.sleep(next(pauses))
        return read_messages(alias)

    monkeypatch.setattr(queries, "error_messages", linger)
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0}
    snapshots.forget()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
    PermanenceRule.objects.create(pattern="/a/", reason="edition 0")
    ErrorMessage.objects.create(status="410", title="edition 0")
    done = threading.Event()
    latest = 0

    def read() -> list[tuple[int, dict[str, Any]]]:
        """Return all answers, each with the edition that was the latest when it came."""
        answers = []
        site = Site(mode)
        try:
            while not done.is_set():
                body = site.ask("/a/", JSON).json()
                answers.append((latest, body))
        finally:
            connection.close()
        return answers

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        try:
            for edition in range(1, EDITIONS + 1):
                with transaction.atomic():
                    PermanenceRule.objects.update(reason=f"edition {edition}")
                    ErrorMessage.objects.update(title=f"edition {edition}")
                latest = edition
                time.sleep(0.05)
        finally:
            done.set()
        results = [reader.result(20) for reader in readers]
    seen = set()
    for answers in results:
        last = 0
        for latest, body in answers:
            assert (body["status"], body["instance"]) == (410, "/a/")
            assert body["title"] == body["detail"], "both are of one edit"
            edition = int(body["title"].removeprefix("edition "))
            assert last <= edition <= latest + 1, "no reader goes back"
            last = edition
            seen.add(edition)
    assert len(seen) > 2, "edits are seen while they are made, on a busy machine too"
    assert Site(mode).ask("/a/", JSON).json()["title"] == f"edition {EDITIONS}"


# Requests by the hundred.


async def ask_at_once(application: Callable[..., Any]) -> list[int]:
    """Return the statuses of the answers to requests that are all there at the same time."""
    return await asyncio.gather(*(ask_one(application, f"/nowhere/{n}/") for n in range(MANY)))


async def ask_one(application: Callable[..., Any], path: str) -> int:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"accept", PROBLEM.encode())],
    }
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, incoming.get, send)
    start, *pieces = sent
    problem = json.loads(b"".join(piece["body"] for piece in pieces))
    assert (problem["instance"], problem["status"]) == (path, start["status"])
    return start["status"]


@pytest.fixture
def opened() -> Iterator[list[BaseDatabaseWrapper]]:
    """The database connections that are opened, in whatever thread, less this one's own."""
    found: list[BaseDatabaseWrapper] = []

    def note(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            found.append(connection)

    connection_created.connect(note)
    yield found
    connection_created.disconnect(note)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "middleware",
    [
        pytest.param([MIDDLEWARE], id="middleware"),
        pytest.param([], id="handlers alone", marks=pytest.mark.soak),
    ],
)
def test_many_at_once_leave_nothing_behind(
    middleware: list[str], opened: list[BaseDatabaseWrapper], settings: Any
) -> None:
    """No connection stays open, no thread stays behind, and no coroutine goes unawaited."""
    settings.MIDDLEWARE = middleware
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0}
    PermanenceRule.objects.create(kind="route", pattern="/nowhere/<int:n>/")
    snapshots.forget()
    threads = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        statuses = asyncio.run(ask_at_once(get_asgi_application()))
        gc.collect()
    assert statuses == [410] * MANY
    assert opened, "somebody has looked for news"
    assert [each for each in opened if each.connection is not None] == []
    assert [str(each.message) for each in warned] == []
    assert set(threading.enumerate()) <= threads


def test_many_at_once_leave_uvicorn_no_connection(
    database: Callable[[str], Database], django_db_blocker: Any, tmp_path: Path
) -> None:
    found = database("postgresql")
    environment = {**found.environment("tests.quick_settings"), "PYTHONWARNINGS": "always"}

    async def visit(server: Server, n: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET /archive/{n}/ HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return received[:12]

    async def visit_at_once(server: Server) -> list[bytes]:
        return await asyncio.gather(*(visit(server, n) for n in range(MANY)))

    with started("uvicorn", COMMANDS["uvicorn"], environment, tmp_path / "server.log") as server:
        for _time in range(2):
            assert asyncio.run(visit_at_once(server)) == [b"HTTP/1.1 410"] * MANY
            deadline = time.monotonic() + 5
            with django_db_blocker.unblock():
                while (left := connections_to(found)) and time.monotonic() < deadline:
                    time.sleep(0.05)
            assert left == 0
        logged = server.logged()
    assert "never awaited" not in logged
    assert "ResourceWarning" not in logged
    assert "can't be read" not in logged
