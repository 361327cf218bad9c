"""Renderers: a Problem in, bytes out, a class for each media type.

A renderer is any class with a `media_type` and ``render(problem) -> bytes``. One that also
wants the request has ``render_request(problem, request, context) -> bytes | None`` (None: no
answer of its own), which is then asked first; `render` is the fallback when that raises.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.template import Context, Engine, TemplateDoesNotExist, engines, loader
from django.template.backends.django import DjangoTemplates
from django.template.loaders.cached import Loader as CachedLoader
from django.utils.functional import SimpleLazyObject
from django.utils.html import escape
from django.utils.module_loading import import_string
from django.utils.safestring import mark_safe
from django.utils.translation import get_language_bidi, pgettext

from ..conf import RENDERERS_DEFAULT, cached_until_settings_change, forget_on_change, http_errors
from ..core.way_on import NOWHERE, WayOn
from ..core.words import actions, colon, duration, heading, labelled, permanence_note
from ..problems import Problem
from .csp import csp_nonce, lazy_csp_nonce, source_hash
from .responses import GetContext
from .shapes import Shape, shape_of
from .spelling import spelled

logger = logging.getLogger("django_http_errors")

PAGE = "django_http_errors/error.html"
BASE = "django_http_errors/base.html"
FRAGMENT = "django_http_errors/fragment.html"
# What the page and the fragment include.
_PARTS = ("django_http_errors/actions.html", "django_http_errors/lists.html")

_TEMPLATES = Path(__file__).parent.parent / "templates"


class Renderer(Protocol):
    """What a class named in ``HTTP_ERRORS["RENDERERS"]`` has."""

    media_type: str

    def render(self, problem: Problem) -> bytes: ...


@dataclass(slots=True)
class RenderInput:
    """What a body is made from.

    problem: translated, without what is known of this request alone, which is beside it:
    instance: its path · request_id: "" where there is none
    get_context: gives what a view adds to the context of a template
    find_way_on: finds where a page leads on to
    is_personal: set by a renderer whose body shows something of the visitor
    content_type: set by a renderer that labels its body by something else than its entry's
    """

    problem: Problem
    request: HttpRequest
    instance: str
    request_id: str
    get_context: GetContext | None = None
    find_way_on: Callable[[], WayOn] = WayOn
    is_personal: bool = field(default=False, init=False)
    content_type: str = field(default="", init=False)

    def complete_problem(self) -> Problem:
        """Return the problem with what is known of the request."""
        return self.problem.replaced(instance=self.instance, request_id=self.request_id)

    def way_on(self) -> WayOn:
        """Return where the page leads on to; to ask for it may make the body personal."""
        found = self.find_way_on()
        self.is_personal = self.is_personal or found.is_personal
        return found


Render = Callable[[RenderInput], bytes | None]


@dataclass(frozen=True, slots=True)
class RendererEntry:
    """A renderer as the pipeline uses it.

    `fallbacks` are tried one after the other until one returns bytes.

    prepares: the class of a renderer of the app's own, whose bodies can be prepared
    """

    media_type: str
    content_type: str
    fallbacks: tuple[Render, ...]
    prepares: type | None = None

    @property
    def uses_templates(self) -> bool:
        """Whether a template of the project's goes before what is prepared."""
        return self.prepares is HTMLRenderer


def renderers() -> Mapping[str, RendererEntry]:
    """Return the site's renderers by media type, its favourite first; the app's if need be."""
    try:
        return _renderers(http_errors.RENDERERS)
    except Exception:
        logger.exception("HTTP_ERRORS['RENDERERS'] can't be used")
        return _renderers(RENDERERS_DEFAULT)


@lru_cache(maxsize=8)
def _renderers(paths: tuple[str, ...]) -> Mapping[str, RendererEntry]:
    return {entry.media_type: entry for entry in (_entry(import_string(path)()) for path in paths)}


def _entry(renderer: Any) -> RendererEntry:
    media_type = renderer.media_type.lower()
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+", media_type, re.ASCII):
        raise ValueError(f"{media_type!r} is not a media type")
    fallbacks: list[Render] = []
    if hasattr(renderer, "render_request"):
        fallbacks.append(partial(_render_request, renderer))
    prepares = type(renderer) if type(renderer) in _WRITERS else None
    if prepares:
        fallbacks.append(partial(render_prepared, prepares))
    else:
        fallbacks.append(lambda given: renderer.render(given.complete_problem()))
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return RendererEntry(media_type, media_type + charset, tuple(fallbacks), prepares)


def _render_request(renderer: Any, given: RenderInput) -> bytes | None:
    if isinstance(renderer, HTMLRenderer):
        shape = shape_of(given.request)
        if project_template(given.problem.status, shape is Shape.FRAGMENT) is None:
            return None

    def context() -> dict[str, Any]:
        return {**way_on_context(given.problem, given.way_on), **(given.get_context or dict)()}

    body: bytes | None = renderer.render_request(given.complete_problem(), given.request, context)
    given.is_personal = body is not None and (
        given.is_personal or has_looked_at_visitor(given.request)
    )
    return body


