"""Whose words an error is result in: the most specific message's, and what it leaves blank."""

from __future__ import annotations

import logging
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from django_http_errors.core.statuses import STATUSES
from django_http_errors.http.urls import path_key
from django_http_errors.models import ErrorMessage
from django_http_errors.problems import Action, Permanence, Problem
from django_http_errors.rules.messages import (
    LONGEST_VALUE,
    Messages,
    apply_messages,
    contributions,
    fill_placeholders,
)
from django_http_errors.rules.rows import MESSAGE_FIELDS, MessageRow
from django_http_errors.validators import PLACEHOLDERS

from ..asking import FORMS, HTML, JSON, TEXT, Site

NOT_FOUND = STATUSES[404].problem()


def message(**fields: Any) -> MessageRow:
    return MessageRow.of(ErrorMessage(**fields))


def applied(
    problem: Problem,
    *rows: MessageRow,
    path: str = "/shop/1/",
    host: str = "a.example",
    language: str = "pt-br",
) -> Problem:
    return apply_messages(problem, Messages(rows), path_key(path), host, language)


def title(rows: list[MessageRow], **where: str) -> str:
    return str(applied(NOT_FOUND, *rows, **where).title)


# Which message it is.

HOSTS = ["a.example", ""]
PATHS = ["/shop/1/", "/shop/", ""]
CLASSES = ["404", "4xx", ""]
LANGUAGES = ["pt-br", "pt", ""]


def test_the_most_specific_message_wins() -> None:
    """By host, then path, then status, then language; whatever the order in the database."""
    places = list(product(HOSTS, PATHS, CLASSES, LANGUAGES))
    rows = [
        message(title=str(n), host=host, path_prefix=path, status=status, language=language)
        for n, (host, path, status, language) in enumerate(places)
    ]
    for n in range(len(rows)):
        assert title(rows[n:]) == title(rows[n:][::-1]) == str(n)


@pytest.mark.parametrize(
    ("fields", "where", "is_for"),
    [
        ({}, {}, True),
        ({"status": "404"}, {}, True),
        ({"status": "4xx"}, {}, True),
        ({"status": "5xx"}, {}, False),
        ({"status": "410"}, {}, False),
        ({"language": "pt-br"}, {}, True),
        ({"language": "pt"}, {}, True),
        ({"language": "p"}, {}, False),
        ({"language": "pt-pt"}, {}, False),
        ({"language": "de"}, {}, False),
        ({"language": "pt-br"}, {"language": "pt"}, False),
        ({"language": "zh"}, {"language": "zh-hant-tw"}, True),
        ({"language": "zh-hant"}, {"language": "zh-hant-tw"}, True),
        ({"language": "zh-hans"}, {"language": "zh-hant-tw"}, False),
        ({"language": "de"}, {"language": "den"}, False),
        ({"host": "a.example"}, {}, True),
        ({"host": "b.example"}, {}, False),
        ({"host": "a.example"}, {"host": ""}, False),
        ({"path_prefix": "/shop/"}, {}, True),
        ({"path_prefix": "/shop"}, {}, True),
        ({"path_prefix": "/shop/1"}, {}, True),
        ({"path_prefix": "/shop/1/2"}, {}, False),
        ({"path_prefix": "/sho"}, {}, False),
        ({"path_prefix": "/"}, {}, True),
        ({"path_prefix": "/shop/"}, {"path": "/shop"}, True),
        ({"path_prefix": "/shop/"}, {"path": "/shopping/"}, False),
        ({"path_prefix": "/Shop/"}, {}, False),
        ({"path_prefix": "/caf\u00e9/"}, {"path": "/cafe\u0301/x"}, True),
        ({"path_prefix": "/what%3F/"}, {"path": "/what?/x"}, True),
        ({"path_prefix": "/100%25/"}, {"path": "/100%/x"}, True),
    ],
    ids=str,
)
def test_what_a_message_is_for(fields: dict[str, str], where: dict[str, str], is_for: bool) -> None:
    assert (title([message(title="own", **fields)], **where) == "own") is is_for


@pytest.mark.parametrize(
    ("status", "found"), [(404, "4xx"), (451, "4xx"), (503, "5xx"), (599, "5xx")]
)
def test_a_class_of_statuses(status: int, found: str) -> None:
    rows = [message(title="4xx", status="4xx"), message(title="5xx", status="5xx")]
    problem = Problem(status=status, title="", detail="")
    assert applied(problem, *rows).title == found


def test_a_longer_path_goes_before_a_status_and_a_host_before_both() -> None:
    path, status = (
        message(title="path", path_prefix="/shop/"),
        message(title="status", status="404"),
    )
    language = message(title="language", language="pt-br")
    host = message(title="host", host="a.example")
    assert title([language, status, path, host]) == "host"
    assert title([language, status, path]) == "path"
    assert title([language, status]) == "status"


