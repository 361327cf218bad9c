"""The two middleware classes: bodies for errors, and hiding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from .conf import http_errors
from .core import counting, debug, pipeline
from .core.exception_mapping import is_client_error, problem_for
from .core.request_info import RequestInfo
from .hiding import leaks, policies
from .http.headers import listed, vary
from .http.responses import ErrorResponse, hidden_response
from .rules.snapshot import snapshots

_INNERMOST = vars(BaseHandler)["_get_response"]


class _Middleware:
    """What both have in common: one class for sync and for async."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        raise NotImplementedError


class HttpErrorsMiddleware(_Middleware):
    """Gives every error that views raise and return its body.

    Belongs last in MIDDLEWARE, so that a page is rendered where a view's would be: what it asks of
    the session, the user, the CSRF token, messages and the language is there, and is saved.
    Behind it belongs only what answers 404s itself (flatpages, redirects, the fallback of a
    single-page app), which goes before any page of the app's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        # Django's handler wraps each layer; the innermost one is a method of the handler itself.
        layer = getattr(get_response, "__wrapped__", None)
        self.is_innermost = getattr(layer, "__func__", None) is _INNERMOST

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        info = RequestInfo.of(request)
        outer, info.has_middleware = info.has_middleware, True
        info.is_innermost = self.is_innermost
        if info.rule_policy is not None:
            policies.remember_before_view(info)
        try:
            response: HttpResponseBase = self.get_response(request)
        finally:
            # What is raised through here is answered further out, and nobody here finishes that.
            info.has_middleware, info.is_innermost = outer, False
        if response.status_code < 400 and self._is_fine(request, info, response):
            # Most successes have nothing to do with any of these, and cost no call.
            if info.time_zone_before_view is not None or snapshots.announcing or counting.waiting:
                self._succeed(request, response, info)
            return response
        return self._finished(request, response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        info = RequestInfo.of(request)
        outer, info.has_middleware = info.has_middleware, True
        if info.rule_policy is not None:
            policies.remember_before_view(info)
        try:
            response: HttpResponseBase = await self.get_response(request)
        finally:
            info.has_middleware = outer
        if response.status_code < 400 and self._is_fine(request, info, response):
            # Most successes have nothing to do with any of these, and cost no call.
            if info.time_zone_before_view is not None or snapshots.announcing or counting.waiting:
                self._succeed(request, response, info)
            return response
        # A template may ask the database, in the thread that the view's queries run in.
        return await sync_to_async(self._finished)(request, response)

    def _succeed(self, request: HttpRequest, response: HttpResponseBase, info: RequestInfo) -> None:
        """Do what isn't about errors: keep, announce and write down what is to be."""
        if info.time_zone_before_view is not None:
            policies.keep_since_view(info)
        if snapshots.announcing:
            pipeline.announce(request, response, info)
        if counting.waiting:
            counting.write_when_sent(response)

    def _finished(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if http_errors.LOGIN_CHALLENGE and pipeline.wants_challenge(request, response):
            return pipeline.challenge(request, response)
        return pipeline.complete(request, response)

    def _is_fine(self, request: HttpRequest, info: RequestInfo, response: HttpResponseBase) -> bool:
        """Return whether `response` is no redirect to a login that has to be looked at."""
        if http_errors.LOGIN_CHALLENGE and response.status_code >= 300:
            return False
        return info.rule_policy is None or leaks.leaking_status(request, response) < 400

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer the app's own exceptions, and the client errors that the project registered.

        All others are left to Django, which signals and logs them and then asks the handlers:
        answering an unknown one here would blind whatever tracks errors. For the same reason a
        registered exception that stands for a server error takes Django's way to `handler500`.
        """
        debug.remember(request, exception)
        if is_client_error(exception):
            return pipeline.answer(request, problem_for(exception), exception=exception)
        return None


class HidingMiddleware(_Middleware):
    """Makes what is hidden look like what isn't there; only needed where something is hidden.

    Belongs near the top of MIDDLEWARE: behind what adds the same headers to every response,
    before everything that could tell by a header or a cookie that a view was called.
    """

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        if self.is_async and type(self).process_view is HidingMiddleware.process_view:
            # One that isn't of the handler's kind would be called in another thread.
            self.process_view = self._aprocess_view  # type: ignore[method-assign, assignment]

    def process_view(
        self, request: HttpRequest, view: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        """Keep what a page is rendered for, before other middleware looks at what is there."""
        if hasattr(view, policies.POLICY):
            info = RequestInfo.of(request)
            if info.untouched_request is None:
                info.untouched_request = policies.copy_request(request)
        return None

    async def _aprocess_view(
        self, request: HttpRequest, view: Any, *arguments: Any
    ) -> HttpResponseBase | None:
        return HidingMiddleware.process_view(self, request, view, *arguments)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        self._before(request)
        try:
            response: HttpResponseBase = self.get_response(request)
        finally:
            RequestInfo.of(request).has_hiding_middleware = False
        return self._after(request, response) if self._has_to_look(request, response) else response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        if snapshots.are_read:
            self._before(request)
        else:
            await sync_to_async(self._before)(request)
        try:
            response: HttpResponseBase = await self.get_response(request)
        finally:
            RequestInfo.of(request).has_hiding_middleware = False
        if not self._has_to_look(request, response):
            return response
        return await sync_to_async(self._after)(request, response)

    def _before(self, request: HttpRequest) -> None:
        info = RequestInfo.of(request)
        info.has_hiding_middleware = True
        if pipeline.rule_policy(request, info, from_memory=True) is not None:
            info.untouched_request = policies.copy_request(request)
            policies.drop_conditions(request)

    def _has_to_look(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        return RequestInfo.of(request).has_hidden or leaks.could_leak(request, response)

    def _after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        info = RequestInfo.of(request)
        status = leaks.leaking_status(request, response)
        is_hidden = isinstance(response, ErrorResponse) and response.hides_status is not None
        if is_hidden or (info.has_hidden and 400 <= status < 500):
            # The second: middleware in between has made a page of its own for the 404.
            return pipeline.complete(request, hidden_response(response, 404))
        hidden = pipeline.hide(request, response, info)
        if hidden is not response:
            return pipeline.complete(request, hidden)
        policy = pipeline.rule_policy(request, info)
        if (
            policy is not None
            and _tells_of_route(policy, request, response)
            and not policies.is_exempt(policy, request)
        ):
            hidden = pipeline.hide_by(policy, request, response, status)
            return pipeline.complete(request, hidden)
        if info.has_hidden:
            _even_out(response)
        return response


def _even_out(response: HttpResponseBase) -> None:
    """Let a redirect or a page that stands in the place of a scope's 404 be the same for all.

    What a hidden view did would show in the cookies, and in what the response varies by: in which
    order, and where among the headers.
    """
    response.cookies.clear()
    patch_vary_headers(response, (*vary(), "Cookie"))
    names = sorted(listed(response.headers["Vary"]), key=str.lower)
    del response.headers["Vary"]
    response.headers["Vary"] = ", ".join(names)


def _tells_of_route(
    policy: policies.HidingPolicy, request: HttpRequest, response: HttpResponseBase
) -> bool:
    """Return whether a success or a redirect would tell that an address in a scope is routed."""
    if request.method == "OPTIONS" or policies.has_conditions(request):
        return response.status_code < 400
    return policy.fold_client_errors and leaks.is_respelling(request, response)
