"""What the RFCs ask: the rows of docs/reference/conformance.rst, each with its tests.

Most rows are held by tests elsewhere, which have the row's name as a marker.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from django.urls import path

from django_http_errors import exceptions
from django_http_errors.conf import SETTINGS
from django_http_errors.core.statuses import STATUSES
from django_http_errors.models import ErrorMessage
from django_http_errors.views import VIEWS
from tests.asking import FORMS, HTML, JSON, MIDDLEWARE, Site
from tests.test_problems import FULL

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "reference" / "conformance.rst"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"

urlpatterns = [
    path(f"{prefix}{status}/", view.as_view(detail="These words."))
    for prefix in ("", "async/")
    for status, view in VIEWS.items()
]
every_form = pytest.mark.parametrize("form", FORMS)
here = pytest.mark.urls(__name__)


def rows() -> Iterator[tuple[str, str]]:
    """Yield the names of the rows, each with what the app does."""
    for row in re.split(r"\n   :(?=rfc)", PAGE.read_text(encoding="utf-8"))[1:]:
        name, _, text = row.partition(": ")
        yield name, text.split("\n\n")[1].strip()


def marked() -> set[str]:
    """Return the names of rows that tests are marked with."""
    sources = (each.read_text(encoding="utf-8") for each in TESTS.rglob("test_*.py"))
    pattern = re.compile(r'^@pytest\.mark\.conformance\("(.+)"\)$', re.MULTILINE)
    return {name for source in sources for name in pattern.findall(source)}


def test_every_row_that_says_what_the_app_does_has_a_test_and_no_test_another() -> None:
    names = [name for name, _ in rows()]
    assert len(names) == len(set(names)) > 50
    assert marked() == {name for name, claim in rows() if claim != "Nothing."}


@pytest.mark.conformance("rfc9110-11.5-realm")
def test_the_default_challenge_quotes_its_realm() -> None:
    for challenge in SETTINGS["CHALLENGES"].default:
        assert re.fullmatch(r'[A-Za-z]+ realm="[^"]+"', challenge)


@here
@every_form
@pytest.mark.conformance("rfc9110-15.5.4-reason")
@pytest.mark.conformance("rfc9110-15.5.10-conflict")
@pytest.mark.conformance("rfc7725-3-explains")
def test_the_words_of_the_site_are_shown(site: Site, form: str) -> None:
    for status in (403, 409, 451):
        assert "These words." in site.get(str(status), form).content.decode()


@here
@pytest.mark.conformance("rfc9110-13.2.1-preconditions")
@pytest.mark.parametrize("condition", ["if_match", "if_none_match"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_no_condition_changes_an_error(site: Site, condition: str, method: str) -> None:
    with override_settings(MIDDLEWARE=[CONDITIONAL, MIDDLEWARE]):
        for value in ("*", '"x"'):
            options = {condition: value, "if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT"}
            response = site.get("404", JSON, method=method, **options)
            assert response.status_code == 404
            assert response.json()["status"] == 404


@pytest.mark.conformance("rfc9457-3.1.3-title")
def test_a_title_is_not_said_for_an_occurrence() -> None:
    assert "title" not in inspect.signature(exceptions.HttpError).parameters
    one, other = exceptions.Conflict("One."), exceptions.Conflict("Another.", code="x")
    assert one.problem.title == other.problem.title


@pytest.mark.conformance("rfc9457-3.2-names")
def test_the_names_of_members_are_fit_for_other_formats() -> None:
    for name in FULL.replaced(extensions={}).as_dict():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{2,}", name)


@pytest.mark.conformance("rfc6585-3-428-explains")
def test_a_428_says_how_to_send_it_again() -> None:
    detail = str(STATUSES[428].detail)
    assert "If-Match" in detail
    assert "ETag" in detail


@here
@pytest.mark.django_db
@pytest.mark.conformance("rfc6585-6-511-link")
def test_a_511_has_the_link_that_editors_give_it(site: Site) -> None:
    ErrorMessage.objects.create(status="511", action_label="Sign in", action_url="/portal/")
    assert '<a class="button" href="/portal/">Sign in</a>' in site.get("511", HTML).content.decode()
    actions = site.get("511", JSON).json()["actions"]
    assert actions == [{"label": "Sign in", "href": "/portal/"}]