def has_looked_at_visitor(request: HttpRequest) -> bool:
    """Return whether the session, the user, the CSRF token or messages were asked for."""
    messages = getattr(request, "_messages", None)
    return bool(
        getattr(getattr(request, "session", None), "accessed", False)
        or request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
        or getattr(messages, "used", False)
        # Only counted, as by a loop over none: that there is none is the visitor's own matter too.
        or hasattr(messages, "_loaded_data")
    )


class JSONRenderer:
    """The members as plain JSON, for a client that asks for that alone."""

    media_type = "application/json"

    def render(self, problem: Problem) -> bytes:
        """Return the members of `problem` as JSON; one that JSON can't hold is left out."""
        members = spelled(problem.as_dict())
        try:
            return json_bytes(members)
        except (TypeError, ValueError, RecursionError):
            return json_bytes(
                {name: value for name, value in members.items() if _fits(name, value)}
            )


class ProblemJSONRenderer(JSONRenderer):
    """The members as problem details (RFC 9457)."""

    media_type = "application/problem+json"


# As in Django's json_script: what JSON allows and an HTML parser could take for markup.
_ENCODER = DjangoJSONEncoder(ensure_ascii=False, allow_nan=False)
_ESCAPED = re.compile("[<>&\u2028\u2029]")
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def json_bytes(members: object) -> bytes:
    """Return `members` as JSON in UTF-8.

    Raises TypeError, ValueError or RecursionError for what JSON can't hold.
    """
    text = _ENCODER.encode(members)
    if _ESCAPED.search(text):
        text = text.translate(_ESCAPES)
    return text.encode("utf-8", "backslashreplace")


def _fits(name: str, value: object) -> bool:
    try:
        json_bytes({name: value})
    except Exception as error:  # noqa: BLE001 - a value's own code may be called
        logger.error("The member %r is left out, since JSON can't hold it: %s", name, error)
        return False
    return True


class TextRenderer:
    """A few lines for a terminal, and for whatever asked for no document."""

    media_type = "text/plain"

    def render(self, problem: Problem) -> bytes:
        lines = [f"{problem.status} {problem.title}", "", str(problem.detail)]
        if note := permanence_note(problem):
            lines.append(note)
        lists = {
            pgettext("http error", "Allowed methods"): problem.allow,
            pgettext("http error", "Available formats"): [
                f"{each.type} ({each.href})" if each.href else each.type
                for each in problem.available
            ],
            pgettext("http error", "Accepted formats"): problem.accept,
            pgettext("http error", "Protocols"): problem.upgrade,
            pgettext("http error", "Who requested this"): problem.blocked_by
            and (problem.blocked_by,),
        }
        lines += [labelled(label, ", ".join(each)) for label, each in lists.items() if each]
        for part in problem.errors:
            place = part.pointer or part.parameter
            detail = str(part.detail)
            lines.append(f"- {labelled(_isolated(place), detail) if place else detail}")
        for action in problem.actions:
            label = str(action.label)
            lines.append(label if action.href in label else labelled(label, action.href))
        if problem.request_id:
            lines.append(labelled(pgettext("http error", "Request id"), problem.request_id))
        return "\n".join([*lines, ""]).encode("utf-8", "replace")


def _isolated(value: str) -> str:
    """Return `value`, kept from left to right in a text that is from right to left (UAX 9)."""
    return f"\u2066{value}\u2069" if get_language_bidi() else value


class HTMLRenderer:
    """A page: the project's own if there is one, else the app's."""

    media_type = "text/html"

    def render_request(
        self, problem: Problem, request: HttpRequest, get_context: GetContext
    ) -> bytes | None:
        """Return the page by the project's template for the status, None where it has none.

        A fragment is by the project's template for fragments.
        """
        shape = shape_of(request)
        template = project_template(problem.status, shape is Shape.FRAGMENT)
        if template is None:
            return None
        values = {
            **page_context(problem, lazy_csp_nonce(request), shape=shape),
            # What Django's own handlers give a 404.html and a 403.html.
            "request_path": problem.instance,
            "exception": str(problem.detail),
            **get_context(),
        }
        # A failing server has no use for context processors, which may be what failed.
        page = template.render(values, request if problem.status < 500 else None)
        return str(page).encode()

    def render(
        self,
        problem: Problem,
        *,
        nonce: str = "",
        way_on: WayOn = NOWHERE,
        shape: Shape = Shape.DOCUMENT,
    ) -> bytes:
        """Return the app's own page, or its own fragment, which need nothing of the project."""
        template = own_engine().get_template(FRAGMENT if shape is Shape.FRAGMENT else PAGE)
        values = page_context(problem, nonce or None, lambda: way_on, shape)
        page = template.render(Context(values, use_l10n=False))
        return str(page).encode("utf-8", "replace")


