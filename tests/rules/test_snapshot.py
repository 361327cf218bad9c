"""One snapshot for the process: how seldom it asks, how soon it knows, and what it survives."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from django_http_errors.models import Edit, ErrorMessage, Generation, PermanenceRule
from django_http_errors.rules import queries as questions
from django_http_errors.rules import snapshot as module
from django_http_errors.rules.snapshot import (
    UNREAD,
    Snapshot,
    snapshots,
)

from ..asking import JSON, Site
from ..clock import Clock

pytestmark = pytest.mark.django_db(transaction=True)

GENERATION = Generation._meta.db_table
# The version, and when it is another one: it, whether the rules are many, the rules, those that are
# announced, the messages, the rules that hide, and it again.
ASKING, LOADING = 1, 7


@pytest.fixture(autouse=True)
def _five_seconds(settings: Any) -> None:
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 5}
    # As on a site that had an edit before: until then it takes one more query to see that.
    Generation._base_manager.get_or_create(pk=Generation.ROW)
    snapshots.forget()


def edit_elsewhere(pattern: str = "/elsewhere/", *, dies: bool = False) -> None:
    """Do what another process does: nobody in this one hears of it.

    dies: the process ends when it has committed, before it can number its edit
    """
    with transaction.atomic():
        row = PermanenceRule(pattern=pattern)
        row.normalise()
        row.save_base()
        Edit._base_manager.create(digests=[row.digest])
    if not dies:
        Edit.number_pending("default")


def patterns() -> set[str]:
    return {rule.pattern for rule in snapshots.current().rules}


def queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    texts = [each["sql"] for each in captured.captured_queries]
    return len([text for text in texts if not text.startswith(("SAVEPOINT", "RELEASE"))])


# How seldom it asks.


def test_a_request_that_is_no_error_asks_nothing(
    clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    site = Site("sync")
    # What a hiding rule covers has to be known from the first request on.
    site.ask("/negotiated/", JSON)
    for _time in range(2):
        with django_assert_num_queries(0):
            assert site.ask("/negotiated/", JSON).status_code == 200
        edit_elsewhere(f"/{clock.now}/")
        clock.pass_(100)


def test_errors_ask_for_one_number_every_few_seconds(clock: Clock) -> None:
    site = Site("sync")

    def fail() -> None:
        assert site.ask("/nowhere/", JSON).status_code == 404

    assert queries(fail) == ASKING + LOADING
    for _time in range(3):
        assert queries(fail) == 0
    clock.pass_(4.9)
    assert queries(fail) == 0
    clock.pass_(0.2)
    assert queries(fail) == ASKING
    assert queries(fail) == 0
    clock.pass_(5.1)
    edit_elsewhere()
    assert queries(fail) == ASKING + LOADING
    assert queries(fail) == 0


def test_how_often_is_a_setting(clock: Clock, settings: Any) -> None:
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 60}
    snapshots.current()
    clock.pass_(59)
    assert queries(snapshots.current) == 0
    clock.pass_(2)
    assert queries(snapshots.current) == ASKING
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0}
    clock.pass_(60)
    assert [queries(snapshots.current) for _ in range(3)] == [ASKING] * 3


def test_a_crash_doesnt_wait_for_news(clock: Clock) -> None:
    """It may come from the database."""
    snapshots.current()
    clock.pass_(100)
    site = Site("sync")
    assert queries(lambda: site.ask("/builtin/crash/", JSON)) == 0
    assert queries(lambda: site.ask("/nowhere/", JSON)) == ASKING


# How soon it knows.


def test_an_edit_elsewhere_is_known_after_the_few_seconds(clock: Clock) -> None:
    assert patterns() == set()
    edit_elsewhere()
    clock.pass_(4.9)
    assert patterns() == set()
    clock.pass_(0.2)
    assert patterns() == {"/elsewhere/"}


def test_an_edit_here_is_known_at_once(clock: Clock) -> None:
    assert patterns() == set()
    row = PermanenceRule.objects.create(pattern="/a/")
    assert patterns() == {"/a/"}
    row.enabled = False
    row.save()
    assert patterns() == set()
    PermanenceRule.objects.update(enabled=True)
    assert patterns() == {"/a/"}
    ErrorMessage.objects.create(title="own")
    assert [message.title for message in snapshots.current().messages] == ["own"]
    PermanenceRule.objects.all().delete()
    assert patterns() == set()


def in_another_thread(act: Callable[[], Any]) -> Any:
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return found[0]


def test_an_edit_is_known_before_its_commit_to_its_transaction_alone(clock: Clock) -> None:
    assert patterns() == set()
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/a/")
        assert patterns() == {"/a/"}
        with transaction.atomic():
            PermanenceRule.objects.create(pattern="/b/")
            assert patterns() == {"/a/", "/b/"}
            transaction.set_rollback(True)
        assert patterns() == {"/a/"}
        assert in_another_thread(patterns) == set()
    assert patterns() == in_another_thread(patterns) == {"/a/"}


def test_an_edit_is_known_to_its_transaction_whatever_asks_meanwhile(clock: Clock) -> None:
    """Another thread looks for news, so that there are none to be looked for."""
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/a/")
        in_another_thread(snapshots.current)
        assert patterns() == {"/a/"}
    assert in_another_thread(patterns) == {"/a/"}


def test_a_transaction_with_edits_asks_once_for_each(clock: Clock) -> None:
    """While many rules are written elsewhere, a database takes seconds to count the others."""
    patterns()
    with transaction.atomic():
        for pattern in ("/a/", "/b/"):
            PermanenceRule.objects.create(pattern=pattern)
            assert queries(snapshots.current) == LOADING - ASKING * 2
            assert [queries(snapshots.current) for _ in range(8)] == [0] * 8
        assert patterns() == {"/a/", "/b/"}
        clock.pass_(5.1)
        assert queries(snapshots.current) == LOADING - ASKING * 2, "as old as any may be"
    assert patterns() == {"/a/", "/b/"}


def test_what_a_savepoint_takes_back_is_not_remembered(clock: Clock) -> None:
    with transaction.atomic():
        with transaction.atomic():
            PermanenceRule.objects.create(pattern="/a/")
            assert patterns() == {"/a/"}
        with suppress(LookupError), transaction.atomic():
            PermanenceRule.objects.create(pattern="/b/")
            with transaction.atomic():
                PermanenceRule.objects.filter(pattern="/a/").delete()
                assert patterns() == {"/b/"}
                transaction.set_rollback(True)
            assert patterns() == {"/a/", "/b/"}
            raise LookupError
        assert patterns() == {"/a/"}
        with transaction.atomic():
            ErrorMessage.objects.create(title="own")
            assert [message.title for message in snapshots.current().messages] == ["own"]
            transaction.set_rollback(True)
        assert not list(snapshots.current().messages)
        assert patterns() == {"/a/"}
        transaction.set_rollback(True)
    assert patterns() == set()


def test_what_another_transaction_has_read_is_not_remembered(clock: Clock) -> None:
    for pattern in ("/a/", "/b/"):
        with transaction.atomic():
            PermanenceRule.objects.create(pattern=pattern)
            assert patterns() == {pattern}
            assert in_another_thread(patterns) == set()
            transaction.set_rollback(True)
    with transaction.atomic():
        ErrorMessage.objects.create(title="own")
        assert patterns() == set()


def test_an_edit_that_is_rolled_back_changes_nothing(clock: Clock) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    before = snapshots.current()
    with transaction.atomic():
        PermanenceRule.objects.update(pattern="/b/")
        assert patterns() == {"/b/"}
        transaction.set_rollback(True)
    assert snapshots.current() is before
    clock.pass_(6)
    assert snapshots.current() is before


@pytest.mark.parametrize("is_known", [True, False])
def test_an_edit_whose_process_died_before_it_numbered_it_is_known_too(
    is_known: bool, clock: Clock
) -> None:
    if is_known:
        PermanenceRule.objects.create(pattern="/a/")
    before = patterns()
    edit_elsewhere("/b/", dies=True)
    clock.pass_(5.1)
    assert patterns() == before | {"/b/"}
    clock.pass_(5.1)
    assert queries(snapshots.current) == ASKING + 1, "it is read once"
    edit_elsewhere("/c/", dies=True)
    clock.pass_(5.1)
    assert patterns() == before | {"/b/", "/c/"}
    Edit.number_pending("default")
    clock.pass_(5.1)
    assert patterns() == before | {"/b/", "/c/"}
    clock.pass_(5.1)
    assert queries(snapshots.current) == ASKING


def test_the_wire_follows_an_edit_at_once(site: Site) -> None:
    assert site.ask("/a/", JSON).status_code == 404
    row = PermanenceRule.objects.create(pattern="/a/")
    assert site.ask("/a/", JSON).status_code == 410
    row.delete()
    assert site.ask("/a/", JSON).status_code == 404


def test_a_flush_and_a_migration_begin_anew(clock: Clock) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    assert patterns() == {"/a/"}
    call_command("flush", interactive=False, verbosity=0)
    assert patterns() == set()
    edit_elsewhere()
    call_command("migrate", "django_http_errors", verbosity=0)
    assert patterns() == {"/elsewhere/"}


# What it survives: the database away.


@contextmanager
def unreachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the connection to where no database is."""
    connection.close()
    with monkeypatch.context() as patch:
        for name, value in (("NAME", "/nowhere/at/all"), ("HOST", "127.0.0.1"), ("PORT", "1")):
            patch.setitem(connection.settings_dict, name, value)
        yield
        connection.close()


