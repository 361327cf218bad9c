"""System checks: each id for its situation, and no other ids beside it."""

from __future__ import annotations

import ast
import functools
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import urls as default_urls
from django.conf.urls.i18n import i18n_patterns
from django.core.checks import ERROR, WARNING, CheckMessage, Tags, run_checks
from django.core.checks.registry import registry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.module_loading import import_string
from django.views import View

import django_http_errors
from django_http_errors import checks, handlers
from django_http_errors.checks import (
    ASKED_MIDDLEWARE,
    CSRF_MIDDLEWARE,
    FALLBACK_MIDDLEWARE,
    HIDING_MIDDLEWARE,
    MARKING_MIDDLEWARE,
    MIDDLEWARE,
    SITE_WIDE_MIDDLEWARE,
    check_hiding,
    check_hiding_rules,
    check_http_errors,
    check_problem_types,
)
from django_http_errors.conf import LOCALE_MIDDLEWARE, SETTINGS
from django_http_errors.decorators import hide_forbidden
from django_http_errors.exceptions import NotFound
from django_http_errors.models import ErrorMessage, HidingRule, MissingPage, PermanenceRule
from django_http_errors.views import ErrorView, HideForbiddenMixin, NotFoundView, csrf_failure

SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
FALLBACK = "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"
APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_http_errors"]
THE_APPS_FOR_APIS = "django_http_errors.rest_framework.exception_handler"
NAMES = ("handler400", "handler403", "handler404", "handler500")
ALL = {
    *(f"E{number:03}" for number in range(1, 5)),
    *(f"W{number:03}" for number in range(1, 20)),
}


class Urls:
    """A root URLconf with the routes and the handlers that it is given."""

    def __init__(self, *routes: Any, **own_handlers: Any) -> None:
        self.urlpatterns = list(routes)
        for name, handler in own_handlers.items():
            setattr(self, name, handler)


# Handlers of a project.


def own_handler(request: Any, exception: Any = None) -> None:
    """Answers by itself."""


class OwnView(View):
    """Answers by itself, too."""


class OwnObject:
    def __call__(self, request: Any, exception: Any = None) -> None: ...


def calling(request: Any, exception: Any = None) -> Any:
    response = handlers.handler404(request, exception)
    response["X-Own"] = "yes"
    return response


def importing(request: Any, exception: Any = None) -> Any:
    from django_http_errors.handlers import handler404

    return handler404(request, exception)


def calling_a_neighbour(request: Any, exception: Any = None) -> Any:
    return calling(request, exception)


def wrapping(handler: Any) -> Any:
    def wrapper(*args: Any) -> Any:
        return handler(*args)

    return wrapper


class CallingObject:
    def __call__(self, request: Any, exception: Any = None) -> Any:
        return self.answer(request)

    @staticmethod
    def answer(request: Any) -> Any:
        return handlers.handler404(request)


def making(request: Any, exception: Any = None) -> Any:
    return CallingObject()(request)


def viewing(request: Any, exception: Any = None) -> Any:
    return Missing.as_view()(request)


class OwnMissing(NotFound):
    pass


def catching(request: Any, exception: Any = None) -> Any:
    """Answers by itself, and knows what was raised."""
    from django_http_errors.exceptions import Gone

    if isinstance(exception, (OwnMissing, NotFound, Gone)):
        return HttpResponse(status=404)
    return None


class Missing(ErrorView):
    status = 404


class CallingView(View):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return handlers.handler404(request)


def counting(request: Any, exception: Any = None) -> Any:
    """Answers by itself, and knows the app's rows."""
    from django_http_errors import models

    return HttpResponse(str(models.MissingPage.objects.count() + MissingPage.objects.count()))


def filtering(request: Any, exception: Any = None) -> Any:
    """Answers by itself, with what the app has for logs, the format and REST framework."""
    from django_http_errors import http, rest_framework
    from django_http_errors.http.request_ids import RequestIDFilter
    from django_http_errors.rest_framework import ProblemJSONRenderer

    return HttpResponse(f"{RequestIDFilter} {ProblemJSONRenderer} {rest_framework} {http}")


class HidingView(HideForbiddenMixin, View):
    """Answers by itself, under a mixin of the app's."""


def calling_for_the_api(request: Any, exception: Any = None) -> Any:
    """Answers by itself elsewhere."""
    if request.path.startswith("/api/"):
        return handlers.handler404(request, exception)
    return HttpResponse("own", status=404)


def importing_the_module(request: Any, exception: Any = None) -> Any:
    from django_http_errors import handlers as its

    return its.handler404(request, exception)


def naming_the_module(request: Any, exception: Any = None) -> Any:
    import django_http_errors.handlers

    return django_http_errors.handlers.handler404(request, exception)


def naming_the_package(request: Any, exception: Any = None) -> Any:
    return django_http_errors.handlers.handler404(request, exception)


