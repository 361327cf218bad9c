"""What can be seen of a hole in hiding without a request, and what editors are told."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from django_http_errors import checks
from django_http_errors.decorators import hide_forbidden
from django_http_errors.hiding import overlaps
from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule
from django_http_errors.rules.snapshot import snapshots

SECURITY = "django.middleware.security.SecurityMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
XFRAME = "django.middleware.clickjacking.XFrameOptionsMiddleware"


def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise PermissionDenied


def careless(inner: Any) -> Any:
    """A decorator that forgets functools.wraps."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return inner(*args, **kwargs)

    return wrapper


class Urls:
    def __init__(self, *routes: Any) -> None:
        self.urlpatterns = list(routes)


HIDING = path("documents/<int:pk>/", hide_forbidden(view))
PLAIN = path("plain/<int:pk>/", view)
NESTED = path("deep/", include([HIDING]))
LOST = path("lost/", careless(careless(hide_forbidden(view))))


def ids(found: list[Any]) -> list[str]:
    return [each.id.removeprefix("django_http_errors.") for each in found]


@pytest.mark.parametrize(
    ("expected", "routes", "changed"),
    [
        ([], [HIDING], {}),
        ([], [PLAIN], {"MIDDLEWARE": [SESSIONS, checks.HIDING_MIDDLEWARE], "DEBUG": True}),
        (["W009"], [HIDING], {"MIDDLEWARE": [SESSIONS, checks.HIDING_MIDDLEWARE]}),
        *(
            (["W009"], [NESTED], {"MIDDLEWARE": [each, checks.HIDING_MIDDLEWARE]})
            for each in sorted(checks.MARKING_MIDDLEWARE)
        ),
        *(
            (["W010"], [HIDING], {"MIDDLEWARE": [checks.HIDING_MIDDLEWARE, each]})
            for each in checks.SITE_WIDE_MIDDLEWARE
        ),
        (["W011"], [HIDING], {"DEBUG": True}),
        (["W013"], [LOST], {}),
        ([], [path("x/", careless(view))], {}),
    ],
)
def test_a_hole_around_a_view_has_its_id(
    expected: list[str], routes: list[Any], changed: dict[str, Any], settings: Any
) -> None:
    settings.MIDDLEWARE = [SECURITY, checks.HIDING_MIDDLEWARE, SESSIONS, XFRAME]
    settings.DEBUG = False
    settings.ROOT_URLCONF = Urls(*routes)
    for name, value in changed.items():
        setattr(settings, name, value)
    assert ids(checks.check_hiding()) == expected
    assert all(each.hint and each.msg.endswith(".") for each in checks.check_hiding())


@pytest.mark.parametrize(("routes", "expected"), [([HIDING], ["E004"]), ([PLAIN], [])])
def test_hiding_without_the_middleware_is_an_error(
    routes: list[Any], expected: list[str], settings: Any
) -> None:
    settings.MIDDLEWARE = [SESSIONS]
    settings.ROOT_URLCONF = Urls(*routes)
    found = [each for each in ids(checks.check_http_errors()) if each == "E004"]
    assert found == expected


def test_a_urlconf_that_is_broken_is_for_django_to_tell(settings: Any) -> None:
    settings.ROOT_URLCONF = "no.such.urls"
    assert checks.check_hiding() == []


def test_the_default_checks_ask_no_database(django_assert_num_queries: Any, db: None) -> None:
    HidingRule.objects.create(kind="prefix", pattern="/x/")
    with django_assert_num_queries(0):
        checks.check_http_errors()
        checks.check_hiding()
        call_command("check", "--deploy", "--tag", "http_errors")


