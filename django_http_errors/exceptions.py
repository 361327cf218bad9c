"""Exceptions to raise, one a status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.core import exceptions as django_exceptions
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import translation
from django.utils.functional import Promise

from .core.statuses import error_status
from .core.times import Moment, seconds_until
from .problems import InvalidPart, Permanence, Problem, Representation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _elements(value: Any, convert: Callable[[Any], Any] | None = None) -> tuple[Any, ...] | None:
    """Return a list as a tuple of its converted elements, None as None; a text is a list of one."""
    if value is None:
        return None
    elements = (value,) if isinstance(value, (str, Promise)) else value
    return tuple(elements if convert is None else map(convert, elements))


def _representation(value: Representation | Mapping[str, str] | str) -> Representation:
    """Return an element of `available=`; a mere media type is offered at the same address."""
    if isinstance(value, Representation):
        return value
    if isinstance(value, str):
        return Representation(value, "")
    return Representation(value["type"], value.get("href", ""), value.get("language", ""))


def _invalid_part(value: InvalidPart | Mapping[str, Any] | StrOrPromise) -> InvalidPart:
    """Return an element of `errors=`; a mere text is about the request as a whole."""
    if isinstance(value, InvalidPart):
        return value
    if isinstance(value, Mapping):
        return InvalidPart(
            value["detail"], value.get("pointer"), value.get("code", ""), value.get("parameter")
        )
    return InvalidPart(value)


# Django's own handler brings a BadRequest, raised in a view or in any middleware, to `handler400`
# without taking it for a crash, and no other framework catches one for a status that it isn't.
# Http404 and PermissionDenied are caught everywhere, for a 404 and a 403: only `NotFound` and
# `Forbidden` are that too, and Django asks for those two first.
class HttpError(django_exceptions.BadRequest):
    """An error to be raised from anywhere; everything said here is shown to the client.

    A subclass in a project is a problem type of its own: set `status`, `type`, `title`, `detail`,
    `permanence` or `code` on it. The keyword arguments belong to the headers that the statuses
    require (RFC 9110, section 15.5).

    detail: what happened and what to do, for a person; plain text
    status: 400 to 599, in the place of the class's own; ValueError for another
    headers: a dict of further headers
    permanence: a Permanence or its value; left out, a known `retry_after` makes it temporary, and
        otherwise it is that of the status
    retry_after: seconds, a timedelta or a datetime
    type: URI of the problem type
    code: a machine's word for the case
    allow: methods (405)
    challenges: for WWW-Authenticate (401, 407), such as ``Bearer realm="api"``
    available: media types, dicts with ``type``, ``href`` and perhaps ``language``, or
        Representations (406)
    accept: media types (415)
    accept_encoding: content codings (415)
    length: bytes of the whole (416)
    upgrade: protocols (426)
    blocked_by: URI of who blocks, not of who demands it (451; RFC 7725, section 4)
    errors: what is wrong with what was sent: texts, dicts with ``detail`` and perhaps ``pointer``
        or ``parameter``, and ``code``, or InvalidParts
    extensions: a dict of further members of the JSON formats
    """

    status: int = 500
    type: str = "about:blank"
    title: StrOrPromise | None = None
    detail: StrOrPromise | None = None
    permanence: Permanence | str | None = None
    code: str = ""

    def __init__(
        self,
        detail: StrOrPromise | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        permanence: Permanence | str | None = None,
        retry_after: Moment | None = None,
        type: str | None = None,
        code: str = "",
        allow: Iterable[str] | None = None,
        challenges: Iterable[str] | None = None,
        available: Iterable[Representation | Mapping[str, str] | str] | None = None,
        accept: Iterable[str] | None = None,
        accept_encoding: Iterable[str] | None = None,
        length: int | None = None,
        upgrade: Iterable[str] | None = None,
        blocked_by: str = "",
        errors: Iterable[InvalidPart | Mapping[str, Any] | StrOrPromise] | None = None,
        extensions: Mapping[str, object] | None = None,
    ) -> None:
        known = error_status(self.status if status is None else status)
        given = {
            "detail": detail,
            "permanence": permanence or None,
            "retry_after": None if retry_after is None else seconds_until(retry_after),
            "type": type or None,
            "code": code or None,
            "allow": _elements(allow),
            "challenges": _elements(challenges),
            "available": _elements(available, _representation),
            "accept": _elements(accept),
            "accept_encoding": _elements(accept_encoding),
            "length": length,
            "upgrade": _elements(upgrade),
            "blocked_by": blocked_by or None,
            "errors": _elements(errors, _invalid_part),
            "headers": tuple(headers.items()) if headers else None,
            "extensions": extensions or None,
        }
        members = self._own_members()
        if retry_after is not None:
            members.setdefault("permanence", Permanence.TEMPORARY)
        # By what is given, not by what is equal: to compare a lazy text would translate it here.
        members.update({name: value for name, value in given.items() if value is not None})
        # Without any this is the default problem itself: no new one is made, and what is answered
        # with it is prepared already.
        self.problem = known.problem(**members)
        self.status = known.code
        super().__init__(self.problem.detail)

    @cached_property
    def problem(self) -> Problem:
        """What is answered. Asked for before it is set only where `__init__` wasn't called.

        A subclass may have one that doesn't call ours, as for any Http404: what its class says
        of itself still counts then.
        """
        return error_status(self.status).problem(**self._own_members())

    def _own_members(self) -> dict[str, Any]:
        """Return what the class says of itself, by the names of a problem's members."""
        own = {
            "title": self.title,
            "detail": self.detail,
            "type": self.type,
            "permanence": self.permanence,
            "code": self.code,
        }
        return {name: value for name, value in own.items() if value is not getattr(HttpError, name)}

    def __str__(self) -> str:
        """Return the detail as it was written, not translated: logs aren't for the visitor."""
        with translation.override(None):
            return str(self.problem.detail)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without a call of `__init__`: in a subclass it may take other arguments than `args`.
        return _restored, (type(self), self.args, {**vars(self)})


