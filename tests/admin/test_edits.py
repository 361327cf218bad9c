"""Edits of many rows: what they do, that they can be taken back, and what the history says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_http_errors.admin import rules, undo
from django_http_errors.models import (
    ErrorMessage,
    HidingRule,
    MissingPage,
    PermanenceRule,
    UndoPart,
)
from django_http_errors.rules.snapshot import snapshots

from ..edits import edits_made
from ..factories import ErrorMessageFactory, PermanenceRuleFactory
from ..samples import ROOT
from .test_admin import editor, rule_form, text_of, url

__all__ = ["editor"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contexts")]

LIST = "/admin/django_http_errors/{}/"
RULES = LIST.format("permanencerule")


@pytest.fixture(autouse=True)
def admin() -> Iterator[Client]:
    snapshots.forget()
    client = Client()
    client.force_login(User.objects.create_user("admin", is_staff=True, is_superuser=True))
    return client


def chosen(action: str, *rows: Any, **values: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [row.pk for row in rows], **values}


def undo_link(response: Any) -> str:
    """Return the address that the last message leads to."""
    return re.findall(r'<a href="([^"]+/undo/[^"]+)">Undo</a>', text_of(response))[-1]


def all_of(model: type[models.Model]) -> list[dict[str, Any]]:
    """Return all values of the rows but those that an undo doesn't bring back."""
    rows = model._base_manager.order_by("pk").values()
    return [{name: each[name] for name in each if name != "updated_at"} for each in rows]


