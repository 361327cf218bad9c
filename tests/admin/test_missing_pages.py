"""The list of missing pages in the admin; what is counted is in tests/core."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from django_http_errors.core import counting
from django_http_errors.core.missing_pages import counter
from django_http_errors.models import ErrorMessage, HidingRule, MissingPage, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from ..factories import ErrorMessageFactory, PermanenceRuleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contexts")]

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


def test_a_folder_that_is_ticked_with_what_is_in_it(admin: Client) -> None:
    paths = ("/blog/", "/blog/2019/", "/blog/2019/january/")
    keys = [MissingPage.objects.create(path=path).pk for path in paths]
    data = {"action": "remove_together", "_selected_action": keys[1:]}
    response = admin.post(LIST, data, follow=True)
    assert response.context["adminform"].form.initial["pattern"] == "/blog/2019/"


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


# What was counted last


@pytest.fixture
def _counted(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is counted, and due to be written."""
    settings.HTTP_ERRORS = {"MISSING_PAGES": True}
    monkeypatch.setattr(counting, "EVERY", 0.0)
    counter.forget()
    Client().get("/none/")


@pytest.mark.usefixtures("_counted")
def test_the_first_look_has_what_is_due(admin: Client) -> None:
    """Nobody else need have asked for anything since then."""
    assert column(admin.get(LIST), "address") == ["/none/"]


@pytest.mark.usefixtures("_counted")
def test_a_look_within_a_transaction_loses_nothing(admin: Client) -> None:
    """What was written in it could be rolled back (ATOMIC_REQUESTS)."""
    with transaction.atomic():
        assert column(admin.get(LIST), "address") == []
    assert column(admin.get(LIST), "address") == ["/none/"]


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


# Rows of editors


@pytest.mark.parametrize(
    ("sent", "saved"),
    [
        (("/old-forum/*", ""), ("", "/old-forum/*")),
        (("*.php", "Testserver:8000"), ("testserver", "*.php")),
        (("http://testserver:8000/old/thread/*", ""), ("testserver", "/old/thread/*")),
        (("www.b\xfccher.example/*/x", ""), ("www.xn--bcher-kva.example", "/*/x")),
        (("/caf%C3%A9/*", "HTTP://127.0.0.1:8371/"), ("127.0.0.1", "/caf\xe9/*")),
        (("https://testserver/a/*", "testserver"), ("testserver", "/a/*")),
    ],
)
def test_a_pattern_is_saved_as_it_is_compared(
    admin: Client, sent: tuple[str, str], saved: tuple[str, str]
) -> None:
    form = dict(zip(("path", "host"), sent, strict=True))
    assert admin.post(f"{LIST}add/", form).status_code == 302
    assert MissingPage.objects.values_list("host", "path").get() == saved


@pytest.mark.parametrize(
    ("path", "host", "error"),
    [
        ("old*", "", "An address begins with a slash: /old*"),
        ("/x/*?y", "", "What stands behind ? is not compared. Write only /x/*"),
        ("/*#y", "", "What stands behind # is not compared. Write only /*"),
        ("/", "", "Write a * for what differs"),
        ("/old/", "", "Write a * for what differs"),
        ("/old/%00*", "", "Control characters are not allowed here."),
        ("/old/*", "a b", "Write the name of the host alone"),
        ("/old/*", "http://testserver/x/", "Write the name of the host alone"),
        ("http://a.example/x/*", "b.example", "Write the host a.example in its own field"),
    ],
)
def test_what_would_count_nothing_is_refused(
    admin: Client, path: str, host: str, error: str
) -> None:
    page = html.unescape(admin.post(f"{LIST}add/", {"path": path, "host": host}).content.decode())
    assert error in page
    assert 'name="confirm"' not in page
    assert not MissingPage.objects.exists()


@pytest.mark.parametrize("path", ["*", "/*", "/**", "http://testserver/*/"])
def test_a_pattern_for_everything_is_confirmed(admin: Client, path: str) -> None:
    assert 'name="confirm"' not in admin.get(f"{LIST}add/").content.decode()
    page = admin.post(f"{LIST}add/", {"path": path}).content.decode()
    assert "no address would be listed any more. If you mean that, tick" in page
    assert page.count('name="confirm"') == 1
    assert not MissingPage.objects.exists()
    admin.post(f"{LIST}add/", {"path": path, "confirm": "on"})
    assert MissingPage.objects.exists()


