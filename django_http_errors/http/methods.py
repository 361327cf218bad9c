"""Which methods a view takes, read off the view: for a 405 that nobody gave a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest


def allowed_methods(request: HttpRequest) -> tuple[str, ...]:
    """Return the methods of the view that `request` was routed to, () where it doesn't say.

    Class-based views say it by their methods, REST framework's view sets by their actions,
    functions under Django's `require_http_methods` by the list that it holds.
    """
    match = getattr(request, "resolver_match", None)
    if match is None:
        return ()
    required = next(filter(None, map(_required_methods, _layers(match.func))), ())
    own = _own_methods(match.func)
    return tuple(each for each in own if each in required) if required and own else required or own


def _own_methods(view: Any) -> tuple[str, ...]:
    """Return the methods that the class of `view` has, () for a function."""
    actions = getattr(view, "actions", None)
    if isinstance(actions, dict):
        return tuple(dict.fromkeys([*(method.upper() for method in actions), "OPTIONS"]))
    view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if view_class is None:
        return ()
    initkwargs = getattr(view, "view_initkwargs", {})
    names = initkwargs.get("http_method_names", getattr(view_class, "http_method_names", ()))
    # As `View.setup()` has it, what answers GET answers HEAD.
    return tuple(
        name.upper()
        for name in names
        if hasattr(view_class, "get" if name == "head" else name) or hasattr(view_class, name)
    )


def _layers(function: Any) -> Iterator[Any]:
    """Yield `function` and what its decorators wrapped, from the outside in."""
    seen = 0
    while function is not None and seen < 50:
        yield function
        function = getattr(function, "__wrapped__", None)
        seen += 1


def _required_methods(function: Any) -> tuple[str, ...]:
    """Return what `require_http_methods` was given, if that is what made `function`."""
    code = getattr(function, "__code__", None)
    if code is None or "request_method_list" not in code.co_freevars:
        return ()
    methods = function.__closure__[code.co_freevars.index("request_method_list")].cell_contents
    if not isinstance(methods, (list, tuple)):
        return ()
    return tuple(each for each in methods if isinstance(each, str))