THE_APPS = {
    "its path": "django_http_errors.handlers.handler404",
    "itself": handlers.handler404,
    "one of its views": NotFoundView.as_view(),
    "a view made from its": Missing.as_view(),
    "calls it": calling,
    "imports and calls it": importing,
    "imports its module": importing_the_module,
    "names its module": naming_the_module,
    "names its package": naming_the_package,
    "calls it for some addresses": calling_for_the_api,
    "calls what calls it": calling_a_neighbour,
    "wraps it": wrapping(handlers.handler404),
    "wraps what wraps it": wrapping(wrapping(handlers.handler404)),
    "wraps it, by functools": functools.wraps(own_handler)(wrapping(handlers.handler404)),
    "a part of it": functools.partial(handlers.handler404),
    "a part of what calls it": functools.partial(calling),
    "an object that calls it": CallingObject(),
    "a method that calls it": CallingObject().answer,
    "a bound method that calls it": CallingView().dispatch,
    "makes an object that calls it": making,
    "makes a view from its": viewing,
    "a view that calls it": CallingView.as_view(),
}
OTHERS = {
    "a function": own_handler,
    "a view": OwnView.as_view(),
    "an object": OwnObject(),
    "a wrapped function": wrapping(own_handler),
    "a function that catches its exceptions": catching,
    "a function that counts its rows": counting,
    "a function that knows other parts of it": filtering,
    "a view with its mixin": HidingView.as_view(),
    "Django's": "django.views.defaults.page_not_found",
}

# Views that hide.


def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise PermissionDenied


def careless(inner: Any) -> Any:
    """A decorator that forgets functools.wraps."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return inner(*args, **kwargs)

    return wrapper


HIDING = path("documents/<int:pk>/", hide_forbidden(view))
NOT_HIDING = path("plain/<int:pk>/", view)
LOST = path("lost/", careless(careless(hide_forbidden(view))))


@pytest.fixture(autouse=True)
def _well_set_up(settings: Any) -> None:
    settings.INSTALLED_APPS = APPS
    settings.MIDDLEWARE = [
        SECURITY,
        HIDING_MIDDLEWARE,
        SESSIONS,
        COMMON,
        CSRF_MIDDLEWARE,
        MIDDLEWARE,
        *sorted(FALLBACK_MIDDLEWARE),
    ]
    settings.ROOT_URLCONF = Urls(HIDING, NOT_HIDING)
    settings.CSRF_FAILURE_VIEW = "django_http_errors.views.csrf_failure"
    settings.HTTP_ERRORS = {"CHALLENGES": ['Session realm="site"']}
    settings.REST_FRAMEWORK = {}
    settings.DEBUG = False


def ids(found: Iterable[CheckMessage] | None = None) -> list[str]:
    found = check_http_errors() if found is None else found
    return [str(message.id).removeprefix("django_http_errors.") for message in found]


def http_errors(**changed: Any) -> dict[str, Any]:
    return {"HTTP_ERRORS": {"CHALLENGES": ["Basic"], **changed}}


def middleware(*installed: str, urls: Any = None) -> dict[str, Any]:
    return {"MIDDLEWARE": list(installed), "ROOT_URLCONF": urls or Urls(NOT_HIDING)}


def own(**own_handlers: Any) -> dict[str, Any]:
    return {"ROOT_URLCONF": Urls(**own_handlers)}


def subclass_of(path: str) -> str:
    """Return the path of a middleware of the project's that is made from the one at `path`."""
    name = f"Own{path.rpartition('.')[2]}"
    try:
        base = import_string(path)
    except Exception:  # noqa: BLE001 - it isn't installed, or needs an app that isn't
        module, _, of = path.rpartition(".")
        base = type(of, (), {"__module__": module})
    globals()[name] = type(name, (base,), {"__module__": __name__})
    return f"{__name__}.{name}"


def an_own_middleware(get_response: Any) -> Any:
    return get_response


def own_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return csrf_failure(request, reason)


def own_exception_handler(error: Exception, context: Any) -> Any:
    from django_http_errors.rest_framework import exception_handler

    return exception_handler(error, context)


def json_api_view(media_type: str = "application/vnd.api+json", own: bool = False) -> Any:
    """Return a view of REST framework's that writes `media_type`, with its own handler or not."""
    from rest_framework.renderers import JSONRenderer
    from rest_framework.views import APIView, exception_handler

    class API(APIView):
        renderer_classes = [type("Renderer", (JSONRenderer,), {"media_type": media_type})]

        def get_exception_handler(self) -> Any:
            return exception_handler if own else super().get_exception_handler()

    return API.as_view()


def rest_framework(**configured: Any) -> dict[str, Any]:
    return {"INSTALLED_APPS": [*APPS, "rest_framework"], "REST_FRAMEWORK": configured}


# Each: the ids that are to be seen, and the settings that bring them.
Situations = list[tuple[list[str], dict[str, Any]]]

