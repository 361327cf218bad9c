"""Rules from code: what a deletion leaves behind, and what takes it away again."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.apps import AppConfig, apps
from django.conf.urls.i18n import i18n_patterns
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.db import OperationalError, connection, connections, models, transaction
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.db.utils import ConnectionHandler
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, clear_script_prefix, path, reverse, set_script_prefix
from django.utils.translation import get_language

from django_http_errors import tombstones as tombstones_module
from django_http_errors.models import Announcement, PermanenceRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.tombstones import create_tombstone, leave_tombstone, remove_tombstone
from testproject.models import Document
from testproject.views import index

from .asking import JSON, Site

pytestmark = pytest.mark.django_db


class Note(Document):
    """A document of a special kind, with a table of its own."""

    class Meta:
        app_label = "tests"

    def get_absolute_url(self) -> str:
        return f"/notes/{self.pk}/"


class Draft(Document):
    """The same table by another name."""

    class Meta:
        app_label = "tests"
        proxy = True


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no tombstones but those of the test (the demo has some), and none afterwards."""
    for signal in (pre_delete, post_delete, post_save, class_prepared):
        others = [
            each
            for each in signal.receivers
            if not str(each[0][0]).startswith("django_http_errors.tombstones")
        ]
        monkeypatch.setattr(signal, "receivers", others)
        monkeypatch.setattr(signal, "sender_receivers_cache", {})
        monkeypatch.setattr(signal, "use_caching", False)


def document(**fields: Any) -> Document:
    return Document.objects.create(**{"title": "Plans", "public": True, **fields})


def tombstones() -> dict[str, str]:
    return dict(PermanenceRule.objects.order_by("pattern").values_list("pattern", "source"))


def tombstones_of(*found: models.Model | int) -> dict[str, str]:
    pks = (each if isinstance(each, int) else each.pk for each in found)
    return {f"/documents/{pk}/": "code" for pk in pks}


# What leaves a tombstone.


def test_an_object_that_is_deleted_leaves_a_rule() -> None:
    leave_tombstone(Document)
    pk = document().pk
    Document.objects.get(pk=pk).delete()
    rule = PermanenceRule.objects.get()
    assert rule.pattern == f"/documents/{pk}/"
    assert (rule.kind, rule.permanence, rule.source) == ("exact", "permanent", "code")
    assert (rule.host, rule.enabled) == ("", True)
    assert rule.note == "Plans was deleted."
    rule.full_clean()


def test_its_address_is_gone_on_the_wire(site: Site) -> None:
    leave_tombstone(Document)
    found = document()
    path = found.get_absolute_url()
    assert site.ask(path, JSON).status_code == 200
    found.delete()
    assert site.ask(path, JSON).status_code == 410
    assert site.ask("/documents/999/", JSON).status_code == 404


def test_without_it_nothing_is_left() -> None:
    document().delete()
    assert tombstones() == {}


def test_many_at_once() -> None:
    leave_tombstone(Document)
    pks = [document().pk for _ in range(5)]
    kept = document()
    Document.objects.exclude(pk=kept.pk).delete()
    assert tombstones() == tombstones_of(*pks)


def test_those_that_are_deleted_along_with_another() -> None:
    leave_tombstone(LogEntry, url=lambda entry: f"/log/{entry.object_id}/")
    user = User.objects.create(username="reader")
    for n in range(3):
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(User),
            object_id=str(n),
            action_flag=1,
        )
    user.delete()
    assert tombstones() == {f"/log/{n}/": "code" for n in range(3)}


def test_only_what_the_public_could_have_seen() -> None:
    leave_tombstone(Document, when=lambda document: document.public)
    public, private = document(), document(public=False)
    pk = public.pk
    private.delete()
    public.delete()
    assert tombstones() == tombstones_of(pk)


def test_at_the_url_that_it_is_given() -> None:
    leave_tombstone(Document, url=lambda document: f"/d/{document.title}/")
    document(title="caf%C3%A9 1%").delete()
    assert tombstones() == {"/d/caf\u00e9 1%25/": "code"}