ROWS: dict[str, tuple[type[models.Model], Any]] = {
    "errormessage": (ErrorMessage, lambda: [ErrorMessageFactory(enabled=n < 2) for n in range(3)]),
    "permanencerule": (
        PermanenceRule,
        lambda: [
            PermanenceRuleFactory(enabled=True, expected_at=timezone.now(), permanence="temporary"),
            PermanenceRuleFactory(enabled=True, reason="Why", valid_until=timezone.now()),
            PermanenceRuleFactory(enabled=False, group="g"),
        ],
    ),
    "hidingrule": (
        HidingRule,
        lambda: [HidingRule.objects.create(pattern=f"/{n}/", enabled=n < 2) for n in range(3)],
    ),
    "missingpage": (
        MissingPage,
        lambda: [MissingPage.objects.create(path=f"/{n}/", ignored=n > 1) for n in range(3)],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_edit_and_a_deletion_are_taken_back(admin: Client, name: str) -> None:
    """The list, the message that reports it, a page that asks, and all is as before."""
    model, make = ROWS[name]
    rows = make()
    before = all_of(model)
    action = "ignore" if model is MissingPage else "disable"
    for data in (chosen(action, *rows), chosen("delete_selected", *rows, post="yes")):
        edits = edits_made()
        response = admin.post(LIST.format(name), data, follow=True)
        assert all_of(model) != before
        address = undo_link(response)
        # The list of missing pages doesn't show what is ignored.
        count = 2 if data["action"] == action or model is MissingPage else 3
        is_deletion = data["action"] == "delete_selected"
        asking = text_of(admin.get(address))
        assert f"<li>{count} " in asking
        assert ("there again." in asking) is is_deletion
        assert ("will be as before." in asking) is not is_deletion
        assert all_of(model) != before, "to look changes nothing"
        response = admin.post(address, follow=True)
        assert all_of(model) == before
        verb = "are there again." if is_deletion else "are as before."
        assert f"{count} " in text_of(response)
        assert verb in text_of(response)
        if model is not MissingPage:
            assert edits_made() == edits + 2, "one for each way"
        assert not UndoPart.objects.exists()
        assert "can&#x27;t be undone here" in text_of(admin.post(address, follow=True))
    single = admin.post(url(f"{name}_delete", rows[0].pk), {"post": "yes"}, follow=True)
    admin.post(undo_link(single))
    assert all_of(model) == before


def test_the_page_of_an_undo_leads_back_and_says_when_it_was(admin: Client) -> None:
    response = admin.post(RULES, chosen("disable", PermanenceRuleFactory()), follow=True)
    page = text_of(admin.get(undo_link(response)))
    # The afternoon brings a full stop of its own.
    assert re.search(r"<p>What you did at [^<]+ is going to be taken back:</p>", page)
    assert "django_http_errors/admin.css" in page
    assert f'<a href="{RULES}">Removed pages</a>' in page
    assert f'<a class="button" href="{RULES}">Cancel</a>' in page


def test_a_deletion_and_its_undo_are_one_message(admin: Client) -> None:
    rows = [PermanenceRuleFactory(pattern=f"/<b>{number}/") for number in range(3)]
    many = admin.post(RULES, chosen("delete_selected", *rows[:2], post="yes"), follow=True)
    one = admin.post(url("permanencerule_delete", rows[2].pk), {"post": "yes"}, follow=True)
    for response, begin in (
        (many, "Successfully deleted 2 removed pages."),
        (one, "The removed page “/&lt;b&gt;2/” was deleted successfully."),
    ):
        (message,) = map(str, response.context["messages"])
        assert message.startswith(f'{begin} <a href="{undo_link(response)}">Undo</a> (possible')


def test_what_was_changed_since_then_stays(admin: Client) -> None:
    first, second, third = (PermanenceRuleFactory() for _ in range(3))
    response = admin.post(RULES, chosen("disable", first, second, third), follow=True)
    PermanenceRule.objects.filter(pk=second.pk).update(enabled=True)
    third.delete()
    response = admin.post(undo_link(response), follow=True)
    assert "1 removed page is as before." in text_of(response)
    assert "2 were changed since then, and stay as they are." in text_of(response)
    assert set(PermanenceRule.objects.values_list("pk", "enabled")) == {
        (first.pk, True),
        (second.pk, True),
    }
    response = admin.post(RULES, chosen("delete_selected", first, post="yes"), follow=True)
    PermanenceRuleFactory(pattern=first.pattern, note="another one")
    response = admin.post(undo_link(response), follow=True)
    assert "1 was changed since then" in text_of(response)
    assert PermanenceRule.objects.get(pattern=first.pattern).note == "another one"


def test_nobody_else_takes_it_back_and_not_for_longer_than_an_hour(
    admin: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = PermanenceRuleFactory()
    address = undo_link(admin.post(RULES, chosen("disable", rule), follow=True))
    client.force_login(User.objects.create_user("other", is_staff=True, is_superuser=True))
    (text,) = client.post(address, follow=True).context["messages"]
    assert "or somebody else did it." in str(text)
    mine = User.objects.get(username="admin")
    User.objects.filter(pk=mine.pk).update(is_superuser=False)
    mine.user_permissions.set(Permission.objects.filter(codename="view_permanencerule"))
    assert admin.post(address).status_code == 403
    User.objects.filter(pk=mine.pk).update(is_superuser=True)
    UndoPart.objects.update(made_at=timezone.now() - timedelta(minutes=61))
    admin.post(address)
    rule.refresh_from_db()
    assert not rule.enabled
    admin.post(RULES, chosen("enable", rule))
    assert UndoPart.objects.count() == 1, "what is older is gone"


def test_what_is_too_much_to_take_back_says_so(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "PART", 2)
    monkeypatch.setattr(undo, "MOST_ROWS", 4)
    rows = [PermanenceRuleFactory() for _ in range(5)]
    admin.post(RULES, chosen("disable", *rows[:4]))
    assert UndoPart.objects.count() == 2
    UndoPart.objects.all().delete()
    page = text_of(admin.post(RULES, chosen("enable", *rows[:4], *rows[4:]), follow=True))
    assert "4 removed pages were changed" in page
    page = text_of(admin.post(RULES, chosen("delete_selected", *rows, post="yes"), follow=True))
    assert "This can&#x27;t be undone: it was more than 4." in page
    assert not PermanenceRule.objects.exists()


def test_without_the_permission_to_add_no_deletion_can_be_taken_back(
    editor: Callable[..., Client],
) -> None:
    """So it isn't offered, and nothing is kept for it."""
    single, *several = (PermanenceRuleFactory() for _ in range(3))
    client = editor("view_permanencerule", "delete_permanencerule")
    selected = client.post(RULES, chosen("delete_selected", *several, post="yes"), follow=True)
    one = client.post(url("permanencerule_delete", single.pk), {"post": "yes"}, follow=True)
    assert not PermanenceRule.objects.exists()
    for response in (selected, one):
        (text,) = map(str, response.context["messages"])
        assert "deleted" in text
        assert "Undo" not in text
    assert not UndoPart.objects.exists()


def upload(client: Client, content: bytes) -> Any:
    """Import a file of rules: look at it, and confirm it."""
    pytest.importorskip("import_export")
    file = SimpleUploadedFile("rules.csv", content)
    shown = client.post(f"{RULES}import/", {"import_file": file, "format": "0"})
    form = shown.context["confirm_form"].initial
    return client.post(f"{RULES}process_import/", form, follow=True)


def test_an_import_is_taken_back(admin: Client) -> None:
    PermanenceRuleFactory(pattern="/same/", reason="")
    PermanenceRuleFactory(pattern="/changed/", reason="As before", source="code")
    before = all_of(PermanenceRule)
    response = upload(admin, b"pattern,reason\n/same/,\n/changed/,New\n/new/,\n")
    assert PermanenceRule.objects.get(pattern="/changed/").reason == "New"
    asking = text_of(admin.get(undo_link(response)))
    assert "1 removed page that was added will be deleted." in asking
    assert "1 removed page will be as before." in asking
    undone = admin.post(undo_link(response), follow=True)
    said = [str(each) for each in undone.context["messages"]]
    assert said == ["1 removed page was deleted.", "1 removed page is as before."]
    rows = [{**each, "source": "", "author": ""} for each in all_of(PermanenceRule)]
    assert rows == [{**each, "source": "", "author": ""} for each in before]


def test_what_is_for_another_address_since_an_import_stays(admin: Client) -> None:
    changed = PermanenceRuleFactory(pattern="/changed/", reason="As before")
    response = upload(admin, b"pattern,reason\n/changed/,New\n/new/,\n/host/,\n/kind/,\n")
    PermanenceRule.objects.filter(pk=changed.pk).update(pattern="/moved/")
    PermanenceRule.objects.filter(pattern="/new/").update(pattern="/moved-too/")
    PermanenceRule.objects.filter(pattern="/host/").update(host="testserver")
    PermanenceRule.objects.filter(pattern="/kind/").update(kind="prefix")
    before = all_of(PermanenceRule)
    response = admin.post(undo_link(response), follow=True)
    assert "4 were changed since then, and stay as they are." in text_of(response)
    assert all_of(PermanenceRule) == before


def test_an_import_is_taken_back_in_few_updates(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    """Those that had the same values are changed by one statement, whatever their addresses."""
    for number in range(60):
        PermanenceRuleFactory(pattern=f"/x/{number}/", reason="As before")
    content = "".join(f"/x/{number}/,New\n" for number in range(60))
    response = upload(admin, f"pattern,reason\n{content}".encode())
    with django_assert_max_num_queries(40):
        admin.post(undo_link(response))
    assert PermanenceRule.objects.filter(reason="As before").count() == 60


@pytest.mark.parametrize("action", ["delete_selected", "change_together"])
def test_what_had_many_values_is_taken_back_by_few_statements(
    admin: Client, django_assert_max_num_queries: Any, action: str
) -> None:
    made = [
        PermanenceRuleFactory(
            pattern=f"/x/{number}/",
            # Some have one of their own, and some one that others have too.
            group=f"g{min(number, 40)}",
            valid_until=timezone.now() + timedelta(days=number) if number % 3 else None,
            host=["", "a.example"][number % 2],
            enabled=number % 5 > 0,
        )
        for number in range(60)
    ]
    before = all_of(PermanenceRule)
    asked = {"change_group": "on", "group": "new", "change_valid_until": "on", "apply": "1"}
    data = chosen(action, made[0], select_across="1", post="yes", **asked)
    response = admin.post(RULES, data, follow=True)
    assert all_of(PermanenceRule) != before
    with django_assert_max_num_queries(50):
        response = admin.post(undo_link(response), follow=False)
    assert all_of(PermanenceRule) == before
    names = LogEntry.objects.values_list("object_repr", flat=True)
    assert sorted(names) == sorted(str(row) for row in made * 2)


def test_all_that_the_list_shows_are_deleted_without_naming_each(
    admin: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    for number in range(60):
        PermanenceRuleFactory(pattern=f"/x/{number}/")
    kept = PermanenceRuleFactory(pattern="/y/")
    some = PermanenceRule.objects.filter(pattern__startswith="/x/")
    data = chosen("delete_selected", some[0], select_across="1", index="0")
    page = admin.post(f"{RULES}?q=/x/", data)
    assert "60 removed pages will be deleted." in text_of(page)
    assert "and 40 more" in text_of(page)
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text_of(page))
    admin.post(f"{RULES}?q=/x/", dict(inputs))
    assert list(PermanenceRule.objects.all()) == [kept]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"group": "relaunch"}, {"group": "relaunch"}),
        ({"host": " Shop.Example "}, {"host": "shop.example"}),
        ({"replacement": "/new/", "group": ""}, {"replacement": "/new/", "group": ""}),
        ({"valid_until_0": "2999-01-01"}, {"valid_until": "2999-01-01T00:00:00"}),
        ({"valid_from_0": ""}, {"valid_from": None, "announce": False}),
    ],
)
def test_fields_are_changed_together(
    admin: Client, values: dict[str, str], expected: dict[str, Any]
) -> None:
    soon = timezone.now() + timedelta(days=1)
    rows = [PermanenceRuleFactory(group="old", valid_from=soon, announce=True) for _ in range(2)]
    data = chosen("change_together", *rows)
    asking = admin.post(RULES, data)
    assert "Fill in what is to be changed of 2 entries" in text_of(asking)
    nothing = admin.post(RULES, {**data, "apply": "1", **dict.fromkeys(values, " ")})
    assert "Fill in or tick what is to be changed." in text_of(nothing)
    ticked = {f"change_{re.sub('_0$', '', name)}": "on" for name in values}
    response = admin.post(RULES, {**data, "apply": "1", **values, **ticked}, follow=True)
    assert "2 removed pages were changed." in text_of(response)
    for row in rows:
        row.refresh_from_db()
        for name, value in expected.items():
            found = getattr(row, name)
            assert (found.isoformat()[:19] if hasattr(found, "isoformat") else found) == value
        row.full_clean()
    admin.post(undo_link(response))
    rows[0].refresh_from_db()
    assert (rows[0].group, rows[0].valid_from, rows[0].announce) == ("old", soon, True)