SITUATIONS: Situations = [
    ([], {}),
    # The settings
    (["E001"], http_errors(NO_SUCH_SETTING=1)),
    (["E001", "E001"], http_errors(RENDERER=[], challenges=[])),
    (["E001"], http_errors(**{"": 1})),
    *((["E002"], http_errors(**{name: None})) for name in SETTINGS),
    (["E002", "W008"], {"HTTP_ERRORS": None}),
    (["E002", "W008"], {"HTTP_ERRORS": ["CHALLENGES"]}),
    (["E001", "E002"], http_errors(NO_SUCH_SETTING=1, RENDERERS="text")),
    (["E003"], http_errors(RENDERERS=["no.such.Renderer"])),
    (["E003"], http_errors(RENDERERS=["django_http_errors.http.renderers.NoSuchRenderer"])),
    (["E003", "E003"], http_errors(RENDERERS=["x.Y"], EXCEPTIONS={"x.Y": 404})),
    (["E003"], http_errors(EXCEPTIONS={"builtins.KeyError": 404, "builtins.NoError": 404})),
    (["E003"], http_errors(EXCEPTIONS={"nothing": 404})),
    (["E003"], http_errors(EXCEPTIONS={".relative.Error": 404})),
    (["E003"], http_errors(RENDERERS=[".relative.Renderer"])),
    (["E003"], http_errors(EXCEPTIONS={"": 404})),
    (["E003"], http_errors(EXCEPTIONS={"os.environ": 404})),
    (["E003"], http_errors(RENDERERS=["json.dumps"])),
    (["E003"], http_errors(RENDERERS=["builtins.dict"])),
    (["E003"], http_errors(EXCEPTIONS={"builtins.dict": 404})),
    (["E003"], http_errors(EXCEPTIONS={"builtins.KeyError": "no.such.function"})),
    (["E003"], http_errors(EXCEPTIONS={"builtins.KeyError": "os.sep"})),
    (["E003"], http_errors(REQUEST_ID="no.such.function")),
    (["E003"], http_errors(REQUEST_ID="os.sep")),
    ([], http_errors(REQUEST_ID="builtins.repr")),
    ([], http_errors(EXCEPTIONS={"builtins.KeyError": "builtins.repr"})),
    ([], http_errors(EXCEPTIONS={"builtins.KeyError": 404, "builtins.ValueError": 400})),
    # Formats that nothing is written in
    ([], http_errors(DEFAULT_MEDIA_TYPES={"/": "text/html", "/api/": "Application/JSON"})),
    (["W017"], http_errors(DEFAULT_MEDIA_TYPES={"/api/": "application/problem-json"})),
    (["W017"], http_errors(DEFAULT_MEDIA_TYPES={"/": "application/vnd.x+json"})),
    (["W017", "W017"], http_errors(DEFAULT_MEDIA_TYPES={"/a/": "a/b", "/b/": "application/xml"})),
    (["E002"], http_errors(DEFAULT_MEDIA_TYPES={"/api/": "json"})),
    ([], http_errors(RENDERERS=["django_http_errors.http.renderers.TextRenderer"])),
    (
        ["W017"],
        http_errors(
            RENDERERS=["django_http_errors.http.renderers.TextRenderer"],
            DEFAULT_MEDIA_TYPES={"/api/": "application/json"},
        ),
    ),
    # HttpErrorsMiddleware: missing, twice, too far out, too far in
    (["W001"], middleware(SECURITY, CSRF_MIDDLEWARE)),
    (["W001"], middleware()),
    ([], middleware(MIDDLEWARE)),
    ([], {"MIDDLEWARE": (SECURITY, MIDDLEWARE), "ROOT_URLCONF": Urls()}),
    (["W002"], middleware(MIDDLEWARE, MIDDLEWARE)),
    (["W002"], middleware(MIDDLEWARE, COMMON, SESSIONS, MIDDLEWARE, MIDDLEWARE)),
    *((["W002"], middleware(MIDDLEWARE, each, MIDDLEWARE)) for each in sorted(FALLBACK_MIDDLEWARE)),
    (["W002", "W004"], middleware(FALLBACK, MIDDLEWARE, MIDDLEWARE)),
    (["W002", "W003"], middleware(MIDDLEWARE, SESSIONS, FALLBACK, MIDDLEWARE)),
    (["W002", "W003"], middleware(MIDDLEWARE, MIDDLEWARE, SESSIONS)),
    (["W002", "W001"], middleware(HIDING_MIDDLEWARE, HIDING_MIDDLEWARE)),
    (["W002"], middleware(HIDING_MIDDLEWARE, HIDING_MIDDLEWARE, MIDDLEWARE)),
    *((["W003"], middleware(MIDDLEWARE, each)) for each in sorted(ASKED_MIDDLEWARE)),
    *(([], middleware(each, MIDDLEWARE)) for each in sorted(ASKED_MIDDLEWARE)),
    (["W003", "W003"], middleware(MIDDLEWARE, SESSIONS, COMMON, CSRF_MIDDLEWARE)),
    *((["W004"], middleware(each, MIDDLEWARE)) for each in sorted(FALLBACK_MIDDLEWARE)),
    *(([], middleware(MIDDLEWARE, each)) for each in sorted(FALLBACK_MIDDLEWARE)),
    # Behind it stands what may set something that a page shows, and may answer 404s
    (["W019"], middleware(MIDDLEWARE, f"{__name__}.an_own_middleware")),
    (["W019", "W019"], middleware(MIDDLEWARE, "shop.a.Middleware", FALLBACK, "shop.b.Middleware")),
    (["W019"], middleware(MIDDLEWARE, subclass_of(COMMON))),
    (["W002"], middleware(MIDDLEWARE, MIDDLEWARE, FALLBACK)),
    *(([], middleware(MIDDLEWARE, each)) for each in (SECURITY, COMMON, HIDING_MIDDLEWARE)),
    ([], middleware(MIDDLEWARE, "django_hosts.middleware.HostsResponseMiddleware")),
    # Middleware made from one of these, and a function, which is made from none
    ([], middleware(SESSIONS, f"{__name__}.an_own_middleware", subclass_of(MIDDLEWARE))),
    (["W001"], middleware(f"{__name__}.an_own_middleware", "no.such.Middleware")),
    (["W002"], middleware(subclass_of(MIDDLEWARE), MIDDLEWARE)),
    *((["W003"], middleware(MIDDLEWARE, subclass_of(each))) for each in sorted(ASKED_MIDDLEWARE)),
    (["W003"], middleware(subclass_of(MIDDLEWARE), SESSIONS)),
    *(
        (["W004"], middleware(subclass_of(each), MIDDLEWARE))
        for each in sorted(FALLBACK_MIDDLEWARE)
    ),
    # The handlers
    ([], own()),
    *((["W005"], own(**{name: own_handler})) for name in NAMES),
    (["W005"], own(**dict.fromkeys(NAMES, own_handler))),
    *((["W005"], own(handler404=each)) for each in OTHERS.values()),
    *(([], own(handler404=each)) for each in THE_APPS.values()),
    ([], own(handler404="no.such.handler")),  # Django says so: urls.E007
    ([], {"ROOT_URLCONF": "no.such.urls"}),
    (["W005"], http_errors(DEFAULT_HANDLERS=False)),
    (
        [],
        {
            **http_errors(DEFAULT_HANDLERS=False),
            **own(**{name: getattr(handlers, name) for name in NAMES}),
        },
    ),
    # CSRF
    (["W006"], {"CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure"}),
    (
        [],
        {
            "CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure",
            **middleware(COMMON, MIDDLEWARE),
        },
    ),
    (
        ["W006"],
        {
            "CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure",
            **middleware(subclass_of(CSRF_MIDDLEWARE), MIDDLEWARE),
        },
    ),
    ([], {"CSRF_FAILURE_VIEW": f"{__name__}.own_csrf_failure"}),
    ([], {"CSRF_FAILURE_VIEW": "no.such.view"}),  # Django says so: security.E102
    # The challenges
    (["W008"], {"HTTP_ERRORS": {}}),
    (["W008"], {"HTTP_ERRORS": {"RENDERERS": SETTINGS["RENDERERS"].default}}),
    # HidingMiddleware
    (["E004"], middleware(SESSIONS, MIDDLEWARE, urls=Urls(HIDING))),
    (["W001", "E004"], middleware(urls=Urls(HIDING))),
    ([], middleware(HIDING_MIDDLEWARE, MIDDLEWARE, urls=Urls(HIDING))),
    ([], middleware(subclass_of(HIDING_MIDDLEWARE), MIDDLEWARE, urls=Urls(HIDING))),
]

