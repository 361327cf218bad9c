"""Whose error handlers a URLconf has: the app's, those that call the app's, or others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dis import get_instructions
from functools import partial
from types import FunctionType, MethodType
from typing import Any

# The statuses that Django calls a handler for.
HANDLED = (400, 403, 404, 500)

# How far a handler is followed into what it wraps or calls, and into the methods of that.
DEPTH = 8

_MODULE = re.compile(r"django_http_errors(?!\.exceptions\b)(\.|$)")


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
    """Return whether `named` is the app's: a module, what one defines, or a class made from it.

    Its exceptions are not: who catches one may answer it in any way.
    """
    modules: list[Any]
    if isinstance(named, str):
        modules = [named]
    elif isinstance(named, type):
        modules = [each.__module__ for each in named.__mro__]
    else:
        modules = [getattr(named, "__module__", None) or getattr(named, "__name__", "")]
    return any(_MODULE.match(str(each)) for each in modules)


def _parts(one: Any) -> Iterator[Any]:
    """Yield what `one` wraps, what it calls of the app's or of its own module, and its methods."""
    if isinstance(one, FunctionType):
        yield from (cell.cell_contents for cell in one.__closure__ or () if _is_filled(cell))
        for step in get_instructions(one):
            if step.opname == "IMPORT_NAME":
                yield step.argval
            elif step.opname == "LOAD_GLOBAL":
                named = one.__globals__.get(step.argval)
                if _is_apps(named) or _is_neighbour(named, one):
                    yield named
    elif isinstance(one, type):
        own = [each for each in one.__mro__ if each.__module__ == one.__module__]
        yield from (method for each in own for method in vars(each).values())
    elif isinstance(one, partial):
        yield one.func
    elif isinstance(one, (MethodType, classmethod, staticmethod)):
        yield one.__func__
    elif any(isinstance(vars(each).get("__call__"), FunctionType) for each in type(one).__mro__):
        yield type(one)  # an object that can be called


def _is_neighbour(each: Any, handler: FunctionType) -> bool:
    """Return whether `each` is another function or class of the module that `handler` is in."""
    return each is not handler and getattr(each, "__module__", None) == handler.__module__


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
