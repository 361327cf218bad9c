"""Whose error handlers a URLconf has: the app's, those that call the app's, or others."""

from __future__ import annotations

from types import FunctionType
from typing import Any

# The statuses that Django calls a handler for.
HANDLED = (400, 403, 404, 500)

# How far a handler is followed into what it wraps or calls.
DEPTH = 5


def other_handler(resolver: Any, status: int) -> Any:
    """Return the handler that answers `status` in the place of the app's, None if none does.

    Raises what the import of a handler raises.

    resolver: that of a URLconf
    """
    if status not in HANDLED:
        return None
    handler = resolver.resolve_error_handler(status)
    return None if is_apps_handler(handler) else handler


def dotted_path(handler: Any) -> str:
    """Return the name that `handler`, a function or a view class, is imported by."""
    named = getattr(handler, "view_class", handler)
    if not hasattr(named, "__qualname__"):
        named = type(named)  # an object that can be called
    return f"{named.__module__}.{named.__qualname__}"


def is_apps_handler(handler: Any) -> bool:
    """Return whether `handler` is one of the app's, a view class made from its, or calls one."""
    view_class = getattr(handler, "view_class", None)
    if view_class is None:
        return _is_apps(handler) or _calls_the_app(handler)
    own = [each for each in view_class.__mro__ if each.__module__ == view_class.__module__]
    methods = [each for one in own for each in vars(one).values()]
    return any(map(_is_apps, view_class.__mro__)) or any(map(_calls_the_app, methods))


def _is_apps(named: Any) -> bool:
    """Return whether `named` is the app's: a module of it, or something defined in one."""
    module = getattr(named, "__module__", None) or getattr(named, "__name__", "")
    return isinstance(module, str) and f"{module}.".startswith("django_http_errors.")


def _calls_the_app(handler: Any, depth: int = DEPTH) -> bool:
    """Return whether the code of `handler`, or of what it wraps or calls, names the app's."""
    handler = getattr(handler, "func", handler)  # of a functools.partial
    if not isinstance(handler, FunctionType) or not depth:
        return False
    code = handler.__code__
    wrapped = [cell.cell_contents for cell in handler.__closure__ or () if _is_filled(cell)]
    called = [handler.__globals__.get(name) for name in code.co_names]
    if any(map(_is_apps, [*wrapped, *called])):
        return True
    if any(name.startswith("django_http_errors") for name in code.co_names):
        return True  # imported in the function
    neighbours = [each for each in called if _is_neighbour(each, handler)]
    return any(_calls_the_app(each, depth - 1) for each in [*wrapped, *neighbours])


def _is_neighbour(each: Any, handler: FunctionType) -> bool:
    """Return whether `each` is another function of the module that `handler` is in."""
    return each is not handler and getattr(each, "__module__", None) == handler.__module__


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
