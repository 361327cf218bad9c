"""More rules than are kept in memory: the answers stay."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import hypothesis
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.models import Edit, Generation, MatchType, PermanenceRule
from django_http_errors.rules import database_rules
from django_http_errors.rules import queries as questions
from django_http_errors.rules import snapshot as module
from django_http_errors.rules.database_rules import DatabaseRules
from django_http_errors.rules.matching import Index
from django_http_errors.rules.queries import Version
from django_http_errors.rules.rows import PermanenceRow
from django_http_errors.rules.snapshot import Snapshots, snapshots

from ..asking import JSON, Site
from ..imports import import_rules

pytestmark = pytest.mark.django_db(transaction=True)

IN_MEMORY, PORTION = 5, 4
MANY = 3 * IN_MEMORY


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    monkeypatch.setattr(module, "MOST_IN_MEMORY", IN_MEMORY)
    monkeypatch.setattr(questions, "PORTION", PORTION)
    monkeypatch.setattr(questions, "PAGE", 3)
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 0}
    snapshots.forget()
    yield
    snapshots.forget()


def make(number: int, **fields: Any) -> None:
    PermanenceRule.objects.bulk_create(
        PermanenceRule(pattern=f"/old/{each}/", **fields) for each in range(number)
    )


def status(path: str) -> int:
    return Site("sync").ask(path, JSON).status_code


def read_all() -> DatabaseRules:
    """Look for rules until all digests are read, and return them."""
    for _look in range(100):
        rules = snapshots.current().rules
        assert isinstance(rules, DatabaseRules)
        if rules.digests is not None:
            return rules
    raise AssertionError("they are never read")


def queries(act: Callable[[], object]) -> list[str]:
    """Return the questions for rules: "rows", or "digests"."""
    with CaptureQueriesContext(connection) as captured:
        act()
    asked = [
        each["sql"]
        for each in captured.captured_queries
        if "permanencerule" in each["sql"]
        and each["sql"].startswith("SELECT")
        # Those are all read whenever anything is.
        and "announce" not in each["sql"]
    ]
    return ["rows" if "reason" in each else "digests" for each in asked]


SIZES = [1, IN_MEMORY, IN_MEMORY + 1, MANY]


@pytest.mark.parametrize("number", SIZES)
def test_the_answers_are_the_same_however_many_there_are(number: int) -> None:
    """From the first request on, while the digests are read and after."""
    make(number)
    assert status("/old/0/") == 410
    for _portion in range(number // PORTION + 2):
        assert status(f"/old/{number - 1}/") == 410
        assert status("/old/0") == 410
        assert status(f"/old/{number}/") == 404
        assert status("/old/0/below/") == 404


@pytest.mark.parametrize("number", SIZES)
def test_where_they_are_kept(number: int) -> None:
    make(number)
    rules = snapshots.current().rules
    assert isinstance(rules, Index) is (number <= IN_MEMORY)
    assert sorted(rule.pattern for rule in rules) == sorted(f"/old/{n}/" for n in range(number))
    if number > IN_MEMORY:
        digests = read_all().digests
        assert digests is not None
        assert len(digests.known) == number
        assert list(digests.known) == sorted(digests.known)


def test_a_look_reads_one_portion_at_most() -> None:
    make(MANY)
    assert queries(snapshots.current) == ["digests", "digests"]  # Are they many? The first of them.
    for _portion in range(MANY // PORTION + 1):
        assert queries(snapshots.current) == ["digests"]
    assert queries(snapshots.current) == []


def test_once_the_digests_are_read_only_for_a_rule_the_rows_are_asked_for() -> None:
    make(MANY)
    assert "rows" in queries(lambda: status("/nowhere/"))
    read_all()
    assert queries(lambda: status("/somewhere/")) == []
    assert queries(lambda: status("/old/1/")) == ["rows"]
    assert queries(lambda: status("/old/1/")) == []
    assert queries(lambda: status("/old/2/")) == ["rows"]


def test_what_an_old_transaction_sees_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """It began before the last edit, and would tell the others of the rules of that time."""
    make(MANY)
    snapshots.current()
    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(questions, "version", lambda alias: Version(0))
        for _portion in range(MANY):
            snapshots.current()
        assert snapshots.current().rules.digests is None  # type: ignore[union-attr]
    rules = read_all()
    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(questions, "version", lambda alias: Version(0))
        patch.setattr(questions, "under", lambda *asked: [])
        assert list(rules.covering("/old/1/", "")) == []
    assert status("/old/1/") == 410


def test_what_is_beside_the_numbers_of_a_route_is_not_asked_for() -> None:
    make(MANY)
    PermanenceRule.objects.create(pattern="/archive/<int:year>/", kind=MatchType.ROUTE)
    read_all()
    for path in ("/archive/", "/archive/x/", "/archive/x/2014/", "/archive/2014x/"):
        assert queries(lambda path=path: status(path)) == [], path  # type: ignore[misc]
    assert queries(lambda: status("/archive/2014/")) == ["rows"]
    assert status("/archive/2015/") == 410


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
        "import": (lambda: import_rules(b"pattern\n/new/\n"), "/new/", 410),
        "import anew": (
            lambda: import_rules(b"pattern,permanence\n/old/1/,temporary\n"),
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
@pytest.mark.parametrize(
    ("number", "are_read"), [(IN_MEMORY - 2, True), (MANY, True), (MANY, False)]
)
def test_an_edit_is_in_force_at_once(way: str, number: int, are_read: bool) -> None:
    edit, path, after = edits()[way]
    make(number)
    if number > IN_MEMORY and are_read:
        read_all()
    assert status("/old/1/") == 410
    assert status(path) != after
    edit()
    for _portion in range(2 if are_read else 6):
        assert status(path) == after
        assert status("/old/1/") == (410 if way in UNTOUCHED else after if after == 404 else 404)


UNTOUCHED = {"create", "prefix", "route", "bulk_create", "more than a request waits for", "import"}


def _switch_on() -> None:
    rule = PermanenceRule.objects.get(pattern="/off/")
    rule.enabled = True
    rule.save(update_fields=["enabled"])


SWITCHES: dict[str, Callable[[], object]] = {
    "save": _switch_on,
    "update": lambda: PermanenceRule.objects.filter(pattern="/off/").update(enabled=True),
    "import": lambda: import_rules(b"pattern,enabled\n/off/,true\n"),
    "fixture": lambda: PermanenceRule(
        pk=PermanenceRule.objects.get(pattern="/off/").pk, pattern="/off/"
    ).save_base(raw=True),
}


@pytest.mark.parametrize("way", SWITCHES)
def test_a_rule_that_is_switched_on_is_found(way: str) -> None:
    """What is kept of the rules doesn't know the ones that are off."""
    PermanenceRule.objects.create(pattern="/off/", enabled=False)
    make(MANY)
    read_all()
    assert status("/off/") == 404
    SWITCHES[way]()
    assert status("/off/") == 410


