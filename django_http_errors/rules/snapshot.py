"""The rows that editors change, as one immutable snapshot for the process.

This is the only place that reads the database for an error answer, and it does so rarely: every
few seconds it asks for the generation, and for the rows when that is another one. A request that
is no error comes here for hiding rules alone, and is content with what is in memory.

A few thousand permanence rules are read at once. More are read by a thread of their own, page by
page, so that no request waits for them; until it is through, the database is asked by address.
Of more than fit into memory only a Bloom filter is kept, which an edit adds to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation
from django.db import InternalError, connections, router, transaction

from .. import models
from ..conf import http_errors
from . import queries
from .bloom_filter import BloomFilter
from .database_rules import DatabaseRules
from .matching import Index, LenientIndex
from .messages import Messages
from .permanence import PermanenceRules
from .rows import PERMANENCE_FIELDS, HidingRow

logger = logging.getLogger("django_http_errors")

LONGEST_BACK_OFF = 30.0
# For how long a lower generation than ours is taken for a replica's lag.
REPLICA_LAG = 60.0

# Permanence rules that are read while a request waits: that takes some 15 ms.
READ_AT_ONCE = 2000
# Permanence rules that are kept in memory: 64 MB of it.
MOST_IN_MEMORY = 2**17
# How long the thread that reads more of them pauses between two pages, in seconds.
PAUSE = 0.001


HidingRules = LenientIndex[HidingRow]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All enabled rows, at one generation."""

    generation: int
    rules: PermanenceRules
    messages: Messages
    hiding: HidingRules


EMPTY = Snapshot(-1, Index(()), Messages(()), LenientIndex(()))


