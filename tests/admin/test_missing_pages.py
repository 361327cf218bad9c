"""The list of missing pages in the admin; what is counted is in tests/core."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from django_http_errors.models import ErrorMessage, MissingPage, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from ..factories import ErrorMessageFactory, PermanenceRuleFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/django_http_errors/missingpage/"
ANSWERS = ["Gone for good", "Back later", "Own words"]


@pytest.fixture(autouse=True)
def new_store() -> None:
    snapshots.forget()


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def editor() -> Callable[..., Client]:
    """Sign somebody in who may do what the permissions say and nothing else."""

    def sign_in(*codenames: str) -> Client:
        user = User.objects.create_user(f"editor-{User.objects.count()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def column(response: Any, name: str) -> list[str]:
    """Return what a column of the list says, without its tags."""
    cells = re.findall(
        rf'class="field-{name}[^"]*">(.*?)</t[dh]>', response.content.decode(), re.DOTALL
    )
    return [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in cells]


def to_do(response: Any) -> list[list[str]]:
    return [each.split(" · ") for each in column(response, "what_to_do")]


# What can be done


def test_what_can_be_done_about_a_page(admin: Client) -> None:
    for hits, path in enumerate(["/none/", "*.php*", "/shop/x", "/gone/x"]):
        MissingPage.objects.create(host="testserver", path=path, hits=9 - hits)
    PermanenceRuleFactory(pattern="/gone/", kind="prefix")
    ErrorMessageFactory(path_prefix="/shop", language="de", status="4xx")
    # What is for all of the site, or for another error, is no answer to one address.
    ErrorMessageFactory(path_prefix="")
    ErrorMessageFactory(path_prefix="/none/", status="500")
    ErrorMessageFactory(path_prefix="/none/", host="other.example")
    assert to_do(admin.get(LIST)) == [
        [*ANSWERS, "Ignore"],
        ["Ignore"],
        [*ANSWERS[:2], "Has a message", "Ignore"],
        ["Done: /gone/ (this address and everything below it)", "Ignore"],
    ]


def test_a_message_is_linked_for_those_who_may_see_it(
    admin: Client, editor: Callable[..., Client]
) -> None:
    MissingPage.objects.create(path="/shop/x")
    change = reverse("admin:django_http_errors_errormessage_change", args=[_message().pk])
    for client, linked in ((admin, True), (editor("view_missingpage"), False)):
        page = client.get(LIST).content.decode()
        assert "Has a message" in page
        assert (f'<a href="{change}">Has a message</a>' in page) == linked


def _message() -> ErrorMessage:
    return ErrorMessage.objects.create(status="404", path_prefix="/shop/", title="Sold out")


def test_the_form_of_a_row_has_the_offers_too(admin: Client) -> None:
    row = MissingPage.objects.create(path="/lamps/")
    page = admin.get(f"{LIST}{row.pk}/change/").content.decode()
    for each in ANSWERS:
        assert f">{each}</a>" in page
    # There is a field for it.
    assert "http-errors-ignore" not in page


def test_a_new_row_says_nothing_that_is_not_known_yet(admin: Client) -> None:
    page = admin.get(f"{LIST}add/").content.decode()
    assert 'name="path"' in page
    for name in ("first_seen", "last_seen", "hits", "referrer", "what_to_do"):
        assert f"field-{name}" not in page


# To ignore a page


def test_a_page_is_ignored_with_one_press_and_the_list_stays_as_it_was(admin: Client) -> None:
    row, other = (MissingPage.objects.create(path=path) for path in ("/a/", "/b/"))
    page = admin.get(f"{LIST}?q=%2Fa&o=1").content.decode()
    (button,) = re.findall(r"<button [^>]*http-errors-ignore[^>]*>", page)
    action = html.unescape(re.search(r'formaction="([^"]*)"', button)[1])
    response = admin.post(action, {"ignored": "1"})
    assert response["Location"] == f"{LIST}?q=%2Fa&o=1"
    row.refresh_from_db(), other.refresh_from_db()
    assert (row.ignored, other.ignored) == (True, False)
    page = admin.get(response["Location"]).content.decode()
    assert "1 missing page was changed." in page
    assert "Undo</a>" in page
    # And back.
    response = admin.get(f"{LIST}?ignored=yes")
    assert to_do(response) == [[*ANSWERS, "Stop ignoring"]]
    admin.post(f"{LIST}{row.pk}/ignore/", {"ignored": ""})
    row.refresh_from_db()
    assert not row.ignored


def test_a_login_in_between_leads_back_to_the_list(admin: Client) -> None:
    row = MissingPage.objects.create(path="/a/")
    response = admin.get(f"{LIST}{row.pk}/ignore/?q=%2Fa")
    assert (response.status_code, response["Location"]) == (302, f"{LIST}?q=%2Fa")
    row.refresh_from_db()
    assert not row.ignored


def test_only_who_may_change_a_page_can_ignore_it(
    admin: Client, editor: Callable[..., Client]
) -> None:
    row = MissingPage.objects.create(path="/a/")
    address = f"{LIST}{row.pk}/ignore/"
    reader = editor("view_missingpage")
    assert "http-errors-ignore" not in reader.get(LIST).content.decode()
    assert reader.post(address, {"ignored": "1"}).status_code == 403
    assert admin.post(f"{LIST}{row.pk + 1}/ignore/").status_code == 404
    row.refresh_from_db()
    assert not row.ignored
    assert editor("change_missingpage").post(address, {"ignored": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.ignored


# Folders


def test_a_folder_is_said_to_cover_what_it_covers(admin: Client) -> None:
    """Not only what was ticked."""
    for path in ("/lamps/1/", "/lamps/0", "/lamps", "/lampshades/", "/lamps/*"):
        MissingPage.objects.create(host="testserver", path=path)
    MissingPage.objects.create(host="other.example", path="/lamps/2/")

    def said(*ticked: tuple[str, str]) -> list[str]:
        keys = [MissingPage.objects.get(host=host, path=path).pk for host, path in ticked]
        data = {"action": "remove_together", "_selected_action": keys}
        response = admin.post(LIST, data, follow=True)
        return [str(each) for each in response.context["messages"]]

    one = ("testserver", "/lamps/1/")
    assert said(one) == ["The rule will cover 3 missing pages: /lamps, /lamps/0, /lamps/1/"]
    assert said(one, ("other.example", "/lamps/2/")) == [
        "The rule will cover 4 missing pages: /lamps, /lamps/0, /lamps/1/, /lamps/2/"
    ]
    for number in range(20):
        MissingPage.objects.create(host="testserver", path=f"/lamps/x{number}/")
    (text,) = said(one)
    assert text.startswith("The rule will cover 23 missing pages: /lamps, /lamps/0, ")
    assert text.endswith(", and others")
    # As the list says it afterwards.
    PermanenceRule.objects.create(pattern="/lamps/", kind="prefix", host="testserver")
    done = [each for each in to_do(admin.get(LIST)) if each[0].startswith("Done:")]
    assert len(done) == 24  # with the pattern


# Hosts


def test_a_host_is_shown_where_there_are_several(admin: Client) -> None:
    MissingPage.objects.create(host="a.example", path="/x/", hits=9)
    MissingPage.objects.create(path="*.php", hits=5)
    page = admin.get(LIST)
    assert column(page, "address") == ["/x/", "*.php"]
    MissingPage.objects.create(host="b.example", path="/x/", hits=1)
    page = admin.get(LIST)
    assert column(page, "address") == ["a.example/x/", "*.php", "b.example/x/"]


def test_pages_of_one_host(admin: Client) -> None:
    MissingPage.objects.create(host="a.example", path="/x/")
    assert "By host" not in admin.get(LIST).content.decode()
    MissingPage.objects.create(host="", path="*.php")
    page = admin.get(LIST).content.decode()
    assert re.findall(r'<a href="\?host=([^"]*)">\s*([^<]*?)\s*</a>', page) == [
        ("%2A", "any host"),
        ("a.example", "a.example"),
    ]
    assert column(admin.get(f"{LIST}?host=*"), "address") == ["*.php"]
    assert column(admin.get(f"{LIST}?host=a.example"), "address") == ["/x/"]


# Nothing to show


@pytest.mark.parametrize(
    ("is_counting", "said"),
    [(True, "comes here within a minute"), (False, "There is nothing here, since nothing is")],
)
def test_an_empty_list_says_why(admin: Client, settings: Any, is_counting: bool, said: str) -> None:
    settings.HTTP_ERRORS = {"MISSING_PAGES": is_counting}
    page = admin.get(LIST).content.decode()
    assert said in page
    assert ("Missing pages are not counted." in page) != is_counting
