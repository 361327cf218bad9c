"""Directives for the reference, which take from the code what the code already says.

    .. setting:: NAME               a key of HTTP_ERRORS, with its default
    .. statuses::                   the table of statuses
    .. status-texts::               what each status tells a person
    .. described:: KIND [MODEL]     a table of names and their meanings, written as a field list;
                                    for fields of a model, with their types and defaults
    .. django-exceptions::          which statuses Django's exceptions have
    .. formats::                    which format an Accept header gets, at two paths
    .. languages::                  the languages of the package
    .. command:: NAME               a management command, with its options
    .. benchmarks::                 the figures of the last run of the benchmarks
    .. requirements::               requirements of HTTP, each with the tests that hold it

Every name is an object that other pages can refer to (:block:`title`) and that the inventory
lists: the tests compare these lists with the code.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from django.apps import apps
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.db.models import NOT_PROVIDED, Field
from django.test import RequestFactory, override_settings
from django.utils.translation import get_language_info, to_language
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.std import ConfigurationValue
from sphinx.util.docutils import SphinxDirective

import django_http_errors
from django_http_errors import conf
from django_http_errors.core import pipeline
from django_http_errors.core.exception_mapping import _DJANGO_STATUSES
from django_http_errors.core.statuses import STATUSES

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ROOT / "tests"
APP = "django_http_errors"

# What can be described, and what the index calls it.
KINDS = {
    "block": "template block",
    "column": "column of a file",
    "conformance": "requirement",
    "exemption": "exemption",
    "field": "model field",
    "header": "header",
    "member": "JSON member",
    "placeholder": "placeholder",
    "variable": "template variable",
}

Cell = list[nodes.Node]


def table(head: Iterable[str], rows: Iterable[list[Cell]], widths: Iterable[int]) -> nodes.table:
    """Return a table of cells, which hold block elements."""
    widths = list(widths)
    group = nodes.tgroup(cols=len(widths))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", _row([_text(each)] for each in head))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group, classes=["reference-table", "colwidths-given"])


def _row(cells: Iterable[Cell]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", *cell) for cell in cells))


def _text(text: object) -> nodes.paragraph:
    return nodes.paragraph("", str(text))


def _literal(*texts: object) -> nodes.paragraph:
    """Return a paragraph of literals, with commas between them."""
    found = nodes.paragraph()
    for text in texts:
        found += [nodes.Text(", ")] if found.children else []
        found += nodes.literal("", str(text))
    return found


def _link(name: str, path: str) -> nodes.paragraph:
    """Return a link to a class that another page of the reference documents."""
    found = pending_xref(
        "", nodes.literal("", name), refdomain="py", reftype="class", reftarget=path
    )
    return nodes.paragraph("", "", found)


class Setting(ConfigurationValue):
    """A key of ``HTTP_ERRORS``; its default is the code's, unless that doesn't say all of it."""

    def run(self) -> list[nodes.Node]:
        self.name = "std:confval"
        setting = conf.SETTINGS.get(self.arguments[0])
        if setting is None:
            raise self.error(f"there is no setting {self.arguments[0]!r}")
        if "type" not in self.options:
            raise self.error(f"the setting {self.arguments[0]!r} has no type")
        self.options.setdefault("default", f"``{setting.default!r}``")
        return super().run()


class Statuses(SphinxDirective):
    """All statuses: the exception, the view, whether it lasts, and the headers."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [
                [_literal(status.code), _text(status.title)],
                [
                    _link(status.name, f"{APP}.exceptions.{status.name}"),
                    _link(f"{status.name}View", f"{APP}.views.{status.name}View"),
                ],
                [_text(status.permanence)],
                [_literal(*status.required_headers)] if status.required_headers else [],
            ]
            for status in STATUSES.values()
        ]
        head = ("Status", "Exception and view", "Permanence", "Headers of its own")
        return [table(head, rows, (25, 35, 15, 25))]


class StatusTexts(SphinxDirective):
    """All statuses: what they tell a person."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [[_literal(each.code)], [_text(each.detail_with_list or each.detail)]]
            for each in STATUSES.values()
        ]
        return [table(("Status", "Explanation"), rows, (10, 90))]


class DjangoExceptions(SphinxDirective):
    """Which statuses Django's own exceptions have."""

    def run(self) -> list[nodes.Node]:
        by_status = defaultdict(list)
        for exception, status in _DJANGO_STATUSES.items():
            by_status[status].append(exception.__name__)
        rows = [[[_literal(*by_status[each])], [_literal(each)]] for each in sorted(by_status)]
        return [table(("Exception of Django's", "Status"), rows, (80, 20))]


