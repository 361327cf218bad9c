"""More rules than a request can wait for, and more than fit into memory: the answers stay."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.http.urls import decoded_path, path_key, pattern_key, spellings
from django_http_errors.importing.importer import import_rules
from django_http_errors.models import Generation, MatchType, PermanenceRule
from django_http_errors.rules import database_rules
from django_http_errors.rules import queries as questions
from django_http_errors.rules import snapshot as module
from django_http_errors.rules.bloom_filter import BloomFilter
from django_http_errors.rules.database_rules import DatabaseRules
from django_http_errors.rules.matching import Index
from django_http_errors.rules.snapshot import snapshots

from ..asking import JSON, Site

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE, IN_MEMORY = 5, 20


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    monkeypatch.setattr(module, "READ_AT_ONCE", AT_ONCE)
    monkeypatch.setattr(module, "MOST_IN_MEMORY", IN_MEMORY)
    monkeypatch.setattr(questions, "PAGE", 3)
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0}
    snapshots.forget()
    yield
    wait()
    snapshots.forget()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Nobody reads the many rules until this is called."""
    go = threading.Event()
    read_all = module.SnapshotLoader._read_all

    def read_later(self: Any, alias: str) -> None:
        go.wait(20)
        read_all(self, alias)

    monkeypatch.setattr(module.SnapshotLoader, "_read_all", read_later)

    def release() -> None:
        go.set()
        wait()

    yield release
    release()


def wait() -> None:
    """Wait until the thread has read all rules."""
    if snapshots._reader is not None:
        snapshots._reader.join(20)
        assert not snapshots._reader.is_alive()


def make(number: int, **fields: Any) -> None:
    PermanenceRule.objects.bulk_create(
        PermanenceRule(pattern=f"/old/{each}/", **fields) for each in range(number)
    )


def status(path: str) -> int:
    return Site("sync").ask(path, JSON).status_code


def queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum(
        "permanencerule" in each["sql"] and each["sql"].startswith("SELECT")
        for each in captured.captured_queries
    )


SIZES = [1, AT_ONCE, AT_ONCE + 1, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY]


@pytest.mark.parametrize("number", SIZES)
def test_the_answers_are_the_same_however_many_there_are(
    number: int, held: Callable[[], None]
) -> None:
    make(number)
    for _state in ("before they are read", "after"):
        assert status("/old/0/") == 410
        assert status("/old/0") == 410
        assert status(f"/old/{number - 1}/") == 410
        assert status(f"/old/{number}/") == 404
        assert status("/old/0/below/") == 404
        held()


@pytest.mark.parametrize("number", SIZES)
def test_where_they_are_kept(number: int, held: Callable[[], None]) -> None:
    make(number)
    before = snapshots.current().rules
    assert isinstance(before, Index) is (number <= AT_ONCE)
    held()
    rules = snapshots.current().rules
    assert isinstance(rules, Index) is (number <= IN_MEMORY)
    assert len(rules) == number
    assert sorted(rule.pattern for rule in rules) == sorted(f"/old/{n}/" for n in range(number))


def test_a_request_waits_for_few_of_them(held: Callable[[], None]) -> None:
    make(3 * IN_MEMORY)
    assert queries(lambda: status("/nowhere/")) == 3, "the first ones, the routes, the address"
    assert queries(lambda: status("/nowhere/")) == 0
    assert queries(lambda: status("/elsewhere/")) == 1
    held()
    assert queries(lambda: status("/somewhere/")) == 0, "the filter says that there is none"
    assert queries(lambda: status("/old/1/")) == 1
    assert queries(lambda: status("/old/1/")) == 0