class SnapshotLoader:
    """Holds the snapshot of this process, and knows when to ask for a newer one.

    It is read without a lock and replaced whole. One thread at a time asks the database; the
    others go on with what there is, except at the very start, when there is nothing yet.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Be as at the start of the process."""
        # The thread that reads many rules, and the generation that they were read at.
        self._reader: threading.Thread | None = None
        self._all_read_at = -1
        self._snapshot = EMPTY
        self._loaded_at = 0.0
        self._ask_at = 0.0
        self._back_off = 0.0
        # The threads whose transaction may have edits that nobody else sees yet.
        self._editors: set[int] = set()

    @property
    def is_read(self) -> bool:
        """Whether there are rows to go by, without asking the database."""
        return self._snapshot is not EMPTY

    def expire(self, **kwargs: Any) -> None:
        """Ask for the generation the next time, whenever that is; a receiver of `edited`."""
        self._ask_at = 0.0
        self._editors.add(threading.get_ident())

    def current(self, *, from_memory: bool = False) -> Snapshot:
        """Return the snapshot to answer by; never raises.

        from_memory: be content with a snapshot of any age, if there is one
        """
        snapshot = self._snapshot
        is_fresh = snapshot is not EMPTY and time.monotonic() < self._ask_at
        if is_fresh and threading.get_ident() not in self._editors:
            return snapshot
        try:
            return self._asked(from_memory)
        except SynchronousOnlyOperation:
            pass  # This is an event loop's thread, and no place to ask.
        except Exception:
            logger.exception("Messages and rules can't be read")
        return self._snapshot

    def _asked(self, from_memory: bool) -> Snapshot:
        alias = router.db_for_write(models.Generation)
        if connections[alias].needs_rollback:
            return self._snapshot  # No query is possible, and no edit will be committed.
        if _has_uncommitted_edits(alias):
            return self._load(alias)  # for this transaction alone
        self._editors.discard(threading.get_ident())
        # At the very start there is nothing yet: wait for the thread that asks already.
        is_start = self._snapshot is EMPTY and not self._back_off
        if not is_start and (from_memory or time.monotonic() < self._ask_at):
            return self._snapshot
        alias = router.db_for_read(models.Generation)
        if not connections[alias].needs_rollback and self._lock.acquire(blocking=is_start):
            try:
                self._refresh(alias)
            finally:
                self._lock.release()
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
            self._read_the_rest(alias)
        except SynchronousOnlyOperation:
            self._ask_at = 0.0
            raise
        except Exception as error:  # noqa: BLE001 - it is logged
            if isinstance(error, InternalError) and connections[alias].in_atomic_block:
                self._ask_at = 0.0  # It is this transaction that is broken, not the database.
            else:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Ask no more for a while: twice as long as the last time."""
        if not self._back_off:
            logger.error(
                "Messages and rules can't be read; what was known of them stays in force",
                exc_info=error,
            )
        self._back_off = min(2 * self._back_off or 1.0, LONGEST_BACK_OFF)
        self._ask_at = time.monotonic() + self._back_off

    def _ask(
        self, alias: str, question: Callable[[models.PermanenceRuleQuerySet], list[Any]]
    ) -> list[Any] | None:
        """Return the answer of the database `alias`, None if it is not to be asked now."""
        if self._back_off and time.monotonic() < self._ask_at:
            return None
        try:
            if connections[alias].needs_rollback:
                return None
            with _savepoint(alias):
                return question(queries.rules(alias))
        except SynchronousOnlyOperation:
            return None  # This is an event loop's thread.
        except Exception as error:  # noqa: BLE001 - it is logged
            self._fail(error)
            return None

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
                    self._rules(alias, before),
                    Messages(queries.error_messages(alias)),
                    LenientIndex(queries.hiding_rules(alias)),
                )
                if models.Generation.current(alias) == before:
                    break
        return snapshot

    def _rules(self, alias: str, generation: int) -> PermanenceRules:
        """Return the rules, as far as a request can wait for them."""
        known, since = self._snapshot.rules, self._snapshot.generation
        if self._all_read_at == generation:
            return known
        if not isinstance(known, DatabaseRules) and len(known) <= READ_AT_ONCE:
            few = queries.read(queries.rules(alias)[: READ_AT_ONCE + 1])
            if len(few) <= READ_AT_ONCE:
                return Index(few)
        if isinstance(known, DatabaseRules) and known.bloom_filter and since < generation:
            changed = queries.changed(alias, since, READ_AT_ONCE)
            if len(changed) <= min(READ_AT_ONCE, known.bloom_filter.room):
                return self._from_database(alias, known.bloom_filter.with_(changed))
        return self._from_database(alias)

    def _from_database(self, alias: str, bloom_filter: BloomFilter | None = None) -> DatabaseRules:
        routes = queries.read(queries.rules(alias).filter(kind=models.MatchType.ROUTE))
        return DatabaseRules(partial(self._ask, alias), Index(routes), bloom_filter)

    def _read_the_rest(self, alias: str) -> None:
        """Have a thread read the rules, if there are more than a request can wait for."""
        is_reading = self._reader is not None and self._reader.is_alive()
        if _are_unread(self._snapshot.rules) and not is_reading:
            self._reader = threading.Thread(
                target=self._read_all, args=(alias,), name="django_http_errors", daemon=True
            )
            self._reader.start()

    def _read_all(self, alias: str) -> None:
        """Put all rules into the snapshot, or a Bloom filter of them; what the thread does."""
        try:
            for _attempt in range(5):
                if self._put(alias, *self._every_rule(alias)):
                    break
        except Exception:
            logger.exception("Rules can't be read; the database is asked for each address")
        finally:
            connections[alias].close()

    def _every_rule(self, alias: str) -> tuple[int, PermanenceRules]:
        """Return all rules, and the generation from which on edits may be missing."""
        generation = models.Generation.current(alias)
        count = queries.rules(alias).count()
        ask = partial(_answer, alias)
        if count <= MOST_IN_MEMORY:
            read = chain.from_iterable(_paused(queries.pages(ask, PERMANENCE_FIELDS)))
            return generation, Index(map(queries.rule, read))
        # Room for some that will be added, before it has to be made anew.
        bloom_filter = BloomFilter(count + count // 4)
        for page in _paused(queries.pages(ask, ("pk", "kind", "pattern"))):
            bloom_filter.put(row[1:] for row in page)
        return generation, self._from_database(alias, bloom_filter)

    def _put(self, alias: str, generation: int, rules: PermanenceRules) -> bool:
        """Put `rules` into the snapshot; return False if there were edits that they lack."""
        with self._lock:
            latest = models.Generation.current(alias)
            if latest != generation:
                if not (isinstance(rules, DatabaseRules) and rules.bloom_filter):
                    return False
                changed = queries.changed(alias, generation, READ_AT_ONCE)
                if len(changed) > READ_AT_ONCE:
                    return False
                rules.bloom_filter.put(changed)
            if _are_unread(self._snapshot.rules):
                self._snapshot = replace(self._snapshot, rules=rules)
                self._all_read_at = latest
        return True


def _are_unread(rules: PermanenceRules) -> bool:
    """Return whether the database is asked for every address, until all rules are read."""
    return isinstance(rules, DatabaseRules) and rules.bloom_filter is None


def _answer(
    alias: str, question: Callable[[models.PermanenceRuleQuerySet], list[Any]]
) -> list[Any]:
    return question(queries.rules(alias))


def _has_uncommitted_edits(alias: str) -> bool:
    """Return whether the present transaction has edits that nobody else may see yet."""
    return any(hook[1] is models.committed for hook in connections[alias].run_on_commit)


def _savepoint(alias: str) -> AbstractContextManager[Any]:
    """Keep a query that fails from breaking the transaction that it may be in."""
    if connections[alias].in_atomic_block:
        return transaction.atomic(using=alias)
    return nullcontext()


def _paused(read: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Yield the pages of `read`, and let requests be answered between two of them."""
    for page in read:
        yield page
        time.sleep(PAUSE)


snapshots = SnapshotLoader()
