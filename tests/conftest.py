"""What the test modules share."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from contextvars import copy_context
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest
from _pytest.runner import runtestprotocol
from django.conf import settings as django_settings
from django.core.signals import got_request_exception
from django.db import Error
from django.dispatch import Signal
from django.test import client as test_client
from django.test import signals as test_signals
from django.urls import resolvers
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from django_http_errors.core import missing_pages, rule_hits
from django_http_errors.models import MissingPage
from django_http_errors.rules import queries
from django_http_errors.rules import snapshot as snapshot_module
from django_http_errors.rules.matching import report_once
from django_http_errors.rules.queries import Version
from django_http_errors.rules.snapshot import NOTHING, Snapshots, snapshots

from .asking import Site
from .clock import Clock
from .databases import Database, made, publish_edits
from .servers import Server, make_database, serving

# Its checks are assertions, and say as much as those of a test when they fail.
pytest.register_assert_rewrite("tests.demo")

# Each of Django's resolvers sets a context variable of its own, and no context ever loses one.
# After some thousand tests with other URLconfs, each step between threads would take milliseconds
# to carry them over, and an async request has some twenty such steps.
resolvers.Local = threading.local  # type: ignore[attr-defined]

# Django's test client listens for each template that is rendered, and keeps a copy of its context.
# So the app would render each of its pages anew, where on a site it fills in what it has made once,
# in a tenth of the time. Nobody listens here, but in tests with the fixture `contexts`.
test_client.signals = SimpleNamespace(template_rendered=Signal())  # type: ignore[attr-defined]

# The same examples in every run and on every machine, however slow it is.
hypothesis_settings.register_profile("tests", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("tests")


# Of a product of more cases, each is asked for in one mode only.
MOST_IN_BOTH_MODES = 12


def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    """Leave out one of the two modes of each case of a large product.

    Which one depends on the case and on the version of Python, so that all of both are run
    somewhere. What decides is tested by itself, and completely.
    """
    products: dict[str, list[Any]] = {}
    for item in items:
        if "site" in (item.callspec.params if hasattr(item, "callspec") else ()):
            products.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = {
        item
        for product in products.values()
        if len(product) > MOST_IN_BOTH_MODES
        for item in product
        if item.callspec.params["site"] != _mode_of(item.nodeid)
    }
    config.hook.pytest_deselected(items=[each for each in items if each in left_out])
    items[:] = [each for each in items if each not in left_out]
    if hasattr(config, "workerinput"):
        _put_long_modules_first(items)


def _put_long_modules_first(items: list[Any]) -> None:
    """Have no worker begin with what takes long when the others are nearly done."""
    sizes = Counter(each.path for each in items)
    with_slow_tests = {each.path for each in items if each.get_closest_marker("slow")}
    items.sort(key=lambda each: (each.path not in with_slow_tests, -sizes[each.path], each.path))


def _mode_of(case: str) -> str:
    """Return the mode that a case is asked for in, by its name in either."""
    name = f"{sys.version_info[:2]} {case.replace('async', 'sync')}"
    return ("sync", "async")[crc32(name.encode()) % 2]


def pytest_collection_finish() -> None:
    """Let no garbage collection look at what is there until the end: some 100,000s of objects."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run each test with its fixtures in a context of its own.

    What is set in it for the new thread of each event loop would be carried over at every step
    between threads of all later tests, as above.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    copy_context().run(runtestprotocol, item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture(params=["sync", "async"])
def site(request: pytest.FixtureRequest) -> Site:
    """The site, asked through the WSGI handler and through the ASGI handler."""
    return Site(request.param)


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record)


def _records_of(name: str) -> Iterator[list[logging.LogRecord]]:
    handler = _Records()
    logging.getLogger(name).addHandler(handler)
    yield handler.seen
    logging.getLogger(name).removeHandler(handler)


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What Django logs."""
    yield from _records_of("django")


@pytest.fixture
def own_records() -> Iterator[list[logging.LogRecord]]:
    """What the app logs: its failures."""
    yield from _records_of("django_http_errors")


@pytest.fixture
def signals() -> Iterator[list[BaseException | None]]:
    """The exceptions that `got_request_exception` was sent for."""
    seen: list[BaseException | None] = []

    def note(sender: object, **kwargs: object) -> None:
        seen.append(sys.exception())

    got_request_exception.connect(note)
    yield seen
    got_request_exception.disconnect(note)


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Django's test client keep the contexts of templates, for `response.context`."""
    monkeypatch.setattr(test_client, "signals", test_signals)