def test_what_is_filled_in_is_changed_without_a_tick(admin: Client) -> None:
    """What is blank and not ticked stays."""
    rule = PermanenceRuleFactory(group="old", replacement="/new/")
    filled = {"group": "relaunch", "replacement": "", "valid_until_0": "2999-01-01"}
    admin.post(RULES, chosen("change_together", rule, apply="1", **filled))
    rule.refresh_from_db()
    assert (rule.group, rule.replacement, rule.valid_until.year) == ("relaunch", "/new/", 2999)


def test_the_page_to_change_many_leads_back_and_names_its_fields(admin: Client) -> None:
    page = text_of(admin.post(f"{RULES}?q=x", chosen("change_together", PermanenceRuleFactory())))
    assert f'<a href="{RULES}">Removed pages</a>' in page
    assert 'href="">Cancel</a>' in page
    assert "admin/css/widgets.css" in page
    for name in ("host", "group", "replacement"):
        (tag,) = re.findall(f'<input [^>]*name="{name}"[^>]*>', page)
        assert f'aria-label="{name.capitalize()}"' in tag


def test_what_can_not_be_changed_together(admin: Client) -> None:
    rows = [PermanenceRuleFactory(pattern="/x/", host=host) for host in ("", "a.example")]
    for values, error in (
        ({"host": "b.example", "change_host": "on"}, "some of them would be the same as others"),
        ({"host": "http://b/", "change_host": "on"}, "Write the name of the host alone"),
        ({"replacement": "//b/", "change_replacement": "on"}, "This leads to another site"),
    ):
        data = chosen("change_together", *rows, apply="1", **values)
        assert error in text_of(admin.post(RULES, data))
    assert {row.host for row in PermanenceRule.objects.all()} == {"", "a.example"}
    assert not UndoPart.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(("kind", "pattern"), [("prefix", "/"), ("route", "/<path:x>")])