# What differs from one request to the next in a body that is otherwise prepared once. Nobody
# knows these, and so nobody can write them into a text that is shown.
_PLACES_OF = ("instance", "request_id", "nonce", "home", "sign_in", "try_again")
_MARKS = {name: secrets.token_hex(16) for name in _PLACES_OF}
_NAMES = {mark.encode(): name for name, mark in _MARKS.items()}
_PLACES = re.compile(b"(" + b"|".join(_NAMES) + b")")
_NEEDS_NO_ESCAPE = re.compile(r"[A-Za-z0-9/._~=+-]*+")

# The renderers whose bodies are prepared, and how each writes a value. What a subclass would make
# of a value isn't known.
_WRITERS: Mapping[type, Callable[[str], bytes]] = {
    HTMLRenderer: lambda value: escape(value).encode("utf-8", "replace"),
    JSONRenderer: lambda value: json_bytes(value)[1:-1],
    ProblemJSONRenderer: lambda value: json_bytes(value)[1:-1],
    TextRenderer: lambda value: value.encode("utf-8", "replace"),
}


def _prepare(
    kind: type, problem: Problem, filled: frozenset[str], shape: Shape
) -> tuple[bytes, ...]:
    """Return the parts of a body by the renderer `kind`: text and places in turn.

    filled: the names of the places that have a value
    """
    marks = {name: _MARKS[name] if name in filled else "" for name in _PLACES_OF}
    marked = problem.replaced(instance=marks["instance"], request_id=marks["request_id"])
    way_on = WayOn(marks["home"], marks["sign_in"], marks["try_again"])
    return tuple(_PLACES.split(_render(kind, marked, marks["nonce"], way_on, shape)))


# By value: a problem is frozen to its last member, and its words are exact strings. A page takes
# 150 µs to render and 2 µs to fill in.
_prepared = lru_cache(maxsize=256)(_prepare)
forget_on_change(_prepared.cache_clear)

_LONGEST_PREPARED = 4096  # characters


def _render(kind: type, problem: Problem, nonce: str, way_on: WayOn, shape: Shape) -> bytes:
    is_page = kind is HTMLRenderer
    page = {"nonce": nonce, "way_on": way_on, "shape": shape} if is_page else {}
    body: bytes = kind().render(problem, **page)
    return body


def is_common(problem: Problem) -> bool:
    """Return whether an answer to `problem` may be remembered: others have the same."""
    return not (
        problem.extensions
        or problem.errors
        or problem.headers
        or len(problem.title) + len(problem.detail) > _LONGEST_PREPARED
    )


def render_prepared(kind: type, given: RenderInput) -> bytes:
    """Return the body by a renderer of the app's: prepared once where it can be."""
    if is_common(given.problem):
        return fill_in(kind, given)
    return _render(kind, given.complete_problem(), *_of_page(kind, given))


def _of_page(kind: type, given: RenderInput) -> tuple[str, WayOn, Shape]:
    """Return what only a page has of its request: the nonce, where it leads on to, its shape."""
    if kind is not HTMLRenderer:
        return "", NOWHERE, Shape.DOCUMENT
    return csp_nonce(given.request), given.way_on(), shape_of(given.request)


def fill_in(kind: type, given: RenderInput) -> bytes:
    """Return the prepared body for what `is_common`, with what is known of this request."""
    nonce, way_on, shape = _of_page(kind, given)
    values = {
        "instance": given.instance,
        "request_id": given.request_id,
        "nonce": nonce,
        "home": way_on.home,
        "sign_in": way_on.sign_in,
        "try_again": way_on.try_again,
    }
    filled = frozenset(name for name, value in values.items() if value)
    parts = _prepared(kind, given.problem, filled, shape)
    if len(parts) == 1:
        return parts[0]
    body = list(parts)
    for place in range(1, len(body), 2):
        value = values[_NAMES[body[place]]]
        plain = _NEEDS_NO_ESCAPE.fullmatch(value)
        body[place] = value.encode() if plain else _WRITERS[kind](value)
    return b"".join(body)


def page_context(
    problem: Problem,
    nonce: str | SimpleLazyObject[str] | None,
    find_way_on: Callable[[], WayOn] = WayOn,
    shape: Shape = Shape.DOCUMENT,
) -> dict[str, Any]:
    """Return what the app's templates are given: the reference has the list.

    Where there is no nonce, there is no `csp_nonce`: Django's ``{% csp_nonce_attr %}`` writes any
    that is there.
    """
    context = {
        "problem": problem,
        "heading": heading(problem),
        "permanence_note": permanence_note(problem),
        "retry_in": None if problem.retry_after is None else duration(problem.retry_after),
        "colon": colon(),
        **site_name(),
        "style": style(),
        "is_for_frame": shape is Shape.FRAME,
        **way_on_context(problem, find_way_on),
    }
    return context if nonce is None else {**context, "csp_nonce": nonce}