def edits() -> dict[str, tuple[Callable[[], object], str, int]]:
    """Ways to edit; each with an address and its status after it."""
    rules = PermanenceRule.objects

    def save(**fields: Any) -> None:
        rule = rules.get(pattern="/old/1/")
        for name, value in fields.items():
            setattr(rule, name, value)
        rule.save()

    return {
        "create": (lambda: rules.create(pattern="/new/"), "/new/", 410),
        "prefix": (lambda: rules.create(pattern="/new/", kind=MatchType.PREFIX), "/new/x/y/", 410),
        "route": (lambda: rules.create(pattern="/n/<int:n>/", kind=MatchType.ROUTE), "/n/7/", 410),
        "save": (lambda: save(pattern="/new/"), "/new/", 410),
        "save elsewhere": (lambda: save(pattern="/new/"), "/old/1/", 404),
        "save some fields": (
            lambda: PermanenceRule(pk=rules.get(pattern="/old/1/").pk, pattern="/new/").save(
                update_fields=["pattern"]
            ),
            "/new/",
            410,
        ),
        "permanence": (lambda: save(permanence="temporary"), "/old/1/", 404),
        "host": (lambda: save(host="other.example"), "/old/1/", 404),
        "disable": (lambda: save(enabled=False), "/old/1/", 404),
        "validity": (lambda: save(valid_from=timezone.now() + timedelta(1)), "/old/1/", 404),
        "delete": (lambda: rules.get(pattern="/old/1/").delete(), "/old/1/", 404),
        "delete all": (lambda: rules.all().delete(), "/old/1/", 404),
        "update": (lambda: rules.filter(pattern="/old/1/").update(pattern="/new/"), "/new/", 410),
        "bulk_create": (lambda: rules.bulk_create([PermanenceRule(pattern="/new/")]), "/new/", 410),
        "bulk_update": (
            lambda: rules.bulk_update([_another(rules.get(pattern="/old/1/"))], ["pattern"]),
            "/new/",
            410,
        ),
        "more than a request waits for": (
            lambda: rules.bulk_create(PermanenceRule(pattern=f"/new/{n}/") for n in range(50)),
            "/new/49/",
            410,
        ),
        "import": (lambda: import_rules([b"pattern\n", b"/new/\n"]), "/new/", 410),
        "import anew": (
            lambda: import_rules([b"pattern,permanence\n", b"/old/1/,temporary\n"]),
            "/old/1/",
            404,
        ),
        "update_or_create": (
            lambda: rules.update_or_create(pattern="/old/1/", defaults={"enabled": False}),
            "/old/1/",
            404,
        ),
    }


def _another(rule: PermanenceRule) -> PermanenceRule:
    rule.pattern = "/new/"
    return rule


@pytest.mark.parametrize("way", edits())
@pytest.mark.parametrize("number", [IN_MEMORY - 5, 3 * IN_MEMORY])
@pytest.mark.parametrize("are_read", [True, False])
def test_an_edit_is_in_force_at_once(
    way: str, number: int, are_read: bool, held: Callable[[], None]
) -> None:
    edit, path, after = edits()[way]
    make(number)
    if are_read:
        snapshots.current()
        held()
    assert status(path) != after
    edit()
    assert status(path) == after
    held()
    assert status(path) == after
    assert status("/old/1/?") == (410 if way in UNTOUCHED else status("/old/1/"))


UNTOUCHED = {"create", "prefix", "route", "bulk_create", "more than a request waits for", "import"}


def _switch_on() -> None:
    rule = PermanenceRule.objects.get(pattern="/off/")
    rule.enabled = True
    rule.save(update_fields=["enabled"])


SWITCHES: dict[str, Callable[[], object]] = {
    "save": _switch_on,
    "update": lambda: PermanenceRule.objects.filter(pattern="/off/").update(enabled=True),
    "import": lambda: import_rules([b"pattern,enabled\n", b"/off/,true\n"]),
    "fixture": lambda: PermanenceRule(
        pk=PermanenceRule.objects.get(pattern="/off/").pk, pattern="/off/"
    ).save_base(raw=True),
}


