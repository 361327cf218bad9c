"""The problem types of a project's own: what they are called, and where their pages are."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, resolve, reverse
from django.utils import translation
from django.utils.module_loading import import_string

from ..conf import forget_on_change, http_errors
from ..exceptions import HttpError
from ..problems import Problem
from .exception_mapping import meant_by

logger = logging.getLogger("django_http_errors")

APP = "django_http_errors"
BLANK = "about:blank"
# The namespace of the URLs of the pages.
PAGES = "http_errors_problem_types"

# Between the words of a class's name.
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# The label of an app, and the name of a type in it: shop, sold-out.
Name = tuple[str, str]


def is_own(kind: type) -> bool:
    """Return whether `kind` is an exception of the project's that is a problem type by itself.

    That is one that can be imported: what a function makes anew each time has no lasting name.
    """
    if not issubclass(kind, HttpError) or kind.__module__.partition(".")[0] == APP:
        return False
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is kind


def name_of(kind: type) -> Name:
    """Return what `kind` is called in addresses: by the app that it is in, and its own name."""
    app = apps.get_containing_app_config(kind.__module__)
    label = app.label if app else kind.__module__.partition(".")[0]
    return label, _BETWEEN_WORDS.sub("-", kind.__name__).lower()


def own_types() -> Mapping[Name, type[HttpError]]:
    """Return the problem types of the project by their names, in the order of these.

    They are those that are loaded, which those are that a URLconf leads to, and what the setting
    EXCEPTIONS names. Of two with one name the first counts, by the name of its module.
    """
    for path in http_errors.EXCEPTIONS:
        try:
            import_string(path)
        except Exception as error:  # noqa: BLE001 - the project's code; its check names it
            logger.debug("%s can't be imported: %s", path, error)
    found: dict[Name, type[HttpError]] = {}
    for kind in sorted(filter(is_own, _subclasses(HttpError)), key=lambda each: each.__module__):
        found.setdefault(name_of(kind), kind)
    return dict(sorted(found.items()))


def _subclasses(kind: type[HttpError]) -> Iterator[type[HttpError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def address_of(kind: type, request: HttpRequest | None) -> str:
    """Return the URI of the page for `kind`, "" if the pages aren't part of the site.

    It is absolute: on the host that the URLconf names, or that of `request`. Without either it is
    a path.
    """
    if not is_own(kind):
        return ""
    urlconf = getattr(request, "urlconf", None) or get_urlconf() or settings.ROOT_URLCONF
    origin, path = _page(name_of(kind), urlconf, get_script_prefix())
    if not path or origin or request is None:
        return origin + path
    try:
        return f"{request.scheme}://{request.get_host()}{path}"
    except DisallowedHost:
        return path


def pages() -> tuple[str, str]:
    """Return the origin that the URLconf names for the pages, and an address of one.

    The origin is "" where none is named, and the address where there are no pages.
    """
    return _page((APP, "name"), settings.ROOT_URLCONF, get_script_prefix())


# By all that it depends on: to resolve an address takes longer than the whole answer.
@lru_cache(maxsize=512)
def _page(name: Name, urlconf: object, prefix: str) -> tuple[str, str]:
    """Return the origin that the URLconf names, "" for none, and the path of the page.

    The path is that for the site's own language, where addresses begin with one: a URI that
    clients compare must not depend on who asks.
    """
    try:
        with translation.override(settings.LANGUAGE_CODE):
            path = reverse(f"{PAGES}:page", urlconf, args=name)  # type: ignore[arg-type]
            found = resolve(f"/{path.removeprefix(prefix)}", urlconf)  # type: ignore[arg-type]
    except (NoReverseMatch, ValueError):
        return "", ""
    return str(found.kwargs.get("origin") or "").rstrip("/"), path


forget_on_change(_page.cache_clear)


def with_own_type(problem: Problem, raised: BaseException | None, request: HttpRequest) -> Problem:
    """Return `problem` with the type of the exception that it is for, if that has a page."""
    if isinstance(raised, BaseExceptionGroup):
        raised = meant_by(raised)
    if not isinstance(raised, HttpError) or problem.type != BLANK:
        return problem
    if type(raised).__module__ == HttpError.__module__:
        return problem
    # A rule may have made another status of it: what is gone is no longer sold out.
    if problem.status != raised.problem.status:
        return problem
    try:
        address = address_of(type(raised), request)
    except Exception:
        logger.exception("The page for the type of an error could not be found")
        return problem
    return problem.replaced(type=address) if address else problem


def example_of(kind: type[HttpError]) -> Problem:
    """Return a problem of the type `kind`, by what its class says if it can't be made."""
    try:
        return kind().problem
    except Exception:  # noqa: BLE001 - it may need arguments that only the project knows
        return kind.__new__(kind).problem
