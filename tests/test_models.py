"""Rows: what the database itself refuses, how they are written, and that no edit goes unnoticed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction
from django.db.migrations.loader import MigrationLoader

from django_http_errors import validators
from django_http_errors.models import (
    STATUSES,
    BaseRule,
    ErrorMessage,
    Generation,
    MatchType,
    MissingPage,
    PermanenceRule,
    PermanenceRuleQuerySet,
    edited,
)
from django_http_errors.models import Edit as EditRow

from .edits import edits_made

pytestmark = pytest.mark.django_db

APP = "django_http_errors"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROWS: list[type[BaseRule]] = [ErrorMessage, PermanenceRule]


# What the database refuses, however it is written.


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "regex"},
        {"kind": ""},
        {"permanence": "unknown"},
        {"permanence": ""},
        {"pattern": "old-shop/"},
        {"pattern": ""},
        {"pattern": "%/"},
        {"valid_from": NOON, "valid_until": NOON},
        {"valid_from": NOON, "valid_until": NOON - HOUR},
        {"host": None},
        {"reason": None},
    ],
    ids=str,
)
def test_no_invalid_rule_gets_into_the_database(fields: dict[str, Any]) -> None:
    row = PermanenceRule(**{"pattern": "/a", **fields})
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(PermanenceRule).bulk_create([row])


@pytest.mark.parametrize(
    "fields",
    [
        *({"status": status} for status in ("200", "399", "600", "3xx", "40", "-", "x")),
        {"path_prefix": "shop/"},
        {"permanence": "gone"},
        {"title": None},
    ],
    ids=str,
)
def test_no_invalid_message_gets_into_the_database(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(ErrorMessage).bulk_create([ErrorMessage(**fields)])


def test_the_constraints_hold_against_raw_sql() -> None:
    row = PermanenceRule.objects.create(pattern="/a")
    table = PermanenceRule._meta.db_table
    for column, value in (("pattern", "a"), ("kind", "regex"), ("permanence", "gone")):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, row.pk])  # noqa: S608
    row.refresh_from_db()
    assert (row.pattern, row.kind, row.permanence) == ("/a", "exact", "permanent")


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_of_an_error_and_every_class_can_have_a_message(status: str) -> None:
    ErrorMessage(status=status, title="x").full_clean()
    ErrorMessage.objects.create(status=status)


RULE = {"pattern": "/a", "host": "example.com", "kind": "exact"}
MESSAGE = {"status": "404", "language": "de", "host": "example.com", "path_prefix": "/a"}


@pytest.mark.parametrize(
    ("model", "fields", "others"),
    [
        (PermanenceRule, RULE, {"pattern": "/b", "host": "", "kind": "prefix"}),
        (
            ErrorMessage,
            MESSAGE,
            {"status": "4xx", "language": "", "host": "", "path_prefix": "/b"},
        ),
    ],
)
def test_there_is_one_row_for_each_place(
    model: type[BaseRule], fields: dict[str, str], others: dict[str, str]
) -> None:
    model.objects.create(**fields)
    for name, value in others.items():
        model.objects.create(**{**fields, name: value})
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(**fields)
    with pytest.raises(ValidationError, match="already"):
        model(**fields).full_clean()


@pytest.mark.parametrize(
    ("one", "other"), [("/Shop", "/shop"), ("/caf\u00e9", "/cafe"), ("/a%20", "/a"), ("/ß", "/ss")]
)
def test_addresses_differ_by_every_character(one: str, other: str) -> None:
    """As they do on the wire; MySQL and MariaDB would compare text less exactly."""
    for model, field in ((PermanenceRule, "pattern"), (ErrorMessage, "path_prefix")):
        first = model.objects.create(**{field: one})
        second = model.objects.create(**{field: other})
        assert model.objects.get(**{field: one}) == first
        assert model.objects.get(**{field: other}) == second


def test_the_longest_values_fit() -> None:
    """A unique index has its limits too: on MariaDB 3072 bytes, 4 for each character."""
    row = PermanenceRule.objects.create(
        pattern="/" + "\U0001f6d2" * 499, host="h" * 253, reason="\U0001f6d2" * 4000
    )
    row.refresh_from_db()
    assert len(row.pattern) == 500
    assert len(row.reason) == 4000
    message = ErrorMessage.objects.create(
        path_prefix="/" + "\U0001f6d2" * 399, host="h" * 253, language="x" * 35, status="404"
    )
    message.refresh_from_db()
    assert len(message.path_prefix) == 400


@pytest.mark.parametrize("part", ["(a*", "(?P<a>", "[a", "*", "<a", "\\d"])
def test_what_is_much_too_long_is_refused_at_once(part: str) -> None:
    """Whatever expressions it would be compared with, one longer than the other."""
    for pattern in ("/" + part * 100_000, "/" + part * (500 // len(part) - 1)):
        began = time.process_time()
        with suppress(ValidationError):
            PermanenceRule(pattern=pattern, kind="route").full_clean()
        validators.meaning(pattern)
        assert time.process_time() - began < 1


def test_times_are_kept_to_the_microsecond() -> None:
    at = NOON.replace(microsecond=123456)
    row = PermanenceRule.objects.create(pattern="/a", valid_from=at, valid_until=at + HOUR)
    row.refresh_from_db()
    assert row.valid_from == at
    assert row.valid_until - row.valid_from == HOUR


# How rows are written.

WORDS = {"title": "Oh"}


@pytest.mark.parametrize(
    ("model", "written", "kept"),
    [
        (PermanenceRule, {"pattern": "/caf%C3%A9/"}, {"pattern": "/caf\u00e9/"}),
        (PermanenceRule, {"pattern": "/cafe\u0301/"}, {"pattern": "/caf\u00e9/"}),
        (PermanenceRule, {"pattern": "/a%2541"}, {"pattern": "/a%2541"}),
        (PermanenceRule, {"pattern": "/a", "host": " EXAMPLE.com "}, {"host": "example.com"}),
        (
            PermanenceRule,
            {"kind": "route", "pattern": "/cafe\u0301/<int:year>/"},
            {"pattern": "/caf\u00e9/<int:year>/"},
        ),
        (
            PermanenceRule,
            {"kind": "route", "pattern": "/caf%C3%A9/<int:year>/"},
            {"pattern": "/caf\u00e9/<int:year>/"},
        ),
        (ErrorMessage, WORDS | {"path_prefix": "/caf%C3%A9/"}, {"path_prefix": "/caf\u00e9/"}),
        (ErrorMessage, WORDS | {"language": "pt_BR"}, {"language": "pt-br"}),
        (ErrorMessage, WORDS | {"language": " DE "}, {"language": "de"}),
        (ErrorMessage, WORDS | {"host": "Example.COM"}, {"host": "example.com"}),
    ],
)
def test_a_row_is_written_in_one_way(
    model: type[BaseRule], written: dict[str, str], kept: dict[str, str]
) -> None:
    def create() -> BaseRule:
        return model.objects.create(**written)

    def save() -> BaseRule:
        row = model(**written)
        row.save()
        return row

    def bulk_create() -> BaseRule:
        return model.objects.bulk_create([model(**written)])[0]

    def bulk_update() -> BaseRule:
        row = model.objects.create(**({"pattern": "/b"} if "pattern" in written else {}))
        for name, value in written.items():
            setattr(row, name, value)
        model.objects.bulk_update([row], list(written))
        return row

    for way in (create, save, bulk_create, bulk_update):
        way()
        row = model.objects.get()
        assert {name: getattr(row, name) for name in kept} == kept, way.__name__
        row.save()
        row.refresh_from_db()
        assert {name: getattr(row, name) for name in kept} == kept, "saved again"
        row.full_clean()
        model.objects.all().delete()


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"pattern": "old-shop/"}, "pattern"),
        ({"pattern": "/a?b=c"}, "pattern"),
        ({"pattern": "/a#b"}, "pattern"),
        ({"pattern": "/a\x00"}, "pattern"),
        ({"pattern": "/" + "a" * 5000}, "pattern"),
        # It is three times as long in NFC, and the database has no room for it.
        ({"pattern": "/" + "\U0001d160" * 400}, "pattern"),
        ({"pattern": "/<int:>/", "kind": "route"}, "pattern"),
        ({"pattern": "/<unknown:a>/", "kind": "route"}, "pattern"),
        ({"kind": "regex"}, "kind"),
        ({"host": "https://example.com"}, "host"),
        ({"permanence": "unknown"}, "permanence"),
        ({"reason": "{user}"}, "reason"),
        ({"reason": "a\x1bb"}, "reason"),
        ({"reason": "a" * 4001}, "reason"),
        ({"note": "\x00"}, "note"),
        ({"note": "a" * 4001}, "note"),
        ({"replacement": "javascript:alert(1)"}, "replacement"),
        ({"replacement": "new/"}, "replacement"),
        ({"expected_at": NOON}, "expected_at"),
        ({"valid_from": NOON, "valid_until": NOON}, "valid_until"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_an_invalid_rule_is_refused_at_its_field(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PermanenceRule(**{"pattern": "/a", **fields}).full_clean()
    assert list(caught.value.message_dict) == [at]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"status": "200"}, "status"),
        ({"language": "german!"}, "language"),
        ({"host": "example.com:80"}, "host"),
        ({"path_prefix": "shop"}, "path_prefix"),
        ({"path_prefix": "/" + "a" * 400}, "path_prefix"),
        ({"title": "{user}"}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "a\x07"}, "title"),
        ({"detail": "{path.__class__}"}, "detail"),
        ({"detail": "a" * 4001}, "detail"),
        ({"permanence": "gone"}, "permanence"),
        ({"action_label": "Contact"}, "action_url"),
        ({"action_url": "/contact/"}, "action_label"),
        ({"action_label": "Contact", "action_url": "javascript:x"}, "action_url"),
        ({"action_label": "Con\ntact", "action_url": "/contact/"}, "action_label"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_an_invalid_message_is_refused_at_its_field(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ErrorMessage(**fields).full_clean()
    assert list(caught.value.message_dict) == [at]


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "T"},
        {"detail": "D"},
        {"permanence": "unknown"},
        {"action_label": "L", "action_url": "/l/"},
    ],
)
def test_a_message_says_something(fields: dict[str, str]) -> None:
    ErrorMessage(status="404", **fields).full_clean()
    with pytest.raises(ValidationError) as caught:
        ErrorMessage(status="404").full_clean()
    assert list(caught.value.message_dict) == [NON_FIELD_ERRORS]
    # A form without these fields knows nothing of them.
    ErrorMessage(status="404").full_clean(exclude=fields)


def test_rows_are_inserted_or_updated_by_their_place() -> None:
    """Which is what an import does: whatever the database finds them by."""
    kept = PermanenceRule.objects.create(pattern="/a/", note="Kept.", hits=7)
    other = PermanenceRule.objects.create(pattern="/a/", host="b.example", reason="Other.")
    rows = [
        PermanenceRule(pattern="/a/", reason="New."),
        PermanenceRule(pattern="/a/", kind="prefix", reason="Another kind."),
        PermanenceRule(pattern="/b/", reason="Another place."),
    ]
    PermanenceRule.objects.upsert(rows, ("kind", "pattern", "host"), ("reason", "group"))
    found = PermanenceRule.objects.order_by("pattern", "host", "kind")
    assert [(each.pattern, each.host, each.kind, each.reason) for each in found] == [
        ("/a/", "", "exact", "New."),
        ("/a/", "", "prefix", "Another kind."),
        ("/a/", "b.example", "exact", "Other."),
        ("/b/", "", "exact", "Another place."),
    ]
    kept.refresh_from_db()
    assert (kept.note, kept.hits) == ("Kept.", 7)
    other.refresh_from_db()
    ErrorMessage.objects.create(status="404", title="Old", detail="Kept.")
    messages = [ErrorMessage(status="404", title="New"), ErrorMessage(status="410", title="Gone")]
    ErrorMessage.objects.upsert(messages, ("status", "language", "host", "path_prefix"), ("title",))
    found = ErrorMessage.objects.order_by("status")
    assert [(each.status, each.title, each.detail) for each in found] == [
        ("404", "New", "Kept."),
        ("410", "Gone", ""),
    ]


def test_a_pattern_alone_is_enough() -> None:
    row = PermanenceRule(pattern="/a")
    row.full_clean()
    row.save()
    assert (row.kind, row.permanence, row.source) == ("exact", "permanent", "admin")
    assert (row.host, row.enabled) == ("", True)
    assert row.created_at
    assert row.updated_at


def test_an_edit_is_dated() -> None:
    row = PermanenceRule.objects.create(pattern="/a", created_at=NOON, updated_at=NOON)
    row.save(update_fields=["note"])
    row.refresh_from_db()
    assert row.created_at == NOON
    assert row.updated_at > NOON


def test_rows_say_what_they_are() -> None:
    assert str(PermanenceRule(pattern="/a", host="example.com")) == "example.com/a"
    assert str(ErrorMessage()) == "any error · everywhere · any language"
    assert str(ErrorMessage(**MESSAGE)) == "404 · example.com/a · de"
    assert str(Generation(number=3)) == "3"


# The questions that are asked.


def test_rules_are_live_pending_or_expired() -> None:
    now = NOON
    rows = {
        "always": {},
        "since": {"valid_from": now},
        "until": {"valid_until": now + HOUR},
        "between": {"valid_from": now - HOUR, "valid_until": now + HOUR},
        "pending": {"valid_from": now + HOUR},
        "expired": {"valid_until": now},
        "off": {"enabled": False},
        "off-pending": {"valid_from": now + HOUR, "enabled": False},
        "off-expired": {"valid_until": now, "enabled": False},
    }
    for name, fields in rows.items():
        PermanenceRule.objects.create(pattern=f"/{name}", **fields)

    def names(found: models.QuerySet[Any]) -> set[str]:
        return {row.pattern[1:] for row in found}

    objects: PermanenceRuleQuerySet = PermanenceRule.objects.all()  # type: ignore[assignment]
    assert names(objects.live(now)) == {"always", "since", "until", "between"}
    assert names(objects.pending(now)) == {"pending"}
    assert names(objects.expired(now)) == {"expired"}
    assert names(objects.enabled()) == {name for name in rows if not name.startswith("off")}
    assert "always" in names(objects.live())
    assert "since" in names(PermanenceRule.objects.live(now).filter(valid_from__isnull=False))


# No edit goes unnoticed.


def awaited(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    async def call() -> Any:
        return await method(*args, **kwargs)

    return async_to_sync(call)()


def load_fixture(model: type[BaseRule], row: BaseRule) -> None:
    fields = {"pattern": "/loaded"} if model is PermanenceRule else {"title": "loaded"}
    fixture = Path(load_fixture.directory) / "rows.json"  # type: ignore[attr-defined]
    label = f"{APP}.{model.__name__}"
    fixture.write_text(json.dumps([{"model": label, "pk": row.pk, "fields": fields}]))
    call_command("loaddata", str(fixture), verbosity=0)


def new(model: type[BaseRule]) -> BaseRule:
    return model(host="new.example", **({"pattern": "/n"} if model is PermanenceRule else {}))


Edit = Callable[[type[BaseRule], Any], object]

EDITS: dict[str, Edit] = {
    "save": lambda model, row: row.save(),
    "save a field": lambda model, row: row.save(update_fields=["enabled"]),
    "save new": lambda model, row: new(model).save(),
    "save using": lambda model, row: row.save(using="default"),
    "force insert": lambda model, row: new(model).save(force_insert=True),
    "delete": lambda model, row: row.delete(),
    "delete using": lambda model, row: row.delete(using="default"),
    "create": lambda model, row: model.objects.create(host="other.example", **place(model)),
    "get_or_create": lambda model, row: model.objects.get_or_create(
        host="other.example", **place(model)
    ),
    "update_or_create": lambda model, row: model.objects.update_or_create(
        pk=row.pk, defaults={"enabled": False}
    ),
    "update": lambda model, row: model.objects.update(enabled=False),
    "filtered update": lambda model, row: model.objects.filter(pk=row.pk).update(enabled=False),
    "bulk_create": lambda model, row: model.objects.bulk_create([new(model)]),
    "bulk_create ignoring conflicts": lambda model, row: model.objects.bulk_create(
        [new(model)], ignore_conflicts=True
    ),
    "bulk_create of a generator": lambda model, row: model.objects.bulk_create(
        each for each in [new(model)]
    ),
    "bulk_update": lambda model, row: model.objects.bulk_update([row], ["enabled"]),
    "delete many": lambda model, row: model.objects.all().delete(),
    "delete filtered": lambda model, row: model.objects.filter(enabled=True).delete(),
    "asave": lambda model, row: awaited(row.asave),
    "adelete": lambda model, row: awaited(row.adelete),
    "acreate": lambda model, row: awaited(
        model.objects.acreate, host="other.example", **place(model)
    ),
    "aget_or_create": lambda model, row: awaited(
        model.objects.aget_or_create, host="other.example", **place(model)
    ),
    "aupdate_or_create": lambda model, row: awaited(
        model.objects.aupdate_or_create, pk=row.pk, defaults={"enabled": False}
    ),
    "aupdate": lambda model, row: awaited(model.objects.aupdate, enabled=False),
    "abulk_create": lambda model, row: awaited(model.objects.abulk_create, [new(model)]),
    "abulk_update": lambda model, row: awaited(model.objects.abulk_update, [row], ["enabled"]),
    "delete many, async": lambda model, row: awaited(model.objects.all().adelete),
    "loaddata": load_fixture,
}


def place(model: type[BaseRule]) -> dict[str, str]:
    return {"pattern": "/n"} if model is PermanenceRule else {}


@pytest.mark.parametrize("model", ROWS)
def test_a_host_is_compared_as_it_is_stored_however_it_came(
    model: type[BaseRule], tmp_path: Path
) -> None:
    """Else a hiding rule would hide nothing, without a word."""
    fields = {**place(model), "host": " Shop.Example "}
    if model is not ErrorMessage:
        fields["pattern"] = "/x/"
    fixture = tmp_path / "rows.json"
    fixture.write_text(json.dumps([{"model": f"{APP}.{model.__name__}", "fields": fields}]))
    call_command("loaddata", str(fixture), verbosity=0)
    (row,) = model.objects.all()
    assert row.host == "shop.example"
    model.objects.update(host="Other.Example")
    row.refresh_from_db()
    assert row.host == "other.example"


@pytest.mark.parametrize("model", ROWS)
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_every_edit_is_recorded_in_its_own_transaction(
    model: type[BaseRule], edit: Edit, tmp_path: Path
) -> None:
    load_fixture.directory = tmp_path  # type: ignore[attr-defined]
    row = model.objects.create(**place(model))
    before = edits_made()
    heard = []

    def tell(**kwargs: object) -> None:
        heard.append(edits_made())

    edited.connect(tell)
    try:
        edit(model, row)
    finally:
        edited.disconnect(tell)
    assert edits_made() > before
    assert heard, "the process that made the edit hears of it at once"

    model.objects.all().delete()
    row = model.objects.create(**place(model))
    before = edits_made()
    with transaction.atomic():
        edit(model, row)
        assert edits_made() > before
        transaction.set_rollback(True)
    assert edits_made() == before, "rolled back"
    assert model.objects.get().host == ""


def test_an_edit_that_fails_changes_nothing() -> None:
    PermanenceRule.objects.create(pattern="/a")
    before = edits_made()
    with pytest.raises(IntegrityError), transaction.atomic():
        PermanenceRule.objects.create(pattern="/a")
    assert edits_made() == before


def test_a_read_is_no_edit() -> None:
    row = PermanenceRule.objects.create(pattern="/a")
    before = edits_made()
    list(PermanenceRule.objects.live())
    PermanenceRule.objects.get_or_create(pattern="/a", host="", kind=MatchType.EXACT)
    row.refresh_from_db()
    PermanenceRule.objects.filter(pattern="/a").exists()
    assert edits_made() == before


def numbers() -> list[int | None]:
    return list(EditRow._base_manager.order_by("pk").values_list("number", flat=True))


@pytest.mark.django_db(transaction=True)
def test_edits_are_numbered_when_they_are_committed() -> None:
    PermanenceRule.objects.create(pattern="/a")
    assert numbers() == [1]
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/b")
        PermanenceRule.objects.create(pattern="/c")
        assert numbers() == [1, None, None]
    assert numbers() == [1, 2, 2], "they can be read from the same moment on"
    with transaction.atomic():
        PermanenceRule.objects.create(pattern="/d")
        transaction.set_rollback(True)
    assert numbers() == [1, 2, 2]
    assert Generation._base_manager.get().number == 2


@pytest.mark.django_db(transaction=True)
def test_an_edit_whose_process_died_gets_its_number_with_the_next() -> None:
    with mock.patch.object(EditRow, "number_pending"):
        PermanenceRule.objects.create(pattern="/a")
    assert numbers() == [None]
    PermanenceRule.objects.create(pattern="/b")
    assert numbers() == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_the_last_edits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EditRow, "KEPT", 10)
    for number in range(85, 96):
        EditRow._base_manager.create(number=number, digests=[])
    Generation._base_manager.create(pk=Generation.ROW, number=95)
    PermanenceRule.objects.create(pattern="/a")
    assert numbers() == [85, *range(87, 97)]
    PermanenceRule.objects.create(pattern="/b")
    assert numbers() == [85, *range(88, 98)], "as many as are kept; the first is none of their turn"


def digests(*patterns: str) -> list[int]:
    rows = [PermanenceRule(pattern=pattern) for pattern in patterns]
    for row in rows:
        row.normalise()
    return [row.digest for row in rows]


def test_an_edit_notes_the_digests_of_the_rules_that_it_writes() -> None:
    rules = PermanenceRule.objects

    def noted(edit: Callable[[], object]) -> Any:
        edit()
        return EditRow._base_manager.latest("pk").digests

    assert noted(lambda: rules.create(pattern="/A/")) == digests("/a")
    (rule,) = rules.all()
    rule.pattern = "/b/<str:n>/"
    rule.kind = MatchType.ROUTE
    assert noted(lambda: rule.save(update_fields=["pattern", "kind"])) == digests("/b")
    rule.refresh_from_db()
    assert [rule.digest] == digests("/b"), "written with what it is made of"
    assert noted(lambda: rules.update(reason="x")) == []
    assert noted(lambda: rules.update(enabled=False)) == digests("/b")
    assert noted(lambda: rules.update(pattern="/c/<str:n>/")) == digests("/c")
    rule.refresh_from_db()
    assert [rule.digest] == digests("/c")
    rule.pattern = "/d/<str:n>/"
    assert noted(lambda: rules.bulk_update([rule], ["pattern"])) == digests("/d")
    rule.refresh_from_db()
    assert [rule.digest] == digests("/d")
    many = [PermanenceRule(pattern=f"/many/{n}") for n in range(EditRow.MOST_DIGESTS)]
    assert noted(lambda: rules.bulk_create(many)) == digests(*(each.pattern for each in many))
    assert noted(lambda: rules.update(enabled=True)) is None, "too many to be noted"
    assert noted(lambda: rules.all().delete()) == []
    assert noted(lambda: ErrorMessage.objects.create(title="x")) == []


@pytest.mark.django_db(transaction=True)
def test_everybody_hears_when_an_edit_is_committed() -> None:
    heard: list[bool] = []

    def tell(**kwargs: object) -> None:
        heard.append(connection.in_atomic_block)

    edited.connect(tell)
    try:
        with transaction.atomic():
            PermanenceRule.objects.create(pattern="/a")
            assert heard == [True]
        assert heard == [True, False]
        with transaction.atomic():
            PermanenceRule.objects.create(pattern="/b")
            transaction.set_rollback(True)
        assert heard == [True, False, True]
    finally:
        edited.disconnect(tell)


@pytest.fixture
def replica(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database to read from that has nothing: what is written there is lost."""
    memory = {
        **connection.settings_dict,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
    }
    monkeypatch.setitem(connections.databases, "replica", memory)
    settings.DATABASE_ROUTERS = ["tests.routers.Replica"]
    yield
    connections["replica"].close()
    del connections["replica"]


