"""What visitors don't find: counted in memory, and written to the database now and then.

Counting costs a 404 a microsecond. What is written goes there after an answer has been sent, at
most every half a minute a process; a database that fails loses counts, and nothing else.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from heapq import nlargest
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.core.signals import request_finished
from django.db import connections, router
from django.http import HttpRequest
from django.http.request import validate_host
from django.urls import Resolver404, resolve
from django.utils import timezone

from ..hiding.policies import POLICY
from ..models import MissingPage
from ..rules.snapshot import UNREAD, HidingRules, snapshots

logger = logging.getLogger("django_http_errors")

# Seconds between two times that a process writes what it has counted.
EVERY = 30.0
# Pages that are counted at a time: of twice as many the rarer half is dropped.
MOST_COUNTED = 1000
# Rows in the database: of more, the rarest and oldest go.
MOST_KEPT = 10_000
LONGEST = 500
# How many rows a statement has: SQLite takes no more than 999 parameters.
BATCH = 100

# What scanners look for at every site, each kind counted as one.
NOISE = (
    "*.php*",
    "*/.env*",
    "*/.git/*",
    "*/.aws/*",
    "*/.well-known/*",
    "*/wp-admin/*",
    "*/wp-content/*",
    "*/wp-includes/*",
    "*/cgi-bin/*",
    "*/vendor/*",
    "*.asp",
    "*.aspx",
    "*.jsp",
    "*.sql",
    "*.zip",
    "*.tar.gz",
    "*.bak",
)


@dataclass(slots=True)
class Count:
    """How often a page was asked for, in which time, and from which page the last time."""

    hits: int
    first: float
    last: float
    referrer: str

    def add(self, other: Count) -> None:
        self.hits += other.hits
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.referrer = other.referrer or self.referrer


Place = tuple[str, str]


class Counter:
    """The counts of this process, by host and path."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Place, Count] = {}
        self._write_at = 0.0

    def forget(self) -> None:
        """Be as at the start of the process."""
        self.__init__()  # type: ignore[misc]

    def count(self, request: HttpRequest, host: str) -> None:
        """Count that nothing was found for `request`.

        host: one of the site's, "" for any other, which isn't counted
        """
        place = host, request.path_info
        if not host or len(place[1]) > LONGEST:
            return
        now, referrer = time.time(), request.META.get("HTTP_REFERER", "")
        with self._lock:
            known = self._counts.get(place)
            if known is None:
                if len(self._counts) >= 2 * MOST_COUNTED:
                    self._counts = _most_frequent(self._counts)
                if not self._counts:
                    self._write_at = time.monotonic() + EVERY
                    request_finished.connect(self.write_if_due, dispatch_uid=__name__)
                self._counts[place] = Count(1, now, now, referrer[:LONGEST])
            else:
                known.hits += 1
                known.last = now
                known.referrer = referrer[:LONGEST] or known.referrer

    def write_if_due(self, **kwargs: Any) -> None:
        """Write what was counted, if it is time; a receiver of `request_finished`."""
        if self._counts and time.monotonic() >= self._write_at:
            self.write()

    def write(self) -> None:
        """Write what was counted, and begin anew; never raises."""
        with self._lock:
            counts, self._counts = self._counts, {}
        request_finished.disconnect(dispatch_uid=__name__)
        try:
            _write(counts)
        except Exception as error:
            if not isinstance(error, SynchronousOnlyOperation):
                logger.exception("What visitors didn't find could not be written")


def _most_frequent(counts: dict[Place, Count]) -> dict[Place, Count]:
    """Return those of `counts` that are worth more room than what is new."""
    return dict(nlargest(MOST_COUNTED, counts.items(), key=lambda item: item[1].hits))


