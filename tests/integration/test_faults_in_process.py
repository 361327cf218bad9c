"""What visitors get while the rows can't be read, or can't be used, through the handler stack.

The same over real servers and real drivers is in `test_faults_database`.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection
from django.db.models import Model
from django.http import HttpResponse

from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.signals import forbidden_hidden
from testproject.management.commands.seed_demo import ROWS

from ..asking import FORMS, HTML, JSON, Site
from ..clock import Clock
from ..demo import CONTENT_TYPES, QUESTIONS

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="this is what SQLite lets one do"),
]

# How long SQLite waits for a lock; by default it is 5 seconds.
TIMEOUT = 0.3


@pytest.fixture
def rows() -> None:
    """The demo's rows."""
    for model, key, values in ROWS:
        model._default_manager.create(**key, **values)


def says(response: HttpResponse, form: str, expected: tuple[int, str]) -> bool:
    status, words = expected
    return (
        response.status_code == status
        and response["Content-Type"] == CONTENT_TYPES[form]
        and words in response.content.decode()
    )


# The file.


@contextmanager
def taken_away(file: Path) -> Iterator[None]:
    """SQLite makes a new one then, which is empty."""
    kept = file.rename(file.with_suffix(".kept"))
    try:
        yield
    finally:
        connection.close()
        kept.replace(file)


@contextmanager
def overwritten(file: Path) -> Iterator[None]:
    with taken_away(file):
        file.write_text("This was a database. " * 1000)
        yield


@contextmanager
def unreadable(file: Path) -> Iterator[None]:
    """Something that nobody can open as a file, not even root."""
    with taken_away(file):
        file.mkdir()
        try:
            yield
        finally:
            connection.close()
            file.rmdir()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database's file, which nobody has open, and in which one may keep others from reading."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "timeout", TIMEOUT)
    # It reads the file too, and Django leaves a connection open for which that fails.
    monkeypatch.setitem(options, "init_command", "")
    return Path(connection.settings_dict["NAME"])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("fault", [taken_away, overwritten, unreadable, locked])
def test_while_the_file_is_of_no_use(
    site: Site,
    fault: Callable[[Path], AbstractContextManager[None]],
    is_known: bool,
    file: Path,
    clock: Clock,
    attempts: list[str],
    own_records: list[logging.LogRecord],
    lookouts: list[Callable[[], None]],
) -> None:
    """All is answered by what was known, or by the defaults; one answer of them waits."""
    if is_known:
        snapshots.current()
        clock.pass_(6)
    connection.close()
    attempts.clear()
    began = time.monotonic()
    with fault(file):
        for form, question in zip(cycle(FORMS), QUESTIONS, strict=False):
            expected = question.known if is_known else question.unknown
            assert says(site.ask(question.path, form), form, expected)
        took = time.monotonic() - began
    assert attempts == ["default"]
    failures = [record for record in own_records if record.name == "django_http_errors"]
    assert len(failures) == 1
    assert took > TIMEOUT or fault is not locked
    lookouts[0]()
    for question in QUESTIONS:
        assert says(site.ask(question.path, HTML), HTML, question.known)


# One wait for an answer, and one snapshot.


@pytest.mark.usefixtures("rows")
def test_an_answer_waits_once_whatever_else_it_waits_for(
    site: Site, clock: Clock, attempts: list[str], file: Path
) -> None:
    """Between the two uses of the snapshot a user is read, who may be waited for too."""
    snapshots.current()
    clock.pass_(6)
    attempts.clear()
    connection.close()

    def wait(**kwargs: Any) -> None:
        clock.pass_(2)

    forbidden_hidden.connect(wait)
    try:
        with taken_away(file):
            assert site.ask("/vault/secret/", JSON).status_code == 404
    finally:
        forbidden_hidden.disconnect(wait)
    assert attempts == ["default"]


@pytest.mark.usefixtures("rows")
def test_an_edit_while_something_is_hidden_shows_nothing(site: Site) -> None:
    """It is answered as what is missing is, by the rules before the edit or by those after it."""

    def edit(**kwargs: Any) -> None:
        HidingRule.objects.all().delete()
        PermanenceRule.objects.create(kind="prefix", pattern="/vault/")

    forbidden_hidden.connect(edit)
    try:
        hidden = site.ask("/vault/secret/", JSON)
    finally:
        forbidden_hidden.disconnect(edit)
    snapshots.current()  # As for any other error: what hides goes by what is known already.
    missing = site.ask("/vault/nothing/", JSON)
    assert hidden.status_code in (404, missing.status_code)
    assert hidden.status_code == 404 or hidden.json()["detail"] == missing.json()["detail"]
    assert site.ask("/vault/secret/", JSON).status_code == 403


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("exempt", ["nobody", "authenticated", "staff"])
@pytest.mark.parametrize("path", ["/vault/secret/", "/vault/nothing/"])
def test_who_asks_is_looked_for_once(
    site: Site, exempt: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A visitor whom the database can't identify is nobody, and waits no second time for that."""
    HidingRule.objects.update(exempt=exempt)
    waits = []

    def fail(session: SessionStore) -> None:
        waits.append(session)
        raise OperationalError

    monkeypatch.setattr(SessionStore, "load", fail)
    response = site.ask(path, JSON, cookie=f"sessionid={'a' * 32}")
    assert says(response, JSON, (404, "nothing at this address"))
    assert len(waits) == 1


# The rows.

# What no constraint and no form lets in, but a hand that has taken them away.
BAD = [
    *((PermanenceRule, "kind", value) for value in ("", "nonsense")),
    *((PermanenceRule, "pattern", value) for value in ("", "no-slash", "https://a.example/")),
    *((PermanenceRule, "permanence", value) for value in ("", "gone")),
    *((PermanenceRule, "replacement", value) for value in ("javascript:alert(1)", "\r\nX: y")),
    *(
        (PermanenceRule, name, value)
        for name in ("expected_at", "valid_from", "valid_until")
        for value in ("soon", "", "9999-99-99 00:00:00")
    ),
    *((HidingRule, "kind", value) for value in ("", "nonsense")),
    *((HidingRule, "pattern", value) for value in ("", "no-slash")),
    *((HidingRule, "exempt", value) for value in ("", "everybody")),
    *((HidingRule, "fold_client_errors", value) for value in (7, "yes")),
    *((ErrorMessage, "status", value) for value in ("abc", "40", "9xx")),
    *((ErrorMessage, "language", value) for value in ("\0", "x" * 400)),
    *((ErrorMessage, "path_prefix", value) for value in ("no-slash", "//")),
    *((ErrorMessage, "permanence", value) for value in ("gone", "404")),
    *((ErrorMessage, "action_url", value) for value in ("javascript:alert(1)", "//[")),
]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("model", "name", "value"), BAD)
def test_a_bad_row_keeps_no_other_from_working(
    model: type[Model], name: str, value: object, own_records: list[logging.LogRecord]
) -> None:
    address = "path_prefix" if model is ErrorMessage else "pattern"
    row = model._default_manager.create(**{address: "/bad/"})
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET {name} = %s WHERE id = %s",  # noqa: S608
            [value, row.pk],
        )
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
    site = Site("sync")
    snapshots.forget()
    for question in QUESTIONS:
        assert says(site.ask(question.path, JSON), JSON, question.known)
    assert site.ask("/bad/", JSON).json()["status"] in (404, 410)
    snapshots.forget()
    assert site.ask("/bad/", HTML).status_code in (404, 410)
    failures = [record for record in own_records if record.name == "django_http_errors"]
    assert len(failures) <= 1