# What it says.


def test_what_is_left_blank_comes_from_the_next_one_and_at_last_from_the_status() -> None:
    rows = [
        message(status="404", host="a.example", title="own title"),
        message(status="404", title="other title", detail="own detail"),
        message(detail="other detail", permanence="temporary"),
    ]
    result = applied(NOT_FOUND, *rows)
    assert (result.title, result.detail) == ("own title", "own detail")
    assert result.permanence is Permanence.TEMPORARY
    assert result.status == 404
    result = applied(NOT_FOUND, *rows, host="b.example")
    assert (result.title, result.detail) == ("other title", "own detail")
    result = applied(STATUSES[403].problem(), *rows)
    assert (result.title, result.detail) == (STATUSES[403].title, "other detail")


def test_who_gives_what() -> None:
    rows = [message(title="a"), message(title="b", detail="c"), message(), message(detail="d")]
    given = [members for _row, members in contributions(rows)]
    assert given == [{"title": "a"}, {"detail": "c"}, {}, {}]


def test_without_a_message_a_problem_is_what_it_was() -> None:
    assert applied(NOT_FOUND) is NOT_FOUND
    assert applied(NOT_FOUND, message(status="500", title="x")) is NOT_FOUND
    assert applied(NOT_FOUND, message()) == NOT_FOUND


@pytest.mark.parametrize("permanence", list(Permanence))
def test_a_message_may_say_whether_it_lasts(permanence: Permanence) -> None:
    result = applied(NOT_FOUND, message(permanence=permanence.value))
    assert result.permanence is permanence


def test_an_action_is_added_to_those_that_there_are() -> None:
    own = Action("Search", "/search/")
    problem = STATUSES[404].problem(actions=(own,))
    rows = [
        message(host="a.example", action_label="Bad", action_url="javascript:x"),
        message(status="404", action_label="Contact the shop", action_url="/cont\u00e4ct/"),
        message(action_label="Other", action_url="/other/"),
    ]
    result = applied(problem, *rows)
    assert result.actions == (own, Action("Contact the shop", "/cont%C3%A4ct/"))


# Placeholders.

VALUES = {name: (lambda name=name: f"<{name}>") for name in PLACEHOLDERS}


def filled(text: str, values: Any = None) -> str:
    problem = Problem(status=404, title="t", detail=text)
    return str(fill_placeholders(problem, NOT_FOUND, {**VALUES, **(values or {})}).detail)


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_a_placeholder_is_replaced(name: str) -> None:
    assert filled(f"a {{{name}}} b {{{name}}}") == f"a <{name}> b <{name}>"


@pytest.mark.parametrize(
    "text",
    [
        "{user}",
        "{}",
        "{0}",
        "{path.__class__}",
        "{path!r}",
        "{path:>99999}",
        "{ path }",
        "{Path}",
        "{",
        "}",
        "%(path)s",
        "%s",
        "$path",
        "{{ path|upper }}",
        "{% debug %}",
        "{path[0]}",
    ],
)
def test_nothing_else_is(text: str) -> None:
    """A row that wasn't validated gets no further than one that was."""
    assert filled(text) == text


def test_a_value_isnt_looked_into() -> None:
    assert filled("{path}", {"path": lambda: "{host}"}) == "{host}"
    assert filled("{path}", {"path": lambda: r"\g<0>\1"}) == r"\g<0>\1"


def test_a_value_is_bounded_and_can_be_seen() -> None:
    assert filled("{path}", {"path": lambda: "a" * 100_000}) == "a" * LONGEST_VALUE
    hidden = "a\x00\n\x1b[1m\u202e\u2028b"
    assert filled("{path}", {"path": lambda: hidden}) == "a\ufffd\ufffd\ufffd[1m\ufffd\ufffdb"


def test_values_are_made_only_where_they_are_used() -> None:
    def explode() -> str:
        raise AssertionError

    assert filled("{path}", {"request_id": explode}) == "<path>"


def test_only_the_words_of_editors_are_filled_in() -> None:
    """What a view said may hold braces, and what a visitor sent along may be in it."""
    problem = Problem(status=404, title="t", detail="No {path} here")
    assert fill_placeholders(problem, problem, VALUES) is problem


# Through the real stack.


