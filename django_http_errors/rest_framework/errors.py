"""REST framework's nested validation errors as a flat list with JSON Pointers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework.settings import api_settings

from ..problems import InvalidPart

# An answer stays bounded even if every one of a million rows that were sent is wrong.
MOST_ERRORS = 1000


def invalid_parts(detail: Any) -> tuple[InvalidPart, ...]:
    """Return the errors in `detail`, an `APIException.detail` of any nesting.

    Keys and list indexes on the way to an error are its pointer (RFC 6901); what concerns an
    object as a whole (`NON_FIELD_ERRORS_KEY`, or Django's own key in what a model's `clean`
    raised) points to that object, and to nothing for the whole body.
    """
    found: list[InvalidPart] = []
    _collect(detail, "", (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS), found)
    return tuple(found)


def _collect(detail: Any, pointer: str, whole: tuple[str, str], found: list[InvalidPart]) -> None:
    """Add the errors in `detail` to `found`, as long as there is room.

    whole: the keys of what concerns an object as a whole
    """
    if len(found) == MOST_ERRORS:
        return
    if isinstance(detail, str):
        code = getattr(detail, "code", None)
        found.append(InvalidPart(str(detail), pointer or None, str(code or "")))
    elif isinstance(detail, Mapping):
        for key, value in detail.items():
            _collect(value, pointer if key in whole else f"{pointer}/{_escaped(key)}", whole, found)
    elif isinstance(detail, (list, tuple)):
        for index, value in enumerate(detail):
            # A list of texts is several errors of one place, a list of lists or dicts is an
            # error for each of several places.
            nested = not isinstance(value, str) and isinstance(value, (Mapping, list, tuple))
            _collect(value, f"{pointer}/{index}" if nested else pointer, whole, found)
    else:
        _collect(str(detail), pointer, whole, found)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
