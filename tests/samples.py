"""The samples of the documentation, run: what each prints is compared with what it says.

What a block is follows from its language and its contents: commands with what they print, Python
that sets settings, a URLconf, or Python to run. A comment before it says what can't be seen:

    .. sample: view NAME ROUTE     Python with a view, and where it is routed
    .. sample: module NAME         Python that can be imported under this name
    .. sample: template NAME       a template of the project's
    .. sample: file NAME           a file in the directory that commands are run in
    .. sample: tests               Python with a TestCase, whose tests are run
    .. sample: log                 what was logged since the last look
    .. sample: style-hash          the source expression for the page's style
    .. sample: skip                nothing is run

A block in another language is run only where such a comment says how. The samples of a page are run
one after the other, each with what those before it have set up. ``.. stage: bare`` puts what
``startproject`` makes in the place of the demo, ``.. stage: PAGE`` what the page of that name has
made of it, and ``.. stage: demo`` the demo's URLconf again. From there on a setting or a route that
stands in a line of the text is set up too. ``.. without: APP`` takes an app out of the project,
``.. needs: MODULE`` skips the rest of the page where that isn't installed. A line ``...`` stands
for anything; line breaks don't count.
"""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import runpy
import shlex
import sys
import unittest
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from logging.config import dictConfig
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import global_settings, settings
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver
from django.urls import path as route_to
from docutils import nodes

from django_http_errors.http import renderers
from django_http_errors.rules.snapshot import snapshots

ROOT = Path(__file__).parent.parent
ELISION = "..."
DIRECTIVE = re.compile(r"(sample|stage|without|needs): (.+)")
SETTING = re.compile(r"[A-Z_]+ = .+")
ROUTE = re.compile(r"path\(.+\)")


