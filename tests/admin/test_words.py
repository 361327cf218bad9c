"""What the admin says by itself: where there is nothing yet, after saving, and when in doubt."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.forms import modelform_factory
from django.test import Client

from django_http_errors.admin.forms import ErrorMessageForm
from django_http_errors.core.missing_pages import counter
from django_http_errors.models import ErrorMessage, HidingRule, MissingPage, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

from ..factories import ErrorMessageFactory, PermanenceRuleFactory
from .test_admin import message_form, part, rule_form, text_of, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contexts")]

NAMES = {
    "errormessage": "Error messages",
    "permanencerule": "Removed pages",
    "hidingrule": "Hidden areas",
    "missingpage": "Missing pages",
}

TRY = "/admin/django_http_errors/permanencerule/try/"


@pytest.fixture(autouse=True)
def admin() -> Client:
    snapshots.forget()
    client = Client()
    client.force_login(User.objects.create_user("admin", is_staff=True, is_superuser=True))
    return client


def said(response: Any) -> list[str]:
    return [str(each) for each in response.context["messages"]]


@pytest.mark.parametrize("model", NAMES)
def test_a_list_says_what_it_is_for_and_an_empty_one_what_to_do(admin: Client, model: str) -> None:
    page = text_of(admin.get(url(f"{model}_changelist")))
    assert NAMES[model] in page
    assert '<p class="http-errors-intro">' in page
    empty = page.partition('<div class="http-errors-empty">')[2]
    assert f'class="button" href="{url(f"{model}_add")}"' in empty
    rows = (
        ErrorMessage(),
        PermanenceRule(pattern="/x/"),
        HidingRule(pattern="/x/"),
        MissingPage(path="/x/"),
    )
    for row in rows:
        row.save()
    for query in ("", "?q=nothing-like-it"):
        assert "http-errors-empty" not in text_of(admin.get(url(f"{model}_changelist") + query))


def test_where_all_missing_pages_are_ignored_it_is_not_said_that_there_were_none(
    admin: Client,
) -> None:
    page = MissingPage.objects.create(path="/x/", ignored=True)
    assert "http-errors-empty" not in text_of(admin.get(url("missingpage_changelist")))
    page.delete()
    for query in ("", "?ignored=all"):
        shown = text_of(admin.get(url("missingpage_changelist") + query))
        assert "http-errors-empty" in shown


def test_that_nothing_is_counted_is_said_once(admin: Client) -> None:
    """Not by the page that carries out an action, and once more by the one that follows."""
    page = MissingPage.objects.create(path="/x/")
    chosen = {"action": "ignore", "_selected_action": [page.pk]}
    texts = said(admin.post(url("missingpage_changelist"), chosen, follow=True))
    assert sum(text.startswith("Missing pages are not counted.") for text in texts) == 1
    assert len(texts) == 2


def test_there_is_one_already_and_a_link_to_it(admin: Client) -> None:
    rule, message = PermanenceRuleFactory(pattern="/x/"), ErrorMessageFactory(path_prefix="/x/")
    for address, form, row in (
        (url("permanencerule_add"), rule_form(pattern="/x/"), rule),
        (url("errormessage_add"), message_form(status="404", path_prefix="/x/"), message),
    ):
        page = text_of(admin.post(address, form))
        assert f'There is one already: <a href="{row.pk}/' not in page
        assert f'href="{address.removesuffix("add/")}{row.pk}/change/"' in page
    other = PermanenceRuleFactory(pattern="/y/")
    page = text_of(admin.post(url("permanencerule_change", other.pk), rule_form(pattern="/x/")))
    assert f'href="{url("permanencerule_change", rule.pk)}">/x/</a>' in page
    wrong = admin.post(url("permanencerule_add"), rule_form(pattern="x"))
    assert "There is one already" not in text_of(wrong)


@pytest.mark.parametrize(
    ("values", "covered"),
    [
        ({"pattern": "/", "kind": "prefix"}, 2),
        ({"pattern": "/", "kind": "prefix", "host": "testserver"}, 1),
        ({"pattern": "/<path:x>", "kind": "route"}, 2),
    ],
)
def test_a_rule_for_everything_is_confirmed(
    admin: Client, values: dict[str, str], covered: int
) -> None:
    MissingPage.objects.create(path="/a/", host="testserver")
    MissingPage.objects.create(path="/b/", host="other.example")
    MissingPage.objects.create(path="*.php")
    MissingPage.objects.create(path="/c/", ignored=True)
    form = rule_form(**values)
    text = f"of the 2 missing pages in the list it covers {covered}."
    box = 'name="confirm"'
    assert box not in text_of(admin.get(url("permanencerule_add")))
    page = text_of(admin.post(url("permanencerule_add"), form))
    assert f"{text} If you mean that, tick “Save it all the same”." in page
    assert page.count(box) == 1
    assert not PermanenceRule.objects.exists()
    # What it would do is shown all the same.
    preview = admin.post(url("permanencerule_preview"), form)
    assert "gone for good (410)" in part(preview, "summary")
    assert f"{text} You have to confirm it when you save it." in part(preview, "warnings")
    assert part(preview, "errors") == ""
    # What was ticked stays ticked while something else is wrong.
    wrong = admin.post(url("permanencerule_add"), {**form, "confirm": "on", "replacement": "x"})
    (tag,) = re.findall(f"<input [^>]*{box}[^>]*>", text_of(wrong))
    assert " checked" in tag
    admin.post(url("permanencerule_add"), {**form, "confirm": "on"})
    assert PermanenceRule.objects.count() == 1
    assert box in text_of(admin.get(url("permanencerule_change", PermanenceRule.objects.get().pk)))


@pytest.mark.parametrize(
    ("model", "form", "sentence", "address"),
    [
        (
            "permanencerule",
            rule_form(pattern="/ä x/", kind="prefix"),
            "Visitors of /ä x/ and everything below are told from now on",
            "/%C3%A4%20x/",
        ),
        (
            "permanencerule",
            rule_form(pattern="/x/<int:y>/", kind="route", host="other.example"),
            "Visitors of all addresses like /x/<int:y>/",
            "//other.example/x/98765/",
        ),
        (
            "hidingrule",
            {"pattern": "/vault/", "kind": "exact", "exempt": "nobody", "enabled": "on"},
            "Whatever is forbidden at /vault/",
            "/vault/",
        ),
        (
            "errormessage",
            message_form(status="5xx", title="<Oh>", language="de"),
            "A 500 at /example/ says: 500 <Oh>.",
            f"{TRY}?address=%2Fexample%2F&amp;status=500&amp;language=de",
        ),
    ],
)
def test_after_saving_it_is_said_what_it_does(
    admin: Client, model: str, form: dict[str, str], sentence: str, address: str
) -> None:
    response = admin.post(url(f"{model}_add"), form, follow=True)
    texts = said(response)
    escaped = sentence.replace("<", "&lt;").replace(">", "&gt;")
    assert any(text.startswith(escaped) for text in texts), texts
    assert any(f'<a href="{address}">View it</a>' in text for text in texts), texts


def test_what_is_chosen_from_a_list_can_stay_what_it_is() -> None:
    row = ErrorMessageFactory(status="499", language="tlh")
    form_class = modelform_factory(ErrorMessage, ErrorMessageForm, fields="__all__")
    for form, extra in ((form_class(instance=row), True), (form_class(), False)):
        for name, value in (("status", "499"), ("language", "tlh")):
            values = [each for each, _label in form.fields[name].widget.choices]
            assert (value in values) == extra
            assert {"", {"status": "404", "language": "de"}[name]} <= set(values)


def session_of(request: Any) -> dict[str, Any]:
    return {"seen": request.session.get("seen", 0)}


def test_a_preview_is_no_visit_and_has_what_a_visit_has(
    admin: Client, project_pages: Any, own_records: list[logging.LogRecord], settings: Any
) -> None:
    """Nothing is counted, and the project's template is given an empty session."""
    settings.HTTP_ERRORS = {"MISSING_PAGES": True}
    counter.forget()
    template = {"404.html": "{{ seen }} seen"}
    project_pages(
        template,
        f"{__name__}.session_of",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    )
    preview = admin.post(url("errormessage_preview"), message_form(status="404"))
    assert "0 seen" in text_of(preview)
    assert own_records == []
    assert len(counter) == 0
    admin.get("/nowhere/")
    assert len(counter) == 1
    counter.forget()