class Formats(SphinxDirective):
    """Which format a client gets for each Accept header in the content, an empty line for none."""

    has_content = True
    PATHS: ClassVar = {"/nowhere/": {}, "/api/nowhere/": {"/api/": "application/problem+json"}}

    def run(self) -> list[nodes.Node]:
        rows = []
        for line in self.content:
            accept = "" if line == "(none)" else line
            cells = [[_literal(accept) if accept else _text(line)]]
            for path, defaults in self.PATHS.items():
                request = RequestFactory(HTTP_ACCEPT=accept).get(path)
                with override_settings(HTTP_ERRORS={"DEFAULT_MEDIA_TYPES": defaults}):
                    cells.append([_literal(pipeline.negotiate(request).media_type)])
            rows.append(cells)
        head = ("Accept", *(f"Format at {path}" for path in self.PATHS))
        return [table(head, rows, (40, 30, 30))]


class Languages(SphinxDirective):
    """The languages that the package has texts in."""

    def run(self) -> list[nodes.Node]:
        shipped = (Path(django_http_errors.__file__).parent / "locale").glob("*/*/*.mo")
        codes = ["en", *sorted(to_language(each.parent.parent.name) for each in shipped)]
        rows = [[[_text(get_language_info(each)["name"])], [_literal(each)]] for each in codes]
        return [table(("Language", "Code"), rows, (50, 50))]


class Benchmarks(SphinxDirective):
    """What was measured; of rows that differ in a detail only, the worst."""

    def run(self) -> list[nodes.Node]:
        path = ROOT / "docs" / "benchmarks.json"
        self.env.note_dependency(str(path))
        worst: dict[str, dict[str, Any]] = {}
        for each in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            name = each["what"].partition(":")[0] if ":" in each["what"] else str(each)
            worst[name] = max(worst.get(name, each), each, key=lambda one: one["figure"])
        rows = [[[_text(cell)] for cell in _figures(each)] for each in worst.values()]
        head = ("What", "Against", "Found", "95 in 100 are", "Goal", "")
        return [table(head, rows, (28, 28, 11, 13, 11, 9))]


def _figures(measured: dict[str, Any]) -> Iterator[str]:
    unit = "" if measured["unit"] == "ratio" else f" {measured['unit']}"
    found, goal, low, high = (
        f"{figure:.0f}" if unit else f"{figure:.2f}"
        for figure in (measured["figure"], measured["goal"], *measured["interval"])
    )
    yield from (measured["what"], measured["against"], f"{found}{unit}", f"{low} to {high}")
    yield f"{'≥' if measured['at_least'] else '≤'} {goal}{unit}"
    yield "met" if measured["met"] else "missed"


class Described(SphinxDirective):
    """A table of names and what they mean."""

    required_arguments = 1
    optional_arguments = 1
    has_content = True
    option_spec: ClassVar = {"head": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        kind, *model = self.arguments
        rows = []
        for name, meaning in self.described():
            extra = _type_and_default(model[0], name) if model else []
            rows.append([[self.target(kind, name, *model)], *extra, meaning])
        first = self.options.get("head", KINDS[kind].capitalize())
        if model:
            return [table((first, "Type", "Default", "Value"), rows, (22, 18, 15, 45))]
        return [table((first, "Meaning"), rows, (28, 72))]

    def described(self) -> Iterator[tuple[str, Cell]]:
        """Yield the names of the field list in the content, each with what it says."""
        found = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, found)
        for each in found.findall(nodes.field):
            if each.parent.parent is found:
                name, body = each.children
                yield name.astext(), list(body.children)

    def target(self, kind: str, name: str, *owner: str) -> nodes.paragraph:
        """Return a paragraph with a name that can be referred to."""
        full = ".".join((*owner, name))
        paragraph = _literal(name)
        paragraph["ids"] = [nodes.make_id(full if kind == "conformance" else f"{kind}-{full}")]
        self.env.domains["std"].note_object(kind, full, paragraph["ids"][0], location=paragraph)
        self.state.document.note_explicit_target(paragraph)
        return paragraph


def _type_and_default(model: str, name: str) -> list[Cell]:
    field: Field[Any, Any] = apps.get_model(APP, model)._meta.get_field(name)
    kind = type(field).__name__
    if field.max_length:
        kind += f"({field.max_length})"
    if field.default is NOT_PROVIDED:
        default = [_literal("None")] if field.null else [_text("blank" if field.blank else "none")]
    elif callable(field.default):
        default = [_text("now")]
    else:
        default = [_literal(field.default) if field.default != "" else _text("blank")]
    return [[_text(kind)], default]


