"""The table is complete, and each row is as the registry and the issue have it."""

from __future__ import annotations

import inspect
import string
import sys
from http import HTTPStatus
from types import ModuleType
from typing import Any

import pytest
from django.utils import translation
from django.utils.functional import Promise

from django_http_errors import exceptions, views
from django_http_errors.core.statuses import STATUSES, error_status, lacks_list, translated
from django_http_errors.http.headers import HEADERS
from django_http_errors.problems import Permanence, Problem, Representation

from ..iana import ERRORS, UNREGISTERED

TEMPORARY, PERMANENT, UNKNOWN = Permanence.TEMPORARY, Permanence.PERMANENT, Permanence.UNKNOWN

PERMANENCE = {
    **dict.fromkeys((408, 425, 429, 502, 503, 504), TEMPORARY),
    **dict.fromkeys((410, 501, 505), PERMANENT),
    **dict.fromkeys((404, 500), UNKNOWN),
    # The same request would meet them again.
    **dict.fromkeys((400, 405, 406, 411, 413, 414, 415, 416, 417, 422, 426, 428, 431), PERMANENT),
    **dict.fromkeys((401, 402, 403, 407), PERMANENT),
}

REQUIRED = {
    401: {"WWW-Authenticate"},
    405: {"Allow"},
    406: {"Link"},
    407: {"Proxy-Authenticate"},
    413: {"Retry-After"},
    415: {"Accept", "Accept-Post", "Accept-Patch", "Accept-Encoding"},
    416: {"Content-Range"},
    426: {"Upgrade", "Connection"},
    429: {"Retry-After"},
    451: {"Link"},
    503: {"Retry-After"},
}

# What Python called some of them before 3.13, which is when it took up RFC 9110's words.
FORMER_PHRASES = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}

every_status = pytest.mark.parametrize("status", ERRORS)


def texts() -> list[str]:
    """Return every text that the table can put on the wire."""
    rows = [*STATUSES.values(), error_status(499), error_status(599)]
    names = ("title", "heading", "detail", "detail_with_list")
    return sorted({str(getattr(row, name)) for row in rows for name in names})


@pytest.mark.conformance("rfc9110-15-registered")
def test_the_table_has_every_registered_error_and_no_other() -> None:
    assert {status: str(row.title) for status, row in STATUSES.items()} == ERRORS
    assert list(STATUSES) == sorted(STATUSES)


@pytest.mark.conformance("rfc9457-4.2.1-title")
@every_status
def test_the_title_is_the_phrase_that_python_knows(status: int) -> None:
    phrase = HTTPStatus(status).phrase
    if sys.version_info < (3, 13):
        assert phrase in (ERRORS[status], FORMER_PHRASES.get(status))
    else:
        assert phrase == ERRORS[status]


@pytest.mark.conformance("rfc9110-15.5.19-unused")
def test_python_knows_no_error_that_the_table_lacks() -> None:
    known = {int(each) for each in HTTPStatus if each >= 400}
    assert known - set(STATUSES) <= {418}


@every_status
def test_a_row_is_whole(status: int) -> None:
    row = STATUSES[status]
    assert row.code == status
    assert row is error_status(status)
    assert row.name == ERRORS[status].replace(" ", "")
    assert row.name.isidentifier()
    assert isinstance(row.title, Promise)
    assert isinstance(row.detail, Promise)
    assert isinstance(row.permanence, Permanence)


@every_status
def test_a_row_has_a_real_exception_and_a_real_view(status: int) -> None:
    """Classes in the source, so that editors and type checkers know them."""
    name = STATUSES[status].name
    for module, by_status, found in (
        (exceptions, exceptions.EXCEPTIONS, getattr(exceptions, name)),
        (views, views.VIEWS, getattr(views, f"{name}View")),
    ):
        assert by_status[status] is found
        assert found.status == status
        assert found.__module__ == module.__name__
        assert str(status) in found.__doc__
        assert f"class {found.__name__}(" in inspect.getsource(module)


