"""The rows that editors change, as one immutable snapshot for each database and schema.

This is the only place that reads the database for an error answer, and it does so rarely: every
few seconds it asks how far the edits are, and for the rows when there are new ones. A request that
is no error comes here for hiding rules alone, and is content with what is in memory.

A few thousand permanence rules are kept in memory. Of more, only digests are kept, which are read
in portions, one for each request that looks for a rule; until all of them are, the database is
asked by address. While the database is away, no request waits for it: a thread looks for it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.db import DEFAULT_DB_ALIAS, InternalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .. import models
from ..conf import http_errors
from . import queries
from .database_rules import DatabaseRules, Digests, Found
from .matching import Index, LenientIndex
from .messages import Messages
from .permanence import PermanenceRules
from .queries import Version
from .rows import AnnouncedRow, HidingRow, PermanenceRow

logger = logging.getLogger("django_http_errors")

T = TypeVar("T")

LONGEST_BACK_OFF = 30.0
# A request asks a database that was away if the thread that looks for it wasn't heard of for so
# long: in a process that was forked since, or that can have no threads, there is none.
UNHEARD_OF = 300.0
# For how long a lower generation than ours is taken for a replica's lag.
REPLICA_LAG = 60.0

# Permanence rules that are kept in memory: to read them takes some 15 ms.
MOST_IN_MEMORY = 2000
# Digests of later edits, before all digests are read anew.
MOST_ADDED = 20_000
# Snapshots of other schemas or databases, such as those of tenants.
MOST_SOURCES = 64


HidingRules = LenientIndex[HidingRow]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All enabled rows of a schema, "" for the only one, at one version."""

    version: Version
    rules: PermanenceRules
    messages: Messages
    hiding: HidingRules
    announced: Index[AnnouncedRow]
    schema: str = ""


# What there is before anything is read, and what is read where there is nothing.
UNREAD = Snapshot(Version(-1), Index(()), Messages(()), LenientIndex(()), Index(()))
NOTHING = Snapshot(Version(0), Index(()), Messages(()), LenientIndex(()), Index(()))


class Source(NamedTuple):
    """Where rows are read from: a database, and the schema that its connection is set to."""

    alias: str
    schema: str


@dataclass(slots=True)
class _Portions:
    """The digests that were read so far, in order, and the version that they had at first."""

    version: Version
    digests: array[int] = field(default_factory=lambda: array("q"))

    @property
    def last(self) -> int | None:
        return self.digests[-1] if self.digests else None


