"""System checks: what can be seen of a wrong set-up without a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import get_resolver
from django.utils.module_loading import import_string

from . import conf

MIDDLEWARE = "django_http_errors.middleware.HttpErrorsMiddleware"
CSRF_MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"
CSRF_FAILURE = "django_http_errors.views.csrf_failure"
EXCEPTION_HANDLER = "django_http_errors.rest_framework.exception_handler"

# Middleware of Django's that raises errors, or returns some without content: standing before the
# app's, it answers where the app can't see it.
ANSWERING_MIDDLEWARE = frozenset(
    {
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        CSRF_MIDDLEWARE,
        "django.middleware.locale.LocaleMiddleware",
    }
)
# A page takes its nonce when the app finishes it: after that the policy has to be written.
CSP_MIDDLEWARE = frozenset(
    {"csp.middleware.CSPMiddleware", "django.middleware.csp.ContentSecurityPolicyMiddleware"}
)


@register("http_errors")
def check_http_errors(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return what is wrong with how the project uses the app; the README lists the ids."""
    return [
        *_settings(),
        *_middleware(),
        *_handlers(),
        *_csrf_failure_view(),
        *_rest_framework(),
        *_challenges(),
    ]


def _message(
    level: Callable[..., CheckMessage], number: str, message: str, hint: str
) -> CheckMessage:
    return level(message, hint=hint, id=f"django_http_errors.{number}")


def _settings() -> Iterator[CheckMessage]:
    for fault in conf.faults():
        place = f"[{fault.name!r}]" if fault.name else ""
        if fault.unknown:
            yield _message(
                Error,
                "E001",
                f"HTTP_ERRORS has a key {fault.name!r}, and there is no such setting.",
                f"The settings are {', '.join(sorted(conf.SETTINGS))}.",
            )
        else:
            yield _message(
                Error,
                "E002",
                f"HTTP_ERRORS{place} can't be used: {fault.message}.",
                "Until it is mended, the default is in force.",
            )
    for setting, paths, is_usable in (
        ("RENDERERS", conf.http_errors.RENDERERS, _is_renderer),
        ("EXCEPTIONS", conf.http_errors.EXCEPTIONS, _is_exception),
    ):
        for path in paths:
            try:
                if not is_usable(import_string(path)):
                    raise TypeError("it is none")
            except Exception as error:  # noqa: BLE001 - importing runs the project's code
                yield _message(
                    Error,
                    "E003",
                    f"HTTP_ERRORS[{setting!r}] names {path!r}, which can't be imported: {error}.",
                    "Give the dotted path of a class.",
                )


def _is_renderer(named: Any) -> bool:
    return isinstance(named, type) and hasattr(named, "media_type") and hasattr(named, "render")


def _is_exception(named: Any) -> bool:
    return isinstance(named, type) and issubclass(named, BaseException)


def _middleware() -> Iterator[CheckMessage]:
    installed = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in installed:
        yield _message(
            Warning,
            "W001",
            "HttpErrorsMiddleware isn't in MIDDLEWARE.",
            f"Returned errors keep their empty bodies. Add {MIDDLEWARE!r} near the top.",
        )
        return
    if installed.count(MIDDLEWARE) > 1:
        yield _message(
            Warning,
            "W002",
            "HttpErrorsMiddleware is in MIDDLEWARE more than once.",
            "Keep the first one.",
        )
    place = installed.index(MIDDLEWARE)
    for path in installed[:place]:
        if path in ANSWERING_MIDDLEWARE:
            yield _message(
                Warning,
                "W003",
                f"HttpErrorsMiddleware stands behind {path}, which answers errors before it.",
                f"Move {MIDDLEWARE!r} up, before it.",
            )
    for path in installed[place:]:
        if path in CSP_MIDDLEWARE:
            yield _message(
                Warning,
                "W004",
                f"HttpErrorsMiddleware stands before {path}, so that error pages get no nonce.",
                f"Move {MIDDLEWARE!r} down, behind it.",
            )


def _handlers() -> Iterator[CheckMessage]:
    try:
        resolver = get_resolver()
        foreign = [
            status
            for status in (400, 403, 404, 500)
            if not _is_ours(resolver.resolve_error_handler(status))
        ]
    except Exception:  # noqa: BLE001 - a URLconf is the project's code
        return  # Django's own checks say what is wrong with the URLconf.
    if foreign:
        names = ", ".join(f"handler{status}" for status in foreign)
        yield _message(
            Warning,
            "W005",
            f"The root URLconf doesn't use the app's {names}.",
            f"Add to it: from django_http_errors.handlers import {names}",
        )


def _is_ours(handler: Any) -> bool:
    """Tell whether `handler` is one of the app's, or a view class made from its."""
    view_class = getattr(handler, "view_class", None)
    origins = view_class.__mro__ if view_class is not None else (handler,)
    return any(each.__module__.startswith("django_http_errors.") for each in origins)


def _csrf_failure_view() -> Iterator[CheckMessage]:
    if CSRF_MIDDLEWARE in settings.MIDDLEWARE and settings.CSRF_FAILURE_VIEW != CSRF_FAILURE:
        yield _message(
            Warning,
            "W006",
            "CSRF_FAILURE_VIEW isn't the app's.",
            f"Set CSRF_FAILURE_VIEW = {CSRF_FAILURE!r}.",
        )


def _rest_framework() -> Iterator[CheckMessage]:
    if not apps.is_installed("rest_framework"):
        return
    handler = getattr(settings, "REST_FRAMEWORK", {}).get("EXCEPTION_HANDLER")
    if callable(handler):
        handler = f"{handler.__module__.removesuffix('.handler')}.{handler.__qualname__}"
    if handler != EXCEPTION_HANDLER:
        yield _message(
            Warning,
            "W007",
            "REST framework is installed, and its errors aren't answered by the app.",
            f'Set REST_FRAMEWORK["EXCEPTION_HANDLER"] = {EXCEPTION_HANDLER!r}. If your own'
            " handler calls it, silence this check.",
        )


def _challenges() -> Iterator[CheckMessage]:
    if "CHALLENGES" not in conf.project_settings():
        yield _message(
            Warning,
            "W008",
            'HTTP_ERRORS["CHALLENGES"] isn\'t set: every 401 without a challenge of its own is'
            f" sent with {conf.SETTINGS['CHALLENGES'].default!r}.",
            "Say how one signs in to this site, for instance"
            ' {"CHALLENGES": [\'Bearer realm="api"\']} (RFC 9110, section 11.6.1).',
        )
