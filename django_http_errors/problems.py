"""The value that travels: what went wrong, as one frozen dataclass (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from django.http.response import HttpResponseBase
from django.utils.functional import Promise

from .http.urls import web_address

if TYPE_CHECKING:
    from typing import Self

    from django_stubs_ext import StrOrPromise

logger = logging.getLogger("django_http_errors")


# The members of the JSON formats, which no extension has the name of.
MEMBERS = frozenset(
    {
        *("type", "title", "status", "detail", "instance", "permanence", "code", "request_id"),
        *("retry_after", "allow", "available", "accept", "errors", "actions"),
    }
)


class Permanence(StrEnum):
    """Whether the situation lasts (RFC 9110, section 15.5: "temporary or permanent")."""

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


def _plain(value: object) -> StrOrPromise:
    """Return `value` as plain text: a lazy text as it is, anything else as an exact `str`.

    What `mark_safe` returns is a `str` that is equal to the same letters without the mark, and is
    written differently into a page. The words of a problem go into JSON and into text too, so
    they are never markup.
    """
    if type(value) is str:
        return value
    if isinstance(value, Promise):
        return cast("StrOrPromise", value)
    return "".join((value if isinstance(value, str) else str(value),))


def _frozen(value: object) -> object:
    """Return `value` with read-only copies of all dicts, lists and sets in it."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    if isinstance(value, set):
        return frozenset(value)
    return value


def _set_plain(instance: object, *names: str) -> None:
    for name in names:
        object.__setattr__(instance, name, _plain(getattr(instance, name)))