TEMPLATES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["404.html"], ["W014"]),
        (["503.html", "4xx.html", "403_csrf.html", "shop.html"], ["W014"] * 3),
        (["shop.html", "404.txt"], []),
    ],
)
def test_templates_behind_the_app_are_found(
    names: list[str],
    expected: list[str],
    settings: Any,
    new_app: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shop = new_app("own_shop", dict.fromkeys(names, ""))
    settings.TEMPLATES = [TEMPLATES]
    settings.INSTALLED_APPS = [shop, *APPS]
    assert ids() == []
    settings.INSTALLED_APPS = [*APPS, shop]
    assert ids() == expected
    settings.TEMPLATES = [{**TEMPLATES, "DIRS": [tmp_path / shop / "templates"]}]
    assert ids() == []
    # What was installed rather than written for the site.
    settings.TEMPLATES = [TEMPLATES]
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert ids() == []


WITH_REST_FRAMEWORK: Situations = [
    (["W007"], rest_framework()),
    (["W007"], rest_framework(EXCEPTION_HANDLER="rest_framework.views.exception_handler")),
    ([], rest_framework(EXCEPTION_HANDLER="django_http_errors.rest_framework.exception_handler")),
    ([], rest_framework(EXCEPTION_HANDLER=f"{__name__}.own_exception_handler")),
    (["W007"], rest_framework(EXCEPTION_HANDLER="no.such.handler")),
]

# What `check --deploy` finds around views that hide.
AROUND_VIEWS: Situations = [
    ([], {}),
    ([], {**middleware(SESSIONS, HIDING_MIDDLEWARE, MIDDLEWARE), "DEBUG": True}),
    *(
        (["W009"], middleware(each, HIDING_MIDDLEWARE, MIDDLEWARE, urls=Urls(HIDING)))
        for each in sorted(MARKING_MIDDLEWARE)
    ),
    *(
        (["W010"], middleware(HIDING_MIDDLEWARE, each, MIDDLEWARE, urls=Urls(HIDING)))
        for each in sorted(SITE_WIDE_MIDDLEWARE)
    ),
    *(
        (["W009"], middleware(subclass_of(each), HIDING_MIDDLEWARE, MIDDLEWARE, urls=Urls(HIDING)))
        for each in sorted(MARKING_MIDDLEWARE)
    ),
    (
        ["W009", "W010"],
        middleware(SESSIONS, subclass_of(HIDING_MIDDLEWARE), SECURITY, urls=Urls(HIDING)),
    ),
    (
        ["W009", "W010", "W011"],
        {
            **middleware(SESSIONS, HIDING_MIDDLEWARE, SECURITY, MIDDLEWARE, urls=Urls(HIDING)),
            "DEBUG": True,
        },
    ),
    # Without it, E004 says so, and there is nothing to stand before or behind.
    ([], middleware(SESSIONS, SECURITY, MIDDLEWARE, urls=Urls(HIDING))),
    (["W011"], {"DEBUG": True}),
    (["W013"], {"ROOT_URLCONF": Urls(LOST)}),
    ([], {"ROOT_URLCONF": Urls(path("x/", careless(view)))}),
    ([], {"ROOT_URLCONF": "no.such.urls"}),
]

# What `check --deploy --database default` finds where there is a hiding rule for /x/.
AROUND_RULES: Situations = [
    ([], {"ROOT_URLCONF": Urls()}),
    (["E004"], middleware(SESSIONS, MIDDLEWARE)),
    (["E004", "W011"], {**middleware(MIDDLEWARE), "DEBUG": True}),
    (["W009"], middleware(SESSIONS, HIDING_MIDDLEWARE, MIDDLEWARE)),
    (["W010"], middleware(HIDING_MIDDLEWARE, SECURITY, MIDDLEWARE)),
    # Where views hide too, these are found without a database.
    ([], middleware(SESSIONS, MIDDLEWARE, urls=Urls(HIDING))),
]


def change(settings: Any, changed: dict[str, Any]) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)