@contextmanager
def without_the_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {GENERATION} RENAME TO {GENERATION}_away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {GENERATION}_away RENAME TO {GENERATION}")


@contextmanager
def hung_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the connection cut, as by a database that was started anew."""
    connection.ensure_connection()
    connection.connection.close()
    try:
        yield
    finally:
        with suppress(Error):  # MariaDB's drivers can't close it twice
            connection.close()


@pytest.mark.parametrize("away", [unreachable, without_the_table])
def test_the_last_snapshot_serves_while_the_database_is_away(
    away: Any,
    clock: Clock,
    attempts: list[str],
    lookouts: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
    own_records: list[logging.LogRecord],
) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    known = snapshots.current()
    site = Site("sync")
    clock.pass_(6)
    with away(monkeypatch):
        attempts.clear()
        for _minute in range(4):
            assert site.ask("/a/", JSON).status_code == 410
            assert snapshots.current() is known
            clock.pass_(60)
        assert len(attempts) == 1, "one request has waited, and no other does"
        # However long it takes, it is one record, and one thread that looks for the database.
        assert [record.levelname for record in own_records] == ["ERROR"]
        assert len(lookouts) == 1
    edit_elsewhere()
    assert patterns() == {"/a/"}, "it isn't known yet that it is back"
    lookouts[0]()
    assert patterns() == {"/a/", "/elsewhere/"}
    assert [record.levelname for record in own_records] == ["ERROR", "WARNING"]
    assert "can be read again" in own_records[1].getMessage()
    clock.pass_(6)
    assert queries(snapshots.current) == ASKING


def test_the_database_is_looked_for_less_and_less_often(
    clock: Clock,
    attempts: list[str],
    lookouts: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots.current()
    times: list[float] = []
    with without_the_table(monkeypatch):
        clock.pass_(6)
        snapshots.current()
        began = clock.now

        def ask(alias: str) -> Any:
            times.append(clock.now - began)
            if len(times) < 8:
                raise OperationalError("gone")
            return questions.Version(0)

        monkeypatch.setattr(questions, "version", ask)
        lookouts[0]()
    assert times == [1, 3, 7, 15, 31, 61, 91, 121]


def test_where_no_thread_can_run_a_request_looks_now_and_then(
    clock: Clock, attempts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process that was forked from one that looks, or under uWSGI without threads."""
    snapshots.current()
    clock.pass_(6)
    with without_the_table(monkeypatch):
        attempts.clear()
        for _time in range(3):
            snapshots.current()
            snapshots.current()
            clock.pass_(module.UNHEARD_OF + 1)
        assert len(attempts) == 3
    edit_elsewhere()
    assert patterns() == {"/elsewhere/"}


