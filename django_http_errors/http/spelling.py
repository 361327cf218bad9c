"""How the site's API spells names: in camel case, under djangorestframework-camel-case."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.utils.module_loading import import_string

from ..conf import cached_until_settings_change, has_middleware

_PACKAGE = "djangorestframework_camel_case"
_MIDDLEWARE = f"{_PACKAGE}.middleware.CamelCaseMiddleWare"

Spelled = Callable[[Any], Any]


def is_camel_case(kind: type) -> bool:
    """Return whether a parser or a renderer of REST framework's changes names to camel case."""
    # Who has such a class has imported the package; most sites don't.
    return _PACKAGE in sys.modules and any(
        each.__module__.partition(".")[0] == _PACKAGE for each in kind.__mro__
    )


def in_camel_case(options: Mapping[str, Any] | None = None) -> Spelled:
    """Return what changes the names in members as the package does, with its `options`."""
    camelize: Callable[..., Any] = import_string(f"{_PACKAGE}.util.camelize")
    if options is None:
        options = import_string(f"{_PACKAGE}.settings.api_settings").JSON_UNDERSCOREIZE
    return lambda members: camelize(members, **options)


def spelled(members: Any) -> Any:
    """Return `members` with their names as the renderers of the site's API spell them."""
    spell = _spelling()
    return members if spell is None else spell(members)


@cached_until_settings_change
def _spelling() -> Spelled | None:
    """Return what changes names as the API's default renderers do, None where they don't."""
    configured = getattr(settings, "REST_FRAMEWORK", None) or {}
    try:
        for each in configured.get("DEFAULT_RENDERER_CLASSES") or ():
            renderer = import_string(each) if isinstance(each, str) else each
            if is_camel_case(renderer):
                return in_camel_case(getattr(renderer, "json_underscoreize", None))
    except Exception:  # noqa: BLE001 - REST framework, if it is there at all, says what is wrong
        return None
    return None


def names_spelled(names: Sequence[str], spell: Spelled) -> list[str]:
    """Return the names that lead to a place in some members, as `spell` changes members."""
    nested: Any = None
    for name in reversed(names):
        nested = {name: nested}
    nested, found = spell(nested), []
    while nested:
        ((name, nested),) = nested.items()
        found.append(name)
    return found


def as_in_query(name: str, environ: Mapping[str, Any]) -> str:
    """Return the name of a query parameter as the client with this META spelled it.

    The package has a middleware that changes the names before a view sees them.
    """
    if not has_middleware(_MIDDLEWARE):
        return name
    asked = environ.get("QUERY_STRING", "").split("&")
    if name in (unquote_plus(each.partition("=")[0]) for each in asked):
        return name
    (found,) = names_spelled([name], in_camel_case())
    return found
