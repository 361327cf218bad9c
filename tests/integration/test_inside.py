"""Error pages are rendered where a view's pages are: all that they ask works as in plain Django."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from importlib.util import find_spec
from io import StringIO
from typing import Any
from unittest.mock import Mock, patch
from weakref import ref

import pytest
from django.apps import apps
from django.conf import urls as default_urls
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, SimpleTestCase, modify_settings, override_settings
from django.urls import NoReverseMatch, clear_url_caches, path
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from django_http_errors.admin import advice
from django_http_errors.exceptions import Gone
from django_http_errors.explaining.answering import AT_ONCE, answering
from django_http_errors.explaining.explanation import explain
from django_http_errors.models import Announcement, HidingRule, PermanenceRule
from django_http_errors.rules.matching import Index
from django_http_errors.rules.rows import PermanenceRow
from django_http_errors.rules.snapshot import snapshots

from ..imports import import_rules
from . import middleware, urls
from .context_processors import renderings
from .project import HERE, Visitor, messages_on, project, said, templates, token_on

# A plain Django renders nothing for what is returned without content.
IN_BOTH = [("nowhere", 404), ("raised/404", 404), ("raised/403", 403)]
WITH_THE_APP = [
    *IN_BOTH,
    ("raised/400", 400),
    ("raised/410", 410),
    ("returned/404", 404),
    ("returned/403", 403),
    ("returned/410", 410),
]
ERRORS = [
    *(pytest.param(False, path, status, id=f"plain-{path}") for path, status in IN_BOTH),
    *(pytest.param(True, path, status, id=f"app-{path}") for path, status in WITH_THE_APP),
]

pytestmark = pytest.mark.django_db


CONTRIB = ["sites", "flatpages", "redirects"]


@pytest.fixture(scope="module", autouse=True)
def _installed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Have some apps installed that know the page from the inside, or have pages of their own."""
    installed = [*(f"django.contrib.{name}" for name in CONTRIB)]
    if find_spec("waffle") is not None:
        installed.append("waffle")
    with (
        override_settings(SITE_ID=1),
        modify_settings(INSTALLED_APPS={"append": installed}),
        django_db_blocker.unblock(),
    ):
        apps.clear_cache()  # Their models may be loaded already, and the users' have been asked.
        call_command("migrate", verbosity=0)
        with django_db_blocker.block():
            yield
        for label in (path.rpartition(".")[2] for path in reversed(installed)):
            call_command("migrate", label, "zero", verbosity=0)
            for model in apps.get_app_config(label).get_models():
                if admin.site.is_registered(model):  # by its own autodiscovery
                    admin.site.unregister(model)


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def visitor(mode: str) -> Visitor:
    return Visitor(mode)


@pytest.fixture(scope="module", autouse=True)
def _nothing_read() -> None:
    snapshots.forget()


@pytest.fixture(autouse=True)
def _nothing_seen(db: None) -> Iterator[None]:
    renderings.clear()
    middleware.bodies.clear()
    yield
    # The rules of a test are rolled back, which nobody is told.
    if Announcement.due(DEFAULT_DB_ALIAS):
        snapshots.forget()


def test_plain_django_is_plain() -> None:
    """The comparison is with Django's own handlers."""
    with project(app=False):
        assert default_urls.handler404.__module__ == "django.views.defaults"
    with project():
        assert default_urls.handler404 == "django_http_errors.handlers.handler404"


