"""REST framework's nested validation errors as a flat list with JSON Pointers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework.settings import api_settings

from ..problems import InvalidPart

# An answer stays bounded even if every one of a million rows that were sent is wrong.
MOST_ERRORS = 1000
# So it does if each of them says a long name or a long value that was sent.
MOST_CHARACTERS = 256 * 1024


def invalid_parts(detail: Any) -> tuple[InvalidPart, ...]:
    """Return the errors in `detail`, an `APIException.detail` of any nesting.

    Keys and list indexes on the way to an error are its pointer (RFC 6901); what concerns an
    object as a whole (`NON_FIELD_ERRORS_KEY`, or Django's own key in what a model's `clean`
    raised) points to that object, and to nothing for the whole body.
    """
    return tuple(_bounded(islice(_flattened(detail, ""), MOST_ERRORS)))


def _bounded(parts: Iterable[InvalidPart]) -> Iterator[InvalidPart]:
    """Yield `parts` as far as they are to be told, less those that alone are too long."""
    left = MOST_CHARACTERS
    for part in parts:
        length = len(str(part.detail)) + len(part.pointer or "") + len(part.code)
        if length <= left:
            left -= length
            yield part


def _flattened(detail: Any, pointer: str) -> Iterator[InvalidPart]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            if key in (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS):
                yield from _flattened(value, pointer)
            else:
                yield from _flattened(value, f"{pointer}/{_escaped(key)}")
    elif isinstance(detail, (list, tuple)):
        for index, value in enumerate(detail):
            # A list of texts is several errors of one place, a list of lists or dicts is an
            # error for each of several places.
            nested = isinstance(value, (Mapping, list, tuple))
            yield from _flattened(value, f"{pointer}/{index}" if nested else pointer)
    else:
        yield InvalidPart(str(detail), pointer or None, str(getattr(detail, "code", None) or ""))


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
