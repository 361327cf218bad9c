"""The admin, as an editor uses it: through its pages, with Django's client."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.messages import WARNING
from django.forms import modelform_factory
from django.test import Client
from django.urls import clear_script_prefix, reverse, set_script_prefix
from django.utils import timezone

from django_http_errors.admin import (
    ErrorMessageAdmin,
    PermanenceRuleAdmin,
    with_import_export,
)
from django_http_errors.admin.answers import Answer
from django_http_errors.admin.forms import ConfirmedForm, ConfirmedRuleForm
from django_http_errors.core.statuses import STATUSES
from django_http_errors.importing.schema import RULES
from django_http_errors.models import ErrorMessage, HidingRule, MissingPage, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from ..asking import FORMS, PROBLEM
from ..edits import edits_made
from ..factories import ErrorMessageFactory, PermanenceRuleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contexts")]

MODELS = ("errormessage", "permanencerule")
PERMISSIONS = [f"{right}_{model}" for model in MODELS for right in ("view", "add", "change")]

HOSTILE = """"'></iframe></pre><script>alert(1)</script><b>bold"""
# As above, for what has no room for an attribute.
MARKUP = re.compile(r"<script>alert|<b>bold|</iframe></pre>")


def url(name: str, *args: object) -> str:
    return reverse(f"admin:django_http_errors_{name}", args=args)


@pytest.fixture(autouse=True)
def new_store() -> None:
    snapshots.forget()


def signed_in(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


@pytest.fixture
def editor() -> Callable[..., Client]:
    """Sign somebody in who may do what the permissions say and nothing else."""

    def sign_in(*codenames: str, **options: Any) -> Client:
        user = User.objects.create_user(f"editor-{User.objects.count()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return signed_in(user, **options)

    return sign_in


@pytest.fixture
def admin() -> Client:
    """Somebody who may do everything."""
    # Without a password, which takes longer to hash than most of the pages to make.
    return signed_in(User.objects.create_user("admin", is_staff=True, is_superuser=True))


def message_form(**values: str) -> dict[str, str]:
    fields = ("status", "language", "host", "path_prefix", "title", "detail", "permanence")
    blank = dict.fromkeys((*fields, "action_label", "action_url"), "")
    return {**blank, "enabled": "on", **values}


def rule_form(**values: str) -> dict[str, str]:
    """Return what the form sends; a time is written as date, space, time."""
    blank = dict.fromkeys(("pattern", "host", "reason", "replacement", "note"), "")
    form = {**blank, "kind": "exact", "permanence": "permanent", "enabled": "on", **values}
    for name in ("expected_at", "valid_from", "valid_until"):
        form[f"{name}_0"], _, form[f"{name}_1"] = form.pop(name, "").partition(" ")
    return form


FORM = {"errormessage": message_form, "permanencerule": rule_form}


def text_of(response: Any) -> str:
    return response.content.decode()


def pages_in(response: Any) -> list[str]:
    """Return the documents in the frames of a page."""
    return [html.unescape(each) for each in re.findall(r'srcdoc="([^"]*)"', text_of(response))]


def part(response: Any, name: str) -> str:
    """Return the text of a part of a preview, without its tags."""
    found = re.search(rf'data-part="{name}"[^>]*>(.*?)</div>', text_of(response), re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", found[1])).strip() if found else ""


def warned(response: Any) -> list[str]:
    return [str(each) for each in response.context["messages"] if each.level == WARNING]


def history(row: Any) -> list[str]:
    entries = LogEntry.objects.filter(
        object_id=row.pk, action_flag=CHANGE, content_type__model=row._meta.model_name
    )
    return [entry.get_change_message() for entry in entries]


# Permissions: by view, what each of the permissions is enough for.

EITHER_VIEW = {"view_errormessage", "change_errormessage"} | {
    "view_permanencerule",
    "change_permanencerule",
}
VIEWS: dict[str, tuple[str, str, bool, set[str]]] = {
    **{
        f"{model}-{view}": (f"{model}_{view}", method, saved, {f"{each}_{model}" for each in who})
        for model in MODELS
        for view, method, saved, who in (
            ("changelist", "get", False, ("view", "change")),
            ("add", "get", False, ("add",)),
            ("change", "get", True, ("view", "change")),
            ("history", "get", True, ("view", "change")),
        )
    },
    **{
        f"{model}-preview-{'saved' if saved else 'new'}": (
            f"{model}_preview",
            "post",
            saved,
            {f"{'change' if saved else 'add'}_{model}"},
        )
        for model in MODELS
        for saved in (True, False)
    },
    "preview-all": (
        "errormessage_preview_all",
        "get",
        False,
        {"view_errormessage", "change_errormessage"},
    ),
    "try": ("permanencerule_try", "get", False, EITHER_VIEW),
}


@pytest.mark.parametrize(("name", "method", "saved", "enough"), VIEWS.values(), ids=VIEWS)
def test_permissions(
    editor: Callable[..., Client],
    client: Client,
    name: str,
    method: str,
    saved: bool,
    enough: set[str],
) -> None:
    """Each view asks for the permission of its model, and takes no other for it."""
    factory = ErrorMessageFactory if name.startswith("errormessage") else PermanenceRuleFactory
    address = url(name, *([factory().pk] if saved else []))
    allowed = set()
    for permission in PERMISSIONS:
        response = getattr(editor(permission), method)(address)
        assert response.status_code in (200, 403)
        if response.status_code == 200:
            allowed.add(permission)
    assert allowed == enough
    assert getattr(editor(), method)(address).status_code == 403
    assert "login" in getattr(client, method)(address)["Location"]


def test_a_generation_is_no_business_of_editors(admin: Client) -> None:
    page = text_of(admin.get("/admin/django_http_errors/"))
    assert "eneration" not in page


def test_the_index_and_the_changelists_lead_to_the_other_pages(
    admin: Client, editor: Callable[..., Client]
) -> None:
    attempt, all_previews = url("permanencerule_try"), url("errormessage_preview_all")
    index = "/admin/django_http_errors/"
    for address in (index, url("errormessage_changelist")):
        page = text_of(admin.get(address))
        assert f'href="{attempt}"' in page
        assert f'href="{all_previews}"' in page
    assert f'href="{attempt}"' in text_of(admin.get(url("permanencerule_changelist")))
    rules_only = text_of(editor("view_permanencerule").get(index))
    assert f'href="{attempt}"' in rules_only
    assert f'href="{all_previews}"' not in rules_only
    assert attempt not in text_of(editor("add_permanencerule").get(index))


@pytest.mark.parametrize("model", [*MODELS, "hidingrule", "missingpage"])
@pytest.mark.parametrize("right", ["view", "change", "add", "delete"])
def test_an_address_is_tried_by_those_who_are_led_there(
    editor: Callable[..., Client], right: str, model: str
) -> None:
    """From the index of the app, and from the lists."""
    attempt = url("permanencerule_try")
    client = editor(f"{right}_{model}")
    may = client.get(attempt).status_code == 200
    assert may == (right in ("view", "change") and model != "missingpage")
    index = text_of(client.get("/admin/django_http_errors/"))
    assert (f'href="{attempt}"' in index) == ("See what visitors see" in index) == may
    shown = editor(f"{right}_{model}", f"view_{model}")
    page = text_of(shown.get(url(f"{model}_changelist")))
    assert (f'href="{attempt}"' in page) == (model != "missingpage")
    assert (f'href="{url("errormessage_preview_all")}"' in page) == (model == "errormessage")


def test_who_may_only_add_messages_is_not_led_to_where_one_is_tried(
    editor: Callable[..., Client],
) -> None:
    for permissions, may in ((("add_errormessage",), False), (EITHER_VIEW, True)):
        ErrorMessage.objects.all().delete()
        client = editor("add_errormessage", *permissions)
        response = client.post(url("errormessage_add"), message_form(title="T"), follow=True)
        said = " ".join(map(str, response.context["messages"]))
        assert "A 404 at /example/ says: 404 T." in said
        assert ("View it" in said) == may


# Messages


def test_messages_can_be_read_as_a_matrix(admin: Client) -> None:
    ErrorMessageFactory(status="404", path_prefix="/shop/", host="a.example", title="Sold out")
    ErrorMessageFactory(status="5xx", path_prefix="", language="de", title="")
    ErrorMessageFactory(status="", path_prefix="", title="Oh")
    page = re.sub(r"<[^>]+>|\s+", " ", text_of(admin.get(url("errormessage_changelist"))))
    rows = " ".join(page.split())
    assert "404 Not Found a.example/shop/ any language Sold out" in rows
    assert "5xx: every error from 500 to 599 everywhere German (de) built-in text" in rows
    assert "any error everywhere any language Oh" in rows


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"a", "b", "c", "d"}),
        ("?class=4", {"a", "b"}),
        ("?class=5", {"c"}),
        ("?class=any", {"d"}),
        ("?language=de", {"b"}),
        ("?language=any", {"a", "c", "d"}),
        ("?enabled__exact=0", {"d"}),
        ("?q=/shop/", {"a"}),
        ("?q=b", {"b"}),
    ],
)
def test_messages_can_be_found(admin: Client, query: str, titles: set[str]) -> None:
    for title, fields in {
        "a": {"status": "404", "path_prefix": "/shop/"},
        "b": {"status": "4xx", "language": "de"},
        "c": {"status": "503"},
        "d": {"status": "", "enabled": False},
    }.items():
        ErrorMessageFactory(title=title, detail="", **fields)
    found = admin.get(url("errormessage_changelist") + query).context["cl"].result_list
    assert {row.title for row in found} == titles


