"""The README: each block is run, each table compared, and nothing in it is left untested.

A comment before a block or a table says how: ``.. example: KIND ARGUMENTS``. The examples of a
chapter are run one after the other, each with what the ones before it have set up.

    console      commands, with what they print: curl asks the demo site in this process
    settings     Python whose names are overridden; ``...`` in a list stands for what is there
    urls         Python that is the root URLconf from here on
    view         Python with a view; its name and its route follow
    module       Python that can be imported under the name that follows
    python       Python that runs
    template     a template of the project's; its name follows
    log          what was logged since the last look
    file         a file in the directory that commands are run in; its name follows
    names        a drawing: the dotted names in it exist in the package
    style-hash   the source expression for the page's style
    table        compared with the code, by the function that `TABLES` has for the name

``.. stage: bare`` in a chapter takes the app out of the demo site's settings first, and
``.. needs: MODULE`` skips the chapter where that isn't installed. What ``curl -i`` prints is all
that a field or a body holds, unless there is a line ``...``. Line breaks don't count.
"""

from __future__ import annotations

import ast
import configparser
import inspect
import io
import json
import logging
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from logging.config import dictConfig
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import global_settings, settings
from django.core import exceptions as django_exceptions
from django.core.management import CommandError, call_command
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.http import Http404, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import Client, override_settings
from django.urls import path as route_to
from django.utils.module_loading import import_string
from docutils import nodes
from docutils.core import publish_doctree, publish_parts
from docutils.writers.html5_polyglot import Writer

import django_http_errors
from django_http_errors import checks, conf, decorators, exceptions, handlers, models, problems, views
from django_http_errors.importing import importer
from django_http_errors.http import renderers
from django_http_errors.http import responses
from django_http_errors import validators as validation
from django_http_errors.core.statuses import STATUSES
from django_http_errors.hiding import policies as hiding
from django_http_errors.rules import matching as matching
from django_http_errors.rules import messages as messages
from django_http_errors.rules import permanence as permanence

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(django_http_errors.__file__).parent
README = (ROOT / "README.rst").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
MAKE_TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ELISION = "..."

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")


# Reading


@dataclass(frozen=True)
class Example:
    """A block or a table, and what the comment before it says of it."""

    kind: str
    arguments: tuple[str, ...]
    text: str = ""
    rows: tuple[tuple[Any, ...], ...] = ()


@dataclass
class Chapter:
    """A section with its examples and its directives."""

    title: str
    examples: list[Example] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)
    stage: str = "demo"
    needs: str = ""


def read(source: str) -> tuple[nodes.document, str]:
    """Return `source` as a tree, and what docutils has to say against it."""
    warnings = io.StringIO()
    tree = publish_doctree(source, settings_overrides=docutils_settings(warnings))
    return tree, warnings.getvalue()


def docutils_settings(warnings: io.StringIO) -> dict[str, Any]:
    """Return the settings of a package index: nothing is included, and no raw HTML."""
    return {
        "warning_stream": warnings,
        "report_level": 2,
        "halt_level": 5,
        "syntax_highlight": "none",
        "file_insertion_enabled": False,
        "raw_enabled": False,
    }


TREE, WARNINGS = read(README)


def chapters() -> list[Chapter]:
    return [chapter(section) for section in TREE.children if isinstance(section, nodes.section)]


def chapter(section: nodes.section) -> Chapter:
    found = Chapter(section.next_node(nodes.title).astext())
    for node in section.findall():
        if isinstance(node, nodes.comment):
            name, _, rest = node.astext().partition(": ")
            if name in ("stage", "needs"):
                setattr(found, name, rest)
        elif isinstance(node, (nodes.literal_block, nodes.doctest_block, nodes.table)):
            before = node.parent[node.parent.index(node) - 1]
            name, _, rest = before.astext().partition(": ")
            if not isinstance(before, nodes.comment) or name != "example":
                found.untested.append(node.astext())
                continue
            kind, *arguments = rest.split()
            is_table = isinstance(node, nodes.table)
            found.examples.append(
                Example(
                    kind,
                    tuple(arguments),
                    "" if is_table else node.astext(),
                    tuple(rows(node)) if is_table else (),
                )
            )
    return found


