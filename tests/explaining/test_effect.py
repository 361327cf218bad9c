"""What keeps a rule from doing anything: what `full_clean` refuses, and what it lets through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.utils import timezone

from django_http_errors.decorators import hide_forbidden
from django_http_errors.explaining.explanation import answered_today
from django_http_errors.models import HidingRule, MatchType, PermanenceRule, examined
from django_http_errors.rules.snapshot import snapshots

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("ok")


def own_404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("our own", status=404)


urlpatterns = [
    path("shop/", view, name="shop"),
    path("defaults/", view, {"page": 1}, name="defaults"),
    path("shop/<int:pk>/", view, name="item"),
    path("hidden/", hide_forbidden(view)),
    re_path(r"^feed$", view, name="feed"),
    re_path(r"^app", view, name="app"),
    re_path(r"^(?:wiki|wiki/.*)$", view, name="wiki"),
]


class WithOwnHandler:
    urlpatterns = urlpatterns
    handler404 = own_404


def refused(**fields: Any) -> list[str]:
    """Return why a rule isn't taken, in words; [] if it is."""
    errors: list[ValidationError] = []
    try:
        PermanenceRule(**fields).full_clean()
    except ValidationError as error:
        errors = error.error_dict.pop("pattern")
        if error.error_dict:
            raise
    assert {each.code for each in errors} <= {"no_effect"}
    return [message for each in errors for message in each.messages]


LATER = datetime(2100, 1, 1, tzinfo=UTC)
ONLY_WHERE = "answers here today: the rule counts only where that is a 404."


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("/shop/", "shop"),
        ("/shop", "shop"),
        ("/%73hop/", "shop"),
        ("/defaults/", "defaults"),
        ("/feed", "feed"),
        ("/feed/", "feed"),
    ],
)
def test_an_address_that_a_view_is_for(pattern: str, name: str) -> None:
    assert refused(pattern=pattern) == [f"The view {name} {ONLY_WHERE}"]


@pytest.mark.parametrize(
    "fields",
    [
        {"pattern": "/nothing/"},
        # The view may not find what is asked for.
        {"pattern": "/shop/7/"},
        {"pattern": "/app"},
        {"pattern": "/wiki"},
        {"pattern": "/wiki/Page"},
        # It hides that it is there.
        {"pattern": "/hidden/"},
        # There is more below.
        {"pattern": "/shop/", "kind": "prefix"},
        {"pattern": "/<slug:name>/", "kind": "route"},
        # It isn't meant to do anything yet.
        {"pattern": "/shop/", "enabled": False},
        {"pattern": "/shop/", "valid_from": LATER},
        {
            "pattern": "/shop/",
            "valid_from": LATER,
            "announce": True,
        },
    ],
    ids=str,
)
def test_what_may_do_something(fields: dict[str, Any]) -> None:
    assert refused(**fields) == []


SEVERAL = "These are several addresses. Write a rule for each."
DOTS = "Browsers resolve “.” and “..” and ask for "


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/a/, /b/", SEVERAL),
        ("/a/ /b/", SEVERAL),
        ("/a/;  /b/", SEVERAL),
        ("/a/../b/", DOTS + "/b/"),
        ("/./a", DOTS + "/a"),
        ("/a/%2E%2e/b", DOTS + "/b"),
        ("/a/..", DOTS + "/"),
        ("/a//./b/", DOTS + "/a//b/"),
    ],
)
@pytest.mark.parametrize("kind", MatchType.values)
def test_what_nobody_asks_for(pattern: str, words: str, kind: str) -> None:
    assert refused(pattern=pattern, kind=kind, host="testserver") == [words]
    rule = HidingRule(pattern=pattern, kind=kind)
    with pytest.raises(ValidationError) as caught:
        rule.full_clean()
    assert caught.value.message_dict == {"pattern": [words]}
    rule.confirmed = True
    rule.full_clean()


@pytest.mark.parametrize(
    "pattern", ["/a, b/", "/a b/c/", "/.well-known/x", "/a..b/", "/a.../", "/x."]
)
def test_what_somebody_may_ask_for(pattern: str) -> None:
    assert refused(pattern=pattern) == []
    HidingRule(pattern=pattern).full_clean()


def test_a_rule_that_has_begun() -> None:
    assert refused(pattern="/shop/", valid_from=timezone.now() - timedelta(days=1))


