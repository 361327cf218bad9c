"""REST framework's nested validation errors as a flat list that names what was sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import NoneType
from typing import Any, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.views import View
from rest_framework.request import Empty
from rest_framework.settings import api_settings

from ..core.bounded_errors import MOST_CHARACTERS, MOST_ERRORS, bounded
from ..core.pointers import after_names, json_pointer, names_in, token
from ..http.spelling import as_in_query
from ..problems import InvalidPart

# How many objects and lists of a body are looked at to find the one that a serializer was given.
MOST_LOOKED_AT = 10_000

# Returns how the client spells the names of the members and indexes that lead to what is wrong.
Spell = Callable[[Sequence[str]], Sequence[str]]


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
        if not _is_nested(detail):
            self._add(detail, pointer)
        elif isinstance(detail, (list, tuple)):
            for index, value in enumerate(detail):
                # A list of texts is several errors of one place, a list of lists or dicts is an
                # error for each of several places.
                if _is_nested(value):
                    self.add(value, f"{pointer}/{index}")
                else:
                    self._add(value, pointer)
        else:
            for key, value in detail.items():
                self.add(value, pointer if key in self._whole else f"{pointer}/{token(key)}")

    def _add(self, error: Any, pointer: str) -> None:
        detail, code = str(error), str(getattr(error, "code", None) or "")
        length = len(detail) + len(pointer) + len(code)
        if length <= self._room and len(self.parts) < MOST_ERRORS:
            self._room -= length
            self.parts.append(InvalidPart(detail, pointer or None, code))


def _is_nested(detail: Any) -> bool:
    # Those that REST framework makes come first: an abstract class takes longer to ask.
    return not isinstance(detail, str) and isinstance(detail, (list, dict, tuple, Mapping))


def located(
    parts: Sequence[InvalidPart],
    exc: BaseException,
    request: Any,
    kwargs: Mapping[str, Any],
    spell: Spell | None = None,
    *,
    stated: Container[InvalidPart] = (),
) -> tuple[InvalidPart, ...]:
    """Return `parts` with the place in what was sent that each of them is about.

    That is a pointer into the body or the name of a query parameter, and neither where nobody
    knows which: a pointer would then lead a client to something that it never sent. The name is
    in the detail there.

    parts: with pointers as the serializer has them
    exc: what was raised
    request: REST framework's, None where it isn't known
    kwargs: what the URL gave to the view
    spell: None where clients spell names as serializers do
    stated: those of `parts` that have the place already
    """
    if request is None:
        return tuple(parts)
    sent = _Sent(exc, request, kwargs)
    if sent.is_body and spell is None:
        return tuple(parts)
    return tuple(bounded(part if part in stated else sent.located(part, spell) for part in parts))


class _Sent:
    """What a request sent, to tell which part of it an error is about.

    is_body: the serializer that refused it was given the body
    is_query: it was given the query parameters, or what asked for them refused one
    way: the names that lead from the body to what the serializer was given, None if nothing does
    """

    def __init__(self, exc: BaseException, request: Any, kwargs: Mapping[str, Any]) -> None:
        serializer = getattr(getattr(exc, "detail", None), "serializer", None)
        self.validated = getattr(serializer, "initial_data", None)
        # What was parsed: an error is no reason to read a body that the view didn't want.
        body = getattr(request, "_full_data", Empty)
        self.body: Any = None if body is Empty else body
        self.is_body = self.validated is not None and self.validated is self.body
        if self.is_body:
            self.way: list[str] | None = []
            self.is_query = False
            return
        self.request = request
        self.kwargs = kwargs
        self.query: Mapping[str, Any] = request.GET
        self.asked = _asked_by(exc)
        self.is_query = self.validated is self.query or self.asked is not None
        self.way = None if self.is_query else _way(self.body, self.validated)

    def located(self, part: InvalidPart, spell: Spell | None) -> InvalidPart:
        """Return `part` with its place."""
        names = names_in(part.pointer or "")
        if self.way is not None:
            names = [*self.way, *names]
        elif not names:
            return part
        elif self.is_query or self._is_parameter(names):
            name = as_in_query(self._parameter(names), self.request.META)
            return replace(part, pointer=None, parameter=name)
        if not names:
            return part
        is_in_body = self.way is not None or self._is_in_body(names[0])
        spelled = spell(names) if spell else names
        if is_in_body:
            return replace(part, pointer=json_pointer(*spelled))
        return replace(part, pointer=None, detail=after_names(spelled, str(part.detail)))

    def _parameter(self, names: Sequence[str]) -> str:
        """Return the name of the parameter that `names` lead to."""
        dotted = ".".join(names)  # as in a form with a serializer within another
        if dotted in self.query:
            return dotted
        return _wrong_bound(self.asked, names[0]) or names[0]

    def _is_parameter(self, names: Sequence[str]) -> bool:
        name = names[0]
        if isinstance(self.body, Mapping) and name in self.body:
            return False
        if name in self.query:
            return True
        validated = self.validated if isinstance(self.validated, Mapping) else {}
        if validated and all(each in self.query for each in validated):
            return True  # A copy of the parameters, and one is missing.
        # A request without content has nothing else that could be missing.
        return (
            self.request.method in ("GET", "HEAD")
            and len(names) == 1
            and not self._comes_from_elsewhere(name)
        )

    def _is_in_body(self, name: str) -> bool:
        if isinstance(self.body, Mapping) and name in self.body:
            return True
        if self._comes_from_elsewhere(name) or not self._may_be_of_body():
            return False
        return bool(self.body) or self.request.method in ("POST", "PUT", "PATCH")

    def _may_be_of_body(self) -> bool:
        """Return whether what the serializer was given may have been made of the body."""
        if not (isinstance(self.validated, Mapping) and isinstance(self.body, Mapping)):
            return True
        of_body = [name in self.validated for name in self.body]
        return any(of_body) or not of_body

    def _comes_from_elsewhere(self, name: str) -> bool:
        """Return whether what is called `name` is from the URL, or was added by the view."""
        return name in self.kwargs or (
            isinstance(self.validated, Mapping) and name in self.validated
        )


def _way(body: Any, part: Any) -> list[str] | None:
    """Return the names that lead from `body` to `part` of it, None if it has no such part."""
    if not isinstance(part, (dict, list)):
        return None
    if part and part == body:
        return []  # A copy.
    known: deque[tuple[list[str], Any]] = deque([([], body)])
    for _ in range(MOST_LOOKED_AT):
        if not known:
            break
        way, each = known.popleft()
        for name, child in _children(each):
            if child is part:
                return [*way, str(name)]
            if isinstance(child, (dict, list)):
                known.append(([*way, str(name)], child))
    return None


def _children(value: Any) -> Iterable[tuple[object, Any]]:
    if isinstance(value, dict) and not isinstance(value, MultiValueDict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _asked_by(exc: BaseException) -> Mapping[str, Any] | None:
    """Return the variables of the filter backend or the paginator that raised `exc`, if one did.

    What they refuse are query parameters, whatever they have been made of.
    """
    asking = frames(exc, "filter_queryset", "paginate_queryset")
    return next(
        (each for each in asking if not isinstance(each.get("self"), (View, NoneType))), None
    )


def frames(exc: BaseException, *names: str) -> Iterator[Mapping[str, Any]]:
    """Yield the variables of the functions with one of `names` that `exc` has left."""
    traceback = exc.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name in names:
            yield frame.f_locals
        traceback = traceback.tb_next


def _wrong_bound(asked: Mapping[str, Any] | None, name: str) -> str | None:
    """Return the parameter that a range of django-filter's refuses, None for no range.

    Its filter has one name, and a parameter with a suffix for each of its bounds.
    """
    form = getattr((asked or {}).get("filterset"), "form", None)
    field = getattr(form, "fields", {}).get(name)
    widget = getattr(field, "widget", None)
    suffixes, bounds = getattr(widget, "suffixes", ()), getattr(field, "fields", ())
    for suffix, bound in zip(suffixes, bounds, strict=False):
        parameter = str(widget.suffixed(name, suffix))  # type: ignore[union-attr]
        try:
            bound.clean(form.data.get(parameter))  # type: ignore[union-attr]
        except ValidationError:
            return parameter
    return None


def message_of_paginator(exc: BaseException) -> Promise | None:
    """Return what the paginator that raised `exc` says of a page, to be translated anew.

    REST framework's has filled it in before it raised, in the visitor's language.
    """
    asked = _asked_by(exc) or {}
    message: Any = getattr(asked.get("self"), "invalid_page_message", None)
    if not isinstance(message, Promise):
        return None
    # Its words alone: the exception would keep all that its frames hold.
    why = next(iter(exc.__context__.args if exc.__context__ else ()), "")
    words: Promise = format_lazy(
        cast("Any", message), page_number=asked.get("page_number"), message=why
    )
    return words


def page_parameter(exc: BaseException) -> str | None:
    """Return the name of the parameter that names a page, if a paginator raised `exc`."""
    paginator = (_asked_by(exc) or {}).get("self")
    for name in ("page_query_param", "cursor_query_param"):
        found = getattr(paginator, name, None)
        if found:
            return str(found)
    return None
