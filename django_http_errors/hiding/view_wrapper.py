"""The wrapper that `hide_forbidden` puts around a view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isawaitable
from itertools import islice
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from ..core import pipeline
from ..core.exception_mapping import problem_for
from ..core.request_info import RequestInfo, Shown
from ..http.responses import ErrorResponse
from ..rules.matching import report_once
from . import leaks, policies
from .policies import POLICY, HidingPolicy


def hiding_view(view: Callable[..., Any], policy: HidingPolicy) -> Callable[..., Any]:
    """Return `view`, sync or async, under `policy`; it is called once for each request."""
    observe_permissions(getattr(view, "view_class", None) or getattr(view, "cls", None))
    name = f"{getattr(view, '__module__', '')}.{getattr(view, '__qualname__', view)}"
    if iscoroutinefunction(view):

        @wraps(view)
        async def wrapper(request: Any, *args: Any, **kwargs: Any) -> Any:
            call = _Call(request, policy, name)
            try:
                response = await view(request, *args, **kwargs)
            except Exception as exception:
                # Who asks, and the page, may come from the database.
                hidden = await sync_to_async(call.hidden_exception)(exception)
                if hidden is None:
                    raise
                return hidden
            if not call.could_hide(response):
                return response
            return await sync_to_async(call.checked)(response)

    else:

        @wraps(view)
        def wrapper(request: Any, *args: Any, **kwargs: Any) -> Any:
            call = _Call(request, policy, name)
            try:
                response = view(request, *args, **kwargs)
            except Exception as exception:
                hidden = call.hidden_exception(exception)
                if hidden is None:
                    raise
                return hidden
            return call.checked(response) if call.could_hide(response) else response

    setattr(wrapper, POLICY, policy)
    return wrapper


class _Call:
    """One call of a view in a hiding scope."""

    def __init__(self, request: Any, policy: HidingPolicy, name: str) -> None:
        # REST framework's request is around Django's.
        self.request: HttpRequest = getattr(request, "_request", request)
        self.policy = policy
        self.name = name
        self.info = RequestInfo.of(self.request)
        self.info.view_policy = policy
        if self.info.untouched_request is None:
            self.info.untouched_request = policies.copy_request(self.request)
        policies.drop_conditions(self.request)
        policies.remember_before_view(self.info)

    def could_hide(self, response: object) -> bool:
        """Return whether `response` has to be looked at; False for an ordinary success."""
        return not isinstance(response, HttpResponseBase) or leaks.could_leak(
            self.request, response
        )

    def checked(self, response: Any) -> Any:
        """Return `response`, or the 404 in its place."""
        if not isinstance(response, HttpResponseBase):
            return self._checked_result(response)
        status = leaks.leaking_status(self.request, response)
        if self._hides(status):
            return self._hidden(response, status)
        return response

    def _checked_result(self, result: object) -> object:
        """Return what a view returned that is no response, or the 404 in its place.

        Only what is around the view knows if it tells of an error, as ninja's ``403, {...}`` does.
        """
        if not self._hides(403):
            return result
        report_once(
            f"hide_forbidden around {self.name}",
            f"it returned {type(result).__name__}, which is no response, before it called reveal()."
            " For an operation of django-ninja, write @decorate_view(hide_forbidden)",
        )
        return self._hidden(HttpResponse(status=403), 403)

    def hidden_exception(self, exception: Exception) -> HttpResponseBase | None:
        """Return the 404 in the place of `exception`, None if it isn't hidden."""
        response = ErrorResponse(problem_for(exception), exception)
        status = leaks.leaking_status(self.request, response)
        if not self._hides(status):
            return None
        hidden = self._hidden(response, status)
        roll_back()  # No query is possible after that.
        return hidden

    def _hides(self, status: int) -> bool:
        if status < 400:
            # A success shows what there is, but to OPTIONS without a look at who asks.
            is_told = self.request.method != "OPTIONS" or self.info.shown > Shown.NOTHING
        else:
            is_told = not self.policy.hides(status, self.info.shown)
        return not is_told and not policies.is_exempt(self.policy, self.request)

    def _hidden(self, response: HttpResponseBase, status: int) -> HttpResponseBase:
        hidden = pipeline.hide_by(self.policy, self.request, response, status)
        return pipeline.complete(self.request, hidden)