@pytest.mark.parametrize("way", SWITCHES)
def test_a_rule_that_is_switched_on_is_found(way: str) -> None:
    """What is kept of the rules doesn't know the ones that are off."""
    PermanenceRule.objects.create(pattern="/off/", enabled=False)
    make(3 * IN_MEMORY)
    snapshots.current()
    wait()
    assert status("/off/") == 404
    SWITCHES[way]()
    assert status("/off/") == 410


def test_what_was_found_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_rules, "MOST_REMEMBERED", 10)
    make(3 * IN_MEMORY)
    rules = snapshots.current().rules
    for number in range(3 * IN_MEMORY):
        assert rules.may_cover(f"/old/{number}/")
        assert 0 < len(rules._found) <= 10  # type: ignore[attr-defined]


def test_rules_that_are_newer_than_the_snapshot_are_not_read_again(
    held: Callable[[], None],
) -> None:
    make(IN_MEMORY - 5)
    snapshots.current()
    reader = snapshots._reader
    with transaction.atomic():  # what another process does: nobody in this one hears of it
        row = PermanenceRule(pattern="/elsewhere/", generation=Generation.advance("default"))
        row.save_base()
    held()
    assert isinstance(snapshots._snapshot.rules, Index)
    assert status("/elsewhere/") == 410
    assert snapshots._reader is reader


@pytest.mark.parametrize("way", ["create", "save", "disable", "delete", "update", "import"])
def test_an_edit_reads_no_more_than_what_it_changed(way: str) -> None:
    make(3 * IN_MEMORY)
    snapshots.current()
    wait()
    reader = snapshots._reader
    edits()[way][0]()
    assert queries(snapshots.current) == 2, "the routes, and what has changed"
    assert snapshots._reader is reader
    assert isinstance(snapshots.current().rules, DatabaseRules)


def test_a_filter_that_is_full_is_made_anew(held: Callable[[], None], monkeypatch: Any) -> None:
    monkeypatch.setattr(BloomFilter, "room", 0)
    make(3 * IN_MEMORY)
    snapshots.current()
    held()
    reader = snapshots._reader
    PermanenceRule.objects.create(pattern="/new/")
    assert status("/new/") == 410
    assert snapshots._reader is not reader
    wait()
    assert snapshots.current().rules.bloom_filter.size == 3 * IN_MEMORY + 1  # type: ignore[attr-defined]


def test_an_edit_is_known_before_its_commit_to_its_transaction_alone() -> None:
    make(3 * IN_MEMORY)
    snapshots.current()
    wait()
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/new/")
        assert any(snapshots.current().rules.covering("/new/", ""))
        transaction.set_rollback(True)
    assert not any(snapshots.current().rules.covering("/new/", ""))


@pytest.mark.parametrize("number", [IN_MEMORY - 5, 3 * IN_MEMORY])
def test_an_edit_while_they_are_read_is_not_lost(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the page that the reader is at."""
    make(number)
    pages = questions.pages
    edited = threading.Event()

    def edit_between(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for page in pages(*args, **kwargs):
            yield page
            if not edited.is_set():
                edited.set()
                PermanenceRule.objects.filter(pattern="/old/0/").update(pattern="/new/")

    monkeypatch.setattr(questions, "pages", edit_between)
    snapshots.current()
    wait()
    assert edited.is_set()
    assert status("/new/") == 410
    assert status("/old/0/") == 404


def test_a_database_that_was_restored_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    make(3 * IN_MEMORY)
    snapshots.current()
    wait()
    monkeypatch.setattr(module, "REPLICA_LAG", 0)
    with transaction.atomic():
        PermanenceRule(pattern="/restored/").save_base()
        Generation._base_manager.update(number=0)
    assert status("/restored/") == 410


class Away:
    """A database that can't be asked, and how often somebody tried."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        monkeypatch.setattr(questions, "rules", self)

    def __call__(self, alias: str) -> Any:
        self.asked += 1
        raise OperationalError("gone")


@pytest.mark.parametrize("are_read", [True, False])
def test_a_database_that_is_away_is_asked_once(
    are_read: bool,
    held: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    own_records: list[logging.LogRecord],
) -> None:
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 3600}
    make(3 * IN_MEMORY)
    snapshots.current()
    if are_read:
        held()
    assert status("/old/1/") == 410
    with monkeypatch.context() as patch:
        away = Away(patch)
        for path in ("/old/2/", "/old/3/", "/old/4/"):
            assert status(path) == 404
        assert away.asked == 1
        assert [record.levelname for record in own_records] == ["ERROR"]
        assert status("/old/1/") == 410, "what was found before is remembered"
    snapshots._ask_at = 0.0  # the back-off is over
    assert status("/old/2/") == 410


