"""Documentation as a tree, and its samples run: what each prints is compared with what it says.

What a block is follows from its language and its contents: commands with what they print, Python
that sets settings, a URLconf, or Python to run. A comment before it says what can't be seen:

    .. sample: view NAME ROUTE     Python with a view, and where it is routed
    .. sample: module NAME         Python that can be imported under this name
    .. sample: template NAME       a template of the project's
    .. sample: file NAME           a file in the directory that commands are run in
    .. sample: log                 what was logged since the last look
    .. sample: style-hash          the source expression for the page's style

The samples of a section are run one after the other, each with what those before it have set up.
``.. stage: bare`` in a section takes the app out of the demo's settings first, ``.. needs: MODULE``
skips the section where that isn't installed. A line ``...`` stands for anything; line breaks don't
count.
"""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from logging.config import dictConfig
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import global_settings, settings
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path as route_to
from docutils import nodes
from docutils.core import publish_doctree

from django_http_errors.http import renderers

ROOT = Path(__file__).parent.parent
ELISION = "..."


@dataclass(frozen=True)
class Sample:
    """A block, what it is, and what its comment says of it."""

    kind: str
    arguments: tuple[str, ...]
    text: str


@dataclass
class Section:
    """A section with its samples and its directives."""

    title: str
    samples: list[Sample] = field(default_factory=list)
    stage: str = "demo"
    needs: str = ""


def tree(source: str) -> tuple[nodes.document, str]:
    """Return `source` as a tree, and what docutils has to say against it.

    The settings are those of a package index: nothing is included, and there is no raw HTML.
    """
    warnings = io.StringIO()
    options = {
        "warning_stream": warnings,
        "report_level": 2,
        "halt_level": 5,
        "syntax_highlight": "none",
        "file_insertion_enabled": False,
        "raw_enabled": False,
    }
    return publish_doctree(source, settings_overrides=options), warnings.getvalue()


def sections(document: nodes.document) -> list[Section]:
    """Return the sections of `document`, and first what stands before them."""
    within = [each for each in document.children if isinstance(each, nodes.section)]
    first = nodes.section("", nodes.title("", "the beginning"))
    first += [each.deepcopy() for each in document.children if each not in within]
    return list(map(_section, (first, *within)))


def _section(node: nodes.section) -> Section:
    found = Section(node.next_node(nodes.title).astext())
    for each in node.findall():
        if isinstance(each, nodes.comment):
            name, _, rest = each.astext().partition(": ")
            if name in ("stage", "needs"):
                setattr(found, name, rest)
        elif isinstance(each, (nodes.literal_block, nodes.doctest_block)):
            found.samples.append(_sample(each))
    return found


def _sample(block: nodes.Element) -> Sample:
    before = block.parent[max(block.parent.index(block) - 1, 0)]
    text = block.astext()
    if isinstance(before, nodes.comment) and before.astext().startswith("sample: "):
        kind, *arguments = before.astext().removeprefix("sample: ").split()
        return Sample(kind, tuple(arguments), text)
    if "console" in block["classes"]:
        return Sample("console", (), text)
    assert "python" in block["classes"], f"What is this? {text}"
    return Sample(_kind_of_python(text), (), text)


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
    """What the samples of a section have set up so far."""

    stack: ExitStack
    monkeypatch: pytest.MonkeyPatch
    directory: Path
    log: io.StringIO = field(default_factory=io.StringIO)
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "samples"})
    routes: list[Any] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)

    def override(self, **values: Any) -> None:
        self.stack.enter_context(override_settings(**values))

    def run(self, source: str, namespace: dict[str, Any] | None = None) -> dict[str, Any]:
        namespace = self.namespace if namespace is None else namespace
        # The futures of this module are none of the documentation's.
        exec(compile(source, "<sample>", "exec", dont_inherit=True), namespace)  # noqa: S102
        return namespace

    def use_urls(self, **attributes: Any) -> None:
        module = ModuleType("sample_urls")
        vars(module).update({"urlpatterns": [], **attributes})
        self.override(ROOT_URLCONF=module)

    def take_the_app_out(self) -> None:
        self.override(
            MIDDLEWARE=[each for each in settings.MIDDLEWARE if "django_http_errors" not in each],
            CSRF_FAILURE_VIEW=global_settings.CSRF_FAILURE_VIEW,
            HTTP_ERRORS={},
            REST_FRAMEWORK={},
        )
        self.use_urls()

    def perform(self, section: Section) -> None:
        if section.needs:
            pytest.importorskip(section.needs)
        if section.stage == "bare":
            self.take_the_app_out()
        for sample in section.samples:
            _RUNNERS[sample.kind](self, sample.text, *sample.arguments)