def test_as_a_decorator() -> None:
    assert leave_tombstone(when=lambda document: document.public)(Document) is Document
    document(public=False).delete()
    assert tombstones() == {}
    public = document()
    pk = public.pk
    public.delete()
    assert tombstones() == tombstones_of(pk)


def test_a_model_without_addresses_is_refused_at_once() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"auth\.User has no get_absolute_url"):
        leave_tombstone(User)
    assert leave_tombstone(User, url=lambda user: f"/users/{user.pk}/") is User


def test_what_cannot_be_named_leaves_one_without_a_note(
    monkeypatch: pytest.MonkeyPatch, own_records: list[logging.LogRecord]
) -> None:
    def explode(document: Document) -> str:
        raise LookupError

    leave_tombstone(Document)
    found = document()
    pk = found.pk
    monkeypatch.setattr(Document, "__str__", explode)
    found.delete()
    assert tombstones() == tombstones_of(pk)
    assert PermanenceRule.objects.get().note == ""
    assert [each.getMessage() for each in own_records] == [
        "An object that leaves a tombstone can't be named"
    ]


# When: at the end of the transaction, so that nobody waits for it.


def test_in_the_transaction_of_a_test_case_that_is_never_committed() -> None:
    leave_tombstone(Document)
    found = document()
    with transaction.atomic():
        Document.objects.all().delete()
        assert tombstones() == tombstones_of(found)
        transaction.set_rollback(True)
    assert tombstones() == {}
    assert Document.objects.filter(pk=found.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_when_the_deletion_is_committed() -> None:
    leave_tombstone(Document)
    found, other = document(), document()
    pk = found.pk
    with transaction.atomic():
        found.delete()
        create_tombstone("/moved/")
        assert tombstones() == {}
    assert tombstones() == {**tombstones_of(pk), "/moved/": "code"}
    with transaction.atomic():
        remove_tombstone("/moved/")
        Document(pk=pk, title="Again").save()
        other.delete()
        transaction.set_rollback(True)
    assert tombstones() == {**tombstones_of(pk), "/moved/": "code"}


@pytest.mark.django_db(transaction=True)
def test_the_last_word_for_an_address_is_the_one() -> None:
    leave_tombstone(Document)
    gone, back = document(), document()
    pks = gone.pk, back.pk
    with transaction.atomic():
        gone.delete()
        back.delete()
        for pk in pks:
            Document.objects.create(pk=pk, title="Again")
        Document.objects.get(pk=pks[0]).delete()
    assert tombstones() == tombstones_of(pks[0])


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_takes_back_what_was_done_since() -> None:
    leave_tombstone(Document)
    found = [document() for _ in range(6)]
    pks = [each.pk for each in found]
    with transaction.atomic():
        found[0].delete()
        with transaction.atomic():
            found[1].delete()
            with transaction.atomic():
                found[2].delete()
                transaction.set_rollback(True)
            found[3].delete()
        with transaction.atomic():
            found[4].delete()
            transaction.set_rollback(True)
        found[5].delete()
        # Those that nothing can take back any more are written together.
        assert len(connection.run_on_commit) == 2
    assert tombstones() == tombstones_of(*(pks[n] for n in (0, 1, 3, 5)))


@pytest.mark.django_db(transaction=True)
def test_where_transactions_are_managed_by_hand() -> None:
    leave_tombstone(Document)
    found = document()
    pk = found.pk
    transaction.set_autocommit(False)
    try:
        found.delete()
        transaction.rollback()
        assert tombstones() == {}
        Document.objects.get(pk=pk).delete()
        document(pk=pk + 1)
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert tombstones() == tombstones_of(pk)


# Many at once.


@pytest.mark.django_db(transaction=True)
def test_many_take_no_more_queries_than_a_few() -> None:
    leave_tombstone(Document, when=lambda document: document.public)

    def queries(count: int) -> int:
        found = [document() for _ in range(count)] + [document(public=False)]
        # Somebody has written one of the rules already.
        PermanenceRule.objects.create(pattern=found[0].get_absolute_url())
        PermanenceRule.objects.filter(source="code").delete()
        with CaptureQueriesContext(connection) as asked:
            Document.objects.order_by("title").delete()
        gone = tombstones_of(*(each for each in found[1:-1]))
        assert {k: v for k, v in tombstones().items() if v == "code"} == gone
        return len(asked)

    # More than these Django may insert in two statements: SQLite bounds what is in one.
    assert queries(30) == queries(3)
    with transaction.atomic():
        documents = [document() for _ in range(3)]
        before = len(connection.run_on_commit)
        for each in documents:
            each.delete()
        assert len(connection.run_on_commit) <= before + 1


@pytest.mark.django_db(transaction=True)
def test_more_than_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_http_errors.tombstones._MOST_AT_ONCE", 7)
    leave_tombstone(Document)
    pks = [document().pk for _ in range(20)]
    Document.objects.all().delete()
    assert tombstones() == tombstones_of(*pks)
    with transaction.atomic():
        for pk in pks:
            Document.objects.create(pk=pk, title="Again")
    assert tombstones() == {}


def test_what_a_queryset_deletes_along_with_its_own() -> None:
    """Of another model, they are read one by one."""
    leave_tombstone(LogEntry, url=lambda entry: f"/log/{entry.object_id}/")
    leave_tombstone(User, url=lambda user: f"/users/{user.username}/")
    user = User.objects.create(username="reader")
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id="1",
        action_flag=1,
    )
    User.objects.filter(username="reader").delete()
    assert tombstones() == {"/log/1/": "code", "/users/reader/": "code"}


