"""REST framework's nested validation errors as a flat list with JSON Pointers."""

from __future__ import annotations

from collections.abc import Mapping
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
    collected = _Collected()
    collected.add(detail, "")
    return tuple(collected.parts)


class _Collected:
    """Errors, as long as there is room for them; one that alone is too long is left out."""

    def __init__(self) -> None:
        self.parts: list[InvalidPart] = []
        self._room = MOST_CHARACTERS
        # The keys of what concerns an object as a whole.
        self._whole = (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS)

    def add(self, detail: Any, pointer: str) -> None:
        """Add the errors in `detail`, which is what is wrong at `pointer`."""
        if len(self.parts) == MOST_ERRORS or len(pointer) > self._room:
            return
        if isinstance(detail, str) or not isinstance(detail, (Mapping, list, tuple)):
            code = str(getattr(detail, "code", None) or "")
            self._add(InvalidPart(str(detail), pointer or None, code))
        elif isinstance(detail, Mapping):
            for key, value in detail.items():
                self.add(value, pointer if key in self._whole else f"{pointer}/{_escaped(key)}")
        else:
            for index, value in enumerate(detail):
                # A list of texts is several errors of one place, a list of lists or dicts is an
                # error for each of several places.
                nested = isinstance(value, (Mapping, list, tuple))
                self.add(value, f"{pointer}/{index}" if nested else pointer)

    def _add(self, part: InvalidPart) -> None:
        length = len(str(part.detail)) + len(part.pointer or "") + len(part.code)
        if length <= self._room:
            self._room -= length
            self.parts.append(part)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