def rows(table: nodes.table) -> Iterator[tuple[nodes.entry, ...]]:
    """Yield the rows of `table` but for its head."""
    for row in table.next_node(nodes.tbody).findall(nodes.row):
        yield tuple(row.findall(nodes.entry))


def literals(node: nodes.Node) -> list[str]:
    return [each.astext() for each in node.findall(nodes.literal)]


# Running


@dataclass
class Stage:
    """What the examples of a chapter have set up so far."""

    stack: ExitStack
    monkeypatch: pytest.MonkeyPatch
    log: io.StringIO
    directory: Path
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "readme"})
    routes: list[Any] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)

    def override(self, **values: Any) -> None:
        self.stack.enter_context(override_settings(**values))

    def run(self, source: str, namespace: dict[str, Any] | None = None) -> dict[str, Any]:
        namespace = self.namespace if namespace is None else namespace
        # The futures of this module are none of the README's.
        exec(compile(source, "<README.rst>", "exec", dont_inherit=True), namespace)  # noqa: S102
        return namespace


def run_settings(stage: Stage, example: Example) -> None:
    given = stage.run(example.text, {})
    values = {name: value for name, value in given.items() if name.isupper()}
    assert values
    if "LOGGING" in values:
        dictConfig(values.pop("LOGGING"))
        for handler in logging.getLogger().handlers:
            handler.setStream(stage.log)  # type: ignore[attr-defined]
    for name, value in values.items():
        present = getattr(settings, name, None)
        if isinstance(value, list) and Ellipsis in value:
            place = value.index(Ellipsis)
            rest = [each for each in value if each is not Ellipsis]
            values[name] = [
                *rest[:place],
                *(each for each in present if each not in rest),
                *rest[place:],
            ]
        elif isinstance(value, dict) and isinstance(present, dict):
            values[name] = {**present, **value}
    if "INSTALLED_APPS" in values and set(values["INSTALLED_APPS"]) == set(settings.INSTALLED_APPS):
        del values["INSTALLED_APPS"]
    stage.override(**values)


def urlconf(stage: Stage, attributes: dict[str, Any]) -> None:
    module = ModuleType("readme_urls")
    vars(module).update(attributes)
    vars(module).setdefault("urlpatterns", [])
    stage.override(ROOT_URLCONF=module)


def run_urls(stage: Stage, example: Example) -> None:
    urlconf(stage, stage.run(example.text, {"__name__": "readme_urls"}))


def run_view(stage: Stage, example: Example) -> None:
    name, route = example.arguments
    stage.run(example.text)
    stage.routes.append(route_to(route, stage.namespace[name]))
    demo = import_module("testproject.urls").urlpatterns
    own = {each: getattr(handlers, each) for each in handlers.__all__}
    urlconf(stage, {**own, "urlpatterns": [*stage.routes, *demo]})


def run_module(stage: Stage, example: Example) -> None:
    (name,) = example.arguments
    module = ModuleType(name)
    stage.monkeypatch.setitem(sys.modules, name, module)
    stage.run(example.text, vars(module))


def run_python(stage: Stage, example: Example) -> None:
    stage.run(example.text)


def run_template(stage: Stage, example: Example) -> None:
    (name,) = example.arguments
    stage.templates[name] = example.text
    (engine,) = settings.TEMPLATES
    loaders = [
        ("django.template.loaders.locmem.Loader", dict(stage.templates)),
        "django.template.loaders.app_directories.Loader",
    ]
    options = {**engine["OPTIONS"], "loaders": loaders}
    stage.override(TEMPLATES=[{"BACKEND": engine["BACKEND"], "OPTIONS": options}])


def run_log(stage: Stage, example: Example) -> None:
    assert stage.log.getvalue().splitlines() == example.text.splitlines()
    stage.log.truncate(stage.log.seek(0))


def run_file(stage: Stage, example: Example) -> None:
    (name,) = example.arguments
    (stage.directory / name).write_text(f"{example.text}\n", encoding="utf-8")


def run_names(stage: Stage, example: Example) -> None:
    names = re.findall(r"[a-z_]+(?:\.\w+)+", example.text)
    assert names
    for name in names:
        assert exists(name), name