class SnapshotLoader:
    """Holds the snapshot of one source, and knows when to ask for a newer one.

    It is read without a lock and replaced whole. One thread at a time asks the database; the
    others go on with what there is, except at the very start, when there is nothing yet.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.snapshot = UNREAD
        self._lock = threading.Lock()
        self._loaded_at = 0.0
        self._ask_at = 0.0
        # How many edits in this process were known when the database was asked.
        self._edits_seen = 0
        self._portions: _Portions | None = None
        self._back_off = 0.0
        self._is_looked_for = False

    def is_fresh(self, edits: int) -> bool:
        """Return whether the snapshot will do, and nothing has to be asked.

        edits: how many edits were made in this process
        """
        return (
            time.monotonic() < self._ask_at
            and edits == self._edits_seen
            and self._portions is None
            and self.snapshot is not UNREAD
        )

    def refresh(self, edits: int, *, from_memory: bool) -> None:
        """Ask for a newer snapshot, if it is time to."""
        # At the very start there is nothing yet: wait for the thread that asks already.
        is_start = self.snapshot is UNREAD and not self._back_off
        if not is_start and from_memory:
            return
        alias = self.source.alias
        if not connections[alias].needs_rollback and self._lock.acquire(blocking=is_start):
            try:
                self._refresh(alias, edits)
            finally:
                self._lock.release()

    def _refresh(self, alias: str, edits: int) -> None:
        now = time.monotonic()
        is_due = now >= self._ask_at or edits != self._edits_seen
        if not is_due and (self._portions is None or self._back_off):
            return  # Another thread has asked while this one waited, or the database is away.
        # Set first: an edit that comes while the rows are read is one more.
        self._edits_seen = edits
        if is_due:
            self._ask_at = now + http_errors.REFRESH_SECONDS
        connection = connections[alias]
        try:
            if self._back_off and not connection.in_atomic_block:
                connection.close()  # Kept from before the failure, it is another one.
            self._read_news(alias, now if is_due else None)
        except SynchronousOnlyOperation:
            self._ask_at = 0.0
            raise
        except ImproperlyConfigured:
            # The site has no database (DATABASES), so that there is nothing to be read, ever.
            self.snapshot, self._ask_at = NOTHING, math.inf
        except Exception as error:  # noqa: BLE001 - it is logged
            self._fail(error, connection)
        else:
            if self._back_off:
                logger.warning("Messages and rules can be read again")
            self._back_off = 0.0

    def _read_news(self, alias: str, now: float | None) -> None:
        """Read what was edited, and a portion of the digests if there is more to be read.

        now: None if it isn't time yet to look for edits
        """
        if now is not None:
            with _savepoint(alias):
                version = queries.version(alias)
            known = self.snapshot.version
            lagging = version.number < known.number and now - self._loaded_at < REPLICA_LAG
            if version != known and not lagging:
                self.snapshot = self.load(alias)
                self._loaded_at = now
        if self._portions is not None:
            self._read_portion(alias, self._portions)

    def load(self, alias: str) -> Snapshot:
        """Read all rows; an edit that is committed meanwhile makes it start again.

        Where edits don't cease, what was known stays, since what is read may have half of one.
        """
        for _attempt in range(5):
            with _savepoint(alias):
                before = queries.version(alias)
                snapshot = self._read(alias, before)
                if queries.version(alias) == before:
                    return snapshot
        self._ask_at = 0.0
        return snapshot if self.snapshot is UNREAD else self.snapshot

    def load_uncommitted(self, alias: str) -> Snapshot:
        """Read all rows as a transaction has them that has edits of its own."""
        with _savepoint(alias):
            return self._read(alias, UNREAD.version)

    def _read(self, alias: str, version: Version) -> Snapshot:
        return Snapshot(
            version,
            self._rules(alias, version),
            Messages(queries.error_messages(alias)),
            LenientIndex(queries.hiding_rules(alias)),
            Index(queries.announced(alias)),
            self.source.schema,
        )

    def _rules(self, alias: str, version: Version) -> PermanenceRules:
        """Return the rules at `version`; for a transaction's own, no digests are kept."""
        known = self.snapshot.rules
        if not isinstance(known, DatabaseRules):
            # To read so many rows and find that there are more would make the first request wait.
            if not queries.are_more(alias, MOST_IN_MEMORY):
                return Index(queries.read(queries.rules(alias)[:MOST_IN_MEMORY]))
            known = DatabaseRules(self._ask_under, self._ask_below)
        if version is UNREAD.version:
            return known.with_digests(None)
        digests = known.digests
        if digests is not None:
            new = queries.new_digests(alias, self.snapshot.version, version)
            if new is not None and len(digests.added | new) <= MOST_ADDED:
                return known.with_digests(digests.with_(new))
        # Those that are read already lack the edits since: begin anew.
        self._portions = _Portions(version)
        return known.with_digests(None)

    def _read_portion(self, alias: str, portions: _Portions) -> None:
        """Read some more digests, and go by all of them when they are complete."""
        with _savepoint(alias):
            if not _has_seen(alias, portions.version):
                return
            more = queries.digests(alias, portions.last)
            if more:
                portions.digests.extend(more)
                return
            version = queries.version(alias)
            new = queries.new_digests(alias, portions.version, version)
        snapshot = self.snapshot
        if new is None or not isinstance(snapshot.rules, DatabaseRules):
            self._portions = _Portions(version)
            return
        rules = snapshot.rules.with_digests(Digests(portions.digests, new))
        # The version stays: the next look finds what the other rows of the snapshot lack.
        self.snapshot = replace(snapshot, rules=rules)
        self._portions = None

    def _ask_under(self, digests: list[int], hosts: tuple[str, ...]) -> Found | None:
        known = self.snapshot.version
        return self._ask(
            lambda alias: Found(
                queries.under(alias, digests, hosts), is_lasting=_has_seen(alias, known)
            )
        )

    def _ask_below(self, beginning: str) -> Iterator[PermanenceRow]:
        return queries.below(self.source.alias, beginning)

    def _ask(self, question: Callable[[str], T]) -> T | None:
        """Return the answer of the database, None if it is not to be asked now."""
        alias = self.source.alias
        if self._back_off and time.monotonic() < self._ask_at:
            return None
        try:
            if connections[alias].needs_rollback:
                return None
            with _savepoint(alias):
                return question(alias)
        except SynchronousOnlyOperation:
            return None  # This is an event loop's thread.
        except Exception as error:  # noqa: BLE001 - it is logged
            self._fail(error, connections[alias])
            return None

    def _fail(self, error: Exception, connection: BaseDatabaseWrapper) -> None:
        """Have no request ask until the database can be asked again."""
        if isinstance(error, InternalError) and connection.in_atomic_block:
            self._ask_at = 0.0  # It is this transaction that is broken, not the database.
            return
        self._ask_at = time.monotonic() + UNHEARD_OF
        if not self._back_off:
            logger.error(
                "Messages and rules can't be read; what was known of them stays in force",
                exc_info=error,
            )
        self._back_off = min(2 * self._back_off or 1.0, LONGEST_BACK_OFF)
        if not self._is_looked_for:
            self._is_looked_for = True
            start_thread(self._look_for_database)

    def _look_for_database(self) -> None:
        """Wait until the database can be asked again; what the thread does."""
        try:
            wait = self._back_off
            while not self._can_be_asked(wait):
                wait = self._back_off = min(2 * wait, LONGEST_BACK_OFF)
        finally:
            self._is_looked_for = False

    def _can_be_asked(self, wait: float) -> bool:
        """Ask, when `wait` seconds have passed, how far the edits are."""
        time.sleep(wait)
        self._ask_at = time.monotonic() + UNHEARD_OF
        connection: Any = connections[self.source.alias]
        try:
            if self.source.schema:
                connection.set_schema(self.source.schema)
            queries.version(self.source.alias)
        except Exception:  # noqa: BLE001 - it was logged when it failed first
            return False
        finally:
            connection.close()
        self._ask_at = 0.0
        return True