def test_a_message_is_switched_off_in_the_list(admin: Client) -> None:
    row, other = ErrorMessageFactory(), ErrorMessageFactory()
    before = edits_made()
    admin.post(
        url("errormessage_changelist"),
        {
            "form-TOTAL_FORMS": "2",
            "form-INITIAL_FORMS": "2",
            "form-0-id": str(row.pk),
            "form-1-id": str(other.pk),
            "form-1-enabled": "on",
            "_save": "Save",
        },
    )
    row.refresh_from_db()
    assert not row.enabled
    assert edits_made() == before + 1
    assert (history(row), history(other)) == (["Changed Enabled."], [])


@pytest.mark.parametrize("saved", [True, False])
def test_a_preview_shows_the_form_and_saves_nothing(admin: Client, saved: bool) -> None:
    rows = [ErrorMessageFactory(path_prefix="/shop/", title="As saved")] if saved else []
    before = list(ErrorMessage.objects.values()), edits_made()
    response = admin.post(
        url("errormessage_preview", *[row.pk for row in rows]),
        message_form(status="404", path_prefix="/shop/", title="As in the form"),
    )
    assert (list(ErrorMessage.objects.values()), edits_made()) == before
    assert LogEntry.objects.count() == 0
    assert part(response, "summary") == "A 404 at /shop/ says: 404 As in the form."
    assert part(response, "errors") == part(response, "warnings") == ""
    (page,) = pages_in(response)
    assert "<h1>As in the form</h1>" in page
    assert page.startswith("<!doctype html>")
    assert "&quot;title&quot;: &quot;As in the form&quot;" in text_of(response)
    assert "As saved" not in text_of(response)
    assert "PROBLEM" not in text_of(response)


@pytest.mark.parametrize(
    ("message", "asked", "summary", "said"),
    [
        ({}, {}, "A 404 at /example/ says: 404 T.", "D"),
        ({"status": "4xx"}, {}, "A 404 at /example/ says: 404 T.", "D"),
        ({"status": "5xx"}, {}, "A 500 at /example/ says: 500 T.", "D"),
        ({"status": "499"}, {}, "A 499 at /example/ says: 499 T.", "D"),
        ({"status": "4xx"}, {"status": "403"}, "A 403 at /example/ says: 403 T.", "D"),
        ({"detail": "{path}!"}, {"address": "/a/b?c"}, "A 404 at /a/b says: 404 T.", "/a/b!"),
        ({"detail": "{path}!"}, {"address": "/a b/ä"}, "A 404 at /a b/ä says: 404 T.", "/a b/ä!"),
        (
            {"detail": "{host}"},
            {"address": "https://localhost:8000/x"},
            "A 404 at /x says: 404 T.",
            "localhost",
        ),
        ({"detail": "{host}"}, {"host": "127.0.0.1"}, "A 404 at /example/ says", "127.0.0.1"),
        ({"detail": "{host}"}, {}, "A 404 at /example/ says: 404 T.", "testserver"),
        ({"language": "de"}, {}, "A 404 at /example/ says: 404 T.", 'lang="de"'),
        ({"language": ""}, {"language": "de"}, "A 404 at /example/", 'lang="de"'),
        ({"path_prefix": "/50%/"}, {}, "A 404 at /50%/ says: 404 T.", "D"),
        ({"permanence": "temporary"}, {}, "A 404 at /example/", 'class="permanence temporary"'),
    ],
)
def test_what_is_previewed(
    admin: Client, message: dict, asked: dict, summary: str, said: str
) -> None:
    values = message_form(**{"title": "T", "detail": "D", **message})
    values |= {f"preview-{name}": value for name, value in asked.items()}
    response = admin.post(url("errormessage_preview"), values)
    assert part(response, "errors") == part(response, "warnings") == ""
    assert summary in part(response, "summary")
    assert said in pages_in(response)[0]


@pytest.mark.parametrize(
    ("message", "asked", "note"),
    [
        ({"enabled": ""}, {}, "The message is switched off."),
        ({"status": "404"}, {"status": "503"}, "This message is not for what is shown here"),
        ({"path_prefix": "/shop/"}, {"address": "/x"}, "This message is not for what is shown"),
        ({"language": "de"}, {"language": "en"}, "This message is not for what is shown here"),
        ({"status": ""}, {"address": "/taken/x"}, "More specific messages have all the words"),
        ({"host": "other.example"}, {}, "not answer at other.example: it is not in ALLOWED_HOSTS"),
        ({"status": "404"}, {"address": "/gone/"}, "This message is not for what is shown here"),
    ],
)
def test_why_a_message_is_not_seen(admin: Client, message: dict, asked: dict, note: str) -> None:
    PermanenceRuleFactory(pattern="/gone/")
    ErrorMessageFactory(path_prefix="/taken/", permanence="permanent")
    values = message_form(**{"title": "T", "detail": "D", **message})
    values |= {f"preview-{name}": value for name, value in asked.items()}
    response = admin.post(url("errormessage_preview"), values)
    assert note in part(response, "warnings")


def test_a_preview_is_made_of_what_is_right_in_the_form(admin: Client) -> None:
    response = admin.post(
        url("errormessage_preview"),
        message_form(status="200", title="Fine", detail="{nonsense}", host="https://a.example/"),
    )
    errors = part(response, "errors")
    assert "Status: 200 is no error." in errors
    assert "Detail: {nonsense} is no placeholder." in errors
    assert "Host: Write the name of the host alone" in errors
    assert "<h1>Fine</h1>" in pages_in(response)[0]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"address": "shop"}, "Address: An address begins with a slash: /shop"),
        ({"address": "/" + 5000 * "x"}, "Address: Ensure this value has at most 2000 characters"),
        ({"address": "/\x00"}, "Address: Null characters are not allowed."),
        ({"host": "a b"}, "Host: Write the name of the host alone"),
        ({"status": "200"}, "Status: Select a valid choice."),
        ({"language": "klingon"}, "Language: Select a valid choice."),
    ],
)
def test_nonsense_that_is_asked_for(admin: Client, asked: dict, error: str) -> None:
    values = message_form(title="T") | {f"preview-{name}": each for name, each in asked.items()}
    response = admin.post(url("errormessage_preview"), values)
    assert error in part(response, "errors")
    assert part(response, "summary") == "A 404 at /example/ says: 404 T."