@pytest.fixture
def project_pages(settings) -> Callable[..., None]:
    """Give the project templates of its own, and context processors if need be."""

    def install(pages: dict[str, str], *context_processors: str) -> None:
        settings.TEMPLATES = [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        *context_processors,
                    ],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", pages),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ]

    return install


@pytest.fixture
def new_app(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str, dict[str, str]], str]]:
    """Make an app with these templates, to be installed by its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(name: str, templates: dict[str, str]) -> str:
        directory = tmp_path / name / "templates"
        directory.mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        for template, text in templates.items():
            (directory / template).write_text(text)
        made.append(name)
        return name

    yield make
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """Nothing that a test counts is written during a later one, which may have no database."""
    yield
    for each in (missing_pages.counter, rule_hits.hits):
        each.forget()


@pytest.fixture
def published(db: None) -> Iterator[Callable[[], None]]:
    """Have what a test has written so far be read once, as what is committed."""
    yield publish_edits
    snapshots.forget()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock that the snapshots go by; nothing of them is known yet."""
    clock = Clock()
    monkeypatch.setattr(
        snapshot_module, "time", SimpleNamespace(monotonic=clock, sleep=clock.pass_)
    )
    snapshots.forget()
    yield clock
    snapshots.forget()  # The next test's clock shows another time.


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows whenever the database is asked how far the edits are."""
    version, asked = queries.version, []

    def count(alias: str) -> Version:
        asked.append(alias)
        return version(alias)

    monkeypatch.setattr(queries, "version", count)
    return asked


@pytest.fixture(autouse=True)
def lookouts(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What threads would do that look for a database that is away; no test has to wait for them."""
    started: list[Callable[[], None]] = []
    monkeypatch.setattr(snapshot_module, "start_thread", started.append)
    return started


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite's test database in a file: one in memory is no match for several threads."""
    for database in django_settings.DATABASES.values():
        if database["ENGINE"].endswith("sqlite3"):
            database.setdefault("TEST", {})["NAME"] = (
                tmp_path_factory.mktemp("database") / "test.sqlite3"
            )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Begin without the patterns that the migration adds, as after a test that has no rollback."""
    with django_db_blocker.unblock():
        MissingPage.objects.all().delete()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Start the demo site behind a server, by its name; once for all the tests."""
    directory = tmp_path_factory.mktemp("demo")
    database = directory / "db.sqlite3"
    make_database(database)
    with ExitStack() as running:
        yield cache(
            lambda name: running.enter_context(
                serving(name, database, directory / f"{name}.log"),
            )
        )


@pytest.fixture(scope="module")
def database(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[Callable[[str], Database]]:
    """Make a database by its name, once for the module, with all that the demo has in it."""
    directory = tmp_path_factory.mktemp("databases")
    running = []

    @cache
    def make(name: str) -> Database:
        context = made(name, directory)
        with django_db_blocker.unblock():
            try:
                found = context.__enter__()
            except (Error, ImportError) as error:
                pytest.skip(f"{name} can't be had: {str(error).strip().splitlines()[0]}")
        running.append(context)
        return found

    yield make
    with django_db_blocker.unblock():
        for context in running:
            context.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _no_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no messages and rules where a test has no database that they could be in."""
    databases = {"db", "transactional_db", "live_server"}
    if not databases & set(request.fixturenames) and not list(
        request.node.iter_markers("django_db")
    ):
        monkeypatch.setattr(Snapshots, "current", lambda self, from_memory=False: NOTHING)


@pytest.fixture(autouse=True)
def _nothing_is_reported_yet() -> None:
    """What a process says once is said in each test."""
    report_once.cache_clear()


@pytest.fixture(autouse=True)
def _settings_are_put_back() -> Iterator[None]:
    """Fail where a test leaves other settings behind.

    So it is where `override_settings` decorates a test whose fixtures change settings too: they
    end in the wrong order.
    """
    before = django_settings._wrapped
    yield
    after, django_settings._wrapped = django_settings._wrapped, before
    assert after is before


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    """Leave no language behind: LocaleMiddleware lets the thread speak its visitor's."""
    with translation.override(django_settings.LANGUAGE_CODE):
        yield
