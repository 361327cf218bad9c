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

from django.utils.translation import pgettext_lazy

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
    (`http.headers.HEADERS`). `heading` stands over a page in the place of the title, where that
    is no help for people. `detail_with_list` says more than `detail` where the problem has the
    list that it is about. `default_problem` is the Problem of it and nothing else.
    """

    code: int
    name: str
    title: StrOrPromise
    detail: StrOrPromise
    permanence: Permanence
    required_headers: tuple[str, ...] = ()
    heading: StrOrPromise = ""
    detail_with_list: StrOrPromise = ""
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
    (400, "Bad Request", pgettext_lazy("http error", "Bad Request"), pgettext_lazy("http error", "The server could not make sense of this request. Check the address, and what was sent with it."), PERMANENT),
    (401, "Unauthorized", pgettext_lazy("http error", "Unauthorized"), pgettext_lazy("http error", "This is only for people who have signed in. If you had signed in, that may have expired."), PERMANENT, ("WWW-Authenticate",)),
    (402, "Payment Required", pgettext_lazy("http error", "Payment Required"), pgettext_lazy("http error", "This has to be paid for first. Complete the payment and try again."), PERMANENT),
    (403, "Forbidden", pgettext_lazy("http error", "Forbidden"), pgettext_lazy("http error", "You do not have permission for this. If you think that you should have it, ask the people who run this site."), PERMANENT),
    (404, "Not Found", pgettext_lazy("http error", "Not Found"), pgettext_lazy("http error", "There is nothing at this address. Check it for typing errors, or start again from the home page."), UNKNOWN),
    (405, "Method Not Allowed", pgettext_lazy("http error", "Method Not Allowed"), pgettext_lazy("http error", "This address cannot be opened in this way. Go back and try again from there."), PERMANENT, ("Allow",)),
    (406, "Not Acceptable", pgettext_lazy("http error", "Not Acceptable"), pgettext_lazy("http error", "This is not available in any format that your program accepts."), PERMANENT, ("Link",)),
    (407, "Proxy Authentication Required", pgettext_lazy("http error", "Proxy Authentication Required"), pgettext_lazy("http error", "The proxy between you and this site wants to know who you are. Sign in to the proxy and try again."), PERMANENT, ("Proxy-Authenticate",)),
    (408, "Request Timeout", pgettext_lazy("http error", "Request Timeout"), pgettext_lazy("http error", "The request took too long to arrive, and the server stopped waiting for it. Try again."), TEMPORARY),
    (409, "Conflict", pgettext_lazy("http error", "Conflict"), pgettext_lazy("http error", "This does not fit the present state of what you wanted to change; somebody else may have changed it meanwhile. Reload it, look at what is different, and try again."), UNKNOWN),
    (410, "Gone", pgettext_lazy("http error", "Gone"), pgettext_lazy("http error", "What was at this address has been removed for good."), PERMANENT),
    (411, "Length Required", pgettext_lazy("http error", "Length Required"), pgettext_lazy("http error", "The request did not say how long its content is. Send it again with a Content-Length header."), PERMANENT),
    (412, "Precondition Failed", pgettext_lazy("http error", "Precondition Failed"), pgettext_lazy("http error", "A condition of the request is not met: what you wanted to change has changed since you last saw it. Reload it and try again."), PERMANENT),
    (413, "Content Too Large", pgettext_lazy("http error", "Content Too Large"), pgettext_lazy("http error", "What was sent is larger than this site accepts. Send something smaller, or less at a time."), PERMANENT, ("Retry-After",)),
    (414, "URI Too Long", pgettext_lazy("http error", "URI Too Long"), pgettext_lazy("http error", "The address is longer than the server accepts. Shorten it, or send the data in the content of the request."), PERMANENT),
    (415, "Unsupported Media Type", pgettext_lazy("http error", "Unsupported Media Type"), pgettext_lazy("http error", "What was sent is in a format that this address does not take."), PERMANENT, ("Accept", "Accept-Post", "Accept-Patch", "Accept-Encoding")),
    (416, "Range Not Satisfiable", pgettext_lazy("http error", "Range Not Satisfiable"), pgettext_lazy("http error", "The part that was asked for does not exist. Ask for a part within the length of the whole, or for the whole."), PERMANENT, ("Content-Range",)),
    (417, "Expectation Failed", pgettext_lazy("http error", "Expectation Failed"), pgettext_lazy("http error", "The request expects something of the server that it cannot do. Send it without the Expect header."), PERMANENT),
    (421, "Misdirected Request", pgettext_lazy("http error", "Misdirected Request"), pgettext_lazy("http error", "The request reached a server that does not answer for this site. Try again with a new connection."), UNKNOWN),
    (422, "Unprocessable Content", pgettext_lazy("http error", "Unprocessable Content"), pgettext_lazy("http error", "What was sent could be read, but parts of it cannot be accepted. Correct them and send it again."), PERMANENT),
    (423, "Locked", pgettext_lazy("http error", "Locked"), pgettext_lazy("http error", "This is locked, perhaps because somebody is working on it. Try again when the lock is released."), TEMPORARY),
    (424, "Failed Dependency", pgettext_lazy("http error", "Failed Dependency"), pgettext_lazy("http error", "This could not be done because another action that it depends on failed. Look at that one first."), UNKNOWN),
    (425, "Too Early", pgettext_lazy("http error", "Too Early"), pgettext_lazy("http error", "The server will not act on a request that could have been repeated by somebody else. Try again once the connection is set up."), TEMPORARY),
    (426, "Upgrade Required", pgettext_lazy("http error", "Upgrade Required"), pgettext_lazy("http error", "The server does not take this request over the protocol that was used."), PERMANENT, ("Upgrade", "Connection")),
    (428, "Precondition Required", pgettext_lazy("http error", "Precondition Required"), pgettext_lazy("http error", "To keep changes by others from getting lost, this must be sent with a condition, such as an If-Match header. Load the present state, and send its ETag along."), PERMANENT),
    (429, "Too Many Requests", pgettext_lazy("http error", "Too Many Requests"), pgettext_lazy("http error", "There have been too many requests in a short time."), TEMPORARY, ("Retry-After",)),
    (431, "Request Header Fields Too Large", pgettext_lazy("http error", "Request Header Fields Too Large"), pgettext_lazy("http error", "The headers of the request are larger than the server accepts. It may help to delete the cookies of this site."), PERMANENT),
    (451, "Unavailable For Legal Reasons", pgettext_lazy("http error", "Unavailable For Legal Reasons"), pgettext_lazy("http error", "This cannot be shown for legal reasons."), UNKNOWN, ("Link",)),
    (500, "Internal Server Error", pgettext_lazy("http error", "Internal Server Error"), pgettext_lazy("http error", "An error on the server kept it from answering this request. It is not your fault, and it has been recorded. Try again later; if it happens again, tell the people who run this site."), UNKNOWN),
    (501, "Not Implemented", pgettext_lazy("http error", "Not Implemented"), pgettext_lazy("http error", "The server is not able to do what this request asks for."), PERMANENT),
    (502, "Bad Gateway", pgettext_lazy("http error", "Bad Gateway"), pgettext_lazy("http error", "A server that this site relies on gave an answer that makes no sense."), TEMPORARY),
    (503, "Service Unavailable", pgettext_lazy("http error", "Service Unavailable"), pgettext_lazy("http error", "The site cannot answer at the moment, because it is overloaded or being worked on."), TEMPORARY, ("Retry-After",)),
    (504, "Gateway Timeout", pgettext_lazy("http error", "Gateway Timeout"), pgettext_lazy("http error", "A server that this site relies on did not answer in time."), TEMPORARY),
    (505, "HTTP Version Not Supported", pgettext_lazy("http error", "HTTP Version Not Supported"), pgettext_lazy("http error", "The server does not support the version of HTTP that was used. Use another version."), PERMANENT),
    (506, "Variant Also Negotiates", pgettext_lazy("http error", "Variant Also Negotiates"), pgettext_lazy("http error", "The server is set up wrongly: the formats that it offers lead in a circle. Tell the people who run this site."), UNKNOWN),
    (507, "Insufficient Storage", pgettext_lazy("http error", "Insufficient Storage"), pgettext_lazy("http error", "There is no room left to store what the request needs. Try again later, or tell the people who run this site."), TEMPORARY),
    (508, "Loop Detected", pgettext_lazy("http error", "Loop Detected"), pgettext_lazy("http error", "The server gave up on this request because it led in a circle. Tell the people who run this site."), UNKNOWN),
    (510, "Not Extended", pgettext_lazy("http error", "Not Extended"), pgettext_lazy("http error", "The request lacks an extension that the server needs to answer it."), PERMANENT),
    (511, "Network Authentication Required", pgettext_lazy("http error", "Network Authentication Required"), pgettext_lazy("http error", "The network that you are on wants you to sign in first. Sign in to the network and try again."), TEMPORARY),
)  # fmt: skip

# What a page says over the explanation, where the registered phrase is none for people.
_HEADINGS: Mapping[int, StrOrPromise] = {
    400: pgettext_lazy("http error", "Something is wrong with this request"),
    401: pgettext_lazy("http error", "Sign in to continue"),
    403: pgettext_lazy("http error", "This is not allowed"),
    404: pgettext_lazy("http error", "Page not found"),
    405: pgettext_lazy("http error", "This cannot be done here"),
    406: pgettext_lazy("http error", "Not available in this format"),
    408: pgettext_lazy("http error", "This took too long"),
    409: pgettext_lazy("http error", "This has changed in the meantime"),
    410: pgettext_lazy("http error", "This page has been removed"),
    413: pgettext_lazy("http error", "This is too large"),
    415: pgettext_lazy("http error", "This format is not accepted"),
    422: pgettext_lazy("http error", "This cannot be accepted as it is"),
    429: pgettext_lazy("http error", "Too many requests"),
    451: pgettext_lazy("http error", "Not available for legal reasons"),
    500: pgettext_lazy("http error", "Something went wrong"),
    **dict.fromkeys((502, 503, 504), pgettext_lazy("http error", "Not available at the moment")),
    511: pgettext_lazy("http error", "Sign in to the network"),
}

# Where there is something to choose from: the member that lists it, and the words for that.
_LISTS: Mapping[int, tuple[str, StrOrPromise]] = {
    406: ("available", pgettext_lazy("http error", "This is not available in any format that your program accepts. Choose one of the available formats.")),
    415: ("accept", pgettext_lazy("http error", "What was sent is in a format that this address does not take. Send it in one of the accepted formats.")),
    426: ("upgrade", pgettext_lazy("http error", "The server does not take this request over the protocol that was used. Use one of those that it names.")),
}  # fmt: skip

# Where there is no home page, or this is it.
_NOTHING_HERE = pgettext_lazy(
    "http error", "There is nothing at this address. Check it for typing errors."
)

STATUSES: Mapping[int, ErrorStatus] = MappingProxyType(
    {
        code: ErrorStatus(
            code,
            phrase.replace(" ", ""),
            title,
            detail,
            permanence,
            headers[0] if headers else (),
            _HEADINGS.get(code, ""),
            _LISTS.get(code, ("", ""))[1],
        )
        for code, phrase, title, detail, permanence, *headers in _ROWS
    }
)

# RFC 9110, section 15: an unknown status is treated as the x00 of its class.
_UNREGISTERED = {
    4: (
        pgettext_lazy("http error", "Client Error"),
        pgettext_lazy(
            "http error", "The server refused this request. Check it before you try again."
        ),
        UNKNOWN,
    ),
    5: (
        pgettext_lazy("http error", "Server Error"),
        pgettext_lazy("http error", "The server could not answer this request. Try again later."),
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
        group = code // 100
        known = ErrorStatus(code, "", *_UNREGISTERED[group], heading=_HEADINGS[group * 100])
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


def lacks_list(problem: Problem) -> bool:
    """Return whether `problem` has nothing to choose from, although its status is about that."""
    return problem.status in _LISTS and not getattr(problem, _LISTS[problem.status][0])


def with_list_words(problem: Problem) -> Problem:
    """Return `problem`, speaking of the list that it has, unless it has words of its own."""
    if problem.status not in _LISTS or lacks_list(problem):
        return problem
    status = STATUSES[problem.status]
    if problem.detail is not status.detail:
        return problem
    return problem.replaced(detail=status.detail_with_list)


def without_home(problem: Problem, language: str) -> Problem:
    """Return a 404 in `language`, sending nobody to the home page in the words of the status."""
    known = translated_default(404, language)
    if problem is known:
        return _default_without_home(language)
    if problem.detail != known.detail:
        return problem
    return problem.replaced(detail=_default_without_home(language).detail)


@lru_cache(maxsize=64)
def _default_without_home(language: str) -> Problem:
    return translated_default(404, language).replaced(detail=str(_NOTHING_HERE))


@lru_cache(maxsize=1024)
def translated_default(code: int, language: str) -> Problem:
    """Return the default problem of `code` in `language`, which has to be the active one."""
    return error_status(code).default_problem.translated(language)


forget_on_change(translated_default.cache_clear)


def translated(problem: Problem, language: str) -> Problem:
    """Return `problem` in `language`, which has to be the active one; may raise what its texts do.

    The words of the status, which most problems have, are looked up once for all of them.
    """
    default = error_status(problem.status).default_problem
    if problem is default:
        return translated_default(problem.status, language)
    problem = with_list_words(problem)
    known = translated_default(problem.status, language)
    words = {
        name: getattr(known, name)
        for name in ("title", "detail")
        if getattr(problem, name) is getattr(default, name)
    }
    return problem.replaced(**words).translated(language)
