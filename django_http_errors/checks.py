"""System checks: what can be seen of a wrong set-up without a request."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import router
from django.template import loader
from django.urls import URLPattern, get_resolver
from django.utils.module_loading import import_string
from django.utils.translation import get_language_from_path
from django.views.csrf import CSRF_FAILURE_TEMPLATE_NAME

from . import conf
from .core import own_types
from .core.languages import redirects_to_language
from .core.statuses import STATUSES
from .explaining import handlers
from .hiding import overlaps
from .hiding.policies import POLICY
from .http.project_templates import app_behind
from .http.representations import renderers
from .models import Generation
from .rules.rows import MessageRow
from .rules.snapshot import Snapshot, snapshots

MIDDLEWARE = "django_http_errors.middleware.HttpErrorsMiddleware"
HIDING_MIDDLEWARE = "django_http_errors.middleware.HidingMiddleware"
CSRF_MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"
CSRF_FAILURE = "django_http_errors.views.csrf_failure"
HANDLERS = "django_http_errors.handlers"
DOCUMENTATION = "https://django-http-errors.readthedocs.io/en/stable/reference/checks.html"
EXCEPTION_HANDLER = "django_http_errors.rest_framework.exception_handler"
JSON_API = "application/vnd.api+json"

# What a page may ask, and the middleware that has to stand around its rendering for it.
ASKED_MIDDLEWARE = {
    "django.contrib.sessions.middleware.SessionMiddleware": "what a page writes to the session",
    "django.contrib.auth.middleware.AuthenticationMiddleware": "the user",
    "django.contrib.messages.middleware.MessageMiddleware": "messages, which are shown again",
    CSRF_MIDDLEWARE: "the CSRF cookie, without which a form on the page can't be sent",
    conf.LOCALE_MIDDLEWARE: "the visitor's language",
    "django.contrib.sites.middleware.CurrentSiteMiddleware": "the site",
    "django.middleware.csp.ContentSecurityPolicyMiddleware": "the nonce of the policy",
    "csp.middleware.CSPMiddleware": "the nonce of the policy",
    "django.contrib.auth.middleware.RemoteUserMiddleware": "the user",
    "waffle.middleware.WaffleMiddleware": "the cookies of the flags that a page asks for",
    "crum.CurrentRequestUserMiddleware": "the user and the request that crum knows",
}
# Middleware that has pages or redirects for addresses that would otherwise be a 404.
FALLBACK_MIDDLEWARE = frozenset(
    {
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
        "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    }
)
# Middleware that adds headers or cookies depending on what a view did: standing before
# HidingMiddleware, it adds them to what hides that view.
MARKING_MIDDLEWARE = frozenset(
    {
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        CSRF_MIDDLEWARE,
        conf.LOCALE_MIDDLEWARE,
    }
)
# Middleware that adds the same headers to every response: standing behind HidingMiddleware, it
# adds none to what hides a view, which begins blank.
SITE_WIDE_MIDDLEWARE = frozenset(
    {
        "corsheaders.middleware.CorsMiddleware",
        "csp.middleware.CSPMiddleware",
        "django.middleware.csp.ContentSecurityPolicyMiddleware",
        "django.middleware.security.SecurityMiddleware",
    }
)


@register("http_errors")
def check_http_errors(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return what is wrong with how the project uses the app; the reference lists the ids."""
    return [
        *_settings(),
        *_default_media_types(),
        *_middleware(),
        *_handlers(),
        *_csrf_failure_view(),
        *_rest_framework(),
        *_json_api(),
        *_challenges(),
        *_templates(),
        *_hiding_without_middleware(),
    ]


