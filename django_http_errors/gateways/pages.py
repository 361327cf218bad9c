"""An error as a file, for a server that answers where Django can't."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from itertools import product
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from ..conf import http_errors
from ..core import pipeline
from ..core.languages import ENGLISH, is_translated
from ..core.request_info import RequestInfo
from ..core.statuses import error_status
from ..core.way_on import WayOn, has_home, may_lead_to_login, way_on
from ..explaining.explanation import request_for
from ..http.renderers import RenderInput
from ..http.representations import RendererEntry, renderers
from ..problems import Problem
from ..rules.messages import Messages
from ..rules.rows import MessageRow
from ..rules.snapshot import NOTHING, Snapshot, snapshots

# What servers answer by themselves: no answer from Django, content that is too large, too many
# requests, a file that isn't there.
STATUSES = (404, 413, 429, 502, 503, 504)

# What there is of each error: the ending of the file, and the media type.
FORMS: Mapping[str, str] = {"html": "text/html", "json": "application/problem+json"}

# Placeholders that are known for a request alone.
_OF_A_REQUEST = re.compile(r"\{(?:path|method|request_id|retry_after)\}")


class Page(NamedTuple):
    """A file: the status, the language of its words, its ending, its content."""

    status: int
    language: str
    ending: str
    content: bytes

    @property
    def name(self) -> str:
        return f"{self.language}/{self.status}.{self.ending}"

    def loads(self) -> list[str]:
        """Return the addresses that a browser loads for it, which it ought to do without."""
        found = _Loaded()
        found.feed(self.content.decode(errors="replace") if self.ending == "html" else "")
        return found.addresses


def languages() -> list[str]:
    """Return the languages that visitors can have errors in, the site's own first."""
    known = dict(settings.LANGUAGES) if http_errors.is_localised else {}
    own = settings.LANGUAGE_CODE.lower()
    return [own, *(each for each in map(str.lower, known) if each != own and is_translated(each))]


def of_single_requests(
    messages: Iterable[MessageRow], statuses: Sequence[int], host: str
) -> list[MessageRow]:
    """Return the messages that can't stand in a file, but would be in force for any address."""
    return [
        row
        for row in messages
        if _speaks_of_request(row)
        and any(row.is_for(status, "", host, row.language) for status in statuses)
    ]


def _speaks_of_request(row: MessageRow) -> bool:
    return _OF_A_REQUEST.search(f"{row.title} {row.detail}") is not None


def pages(
    statuses: Sequence[int], languages: Sequence[str], host: str, snapshot: Snapshot | None = None
) -> Iterator[Page]:
    """Yield the errors as files.

    The words are those of the site's editors for any address, and the page is by the template of
    the project's. Nothing is said of a request: its address and its id aren't known. What there
    are no words for in one of `languages` is there in English, once.

    host: whose messages are taken
    snapshot: the messages to go by; left out, those of the site
    """
    snapshot = snapshot or snapshots.current()
    messages = Messages(row for row in snapshot.messages if not _speaks_of_request(row))
    # What is gone at an address is no matter of a server that has no answer for any.
    snapshot = replace(NOTHING, version=snapshot.version, messages=messages)
    entries = renderers()
    done: set[tuple[str, int, str]] = set()
    for asked, status, ending in product(languages, statuses, FORMS):
        entry = entries.get(FORMS[ending])
        if entry is None:
            continue
        language = _language_of_words(status, asked, host, entry, snapshot)
        if (language, status, ending) not in done:
            done.add((language, status, ending))
            content = _content(status, language, host, entry, snapshot)
            yield Page(status, language, ending, content)


def _language_of_words(
    status: int, language: str, host: str, entry: RendererEntry, snapshot: Snapshot
) -> str:
    """Return `language`, or English if there are no words in it: a page is labelled with it."""
    request, info = _asking(language, host, entry, snapshot)
    problem = error_status(status).default_problem
    with translation.override(language):
        return language if pipeline.has_words(problem, request, info, entry) else ENGLISH


def _content(
    status: int, language: str, host: str, entry: RendererEntry, snapshot: Snapshot
) -> bytes:
    request, info = _asking(language, host, entry, snapshot)
    here = request.path
    with translation.override(language):
        problem = error_status(status).default_problem
        problem = pipeline.apply_policies(problem, request, info)
        find_way_on = partial(_way_on, problem, request, here)
        given = RenderInput(problem, request, "", "", None, find_way_on)
        content, _content_type = pipeline.render(entry, given)
    return content.replace(here.encode(), b"")


def _asking(
    language: str, host: str, entry: RendererEntry, snapshot: Snapshot
) -> tuple[HttpRequest, RequestInfo]:
    """Return a request for an error in `language`, and what the app makes of it."""
    # An address that stands for that of the page, wherever it is sent: a link to it is to "".
    here = f"/{secrets.token_hex(16)}"
    request = request_for(here, accept=entry.media_type, language=language, host=host)
    info = RequestInfo.of(request)
    info.snapshot, info.language, info.is_rehearsal = snapshot, language, True
    return request, info


def _way_on(problem: Problem, request: HttpRequest, here: str) -> WayOn:
    # Where somebody is to come back to after a login isn't known.
    address = "" if may_lead_to_login(problem) else here
    home = has_home(request, RequestInfo.of(request).language)
    return way_on(problem, request, lambda: address, has_home=home, is_hiding=False)


class _Loaded(HTMLParser):
    """Finds what a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get("src") or (values.get("href") if _is_loaded(tag, values) else None)
        if address and not address.startswith("data:"):
            self.addresses.append(address)


def _is_loaded(tag: str, values: dict[str, str | None]) -> bool:
    relations = (values.get("rel") or "").lower().split()
    return tag == "link" and bool({"stylesheet", "icon", "preload"}.intersection(relations))