def test_what_is_meant_all_the_same() -> None:
    rule = PermanenceRule(pattern="/shop/")
    rule.confirmed = True
    rule.full_clean()
    rule.save()
    rule = PermanenceRule.objects.get()
    rule.note = "It goes on Friday."
    rule.full_clean()
    rule.pattern = "/feed"
    with pytest.raises(ValidationError, match=ONLY_WHERE):
        rule.full_clean()


def test_what_is_wrong_comes_first(django_assert_num_queries: Any) -> None:
    with pytest.raises(ValidationError) as caught, django_assert_num_queries(0):
        PermanenceRule(pattern="/shop/", reason="{user}").full_clean()
    assert list(caught.value.message_dict) == ["reason"]


def test_to_save_or_to_clean_asks_the_site_nothing() -> None:
    asked: list[str] = []

    def note(rule: PermanenceRule, **kwargs: Any) -> list[str]:
        asked.append(rule.pattern)
        return []

    examined.connect(note)
    try:
        PermanenceRule(pattern="/shop/").clean()
        PermanenceRule.objects.create(pattern="/shop/").save()
        PermanenceRule.objects.bulk_create([PermanenceRule(pattern="/feed")])
        assert asked == []
        PermanenceRule(pattern="/nothing/").full_clean()
        assert asked == ["/nothing/"]
    finally:
        examined.disconnect(note)


def test_a_urlconf_that_is_broken_refuses_nothing(settings: Any) -> None:
    settings.ROOT_URLCONF = "no.such.module"
    assert refused(pattern="/shop/") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"pattern": "/nothing/"},
        {"pattern": "/nothing/", "kind": "prefix"},
        {"pattern": "/nothing/<int:year>/", "kind": "route"},
    ],
    ids=str,
)
def test_a_handler_of_the_site_may_leave_the_answer_to_the_app(
    fields: dict[str, Any], settings: Any
) -> None:
    settings.ROOT_URLCONF = WithOwnHandler
    assert refused(**fields) == []


def test_what_is_in_a_hidden_area_is_not_told(answers: Callable[..., None]) -> None:
    answers({"/feed/old/": "a redirect to /new/"})
    snapshots.forget()
    HidingRule.objects.create(pattern="/feed/", kind="prefix")
    for pattern in ("/feed", "/feed/old/"):
        assert refused(pattern=pattern) == []
    assert list(answered_today(["/feed", "/shop/"])) == [
        ("/shop/", f"The view shop {ONLY_WHERE}"),
    ]


@pytest.mark.parametrize(
    "path",
    ["/shop/", "/feed", "/shop/7/", "/app", "/wiki", "/wiki/Page", "/hidden/", "/nothing/"],
)
def test_an_import_remarks_on_the_views_that_a_form_refuses(path: str) -> None:
    """What is behind a view with parameters, nobody knows: a dead product's page for instance."""
    refusals = [text for text in refused(pattern=path) if ONLY_WHERE in text]
    assert [text for _, text in answered_today([path]) if ONLY_WHERE in text] == refusals


def test_a_form_that_has_no_pattern() -> None:
    """Its error would be at a field that there isn't."""
    form_class = modelform_factory(PermanenceRule, fields=["note"])
    row = PermanenceRule(pattern="/shop/")
    assert form_class({"note": "Sold."}, instance=row).is_valid()
    form = modelform_factory(PermanenceRule, fields=["pattern", "kind", "enabled", "permanence"])
    values = {"pattern": "/shop/", "kind": "exact", "permanence": "permanent", "enabled": "on"}
    assert ONLY_WHERE in str(form(values).errors["pattern"])


# Needs tables that the tests' database doesn't have: what answers is looked up in another test.
@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def install(found: dict[str, str]) -> None:
        monkeypatch.setattr(
            "django_http_errors.explaining.effect.answering",
            lambda address: iter([found[address]] if address in found else []),
        )

    return install


def test_a_redirect_or_a_flat_page(answers: Callable[..., None]) -> None:
    answers({"/old/": "a redirect to /new/", "/caf%E9/": "the flat page “Café”"})
    assert refused(pattern="/old/") == ["Before any rule, this answers here: a redirect to /new/."]
    assert refused(pattern="/old/", kind="prefix") == []
    assert refused(pattern="/new/") == []


def test_what_answers_at_another_host(
    answers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers({"/old/": "a redirect to /new/"})
    for pattern in ("/old/", "/shop/"):
        assert refused(pattern=pattern, host="testserver") == []
    monkeypatch.setattr("django_http_errors.explaining.effect.has_several_sites", lambda: True)
    assert refused(pattern="/old/") == []
