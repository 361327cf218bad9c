"""Counting what visitors ask for: in memory, and written to the database now and then.

Counting costs a microsecond. What is written goes there after an answer has been sent, at most
every half a minute a process; a database that fails loses counts, and nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.core.signals import request_finished
from django.db import connections, models, router
from django.http.response import HttpResponseBase
from django.utils import timezone

from ..rules.snapshot import snapshots

logger = logging.getLogger("django_http_errors")

# Seconds between two times that a process writes what it has counted.
EVERY = 30.0
# What is counted at a time: of twice as many the rarer half is dropped.
MOST_COUNTED = 1000
# How many rows a statement has: SQLite takes no more than 999 parameters.
BATCH = 100

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True)
class Count:
    """How often something was asked for, in which time, and from which page the last time."""

    hits: int
    first: float
    last: float
    referrer: str = ""

    def add(self, other: Count) -> None:
        self.hits += other.hits
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.referrer = other.referrer or self.referrer


class Counter(ABC, Generic[K]):
    """The counts of this process, by what is counted."""

    # What the counts are written to, and what is said where they can't be.
    model: ClassVar[type[models.Model]]
    failure: ClassVar[str]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By the schema that a key is of, and the key.
        self._counts: dict[tuple[str, K], Count] = {}
        self._write_at = 0.0
        self._receiver = __name__, id(self)

    def forget(self) -> None:
        """Be as at the start of the process."""
        self.__init__()  # type: ignore[misc]

    def __len__(self) -> int:
        """Return how much is counted and not yet written."""
        return len(self._counts)

    # The name of the one of the process, in its module.
    name: ClassVar[str]

    def __reduce__(self) -> str:
        # What waits until a response has been sent is kept with it in a cache of the site's.
        return self.name

    def add(self, response: HttpResponseBase, key: K, referrer: str = "") -> None:
        """Count that `key` was asked for, once `response` has been sent.

        What a middleware answers in its place, such as a redirect to where the page is, is sent
        and closed instead.
        """
        # The schema is that of the request, which may be another one by then. What was counted for
        # one tenant (django-tenants) is nothing for the table of another.
        count = partial(self._add, (snapshots.source().schema, key), referrer)
        response._resource_closers.append(count)  # type: ignore[attr-defined]

    def _add(self, own: tuple[str, K], referrer: str) -> None:
        now = time.time()
        with self._lock:
            known = self._counts.get(own)
            if known is None:
                if len(self._counts) >= 2 * MOST_COUNTED:
                    self._counts = _most_frequent(self._counts)
                self._begin(own, Count(1, now, now, referrer))
            else:
                known.hits += 1
                known.last = now
                known.referrer = referrer or known.referrer

    def _begin(self, own: tuple[str, K], count: Count) -> None:
        if not self._counts:
            self._write_at = time.monotonic() + EVERY
            request_finished.connect(self.write_if_due, dispatch_uid=self._receiver)
        self._counts[own] = count

    def put_back(self, counts: dict[K, Count]) -> None:
        """Keep `counts`, of the present schema, to be written the next time."""
        schema = snapshots.source().schema
        with self._lock:
            for key, count in counts.items():
                known = self._counts.get((schema, key))
                if known is None:
                    self._begin((schema, key), count)
                else:
                    known.add(count)

    def write_if_due(self, **kwargs: Any) -> None:
        """Write what was counted, if it is time; a receiver of `request_finished`."""
        if self._counts and time.monotonic() >= self._write_at:
            self.write()

    def write(self) -> None:
        """Write what was counted in the present schema, and begin anew; never raises."""
        try:
            here = snapshots.source().schema
            with self._lock:
                all_counts = self._counts.items()
                counts = {key: each for (schema, key), each in all_counts if schema == here}
                self._counts = {key: each for key, each in all_counts if key[0] != here}
                self._write_at = time.monotonic() + EVERY
                if not self._counts:
                    request_finished.disconnect(dispatch_uid=self._receiver)
            if counts:
                self._write(counts)
        except Exception as error:
            if not isinstance(error, SynchronousOnlyOperation):
                logger.exception(self.failure)

    def _write(self, counts: dict[K, Count]) -> None:
        alias = router.db_for_write(self.model)
        connection = connections[alias]
        was_open = connection.connection is not None
        try:
            # In a transaction it may be rolled back.
            if not connection.in_atomic_block:
                self.save(alias, counts)
        finally:
            if not was_open:
                connection.close()  # Under ASGI this may be a thread that has no next request.

    @abstractmethod
    def save(self, alias: str, counts: dict[K, Count]) -> None:
        """Add `counts` to what is in the database `alias`, and put back what has to wait."""


def _most_frequent(counts: dict[K, Count]) -> dict[K, Count]:
    """Return those of `counts` that are worth more room than what is new."""
    ordered = sorted(counts.items(), key=lambda item: item[1].hits, reverse=True)
    return dict(ordered[:MOST_COUNTED])


def moment(seconds: float) -> datetime:
    """Return the time that a database has for so many seconds since 1970."""
    found = datetime.fromtimestamp(seconds, UTC)
    return found if settings.USE_TZ else timezone.make_naive(found)


def batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `rows` in portions that one statement can have."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