def test_a_rule_for_everything_keeps_its_host(admin: Client, kind: str, pattern: str) -> None:
    """It was confirmed for that one."""
    rows = [
        PermanenceRuleFactory(host="old.example", kind=kind, pattern=pattern),
        PermanenceRuleFactory(pattern="/x/"),
    ]
    asked = {"change_host": "on", "host": "", "change_group": "on", "group": "g", "apply": "1"}
    response = admin.post(RULES, chosen("change_together", *rows, **asked))
    assert "One of them is for everything that is not found." in text_of(response)
    del asked["change_host"]
    admin.post(RULES, chosen("change_together", *rows, **asked))
    found = PermanenceRule.objects.get(pk=rows[0].pk)
    assert (found.host, found.group) == ("old.example", "g")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
def test_dates_are_taken_back_wherever_the_site_is(admin: Client, settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    rule = PermanenceRuleFactory()
    asked = {"change_valid_until": "on", "valid_until_0": "2999-01-15", "valid_until_1": "10:00"}
    data = chosen("change_together", rule, apply="1", **asked)
    response = admin.post(RULES, data, follow=True)
    rule.refresh_from_db()
    assert rule.valid_until
    response = admin.post(undo_link(response), follow=True)
    assert "1 removed page is as before." in text_of(response)
    rule.refresh_from_db()
    assert rule.valid_until is None


def test_one_that_can_not_be_taken_back_keeps_no_other(admin: Client) -> None:
    rows = [PermanenceRuleFactory(pattern=each, host="x.example") for each in ("/a/", "/b/", "/c/")]
    asked = {"change_host": "on", "host": "y.example", "apply": "1"}
    response = admin.post(RULES, chosen("change_together", *rows, **asked), follow=True)
    PermanenceRuleFactory(pattern="/a/", host="x.example")
    response = admin.post(undo_link(response), follow=True)
    assert "2 removed pages are as before." in text_of(response)
    assert "1 was changed since then" in text_of(response)
    hosts = {row.pattern: PermanenceRule.objects.get(pk=row.pk).host for row in rows}
    assert hosts == {"/a/": "y.example", "/b/": "x.example", "/c/": "x.example"}


def test_a_rule_is_duplicated(admin: Client, client: Client) -> None:
    rule = PermanenceRuleFactory(pattern="/x/", reason="Sold.", permanence="temporary")
    page = text_of(admin.get(url("permanencerule_change", rule.pk)))
    assert f'href="{url("permanencerule_add")}?duplicate={rule.pk}"' in page
    for address, filled in ((f"?duplicate={rule.pk}", True), ("?duplicate=x", False)):
        form = text_of(admin.get(url("permanencerule_add") + address))
        assert ("Sold." in form) == filled
    adder = User.objects.create_user("adder", is_staff=True)
    adder.user_permissions.set(Permission.objects.filter(codename="add_permanencerule"))
    client.force_login(adder)
    form = text_of(client.get(f"{url('permanencerule_add')}?duplicate={rule.pk}"))
    assert "Sold." not in form


def test_keys_are_written_without_separators(admin: Client, settings: Any) -> None:
    """The rows that were chosen are found again by them."""
    settings.USE_THOUSAND_SEPARATOR = True
    rule = PermanenceRuleFactory(pk=1234, pattern="/x/")
    page = text_of(admin.get(url("permanencerule_change", rule.pk)))
    assert f'href="{url("permanencerule_add")}?duplicate=1234"' in page
    asking = admin.post(RULES, chosen("delete_selected", rule, select_across="1"))
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text_of(asking))
    admin.post(RULES, dict(inputs))
    assert not PermanenceRule.objects.exists()