@pytest.mark.parametrize("model", MODELS)
def test_a_fragment_is_the_result_alone(admin: Client, model: str) -> None:
    """With JavaScript the result goes into the page, without it into a page of its own."""
    values = FORM[model](**({"pattern": "/x/"} if model == "permanencerule" else {}))
    whole = admin.post(url(f"{model}_preview"), values)
    assert "<title>" in text_of(whole)
    assert "Nothing has been saved" in text_of(whole)
    fragment = admin.post(url(f"{model}_preview"), values | {"preview-fragment": "1"})
    assert "<title>" not in re.sub(r'srcdoc="[^"]*"', "", text_of(fragment))
    for response in (whole, fragment):
        parts = re.findall(r'data-part="(\w+)"', text_of(response))
        assert parts == ["summary", "errors", "warnings", "answers"]


@pytest.mark.parametrize(
    ("nonce", "used"),
    [("abcDEF012+/=-_", True), ('x"><script>', False), ("x" * 200, False), ("", False)],
)
def test_the_page_has_the_nonce_of_what_it_is_shown_in(
    admin: Client, nonce: str, used: bool
) -> None:
    """A frame without an address of its own is under the policy of the page around it."""
    values = message_form(title="T") | {"preview-nonce": nonce, "preview-fragment": "1"}
    (page,) = pages_in(admin.post(url("errormessage_preview"), values))
    assert (f' nonce="{nonce}">' in page) == used
    assert "<script" not in page


@pytest.mark.parametrize("model", MODELS)
def test_a_preview_is_protected(editor: Callable[..., Client], model: str) -> None:
    client = editor(f"add_{model}", enforce_csrf_checks=True)
    assert client.post(url(f"{model}_preview"), FORM[model]()).status_code == 403
    assert client.get(url(f"{model}_preview")).status_code == 405
    assert editor(f"change_{model}").post(url(f"{model}_preview", 999)).status_code == 404


def test_the_form_has_its_preview(admin: Client, editor: Callable[..., Client]) -> None:
    """Also before a script has asked for it; an editor who may not save sees it all the same."""
    row = ErrorMessageFactory(path_prefix="/shop/", title="Sold out")
    address = url("errormessage_change", row.pk)
    for client, may_save in ((admin, True), (editor("view_errormessage"), False)):
        response = client.get(address)
        assert part(response, "summary") == "A 404 at /shop/ says: 404 Sold out."
        preview = f'formaction="{url("errormessage_preview", row.pk)}"'
        assert (preview in text_of(response)) == may_save
    page = text_of(admin.get(url("errormessage_add")))
    assert f'formaction="{url("errormessage_preview")}"' in page
    # Enter presses the first button of a form.
    assert page.index('name="_save"') < page.index("formaction")


@pytest.mark.parametrize("language", ["", "de", "en"])
def test_every_status_in_every_format(
    admin: Client, language: str, published: Callable[[], None]
) -> None:
    ErrorMessageFactory(status="503", language="de", path_prefix="", title="Wir räumen auf")
    published()
    query = {"language": language} if language else {}
    response = admin.get(url("errormessage_preview_all"), query)
    pages, text = pages_in(response), text_of(response)
    assert len(pages) == len(STATUSES)
    for entry, page in zip(STATUSES.values(), pages, strict=True):
        assert f'id="status-{entry.code}"' in text
        assert f'<p class="status">{entry.code}</p>' in page
        assert f'<html lang="{language or "en"}"' in page
    for form in FORMS:
        heading = "The page" if form == "text/html" else form
        assert text.count(f"<h3>{heading}</h3>") == len(STATUSES)
    assert text.count("<summary>For programs</summary>") == len(STATUSES)
    assert text.count('loading="lazy"') == len(STATUSES)
    assert ("Wir räumen auf" in text) == (language == "de")


def test_a_whole_address_can_be_pasted(admin: Client, published: Callable[[], None]) -> None:
    ErrorMessageFactory(path_prefix="/shop/", title="Sold out")
    published()
    address = {"address": "http://testserver/shop/lamp?colour=red#top"}
    assert "Sold out" in text_of(admin.get(url("errormessage_preview_all"), address))
    wrong = admin.get(url("errormessage_preview_all"), {"address": "shop"})
    assert "An address begins with a slash: /shop" in text_of(wrong)


# Rules


def test_what_the_list_of_rules_says(admin: Client) -> None:
    now = timezone.now()
    PermanenceRuleFactory(pattern="/live/", author="kim")
    PermanenceRuleFactory(pattern="/soon/", valid_from=now + timedelta(days=1))
    PermanenceRuleFactory(pattern="/over/", valid_until=now - timedelta(days=1))
    PermanenceRuleFactory(pattern="/off/", enabled=False, source="import")
    winner = PermanenceRuleFactory(pattern="/shop/", kind="prefix", permanence="temporary")
    PermanenceRuleFactory(pattern="/shop/<int:item>/", kind="route")
    response = admin.get(url("permanencerule_changelist"))
    shown = {
        row.pattern: (str(row.answer), row.state) for row in response.context["cl"].result_list
    }
    assert {pattern: state for pattern, (_, state) in shown.items()} == {
        "/live/": "live",
        "/soon/": "pending",
        "/over/": "expired",
        "/off/": "disabled",
        "/shop/": "live",
        "/shop/<int:item>/": "shadowed",
    }
    assert shown["/shop/"][0] == "back later (404)"
    page = " ".join(text_of(response).split())
    address = url("permanencerule_change", winner.pk)
    assert f'overridden</span> by <a href="{address}">/shop/</a>' in page


@pytest.mark.parametrize("model", ["permanencerule", "hidingrule"])
def test_a_host_is_shown_with_the_address(admin: Client, model: str) -> None:
    """Most rules are for any host, and a column of its own would be empty."""
    rows = apps.get_model("django_http_errors", model).objects
    rows.create(pattern="/a/", host="shop.example")
    rows.create(pattern="/b/")
    page = text_of(admin.get(url(f"{model}_changelist")))
    assert re.findall(r">([^<]*)</a></th>", page) == ["shop.example/a/", "/b/"]


@pytest.mark.parametrize("is_counting", [True, False])
def test_visits_have_the_room_of_who_made_a_rule(
    admin: Client, settings: Any, is_counting: bool
) -> None:
    settings.HTTP_ERRORS = {"MISSING_PAGES": is_counting}
    PermanenceRuleFactory(author="kim")
    page = text_of(admin.get(url("permanencerule_changelist")))
    columns = re.findall(r'<t[hd] class="field-(\w+)', page)
    counted = ["hits", "last_hit_on", "kind"] if is_counting else ["kind", "made_by"]
    assert columns == ["address", "answer", "state", *counted]


def test_an_asterisk_alone_is_everything(admin: Client) -> None:
    """To the error as to what is offered."""
    page = text_of(admin.post(url("permanencerule_add"), rule_form(pattern="*")))
    assert "Choose “this address and everything below it”, and write /" in page
    assert "Save this instead: /, this address and everything below it" in page
    assert "any1" not in page


