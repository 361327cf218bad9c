"""For your own tests: what is hidden can't be told from what isn't there.

    class Documents(TestCase):
        def test_private(self):
            document = Document.objects.create(title="Plans", public=False)
            editor = Client()
            editor.force_login(User.objects.create_superuser("editor"))
            assert_indistinguishable(
                self.client, f"/documents/{document.pk}/", "/documents/999/", visible_to=editor
            )

It works with Django's `Client`, REST framework's `APIClient` and, by
`aassert_indistinguishable`, with `AsyncClient` in async tests; from unittest and pytest.
"""

from __future__ import annotations

import gzip
import html
import json
import math
import re
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5
from http.cookies import SimpleCookie
from inspect import isawaitable
from itertools import chain, product
from statistics import median
from traceback import walk_stack
from types import CodeType
from typing import Any, TypedDict, Unpack
from urllib.parse import quote, unquote, urlsplit

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connections
from django.http.response import HttpResponseBase

from .conf import http_errors
from .explaining.routes import language_redirect, view_at

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB")

# What clients of each kind send as Accept; None: nothing.
ACCEPTS = (
    None,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/problem+json",
    "application/json",
    "text/plain",
    "image/png",
    "text/html;q=0, application/*",
)

QUERY_STRINGS = ("", "format=json&page=no-number")


