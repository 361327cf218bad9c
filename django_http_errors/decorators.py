"""What a view says of itself: the types it gives and takes, hands off, and what it hides."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from . import negotiation, pipeline
from .exceptions import NotAcceptable, NotFound, UnsupportedMediaType, problem_for
from .policies import hiding

View = TypeVar("View", bound=Callable[..., Any])

Before = Callable[[HttpRequest], None]
After = Callable[[HttpResponseBase], None]


def _around(before: Before | None = None, after: After | None = None) -> Callable[[View], View]:
    """Return a decorator that calls `before` and `after` around a view, sync or async."""

    def decorator(view: View) -> View:
        def begin(request: HttpRequest) -> None:
            if before is not None:
                before(request)

        def end(response: HttpResponseBase) -> HttpResponseBase:
            if after is not None:
                after(response)
            return response

        if iscoroutinefunction(view):

            @wraps(view)
            async def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                begin(request)
                return end(await view(request, *args, **kwargs))

        else:

            @wraps(view)
            def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                begin(request)
                return end(view(request, *args, **kwargs))

        return wrapper  # type: ignore[return-value]

    return decorator


def require_acceptable(*media_types: str) -> Callable[[View], View]:
    """Let only clients in that accept one of `media_types` (RFC 9110, section 15.5.7).

    The one that the client prefers is in ``request.accepted_media_type``; all others get a 406
    with the list.
    """
    if not media_types:
        raise ValueError("require_acceptable() needs at least one media type")
    # What a form may have as parameters doesn't matter to whether it is accepted.
    offers = tuple(media_type.partition(";")[0].strip() for media_type in media_types)

    def before(request: HttpRequest) -> None:
        chosen = negotiation.best(request.META.get("HTTP_ACCEPT"), offers)
        if chosen is None:
            raise NotAcceptable(available=media_types)
        request.accepted_media_type = media_types[offers.index(chosen)]  # type: ignore[attr-defined]

    return _around(before, lambda response: patch_vary_headers(response, ("Accept",)))


def require_content_types(*media_types: str) -> Callable[[View], View]:
    """Let only content of one of `media_types` in (RFC 9110, section 15.5.16).

    "image/*" stands for all images. Looked at are POST, PUT and PATCH, and whatever else has
    content; all others get a 415 with the list. So does content under a Content-Encoding,
    which Django doesn't undo.
    """
    if not media_types:
        raise ValueError("require_content_types() needs at least one media type")
    accepted = frozenset(each.partition(";")[0].strip().lower() for each in media_types)

    def before(request: HttpRequest) -> None:
        if request.method not in ("POST", "PUT", "PATCH") and not _has_content(request):
            return
        coding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if coding not in ("", "identity"):
            raise UnsupportedMediaType(accept=media_types, accept_encoding=["identity"])
        sent = (request.content_type or "").lower()
        if not {sent, sent.partition("/")[0] + "/*", "*/*"} & accepted:
            raise UnsupportedMediaType(accept=media_types)

    return _around(before)


def _has_content(request: HttpRequest) -> bool:
    """Tell whether `request` has content (RFC 9112, section 6.3)."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length != "0" or "HTTP_TRANSFER_ENCODING" in request.META


def _exempt(response: HttpResponseBase) -> None:
    response.errors_exempt = True  # type: ignore[attr-defined]


def errors_exempt(view: View) -> View:
    """Leave the error responses that `view` returns as they are, even without content."""
    return _around(after=_exempt)(view)


def hide_forbidden(
    view: View | None = None,
    *,
    exempt: str | hiding.Condition = "nobody",
    fold_client_errors: bool = False,
) -> Any:
    """Make what `view` forbids look like what isn't there (RFC 9110, section 15.5.4).

    Whatever a permission check ends in, and every 404 of the view, is answered with one and the
    same 404. It goes around all other decorators that could answer for the view.

    view: sync or async, class-based or not, REST framework's too; left out, a decorator is
        returned
    exempt: who sees the truth: "nobody", "authenticated", "staff", or a function that tells it
        of a request
    fold_client_errors: whether to make a 404 of all 4xx; left out, a 405 or a 415 is told to
        those who may GET the resource
    """
    condition = hiding.CONDITIONS[exempt] if isinstance(exempt, str) else exempt
    scope = hiding.Scope(condition, fold_client_errors)
    return _hiding(scope) if view is None else _hiding(scope)(view)


