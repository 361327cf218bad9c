"""The representation that a client gets: by which renderer, and whether it is prepared.

RFC 9110, section 12: proactive negotiation.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..conf import RENDERERS_DEFAULT, forget_on_change, http_errors
from ..problems import Problem
from . import headers, negotiation, prepared
from .csrf import read_csrf_secret
from .headers import Headers
from .prepared import PreparedBody
from .project_templates import has_own_page, project_template
from .renderers import (
    HTMLRenderer,
    RenderInput,
    has_looked_at_visitor,
    noting_cookies,
    way_on_context,
)
from .shapes import Shape, shape_of

logger = logging.getLogger("django_http_errors")

# Where a request that isn't for a document goes (Fetch Metadata Request Headers, 2.1): a page
# would be wasted on it.
_SUBRESOURCES = frozenset(
    "audio audioworklet font image manifest paintworklet script serviceworker sharedworker "
    "style track video worker xslt".split()
)

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
    prepares = type(renderer) if prepared.is_prepared_by(type(renderer)) else None
    if prepares:
        fallbacks.append(partial(prepared.render, prepares))
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

    if given.problem.status < 500:
        # A page for a failing server has no form: to read the secret may be what failed.
        read_csrf_secret(given.request)
    problem, request = given.complete_problem(), given.request
    with noting_cookies(request):
        body: bytes | None = renderer.render_request(problem, request, context)
        given.is_personal = body is not None and (
            given.is_personal or has_looked_at_visitor(request)
        )
    return body


# What of a request decides about its answer: the Accept header, the media type that its path has
# by default, whether it is for no document, the shape, and what `headers.what_decides` returns.
Wish = tuple[str, str, bool, Shape, str, bool]


def wish_of(request: HttpRequest) -> Wish:
    """Return what the client of `request` wants, and can be given."""
    fields = request.META
    return (
        fields.get("HTTP_ACCEPT", ""),
        _default_media_type(request),
        fields.get("HTTP_SEC_FETCH_DEST") in _SUBRESOURCES,
        shape_of(request),
        *headers.what_decides(fields),
    )


def _default_media_type(request: HttpRequest) -> str:
    if "HTTP_HX_REQUEST" in request.META:
        return "text/html"  # htmx says that it takes anything, and puts it into the page.
    path = request.path_info
    for start, media_type in http_errors.DEFAULT_MEDIA_TYPES:
        if path.startswith(start):
            return media_type
    return ""  # OPTIONS * has no path that begins with anything.


def renderer_for(wish: Wish) -> RendererEntry:
    """Return the renderer that the client prefers, the nearest, or what its path has by default.

    An Accept header that can't be met doesn't change the status of an error (RFC 9110, 12.5.1).
    """
    accept, default, is_subresource, *_rest = wish
    entries = renderers()
    if is_subresource and "text/plain" in entries:
        return entries["text/plain"]
    return entries[negotiation.nearest(accept, tuple(entries), default)]


def prepared_answer(given: RenderInput) -> tuple[bytes, Headers] | None:
    """Return the body and the headers of an answer that was negotiated and rendered before.

    That is most of them: an answer of the app's own is the same for everybody, but for what is
    filled in. None where it isn't.
    """
    problem, wish = given.problem, wish_of(given.request)
    if not prepared.is_common(problem) or len(wish[0]) > negotiation.LONGEST_REMEMBERED:
        return None
    found = _prepared(problem, wish)
    if found is None:
        return None
    body, made = found
    try:
        return body.filled_in(given), made
    except Exception:  # noqa: BLE001 - it is raised again, and logged, by who renders it then
        return None


def _prepare(problem: Problem, wish: Wish) -> tuple[PreparedBody, Headers] | None:
    """Return the body and the headers for `wish`; None if the renderer isn't one of the app's own.

    None too where a template of the project's is rendered, or may be by now.
    """
    entry = renderer_for(wish)
    *_rest, shape, method, below_wsgi = wish
    if entry.prepares is None or (entry.uses_templates and not has_own_page(problem.status, shape)):
        return None
    made = headers.make_headers(problem, entry.content_type, method, below_wsgi)
    return prepared.prepared_body(entry.prepares, problem, shape), made


# By value, as the bodies are.
_prepared = lru_cache(maxsize=1024)(_prepare)
forget_on_change(_prepared.cache_clear)


def is_by_the_site(entry: RendererEntry, status: int) -> bool:
    """Return whether a page for `status` is by the project: by its renderer, or its template."""
    return not entry.uses_templates or project_template(status) is not None
