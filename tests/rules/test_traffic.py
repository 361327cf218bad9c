"""Transactions of the site don't wait for each other because of the app."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.http import HttpResponse
from django.test import RequestFactory

from django_http_errors import tombstones
from django_http_errors.core import counting, missing_pages
from django_http_errors.core.counting import Count
from django_http_errors.core.missing_pages import counter
from django_http_errors.core.rule_hits import hits
from django_http_errors.importing.importer import Import
from django_http_errors.importing.rows import ParsedRow
from django_http_errors.importing.schema import RULES
from django_http_errors.models import (
    Edit,
    ErrorMessage,
    Generation,
    HidingRule,
    MissingPage,
    PermanenceRule,
)
from django_http_errors.rules import queries
from django_http_errors.rules.snapshot import Snapshots, snapshots
from django_http_errors.tombstones import create_tombstone, leave_tombstone, remove_tombstone
from testproject.models import Document

from ..asking import send
from ..clock import Clock
from ..edits import edits_made

pytestmark = pytest.mark.django_db(transaction=True)

MOST_SECONDS = 0.5
# Of what is done once, on a machine that may be busy. Who waits for a lock does so twice as long.
MOST_ONCE = 2.5
# As many as are imported in a normal run: more than digests are noted of.
A_FEW = 1_000
MANY = 60_000
MANY_OBJECTS = 1_000


@pytest.fixture(autouse=True)
def _not_sqlite(_django_db_helper: Any) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time, whatever it writes")


class Worker:
    """Another process of the site: a thread with a connection of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self.do(self._wait_no_longer)

    def _wait_no_longer(self) -> None:
        """Have the database raise where it would wait for long."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SET lock_timeout = '5s'"
                if connection.vendor == "postgresql"
                else "SET innodb_lock_wait_timeout = 5"
            )

    def begin(self, act: Callable[[], Any]) -> Any:
        """Begin to `act`; return the future result."""
        return self._thread.submit(act)

    def do(self, act: Callable[[], Any]) -> Any:
        return self.begin(act).result(60)

    def seconds(self, act: Callable[[], Any]) -> float:
        """Return how long it takes to `act`; what waits for a lock of the test's fails it."""

        def measured() -> float:
            began = time.monotonic()
            act()
            return time.monotonic() - began

        return self.begin(measured).result(20)

    def end(self) -> None:
        # A lambda, since each thread has another `connection`.
        self._thread.submit(lambda: connection.close())  # noqa: PLW0108
        self._thread.shutdown()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.end()


def documents(number: int) -> list[Document]:
    return [Document.objects.create(title=str(n), public=True) for n in range(number)]


def rules(number: int) -> list[PermanenceRule]:
    folder = f"/imported{new_path()}"
    return [PermanenceRule(pattern=f"{folder}{n}/", source="import") for n in range(number)]


def test_to_count_that_a_rule_was_needed_waits_for_no_edit_of_it(worker: Worker) -> None:
    """An import may hold it for a minute; all others are counted, and it is the next time."""
    changed, other = PermanenceRule.objects.bulk_create(rules(2))

    def count() -> None:
        response = HttpResponse(status=410)
        for rule in (changed, other):
            hits.add(response, rule.pk, "")
        send(response)
        hits.write()

    with transaction.atomic():
        PermanenceRule.objects.filter(pk=changed.pk).update(reason="It is gone.")
        assert worker.seconds(count) <= MOST_SECONDS
    counted = dict(PermanenceRule.objects.values_list("pk", "hits"))
    assert (counted[changed.pk], counted[other.pk]) == (0, 1)
    hits.write()
    counted = dict(PermanenceRule.objects.values_list("pk", "hits"))
    assert (counted[changed.pk], counted[other.pk]) == (1, 1)
    PermanenceRule.objects.filter(pk=changed.pk).delete()
    count()
    assert len(hits) == 0, "those of a rule that is no more are kept"