@pytest.mark.parametrize("way", ["create", "save", "disable", "delete", "update", "import"])
def test_an_edit_reads_no_more_than_what_it_changed(way: str) -> None:
    make(MANY)
    read_all()
    edits()[way][0]()
    assert queries(snapshots.current) == [], "its digests are noted where edits are"
    read_all()
    assert queries(lambda: status("/nowhere/")) == []


def test_many_edits_make_the_digests_be_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ADDED", 3)
    make(MANY)
    first = read_all()
    for n in range(3):
        PermanenceRule.objects.create(pattern=f"/new/{n}/")
        assert snapshots.current().rules.digests.known is first.digests.known  # type: ignore[attr-defined,union-attr]
    PermanenceRule.objects.create(pattern="/new/3/")
    assert queries(snapshots.current)[0] == "digests"
    rules = read_all()
    assert rules.digests is not None
    assert len(rules.digests.known) == MANY + 4
    assert not rules.digests.added


@pytest.mark.parametrize("lost", ["too many edits", "their notes are gone"])
def test_edits_that_arent_noted_any_more_are_not_missed(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(MANY)
    read_all()
    monkeypatch.setattr(questions, "MOST_EDITS", 2)
    for n in range(3 if lost == "too many edits" else 1):
        elsewhere(f"/new/{n}/")
    if lost == "their notes are gone":
        Edit._base_manager.all().delete()
    assert status("/new/0/") == 410
    assert len(read_all().digests.known) > MANY  # type: ignore[union-attr]
    assert status("/new/0/") == 410


def elsewhere(pattern: str) -> None:
    """Do what another process does: nobody in this one hears of it."""
    with transaction.atomic():
        row = PermanenceRule(pattern=pattern)
        row.normalise()
        row.save_base()
        Edit._base_manager.create(digests=[row.digest])
    Edit.number_pending("default")


def test_an_edit_elsewhere_while_the_digests_are_read_is_not_lost() -> None:
    """Before the portion that is read next, and behind it."""
    make(MANY)
    snapshots.current()
    for n in range(10):
        elsewhere(f"/new/{n}/")
        snapshots.current()
    read_all()
    assert [status(f"/new/{n}/") for n in range(10)] == [410] * 10


def test_an_edit_is_known_before_its_commit_to_its_transaction_alone() -> None:
    make(MANY)
    read_all()
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/new/")
        assert any(snapshots.current().rules.covering("/new/", ""))
        transaction.set_rollback(True)
    assert not any(snapshots.current().rules.covering("/new/", ""))


def test_a_database_that_was_restored_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    make(MANY)
    read_all()
    monkeypatch.setattr(module, "REPLICA_LAG", 0)
    row = PermanenceRule(pattern="/restored/")
    row.normalise()
    row.save_base()
    Generation._base_manager.update(number=0)
    assert status("/restored/") == 410
    assert any(read_all().covering("/restored/", ""))


def test_what_was_found_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_rules, "MOST_REMEMBERED", 10)
    make(3 * MANY)
    rules = read_all()
    for number in range(3 * MANY):
        assert any(rules.covering(f"/old/{number}/", ""))
        assert 0 < len(rules._found) <= 10