@pytest.mark.parametrize(
    ("pasted", "offered", "saved"),
    [
        (
            "/old/*",
            "/old/, this address and everything below it",
            ("prefix", "/old/", ""),
        ),
        (
            "/items/:id",
            "/items/&lt;str:id&gt;, addresses that match a pattern",
            ("route", "/items/<str:id>", ""),
        ),
        (
            "https://Shop.example:443/lamps/?page=2",
            "/lamps/, at shop.example. What stood behind ? or # is left out",
            ("exact", "/lamps/", "shop.example"),
        ),
        (
            "/lamps/?page=2",
            "/lamps/. What stood behind ? or # is left out: the rule is for whatever stands there.",
            ("exact", "/lamps/", ""),
        ),
        ("www.example.com/foo", "/foo, at www.example.com", ("exact", "/foo", "www.example.com")),
        ("localhost:8000/foo", "/foo, at localhost", ("exact", "/foo", "localhost")),
        ("old-lamps", "/old-lamps", ("exact", "/old-lamps", "")),
        (
            "index.php?id=5",
            "/index.php. What stood behind ? or # is left out",
            ("exact", "/index.php", ""),
        ),
        (
            "https://www.example.com/index.php?id=5",
            "/index.php, at www.example.com. What stood behind ? or # is left out",
            ("exact", "/index.php", "www.example.com"),
        ),
        (
            "/archive/<int:year>/",
            "/archive/&lt;int:year&gt;/, addresses that match a pattern",
            ("route", "/archive/<int:year>/", ""),
        ),
        (
            "*/foo",
            "/&lt;str:any1&gt;/foo, addresses that match a pattern",
            ("route", "/<str:any1>/foo", ""),
        ),
        (
            "https://bücher.example/x/",
            "/x/, at xn--bcher-kva.example",
            ("exact", "/x/", "xn--bcher-kva.example"),
        ),
    ],
)
def test_what_is_pasted_is_understood_and_offered(
    admin: Client, pasted: str, offered: str, saved: tuple[str, str, str]
) -> None:
    """Refused at first, with what was meant; taken when it is saved again."""
    response = admin.post(url("permanencerule_add"), rule_form(pattern=pasted))
    assert response.status_code == 200
    assert f"Save this instead: {offered}" in text_of(response)
    assert not PermanenceRule.objects.exists()
    form = rule_form(pattern=pasted, use_suggestion="1")
    assert admin.post(url("permanencerule_add"), form).status_code == 302
    assert PermanenceRule.objects.values_list("kind", "pattern", "host").get() == saved


@pytest.mark.parametrize(
    ("pasted", "path"),
    [
        ("https://www.example.com/app/old/", "/old/"),
        ("https://www.example.com/app", "/"),
        ("www.example.com/app/app/old/", "/app/old/"),
        ("https://www.example.com/application/", "/application/"),
    ],
)
def test_a_whole_url_of_a_site_below_a_path(admin: Client, pasted: str, path: str) -> None:
    adding = url("permanencerule_add")
    form = rule_form(pattern=pasted)
    set_script_prefix("/app/")
    try:
        page = text_of(admin.post(adding, form))
        assert f"Save this instead: {path}, at www.example.com" in page
        assert f"and here only {path}<" in page or "://" not in pasted
        form |= {"use_suggestion": "1", "confirm": "on"}
        assert admin.post(adding, form).status_code == 302
    finally:
        clear_script_prefix()
    assert PermanenceRule.objects.get().pattern == path


@pytest.mark.parametrize("model", ["permanencerule", "hidingrule"])
def test_what_the_site_is_below_is_no_part_of_a_pattern(admin: Client, model: str) -> None:
    """A site may have views below /app/app/: who means those confirms it."""
    adding = url(f"{model}_add")
    form = rule_form(pattern="/app/new/", exempt="nobody")
    words = "What the site is below (/app/) is left out here. Write /new/"
    set_script_prefix("/app/")
    try:
        page = text_of(admin.post(adding, form))
        assert words in page
        assert 'name="confirm"' in page
        assert admin.post(adding, {**form, "pattern": "/new/"}).status_code == 302
        assert admin.post(adding, {**form, "confirm": "on"}).status_code == 302
    finally:
        clear_script_prefix()
    rows = {"permanencerule": PermanenceRule, "hidingrule": HidingRule}[model].objects
    assert set(rows.values_list("pattern", flat=True)) == {"/new/", "/app/new/"}


def test_an_address_of_a_site_below_a_path_is_tried_as_it_is_asked_for(admin: Client) -> None:
    trying = url("permanencerule_try")
    rule = PermanenceRuleFactory(pattern="/old/")
    set_script_prefix("/app/")
    try:
        page = text_of(admin.get(trying, {"address": "https://testserver/app/old/?a=b"}))
    finally:
        clear_script_prefix()
    assert str(rule) in page
    assert "decides" in page


def test_a_prefix_with_a_parameter_is_offered_as_a_route(admin: Client) -> None:
    form = rule_form(pattern="/k/<int:id>/", kind="prefix")
    page = text_of(admin.post(url("permanencerule_add"), form))
    offered = "/k/&lt;int:id&gt;/&lt;path:rest&gt;, addresses that match a pattern"
    below = "This covers only what is below the address"
    assert f"Save this instead: {offered}. {below}" in page
    form["use_suggestion"] = "1"
    assert admin.post(url("permanencerule_add"), form).status_code == 302
    rule = PermanenceRule.objects.get()
    assert (rule.kind, rule.pattern) == ("route", "/k/<int:id>/<path:rest>")


@pytest.mark.parametrize("pattern", ["^/a/(?!b)", "foo(bar|baz)/"])
def test_what_is_wrong_with_a_pattern_is_said_once(admin: Client, pattern: str) -> None:
    response = admin.post(url("permanencerule_add"), rule_form(pattern=pattern))
    errors = response.context["adminform"].form.errors["pattern"]
    assert errors[0].startswith("An address begins with a slash")
    assert len(errors) == len(set(errors))


@pytest.mark.parametrize(
    "pattern",
    [
        "no slash",
        "/?id=7",
        "?id=7",
        "https://[/",
        "/<nothing:x>/",
        "javascript:x",
        "ftp://a/",
        "#a",
    ],
)
def test_where_nobody_knows_what_was_meant_nothing_is_offered(admin: Client, pattern: str) -> None:
    form = rule_form(pattern=pattern, kind="route", use_suggestion="1")
    response = admin.post(url("permanencerule_add"), form)
    assert response.status_code == 200
    assert "Save this instead" not in text_of(response)


def test_an_escape_is_no_wildcard(admin: Client) -> None:
    form = rule_form(pattern="/wiki/M%2AA%2AS%2AH")
    assert admin.post(url("permanencerule_add"), form).status_code == 302
    rule = PermanenceRule.objects.get()
    assert (rule.kind, rule.pattern) == ("exact", "/wiki/M*A*S*H")
    # Nor is it one when the rule is edited, but it is in another one.
    form = rule_form(pattern=rule.pattern, note="x")
    assert admin.post(url("permanencerule_change", rule.pk), form).status_code == 302
    assert admin.post(url("permanencerule_add"), rule_form(pattern="/x*")).status_code == 200
    form = {"pattern": "/a%2Ab/", "kind": "prefix", "exempt": "nobody", "enabled": "on"}
    assert admin.post(url("hidingrule_add"), form).status_code == 302
    hiding = HidingRule.objects.get()
    form["pattern"] = hiding.pattern
    assert form["pattern"] == "/a*b/"
    assert admin.post(url("hidingrule_change", hiding.pk), form).status_code == 302
    assert admin.post(url("hidingrule_add"), {**form, "pattern": "/x*"}).status_code == 200


def test_what_is_wrong_with_a_field_that_is_not_in_the_form_is_said_all_the_same(db: None) -> None:
    form_class = modelform_factory(HidingRule, form=ConfirmedForm, fields=["note"])
    form = form_class({"note": "x"}, instance=HidingRule.objects.create(pattern="/", kind="prefix"))
    assert "If you mean that, tick" in str(form.errors["__all__"])
    rule = PermanenceRuleFactory(pattern="/", kind="prefix")
    form_class = modelform_factory(PermanenceRule, form=ConfirmedRuleForm, fields=["note"])
    form = form_class({"note": "x"}, instance=rule)
    assert "If you mean that, tick" in str(form.errors["__all__"])


