"""What visitors don't find, and rules that they need, counted by several processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Model

from django_http_errors.models import MissingPage, PermanenceRule

from ..databases import DATABASES, Database, connected
from ..servers import Server, started

pytestmark = pytest.mark.slow

COMMAND = (
    *("-m", "gunicorn", "tests.counting_wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
    *("--workers", "2", "--worker-class", "sync"),
)
# How often each is asked for; those of scanners are one row, which is there from the start.
ASKED = {"/lamp/": 120, "/chair/": 60, "/table": 20, "/rare/": 1}
SCANNED = {f"/wp-{n}.php": 2 for n in range(20)}
LISTED = {**ASKED, "*/wp-*.php": sum(SCANNED.values())}
GONE = {"/old-shop/lamp/": 60}
MOST_SECONDS = 20.0
SECRET = {"/vault/secret/": 20, "/documents/2/": 20, "/documents/999/": 20}


def ask(server: Server, path: str) -> None:
    server.exchange(
        f"GET {path}?token=secret HTTP/1.0\r\nHost: localhost\r\nReferer: http://elsewhere.example/from"
        "?token=secret\r\nConnection: close\r\n\r\n".encode()
    )


def rows(database: Database, model: type[Model], *columns: str) -> list[Any]:
    with connected(database.url) as cursor:
        cursor.execute(" ".join(("SELECT", ", ".join(columns), "FROM", model._meta.db_table)))
        return list(cursor.fetchall())


def is_complete(found: dict[str, int], hits: dict[str, int]) -> bool:
    is_all_found = all(found.get(path, 0) >= times for path, times in LISTED.items())
    return is_all_found and hits["/old-shop/"] >= sum(GONE.values())


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=() if each == "sqlite" else pytest.mark.soak) for each in DATABASES],
)
def test_two_workers_count_right(
    name: str, database: Callable[[str], Database], django_db_blocker: Any, tmp_path: Path
) -> None:
    """Within five in a hundred; no query, and nothing that is hidden."""
    own = database(name)
    environment = {**own.environment(), "MISSING_PAGES": "1"}
    with started("gunicorn", COMMAND, environment, tmp_path / "log") as server:
        every = ASKED | SCANNED | GONE | SECRET
        paths = chain.from_iterable(repeat(path, times) for path, times in every.items())
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda path: ask(server, path), sorted(paths, key=hash)))
            # What comes next has the workers write what they have counted, once it reaches both.
            found: dict[str, int] = {}
            hits = {"/old-shop/": 0}
            began = time.monotonic()
            while not is_complete(found, hits) and time.monotonic() < began + MOST_SECONDS:
                time.sleep(0.25)
                list(pool.map(lambda path: ask(server, path), repeat("/last/", 8)))
                with django_db_blocker.unblock():
                    found = dict(rows(own, MissingPage, "path", "hits"))
                    hits = dict(rows(own, PermanenceRule, "pattern", "hits"))
        assert "could not be written" not in server.logged()
    with django_db_blocker.unblock():
        referrers = {referrer for (referrer,) in rows(own, MissingPage, "referrer")}
    for path, times in LISTED.items():
        assert found.pop(path) == pytest.approx(times, rel=0.05), path
    assert {path for path, times in found.items() if times} <= {"/last/"}
    assert hits["/old-shop/"] == pytest.approx(sum(GONE.values()), rel=0.05)
    assert referrers - {""} == {"http://elsewhere.example/from"}