@dataclass(frozen=True, slots=True)
class Variant:
    """What a request has beside its method and its Accept header."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    content_type: str = "application/octet-stream"


VARIANTS = (
    Variant("nothing else"),
    Variant("a bad content type", content=b"\0", content_type="no-type"),
    Variant("a bad body", content=b'{"title": ', content_type="application/json"),
    Variant("a form", content=b"title=x", content_type="application/x-www-form-urlencoded"),
    Variant("If-Match", {"If-Match": '"no-such-etag"'}),
    Variant("If-None-Match", {"If-None-Match": "*"}),
    Variant("If-Modified-Since", {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}),
    Variant("If-Unmodified-Since", {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}),
    Variant("Range", {"Range": "bytes=0-0"}),
    Variant("a Range that is none", {"Range": "bytes=999999-"}),
)

MOST_CHANNELS = 20
LONGEST_VALUE = 200

# What stands for the request's own path, and for an id, in what is compared and shown.
_PATH = "{path}"


@dataclass(frozen=True, slots=True)
class Probe:
    """One request of the matrix, to be made to both addresses."""

    method: str
    accept: str | None
    query_string: str
    variant: Variant

    def __str__(self) -> str:
        accept = "no Accept" if self.accept is None else f"Accept: {self.accept}"
        query = f"?{self.query_string}, " if self.query_string else ""
        return f"{self.method} with {query}{accept}, {self.variant.name}"


@dataclass(frozen=True, slots=True)
class Leak:
    """A channel that tells the hidden from the missing, and the first request that shows it."""

    channel: str
    hidden: str
    missing: str
    probe: Probe
    more: int = 0

    def __str__(self) -> str:
        more = f" (and {self.more} more)" if self.more else ""
        return (
            f"{self.channel}:\n"
            f"    hidden:  {_short(self.hidden)}\n"
            f"    missing: {_short(self.missing)}\n"
            f"    shown by {self.probe}{more}"
        )


@dataclass(frozen=True, slots=True)
class TimeDifference:
    """The median of paired differences of times, with its confidence interval, in seconds.

    The interval is that of the sign test: it goes from one order statistic of the differences to
    another, so that it holds whatever the distribution of times is.
    """

    median: float
    low: float
    high: float
    confidence: float

    @classmethod
    def of(cls, differences: Sequence[float], confidence: float = 0.95) -> TimeDifference | None:
        """Return the median of `differences`; None if they are too few for that confidence."""
        ordered = sorted(differences)
        count = len(ordered)
        tail, rank = 0.0, 0
        while True:  # ranks from both ends, as long as what is left out is rare enough
            tail += math.comb(count, rank) / 2**count
            if 2 * tail > 1 - confidence:
                break
            rank += 1
        if not rank:
            return None
        return cls(median(ordered), ordered[rank - 1], ordered[count - rank], confidence)

    @property
    def is_certain(self) -> bool:
        """Whether one of the two takes longer, as far as the confidence goes."""
        return not self.low <= 0 <= self.high

    def __str__(self) -> str:
        low, middle, high = (f"{1e6 * each:+.0f}" for each in (self.low, self.median, self.high))
        sure = "certain" if self.is_certain else "not certain"
        return (
            f"hidden minus missing {middle} µs ({low} to {high} at {100 * self.confidence:.0f} %,"
            f" {sure})"
        )


@dataclass(slots=True)
class Report:
    """What was compared, and what was measured on the way.

    probes: how many requests were made to each of the addresses
    leaks: the channels that tell the two apart; none if the assertion holds
    hidden_seconds, missing_seconds: the median time of a response
    time_difference: how much longer a hidden response takes than the missing one of the same probe,
        in seconds, with how sure that is; None for fewer than six probes
    hidden_queries, missing_queries: how many queries the database got in all; None if they
        weren't counted
    """

    hidden_url: str
    missing_url: str
    probes: int = 0
    leaks: list[Leak] = field(default_factory=list)
    hidden_seconds: float = 0.0
    missing_seconds: float = 0.0
    time_difference: TimeDifference | None = None
    hidden_queries: int | None = None
    missing_queries: int | None = None

    def __str__(self) -> str:
        queries = ""
        if self.hidden_queries is not None:
            queries = f"; {self.hidden_queries} queries for the one, {self.missing_queries} for the"
            queries += " other"
        return (
            f"{self.hidden_url} and {self.missing_url}: {self.probes} probes compared,"
            f" {len(self.leaks)} channels leak; {1000 * self.hidden_seconds:.2f} ms and"
            f" {1000 * self.missing_seconds:.2f} ms"
            f"{f', {self.time_difference}' if self.time_difference else ''}{queries}"
        )


class Options(TypedDict, total=False):
    """What `assert_indistinguishable` and its twin take by name, and explain."""

    methods: Sequence[str]
    accepts: Sequence[str | None]
    variants: Sequence[Variant]
    query_strings: Sequence[str]
    headers: Mapping[str, str] | None
    ignore: Iterable[str]
    queries: bool
    same_queries: bool
    next_url: str | None
    visible_to: Any


def assert_indistinguishable(
    client: Any, hidden_url: str, missing_url: str, **options: Unpack[Options]
) -> Report:
    """Assert that what is hidden can't be told from what isn't there, by any request.

    Both addresses are asked with every method, Accept header, variant and query string, by the
    client as it is signed in. Compared are status, reason, headers and their order,
    cookies and content; the request's own path, request ids, nonces and CSRF tokens are set
    aside, and so is Date. Addresses of the same length compare best.

    client: a `Client`, an `APIClient` or an `AsyncClient`; its cookies are what they were after
        each request
    hidden_url: the path of something that exists, and that the client may not see
    missing_url: the path of something that doesn't exist, but would be in the same place
    methods, accepts, variants, query_strings: what to ask with, in the place of what the constants
        `METHODS`, `ACCEPTS`, `VARIANTS` and `QUERY_STRINGS` have; an Accept of None is none
    headers: to send with every request, but for that of `visible_to`
    ignore: names of response headers that differ for another reason (Server-Timing)
    queries: count the database's queries too, less those that look for edits of rules and messages
        every few seconds, or write down counts: which request they fall to is chance
    same_queries: assert that both take the same number of queries
    next_url: the path of a page that shows what a visitor is left with (messages, a language, what
        is in the session), "/" if left out: it is asked for behind the first request of each
        method with each variant, and compared too; None for no such page
    visible_to: a client who may see what is hidden, and is answered a GET of `hidden_url` with a
        success: so it is there. Without one, that is for the test to see to: two addresses of the
        same view that both lead to nothing can't be told apart either

    Returns a `Report`; how long the responses take is measured, never asserted. Raises
    AssertionError, which names each channel that leaks with both values and a request that shows
    it, and ValueError if there is nothing to compare: no request, nothing in the URLconf for
    either address, no success for `visible_to`; or if the next page is another each time.
    """
    comparison = _Comparison(client, hidden_url, missing_url, **options)
    with closing(comparison.requests()) as requests:
        for request in requests:
            with request.counted(), request.timed():
                request.response = _got(request.send())
    return comparison.result()


async def aassert_indistinguishable(
    client: Any, hidden_url: str, missing_url: str, **options: Unpack[Options]
) -> Report:
    """Assert the same in an async test; see `assert_indistinguishable`."""
    comparison = _Comparison(client, hidden_url, missing_url, **options)
    with closing(comparison.requests()) as requests:
        for request in requests:
            # In the thread that the database is asked from, which isn't that of the event loop.
            counting = ExitStack()
            await sync_to_async(counting.enter_context)(request.counted())
            try:
                with request.timed():
                    request.response = await _agot(request.send())
            finally:
                await sync_to_async(counting.close)()
    return comparison.result()


async def _agot(response: Any) -> Any:
    """Return `response`, awaited if need be, with what it streams asynchronously collected."""
    if isawaitable(response):
        response = await response
    streamed: Any = getattr(response, "streaming_content", None)
    if hasattr(streamed, "__aiter__"):
        response.streaming_content = [b"".join([chunk async for chunk in streamed])]
    return response


def _got(response: Any) -> Any:
    streamed = getattr(response, "streaming_content", None)
    is_async = isawaitable(response) or hasattr(streamed, "__aiter__")
    # In a context of its own: what Django sets in it for each event loop would be carried over.
    return copy_context().run(async_to_sync(_agot), response) if is_async else response


@contextmanager
def _prepared(client: Any) -> Iterator[None]:
    """Let `client` return a crash as a response, and keep its cookies from one to the next."""
    raises = getattr(client, "raise_request_exception", True)
    cookies = client.cookies.output(header="", sep="\r\n")
    jar = {name: morsel.copy() for name, morsel in client.cookies.items()}
    client.raise_request_exception = False
    try:
        yield
    finally:
        client.raise_request_exception = raises
        if client.cookies.output(header="", sep="\r\n") != cookies:
            client.cookies = SimpleCookie()
            client.cookies.update(jar)


@cache
def _asked_now_and_then() -> frozenset[CodeType]:
    """Return what asks the database when it is time to, whatever was asked for.

    That is the look for edits, and the writing of counts when a response has been sent. Not what
    is asked for an address, where there are very many rules.
    """
    # They need the models, which aren't there yet where a `conftest.py` imports this module.
    from .core.counting import Counter  # noqa: PLC0415
    from .rules.snapshot import Snapshots  # noqa: PLC0415

    return frozenset({Snapshots.current.__code__, Counter.write.__code__})


class _Counter:
    """Counts the queries of all databases, but for those that fall to a request by chance."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, *args: Any) -> Any:
        by_chance = _asked_now_and_then()
        self.count += all(frame.f_code not in by_chance for frame, _line in walk_stack(None))
        return execute(*args)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            for connection in connections.all():
                stack.enter_context(connection.execute_wrapper(self))
            yield