def test_a_hiding_rule_is_offered_what_was_meant_too(admin: Client) -> None:
    form = {"pattern": "/vault/*", "kind": "exact", "exempt": "nobody", "enabled": "on"}
    page = text_of(admin.post(url("hidingrule_add"), form))
    assert "Save this instead: /vault/, this address and everything below it" in page
    admin.post(url("hidingrule_add"), {**form, "use_suggestion": "1"})
    assert HidingRule.objects.values_list("kind", "pattern").get() == ("prefix", "/vault/")


@pytest.mark.parametrize(
    ("query", "patterns"),
    [
        ("?state=live", {"/live/"}),
        ("?state=pending", {"/soon/"}),
        ("?state=expired", {"/over/"}),
        ("?state=disabled", {"/off/"}),
        ("?state=nonsense", {"/live/", "/soon/", "/over/", "/off/"}),
        ("?source__exact=import", {"/off/"}),
        ("?q=kim", {"/live/"}),
        ("?q=/soon", {"/soon/"}),
    ],
)
def test_rules_can_be_found(admin: Client, query: str, patterns: set[str]) -> None:
    now = timezone.now()
    PermanenceRuleFactory(pattern="/live/", author="kim")
    PermanenceRuleFactory(pattern="/soon/", valid_from=now + timedelta(days=1))
    PermanenceRuleFactory(pattern="/over/", valid_until=now - timedelta(days=1))
    PermanenceRuleFactory(
        pattern="/off/", valid_from=now + timedelta(days=1), enabled=False, source="import"
    )
    response = admin.get(url("permanencerule_changelist") + query)
    assert {row.pattern for row in response.context["cl"].result_list} == patterns