def test_the_history_shows_old_and_new_values(admin: Client) -> None:
    rule = PermanenceRuleFactory(pattern="/x/", reason="Because <b>", enabled=True)
    form = rule_form(pattern="/x/", permanence="temporary", valid_until="2999-01-02 03:04")
    admin.post(url("permanencerule_change", rule.pk), form)
    form = rule_form(pattern="/x/", permanence="temporary", valid_until="2999-01-02 18:00")
    admin.post(url("permanencerule_change", rule.pk), form)
    response = admin.post(RULES, chosen("disable", rule), follow=True)
    admin.post(undo_link(response))
    admin.post(RULES, chosen("make_permanent", rule))
    page = text_of(admin.get(url("permanencerule_history", rule.pk)))
    for text in (
        "What has become of it: gone for good (410) → not there yet, or back later (404)",
        "Reason: “Because &lt;b&gt;” → nothing",
        "Valid until: nothing → 01/02/2999 3:04 a.m.",
        "Changed Valid until: 01/02/2999 3:04 a.m. → 01/02/2999 6 p.m.</",
        "Changed Enabled: Yes → No.",
        "Changed Enabled: No → Yes.",
        "Expected: nothing → nothing",
    ):
        assert (text in page) == ("nothing → nothing" not in text), text
    LogEntry.objects.update(change_message="[]")
    assert admin.get(url("permanencerule_history", rule.pk)).status_code == 200