def exists(name: str) -> bool:
    """Tell whether the package has `name`; what needs an optional package, by its spelling."""
    if name.startswith("rest_framework."):
        return (PACKAGE / "rest_framework").is_dir()
    try:
        import_module(f"django_http_errors.{name}")
    except ImportError:
        import_string(f"django_http_errors.{name}")  # raises where there is none
    return True


def run_style_hash(stage: Stage, example: Example) -> None:
    assert example.text == renderers.style_hash()


def run_table(stage: Stage, example: Example) -> None:
    (name,) = example.arguments
    TABLES[name](example.rows)


# Console sessions


def run_console(stage: Stage, example: Example) -> None:
    lines = example.text.splitlines()
    assert lines[0].startswith("$ ")
    command = [lines.pop(0).removeprefix("$ ")]
    while command[-1].endswith("\\"):
        command[-1] = command[-1].removesuffix("\\")
        command.append(lines.pop(0))
    program, *arguments = shlex.split(" ".join(command))
    COMMANDS[program](arguments, lines)


def run_make(arguments: list[str], expected: list[str]) -> None:
    (target,) = arguments
    assert target in MAKE_TARGETS
    assert expected == []


def run_interpreter(arguments: list[str], expected: list[str]) -> None:
    match arguments:
        case ["-m", "pip", "install", name]:
            assert name == SETUP["metadata"]["name"]
            assert expected == []
        case ["manage.py", "check", "--tag", tag]:
            out = io.StringIO()
            call_command("check", tags=[tag], stdout=out, stderr=out)
            assert out.getvalue().splitlines() == expected
        case ["manage.py", "migrate"]:
            call_command("migrate", verbosity=0)
            assert expected == []
        case ["manage.py", name, *rest]:
            out = io.StringIO()
            try:
                call_command(name, *rest, stdout=out, stderr=out)
            except CommandError as error:
                out.write(f"CommandError: {error}\n")
            compare_text(out.getvalue(), "\n".join(expected))
        case _:
            raise AssertionError(arguments)


def curl(arguments: list[str]) -> HttpResponse:
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


def run_curl(arguments: list[str], expected: list[str]) -> None:
    response = curl(arguments)
    if "-i" in arguments:
        end = expected.index("") if "" in expected else len(expected)
        compare_head(response, unfolded("\n".join(expected[:end])).splitlines())
        expected = expected[end + 1 :]
        if not expected:
            return
    compare_body(response, "\n".join(expected))


def unfolded(text: str) -> str:
    return re.sub(r"\n[ \t]+", " ", text)


def compare_head(response: HttpResponse, expected: list[str]) -> None:
    status_line, *lines = expected
    assert status_line == f"HTTP/1.1 {response.status_code} {response.reason_phrase}"
    sent = {f"{name}: {value}" for name, value in response.headers.items()}
    listed = set(lines) - {ELISION}
    assert listed <= sent, listed - sent
    assert ELISION in lines or listed == sent


def compare_body(response: HttpResponse, expected: str) -> None:
    body = response.content.decode()
    if "json" in response["Content-Type"] and ELISION not in expected.split():
        assert ordered(unfolded(expected)) == ordered(body)
        return
    compare_text(body, expected)


def compare_text(text: str, expected: str) -> None:
    pieces = [words(piece) for piece in re.split(r"(?m)^\.\.\.$", expected)]
    text = words(text)
    if len(pieces) == 1:
        assert text == pieces[0]
    assert text.startswith(pieces[0])
    assert text.endswith(pieces[-1])
    place = 0
    for piece in pieces:
        place = text.find(piece, place)
        assert place >= 0, piece
        place += len(piece)


def ordered(text: str) -> Any:
    return json.loads(text, object_pairs_hook=list)


def words(text: str) -> str:
    return " ".join(text.split())


COMMANDS: dict[str, Callable[[list[str], list[str]], None]] = {
    "curl": run_curl,
    "make": run_make,
    "python": run_interpreter,
}


# Tables

Rows = tuple[tuple[nodes.entry, ...], ...]


def first_literals(table: Rows) -> list[str]:
    return [literal for row in table for literal in literals(row[0])]


def check_arguments(table: Rows) -> None:
    parameters = inspect.signature(exceptions.HttpError.__init__).parameters.values()
    named = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
    assert first_literals(table) == named[1:]
    # The arguments that belong to one status are what its fields are made from.
    for name, meaning in table:
        for status in re.findall(r"\b\d{3}(?=[,:])", meaning.astext()):
            if int(status) in STATUSES:
                assert STATUSES[int(status)].owes, name