@pytest.mark.django_db
def test_rules_are_checked_where_a_database_is_named(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls(PLAIN)
    settings.MIDDLEWARE = [SESSIONS]
    HidingRule.objects.create(kind="prefix", pattern="/x/")
    assert checks.check_hiding_rules(databases=None) == []
    assert checks.check_hiding_rules(databases=["other"]) == []
    assert ids(checks.check_hiding_rules(databases=["default"])) == ["E004"]
    settings.MIDDLEWARE = [SESSIONS, checks.HIDING_MIDDLEWARE]
    assert ids(checks.check_hiding_rules(databases=["default"])) == ["W009"]


def test_a_database_that_cannot_be_read_is_no_finding(monkeypatch: Any, settings: Any) -> None:
    def away(self: Any, alias: str) -> Any:
        raise OSError

    monkeypatch.setattr(type(snapshots), "read", away)
    assert checks.check_hiding_rules(databases=["default"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "pattern", "tells"),
    [
        ("exact", "/vault/secret/", True),
        ("prefix", "/vault/deep/", True),
        ("route", "/vault/<int:pk>/", False),
        ("route", "/vault/deep/<int:pk>/", True),
        ("prefix", "/vault/", False),
        ("exact", "/elsewhere/", False),
        ("prefix", "/", False),
        ("exact", "/documents/2/", True),
        ("prefix", "/documents/", False),
        ("exact", "/plain/2/", False),
    ],
)
def test_a_rule_for_a_part_of_a_scope_is_told(
    kind: str, pattern: str, tells: bool, settings: Any
) -> None:
    settings.ROOT_URLCONF = Urls(HIDING, PLAIN)
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    PermanenceRule.objects.create(kind=kind, pattern=pattern)
    assert ids(checks.check_hiding_rules(databases=["default"])) == (["W012"] if tells else [])


@pytest.mark.django_db
def test_a_message_for_a_part_of_a_scope_is_told(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls(HIDING)
    one = HidingRule.objects.create(kind="prefix", pattern="/vault/")
    for prefix in ("", "/vault/", "/vault/secret/", "/documents/2/"):
        ErrorMessage.objects.create(status="404", path_prefix=prefix, title="x")
    assert ids(checks.check_hiding_rules(databases=["default"])) == ["W012", "W012"]
    warnings = [str(each) for each in overlaps.warnings(one, snapshots.current())]
    assert len(warnings) == 1
    assert "/vault/secret/" in warnings[0]


@pytest.mark.django_db
def test_what_is_for_a_part_is_named_as_it_is_written() -> None:
    PermanenceRule.objects.create(kind="route", pattern="/archive/<int:year>/", host="a.example")
    ErrorMessage.objects.create(status="404", path_prefix="/shop/", title="x")
    everything = HidingRule(kind="prefix", pattern="/")
    warnings = " ".join(map(str, overlaps.warnings(everything, snapshots.current())))
    assert "The rule for a.example/archive/<int:year>/ is for a part" in warnings
    assert "The message for /shop/ is for a part" in warnings


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "pattern", "code"),
    [
        ("prefix", "/", "covers_all"),
        ("exact", "/", "covers_all"),
        ("route", "/<path:rest>", "covers_login"),
        ("prefix", "/accounts/", "covers_login"),
        ("exact", "/accounts/login", "covers_login"),
        ("route", "/accounts/<slug:page>/", "covers_login"),
        ("exact", "/accounts/", None),
        ("prefix", "/vault/", None),
    ],
)
def test_what_hides_too_much_is_refused_unless_confirmed(
    kind: str, pattern: str, code: str | None
) -> None:
    rule = HidingRule(kind=kind, pattern=pattern)
    if code is not None:
        with pytest.raises(ValidationError) as caught:
            rule.full_clean()
        assert [each.code for each in caught.value.error_dict["pattern"]] == [code]
        rule.confirmed = True
    rule.full_clean()


@pytest.mark.django_db
def test_a_login_page_that_is_a_name_is_found(settings: Any) -> None:
    settings.LOGIN_URL = "login"
    with pytest.raises(ValidationError):
        HidingRule(kind="prefix", pattern="/accounts/").full_clean()
    settings.LOGIN_URL = "no-such-name"
    HidingRule(kind="prefix", pattern="/accounts/").full_clean()


@pytest.mark.django_db
def test_a_rule_over_the_admin_is_warned_of() -> None:
    for pattern, kind in (("/admin/", "prefix"), ("/admin/", "exact"), ("/", "prefix")):
        said = overlaps.warnings(HidingRule(kind=kind, pattern=pattern), snapshots.current())
        assert ["This covers the admin, /admin/" in str(each) for each in said].count(True) == 1
    assert overlaps.warnings(HidingRule(kind="prefix", pattern="/x/"), snapshots.current()) == []