@pytest.mark.usefixtures("replica")
def test_edits_go_to_the_database_that_is_written_to() -> None:
    before = edits_made()
    PermanenceRule(pattern="/a").save()
    PermanenceRule.objects.create(pattern="/b")
    PermanenceRule.objects.bulk_create([PermanenceRule(pattern="/c")])
    PermanenceRule.objects.update(enabled=False)
    PermanenceRule.objects.using("default").get(pattern="/a").delete()
    PermanenceRule.objects.filter(pattern="/b").delete()
    PermanenceRule.objects.get_or_create(pattern="/e")
    assert edits_made() == before + 7
    left = PermanenceRule.objects.using("default").order_by("pattern")
    assert [row.pattern for row in left] == ["/c", "/e"]


# Migrations.


def test_the_migrations_are_complete() -> None:
    out = StringIO()
    call_command("makemigrations", APP, "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()


def test_there_is_one_migration_and_it_needs_no_other_app() -> None:
    graph = MigrationLoader(None).graph
    (node,) = (node for node in graph.nodes if node[0] == APP)
    assert node[1] == "0001_initial"
    assert not graph.node_map[node].parents


@pytest.mark.django_db(transaction=True)
def test_the_migrations_go_backwards_and_forwards() -> None:
    names = {model._meta.db_table for model in (*ROWS, Generation, EditRow)}
    PermanenceRule.objects.create(pattern="/a")
    try:
        call_command("migrate", APP, "zero", verbosity=0)
        assert not names & set(connection.introspection.table_names())
    finally:
        call_command("migrate", APP, verbosity=0)
    assert names <= set(connection.introspection.table_names())
    assert MissingPage.objects.filter(path="*/.git/*", ignored=True).exists()
    PermanenceRule.objects.create(pattern="/A")
    PermanenceRule.objects.create(pattern="/a")