def check_road(table: Rows) -> None:
    for _, place in table:
        (name,) = literals(place)
        assert exists(name)


def check_django(table: Rows) -> None:
    known = {
        "Http404": Http404,
        "MultiPartParserError": MultiPartParserError,
        **vars(django_exceptions),
    }
    for names, status in table:
        for name in literals(names):
            exception = known[name]("secret")
            assert exceptions.problem_for(exception).status == int(status.astext())
    assert {known[name] for name in first_literals(table)} == set(exceptions._DJANGO_STATUSES)


FORMS = {
    "HTML": "text/html; charset=utf-8",
    "problem+json": "application/problem+json",
    "JSON": "application/json",
    "text": "text/plain; charset=utf-8",
}


def check_accept(table: Rows) -> None:
    for accept, *answers in table:
        field_value = literals(accept)
        headers = {"Accept": field_value[0]} if field_value else {}
        for path, form in zip(("/nowhere/", "/api/nowhere/"), answers, strict=True):
            response = Client().get(path, headers=headers)
            assert response["Content-Type"] == FORMS[form.astext()], (accept.astext(), path)
            assert response.status_code == 404


def check_members(table: Rows) -> None:
    problem = problems.Problem(
        status=400,
        title="t",
        detail="d",
        instance="/",
        request_id="r",
        retry_after=1,
        allow=("GET",),
        available=(problems.Representation("text/html", "/", "en"),),
        accept=("text/html",),
        errors=(problems.InvalidPart("d", "/a", "c"),),
        actions=(problems.Action("l", "/"),),
    )
    members = problem.as_dict()
    assert first_literals([(row[0],) for row in table]) == list(members)
    meanings = {row[0].astext(): row[1].astext() for row in table}
    for name in ("available", "errors", "actions"):
        (parts,) = members[name]
        named = re.findall(r'"(\w+)"', meanings[name])
        assert named == list(parts)


EVERY_ANSWER = {
    "Cache-Control",
    "Content-Language",
    "Content-Length",
    "Vary",
    "X-Content-Type-Options",
}
SOME_ANSWERS = {"Link", "Retry-After"}


def check_fields(table: Rows) -> None:
    listed = [(status.astext(), *literals(name)) for status, name, _ in table]
    owed = {(str(each.status), name) for each in STATUSES.values() for name in each.owes}
    assert {each for each in listed if each[0] != "any"} == owed
    assert len(listed) == len(set(listed))
    assert {name for status, name in listed if status == "any"} == {*EVERY_ANSWER, *SOME_ANSWERS}
    response = Client().get("/nowhere/")
    assert set(response.headers) >= EVERY_ANSWER
    assert {name for _, name in owed} == set(responses.FIELDS)


def check_blocks(table: Rows) -> None:
    defined = set()
    for name in (renderers.PAGE, renderers.BASE):
        source = (PACKAGE / "templates" / name).read_text(encoding="utf-8")
        defined |= set(re.findall(r"{% block (\w+) %}", source))
    assert set(first_literals(table)) == defined


def check_context(table: Rows) -> None:
    problem = STATUSES[404].problem()
    given = [*renderers.page_context(problem, ""), "request_path", "exception"]
    assert first_literals(table) == given


def check_decorators(table: Rows) -> None:
    listed = {name.partition("(")[0] for name in first_literals(table)}
    public = {
        name
        for name, value in inspect.getmembers(decorators, inspect.isfunction)
        if value.__module__ == decorators.__name__ and not name.startswith("_")
    }
    assert listed == public


def check_message(table: Rows) -> None:
    assert first_literals(table) == list(importer.MESSAGES.columns)


def check_placeholders(table: Rows) -> None:
    assert first_literals(table) == [f"{{{name}}}" for name in validation.PLACEHOLDERS]


def specificity(**given: str) -> tuple[Any, ...]:
    return messages.Message.of(models.ErrorMessage(**given)).specificity