def _write(counts: dict[Place, Count]) -> None:
    alias = router.db_for_write(MissingPage)
    connection = connections[alias]
    was_open = connection.connection is not None
    try:
        snapshot = snapshots.current(from_memory=True)
        if snapshot is UNREAD or connection.in_atomic_block:
            return  # What must not be listed isn't known, or what is written may be rolled back.
        own = MissingPage.objects.using(alias).filter(path__contains="*")
        patterns = [*own.values_list("path", flat=True), *NOISE]
        # In one order everywhere, so that no two processes wait for each other's rows.
        rows = _folded(counts, patterns, snapshot.hiding)
        for start in range(0, len(rows), BATCH):
            _add(alias, rows[start : start + BATCH])
        _drop_rarest(alias)
    finally:
        if not was_open:
            connection.close()  # Under ASGI this may be a thread that has no next request.


def _folded(
    counts: dict[Place, Count], patterns: Iterable[str], hiding: HidingRules
) -> list[tuple[Place, Count]]:
    """Return what is to be written, in order: valid, nothing hidden, noise by its pattern."""
    matchers = [(each, re.compile(translate(each))) for each in dict.fromkeys(patterns)]
    found: dict[Place, Count] = {}
    for (host, path), count in counts.items():
        if not path.isprintable() or hiding.may_cover(path):
            continue
        count.referrer = _shown_referrer(count.referrer, hiding)
        pattern = next((each for each, matcher in matchers if matcher.match(path)), None)
        # A pattern is for scanners, who ask for the same at every host.
        place = ("", pattern) if pattern else (host, path)
        if place in found:
            found[place].add(count)
        else:
            found[place] = count
    return sorted(found.items(), key=lambda item: item[0])


def _shown_referrer(referrer: str, hiding: HidingRules) -> str:
    """Return `referrer` without its query string, "" if it is no page that may be listed."""
    try:
        parts = urlsplit(referrer)
        host = (parts.hostname or "").lower()
        path = parts.path or "/"
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or not referrer.isprintable():
        return ""
    if validate_host(host, settings.ALLOWED_HOSTS) and (
        hiding.may_cover(path) or _is_hiding_view(path)
    ):
        return ""
    return f"{parts.scheme}://{host}{path}"[:LONGEST]


def _is_hiding_view(path: str) -> bool:
    try:
        return hasattr(resolve(path).func, POLICY)
    except Resolver404:
        return False


def _moment(seconds: float) -> datetime:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if settings.USE_TZ else timezone.make_naive(moment)


_ON_CONFLICT = """
    ON CONFLICT (host, path) DO UPDATE SET
    hits = {table}.hits + excluded.hits, last_seen = excluded.last_seen,
    referrer = CASE excluded.referrer WHEN '' THEN {table}.referrer ELSE excluded.referrer END
"""
_ON_DUPLICATE_KEY = """
    ON DUPLICATE KEY UPDATE
    referrer = CASE VALUES(referrer) WHEN '' THEN referrer ELSE VALUES(referrer) END,
    hits = hits + VALUES(hits), last_seen = VALUES(last_seen)
"""


def _add(alias: str, rows: list[tuple[Place, Count]]) -> None:
    """Add the counts of `rows` to those in the database, in one statement.

    By hand, since Django's `bulk_create` writes over what is there, and can't add to it.
    """
    connection = connections[alias]
    table = connection.ops.quote_name(MissingPage._meta.db_table)
    adapt = connection.ops.adapt_datetimefield_value
    values: list[Any] = []
    for (host, path), count in rows:
        times = adapt(_moment(count.first)), adapt(_moment(count.last))
        values += [host, path, count.hits, *times, count.referrer, False]
    places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(rows))
    conflict = _ON_DUPLICATE_KEY if connection.vendor == "mysql" else _ON_CONFLICT
    statement = (
        f"INSERT INTO {table} (host, path, hits, first_seen, last_seen, referrer, ignored)"  # noqa: S608
        f" VALUES {places} {conflict.format(table=table)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _drop_rarest(alias: str) -> None:
    rows = MissingPage.objects.using(alias)
    # What editors have written stays: patterns, and what is ignored.
    counted = rows.filter(ignored=False).exclude(path__contains="*")
    excess = rows.count() - MOST_KEPT
    if excess > 0:
        rarest = list(counted.order_by("hits", "last_seen").values_list("pk", flat=True)[:excess])
        for keys in _batches(rarest):
            rows.filter(pk__in=keys).delete()


def _batches(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


counter = Counter()
