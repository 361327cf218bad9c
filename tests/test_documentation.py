"""What the documentation says is so: its samples run, its tables and names are the code's."""

from __future__ import annotations

import ast
import configparser
import inspect
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core import exceptions as django_exceptions
from django.core.management import call_command
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.test import Client, override_settings
from django.utils.module_loading import import_string
from docutils import nodes

import django_http_errors
from django_http_errors import checks, conf, decorators, exceptions, models, problems, validators
from django_http_errors.core import exception_mapping
from django_http_errors.core.statuses import STATUSES
from django_http_errors.hiding import policies
from django_http_errors.http import headers, negotiation, renderers
from django_http_errors.importing import importer
from django_http_errors.rules import matching, messages, permanence, rows, snapshot
from testproject import settings as demo

from .samples import ROOT, Section, Stage, kept_logging, sections, tree, words

PACKAGE = Path(django_http_errors.__file__).parent
NAMES = ("README.rst", "CHANGELOG.rst", "CONTRIBUTING.rst", "docs/manual.rst")
SOURCES = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
TREES = {name: tree(source)[0] for name, source in SOURCES.items()}
README, MANUAL = TREES["README.rst"], TREES["docs/manual.rst"]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")

SECTIONS = [
    pytest.param(each, id=f"{name}: {each.title}")
    for name, document in TREES.items()
    for each in sections(document)
    if each.samples
]


def literals(node: nodes.Node) -> list[str]:
    return [each.astext() for each in node.findall(nodes.literal)]


# Its form


@pytest.mark.parametrize("name", NAMES)
def test_it_is_well_formed(name: str) -> None:
    assert tree(SOURCES[name])[1] == ""
    assert [each for each in SOURCES[name].splitlines() if len(each) > 100] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_somewhere(name: str) -> None:
    for link in TREES[name].findall(nodes.reference):
        if "refid" in link or link["refuri"].startswith("https://"):
            continue
        file, _, anchor = link["refuri"].partition("#")
        target = (ROOT / name).parent / file
        assert target.is_file(), link
        if anchor:
            assert anchor in tree(target.read_text(encoding="utf-8"))[0].ids


@pytest.mark.parametrize("name", NAMES)
def test_its_pictures_are_there_and_described(name: str) -> None:
    for each in TREES[name].findall(nodes.image):
        assert ((ROOT / name).parent / each["uri"]).is_file()
        assert each["alt"]


def test_the_readme_is_short() -> None:
    assert len(SOURCES["README.rst"].splitlines()) <= 150


def test_the_long_description_is_well_formed() -> None:
    files = SETUP["metadata"]["long_description"].removeprefix("file:").split(",")
    assert tree("\n".join(SOURCES[each.strip()] for each in files))[1] == ""


# Its samples