def test_a_reader_that_fails_is_logged_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, settings: Any, own_records: list[logging.LogRecord]
) -> None:
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 3600}
    make(3 * IN_MEMORY)

    def broken(*args: Any) -> Any:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(module.SnapshotLoader, "_every_rule", broken)
        assert status("/old/1/") == 410
        wait()
    assert [record.levelname for record in own_records] == ["ERROR"]
    snapshots._ask_at = 0.0  # some seconds later
    assert status("/old/1/") == 410
    wait()
    assert snapshots.current().rules.bloom_filter is not None  # type: ignore[attr-defined]


def test_rules_are_found_by_the_beginning_of_their_pattern() -> None:
    make(3 * IN_MEMORY)
    PermanenceRule.objects.create(pattern="/new/x/")
    rules = snapshots.current().rules
    assert [rule.pattern for rule in rules.below("/new")] == ["/new/x/"]
    assert len(list(rules.below(""))) == 3 * IN_MEMORY + 1


# The database finds what memory finds.

SEGMENTS = ["a", "ä", "a\u0308", "b c", "100%", "%41", "\u2028", "A", "+", "x.", ""]


def paths_of(*segments: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(segments), min_size=1, max_size=4).map(
        lambda found: "/" + "/".join(found)
    )


# An editor writes what would begin a query or a fragment as an escape.
PATTERNS = paths_of(*SEGMENTS, "what%3F", "%23")
PATHS = paths_of(*SEGMENTS, "what?", "#")


@given(PATTERNS)
def test_a_pattern_is_found_by_its_key(path: str) -> None:
    rule = PermanenceRule(pattern=path)
    rule.normalise()
    assert rule.pattern in spellings(pattern_key(rule.pattern))


@given(PATHS)
def test_a_key_has_two_patterns(path: str) -> None:
    for each in spellings(path_key(path)):
        assert pattern_key(each) == path_key(path)
        assert decoded_path(each) == each


RULES = st.lists(
    st.tuples(
        st.sampled_from(MatchType.values), PATTERNS, st.sampled_from(["", "a.example", "b.example"])
    ),
    max_size=12,
    unique=True,
)


@hypothesis.settings(max_examples=25)
@given(RULES, st.lists(PATHS, min_size=1, max_size=6), st.sampled_from(["", "a.example"]))
def test_the_database_finds_what_memory_finds(
    rules: list[tuple[str, str, str]], paths: list[str], host: str
) -> None:
    rows = {}
    for kind, pattern, at in rules:
        row = PermanenceRule(
            kind=kind, pattern="/<int:n>/" if kind == MatchType.ROUTE else pattern, host=at
        )
        row.normalise()
        rows[row.kind, row.pattern, row.host] = row
    with transaction.atomic():
        PermanenceRule.objects.all().delete()
        PermanenceRule.objects.bulk_create(rows.values())
        in_memory = Index(questions.read(questions.rules("default")))
        bloom_filter = BloomFilter(20)
        bloom_filter.put(questions.changed("default", 0, 100))
        for rules_of in (
            snapshots._from_database("default"),
            snapshots._from_database("default", bloom_filter),
        ):
            for path in (*paths, "/7/", *(row.pattern for row in rows.values())):
                found = list(rules_of.covering(path, host))
                assert found == list(in_memory.covering(path, host))
        transaction.set_rollback(True)