def test_the_history_has_what_an_import_did(admin: Client) -> None:
    """Of each row, though it was written without knowing its key; and that it was taken back."""
    changed = PermanenceRuleFactory(pattern="/changed/", reason="As before")
    same = PermanenceRuleFactory(pattern="/same/")
    response = upload(admin, b"pattern,reason\n/changed/,New\n/same/,\n/new/,\n")
    new = PermanenceRule.objects.get(pattern="/new/")
    entries = LogEntry.objects.values_list("object_id", "object_repr", "action_flag")
    assert set(entries.all()) == {
        (str(changed.pk), "/changed/", CHANGE),
        (str(new.pk), "/new/", ADDITION),
    }
    addresses = {row: url("permanencerule_history", row.pk) for row in (changed, same, new)}
    assert "Changed Reason: “As before” → “New”." in text_of(admin.get(addresses[changed]))
    assert "Added." in text_of(admin.get(addresses[new]))
    assert not admin.get(addresses[same]).context["action_list"]
    admin.post(undo_link(response))
    assert "Changed Reason: “New” → “As before”." in text_of(admin.get(addresses[changed]))
    admin.post(url("permanencerule_delete", same.pk), {"post": "yes"})
    deleted = LogEntry.objects.filter(object_id=same.pk)
    admin.post(undo_link(admin.get(RULES)))
    assert "Deleted." in text_of(admin.get(addresses[same]))
    assert deleted.count() == 2
    assert LogEntry.objects.filter(object_id=new.pk, action_flag=DELETION).exists()


def test_a_project_may_want_no_log_of_imports(admin: Client, settings: Any) -> None:
    settings.IMPORT_EXPORT_SKIP_ADMIN_LOG = True
    response = upload(admin, b"/new/\n")
    assert undo_link(response)
    assert not LogEntry.objects.exists()


