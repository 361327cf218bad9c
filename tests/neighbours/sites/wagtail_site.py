"""What an editor of a Wagtail site does, who isn't staff: run with the site's settings."""

import re
from html import unescape

import django

django.setup()

from django.contrib import admin  # noqa: E402 - models can be loaded only now
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import reverse  # noqa: E402
from wagtail.contrib.redirects.models import Redirect  # noqa: E402
from wagtail.models import Site  # noqa: E402

from django_http_errors.core import counting  # noqa: E402
from django_http_errors.explaining.explanation import explain  # noqa: E402
from django_http_errors.models import (  # noqa: E402
    ErrorMessage,
    HidingRule,
    MissingPage,
    PermanenceRule,
)

RULE = {
    "pattern": "/old-shop/",
    "kind": "prefix",
    "permanence": "permanent",
    "reason": "The shop has closed.",
    "enabled": "on",
}


def url(model, page, *args):
    return reverse(model.snippet_viewset.get_url_name(page), args=args)


def signed_in(name, *permissions):
    """Return a client of an editor whose group has these permissions, and Wagtail's admin."""
    group, _ = Group.objects.get_or_create(name=name)
    group.permissions.set(Permission.objects.filter(codename__in=["access_admin", *permissions]))
    user = User.objects.create_user(name, password=name)
    user.groups.add(group)
    assert not user.is_staff
    client = Client()
    client.force_login(user)
    return client


def main():
    # Whatever editors have in Django's admin.
    models = [each for each in admin.site._registry if each._meta.app_label == "django_http_errors"]
    assert all(hasattr(each, "snippet_viewset") for each in models), models
    names = [f"{action}_{each._meta.model_name}" for each in models for action in ("add", "change")]
    editor, reader = signed_in("editor", *names), signed_in("reader")

    # Groups can be given the permissions, and the menu shows what one may do.
    permissions = Client()
    permissions.force_login(User.objects.create_superuser("root"))
    page = permissions.get(reverse("wagtailusers_groups:add")).content.decode()
    assert all(str(each._meta.verbose_name) in page.lower() for each in models)
    for client, shown in ((editor, True), (reader, False)):
        assert ("Error pages" in client.get("/admin/").content.decode()) is shown

    for model in models:
        for page in ("list", "add"):
            assert editor.get(url(model, page)).status_code == 200, (model, page)
            assert reader.get(url(model, page)).status_code == 302, (model, page)
    # What there is to be added by hand, where visitors add the rest.
    assert "comes here by itself" in editor.get(url(MissingPage, "add")).content.decode()
    for model in (ErrorMessage, PermanenceRule, HidingRule):
        page = editor.get(url(model, "add")).content.decode()
        assert f'data-url="{url(model, "preview")}"' in page
        assert "django_http_errors/preview.js" in page

    edits(editor, reader)


def lists_what_is_ignored_if_asked(editor):
    for query, is_shown in (("", False), ("?ignored=true", True), ("?ignored=false", False)):
        page = editor.get(url(MissingPage, "list") + query).content.decode()
        assert ("?pattern=%2Flost%2F" in page) is is_shown, query


def lists_nothing_of_a_hidden_area(editor):
    """Once one is made there, to who may not see such areas."""
    rows = MissingPage.objects.bulk_create(
        MissingPage(path=path, referrer=f"http://testserver{from_}")
        for path, from_ in (("/board/plan/", "/elsewhere/"), ("/open/", "/board/list/"))
    )
    area = HidingRule.objects.create(kind="prefix", pattern="/board/")
    other = signed_in("other", "view_missingpage", "change_missingpage")
    for client, is_shown in ((editor, True), (other, False)):
        page = client.get(url(MissingPage, "list")).content.decode()
        assert "/open/" in page
        assert ("/board/" in page) is is_shown, page
    for name in ("edit", "delete", "history", "usage"):
        for client, is_shown in ((editor, True), (other, False)):
            page = client.get(url(MissingPage, name, rows[0].pk)).content.decode()
            assert ("/board/" in page) is (is_shown and name != "delete"), (name, page)
    area.delete()
    MissingPage.objects.filter(path__in=["/board/plan/", "/open/"]).delete()


