"""Exceptions to raise, one a status, and the way from any exception to a Problem."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core import exceptions as django_exceptions
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from . import catalogue
from .conf import http_errors
from .problems import InvalidPart, Permanence, Problem, Representation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Moment = int | float | timedelta | datetime

_LONGEST_WAIT = 10 * 365 * 24 * 3600


def seconds_until(moment: Moment) -> int:
    """Return `moment` (seconds, a timedelta, or a date) as whole seconds from now, never negative.

    Rounded up, so that a client that waits as long is never too early.
    """
    if isinstance(moment, datetime):
        if timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        moment = moment - datetime.now(UTC)
    if isinstance(moment, timedelta):
        moment = moment.total_seconds()
    # Compared before it is rounded, which neither infinity nor NaN can be.
    return math.ceil(min(moment, _LONGEST_WAIT)) if moment > 0 else 0


def _elements(value: Any) -> tuple[Any, ...]:
    """Return a list as a tuple; a text is a list of one."""
    return (value,) if isinstance(value, (str, Promise)) else tuple(value)


def _representation(value: Representation | Mapping[str, str] | str) -> Representation:
    """Return an element of `available=`; a mere media type is offered at the same address."""
    if isinstance(value, Representation):
        return value
    if isinstance(value, str):
        return Representation(value, "")
    return Representation(value["type"], value.get("href", ""), value.get("language", ""))


def _invalid_part(value: InvalidPart | Mapping[str, Any] | StrOrPromise) -> InvalidPart:
    """Return an element of `errors=`; a mere text is about the content as a whole."""
    if isinstance(value, InvalidPart):
        return value
    if isinstance(value, Mapping):
        return InvalidPart(value["detail"], value.get("pointer"), value.get("code", ""))
    return InvalidPart(value)


class HttpError(Exception):
    """An error answer, to be raised from anywhere; everything said here is shown to the client.

    A subclass in a project is a problem type of its own: set `status`, `type`, `title`,
    `detail` or `permanence` on it. The keyword arguments belong to the header fields that the
    statuses owe (RFC 9110, section 15.5); unnamed ones become members of the JSON forms.

    detail: what happened and what to do, for a person
    status: 400 to 599, in the place of the class's own
    headers: further header fields
    permanence: a Permanence or its value; left out, a known `retry_after` makes it temporary
    retry_after: seconds, a timedelta or a datetime
    type: URI of the problem type
    allow: methods (405) · challenges: for WWW-Authenticate (401, 407)
    available: Representations, dicts or media types (406)
    accept: media types (415) · accept_encoding: content codings (415)
    length: bytes of the whole (416) · upgrade: protocols (426)
    blocked_by: URI of who demands the blocking (451)
    errors: InvalidParts, dicts or texts: what is wrong with the content of the request
    """

    status: int = 500
    type: str = "about:blank"
    title: StrOrPromise | None = None
    detail: StrOrPromise | None = None
    permanence: Permanence | str | None = None

    def __init__(
        self,
        detail: StrOrPromise | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        permanence: Permanence | str | None = None,
        retry_after: Moment | None = None,
        type: str | None = None,
        allow: Iterable[str] | None = None,
        challenges: Iterable[str] = (),
        available: Iterable[Representation | Mapping[str, str] | str] = (),
        accept: Iterable[str] = (),
        accept_encoding: Iterable[str] = (),
        length: int | None = None,
        upgrade: Iterable[str] = (),
        blocked_by: str = "",
        errors: Iterable[InvalidPart | Mapping[str, Any] | StrOrPromise] = (),
        **extensions: object,
    ) -> None:
        entry = catalogue.entry(self.status if status is None else status)
        own_permanence = permanence or self.permanence
        if own_permanence is None:
            own_permanence = entry.permanence if retry_after is None else Permanence.TEMPORARY
        own_detail = self.detail if detail is None else detail
        self.problem = Problem(
            status=entry.status,
            title=entry.title if self.title is None else self.title,
            detail=entry.detail if own_detail is None else own_detail,
            type=type or self.type,
            permanence=Permanence(own_permanence),
            retry_after=None if retry_after is None else seconds_until(retry_after),
            allow=None if allow is None else _elements(allow),
            available=tuple(map(_representation, _elements(available))),
            accept=_elements(accept),
            accept_encoding=_elements(accept_encoding),
            errors=tuple(map(_invalid_part, _elements(errors))),
            challenges=_elements(challenges),
            length=length,
            upgrade=_elements(upgrade),
            blocked_by=blocked_by or "",
            headers=tuple((headers or {}).items()),
            extensions=extensions,
        )
        self.status = entry.status
        super().__init__(self.problem.detail)

    def __str__(self) -> str:
        return str(self.problem.detail)


# fmt: off - a line each
if TYPE_CHECKING:
    # What the loop below makes, for type checkers; a test holds the two together.
    class BadRequest(HttpError, django_exceptions.BadRequest): ...

    class Unauthorized(HttpError, django_exceptions.PermissionDenied): ...

    class PaymentRequired(HttpError, django_exceptions.BadRequest): ...

    class Forbidden(HttpError, django_exceptions.PermissionDenied): ...

    class NotFound(HttpError, Http404): ...

    class MethodNotAllowed(HttpError, django_exceptions.BadRequest): ...

    class NotAcceptable(HttpError, django_exceptions.BadRequest): ...

    class ProxyAuthenticationRequired(HttpError, django_exceptions.BadRequest): ...

    class RequestTimeout(HttpError, django_exceptions.BadRequest): ...

    class Conflict(HttpError, django_exceptions.BadRequest): ...

    class Gone(HttpError, Http404): ...

    class LengthRequired(HttpError, django_exceptions.BadRequest): ...

    class PreconditionFailed(HttpError, django_exceptions.BadRequest): ...

    class ContentTooLarge(HttpError, django_exceptions.BadRequest): ...

    class URITooLong(HttpError, django_exceptions.BadRequest): ...

    class UnsupportedMediaType(HttpError, django_exceptions.BadRequest): ...

    class RangeNotSatisfiable(HttpError, django_exceptions.BadRequest): ...

    class ExpectationFailed(HttpError, django_exceptions.BadRequest): ...

    class MisdirectedRequest(HttpError, django_exceptions.BadRequest): ...

    class UnprocessableContent(HttpError, django_exceptions.BadRequest): ...

    class Locked(HttpError, django_exceptions.BadRequest): ...

    class FailedDependency(HttpError, django_exceptions.BadRequest): ...

    class TooEarly(HttpError, django_exceptions.BadRequest): ...

    class UpgradeRequired(HttpError, django_exceptions.BadRequest): ...

    class PreconditionRequired(HttpError, django_exceptions.BadRequest): ...

    class TooManyRequests(HttpError, django_exceptions.BadRequest): ...

    class RequestHeaderFieldsTooLarge(HttpError, django_exceptions.BadRequest): ...

    class UnavailableForLegalReasons(HttpError, django_exceptions.BadRequest): ...

    class InternalServerError(HttpError): ...

    class NotImplemented(HttpError): ...

    class BadGateway(HttpError): ...

    class ServiceUnavailable(HttpError): ...

    class GatewayTimeout(HttpError): ...

    class HTTPVersionNotSupported(HttpError): ...

    class VariantAlsoNegotiates(HttpError): ...

    class InsufficientStorage(HttpError): ...

    class LoopDetected(HttpError): ...

    class NotExtended(HttpError): ...

    class NetworkAuthenticationRequired(HttpError): ...
# fmt: on


def _django_base(status: int) -> tuple[type[Exception], ...]:
    """Return the exception of Django's that `status` stands beside.

    Raised where no middleware looks, it then still reaches the right handler, and the right
    log record.
    """
    if status in (404, 410):
        return (Http404,)
    if status in (401, 403):
        return (django_exceptions.PermissionDenied,)
    return (django_exceptions.BadRequest,) if status < 500 else ()


EXCEPTIONS: Mapping[int, type[HttpError]] = {
    entry.status: type(
        entry.name,
        (HttpError, *_django_base(entry.status)),
        {
            "__module__": __name__,
            "__doc__": f"{entry.status} {entry.name}: see HttpError for the arguments.",
            "status": entry.status,
        },
    )
    for entry in catalogue.CATALOGUE.values()
}
globals().update({each.__name__: each for each in EXCEPTIONS.values()})
__all__ = ["EXCEPTIONS", "HttpError", *(each.__name__ for each in EXCEPTIONS.values())]  # noqa: PLE0604

# How Django maps its own (django.core.handlers.exception), except that what is too large is 413.
_DJANGO_STATUSES: Mapping[type, int] = {
    Http404: 404,
    django_exceptions.PermissionDenied: 403,
    django_exceptions.BadRequest: 400,
    django_exceptions.SuspiciousOperation: 400,
    MultiPartParserError: 400,
    django_exceptions.RequestDataTooBig: 413,
    django_exceptions.TooManyFieldsSent: 413,
    django_exceptions.TooManyFilesSent: 413,
}


@lru_cache(maxsize=8)
def _imported(registered: tuple[tuple[str, int], ...]) -> Mapping[type, int]:
    statuses: dict[type, int] = {}
    for path, status in registered:
        try:
            exception = import_string(path)
        except Exception:  # noqa: BLE001, S112 - the system check says it (E003)
            continue
        if isinstance(exception, type):
            statuses[exception] = status
    return statuses


def registered_status(exception: BaseException) -> int | None:
    """Return the status that the project registered for `exception`, or for its nearest base.

    None where it registered none, and where Django's own meaning is nearer.
    """
    registered = http_errors.EXCEPTIONS
    if not registered:
        return None
    statuses = _imported(tuple(registered.items()))
    for each in type(exception).__mro__:
        if each in statuses:
            return statuses[each]
        if each in _DJANGO_STATUSES:
            return None
    return None


def problem_for(exception: BaseException | None, default: int = 500) -> Problem:
    """Return the Problem that `exception` stands for, an unknown one being a `default`.

    The text of an exception that wasn't raised to be shown is never part of it.
    """
    if isinstance(exception, HttpError):
        if not hasattr(exception, "problem"):
            # A subclass whose __init__ doesn't call ours still has the words of its class.
            HttpError.__init__(exception)
        return exception.problem
    if exception is None:
        return catalogue.entry(default).problem()
    status = registered_status(exception) or _status_of(type(exception)) or default
    return catalogue.entry(status).problem()


def _status_of(kind: type[BaseException]) -> int | None:
    """Return the status that Django answers an exception of `kind` with, None if it knows none."""
    for each in kind.__mro__:
        if each in _DJANGO_STATUSES:
            return _DJANGO_STATUSES[each]
    return None