def samples(document: nodes.document) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield what is to be done for a page, in its order: its kind, a block, what a comment says."""
    said: tuple[str, ...] = ()
    is_on_a_stage = False
    for node in document.findall():
        directive = DIRECTIVE.fullmatch(node.astext()) if isinstance(node, nodes.comment) else None
        if directive and directive[1] == "sample":
            said = tuple(directive[2].split())
        elif directive:
            is_on_a_stage = is_on_a_stage or directive[1] == "stage"
            yield directive[1], "", (directive[2],)
        elif isinstance(node, (nodes.literal_block, nodes.doctest_block)):
            kind, *arguments = said or (_kind(node, node.astext()),)
            said = ()
            if kind != "skip":
                yield kind, node.astext(), tuple(arguments)
        elif is_on_a_stage and isinstance(node, nodes.literal):
            for kind, pattern in (("settings", SETTING), ("route", ROUTE)):
                if pattern.fullmatch(node.astext()):
                    yield kind, node.astext(), ()


def _kind(block: nodes.Element, text: str) -> str:
    languages = {block.get("language"), *block["classes"]}
    if "console" in languages:
        return "console"
    return _kind_of_python(text) if "python" in languages else "skip"


def _kind_of_python(text: str) -> str:
    assigned = [
        target.id if isinstance(statement, ast.Assign) and isinstance(target, ast.Name) else ""
        for statement in ast.parse(text).body
        for target in getattr(statement, "targets", [None])
    ]
    if all(map(str.isupper, assigned)):
        return "settings"
    return "urls" if "urlpatterns" in assigned else "python"


@dataclass
class Stage:
    """What the samples of a page have set up so far."""

    stack: ExitStack
    monkeypatch: pytest.MonkeyPatch
    directory: Path
    # The page of a name, as a tree.
    document: Callable[[str], nodes.document]
    log: io.StringIO = field(default_factory=io.StringIO)
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "samples"})
    templates: dict[str, str] = field(default_factory=dict)

    def override(self, **values: Any) -> None:
        self.stack.enter_context(override_settings(**values))

    def run(self, source: str, namespace: dict[str, Any] | None = None) -> dict[str, Any]:
        namespace = self.namespace if namespace is None else namespace
        # The futures of this module are none of the documentation's.
        exec(compile(source, "<sample>", "exec", dont_inherit=True), namespace)  # noqa: S102
        return namespace

    def use_urls(self, **attributes: Any) -> None:
        name = "shop.urls"
        module = ModuleType(name)
        vars(module).update({"urlpatterns": [], **attributes})
        self.monkeypatch.setitem(sys.modules, name, module)
        self.override(ROOT_URLCONF=name)

    def perform(self, document: nodes.document) -> None:
        for kind, text, arguments in samples(document):
            getattr(self, f"do_{kind.replace('-', '_')}")(text, *arguments)

    def do_stage(self, text: str, name: str) -> None:
        if name == "bare":
            self._start_project()
        elif name == "demo":
            self.override(ROOT_URLCONF="testproject.urls")
        else:
            self.perform(self.document(f"docs/{name}.rst"))

    def _start_project(self) -> None:
        call_command("startproject", "shop", str(self.directory))
        made, urls = (
            runpy.run_path(str(self.directory / "shop" / name))
            for name in ("settings.py", "urls.py")
        )
        names = ("DEBUG", "ALLOWED_HOSTS", "MIDDLEWARE", "TEMPLATES")
        self.override(
            **{name: made[name] for name in names},
            CSRF_FAILURE_VIEW=global_settings.CSRF_FAILURE_VIEW,
            HTTP_ERRORS={},
            REST_FRAMEWORK={},
        )
        self.use_urls(urlpatterns=urls["urlpatterns"])

    def do_without(self, text: str, name: str) -> None:
        self.monkeypatch.delitem(apps.app_configs, name, raising=False)

    def do_needs(self, text: str, name: str) -> None:
        pytest.importorskip(name)

    def do_settings(self, text: str) -> None:
        values = {name: value for name, value in self.run(text, {}).items() if name.isupper()}
        if "LOGGING" in values:
            dictConfig(values.pop("LOGGING"))
            for handler in logging.getLogger().handlers:
                handler.setStream(self.log)  # type: ignore[attr-defined]
        for name, value in values.items():
            present = getattr(settings, name, None)
            if isinstance(value, list) and Ellipsis in value:
                place = value.index(Ellipsis)
                rest = [each for each in present if each not in value]
                values[name] = [*value[:place], *rest, *value[place + 1 :]]
            elif isinstance(value, dict) and isinstance(present, dict):
                values[name] = {**present, **value}
            elif name == "ALLOWED_HOSTS":
                values[name] = [*value, "testserver"]  # as setup_test_environment() does
        if "INSTALLED_APPS" in values:
            # They can't be installed anew, nor need they be.
            assert set(values.pop("INSTALLED_APPS")) <= set(settings.INSTALLED_APPS)
        self.override(**values)

    def do_urls(self, text: str) -> None:
        self.use_urls(**self.run(text, {"__name__": "sample_urls"}))

    def do_view(self, text: str, name: str, route: str) -> None:
        self.run(text)
        self._add_route(route_to(route, self.namespace[name]))

    def do_route(self, text: str) -> None:
        known = {**self.namespace, "path": route_to, "admin": admin}
        self._add_route(self.run(f"added = {text}", known)["added"])

    def _add_route(self, route: Any) -> None:
        present = get_resolver(settings.ROOT_URLCONF).url_patterns
        self.use_urls(urlpatterns=[route, *present])

    def do_module(self, text: str, name: str) -> None:
        module = ModuleType(name)
        self.monkeypatch.setitem(sys.modules, name, module)
        self.run(text, vars(module))

    def do_python(self, text: str) -> None:
        self.run(text)

    def do_tests(self, text: str) -> None:
        defined = self.run(text, {"__name__": "sample_tests"}).values()
        (case,) = (each for each in defined if getattr(each, "__module__", "") == "sample_tests")
        tests = [*unittest.defaultTestLoader.loadTestsFromTestCase(case)]
        assert tests
        # Those of a project begin in a transaction that has no edits yet.
        connection = connections[DEFAULT_DB_ALIAS]
        with self.monkeypatch.context() as patch:
            patch.setattr(connection, "run_on_commit", [])
            for test in tests:
                test.debug()
        snapshots.forget()

    def do_template(self, text: str, name: str) -> None:
        self.templates[name] = text
        (engine,) = settings.TEMPLATES
        loaders = [
            ("django.template.loaders.locmem.Loader", dict(self.templates)),
            "django.template.loaders.app_directories.Loader",
        ]
        options = {**engine["OPTIONS"], "loaders": loaders}
        self.override(TEMPLATES=[{"BACKEND": engine["BACKEND"], "OPTIONS": options}])

    def do_file(self, text: str, name: str) -> None:
        (self.directory / name).write_text(f"{text}\n", encoding="utf-8")

    def do_log(self, text: str) -> None:
        assert self.log.getvalue().splitlines() == text.splitlines()
        self.log.truncate(self.log.seek(0))

    def do_style_hash(self, text: str) -> None:
        assert text == renderers.style_hash()

    def do_console(self, text: str) -> None:
        """Run the commands of a session, each with the lines that it prints."""
        runners = {"curl": _curl, "make": _make, "python": _interpreter}
        for session in re.split(r"(?m)^\$ ", text)[1:]:
            command, *lines = session.replace("\\\n", "").splitlines()
            program, *arguments = shlex.split(command, comments=True)
            runners[program](arguments, lines)


def _make(arguments: list[str], expected: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^{arguments[0]}:", makefile), arguments
    assert expected == []


def _interpreter(arguments: list[str], expected: list[str]) -> None:
    if arguments[:3] == ["-m", "pip", "install"]:
        assert all(re.fullmatch(r"django-http-errors(\[[\w,]+\])?", each) for each in arguments[3:])
        return
    program, name, *rest = arguments
    assert program == "manage.py"
    out = io.StringIO()
    try:
        call_command(name, *rest, stdout=out, stderr=out)
    except CommandError as error:
        out.write(f"CommandError: {error}\n")
    if name != "migrate":  # says what it applies, of which there is nothing
        _compare_text(out.getvalue(), "\n".join(expected))


def _curl(arguments: list[str], expected: list[str]) -> None:
    response = _asked(arguments)
    if "-i" in arguments:
        end = expected.index("") if "" in expected else len(expected)
        _compare_head(response, _unfolded("\n".join(expected[:end])).splitlines())
        expected = expected[end + 1 :]
        if not expected:
            return
    _compare_body(response, "\n".join(expected))


def _asked(arguments: list[str]) -> HttpResponse:
    """Return what the site answers to curl's `arguments`."""
    method, data, url, headers = None, "", "", {"Accept": "*/*"}
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "-X":
            method = next(remaining)
        elif argument == "-H":
            name, _, value = next(remaining).partition(": ")
            headers[name] = value
        elif argument == "-d":
            data = next(remaining)
        elif argument not in ("-i", "-s"):
            assert argument.startswith("http://127.0.0.1:8000/")
            url = argument
    parts = urlsplit(url)
    return Client(raise_request_exception=False).generic(
        method or ("POST" if data else "GET"),
        parts.path,
        data,
        headers.pop("Content-Type", "application/x-www-form-urlencoded") if data else "",
        headers=headers,
        SERVER_NAME=parts.hostname,
        SERVER_PORT=str(parts.port),
        QUERY_STRING=parts.query,
    )