def test_a_queryset_can_delete_twice() -> None:
    leave_tombstone(Document, url=lambda document: f"/{document.title}/")
    document(title="first")
    rows = Document.objects.filter(public=True)
    rows.delete()
    document(title="second")
    rows.all().delete()
    found = document(title="third")
    Document.objects.filter(pk=found.pk).update(title="fourth")
    rows.delete()
    assert tombstones() == dict.fromkeys(["/first/", "/fourth/", "/second/"], "code")


def test_what_can_be_deleted_but_not_read_at_once(
    monkeypatch: pytest.MonkeyPatch, own_records: list[logging.LogRecord]
) -> None:
    leave_tombstone(Document)
    pks = [document().pk for _ in range(3)]

    def fail(*args: Any, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM there_is_no_such_table")

    monkeypatch.setattr(models.QuerySet, "iterator", fail)
    Document.objects.all().delete()
    assert tombstones() == tombstones_of(*pks)
    assert [each.getMessage() for each in own_records] == [
        "Objects that are deleted can't be read at once"
    ]


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("/a/", "/a/"),
        ("https://example.com/a/", "/a/"),
        ("https://b\u00fccher.example/a/", "/a/"),
        ("/a%20b/", "/a b/"),
        ("/a%2541/", "/a%2541/"),
        ("/a%3Fb/", "/a%3Fb/"),
        ("", None),
        ("a/", None),
        ("#a", None),
        ("/" + "a" * 500, None),
        # The page is another's, and stays when this goes: a comment, a row of a list.
        ("/post/1/#comment-2", None),
        ("/list/?id=2", None),
        (None, None),
    ],
)
def test_an_address_that_a_rule_can_be_for(url: Any, pattern: str | None) -> None:
    leave_tombstone(Document, url=lambda document: url)
    document().delete()
    assert list(tombstones()) == ([] if pattern is None else [pattern])


def test_an_address_of_a_site_that_is_mounted_somewhere(site: Site) -> None:
    """`reverse` puts the script prefix before it; rules do without."""
    leave_tombstone(Document)
    pk = document().pk
    set_script_prefix("/site/")
    try:
        found = Document.objects.get(pk=pk)
        assert found.get_absolute_url() == f"/site/documents/{pk}/"
        found.delete()
    finally:
        clear_script_prefix()
    assert tombstones() == tombstones_of(pk)


# What takes it away.