def test_what_a_hit_asks_for_has_the_values_that_a_queryset_gives() -> None:
    """Dates and booleans too, which some databases keep as something else."""
    now = timezone.now()
    rule = PermanenceRule.objects.create(
        kind=MatchType.ROUTE,
        pattern="/dated/<int:year>/",
        host="a.example",
        permanence="temporary",
        reason="It is being written.",
        expected_at=now + timedelta(days=9),
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=1),
        ignore_case=True,
    )
    make(1)
    PermanenceRule.objects.create(pattern="/dated/", enabled=False)
    PermanenceRule.objects.create(pattern="/dated/", host="other.example")
    (found,) = questions.under("default", [rule.digest], ("", "a.example"))
    assert found == PermanenceRow.of(PermanenceRule.objects.get(pk=rule.pk))
    assert [found] == questions.read(questions.rules("default").filter(pk=rule.pk))
    assert isinstance(found.ignore_case, bool)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="no other one keeps a date there isn't")
def test_a_row_that_cannot_be_read_leaves_the_others_in_force() -> None:
    make(MANY)
    good, bad = (
        PermanenceRule.objects.create(pattern="/same/", host=host) for host in ("", "testserver")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {PermanenceRule._meta.db_table} SET valid_until = '2024-02-31 00:00:00'"  # noqa: S608
            " WHERE id = %s",
            [bad.pk],
        )
    found = questions.under("default", [good.digest], ("", "testserver"))
    assert [row.pk for row in found] == [good.pk]


def test_a_false_digest_is_asked_for_once() -> None:
    make(MANY)
    PermanenceRule.objects.create(pattern="/new/")
    read_all()
    PermanenceRule.objects.filter(pattern="/new/").delete()
    assert queries(lambda: status("/new/")) == ["rows"]
    assert queries(lambda: status("/new/")) == []


def test_each_host_has_its_own() -> None:
    make(MANY)
    for host in ("a.example", "b.example"):
        PermanenceRule.objects.create(pattern="/own/", host=host)
    rules = read_all()
    for host in ("a.example", "b.example"):
        assert [rule.host for rule in rules.covering("/own/", host)] == [host]
    assert not any(rules.covering("/own/", "c.example"))
    assert not any(rules.covering("/own/", ""))


