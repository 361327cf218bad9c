"""What a person is told beside the title and the explanation."""

from __future__ import annotations

import pytest
from django.utils import translation

from django_http_errors.core.statuses import error_status
from django_http_errors.core.way_on import WayOn
from django_http_errors.core.words import (
    EXPECTED_LATER,
    duration,
    go_to,
    heading,
    permanence_note,
    what_happened,
)
from django_http_errors.problems import Permanence

from ..iana import ERRORS, HEADINGS

every_status = pytest.mark.parametrize("status", ERRORS)

# Seconds, and how a person says them.
DURATIONS = [
    (1, "1 second"),
    (2, "2 seconds"),
    (99, "99 seconds"),
    (100, "2 minutes"),
    (120, "2 minutes"),
    (121, "3 minutes"),
    (5940, "99 minutes"),
    (5941, "2 hours"),
    (7200, "2 hours"),
    (7201, "3 hours"),
    (169200, "47 hours"),
    (169201, "2 days"),
    (172801, "3 days"),
    (315360000, "3650 days"),
]


@every_status
def test_the_heading_is_for_people(status: int) -> None:
    assert heading(error_status(status).problem()) == HEADINGS[status]


@pytest.mark.parametrize(("status", "said"), [(418, HEADINGS[400]), (599, HEADINGS[500])])
def test_an_unregistered_status_has_the_heading_of_its_class(status: int, said: str) -> None:
    assert heading(error_status(status).problem()) == said


def test_what_is_not_there_for_now_is_not_said_to_be_missing() -> None:
    problem = error_status(404).problem(permanence=Permanence.TEMPORARY)
    assert heading(problem) == HEADINGS[503]
    assert heading(problem.replaced(title="No such lamp")) == "No such lamp"


@every_status
def test_a_title_of_its_own_is_the_heading(status: int) -> None:
    assert heading(error_status(status).problem(title="This seat is taken")) == "This seat is taken"


def test_the_heading_is_in_the_language_of_the_title() -> None:
    with translation.override("de"):
        problem = error_status(404).problem().translated("de")
        assert heading(problem) == "Seite nicht gefunden"


@pytest.mark.conformance("rfc9110-15.5-explanation")
@every_status
@pytest.mark.parametrize("permanence", Permanence)
def test_a_person_is_told_whether_it_lasts_where_that_helps(
    status: int, permanence: Permanence
) -> None:
    """Most of what is permanent is that the request has to be changed, as the explanation says."""
    note = permanence_note(error_status(status).problem(permanence=permanence))
    if permanence is Permanence.TEMPORARY:
        soon = status in (429, 502, 503, 504)
        assert note == ("Try again in a little while." if soon else "This is temporary.")
    elif permanence is Permanence.PERMANENT and status in (410, 501, 505):
        assert note == "This is permanent: trying again later will not help."
    else:
        assert note == ""


@pytest.mark.parametrize(("seconds", "said"), DURATIONS)
def test_a_duration_is_said_as_a_person_says_it_and_rounded_up(seconds: int, said: str) -> None:
    assert duration(seconds) == said
    problem = error_status(503).problem(retry_after=seconds)
    assert permanence_note(problem) == f"You can try again in {said}."


def test_no_time_to_wait_is_none() -> None:
    assert duration(0) == "0 seconds"
    assert permanence_note(error_status(503).problem(retry_after=0)) == (
        "Try again in a little while."
    )


def test_a_time_to_wait_is_a_sentence_of_its_own_in_other_languages() -> None:
    """In German "2 Tage", and "in 2 Tagen"."""
    with translation.override("de"):
        assert duration(172800) == "2 Tage"
        note = permanence_note(error_status(503).problem(retry_after=172800))
        assert note == "In 2 Tagen können Sie es wieder versuchen."


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_said_already_is_not_said_once_more(language: str) -> None:
    problem = error_status(404).problem(permanence=Permanence.TEMPORARY, detail=EXPECTED_LATER)
    with translation.override(language):
        assert permanence_note(problem.translated(language)) == ""
        assert permanence_note(problem.replaced(detail="Sold out.")) != ""
        assert permanence_note(problem.replaced(retry_after=7)) != ""


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_the_time_to_wait_is_said_in_the_note_alone(status: int) -> None:
    """What is said beside it could be about another time."""
    assert not {"again", "while"} & set(str(error_status(status).detail).rstrip(".").split())


@pytest.mark.parametrize("language", ["en", "de"])
def test_only_the_apps_own_refusal_is_another_one_for_those_who_can_sign_in(language: str) -> None:
    with translation.override(language):
        forbidden = error_status(403).problem().translated(language)
        asked = what_happened(forbidden, lambda: WayOn(sign_in="/sign-in/"))
        assert asked not in ("", forbidden.detail)
        assert what_happened(forbidden, WayOn) == forbidden.detail
        for problem in (
            forbidden.replaced(detail="For members."),
            error_status(401).problem().translated(language),
        ):
            said = what_happened(problem, lambda: WayOn(sign_in="/sign-in/"))
            assert said == problem.detail


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("/new/", "/new/"),
        ("/caf%C3%A9/?a=1#b", "/café/?a=1#b"),
        ("/" + "a" * 49, "/" + "a" * 49),
        ("/" + "a" * 50, "/" + "a" * 48 + "…"),
        ("https://www.example.com/a/very/long/way?to=it", "www.example.com"),
        ("//www.example.com:8000", "www.example.com"),
        ("https://shop.example@www.example.com/", "www.example.com"),
        ("https://[::1]:80/", "[::1]"),
        ("https://%E2%84%80.example/", "℀.example"),
        ("https://SHOP.example/new/?a=1", "/new/?a=1"),
        ("https://shop.example", "/"),
        ("mailto:shop@example.com", "mailto:shop@example.com"),
    ],
)
def test_a_link_to_another_site_is_named_by_its_host(address: str, label: str) -> None:
    assert str(go_to(address, "shop.example")) == f"Go to {label}"


def test_a_link_is_named_when_it_is_read() -> None:
    label = go_to("/new/{x}/")
    assert str(label) == "Go to /new/{x}/"
    with translation.override("de"):
        assert str(label) == "Weiter zu /new/{x}/"