@pytest.mark.parametrize(
    "make",
    [
        lambda pk: Document.objects.create(pk=pk, title="New"),
        lambda pk: Document(pk=pk, title="New").save(),
        lambda pk: Document.objects.update_or_create(pk=pk, defaults={"title": "New"}),
    ],
)
def test_what_is_made_anew_has_no_tombstone(make: Callable[[int], object]) -> None:
    leave_tombstone(Document)
    first, second = document(), document()
    pks = first.pk, second.pk
    Document.objects.all().delete()
    assert tombstones() == tombstones_of(*pks)
    make(pks[0])
    assert tombstones() == tombstones_of(pks[1])


def test_saving_what_has_none_writes_nothing(django_assert_num_queries: Any) -> None:
    leave_tombstone(Document)
    found = document()
    with django_assert_num_queries(2 + 2):  # a savepoint, and the end of it
        found.save()


def test_a_fixture_takes_none_away() -> None:
    """Loading one must not depend on what else there is."""
    leave_tombstone(Document)
    found = document()
    pk = found.pk
    found.delete()
    Document(pk=pk, title="Raw").save_base(raw=True)
    assert tombstones() == tombstones_of(pk)


# What editors wrote is theirs.


@pytest.mark.parametrize(
    "fields", [{"reason": "Own words"}, {"enabled": False}, {"permanence": "temporary"}]
)
@pytest.mark.parametrize("source", ["admin", "import"])
def test_a_rule_of_an_editors_is_neither_changed_nor_taken_away(
    fields: dict[str, Any], source: str
) -> None:
    leave_tombstone(Document)
    found = document()
    pk = found.pk
    PermanenceRule.objects.create(pattern=found.get_absolute_url(), source=source, **fields)
    before = PermanenceRule.objects.values().get()
    found.delete()
    assert PermanenceRule.objects.values().get() == before
    document(pk=pk)
    assert PermanenceRule.objects.values().get() == before


def test_another_kind_of_rule_is_another_rule() -> None:
    leave_tombstone(Document)
    found = document()
    pk, path = found.pk, found.get_absolute_url()
    PermanenceRule.objects.create(pattern=path, kind="prefix")
    PermanenceRule.objects.create(pattern=path, host="example.com")
    found.delete()
    assert PermanenceRule.objects.filter(source="code").count() == 1
    document(pk=pk)
    assert set(PermanenceRule.objects.values_list("source", flat=True)) == {"admin"}


# Deleting and saving go on whatever becomes of the tombstone.


@pytest.mark.parametrize("broken", ["url", "when"])
def test_what_raises_keeps_nothing_from_being_deleted(
    broken: str, own_records: list[logging.LogRecord]
) -> None:
    def explode(document: Document) -> str:
        raise NoReverseMatch

    leave_tombstone(Document, **{broken: explode})
    document().delete()
    assert not Document.objects.exists()
    assert tombstones() == {}
    assert own_records
    assert "tombstone" in own_records[-1].getMessage()


# Models that are made of others.


@pytest.fixture
def notes(django_db_blocker: Any, _django_db_helper: Any) -> Iterator[None]:
    if connection.in_atomic_block and connection.vendor == "sqlite":
        pytest.fail("SQLite makes no table in a transaction")
    with connection.schema_editor() as editor:
        editor.create_model(Note)
    # Of what is in no app, a model doesn't know that it inherits from it.
    config = AppConfig("tests", sys.modules["tests"])
    config.apps = apps
    config.import_models()
    with mock.patch.dict(apps.app_configs, {"tests": config}):
        apps.clear_cache()
        yield
    apps.clear_cache()
    with connection.schema_editor() as editor:
        editor.delete_model(Note)