@pytest.mark.parametrize(
    ("by_status", "base", "module"),
    [
        (exceptions.EXCEPTIONS, exceptions.HttpError, exceptions),
        (views.VIEWS, views.ErrorView, views),
    ],
)
def test_there_are_no_other_exceptions_and_views(
    by_status: dict[int, type], base: type, module: ModuleType
) -> None:
    assert list(by_status) == list(STATUSES)
    classes = {
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, base) and each is not base
    }
    assert classes == set(by_status.values())
    assert {each.__name__ for each in (*classes, base)} <= set(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize(("status", "permanence"), PERMANENCE.items())
def test_permanence_is_as_the_issue_has_it(status: int, permanence: Permanence) -> None:
    assert STATUSES[status].permanence is permanence


@every_status
def test_a_row_requires_the_headers_that_http_demands(status: int) -> None:
    required = STATUSES[status].required_headers
    assert set(required) == REQUIRED.get(status, set())
    assert len(set(required)) == len(required)


def test_every_header_that_can_be_sent_is_required_by_some_status() -> None:
    required = {name for row in STATUSES.values() for name in row.required_headers}
    assert required == set(HEADERS)


@pytest.mark.parametrize("text", texts())
def test_a_text_is_plain_and_needs_no_escape(text: str) -> None:
    """A "%" would be a trap for translators, and markup for those who render."""
    allowed = set(string.ascii_letters + string.digits + " .,:;'-")
    assert set(text) <= allowed
    assert text == " ".join(text.split())


@pytest.mark.conformance("rfc9110-15.6.6-version")
@pytest.mark.conformance("rfc6585-5-431-names")
@every_status
def test_an_explanation_is_its_own_and_in_whole_sentences(status: int) -> None:
    detail = str(STATUSES[status].detail)
    assert detail[0].isupper()
    assert detail.endswith(".")
    assert sum(str(row.detail) == detail for row in STATUSES.values()) == 1
    assert detail.rstrip(".") != ERRORS[status]


@pytest.mark.parametrize(
    ("status", "name", "values"),
    [
        (406, "available", (Representation("text/csv", "/"),)),
        (415, "accept", ("text/csv",)),
        (426, "upgrade", ("HTTP/2",)),
    ],
)
@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_an_explanation_speaks_of_a_list_where_there_is_one(
    status: int, name: str, values: Any, language: str
) -> None:
    row = STATUSES[status]
    with translation.override(language):
        bare = translated(row.problem(), language)
        full = translated(row.problem(**{name: values}), language)
        own = translated(row.problem(**{name: values}, detail="Own."), language)
        assert lacks_list(bare)
        assert not lacks_list(full)
        assert (bare.detail, full.detail) == (str(row.detail), str(row.detail_with_list))
        assert full.detail.startswith(bare.detail)
        assert len(full.detail) > len(bare.detail)
        assert own.detail == "Own."


@pytest.mark.conformance("rfc9110-15-registered")
@pytest.mark.parametrize("status", UNREGISTERED)
def test_an_unregistered_status_has_its_classes_words_and_its_own_number(status: int) -> None:
    row = error_status(status)
    assert row.code == status
    assert row.name == ""
    assert str(row.title) == ("Client Error" if status < 500 else "Server Error")
    assert row.permanence is UNKNOWN
    assert row.required_headers == ()
    assert status not in STATUSES


def test_the_classes_have_words_of_their_own() -> None:
    assert str(error_status(499).detail) != str(error_status(599).detail)


@pytest.mark.parametrize("status", [-1, 0, 200, 399, 600, 1000])
def test_what_is_no_error_has_no_entry(status: int) -> None:
    with pytest.raises(ValueError, match=f"^{status} is not"):
        error_status(status)


def test_the_table_cant_be_changed() -> None:
    with pytest.raises(TypeError):
        STATUSES[404] = STATUSES[410]  # type: ignore[index]


@every_status
def test_a_problem_of_a_row_has_its_words(status: int) -> None:
    row = STATUSES[status]
    assert row.problem() is row.default_problem
    assert row.default_problem == Problem(
        status=status, title=row.title, detail=row.detail, permanence=row.permanence
    )


def test_members_take_the_place_of_a_rows_words() -> None:
    problem = STATUSES[404].problem(detail="Sold.", permanence=PERMANENT, request_id="id")
    assert (problem.status, str(problem.title), problem.detail) == (404, "Not Found", "Sold.")
    assert (problem.permanence, problem.request_id) == (PERMANENT, "id")