def site_name() -> dict[str, Any]:
    """Return the name of the site for a template, nothing without the setting.

    Many projects have a context processor that gives one by this name, which it would hide.
    """
    return {"site_name": http_errors.SITE_NAME} if http_errors.SITE_NAME else {}


def way_on_context(problem: Problem, find_way_on: Callable[[], WayOn]) -> dict[str, Any]:
    """Return where a page leads on to, found out where a template asks for it.

    That may be a question to the session, and then the page is for one visitor.
    """
    found = cache(find_way_on)
    return {
        "actions": SimpleLazyObject(lambda: actions(problem, found())),
        "home_url": SimpleLazyObject(lambda: found().home),
        "sign_in_url": SimpleLazyObject(lambda: found().sign_in),
        "try_again_url": SimpleLazyObject(lambda: found().try_again),
    }


@cache
def own_engine() -> Engine:
    """Return an engine that finds the app's templates however the project's are set up."""
    return Engine(dirs=[str(_TEMPLATES)], libraries={"i18n": "django.templatetags.i18n"})


@cache
def style() -> str:
    """Return the style sheet of the app's page."""
    sheet = (_TEMPLATES / "django_http_errors" / "style.css").read_text(encoding="utf-8")
    return mark_safe(sheet)  # noqa: S308 - a file of the app's


@cache
def style_hash() -> str:
    """Return the source expression that lets the page's style through a CSP (CSP 3, 2.3.1)."""
    return source_hash(style())


def project_template(status: int, is_fragment: bool = False) -> Any:
    """Return the project's template for `status`, or for fragments; None where it has none.

    That is ``404.html``, ``4xx.html``, or the app's own page where the project has put a
    template of its own in the place of the page or of its base. It is looked for once where
    Django, too, looks for a template once: not while somebody writes it.
    """
    is_known = _are_cached() and not settings.DEBUG
    find = _remembered_project_template if is_known else _find_project_template
    return find(status, is_fragment)


def has_own_page(problem: Problem, shape: Shape) -> bool:
    """Return whether the app's own page is all that there is for `problem`, now and later."""
    try:
        if settings.DEBUG or not _are_cached():
            return False
        return project_template(problem.status, shape is Shape.FRAGMENT) is None
    except Exception:  # noqa: BLE001 - who renders the page meets it again, and logs it
        return False


@cached_until_settings_change
def _are_cached() -> bool:
    """Return whether every template of the project is read once and then remembered."""
    return all(
        isinstance(backend, DjangoTemplates)
        and all(isinstance(each, CachedLoader) for each in backend.engine.template_loaders)
        for backend in engines.all()
    )


def _find_project_template(status: int, is_fragment: bool) -> Any:
    # A template for a status makes a document.
    for name in () if is_fragment else (f"{status}.html", f"{status // 100}xx.html"):
        template = get_project_template(name)
        if template is not None:
            return template
    whole = (FRAGMENT,) if is_fragment else (PAGE, BASE)
    try:
        overridden = [_is_overridden(loader.get_template(name)) for name in (*whole, *_PARTS)]
    except TemplateDoesNotExist:
        return None  # The app's templates aren't on the project's path, which is fine.
    return loader.get_template(whole[0]) if any(overridden) else None


def get_project_template(name: str) -> Any:
    """Return the template called `name` that is the project's, None where there is none.

    One in an app that stands behind this one in ``INSTALLED_APPS`` isn't: what some package ships
    as its ``503.html`` is no page of the site's for every 503. Raises what a broken template does.
    """
    try:
        template = loader.get_template(name)
    except TemplateDoesNotExist:
        return None
    return None if app_behind(template) else template


def app_behind(template: Any) -> AppConfig | None:
    """Return the app behind this one in ``INSTALLED_APPS`` that `template` is in, if it is one."""
    file = _file_of(template)
    if any(file.is_relative_to(each) for backend in engines.all() for each in backend.dirs):
        return None
    is_behind = False
    for app in apps.get_app_configs():
        if is_behind and any(file.is_relative_to(Path(app.path, each)) for each in _IN_APPS):
            return app
        is_behind = is_behind or app.name == "django_http_errors"
    return None


# Where Django's two template engines look for the templates of an app.
_IN_APPS = ("templates", "jinja2")


def _is_overridden(template: Any) -> bool:
    return not _file_of(template).is_relative_to(_TEMPLATES)


def _file_of(template: Any) -> Path:
    return Path(str(template.origin.name))


_remembered_project_template = cached_until_settings_change(_find_project_template)