def check_precedence(table: Rows) -> None:
    """Each value goes before those behind it, even if these have all that stands further down."""
    further_down: dict[str, str] = {}
    for name, values in reversed(table):
        column, given = name.astext(), literals(values)
        for first, second in zip(given, [*given[1:], ""], strict=True):
            one, other = {column: first}, {column: second, **further_down}
            assert specificity(**one) > specificity(**other), (one, other)
        further_down[column] = given[0]
    assert set(further_down) == {"host", "path_prefix", "status", "language"}


def check_kinds(table: Rows) -> None:
    assert first_literals(table) == models.MatchType.values
    for kind, pattern, covered, others in table:
        row = models.PermanenceRule(kind=kind.astext(), pattern=pattern.astext())
        row.full_clean(validate_unique=False, validate_constraints=False)
        index = matching.Index((permanence.Rule.of(row),))
        assert all(any(index.covering(path, "")) for path in literals(covered))
        assert not any(any(index.covering(path, "")) for path in literals(others))


def check_rule(table: Rows) -> None:
    assert first_literals(table) == list(importer.RULES.columns)


def check_hiding(table: Rows) -> None:
    parameters = inspect.signature(decorators.hide_forbidden).parameters.values()
    assert first_literals(table) == [
        each.name for each in parameters if each.kind is each.KEYWORD_ONLY
    ]
    for _, attribute, meaning in table:
        assert hasattr(views.HideForbiddenMixin, *literals(attribute))
        names = {each.strip('"') for each in literals(meaning)}
        assert names <= set(hiding.CONDITIONS)


def check_settings(table: Rows) -> None:
    assert first_literals(table) == list(conf.SETTINGS)
    with override_settings(HTTP_ERRORS={}):
        for name, kind, default, _ in table:
            used = getattr(conf.http_errors, name.astext())
            shown = literals(default)
            if len(shown) > 1:
                *names, package = shown
                assert used == tuple(f"{package}.{each}" for each in names)
                continue
            (shown_default,) = shown
            value = ast.literal_eval(shown_default)
            as_written = value.items() if isinstance(value, dict) and isinstance(used, tuple) else 0
            assert used == (tuple(as_written or value) if isinstance(used, tuple) else value)
            expected_type = kind.astext().replace("string", "str").split()[0]
            assert type(value).__name__ == expected_type


def check_checks(table: Rows) -> None:
    source = Path(inspect.getfile(checks)).read_text(encoding="utf-8")
    ids = re.findall(r'(Error|Warning),\s+"([EW]\d{3})"', source)
    assert all(level[0] == number[0] for level, number in ids)
    assert len(ids) == len(set(re.findall(r'"([EW]\d{3})"', source)))
    assert first_literals([(row[0],) for row in table]) == sorted(
        f"{django_http_errors.__name__}.{number}" for _, number in ids
    )


def check_languages(table: Rows) -> None:
    shipped = {each.parent.parent.name for each in PACKAGE.glob("locale/*/LC_MESSAGES/*.mo")}
    assert {literals(code)[0] for _, code in table} == shipped | {"en"}


def check_costs(table: Rows) -> None:
    """The figures are those of one run, and no row of the benchmarks is left out of it."""
    measured = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))["rows"]
    benchmarks = pytest.importorskip("benchmarks.rows").ROWS
    assert [(each["what"], each["against"], each["goal"]) for each in measured] == [
        (row.what, row.against, row.goal) for row in benchmarks
    ]
    worst: dict[str, dict[str, Any]] = {}
    for each in measured:
        name = each["what"].partition(":")[0] if ":" in each["what"] else str(each)
        worst[name] = max(worst.get(name, each), each, key=lambda one: one["figure"])
    assert [tuple(cell.astext() for cell in row) for row in table] == list(
        map(cost, worst.values())
    )


def cost(measured: dict[str, Any]) -> tuple[str, ...]:
    """Return what the table says of a row that was measured."""
    unit = "" if measured["unit"] == "ratio" else f" {measured['unit']}"
    found, goal, low, high = (
        f"{figure:.0f}" if unit else f"{figure:.2f}"
        for figure in (measured["figure"], measured["goal"], *measured["interval"])
    )
    sign = "≥" if measured["at_least"] else "≤"
    verdict = "met" if measured["met"] else "missed"
    what, against = measured["what"], measured["against"]
    return what, against, found + unit, f"{low} to {high}", f"{sign} {goal}{unit}", verdict


