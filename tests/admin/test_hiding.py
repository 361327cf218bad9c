"""The admin of hiding rules, through its pages, with Django's client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from django_http_errors.models import HidingRule
from django_http_errors.rules.snapshot import snapshots

from ..factories import ErrorMessageFactory, PermanenceRuleFactory
from .test_admin import (
    HOSTILE,
    MARKUP,
    admin,
    editor,
    history,
    part,
    text_of,
    url,
    warned,
)

__all__ = ["admin", "editor"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contexts")]

LIST, ADD, PREVIEW = "hidingrule_changelist", "hidingrule_add", "hidingrule_preview"


@pytest.fixture(autouse=True)
def new_snapshot() -> None:
    snapshots.forget()


def form(**values: str) -> dict[str, str]:
    blank = {"pattern": "/vault/", "kind": "prefix", "host": "", "exempt": "nobody", "note": ""}
    return {**blank, "enabled": "on", **values}


@pytest.mark.parametrize(
    ("page", "method", "saved", "enough"),
    [
        ("changelist", "get", False, {"view", "change"}),
        ("add", "get", False, {"add"}),
        ("change", "get", True, {"view", "change"}),
        ("history", "get", True, {"view", "change"}),
        ("delete", "get", True, {"delete"}),
        ("preview", "post", False, {"add"}),
        ("preview", "post", True, {"change"}),
    ],
)
def test_permissions(
    editor: Callable[..., Client],
    client: Client,
    page: str,
    method: str,
    saved: bool,
    enough: set[str],
) -> None:
    pks = [HidingRule.objects.create(pattern="/vault/").pk] if saved else []
    address = url(f"hidingrule_{page}", *pks)
    allowed = {
        right
        for right in ("view", "add", "change", "delete")
        if getattr(editor(f"{right}_hidingrule"), method)(address).status_code == 200
    }
    assert allowed == enough
    assert getattr(editor("change_permanencerule"), method)(address).status_code == 403
    assert "login" in getattr(client, method)(address)["Location"]


def test_a_form_asks_to_confirm_where_that_is_needed(
    admin: Client, editor: Callable[..., Client]
) -> None:
    """And only there: for what is saved and asked anew, and not who may only look."""
    row = HidingRule.objects.create(pattern="/vault/")
    box = 'name="confirm"'
    assert box not in text_of(admin.get(url(ADD)))
    address = url("hidingrule_change", row.pk)
    assert box not in text_of(admin.get(address))
    row.pattern = "/"
    row.save()
    assert box in text_of(admin.get(address))
    assert box not in text_of(editor("view_hidingrule").get(address))
    assert "Save it all the same" not in text_of(editor("view_hidingrule").get(address))


def test_an_untouched_form_has_no_errors(admin: Client) -> None:
    response = admin.post(url(PREVIEW), form(pattern=""))
    assert part(response, "summary") == "Write an address to see what will happen."
    assert part(response, "errors") == part(response, "warnings") == ""
    saved = admin.post(url(ADD), form(pattern=" "))
    assert saved.context["adminform"].form.errors == {"pattern": ["This field is required."]}


def test_the_list(admin: Client) -> None:
    HidingRule.objects.create(pattern="/vault/", kind="prefix", note="the safe")
    HidingRule.objects.create(
        pattern="/x/", host="a.example", exempt="staff", fold_client_errors=True, enabled=False
    )
    page = text_of(admin.get(url(LIST)))
    assert "what is refused (401 and 403)" in page
    assert "every error from 400 to 499" in page
    for query, patterns in {
        "?enabled__exact=0": ["/x/"],
        "?kind__exact=prefix": ["/vault/"],
        "?exempt__exact=staff": ["/x/"],
        "?fold_client_errors__exact=1": ["/x/"],
        "?q=safe": ["/vault/"],
        "?q=a.example": ["/x/"],
    }.items():
        found = admin.get(url(LIST) + query).context["cl"].result_list
        assert [row.pattern for row in found] == patterns


def test_many_are_switched_off_and_on(admin: Client) -> None:
    row = HidingRule.objects.create(pattern="/vault/")
    for action, enabled in (("disable", False), ("enable", True)):
        admin.post(url(LIST), {"action": action, "_selected_action": [row.pk]})
        row.refresh_from_db()
        assert row.enabled is enabled
    assert history(row) == ["Changed Enabled.", "Changed Enabled."]


AT = "Whatever is forbidden at /vault/ looks like what isn't there"
NOBODY = "the real error is shown to nobody"
BELOW = "Whatever is forbidden at /vault/ and everything below looks like what isn't there"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, f"{BELOW}; {NOBODY}."),
        ({"kind": "exact"}, f"{AT}; {NOBODY}."),
        ({"exempt": "authenticated"}, f"{BELOW}; anyone who has signed in is shown the"),
        (
            {"exempt": "staff", "host": "testserver"},
            f"{BELOW}; staff are shown the real error. Only at",
        ),
        (
            {"kind": "route", "pattern": "/v/<int:pk>/"},
            "Whatever is forbidden at all addresses like /v/<int:pk>/ looks like",
        ),
        (
            {"fold_client_errors": "on"},
            "Every error from 400 to 499 at /vault/ and everything below looks like what isn't",
        ),
        (
            {"fold_client_errors": "on", "kind": "exact", "enabled": ""},
            "This rule is switched off and hides nothing. When it is switched on: Every error",
        ),
        ({"pattern": "/100%(who)s/"}, "Whatever is forbidden at /100%25(who)s/ and everything"),
        ({"pattern": ""}, "Write an address to see what will happen."),
        ({"pattern": "/"}, "Whatever is forbidden at / and everything below"),
        ({"pattern": "vault"}, "This can not be saved yet."),
        ({"pattern": "/", "confirm": "on"}, "Whatever is forbidden at / and everything below"),
    ],
)
def test_what_will_happen_is_said_in_a_sentence(
    admin: Client, values: dict[str, str], sentence: str
) -> None:
    shown = admin.post(url(PREVIEW), {**form(**values), "preview-fragment": "on"})
    assert part(shown, "summary").startswith(sentence)
    assert not HidingRule.objects.exists()


def test_the_sentence_of_a_saved_rule_is_beside_its_fields(admin: Client) -> None:
    row = HidingRule.objects.create(pattern="/vault/", kind="prefix")
    shown = admin.get(url("hidingrule_change", row.pk))
    assert part(shown, "summary") == f"{BELOW}; {NOBODY}."
    assert "srcdoc" in text_of(shown)


def test_a_route_made_by_hand_that_is_none_can_be_mended(admin: Client) -> None:
    row = HidingRule.objects.create(pattern="/v/<nonsense:x>/", kind="route")
    shown = admin.get(url("hidingrule_change", row.pk))
    assert shown.status_code == 200
    assert "This is no pattern" in part(shown, "errors")


@pytest.mark.parametrize(
    ("kind", "pattern", "told"),
    [
        ("prefix", "/", "This covers the front page and everything else"),
        ("exact", "/", "This covers the front page:"),
        ("prefix", "/accounts/", "This covers the login page, /accounts/login/"),
        ("route", "/accounts/<slug:page>/", "This covers the login page, /accounts/login/"),
    ],
)
def test_what_hides_too_much_is_confirmed_each_time(
    admin: Client, kind: str, pattern: str, told: str
) -> None:
    values = form(kind=kind, pattern=pattern)
    refused = admin.post(url(ADD), values)
    assert refused.status_code == 200
    assert told in str(refused.context["errors"])
    assert "tick “Save it all the same”" in str(refused.context["errors"])
    assert text_of(refused).count('name="confirm"') == 1
    preview = admin.post(url(PREVIEW), values)
    assert told in part(preview, "warnings")
    assert "You have to confirm it" in part(preview, "warnings")
    assert part(preview, "errors") == ""
    assert not HidingRule.objects.exists()

    assert admin.post(url(ADD), {**values, "confirm": "on"}).status_code == 302
    row = HidingRule.objects.get()
    assert (row.kind, row.pattern) == (kind, pattern)

    change = url("hidingrule_change", row.pk)
    edited = {**values, "note": "edited"}
    assert told in str(admin.post(change, edited).context["errors"])
    assert admin.post(change, {**edited, "confirm": "on"}).status_code == 302
    row.refresh_from_db()
    assert row.note == "edited"


def test_warnings_come_before_and_after_saving(admin: Client) -> None:
    ErrorMessageFactory(path_prefix="/vault/a/")
    PermanenceRuleFactory(pattern="/vault/b/")
    values = form(host="elsewhere.example")
    expected = [
        "The rule for /vault/b/",
        "The message for /vault/a/",
        "The site does not answer at elsewhere.example: it is not",
    ]
    shown = part(admin.post(url(PREVIEW), values), "warnings")
    saved = warned(admin.post(url(ADD), values, follow=True))
    for text in expected:
        assert text in shown
    assert [each[: len(text)] for each, text in zip(saved, expected, strict=True)] == expected
    row = HidingRule.objects.get()
    again = warned(admin.post(url("hidingrule_change", row.pk), form(), follow=True))
    assert len(again) == 2

    HidingRule.objects.all().delete()
    over_admin = warned(admin.post(url(ADD), form(pattern="/admin/"), follow=True))
    assert "This covers the admin, /admin/" in " ".join(over_admin)
    assert warned(admin.post(url(ADD), form(pattern="/fine/"), follow=True)) == []


@pytest.mark.parametrize(
    ("permissions", "told"),
    [
        ((), ["A rule that you may not see is", "A message that you may not see is"]),
        (("view_permanencerule",), ["The rule for /vault/b/ is", "A message that you may not see"]),
        (("change_errormessage",), ["The message for /vault/a/", "A rule that you may not see is"]),
    ],
)
def test_a_warning_names_only_what_its_reader_may_see(
    editor: Callable[..., Client], permissions: tuple[str, ...], told: list[str]
) -> None:
    ErrorMessageFactory(path_prefix="/vault/a/")
    PermanenceRuleFactory(pattern="/vault/b/")
    client = editor("add_hidingrule", "view_hidingrule", *permissions)
    shown = part(client.post(url(PREVIEW), form()), "warnings")
    saved = warned(client.post(url(ADD), form(), follow=True))
    row = HidingRule.objects.get()
    again = part(client.get(url("hidingrule_change", row.pk)), "warnings")
    assert len(saved) == len(told)
    for text, each in zip(told, saved, strict=True):
        assert each.startswith(text)
        assert each in shown
        assert each in again
    nothing_there = part(client.post(url(PREVIEW), form(pattern="/fine/")), "warnings")
    assert nothing_there == ""


@pytest.mark.parametrize(
    ("kind", "pattern", "warns"),
    [
        ("prefix", "/vault/", False),
        ("exact", "/vault/", True),
        ("route", "/vault/<int:pk>/", True),
    ],
)
def test_only_a_prefix_covers_every_spelling(
    admin: Client, kind: str, pattern: str, warns: bool
) -> None:
    text = "Only a rule for an address and everything below it covers every spelling."
    values = form(kind=kind, pattern=pattern)
    shown = text_of(admin.post(url(PREVIEW), values))
    saved = warned(admin.post(url(ADD), values, follow=True))
    assert (text in shown) is warns
    assert any(text in each for each in saved) is warns
    assert len(saved) == warns


def test_history(admin: Client) -> None:
    admin.post(url(ADD), form())
    row = HidingRule.objects.get()
    change = url("hidingrule_change", row.pk)
    admin.post(change, form(exempt="staff"))
    admin.post(change, form(exempt="staff", pattern="/", confirm="on"))
    assert history(row) == [
        "Changed Address.",
        "Changed Still shown the real error to.",
    ]
    page = text_of(admin.get(url("hidingrule_history", row.pk)))
    assert "Changed Still shown the real error to: nobody → staff." in page


def test_what_editors_write_is_no_markup(admin: Client) -> None:
    pattern = f"/{HOSTILE}"
    row = HidingRule.objects.create(pattern=pattern, kind="prefix", note=HOSTILE)
    PermanenceRuleFactory(pattern=f"{pattern}/a/")
    values = form(pattern=pattern, note=HOSTILE)
    pages = [
        admin.get(url(LIST)),
        admin.get(url("hidingrule_change", row.pk)),
        admin.get(url("hidingrule_history", row.pk)),
        admin.get(url("hidingrule_delete", row.pk)),
        admin.post(url(PREVIEW), values),
        admin.post(url("hidingrule_change", row.pk), values, follow=True),
        admin.get(url("permanencerule_try"), {"address": pattern}),
    ]
    for page in pages:
        assert page.status_code == 200
        assert not MARKUP.search(text_of(page))


def test_trying_an_address_names_the_rule_that_hides(
    admin: Client, editor: Callable[..., Client]
) -> None:
    row = HidingRule.objects.create(pattern="/vault/", kind="prefix")
    attempt, link = url("permanencerule_try"), url("hidingrule_change", row.pk)
    asked = {"address": "/vault/secret/", "status": "403", "method": "GET"}
    for client, covered in (
        (admin, True),
        (editor("view_hidingrule"), True),
        (editor("view_permanencerule"), False),
    ):
        page = text_of(client.get(attempt, asked))
        assert (link in page) is covered
        assert ("whatever is forbidden at /vault/" in page.lower()) is covered
        assert link not in text_of(client.get(attempt, {**asked, "address": "/vaults/"}))