def test_the_list_of_rules_asks_no_more_for_more_rules(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        PermanenceRuleFactory()
    with django_assert_max_num_queries(20):
        admin.get(url("permanencerule_changelist"))


@pytest.mark.parametrize("saved", [True, False])
def test_the_sentence_and_the_warnings_of_the_form(admin: Client, saved: bool) -> None:
    rows = [PermanenceRuleFactory(pattern="/as-saved/")] if saved else []
    PermanenceRuleFactory(pattern="/documents/7/")
    before = list(PermanenceRule.objects.values()), edits_made()
    response = admin.post(
        url("permanencerule_preview", *[row.pk for row in rows]),
        rule_form(pattern="/documents/", kind="prefix", reason="They are <gone>."),
    )
    assert (list(PermanenceRule.objects.values()), edits_made()) == before
    assert part(response, "summary") == (
        "Visitors of /documents/ and everything below are told from now on that it is gone for good"
        " (410)."
    )
    warnings = part(response, "warnings")
    assert "The site has views below /documents/: /documents/<int:pk>/." in warnings
    assert "This rule covers addresses of others, which go before it: /documents/7/" in warnings
    assert "They are &lt;gone&gt;." in pages_in(response)[0]


@pytest.mark.parametrize(
    ("values", "summary", "error"),
    [
        ({}, "Write an address to see what will happen.", ""),
        ({"pattern": "old-shop"}, "This can not be saved yet.", "begins with a slash: /old-shop"),
        ({"pattern": "/a?b=c"}, "This can not be saved yet.", "is not compared. Write only /a"),
        ({"pattern": "/a#b"}, "This can not be saved yet.", "is not compared. Write only /a"),
        (
            {"pattern": "/a", "expected_at": "2030-01-01 00:00:00"},
            "This can not be saved yet.",
            "Expected: Only what is not there yet, or back later, can be expected.",
        ),
        ({"pattern": "/taken/"}, "This can not be saved yet.", "There is one already."),
    ],
)
def test_what_can_not_be_saved_yet(admin: Client, values: dict, summary: str, error: str) -> None:
    PermanenceRuleFactory(pattern="/taken/")
    response = admin.post(url("permanencerule_preview"), rule_form(**values))
    assert part(response, "summary") == summary
    assert error in part(response, "errors")
    assert pages_in(response) == []


@pytest.mark.parametrize(
    "values",
    [
        {"enabled": ""},
        {"valid_from": "2999-01-01 00:00:00"},
        {"valid_until": "2001-01-01 00:00:00"},
        {"kind": "route", "pattern": "/x/<int:y>/"},
        {"kind": "prefix", "pattern": "/"},
        {"host": "other.example"},
        {"pattern": "/50%25/"},
    ],
)
def test_the_page_is_that_of_the_rule_in_force(admin: Client, values: dict) -> None:
    form = rule_form(**{"pattern": "/x/", "reason": "Taken down.", **values})
    (page,) = pages_in(admin.post(url("permanencerule_preview"), form))
    assert ("Taken down." in page) == ("host" not in values)


def test_a_reason_that_a_message_replaces(admin: Client) -> None:
    ErrorMessageFactory(status="410", path_prefix="", detail="Gone, and that is that.")
    response = admin.post(url("permanencerule_preview"), rule_form(pattern="/x/", reason="Why"))
    assert "Visitors do not see the reason: the error message “410" in part(response, "warnings")


def test_saving_a_rule(admin: Client) -> None:
    PermanenceRuleFactory(pattern="/shop/", kind="prefix")
    response = admin.post(url("permanencerule_add"), rule_form(pattern="/shop/lamps/"), follow=True)
    rule = PermanenceRule.objects.get(pattern="/shop/lamps/")
    assert (rule.source, rule.author) == ("admin", "admin")
    assert warned(response) == [
        (
            "Another rule covers this already, and this one goes before it: /shop/ (this address"
            " and everything below it)."
        )
    ]
    rule.source = "code"
    rule.author = ""
    rule.save()
    address = url("permanencerule_change", rule.pk)
    response = admin.post(address, rule_form(pattern="/shop/lamps/", note="Why"), follow=True)
    rule.refresh_from_db()
    assert (rule.source, rule.author, rule.note) == ("admin", "admin", "Why")
    assert len(warned(response)) == 1
    assert history(rule) == ["Changed Note."]


ACTIONS = {
    "enable": ({"enabled": False}, {"enabled": True}, "Enabled"),
    "disable": ({"enabled": True}, {"enabled": False}, "Enabled"),
    "make_permanent": (
        {"permanence": "temporary", "expected_at": timezone.now()},
        {"permanence": "permanent", "expected_at": None},
        "What has become of it and Expected",
    ),
    "make_temporary": (
        {"permanence": "permanent"},
        {"permanence": "temporary"},
        "What has become of it",
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_rules_are_edited_together(admin: Client, action: str) -> None:
    before, after, fields = ACTIONS[action]
    rows = [PermanenceRuleFactory(**before) for _ in range(3)]
    done = PermanenceRuleFactory(**after)
    left = PermanenceRuleFactory(**before)
    generation, updated = edits_made(), rows[0].updated_at
    response = admin.post(
        url("permanencerule_changelist"),
        {"action": action, "_selected_action": [row.pk for row in (*rows, done)]},
        follow=True,
    )
    assert "3 removed pages were changed." in text_of(response)
    assert edits_made() == generation + 1
    for row in rows:
        row.refresh_from_db()
        assert {name: getattr(row, name) for name in after} == after
        assert history(row) == [f"Changed {fields}."]
        assert row.updated_at > updated
        row.full_clean()
    assert history(done) == history(left) == []
    left.refresh_from_db()
    assert {name: getattr(left, name) for name in before} == before


def test_an_edit_of_many_that_changes_nothing(admin: Client) -> None:
    rule = PermanenceRuleFactory()
    before = edits_made()
    chosen = {"action": "enable", "_selected_action": [rule.pk]}
    response = admin.post(url("permanencerule_changelist"), chosen, follow=True)
    assert "0 removed pages were changed." in text_of(response)
    assert edits_made() == before


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_messages_are_edited_together(admin: Client, action: str) -> None:
    rows = [ErrorMessageFactory(enabled=action == "disable") for _ in range(2)]
    before = edits_made()
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    admin.post(url("errormessage_changelist"), chosen)
    assert {row.enabled for row in ErrorMessage.objects.all()} == {action == "enable"}
    assert [history(row) for row in rows] == [["Changed Enabled."]] * 2
    assert edits_made() == before + 1


def test_deleting_together_is_in_the_history(admin: Client) -> None:
    rows = [PermanenceRuleFactory() for _ in range(2)]
    before = edits_made()
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    admin.post(url("permanencerule_changelist"), chosen | {"post": "yes"})
    assert PermanenceRule.objects.count() == 0
    assert LogEntry.objects.count() == 2
    assert edits_made() > before


@pytest.mark.parametrize(
    ("permission", "actions"),
    [
        ("view", {"export"}),
        ("change", {"export", "enable", "disable", "make_permanent", "make_temporary"}),
    ],
)
def test_actions_need_permission(
    editor: Callable[..., Client], permission: str, actions: set[str]
) -> None:
    rule = PermanenceRuleFactory(enabled=False, permanence="temporary")
    client = editor(f"{permission}_permanencerule")
    page = text_of(client.get(url("permanencerule_changelist")))
    offered = set(re.findall(r'<option value="(\w+)">(?:Enable|Disable|Say|Export)', page))
    assert offered == actions
    chosen = {"action": "enable", "_selected_action": [rule.pk]}
    client.post(url("permanencerule_changelist"), chosen)
    rule.refresh_from_db()
    assert rule.enabled == ("enable" in actions)


def test_rules_are_exported(admin: Client) -> None:
    moment = timezone.now().replace(microsecond=0)
    row = PermanenceRuleFactory(
        pattern="/x/", reason='Two\r\nlines, "quoted"', permanence="temporary", expected_at=moment
    )
    PermanenceRuleFactory(pattern="/not-chosen/")
    chosen = {"action": "export", "_selected_action": [row.pk]}
    response = admin.post(url("permanencerule_changelist"), chosen)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode()
    (record,) = csv.DictReader(io.StringIO(text, newline=""))
    assert tuple(record) == RULES.columns
    for name in RULES.columns:
        assert RULES.value(name, record[name]) == getattr(row, name), name


# Try an address


def attempt(client: Client, **asked: object) -> Any:
    return client.get(url("permanencerule_try"), asked)


def test_the_rules_considered_and_the_winner(admin: Client) -> None:
    now = timezone.now()
    PermanenceRuleFactory(pattern="/shop/", kind="prefix")
    PermanenceRuleFactory(pattern="/shop/<slug:item>/", kind="route")
    PermanenceRuleFactory(pattern="/shop/lamp/", valid_until=now)
    winner = PermanenceRuleFactory(pattern="/shop/lamp", permanence="temporary")
    response = attempt(admin, address="/shop/lamp/", status=404)
    assert [
        (each["name"], each["decides"], each["outcome"]) for each in response.context["rules"]
    ] == [
        ("/shop/lamp/ (this address)", False, response.context["rules"][0]["outcome"]),
        ("/shop/lamp (this address)", True, "decides"),
        (
            "/shop/ (this address and everything below it)",
            False,
            "a rule for just this address goes first",
        ),
        (
            "/shop/<slug:item>/ (addresses that match a pattern)",
            False,
            "a rule for just this address goes first",
        ),
    ]
    assert response.context["rules"][0]["outcome"].startswith("ended on ")
    assert f'href="{url("permanencerule_change", winner.pk)}"' in text_of(response)
    assert response.context["answer"].status == 404


def test_the_messages_and_what_they_gave(admin: Client) -> None:
    exact = ErrorMessageFactory(path_prefix="/shop/", detail="")
    ErrorMessageFactory(status="4xx", path_prefix="", title="T", detail="D")
    ErrorMessageFactory(status="", path_prefix="", detail="E", title="", permanence="")
    response = attempt(admin, address="/shop/lamp/")
    words = response.context["words"]
    assert [each["given"] for each in words] == [["title"], ["detail"], []]
    assert words[0]["name"] == exact
    assert "nothing, as others go before it" in text_of(response)


@pytest.mark.parametrize(
    ("asked", "status", "media_type", "said"),
    [
        ({}, 410, "text/html", "There is no page at <code>/gone/</code>"),
        ({"accept": PROBLEM}, 410, PROBLEM, "&quot;status&quot;: 410"),
        ({"accept": "text/plain"}, 410, "text/plain", "410 Gone"),
        ({"address": "/gone/?q=1"}, 410, "text/html", "410 Gone"),
        ({"address": "http://testserver/gone/"}, 410, "text/html", "410 Gone"),
        ({"status": "503"}, 503, "text/html", "rules are asked for a 404 only"),
        ({"status": "405", "method": "PUT"}, 405, "text/html", '<th scope="row">Allow</th>'),
        ({"method": "HEAD"}, 410, "text/html", "For HEAD the server leaves the content out."),
        ({"address": "/documents/1/"}, 404, "text/html", "by the view <code>document</code>"),
        ({"host": "other.example"}, 410, "text/html", "the site answers every request for it"),
        ({"language": "de"}, 410, "text/html", "<td><code>de</code></td>"),
        ({"address": ""}, 404, "text/html", "There is a page at <code>/</code>"),
        ({"address": "//double//"}, 404, "text/html", "no page at <code>//double//</code>"),
    ],
)
def test_trying_an_address(
    admin: Client, asked: dict, status: int, media_type: str, said: str
) -> None:
    PermanenceRuleFactory(pattern="/gone/")
    response = attempt(admin, **{"address": "/gone/", **asked})
    answer = response.context["answer"]
    assert (answer.status, answer.media_type) == (status, media_type)
    assert dict(answer.fields)["Content-Type"].startswith(media_type)
    assert said in text_of(response)
    assert len(pages_in(response)) == (media_type == "text/html")


def test_what_is_shown_is_what_is_sent(admin: Client, client: Client) -> None:
    """By test client and on the page: the same status, the same fields, the same content."""
    PermanenceRuleFactory(pattern="/gone/", reason="Sold", replacement="/new/")
    sent = client.get("/gone/", headers={"accept": PROBLEM})
    shown = attempt(admin, address="/gone/", accept=PROBLEM).context["answer"]
    assert shown.status == sent.status_code == 410
    assert shown.body == text_of(sent)
    fields = dict(sent.items())
    for name, value in shown.fields:
        assert set(fields[name].split(", ")) == set(value.split(", "))


@pytest.mark.parametrize(
    ("permission", "rules", "messages"),
    [("view_errormessage", False, True), ("view_permanencerule", True, False)],
)
def test_rules_and_messages_are_for_those_who_may_see_them(
    editor: Callable[..., Client], permission: str, rules: bool, messages: bool
) -> None:
    PermanenceRuleFactory(pattern="/x/<slug:y>/", kind="route")
    message = ErrorMessageFactory(status="410", path_prefix="/x/", title="Oh")
    page = text_of(attempt(editor(permission), address="/x/y/"))
    assert ("/x/&lt;slug:y&gt;/" in page) == rules
    assert ("You have no permission to see that." in page) != rules
    assert (url("errormessage_change", message.pk) in page) == messages
    assert ("no permission to see messages" in page) != messages
    # Who may see messages alone isn't told of views, handlers, and what leads elsewhere.
    page = text_of(attempt(editor(permission), address="/documents/1/", host="other.example"))
    assert ("by the view <code>document</code>" in page) == rules
    assert ("You have no permission to see that." in page) != rules
    assert ("is not in ALLOWED_HOSTS" in page) == rules


def test_a_rule_is_named_to_those_who_may_see_it(editor: Callable[..., Client]) -> None:
    """In the list of missing pages, which is for others too."""
    rule = PermanenceRuleFactory(pattern="/secret-project/", kind="prefix")
    MissingPage.objects.create(path="/secret-project/x")
    link = f'Done: <a href="{url("permanencerule_change", rule.pk)}">/secret-project/ ('
    address = url("missingpage_changelist")
    assert link in text_of(editor("view_missingpage", "view_permanencerule").get(address))
    cells = re.findall(
        r'<td class="field-what_to_do">(.*?)</td>', text_of(editor("view_missingpage").get(address))
    )
    assert cells == ["Done"]


def test_a_message_is_named_to_those_who_may_see_it(editor: Callable[..., Client]) -> None:
    """In the preview of a rule, whose reason it replaces."""
    ErrorMessageFactory(status="410", path_prefix="/secret-project/", detail="Gone.")
    form = rule_form(pattern="/secret-project/x", reason="Why")
    for permission, told in (
        ("view_errormessage", "the error message “410 · /secret-project/"),
        ("view_missingpage", "Visitors do not see the reason: an error message replaces it."),
    ):
        client = editor("add_permanencerule", permission)
        warnings = part(client.post(url("permanencerule_preview"), form), "warnings")
        assert told in warnings
        assert ("/secret-project/" in warnings) == (permission == "view_errormessage")


@pytest.mark.parametrize(
    ("values", "others"),
    [
        ({"pattern": "/secret-project/x"}, {"pattern": "/secret-project/", "kind": "prefix"}),
        ({"pattern": "/secret-project/", "kind": "prefix"}, {"pattern": "/secret-project/x"}),
        (
            {"pattern": "/secret-project/", "kind": "prefix"},
            {"pattern": "/secret-project/x", "valid_from": timezone.now() + timedelta(days=9)},
        ),
    ],
)
def test_other_rules_are_named_to_those_who_may_see_them(
    editor: Callable[..., Client], values: dict[str, str], others: dict[str, Any]
) -> None:
    PermanenceRuleFactory(**others)
    for may_view in (True, False):
        rights = ["view_permanencerule"] if may_view else []
        client = editor("add_permanencerule", *rights)
        warnings = part(client.post(url("permanencerule_preview"), rule_form(**values)), "warnings")
        assert (others["pattern"] + " (" in warnings) == may_view
        assert ("a rule that you may not see." in warnings) != may_view


@pytest.mark.parametrize("pattern", ["/raise/404/", "/raise/"])
def test_what_is_at_an_address_is_told_to_those_who_may_see_rules(
    editor: Callable[..., Client], pattern: str
) -> None:
    form = rule_form(pattern=pattern, kind="prefix")
    for rights in (["view_permanencerule"], []):
        client = editor("add_permanencerule", *rights)
        warnings = part(client.post(url("permanencerule_preview"), form), "warnings")
        assert bool(warnings) == bool(rights)


def test_missing_pages_are_counted_for_those_who_may_see_them(
    editor: Callable[..., Client],
) -> None:
    MissingPage.objects.create(path="/a/", host="testserver")
    form = rule_form(pattern="/", kind="prefix")
    for rights in (["view_missingpage"], []):
        client = editor("add_permanencerule", *rights)
        page = text_of(client.post(url("permanencerule_add"), form))
        assert ("the 1 missing pages in the list" in page) == bool(rights)
        assert ("This rule is for every address of the site" in page) != bool(rights)
        assert "Save it all the same" in page
        assert not PermanenceRule.objects.exists()


def test_a_trial_ends_in_an_offer(admin: Client, editor: Callable[..., Client]) -> None:
    response = attempt(admin, address="https://testserver/lamps/?x=1", status=404)
    labels = ["Gone for good", "Back later", "Own words"]
    assert [label for _url, label in response.context["offers"]] == labels
    query = "?pattern=%2Flamps%2F&host=testserver"
    assert response.context["offers"][0][0] == url("permanencerule_add") + query
    for address, _label in response.context["offers"]:
        assert 'value="/lamps/"' in text_of(admin.get(address))
    (offer,) = attempt(admin, address="/lamps/", status=503).context["offers"]
    assert "status=503" in offer[0]
    reader = attempt(editor("view_permanencerule", "add_errormessage"), address="/lamps/")
    assert [label for _url, label in reader.context["offers"]] == ["Own words"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"address": "shop"}, "An address begins with a slash: /shop"),
        ({"address": "/" + 5000 * "x"}, "at most 2000 characters"),
        ({"address": "/a\x01b"}, "Control characters are not allowed here."),
        ({"status": "200"}, "Select a valid choice."),
        ({"method": "BREW"}, "Select a valid choice."),
        ({"host": "https://a.example/"}, "Write the name of the host alone"),
        ({"accept": "text/html\x1b"}, "Control characters are not allowed here."),
    ],
)
def test_nonsense_that_is_tried(admin: Client, asked: dict, error: str) -> None:
    response = attempt(admin, **{"address": "/", **asked})
    assert response.status_code == 200
    assert error in text_of(response)
    assert "explanation" not in response.context