@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_the_form_on_the_page_can_be_sent(
    visitor: Visitor, app: bool, path: str, status: int
) -> None:
    with project(app=app):
        page = visitor.get(f"/{path}/")
        assert page.status_code == status
        assert page.cookies["csrftoken"].value
        assert visitor.post("/form/", {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
        sent = visitor.post("/form/", {"csrfmiddlewaretoken": token_on(page)})
        assert (sent.status_code, sent.content) == (200, b"sent")
        assert "Cookie" in page["Vary"]


@pytest.mark.parametrize("storage", ["fallback.FallbackStorage", "session.SessionStorage"])
@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_messages_appear_once(
    visitor: Visitor, app: bool, path: str, status: int, storage: str
) -> None:
    """Those of the failing view too."""
    storage = f"django.contrib.messages.storage.{storage}"
    with project(app=app, MESSAGE_STORAGE=storage):
        # A redirect or a view without a page would have left it: here the page says it at once.
        expected = [] if path == "nowhere" else ["hello"]
        assert messages_on(visitor.get(f"/{path}/?note=hello")) == expected
        assert messages_on(visitor.get(f"/{path}/")) == []
        assert messages_on(visitor.get("/ordinary/")) == []


@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_the_visitor_is_greeted_and_counted(
    visitor: Visitor, app: bool, path: str, status: int
) -> None:
    # Under ASGI plain Django asks for the user in a thread whose connection nobody closes.
    name = "jane" if app or not visitor.is_async else "AnonymousUser"
    with project(app=app):
        if name == "jane":
            visitor.client.force_login(get_user_model().objects.create_user("jane"))
        pages = [visitor.get(f"/{path}/"), visitor.get("/ordinary/"), visitor.get(f"/{path}/")]
    assert [page.status_code for page in pages] == [status, 200, status]
    assert [said(page, "user") for page in pages] == [name] * 3
    assert [said(page, "visits") for page in pages] == ["1", "2", "3"]
    for page in pages:
        assert "Cookie" in page["Vary"]


AROUND = [f"{HERE}.middleware.{name}" for name in ("in_german", "in_tokyo", "in_context")]


@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_what_middleware_has_set_is_in_force(
    visitor: Visitor, app: bool, path: str, status: int
) -> None:
    """Middleware that is async with an async view, and so never leaves the event loop."""
    with project(app=app, around=AROUND):
        page = visitor.get(f"/{path}/")
    assert page.status_code == status
    assert said(page, "language") == "de"
    assert said(page, "zone") == "Asia/Tokyo"
    assert said(page, "context") == "inside"


@pytest.mark.parametrize(("path", "status"), WITH_THE_APP)
def test_what_is_kept_for_the_thread_is_in_force(visitor: Visitor, path: str, status: int) -> None:
    """Under ASGI too, where Django's own handlers render in another thread."""
    around = [f"{HERE}.middleware.in_thread", *AROUND]
    with project(around=around):
        page = visitor.get(f"/{path}/")
    assert page.status_code == status
    assert said(page, "thread") == "inside"
    assert said(page, "language") == "de"


def test_the_words_of_the_app_are_in_the_language_of_the_middleware(visitor: Visitor) -> None:
    """Also where no LocaleMiddleware has found out the visitor's own."""
    without = modify_settings(MIDDLEWARE={"remove": ["django.middleware.locale.LocaleMiddleware"]})
    with project(around=AROUND, TEMPLATES=templates({})):
        here = visitor.get("/raised/404/", accept_language="en")
        with without:
            there = visitor.get("/raised/404/", accept_language="en")
    for page in (here, there):
        assert 'lang="de"' in page.content.decode()
        assert page["Content-Language"] == "de"


@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_cookies_for_what_the_page_asked_are_set(
    visitor: Visitor, app: bool, path: str, status: int
) -> None:
    with project(app=app, around=[f"{HERE}.middleware.roll"]):
        page = visitor.get(f"/{path}/")
    assert said(page, "colour") == "blue"
    assert page.cookies["colour"].value == "blue"


@pytest.mark.parametrize(("case", "status"), [("refused", 410), ("lost", 404)])
def test_what_middleware_raises_has_the_page_too(visitor: Visitor, case: str, status: int) -> None:
    """It is rendered in the layer where it was raised, inside of sessions and all that."""
    with project(around=[f"{HERE}.middleware.refuse", *AROUND]):
        for visits in (1, 2):
            page = visitor.get(f"/form/?{case}")
            assert page.status_code == status
            assert said(page, "visits") == str(visits)
        sent = visitor.post("/form/", {"csrfmiddlewaretoken": token_on(page)})
        assert sent.content == b"sent"


def test_the_handlers_alone_have_the_page_too(visitor: Visitor) -> None:
    """Without HttpErrorsMiddleware it is as with Django's own handlers."""
    without = {"remove": ["django_http_errors.middleware.HttpErrorsMiddleware"]}
    cookies = "django.contrib.sessions.backends.signed_cookies"
    with project(around=AROUND, SESSION_ENGINE=cookies), modify_settings(MIDDLEWARE=without):
        for path, status in (("/nowhere/", 404), ("/raised/404/", 404), ("/raised/410/", 410)):
            first = visitor.get(path)
            page = visitor.get(path)
            assert page.status_code == status
            assert int(said(page, "visits")) == int(said(first, "visits")) + 1
            assert said(page, "context") == "inside"
            assert said(page, "language") == "de"
            sent = visitor.post("/form/", {"csrfmiddlewaretoken": token_on(page)})
            assert sent.content == b"sent"


REFUSING = {"prepend": [f"{HERE}.middleware.refuse"]}
CSRF = {"remove": ["django.middleware.csrf.CsrfViewMiddleware"]}


@pytest.mark.parametrize("app", [False, True])
def test_the_form_on_a_page_for_what_the_first_middleware_raises_can_be_sent(
    visitor: Visitor, app: bool
) -> None:
    """No other has seen the request; Django's handlers ask for the visitor's secret themselves."""
    cookies = "django.contrib.sessions.backends.signed_cookies"
    with project(app=app, SESSION_ENGINE=cookies), modify_settings(MIDDLEWARE=REFUSING):
        for _visit in range(2):
            page = visitor.get("/form/?lost")
            assert page.status_code == 404
            sent = visitor.post("/form/", {"csrfmiddlewaretoken": token_on(page)})
            assert sent.content == b"sent"


@pytest.mark.parametrize("uses_sessions", [False, True])
@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_a_page_has_its_token_without_the_middleware_too(
    visitor: Visitor, app: bool, path: str, status: int, uses_sessions: bool
) -> None:
    """The views that need it may be decorated, one by one."""
    settings = {"CSRF_USE_SESSIONS": uses_sessions}
    with project(app=app, **settings), modify_settings(MIDDLEWARE=CSRF):
        token = token_on(visitor.get(f"/{path}/"))
    with project(app=app, **settings):
        assert visitor.post("/form/", {"csrfmiddlewaretoken": token}).content == b"sent"


# --- Middleware between the two of the app, and behind them


def write_into_the_page(get_response: Any) -> Any:
    """A middleware that writes its own page into each 404, and keeps the response."""

    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        if response.status_code == 404:
            response.content = b"a page of another"
            response.headers["X-Mine"] = "1"
        return response

    return middleware


@pytest.mark.parametrize("path", ["nowhere", "raised/404", "returned/404"])
@pytest.mark.parametrize("app", [False, True])
@pytest.mark.parametrize("place", ["around", "behind"])
def test_what_a_middleware_writes_into_an_error_stays(
    visitor: Visitor, path: str, app: bool, place: str
) -> None:
    own: dict[str, Any] = {place: [f"{__name__}.write_into_the_page"]}
    with project(app=app, **own):
        page = visitor.get(f"/{path}/")
    assert (page.status_code, page.content) == (404, b"a page of another")
    assert page["X-Mine"] == "1"


@pytest.mark.parametrize(("path", "status"), [*WITH_THE_APP, ("raised/500", 500)])
def test_middleware_in_between_sees_the_page(visitor: Visitor, path: str, status: int) -> None:
    with project(around=[f"{HERE}.middleware.log_bodies"]):
        page = visitor.get(f"/{path}/")
    assert page.status_code == status
    assert page.content
    assert middleware.bodies == [page.content]
    assert int(page["Content-Length"]) == len(page.content)


@pytest.mark.parametrize(("path", "status"), [*WITH_THE_APP, ("raised/500", 500)])
def test_middleware_in_between_may_replace_the_body(
    visitor: Visitor, path: str, status: int
) -> None:
    with project(around=[f"{HERE}.middleware.envelope"]):
        answer = visitor.get(f"/{path}/", accept="application/problem+json")
    assert answer.json()["status"] == answer.json()["data"]["status"] == status
    assert int(answer["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("name", ["missing", "removed"])
def test_so_it_is_with_rest_framework(visitor: Visitor, name: str) -> None:
    pytest.importorskip("rest_framework")
    around = [f"{HERE}.middleware.envelope", f"{HERE}.middleware.log_bodies"]
    with project(around=around):
        answer = visitor.get(f"/api/{name}/", accept="application/json")
    status = {"missing": 404, "removed": 410}[name]
    assert answer.status_code == answer.json()["data"]["status"] == status
    assert len(middleware.bodies) == 1
    assert middleware.bodies[0].startswith(b'{"type"')
    assert int(answer["Content-Length"]) == len(answer.content)


# --- What answers 404s itself, behind HttpErrorsMiddleware

FALLBACKS = [
    f"{HERE}.middleware.single_page_app",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
]


def test_pages_and_redirects_for_a_404_keep_their_turn(visitor: Visitor) -> None:
    """They go before a 410 and before any page, which is rendered once if there is none."""
    here = apps.get_model("sites.Site").objects.get()
    flat_pages = apps.get_model("flatpages.FlatPage").objects
    flat_pages.create(url="/old/about/", title="About", content="flat").sites.add(here)
    redirects = apps.get_model("redirects.Redirect").objects
    redirects.create(site=here, old_path="/old/news/", new_path="/news/")
    PermanenceRule.objects.create(pattern="/old/", kind="prefix")
    PermanenceRule.objects.create(pattern="/shop/", kind="prefix")
    pages = templates()
    pages[0]["OPTIONS"]["loaders"][0][1].append(
        (
            "django.template.loaders.locmem.Loader",
            {"flatpages/default.html": "{{ flatpage.content }}"},
        )
    )
    with project(behind=FALLBACKS, TEMPLATES=pages):
        flat, moved, shop = map(visitor.get, ("/old/about/", "/old/news/", "/shop/shoes/"))
        assert (flat.status_code, flat.content) == (200, b"flat")
        assert (moved.status_code, moved["Location"]) == (301, "/news/")
        assert (shop.status_code, shop.content) == (200, b"<div id=app></div>")
        # The flatpage is rendered with the context processors; none of the project's errors is.
        assert renderings == ["/old/about/"]
        for path, status in (("/old/else/", 410), ("/nowhere/", 404), ("/raised/404/", 404)):
            renderings.clear()
            page = visitor.get(path)
            assert page.status_code == status
            assert len(renderings) == 1


@pytest.fixture
def answering_rows() -> Iterator[None]:
    here = apps.get_model("sites.Site").objects.get()
    flat_pages = apps.get_model("flatpages.FlatPage").objects
    flat_pages.create(url="/about/", title="About us").sites.add(here)
    redirects = apps.get_model("redirects.Redirect").objects
    redirects.create(site=here, old_path="/moved/", new_path="/new/")
    redirects.create(site=here, old_path="/gone/", new_path="")
    with project(behind=FALLBACKS):
        yield


@pytest.mark.usefixtures("answering_rows")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/about/", ["the flat page “About us”"]),
        ("/about", ["the flat page “About us”"]),
        ("/moved/", ["a redirect to /new/"]),
        ("/gone/", ["a redirect to nowhere, which is a 410 without words"]),
        ("/nothing/", []),
    ],
)
def test_what_answers_a_404_is_named(path: str, found: list[str]) -> None:
    assert list(answering(path)) == found


@pytest.mark.usefixtures("answering_rows")
def test_what_answers_may_do_so_at_one_of_several_sites() -> None:
    rule = PermanenceRule(pattern="/moved/")
    with pytest.raises(ValidationError, match="Before any rule, this answers here"):
        rule.full_clean()
    apps.get_model("sites.Site").objects.create(domain="other.example", name="Other")
    rule.full_clean()


@pytest.mark.usefixtures("answering_rows")
@pytest.mark.parametrize("site_id", [None, 1, 2], ids=["by the host", "this one", "the other"])
@pytest.mark.parametrize("host", ["localhost", "other.example", "unknown.example", "bad.example"])
@pytest.mark.parametrize("path", ["/moved/", "/about/", "/elsewhere/", "/flat-elsewhere/"])
def test_what_another_site_has_is_named_where_it_answers(
    host: str, site_id: int | None, path: str, settings: Any
) -> None:
    """As the middleware does: by SITE_ID, or by the host."""
    sites = apps.get_model("sites.Site").objects
    sites.update(domain="localhost")
    other = sites.create(id=2, domain="other.example", name="Other")
    redirects = apps.get_model("redirects.Redirect").objects
    redirects.create(site=other, old_path="/elsewhere/", new_path="/there/")
    flat_pages = apps.get_model("flatpages.FlatPage").objects
    flat_pages.create(url="/flat-elsewhere/", title="Elsewhere").sites.add(other)
    settings.ALLOWED_HOSTS = ["localhost", "other.example", "unknown.example"]
    settings.SITE_ID = site_id
    sites.clear_cache()
    try:
        is_named = bool(explain(path, host=host).answered_by)
        rule = PermanenceRow.of(PermanenceRule(pattern=path, host=host))
        warned = " ".join(advice.warnings(rule, Index(()), timezone.now()))
        is_named_at_any = any(answering(path))
        client = Client(raise_request_exception=False)
        sent = client.get(path, headers={"host": host})
    finally:
        sites.clear_cache()
    present = site_id or {"localhost": 1, "other.example": 2}.get(host)
    of_site = 2 if "elsewhere" in path else 1
    assert is_named == (present == of_site)
    assert ("is answered by" in warned) == is_named
    # What is at one of the hosts may be there.
    assert is_named_at_any == (site_id in (None, of_site))
    if host != "bad.example" and path in ("/moved/", "/elsewhere/"):
        assert (sent.status_code == 301) == is_named


@pytest.mark.usefixtures("answering_rows")
def test_it_is_named_to_who_makes_a_rule_and_to_who_explains_an_address() -> None:
    row = PermanenceRow.of(PermanenceRule(pattern="/moved/"))
    warning = "/moved/ is answered by a redirect to /new/ before any rule is asked."
    assert warning in advice.warnings(row, Index(()), timezone.now())
    out = StringIO()
    call_command("explain_error", "/moved/", stdout=out)
    assert "answered by a redirect to /new/ before any rule is asked" in out.getvalue()


@pytest.mark.usefixtures("answering_rows")
def test_it_is_named_to_who_validates_a_rule(django_assert_max_num_queries: Any) -> None:
    for pattern, what in (("/about", "the flat page “About us”"), ("/moved/", "a redirect")):
        with pytest.raises(ValidationError, match=what), django_assert_max_num_queries(4):
            PermanenceRule(pattern=pattern).full_clean()
    PermanenceRule(pattern="/nothing/").full_clean()


@pytest.mark.usefixtures("answering_rows")
def test_it_is_named_where_rules_are_imported(django_assert_max_num_queries: Any) -> None:
    """Many in one query."""
    some = [f"/nothing/{n}/" for n in range(AT_ONCE)]
    elsewhere = "http://testserver/moved/"
    content = "\n".join(["/about", "/moved/", "/gone/", "/raised/404/", elsewhere, *some]).encode()
    snapshots.current()
    with django_assert_max_num_queries(20):
        report = import_rules(content, dry_run=True)
    assert {text: str(places) for text, places in report.remarks.items()} == {
        "Before any rule, this answers here: the flat page “About us”.": "line 1",
        "Before any rule, this answers here: a redirect to /new/.": "line 2, line 5",
        "Before any rule, this answers here: a redirect to nowhere, which is a 410 without words"
        ".": "line 3",
        "The view tests.integration.views.raised is asked here first: the rule counts only where"
        " that is a 404.": "line 4",
    }
    import_rules(content)
    assert not import_rules(content).remarks, "Who made them has been told."


@pytest.mark.usefixtures("answering_rows")
def test_without_their_middleware_they_answer_nothing() -> None:
    with project():
        assert list(answering("/moved/")) == []


@pytest.mark.usefixtures("answering_rows")
def test_what_cant_be_found_out_is_logged(
    monkeypatch: pytest.MonkeyPatch, own_records: list[Any]
) -> None:
    monkeypatch.setattr(apps.get_model("flatpages.FlatPage").objects, "filter", None)
    assert list(answering("/moved/")) == ["a redirect to /new/"]
    assert len(own_records) == 1


def test_a_rule_without_a_language_prefix_is_in_force(visitor: Visitor) -> None:
    """LocaleMiddleware redirects a 404 to the address below a language, and a 410 it doesn't."""
    PermanenceRule.objects.create(pattern="/old/news/")
    for app, status in ((False, 302), (True, 410)):
        with project(app=app, ROOT_URLCONF=f"{HERE}.urls_i18n"):
            assert visitor.get("/old/news/").status_code == status
            other = visitor.get("/new/news/")
            assert (other.status_code, other["Location"]) == (302, "/en/new/news/")


@pytest.mark.parametrize(
    ("kind", "pattern"), [("prefix", "/pages/"), ("route", "/pages/<path:page>")]
)
def test_a_rule_for_many_addresses_leaves_those_that_are_redirected_to_a_language(
    visitor: Visitor, kind: str, pattern: str
) -> None:
    PermanenceRule.objects.create(kind=kind, pattern=pattern)
    with project(ROOT_URLCONF=f"{HERE}.urls_pages"):
        for path, target in (("about/", "about/"), ("about", "about/")):
            answer = visitor.get(f"/pages/{path}")
            assert (answer.status_code, answer["Location"]) == (302, f"/en/pages/{target}")
        for path in ("/pages/nothing/", "/pages/ueber/"):
            assert visitor.get(path).status_code == 410
        with override_settings(APPEND_SLASH=False):
            assert visitor.get("/pages/about").status_code == 410


def test_a_redirect_goes_before_a_rule_in_a_language_without_words(visitor: Visitor) -> None:
    """The error would be in English, and the page is there in the visitor's language only."""
    for pattern in ("/pages/", "/ko/"):
        PermanenceRule.objects.create(kind="prefix", pattern=pattern)
    languages = [("en", "English"), ("ko", "Korean")]
    with project(ROOT_URLCONF=f"{HERE}.urls_pages", LANGUAGES=languages):
        below = visitor.get("/pages/about/", **{"accept-language": "ko"})
        slash = visitor.get("/ko/pages/about")
        assert visitor.get("/ko/pages/nothing/").status_code == 410
    assert (below.status_code, below["Location"]) == (302, "/ko/pages/about/")
    assert (slash.status_code, slash["Location"]) == (301, "/ko/pages/about/")


@pytest.mark.parametrize("hides_all", [True, False])
def test_a_rule_decides_where_the_language_redirect_is_hidden(
    visitor: Visitor, hides_all: bool
) -> None:
    """The page of a hidden area is made outside of the middleware that redirects."""
    HidingRule.objects.create(kind="prefix", pattern="/pages/", fold_client_errors=hides_all)
    PermanenceRule.objects.create(kind="prefix", pattern="/pages/")
    with project(ROOT_URLCONF=f"{HERE}.urls_pages"):
        found = visitor.get("/pages/about/")
        assert found.status_code == (410 if hides_all else 302)
        assert visitor.get("/pages/nothing/").status_code == 410


# --- What tests and operators see


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize(("app", "path", "status"), ERRORS)
def test_the_test_client_has_the_context(
    visitor: Visitor, app: bool, path: str, status: int
) -> None:
    with project(app=app):
        page = visitor.get(f"/{path}/")
    assert page.context["visits"] == 1
    assert "request" in page.context
    SimpleTestCase().assertTemplateUsed(page, f"{status}.html")


def _seen(
    app: bool, visitor: Visitor, path: str, caplog: pytest.LogCaptureFixture, signals: list[Any]
) -> tuple[Any, ...]:
    """Return the status, the records and the signals of one request."""
    caplog.clear()
    signals.clear()
    with project(app=app), caplog.at_level(logging.INFO, "django"):
        status = visitor.get(path).status_code
    records = [
        (
            record.name,
            record.levelname,
            record.getMessage(),
            record.status_code,
            bool(record.exc_info),
            record.request.path,
        )
        for record in caplog.records
    ]
    return status, records, [type(each) for each in signals]


@pytest.mark.parametrize(
    "path",
    [
        *(f"raised/{name}" for name in ("400", "suspicious", "403", "404", "500")),
        *(f"returned/{status}" for status in (400, 403, 404, 410, 500, 503)),
        *("nowhere", "ordinary"),
    ],
)
def test_records_and_signals_are_as_plain_djangos(
    visitor: Visitor, path: str, caplog: pytest.LogCaptureFixture, signals: list[Any]
) -> None:
    plain = _seen(False, visitor, f"/{path}/", caplog, signals)
    assert plain[1] or path == "ordinary"
    assert _seen(True, visitor, f"/{path}/", caplog, signals) == plain


@pytest.mark.parametrize("app", [False, True])
@pytest.mark.parametrize("path", ["nowhere", "raised/403"])
def test_a_template_that_fails_is_signalled(
    visitor: Visitor, path: str, app: bool, signals: list[Any]
) -> None:
    """So what tracks errors hears of it, and the tests of the project fail."""
    broken = templates(dict.fromkeys(("403.html", "404.html"), "{% url 'nope' %}"))
    with project(app=app, TEMPLATES=broken):
        page = visitor.get(f"/{path}/")
    found = [type(each) for each in signals if not isinstance(each, PermissionDenied)]
    assert found == [NoReverseMatch]
    if app:
        assert page.status_code == (404 if path == "nowhere" else 403)
        assert b"<h1" in page.content


def test_what_is_only_found_out_is_not_signalled(signals: list[Any]) -> None:
    """No visitor has seen it: somebody asks what an address is answered with."""
    broken = templates({"404.html": "{% url 'nope' %}"})
    with project(TEMPLATES=broken):
        answer = explain("/nowhere/", accept="text/html").response
    assert answer.status_code == 404
    assert signals == []


class _Kept:
    """Something of a view's."""


kept: list[ref[_Kept]] = []


def _view_with_something(request: HttpRequest) -> HttpResponse:
    something = _Kept()
    kept.append(ref(something))
    raise Http404


def test_a_page_of_another_leaves_no_frame_of_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "urlpatterns", [path("kept/", _view_with_something)])
    behind = [f"{__name__}.write_into_the_page"]
    clear_url_caches()
    try:
        with project(behind=behind):
            gc.disable()
            assert Visitor("sync").get("/kept/").content == b"a page of another"
            assert kept[-1]() is None
    finally:
        gc.enable()
        clear_url_caches()


DATABASE = "django.contrib.sessions.backends.db"


def test_a_page_for_a_crash_needs_no_session(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may be what crashed, also where the secret of the CSRF token is in it."""
    monkeypatch.setattr(SessionStore, "load", Mock(side_effect=OperationalError))
    visitor.client.cookies["sessionid"] = "a" * 32
    own = templates({"500.html": "our own"})
    with project(TEMPLATES=own, CSRF_USE_SESSIONS=True, SESSION_ENGINE=DATABASE):
        assert visitor.get("/ordinary/").content == b"our own"


@pytest.mark.parametrize("error", [Http404, PermissionDenied, Gone])
def test_a_handler_that_raises_has_an_answer(
    visitor: Visitor, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked where the middleware has been left."""

    def handler500(request: HttpRequest) -> HttpResponse:
        raise error

    monkeypatch.setattr(urls, "handler500", handler500, raising=False)
    with project(around=[f"{HERE}.middleware.roll"]):
        page = visitor.get("/raised/500/")
    assert page.status_code == {Http404: 404, PermissionDenied: 403, Gone: 410}[error]
    assert page.content
    assert page["Cache-Control"] == "no-store"


def test_a_urlconf_that_a_request_brings_has_the_handlers(visitor: Visitor) -> None:
    hosts = [f"{HERE}.middleware.hosts"]
    with project(around=hosts):
        for path in ("/nowhere/", "/raised/404/", "/form/", "/returned/404/"):
            page = visitor.get(path, x_site="other", accept="application/problem+json")
            assert (page.status_code, page.json()["status"]) == (404, 404)


# --- Django packages that are known to depend on where a page is rendered


def test_django_waffle(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cookie is set for a flag that only the page has asked for, so that it stays as it is."""
    pytest.importorskip("waffle")
    page = "{% load waffle_tags %}{% flag NAME %}blue{% else %}grey{% endflag %}"
    flags = apps.get_model("waffle.Flag").objects
    # It rolls dice.
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)
    for percent, shown, cookie in (("60", "blue", "True"), ("40", "grey", "False")):
        name = f"flag-{shown}"
        flags.create(name=name, percent=percent)
        pages = templates({"404.html": page.replace("NAME", f"'{name}'")})
        with project(around=["waffle.middleware.WaffleMiddleware"], TEMPLATES=pages):
            answers = [visitor.get("/raised/404/") for _each in range(3)]
        for answer in answers:
            assert answer.status_code == 404
            assert answer.content.decode() == shown
            assert answer.cookies[f"dwf_{name}"].value == cookie


def test_django_crum(visitor: Visitor) -> None:
    """Who asks is known below the page, without a request at hand.

    It forgets that itself for what a view raises; not for the app's own exceptions.
    """
    pytest.importorskip("crum")
    pages = templates(dict.fromkeys(("404.html", "410.html"), "{{ crum_user }}"))
    pages[0]["OPTIONS"]["context_processors"] = [f"{HERE}.context_processors.crum_user"]
    around = ["crum.CurrentRequestUserMiddleware"]
    visitor.client.force_login(get_user_model().objects.create_user("jane"))
    with project(around=around, TEMPLATES=pages):
        for path in ("/nowhere/", "/returned/404/", "/raised/410/"):
            assert visitor.get(path).content == b"jane"
        forgotten = visitor.get("/raised/404/").content
    if not visitor.is_async:
        database = "django.contrib.sessions.backends.db"
        with project(app=False, around=around, TEMPLATES=pages, SESSION_ENGINE=database):
            assert visitor.get("/nowhere/").content == b"jane"
            assert visitor.get("/raised/404/").content == forgotten


# --- Privacy

STORABLE = {"CACHE_CONTROL": dict.fromkeys((404, 410), "public, max-age=3600")}
LOOKING = {
    "session": "{{ request.session.cart }}",
    "user": "{{ user }}",
    "only whether there is a user": "{% if user.is_staff %}staff{% endif %}",
    "CSRF token": "{% csrf_token %}",
    "messages": "{% for message in messages %}{{ message }}{% endfor %}",
    "only whether there are messages": "{% if messages %}some{% endif %}",
    "a cookie": "{{ request.COOKIES.sessionid }}",
    "only whether there is a cookie": "{% if 'sessionid' in request.COOKIES %}some{% endif %}",
    "all cookies": "{% for name, value in request.COOKIES.items %}{{ name }}{% endfor %}",
    "only how many cookies there are": "{{ request.COOKIES|length }}",
}
BLIND = {
    "nothing": "gone",
    "path": "{{ request.path }}",
    "problem": "{{ problem.detail }}",
}


def _cache_control(page: HttpResponse) -> set[str]:
    return set(page["Cache-Control"].split(", "))


@pytest.mark.parametrize("path", ["raised/410", "returned/410", "raised/404"])
@pytest.mark.parametrize("looks_at", [*LOOKING, *BLIND])
@pytest.mark.parametrize("storage", ["fallback.FallbackStorage", "cookie.CookieStorage"])
def test_a_page_that_looked_at_the_visitor_is_not_shared(
    visitor: Visitor, path: str, looks_at: str, storage: str
) -> None:
    page = {**LOOKING, **BLIND}[looks_at]
    pages = templates({"404.html": page, "410.html": page})
    storage = f"django.contrib.messages.storage.{storage}"
    with project(TEMPLATES=pages, MESSAGE_STORAGE=storage, http_errors=STORABLE):
        answer = visitor.get(f"/{path}/")
    scope = {"private"} if looks_at in LOOKING else {"public"}
    assert _cache_control(answer) == {*scope, "max-age=3600"}


@pytest.mark.parametrize("looks_at", [*LOOKING, *BLIND])
def test_a_page_that_looked_at_the_visitor_varies(visitor: Visitor, looks_at: str) -> None:
    """Where the language, too, isn't kept in a cookie."""
    settings = {
        "TEMPLATES": templates({"410.html": {**LOOKING, **BLIND}[looks_at]}),
        "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
    }
    without = modify_settings(MIDDLEWARE={"remove": ["django.middleware.locale.LocaleMiddleware"]})
    with project(http_errors=STORABLE, **settings), without:
        answer = visitor.get("/raised/410/")
    assert ("Cookie" in answer["Vary"]) == (looks_at in LOOKING)


def test_a_page_leaves_the_cookies_as_they_were(visitor: Visitor) -> None:
    seen = []

    def around(get_response: Any) -> Any:
        def middleware(request: HttpRequest) -> Any:
            before = request.COOKIES
            response = get_response(request)
            seen.append((type(before), request.COOKIES is before))
            return response

        return middleware

    visitor.client.cookies["own"] = "x"
    broken = "{{ request.COOKIES.own }}{% include 'missing.html' %}"
    for page in ("{{ request.COOKIES.own }}", broken):
        with (
            patch.object(middleware, "seeing_cookies", around, create=True),
            project(
                TEMPLATES=templates({"410.html": page}),
                around=[f"{HERE}.middleware.seeing_cookies"],
            ),
        ):
            assert visitor.get("/raised/410/").status_code == 410
    assert seen == [(dict, True)] * 2


def user_of_a_header(get_response: Any) -> Any:
    """A middleware that knows the user by something else than a session, as one for tokens."""

    def middleware(request: HttpRequest) -> Any:
        name = request.headers.get("X-User")
        lazily = SimpleLazyObject(lambda: get_user_model()(username=name))
        request.user = lazily if "Lazy" in request.headers else get_user_model()(username=name)
        return get_response(request)

    return middleware


@pytest.mark.parametrize("headers", [{"x_user": "jane", "lazy": "1"}, {"x_user": "jane"}])
@pytest.mark.parametrize("page", ["{{ request.user.username }}", "nobody"])
def test_a_user_need_not_come_from_a_session(
    visitor: Visitor, page: str, headers: dict[str, str]
) -> None:
    shows = page != "nobody"
    around = [f"{__name__}.user_of_a_header"]
    with project(TEMPLATES=templates({"410.html": page}), http_errors=STORABLE, around=around):
        answer = visitor.get("/raised/410/", **headers)
    assert answer.content == (b"jane" if shows else b"nobody")
    # Whether a user who isn't lazy was looked at isn't known.
    assert ("private" in _cache_control(answer)) is (shows or "lazy" not in headers)


def test_a_visitor_whom_nobody_looked_at_gets_a_shared_page(visitor: Visitor) -> None:
    visitor.client.force_login(get_user_model().objects.create_user("jane"))
    with project(TEMPLATES=templates({"410.html": "gone"}), http_errors=STORABLE):
        assert _cache_control(visitor.get("/raised/410/")) == {"public", "max-age=3600"}
        for accept in ("application/problem+json", "text/plain"):
            answer = visitor.get("/raised/410/", accept=accept)
            assert _cache_control(answer) == {"public", "max-age=3600"}


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_so_it_is_with_the_browsable_api(visitor: Visitor, accept: str) -> None:
    """Its page shows the name of the user; the members of the problem don't."""
    pytest.importorskip("rest_framework")
    visitor.client.force_login(get_user_model().objects.create_user("jane"))
    with project(http_errors=STORABLE):
        answer = visitor.get("/api/removed/", accept=accept)
    assert answer.status_code == 410
    is_page = accept == "text/html"
    assert ("jane" in answer.content.decode()) == is_page
    assert _cache_control(answer) == {"private" if is_page else "public", "max-age=3600"}


@pytest.mark.parametrize("own", [True, False])
def test_nothing_is_stored_by_default(visitor: Visitor, own: bool) -> None:
    with project(TEMPLATES=templates(None if own else {})):
        for path, status in [*WITH_THE_APP, ("raised/500", 500), ("returned/503", 503)]:
            for accept in ("text/html", "application/json"):
                answer = visitor.get(f"/{path}/", accept=accept)
                assert answer.status_code == status
                assert answer["Cache-Control"] == "no-store"


def test_every_client_gets_the_same_vary(mode: str) -> None:
    """What a cache learns of one answer holds for all others at the address."""
    clients: list[dict[str, str]] = [
        {},
        {"accept": "application/json"},
        {"accept_language": "de"},
        {"sec_fetch_dest": "image"},
        {"x_request_id": "abc"},
        {"cookie": "django_language=de"},
    ]
    with project(TEMPLATES=templates({})):
        for path in ("/nowhere/", "/raised/410/", "/returned/404/", "/raised/500/"):
            seen = set()
            for headers in clients:
                visitor = Visitor(mode)
                seen.add(frozenset(visitor.get(path, **headers)["Vary"].lower().split(", ")))
            assert len(seen) == 1
            assert seen.pop() >= {"accept", "accept-language", "cookie", "x-request-id"}