@pytest.mark.parametrize("away", [unreachable, without_the_table])
def test_without_a_snapshot_the_app_has_its_own_words(
    away: Any,
    clock: Clock,
    lookouts: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
    own_records: list[logging.LogRecord],
) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    snapshots.forget()
    with away(monkeypatch):
        for _time in range(3):
            assert snapshots.current() is UNREAD
        assert Site("sync").ask("/a/", JSON).status_code == 404
        assert Site("sync").ask("/builtin/crash/", JSON).status_code == 500
        assert len(own_records) == 1
    lookouts[0]()
    assert Site("sync").ask("/a/", JSON).status_code == 410


def test_an_edit_ends_the_back_off(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who can write can read."""
    with without_the_table(monkeypatch):
        snapshots.current()
    PermanenceRule.objects.create(pattern="/a/")
    assert patterns() == {"/a/"}


def test_a_query_that_fails_doesnt_break_the_views_transaction(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL would take no further query in it."""
    if connection.vendor == "mysql":
        pytest.skip("a table can't be taken away in a transaction")
    with without_the_table(monkeypatch), transaction.atomic():
        PermanenceRule(pattern="/b/").save_base()
        assert snapshots.current() is UNREAD
        PermanenceRule(pattern="/c/").save_base()
    assert PermanenceRule.objects.count() == 2


def test_in_a_transaction_that_is_over_nobody_asks(
    clock: Clock, own_records: list[logging.LogRecord]
) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    known = snapshots.current()
    clock.pass_(6)
    for edit in (lambda: None, lambda: PermanenceRule.objects.create(pattern="/b/")):
        with transaction.atomic():
            edit()
            transaction.set_rollback(True)
            assert queries(snapshots.current) == 0
            assert snapshots.current() is known
    assert own_records == []
    assert queries(snapshots.current) == ASKING


def test_in_an_event_loop_nobody_asks(clock: Clock, own_records: list[logging.LogRecord]) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    snapshots.forget()

    async def current() -> Snapshot:
        return snapshots.current()

    assert asyncio.run(current()) is UNREAD
    assert patterns() == {"/a/"}, "it is no failure: the next that may ask does so at once"
    clock.pass_(6)
    edit_elsewhere()
    assert {rule.pattern for rule in asyncio.run(current()).rules} == {"/a/"}
    assert patterns() == {"/a/", "/elsewhere/"}
    assert own_records == []


def test_whatever_happens_there_is_a_snapshot(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, own_records: list[logging.LogRecord]
) -> None:
    def explode(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(module.router, "db_for_write", explode)
    assert snapshots.current() is UNREAD
    assert len(own_records) == 1


# What it survives: going back.


def set_generation(number: int) -> None:
    """Write what a database has that lags behind, or is ahead."""
    Generation._base_manager.filter(pk=Generation.ROW).update(number=number)
    Edit._base_manager.all().delete()
    Edit._base_manager.create(number=number, digests=[])


def test_a_replica_that_lags_isnt_followed_back(clock: Clock) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    set_generation(10)
    assert patterns() == {"/a/"}
    PermanenceRule.objects.all()._raw_delete("default")
    set_generation(9)
    clock.pass_(6)
    assert patterns() == {"/a/"}
    set_generation(11)
    clock.pass_(6)
    assert patterns() == set()


def test_a_database_that_was_restored_is(clock: Clock) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    set_generation(10)
    assert patterns() == {"/a/"}
    PermanenceRule.objects.all()._raw_delete("default")
    set_generation(3)
    while clock.now < 1000 + 60 - 6:
        assert patterns() == {"/a/"}
        clock.pass_(6)
    clock.pass_(12)
    assert patterns() == set()


# Whole, or not at all.


def test_an_edit_that_comes_while_the_rows_are_read_is_in_the_snapshot(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ErrorMessage.objects.create(title="old")
    PermanenceRule.objects.create(pattern="/old/")
    read = questions.error_messages
    times = []

    def edit_and_read(alias: str) -> Iterator[Any]:
        if not times:
            with transaction.atomic():
                ErrorMessage.objects.update(title="new")
                PermanenceRule.objects.update(pattern="/new/")
        times.append(1)
        return read(alias)

    monkeypatch.setattr(questions, "error_messages", edit_and_read)
    snapshot = snapshots.current()
    assert [rule.pattern for rule in snapshot.rules] == ["/new/"]
    assert [message.title for message in snapshot.messages] == ["new"]
    assert snapshot.version == questions.version("default")
    assert len(times) == 2


def test_readers_never_see_half_an_edit(settings: Any) -> None:
    """Eight threads read while one edits rules and messages together."""
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0}
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
    for n in range(20):
        PermanenceRule.objects.create(pattern=f"/{n}/", reason="0")
    ErrorMessage.objects.create(title="0")
    torn: list[object] = []
    seen: set[str] = set()
    backwards: list[object] = []
    done = threading.Event()

    def read() -> None:
        try:
            last = -1
            while not done.is_set():
                snapshot = snapshots.current()
                said = {rule.reason for rule in snapshot.rules}
                said |= {message.title for message in snapshot.messages}
                if len(said) > 1:
                    torn.append(said)
                if snapshot.version.number < last:
                    backwards.append((last, snapshot.version.number))
                last = snapshot.version.number
                seen.update(said)
                time.sleep(0.001)
        finally:
            connection.close()

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        for n in range(1, 40):
            with transaction.atomic():
                PermanenceRule.objects.update(reason=str(n))
                ErrorMessage.objects.update(title=str(n))
            time.sleep(0.02)
    finally:
        time.sleep(0.2)
        done.set()
        for thread in threads:
            thread.join(20)
    assert torn == []
    assert backwards == []
    assert len(seen) > 5
    assert "39" in seen


def test_one_thread_asks_and_the_others_go_on(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    known = snapshots.current()
    clock.pass_(6)
    asking, go_on = threading.Event(), threading.Event()
    asked: list[int] = []
    version = questions.version

    def slow(alias: str) -> questions.Version:
        asked.append(1)
        asking.set()
        assert go_on.wait(20)
        return version(alias)

    monkeypatch.setattr(questions, "version", slow)
    thread = threading.Thread(target=lambda: (snapshots.current(), connection.close()))
    thread.start()
    assert asking.wait(20)
    assert snapshots.current() is known, "without waiting"
    go_on.set()
    thread.join(20)
    assert len(asked) == 1


def test_at_the_start_everybody_waits_for_the_first_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    PermanenceRule.objects.create(pattern="/a/")
    snapshots.forget()
    version = questions.version
    asked: list[int] = []

    def slow(alias: str) -> questions.Version:
        asked.append(1)
        time.sleep(0.05)
        return version(alias)

    monkeypatch.setattr(questions, "version", slow)
    found: list[set[str]] = []

    def read() -> None:
        found.append(patterns())
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [{"/a/"}] * 8
    assert len(asked) == 3, "one of them asked"


def test_disabled_rows_arent_in_it() -> None:
    PermanenceRule.objects.create(pattern="/a/", enabled=False)
    ErrorMessage.objects.create(title="off", enabled=False)
    snapshot = snapshots.current()
    assert list(snapshot.rules) == list(snapshot.messages) == []


@pytest.mark.parametrize("is_known", [False, True])
def test_a_view_of_rest_framework_in_a_transaction_asks_too(
    is_known: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ATOMIC_REQUESTS an error of its rolls back; until then there is somebody to ask."""
    pytest.importorskip("rest_framework")
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    if is_known:
        snapshots.current()
        clock.pass_(6)
    edit_elsewhere("/api/documents/999/")
    assert Site("sync").ask("/api/documents/999/", JSON).status_code == 410
