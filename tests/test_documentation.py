"""What the documentation says is so: it is built, its samples run, and it leaves nothing out."""

from __future__ import annotations

import codeop
import configparser
import inspect
import io
import pickle
import re
import subprocess
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command, get_commands, load_command_class
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.dispatch import Signal
from django.utils.module_loading import import_string
from docutils import nodes
from docutils.core import publish_doctree

import django_http_errors
from django_http_errors import (
    checks,
    conf,
    decorators,
    exceptions,
    handlers,
    models,
    problems,
    signals,
    tombstones,
    validators,
    views,
)
from django_http_errors import test as hiding_test
from django_http_errors.core.statuses import STATUSES
from django_http_errors.core.way_on import WayOn
from django_http_errors.hiding import leaks, policies
from django_http_errors.http import (
    headers,
    instance,
    negotiation,
    project_templates,
    renderers,
    urls,
)
from django_http_errors.importing import expressions, importer, lines, schema, tables
from django_http_errors.rules import (
    announcements,
    database_rules,
    matching,
    messages,
    permanence,
    rows,
    snapshot,
)
from testproject import settings as demo

from .neighbours.recipes import NEIGHBOURS
from .neighbours.run import load
from .samples import ROOT, Stage, kept_logging, samples, words
from .test_problems import FULL

PACKAGE = Path(django_http_errors.__file__).parent
APP = django_http_errors.__name__
DOCS = ROOT / "docs"
SITE = checks.DOCUMENTATION.partition("reference/")[0]
RAW = "https://raw.githubusercontent.com/django-http-errors/django-http-errors/main/"
# What the package index and the repository show; the pages of the site are Sphinx's.
FILES = ("README.rst", "CHANGELOG.rst", "CONTRIBUTING.rst", "SECURITY.rst")
PAGES = [
    each.relative_to(DOCS).with_suffix("").as_posix()
    for each in sorted(DOCS.rglob("*.rst"))
    if each.name != "manual.rst" and "_build" not in each.parts
]
SOURCES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (*FILES, *(f"docs/{page}.rst" for page in PAGES))
}
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")

# Packages with a module or a subpackage of their own name.
OPTIONAL = ("ninja", "rest_framework", "wagtail", "whitenoise")

with_rest_framework = pytest.mark.skipif(
    find_spec("rest_framework") is None, reason="its page can't be built without it"
)


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