def _restored(kind: type[HttpError], args: tuple[Any, ...], state: Mapping[str, Any]) -> HttpError:
    """Return a copy of an exception, for `copy` and `pickle`."""
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(state)
    return error


class BadRequest(HttpError):
    """400 Bad Request (RFC 9110, section 15.5.1).

    The request can't be understood: bad syntax, framing or routing.
    """

    status = 400


class Unauthorized(HttpError):
    """401 Unauthorized (RFC 9110, section 15.5.2).

    The request lacks valid credentials; `challenges` name what is accepted.
    """

    status = 401


class PaymentRequired(HttpError):
    """402 Payment Required (RFC 9110, section 15.5.3).

    Reserved by HTTP; in use for what has to be paid for first.
    """

    status = 402


class Forbidden(HttpError, PermissionDenied):
    """403 Forbidden (RFC 9110, section 15.5.4).

    The request is understood and refused; credentials don't help.
    """

    status = 403


class NotFound(HttpError, Http404):
    """404 Not Found (RFC 9110, section 15.5.5).

    There is nothing at this address, or nothing that may be told.
    """

    status = 404


class MethodNotAllowed(HttpError):
    """405 Method Not Allowed (RFC 9110, section 15.5.6).

    The resource doesn't take the method; `allow` lists those that it does.
    """

    status = 405


class NotAcceptable(HttpError):
    """406 Not Acceptable (RFC 9110, section 15.5.7).

    No representation is acceptable to the client; `available` lists what there is.
    """

    status = 406


class ProxyAuthenticationRequired(HttpError):
    """407 Proxy Authentication Required (RFC 9110, section 15.5.8).

    The client has to authenticate with the proxy first; `challenges` say how.
    """

    status = 407


class RequestTimeout(HttpError):
    """408 Request Timeout (RFC 9110, section 15.5.9).

    The request didn't arrive in the time that the server waits.
    """

    status = 408


class Conflict(HttpError):
    """409 Conflict (RFC 9110, section 15.5.10).

    The request conflicts with the present state of the resource.
    """

    status = 409


class Gone(HttpError):
    """410 Gone (RFC 9110, section 15.5.11).

    The resource was there and is gone, probably for good.
    """

    status = 410


class LengthRequired(HttpError):
    """411 Length Required (RFC 9110, section 15.5.12).

    The request needs a Content-Length.
    """

    status = 411


class PreconditionFailed(HttpError):
    """412 Precondition Failed (RFC 9110, section 15.5.13).

    A condition in the headers of the request doesn't hold.
    """

    status = 412


class ContentTooLarge(HttpError):
    """413 Content Too Large (RFC 9110, section 15.5.14).

    The content is larger than the server takes; `retry_after` if only for now.
    """

    status = 413


class URITooLong(HttpError):
    """414 URI Too Long (RFC 9110, section 15.5.15).

    The address is longer than the server takes.
    """

    status = 414


class UnsupportedMediaType(HttpError):
    """415 Unsupported Media Type (RFC 9110, section 15.5.16).

    The content has a format that isn't taken; `accept` and `accept_encoding` list what is.
    """

    status = 415


class RangeNotSatisfiable(HttpError):
    """416 Range Not Satisfiable (RFC 9110, section 15.5.17).

    The ranges are beyond the resource; `length` is that of the whole, in bytes.
    """

    status = 416


class ExpectationFailed(HttpError):
    """417 Expectation Failed (RFC 9110, section 15.5.18).

    The expectation in the Expect header can't be met.
    """

    status = 417


class MisdirectedRequest(HttpError):
    """421 Misdirected Request (RFC 9110, section 15.5.20).

    The server doesn't answer for the host of the request.
    """

    status = 421


class UnprocessableContent(HttpError):
    """422 Unprocessable Content (RFC 9110, section 15.5.21).

    The content is well-formed and can't be accepted; `errors` say what is wrong.
    """

    status = 422


class Locked(HttpError):
    """423 Locked (RFC 4918, section 11.3).

    The resource is locked.
    """

    status = 423


class FailedDependency(HttpError):
    """424 Failed Dependency (RFC 4918, section 11.4).

    Another action, which this one depends on, has failed.
    """

    status = 424