@dataclass(frozen=True, slots=True)
class Representation:
    """One of the representations that a 406 offers: media type, URL, language tag.

    A URL that a page must not link to is left out.
    """

    type: str
    href: str
    language: str = ""

    def __post_init__(self) -> None:
        _set_plain(self, "type", "language")
        object.__setattr__(self, "href", web_address(self.href))

    def as_dict(self) -> dict[str, str]:
        members = {"type": self.type, "href": self.href}
        if self.language:
            members["language"] = self.language
        return members


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person can do now: a link with a label.

    `relation` is its link relation type (RFC 8288), for what is sent in a Link header too.
    """

    label: StrOrPromise
    href: str
    relation: str = ""

    def __post_init__(self) -> None:
        _set_plain(self, "label", "relation")
        object.__setattr__(self, "href", web_address(self.href))

    def as_dict(self) -> dict[str, str]:
        return {"label": str(self.label), "href": self.href}


@dataclass(frozen=True, slots=True)
class InvalidPart:
    """One thing that is wrong with what was sent.

    `pointer` is a JSON Pointer (RFC 6901) into the request body, `parameter` the name of a query
    parameter; without both the error is about the request as a whole.
    """

    detail: StrOrPromise
    pointer: str | None = None
    code: str = ""
    parameter: str | None = None

    def __post_init__(self) -> None:
        if type(self.detail) is not str or type(self.code) is not str:
            _set_plain(self, "detail", "code")

    def as_dict(self) -> dict[str, str]:
        members = {"detail": str(self.detail)}
        if self.pointer is not None:
            members["pointer"] = self.pointer
        elif self.parameter is not None:
            members["parameter"] = self.parameter
        if self.code:
            members["code"] = self.code
        return members


# Without slots: what it is made of is copied as a whole, for each copy with another member.
@dataclass(frozen=True, kw_only=True)
class Problem:
    """What went wrong, complete enough to be written in any format.

    The first members are those of RFC 9457; the lists after them belong to the headers that a
    status requires (RFC 9110, section 15.5). `retry_after` is in seconds, `length` in bytes.
    `headers` are further headers to send, `extensions` further members of the JSON formats; what
    is given as a dict or a list there is kept as a read-only copy. `language` is the tag of the
    language of the words, "" before they are translated.

    Title, detail and labels are plain text: markup in them is escaped, whatever its type.
    """

    status: int
    title: StrOrPromise
    detail: StrOrPromise
    type: str = "about:blank"
    permanence: Permanence = Permanence.UNKNOWN
    code: str = ""
    instance: str = ""
    request_id: str = ""
    retry_after: int | None = None
    allow: tuple[str, ...] | None = None
    available: tuple[Representation, ...] = ()
    accept: tuple[str, ...] = ()
    accept_encoding: tuple[str, ...] = ()
    errors: tuple[InvalidPart, ...] = ()
    challenges: tuple[str, ...] = ()
    length: int | None = None
    upgrade: tuple[str, ...] = ()
    blocked_by: str = ""
    actions: tuple[Action, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    extensions: Mapping[str, object] = field(default_factory=dict)
    language: str = ""

    def __post_init__(self) -> None:
        for name, normalise in _NORMALISE.items():
            object.__setattr__(self, name, normalise(getattr(self, name)))

    def __hash__(self) -> int:
        # What is equal has these equal, and the rest takes longer to hash than to compare.
        return hash((self.status, self.title, self.detail, self.type))

    def __reduce__(self) -> tuple[Any, ...]:
        # For `copy` and `pickle`, which can't take what is read-only in `extensions`.
        members = {each.name: getattr(self, each.name) for each in fields(self)}
        members["extensions"] = _thawed(self.extensions)
        return _restored, (type(self), members)

    def replaced(self, **members: Any) -> Self:
        """Return a copy, of the same class, that has `members` in the place of its own.

        Raises TypeError for what is no member.
        """
        if type(self) is not Problem:
            return replace(self, **members)
        # As `replace` does it, but for members that were looked at when they were given.
        copied = object.__new__(type(self))
        values = vars(copied)
        values.update(vars(self))
        for name, value in members.items():
            if name not in values:
                raise TypeError(f"{name} is no member of a Problem")
            values[name] = _NORMALISE[name](value) if name in _NORMALISE else value
        return copied

    def translated(self, language: str) -> Self:
        """Return a copy whose lazy texts are evaluated, in the language that is active now.

        language: the tag of that language
        """
        members: dict[str, Any] = {
            "title": str(self.title),
            "detail": str(self.detail),
            "language": language,
        }
        if self.actions:
            members["actions"] = tuple(
                replace(each, label=str(each.label)) for each in self.actions
            )
        if self.errors:
            members["errors"] = tuple(
                replace(each, detail=str(each.detail)) if isinstance(each.detail, Promise) else each
                for each in self.errors
            )
        return self.replaced(**members)

    def as_dict(self) -> dict[str, object]:
        """Return the members of the JSON formats, in the order in which they are written."""
        members: dict[str, object] = {
            "type": self.type,
            "title": str(self.title),
            "status": self.status,
            "detail": str(self.detail),
        }
        if self.instance:
            members["instance"] = self.instance
        members["permanence"] = str(self.permanence)
        for name in ("code", "request_id"):
            if getattr(self, name):
                members[name] = getattr(self, name)
        if self.retry_after is not None:
            members["retry_after"] = self.retry_after
        if self.allow is not None:
            members["allow"] = list(self.allow)
        lists: dict[str, list[Any]] = {
            "available": [each.as_dict() for each in self.available],
            "accept": list(self.accept),
            "errors": [each.as_dict() for each in self.errors],
            "actions": [each.as_dict() for each in self.actions],
        }
        members.update({name: values for name, values in lists.items() if values})
        for name, value in self.extensions.items():
            # What clients know as a member of the app's has its type wherever it is sent.
            if name not in MEMBERS:
                members[name] = _thawed(value)
        return members


def _number(value: Any) -> int | None:
    # True and 1.0 are equal to 1, and are written differently.
    return value if value is None or type(value) is int else int(value)


def _texts(values: Any) -> Any:
    return tuple(str(_plain(each)) for each in values) if values else values


def _members(extensions: Mapping[str, object]) -> Mapping[str, object]:
    is_frozen = type(extensions) is MappingProxyType
    return extensions if is_frozen else _frozen_members(extensions)


# What each member is made of what was given, so that all of it is immutable and of exact types.
_NORMALISE: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("title", "detail", "type", "code", "instance", "request_id"), _plain),
    "permanence": Permanence,
    "blocked_by": lambda value: web_address(value) if value else value,
    **dict.fromkeys(("retry_after", "length"), _number),
    **dict.fromkeys(("allow", "accept", "accept_encoding", "challenges", "upgrade"), _texts),
    **dict.fromkeys(("available", "errors", "actions", "headers"), tuple),
    "extensions": _members,
}


def _restored(kind: type[Problem], members: Mapping[str, Any]) -> Problem:
    """Return a copy of a problem, for `copy` and `pickle`."""
    return kind(**members)


def _frozen_members(extensions: Mapping[str, object]) -> Mapping[str, object]:
    members = {}
    for name, value in extensions.items():
        try:
            members[name] = _frozen(value)
        except RecursionError:
            logger.error(
                "The member %r is nested too deep, or contains itself, and is left out", name
            )
    return MappingProxyType(members)


def _thawed(value: object) -> object:
    """Return `value` with new dicts and lists in the place of the read-only ones."""
    if isinstance(value, Mapping):
        return {key: _thawed(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return list(map(_thawed, value))
    return value


def get_problem(response: HttpResponseBase) -> Problem | None:
    """Return the Problem that `response` was made from, None for a response of the project's.

    The same as `response.problem`, with a type that type checkers know.
    """
    problem = getattr(response, "problem", None)
    return problem if isinstance(problem, Problem) else None
