"""What a view says of itself: the types it gives and takes, hands off, and what it hides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from functools import wraps
from io import BytesIO
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from . import negotiation, pipeline, responses
from .exceptions import NotAcceptable, UnsupportedMediaType, problem_for
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
                with _Attempt(request, scope) as attempt:
                    attempt.response = await view(request, *args, **kwargs)
                # Who asks, and the answer without the middleware, may come from the database.
                if attempt.is_telling() and await sync_to_async(attempt.could_betray)():
                    with _Attempt(_probe(request), scope) as probe:
                        probe.response = await view(probe.request, *args, **kwargs)
                    attempt = attempt.unless_hidden_by(probe)
                return (
                    attempt.outcome() if attempt.guarded else await sync_to_async(attempt.outcome)()
                )

        else:

            @wraps(view)
            def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                with _Attempt(request, scope) as attempt:
                    attempt.response = view(request, *args, **kwargs)
                if attempt.is_telling() and attempt.could_betray():
                    with _rollback_put_off(), _Attempt(_probe(request), scope) as probe:
                        probe.response = view(probe.request, *args, **kwargs)
                    attempt = attempt.unless_hidden_by(probe)
                return attempt.outcome()

        setattr(wrapper, hiding.SCOPE, scope)
        return wrapper  # type: ignore[return-value]

    return decorator


# Fields that can make an answer to GET depend on more than who asks.
_CONDITIONAL = ("HTTP_ACCEPT", "HTTP_IF_", "HTTP_RANGE", "CONTENT_")


def _conditions(request: HttpRequest) -> set[str]:
    return {name for name, value in request.META.items() if value and name.startswith(_CONDITIONAL)}


def _probe(request: HttpRequest) -> HttpRequest:
    """Return the plain GET of what `request` is for: the question whether the client may see it."""
    probe = copy(request)
    conditions = _conditions(request)
    probe.method = "GET"
    probe.META = {name: value for name, value in request.META.items() if name not in conditions}
    probe.META["REQUEST_METHOD"] = "GET"
    for known in ("headers", "accepted_types", "accepted_types_by_precedence", "_post", "_files"):
        probe.__dict__.pop(known, None)
    # Without content: what is wrong with that is another question.
    probe.content_type, probe.content_params = "", {}
    probe._stream, probe._body = BytesIO(), b""
    return probe


def _transactions_of_requests() -> Iterator[BaseDatabaseWrapper]:
    """Yield the connections whose transaction ATOMIC_REQUESTS has begun."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            yield connection


@contextmanager
def _rollback_put_off() -> Iterator[None]:
    """Let a transaction that is going to be rolled back be used once more, for a probe.

    REST framework marks it so for every error that it answers; queries are refused from then on.
    """
    marked = [each for each in _transactions_of_requests() if each.get_rollback()]
    for connection in marked:
        connection.set_rollback(False)
    yield  # Nothing is raised here: an attempt keeps what it meets.
    for connection in marked:
        connection.set_rollback(True)


def _roll_back() -> None:
    """Do what Django does when an exception leaves a view, where a response takes its place."""
    for connection in _transactions_of_requests():
        connection.set_rollback(True)


class _Attempt:
    """One call of a view: its response, or the exception that it raised."""

    response: HttpResponseBase
    exception: Exception | None = None

    def __init__(self, request: HttpRequest, scope: hiding.Scope) -> None:
        self.request = request
        self.scope = scope
        # REST framework's views have their own request, around Django's.
        setattr(getattr(request, "_request", request), hiding.SCOPE, scope)

    def __enter__(self) -> _Attempt:
        return self

    def __exit__(self, kind: Any, exception: BaseException | None, traceback: Any) -> bool:
        if isinstance(exception, Exception):
            self.exception = exception
        return self.exception is not None

    @property
    def guarded(self) -> bool:
        """Whether the middleware is going to see the answer."""
        return getattr(self.request, pipeline.IN_FLIGHT, False)

    @property
    def status(self) -> int:
        if self.exception is not None:
            return problem_for(self.exception).status
        if responses.is_login_redirect(self.response, self.request.path):
            return 401
        return self.response.status_code

    def is_telling(self) -> bool:
        """Tell whether the answer says that there is something, but not to whom.

        OPTIONS, a condition, a range, a wrong method or content may be answered before the view
        has looked at who asks.
        """
        status = self.status
        return self.request.method == "OPTIONS" or status in (206, 304) or 400 <= status < 500

    def could_betray(self) -> bool:
        """Tell whether a plain GET has to show if the client may be told what it is told."""
        return (
            not self.scope.covers(self.status)
            and not hasattr(self.request, "_request")
            and (self.request.method != "GET" or bool(_conditions(self.request)))
            and not hiding.is_exempt(self.scope, self.request)
        )

    def unless_hidden_by(self, probe: _Attempt) -> _Attempt:
        """Return `probe` if the client may not see what it asked for, else this attempt."""
        hidden = self.scope.covers(probe.status)
        if hidden and self.exception is not None:
            _roll_back()
        unused = self if hidden else probe
        if unused.exception is None:
            for close in unused.response._resource_closers:  # type: ignore[attr-defined]
                with suppress(Exception):  # as Django closes them; a crash would tell something
                    close()
        return probe if hidden else self

    def outcome(self) -> HttpResponseBase:
        """Return the response, or raise the exception; the middleware makes the 404 of it.

        Without the middleware nobody else would: hiding fails closed.
        """
        if self.exception is None:
            if self.guarded:
                return self.response
            return pipeline.outgoing(self.request, self.response)
        hidden = self.scope.covers(self.status) and not self.guarded
        if not hidden or hiding.is_exempt(self.scope, self.request):
            raise self.exception
        _roll_back()
        return pipeline.answer(self.request, problem_for(self.exception), cause=self.exception)
