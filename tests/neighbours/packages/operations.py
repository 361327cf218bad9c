"""Packages that watch a site, or guard it."""

from __future__ import annotations

from typing import Any

from ..recipes import HTML, JSON, PROBLEM, Asker, neighbour, routes_of

CACHE = {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}


@neighbour(
    "django-cors-headers",
    "corsheaders",
    apps=["corsheaders"],
    top=["corsheaders.middleware.CorsMiddleware"],
    settings={"CORS_ALLOWED_ORIGINS": ["https://shop.example.com"]},
)
def cors_headers(ask: Asker) -> None:
    """Scripts of other sites can read an error, and see its headers."""
    for path, status in (("/crash/", 500), ("/gone/", 410), ("/nowhere/", 404)):
        response = ask(path, origin="https://shop.example.com")
        assert response.status_code == response.json()["status"] == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
        assert {"origin", "Accept"} <= set(response.headers["Vary"].split(", "))
    assert "Access-Control-Allow-Origin" not in ask("/gone/", origin="https://x.example").headers


def csp_settings() -> dict[str, Any]:
    from csp.constants import NONCE, SELF

    return {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"style-src": [SELF, NONCE]}}}


@neighbour(
    "django-csp",
    "csp",
    apps=["csp"],
    top=["csp.middleware.CSPMiddleware"],
    settings=csp_settings,
)
def csp(ask: Asker) -> None:
    """The page's style is allowed by the nonce in the policy, and only a page asks for one."""
    response = ask("/gone/", HTML)
    policy = response.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert nonce
    assert f'nonce="{nonce}"' in response.content.decode()
    assert "nonce" not in ask("/gone/").headers["Content-Security-Policy"]


def toolbar_urls() -> list[Any]:
    from django.urls import include, path

    return [path("__debug__/", include("debug_toolbar.urls"))]


@neighbour(
    "django-debug-toolbar",
    "debug_toolbar",
    apps=["django.contrib.staticfiles", "debug_toolbar"],
    top=["debug_toolbar.middleware.DebugToolbarMiddleware"],
    urls=toolbar_urls,
    settings={
        "DEBUG_TOOLBAR_CONFIG": {
            "SHOW_TOOLBAR_CALLBACK": lambda request: True,
            "IS_RUNNING_TESTS": False,
        },
        "INTERNAL_IPS": ["127.0.0.1"],
    },
)
def debug_toolbar(ask: Asker) -> None:
    """It is on the error page, and in no JSON."""
    page = ask.page("/gone/", 410)
    assert "djDebug" in page
    assert page.index("<h1>") < page.index("djDebug")
    assert "djDebug" not in ask("/gone/").content.decode()
    response = ask("/gone/", HTML)
    assert int(response.headers.get("Content-Length", len(response.content))) == len(
        response.content
    )


def silk_urls() -> list[Any]:
    from django.urls import include, path

    return [path("silk/", include("silk.urls", namespace="silk"))]


@neighbour(
    "django-silk",
    "silk",
    apps=["silk"],
    top=["silk.middleware.SilkyMiddleware"],
    urls=silk_urls,
)
def silk(ask: Asker) -> None:
    """It records the error with its body."""
    from silk.models import Request

    Request.objects.all().delete()
    for path in ("/gone/", "/crash/"):
        ask(path, JSON)
    recorded = {each.path: each.response for each in Request.objects.all()}
    assert {path: each.status_code for path, each in recorded.items()} == {
        "/gone/": 410,
        "/crash/": 500,
    }
    assert '"status": 410' in recorded["/gone/"].body


@neighbour(
    "django-prometheus",
    "django_prometheus",
    apps=["django_prometheus"],
    top=["django_prometheus.middleware.PrometheusBeforeMiddleware"],
    middleware=["django_prometheus.middleware.PrometheusAfterMiddleware"],
)
def prometheus(ask: Asker) -> None:
    """Each error is counted, by its status on the wire and by the view."""
    from prometheus_client import REGISTRY

    def counted(**labels: str) -> float:
        return sum(
            sample.value
            for metric in REGISTRY.collect()
            for sample in metric.samples
            if sample.name == "django_http_responses_total_by_status_total"
            and labels.items() <= sample.labels.items()
        )

    for path, status in (
        ("/gone/", 410),
        ("/crash/", 500),
        ("/nowhere/", 404),
        ("/bare/409/", 409),
    ):
        before = counted(status=str(status))
        ask.problem(path, status)
        assert counted(status=str(status)) == before + 1, path


