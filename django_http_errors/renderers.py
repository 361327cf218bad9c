"""How it looks: a Problem in, bytes out, a renderer for each media type.

A renderer is any class with a `media_type` and ``render(problem) -> bytes``. One that also
wants the request has ``render_request(problem, request, context) -> bytes | None`` (None: no
answer of its own), which is then asked first; `render` is what is left when that raises.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.template import Context, Engine, TemplateDoesNotExist, engines, loader
from django.template.backends.django import DjangoTemplates
from django.template.loaders.cached import Loader as CachedLoader
from django.utils import translation
from django.utils.html import escape
from django.utils.module_loading import import_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .catalogue import permanence_note
from .conf import RENDERERS_DEFAULT, http_errors
from .problems import Problem

logger = logging.getLogger("django_http_errors")

PAGE = "django_http_errors/error.html"
BASE = "django_http_errors/base.html"

_TEMPLATES = Path(__file__).parent / "templates"

ContextMaker = Callable[[], Mapping[str, Any]]


class Renderer(Protocol):
    """What a class named in ``HTTP_ERRORS["RENDERERS"]`` has."""

    media_type: str

    def render(self, problem: Problem) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Form:
    """A form in which a problem can be told, as the road uses it.

    `steps` are tried one after the other until one returns bytes.
    """

    media_type: str
    content_type: str
    steps: tuple[Callable[[Problem, HttpRequest, ContextMaker], bytes | None], ...]


@lru_cache(maxsize=8)
def _forms(paths: tuple[str, ...]) -> tuple[Form, ...]:
    return tuple(_form(import_string(path)()) for path in paths)


def _form(renderer: Any) -> Form:
    media_type = renderer.media_type.lower()
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+", media_type, re.ASCII):
        raise ValueError(f"{media_type!r} is no media type")
    steps = [lambda problem, request, context: renderer.render(problem)]
    if hasattr(renderer, "render_request"):
        steps.insert(0, renderer.render_request)
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return Form(media_type, media_type + charset, tuple(steps))


def forms() -> tuple[Form, ...]:
    """Return the site's forms, its favourite first; the app's if they can't be made."""
    try:
        return _forms(http_errors.RENDERERS)
    except Exception:
        logger.exception("HTTP_ERRORS['RENDERERS'] can't be used")
        return _forms(RENDERERS_DEFAULT)


def wait(seconds: int) -> str:
    """Return `seconds` as a person says it ("2 minutes"), rounded up."""
    if seconds < 100:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    if minutes < 100:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours = math.ceil(seconds / 3600)
    if hours < 48:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    days = math.ceil(seconds / 86400)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


class JSONRenderer:
    """The members as plain JSON, for a client that asks for that alone."""

    media_type = "application/json"

    def render(self, problem: Problem) -> bytes:
        return json_bytes(problem.as_dict())


class ProblemJSONRenderer(JSONRenderer):
    """The members as problem details (RFC 9457)."""

    media_type = "application/problem+json"


