"""Why a path is answered as it is."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.middleware.locale import LocaleMiddleware
from django.test import Client, override_settings
from django.urls import path, reverse
from django.utils import timezone, translation
from django.views.decorators.common import no_append_slash

from django_http_errors import handlers
from django_http_errors.admin import advice
from django_http_errors.conf import LOCALE_MIDDLEWARE
from django_http_errors.explaining import explanation
from django_http_errors.explaining.handlers import HANDLED
from django_http_errors.models import HidingRule, PermanenceRule
from django_http_errors.rules.matching import Index
from django_http_errors.rules.rows import PermanenceRow

from ..asking import HIDING_MIDDLEWARE
from ..factories import PermanenceRuleFactory

pytestmark = pytest.mark.urls("tests.urls_advice")


@override_settings(ALLOWED_HOSTS=["a.example", ".b.example"])
def test_own_hosts() -> None:
    hosts = ("a.example", "www.b.example", "c.example", "not a host")
    assert [explanation.is_own_host(host) for host in hosts] == [True, True, False, False]


def test_two_slashes_begin_no_host() -> None:
    """What Django's RequestFactory takes for a host is a part of the path."""
    request = explanation.request_for("//evil.example/x?a=1")
    assert request.path_info == "//evil.example/x"
    assert request.get_host() == "localhost"
    assert request.GET["a"] == "1"


# Handlers.


def own_handler(request: Any, exception: Any = None) -> None:
    """A handler of the site's, which answers by itself."""


class OwnHandlers:
    urlpatterns: list[Any] = []
    handler403 = handlers.handler403
    handler404 = own_handler
    handler500 = f"{__name__}.own_handler"


class NoSuchHandlers:
    urlpatterns: list[Any] = []
    handler404 = "no.such.handler"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 403, 404, 410, 500])
def test_the_sites_own_handler_is_named(status: int, settings: Any) -> None:
    assert explanation.explain("/x/", status=status).handler == ""
    settings.ROOT_URLCONF = OwnHandlers
    expected = f"{__name__}.own_handler" if status in (404, 500) else ""
    assert explanation.explain("/x/", status=status).handler == expected


@pytest.mark.django_db
def test_a_handler_that_is_not_there_is_no_reason_to_fail(settings: Any) -> None:
    settings.ROOT_URLCONF = NoSuchHandlers
    assert explanation.explain("/x/").handler == ""


@pytest.mark.django_db
def test_without_the_defaults_the_handlers_are_djangos(settings: Any) -> None:
    settings.HTTP_ERRORS = {"DEFAULT_HANDLERS": False}
    found = [explanation.explain("/x/", status=status).handler for status in HANDLED]
    names = ("bad_request", "permission_denied", "page_not_found", "server_error")
    assert found == [f"django.views.defaults.{name}" for name in names]


# Redirects of Django's own middleware.


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


class Urls:
    urlpatterns = [
        path("form/", view),
        path("exempt/", no_append_slash(view)),
        *i18n_patterns(path("about/", view)),
    ]


class OwnCommonMiddleware(CommonMiddleware):
    """A project's own."""


class OwnLocaleMiddleware(LocaleMiddleware):
    """A project's own."""


def middleware(*, own: bool = False) -> list[str]:
    return [
        HIDING_MIDDLEWARE,
        f"{__name__}.OwnLocaleMiddleware" if own else LOCALE_MIDDLEWARE,
        f"{__name__}.OwnCommonMiddleware" if own else "django.middleware.common.CommonMiddleware",
        "django_http_errors.middleware.HttpErrorsMiddleware",
    ]


ADDRESSES = (
    "/form",
    "/form/",
    "/exempt",
    "/about/",
    "/about",
    "/de/about",
    "/de/about/",
    "/de/x/",
    "/x",
    "/",
)