def test_a_rule_without_effect_is_confirmed(admin: Client) -> None:
    """What the model refuses for that is asked for by the same box."""
    form = rule_form(pattern="/form/")
    page = text_of(admin.post(url("permanencerule_add"), form))
    assert "answers here today" in page
    assert page.count('name="confirm"') == 1
    assert "answers here today" in part(admin.post(url("permanencerule_preview"), form), "warnings")
    admin.post(url("permanencerule_add"), {**form, "confirm": "on"})
    assert PermanenceRule.objects.count() == 1
    # Somebody has been told, and isn't asked again.
    rule = PermanenceRule.objects.get()
    assert 'name="confirm"' not in text_of(admin.get(url("permanencerule_change", rule.pk)))
    assert admin.post(url("permanencerule_change", rule.pk), form).status_code == 302


# Buttons, and links that look like one.
_BUTTONS = re.compile(
    r"<button\b[^>]*>(?P<button>.*?)</button>"
    r'|<input (?=[^>]*type="submit")[^>]*value="(?P<input>[^"]*)"'
    r'|<a (?=[^>]*class="(?:button|closelink|deletelink|addlink|historylink|cancel-link)\b)[^>]*>'
    r"(?P<link>.*?)</a>",
    re.DOTALL,
)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_no_two_buttons_of_a_page_are_called_the_same(admin: Client, language: str) -> None:
    """What does something, and what does nothing, above all: in French both were "Annuler"."""
    rule = PermanenceRuleFactory(pattern="/x/")
    message, page = ErrorMessageFactory(), MissingPage.objects.create(path="/y/")
    asked = {"headers": {"accept-language": language}}
    rules = url("permanencerule_changelist")
    selected = {"_selected_action": [rule.pk]}
    changed = admin.post(rules, {"action": "disable", **selected}, follow=True, **asked)
    (undo,) = re.findall(r'href="([^"]+/undo/[^"]+)"', text_of(changed))
    pages = [
        admin.get(undo, **asked),
        admin.get(url("permanencerule_delete", rule.pk), **asked),
        *(
            admin.post(rules, {"action": action, **selected}, **asked)
            for action in ("delete_selected", "change_together")
        ),
        *(admin.get(url(f"{model}_add"), **asked) for model in NAMES),
        admin.get(url("permanencerule_change", rule.pk), **asked),
        admin.get(url("errormessage_change", message.pk), **asked),
        admin.get(url("missingpage_change", page.pk), **asked),
        admin.get(f"{TRY}?address=/nothing/", **asked),
    ]
    for response in pages:
        content = text_of(response).partition('id="content"')[2]
        found = [
            re.sub(r"<[^>]+>", "", each["button"] or each["input"] or each["link"]).strip()
            for each in _BUTTONS.finditer(content)
        ]
        assert found, response.request["PATH_INFO"]
        assert len(found) == len(set(found)), (response.request["PATH_INFO"], found)