@pytest.mark.parametrize(("expected", "changed"), SITUATIONS)
def test_a_situation_has_its_ids_and_no_others(
    expected: list[str], changed: dict[str, Any], settings: Any
) -> None:
    change(settings, changed)
    assert ids() == expected


@pytest.mark.parametrize(("expected", "changed"), WITH_REST_FRAMEWORK)
def test_rest_framework_has_its_id(
    expected: list[str], changed: dict[str, Any], settings: Any
) -> None:
    pytest.importorskip("rest_framework")
    change(settings, changed)
    assert ids() == expected


@pytest.mark.parametrize(
    ("media_type", "handler", "expected"),
    [
        ("application/vnd.api+json", "the app's", ["W015"]),
        ("application/vnd.api+json", "its own", []),
        ("application/json", "the app's", []),
    ],
)
def test_json_api_with_the_apps_handler(
    media_type: str, handler: str, expected: list[str], settings: Any
) -> None:
    pytest.importorskip("rest_framework")
    change(settings, rest_framework(EXCEPTION_HANDLER=THE_APPS_FOR_APIS))
    api = json_api_view(media_type, handler == "its own")
    settings.ROOT_URLCONF = Urls(path("api/", api), path("x/", view))
    assert ids() == expected


@pytest.mark.parametrize(("expected", "changed"), AROUND_VIEWS)
def test_what_stands_around_views_that_hide_has_its_ids_and_no_others(
    expected: list[str], changed: dict[str, Any], settings: Any
) -> None:
    change(settings, changed)
    assert ids(check_hiding()) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("expected", "changed"), AROUND_RULES)
def test_what_stands_around_hiding_rules_has_its_ids_and_no_others(
    expected: list[str], changed: dict[str, Any], settings: Any
) -> None:
    HidingRule.objects.create(kind="prefix", pattern="/x/")
    change(settings, changed)
    assert ids(check_hiding_rules(databases=["default"])) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("deploys", [True, False])
def test_a_rule_for_a_part_of_what_is_hidden_has_its_id(deploys: bool, settings: Any) -> None:
    """Which rules and messages those are is decided, and tested, in `hiding.overlaps`."""
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    PermanenceRule.objects.create(pattern="/vault/secret/")
    PermanenceRule.objects.create(pattern="/elsewhere/")
    ErrorMessage.objects.create(status="404", path_prefix="/documents/2/", title="x")
    found = run_checks(
        tags=[Tags.database], databases=["default"], include_deployment_checks=deploys
    )
    assert ids(found) == (["W012", "W012"] if deploys else [])