class _Request:
    """One request to be made, what comes of it, and what it takes."""

    response: HttpResponseBase
    seconds = 0.0
    queries = 0

    def __init__(
        self, client: Any, url: str, probe: Probe, headers: Mapping[str, str], *, counts: bool
    ) -> None:
        self.client = client
        self.url = url
        self.probe = probe
        self.headers = headers
        self.counts = counts

    def send(self) -> Any:
        """Return the response of the client, or what it is to be awaited by."""
        probe = self.probe
        headers = {**self.headers, **probe.variant.headers}
        if probe.accept is not None:
            headers["Accept"] = probe.accept
        separator = "&" if "?" in self.url else "?"
        return self.client.generic(
            probe.method,
            f"{self.url}{separator}{probe.query_string}" if probe.query_string else self.url,
            probe.variant.content,
            content_type=probe.variant.content_type,
            headers=headers,
        )

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Take the time of what gets the response."""
        start = time.perf_counter()
        yield
        self.seconds = time.perf_counter() - start

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the queries of what gets the response."""
        counter = _Counter()
        with counter.running() if self.counts else ExitStack():
            yield
        self.queries = counter.count


@dataclass(frozen=True, slots=True)
class _Seen:
    """A response as it is compared: what differs for a good reason is set aside."""

    status: str
    reason: str
    headers: Mapping[str, str]  # in their order, their names as they are spelled
    cookies: Mapping[str, str]
    content: str
    length: int | None  # of Content-Length, for HEAD, where it is all there is to see