@pytest.mark.django_db
class TestOnTheWire:
    """Rows in the database, and what a client gets."""

    @pytest.mark.parametrize("form", FORMS)
    def test_words_are_text_in_every_format(self, site: Site, form: str) -> None:
        ErrorMessage.objects.create(
            status="404",
            title="<i>{status}</i> & more",
            detail="<b>{path}</b> {method} {host} \"'&",
            action_label="<u>Contact</u>",
            action_url='/"><script>',
        )
        response = site.ask("/%3Cscript%3Ealert(1)%3C/script%3E/", form)
        assert response.status_code == 404
        text = response.content.decode()
        if form == HTML:
            assert "&lt;i&gt;404&lt;/i&gt; &amp; more" in text
            assert (
                "&lt;b&gt;/&lt;script&gt;alert(1)&lt;/script&gt;/&lt;/b&gt; GET testserver" in text
            )
            assert "&lt;u&gt;Contact&lt;/u&gt;" in text
            assert "<script>" not in text
        else:
            words = response.json() if form != TEXT else {"title": text, "detail": text}
            assert "<i>404</i> & more" in words["title"]
            assert "<b>/<script>alert(1)</script>/</b> GET testserver \"'&" in words["detail"]

    def test_the_visitors_language_is_found(self, site: Site) -> None:
        ErrorMessage.objects.create(title="any")
        ErrorMessage.objects.create(title="deutsch", language="de")
        for accepted, said in (("de", "deutsch"), ("de-AT", "deutsch"), ("en", "any")):
            response = site.ask("/nowhere/", JSON, accept_language=accepted)
            assert response.json()["title"] == said

    def test_the_request_id_is_that_of_the_answer(self, site: Site) -> None:
        ErrorMessage.objects.create(detail="Quote {request_id}.")
        body = site.ask("/nowhere/", JSON).json()
        assert body["detail"] == f"Quote {body['request_id']}."

    def test_the_wait_is_written_as_a_person_says_it(self, site: Site) -> None:
        ErrorMessage.objects.create(status="503", detail="Back in {retry_after}.")
        ErrorMessage.objects.create(status="404", detail="Back in {retry_after}.")
        assert site.ask("/raise/503/", JSON).json()["detail"] == "Back in 2 minutes."
        assert site.ask("/raise/404/", JSON).json()["detail"] == "Back in ."

    def test_the_final_status_has_the_words(self, site: Site) -> None:
        from django_http_errors.models import PermanenceRule

        ErrorMessage.objects.create(status="404", title="missing")
        ErrorMessage.objects.create(status="410", title="gone")
        PermanenceRule.objects.create(pattern="/a/")
        assert site.ask("/a/", JSON).json()["title"] == "gone"
        assert site.ask("/b/", JSON).json()["title"] == "missing"

    @pytest.mark.parametrize("path", ["/raise/{}/", "/return/{}/", "/async/raise/{}/"])
    @pytest.mark.parametrize("status", [400, 403, 405, 451, 500, 503, 418, 599])
    def test_every_error_has_the_words(self, site: Site, path: str, status: int) -> None:
        ErrorMessage.objects.create(title="own", status=f"{status // 100}xx")
        assert site.ask(path.format(status), JSON).json()["title"] == "own"

    def test_a_view_of_rest_framework_has_them(self, site: Site) -> None:
        pytest.importorskip("rest_framework")
        ErrorMessage.objects.create(status="404", title="own", path_prefix="/api/")
        assert site.ask("/api/documents/999/", JSON).json()["title"] == "own"

    @override_settings(ALLOWED_HOSTS=["testserver"])
    def test_a_bad_host_is_no_host(self) -> None:
        ErrorMessage.objects.create(detail="Host: {host}.")
        ErrorMessage.objects.create(detail="evil", host="evil.example")
        response = Site("sync").ask("/", JSON, host="evil.example")
        assert response.status_code == 400
        assert response.json()["detail"] == "Host: ."

    def test_an_invalid_row_is_skipped_and_logged_once(
        self, site: Site, own_records: list[logging.LogRecord]
    ) -> None:
        """Constraints keep it out; somebody may have taken them away."""
        if connection.vendor != "sqlite":
            pytest.skip("only SQLite lets one switch the constraints off")
        title = f"invalid {site.mode}"
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            ErrorMessage.objects.create(title=title, permanence="gone", status="404")
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
        ErrorMessage.objects.create(title="good")
        for _visit in range(3):
            body = site.ask("/nowhere/", JSON).json()
            assert (body["title"], body["instance"]) == ("good", "/nowhere/")
        assert [title in record.getMessage() for record in own_records] == [True]

    def test_an_unsaved_row_is_as_the_snapshot_would_have_it(self) -> None:
        row = ErrorMessage.objects.create(title="a", status="404")
        values = ErrorMessage.objects.values_list(*MESSAGE_FIELDS).get()
        assert MessageRow(*values) == MessageRow.of(row)
        assert MessageRow.of(ErrorMessage()).pk == 0
