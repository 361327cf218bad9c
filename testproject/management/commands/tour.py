"""``manage.py tour``: what the demo site answers, asked over HTTP by three kinds of client."""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style

from testproject.server import Server

WIDTH = 100
LINES_OF_BODY = 4
SECONDS_TO_ANSWER = 30

# Who asks, and what each sends as Accept.
CLIENTS = {
    "browser": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "JSON client": "application/json",
    "curl": "*/*",
}

# The fields worth looking at, in the order in which they are shown.
FIELDS = (
    "Content-Type",
    "Content-Language",
    "Allow",
    "Accept",
    "Accept-Post",
    "Accept-Patch",
    "WWW-Authenticate",
    "Retry-After",
    "Content-Range",
    "Link",
    "Cache-Control",
    "Vary",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing to ask, and how.

    times: how often each client asks; the last answer is shown
    """

    title: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    times: int = 1


# What curl calls content that it is told no type of.
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}

SCENARIOS = (
    Scenario("An address that leads nowhere", "GET", "/no/such/page/"),
    Scenario("The same for a reader of German", "GET", "/no/such/page/", {"Accept-Language": "de"}),
    Scenario("A document that is hidden: as if it were not there", "GET", "/documents/2/"),
    Scenario("The same document, where its existence is no secret", "GET", "/plain-documents/2/"),
    Scenario("Django's response for a removed page, which is empty", "GET", "/return/410/"),
    Scenario("The wrong method: the right ones are listed", "DELETE", "/return/405/"),
    Scenario("Who are you? In an async view", "GET", "/async/raise/401/"),
    Scenario("No form that the client accepts: here are others", "GET", "/raise/406/"),
    Scenario(
        "The wrong format: here are the right ones",
        "POST",
        "/negotiated/",
        {"Content-Type": "text/csv"},
        "a,b",
    ),
    Scenario("Two things to correct", "POST", "/raise/422/", JSON, '{"title": ""}'),
    Scenario("A form without its CSRF token", "POST", "/form/", content="name=Ada"),
    Scenario("Too much at once for Django", "POST", "/builtin/data-too-big/", content="a=1"),
    Scenario("Blocked by law, and by whom", "GET", "/raise/451/"),
    Scenario("Down for maintenance: when to come back", "GET", "/raise/503/"),
    Scenario("A crash: an id to quote, and nothing of the inside", "GET", "/builtin/crash/"),
    Scenario("A host that the site doesn't serve", "GET", "/", {"Host": "elsewhere.example"}),
    Scenario("An error with a body of its own is left alone", "GET", "/own-body/404/"),
)

API_SCENARIOS = (
    Scenario("The API: a document that is hidden", "GET", "/api/documents/2/"),
    Scenario(
        "The API: writing needs a login", "POST", "/api/plain-documents/", JSON, '{"title": "New"}'
    ),
    Scenario("The API: twice in a minute is once too often", "GET", "/api/throttled/", times=2),
    Scenario("The API: a crash", "GET", "/api/crash/"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent."""

    status: int
    status_line: str
    fields: tuple[tuple[str, str], ...]
    text: str


class PageText(HTMLParser):
    """The words of an HTML page."""

    SILENT = frozenset({"head", "nav", "script", "style"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._silent += tag in self.SILENT

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data


def ask(url: str, scenario: Scenario, accept: str) -> Answer:
    """Ask the server at `url` for what `scenario` says, as often as it says."""
    for _ in range(scenario.times):
        answer = _ask_once(url, scenario, accept)
    return answer


def _ask_once(url: str, scenario: Scenario, accept: str) -> Answer:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=SECONDS_TO_ANSWER)
    try:
        connection.request(
            scenario.method,
            parts.path.rstrip("/") + scenario.path,
            scenario.content or None,
            {"Accept": accept, **(FORM if scenario.content else {}), **scenario.headers},
        )
        return _read(connection.getresponse())
    except (OSError, HTTPException) as error:
        raise CommandError(f"{url} doesn't answer: {error}") from error
    finally:
        connection.close()


def _read(response: HTTPResponse) -> Answer:
    text = response.read().decode("utf-8", "replace")
    is_page = response.headers.get_content_type() == "text/html"
    return Answer(
        response.status,
        f"HTTP/{response.version / 10} {response.status} {response.reason}",
        tuple((name, response.headers[name]) for name in FIELDS if name in response.headers),
        " ".join(PageText(text).text.split()) if is_page else text,
    )


def curl(url: str, scenario: Scenario, accept: str) -> str:
    """Return the command that asks the same, on several lines where it is long."""
    arguments = ["curl -i"]
    # curl makes it a GET, or with content a POST, if it isn't told otherwise.
    if scenario.method != ("POST" if scenario.content else "GET"):
        arguments.append(f"-X {scenario.method}")
    # curl sends */* unasked.
    accepted = {} if accept == "*/*" else {"Accept": accept}
    for name, value in {**accepted, **scenario.headers}.items():
        arguments.append("-H " + shlex.quote(f"{name}: {value}"))
    if scenario.content:
        arguments.append("-d " + shlex.quote(scenario.content))
    arguments.append(url.rstrip("/") + scenario.path)
    lines = [arguments[0]]
    for argument in arguments[1:]:
        if len(lines[-1]) + len(argument) + len("$  \\") > WIDTH:
            lines[-1] += " \\"
            lines.append(f"    {argument}")
        else:
            lines[-1] += f" {argument}"
    return "$ " + "\n".join(lines)


def beginning(text: str) -> Iterator[str]:
    """Yield the first lines of `text`, none of them too long for the terminal."""
    room = WIDTH - len("  | ")
    lines = [each for line in text.splitlines() for each in textwrap.wrap(line, room) or [""]]
    yield from lines[:LINES_OF_BODY]
    if len(lines) > LINES_OF_BODY:
        yield "..."


class Command(BaseCommand):
    """Prints the tour."""

    help = "Ask the demo site as a browser, as a JSON client and as curl, and print the answers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", help="Where the site is served; left out, gunicorn serves it for the tour."
        )

    def handle(self, *args: Any, url: str | None, force_color: bool, **options: Any) -> None:
        if not force_color and (os.environ.get("NO_COLOR") or not self.stdout.isatty()):
            self.style = no_style()
        if url is None:
            with Server() as server:
                self._show(server.url)
        elif urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc:
            self._show(url)
        else:
            raise CommandError(f"{url!r} is no address such as http://127.0.0.1:8000.")

    def _show(self, url: str) -> None:
        self.stdout.write(
            f"What {url} answers to a browser, a JSON client and curl: status, fields, and the\n"
            "beginning of the body, of which the words are shown where it is a page.\n\n"
        )
        scenarios = SCENARIOS + (API_SCENARIOS if apps.is_installed("rest_framework") else ())
        for number, scenario in enumerate(scenarios, 1):
            heading = f"{number:2}  {scenario.title} "
            self.stdout.write(self.style.MIGRATE_HEADING(heading.ljust(WIDTH, "-")))
            seen: dict[Answer, str] = {}
            for client, accept in CLIENTS.items():
                self.stdout.write(self.style.MIGRATE_LABEL(client))
                self.stdout.write(curl(url, scenario, accept))
                answer = ask(url, scenario, accept)
                first = seen.setdefault(answer, client)
                if first == client:
                    self._show_answer(answer)
                else:
                    self.stdout.write(f"  The same as for the {first}.\n\n")

    def _show_answer(self, answer: Answer) -> None:
        style = self.style
        colour = style.HTTP_SERVER_ERROR if answer.status >= 500 else style.HTTP_BAD_REQUEST
        self.stdout.write(colour(answer.status_line))
        for name, value in answer.fields:
            label = f"  {name + ':':18}"
            wrapped = textwrap.wrap(
                value,
                WIDTH,
                initial_indent=label,
                subsequent_indent=" " * len(label),
                break_on_hyphens=False,
            )
            self.stdout.write("\n".join(wrapped))
        for line in beginning(answer.text):
            self.stdout.write(f"  | {line}".rstrip())
        self.stdout.write("")