class Away:
    """A database that can't be asked, and how often somebody tried."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        monkeypatch.setattr(questions, "rules", self)
        monkeypatch.setattr(questions, "under", self)

    def __call__(self, alias: str, *wanted: Any) -> Any:
        self.asked += 1
        raise OperationalError("gone")


@pytest.mark.parametrize("are_read", [True, False])
def test_a_database_that_is_away_is_asked_once(
    are_read: bool,
    lookouts: list[Callable[[], None]],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    own_records: list[logging.LogRecord],
) -> None:
    settings.HTTP_ERRORS = {"REFRESH_SECONDS": 3600}
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    make(MANY)
    if are_read:
        read_all()
    assert status("/old/1/") == 410
    with monkeypatch.context() as patch:
        away = Away(patch)
        for path in ("/old/2/", "/old/3/", "/old/4/"):
            assert status(path) == 404
        assert away.asked == 1
        assert [record.levelname for record in own_records] == ["ERROR"]
        assert status("/old/1/") == 410, "what was found before is remembered"
    lookouts[0]()
    assert status("/old/2/") == 410


def test_rules_are_found_by_the_beginning_of_their_pattern() -> None:
    make(MANY)
    PermanenceRule.objects.create(pattern="/new/x/")
    rules = snapshots.current().rules
    assert [rule.pattern for rule in rules.below("/new")] == ["/new/x/"]
    assert len(list(rules.below(""))) == MANY + 1


# Whatever they are kept in, they cover what somebody finds who knows no tables at all.

SEGMENTS = ["a", "A", "ä", "a\u0308", "ß", "b c", "100%", "%41", "\u2028", "+", "x.", "", "\udce9"]


def paths_of(*segments: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(segments), min_size=1, max_size=4).map(
        lambda found: "/" + "/".join(found)
    )


# An editor writes what would begin a query or a fragment as an escape, and so a byte that is no
# character.
PATTERNS = paths_of(*(SEGMENTS[:-1]), "%25", "what%3F", "%23", "%E9", "%e8")
PATHS = paths_of(*SEGMENTS, "what?", "#", "7", "%")
# And what they are as regular expressions, without final slashes. One is as deep as heads are.
DEEP = "/d" * 32
ROUTES = {
    "/<int:n>/": "/[0-9]+",
    "/a/<int:n>": "/a/[0-9]+",
    "/a/<int:n>/<int:m>/": "/a/[0-9]+/[0-9]+",
    "/a/x<int:n>/": "/a/x[0-9]+",
    "/\u00df/<int:n>/b": "/\u00df/[0-9]+/b",
    f"{DEEP}/<int:n>/": f"{DEEP}/[0-9]+",
    f"{DEEP}/a/<int:n>/": f"{DEEP}/a/[0-9]+",
    "/A/<path:p>/x.": r"/A/.+/x\.",
}
NUMBERED = [
    *(
        "/7/",
        "/a/7",
        "/A/7/",
        "/a/\u0667/",
        "/a/7/8/",
        "/a/7/b/",
        "/a/x7/",
        "/\u00df/7/b",
        "/SS/7/B",
    ),
    *(f"{DEEP}/7/", f"{DEEP}/a/7/", f"{DEEP.upper()}/7"),
]

RULES = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.sampled_from([MatchType.EXACT, MatchType.PREFIX]), PATTERNS),
            st.tuples(st.just(MatchType.ROUTE), st.sampled_from(list(ROUTES))),
        ),
        st.sampled_from(["", "a.example", "b.example"]),
        st.booleans(),
    ),
    max_size=12,
)


def naively(text: str) -> str:
    return unicodedata.normalize("NFC", text).rstrip("/")


def rank(rule: PermanenceRow, path: str, host: str) -> tuple[int, int, bool, int] | None:
    """Return how early `rule` comes, the lowest first, or None if it doesn't cover `path`."""
    if rule.host not in ("", host):
        return None
    asked, own = naively(path), naively(unquote(rule.pattern, errors="surrogateescape"))
    if rule.kind == MatchType.ROUTE:
        found = re.fullmatch(ROUTES[rule.pattern], asked, re.IGNORECASE if rule.ignore_case else 0)
        return (2, 0, not rule.host, rule.pk) if found else None
    length = -len(own)
    if rule.ignore_case:
        asked, own = asked.casefold(), own.casefold()
    if rule.kind == MatchType.EXACT:
        return (0, 0, not rule.host, rule.pk) if asked == own else None
    is_below = f"{asked}/".startswith(f"{own}/")
    return (1, length, not rule.host, rule.pk) if is_below else None


@hypothesis.settings(max_examples=40)
@given(RULES, st.lists(PATHS, min_size=1, max_size=6), st.sampled_from(["", "a.example"]))
def test_the_rules_cover_what_asking_each_of_them_says(
    rules: list[tuple[tuple[str, str], str, bool]], paths: list[str], host: str
) -> None:
    rows = {}
    for (kind, pattern), at, ignore_case in rules:
        row = PermanenceRule(kind=kind, pattern=pattern, host=at, ignore_case=ignore_case)
        row.normalise()
        rows[row.kind, row.pattern, row.host] = row
    with transaction.atomic():
        PermanenceRule.objects.all().delete()
        PermanenceRule.objects.bulk_create(rows.values())
        written = questions.read(questions.rules("default"))
        loader = Snapshots()._loader(module.Source("default", ""))
        without_digests = DatabaseRules(loader._ask_under, loader._ask_below)
        digests = sorted(questions.rules("default").values_list("digest", flat=True))
        with_digests = without_digests.with_digests(
            database_rules.Digests(module.array("q", digests[:2]), frozenset(digests[2:]))
        )
        for path in (*paths, *NUMBERED, *(naively(unquote(row.pattern)) for row in written)):
            ranked = [(rank(row, path, host), row) for row in written]
            expected = [
                row
                for place, row in sorted(
                    (each for each in ranked if each[0] is not None), key=lambda each: each[0]
                )
            ]
            for kept in (Index(written), without_digests, with_digests):
                assert list(kept.covering(path, host)) == expected, (path, kept)
        transaction.set_rollback(True)