def counts_nothing_of_a_hidden_area():
    """Where a rule for everything is to be confirmed."""
    area = HidingRule.objects.create(kind="prefix", pattern="/board/")
    MissingPage.objects.bulk_create(MissingPage(path=path) for path in ("/board/x/", "/open/"))
    rights = ("view_missingpage", "add_permanencerule")
    for client, number in (
        (signed_in("seeing", *rights, "view_hidingrule"), 2),
        (signed_in("unseeing", *rights), 1),
    ):
        page = client.post(url(PermanenceRule, "add"), {**RULE, "pattern": "/"}).content.decode()
        assert f"of the {number} missing pages in the list it covers {number}" in page, page
    area.delete()
    MissingPage.objects.filter(path__in=["/board/x/", "/open/"]).delete()


def names_no_row_to_who_may_not_see_it():
    """Wagtail's choosers and bulk actions are open to all who may see its admin."""
    HidingRule.objects.create(kind="prefix", pattern="/board/")
    MissingPage.objects.create(path="/board/plan/")
    MissingPage.objects.create(path="/open/")
    reader = signed_in("insider")
    unseeing = signed_in("deleting", "delete_missingpage")
    seeing = signed_in("boss", "delete_missingpage", "view_hidingrule", "delete_hidingrule")
    for model in (HidingRule, MissingPage):
        name = model._meta.model_name
        chooser = f"/admin/snippets/choose/django_http_errors/{name}/"
        assert seeing.get(chooser).status_code == 404
        many = reverse("wagtail_bulk_action", args=["django_http_errors", name, "delete"])
        for client, is_named in ((reader, False), (unseeing, False), (seeing, True)):
            page = client.get(f"{many}?id=all", follow=True).content.decode()
            assert ("/board/" in page) is is_named, (model, page)
    many = reverse("wagtail_bulk_action", args=["django_http_errors", "missingpage", "delete"])
    assert "/open/" in unseeing.get(f"{many}?id=all").content.decode()
    reader.post(f"{many}?id=all")
    assert MissingPage.objects.filter(path="/open/").exists()
    unseeing.post(f"{many}?id=all")
    # What the list doesn't show by itself stays: the patterns of what scanners look for.
    listed, ignored = (MissingPage.objects.filter(ignored=each) for each in (False, True))
    assert list(listed.values_list("path", flat=True)) == ["/board/plan/"]
    seeing.post(f"{many}?id=all")
    assert ignored.exists()
    assert not listed.exists()
    HidingRule.objects.all().delete()


def lists_what_is_due(editor):
    """At the first look."""
    counting.EVERY = 0.0
    with override_settings(HTTP_ERRORS={"MISSING_PAGES": True}):
        assert Client().get("/just-now/").status_code == 404
        assert "/just-now/" in editor.get(url(MissingPage, "list")).content.decode()
    MissingPage.objects.filter(path="/just-now/").delete()


def names_redirects_of_the_site():
    page = Site.objects.get().root_page
    other = Site.objects.create(hostname="other.example", root_page=page)
    Redirect.objects.create(old_path="/moved", redirect_link="/there/", site=other)
    Redirect.objects.create(old_path="/everywhere", redirect_link="/there/")
    for host, path, expected in (
        ("localhost", "/moved/", ()),
        ("other.example", "/moved/", ("a redirect to /there/",)),
        ("localhost", "/everywhere/", ("a redirect to /there/",)),
        ("other.example", "/everywhere/", ("a redirect to /there/",)),
    ):
        assert explain(path, host=host).answered_by == expected, (host, path)
        sent = Client().get(path, headers={"host": host})
        assert (sent.status_code == 301) is bool(expected), (host, path)
    Redirect.objects.all().delete()
    other.delete()


def links_to_a_message_that_there_is(editor, onlooker):
    message = ErrorMessage.objects.create(status="404", path_prefix="/lost/", title="Lost")
    link = f'<a href="{url(ErrorMessage, "edit", message.pk)}">Has a message</a>'
    for client, is_linked in ((editor, True), (onlooker, False)):
        page = client.get(url(MissingPage, "list")).content.decode()
        assert "Has a message" in page
        assert (link in page) is is_linked
    message.delete()