def _transactions_of_requests() -> Iterator[BaseDatabaseWrapper]:
    """Yield the connections whose transaction ATOMIC_REQUESTS has begun."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            yield connection


def roll_back() -> None:
    """Do what Django does when an exception leaves a view, where a response takes its place."""
    for connection in _transactions_of_requests():
        connection.set_rollback(True)


def observe_permissions(view_class: type | None) -> None:
    """Let the permission checks of a class-based view show that the client may know the resource.

    Those of Django's PermissionRequiredMixin and UserPassesTestMixin, and of REST framework's
    views. They are wrapped on the class itself, since nothing else sees them: a function around
    the view never meets the instance, and a subclass would lose the decorators in between. On a
    request that isn't in a scope the wrappers do nothing, nor where a subclass calls one as a part
    of a check of its own.
    """
    if view_class is None:
        return
    for name, observed in _OBSERVED.items():
        method = getattr(view_class, name, None)
        if method is not None and not hasattr(method, OBSERVED):
            setattr(view_class, name, observed(method))


# What the permission checks of a class have that is, somewhere, a view in a scope.
OBSERVED = "http_errors_observed"


def _marked(wrapper: Callable[..., Any]) -> Callable[..., Any]:
    setattr(wrapper, OBSERVED, True)
    return wrapper


def _is_in_scope(request: Any) -> bool:
    return RequestInfo.of(request).view_policy is not None


def _permit(request: Any) -> None:
    if _is_in_scope(request):
        info = RequestInfo.of(request)
        info.shown = max(info.shown, Shown.PERMITTED)


def _passes(allowed: object) -> bool:
    """Return whether a permission check lets a request through; a coroutine isn't an answer."""
    return bool(allowed) and not isawaitable(allowed)


def _observed_has_permission(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def has_permission(self: Any, *args: Any, **kwargs: Any) -> Any:
        allowed = method(self, *args, **kwargs)
        if _passes(allowed) and type(self).has_permission is has_permission:
            _permit(self.request)
        return allowed

    return _marked(has_permission)


def _observed_get_test_func(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def get_test_func(self: Any) -> Callable[[], Any]:
        test = method(self)

        def test_func() -> Any:
            allowed = test()
            if _passes(allowed):
                _permit(self.request)
            return allowed

        return test_func

    return _marked(get_test_func)


def _observed_check_object_permissions(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def check_object_permissions(self: Any, request: Any, obj: Any) -> Any:
        checked = method(self, request, obj)
        is_all = checked is None and type(self).check_object_permissions is check_object_permissions
        if is_all and _is_in_scope(request) and _looks_at_object(method, self, request, obj):
            _permit(request)
        return checked

    return _marked(check_object_permissions)


# What REST framework's classes have for a project to override: looks at no object by itself.
_DEFAULTS = frozenset(
    {
        "rest_framework.permissions.BasePermission.has_object_permission",
        "rest_framework.views.APIView.check_object_permissions",
    }
)


def _is_default(method: Any) -> bool:
    return f"{method.__module__}.{getattr(method, '__qualname__', '')}" in _DEFAULTS


def _looks_at_object(check: Any, view: Any, request: Any, obj: Any) -> bool:
    """Return whether `check`, which let `request` through, is more than a look at who asks.

    check: the method check_object_permissions of the view; the project's own is taken at its word
    """
    return not _is_default(check) or any(
        _looks(each, request, view, obj) for each in view.get_permissions()
    )


def _looks(permission: Any, request: Any, view: Any, obj: Any) -> bool:
    names = [name for name in ("op1", "op2") if hasattr(permission, name)]
    if not names:
        return not _is_default(type(permission).has_object_permission)
    operands = [getattr(permission, name) for name in names]
    if type(permission).__name__ == "OR":
        looking = [_looks(each, request, view, obj) for each in operands]
        if all(looking) or not any(looking):
            return looking[0]
        # The first that lets the request through is the one that was decisive.
        passing = (
            each
            for each in operands
            if each.has_permission(request, view) and each.has_object_permission(request, view, obj)
        )
        operands = list(islice(passing, 1))
    return any(_looks(each, request, view, obj) for each in operands)


# What REST framework's routes have beside the key of an object.
_NOT_AN_OBJECT = frozenset({"format", "version"})


def _observed_check_permissions(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def check_permissions(self: Any, request: Any) -> Any:
        checked = method(self, request)
        is_all = checked is None and type(self).check_permissions is check_permissions
        # Where the address names an object, it is the object's permission that counts.
        if is_all and set(self.kwargs) <= _NOT_AN_OBJECT:
            _permit(request)
        return checked

    return _marked(check_permissions)


_OBSERVED = {
    "has_permission": _observed_has_permission,
    "get_test_func": _observed_get_test_func,
    "check_object_permissions": _observed_check_object_permissions,
    "check_permissions": _observed_check_permissions,
}