class TooEarly(HttpError):
    """425 Too Early (RFC 8470, section 5.2).

    The request was sent in early data, and might be a replay.
    """

    status = 425


class UpgradeRequired(HttpError):
    """426 Upgrade Required (RFC 9110, section 15.5.22).

    Another protocol is required; `upgrade` names it.
    """

    status = 426


class PreconditionRequired(HttpError):
    """428 Precondition Required (RFC 6585, section 3).

    The request has to be conditional, such as by If-Match.
    """

    status = 428


class TooManyRequests(HttpError):
    """429 Too Many Requests (RFC 6585, section 4).

    The client has sent too many requests; `retry_after` says how long to wait.
    """

    status = 429


class RequestHeaderFieldsTooLarge(HttpError):
    """431 Request Header Fields Too Large (RFC 6585, section 5).

    The headers of the request are larger than the server takes.
    """

    status = 431


class UnavailableForLegalReasons(HttpError):
    """451 Unavailable For Legal Reasons (RFC 7725, section 3).

    Access is denied by a legal demand; `blocked_by` is the URI of who blocks it.
    """

    status = 451


class InternalServerError(HttpError):
    """500 Internal Server Error (RFC 9110, section 15.6.1).

    The server met a condition that it didn't expect.
    """

    status = 500


class NotImplemented(HttpError):
    """501 Not Implemented (RFC 9110, section 15.6.2).

    The server can't do what the request needs, for any resource.
    """

    status = 501


class BadGateway(HttpError):
    """502 Bad Gateway (RFC 9110, section 15.6.3).

    A server behind this one gave an invalid response.
    """

    status = 502


class ServiceUnavailable(HttpError):
    """503 Service Unavailable (RFC 9110, section 15.6.4).

    Overload or maintenance; `retry_after` says how long to wait.
    """

    status = 503


class GatewayTimeout(HttpError):
    """504 Gateway Timeout (RFC 9110, section 15.6.5).

    A server behind this one didn't respond in time.
    """

    status = 504


class HTTPVersionNotSupported(HttpError):
    """505 HTTP Version Not Supported (RFC 9110, section 15.6.6).

    The major version of HTTP isn't supported.
    """

    status = 505


class VariantAlsoNegotiates(HttpError):
    """506 Variant Also Negotiates (RFC 2295, section 8.1).

    The chosen representation is itself negotiated: a mistake in the configuration.
    """

    status = 506


class InsufficientStorage(HttpError):
    """507 Insufficient Storage (RFC 4918, section 11.5).

    There is no room to store what the request needs.
    """

    status = 507


class LoopDetected(HttpError):
    """508 Loop Detected (RFC 5842, section 7.2).

    The request led in a circle.
    """

    status = 508


class NotExtended(HttpError):
    """510 Not Extended (RFC 2774, section 7).

    The request lacks an extension that is required.
    """

    status = 510


class NetworkAuthenticationRequired(HttpError):
    """511 Network Authentication Required (RFC 6585, section 6).

    The client has to authenticate with the network; for portals that intercept.
    """

    status = 511


_CLASSES: tuple[type[HttpError], ...] = (
    BadRequest,
    Unauthorized,
    PaymentRequired,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    ProxyAuthenticationRequired,
    RequestTimeout,
    Conflict,
    Gone,
    LengthRequired,
    PreconditionFailed,
    ContentTooLarge,
    URITooLong,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    ExpectationFailed,
    MisdirectedRequest,
    UnprocessableContent,
    Locked,
    FailedDependency,
    TooEarly,
    UpgradeRequired,
    PreconditionRequired,
    TooManyRequests,
    RequestHeaderFieldsTooLarge,
    UnavailableForLegalReasons,
    InternalServerError,
    NotImplemented,
    BadGateway,
    ServiceUnavailable,
    GatewayTimeout,
    HTTPVersionNotSupported,
    VariantAlsoNegotiates,
    InsufficientStorage,
    LoopDetected,
    NotExtended,
    NetworkAuthenticationRequired,
)

# The exceptions by their statuses.
EXCEPTIONS: Mapping[int, type[HttpError]] = MappingProxyType(
    {each.status: each for each in _CLASSES}
)

__all__ = [
    "EXCEPTIONS",
    "BadGateway",
    "BadRequest",
    "Conflict",
    "ContentTooLarge",
    "ExpectationFailed",
    "FailedDependency",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "HTTPVersionNotSupported",
    "HttpError",
    "InsufficientStorage",
    "InternalServerError",
    "LengthRequired",
    "Locked",
    "LoopDetected",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "NetworkAuthenticationRequired",
    "NotAcceptable",
    "NotExtended",
    "NotFound",
    "NotImplemented",
    "PaymentRequired",
    "PreconditionFailed",
    "PreconditionRequired",
    "ProxyAuthenticationRequired",
    "RangeNotSatisfiable",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "ServiceUnavailable",
    "TooEarly",
    "TooManyRequests",
    "URITooLong",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "UpgradeRequired",
    "VariantAlsoNegotiates",
]