class _Comparison:
    """Two addresses, what was seen of each, and the channels that tell them apart."""

    def __init__(
        self,
        client: Any,
        hidden_url: str,
        missing_url: str,
        *,
        methods: Sequence[str] = METHODS,
        accepts: Sequence[str | None] = ACCEPTS,
        variants: Sequence[Variant] = VARIANTS,
        query_strings: Sequence[str] = QUERY_STRINGS,
        headers: Mapping[str, str] | None = None,
        ignore: Iterable[str] = (),
        queries: bool = False,
        same_queries: bool = False,
        next_url: str | None = "/",
        visible_to: Any = None,
    ) -> None:
        if hidden_url == missing_url:
            raise ValueError("An address can't be told from itself: two are needed.")
        self.client = client
        self.urls = (hidden_url, missing_url)
        self.matrix = (methods, accepts, query_strings, variants)
        self.headers = headers or {}
        self.ignore = {"date", *(name.lower() for name in ignore)}
        self.counts = queries or same_queries
        self.same_queries = same_queries
        self.next_url = next_url
        self.visible_to = visible_to
        self.report = Report(hidden_url, missing_url)
        self.pairs: list[tuple[_Request, _Request]] = []
        self.leaks: dict[str, Leak] = {}

    def requests(self) -> Generator[_Request, None, None]:
        """Yield the requests to make one after the other, and compare what comes of them."""
        if self.visible_to is not None:
            yield from self._visible()
        if self.next_url is not None:
            yield from self._same_twice(self.next_url)
        _methods, accepts, query_strings, _variants = self.matrix
        for parts in product(*self.matrix):
            probe = Probe(*parts)
            is_first = (probe.accept, probe.query_string) == (accepts[0], query_strings[0])
            yield from self._pair(probe, self.next_url if is_first else None)

    def _pair(self, probe: Probe, next_url: str | None) -> Generator[_Request, None, None]:
        """Yield the requests for both addresses, and those for the next page."""
        made: dict[str, _Request] = {}
        pages: dict[str, _Request] = {}
        # Each of them goes first in turn: the first pays for what is cold.
        for url in self.urls if self.report.probes % 2 else self.urls[::-1]:
            with _prepared(self.client):
                if next_url is not None:
                    yield self._page(next_url)  # Shows what earlier requests have left.
                made[url] = self._request(url, probe)
                yield made[url]
                if next_url is not None:
                    pages[url] = self._page(next_url)
                    yield pages[url]
        hidden, missing = (made[url] for url in self.urls)
        if self.visible_to is None and not (self.pairs or _is_routed(hidden, missing)):
            raise ValueError(
                f"There is nothing to compare: the URLconf has neither {_short(hidden.url)} nor"
                f" {_short(missing.url)}. If something else answers there, give a client who may"
                " see it as visible_to."
            )
        self.pairs.append((hidden, missing))
        self.report.probes += 1
        for channel, one, other in self._differences(*map(self._seen, (hidden, missing))):
            self._note(channel, one, other, probe)
        if self.same_queries and hidden.queries != missing.queries:
            one, other = (f"{each.queries} queries" for each in (hidden, missing))
            self._note("number of queries", one, other, probe)
        if pages:
            # A page may list what was asked for, or link to one of the two anyway.
            seen = [self._seen(pages[url], *self.urls) for url in self.urls]
            for channel, one, other in self._differences(*seen):
                self._note(f"the next page: {channel}", one, other, probe)

    def _visible(self) -> Generator[_Request, None, None]:
        """Yield a request of the client who may see what is hidden, and see that it is there."""
        with _prepared(self.visible_to):
            page = self._page(self.urls[0], self.visible_to)
            yield page
        status = page.response.status_code
        if not 200 <= status <= 299:
            raise ValueError(
                f"There is nothing to compare: {_short(page.url)} answers {status} to the client"
                " who may see it (visible_to)."
            )

    def _same_twice(self, next_url: str) -> Generator[_Request, None, None]:
        """Yield requests for the next page, and see that it doesn't change by itself."""
        seen: list[_Seen] = []
        for _time in range(3):
            with _prepared(self.client):
                page = self._page(next_url)
                yield page
            seen.append(self._seen(page))
        # The first one may have had a message for the visitor.
        for channel, one, other in self._differences(*seen[1:]):
            raise ValueError(
                f"The next page, {next_url!r}, is another each time ({channel}: {_short(one)},"
                f" then {_short(other)}): give another address as next_url, or None."
            )

    def _request(self, url: str, probe: Probe, client: Any = None) -> _Request:
        # They may say who asks, as a token does.
        headers = self.headers if client is None else {}
        return _Request(client or self.client, url, probe, headers, counts=self.counts)

    def _page(self, url: str, client: Any = None) -> _Request:
        return self._request(url, Probe("GET", None, "", Variant("nothing else")), client)

    def result(self) -> Report:
        """Return the report, or raise AssertionError."""
        report = self.report
        if not self.pairs:
            raise ValueError("There is nothing to compare: the matrix is empty.")
        report.leaks = list(self.leaks.values())
        report.hidden_seconds, report.missing_seconds = (
            median(each.seconds for each in requests) for requests in zip(*self.pairs, strict=True)
        )
        report.time_difference = TimeDifference.of(
            [hidden.seconds - missing.seconds for hidden, missing in self.pairs]
        )
        if self.counts:
            report.hidden_queries, report.missing_queries = (
                sum(each.queries for each in requests) for requests in zip(*self.pairs, strict=True)
            )
        if report.leaks:
            raise AssertionError(self._message())
        return report

    def _message(self) -> str:
        leaks = self.report.leaks
        many = "1 channel" if len(leaks) == 1 else f"{len(leaks)} channels"
        hidden, missing = map(_short, self.urls)
        probes = f"({self.report.probes} probes compared)"
        lines = [f"{hidden} can be told from {missing} by {many} {probes}:"]
        lines += [f"- {leak}" for leak in leaks[:MOST_CHANNELS]]
        if len(leaks) > MOST_CHANNELS:
            lines.append(f"- and {len(leaks) - MOST_CHANNELS} more channels")
        return "\n".join(lines)

    def _note(self, channel: str, hidden: str, missing: str, probe: Probe) -> None:
        known = self.leaks.get(channel)
        if known is None:
            self.leaks[channel] = Leak(channel, hidden, missing, probe)
        else:
            self.leaks[channel] = Leak(
                channel, known.hidden, known.missing, known.probe, known.more + 1
            )

    def _seen(self, request: _Request, *urls: str) -> _Seen:
        """Return the response to `request` as it is compared.

        urls: the addresses that it may show, its own if left out
        """
        response, probe = request.response, request.probe
        aside = _Aside(response, urls or (request.url,))
        sent, content = _content(response)
        headers = {
            name: aside.of(value)
            for name, value in response.headers.items()
            if name.lower() not in self.ignore
        }
        if "ETag" in headers:
            headers["ETag"] = _etag(headers["ETag"], sent, content)
        if "Expires" in headers and "max-age" in headers.get("Cache-Control", ""):
            # As Django sets it, the time that `max-age` says, which is compared: another second.
            headers["Expires"] = "(by max-age)"
        length = response.headers.get("Content-Length", "")
        # What it says of content that is there is compared with the content.
        own_length = int(length) if length.isdigit() else None
        if "Content-Length" in headers:
            headers["Content-Length"] = _length(own_length, response, len(sent), probe)
        return _Seen(
            status=str(response.status_code),
            reason=response.reason_phrase,
            headers=headers,
            cookies={name: aside.of_cookie(each) for name, each in response.cookies.items()},
            content=aside.of(content.decode("utf-8", "backslashreplace")),
            length=own_length if probe.method == "HEAD" else None,
        )

    def _differences(self, hidden: _Seen, missing: _Seen) -> Iterator[tuple[str, str, str]]:
        if hidden.status != missing.status:
            yield "status", hidden.status, missing.status
        elif hidden.reason != missing.reason:
            yield "reason phrase", hidden.reason, missing.reason
        for name, one, other in _unequal(hidden.headers, missing.headers, "(not sent)"):
            what = "redirect target, header" if name.lower() == "location" else "header"
            yield f"{what} {name}", one, other
        orders = [[*each.headers] for each in (hidden, missing)]
        if hidden.headers.keys() == missing.headers.keys() and orders[0] != orders[1]:
            yield "order of the headers", ", ".join(orders[0]), ", ".join(orders[1])
        for name, one, other in _unequal(hidden.cookies, missing.cookies, "(not set)"):
            yield f"cookie {name}", one, other
        if hidden.content != missing.content:
            yield "content", *_around_difference(hidden.content, missing.content)
        if not self._same_length(hidden, missing):
            yield "header Content-Length", str(hidden.length), str(missing.length)

    def _same_length(self, hidden: _Seen, missing: _Seen) -> bool:
        """Return whether all that makes two lengths differ can be the path, some times over."""
        if hidden.length is None or missing.length is None:
            return hidden.length is missing.length
        if any(name.lower() == "content-encoding" for name in hidden.headers):
            return True
        difference = hidden.length - missing.length
        one, other = (len(quote(unquote(urlsplit(url).path))) for url in self.urls)
        own = one - other
        return difference == 0 if own == 0 else difference % own == 0 <= difference // own


