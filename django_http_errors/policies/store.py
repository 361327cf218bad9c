"""The rows that editors change, as one immutable snapshot for the process.

This is the only place that reads the database for an error answer, and it does so rarely: every
few seconds it asks for the generation, and for the rows when that is another one. A request that
is no error never comes here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, router, transaction

from .. import models
from ..conf import http_errors
from . import hiding, messages, permanence
from .matching import Index

logger = logging.getLogger("django_http_errors")

LONGEST_BACK_OFF = 30.0
# For how long a lower generation than ours is taken for a replica's lag.
REPLICA_LAG = 60.0
CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All enabled rows, at one generation."""

    generation: int
    rules: permanence.Rules
    messages: messages.Messages
    hiding: hiding.Rules


EMPTY = Snapshot(-1, Index(()), messages.Messages(()), Index(()))


class Store:
    """Holds the snapshot of this process, and knows when to ask for a newer one.

    It is read without a lock and replaced whole. One thread at a time asks the database; the
    others go on with what there is, except at the very start, when there is nothing yet.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Be as at the start of the process."""
        self._snapshot = EMPTY
        self._loaded_at = 0.0
        self._ask_at = 0.0
        self._back_off = 0.0

    def expire(self, **kwargs: Any) -> None:
        """Ask for the generation the next time, whenever that is; a receiver of `edited`."""
        self._ask_at = 0.0

    def current(self, *, from_memory: bool = False) -> Snapshot:
        """Return the snapshot to answer by; never raises.

        from_memory: be content with a snapshot of any age, if there is one
        """
        try:
            alias = router.db_for_write(models.Generation)
            if connections[alias].needs_rollback:
                return self._snapshot  # No query is possible, and no edit will be committed.
            if _has_uncommitted_edits(alias):
                return self._load(alias)  # for this transaction alone
            # At the very start there is nothing yet: wait for whoever asks already.
            is_start = self._snapshot is EMPTY and not self._back_off
            if not is_start and (from_memory or time.monotonic() < self._ask_at):
                return self._snapshot
            alias = router.db_for_read(models.Generation)
            if not connections[alias].needs_rollback and self._lock.acquire(blocking=is_start):
                try:
                    self._refresh(alias)
                finally:
                    self._lock.release()
        except SynchronousOnlyOperation:
            pass  # This is an event loop's thread, and no place to ask.
        except Exception:
            logger.exception("Messages and rules can't be read")
        return self._snapshot

    def _refresh(self, alias: str) -> None:
        now = time.monotonic()
        if now < self._ask_at:
            return  # Another thread has asked while this one waited.
        # Set first: an edit that comes while the rows are read makes it 0 again.
        self._ask_at = now + http_errors.REFRESH_SECONDS
        try:
            if self._back_off and not connections[alias].in_atomic_block:
                connections[alias].close()  # Kept from before the failure, it is another one.
            with _savepoint(alias):
                generation = models.Generation.current(alias)
            known = self._snapshot.generation
            lagging = generation < known and now - self._loaded_at < REPLICA_LAG
            if generation != known and not lagging:
                self._snapshot = self._load(alias)
                self._loaded_at = now
            if self._back_off:
                logger.warning("Messages and rules can be read again")
            self._back_off = 0.0
        except SynchronousOnlyOperation:
            self._ask_at = 0.0
            raise
        except Exception:
            if not self._back_off:
                logger.exception(
                    "Messages and rules can't be read; what was known of them stays in force"
                )
            self._back_off = min(2 * self._back_off or 1.0, LONGEST_BACK_OFF)
            self._ask_at = time.monotonic() + self._back_off

    def read(self, alias: str) -> Snapshot:
        """Return what the database `alias` has now; raises what that raises."""
        return self._load(alias)

    def _load(self, alias: str) -> Snapshot:
        """Read all rows; an edit that is committed meanwhile makes it start again."""
        for _attempt in range(5):
            with _savepoint(alias):
                before = models.Generation.current(alias)
                snapshot = Snapshot(
                    before,
                    Index(_rules(alias)),
                    messages.Messages(_messages(alias)),
                    Index(_hiding(alias)),
                )
                if models.Generation.current(alias) == before:
                    break
        return snapshot


def _has_uncommitted_edits(alias: str) -> bool:
    """Tell whether the present transaction has edits that nobody else may see yet."""
    return any(hook[1] is models.committed for hook in connections[alias].run_on_commit)


def _savepoint(alias: str) -> AbstractContextManager[Any]:
    """Keep a query that fails from breaking the transaction that it may be in."""
    if connections[alias].in_atomic_block:
        return transaction.atomic(using=alias)
    return nullcontext()


def _rules(alias: str) -> Iterator[permanence.Rule]:
    rows = models.PermanenceRule.objects.using(alias).enabled().order_by("pk")
    for row in rows.values_list(*permanence.FIELDS).iterator(chunk_size=CHUNK):
        yield permanence.Rule(*row)


def _messages(alias: str) -> Iterator[messages.Message]:
    rows = models.ErrorMessage.objects.using(alias).enabled().order_by("pk")
    for row in rows.values_list(*messages.FIELDS).iterator(chunk_size=CHUNK):
        yield messages.Message(*row)


def _hiding(alias: str) -> Iterator[hiding.Rule]:
    rows = models.HidingRule.objects.using(alias).enabled().order_by("pk")
    for row in rows.values_list(*hiding.FIELDS).iterator(chunk_size=CHUNK):
        yield hiding.Rule(*row)


store = Store()