# Bad input


@pytest.mark.parametrize(
    ("model", "values", "field", "error"),
    [
        ("errormessage", {"status": "200"}, "status", "200 is no error."),
        ("errormessage", {"host": "https://a.example/"}, "host", "without scheme"),
        ("errormessage", {"language": "german!"}, "language", "Write a language tag"),
        ("errormessage", {"path_prefix": "shop"}, "path_prefix", "begins with a slash: /shop"),
        (
            "errormessage",
            {"title": "T", "path_prefix": "/" + 5000 * "x"},
            "path_prefix",
            "at most 400",
        ),
        ("errormessage", {"title": "a\x07b"}, "title", "Control characters"),
        ("errormessage", {"title": "a\x00b"}, "title", "Null characters"),
        ("errormessage", {"detail": "{request.user}"}, "detail", "is no placeholder"),
        ("errormessage", {"action_label": "Go"}, "action_url", "a text and an address"),
        (
            "errormessage",
            {"action_label": "Go", "action_url": "javascript:alert(1)"},
            "action_url",
            "Write an address on this site",
        ),
        ("errormessage", {"permanence": "perhaps"}, "permanence", "Select a valid choice"),
        ("permanencerule", {"pattern": "old-shop/"}, "pattern", "with a slash: /old-shop/"),
        ("permanencerule", {"pattern": "/" + 5000 * "x"}, "pattern", "at most 500"),
        ("permanencerule", {"pattern": "/a\x01"}, "pattern", "Control characters"),
        ("permanencerule", {"pattern": "/a?b"}, "pattern", "is not compared. Write only /a"),
        (
            "permanencerule",
            {"pattern": "/<nonsense:x>/", "kind": "route"},
            "pattern",
            "This is no pattern",
        ),
        ("permanencerule", {"pattern": "/a", "host": "a.example:80"}, "host", "without scheme"),
        ("permanencerule", {"pattern": "/a", "kind": "regex"}, "kind", "Select a valid choice"),
        ("permanencerule", {"pattern": "/a", "valid_from": "x y"}, "valid_from", "valid date"),
        (
            "permanencerule",
            {
                "pattern": "/a",
                "valid_from": "2027-01-02 00:00:00",
                "valid_until": "2027-01-01 00:00:00",
            },
            "valid_until",
            "ends before it begins",
        ),
        ("permanencerule", {"pattern": ""}, "pattern", "This field is required"),
    ],
)
def test_bad_input_is_told_at_its_field(
    admin: Client, model: str, values: dict, field: str, error: str
) -> None:
    """And nothing is saved; the preview says the same, and does not break."""
    before = edits_made()
    response = admin.post(url(f"{model}_add"), FORM[model](**values))
    errors = response.context["adminform"].form.errors
    assert error in errors[field].as_text()
    assert set(errors) == {field}
    assert ErrorMessage.objects.count() == PermanenceRule.objects.count() == 0
    assert edits_made() == before
    preview = admin.post(url(f"{model}_preview"), FORM[model](**values))
    assert preview.status_code == 200
    assert error in part(preview, "errors") or "required" in error