@pytest.mark.django_db(transaction=True)
def test_a_model_that_inherits_from_one(notes: None) -> None:
    """Deleting a note deletes the document that it is, and saving one saves that."""
    leave_tombstone(Document, url=lambda document: f"/documents/{document.pk}/")
    note = Note.objects.create(title="Note", public=True)
    pk = note.pk
    note.delete()
    assert tombstones() == tombstones_of(pk)
    again = Note.objects.create(pk=pk, title="Note")
    assert tombstones() == {}
    other = document()
    Note.objects.filter(pk=again.pk).delete()
    assert tombstones() == tombstones_of(pk)
    assert Document.objects.get() == other


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("from_database", [True, False])
@pytest.mark.parametrize(
    "delete",
    [
        lambda pk: Note.objects.get(pk=pk).delete(),
        lambda pk: Document.objects.get(pk=pk).delete(),
        lambda pk: Draft.objects.get(pk=pk).delete(),
        lambda pk: Note.objects.filter(pk=pk).delete(),
        lambda pk: Document.objects.filter(pk=pk).delete(),
        lambda pk: Draft.objects.filter(pk=pk).delete(),
    ],
)
def test_the_address_of_a_child_is_that_of_the_child(
    delete: Callable[[int], object], notes: None, *, from_database: bool
) -> None:
    """Whatever it is deleted as, and deleting it leaves just what making it anew takes away."""
    leave_tombstone(Document, from_database=from_database)
    pk = Note.objects.create(title="Note", public=True).pk
    delete(pk)
    assert tombstones() == {f"/notes/{pk}/": "code"}
    Note.objects.create(pk=pk, title="Note", public=True)
    assert tombstones() == {}
    delete(pk)
    assert tombstones() == {f"/notes/{pk}/": "code"}


@pytest.mark.django_db(transaction=True)
def test_children_are_deleted_along_with_others(notes: None) -> None:
    asked: list[type] = []

    def url(found: Document) -> str:
        asked.append(type(found))
        return found.get_absolute_url()

    leave_tombstone(Document, url=url)
    pks = [document().pk for _ in range(3)]
    notes_pks = [Note.objects.create(title="Note", public=True).pk for _ in range(3)]
    asked.clear()
    with CaptureQueriesContext(connection) as queries:
        Document.objects.all().delete()
    assert tombstones() == {
        **tombstones_of(*pks),
        **{f"/notes/{pk}/": "code" for pk in notes_pks},
    }
    assert sorted(each.__name__ for each in asked) == ["Document"] * 3 + ["Note"] * 3
    Document.objects.bulk_create(Document(title="Plans", public=True) for _ in range(3))
    for _ in range(10):
        Note.objects.create(title="Note", public=True)
    with CaptureQueriesContext(connection) as more:
        Document.objects.all().delete()
    assert len(more) <= len(queries), "a query for all that a queryset deletes, and no more"


@pytest.mark.django_db(transaction=True)
def test_a_model_that_inherits_may_have_its_own(notes: None) -> None:
    leave_tombstone(Note)
    document().delete()
    note = Note.objects.create(title="Note", public=True)
    pk = note.pk
    note.delete()
    assert tombstones() == {f"/notes/{pk}/": "code"}
    Note.objects.create(pk=pk, title="Note")
    assert tombstones() == {}


def test_a_proxy_is_the_same_thing_by_another_name() -> None:
    """The admin deletes by whatever name it knows."""
    leave_tombstone(Document)
    pk = document().pk
    Draft.objects.get(pk=pk).delete()
    assert tombstones() == tombstones_of(pk)
    Draft.objects.create(pk=pk, title="New")
    assert tombstones() == {}


def test_a_proxy_that_is_made_later_is_too() -> None:
    leave_tombstone(Document)

    class Later(Draft):
        class Meta:
            app_label = "tests"
            proxy = True

    pk = document().pk
    Later.objects.filter(pk=pk).delete()
    assert tombstones() == tombstones_of(pk)


# As the public saw it.


def test_what_another_receiver_unpublishes_first_was_public() -> None:
    def unpublish(sender: type, instance: Document, **kwargs: Any) -> None:
        instance.public = False

    pre_delete.connect(unpublish, sender=Document, weak=False)
    leave_tombstone(Document, when=lambda document: document.public)
    found = document()
    pk = found.pk
    found.delete()
    assert tombstones() == tombstones_of(pk)


def test_the_object_in_memory_is_asked_where_that_is_wanted() -> None:
    seen = []
    leave_tombstone(Document, when=seen.append, from_database=False)
    found = document()
    found.delete()
    assert seen[-1] is found