def _hiding(scope: hiding.Scope) -> Callable[[View], View]:
    def decorator(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                setattr(request, hiding.SCOPE, scope)
                with _Attempt(request, scope) as attempt:
                    attempt.response = await view(request, *args, **kwargs)
                if attempt.could_betray():
                    with _Attempt(_probe(request), scope) as probe:
                        probe.response = await view(probe.request, *args, **kwargs)
                    attempt = attempt.unless_hidden_by(probe)
                return attempt.outcome()

        else:

            @wraps(view)
            def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                setattr(request, hiding.SCOPE, scope)
                with _Attempt(request, scope) as attempt:
                    attempt.response = view(request, *args, **kwargs)
                if attempt.could_betray():
                    with _Attempt(_probe(request), scope) as probe:
                        probe.response = view(probe.request, *args, **kwargs)
                    attempt = attempt.unless_hidden_by(probe)
                return attempt.outcome()

        setattr(wrapper, hiding.SCOPE, scope)
        return wrapper  # type: ignore[return-value]

    return decorator


# Fields that can make an answer to GET depend on more than who asks.
_CONDITIONAL = ("HTTP_IF_", "HTTP_RANGE", "CONTENT_")


def _probe(request: HttpRequest) -> HttpRequest:
    """Return the plain GET of what `request` is for: the question whether the client may see it."""
    probe = copy(request)
    probe.method = "GET"
    probe.META = {
        name: value for name, value in request.META.items() if not name.startswith(_CONDITIONAL)
    }
    probe.META["REQUEST_METHOD"] = "GET"
    probe.__dict__.pop("headers", None)  # made of META when it is asked for
    return probe


class _Attempt:
    """One call of a view: its response, or the exception that it raised."""

    response: HttpResponseBase
    exception: Exception | None = None

    def __init__(self, request: HttpRequest, scope: hiding.Scope) -> None:
        self.request = request
        self.scope = scope

    def __enter__(self) -> _Attempt:
        return self

    def __exit__(self, kind: Any, exception: BaseException | None, traceback: Any) -> bool:
        if isinstance(exception, Exception):
            self.exception = exception
        return self.exception is not None

    @property
    def status(self) -> int:
        if self.exception is not None:
            return problem_for(self.exception).status
        return self.response.status_code

    def could_betray(self) -> bool:
        """Tell whether the view may have answered before it looked at who asks.

        OPTIONS, a condition, a range, a wrong method or content are answers for what exists.
        """
        status = self.status
        return (
            (self.request.method == "OPTIONS" or status in (206, 304) or 400 <= status < 500)
            and not self.scope.covers(status)
            and not hiding.is_exempt(self.scope, self.request)
        )

    def unless_hidden_by(self, probe: _Attempt) -> _Attempt:
        """Return `probe` if the client may not see what it asked for, else this attempt."""
        hidden = self.scope.covers(probe.status)
        unused = self if hidden else probe
        if unused.exception is None:
            for close in unused.response._resource_closers:  # type: ignore[attr-defined]
                close()
        return probe if hidden else self

    def outcome(self) -> HttpResponseBase:
        """Return the response, or raise the exception; the middleware makes the 404 of it."""
        guarded = getattr(self.request, pipeline.IN_FLIGHT, False)
        if self.exception is None:
            return self.response if guarded else pipeline.outgoing(self.request, self.response)
        if (
            not guarded
            and self.scope.covers(self.status)
            and not hiding.is_exempt(self.scope, self.request)
        ):
            # Without the middleware nobody else would: hiding fails closed.
            raise NotFound from self.exception
        raise self.exception