HIDING_AREA = [path("vault/secret/", handlers.handler404)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "changed", "expected"),
    [
        (["/en/vault/"], {}, ["W018"]),
        (["/en/vault/", "/de/vault/"], {}, ["W018", "W018"]),
        (["/en/vault/", "/de/vault/", "/vault/"], {}, []),
        (["/en/vault/", "/"], {}, []),
        (["/vault/", "/xx/vault/"], {}, []),
        (["/en/things/<int:pk>/"], {}, ["W018"]),
        (["/en/things/<int:pk>/", "/things/<int:pk>/"], {}, []),
        (["/en/vault/"], {"MIDDLEWARE": [HIDING_MIDDLEWARE]}, []),
        (["/en/vault/"], {"ROOT_URLCONF": "no.such.urls"}, []),
        (["/en/vault/"], {"ROOT_URLCONF": Urls()}, []),
        (
            ["/en/vault/"],
            {"ROOT_URLCONF": Urls(*i18n_patterns(*HIDING_AREA, prefix_default_language=False))},
            [],
        ),
    ],
)
def test_a_rule_that_leaves_out_the_address_without_a_language_has_its_id(
    rules: list[str], changed: dict[str, Any], expected: list[str], settings: Any
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, LOCALE_MIDDLEWARE]
    settings.ROOT_URLCONF = Urls(*i18n_patterns(*HIDING_AREA))
    change(settings, changed)
    for each in rules:
        kind = "route" if "<" in each else "prefix"
        HidingRule.objects.create(kind=kind, pattern=each, fold_client_errors=True)
    assert ids(check_hiding_rules(databases=["default"])) == expected
    # Without that, such redirects are not hidden anyway.
    HidingRule.objects.update(fold_client_errors=False)
    assert ids(check_hiding_rules(databases=["default"])) == []


@pytest.mark.django_db
def test_no_database_is_asked_that_is_not_named(django_assert_num_queries: Any) -> None:
    HidingRule.objects.create(kind="exact", pattern="/x/")
    with django_assert_num_queries(0):
        check_http_errors()
        check_hiding()
        assert check_hiding_rules(databases=None) == []
        assert check_hiding_rules(databases=["other"]) == []


def test_a_database_that_cannot_be_read_is_no_finding(monkeypatch: Any, settings: Any) -> None:
    def away(self: Any, alias: str) -> Any:
        raise OSError

    monkeypatch.setattr(type(checks.snapshots), "read", away)
    settings.MIDDLEWARE = []
    assert check_hiding_rules(databases=["default"]) == []


def test_rest_framework_may_have_no_settings(settings: Any) -> None:
    pytest.importorskip("rest_framework")
    settings.INSTALLED_APPS = [*APPS, "rest_framework"]
    del settings.REST_FRAMEWORK
    assert ids() == ["W007"]


def test_a_handler_of_rest_framework_may_be_the_function_itself(settings: Any) -> None:
    """REST framework takes both."""
    pytest.importorskip("rest_framework")
    from django_http_errors.rest_framework import exception_handler

    settings.INSTALLED_APPS = [*APPS, "rest_framework"]
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": exception_handler}
    assert ids() == []


def test_without_the_setting_only_the_challenges_are_missing(settings: Any) -> None:
    del settings.HTTP_ERRORS
    assert ids() == ["W008"]


def test_another_default_handler_is_not_the_apps(monkeypatch: Any) -> None:
    """Another app may set the defaults of Django, too."""
    monkeypatch.setattr(default_urls, "handler500", own_handler)
    assert ids() == ["W005"]


@pytest.mark.parametrize(
    ("hosts", "origin", "expected"),
    [
        (["www.example.com"], {}, []),
        (["www.example.com", "example.com"], {}, ["W016"]),
        ([".example.com"], {}, ["W016"]),
        (["*"], {}, ["W016"]),
        ([], {}, ["W016"]),
        (["*"], {"origin": "https://example.com"}, []),
        (["*"], None, []),
    ],
)
def test_types_that_depend_on_the_host_are_found(
    hosts: list[str], origin: dict[str, str] | None, expected: list[str], settings: Any
) -> None:
    pages = include("django_http_errors.problem_types")
    routes = [] if origin is None else [path("problems/", pages, origin)]
    settings.ALLOWED_HOSTS = hosts
    settings.ROOT_URLCONF = Urls(*routes)
    assert ids(check_problem_types()) == expected
    settings.ROOT_URLCONF = "no.such.urls"
    assert check_problem_types() == []


# The messages.


def test_every_id_has_a_situation() -> None:
    situations = (*SITUATIONS, *WITH_REST_FRAMEWORK, *AROUND_VIEWS, *AROUND_RULES)
    seen = {each for expected, _ in situations for each in expected}
    assert {*seen, "W012", "W014", "W015", "W016", "W018"} == ALL


def test_every_id_of_the_source_is_known() -> None:
    """No two checks share one, as no function gives the same message twice."""
    tree = ast.parse(Path(checks.__file__).read_text(encoding="utf-8"))
    constants = [each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)]
    assert sorted(each for each in constants if each in ALL) == sorted(ALL)


PAGES = [path("problems/", include("django_http_errors.problem_types"))]


