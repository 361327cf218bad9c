"""Packages that answer for addresses, or stand around pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..recipes import HTML, PROBLEM, Asker, neighbour, routes_of

FALLBACKS = "django.contrib.{0}s.middleware.{1}FallbackMiddleware"


@neighbour(
    "django.contrib.flatpages",
    "django.contrib.flatpages",
    apps=["django.contrib.sites", "django.contrib.flatpages"],
    behind=[FALLBACKS.format("flatpage", "Flatpage")],
    settings={"SITE_ID": 1},
)
def flatpages(ask: Asker) -> None:
    """A page goes before any rule; where there is none, the app answers."""
    from django.contrib.flatpages.models import FlatPage

    from django_http_errors.models import PermanenceRule

    page, is_new = FlatPage.objects.get_or_create(url="/old/", template_name="flat.html")
    if is_new:
        page.sites.set([1])
        PermanenceRule.objects.create(pattern="/old/", kind="prefix")
    from django.test import override_settings

    pages = [("django.template.loaders.locmem.Loader", {"flat.html": "flat"})]
    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": pages},
    }
    with override_settings(TEMPLATES=[engine]):
        response = ask("/old/")
        assert (response.status_code, response.content) == (200, b"flat")
        ask.problem("/old/else/", 410)
        ask.problem("/nowhere/", 404)


@neighbour(
    "django.contrib.redirects",
    "django.contrib.redirects",
    apps=["django.contrib.sites", "django.contrib.redirects"],
    behind=[FALLBACKS.format("redirect", "Redirect")],
    settings={"SITE_ID": 1},
)
def redirects(ask: Asker) -> None:
    from django.contrib.redirects.models import Redirect

    from django_http_errors.models import PermanenceRule

    if not Redirect.objects.exists():
        Redirect.objects.create(site_id=1, old_path="/old/", new_path="/new/")
        Redirect.objects.create(site_id=1, old_path="/gone-already/", new_path="")
        PermanenceRule.objects.create(pattern="/old/", kind="prefix")
    response = ask("/old/")
    assert (response.status_code, response.headers["Location"]) == (301, "/new/")
    # The package's own 410 is empty.
    ask.problem("/gone-already/", 410)
    ask.problem("/old/else/", 410)


STATIC = Path(__file__).parent.parent.parent.parent / "testproject" / "static"


@neighbour(
    "whitenoise",
    "whitenoise",
    top=["django_http_errors.whitenoise.WhiteNoiseMiddleware"],
    apps=["django.contrib.staticfiles"],
    settings={"WHITENOISE_ROOT": str(STATIC), "WHITENOISE_AUTOREFRESH": True},
)
def whitenoise(ask: Asker) -> None:
    """Its own errors, by the app's middleware in the place of its own."""
    path = "/testproject/style.css"
    assert ask(path).status_code == 200
    response = ask(path, method="POST")
    assert response.headers["Content-Type"] == PROBLEM
    assert (response.status_code, response.json()["allow"]) == (405, ["GET", "HEAD"])
    response = ask(path, range="bytes=99999999-")
    assert (response.status_code, response.json()["status"]) == (416, 416)
    assert response.headers["Content-Range"].startswith("bytes */")
    assert int(response.headers.get("Content-Length", 0)) in (0, len(response.content))
    assert ask(path, range="bytes=0-9").status_code == 206
    ask.problem("/testproject/missing.css", 404)


@neighbour(
    "django-maintenance-mode",
    "maintenance_mode",
    apps=["maintenance_mode"],
    middleware=["maintenance_mode.middleware.MaintenanceModeMiddleware"],
    settings={"MAINTENANCE_MODE": False},
)
def maintenance_mode(ask: Asker) -> None:
    """Its own 503.html is its own, and no page of the site's for every 503."""
    from django.test import override_settings

    page = ask.page("/bare/503/", 503)
    assert "maintenance" not in page.lower()
    ask.problem("/bare/503/", 503)
    with override_settings(MAINTENANCE_MODE=True):
        # The package renders its page itself, and it is left as it is.
        response = ask("/", HTML)
        assert response.status_code == 503
        assert "maintenance" in response.content.decode().lower()
        assert response.headers["Retry-After"]
    assert ask("/").status_code == 200


@neighbour(
    "django-htmx",
    "django_htmx",
    apps=["django_htmx"],
    middleware=["django_htmx.middleware.HtmxMiddleware"],
)
def htmx(ask: Asker) -> None:
    """A request of htmx's gets a part of a page; one that is boosted gets a page."""
    assert "<h1>" not in ask.page("/gone/", 410, hx_request="true")
    assert "<h1>" in ask.page("/gone/", 410, hx_request="true", hx_boosted="true")
    ask.problem("/gone/", 410, hx_request="true")


@neighbour(
    "django-hosts",
    "django_hosts",
    apps=["django_hosts"],
    top=["django_hosts.middleware.HostsRequestMiddleware"],
    behind=["django_hosts.middleware.HostsResponseMiddleware"],
    settings={
        "ROOT_HOSTCONF": "tests.neighbours.sites.hosts_site",
        "DEFAULT_HOST": "www",
    },
    modes=["sync"],  # Django's async test client has but one host.
)
def hosts(ask: Asker) -> None:
    """Each host has a URLconf of its own, and none has handlers."""
    ask.problem("/only-here/", 404)
    response = ask("/only-here/", host="other.example.com")
    assert response.status_code == 200, (response.status_code, response.content)
    ask.problem("/gone/", 404, host="other.example.com")
    ask.problem("/crash/", 500)


@neighbour(
    "django-waffle",
    "waffle",
    apps=["waffle"],
    middleware=["waffle.middleware.WaffleMiddleware"],
    urls=routes_of("waffle_site"),
)
def waffle(ask: Asker) -> None:
    """What a flag closes isn't there; its cookies stay on an error."""
    from waffle.models import Flag

    for is_open in (False, True):
        Flag.objects.update_or_create(name="open", defaults={"everyone": is_open})
        if is_open:
            assert ask("/flagged/").status_code == 200
        else:
            ask.problem("/flagged/", 404)


def site_id() -> dict[str, Any]:
    from multisite import SiteID

    cache = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {"SITE_ID": SiteID(default=1), "CACHES": {"default": cache}}


@neighbour(
    "django-multisite",
    "multisite",
    apps=["django.contrib.sites", "multisite"],
    top=["multisite.middleware.DynamicSiteMiddleware"],
    settings=site_id,
    modes=["sync"],
)
def multisite(ask: Asker) -> None:
    """A host that is no site of the database's is answered by its middleware, far out."""
    ask.problem("/", 404, host="unknown.example.com")