class Command(SphinxDirective):
    """A management command: what it says of itself, and the options that it adds."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        command = load_command_class(APP, name)
        parser = command.create_parser("manage.py", name)
        common = BaseCommand().create_parser("manage.py", name)
        known = {option for each in common._actions for option in each.option_strings}
        own = [each for each in parser._actions if not known.intersection(each.option_strings)]
        formatter = argparse.HelpFormatter(f"manage.py {name}", width=100)
        formatter.add_usage(None, own, parser._mutually_exclusive_groups, prefix="")
        usage = formatter.format_help()
        rows = [
            [[self.target(name, each)], [_text((each.help or "") % vars(each))]] for each in own
        ]
        head = ("Argument", "Meaning")
        literal = nodes.literal_block("", usage, language="text")
        return [_text(command.help), literal, table(head, rows, (30, 70))]

    def target(self, command: str, action: argparse.Action) -> nodes.paragraph:
        name = _name(action)
        paragraph = _literal(argparse.HelpFormatter("")._format_action_invocation(action))
        paragraph["ids"] = [nodes.make_id(f"{command}-{name}")]
        std = self.env.domains["std"]
        std.add_program_option(command, name, self.env.docname, paragraph["ids"][0])
        std.note_object("cmdoption", f"{command}.{name}", paragraph["ids"][0], location=paragraph)
        return paragraph


def _name(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else action.dest


class Requirements(Described):
    """Requirements: each a field with three paragraphs, for the RFC, the app and the site.

    The last column names the tests that are marked with the row's name.
    """

    required_arguments = 0
    optional_arguments = 0

    def run(self) -> list[nodes.Node]:
        rows = []
        for name, meaning in self.described():
            if len(meaning) != 3:
                raise self.error(f"{name} needs three paragraphs, and has {len(meaning)}")
            tests = [_literal(each) for each in sorted(marked_tests().get(name, []))]
            requirement, app, site = meaning
            rows.append([[self.target("conformance", name)], [requirement], [app, *tests], [site]])
        head = ("Row", "The RFC", "The app, and the tests that hold it", "Left to the site")
        return [table(head, rows, (16, 28, 34, 22))]


@cache
def marked_tests() -> dict[str, list[str]]:
    """Return the names of the tests by the rows that they are marked with."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for decorator in function.decorator_list:
                    marker = re.fullmatch(
                        r"pytest\.mark\.conformance\('(.+)'\)", ast.unparse(decorator)
                    )
                    if marker:
                        found[marker[1]].append(function.name)
    return found


# A line of a docstring that says what a parameter is: "name: text", or "name, name: text".
ZERO_WIDTH_SPACE = "\u200b"
_PARAMETERS = re.compile(r"(\w+(?:, \w+)*): (.+)")


def field_lists(app: Sphinx, *arguments: Any) -> None:
    """Make field lists of what docstrings say of parameters, which is plain text in the code."""
    _what, _name, obj, _options, lines = arguments
    known = _parameters(obj)
    converted = []
    is_within = False
    for line in lines:
        found = _PARAMETERS.fullmatch(line)
        is_field = bool(found) and known.issuperset(found[1].split(", "))
        goes_on = is_within and line.startswith(" ")
        if is_within != (is_field or goes_on):
            converted.append("")
        if is_field:
            # Several names are one to Sphinx, as long as there is no blank between them.
            names = found[1].replace(", ", f",{ZERO_WIDTH_SPACE}")
            converted.append(f":param {names}: {found[2]}")
        else:
            converted.append(line)
        is_within = is_field or goes_on
    lines[:] = converted


def _parameters(obj: Any) -> set[str]:
    if inspect.isclass(obj):
        annotated = {name for each in obj.__mro__ for name in vars(each).get("__annotations__", {})}
        return annotated | _parameters(obj.__init__)
    try:
        names = set(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return set()
    if "options" in names:
        # Options that a TypedDict lists.
        names |= set(getattr(inspect.getmodule(obj), "Options", object).__annotations__)
    return names


def no_inherited_signature(app: Sphinx, *arguments: Any) -> Any:
    """Leave out the signature of a class that has no constructor of its own."""
    _what, _name, obj, _options, signature, _annotation = arguments
    is_inherited = inspect.isclass(obj) and "__init__" not in vars(obj)
    return ("", None) if is_inherited and signature is not None else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives and the kinds of objects."""
    for kind, title in KINDS.items():
        app.add_object_type(kind, kind, objname=title)
    added: dict[str, Callable[..., Any]] = {
        "setting": Setting,
        "statuses": Statuses,
        "status-texts": StatusTexts,
        "django-exceptions": DjangoExceptions,
        "described": Described,
        "benchmarks": Benchmarks,
        "command": Command,
        "formats": Formats,
        "languages": Languages,
        "requirements": Requirements,
    }
    for name, directive in added.items():
        app.add_directive(name, directive)
    app.connect("autodoc-process-docstring", field_lists)
    app.connect("autodoc-process-signature", no_inherited_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