def check_layout(table: Rows) -> None:
    for name in first_literals(table):
        # The tests may be run against an installed package, without the checkout's.
        where = PACKAGE if name.strip("/") == PACKAGE.name else ROOT / name
        assert where.is_dir() if name.endswith("/") else where.is_file()


def check_rooms(table: Rows) -> None:
    listed = [set(literals(names)) for _, names, _ in table]
    assert [floor.astext() for floor, *_ in table] == [
        str(number) for number in range(len(listed), 0, -1)
    ]
    layers = SETUP["importlinter:contract:rooms"]["layers"]
    unlisted = set(re.findall(r"\((\w+)\)", layers))
    modules = {each.name for each in iter_modules([str(PACKAGE)])}
    assert set().union(*listed) == modules - unlisted
    contract = layers.strip().splitlines()
    floors = [set(re.findall(r"(?<!\()\b\w+\b(?!\))", layer)) for layer in contract]
    assert listed == [floor for floor in floors if floor]


TABLES: dict[str, Callable[[Rows], None]] = {
    name.removeprefix("check_"): value
    for name, value in list(globals().items())
    if name.startswith("check_")
}
RUNNERS: dict[str, Callable[[Stage, Example], None]] = {
    name.removeprefix("run_").replace("_", "-"): globals()[name]
    for name in (
        "run_console run_settings run_urls run_view run_module run_python run_template run_log"
        " run_file run_names run_style_hash run_table"
    ).split()
}


# The tests

CHAPTERS = chapters()


@pytest.fixture
def stage(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Stage]:
    """The demo site, ready to be changed."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # is quick
    call_command("seed_demo", stdout=io.StringIO())
    # The rows of the README are those that it makes.
    for model in (models.ErrorMessage, models.PermanenceRule, models.HidingRule):
        model.objects.all().delete()
    # Tombstones are left by receivers, which are to be gone after the chapter.
    for signal in (pre_delete, post_delete, post_save, class_prepared):
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
        monkeypatch.setattr(signal, "sender_receivers_cache", {})
        monkeypatch.setattr(signal, "use_caching", False)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    with ExitStack() as stack:
        yield Stage(stack, monkeypatch, io.StringIO(), tmp_path)
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in kept[0]:
        root.addHandler(handler)
    root.setLevel(kept[1])


def undress(stage: Stage) -> None:
    """Take out of the settings what the app has put there."""
    stage.override(
        MIDDLEWARE=[each for each in settings.MIDDLEWARE if "django_http_errors" not in each],
        CSRF_FAILURE_VIEW=global_settings.CSRF_FAILURE_VIEW,
        HTTP_ERRORS={},
        REST_FRAMEWORK={},
        ROOT_URLCONF=ModuleType("bare_urls"),
    )
    sys.modules["bare_urls"] = settings.ROOT_URLCONF
    settings.ROOT_URLCONF.urlpatterns = []
    found = {each.id for each in checks.check_http_errors()}
    assert found >= {f"django_http_errors.W00{number}" for number in (1, 5, 6, 8)}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.title)
def test_the_examples_do_what_they_say(chapter: Chapter, stage: Stage) -> None:
    assert chapter.untested == []
    if chapter.needs:
        pytest.importorskip(chapter.needs)
    if chapter.stage == "bare":
        undress(stage)
    for example in chapter.examples:
        RUNNERS[example.kind](stage, example)


def test_there_is_something_to_test() -> None:
    assert {each.kind for chapter in CHAPTERS for each in chapter.examples} == set(RUNNERS)
    used = [name for chapter in CHAPTERS for each in chapter.examples for name in each.arguments]
    assert set(TABLES) <= set(used)


def test_nothing_stands_outside_of_the_chapters() -> None:
    outside = chapter(
        nodes.section(
            "",
            nodes.title(),
            *[each.deepcopy() for each in TREE.children if not isinstance(each, nodes.section)],
        )
    )
    assert (outside.examples, outside.untested) == ([], [])


def test_an_untested_block_is_noticed() -> None:
    block = ".. code-block:: python\n\n   1\n"
    tree, warnings = read(
        f"A\n=\n\nB\n-\n\n.. example: python\n\n{block}\nC\n-\n\nAnd::\n\n    2\n"
    )
    assert not warnings
    found = chapter(tree)
    assert [each.text for each in found.examples] == ["1"]
    assert found.untested == ["2"]


def test_the_readme_is_valid() -> None:
    assert WARNINGS == ""


def test_the_long_description_renders() -> None:
    files = [each.strip() for each in SETUP["metadata"]["long_description"][5:].split(",")]
    assert files == ["README.rst", "CHANGELOG.rst"]
    warnings = io.StringIO()
    html = publish_parts(
        f"{README}\n{CHANGELOG}",
        writer=Writer(),
        settings_overrides=docutils_settings(warnings),
    )["html_body"]
    assert warnings.getvalue() == ""
    anchors = re.findall(r'href="#([^"]+)"', html)
    assert len(anchors) > len(CHAPTERS)
    # HTML knows "top" without an id.
    assert set(anchors) - {"top"} <= set(re.findall(r'id="([^"]+)"', html))
    # What isn't an anchor is an address on the web: files beside it aren't there on an index.
    assert all(each.startswith(("#", "https://")) for each in re.findall(r'href="([^"]+)"', html))


def test_the_lines_are_no_longer_than_the_code_is() -> None:
    assert [each for each in (README + CHANGELOG).splitlines() if len(each) > 100] == []


def test_names_of_the_package_in_the_text_exist() -> None:
    for name in literals(TREE):
        for path in re.findall(r"^django_http_errors\.[\w.]+$", name):
            if not re.search(r"\.[EW]\d{3}$", path) and path != hiding.logger.name:
                assert exists(path.partition(".")[2]), path
        if name.startswith("django_http_errors/") and name.endswith(".html"):
            assert (PACKAGE / "templates" / name).is_file()


def test_names_of_modules_in_the_text_exist() -> None:
    """What the road's table names, for instance."""
    modules = {each.name for each in iter_modules([str(PACKAGE)])}
    for name in literals(TREE):
        if name.partition(".")[0] in modules and re.fullmatch(r"[a-z_]+\.\w+", name):
            assert name.endswith(".py") or exists(name), name