@register("http_errors", deploy=True)
def check_hiding(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return what could leak what views under `hide_forbidden` hide; asks no database."""
    names = [name for name, _ in _scopes()]
    return [*_lost_marks(), *(_around_scopes(names) if names else ())]


@register("http_errors", deploy=True)
def check_problem_types(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return what would make the URIs of problem types depend on who asks."""
    try:
        origin, path = own_types.pages()
    except Exception:  # noqa: BLE001 - a URLconf is the project's code
        return []  # Django's own checks say what is wrong with it.
    hosts = settings.ALLOWED_HOSTS
    if not path or origin or (len(hosts) == 1 and not hosts[0].startswith((".", "*"))):
        return []
    return [
        _message(
            Warning,
            "W016",
            "The pages of problem types are on several hosts: the type of one error, which clients"
            " compare, is another on each.",
            'Name one where they are included: {"origin": "https://www.example.com"}.',
        )
    ]


@register(Tags.database, deploy=True)
def check_hiding_rules(
    app_configs: Sequence[AppConfig] | None = None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Return what could leak what hiding rules hide; for ``check --deploy --database default``.

    Nothing can be said where there is no database, or no table in it yet.
    """
    alias = router.db_for_read(Generation)
    if alias not in (databases or ()):
        return []
    try:
        snapshot = snapshots.read(alias)
    except Exception:  # noqa: BLE001 - the database may be away, or its tables not yet made
        return []
    rules = [f"the rule {rule.host}{rule.pattern}" for rule in snapshot.hiding]
    if any(_scopes()):
        rules = []  # What is wrong around views is said without a database.
    return [
        *(_hiding_needs_middleware(rules) if rules else ()),
        *(_around_scopes(rules) if rules else ()),
        *_narrower(snapshot),
        *_without_language(snapshot),
    ]


def _message(
    level: Callable[..., CheckMessage], number: str, message: str, hint: str
) -> CheckMessage:
    hint = f"{hint} {DOCUMENTATION}#{number.lower()}"
    return level(message, hint=hint, id=f"django_http_errors.{number}")


def _settings() -> Iterator[CheckMessage]:
    for error in conf.setting_errors():
        place = f"[{error.name!r}]" if error.name else ""
        if error.unknown:
            yield _message(
                Error,
                "E001",
                f"HTTP_ERRORS has a key {error.name!r}, and there is no such setting.",
                f"The settings are {', '.join(sorted(conf.SETTINGS))}.",
            )
        else:
            yield _message(
                Error,
                "E002",
                f"HTTP_ERRORS{place} can't be used: {error.message}.",
                "Until it is fixed, the default is in force.",
            )
    for setting, paths, is_usable, expected in (
        (
            "RENDERERS",
            conf.http_errors.RENDERERS,
            _is_renderer,
            "a class with a media_type and a method render",
        ),
        ("EXCEPTIONS", conf.http_errors.EXCEPTIONS, _is_exception, "an exception class"),
        ("EXCEPTIONS", _callables(), callable, "a function"),
        ("REQUEST_ID", filter(None, [conf.http_errors.REQUEST_ID]), callable, "a function"),
    ):
        for path in paths:
            try:
                wrong = "" if is_usable(import_string(path)) else f"isn't {expected}"
            except Exception as error:  # noqa: BLE001 - importing runs the project's code
                wrong = f"can't be imported: {error}"
            if wrong:
                yield _message(
                    Error,
                    "E003",
                    f"HTTP_ERRORS[{setting!r}] names {path!r}, which {wrong}.",
                    f"Give the dotted path of {expected}.",
                )


def _default_media_types() -> Iterator[CheckMessage]:
    default = conf.MEDIA_TYPES_DEFAULT.items()
    given = [each for each in conf.http_errors.DEFAULT_MEDIA_TYPES if each not in default]
    offers = [*renderers()] if given else []
    for prefix, media_type in given:
        if media_type not in offers:
            yield _message(
                Warning,
                "W017",
                f"HTTP_ERRORS['DEFAULT_MEDIA_TYPES'][{prefix!r}] is {media_type!r}, which no"
                f" renderer writes: {offers[0]!r} is sent instead.",
                f'Give one of {", ".join(offers)}, or add a renderer to HTTP_ERRORS["RENDERERS"].',
            )


def _is_renderer(named: Any) -> bool:
    return isinstance(named, type) and hasattr(named, "media_type") and hasattr(named, "render")


def _is_exception(named: Any) -> bool:
    return isinstance(named, type) and issubclass(named, BaseException)


def _callables() -> list[str]:
    """Return the paths of functions that make a Problem of an exception."""
    values = conf.http_errors.EXCEPTIONS.values()
    return [value for value in values if isinstance(value, str)]


def _middleware() -> Iterator[CheckMessage]:
    for path in (MIDDLEWARE, HIDING_MIDDLEWARE):
        if len(_places(path)) > 1:
            yield _message(
                Warning,
                "W002",
                f"{path} is in MIDDLEWARE more than once.",
                _which_to_keep() if path == MIDDLEWARE else "Keep the first one.",
            )
    place, _fallback = _place_to_keep()
    if place is None:
        yield _message(
            Warning,
            "W001",
            "HttpErrorsMiddleware isn't in MIDDLEWARE.",
            "Errors that views return keep their empty bodies. Add"
            f" {MIDDLEWARE!r} as the last one.",
        )
        return
    installed = conf.installed_middleware()
    own, _names = installed[place]
    for path, names in installed[place + 1 :]:
        asked = sorted(names & ASKED_MIDDLEWARE.keys())
        for name in asked:
            yield _message(
                Warning,
                "W003",
                f"HttpErrorsMiddleware stands before {path}: error pages lose"
                f" {ASKED_MIDDLEWARE[name]}.",
                f"Move {own!r} down, behind it.",
            )
        if not asked and not _belongs_behind(path, names):
            yield _message(
                Warning,
                "W019",
                f"{path} stands behind HttpErrorsMiddleware, and isn't known to answer 404s itself:"
                " what it sets up for a view is gone when an error page is rendered.",
                "If that is anything that a page shows, such as the language, the time zone or the"
                f" user, move {own!r} down, behind it. If it answers 404s itself, as the fallback"
                " of a single-page app does, silence this check.",
            )
    for path, names in installed[:place]:
        if names & FALLBACK_MIDDLEWARE:
            yield _message(
                Warning,
                "W004",
                f"HttpErrorsMiddleware stands behind {path}, which only acts on a 404: where a"
                " rule makes a 410 of it, its pages and redirects are lost, and an error page is"
                " rendered for each of the others.",
                f"Move {own!r} up, before it.",
            )


# What wants to be the last, and sets up nothing for a view.
_LAST_MIDDLEWARE = frozenset({"django_hosts.middleware.HostsResponseMiddleware"})


def _belongs_behind(path: str, names: frozenset[str]) -> bool:
    """Return whether the middleware at `path` may stand behind HttpErrorsMiddleware.

    Of Django's own, what isn't asked for anything by a page may; of the app's, it is said
    elsewhere.

    names: the classes that it is made from
    """
    is_known = path.partition(".")[0] == "django" or bool(names & {MIDDLEWARE, HIDING_MIDDLEWARE})
    return is_known or bool(names & (FALLBACK_MIDDLEWARE | _LAST_MIDDLEWARE))


def _place_to_keep() -> tuple[int | None, str]:
    """Return where HttpErrorsMiddleware is to stand of the places where it does, None for none.

    With it, the middleware that answers 404s itself and makes an earlier place the right one; ""
    where the last one is right.
    """
    places = _places(MIDDLEWARE)
    installed = conf.installed_middleware()
    for before, after in pairwise(places):
        for path, names in installed[before:after]:
            if names & FALLBACK_MIDDLEWARE:
                return before, path
    return (places[-1] if places else None), ""


def _which_to_keep() -> str:
    _place, fallback = _place_to_keep()
    return f"Keep the one before {fallback}." if fallback else "Keep the last one."


def _places(path: str) -> list[int]:
    """Return where in MIDDLEWARE the class at `path`, or a subclass, stands."""
    installed = enumerate(conf.installed_middleware())
    return [place for place, (_path, names) in installed if path in names]


def _handlers() -> Iterator[CheckMessage]:
    try:
        resolver = get_resolver()
        found = {status: handlers.other_handler(resolver, status) for status in handlers.HANDLED}
    except Exception:  # noqa: BLE001 - a URLconf is the project's code
        return  # Django's own checks say what is wrong with the URLconf.
    others = {f"handler{status}": handler for status, handler in found.items() if handler}
    if not others:
        return
    paths = ", ".join(dict.fromkeys(map(handlers.dotted_path, others.values())))
    hint = (
        "Three ways: keep your handler, and silence this check; wrap the app's, by calling"
        f" {HANDLERS}.{next(iter(others))} from your own; or replace yours, by deleting it from"
        " the URLconf: the app's then renders your templates 400.html, 403.html, 404.html and"
        " 500.html. A template by another name needs the second way."
    )
    if not conf.http_errors.DEFAULT_HANDLERS:
        hint += ' Without HTTP_ERRORS["DEFAULT_HANDLERS"], name the app\'s in the URLconf.'
    yield _message(
        Warning,
        "W005",
        f"The root URLconf's {', '.join(others)} is not the app's but {paths}: rules and messages"
        " do nothing for the content that it returns.",
        hint,
    )


def _csrf_failure_view() -> Iterator[CheckMessage]:
    if not conf.has_middleware(CSRF_MIDDLEWARE):
        return
    try:
        view = import_string(settings.CSRF_FAILURE_VIEW)
    except Exception:  # noqa: BLE001 - a view is the project's code
        return  # Django's own checks say that it can't be imported.
    if not handlers.is_apps_handler(view):
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
    with suppress(Exception):  # It is the project's code; REST framework says what is wrong.
        handler = import_string(handler) if isinstance(handler, str) else handler
    if not handlers.is_apps_handler(handler):
        yield _message(
            Warning,
            "W007",
            "REST framework is installed, and its errors aren't answered by the app.",
            f'Set REST_FRAMEWORK["EXCEPTION_HANDLER"] = {EXCEPTION_HANDLER!r}, or call that from'
            " your own. If single views have ProblemDetailsMixin, silence this check.",
        )


def _json_api() -> Iterator[CheckMessage]:
    names = [name for name, view in _views() if _answers_json_api(view)]
    if names:
        yield _message(
            Warning,
            "W015",
            f"JSON:API is written by {_some(names)}, whose errors are answered by the app.",
            "Their error objects have the app's words and codes. If clients rely on those of"
            " djangorestframework-jsonapi, let get_exception_handler() of these views return"
            " rest_framework_json_api.exceptions.exception_handler; if not, silence this check.",
        )


def _answers_json_api(view: Any) -> bool:
    """Return whether a view of REST framework's writes JSON:API and has the app's handler."""
    view_class = getattr(view, "cls", None)
    try:
        if not any(each.media_type == JSON_API for each in view_class.renderer_classes):  # type: ignore[union-attr]
            return False
        handler = view_class(**view.initkwargs).get_exception_handler()  # type: ignore[misc]
        return str(handler.__module__).startswith("django_http_errors.rest_framework")
    except Exception:  # noqa: BLE001 - a view is the project's code, and most are none of these
        return False


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


def _templates() -> Iterator[CheckMessage]:
    names = [f"{status}.html" for status in (*STATUSES, "4xx", "5xx")]
    for name in (*names, CSRF_FAILURE_TEMPLATE_NAME):
        app = None
        with suppress(Exception):  # There is none, or it is broken, which isn't said here.
            app = app_behind(loader.get_template(name))
        if app is not None and not _is_of_a_package(app):
            yield _message(
                Warning,
                "W014",
                f"The {name} of {app.name} isn't rendered: {app.name} stands behind"
                " django_http_errors in INSTALLED_APPS, as a package that ships one does.",
                f"Move {app.name!r} up, before 'django_http_errors'.",
            )


def _is_of_a_package(app: AppConfig) -> bool:
    """Return whether `app` was installed, rather than written for the project."""
    installed = {sysconfig.get_path(each) for each in ("purelib", "platlib")}
    return any(Path(app.path).is_relative_to(each) for each in installed)


def _scopes() -> Iterator[tuple[str, Any]]:
    """Yield the views under `hide_forbidden`, each with its route."""
    return ((name, view) for name, view in _views() if hasattr(view, POLICY))


def _views() -> Iterator[tuple[str, Any]]:
    """Yield all views of the URLconf, each with its route."""
    try:
        yield from _views_of(get_resolver().url_patterns, "/")
    except Exception:  # noqa: BLE001 - a URLconf is the project's code
        return  # Django's own checks say what is wrong with it.


def _views_of(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
    for each in patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLPattern):
            yield route, each.callback
        else:
            yield from _views_of(each.url_patterns, route)


def _some(names: Sequence[str]) -> str:
    """Return the first few of `names`, as a list to read."""
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _hiding_without_middleware() -> Iterator[CheckMessage]:
    names = [name for name, _ in _scopes()]
    if names:
        yield from _hiding_needs_middleware(names)


def _hiding_needs_middleware(names: Sequence[str]) -> Iterator[CheckMessage]:
    if not conf.has_middleware(HIDING_MIDDLEWARE):
        yield _message(
            Error,
            "E004",
            f"HidingMiddleware isn't in MIDDLEWARE, and {_some(names)} can't hide without it:"
            " the status is hidden, but headers and cookies show what is there.",
            f"Add {HIDING_MIDDLEWARE!r} near the top, before all middleware that adds headers or"
            " cookies depending on the view.",
        )


def _around_scopes(names: Sequence[str]) -> Iterator[CheckMessage]:
    # Where it is missing, that is said already (E004).
    for place in _places(HIDING_MIDDLEWARE)[:1]:
        yield from _around_hiding(place, names)
    if settings.DEBUG:
        yield _message(
            Warning,
            "W011",
            f"DEBUG is on, and its pages show what {_some(names)} should hide.",
            "Set DEBUG = False.",
        )


def _around_hiding(place: int, names: Sequence[str]) -> Iterator[CheckMessage]:
    installed = conf.installed_middleware()
    own, _names = installed[place]
    for path, found in installed[:place]:
        if found & MARKING_MIDDLEWARE:
            yield _message(
                Warning,
                "W009",
                f"{path} stands before HidingMiddleware, and marks the responses that hide"
                f" {_some(names)}.",
                f"Move {own!r} up, before it.",
            )
    for path, found in installed[place:]:
        if found & SITE_WIDE_MIDDLEWARE:
            yield _message(
                Warning,
                "W010",
                f"{path} stands behind HidingMiddleware: the responses that hide"
                f" {_some(names)} go without its headers.",
                f"Move {own!r} down, behind it.",
            )


def _narrower(snapshot: Snapshot) -> Iterator[CheckMessage]:
    found = [
        (f"the rule {rule.host}{rule.pattern}", row)
        for rule in snapshot.hiding
        for row in overlaps.within(rule, snapshot)
    ]
    found += [("a view under hide_forbidden", row) for row in overlaps.within_views(snapshot)]
    for scope, row in found:
        host, path = overlaps.place_of(row)
        kind = "ErrorMessage" if isinstance(row, MessageRow) else "PermanenceRule"
        yield _message(
            Warning,
            "W012",
            f"The {kind} {row.pk} for {host}{path} is for a part only of what {scope} hides.",
            "Anyone who compares addresses sees that this one is another. Make it for all of them,"
            " or for none.",
        )


def _without_language(snapshot: Snapshot) -> Iterator[CheckMessage]:
    # LocaleMiddleware puts a language in front of what is routed only with one.
    for rule in snapshot.hiding if redirects_to_language() else ():
        if not rule.fold_client_errors or get_language_from_path(rule.pattern) is None:
            continue
        path = f"/{rule.pattern[1:].partition('/')[2]}"
        same = (each for each in snapshot.hiding if each.pattern == path and not each.host)
        if not any(
            each.fold_client_errors
            for each in chain(snapshot.hiding.covering(path, rule.host), same)
        ):
            yield _message(
                Warning,
                "W018",
                f"The rule {rule.host}{rule.pattern} doesn't cover {path}, and below that what is"
                " there is redirected to its language, and what isn't there is not.",
                f"Make a rule for {path} too, which hides every client error.",
            )


def _lost_marks() -> Iterator[CheckMessage]:
    for name, view in _views():
        if not hasattr(view, POLICY) and _holds_a_scope(view):
            yield _message(
                Warning,
                "W013",
                f"A decorator around hide_forbidden at {name} hides it: what the decorator answers"
                " by itself is not hidden.",
                "Put hide_forbidden around all other decorators, or let them use functools.wraps.",
            )


def _holds_a_scope(view: Any, depth: int = 10) -> bool:
    """Return whether `view` calls a view under `hide_forbidden`, as decorators do."""
    cells = getattr(view, "__closure__", None) or ()
    for cell in cells if depth else ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        if callable(held) and (hasattr(held, POLICY) or _holds_a_scope(held, depth - 1)):
            return True
    return False