def _is_routed(*requests: _Request) -> bool:
    """Return whether the URLconf has something at an address of `requests`, or it isn't known."""
    for each in requests:
        response: Any = each.response
        request = getattr(response, "wsgi_request", None) or getattr(response, "asgi_request", None)
        if request is None or getattr(request, "urlconf", None) is not None:
            return True  # It is no test client, or the request has a URLconf of its own.
        path = request.path_info
        if view_at(path) or language_redirect(path):
            return True
    return False


def _unequal(
    hidden: Mapping[str, str], missing: Mapping[str, str], absent: str
) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*hidden, *missing)):
        one, other = hidden.get(name, absent), missing.get(name, absent)
        if one != other:
            yield name, one, other


def _length(sent: int | None, response: HttpResponseBase, received: int, probe: Probe) -> str:
    """Return what Content-Length says, if it isn't what every such response has to say."""
    if probe.method == "HEAD" and sent is not None:
        return "(compared by itself)"
    return "(that of the content)" if sent == received else response.headers["Content-Length"]


def _etag(etag: str, *contents: bytes) -> str:
    """Return `etag` without the hash of the content, which is compared by itself.

    Django makes one of that; what is set aside in the content, a CSRF token for one, changes it.
    """
    for content in contents:
        digest = md5(content, usedforsecurity=False).hexdigest()
        etag = etag.replace(digest, "{hash of the content}")
    return etag


