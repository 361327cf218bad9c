"""Counting what visitors ask for: in memory, and written to the database now and then.

Counting costs two microseconds. What is written goes there after an answer has been sent, at most
every half a minute a process; a database that fails loses counts, and nothing else.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, models, router, transaction
from django.db.models import (
    Case,
    DateTimeField,
    F,
    PositiveBigIntegerField,
    QuerySet,
    Value,
    When,
)
from django.http.response import HttpResponseBase
from django.utils import timezone

from ..rules.snapshot import snapshots

logger = logging.getLogger("django_http_errors")

# Seconds between two times that a process writes what it has counted.
EVERY = 30.0
# What is counted at a time: of twice as many the rarer half is dropped.
MOST_COUNTED = 1000
# What is seen before it is counted.
MOST_SEEN = 200
# How many rows a statement has: SQLite takes no more than 999 parameters.
BATCH = 100

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
M = TypeVar("M", bound=models.Model)


class Count(NamedTuple):
    """How often something was asked for, in which time, and from which page the last time.

    first, last: in seconds since 1970
    """

    hits: int
    first: float
    last: float
    referrer: str = ""

    def with_(self, later: Count) -> Count:
        """Return the sum of both."""
        return Count(
            self.hits + later.hits,
            min(self.first, later.first),
            max(self.last, later.last),
            later.referrer or self.referrer,
        )


# The counters that have something to write, which any success will do for, and whatever is counted.
waiting: set[Counter[Any]] = set()


class Counter(ABC, Generic[K]):
    """The counts of this process, by what is counted."""

    # What the counts are written to, and what is said where they can't be.
    model: ClassVar[type[models.Model]]
    failure: ClassVar[str]
    # The name of the one of the process, in its module.
    name: ClassVar[str]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What was asked for and isn't counted yet: to count many in a row takes a third. Each with
        # the schema that it is of: what was counted for one tenant (django-tenants) is nothing for
        # the table of another.
        self._seen: deque[tuple[str, K, str, float]] = deque()
        self._counts: dict[tuple[str, K], Count] = {}
        # When the counts of a schema are to be written, if it has any.
        self._write_at: dict[str, float] = {}

    def forget(self) -> None:
        """Be as at the start of the process."""
        waiting.discard(self)
        self.__init__()  # type: ignore[misc]

    def __len__(self) -> int:
        """Return how much is counted and not yet written."""
        self._count_seen()
        return len(self._counts)

    def __reduce__(self) -> str:
        # What waits until a response has been sent is kept with it in a cache of the site's.
        return self.name

    def add(self, response: HttpResponseBase, key: K, schema: str, referrer: str = "") -> None:
        """Count that `key` was asked for, once `response` has been sent.

        What a middleware answers in its place, such as a redirect to where the page is, is sent
        and closed instead.

        schema: that of the request, which may be another one by then
        """
        count = partial(self._add, schema, key, referrer)
        response._resource_closers.append(count)  # type: ignore[attr-defined]

    def _add(self, schema: str, key: K, referrer: str) -> None:
        now = time.monotonic()
        self._seen.append((schema, key, referrer, now))
        if len(self._seen) >= MOST_SEEN:
            self._count_seen()
        if now >= self._write_at.get(schema, 0.0):
            self._begin_or_write(schema)

    def _begin_or_write(self, schema: str) -> None:
        if schema not in self._write_at:
            self._begin(schema)
            return
        # Itself by name: another thread may just have taken it out.
        for counter in {self, *waiting}:
            counter.write_if_due()

    def _begin(self, schema: str) -> None:
        self._write_at[schema] = time.monotonic() + EVERY
        waiting.add(self)

    def _count_seen(self) -> None:
        """Count what was seen."""
        began = time.time() - time.monotonic()
        with self._lock:
            counts = self._counts
            with suppress(IndexError):  # by an empty deque
                while True:
                    schema, key, referrer, moment = self._seen.popleft()
                    own, last = (schema, key), began + moment
                    known = counts.get(own)
                    if known is None:
                        counts[own] = Count(1, last, last, referrer)
                    else:
                        counts[own] = Count(
                            known.hits + 1, known.first, last, referrer or known.referrer
                        )
            self._drop_rarest()

    def _drop_rarest(self) -> None:
        """Keep those counts that are worth more room than what is new."""
        if len(self._counts) >= 2 * MOST_COUNTED:
            ordered = sorted(self._counts.items(), key=lambda item: item[1].hits, reverse=True)
            self._counts = dict(ordered[:MOST_COUNTED])

    def put_back(self, counts: dict[K, Count]) -> None:
        """Keep `counts`, of the present schema, to be written the next time."""
        schema = snapshots.source().schema
        with self._lock:
            for key, count in counts.items():
                known = self._counts.get((schema, key))
                self._counts[schema, key] = count if known is None else known.with_(count)
            self._drop_rarest()
        if counts:
            self._begin(schema)

    def is_due(self) -> bool:
        """Return whether it is time to write what was counted in some schema."""
        now = time.monotonic()
        return any(now >= moment for moment in tuple(self._write_at.values()))

    def write_if_due(self) -> None:
        """Write what was counted in the present schema, if it is time; never raises."""
        try:
            schema = snapshots.source().schema
        except Exception:  # noqa: BLE001 - what answers errors fails at the same, and logs it
            return
        if time.monotonic() >= self._write_at.get(schema, math.inf):
            self.write()

    def write(self) -> None:
        """Write what was counted in the present schema, and begin anew; never raises.

        Within a transaction, which may be rolled back, it waits.
        """
        try:
            alias, here = router.db_for_write(self.model), snapshots.source().schema
            if connections[alias].in_atomic_block:
                return
            self._write_at.pop(here, None)
            if not self._write_at:
                waiting.discard(self)
            self._count_seen()
            with self._lock:
                all_counts = self._counts.items()
                counts = {key: each for (schema, key), each in all_counts if schema == here}
                self._counts = {key: each for key, each in all_counts if key[0] != here}
            if counts:
                self._write(alias, counts)
        except Exception as error:
            if not isinstance(error, SynchronousOnlyOperation):
                logger.exception(self.failure)

    def _write(self, alias: str, counts: dict[K, Count]) -> None:
        connection = connections[alias]
        was_open = connection.connection is not None
        try:
            self.save(alias, counts)
        finally:
            if not was_open:
                connection.close()  # Under ASGI this may be a thread that has no next request.

    @abstractmethod
    def save(self, alias: str, counts: dict[K, Count]) -> None:
        """Add `counts` to what is in the database `alias`, and put back what has to wait."""


def write_when_sent(response: HttpResponseBase) -> None:
    """Have what is due be written when `response`, which isn't counted, has been sent."""
    for counter in tuple(waiting):
        if counter.is_due():
            response._resource_closers.append(counter.write_if_due)  # type: ignore[attr-defined]