def every_message(settings: Any, shop: str) -> Iterator[CheckMessage]:
    settings.HTTP_ERRORS = {"DEFAULT_MEDIA_TYPES": {"/api/": "no/such"}}
    yield from check_http_errors()
    settings.HTTP_ERRORS = {"NO_SUCH": 1, "EXCEPTIONS": 5, "RENDERERS": ["no.such.Renderer"]}
    fallback = min(FALLBACK_MIDDLEWARE)
    own = f"{__name__}.an_own_middleware"
    settings.MIDDLEWARE = [fallback, MIDDLEWARE, MIDDLEWARE, CSRF_MIDDLEWARE, own]
    settings.ROOT_URLCONF = Urls(HIDING, LOST, handler500=own_handler)
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    settings.DEBUG = True
    yield from check_http_errors()
    settings.MIDDLEWARE = [SESSIONS, HIDING_MIDDLEWARE, SECURITY]
    yield from check_hiding()
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, LOCALE_MIDDLEWARE]
    settings.ROOT_URLCONF = Urls(*i18n_patterns(*HIDING_AREA))
    yield from check_hiding_rules(databases=["default"])
    settings.INSTALLED_APPS = [*APPS, "rest_framework", shop]
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": THE_APPS_FOR_APIS}
    settings.ROOT_URLCONF = Urls(path("api/", json_api_view()), *PAGES)
    yield from check_http_errors()
    settings.ALLOWED_HOSTS = ["*"]
    yield from check_problem_types()
    settings.REST_FRAMEWORK = {}
    settings.TEMPLATES = [TEMPLATES]
    yield from check_http_errors()


@pytest.mark.django_db
def test_a_message_says_what_is_wrong_and_what_to_do(settings: Any, new_app: Any) -> None:
    pytest.importorskip("rest_framework")
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    HidingRule.objects.create(kind="prefix", pattern="/en/vault/", fold_client_errors=True)
    PermanenceRule.objects.create(pattern="/vault/secret/")
    messages = list(every_message(settings, new_app("own_shop", {"404.html": ""})))
    assert set(ids(messages)) == ALL
    for message in messages:
        assert message.msg.endswith(".")
        hint, _, address = str(message.hint).rpartition(" ")
        assert hint.endswith(".") or "import" in hint
        assert address == f"{checks.DOCUMENTATION}#{str(message.id)[-4:].lower()}"
        level = ERROR if ".E" in str(message.id) else WARNING
        assert message.level == level


def said(settings: Any, **changed: Any) -> str:
    change(settings, changed)
    (message,) = (each for each in check_http_errors() if each.id != "django_http_errors.W008")
    return f"{message.msg}\n{message.hint}"


def test_messages_name_what_they_are_about(settings: Any) -> None:
    assert "'NO_SUCH'" in said(settings, HTTP_ERRORS={"NO_SUCH": 1})
    assert "'RENDERERS'" in said(settings, HTTP_ERRORS={"RENDERERS": 1})
    assert "'x.Y'" in said(settings, HTTP_ERRORS={"RENDERERS": ["x.Y"]})
    assert ", ".join(sorted(SETTINGS)) in said(settings, HTTP_ERRORS={"NO_SUCH": 1})


@pytest.mark.parametrize(
    ("changed", "message", "hint"),
    [
        (
            {"EXCEPTIONS": {"shop.views.home": 404}},
            "'shop.views.home', which can't be imported: No module named 'shop'.",
            "path of an exception class.",
        ),
        (
            {"EXCEPTIONS": {"json.dumps": 404}},
            "'json.dumps', which isn't an exception class.",
            "path of an exception class.",
        ),
        (
            {"EXCEPTIONS": {"builtins.KeyError": "os.sep"}},
            "'os.sep', which isn't a function.",
            "path of a function.",
        ),
        (
            {"RENDERERS": ["builtins.dict"]},
            "'builtins.dict', which isn't a class with a media_type and a method render.",
            "path of a class with a media_type and a method render.",
        ),
        ({"REQUEST_ID": "os.sep"}, "'os.sep', which isn't a function.", "path of a function."),
        (
            {"CACHE_CONTROL": {"404": "no-store"}},
            "a dict from a status (a number from 400 to 599)",
            "the default is in force",
        ),
        (
            {"DEFAULT_MEDIA_TYPES": {"/api/": "a/b"}},
            "['/api/'] is 'a/b', which no renderer writes: 'text/html' is sent instead.",
            "text/html, application/problem+json, application/json, text/plain",
        ),
    ],
)
def test_what_is_wrong_with_a_setting_is_said(
    changed: dict[str, Any], message: str, hint: str, settings: Any
) -> None:
    text = said(settings, **http_errors(**changed)).partition("\n")
    assert message in text[0]
    assert hint in text[2]


def test_a_subclass_is_called_by_its_own_path(settings: Any) -> None:
    own, sessions = subclass_of(MIDDLEWARE), subclass_of(SESSIONS)
    text = said(settings, **middleware(own, sessions))
    assert f"stands before {sessions}: error pages lose what a page writes to the session." in text
    assert f"Move {own!r} down" in text


@pytest.mark.parametrize("given", [None, [], "text"])
def test_a_dict_that_is_none_is_called_by_its_name(given: Any, settings: Any) -> None:
    """``HTTP_ERRORS['HTTP_ERRORS']`` is what nobody wrote."""
    assert "HTTP_ERRORS can't be used: a dict is expected." in said(settings, HTTP_ERRORS=given)