def test_what_the_public_cannot_see_takes_none_away() -> None:
    leave_tombstone(Document, when=lambda document: document.public)
    found = document()
    pk = found.pk
    found.delete()
    again = document(pk=pk, public=False)
    assert tombstones() == tombstones_of(pk)
    again.public = True
    again.save()
    assert tombstones() == {}


def test_several_registrations_of_a_model() -> None:
    """A page and its feed."""
    leave_tombstone(Document)
    leave_tombstone(Document, url=lambda document: f"/feeds/{document.pk}/")
    pk = document().pk
    Document.objects.all().delete()
    assert tombstones() == {f"/feeds/{pk}/": "code", **tombstones_of(pk)}
    document(pk=pk)
    assert tombstones() == {}


def test_the_host_of_an_absolute_url(site: Site) -> None:
    leave_tombstone(Document, url=lambda document: "https://testserver:443/there/")
    document().delete()
    rule = PermanenceRule.objects.get()
    assert (rule.pattern, rule.host) == ("/there/", "testserver")
    assert site.ask("/there/", JSON).status_code == 410
    document()
    assert tombstones() == {}


@pytest.mark.parametrize(
    ("host", "stored"),
    [
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example:8443", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example.", "xn--bcher-kva.example"),
        ("user@example.com", "example.com"),
        ("user:secret@Example.com:80", "example.com"),
    ],
)
def test_the_host_is_the_one_that_browsers_ask_for(host: str, stored: str) -> None:
    create_tombstone(f"https://{host}/there/")
    rule = PermanenceRule.objects.get()
    assert (rule.pattern, rule.host) == ("/there/", stored)
    rule.full_clean()
    remove_tombstone(f"https://{stored}/there/")
    assert tombstones() == {}
    create_tombstone(f"https://{stored}/there/")
    remove_tombstone(f"https://{host}/there/")
    assert tombstones() == {}