def _settings(stage: Stage, text: str) -> None:
    values = {name: value for name, value in stage.run(text, {}).items() if name.isupper()}
    if "LOGGING" in values:
        dictConfig(values.pop("LOGGING"))
        for handler in logging.getLogger().handlers:
            handler.setStream(stage.log)  # type: ignore[attr-defined]
    for name, value in values.items():
        present = getattr(settings, name, None)
        if isinstance(value, list) and Ellipsis in value:
            place = value.index(Ellipsis)
            rest = [each for each in present if each not in value]
            values[name] = [*value[:place], *rest, *value[place + 1 :]]
        elif isinstance(value, dict) and isinstance(present, dict):
            values[name] = {**present, **value}
    if "INSTALLED_APPS" in values:
        # They can't be installed anew, nor need they be.
        assert set(values.pop("INSTALLED_APPS")) <= set(settings.INSTALLED_APPS)
    stage.override(**values)


def _urls(stage: Stage, text: str) -> None:
    stage.use_urls(**stage.run(text, {"__name__": "sample_urls"}))


def _view(stage: Stage, text: str, name: str, route: str) -> None:
    stage.run(text)
    stage.routes.append(route_to(route, stage.namespace[name]))
    stage.use_urls(
        urlpatterns=[*stage.routes, *import_module("testproject.urls").urlpatterns],
    )


def _module(stage: Stage, text: str, name: str) -> None:
    module = ModuleType(name)
    stage.monkeypatch.setitem(sys.modules, name, module)
    stage.run(text, vars(module))


def _python(stage: Stage, text: str) -> None:
    stage.run(text)


def _template(stage: Stage, text: str, name: str) -> None:
    stage.templates[name] = text
    (engine,) = settings.TEMPLATES
    loaders = [
        ("django.template.loaders.locmem.Loader", dict(stage.templates)),
        "django.template.loaders.app_directories.Loader",
    ]
    options = {**engine["OPTIONS"], "loaders": loaders}
    stage.override(TEMPLATES=[{"BACKEND": engine["BACKEND"], "OPTIONS": options}])


def _file(stage: Stage, text: str, name: str) -> None:
    (stage.directory / name).write_text(f"{text}\n", encoding="utf-8")


def _log(stage: Stage, text: str) -> None:
    assert stage.log.getvalue().splitlines() == text.splitlines()
    stage.log.truncate(stage.log.seek(0))


def _style_hash(stage: Stage, text: str) -> None:
    assert text == renderers.style_hash()


def _console(stage: Stage, text: str) -> None:
    """Run the commands of a session, each with the lines that it prints."""
    for session in re.split(r"(?m)^\$ ", text)[1:]:
        command, *lines = session.replace("\\\n", "").splitlines()
        program, *arguments = shlex.split(command, comments=True)
        _COMMANDS[program](arguments, lines)


def _make(arguments: list[str], expected: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^{arguments[0]}:", makefile), arguments
    assert expected == []


def _interpreter(arguments: list[str], expected: list[str]) -> None:
    if arguments[:3] == ["-m", "pip", "install"]:
        assert arguments[3:] == ["django-http-errors"]
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
        assert _ordered(_unfolded(expected)) == _ordered(body)
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


def _ordered(text: str) -> Any:
    return json.loads(text, object_pairs_hook=list)


def words(text: str) -> str:
    """Return `text` with one blank between its words."""
    return " ".join(text.split())


_RUNNERS: dict[str, Callable[..., None]] = {
    "console": _console,
    "file": _file,
    "log": _log,
    "module": _module,
    "python": _python,
    "settings": _settings,
    "style-hash": _style_hash,
    "template": _template,
    "urls": _urls,
    "view": _view,
}
_COMMANDS: dict[str, Callable[[list[str], list[str]], None]] = {
    "curl": _curl,
    "make": _make,
    "python": _interpreter,
}


@contextmanager
def kept_logging() -> Iterator[None]:
    """Leave the root logger as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