def test_an_import_of_many_asks_no_more_for_more_rows(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    content = "".join(f"/x/{number}/\n" for number in range(400))
    with django_assert_max_num_queries(80):
        upload(admin, content.encode())
    assert PermanenceRule.objects.count() == LogEntry.objects.count() == 400


@pytest.mark.parametrize(
    ("query", "patterns"),
    [
        ("/shop/lamps/7/", {"/shop/", "/shop/<slug:a>/7/", "/shop/lamps/7/", "/Shop/"}),
        ("https://b.example/shop/lamps/7?x=1", {"/shop/", "/shop/<slug:a>/7/"}),
        ("http://a.example:80/shop/lamps/7/#x", {"/shop/", "/shop/<slug:a>/7/", "/shop/lamps/7/"}),
        ("/SHOP/x/", {"/Shop/"}),
        ("/lam", {"/shop/lamps/7/"}),
        ("lamps", {"/shop/lamps/7/"}),
        ("relaunch", {"/other/"}),
        # As they are stored: what would mean something else, or can't be seen, is encoded.
        ("/a%3Fb", {"/a%3Fb/"}),
        ("/a%3f", {"/a%3Fb/"}),
        ("/50%", {"/50%25/"}),
        ("/a%00", {"/a%00b/"}),
        ("/a%00b", {"/a%00b/"}),
        ("/caf%C3%A9s", {"/caf\u00e9s/"}),
    ],
)
def test_the_search_finds_what_covers_an_address(
    admin: Client, query: str, patterns: set[str]
) -> None:
    PermanenceRuleFactory(pattern="/shop/", kind="prefix", enabled=False)
    PermanenceRuleFactory(pattern="/shop/<slug:a>/7/", kind="route")
    PermanenceRuleFactory(pattern="/shop/lamps/7/", host="a.example")
    PermanenceRuleFactory(pattern="/Shop/", kind="prefix", ignore_case=True, host="c.example")
    PermanenceRuleFactory(pattern="/other/", group="relaunch")
    for pattern in ("/a%3Fb/", "/50%/", "/a%00b/", "/cafe\u0301s/"):
        PermanenceRuleFactory(pattern=pattern)
    found = admin.get(RULES, {"q": query}).context["cl"].result_list
    assert {row.pattern for row in found} == patterns


@pytest.mark.parametrize(("most", "looks"), [(60, 1), (59, 3)])
def test_a_search_looks_at_all_rules_once(
    admin: Client, monkeypatch: pytest.MonkeyPatch, most: int, looks: int
) -> None:
    """Unless it finds many: then the first ones come soon, and they are counted."""
    monkeypatch.setattr(rules, "MOST_FOUND_AT_ONCE", most)
    for number in range(60):
        PermanenceRuleFactory(pattern=f"/lamps/{number:02}/")
    PermanenceRuleFactory(pattern="/chairs/")
    for page, count in ((1, 50), (2, 10)):
        with CaptureQueriesContext(connection) as queries:
            shown = admin.get(RULES, {"q": "lamps", "p": page}).context["cl"]
        assert (shown.result_count, len(shown.result_list)) == (60, count)
        assert [row.pattern for row in shown.result_list] == sorted(
            row.pattern for row in shown.result_list
        )
        searches = [each["sql"] for each in queries if "LIKE" in each["sql"]]
        assert len([each for each in searches if " IN (" not in each]) == looks
    assert not admin.get(RULES, {"q": "nothing"}).context["cl"].result_list


def test_groups_and_rules_that_nobody_needs_can_be_found(admin: Client, settings: Any) -> None:
    long_ago = timezone.now() - timedelta(days=91)
    PermanenceRuleFactory(pattern="/new/", group="a")
    PermanenceRuleFactory(pattern="/old/", group="b", created_at=long_ago, hits=3)
    needed = {"hits": 5, "last_hit": timezone.now()}
    PermanenceRuleFactory(pattern="/needed/", created_at=long_ago, **needed)
    page = text_of(admin.get(RULES))
    assert "?group=b" in page
    assert "used=never" not in page
    settings.HTTP_ERRORS = {"MISSING_PAGES": True}
    response = admin.get(f"{RULES}?used=never")
    assert [row.pattern for row in response.context["cl"].result_list] == ["/old/"]
    assert 'class="field-hits">3<' in text_of(response)
    response = admin.get(f"{RULES}?group=a")
    assert [row.pattern for row in response.context["cl"].result_list] == ["/new/"]


# A site whose users have keys that SQLite doesn't take as they are, and what somebody does there.
OTHER_USERS = """
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    AUTH_USER_MODEL="people.User",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "people",
        "django_http_errors",
        *(f"django.contrib.{name}" for name in "admin auth contenttypes sessions messages".split()),
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.urls import path
from django_http_errors.models import PermanenceRule, UndoPart
from people.models import User

urlpatterns = [path("admin/", admin.site.urls)]
call_command("migrate", run_syncdb=True, verbosity=0)
user = User.objects.create(username="editor", is_staff=True, is_superuser=True)
client = Client()
client.force_login(user)
chosen = {"_selected_action": [PermanenceRule.objects.create(pattern="/x/").pk], "post": "yes"}
for action in ("disable", "delete_selected"):
    client.post("/admin/django_http_errors/permanencerule/", {"action": action, **chosen})
    undo = UndoPart.objects.get().action
    client.post(f"/admin/django_http_errors/permanencerule/undo/{undo}/")
assert PermanenceRule.objects.get().enabled
entries = LogEntry.objects.order_by("pk")
print(*(entry.action_flag for entry in entries if entry.user == user))
"""
USER = """
from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid4)
"""


def test_the_key_of_a_user_may_be_no_number(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "__init__.py").touch()
    (tmp_path / "people" / "models.py").write_text(USER)
    (tmp_path / "site.py").write_text(OTHER_USERS)
    done = subprocess.run(
        [sys.executable, tmp_path / "site.py"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(each) for each in (CHANGE, CHANGE, DELETION, ADDITION)], (
        done.stderr
    )