def test_a_pattern_stays_as_it_is_when_it_is_saved_again(admin: Client) -> None:
    """It was decoded when it was written."""
    admin.post(f"{LIST}add/", {"path": "/a/%2541*"})
    row = MissingPage.objects.get(path="/a/%41*")
    for ignored in ({"ignored": "on"}, {}):
        form = {"path": row.path, **ignored}
        assert admin.post(f"{LIST}{row.pk}/change/", form).status_code == 302
        row.refresh_from_db()
        assert (row.path, row.ignored) == ("/a/%41*", bool(ignored))


def test_of_what_was_counted_only_whether_it_is_ignored_can_be_changed(admin: Client) -> None:
    """It is an address, and may have in it what no pattern may."""
    row = MissingPage.objects.create(host="testserver", path="/x?y/")
    page = admin.get(f"{LIST}{row.pk}/change/").content.decode()
    assert 'name="path"' not in page
    assert "/x?y/" in page
    sent = {"path": "/other/*", "host": "", "ignored": "on"}
    assert admin.post(f"{LIST}{row.pk}/change/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.host, row.path, row.ignored) == ("testserver", "/x?y/", True)
    row = MissingPage.objects.create(path="/old/*")
    assert admin.post(f"{LIST}{row.pk}/change/", {"path": "/older/*"}).status_code == 302
    row.refresh_from_db()
    assert row.path == "/older/*"


# From an address to an answer

ODD = "/a%b/ /(x)/ /^x$ /$ /foo/:id /{id}/ /[id]/ /(a|b)/ /<int:x>/ /a\\d+/ /x?y /x#y /b.+"


@pytest.mark.parametrize("path", [*ODD.split(), "/end ", "/x:80/", "/a b/", "/\u05d0/"])
def test_an_answer_is_for_the_address_and_nothing_else(admin: Client, path: str) -> None:
    """However odd it is: what somebody asked for isn't what another tool would make of it."""
    MissingPage.objects.create(host="testserver", path=path)
    page = html.unescape(admin.get(LIST).content.decode())
    gone, _later, own = re.findall(r'href="([^"]+/add/\?[^"]+)"', page)
    rule = {"permanence": "permanent", "kind": "exact", "enabled": "on"}
    for address, more in ((gone, rule), (own, {"title": "T", "enabled": "on"})):
        initial = admin.get(address).context["adminform"].form.initial
        assert admin.post(address, {**initial, **more}).status_code == 302, address
    rule = PermanenceRule.objects.get()
    assert rule.kind == "exact"
    assert [each.pk for each in snapshots.current().rules.covering(path, "testserver")] == [rule.pk]
    response = Client().get(quote(path, safe="/"), headers={"accept": "text/html"})
    assert response.status_code == 410
    rule.delete()
    response = Client().get(quote(path, safe="/"), headers={"accept": "text/html"})
    assert "<h1>T</h1>" in response.content.decode()


@pytest.mark.parametrize(
    ("path", "offered"),
    [
        (f"/{'a' * 399}", ANSWERS),
        (f"/{'a' * 400}", ANSWERS[:2]),
        (f"/{'%' * 166}", ANSWERS[:2]),
        (f"/{'%' * 167}", []),
    ],
    ids=["short", "long", "with many escapes", "with too many escapes"],
)
def test_what_has_no_room_for_an_address_is_not_offered(
    admin: Client, path: str, offered: list[str]
) -> None:
    MissingPage.objects.create(path=path)
    assert to_do(admin.get(LIST)) == [[*offered, "Ignore"]]


def test_a_folder_with_odd_signs_covers_what_is_in_it(admin: Client) -> None:
    keys = [MissingPage.objects.create(path=f"/100%:a/{number}/").pk for number in range(2)]
    data = {"action": "remove_together", "_selected_action": keys}
    response = admin.post(LIST, data, follow=True)
    (text,) = map(str, response.context["messages"])
    assert text == "The rule will cover 2 missing pages: /100%:a/0/, /100%:a/1/"
    assert response.context["adminform"].form.initial["pattern"] == "/100%25%3Aa/"


# Hidden areas

SECRET = "http://testserver/shop/vault/minutes/"


@pytest.mark.parametrize("may_see", [True, False])
def test_what_was_counted_before_an_area_was_hidden(
    editor: Callable[..., Client], may_see: bool, published: Callable[[], None]
) -> None:
    """Is there for those who may see hidden areas, and only for them; nothing is lost."""
    found = MissingPage.objects.create(host="a.example", path="/shop/vault/merger/", hits=9)
    MissingPage.objects.create(path="/shop/vault/*")
    other = MissingPage.objects.create(path="/shop/x/", hits=5, referrer=SECRET)
    MissingPage.objects.create(path="/shop/y/", hits=3, referrer="http://testserver/negotiated/")
    rights = ("view_missingpage", "change_missingpage", "delete_missingpage", "add_permanencerule")
    client = editor(*rights, *(["view_hidingrule"] if may_see else []))

    def shown() -> set[tuple[bool, bool]]:
        """Return whether the pages name what is hidden, and the page that leads elsewhere."""
        keys = {"_selected_action": [found.pk, other.pk]}
        pages = (
            client.get(LIST),
            client.get(f"{LIST}?ignored=all&o=1"),
            client.get(f"{LIST}{other.pk}/change/"),
            client.post(LIST, {"action": "delete_selected", **keys}),
            client.post(LIST, {"action": "remove_together", **keys}, follow=True),
        )
        texts = [each.content.decode() for each in pages]
        return {("merger" in each, "minutes" in each) for each in texts}

    before = shown()
    assert {any(each) for each in zip(*before, strict=True)} == {True}
    rule = HidingRule.objects.create(pattern="/shop/vault/", kind="prefix")
    published()
    assert shown() == (before if may_see else {(False, False)})
    assert (client.get(f"{LIST}{found.pk}/change/").status_code == 200) == may_see
    # Neither a search tells of it, nor an order or a filter, offered or not.
    assert bool(column(client.get(f"{LIST}?q=/minutes/"), "address")) == may_see
    assert ("?o=5" in client.get(LIST).content.decode()) == may_see
    orders = [column(client.get(f"{LIST}?o={each}"), "address") for each in ("5", "-5")]
    assert (orders[0] != orders[1]) == may_see
    filtered = client.get(f"{LIST}?referrer__contains=minutes")
    assert ("/shop/x/" in filtered.content.decode()) == may_see
    for ignored in ({"ignored": "on"}, {}):
        client.post(f"{LIST}{other.pk}/change/", ignored)
    rule.delete()
    published()
    assert shown() == before


def test_the_page_with_a_link_is_shown_unless_it_is_hidden(editor: Callable[..., Client]) -> None:
    client = editor("view_missingpage")
    HidingRule.objects.create(pattern="/shop/", kind="prefix")
    for page in (SECRET, "http://testserver/negotiated/", "http://a.example/vault/", ""):
        MissingPage.objects.create(path=f"/{MissingPage.objects.count()}/", referrer=page)
    pages = ["-", "http://testserver/negotiated/", "http://a.example/vault/", "-"]
    assert column(client.get(LIST), "linked_from") == pages


@pytest.mark.parametrize("may_see", [True, False])
def test_what_is_hidden_is_in_no_number_and_in_no_filter(
    editor: Callable[..., Client], may_see: bool, published: Callable[[], None]
) -> None:
    for host, path in (("a.example", "/x/"), ("b.example", "/y/"), ("c.example", "/vault/")):
        MissingPage.objects.create(host=host, path=path)
    HidingRule.objects.create(pattern="/vault/", kind="prefix")
    published()
    rights = ("view_missingpage", "add_permanencerule", "add_missingpage")
    client = editor(*rights, *(["view_hidingrule"] if may_see else []))
    assert ("c.example" in client.get(LIST).content.decode()) == may_see
    rule = {"pattern": "/", "kind": "prefix", "permanence": "permanent", "enabled": "on"}
    page = client.post("/admin/django_http_errors/permanencerule/add/", rule).content.decode()
    number = 3 if may_see else 2
    assert f"of the {number} missing pages in the list it covers {number}" in page


@pytest.mark.parametrize("may_see", [True, False])
def test_the_form_leads_to_the_row_that_there_is(
    editor: Callable[..., Client], may_see: bool, published: Callable[[], None]
) -> None:
    """Unless its reader may not see that."""
    client = editor(
        "view_missingpage", "add_missingpage", *(["view_hidingrule"] if may_see else [])
    )
    HidingRule.objects.create(pattern="/vault/", kind="prefix")
    published()
    for path, is_linked in (("/dup/*", True), ("/vault/*", may_see)):
        row = MissingPage.objects.create(path=path)
        page = client.post(f"{LIST}add/", {"path": path}).content.decode()
        assert "There is one already." in page
        assert (f'<a href="{LIST}{row.pk}/change/">{path}</a>' in page) == is_linked