def start_thread(target: Callable[[], None]) -> None:
    """Call `target` in a thread that keeps no process from ending."""
    threading.Thread(target=target, name="django_http_errors", daemon=True).start()


class _Uncommitted(NamedTuple):
    """What a transaction with edits of its own has read last.

    hooks: the list of what is done at its commit; Django makes another one when the transaction
        ends, and when a savepoint takes something back
    edits: how many had been made in this process by then
    until: when it is too old
    """

    hooks: list[Any]
    source: Source
    edits: int
    until: float
    snapshot: Snapshot


class _Own(threading.local):
    """What a thread knows for itself."""

    last: _Uncommitted | None = None


class Snapshots:
    """The snapshots of this process, one for each source, and which edits it has made itself."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be as at the start of the process."""
        # The least recently used ones are forgotten.
        self._loader = lru_cache(MOST_SOURCES)(SnapshotLoader)
        self._edits = 0
        # The threads whose transaction may have edits that nobody else sees yet.
        self._editors: set[int] = set()
        self._own = _Own()
        # By the database: where all of its rows are, None where that depends on the connection.
        self._sources: dict[str, Source | None] = {}
        # The sources whose snapshots have rules that are announced: successes look no further
        # where there are none.
        self.announcing: set[Source] = set()

    def __len__(self) -> int:
        """Return how many there are: of the databases, and of the tenants that have rows there."""
        return self._loader.cache_info().currsize

    def expire(self, **kwargs: Any) -> None:
        """Ask for edits the next time, whenever that is; a receiver of `edited`."""
        self._edits += 1
        self._editors.add(threading.get_ident())

    @property
    def are_read(self) -> bool:
        """Whether there are rows to go by, without asking the database."""
        source = self.source()
        # In an event loop's thread it isn't known which schema the request is for.
        return not source.schema and self._loader(source).snapshot is not UNREAD

    def current(self, *, from_memory: bool = False) -> Snapshot:
        """Return the snapshot to answer by; never raises.

        from_memory: be content with a snapshot of any age, if there is one
        """
        loader = None
        try:
            loader = self._loader(self.source())
            if loader.is_fresh(self._edits) and threading.get_ident() not in self._editors:
                return loader.snapshot
            return self._asked(loader, from_memory)
        except SynchronousOnlyOperation:
            pass  # This is an event loop's thread, and no place to ask.
        except Exception:
            logger.exception("Messages and rules can't be read")
        return loader.snapshot if loader else UNREAD

    def _asked(self, loader: SnapshotLoader, from_memory: bool) -> Snapshot:
        alias = router.db_for_write(models.Generation)
        if connections[alias].needs_rollback:
            return loader.snapshot  # No query is possible, and no edit will be committed.
        if models.Announcement.is_due(alias):
            return self._noted(loader, self._uncommitted(loader, alias))
        self._own.last = None
        self._editors.discard(threading.get_ident())
        loader.refresh(self._edits, from_memory=from_memory)
        return self._noted(loader, loader.snapshot)

    def _uncommitted(self, loader: SnapshotLoader, alias: str) -> Snapshot:
        """Return what a transaction with edits of its own has, read anew after each of them.

        While another one writes many rules, MariaDB takes a quarter of a second to read them.
        """
        hooks, edits, now = connections[alias].run_on_commit, self._edits, time.monotonic()
        last = self._own.last
        if (
            last
            and last.hooks is hooks
            and (last.source, last.edits) == (loader.source, edits)
            and now < last.until
        ):
            return last.snapshot
        snapshot = loader.load_uncommitted(alias)
        until = now + http_errors.REFRESH_SECONDS
        self._own.last = _Uncommitted(hooks, loader.source, edits, until, snapshot)
        return snapshot

    def _noted(self, loader: SnapshotLoader, snapshot: Snapshot) -> Snapshot:
        if snapshot.announced:
            self.announcing.add(loader.source)
        else:
            self.announcing.discard(loader.source)
        return snapshot

    def __reduce__(self) -> str:
        # What waits until a response has been sent is kept with it in a cache of the site's.
        return "snapshots"

    def announced(self) -> Index[AnnouncedRow] | None:
        """Return the rules that are announced, by what is in memory; None where none are."""
        source = self.source()
        if source not in self.announcing or (source.schema and _is_in_event_loop()):
            return None  # In an event loop's thread it isn't known which schema it is for.
        return self._loader(source).snapshot.announced

    def is_due(self) -> bool:
        """Return whether it is time to ask for edits; never raises."""
        try:
            return not self._loader(self.source()).is_fresh(self._edits)
        except Exception:  # noqa: BLE001 - `current` fails at the same, and logs it
            return True

    def ask_when_sent(self) -> None:
        """Ask for edits, if it is time, when an answer has been sent."""
        connection = connections[self.source().alias]
        was_open = connection.connection is not None
        self.current()
        if not was_open:
            connection.close()  # Under ASGI this may be a thread that has no next request.

    def read(self, alias: str) -> Snapshot:
        """Return what the database `alias` has now; raises what that raises."""
        return SnapshotLoader(Source(alias, "")).load(alias)

    def source(self) -> Source:
        """Return where the rows of the present request, or of whatever asks, are to be read."""
        alias = router.db_for_read(models.Generation) if router.routers else DEFAULT_DB_ALIAS
        if alias not in self._sources:
            has_schemas = hasattr(connections[alias], "schema_name") and _has_table_per_tenant()
            self._sources[alias] = None if has_schemas else Source(alias, "")
        source = self._sources[alias]
        if source is not None:
            return source
        connection: Any = connections[alias]
        return Source(alias, connection.schema_name or "")


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _has_table_per_tenant() -> bool:
    """Return whether the app is among those that each tenant has tables for (django-tenants)."""
    types = dict(getattr(settings, "TENANT_TYPES", {}))
    types.pop(getattr(settings, "PUBLIC_SCHEMA_NAME", "public"), None)
    lists = [each.get("APPS", ()) for each in types.values()]
    tenant_apps = getattr(settings, "TENANT_APPS", None)
    if tenant_apps is not None:
        lists.append(tenant_apps)
    if not lists:
        return True  # Whatever sets a schema, it may have tables of its own.
    app = __name__.partition(".")[0]
    return any(name == app or name.startswith(f"{app}.") for names in lists for name in names)


def _has_seen(alias: str, version: Version) -> bool:
    """Return whether what is read now is no older than `version`.

    A transaction may go on seeing what there was when it began, and others remember what it read.
    """
    if not connections[alias].in_atomic_block:
        return True
    return queries.version(alias).number >= version.number


def _savepoint(alias: str) -> AbstractContextManager[Any]:
    """Keep a query that fails from breaking the transaction that it may be in."""
    if connections[alias].in_atomic_block:
        return transaction.atomic(using=alias)
    return nullcontext()


snapshots = Snapshots()
