"""``manage.py tour``: what the demo site answers, asked over HTTP."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style

from testproject import port
from testproject.asking import WIDTH, Answer, Scenario, ask, beginning, curl, differences
from testproject.scenarios import API_SCENARIOS, CLIENTS, HEADERS, JSON, SCENARIOS
from testproject.server import Server
from testproject.views import DELETED

HTML, PROBLEM, TEXT = "text/html", "application/problem+json", "text/plain"
HIDDEN, MISSING = "/documents/2/", "/documents/999/"
RETIRED = "/old-shop/shoes/"


class Command(BaseCommand):
    """Prints the tour."""

    help = "Ask the demo site what its cards are about, beside Django, and print the answers."

    # Where the site is, and where the commands that are printed have it.
    url: str
    shown_url: str

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", help="Where the site is served; left out, gunicorn serves it for the tour."
        )
        parser.add_argument(
            "--all", action="store_true", help="Ask for everything else too, in three ways each."
        )

    def handle(
        self, *args: Any, url: str | None, all: bool, force_color: bool, **options: Any
    ) -> None:
        if not force_color and (os.environ.get("NO_COLOR") or not self.stdout.isatty()):
            self.style = no_style()
        if url is None:
            # That server ends with the tour: the commands are for the one of `make demo`.
            self.shown_url = f"http://{port.HOST}:{port.chosen()}"
            with Server() as server:
                self.url = server.url
                self._show(all)
        elif urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc:
            self.url = self.shown_url = url.rstrip("/")
            self._show(all)
        else:
            raise CommandError(f"{url!r} is no address such as http://127.0.0.1:8000.")

    def _show(self, everything: bool) -> None:
        self.stdout.write(
            "The demo site, asked over HTTP. Its commands work while `make demo` runs.\n\n"
        )
        scenes: list[tuple[str, str, Callable[[], None]]] = [
            (
                "One 403, in the format that the client asked for",
                "Django alone: one page of HTML for everybody, JSON clients included.",
                self._formats,
            ),
            (
                "Gone, not missing: a rule says so, with a reason",
                "Django alone: 404, as if it had never been there.",
                self._gone,
            ),
            (
                "An editor's words, below /shop/",
                "Django alone: one 404.html for the whole site, changed by a deployment.",
                self._message,
            ),
            (
                "Spot the difference: a hidden document, and one that does not exist",
                "Django alone: 403 and 404, which tell anybody what exists.",
                self._difference,
            ),
            (
                "Why this answer?",
                "Django alone: nothing to ask; you read the URLconf and the views.",
                self._reason,
            ),
            ("Delete a document, get a 410", "Django alone: 404.", self._deletion),
        ]
        if apps.is_installed("rest_framework"):
            said = 'REST framework: {"detail": "Authentication credentials were not provided."}'
            scenes.append(("A JSON client of the API, without a login", said, self._api))
        said = 'Django alone: "Server Error (500)", and nothing to find it by in the log.'
        scenes.append(("A crash: an id to quote, and nothing of the inside", said, self._crash))
        for number, (title, said, show) in enumerate(scenes, 1):
            self._heading(number, title)
            self.stdout.write(said)
            show()
            self.stdout.write("")
        if everything:
            self._show_the_rest(len(scenes))
        self._say_what_to_click()

    def _formats(self) -> None:
        for accept in (HTML, PROBLEM, "application/json", TEXT):
            self._ask(Scenario("", "GET", "/plain-documents/2/"), accept, lines=1)

    def _gone(self) -> None:
        self._ask(Scenario("", "GET", RETIRED), TEXT)

    def _message(self) -> None:
        self._ask(Scenario("", "GET", "/shop/lamp/"), TEXT)

    def _difference(self) -> None:
        found: dict[str, None] = {}
        for path in (HIDDEN, MISSING):
            self.stdout.write(curl(self.shown_url, Scenario("", "GET", path), "*/*"))
        for accept in (HTML, PROBLEM, "application/json", TEXT):
            hidden, missing = (
                ask(self.url, Scenario("", "GET", path), accept) for path in (HIDDEN, MISSING)
            )
            found |= dict.fromkeys(differences(hidden, missing, (HIDDEN, MISSING)))
        if found:
            raise CommandError(f"{HIDDEN} and {MISSING} differ: {', '.join(found)}.")
        self.stdout.write(self._coloured(missing, f"{missing.status_line}, both"))
        self.stdout.write(
            self.style.SUCCESS("identical")
            + ", byte for byte: status, headers and content, in all four formats. What differs\n"
            "is only the address that was asked for, and the nonce, which is another one for\n"
            "every answer. The Date header is not compared."
        )

    def _reason(self) -> None:
        self.stdout.write(f"$ {_python()} manage.py explain_error {RETIRED}")
        explained = StringIO()
        call_command("explain_error", RETIRED, stdout=explained)
        # Up to the response: that is in the second scene.
        for line in explained.getvalue().partition("\nHTTP/")[0].splitlines():
            if line:
                self.stdout.write(f"  | {line}")

    def _deletion(self) -> None:
        """Send the form as a browser does, with the cookie and the token that prove it."""
        index = ask(self.url, Scenario("", "GET", "/"), HTML)
        token = index.header("Set-Cookie").partition("csrftoken=")[2].partition(";")[0]
        asked = Scenario(
            "",
            "POST",
            "/try/deletion/",
            {"Cookie": f"csrftoken={token}"},
            f"csrfmiddlewaretoken={token}",
        )
        self.stdout.write(
            f"$ token=$(curl -s -o /dev/null -c - {self.shown_url}/ |"
            " awk '/csrftoken/ {print $7}')\n"
            f"$ curl -iL -H 'Accept: {TEXT}' -b csrftoken=$token"
            " -d csrfmiddlewaretoken=$token \\\n"
            f"    {self.shown_url}{asked.path}"
        )
        sent = ask(self.url, asked, TEXT)
        self.stdout.write(f"{sent.status_line}  Location: {sent.header('Location')}")
        self._show_answer(ask(self.url, Scenario("", "GET", f"/documents/{DELETED}/"), TEXT), 3)

    def _api(self) -> None:
        scenario = Scenario("", "POST", "/api/plain-documents/", JSON, '{"title": "New"}')
        self._ask(scenario, "application/json")

    def _crash(self) -> None:
        self._ask(Scenario("", "GET", "/builtin/crash/"), "application/json", lines=5)

    def _say_what_to_click(self) -> None:
        self.stdout.write(
            "What to click, in a browser:\n"
            f"  {self.shown_url}/        the same in six cards, live, beside Django\n"
            f"  {self.shown_url}/admin/  messages and rules; sign in as editor, password editor"
        )

    def _ask(self, scenario: Scenario, accept: str, *, lines: int = 3) -> None:
        self.stdout.write(curl(self.shown_url, scenario, accept))
        self._show_answer(ask(self.url, scenario, accept), lines)

    def _show_answer(self, answer: Answer, lines: int) -> None:
        kind = answer.header("Content-Type").partition(";")[0]
        self.stdout.write(self._coloured(answer, answer.status_line) + f"  {kind}")
        text = "\n".join(filter(None, answer.text.splitlines()))
        for line in beginning(text, lines):
            self.stdout.write(f"  | {line}")

    def _heading(self, number: int, title: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"{number:2}  {title} ".ljust(WIDTH, "-")))

    def _coloured(self, answer: Answer, text: str) -> str:
        style = self.style
        colour = style.HTTP_SERVER_ERROR if answer.status >= 500 else style.HTTP_BAD_REQUEST
        coloured: str = colour(text)
        return coloured

    def _show_the_rest(self, number: int) -> None:
        self.stdout.write(
            "The rest, as a browser, a JSON client and curl ask for it: status, headers, and the\n"
            "beginning of the content, of which the words are shown where it is a page.\n\n"
        )
        scenarios = SCENARIOS + (API_SCENARIOS if apps.is_installed("rest_framework") else ())
        for each, scenario in enumerate(scenarios, number + 1):
            self._heading(each, scenario.title)
            seen: dict[object, str] = {}
            for client, accept in CLIENTS.items():
                self.stdout.write(self.style.MIGRATE_LABEL(client))
                self.stdout.write(curl(self.shown_url, scenario, accept))
                answer = ask(self.url, scenario, accept)
                headers = tuple((name, answer.header(name)) for name in HEADERS)
                first = seen.setdefault((answer.status, headers, answer.text), client)
                if first == client:
                    self._show_with_headers(answer)
                else:
                    self.stdout.write(f"  The same as for the {first}.\n\n")

    def _show_with_headers(self, answer: Answer) -> None:
        self.stdout.write(self._coloured(answer, answer.status_line))
        for name in HEADERS:
            label = f"  {name + ':':18}"
            wrapped = textwrap.wrap(
                answer.header(name),
                WIDTH,
                initial_indent=label,
                subsequent_indent=" " * len(label),
                break_on_hyphens=False,
            )
            if wrapped:
                self.stdout.write("\n".join(wrapped))
        for line in beginning(answer.text, 4):
            self.stdout.write(f"  | {line}".rstrip())
        self.stdout.write("")


def _python() -> str:
    """Return what Python is called in the project's directory: the one that runs here."""
    executable = Path(sys.executable)
    if executable.is_relative_to(settings.BASE_DIR):
        return str(executable.relative_to(settings.BASE_DIR))
    return "python"