def test_to_count_missing_pages_waits_for_no_edit_of_them(worker: Worker) -> None:
    """Whichever order an editor's action comes to them in, it finds none that waits for another."""
    paths = ["/a/", "/b/", "/new/", "/old/1/", "/old/2/"]
    MissingPage.objects.bulk_create(MissingPage(host="testserver", path=path) for path in paths[:2])
    MissingPage.objects.create(path="/old/*")
    snapshots.current()

    def count() -> None:
        response = HttpResponse(status=404)
        for path in paths:
            request = RequestFactory().get(path)
            request.META["HTTP_HOST"] = "testserver"
            counter.count(response, request)
        send(response)
        counter.write()

    def edit(path: str) -> None:
        MissingPage.objects.filter(path=path).update(ignored=True)

    with transaction.atomic():
        edit("/b/")
        edit("/old/*")
        assert worker.seconds(count) <= MOST_SECONDS
        worker.do(counter.write)  # Of what is left, nothing can be written.
        edit("/a/")
    counted = dict(MissingPage.objects.values_list("path", "hits"))
    assert counted == {"/a/": 1, "/b/": 0, "/new/": 1, "/old/*": 0}
    with transaction.atomic():
        MissingPage.objects.filter(path="/old/*").delete()
        worker.do(counter.write)
        counted = dict(MissingPage.objects.values_list("path", "hits"))
        assert counted == {"/a/": 1, "/b/": 1, "/new/": 1}
    counter.write()
    counted = dict(MissingPage.objects.values_list("path", "hits"))
    assert counted == {"/a/": 1, "/b/": 1, "/new/": 1, "/old/1/": 1, "/old/2/": 1}


def test_who_waits_for_a_missing_page_that_another_adds_holds_no_others(worker: Worker) -> None:
    """Else two processes wait for each other, and the counts of one of them are lost."""
    MissingPage.objects.create(host="testserver", path="/a/")
    snapshots.current()
    now = time.time()
    counts = {("testserver", path): Count(1, now, now) for path in ("/a/", "/new/")}
    own = MissingPage.objects.filter(path="/a/")
    with transaction.atomic():
        MissingPage.objects.create(host="testserver", path="/new/", hits=1)
        waiting = worker.begin(lambda: counter.save("default", counts))
        until = time.monotonic() + MOST_ONCE
        while not own.filter(hits=1).exists() and time.monotonic() < until:
            time.sleep(0.01)
        assert own.update(ignored=True) == 1
    waiting.result(20)
    found = set(MissingPage.objects.values_list("path", "hits", "ignored"))
    assert found == {("/a/", 1, True), ("/new/", 2, False)}