def edits(editor, reader):
    # The preview says what would happen, and saves nothing.
    rules = PermanenceRule.objects.filter(pattern="/old-shop/")
    result = editor.post(url(PermanenceRule, "preview"), RULE).content.decode()
    told = "Visitors of /old-shop/ and everything below are told from now on that it is gone for"
    assert told in result
    assert "The shop has closed." in result
    assert not rules.exists()
    assert editor.get(url(PermanenceRule, "preview")).status_code == 405
    assert "/old-shop/" not in reader.post(url(PermanenceRule, "preview"), RULE).content.decode()
    result = editor.post(url(PermanenceRule, "preview"), {**RULE, "pattern": "no path"})
    assert "<li>" in result.content.decode()

    # Saving does it.
    assert editor.post(url(PermanenceRule, "add"), RULE).status_code == 302
    rule = rules.get()
    assert (rule.author, rule.source) == ("editor", "admin")
    response = editor.get("/old-shop/lamps/", headers={"accept": "application/problem+json"})
    assert (response.status_code, response.json()["detail"]) == (410, "The shop has closed.")
    page = editor.get(url(PermanenceRule, "edit", rule.pk)).content.decode()
    assert f'data-url="{url(PermanenceRule, "preview", rule.pk)}"' in page
    result = editor.post(
        url(PermanenceRule, "preview", rule.pk), {**RULE, "permanence": "temporary"}
    ).content.decode()
    assert "not there yet, or back later (404)" in result
    assert rules.get().permanence == "permanent"
    # Who may add may not delete.
    assert editor.post(url(PermanenceRule, "delete", rule.pk)).status_code == 302
    assert rules.exists()

    missing = MissingPage.objects.create(path="/lost/", hits=7)
    page = editor.get(url(MissingPage, "list")).content.decode()
    # From there one click leads to a form that is filled in.
    assert page.count("pattern=%2Flost%2F") == 2
    offered = re.findall(r'href="([^"]+(?:pattern|path_prefix)=%2Flost%2F[^"]*)"', page)
    for address, label in zip(offered, ("Gone for good", "Back later", "Own words"), strict=True):
        assert f">{label}</a>" in page
        assert 'value="/lost/"' in editor.get(unescape(address)).content.decode(), label
    onlooker = signed_in("onlooker", "change_missingpage", "add_errormessage")
    page = onlooker.get(url(MissingPage, "list")).content.decode()
    assert [f">{each}</a>" in page for each in ("Gone for good", "Own words")] == [False, True]
    links_to_a_message_that_there_is(editor, onlooker)
    ignored = {"path": "/lost/", "ignored": "on"}
    assert editor.post(url(MissingPage, "edit", missing.pk), ignored).status_code == 302
    missing.refresh_from_db()
    assert (missing.ignored, missing.hits) == (True, 7)
    lists_what_is_ignored_if_asked(editor)
    lists_nothing_of_a_hidden_area(editor)
    counts_nothing_of_a_hidden_area()
    lists_what_is_due(editor)
    names_no_row_to_who_may_not_see_it()
    names_redirects_of_the_site()
    speaks_of_what_is_lost(editor)


def speaks_of_what_is_lost(editor):
    message = {"status": "404", "title": "Lost", "detail": "Nothing at {path}.", "enabled": "on"}
    result = editor.post(url(ErrorMessage, "preview"), message).content.decode()
    assert "Nothing at /example/." in result
    assert editor.post(url(ErrorMessage, "add"), message).status_code == 302
    assert editor.get("/nowhere/", headers={"accept": "text/plain"}).content.startswith(b"404 Lost")

    # Its API speaks two dialects: its own for 400 and 404, and that of REST framework's handler.
    for path, status in (("99/", 404), ("?type=no.Such", 400)):
        response = editor.get(f"/api/pages/{path}", headers={"accept": "application/json"})
        assert (response.status_code, list(response.json())) == (status, ["message"])
    response = editor.delete("/api/pages/", headers={"accept": "application/problem+json, */*"})
    assert (response.status_code, response.json()["status"]) == (405, 405)

    hiding = {"pattern": "/", "kind": "prefix", "exempt": "nobody", "enabled": "on"}
    assert editor.post(url(HidingRule, "add"), hiding).status_code == 200
    assert not HidingRule.objects.exists()
    assert editor.post(url(HidingRule, "add"), {**hiding, "confirm": "on"}).status_code == 302
    assert HidingRule.objects.get().pattern == "/"


if __name__ == "__main__":
    main()