def test_the_commands_of_make_exist() -> None:
    named = {each.split()[1] for each in literals(TREE) if each.startswith("make ")}
    assert {"test", "lint", "demo", "tour"} <= named <= MAKE_TARGETS


def test_the_extras_exist() -> None:
    named = re.findall(r"django-http-errors\[(\w+)\]", README)
    assert named
    assert set(named) <= set(SETUP["options.extras_require"])


def test_the_pictures_are_there_and_described() -> None:
    pictures = list(TREE.findall(nodes.image))
    assert pictures
    for each in pictures:
        assert (ROOT / each["uri"]).is_file()
        assert each["alt"]


def test_the_supported_versions_are_those_of_the_metadata() -> None:
    (sentence,) = re.findall(
        r"The package runs on Python (.*?), with Django (.*?)\. ", words(README)
    )
    for text, label in zip(
        sentence, ("Programming Language :: Python", "Framework :: Django"), strict=True
    ):
        declared = re.findall(rf"{label} :: (\d\.\d+)", SETUP["metadata"]["classifiers"])
        assert re.findall(r"\d\.\d+", text) == declared


def test_the_limits_are_those_of_the_code() -> None:
    from django_http_errors.http import negotiation
    from django_http_errors.rules import snapshot as store

    for number, what in (
        (negotiation.LONGEST_FIELD, "A field longer than {} characters"),
        (negotiation.MOST_RANGES, "the first {} ranges"),
        (negotiation.LONGEST_RANGE, "longer than {} characters is skipped"),
        (messages.LONGEST_VALUE, "at most {} characters each"),
        (permanence.LONGEST_RETRY.days, "not more than {} days away"),
        (int(store.LONGEST_BACK_OFF), "up to every {} seconds"),
    ):
        assert what.format(number) in words(README)


def test_the_temporary_statuses_are_those_of_the_catalogue() -> None:
    temporary = [each.status for each in STATUSES.values() if each.permanence == "temporary"]
    *most, last = map(str, temporary)
    assert f"``temporary`` for {', '.join(most)} and {last}" in words(README)


def test_the_changelog_has_the_release() -> None:
    assert re.search(rf"^{re.escape(SETUP['metadata']['version'])} \(", CHANGELOG, re.MULTILINE)