@pytest.mark.parametrize(("path", "lost"), ASKED_MIDDLEWARE.items())
def test_what_a_page_loses_is_said(path: str, lost: str, settings: Any) -> None:
    text = said(settings, **middleware(MIDDLEWARE, path))
    assert f"before {path}: error pages lose {lost}." in text
    assert f"Move {MIDDLEWARE!r} down, behind it." in text


def test_what_a_fallback_loses_is_said(settings: Any) -> None:
    text = said(settings, **middleware(FALLBACK, MIDDLEWARE))
    assert f"behind {FALLBACK}, which only acts on a 404" in text
    assert f"Move {MIDDLEWARE!r} up, before it." in text


@pytest.mark.parametrize(
    ("installed", "hint"),
    [
        ([MIDDLEWARE, SESSIONS, MIDDLEWARE], "Keep the last one."),
        ([MIDDLEWARE, FALLBACK, MIDDLEWARE], f"Keep the one before {FALLBACK}."),
        ([MIDDLEWARE, SESSIONS, MIDDLEWARE, FALLBACK, COMMON, MIDDLEWARE], "the one before"),
        ([HIDING_MIDDLEWARE, HIDING_MIDDLEWARE, MIDDLEWARE], "Keep the first one."),
    ],
)
def test_the_one_to_keep_of_several_is_said(installed: list[str], hint: str, settings: Any) -> None:
    assert hint in said(settings, **middleware(*installed))


def test_what_isnt_known_behind_it_is_said_in_weaker_words(settings: Any) -> None:
    text = said(settings, **middleware(MIDDLEWARE, "shop.middleware.Zone"))
    assert "shop.middleware.Zone stands behind HttpErrorsMiddleware" in text
    assert f"move {MIDDLEWARE!r} down, behind it." in text
    assert "silence this check" in text


@pytest.mark.parametrize(("name", "handler"), OTHERS.items())
def test_a_handler_is_named_and_what_can_be_done(name: str, handler: Any, settings: Any) -> None:
    text = said(settings, ROOT_URLCONF=Urls(handler403=handler, handler404=handler))
    path = {
        "a view": f"{__name__}.OwnView",
        "an object": f"{__name__}.OwnObject",
        "a wrapped function": f"{__name__}.wrapping.<locals>.wrapper",
        "a function that catches its exceptions": f"{__name__}.catching",
        "a function that counts its rows": f"{__name__}.counting",
        "a function that knows other parts of it": f"{__name__}.filtering",
        "a view with its mixin": f"{__name__}.HidingView",
        "Django's": handler,
    }.get(name, f"{__name__}.own_handler")
    assert f"handler403, handler404 is not the app's but {path}: rules and messages" in text
    for way in ("keep your handler", "django_http_errors.handlers.handler403", "deleting it"):
        assert way in text
    assert "DEFAULT_HANDLERS" not in text


def test_without_the_defaults_the_setting_is_named(settings: Any) -> None:
    text = said(settings, **http_errors(DEFAULT_HANDLERS=False))
    assert "django.views.defaults.page_not_found" in text
    assert "DEFAULT_HANDLERS" in text


def test_what_hides_is_named(settings: Any) -> None:
    routes = [path(f"{name}/", hide_forbidden(view)) for name in "abcde"]
    text = said(settings, **middleware(MIDDLEWARE, urls=Urls(*routes)))
    assert "/a/, /b/, /c/ and 2 more can't hide without it" in text


# What the checks go by.


def test_the_checks_are_registered_under_their_tags(settings: Any) -> None:
    assert check_http_errors in registry.get_checks()
    deployed = registry.get_checks(include_deployment_checks=True)
    assert check_hiding in deployed
    assert check_hiding_rules in deployed
    assert check_hiding_rules.tags == (Tags.database,)  # type: ignore[attr-defined]
    settings.HTTP_ERRORS = {}
    assert ids(run_checks(tags=["http_errors"])) == ["W008"]


@pytest.mark.parametrize(
    "path",
    sorted(
        {
            MIDDLEWARE,
            HIDING_MIDDLEWARE,
            CSRF_MIDDLEWARE,
            checks.CSRF_FAILURE,
            *ASKED_MIDDLEWARE,
            *FALLBACK_MIDDLEWARE,
            *MARKING_MIDDLEWARE,
            *SITE_WIDE_MIDDLEWARE,
        }
    ),
)
def test_the_paths_that_are_looked_for_are_there(path: str) -> None:
    """One that was renamed would be looked for in vain, without anybody noticing."""
    module, _, name = path.rpartition(".")
    if module == "django.middleware.csp" and django.VERSION < (6,):
        pytest.skip("Django has it since 6.0")
    if not module.startswith("django"):
        pytest.importorskip(module.partition(".")[0])
    # Some can't be imported without an app of Django's that isn't installed here.
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
    assert name in {getattr(each, "name", None) for each in body}


def test_the_exception_handler_that_is_looked_for_is_there() -> None:
    pytest.importorskip("rest_framework")
    assert callable(import_string(checks.EXCEPTION_HANDLER))