@dataclass(frozen=True)
class Built:
    """The site as Sphinx has built it."""

    directory: Path
    complaints: str

    def document(self, name: str) -> nodes.document:
        if name in FILES:
            return tree(SOURCES[name])[0]
        page = name.removeprefix("docs/").removesuffix(".rst")
        with (self.directory / "trees" / f"{page}.doctree").open("rb") as file:
            return pickle.load(file)  # noqa: S301 - it was made here

    @property
    def inventory(self) -> dict[str, dict[str, str]]:
        """Where each name is documented, by the kinds of names."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        packed = (self.directory / "objects.inv").read_bytes().split(b"\n", 4)[4]
        for line in zlib.decompress(packed).decode().splitlines():
            name, kind, _, location, _ = re.fullmatch(
                r"(.+?) (\S+:\S+) (-?\d+) (\S*) (.*)", line
            ).groups()
            found[kind][name] = location.replace("$", name)
        return found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    directory = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-d", str(directory / "trees")]
    done = subprocess.run(
        [*command, str(DOCS), str(directory)], capture_output=True, text=True, check=False
    )
    return Built(directory, done.stderr)


# Its form


@with_rest_framework
def test_it_is_built_without_a_warning(built: Built) -> None:
    """What is linked to and shown is there, and every name of the package that is linked to."""
    assert built.complaints == ""


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_well_formed_and_its_links_lead_somewhere(name: str) -> None:
    document, complaints = tree(SOURCES[name])
    assert complaints == ""
    for node in document.findall(lambda node: isinstance(node, (nodes.reference, nodes.image))):
        link = node.get("refuri", node.get("uri", ""))
        if link.startswith(SITE):
            page = link.removeprefix(SITE).partition("#")[0].removesuffix(".html")
            link = f"docs/{page or 'index'}.rst"
        link = link.removeprefix(RAW).partition("#")[0]
        assert link.startswith("https://") or not link or (ROOT / link).is_file(), link


@pytest.mark.parametrize("name", SOURCES)
def test_its_lines_are_short_and_its_pictures_are_described(name: str) -> None:
    lines = SOURCES[name].splitlines()
    # The rows of a table can't be folded, nor can an address.
    folded = [each for each in lines if not re.search(r"https://|\S {2,}\S|^[ =]+$", each)]
    assert [each for each in folded if len(each) > 100] == []
    assert len(lines) <= 150 or name != "README.rst"
    pictures = len(re.findall(r"\.\. (?:image|figure)::", SOURCES[name]))
    assert pictures == SOURCES[name].count(":alt:")


def test_the_long_description_is_well_formed() -> None:
    files = SETUP["metadata"]["long_description"].removeprefix("file:").split(",")
    assert tree("\n".join(SOURCES[each.strip()] for each in files))[1] == ""


# Its samples


@pytest.fixture
def stage(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, built: Built
) -> Iterator[Stage]:
    """The demo site, ready to be changed."""
    call_command("seed_demo", stdout=io.StringIO())
    # The rows of the documentation are those that it makes.
    for model in (models.ErrorMessage, models.PermanenceRule, models.HidingRule):
        model.objects.all().delete()
    # Tombstones are left by receivers, which are to be gone after the page.
    for signal in (pre_delete, post_delete, post_save, class_prepared):
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
        monkeypatch.setattr(signal, "sender_receivers_cache", {})
        monkeypatch.setattr(signal, "use_caching", False)
    # The samples show how it is called; what it finds has tests of its own.
    quick = partial(
        hiding_test.assert_indistinguishable,
        methods=("GET", "POST"),
        accepts=(None, "application/json"),
        variants=hiding_test.VARIANTS[:2],
        query_strings=("",),
        next_url=None,
    )
    monkeypatch.setattr(hiding_test, "assert_indistinguishable", quick)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack, kept_logging():
        yield Stage(stack, monkeypatch, tmp_path, built.document)


@pytest.mark.parametrize(
    "name", [name for name, source in SOURCES.items() if re.search(r"code-block::|::$", source)]
)
def test_its_samples_do_what_they_say(name: str, built: Built, stage: Stage) -> None:
    stage.perform(built.document(name))


@pytest.mark.parametrize("name", SOURCES)
def test_python_that_goes_into_no_file_can_be_typed_into_a_shell(name: str, built: Built) -> None:
    """Line by line, where a blank line ends a block, and nothing else does."""
    for kind, text, _ in samples(built.document(name)):
        typed: list[str] = []
        for line in (*text.splitlines(), "") if kind == "python" else ():
            typed.append(line)
            if codeop.compile_command("\n".join(typed), "<sample>", "single"):
                typed.clear()
        assert typed == []


def test_the_bare_stage_lacks_what_the_readme_installs(stage: Stage) -> None:
    stage.do_stage("", "bare")
    assert {each.id[-4:] for each in checks.check_http_errors()} >= {"W001", "W006", "W008"}


def test_the_demo_is_set_up_as_every_page_says() -> None:
    for source in SOURCES.values():
        for sample in re.findall(r"MIDDLEWARE = \[\n(.*?)\n *\]\n", source, re.DOTALL):
            named = re.findall(r'"(django[\w.]*Middleware)"', sample)
            # Django has one for Content-Security-Policy since 6.0.
            named = [each for each in named if find_spec(each.rpartition(".")[0])]
            if "SecurityMiddleware" in sample:
                assert [each for each in demo.MIDDLEWARE if each in named] == named


# What it lists


def public(module: Any) -> set[str]:
    """Return the full names of the functions and classes that are for others."""
    return {
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if name in getattr(module, "__all__", [name])
        and not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    }


def fields(model: type[Any]) -> set[str]:
    own = {"id", "digest"}
    names = {each.name for each in model._meta.concrete_fields} - own
    return {f"{model.__name__}.{name}" for name in names}


def columns(of: schema.ImportSchema) -> set[str]:
    return {f"{of.model.__name__}.{name}" for name in of.columns}


# How the code sets a header on a response.
SETS_HEADER = re.compile(r'\.headers(?:\.setdefault\(|\[)"([\w-]+)"(?:, |\] = )')


def sent_headers() -> set[str]:
    problem = STATUSES[404].default_problem.translated("en")
    always = headers.make_headers(problem, "text/html", "GET", below_wsgi=False)
    found = {name for name, _ in always.values()} | {*headers.HEADERS, *announcements.HEADERS}
    # What is set on a response by name, wherever that is.
    for path in PACKAGE.rglob("*.py"):
        found |= set(SETS_HEADER.findall(path.read_text(encoding="utf-8")))
    return found | {conf.SETTINGS["REQUEST_ID_HEADER"].default}


def blocks() -> set[str]:
    templates = [
        PACKAGE / "templates" / name for name in (project_templates.PAGE, project_templates.BASE)
    ]
    sources = [each.read_text(encoding="utf-8") for each in templates]
    return set(re.findall(r"{% block (\w+) %}", "".join(sources)))


def variables() -> set[str]:
    problem = STATUSES[404].default_problem
    given = renderers.page_context(problem, "nonce")
    return {*given, *renderers.way_on_context(problem, WayOn), "request_path", "exception"}


def commands() -> set[str]:
    return {name for name, app in get_commands().items() if app == APP}


INTERNAL = {models.Generation, models.Edit, models.UndoPart}
MODELS = [each for each in apps.get_app_config(APP).get_models() if each not in INTERNAL]
# By the kind of object in the inventory. The options of commands are made from the code.
LISTED: dict[str, Callable[[], set[str]]] = {
    "confval": lambda: set(conf.SETTINGS),
    "field": lambda: set().union(*map(fields, MODELS)),
    "column": lambda: columns(schema.RULES) | columns(schema.MESSAGES),
    "member": lambda: set(FULL.replaced(extensions={}).as_dict()),
    "header": sent_headers,
    "block": blocks,
    "variable": variables,
    "placeholder": lambda: {f"{{{each}}}" for each in validators.PLACEHOLDERS},
    "exemption": lambda: set(policies.CONDITIONS),
}


@pytest.mark.parametrize("kind", LISTED)
def test_all_is_in_the_reference_and_nothing_else(kind: str, built: Built) -> None:
    assert set(built.inventory[f"std:{kind}"]) == LISTED[kind]()


@with_rest_framework
def test_every_public_name_is_in_the_reference(built: Built) -> None:
    """And every name that the reference has can be imported."""
    modules = (decorators, exceptions, handlers, problems, tombstones, views)
    kinds = ("class", "exception", "function", "data")
    documented = set(chain.from_iterable(built.inventory[f"py:{kind}"] for kind in kinds))
    expected = {*chain.from_iterable(map(public, modules)), *conf.RENDERERS_DEFAULT}
    expected |= {f"{APP}.models.{each.__name__}" for each in MODELS}
    sent = [name for name, value in vars(signals).items() if isinstance(value, Signal)]
    expected |= {f"{APP}.signals.{name}" for name in sent}
    # What is for other packages is documented without them.
    expected |= {f"{APP}.ninja.register", f"{APP}.whitenoise.WhiteNoiseMiddleware"}
    assert expected - documented == set()
    for module in modules:
        others = set(dir(module)) - set(getattr(module, "__all__", dir(module)))
        assert {f"{module.__name__}.{name}" for name in others} & documented == set()
    for name in documented:
        package = name.split(".")[1]
        if package not in OPTIONAL or find_spec(package):
            import_string(name)


def test_every_module_that_the_documentation_imports_from_is_listed(built: Built) -> None:
    """And every one that is listed is there."""
    (table,) = built.document("docs/reference/modules.rst").findall(nodes.table)
    listed = {literals(row)[0] for row in table.findall(nodes.row) if literals(row)}
    used = re.compile(rf'from ({APP}[\w.]*) import|"({APP}\.[\w.]+)\.\w+"')
    named = used.findall("\n".join(SOURCES.values()))
    assert set(map("".join, named)) - listed == set()
    for path in (PACKAGE.parent.joinpath(*name.split(".")) for name in listed):
        assert path.is_dir() or path.with_suffix(".py").is_file()


def test_every_argument_of_an_exception_is_in_its_docstring() -> None:
    named = re.findall(r"^(\w+): ", inspect.getdoc(exceptions.HttpError) or "", re.MULTILINE)
    assert named == list(inspect.signature(exceptions.HttpError).parameters)


def test_every_check_and_every_command_has_its_anchor(built: Built) -> None:
    found = built.inventory["std:label"]
    ids = set(re.findall(r'"([EW]\d{3})"', inspect.getsource(checks)))
    assert {name for name in found if re.fullmatch(r"[ew]\d{3}", name)} == set(map(str.lower, ids))
    for name in ids:
        assert found[name.lower()] == f"reference/checks.html#{name.lower()}"
    assert {name.replace("_", "-") for name in commands()} <= set(found)


def test_every_command_is_shown_as_its_help_has_it(built: Built) -> None:
    page = built.document("docs/reference/commands.rst")
    shown = [words(each.astext()) for each in page.findall(nodes.literal_block)]
    part = re.compile(r"\[.+?\]|\S+")
    for name in commands():
        (synopsis,) = (each for each in shown if each.startswith(f"manage.py {name}"))
        parser = load_command_class(APP, name).create_parser("manage.py", name)
        assert set(part.findall(synopsis)) <= set(part.findall(words(parser.format_usage())))


# Its tables, by their heads

Rows = list[tuple[nodes.Element, ...]]


def literals(node: nodes.Node) -> list[str]:
    return [each.astext() for each in node.findall(nodes.literal)]


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
    assert [literals(row[0])[0] for row in table] == models.MatchType.values
    for kind, pattern, covered, others in table:
        row = models.PermanenceRule(kind=kind.astext(), pattern=pattern.astext())
        row.full_clean(validate_unique=False, validate_constraints=False)
        index = matching.Index((rows.PermanenceRow.of(row),))
        assert all(any(index.covering(path, "")) for path in literals(covered))
        assert not any(any(index.covering(path, "")) for path in literals(others))


def layers(table: Rows) -> None:
    contract = SETUP["importlinter:contract:layers"]["layers"].strip().splitlines()
    assert [set(literals(names)) for _, names in table] == [
        set(re.findall(rf"{APP}\.([\w.]+)", each)) for each in contract
    ]


def works_with(table: Rows) -> None:
    """Each package has one row, and a test that asks it for real."""
    load()
    assert sorted(literals(row[0])[0] for row in table) == sorted(NEIGHBOURS)


TABLES = {
    ("docs/reference/works-with.rst", "Package"): works_with,
    ("docs/reference/models.rst", "Field"): precedence,
    ("docs/reference/models.rst", "Kind"): kinds,
    ("docs/explanation/architecture.rst", "What is in it"): layers,
}


@pytest.mark.parametrize(("page", "head"), TABLES)
def test_its_tables_are_those_of_the_code(page: str, head: str, built: Built) -> None:
    found: Rows = []
    for table in built.document(page).findall(nodes.table):
        first, *body = (tuple(row.findall(nodes.entry)) for row in table.findall(nodes.row))
        if first[0].astext() == head:
            found += body
    assert found, "it isn't there"
    TABLES[page, head](found)


# Its names and numbers


def test_every_name_of_the_package_exists() -> None:
    text = "\n".join(SOURCES.values())
    for name in set(re.findall(rf"``({APP}(?:\.\w+)+)``", text)) - {policies.logger.name}:
        optional = [each for each in OPTIONAL if f".{each}" in name]
        if not re.search(r"\.[EW]\d+$", name) and all(map(find_spec, optional)):
            try:
                import_module(name)
            except ImportError:
                import_string(name)
    for name in re.findall(rf"``({APP}/[\w/.]+\.html)``", text):
        assert (PACKAGE / "templates" / name).is_file(), name
    for name in re.findall(r"``((?:core|http|hiding|rules|importing|explaining)/\w+\.py)``", text):
        assert (PACKAGE / name).is_file(), name


def test_every_command_of_make_and_every_extra_exists() -> None:
    text = "\n".join(SOURCES.values())
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {one or other for one, other in re.findall(r"``make\s+(\w+)|\$ make (\w+)", text)}
    assert {"demo", "test"} <= named <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    extras = set(re.findall(r"django-http-errors\[(\w+)\]", text))
    assert extras <= set(SETUP["options.extras_require"])


def test_the_versions_are_those_of_the_metadata() -> None:
    text = words(SOURCES["README.rst"]).partition("Compatibility")[2]
    (sentence,) = re.findall(r"Python ([^;]*); Django ([^;]*), sync and async;", text)
    for versions, label in zip(
        sentence, ("Programming Language :: Python", "Framework :: Django"), strict=True
    ):
        declared = re.findall(rf"{label} :: (\d\.\d+)", SETUP["metadata"]["classifiers"])
        assert re.findall(r"\d\.\d+", versions) == declared
    statuses = f"{len(STATUSES)} registered statuses from {min(STATUSES)} to {max(STATUSES)}"
    assert statuses in words(SOURCES["README.rst"])


def test_the_limits_are_those_of_the_code() -> None:
    text = words(SOURCES["docs/reference/limits.rst"])
    for number, what in (
        (negotiation.LONGEST_FIELD, "A header longer than {} characters"),
        (negotiation.MOST_RANGES, "the first {} ranges"),
        (negotiation.LONGEST_RANGE, "longer than {} characters is skipped"),
        (instance.LONGEST_ADDRESS, "longer than {} characters is left out"),
        (messages.LONGEST_VALUE, "at most {} characters each"),
        (permanence.LONGEST_RETRY.days, "not more than {} days away"),
        (f"{snapshot.MOST_IN_MEMORY:,}", "Up to {} are kept in memory"),
        (f"{database_rules.MOST_REMEMBERED:,}", "the literal parts of {} patterns"),
        (f"{matching.LONGEST_ROUTED:,}", "An address of more than {} characters"),
        (f"{matching.LONGEST_ROUTED:,}", "A route covers an address of more than {} characters"),
        (urls.LONGEST_NORMALISED, "no more than {} characters"),
        (urls.LONGEST_NORMALISED, "as its first {} characters do"),
        (f"{leaks.LONGEST_TARGET:,}", "A redirect to an address of more than {} characters"),
        (f"{lines.LONGEST_LINE:,}", "A line of at most {} characters"),
        (f"{tables.LONGEST_VALUE:,}", "an object of a JSON file of at most {}"),
        (f"{expressions.LONGEST:,}", "a regular expression of at most {}"),
        (expressions.MOST_RULES, "which becomes at most {} rules"),
        (importer.MOST_SHOWN, "The first {0} remarks are shown, and the first {0} invalid rows"),
        (snapshot.MOST_SOURCES, "The snapshots of the {} that were asked for last"),
        (int(snapshot.LONGEST_BACK_OFF), "up to every {} seconds"),
    ):
        assert what.format(number) in text
    said = re.findall(
        r"A header longer than (\d+) characters", "\n".join(map(words, SOURCES.values()))
    )
    assert set(said) == {str(negotiation.LONGEST_FIELD)}
    if find_spec("import_export"):
        from django_http_errors.import_export.formats import LARGEST_UPLOAD, MOST_ROWS

        assert f"at most {LARGEST_UPLOAD // 10**6} MB and {MOST_ROWS:,} rows" in text


def test_the_changelog_begins_with_the_release() -> None:
    release = SETUP["metadata"]["version"]
    assert re.search(rf"^{re.escape(release)} \(.*\n---", SOURCES["CHANGELOG.rst"], re.MULTILINE)
