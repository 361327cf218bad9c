"""The value that travels: what went wrong, as one frozen dataclass (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .addresses import web_address

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Permanence(StrEnum):
    """Whether the situation lasts (RFC 9110, section 15.5: "temporary or permanent")."""

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Representation:
    """One of the representations that a 406 offers: media type, address, language.

    An address that a page must not link to is left out.
    """

    type: str
    href: str
    language: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "href", web_address(self.href))

    def as_dict(self) -> dict[str, str]:
        members = {"type": self.type, "href": self.href}
        if self.language:
            members["language"] = self.language
        return members


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person can do now: a link with a label.

    `relation` is its link relation type (RFC 8288), for what is sent as a Link field too.
    """

    label: StrOrPromise
    href: str
    relation: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "href", web_address(self.href))

    def as_dict(self) -> dict[str, str]:
        return {"label": str(self.label), "href": self.href}


@dataclass(frozen=True, slots=True)
class InvalidPart:
    """One thing that is wrong with the content of the request.

    `pointer` is a JSON Pointer (RFC 6901) into the request body; None: the body as a whole.
    """

    detail: StrOrPromise
    pointer: str | None = None
    code: str = ""

    def as_dict(self) -> dict[str, str]:
        members = {"detail": str(self.detail)}
        if self.pointer is not None:
            members["pointer"] = self.pointer
        if self.code:
            members["code"] = self.code
        return members


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, complete enough to be written in any form.

    The first members are those of RFC 9457; the lists after them belong to the header fields
    that a status owes (RFC 9110, section 15.5). `retry_after` is in seconds, `length` in bytes.
    `headers` are further fields to send, `extensions` further members of the JSON forms.
    `language` is the tag of the language that the words are in, "" before they are said.
    """

    status: int
    title: StrOrPromise
    detail: StrOrPromise
    type: str = "about:blank"
    permanence: Permanence = Permanence.UNKNOWN
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
        if self.blocked_by:
            object.__setattr__(self, "blocked_by", web_address(self.blocked_by))

    def replaced(self, **members: Any) -> Problem:
        """Return a copy that has `members` in the place of its own.

        `dataclasses.replace` does the same in twice the time, and every error answer needs it.
        """
        copy = object.__new__(Problem)
        for set_slot, value in zip(_SLOTS.values(), _values(self), strict=True):
            set_slot(copy, value)
        for name, value in members.items():
            _SLOTS[name](copy, value)
        copy.__post_init__()
        return copy

    def as_dict(self) -> dict[str, object]:
        """Return the members of the JSON forms, in the order in which they are written."""
        members: dict[str, object] = {
            "type": self.type,
            "title": str(self.title),
            "status": self.status,
            "detail": str(self.detail),
        }
        if self.instance:
            members["instance"] = self.instance
        members["permanence"] = str(self.permanence)
        if self.request_id:
            members["request_id"] = self.request_id
        if self.retry_after is not None:
            members["retry_after"] = self.retry_after
        if self.allow is not None:
            members["allow"] = list(self.allow)
        if self.available:
            members["available"] = [each.as_dict() for each in self.available]
        if self.accept:
            members["accept"] = list(self.accept)
        if self.errors:
            members["errors"] = [each.as_dict() for each in self.errors]
        if self.actions:
            members["actions"] = [each.as_dict() for each in self.actions]
        for name, value in self.extensions.items():
            # A member that the road sets is never replaced by an extension of the same name.
            members.setdefault(name, value)
        return members


_SLOTS = {name: vars(Problem)[name].__set__ for name in Problem.__dataclass_fields__}
_values = attrgetter(*_SLOTS)