def moment(seconds: float) -> datetime:
    """Return the time that a database has for so many seconds since 1970."""
    found = datetime.fromtimestamp(seconds, UTC)
    return found if settings.USE_TZ else timezone.make_naive(found)


def batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `rows` in portions that one statement can have."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def add(rows: QuerySet[M], counts: Mapping[int, Count], last: str, **more: Any) -> None:
    """Add `counts`, by primary keys, to the hits of `rows`, in one statement.

    last: the name of the field that has the time of the last hit
    more: what else the statement is to set
    """
    hits = [When(pk=pk, then=Value(each.hits)) for pk, each in counts.items()]
    times = [
        When(pk=pk, then=Value(moment(each.last), DateTimeField())) for pk, each in counts.items()
    ]
    more[last] = Case(*times, default=F(last), output_field=DateTimeField())
    sum_of_both = F("hits") + Case(*hits, default=0, output_field=PositiveBigIntegerField())
    rows.update(hits=sum_of_both, **more)


@contextmanager
def locked(rows: QuerySet[M]) -> Iterator[tuple[QuerySet[M], QuerySet[M]]]:
    """Lock those of `rows` that nobody holds, and give these, and the others.

    To wait for the others would stall the process for as long as an import takes, and could end
    it, or the import: that may come to rows that this has locked. Where the database can't skip
    rows, all are given, and none are locked: SQLite has one writer at a time.
    """
    alias = rows.db
    if not connections[alias].features.has_select_for_update_skip_locked:
        yield rows, rows.none()
        return
    with transaction.atomic(using=alias):
        keys = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        yield rows.filter(pk__in=keys), rows.exclude(pk__in=keys)
