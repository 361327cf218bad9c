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
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.template import Context, Engine, TemplateDoesNotExist, engines, loader
from django.template.backends.django import DjangoTemplates
from django.template.loaders.cached import Loader as CachedLoader
from django.utils.html import escape
from django.utils.module_loading import import_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .catalogue import permanence_note
from .conf import RENDERERS_DEFAULT, forgotten_on_change, http_errors, remembered
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


def forms() -> Mapping[str, Form]:
    """Return the site's forms by media type, its favourite first; the app's if need be."""
    try:
        return _forms(http_errors.RENDERERS)
    except Exception:
        logger.exception("HTTP_ERRORS['RENDERERS'] can't be used")
        return _forms(RENDERERS_DEFAULT)


@lru_cache(maxsize=8)
def _forms(paths: tuple[str, ...]) -> Mapping[str, Form]:
    return {form.media_type: form for form in (_form(import_string(path)()) for path in paths)}


def _form(renderer: Any) -> Form:
    media_type = renderer.media_type.lower()
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+", media_type, re.ASCII):
        raise ValueError(f"{media_type!r} is no media type")
    steps = [lambda problem, request, context: renderer.render(problem)]
    if hasattr(renderer, "render_request"):
        steps.insert(0, renderer.render_request)
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return Form(media_type, media_type + charset, tuple(steps))


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
        shown = ((_INSTANCE, problem.instance), (_ID, problem.request_id))
        return _made_once(_json, problem, shown, _json_text)


def _json(problem: Problem, nonce: str) -> bytes:
    return json_bytes(problem.as_dict())


class ProblemJSONRenderer(JSONRenderer):
    """The members as problem details (RFC 9457)."""

    media_type = "application/problem+json"


# As in Django's json_script: what JSON allows and an HTML parser could take for markup.
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def json_bytes(members: object) -> bytes:
    """Return `members` as JSON in UTF-8.

    Raises TypeError or ValueError for what JSON can't hold.
    """
    text = json.dumps(members, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False)
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace")


def _json_text(value: str) -> bytes:
    """Return what stands for `value` between the quotation marks of a JSON string."""
    return json_bytes(value)[1:-1]


class TextRenderer:
    """A few lines for a terminal, and for whatever asked for no document."""

    media_type = "text/plain"

    def render(self, problem: Problem) -> bytes:
        return _made_once(_text, problem, ((_ID, problem.request_id),), str.encode)


def _text(problem: Problem, nonce: str) -> bytes:
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
        """Return the app's own page, which needs nothing of the project."""
        shown = ((_ID, problem.request_id), (_NONCE, nonce))
        return _made_once(_own_page, problem, shown, _escaped)


# Stand in what was made once for what is another in each request. Nobody can know them, and so
# write them into a text that is shown.
_INSTANCE, _ID, _NONCE = (secrets.token_hex(16) for _ in range(3))
_PLAIN = re.compile(r"[A-Za-z0-9/._~=+-]*+")

_made: dict[tuple[object, ...], bytes] = {}
_MOST_MADE = 256
_LONGEST_MADE = 32 * 1024
forgotten_on_change(_made.clear)

# What the forms show, beside that and what one has sent, which is of no use to another.
SHOWN = (
    *("language", "status", "title", "detail", "type", "permanence", "retry_after", "allow"),
    *("available", "accept", "upgrade", "blocked_by", "actions"),
)
SHOWN = (
    *("language", "status", "title", "detail", "type", "permanence", "retry_after", "allow"),
    *("available", "accept", "upgrade", "blocked_by", "actions"),
)
_shown = attrgetter(*SHOWN)


def _made_once(
    make: Callable[[Problem, str], bytes],
    problem: Problem,
    values: tuple[tuple[str, str], ...],
    escaped: Callable[[str], bytes],
) -> bytes:
    """Return what `make` makes of `problem` and the nonce: once for the same words, then filled in.

    values: what is filled in, and the mark that stands for each
    escaped: gives how a text is written there
    """
    given = [(mark, value) for mark, value in values if value]
    if problem.errors or problem.extensions or not problem.language:
        return make(problem, dict(given).get(_NONCE, ""))
    marks = tuple(mark for mark, _ in given)
    key = (make, marks, _shown(problem))
    made = _made.get(key)
    if made is None:
        marked = problem.replaced(
            instance=_INSTANCE if _INSTANCE in marks else "",
            request_id=_ID if _ID in marks else "",
        )
        made = make(marked, _NONCE if _NONCE in marks else "")
        if len(_made) >= _MOST_MADE:
            _made.clear()
        if len(made) <= _LONGEST_MADE:
            _made[key] = made
    for mark, value in given:
        text = value.encode() if _PLAIN.fullmatch(value) else escaped(value)
        made = made.replace(mark.encode(), text)
    return made


def _escaped(value: str) -> bytes:
    return escape(value).encode("utf-8", "replace")


def _own_page(problem: Problem, nonce: str) -> bytes:
    template = _own_engine().get_template(PAGE)
    page = template.render(Context(page_context(problem, nonce), use_l10n=False))
    return str(page).encode("utf-8", "replace")


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
    Django, too, looks for a template once: not while somebody writes it.
    """
    is_known = _are_cached() and not settings.DEBUG
    return _known_project_page(status) if is_known else _look_for_project_page(status)


@remembered
def _are_cached() -> bool:
    """Tell whether every template of the project is read once and then remembered."""
    return all(
        isinstance(backend, DjangoTemplates)
        and all(isinstance(each, CachedLoader) for each in backend.engine.template_loaders)
        for backend in engines.all()
    )


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


_known_project_page = remembered(_look_for_project_page)


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
