"""The table is complete, and each row is as the registry and the issue have it."""

from __future__ import annotations

import string
import sys
from http import HTTPStatus

import pytest
from django.utils.functional import Promise

from django_http_errors import exceptions, views
from django_http_errors.core import statuses
from django_http_errors.http import responses
from django_http_errors.core.statuses import STATUSES, error_status, permanence_note
from django_http_errors.problems import Permanence, Problem

from .iana import ERRORS, UNREGISTERED

TEMPORARY, PERMANENT, UNKNOWN = Permanence.TEMPORARY, Permanence.PERMANENT, Permanence.UNKNOWN

PERMANENCE = {
    **dict.fromkeys((408, 425, 429, 502, 503, 504), TEMPORARY),
    **dict.fromkeys((410, 501, 505), PERMANENT),
    **dict.fromkeys((404, 500), UNKNOWN),
    # The same request would meet them again.
    **dict.fromkeys((400, 405, 406, 411, 413, 414, 415, 416, 417, 422, 426, 428, 431), PERMANENT),
    **dict.fromkeys((401, 402, 403, 407), PERMANENT),
}

OWED = {
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
    """Return every text that the catalogue can put on the wire."""
    rows = [*STATUSES.values(), error_status(499), error_status(599)]
    notes = [
        permanence_note(row.problem(permanence=permanence))
        for row in rows
        for permanence in Permanence
    ]
    words = [word for row in rows for word in (row.title, row.detail)]
    return sorted({str(each) for each in (*words, *notes)})


def test_the_catalogue_has_every_registered_error_and_no_other() -> None:
    assert {status: str(row.title) for status, row in STATUSES.items()} == ERRORS
    assert list(STATUSES) == sorted(STATUSES)


@every_status
def test_the_title_is_the_phrase_that_python_knows(status: int) -> None:
    phrase = HTTPStatus(status).phrase
    if sys.version_info < (3, 13):
        assert phrase in (ERRORS[status], FORMER_PHRASES.get(status))
    else:
        assert phrase == ERRORS[status]


def test_python_knows_no_error_that_the_catalogue_lacks() -> None:
    known = {int(each) for each in HTTPStatus if each >= 400}
    assert known - set(STATUSES) <= {418}


@every_status
def test_a_row_is_whole(status: int) -> None:
    row = STATUSES[status]
    assert row.status == status
    assert row is error_status(status)
    assert row.name == ERRORS[status].replace(" ", "")
    assert row.name.isidentifier()
    assert isinstance(row.title, Promise)
    assert isinstance(row.detail, Promise)
    assert isinstance(row.permanence, Permanence)


@every_status
def test_an_exception_and_a_view_go_with_a_row(status: int) -> None:
    name = STATUSES[status].name
    assert getattr(exceptions, name) is exceptions.EXCEPTIONS[status]
    assert getattr(exceptions, name).status == status
    assert getattr(views, f"{name}View") is views.VIEWS[status]
    assert getattr(views, f"{name}View").status == status


@pytest.mark.parametrize(("status", "permanence"), PERMANENCE.items())
def test_permanence_is_as_the_issue_has_it(status: int, permanence: Permanence) -> None:
    assert STATUSES[status].permanence is permanence


@every_status
def test_a_row_owes_the_fields_that_http_demands(status: int) -> None:
    owed = STATUSES[status].owes
    assert set(owed) == OWED.get(status, set())
    assert len(set(owed)) == len(owed)
    assert set(owed) <= set(responses.FIELDS)


def test_every_field_that_can_be_sent_is_owed_by_some_status() -> None:
    assert {name for row in STATUSES.values() for name in row.owes} == set(responses.FIELDS)


@pytest.mark.parametrize("text", texts())
def test_a_text_is_plain_and_needs_no_escape(text: str) -> None:
    """A "%" would be a trap for translators, and markup for those who render."""
    allowed = set(string.ascii_letters + string.digits + " .,:;'-")
    assert set(text) <= allowed
    assert text == " ".join(text.split())


@every_status
def test_an_explanation_is_its_own_and_in_whole_sentences(status: int) -> None:
    detail = str(STATUSES[status].detail)
    assert detail[0].isupper()
    assert detail.endswith(".")
    assert sum(str(row.detail) == detail for row in STATUSES.values()) == 1
    assert detail.rstrip(".") != ERRORS[status]


@pytest.mark.parametrize("status", UNREGISTERED)
def test_an_unregistered_status_has_its_classes_words_and_its_own_number(status: int) -> None:
    row = error_status(status)
    assert row.status == status
    assert str(row.title) == ("Client Error" if status < 500 else "Server Error")
    assert row.permanence is UNKNOWN
    assert row.owes == ()
    assert status not in STATUSES


def test_the_classes_have_words_of_their_own() -> None:
    assert str(error_status(499).detail) != str(error_status(599).detail)


@pytest.mark.parametrize("status", [-1, 0, 200, 399, 600, 1000])
def test_what_is_no_error_has_no_entry(status: int) -> None:
    with pytest.raises(ValueError, match=f"^{status} is not"):
        error_status(status)


def test_the_catalogue_cant_be_changed() -> None:
    with pytest.raises(TypeError):
        STATUSES[404] = STATUSES[410]  # type: ignore[index]


@every_status
def test_a_problem_of_a_row_has_its_words(status: int) -> None:
    row = STATUSES[status]
    assert row.problem() == Problem(
        status=status, title=row.title, detail=row.detail, permanence=row.permanence
    )


def test_members_take_the_place_of_a_rows_words() -> None:
    problem = STATUSES[404].problem(detail="Sold.", permanence=PERMANENT, request_id="id")
    assert (problem.status, str(problem.title), problem.detail) == (404, "Not Found", "Sold.")
    assert (problem.permanence, problem.request_id) == (PERMANENT, "id")


@every_status
@pytest.mark.parametrize("permanence", Permanence)
def test_a_person_is_told_whether_it_lasts(status: int, permanence: Permanence) -> None:
    """What is gone for good is told from a request that would fail again."""
    note = str(permanence_note(error_status(status).problem(permanence=permanence)))
    if permanence is TEMPORARY:
        assert note == "This is temporary: the same request may succeed later."
    elif permanence is UNKNOWN:
        assert note == "It is not known whether this is temporary or permanent."
    elif status in (410, 501, 505):
        assert note == "This is permanent: trying again later will not help."
    else:
        assert note == (
            "This is permanent for this request: sent again as it is, it will get the same answer."
        )


def test_a_note_is_translated_when_it_is_read() -> None:
    assert isinstance(permanence_note(statuses.error_status(404).problem()), Promise)