@pytest.mark.parametrize(
    ("zone", "moment"),
    [("America/New_York", "9999-12-31 23:59"), ("Europe/Berlin", "0001-01-01 00:00")],
)
def test_a_date_that_no_calendar_has_elsewhere_is_refused(
    admin: Client, settings: Any, zone: str, moment: str
) -> None:
    """It couldn't be stored in UTC."""
    settings.TIME_ZONE = zone
    form = rule_form(pattern="/x/", valid_until=moment)
    response = admin.post(url("permanencerule_add"), form)
    errors = response.context["adminform"].form.errors
    assert errors.as_data()["valid_until"][0].messages == ["Enter a valid date."]
    assert "Enter a valid date." in part(admin.post(url("permanencerule_preview"), form), "errors")
    rule = PermanenceRuleFactory()
    date, _, time = moment.partition(" ")
    asked = {"valid_until_0": date, "valid_until_1": time, "change_valid_until": "on"}
    chosen = {"action": "change_together", "_selected_action": [rule.pk], "apply": "1", **asked}
    page = text_of(admin.post(url("permanencerule_changelist"), chosen))
    assert "Enter a valid date." in page
    assert PermanenceRule.objects.values_list("valid_until", flat=True).get() is None


def test_a_row_that_there_is_already(admin: Client) -> None:
    ErrorMessageFactory(status="404", path_prefix="/shop/")
    values = message_form(status="404", path_prefix="/shop/")
    page = text_of(admin.post(url("errormessage_add"), values))
    assert "There is one already." in page
    assert ErrorMessage.objects.count() == 1


def test_a_route_made_by_hand_does_not_break_the_admin(admin: Client, caplog: Any) -> None:
    """An invalid row in the database is shown all the same, so that somebody can fix it."""
    PermanenceRule.objects.bulk_create(
        [PermanenceRule(pattern="/<nonsense:x>/", kind="route"), PermanenceRule(pattern="/x/")]
    )
    row = PermanenceRule.objects.get(kind="route")
    for address in (
        url("permanencerule_changelist"),
        url("permanencerule_change", row.pk),
        url("permanencerule_try") + "?address=/x/",
    ):
        assert admin.get(address).status_code == 200


# What visitors and editors write is text


def test_hostile_words_stay_words(admin: Client) -> None:
    message = ErrorMessageFactory(
        status="404",
        path_prefix=f"/{HOSTILE}/",
        title=HOSTILE,
        detail=HOSTILE + "{path}",
        action_label=HOSTILE,
        action_url="/x",
    )
    rule = PermanenceRuleFactory(
        pattern=f"/{HOSTILE}/", reason=HOSTILE, note=HOSTILE, author=HOSTILE, permanence="temporary"
    )
    shadowed = PermanenceRuleFactory(pattern=f"/{HOSTILE}", reason=HOSTILE, replacement="/y")
    values = {"title": HOSTILE, "detail": HOSTILE, "path_prefix": f"/{HOSTILE}"}
    responses = [
        admin.get(url("errormessage_changelist")),
        admin.get(url("errormessage_changelist"), {"q": HOSTILE}),
        admin.get(url("errormessage_change", message.pk)),
        admin.get(url("errormessage_preview_all"), {"address": f"/{HOSTILE}"}),
        admin.post(url("errormessage_preview"), message_form(**values)),
        admin.post(url("errormessage_preview"), message_form(status=HOSTILE, host=HOSTILE)),
        admin.get(url("permanencerule_changelist")),
        admin.get(url("permanencerule_change", rule.pk)),
        admin.get(url("permanencerule_change", shadowed.pk)),
        admin.post(url("permanencerule_preview"), rule_form(pattern=f"/{HOSTILE}/z", note=HOSTILE)),
        admin.post(url("permanencerule_preview"), rule_form(pattern=HOSTILE)),
        admin.post(
            url("permanencerule_change", rule.pk),
            rule_form(pattern=f"/{HOSTILE}/", reason=HOSTILE),
            follow=True,
        ),
        attempt(admin, address=f"/{HOSTILE}/", accept=HOSTILE),
        attempt(admin, address=HOSTILE, host=HOSTILE, language=HOSTILE),
    ]
    for response in responses:
        assert response.status_code == 200
        for text in (text_of(response), *pages_in(response)):
            assert not MARKUP.search(text), MARKUP.findall(text)


def test_pages_are_in_frames_that_can_do_nothing(admin: Client) -> None:
    message, rule = ErrorMessageFactory(), PermanenceRuleFactory()
    responses = [
        admin.get(url("errormessage_change", message.pk)),
        admin.get(url("permanencerule_change", rule.pk)),
        admin.get(url("errormessage_preview_all")),
        admin.post(url("errormessage_preview"), message_form()),
        attempt(admin, address="/x"),
    ]
    for response in responses:
        frames = re.findall(r"<iframe[^>]*>", text_of(response))
        assert frames
        for frame in frames:
            assert re.match(r"<iframe sandbox( loading=\"lazy\")? srcdoc=", frame)
            assert re.search(r' title="[^"]+"', frame)


def test_no_script_and_no_style_stands_in_a_page(admin: Client) -> None:
    """So that a Content-Security-Policy without 'unsafe-inline' does."""
    pages = [
        admin.get(url("errormessage_add")),
        admin.get(url("permanencerule_add")),
        admin.get(url("permanencerule_changelist")),
        admin.get(url("errormessage_preview_all")),
        attempt(admin, address="/x"),
    ]
    for page in pages:
        text = re.sub(r'srcdoc="[^"]*"', "", text_of(page))
        main = text[text.index('id="content-main"') :]
        assert not re.search(r"<style|\sstyle=|\son\w+=", main)
        assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", main)


@pytest.mark.parametrize(
    ("rule_admin", "model", "mixin"),
    [
        (ErrorMessageAdmin, ErrorMessage, "MessageImportExportMixin"),
        (PermanenceRuleAdmin, PermanenceRule, "RuleImportExportMixin"),
    ],
)
def test_import_and_export_come_with_their_package(
    monkeypatch: pytest.MonkeyPatch, rule_admin: type, model: type, mixin: str
) -> None:
    installed = apps.is_installed("import_export")
    assert (with_import_export(rule_admin, mixin) is rule_admin) != installed
    pytest.importorskip("import_export")
    monkeypatch.setattr(apps, "is_installed", lambda name: True)
    mixed = with_import_export(rule_admin, mixin)
    names = {pattern.name for pattern in mixed(model, AdminSite()).get_urls()}
    label = f"django_http_errors_{model._meta.model_name}"
    assert {f"{label}_import", f"{label}_export", f"{label}_preview"} <= names


def test_a_language_that_django_does_not_know(admin: Client) -> None:
    ErrorMessageFactory(language="tlh")
    assert "tlh (tlh)" in text_of(admin.get(url("errormessage_changelist")))


def test_no_link_of_a_preview_leads_away() -> None:
    """Each opens a window, which a frame without allow-popups can't; text stays as it is."""
    page = (
        "<!doctype html><html><head><title>x</title></head><a target=_self href='/'>target=_x</a>"
    )
    shown = Answer(404, "Not Found", "text/html", (), page).inert_page
    assert shown.startswith('<!doctype html><html><head><base target="_blank">')
    assert "<a  href='/'>target=_x</a>" in shown
    for body, begins in (("<p>x", '<base target="_blank"><p>x'), ("<!DOCTYPE html>x", "<!DOCTYPE")):
        shown = Answer(404, "", "text/html", (), body).inert_page
        assert shown.startswith(begins)
        assert '<base target="_blank">' in shown


def test_json_that_is_none_is_shown_as_it_is() -> None:
    """The project's own renderers may write what they like."""
    body = '{"half": '
    assert Answer(404, "Not Found", "application/json", (), body).readable == body
