"""Every registered 4xx and 5xx status, as one table.

The statuses and their phrases are those of IANA's HTTP Status Code Registry (RFC 9110, section
16.2). The classes in `exceptions` and `views` are checked against these rows by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from ..conf import forget_on_change
from ..problems import Permanence, Problem

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TEMPORARY, PERMANENT, UNKNOWN = Permanence.TEMPORARY, Permanence.PERMANENT, Permanence.UNKNOWN


@dataclass(frozen=True, slots=True)
class ErrorStatus:
    """What is known of a status before anything is known of the request.

    `name` is the name of its exception, "" for an unregistered status. `title` is the registered
    phrase, `detail` says what happened and what a person can do, `required_headers` names the
    headers that an answer with this status carries when their values are known
    (`http.headers.HEADERS`). `default_problem` is the Problem of it and nothing else.
    """

    code: int
    name: str
    title: StrOrPromise
    detail: StrOrPromise
    permanence: Permanence
    required_headers: tuple[str, ...] = ()
    default_problem: Problem = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        problem = Problem(
            status=self.code, title=self.title, detail=self.detail, permanence=self.permanence
        )
        object.__setattr__(self, "default_problem", problem)

    def problem(self, **members: Any) -> Problem:
        """Return the default problem, with `members` in the place of its own."""
        return self.default_problem.replaced(**members) if members else self.default_problem


# Each row: status, phrase, title, detail, permanence, required headers.
_ROWS: tuple[tuple[Any, ...], ...] = (
    (400, "Bad Request", _("Bad Request"), _("The server could not make sense of this request. Check the address and what was sent with it."), PERMANENT),
    (401, "Unauthorized", _("Unauthorized"), _("This address is only for visitors who have signed in, and this request did not say who you are, or not in a way that was accepted. Sign in and try again."), PERMANENT, ("WWW-Authenticate",)),
    (402, "Payment Required", _("Payment Required"), _("This has to be paid for first. Complete the payment and try again."), PERMANENT),
    (403, "Forbidden", _("Forbidden"), _("The server understood this request and refuses it: you are not allowed to do this. If you think that you should be, ask those who run this site."), PERMANENT),
    (404, "Not Found", _("Not Found"), _("There is nothing at this address. Check it for typing errors, or start again from the home page."), UNKNOWN),
    (405, "Method Not Allowed", _("Method Not Allowed"), _("This address exists, but not for the method that was used."), PERMANENT, ("Allow",)),
    (406, "Not Acceptable", _("Not Acceptable"), _("What you asked for is not available in a form that your program accepts. Choose one of the available forms."), PERMANENT, ("Link",)),
    (407, "Proxy Authentication Required", _("Proxy Authentication Required"), _("The proxy between you and this site wants to know who you are. Sign in to the proxy and try again."), PERMANENT, ("Proxy-Authenticate",)),
    (408, "Request Timeout", _("Request Timeout"), _("The request took too long to arrive, and the server stopped waiting for it. Try again."), TEMPORARY),
    (409, "Conflict", _("Conflict"), _("This clashes with the present state of what you wanted to change; somebody else may have changed it meanwhile. Reload it, look at what is different, and try again."), UNKNOWN),
    (410, "Gone", _("Gone"), _("What was at this address has been removed for good. Please remove links that lead here."), PERMANENT),
    (411, "Length Required", _("Length Required"), _("The request did not say how long its content is. Send it again with a Content-Length field."), PERMANENT),
    (412, "Precondition Failed", _("Precondition Failed"), _("A condition that the request set does not hold: what you wanted to change has changed since you last saw it. Reload it and try again."), PERMANENT),
    (413, "Content Too Large", _("Content Too Large"), _("What was sent is larger than the server accepts. Send less at a time."), PERMANENT, ("Retry-After",)),
    (414, "URI Too Long", _("URI Too Long"), _("The address is longer than the server accepts. Shorten it, or send the data in the content of the request."), PERMANENT),
    (415, "Unsupported Media Type", _("Unsupported Media Type"), _("What was sent is in a format that this address does not take. Send it in one of the accepted formats."), PERMANENT, ("Accept", "Accept-Post", "Accept-Patch", "Accept-Encoding")),
    (416, "Range Not Satisfiable", _("Range Not Satisfiable"), _("The part that was asked for does not exist. Ask for a part within the length of the whole, or for the whole."), PERMANENT, ("Content-Range",)),
    (417, "Expectation Failed", _("Expectation Failed"), _("The request expects something of the server that it cannot do. Send it without the Expect field."), PERMANENT),
    (421, "Misdirected Request", _("Misdirected Request"), _("The request reached a server that does not answer for this site. Try again with a new connection."), UNKNOWN),
    (422, "Unprocessable Content", _("Unprocessable Content"), _("What was sent could be read, but parts of it cannot be accepted. Correct them and send it again."), PERMANENT),
    (423, "Locked", _("Locked"), _("This is locked, perhaps because somebody is working on it. Try again when the lock is released."), TEMPORARY),
    (424, "Failed Dependency", _("Failed Dependency"), _("This could not be done because another action that it depends on failed. Look at that one first."), UNKNOWN),
    (425, "Too Early", _("Too Early"), _("The server will not act on a request that could have been repeated by somebody else. Try again once the connection is set up."), TEMPORARY),
    (426, "Upgrade Required", _("Upgrade Required"), _("The server refuses this request over the present protocol. Use the one that it names."), PERMANENT, ("Upgrade", "Connection")),
    (428, "Precondition Required", _("Precondition Required"), _("To keep changes by others from getting lost, this must be sent with a condition such as If-Match. Load the present state, and send its ETag along."), PERMANENT),
    (429, "Too Many Requests", _("Too Many Requests"), _("There have been too many requests in a short time. Wait a little before you try again."), TEMPORARY, ("Retry-After",)),
    (431, "Request Header Fields Too Large", _("Request Header Fields Too Large"), _("The header fields of the request are larger than the server accepts. Deleting the cookies of this site may help."), PERMANENT),
    (451, "Unavailable For Legal Reasons", _("Unavailable For Legal Reasons"), _("This cannot be shown for legal reasons."), UNKNOWN, ("Link",)),
    (500, "Internal Server Error", _("Internal Server Error"), _("Something went wrong on the server. It is not your fault, and those who run this site have a record of it. Try again later; if it happens again, tell them."), UNKNOWN),
    (501, "Not Implemented", _("Not Implemented"), _("The server does not have the ability that this request needs. Trying again will not help."), PERMANENT),
    (502, "Bad Gateway", _("Bad Gateway"), _("A server that this one relies on gave an answer that makes no sense. Try again in a little while."), TEMPORARY),
    (503, "Service Unavailable", _("Service Unavailable"), _("The site cannot answer at the moment, because it is overloaded or being worked on. Try again in a little while."), TEMPORARY, ("Retry-After",)),
    (504, "Gateway Timeout", _("Gateway Timeout"), _("A server that this one relies on did not answer in time. Try again in a little while."), TEMPORARY),
    (505, "HTTP Version Not Supported", _("HTTP Version Not Supported"), _("The server does not speak the version of HTTP that was used. Use another version."), PERMANENT),
    (506, "Variant Also Negotiates", _("Variant Also Negotiates"), _("The server is set up wrongly: the forms that it offers lead in a circle. Tell those who run this site."), UNKNOWN),
    (507, "Insufficient Storage", _("Insufficient Storage"), _("There is no room left to store what the request needs. Try again later, or tell those who run this site."), TEMPORARY),
    (508, "Loop Detected", _("Loop Detected"), _("The server gave up on this request because it led in a circle. Tell those who run this site."), UNKNOWN),
    (510, "Not Extended", _("Not Extended"), _("The request lacks an extension that the server needs to answer it."), PERMANENT),
    (511, "Network Authentication Required", _("Network Authentication Required"), _("The network that you are on wants you to sign in first. Sign in to the network and try again."), TEMPORARY),
)  # fmt: skip

STATUSES: Mapping[int, ErrorStatus] = MappingProxyType(
    {
        code: ErrorStatus(code, phrase.replace(" ", ""), title, detail, permanence, *headers)
        for code, phrase, title, detail, permanence, *headers in _ROWS
    }
)

# RFC 9110, section 15: an unknown status is treated as the x00 of its class.
_UNREGISTERED = {
    4: (
        _("Client Error"),
        _("The server refused this request. Check it before you try again."),
        UNKNOWN,
    ),
    5: (
        _("Server Error"),
        _("The server could not answer this request. Try again later."),
        UNKNOWN,
    ),
}


def error_status(code: int) -> ErrorStatus:
    """Return what is known of the status `code`; an unregistered one has its class's words.

    Raises ValueError for what isn't an error status (400 to 599).
    """
    known = STATUSES.get(code)
    if known is None:
        if not 400 <= code <= 599:
            raise ValueError(f"{code} is not the status of an error")
        known = ErrorStatus(code, "", *_UNREGISTERED[4 if code < 500 else 5])
    return known


def with_status(problem: Problem, status: int) -> Problem:
    """Return `problem` under another status, with the words of that where it has no own ones.

    Raises ValueError for what isn't an error status.
    """
    before, after = error_status(problem.status), error_status(status)
    members = {
        name: getattr(after, name)
        for name in ("title", "detail", "permanence")
        if getattr(problem, name) == getattr(before, name)
    }
    return problem.replaced(status=status, **members)


@lru_cache(maxsize=1024)
def translated_default(code: int, language: str) -> Problem:
    """Return the default problem of `code` in `language`, which has to be the active one."""
    return error_status(code).default_problem.translated(language)


forget_on_change(translated_default.cache_clear)


# For a person, "permanent" has two meanings: the thing is gone, or the request is wrong.
_LASTING = frozenset({410, 501, 505})
_NOTES = {
    TEMPORARY: _("This is temporary: the same request may succeed later."),
    PERMANENT: _(
        "This is permanent for this request: sent again as it is, it will get the same answer."
    ),
    UNKNOWN: _("It is not known whether this is temporary or permanent."),
}
_LASTING_NOTE = _("This is permanent: trying again later will not help.")


def permanence_note(problem: Problem) -> StrOrPromise:
    """Return the sentence that says to a person whether the situation lasts."""
    if problem.permanence is PERMANENT and problem.status in _LASTING:
        return _LASTING_NOTE
    return _NOTES[problem.permanence]