def test_a_url_in_every_language(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.integration.urls_i18n"
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    leave_tombstone(Document, url=lambda document: f"/{get_language()}/documents/")
    document().delete()
    assert tombstones() == {"/de/documents/": "code", "/en/documents/": "code"}
    document()
    assert tombstones() == {}


class Unprefixed:
    urlpatterns = i18n_patterns(path("pages/", index, name="page"), prefix_default_language=False)


@pytest.mark.parametrize("code", ["en-us", "en"])
def test_a_url_without_a_language(settings: Any, code: str) -> None:
    """The language of such addresses needn't be one of LANGUAGES: a new project's isn't."""
    settings.ROOT_URLCONF = Unprefixed
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    settings.LANGUAGE_CODE = code
    leave_tombstone(Document, url=lambda document: reverse("page"))
    document().delete()
    prefixed = {"/en/pages/": "code"} if code != "en" else {}
    assert tombstones() == {"/de/pages/": "code", **prefixed, "/pages/": "code"}
    document()
    assert tombstones() == {}


def test_what_is_moved_without_a_signal() -> None:
    create_tombstone("/moved/", note="To the archive.")
    rule = PermanenceRule.objects.get()
    assert (rule.pattern, rule.source, rule.note) == ("/moved/", "code", "To the archive.")
    create_tombstone("/moved/")
    create_tombstone("/list/?page=2")
    assert tombstones() == {"/moved/": "code"}
    remove_tombstone("/moved/")
    remove_tombstone("/list/?page=2")
    assert tombstones() == {}


ODD = ["/wiki/M*A*S*H", "/music/:wumpscut/", "/wiki/US$", "/^_^/", "/old/*", "/a[b]+/"]


@pytest.mark.parametrize("format", ["csv", "json"])
def test_what_looks_like_a_wildcard_goes_round(format: str, tmp_path: Path) -> None:
    for each in ODD:
        create_tombstone(each)
    before = tombstones()
    file = str(tmp_path / "rules")
    call_command("export_permanence_rules", format=format, output=file)
    PermanenceRule.objects.all().delete()
    call_command("import_permanence_rules", file, verbosity=0)
    assert tombstones() == before == dict.fromkeys(sorted(ODD), "code")
    assert set(PermanenceRule.objects.values_list("kind", flat=True)) == {"exact"}


@pytest.mark.parametrize("url", ODD)
def test_what_looks_like_a_wildcard_can_be_edited(url: str) -> None:
    """But not to another one, which an editor would write, and who means one."""
    create_tombstone(url)
    rule = PermanenceRule.objects.get()
    rule.note = "Sold."
    rule.full_clean()
    # As the admin writes it.
    rule.source = PermanenceRule.Source.ADMIN
    rule.save()
    rule.full_clean()
    rule.source = PermanenceRule.Source.CODE
    rule.pattern = f"{url}/*"
    with pytest.raises(ValidationError, match=r"would be taken literally|This is no pattern"):
        rule.full_clean()


def test_a_failing_database_fails_nobody_elses_edit(
    monkeypatch: pytest.MonkeyPatch, own_records: list[logging.LogRecord]
) -> None:
    """In the transaction of that edit too, which a failed query would break."""

    def fail(*args: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM there_is_no_such_table")

    leave_tombstone(Document)
    found = document()
    monkeypatch.setattr("django_http_errors.models.RuleQuerySet.bulk_create", fail)
    with transaction.atomic():
        found.delete()
        assert not Document.objects.exists()
    assert tombstones() == {}
    monkeypatch.setattr("django_http_errors.models.RuleQuerySet.filter", fail)
    with transaction.atomic():
        document()
    monkeypatch.undo()
    assert Document.objects.exists()
    assert [record.getMessage() for record in own_records] == [
        "A tombstone could not be written"
    ] * len(own_records)
    assert len(own_records) >= 2


# Where the rules are in another database.


@pytest.fixture
def rules_elsewhere(settings: Any, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A database that the rules are in; its settings are returned."""
    found = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "rules.sqlite3")}
    there = ConnectionHandler({"default": {}, "rules": found})["rules"]
    # Of this thread alone: of those that all threads have, pytest-django makes test databases.
    connections["rules"] = there
    settings.DATABASE_ROUTERS = ["tests.routers.Elsewhere"]
    call_command("migrate", "django_http_errors", database="rules", verbosity=0)
    snapshots.forget()
    yield there.settings_dict
    there.close()
    del connections["rules"]
    snapshots.forget()


@pytest.mark.django_db(transaction=True)
def test_a_tombstone_is_in_the_database_of_the_rules(rules_elsewhere: Any) -> None:
    leave_tombstone(Document)
    found, kept = document(), document()
    pk, path = found.pk, found.get_absolute_url()
    with transaction.atomic():
        found.delete()
        assert tombstones() == {}, "it isn't certain yet"
    assert tombstones() == tombstones_of(pk)
    assert PermanenceRule.objects.using("rules").exists()
    assert not PermanenceRule.objects.using("default").exists()
    assert Site("sync").ask(path, JSON).status_code == 410
    with transaction.atomic():
        kept.delete()
        document(pk=pk)
        transaction.set_rollback(True)
    assert tombstones() == tombstones_of(pk)
    document(pk=pk)
    assert tombstones() == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_within", [False, True])
def test_a_database_of_rules_that_is_away_fails_nobody(
    is_within: bool,
    rules_elsewhere: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    own_records: list[logging.LogRecord],
) -> None:
    leave_tombstone(Document)
    found = document()
    connections["rules"].close()
    monkeypatch.setitem(rules_elsewhere, "NAME", "/nowhere/at/all")
    after: list[str] = []
    with transaction.atomic() if is_within else nullcontext():
        found.delete()
        transaction.on_commit(lambda: after.append("deleted"))
    with transaction.atomic() if is_within else nullcontext():
        document()
        transaction.on_commit(lambda: after.append("saved"))
    assert Document.objects.count() == 1
    assert after == ["deleted", "saved"]
    assert [record.getMessage() for record in own_records] == [
        "A tombstone could not be written"
    ] * 2


# A schema for each tenant.


@contextmanager
def tenant(name: str) -> Iterator[None]:
    """Set the schema as django-tenants does it."""
    connection.set_schema(name)
    yield
    connection.set_schema("public")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, str]]]:
    """The schema that a statement was executed in, what it does, and to which of the models."""
    wrapper: Any = connections["default"]

    def set_schema(name: str, include_public: bool = True) -> None:
        wrapper.schema_name = wrapper.tenant = name

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        model = sql.partition("django_http_errors_")[2].partition(wrapper.ops.quote_name("")[0])[0]
        if model and not sql.startswith("SELECT"):
            statements.append((wrapper.schema_name, sql.partition(" ")[0], model))
        return execute(sql, *rest)

    statements: list[tuple[str, str, str]] = []
    for name, value in {
        "schema_name": "public",
        "tenant": "public",
        "set_schema": set_schema,
        "set_tenant": set_schema,
    }.items():
        monkeypatch.setattr(wrapper, name, value, raising=False)
    snapshots.forget()
    with connection.execute_wrapper(note):
        yield statements
    snapshots.forget()


@pytest.mark.django_db(transaction=True)
def test_a_tombstone_is_in_the_schema_of_the_object(written: list[tuple[str, str, str]]) -> None:
    leave_tombstone(Document)
    found = document()
    with tenant("b"), transaction.atomic():
        connection.set_schema("a")
        pk = found.pk
        found.delete()
        connection.set_schema("b")
        assert tombstones() == {}
    assert tombstones() == tombstones_of(pk)
    # And the edit has a number there, by which the other processes of the tenant learn of it.
    assert {schema for schema, _statement, _model in written} == {"a"}
    assert ("a", "INSERT", "permanencerule") in written
    assert ("a", "UPDATE", "edit") in written
    assert connection.schema_name == "public"


@pytest.mark.django_db(transaction=True)
def test_the_same_address_of_several_tenants(written: list[tuple[str, str, str]]) -> None:
    PermanenceRule.objects.create(pattern="/new/", source="code")
    del written[:]
    with transaction.atomic():
        for name in ("a", "b"):
            with tenant(name):
                create_tombstone("/old/")
                remove_tombstone("/new/")
        with tenant("c"):
            create_tombstone("/new/")
            remove_tombstone("/old/")
    # They have one table here: "b" finds what "a" has written.
    ours = [(schema, done) for schema, done, model in written if model == "permanencerule"]
    assert ours == [("a", "INSERT"), ("a", "DELETE"), ("c", "INSERT"), ("c", "DELETE")]


@pytest.mark.django_db(transaction=True)
def test_what_fails_in_one_schema_is_made_in_the_others(
    written: list[tuple[str, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    own_records: list[logging.LogRecord],
) -> None:
    def make(*args: Any) -> None:
        if connection.schema_name == "a":
            raise OperationalError("no such table")
        made(*args)

    made = tombstones_module._make
    monkeypatch.setattr(tombstones_module, "_make", make)
    with transaction.atomic():
        for name in ("a", "b"):
            with tenant(name):
                create_tombstone(f"/{name}/")
    assert tombstones() == {"/b/": "code"}
    assert [each.getMessage() for each in own_records] == ["A tombstone could not be written"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["a", "b"])
def test_an_edit_has_its_number_in_the_schema_that_it_was_made_in(
    written: list[tuple[str, str, str]], name: str
) -> None:
    with transaction.atomic():
        for each in ("a", name):
            with tenant(each):
                PermanenceRule.objects.create(pattern=f"/{each}{len(written)}/")
        assert len(Announcement.due("default")) == len({"a", name})
    assert {schema for schema, _, model in written if model == "generation"} == {"a", name}


def test_tables_that_tenants_share_have_one_tombstone(
    written: list[tuple[str, str, str]], settings: Any
) -> None:
    settings.TENANT_APPS = ["somebody.elses"]
    snapshots.forget()
    with tenant("a"):
        create_tombstone("/old/")
    with tenant("b"):
        remove_tombstone("/old/")
    assert tombstones() == {}
