"""Asking a server over HTTP, and showing that on a terminal: for the tour."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from django.core.management.base import CommandError

WIDTH = 100
SECONDS_TO_ANSWER = 30

# What curl calls content that it is told no type of.
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent."""

    status: int
    status_line: str
    headers: tuple[tuple[str, str], ...]
    content: str

    def header(self, name: str) -> str:
        """Return the value of the header called `name`, "" if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        """The content; of a page, its words."""
        if not self.header("Content-Type").startswith("text/html"):
            return self.content
        return " ".join(PageText(self.content).text.split())


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
    return Answer(
        response.status,
        f"HTTP/{response.version / 10} {response.status} {response.reason}",
        tuple(response.getheaders()),
        response.read().decode("utf-8", "replace"),
    )


def differences(one: Answer, other: Answer, paths: tuple[str, str]) -> list[str]:
    """Return in what the answers for two `paths` differ, which are "content" and names of headers.

    Replaced before comparing are the address that was asked for, and the nonce, which is another
    one for every answer. Not compared is Date, which is a clock.
    """
    first, second = map(_comparable, (one, other), paths)
    names = dict.fromkeys((*first, *second))
    return [name for name in names if first.get(name) != second.get(name)]


def _comparable(answer: Answer, path: str) -> dict[str, str]:
    nonce = re.search("'nonce-([^']+)'", answer.header("Content-Security-Policy"))
    parts = {"status": answer.status_line, "content": answer.content}
    for name, value in answer.headers:
        if name != "Date":
            parts[name] = parts.get(name, "") + value + "\n"
    if nonce:
        parts = {name: value.replace(nonce[1], "NONCE") for name, value in parts.items()}
    return {name: value.replace(path, "ADDRESS") for name, value in parts.items()}


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


def beginning(text: str, most: int) -> Iterator[str]:
    """Yield the first lines of `text`, none of them too long for the terminal."""
    room = WIDTH - len("  |  ...")
    lines = [each for line in text.splitlines() for each in textwrap.wrap(line, room) or [""]]
    yield from lines[: most - 1]
    yield from (f"{each} ..." if len(lines) > most else each for each in lines[most - 1 : most])
