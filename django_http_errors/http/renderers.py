"""Renderers: a Problem in, bytes out, a class for each media type.

A renderer is any class with a `media_type` and ``render(problem) -> bytes``. One that also
wants the request has ``render_request(problem, request, context) -> bytes | None`` (None: no
answer of its own), which is then asked first; `render` is the fallback when that raises.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Protocol

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.template import Context, Engine
from django.utils.functional import LazyObject, SimpleLazyObject, empty
from django.utils.safestring import mark_safe
from django.utils.translation import get_language_bidi, pgettext

from ..conf import forget_on_change, http_errors
from ..core.way_on import NOWHERE, WayOn
from ..core.words import (
    actions,
    colon,
    duration,
    heading,
    labelled,
    permanence_note,
    what_happened,
)
from ..problems import Problem
from .csp import lazy_csp_nonce, source_hash
from .project_templates import DIRECTORY, FRAGMENT, PAGE, project_template
from .responses import GetContext
from .shapes import Shape, shape_of
from .spelling import spelled

logger = logging.getLogger("django_http_errors")


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
    _way_on: WayOn | None = field(default=None, init=False)

    def complete_problem(self) -> Problem:
        """Return the problem with what is known of the request."""
        return self.problem.replaced(instance=self.instance, request_id=self.request_id)

    def way_on(self) -> WayOn:
        """Return where the page leads on to; to ask for it may make the body personal."""
        if self._way_on is None:
            self._way_on = self.find_way_on()
        self.is_personal = self.is_personal or self._way_on.is_personal
        return self._way_on


@contextmanager
def noting_cookies(request: HttpRequest) -> Iterator[None]:
    """Let `has_looked_at_visitor` find out in here whether a page asks for the cookies.

    Middleware has asked for them before.
    """
    cookies = request.COOKIES
    request.COOKIES = SimpleLazyObject(lambda: cookies)  # type: ignore[assignment]
    try:
        yield
    finally:
        request.COOKIES = cookies


def has_looked_at_visitor(request: HttpRequest) -> bool:
    """Return whether the session, the user, cookies, the CSRF token or messages were asked for."""
    messages = getattr(request, "_messages", None)
    return bool(
        _is_user_known(request)
        or _is_evaluated(request.COOKIES)
        or getattr(getattr(request, "session", None), "accessed", False)
        or request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
        or getattr(messages, "used", False)
        # Only counted, as by a loop over none: that there is none is the visitor's own matter too.
        or hasattr(messages, "_loaded_data")
    )


def _is_user_known(request: HttpRequest) -> bool:
    """Return whether it was found out who makes the request: by a session, or by anything else.

    A user who isn't lazy may have been looked at or not.
    """
    user = vars(request).get("user")
    if isinstance(user, LazyObject):
        return _is_evaluated(user)
    return getattr(user, "is_authenticated", False) is True


def _is_evaluated(value: object) -> bool:
    return isinstance(value, LazyObject) and value._wrapped is not empty


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
            **page_context(problem, lazy_csp_nonce(request), shape),
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
        site_name: str | None = None,
    ) -> bytes:
        """Return the app's own page, or its own fragment, which need nothing of the project.

        site_name: None for what the setting says
        """
        is_fragment = shape is Shape.FRAGMENT
        template = own_engine().get_template(FRAGMENT if is_fragment else PAGE)
        way_on = replace(way_on, is_for_part=is_fragment)
        values = {
            **page_context(problem, nonce or None, shape),
            **way_on_context(problem, lambda: way_on),
        }
        if site_name is not None:
            values["site_name"] = site_name
        page = template.render(Context(values, use_l10n=False))
        return str(page).encode("utf-8", "replace")


def page_context(
    problem: Problem,
    nonce: str | SimpleLazyObject[str] | None,
    shape: Shape = Shape.DOCUMENT,
) -> dict[str, Any]:
    """Return what the app's templates are given, but for `way_on_context`.

    The reference has the list. Where there is no nonce, there is no `csp_nonce`: Django's
    ``{% csp_nonce_attr %}`` writes any that is there.
    """
    context = {
        "problem": problem,
        **_words(_members_in_words(problem), problem.language),
        "permanence_note": permanence_note(problem),
        **site_name(),
        "style": style(),
        "is_for_frame": shape is Shape.FRAME,
    }
    return context if nonce is None else {**context, "csp_nonce": nonce}


_MEMBERS_IN_WORDS = ("status", "title", "code", "permanence", "retry_after")
_members_in_words = attrgetter(*_MEMBERS_IN_WORDS)


# By all that they depend on. To look them up again would take a tenth of a page's time.
@lru_cache(maxsize=256)
def _words(members: tuple[Any, ...], language: str) -> Mapping[str, Any]:
    """Return the words of a page around those of its problem, in `language`, the active one."""
    problem = Problem(detail="", **dict(zip(_MEMBERS_IN_WORDS, members, strict=True)))
    return {
        "heading": heading(problem),
        "retry_in": None if problem.retry_after is None else duration(problem.retry_after),
        "colon": colon(),
    }


forget_on_change(_words.cache_clear)


def site_name() -> dict[str, Any]:
    """Return the name of the site for a template, nothing without the setting.

    Many projects have a context processor that gives one by this name, which it would hide.
    """
    return {"site_name": http_errors.SITE_NAME} if http_errors.SITE_NAME else {}


def way_on_context(problem: Problem, find_way_on: Callable[[], WayOn]) -> dict[str, Any]:
    """Return where a page leads on to, and what is said of that, if a template asks for it.

    That may be a question to the session, and then the page is for one visitor.
    """
    return {
        "what_happened": SimpleLazyObject(lambda: what_happened(problem, find_way_on)),
        "actions": SimpleLazyObject(lambda: actions(problem, find_way_on())),
        "home_url": SimpleLazyObject(lambda: find_way_on().home),
        "sign_in_url": SimpleLazyObject(lambda: find_way_on().sign_in),
        "try_again_url": SimpleLazyObject(lambda: _try_again(find_way_on(), is_part=False)),
        "try_again_part": SimpleLazyObject(lambda: _try_again(find_way_on(), is_part=True)),
    }


def _try_again(way_on: WayOn, *, is_part: bool) -> str:
    return way_on.try_again if way_on.is_for_part == is_part else ""


@cache
def own_engine() -> Engine:
    """Return an engine that finds the app's templates however the project's are set up."""
    libraries = {
        "i18n": "django.templatetags.i18n",
        "http_errors": "django_http_errors.templatetags.http_errors",
    }
    return Engine(dirs=[str(DIRECTORY)], libraries=libraries)


@cache
def style() -> str:
    """Return the style sheet of the app's page."""
    sheet = (DIRECTORY / "django_http_errors" / "style.css").read_text(encoding="utf-8")
    return mark_safe(sheet)  # noqa: S308 - a file of the app's


@cache
def style_hash() -> str:
    """Return the source expression that lets the page's style through a CSP (CSP 3, 2.3.1)."""
    return source_hash(style())