@neighbour(
    "opentelemetry-instrumentation-django",
    "opentelemetry.instrumentation.django",
    modes=["sync", "async"],
)
def opentelemetry(ask: Asker) -> None:
    """A span has the status that is sent, the route, and the exception of a crash."""
    spans = _exporter()
    spans.clear()
    ask.start()
    for path, status in (("/gone/", 410), ("/crash/", 500)):
        ask.problem(path, status)
        (span,) = spans.get_finished_spans()
        spans.clear()
        found = span.attributes.get(
            "http.status_code", span.attributes.get("http.response.status_code")
        )
        assert found == status, span.attributes
        assert span.attributes.get("http.route", path[1:]) == path[1:]


_exporters: list[Any] = []


def _exporter() -> Any:
    if not _exporters:
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        DjangoInstrumentor().instrument(tracer_provider=provider)
        _exporters.append(exporter)
    return _exporters[0]


@neighbour("sentry-sdk", "sentry_sdk")
def sentry(ask: Asker) -> None:
    """It is told of a crash, once, and of no answer."""
    import sentry_sdk

    told: list[Any] = []
    sentry_sdk.init(
        dsn="https://key@sentry.example/1",
        before_send=lambda event, hint: told.append(event),
        transport=lambda event: None,
    )
    ask.start()
    for path, status in (
        ("/gone/", 410),
        ("/nowhere/", 404),
        ("/denied/", 403),
        ("/bare/503/", 503),
    ):
        ask.problem(path, status)
        assert not told, (path, told)
    ask.problem("/crash/", 500)
    (event,) = told
    assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"


@neighbour(
    "django-ratelimit",
    "django_ratelimit",
    urls=routes_of("ratelimit_site"),
    settings={
        **CACHE,
        "SILENCED_SYSTEM_CHECKS": ["django_ratelimit.E003", "django_ratelimit.W001"],
    },
)
def ratelimit(ask: Asker) -> None:
    """429 out of the box; a view of the project's for it goes first."""
    from django.core.cache import cache
    from django.test import override_settings

    cache.clear()
    assert ask("/limited/").status_code == 200
    members = ask.problem("/limited/", 429)
    assert members["permanence"] == "temporary"
    assert ask("/limited/", HTML).headers["Content-Type"].startswith("text/html")
    with override_settings(
        MIDDLEWARE=[
            "django_ratelimit.middleware.RatelimitMiddleware",
            "django_http_errors.middleware.HttpErrorsMiddleware",
        ],
        RATELIMIT_VIEW="tests.neighbours.sites.ratelimit_site.own_view",
    ):
        ask.start()
        assert ask("/limited/").content == b"own"
        with override_settings(RATELIMIT_VIEW="django_http_errors.handlers.handler429"):
            ask.problem("/limited/", 429)
    ask.start()


@neighbour(
    "django-axes",
    "axes",
    apps=["axes"],
    middleware=["axes.middleware.AxesMiddleware"],
    urls=routes_of("login_site"),
    settings={
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "AXES_FAILURE_LIMIT": 2,
        "AXES_LOCKOUT_CALLABLE": "django_http_errors.handlers.handler429",
    },
)
def axes(ask: Asker) -> None:
    """Who is locked out is told so by the app, where axes is told to call its handler."""
    from axes.utils import reset

    reset()
    form = {
        "data": "username=jane&password=wrong",
        "content_type": "application/x-www-form-urlencoded",
    }
    assert ask("/login/", method="POST", **form).status_code == 200
    response = ask("/login/", method="POST", **form)
    assert response.status_code == response.json()["status"] == 429
    assert response.headers["Content-Type"] == PROBLEM


@neighbour(
    "django-defender",
    "defender",
    apps=["defender"],
    middleware=["defender.middleware.FailedLoginMiddleware"],
    urls=routes_of("login_site"),
    settings={"DEFENDER_LOGIN_FAILURE_LIMIT": 1, "DEFENDER_REDIS_URL": "redis://127.0.0.1:1/0"},
    modes=["sync"],
)
def defender(ask: Asker) -> None:
    """Its own answer to who is locked out stays as it is."""
    import fakeredis
    from defender import utils

    form = {
        "data": "username=jane&password=wrong",
        "content_type": "application/x-www-form-urlencoded",
    }
    utils.REDIS_SERVER = fakeredis.FakeStrictRedis()
    for _time in range(3):
        response = ask("/login/", method="POST", **form)
    assert response.content.startswith(b"Account locked")
    assert not hasattr(response, "problem")
    ask.problem("/gone/", 410)