@pytest.mark.django_db
@pytest.mark.parametrize(("editors", "visitors"), [("en", ""), ("de", ""), ("en", "de")])
@pytest.mark.parametrize("permanence", [None, "permanent", "temporary"])
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"MIDDLEWARE": middleware(own=True)},
        {"MIDDLEWARE": [middleware()[0], *middleware()[3:]]},
        {"APPEND_SLASH": False},
        {"LANGUAGES": [("en", "English")]},
    ],
)
@pytest.mark.parametrize("hides", [None, "some", "all"])
def test_what_is_said_is_what_the_site_does(
    changed: dict,
    hides: str | None,
    permanence: str | None,
    editors: str,
    visitors: str,
    published: Callable[[], None],
) -> None:
    """Redirects to a language or to the last slash, views below a language, and rules."""
    if permanence:
        PermanenceRuleFactory(pattern="/", kind="prefix", permanence=permanence)
    if hides:
        HidingRule.objects.create(pattern="/", kind="prefix", fold_client_errors=hides == "all")
    published()
    site = {
        "ROOT_URLCONF": Urls,
        "MIDDLEWARE": middleware(),
        "LANGUAGES": [("en", "English"), ("de", "German")],
        "LANGUAGE_CODE": "en",
    }
    with override_settings(**site | changed):
        visitors = visitors if visitors in dict(settings.LANGUAGES) else ""
        for address in ADDRESSES:
            headers = {"accept-language": visitors} if visitors else {}
            with translation.override("en"):
                sent = Client().get(address, headers=headers)
            with translation.override(editors):
                explained = explanation.explain(address, language=visitors)
            targets = [each.rpartition(" ")[2] for each in explained.answered_by]
            assert targets == ([sent["Location"]] if sent.has_header("Location") else []), address
            assert (explained.match is not None) == (sent.status_code == 200), address
            if sent.status_code >= 400:
                assert explained.response.status_code == sent.status_code, address
                decides = any(each.decides for each in explained.rules)
                assert decides == (permanence is not None), address


# URLconfs by the host.

BY_HOST = "tests.explaining.urls_by_host.by_host"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("installed", "named"),
    [
        (middleware(), ()),
        (["tests.middleware.CrashIn", *middleware()], ()),
        (["no.such.middleware", *middleware()], ()),
        ([BY_HOST, *middleware()], (BY_HOST,)),
    ],
)
def test_what_may_choose_another_urlconf_is_named(
    installed: list[str], named: tuple[str, ...]
) -> None:
    with override_settings(MIDDLEWARE=installed):
        explained = explanation.explain("/only-there/", host="b.example")
        assert explained.may_set_urlconf == named
        out = StringIO()
        call_command("explain_error", "/only-there/", host="b.example", stdout=out)
    first, second, *_rest = out.getvalue().splitlines()
    assert first == "View: none. The URLconf tests.urls_advice has nothing at this address."
    assert (BY_HOST in second) == bool(named)


@pytest.mark.django_db
@pytest.mark.urls("testproject.urls")
def test_an_editor_is_told_that_a_host_may_have_other_pages(admin_client: Client) -> None:
    asked = {"address": "/only-there/", "host": "b.example"}
    address = reverse("admin:django_http_errors_permanencerule_try")
    told = "Some hosts of this site may have pages of their own"
    assert told not in admin_client.get(address, asked).content.decode()
    site = {"MIDDLEWARE": [*settings.MIDDLEWARE, BY_HOST], "ALLOWED_HOSTS": ["*"]}
    with override_settings(**site):
        page = admin_client.get(address, asked).content.decode()
        assert Client().get(asked["address"], headers={"host": "b.example"}).content == b"there"
    assert told in page
    assert "What visitors would get otherwise" in page


@pytest.mark.parametrize("editors", ["en", "de"])
def test_who_makes_a_rule_is_told_of_views_and_redirects(editors: str) -> None:
    site = {"ROOT_URLCONF": Urls, "MIDDLEWARE": middleware()}
    with override_settings(**site), translation.override(editors):
        of_prefixes = [*explanation.answered_today(["/about", "/x/"], exact=["/x/"])]
        found = list(explanation.answered_today(["/de/about/", "/about", "/form", "/x/"]))
        told = [
            [*advice.warnings(PermanenceRow.of(rule), Index(()), timezone.now())]
            for rule in (
                PermanenceRule(pattern="/about/"),
                PermanenceRule(kind="prefix", pattern="/about/"),
            )
        ]
    assert of_prefixes == [], "They leave what is redirected to a language."
    assert [any("/en/about/" in text for text in texts) for texts in told] == [True, False]
    assert [path for path, _text in found] == ["/de/about/", "/about", "/form"]
    assert "/en/about/" in found[1][1]