@pytest.fixture
def stage(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Stage]:
    """The demo site, ready to be changed."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # is quick
    call_command("seed_demo", stdout=io.StringIO())
    # The rows of the documentation are those that it makes.
    for model in (models.ErrorMessage, models.PermanenceRule, models.HidingRule):
        model.objects.all().delete()
    # Tombstones are left by receivers, which are to be gone after the section.
    for signal in (pre_delete, post_delete, post_save, class_prepared):
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
        monkeypatch.setattr(signal, "sender_receivers_cache", {})
        monkeypatch.setattr(signal, "use_caching", False)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack, kept_logging():
        yield Stage(stack, monkeypatch, tmp_path)


@pytest.mark.parametrize("section", SECTIONS)
def test_its_samples_do_what_they_say(section: Section, stage: Stage) -> None:
    stage.perform(section)


def test_the_bare_stage_lacks_what_the_readme_installs(stage: Stage) -> None:
    stage.take_the_app_out()
    assert {each.id[-4:] for each in checks.check_http_errors()} >= {"W001", "W006", "W008"}


def test_the_demo_is_set_up_as_the_readme_says() -> None:
    for document in (README, MANUAL):
        sample = next(
            each.astext()
            for each in document.findall(nodes.literal_block)
            if "MIDDLEWARE = " in each.astext()
        )
        named = re.findall(r'"(django[\w.]*Middleware)"', sample)
        assert [each for each in demo.MIDDLEWARE if each in named] == named
        assert named[-1] == demo.MIDDLEWARE[-1]


# Its tables, by their heads

Rows = list[tuple[nodes.Element, ...]]


def first_literals(table: Rows) -> list[str]:
    return [literal for row in table for literal in literals(row[0])]


def arguments(table: Rows) -> None:
    parameters = inspect.signature(exceptions.HttpError.__init__).parameters
    assert first_literals(table) == list(parameters)[1:]


def djangos_exceptions(table: Rows) -> None:
    known = {
        "Http404": Http404,
        "MultiPartParserError": MultiPartParserError,
        **vars(django_exceptions),
    }
    for names, status in table:
        for name in literals(names):
            problem = exception_mapping.problem_for(known[name]("secret"))
            assert problem.status == int(status.astext())
            assert "secret" not in str(problem)
    listed = {known[name] for name in first_literals(table)}
    assert listed == set(exception_mapping._DJANGO_STATUSES)


FORMATS = {
    "HTML": "text/html; charset=utf-8",
    "problem+json": "application/problem+json",
    "JSON": "application/json",
    "text": "text/plain; charset=utf-8",
}


def accept(table: Rows) -> None:
    for accepted, *answers in table:
        value = literals(accepted)
        asked = {"Accept": value[0]} if value else {}
        for path, answer in zip(("/nowhere/", "/api/nowhere/"), answers, strict=True):
            response = Client().get(path, headers=asked)
            assert response["Content-Type"] == FORMATS[answer.astext()], (accepted.astext(), path)
            assert response.status_code == 404


def members(table: Rows) -> None:
    problem = problems.Problem(
        status=400,
        title="t",
        detail="d",
        code="c",
        instance="/",
        request_id="r",
        retry_after=1,
        allow=("GET",),
        available=(problems.Representation("text/html", "/", "en"),),
        accept=("text/html",),
        errors=(problems.InvalidPart("d", "/a", "c"), problems.InvalidPart("d", parameter="p")),
        actions=(problems.Action("l", "/"),),
    )
    found: dict[str, Any] = problem.as_dict()
    assert first_literals(table) == list(found)
    meanings = {row[0].astext(): row[1].astext() for row in table}
    for name in ("available", "errors", "actions"):
        named = set(re.findall(r'"(\w+)"', meanings[name]))
        assert named == {key for part in found[name] for key in part}


def required_headers(table: Rows) -> None:
    listed = {(status.astext(), *literals(name)) for status, name, _ in table}
    required = {
        (str(each.code), name) for each in STATUSES.values() for name in each.required_headers
    }
    assert {each for each in listed if each[0] != "any"} == required
    always = {name for status, name in listed if status == "any"} - {"Retry-After", "Link"}
    problem = STATUSES[404].default_problem.translated("en")
    made = headers.make_headers(problem, "text/html", "GET", below_wsgi=False)
    assert always == {name for name, _ in made.values()}


def blocks(table: Rows) -> None:
    defined = set()
    for name in (renderers.PAGE, renderers.BASE):
        source = (PACKAGE / "templates" / name).read_text(encoding="utf-8")
        defined |= set(re.findall(r"{% block (\w+) %}", source))
    assert set(first_literals(table)) == defined


def variables(table: Rows) -> None:
    given = renderers.page_context(STATUSES[404].default_problem, "")
    assert first_literals(table) == [*given, "request_path", "exception"]


def functions_for_views(table: Rows) -> None:
    listed = {name.partition("(")[0] for name in first_literals(table)}
    public = {
        name
        for name, value in inspect.getmembers(decorators, inspect.isfunction)
        if value.__module__ == decorators.__name__ and not name.startswith("_")
    }
    assert listed == public


def message(table: Rows) -> None:
    assert first_literals(table) == list(importer.MESSAGES.columns)


def rule(table: Rows) -> None:
    assert first_literals(table) == list(importer.RULES.columns)


def hiding_rule(table: Rows) -> None:
    own = {"id", "generation"}
    fields = {each.name for each in models.HidingRule._meta.concrete_fields}
    assert set(first_literals(table)) == fields - own


def exemptions(table: Rows) -> None:
    assert [name.strip('"') for name in first_literals(table)] == list(policies.CONDITIONS)


def placeholders(table: Rows) -> None:
    assert first_literals(table) == [f"{{{name}}}" for name in validators.PLACEHOLDERS]


def precedence(table: Rows) -> None:
    """Each value goes before those behind it, even if these have all that stands further down."""
    further_down: dict[str, str] = {}
    for name, values in reversed(table):
        column, given = name.astext(), literals(values)
        for first, second in zip(given, [*given[1:], ""], strict=True):
            one, other = (
                rows.MessageRow.of(models.ErrorMessage(**fields)).specificity
                for fields in ({column: first}, {column: second, **further_down})
            )
            assert one > other, (column, first, second)
        further_down[column] = given[0]
    assert set(further_down) == {"host", "path_prefix", "status", "language"}


def kinds(table: Rows) -> None:
    assert first_literals(table) == models.MatchType.values
    for kind, pattern, covered, others in table:
        row = models.PermanenceRule(kind=kind.astext(), pattern=pattern.astext())
        row.full_clean(validate_unique=False, validate_constraints=False)
        index = matching.Index((rows.PermanenceRow.of(row),))
        assert all(any(index.covering(path, "")) for path in literals(covered))
        assert not any(any(index.covering(path, "")) for path in literals(others))


def settings_table(table: Rows) -> None:
    assert first_literals(table) == list(conf.SETTINGS)
    with override_settings(HTTP_ERRORS={}):
        for name, kind, default, _ in table:
            used = getattr(conf.http_errors, name.astext())
            shown = literals(default)
            if len(shown) > 1:
                *names, package = shown
                assert used == tuple(f"{package}.{each}" for each in names)
                continue
            value = ast.literal_eval(shown[0])
            items = value.items() if isinstance(value, dict) else value
            assert used == (tuple(items) if isinstance(used, tuple) else value)
            expected_type = kind.astext().replace("string", "str").split()[0]
            assert type(value).__name__ == expected_type


def system_checks(table: Rows) -> None:
    source = inspect.getsource(checks)
    ids = re.findall(r'(Error|Warning),\s+"([EW]\d{3})"', source)
    assert all(level[0] == number[0] for level, number in ids)
    assert len(ids) == len(set(re.findall(r'"([EW]\d{3})"', source)))
    assert first_literals([(row[0],) for row in table]) == sorted(
        f"{django_http_errors.__name__}.{number}" for _, number in ids
    )


def languages(table: Rows) -> None:
    shipped = {each.parent.parent.name for each in PACKAGE.glob("locale/*/LC_MESSAGES/*.mo")}
    assert {literals(code)[0] for _, code in table} == shipped | {"en"}


def import_paths(table: Rows) -> None:
    for name in first_literals([(row[1],) for row in table]):
        if "rest_framework" not in name or find_spec("rest_framework"):
            try:
                import_module(name)
            except ImportError:
                import_string(name)


def layers(table: Rows) -> None:
    contract = SETUP["importlinter:contract:layers"]["layers"].strip().splitlines()
    assert [set(literals(names)) for _, names in table] == [
        set(re.findall(r"django_http_errors\.([\w.]+)", each)) for each in contract
    ]


def costs(table: Rows) -> None:
    """The figures are those of the last run; of rows that differ in a detail, the worst is here."""
    measured = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))["rows"]
    worst: dict[str, dict[str, Any]] = {}
    for each in measured:
        name = each["what"].partition(":")[0] if ":" in each["what"] else str(each)
        worst[name] = max(worst.get(name, each), each, key=lambda one: one["figure"])
    assert [tuple(cell.astext() for cell in row) for row in table] == list(
        map(_cost, worst.values())
    )


def _cost(measured: dict[str, Any]) -> tuple[str, ...]:
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


def nothing(table: Rows) -> None:
    """There is nothing to compare it with."""


TABLES: dict[tuple[str, ...], Callable[[Rows], None]] = {
    ("Accept", "Format at /nowhere/", "Format at /api/nowhere/"): accept,
    ("Argument", "Value"): arguments,
    ("Block", "What stands in it"): blocks,
    ("Exception", "Status"): djangos_exceptions,
    ("Exempt", "Who is still shown the real error"): exemptions,
    ("Field", "What goes first"): precedence,
    ("Field of a hiding rule", "Value"): hiding_rule,
    ("Field of a message", "Value"): message,
    ("Field of a rule", "Value"): rule,
    ("For a view", "What it does"): functions_for_views,
    ("Id", "What is wrong"): system_checks,
    ("Kind", "Pattern", "Covers", "Does not cover"): kinds,
    ("Language", "Code"): languages,
    ("Member", "Value"): members,
    ("Name", "Type", "Default", "Meaning"): settings_table,
    ("Placeholder", "What stands there"): placeholders,
    ("Status", "Header", "Value"): required_headers,
    ("Variable", "Value"): variables,
    ("What", "Against", "Found", "95 in 100 are", "Goal", ""): costs,
    ("What is in it", "Modules"): layers,
    ("What", "Import path"): import_paths,
    ("What happened", "Who makes the answer, and where"): nothing,
}


def _tables() -> Iterator[tuple[tuple[str, ...], Rows]]:
    for table in MANUAL.findall(nodes.table):
        head, body = (
            [tuple(row.findall(nodes.entry)) for row in part.findall(nodes.row)]
            for part in (table.next_node(nodes.thead), table.next_node(nodes.tbody))
        )
        yield tuple(words(each.astext()) for each in head[0]), body


FOUND = dict(_tables())


def test_every_table_is_compared() -> None:
    assert sorted(head for head, _ in _tables()) == sorted(TABLES)


@pytest.mark.django_db
@pytest.mark.parametrize("head", TABLES, ids=" | ".join)
def test_its_tables_are_those_of_the_code(head: tuple[str, ...]) -> None:
    TABLES[head](FOUND[head])


# Its names and numbers


def test_every_name_of_the_package_exists() -> None:
    for name in {each for document in TREES.values() for each in literals(document)}:
        if name == policies.logger.name:
            continue
        if re.fullmatch(r"django_http_errors(\.\w+)+", name) and not re.search(r"\.[EW]\d+$", name):
            import_paths([(nodes.inline(), nodes.inline("", "", nodes.literal("", name)))])
        if re.fullmatch(r"django_http_errors/[\w/.]+\.html", name):
            assert (PACKAGE / "templates" / name).is_file(), name
        if re.fullmatch(r"(core|http|hiding|rules|importing|explaining)/\w+\.py", name):
            assert (PACKAGE / name).is_file(), name


def test_every_command_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"``make\s+(\w+)|\$ make (\w+)", "\n".join(SOURCES.values()))
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    assert {"demo", "test"} <= {one or other for one, other in named} <= targets


def test_every_extra_exists() -> None:
    named = re.findall(r"django-http-errors\[(\w+)\]", "\n".join(SOURCES.values()))
    assert set(named) <= set(SETUP["options.extras_require"])


def test_the_versions_are_those_of_the_metadata() -> None:
    text = words(SOURCES["README.rst"]).partition("Compatibility")[2]
    (sentence,) = re.findall(r"Python ([^;]*); Django ([^;]*), sync and async;", text)
    for versions, label in zip(
        sentence, ("Programming Language :: Python", "Framework :: Django"), strict=True
    ):
        declared = re.findall(rf"{label} :: (\d\.\d+)", SETUP["metadata"]["classifiers"])
        assert re.findall(r"\d\.\d+", versions) == declared


def test_the_statuses_are_those_of_the_table() -> None:
    readme, manual = words(SOURCES["README.rst"]), words(SOURCES["docs/manual.rst"])
    assert f"the {len(STATUSES)} registered statuses from {min(STATUSES)} to {max(STATUSES)}" in (
        readme
    )
    *most, last = [str(each.code) for each in STATUSES.values() if each.permanence == "temporary"]
    assert f"``temporary`` for {', '.join(most)} and {last}" in manual


def test_the_limits_are_those_of_the_code() -> None:
    manual = words(SOURCES["docs/manual.rst"])
    for number, what in (
        (negotiation.LONGEST_FIELD, "A header longer than {} characters"),
        (negotiation.MOST_RANGES, "the first {} ranges"),
        (negotiation.LONGEST_RANGE, "longer than {} characters is skipped"),
        (messages.LONGEST_VALUE, "at most {} characters each"),
        (permanence.LONGEST_RETRY.days, "not more than {} days away"),
        (f"{snapshot.READ_AT_ONCE:,}", "Up to {} are read while the first error waits"),
        (f"{snapshot.MOST_IN_MEMORY:,}", "More than {} stay in the database"),
        (int(snapshot.LONGEST_BACK_OFF), "up to every {} seconds"),
    ):
        assert what.format(number) in manual


def test_the_changelog_begins_with_the_release() -> None:
    version = SETUP["metadata"]["version"]
    assert sections(TREES["CHANGELOG.rst"])[1].title.startswith(f"{version} (")