def _unfolded(text: str) -> str:
    return re.sub(r"\n[ \t]+", " ", text)


def _compare_head(response: HttpResponse, expected: list[str]) -> None:
    status_line, *lines = expected
    assert status_line == f"HTTP/1.1 {response.status_code} {response.reason_phrase}"
    sent = {f"{name}: {value}" for name, value in response.headers.items()}
    listed = set(lines) - {ELISION}
    assert listed <= sent, (listed - sent, sent)
    assert ELISION in lines or listed == sent


def _compare_body(response: HttpResponse, expected: str) -> None:
    body = response.content.decode()
    if "json" in response["Content-Type"] and ELISION not in expected.split():
        ordered = json.JSONDecoder(object_pairs_hook=list).decode
        assert ordered(_unfolded(expected)) == ordered(body.strip())
    else:
        _compare_text(body, expected)


def _compare_text(text: str, expected: str) -> None:
    pieces = [words(piece) for piece in re.split(r"(?m)^\.\.\.$", expected)]
    text = words(text)
    if len(pieces) == 1:
        assert text == pieces[0]
    assert text.startswith(pieces[0])
    assert text.endswith(pieces[-1])
    place = 0
    for piece in pieces:
        place = text.find(piece, place)
        assert place >= 0, (piece, text)
        place += len(piece)


def words(text: str) -> str:
    """Return `text` with one blank between its words."""
    return " ".join(text.split())


@contextmanager
def kept_logging() -> Iterator[None]:
    """Leave the root logger as it was found, and all logging on."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.disable(logging.NOTSET)
