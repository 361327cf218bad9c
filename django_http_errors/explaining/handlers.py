"""Whose error handlers a URLconf has: the app's, those that call the app's, or others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dis import get_instructions
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

# The statuses that Django calls a handler for.
HANDLED = (400, 403, 404, 500)

# How far a handler is followed into what it wraps or calls, and into the methods of that.
DEPTH = 8

# What answers for the app, by its dotted path. What calls anything else of the app's, to count
# rows or to catch its exceptions, may answer in any way.
_APPS = re.compile(
    r"django_http_errors\.(handlers"
    r"|views\.(?!HideForbiddenMixin\b)\w+"
    r"|rest_framework\.(handler\.)?"
    r"(exception_handler|to_problem|ExceptionHandler|ProblemDetailsMixin|problem_details))\b"
)


def other_handler(resolver: Any, status: int) -> Any:
    """Return the handler that answers `status` in the place of the app's, None if none does.

    Raises what the import of a handler raises.

    resolver: that of a URLconf
    """
    if status not in HANDLED:
        return None
    handler = resolver.resolve_error_handler(status)
    return None if is_apps_handler(handler) else handler


def wrapping_handler(resolver: Any, status: int) -> Any:
    """Return the site's own handler for `status` that calls the app's, None if none does.

    Such a one may answer by itself, too. Raises what the import of a handler raises.

    resolver: that of a URLconf
    """
    if status not in HANDLED:
        return None
    handler = resolver.resolve_error_handler(status)
    is_apps = _is_apps(getattr(handler, "view_class", handler))
    return handler if not is_apps and is_apps_handler(handler) else None


def dotted_path(handler: Any) -> str:
    """Return the name that `handler`, a function or a view class, is imported by."""
    named = getattr(handler, "view_class", handler)
    if not hasattr(named, "__qualname__"):
        named = type(named)  # an object that can be called
    return f"{named.__module__}.{named.__qualname__}"


def is_apps_handler(handler: Any) -> bool:
    """Return whether `handler` is one of the app's, is made from one, or calls one."""
    level: list[Any] = [getattr(handler, "view_class", handler)]
    seen: set[int] = set()
    for _depth in range(DEPTH):
        if any(map(_is_apps, level)):
            return True
        seen.update(map(id, level))
        parts = {id(part): part for each in level for part in _parts(each)}
        level = [part for key, part in parts.items() if key not in seen]
    return False


def _is_apps(named: Any) -> bool:
    """Return whether `named` answers for the app: by its path, or as what has one.

    So does a class that is made from one that does.
    """
    if isinstance(named, str):
        paths = [named]
    elif hasattr(named, "__qualname__") and not isinstance(named, type):
        paths = [f"{getattr(named, '__module__', '')}.{named.__qualname__}"]
    else:
        kind = named if isinstance(named, type) else type(named)
        paths = [f"{each.__module__}.{each.__qualname__}" for each in kind.__mro__]
    return any(map(_APPS.match, paths))


def _parts(one: Any) -> Iterator[Any]:
    """Yield what `one` wraps, what it calls of the app's or of its own module, and its methods."""
    if isinstance(one, FunctionType):
        yield from (cell.cell_contents for cell in one.__closure__ or () if _is_filled(cell))
        yield from _called_by(one)
    elif isinstance(one, type):
        own = [each for each in one.__mro__ if each.__module__ == one.__module__]
        yield from (method for each in own for method in vars(each).values())
    elif isinstance(one, partial):
        yield one.func
    elif isinstance(one, (MethodType, classmethod, staticmethod)):
        yield one.__func__
    elif any(isinstance(vars(each).get("__call__"), FunctionType) for each in type(one).__mro__):
        yield type(one)  # an object that can be called


def _called_by(one: FunctionType) -> Iterator[Any]:
    """Yield what the code of `one` may call of the app's, by itself or by its path, or nearby."""
    for step in get_instructions(one):
        if step.opname == "IMPORT_NAME":
            yield from _paths_in(step.argval, one)
        elif step.opname == "LOAD_GLOBAL":
            named = one.__globals__.get(step.argval)
            if isinstance(named, ModuleType):
                yield from _paths_in(named.__name__, one)
            elif _is_apps(named) or _is_neighbour(named, one):
                yield named


def _paths_in(module: str, one: FunctionType) -> Iterator[str]:
    """Yield the dotted paths in `module`, if it is the app's, that the code of `one` may name."""
    if module.partition(".")[0] == "django_http_errors":
        for name in one.__code__.co_names:
            yield f"{module}.{name}"
            yield from (f"{module}.{name}.{below}" for below in one.__code__.co_names)


def _is_neighbour(each: Any, handler: FunctionType) -> bool:
    """Return whether `each` is another function or class of the module that `handler` is in."""
    return each is not handler and getattr(each, "__module__", None) == handler.__module__


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
