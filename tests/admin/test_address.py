"""What "Try an address" tells to whom; tests/admin/test_admin.py has the rest of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from django_http_errors.admin.address import SEEN
from django_http_errors.models import HidingRule, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from ..factories import ErrorMessageFactory, PermanenceRuleFactory

pytestmark = pytest.mark.django_db

EVERYTHING = {
    f"{right}_{model}"
    for right in ("add", "change", "view")
    for model in ("errormessage", "permanencerule", "missingpage")
}


@pytest.fixture(autouse=True)
def new_store() -> None:
    snapshots.forget()


@pytest.fixture
def page_for(published: Callable[[], None]) -> Callable[..., str]:
    """Show the page for an address to somebody with some permissions."""
    clients: dict[tuple[str, ...], Client] = {}

    def page(permissions: tuple[str, ...], **asked: str) -> str:
        if permissions not in clients:
            user = User.objects.create_user(f"editor-{len(clients)}", is_staff=True)
            user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
            clients[permissions] = Client()
            clients[permissions].force_login(user)
        published()
        address = reverse("admin:django_http_errors_permanencerule_try")
        response = clients[permissions].get(address, asked)
        assert response.status_code == 200
        return response.content.decode()

    return page


def without(page: str, name: str) -> str:
    """Return `page` without what was asked for, nonces, tokens and request ids."""
    for each in (name, quote(name, safe="")):
        page = page.replace(each, "X")
    return re.sub(r'nonce=("|&quot;)[^"&]*|[\w-]{32,}', "", page)


MESSAGES_ONLY = [
    ("view_errormessage",),
    ("change_errormessage",),
    ("view_errormessage", "add_permanencerule", "add_errormessage", "add_hidingrule"),
]
NOT_HIDDEN_AREAS = [*MESSAGES_ONLY, ("view_permanencerule",), tuple(sorted(EVERYTHING))]


@pytest.mark.parametrize("permissions", NOT_HIDDEN_AREAS)
@pytest.mark.parametrize("status", ["403", "404", "410", "503"])
def test_what_is_in_a_hidden_area_looks_like_what_is_not(
    page_for: Callable[..., str], permissions: tuple[str, ...], status: str
) -> None:
    HidingRule.objects.create(pattern="/vault/", kind="prefix")
    PermanenceRuleFactory(pattern="/vault/", kind="prefix")
    ErrorMessageFactory(path_prefix="/vault/")
    there = page_for(permissions, address="/vault/secret/", status=status)
    missing = page_for(permissions, address="/vault/others/", status=status)
    assert without(there, "secret") == without(missing, "others")


@pytest.mark.parametrize("permissions", MESSAGES_ONLY)
@pytest.mark.parametrize("status", ["403", "404"])
def test_who_may_only_see_messages_is_not_told_what_is_there(
    page_for: Callable[..., str], permissions: tuple[str, ...], status: str
) -> None:
    """Neither views, nor what they hide, nor where the last slash is missing."""
    for there in ("plain-documents/2/", "documents/2/", "checked-out/", "checked-out"):
        missing = there.replace("e", "x")
        pages = [
            without(page_for(permissions, address=f"/{path}", status=status), path.rstrip("/"))
            for path in (there, missing)
        ]
        assert pages[0] == pages[1], there


def test_who_may_see_hidden_areas_is_told(page_for: Callable[..., str]) -> None:
    HidingRule.objects.create(pattern="/vault/", kind="prefix")
    page = page_for(("view_hidingrule",), address="/vault/secret/")
    assert "by the view <code>vault</code>" in page
    assert "The hidden area that it is in" in page


STATUSES = ["403", "404", "410", "503"]
# Where a slash is missing, the redirect goes before rules.
PATHS = ["negotiated", "negotiated/", "vault/secret/", "vault/none/"]


@pytest.mark.parametrize(
    ("permissions", "status", "path"),
    [
        (permissions, STATUSES[(row + column) % len(STATUSES)], path)
        for row, permissions in enumerate(NOT_HIDDEN_AREAS)
        for column, path in enumerate(PATHS)
    ],
)
def test_a_hidden_area_looks_like_the_rest_of_the_site(
    page_for: Callable[..., str], permissions: tuple[str, ...], status: str, path: str
) -> None:
    """Nothing tells that it is one, what is there, or which of the rules decides therefore.

    Each address is tried by each kind of editor, and with each of the statuses by one of them.
    """
    area = path.partition("/")[0]
    HidingRule.objects.create(pattern=f"/{area}/", kind="prefix")
    pages = []
    for name in (area, area[::-1]):
        PermanenceRuleFactory(pk=1, pattern=f"/{name}/", kind="prefix")
        address = f"/{path.replace(area, name)}"
        pages.append(without(page_for(permissions, address=address, status=status), name))
        PermanenceRule.objects.all().delete()
    assert pages[0] == pages[1]
    rules = pages[0].partition("http-errors-rules")[2].partition("</section>")[0]
    assert ("<td>" in rules) == ("view_permanencerule" in permissions)


def test_who_may_see_hidden_areas_is_told_what_decides(page_for: Callable[..., str]) -> None:
    HidingRule.objects.create(pattern="/negotiated/", kind="prefix")
    PermanenceRuleFactory(pattern="/negotiated/", kind="prefix")
    page = page_for(("view_permanencerule", "view_hidingrule"), address="/negotiated")
    assert "<td>the redirect goes before it</td>" in page


# What is answered otherwise


OTHERWISE, GET = "What visitors would get otherwise", "What visitors get</h2>"


@pytest.mark.parametrize(
    ("address", "heading"),
    [("/form", OTHERWISE), ("/form/", OTHERWISE), ("/nothing/", GET)],
)
def test_what_is_answered_otherwise_is_called_that(
    page_for: Callable[..., str], address: str, heading: str
) -> None:
    PermanenceRuleFactory(pattern="/form", permanence="temporary")
    page = page_for(("view_permanencerule",), address=address)
    assert heading in page
    assert ("There is no page at" in page) == (address == "/nothing/")
    assert ("is answered by a redirect to /form/ before any rule" in page) == (address == "/form")
    assert ("the redirect goes before it" in page) == (address == "/form")
    assert ("<td>decides</td>" in page) == (address == "/form/")


def test_the_sites_own_handler_answers_otherwise(
    page_for: Callable[..., str], settings: Any
) -> None:
    settings.ROOT_URLCONF = type(
        "Urls",
        (),
        {
            "urlpatterns": __import__("testproject.urls", fromlist=["urlpatterns"]).urlpatterns,
            "handler404": "django.views.defaults.page_not_found",
        },
    )
    assert OTHERWISE in page_for(("view_permanencerule",), address="/nothing/")
    assert GET in page_for(("view_errormessage",), address="/nothing/")


# For editors first


def test_the_page_is_first_and_the_rest_is_for_programs(page_for: Callable[..., str]) -> None:
    page = page_for(("view_permanencerule", "add_permanencerule"), address="/nothing/")
    places = [
        page.index(each)
        for each in (
            'name="address"',
            '<details class="http-errors-programs"><summary>',
            'name="method"',
            'name="accept"',
            "</details>",
            "<iframe",
            '<th scope="row">Content-Type</th>',
            "<pre ",
            "What you can say of this address",
        )
    ]
    assert places == sorted(places)
    assert '<details class="http-errors-programs" open>' not in page
    assert "</details>" in page[page.index("<pre ") :]


@pytest.mark.parametrize(
    ("asked", "are_open"),
    [
        ({}, (False, False)),
        ({"method": "HEAD"}, (True, False)),
        ({"accept": "text/html"}, (True, False)),
        ({"accept": "application/problem+json"}, (True, True)),
    ],
)
def test_what_is_asked_for_by_programs_is_not_folded(
    page_for: Callable[..., str], asked: dict[str, str], are_open: tuple[bool, bool]
) -> None:
    page = page_for(("view_permanencerule",), address="/nothing/", **asked)
    found = re.findall(r'<details class="http-errors-programs"( open)?>', page)
    assert tuple(map(bool, found)) == are_open


def test_it_is_offered_to_whom_it_shows_something() -> None:
    """A template can't ask for the permissions of a list of models."""
    source = get_template("admin/django_http_errors/may_try.html").template.source
    found = re.findall(r"app\.(view|change)_(\w+)", source)
    names = [model._meta.model_name for model in SEEN]
    assert sorted(found) == sorted(product(("view", "change"), names))