def _content(response: HttpResponseBase) -> tuple[bytes, bytes]:
    """Return the content as it is sent, and as it was before it was compressed."""
    streamed: Any = getattr(response, "streaming_content", None)
    data: bytes = response.content if streamed is None else b"".join(streamed)  # type: ignore[attr-defined]
    is_compressed = response.headers.get("Content-Encoding") == "gzip"
    return data, gzip.decompress(data) if is_compressed else data


class _Aside:
    """What an answer may have that is the request's own, or random: it is set aside."""

    _NONCE = re.compile(r"'nonce-([^']+)'")
    _CSRF_FIELD = re.compile(
        r"""(csrf\w*["']?\s*(?:value=|:)\s*["'])([A-Za-z0-9]{64})(["'])""", re.IGNORECASE
    )
    _EXPIRES = re.compile(r"expires=[^;]*", re.IGNORECASE)

    def __init__(self, response: HttpResponseBase, urls: Iterable[str]) -> None:
        self.replacements: dict[str, str] = {}
        for spelling in chain.from_iterable(map(_spellings, urls)):
            self.replacements[spelling] = _PATH
        for request_id in _request_ids(response):
            # Its length is compared, and nothing else of it can be.
            self.replacements[request_id] = f"{{request id of {len(request_id)} characters}}"
        for name in ("Content-Security-Policy", "Content-Security-Policy-Report-Only"):
            for nonce in self._NONCE.findall(response.headers.get(name, "")):
                self.replacements[nonce] = f"{{nonce of {len(nonce)} characters}}"
                self.replacements[html.escape(nonce)] = self.replacements[nonce]
        known = sorted(filter(None, self.replacements), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)) or "(?!)")

    def of(self, text: str) -> str:
        text = self._CSRF_FIELD.sub(r"\1{CSRF token}\3", text)
        return self._known.sub(lambda found: self.replacements[found[0]], text)

    def of_cookie(self, morsel: Any) -> str:
        """Return a cookie as it is compared: a key to a session is another each time."""
        value = morsel.value
        if morsel.key in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
            value = f"{{{len(value)} characters}}"
        attributes = self._EXPIRES.sub("", morsel.OutputString()).partition(";")[2]
        return self.of(f"{morsel.key}={value};{attributes}")


def _spellings(url: str) -> set[str]:
    """Return how the path of `url` may be written in an answer, alone and with its query."""
    path = urlsplit(url).path
    decoded = {path, unquote(path), quote(unquote(path))}
    # A path of one character is everywhere.
    decoded = {each for each in decoded if len(each) > 1}
    found = set()
    for each in decoded:
        in_json = json.dumps(each)[1:-1]
        found |= {
            each,
            html.escape(each),
            quote(each, safe=""),
            in_json,
            in_json.replace("/", r"\/"),
        }
    return found


def _request_ids(response: HttpResponseBase) -> Iterator[str]:
    problem = getattr(response, "problem", None)
    for known in (
        getattr(problem, "request_id", ""),
        response.headers.get(http_errors.REQUEST_ID_HEADER, ""),
    ):
        if known:
            yield known


def _short(value: str) -> str:
    value = value.encode("unicode_escape").decode("ascii")
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"


def _around_difference(one: str, other: str) -> tuple[str, str]:
    """Return the part of each of two texts where they begin to differ."""
    pairs = enumerate(zip(one, other, strict=False))
    place = next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, place - 40)
    mark = "…" if start else ""
    return mark + one[start:] or "(none)", mark + other[start:] or "(none)"
