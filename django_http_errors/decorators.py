"""What a view says of itself: the types it gives and takes, hands off, and what it hides."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, TypeVar, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from .core import pipeline
from .core.request_info import RequestInfo, Shown
from .exceptions import NotAcceptable, Unauthorized, UnsupportedMediaType
from .hiding.policies import ASYNC_EXEMPT, CONDITIONS, Condition, HidingPolicy
from .hiding.view_wrapper import hiding_view
from .http import negotiation

View = TypeVar("View", bound=Callable[..., Any])

Exempt = Literal["nobody", "authenticated", "staff"]

Before = Callable[[HttpRequest], None]
After = Callable[[HttpRequest, HttpResponseBase], None]


def _around(before: Before | None = None, after: After | None = None) -> Callable[[View], View]:
    """Return a decorator that calls `before` and `after` around a view, sync or async."""

    def decorator(view: View) -> View:
        def begin(request: HttpRequest) -> None:
            if before is not None:
                before(request)

        def end(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
            if after is not None:
                after(request, response)
            return response

        if iscoroutinefunction(view):

            @wraps(view)
            async def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                begin(request)
                return end(request, await view(request, *args, **kwargs))

        else:

            @wraps(view)
            def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                begin(request)
                return end(request, view(request, *args, **kwargs))

        return wrapper  # type: ignore[return-value]

    return decorator


def require_acceptable(*media_types: str) -> Callable[[View], View]:
    """Let only clients in that accept one of `media_types` (RFC 9110, section 15.5.7).

    The one that the client prefers is in ``request.accepted_media_type``, and what
    `accepted_media_type(request)` returns; a client that accepts none gets a 406 with the list.
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

    return _around(before, lambda request, response: patch_vary_headers(response, ("Accept",)))


def accepted_media_type(request: HttpRequest) -> str:
    """Return the media type that the client prefers, in a view under `require_acceptable`.

    The same as ``request.accepted_media_type``, with a type that type checkers know. Raises
    AttributeError in any other view.
    """
    media_type: str = request.accepted_media_type  # type: ignore[attr-defined]
    return media_type


def require_content_types(*media_types: str) -> Callable[[View], View]:
    """Let only content of one of `media_types` in (RFC 9110, section 15.5.16).

    ``image/*`` stands for all images. Looked at are POST, PUT and PATCH, and whatever else has
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
    """Return whether `request` has content (RFC 9112, section 6.3)."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length != "0" or "HTTP_TRANSFER_ENCODING" in request.META


def _exempt(request: HttpRequest, response: HttpResponseBase) -> None:
    response.errors_exempt = True  # type: ignore[attr-defined]


def errors_exempt(view: View) -> View:
    """Leave the error responses that `view` returns as they are, even without content."""
    return _around(after=_exempt)(view)


def _challenge(request: HttpRequest, response: HttpResponseBase) -> None:
    if pipeline.wants_challenge(request, response):
        raise Unauthorized


def login_challenge(view: View) -> View:
    """Answer a client that gets JSON here with a 401, where `view` redirects to a login page.

    It goes around `login_required`, `permission_required` and the like; a class-based view is
    given as ``login_challenge(View.as_view())``. The challenge is that of the setting CHALLENGES
    (RFC 9110, section 11.6.1). The setting LOGIN_CHALLENGE does the same for all views.
    """
    return _around(after=_challenge)(view)


@overload
def hide_forbidden(view: View, *, exempt: Exempt | Condition = ...) -> View: ...
@overload
def hide_forbidden(
    view: None = None, *, exempt: Exempt | Condition = ...
) -> Callable[[View], View]: ...
def hide_forbidden(
    view: View | None = None, *, exempt: Exempt | Condition = "nobody"
) -> View | Callable[[View], View]:
    """Make what `view` forbids look like what isn't there (RFC 9110, section 15.5.4).

    Until the view has shown that the client may know of the resource, everything that it answers
    but a success is one and the same 404: 401, 403, 404, every other 4xx, a redirect to a login.
    It shows that by a success, by calling `reveal`, or when Django's permission mixins or REST
    framework's permission classes that look at the object let the request through. What these
    show without a word tells of errors other than 401, 403 and 404. A 5xx stays what it is.

    It goes around all other decorators that could answer for the view, which is called once.
    Conditional headers and Range don't reach it: they can end a request before it is asked who
    makes it. Operations of django-ninja return no responses: ``@decorate_view(hide_forbidden)``.

    view: sync or async, class-based or not, REST framework's too; left out, a decorator is
        returned
    exempt: who is still shown the real error: "nobody", "authenticated", "staff", or a function
        that returns it for a request, and isn't async
    """
    condition = CONDITIONS[exempt] if isinstance(exempt, str) else exempt
    if iscoroutinefunction(condition):
        raise TypeError(ASYNC_EXEMPT)
    policy = HidingPolicy(condition)

    def decorator(view: View) -> View:
        return hiding_view(view, policy)  # type: ignore[return-value]

    return decorator if view is None else decorator(view)


def reveal(request: Any) -> None:
    """Show that the client of `request` may know of the resource, in a view that hides it.

    To be called behind the view's own permission check: from then on each error of the view is
    told as it is, 403 and 404 included.

    request: Django's or REST framework's; in a view that hides nothing it makes no difference
    """
    RequestInfo.of(request).shown = Shown.REVEALED