def test_what_waits_for_an_edit_is_counted_once(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it has the host of one that is written before, and the path of another."""
    monkeypatch.setattr(counting, "BATCH", 2)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [".example"])
    snapshots.current()
    places = [("a.example", "/y/"), ("b.example", "/x/"), ("b.example", "/y/")]
    MissingPage.objects.create(host="b.example", path="/y/")
    now = time.time()
    with transaction.atomic():
        MissingPage.objects.filter(host="b.example").update(ignored=True)
        counts = {place: Count(1, now, now) for place in places}
        worker.do(lambda: counter.save("default", counts))
    assert len(counter) == 1
    counter.write()
    found = set(MissingPage.objects.values_list("host", "path", "hits"))
    assert found == {(*place, 1) for place in places}


def test_a_list_that_is_too_long_is_shortened_without_waiting(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing_pages, "MOST_KEPT", 0)
    monkeypatch.setattr(missing_pages, "NEWEST_KEPT", 0)
    MissingPage.objects.bulk_create(MissingPage(path=f"/{n}/") for n in range(3))
    snapshots.current()
    with transaction.atomic():
        MissingPage.objects.filter(path="/1/").update(ignored=False)
        assert worker.seconds(lambda: counter.save("default", {})) <= MOST_SECONDS
    assert list(MissingPage.objects.values_list("path", flat=True)) == ["/1/"]


def delete_a_document() -> None:
    document, *_others = documents(3)
    document.delete()


def delete_all_documents() -> None:
    documents(3)
    Document.objects.all().delete()


def delete_and_restore_a_document() -> None:
    (document,) = documents(1)
    pk = document.pk
    document.delete()
    document = Document.objects.create(pk=pk, title="again", public=True)
    path = document.get_absolute_url()
    assert not PermanenceRule.objects.filter(pattern=path).exists()


def new_path() -> str:
    """Return a path that had no rule before, in other tests either.

    Where MariaDB has just deleted one and has not yet purged it, to insert the same again locks the
    gap before it, and new ones there wait.
    """
    return f"/new/{time.monotonic_ns()}/"


def save_a_rule() -> None:
    PermanenceRule.objects.create(pattern=new_path())


def change_a_rule() -> None:
    row = PermanenceRule.objects.create(pattern=new_path())
    row.reason = "Closed."
    row.save()


def save_a_message() -> None:
    ErrorMessage.objects.create(title="a")


def save_a_hiding_rule() -> None:
    HidingRule.objects.create(pattern="/a/")


def bulk_create_rules(number: int = A_FEW) -> None:
    PermanenceRule.objects.bulk_create(rules(number), batch_size=1000)


def import_rules(number: int = A_FEW) -> None:
    """Import a file of new rules, and change what it says of some."""
    folder = f"/imported{new_path()}"
    patterns = [f"{folder}{n}/" for n in range(number)]
    import_a_file(patterns, "Sold.")
    import_a_file(patterns[:100], "Sold out.")


def import_a_file(patterns: list[str], reason: str = "") -> None:
    rows = [
        ParsedRow(line, {"pattern": pattern, "reason": reason, "group": reason})
        for line, pattern in enumerate(patterns)
    ]
    assert Import(RULES).run(rows).written == len(rows)


def update_in_bulk() -> None:
    bulk_create_rules(100)
    PermanenceRule.objects.filter(source="import").update(group="a")


HOLDING = {
    "deletions": (delete_a_document, delete_all_documents, delete_and_restore_a_document),
    "edits": (save_a_rule, change_a_rule, save_a_message, save_a_hiding_rule),
    "import": (import_rules,),
    "bulk": (bulk_create_rules, update_in_bulk),
}


# What others do meanwhile; before it, what has to be there for it.


def make() -> None:
    Document.objects.create(title="other", public=True)


def delete() -> None:
    Document.objects.get(title="other").delete()


def make_many() -> None:
    Document.objects.bulk_create(Document(title="many", public=True) for _ in range(MANY_OBJECTS))


def delete_many() -> None:
    before = PermanenceRule.objects.filter(source="code").count()
    Document.objects.filter(title="many").delete()
    assert PermanenceRule.objects.filter(source="code").count() == before + MANY_OBJECTS


def bury() -> None:
    make()
    delete()


def restore() -> None:
    path = PermanenceRule.objects.filter(source="code").latest("pk").pattern
    pk = int(path.strip("/").rpartition("/")[-1])
    Document.objects.create(pk=pk, title="restored", public=True)
    assert not PermanenceRule.objects.filter(pattern=path).exists()


def bury_by_url() -> None:
    for _time in range(2):
        create_tombstone(new_path())


def restore_by_url() -> None:
    for rule in PermanenceRule.objects.filter(source="code", pattern__startswith="/new/"):
        remove_tombstone(rule.pattern)


def latest() -> PermanenceRule:
    return PermanenceRule.objects.filter(source="admin").latest("pk")


def change() -> None:
    row = latest()
    row.reason = "Closed."
    row.save()


def remove() -> None:
    latest().delete()


def read() -> None:
    found = snapshots.read("default").rules
    assert not any(rule.pattern.startswith("/imported/") for rule in found)


OTHERS = [
    (make, delete),
    (bury, restore),
    (bury_by_url, restore_by_url),
    (save_a_rule, save_a_rule),
    (save_a_rule, change),
    (save_a_rule, remove),
    (save_a_rule, read),
]


def many_are_deleted(worker: Worker) -> None:
    """Delete many objects elsewhere, while the test's transaction is open.

    They take some time even if nobody else is there, and more on a busy machine.
    """
    found = []
    for _attempt in range(3):
        worker.do(make_many)
        found.append(worker.seconds(delete_many))
        if found[-1] <= MOST_SECONDS:
            break
    print("many objects are deleted in", *found)  # noqa: T201 - for a run with -rP
    assert min(found) <= MOST_ONCE


def others_go_on(worker: Worker) -> None:
    """Delete, save, edit and read elsewhere, while the test's transaction is open."""
    for prepare, act in OTHERS:
        # Three times at most, since the machine may be busy. Who waits for a lock always does.
        for _attempt in range(3):
            worker.do(prepare)
            seconds = worker.seconds(act)
            if seconds <= MOST_SECONDS:
                break
        assert seconds <= MOST_SECONDS, act


@pytest.mark.parametrize("held", HOLDING)
def test_nobody_waits_for_an_open_transaction(held: str, worker: Worker) -> None:
    before = PermanenceRule.objects.create(pattern="/before/")
    with transaction.atomic():
        for hold in HOLDING[held]:
            hold()
        others_go_on(worker)
        before.delete()
    assert Edit.pending("default").count() == 0


@pytest.mark.soak
def test_nobody_waits_for_a_large_import(worker: Worker) -> None:
    with transaction.atomic():
        import_rules(MANY)
        others_go_on(worker)
        many_are_deleted(worker)
        transaction.set_rollback(True)
    assert not PermanenceRule.objects.filter(source="import").exists()


def test_nobody_waits_for_rules_that_an_import_changes(worker: Worker) -> None:
    """However near to one of them somebody else's is."""
    folder = f"/known{new_path()}"
    patterns = [f"{folder}{n}/" for n in range(A_FEW)]
    import_a_file(patterns, "Sold.")

    def save_near_to_them() -> None:
        for place in (*patterns[:3], "/", folder, patterns[-1], "/zzz/"):
            PermanenceRule.objects.create(pattern=f"{place}{time.monotonic_ns()}/")

    with transaction.atomic():
        import_a_file(patterns, "Sold out.")
        assert worker.seconds(save_near_to_them) <= MOST_ONCE
        others_go_on(worker)
        many_are_deleted(worker)
    assert PermanenceRule.objects.filter(reason="Sold out.").count() == A_FEW


# Addresses that somebody else has written to.


@pytest.fixture
def tombstones_of_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups whose names differ in their last letter only have one address."""
    for signal in (pre_delete, post_delete, post_save, class_prepared):
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
        monkeypatch.setattr(signal, "sender_receivers_cache", {})
        monkeypatch.setattr(signal, "use_caching", False)
    leave_tombstone(Group, url=lambda group: f"/groups/{group.name[:-1]}/")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What threads would do that wait for others."""
    started: list[Callable[[], None]] = []
    monkeypatch.setattr("django_http_errors.tombstones.start_thread", started.append)
    return started


def test_what_waits_for_somebody_is_made_by_one_thread_and_in_turn(
    threads: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*args: object) -> None:
        raise OperationalError(1205)

    create_tombstone("/c/")
    with monkeypatch.context() as patch:
        patch.setattr(tombstones, "_make", locked)
        create_tombstone("/a/")
        create_tombstone("/b/")
        remove_tombstone("/c/")
    remove_tombstone("/a/")  # Nothing is in its way, but that it is the later word.
    create_tombstone("/c/")
    [make_all] = threads
    make_all()
    found = PermanenceRule.objects.values_list("pattern", flat=True)
    assert sorted(found) == ["/b/", "/c/"]
    create_tombstone("/d/")
    assert threads == [make_all]


def test_deletions_at_the_same_addresses_in_opposite_order_end(
    worker: Worker, tombstones_of_groups: None
) -> None:
    groups = {name: Group.objects.create(name=name) for name in ("a1", "b1", "a2", "b2")}

    def delete_the_others() -> None:
        with transaction.atomic():
            groups["b2"].delete()
            started.set_result(True)
            assert both.result(20)
            groups["a2"].delete()

    started: Future[bool] = Future()
    both: Future[bool] = Future()
    with transaction.atomic():
        groups["a1"].delete()
        waiting = worker.begin(delete_the_others)
        assert started.result(20)
        began = time.monotonic()
        groups["b1"].delete()
        both.set_result(True)
        waiting.result(20)
        assert time.monotonic() - began <= MOST_ONCE
    found = PermanenceRule.objects.filter(source="code").order_by("pattern")
    assert [each.pattern for each in found] == ["/groups/a/", "/groups/b/"]
    assert Edit.pending("default").count() == 0


def test_many_deletions_at_the_same_addresses_end(tombstones_of_groups: None) -> None:
    """Each worker deletes groups of the same addresses as all others, in an order of its own."""
    names = [f"{n:02}" for n in range(20)]
    workers = [Worker() for _ in range(4)]
    shares = [[Group.objects.create(name=f"{name}{n}") for name in names] for n in range(4)]

    def delete(mine: list[Group]) -> None:
        for some in (mine[:10], mine[10:]):
            with transaction.atomic():
                for each in some:
                    each.delete()

    try:
        running = [
            worker.begin(lambda share=share: delete(share))
            for worker, share in zip(
                workers, [shares[0], shares[1][::-1], shares[2], shares[3][::-1]], strict=True
            )
        ]
        for each in running:
            each.result(30)
    finally:
        for worker in workers:
            worker.end()
    join_threads()
    assert PermanenceRule.objects.filter(source="code").count() == 20
    assert Edit.pending("default").count() == 0


def join_threads() -> None:
    """Wait for those that wait for others."""
    for thread in threading.enumerate():
        if thread.name == "django_http_errors":
            thread.join(20)
            assert not thread.is_alive()


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_deletion_at_an_address_that_is_being_imported(
    is_committed: bool, worker: Worker, threads: list[Callable[[], None]]
) -> None:
    """It doesn't wait for the import, whose end decides whose rule it is."""
    found = documents(20)
    paths = [each.get_absolute_url() for each in found]
    with transaction.atomic():
        import_a_file(paths[:10])
        seconds = worker.seconds(lambda: Document.objects.all().delete())
        assert seconds <= MOST_ONCE
        assert not Document.objects.exists()
        (write,) = threads
        transaction.set_rollback(not is_committed)
    worker.do(write)
    sources = dict(PermanenceRule.objects.values_list("pattern", "source"))
    imported = "import" if is_committed else "code"
    assert sources == {
        **dict.fromkeys(paths[:10], imported),
        **dict.fromkeys(paths[10:], "code"),
    }
    assert len(threads) == 1


def test_what_waits_for_an_import_is_done_after_it(worker: Worker) -> None:
    """By a thread, whose connection is closed."""
    (document,) = documents(1)
    with transaction.atomic():
        import_a_file([document.get_absolute_url()])
        assert worker.seconds(document.delete) <= MOST_ONCE
        transaction.set_rollback(True)
    join_threads()
    assert PermanenceRule.objects.filter(source="code").exists()


def test_what_is_seen_again_while_its_rule_is_edited(
    worker: Worker, threads: list[Callable[[], None]]
) -> None:
    create_tombstone("/seen/")
    with transaction.atomic():
        PermanenceRule.objects.filter(pattern="/seen/").update(reason="Sold.")
        assert worker.seconds(lambda: remove_tombstone("/seen/")) <= MOST_ONCE
        (write,) = threads
    worker.do(write)
    assert not PermanenceRule.objects.exists()


def test_who_deletes_waits_for_others_as_before(
    worker: Worker, threads: list[Callable[[], None]]
) -> None:
    """The database is set to another time for the tombstone alone."""
    question = (
        "SHOW lock_timeout"
        if connection.vendor == "postgresql"
        else "SELECT @@innodb_lock_wait_timeout"
    )

    def asked() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()

    before = worker.do(asked)
    worker.do(lambda: create_tombstone("/gone/"))
    assert worker.do(asked) == before
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/other/")
        worker.do(lambda: create_tombstone("/other/"))
        assert threads
    assert worker.do(asked) == before


def test_an_edit_by_a_tombstone_gets_its_number_though_it_has_to_wait_for_it(
    worker: Worker,
) -> None:
    """It is numbered when it is committed, with the time that the database is set to."""
    with transaction.atomic():
        Generation.advance("default")
        running = worker.begin(lambda: create_tombstone("/gone/"))
        time.sleep(0.3)
        assert not running.done()
    running.result(20)
    assert PermanenceRule.objects.get().pattern == "/gone/"
    assert Edit.pending("default").count() == 0


@pytest.mark.parametrize("kept", [0, 3, Edit.KEPT])
def test_nobody_waits_when_old_edits_are_removed(kept: int, worker: Worker) -> None:
    """However the database finds them: it mustn't ask for those that aren't committed."""
    rows = Edit._base_manager
    rows.bulk_create(Edit(number=1000 + n, digests=[]) for n in range(kept))
    Generation._base_manager.update_or_create(pk=Generation.ROW, defaults={"number": 1999})
    with transaction.atomic():
        save_a_rule()
        assert worker.seconds(save_a_rule) <= MOST_SECONDS
        assert Generation._base_manager.get().number == 2000
        assert not rows.filter(number=1000).exists()
    assert edits_made() == max(0, kept - 2) + 2


def test_nobody_waits_when_edits_of_processes_that_died_are_numbered(worker: Worker) -> None:
    with transaction.atomic():
        save_a_rule()
        for count_of_dead in (1, 3, 30):
            worker.do(lambda n=count_of_dead: leave_pending(n))
            assert worker.seconds(save_a_rule) <= MOST_SECONDS
            assert worker.do(Edit.pending("default").count) == 0


def leave_pending(count: int) -> None:
    Edit._base_manager.bulk_create(Edit(digests=[]) for _ in range(count))


@pytest.mark.parametrize("holds", ["editor", "import"])
def test_deletions_in_opposite_order_end(holds: str, worker: Worker) -> None:
    """Each transaction deletes what leaves a tombstone, and writes what the other one writes."""
    first, second = Group.objects.create(name="first"), Group.objects.create(name="second")
    mine, other = documents(2)

    def delete_then_write() -> None:
        with transaction.atomic():
            Group.objects.filter(pk=second.pk).update(name="2")
            other.delete()
            started.set_result(True)
            Group.objects.filter(pk=first.pk).update(name="b")

    started: Future[bool] = Future()
    with transaction.atomic():
        if holds == "import":
            import_rules(10)
        mine.delete()
        Group.objects.filter(pk=first.pk).update(name="1")
        waiting = worker.begin(delete_then_write)
        assert started.result(20), "it waits for the row of its own alone"
        save_a_rule()
    waiting.result(20)
    assert PermanenceRule.objects.filter(source="code").count() == 2
    assert not Document.objects.exists()


def test_several_delete_at_once() -> None:
    """Four transactions delete each other's neighbours, forwards and backwards."""
    found = documents(40)
    workers = [Worker() for _ in range(4)]

    def delete(mine: list[Document]) -> None:
        with transaction.atomic():
            for each in mine:
                each.delete()
                time.sleep(0.005)

    shares = [found[0::4], found[1::4][::-1], found[2::4], found[3::4][::-1]]
    try:
        running = [
            worker.begin(lambda share=share: delete(share))
            for worker, share in zip(workers, shares, strict=True)
        ]
        for each in running:
            each.result(30)
    finally:
        for worker in workers:
            worker.end()
    assert PermanenceRule.objects.filter(source="code").count() == 40
    assert Edit.pending("default").count() == 0


# What becomes of edits.


def patterns(found: Snapshots = snapshots) -> set[str]:
    return {rule.pattern for rule in found.current().rules}


def test_an_edit_whose_process_dies_before_it_numbers_it_is_in_force_elsewhere(
    clock: Clock, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Snapshots()
    assert patterns(elsewhere) == set()

    def die(using: str) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Edit, "number_pending", die)
        with pytest.raises(SystemExit):
            worker.do(save_a_rule)
    assert Edit.pending("default").count() == 1
    clock.pass_(70)
    dead = patterns(elsewhere)
    assert len(dead) == 1
    # The next edit numbers that one too.
    worker.do(save_a_rule)
    assert Edit.pending("default").count() == 0
    clock.pass_(70)
    assert patterns(elsewhere) > dead


def test_an_import_that_is_rolled_back_leaves_nothing(clock: Clock, worker: Worker) -> None:
    PermanenceRule.objects.create(pattern="/before/")
    elsewhere = Snapshots()
    known = elsewhere.current()
    assert patterns() == {"/before/"}
    edits, version = edits_made(), queries.version("default")
    with transaction.atomic():
        import_rules()
        assert len(patterns()) == A_FEW + 1
        clock.pass_(70)
        assert worker.do(elsewhere.current) is known
        transaction.set_rollback(True)
    clock.pass_(70)
    assert elsewhere.current() is known
    assert patterns() == {"/before/"}
    assert (edits_made(), queries.version("default")) == (edits, version)
    # And those that come next are in force.
    worker.do(save_a_rule)
    clock.pass_(70)
    assert len(patterns(elsewhere)) == 2