# As in Django's json_script: what JSON allows and an HTML parser could take for markup.
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def json_bytes(members: Mapping[str, object]) -> bytes:
    """Return `members` as JSON in UTF-8.

    Raises TypeError or ValueError for what JSON can't hold.
    """
    text = json.dumps(members, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace")


class TextRenderer:
    """A few lines for a terminal, and for whatever asked for no document."""

    media_type = "text/plain"

    def render(self, problem: Problem) -> bytes:
        lines = [f"{problem.status} {problem.title}", "", str(problem.detail)]
        lines.append(str(permanence_note(problem)))
        if problem.retry_after is not None:
            lines.append(_("Try again in %(retry_in)s.") % {"retry_in": wait(problem.retry_after)})
        if problem.allow:
            lines.append(_("Allowed methods: %(list)s") % {"list": ", ".join(problem.allow)})
        if problem.accept:
            lines.append(_("Accepted formats: %(list)s") % {"list": ", ".join(problem.accept)})
        if problem.upgrade:
            lines.append(_("Protocols: %(list)s") % {"list": ", ".join(problem.upgrade)})
        for each in problem.available:
            lines.append(_("Available: %(type)s at %(href)s") % each.as_dict())
        if problem.blocked_by:
            lines.append(_("Who demands this: %(href)s") % {"href": problem.blocked_by})
        for part in problem.errors:
            lines.append(f"- {part.pointer}: {part.detail}" if part.pointer else f"- {part.detail}")
        for action in problem.actions:
            lines.append(f"{action.label}: {action.href}")
        if problem.request_id:
            lines.append(_("Request id: %(id)s") % {"id": problem.request_id})
        return "\n".join([*lines, ""]).encode("utf-8", "replace")


class HTMLRenderer:
    """A page: the project's own if there is one, else the app's."""

    media_type = "text/html"

    def render_request(
        self, problem: Problem, request: HttpRequest, context: ContextMaker
    ) -> bytes:
        project_page = _project_page(problem.status)
        if project_page is None:
            return self.render(problem, nonce=csp_nonce(request))
        values = {
            **page_context(problem, csp_nonce(request)),
            # What Django's own handlers give a 404.html and a 403.html.
            "request_path": problem.instance,
            "exception": str(problem.detail),
            **context(),
        }
        # A failing server has no use for context processors, which may be what failed.
        page = project_page.render(values, request if problem.status < 500 else None)
        return str(page).encode()

    def render(self, problem: Problem, *, nonce: str = "") -> bytes:
        """Return the app's own page, which needs nothing of the project.

        Its bytes are made once for the same words in the same language, and then filled in.
        """
        told = replace(
            problem, instance="", request_id=_ID if problem.request_id else "", extensions={}
        )
        page = _remembered_page(told, translation.get_language(), _NONCE if nonce else "")
        return page.replace(_ID.encode(), _escaped(problem.request_id)).replace(
            _NONCE.encode(), _escaped(nonce)
        )


# Stand in a remembered page for what is another in each request. Nobody can know them, and so
# write them into a text that is shown.
_ID, _NONCE = secrets.token_hex(16), secrets.token_hex(16)
_MOST_PAGES = 256
_pages: dict[tuple[object, ...], bytes] = {}


def _remembered_page(problem: Problem, language: str | None, nonce: str) -> bytes:
    if problem.errors:
        return _own_page(problem, nonce)  # What one has sent is of no use to another.
    members = (getattr(problem, name) for name in _PAGE_MEMBERS)
    key = (str(problem.title), str(problem.detail), language, nonce, *members)
    page = _pages.get(key)
    if page is None:
        page = _own_page(problem, nonce)
        if len(_pages) >= _MOST_PAGES:
            _pages.clear()
        _pages[key] = page
    return page


# What the page shows, beside the title and the detail.
_PAGE_MEMBERS = (
    "status",
    "permanence",
    "request_id",
    "retry_after",
    "allow",
    "available",
    "accept",
    "upgrade",
    "blocked_by",
    "actions",
)


def _own_page(problem: Problem, nonce: str) -> bytes:
    template = _own_engine().get_template(PAGE)
    page = template.render(Context(page_context(problem, nonce), use_l10n=False))
    return str(page).encode("utf-8", "replace")


def _escaped(value: str) -> bytes:
    return escape(value).encode("utf-8", "replace")


def page_context(problem: Problem, nonce: str) -> dict[str, Any]:
    """Return what the app's templates are given: the README has the list."""
    return {
        "problem": problem,
        "permanence_note": permanence_note(problem),
        "retry_in": None if problem.retry_after is None else wait(problem.retry_after),
        "style": style(),
        "csp_nonce": nonce,
    }


@cache
def _own_engine() -> Engine:
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
    digest = hashlib.sha256(style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _project_page(status: int) -> Any:
    """Return the project's template for `status`, None where it has none.

    That is ``404.html``, ``4xx.html``, or the app's own page where the project has put a
    template of its own in the place of the page or of its base. It is looked for once where
    Django, too, looks for a template once.
    """
    backends = tuple(engines.all())
    if _are_cached(backends):
        return _known_project_page(status, backends)
    return _look_for_project_page(status)


@lru_cache(maxsize=8)
def _are_cached(backends: tuple[Any, ...]) -> bool:
    return all(
        isinstance(backend, DjangoTemplates)
        and all(isinstance(each, CachedLoader) for each in backend.engine.template_loaders)
        for backend in backends
    )


@lru_cache(maxsize=512)
def _known_project_page(status: int, backends: tuple[Any, ...]) -> Any:
    return _look_for_project_page(status)


def _look_for_project_page(status: int) -> Any:
    for name in (f"{status}.html", f"{status // 100}xx.html"):
        try:
            return loader.get_template(name)
        except TemplateDoesNotExist:
            continue
    try:
        dressed = [_is_foreign(loader.get_template(name)) for name in (PAGE, BASE)]
    except TemplateDoesNotExist:
        return None  # The app's templates aren't on the project's path, which is fine.
    return loader.get_template(PAGE) if any(dressed) else None


def _is_foreign(template: Any) -> bool:
    return not Path(str(template.origin)).is_relative_to(_TEMPLATES)


def csp_nonce(request: HttpRequest) -> str:
    """Return the nonce of Django's (6.0 and newer) or django-csp's middleware, "" without one."""
    # django-csp keeps the value that it has already made in Django's attribute.
    nonce = getattr(request, "csp_nonce", None)
    if nonce is None:
        nonce = getattr(request, "_csp_nonce", None)
    try:
        return "" if nonce is None else str(nonce)
    except Exception:
        # django-csp raises when the policy is written already; a system check says why.
        logger.exception("The page gets no nonce")
        return ""
