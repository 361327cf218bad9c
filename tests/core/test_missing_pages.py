"""What visitors don't find is counted: rightly, within bounds, and nothing that is hidden."""

from __future__ import annotations

import logging
import pickle
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from importlib import import_module
from io import StringIO
from time import perf_counter
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.apps import apps
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_script_prefix, reverse, set_script_prefix
from django.urls import path as route
from django.utils import timezone, translation

from django_http_errors.admin.missing_pages import common_folder
from django_http_errors.core import counting, missing_pages
from django_http_errors.core.missing_pages import MissingPages, counter, shown_referrer
from django_http_errors.core.rule_hits import hits
from django_http_errors.decorators import hide_forbidden
from django_http_errors.models import HidingRule, MissingPage, PermanenceRule
from django_http_errors.rules.snapshot import UNREAD, Snapshots, snapshots

from ..asking import JSON, MIDDLEWARE, Site, send
from ..clock import Clock
from ..edits import edits_made

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Clock:
    settings.HTTP_ERRORS = {"MISSING_PAGES": True}
    clock = Clock()
    module_time = SimpleNamespace(monotonic=clock, time=clock)
    monkeypatch.setattr(counting, "time", module_time)
    snapshots.forget()
    return clock


def rows() -> dict[str, int]:
    return dict(MissingPage.objects.values_list("path", "hits"))


def test_what_is_not_found_is_counted_and_written_after_a_while(site: Site, time: Clock) -> None:
    for _time in range(3):
        assert site.ask("/nowhere/?secret=1", JSON, referer="http://a.example/x?y=z").status_code
    assert rows() == {}
    time.pass_(31)
    site.ask("/nowhere/", JSON)
    assert rows() == {"/nowhere/": 4}
    row = MissingPage.objects.get()
    assert (row.host, row.referrer) == ("testserver", "http://a.example/x")
    assert (row.last_seen - row.first_seen) == timedelta(seconds=31)
    time.pass_(31)
    site.ask("/nowhere/", JSON)
    site.ask("/elsewhere/", JSON)
    time.pass_(31)
    site.ask("/negotiated/", JSON)
    assert rows() == {"/nowhere/": 5, "/elsewhere/": 1}, "any request will do to write"


def test_where_only_errors_come_all_that_was_counted_is_written(site: Site, time: Clock) -> None:
    rule = PermanenceRule.objects.create(pattern="/gone/")
    site.ask("/gone/", JSON)
    site.ask("/nowhere/", JSON)
    time.pass_(31)
    site.ask("/nowhere/", JSON)
    rule.refresh_from_db()
    assert (rule.hits, rows()) == (1, {"/nowhere/": 2})


def test_two_processes_add_their_counts() -> None:
    for _process in range(2):
        own = MissingPages()
        for _time in range(3):
            count("/nowhere/", own)
        own.write()
    assert rows() == {"/nowhere/": 6}


def asked_for(path: str, host: str = "testserver", **fields: str) -> HttpRequest:
    request = HttpRequest()
    request.path_info = path
    request.META = {"HTTP_HOST": host, **fields}
    return request


def count(path: str, of: MissingPages = counter, **fields: str) -> None:
    """Count what a request for `path` didn't find."""
    request = asked_for(path, **fields)
    response = HttpResponse(status=404)
    of.count(response, request)
    send(response)


def test_it_is_off_by_default(settings: Any, site: Site) -> None:
    settings.HTTP_ERRORS = {}
    site.ask("/nowhere/", JSON)
    counter.write()
    assert rows() == {}


@pytest.mark.parametrize(
    "ask",
    [
        lambda site: site.ask("/nowhere/", JSON, method="POST"),
        lambda site: site.ask("/raise/403/", JSON),
        lambda site: site.ask("/gone/", JSON),
        lambda site: site.ask("/vault/secret/", JSON),
        lambda site: site.ask("/vault/nothing/", JSON),
        lambda site: site.ask("/documents/2/", JSON),
        lambda site: site.ask("/documents/999/", JSON),
    ],
    ids=["POST", "403", "410", "hidden by a rule", "missing there", "hidden by a view", "there"],
)
def test_other_errors_and_hidden_pages_are_not_listed(
    ask: Callable[[Site], Any], site: Site
) -> None:
    PermanenceRule.objects.create(pattern="/gone/")
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    ask(site)
    counter.write()
    assert rows() == {}


def test_what_is_hidden_since_it_was_counted_is_not_listed() -> None:
    Site("sync").ask("/vault/nothing/", JSON)
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    Site("sync").ask("/elsewhere/", JSON)
    counter.write()
    assert rows() == {"/elsewhere/": 1}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("https://other.example/a?token=secret#x", "https://other.example/a"),
        ("http://user:password@Other.example:81/a", "http://other.example:81/a"),
        ("http://other.example:x/a", ""),
        ("http://other.example/a\u200cb\u3000c", "http://other.example/a\u200cb\u3000c"),
        ("http://other.example/a\x85b", ""),
        ("http://testserver/negotiated/", "http://testserver/negotiated/"),
        ("http://testserver/vault/secret/", ""),
        ("http://testserver/documents/2/", ""),
        ("http://testserver/%76ault/secret/", ""),
        ("http://testserver/%C3%BCbersicht/geheim/", ""),
        ("http://testserver/%64ocuments/2/", ""),
        ("http://testserver//vault/secret/", ""),
        ("http://testserver./vault/secret/", ""),
        ("http://testserver.:8320/vault/secret/", ""),
        ("http://TestServer:8320/documents/2/", ""),
        ("http://[::1]:8320/vault/secret/", ""),
        ("http://[::1]/documents/2/", ""),
        ("http://[::1]:8320/negotiated/", "http://[::1]:8320/negotiated/"),
        ("http://[::2]/vault/secret/", "http://[::2]/vault/secret/"),
        # What answers there isn't known.
        ("http://testserver/no/view/", ""),
        ("http://testserver/%6Eegotiated/", "http://testserver/%6Eegotiated/"),
        ("javascript:alert(1)", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_the_page_that_leads_there(sent: str, kept: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "[::1]"]
    for pattern in ("/vault/", "/\xfcbersicht/"):
        HidingRule.objects.create(kind="prefix", pattern=pattern)
    snapshots.current()
    count("/nowhere/", HTTP_REFERER=sent)
    counter.write()
    assert MissingPage.objects.get().referrer == kept


@pytest.mark.parametrize(
    ("page", "is_kept"),
    [
        ("/app/vault/secret/", False),
        ("/app/documents/2/", False),
        ("/app//documents/2/", False),
        ("/vault/secret/", False),
        ("/app/negotiated/", True),
        ("/app", True),
    ],
)
def test_the_page_that_leads_there_below_a_prefix(page: str, is_kept: bool) -> None:
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    snapshots.current()
    count("/nowhere/", HTTP_REFERER=f"http://testserver{page}")
    set_script_prefix("/app/")
    try:
        counter.write()
    finally:
        clear_script_prefix()
    assert MissingPage.objects.get().referrer == (f"http://testserver{page}" if is_kept else "")


@hide_forbidden
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    raise PermissionDenied


localised: Any = ModuleType("localised")
localised.urlpatterns = i18n_patterns(
    route("secret/<int:pk>/", secret), route("open/", lambda request: HttpResponse())
)


@pytest.mark.parametrize("active", ["de", "en"])
@pytest.mark.parametrize(
    ("page", "is_kept"), [("/de/open/", True), ("/de/secret/2/", False), ("/en/secret/2/", False)]
)
def test_the_page_that_leads_there_in_another_language(
    settings: Any, active: str, page: str, is_kept: bool
) -> None:
    settings.ROOT_URLCONF = localised
    snapshots.current()
    count("/nowhere/", HTTP_REFERER=f"http://testserver{page}")
    with translation.override(active):
        counter.write()
    assert MissingPage.objects.get().referrer == (f"http://testserver{page}" if is_kept else "")


def test_what_is_redirected_to_a_page_is_not_listed(site: Site, settings: Any) -> None:
    settings.MIDDLEWARE = [
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        MIDDLEWARE,
    ]
    settings.ROOT_URLCONF = localised
    statuses = [site.ask(path, JSON).status_code for path in ("/en/open", "/open/", "/en/shut/")]
    assert statuses == [301, 302, 404]
    counter.write()
    assert rows() == {"/en/shut/": 1}


def test_where_a_request_has_its_own_urls_no_page_of_the_site_is_told() -> None:
    snapshots.current()
    for number, page in enumerate(("http://testserver/negotiated/", "http://other.example/")):
        request = asked_for(f"/{number}/", HTTP_REFERER=page)
        request.urlconf = "tests.urls"
        response = HttpResponse(status=404)
        counter.count(response, request)
        send(response)
    counter.write()
    found = set(MissingPage.objects.values_list("referrer", flat=True))
    assert found == {"", "http://other.example/"}


class Urls:
    """What a middleware gives to the requests for one host."""

    urlpatterns = [route("<path:anything>", lambda request, anything: HttpResponse())]


class UrlsByHost:
    """Sets the URLconf of b.example."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        if request.get_host() == "b.example":
            request.urlconf = Urls
        return self.get_response(request)


def test_a_page_is_hidden_by_its_own_urls_whoever_writes(time: Clock, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["a.example", "b.example"]
    settings.MIDDLEWARE = [f"{__name__}.UrlsByHost", *settings.MIDDLEWARE]
    site = Site("sync")
    site.ask("/nope/", JSON, host="a.example", referer="http://a.example/documents/2/")
    time.pass_(31)
    assert site.ask("/page/", JSON, host="b.example").status_code == 200
    row = MissingPage.objects.get()
    assert (row.path, row.referrer) == ("/nope/", "")


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("https://partner.example/blog/post-1/", "https://partner.example/blog/post-1/"),
        ("http://a.example/documents/2/", ""),
        ("http://b.example/documents/2/", ""),
        ("http://www.c.example/documents/2/", ""),
        # That of a site behind a proxy that sends it another.
        ("https://public.example/documents/2/", ""),
        ("https://public.example//documents/2/", ""),
        ("https://public.example/vault/secret/", ""),
        ("https://public.example/negotiated/", "https://public.example/negotiated/"),
        # Of no view that is known.
        ("http://a.example/no/view/", ""),
        ("http://b.example/no/view/", ""),
        ("http://www.c.example/no/view/", ""),
    ],
)
def test_where_any_host_is_allowed_no_page_that_may_be_the_sites_and_hidden_is_told(
    page: str, kept: str, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*", ".c.example"]
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    snapshots.current()
    count("/nowhere/", HTTP_HOST="a.example:8000", HTTP_REFERER=page)
    count("/other/", HTTP_HOST="b.example")
    counter.write()
    assert MissingPage.objects.get(host="a.example").referrer == kept


def test_whose_host_a_page_is_of_is_asked_again_when_it_is_shown(settings: Any) -> None:
    """By then it isn't known which hosts were asked for: any may be the site's."""
    settings.ALLOWED_HOSTS = ["*"]
    hiding = snapshots.current().hiding
    assert shown_referrer("http://b.example/documents/2/", hiding) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/page\xa0",
        "/\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645/",
        "/\u0915\u094d\u200d\u0937/",
        "/\U0001f468\u200d\U0001f469\u200d\U0001f467/",
        "/a\xadb/",
        "/\u3000/",
    ],
)
def test_an_address_may_have_what_is_not_seen(path: str) -> None:
    Site("sync").ask(quote(path), JSON)
    counter.write()
    assert rows() == {path: 1}


@pytest.mark.parametrize(
    "path",
    ["/x\x00", "/x\ny", "/x\x7f", "/x\x85", "/x\u2028", "/\ud800", "/" + "x" * 600, "/*", "/a*b/"],
)
def test_an_address_that_cant_be_listed_is_left_out(path: str) -> None:
    snapshots.current()
    count(path)
    counter.write()
    assert rows() == {}


def test_only_hosts_of_the_site_are_listed(settings: Any, site: Site) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    snapshots.current()
    site.ask("/nowhere/", JSON, host="evil.example")
    count("/nowhere/", HTTP_HOST="evil.example")
    for host in ("TestServer:8000", "testserver", "testserver."):
        count("/nowhere/", HTTP_HOST=host)
    counter.write()
    assert set(MissingPage.objects.values_list("host", "hits")) == {("testserver", 3)}


def test_a_host_that_is_too_long_is_not_listed(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    snapshots.current()
    response = HttpResponse(status=404)
    for length in (253, 254):
        counter.count(response, asked_for("/x/", "a" * length))
    send(response)
    counter.write()
    assert [len(row.host) for row in MissingPage.objects.all()] == [253]


def test_a_pattern_is_for_its_host_and_only_an_asterisk_is_for_anything() -> None:
    MissingPage.objects.create(host="testserver", path="/old-forum/*", ignored=True)
    MissingPage.objects.create(host="other.example", path="/lamps/*")
    MissingPage.objects.create(path="/a?c/[x]*")
    snapshots.current()
    for asked in ("/old-forum/1/", "/lamps/1/", "/abc/x/", "/a?c/[x]y"):
        count(asked)
    counter.write()
    found = set(MissingPage.objects.exclude(hits=0).values_list("host", "path", "ignored"))
    assert found == {
        ("testserver", "/old-forum/*", True),
        ("testserver", "/lamps/1/", False),
        ("testserver", "/abc/x/", False),
        ("", "/a?c/[x]*", False),
    }


def test_many_asterisks_take_no_longer() -> None:
    MissingPage.objects.create(path="/" + "*a" * 30 + "*b")
    snapshots.current()
    count("/" + "a" * 450)
    began = perf_counter()
    counter.write()
    assert perf_counter() - began < 5


@pytest.mark.parametrize("use_tz", [True, False])
def test_the_lists_have_dates_with_and_without_time_zones(
    editor: Client, settings: Any, use_tz: bool
) -> None:
    settings.USE_TZ = use_tz
    MissingPage.objects.create(path="/lost/")
    PermanenceRule.objects.create(pattern="/x/", last_hit=timezone.now())
    for name in ("missingpage", "permanencerule"):
        assert editor.get(f"/admin/django_http_errors/{name}/").status_code == 200


@pytest.fixture
def noise() -> None:
    """Have the rows that the migration adds."""
    migration = import_module("django_http_errors.migrations.0001_initial")
    migration.ignore_noise(apps, SimpleNamespace(connection=connection))


def found_rows() -> dict[str, int]:
    return {path: hits for path, hits in rows().items() if hits}


@pytest.mark.usefixtures("noise")
def test_what_scanners_look_for_is_one_row_a_pattern() -> None:
    MissingPage.objects.create(path="/old-forum/*")
    scanned = ["/wp-login.php", "/a/WP-LOGIN.PHP", "/.env", "/backup/site.sql", "/Old-Forum/7/"]
    pages = [
        "/index.php",
        "/vendor/acme/",
        "/downloads/catalog.zip",
        "/.well-known/security.txt",
        "/blog/php.phpinfo-howto/",
        "/default.asp",
    ]
    for path in (*scanned, *pages):
        Site("sync").ask(path, JSON)
    counter.write()
    patterns = {"*/wp-*.php": 2, "*/.env*": 1, "*.sql": 1, "/old-forum/*": 1}
    assert found_rows() == patterns | dict.fromkeys(pages, 1)
    ignored = set(MissingPage.objects.filter(ignored=True).values_list("path", flat=True))
    assert {*patterns} - ignored == {"/old-forum/*"}


@pytest.mark.usefixtures("noise")
def test_what_editors_do_to_a_pattern_is_obeyed() -> None:
    own = MissingPage.objects
    own.filter(path="*/wp-*.php").update(path="*/wp-l*.php")
    own.filter(path="*.sql").delete()
    own.create(path="/old/*.bak")
    for path in ("/wp-login.php", "/wp-about.php", "/a.sql", "/old/a.bak", "/new/a.bak"):
        Site("sync").ask(path, JSON)
    counter.write()
    assert found_rows() == {
        "*/wp-l*.php": 1,
        "/wp-about.php": 1,
        "/a.sql": 1,
        "/old/*.bak": 1,
        "*.bak": 1,
    }


def test_the_narrowest_pattern_counts() -> None:
    for host, path in (("", "/a/b/*"), ("", "/a/*"), ("testserver", "/*/c/"), ("x.example", "/*")):
        MissingPage.objects.create(host=host, path=path)
    snapshots.current()
    for path in ("/a/b/1/", "/a/1/", "/a/b/c/"):
        count(path)
    counter.write()
    assert found_rows() == {"/a/b/*": 1, "/a/*": 1, "/*/c/": 1}


def test_a_scanner_grows_neither_memory_nor_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 20)
    monkeypatch.setattr(missing_pages, "MOST_KEPT", 10)
    monkeypatch.setattr(missing_pages, "NEWEST_KEPT", 10)
    snapshots.current()
    MissingPage.objects.create(path="/ignored/", ignored=True)
    for number in range(500):
        count(f"/scanned/{number}/")
        if number % 10 == 0:
            count("/often/")
        assert len(counter) <= 40
    counter.write()
    kept = rows()
    assert kept.pop("/ignored/") == 0
    assert len(kept) == 10
    assert kept["/often/"] == 50


def fill(*hits: int, days_ago: int, ignored: bool = False) -> None:
    seen = timezone.now() - timedelta(days=days_ago)
    MissingPage.objects.bulk_create(
        MissingPage(path=f"/{days_ago}/{number}/", hits=each, last_seen=seen, ignored=ignored)
        for number, each in enumerate(hits)
    )


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    time.now = timezone.now().timestamp()
    monkeypatch.setattr(missing_pages, "MOST_KEPT", 10)
    monkeypatch.setattr(missing_pages, "NEWEST_KEPT", 3)
    snapshots.current()


@pytest.mark.parametrize("days_ago", [1, 730])
def test_a_page_gets_into_a_full_list(short_list: None, time: Clock, days_ago: int) -> None:
    """Though others come, and each is asked for no more than once in the time between two writes.

    It stays, while those go that are rarer by now.
    """
    fill(*[5] * 10, days_ago=days_ago)
    for number in range(20):
        time.pass_(30)
        count("/campaign/")
        count(f"/once/{number}/")
        counter.write()
        found = rows()
        assert found["/campaign/"] == number + 1
        assert len(found) == 10


def test_what_nobody_has_asked_for_in_a_long_time_goes_first(short_list: None) -> None:
    fill(*[1000] * 3, days_ago=91)
    fill(*[1] * 7, days_ago=89)
    for path in ("/a/", "/b/"):
        count(path)
    counter.write()
    kept = rows()
    assert sum(path.startswith("/91/") for path in kept) == 1
    assert sum(path.startswith("/89/") for path in kept) == 7


def test_what_is_ignored_takes_no_place_from_what_is_not(short_list: None) -> None:
    """And is bounded as well."""
    fill(*[100] * 10, days_ago=2)
    fill(*range(10, 22), days_ago=1, ignored=True)
    count("/new/")
    counter.write()
    assert MissingPage.objects.filter(ignored=False).count() == 10
    assert rows()["/new/"] == 1
    kept = MissingPage.objects.filter(ignored=True).values_list("hits", flat=True)
    assert sorted(kept) == list(range(12, 22))


def test_it_is_one_statement_for_a_hundred_pages() -> None:
    snapshots.current()
    for number in range(100):
        count(f"/{number}/")
    with CaptureQueriesContext(connection) as queries:
        counter.write()
    writing = [each for each in queries.captured_queries if each["sql"].startswith("INSERT")]
    assert len(writing) == 1
    # The transaction, and which rows are free, where the database can tell.
    # SQLite can't, and is asked which are there.
    locking = 4 if connection.features.has_select_for_update_skip_locked else 1
    assert len(queries) == 3 + locking, "the patterns, the pages, how many there are"
    for number in range(100):
        count(f"/{number}/")
    with CaptureQueriesContext(connection) as queries:
        counter.write()
    writing = [
        each["sql"] for each in queries.captured_queries if re.match("INSERT|UPDATE", each["sql"])
    ]
    assert [each[:6] for each in writing] == ["UPDATE"], "who adds to rows inserts none"
    assert set(rows().values()) == {2}


def test_a_database_that_fails_loses_counts_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, time: Clock, own_records: list[logging.LogRecord]
) -> None:
    site = Site("sync")
    site.ask("/nowhere/", JSON)
    time.pass_(31)

    def away(*args: object) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(counter, "save", away)
        assert site.ask("/nowhere/", JSON).status_code == 404
    assert len(own_records) == 1
    site.ask("/nowhere/", JSON)
    counter.write()
    assert rows() == {"/nowhere/": 1}


def test_the_list_can_be_cleared() -> None:
    now = timezone.now()
    for path, days, ignored in (("/a/", 0, False), ("/b/", 10, False), ("/c/", 10, True)):
        seen = now - timedelta(days=days)
        MissingPage.objects.create(path=path, hits=1, last_seen=seen, ignored=ignored)
    MissingPage.objects.create(path="*.php")
    out = StringIO()
    call_command("clear_missing_pages", days=5, stdout=out)
    assert out.getvalue() == "1 page was deleted.\n"
    assert set(rows()) == {"/a/", "/c/", "*.php"}
    call_command("clear_missing_pages", stdout=out)
    assert set(rows()) == {"/c/", "*.php"}


@pytest.mark.parametrize("days", ["-1", "x", "99999999"])
def test_what_is_no_number_of_days_is_refused(days: str) -> None:
    MissingPage.objects.create(path="/a/")
    with pytest.raises(CommandError):
        call_command("clear_missing_pages", f"--days={days}")
    assert rows() == {"/a/": 0}


# Rules


def test_how_often_a_rule_is_needed_is_counted_as_missing_pages_are(
    site: Site, time: Clock, settings: Any
) -> None:
    """What a rule is for isn't missing; nothing is told of what is hidden, and no edit is made."""
    gone = PermanenceRule.objects.create(pattern="/gone/", kind="prefix")
    later = PermanenceRule.objects.create(pattern="/later/", permanence="temporary")
    PermanenceRule.objects.create(pattern="/gone/", kind="exact", enabled=False)
    hidden = PermanenceRule.objects.create(pattern="/vault/", kind="prefix")
    documents = PermanenceRule.objects.create(pattern="/documents/", kind="prefix")
    HidingRule.objects.create(kind="prefix", pattern="/vault/")
    updated, edits = gone.updated_at, edits_made()
    asked = ["/gone/a/", "/gone/b/", "/later/", "/vault/secret/", "/vault/x/", "/documents/2/"]
    for path in (*asked, "/documents/999/"):
        site.ask(path, JSON)
    site.ask("/gone/", JSON, method="POST")
    settings.HTTP_ERRORS = {}
    site.ask("/gone/", JSON)
    counter.write()
    with CaptureQueriesContext(connection) as queries:
        hits.write()
    assert sum(each["sql"].startswith("UPDATE") for each in queries.captured_queries) == 1
    assert rows() == {}
    counted = dict(PermanenceRule.objects.exclude(hits=0).values_list("pk", "hits"))
    assert counted == {gone.pk: 2, later.pk: 1}
    assert {hidden.last_hit, documents.last_hit} == {None}
    settings.HTTP_ERRORS = {"MISSING_PAGES": True}
    time.pass_(60)
    site.ask("/gone/a/", JSON)
    time.pass_(31)
    site.ask("/negotiated/", JSON)
    gone.refresh_from_db()
    assert (gone.hits, gone.updated_at) == (3, updated)
    assert gone.last_hit is not None
    assert edits_made() == edits


def schema(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(connections["default"], "schema_name", name, raising=False)
    snapshots.forget()


def test_missing_pages_of_a_tenant_wait_for_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        schema(monkeypatch, name)
        Site("sync").ask(f"/{name}/", JSON)
    counter.write()
    assert rows() == {"/b/": 1}
    schema(monkeypatch, "a")
    counter.write()
    assert rows() == {"/b/": 1, "/a/": 1}


def test_a_busy_tenant_keeps_no_other_from_being_written(
    monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    site = Site("sync")
    for name in ("quiet", "busy"):
        schema(monkeypatch, name)
        site.ask(f"/{name}/", JSON)
    for _time in range(3):
        time.pass_(31)
        site.ask("/busy/", JSON)
        site.ask("/negotiated/", JSON)
    schema(monkeypatch, "quiet")
    site.ask("/negotiated/", JSON)
    assert rows() == {"/busy/": 4, "/quiet/": 1}
    assert not counting.waiting


def test_nothing_is_counted_before_it_is_known_what_is_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Snapshots, "current", lambda self, from_memory=False: UNREAD)
    Site("sync").ask("/nowhere/", JSON)
    assert len(counter) == 0


@pytest.mark.parametrize("setting", [False, True])
def test_the_host_is_the_one_that_the_site_trusts(settings: Any, setting: bool) -> None:
    settings.USE_X_FORWARDED_HOST = setting
    settings.ALLOWED_HOSTS = ["inner.example", "outer.example"]
    snapshots.current()
    count("/x/", HTTP_HOST="inner.example", HTTP_X_FORWARDED_HOST="outer.example")
    counter.write()
    assert MissingPage.objects.get().host == ("outer.example" if setting else "inner.example")


def test_a_response_can_be_kept_in_a_cache_before_it_is_sent() -> None:
    """Django keeps what waits until it has been sent, for whatever a project caches itself."""
    snapshots.current()
    response = HttpResponse(status=404)
    counter.count(response, asked_for("/nowhere/"))
    send(pickle.loads(pickle.dumps(response)))  # noqa: S301 - it was made here
    assert len(counter) == 1


def test_hits_of_a_tenant_wait_for_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = PermanenceRule.objects.create(pattern="/gone/")
    for name in ("a", "b"):
        response = HttpResponse(status=410)
        schema(monkeypatch, name)
        hits.add(response, rule.pk, name)
        schema(monkeypatch, "")  # Whatever it is when the response has been sent.
        send(response)
    schema(monkeypatch, "b")
    hits.write()
    rule.refresh_from_db()
    assert (rule.hits, len(hits)) == (1, 1)
    schema(monkeypatch, "a")
    hits.write()
    rule.refresh_from_db()
    assert (rule.hits, len(hits)) == (2, 0)


# For editors


@pytest.fixture
def editor() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("editor"))
    return client


LIST = "/admin/django_http_errors/missingpage/"


def test_from_a_row_one_click_leads_to_an_answer(editor: Client) -> None:
    MissingPage.objects.create(host="testserver", path="/lamps/?x", hits=3)
    page = editor.get(LIST).content.decode()
    add = reverse("admin:django_http_errors_permanencerule_add")
    assert f'href="{add}?pattern=%2Flamps%2F%253Fx&amp;host=testserver"' in page
    form = editor.get(f"{add}?pattern=/lamps/&host=testserver").content.decode()
    assert 'value="/lamps/"' in form
    rule = PermanenceRule.objects.create(pattern="/lamps/", kind="prefix")
    MissingPage.objects.create(host="testserver", path="/lamps/7/", hits=3)
    change = reverse("admin:django_http_errors_permanencerule_change", args=[rule.pk])
    assert f'Done: <a href="{change}">/lamps/ (' in editor.get(LIST).content.decode()


def test_only_what_an_editor_may_add_is_offered() -> None:
    MissingPage.objects.create(host="testserver", path="/lamps/", hits=3)
    user = get_user_model().objects.create_user("colleague", is_staff=True)
    client = Client()
    client.force_login(user)
    for allowed, offered in (
        ("view_missingpage", ()),
        ("add_errormessage", ("Own words",)),
        ("add_permanencerule", ("Gone for good", "Back later", "Own words")),
    ):
        user.user_permissions.add(Permission.objects.get(codename=allowed))
        page = client.get(LIST).content.decode()
        for label in ("Gone for good", "Back later", "Own words"):
            assert (f">{label}</a>" in page) == (label in offered), (allowed, label)
        assert ("remove_together" in page) == (allowed == "add_permanencerule")


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize("asked", ["/a%2541", "/what%3Fnow", "/a%23b", "/a%E2%80%8Bb/"])
def test_the_answer_is_for_the_page_that_was_missing(editor: Client, asked: str) -> None:
    snapshots.current()
    count(unquote(asked))
    counter.write()
    page = editor.get(LIST).content.decode()
    add = unescape(re.findall(r'href="([^"]+permanencerule/add/[^"]+)"', page)[0])
    pattern = editor.get(add).context["adminform"].form.initial["pattern"]
    rule = {"pattern": pattern, "kind": "exact", "permanence": "permanent", "enabled": "on"}
    assert editor.post(add, rule).status_code == 302
    assert Client().get(asked, headers={"accept": JSON}).status_code == 410


def test_several_pages_of_a_folder_become_one_rule(editor: Client) -> None:
    for number in range(3):
        MissingPage.objects.create(host="testserver", path=f"/lamps/old/{number}/")
    keys = list(MissingPage.objects.values_list("pk", flat=True))
    data = {"action": "remove_together", "_selected_action": keys}
    response = editor.post(LIST, data)
    assert response.status_code == 302
    assert "kind=prefix&pattern=%2Flamps%2Fold%2F&host=testserver" in response["Location"]
    page = editor.get(response["Location"]).content.decode()
    assert (
        "The rule will cover 3 missing pages: /lamps/old/0/, /lamps/old/1/, /lamps/old/2/" in page
    )
    MissingPage.objects.create(path="/other/")
    data["_selected_action"] = list(MissingPage.objects.values_list("pk", flat=True))
    page = editor.post(LIST, data, follow=True).content.decode()
    assert "no folder in common" in page


def test_what_is_ignored_leaves_the_list(editor: Client) -> None:
    row = MissingPage.objects.create(path="/lamps/")
    editor.post(LIST, {"action": "ignore", "_selected_action": [row.pk]})
    assert "/lamps/" not in editor.get(LIST).content.decode()
    assert "/lamps/" in editor.get(f"{LIST}?ignored=yes").content.decode()
    editor.post(f"{LIST}?ignored=yes", {"action": "stop_ignoring", "_selected_action": [row.pk]})
    assert "/lamps/" in editor.get(LIST).content.decode()


def test_the_list_says_that_it_is_switched_off(editor: Client, settings: Any) -> None:
    assert "MISSING_PAGES" not in editor.get(LIST).content.decode()
    settings.HTTP_ERRORS = {}
    assert "MISSING_PAGES" in editor.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["/a/b/1/", "/a/b/2/"], "/a/b/"),
        (["/a/b/1", "/a/b/2"], "/a/b/"),
        (["/a/b/"], "/a/"),
        (["/a/", "/b/"], "/"),
        (["/ab/1/", "/ac/2/"], "/"),
        # The folder itself may be among them.
        (["/blog/2019/", "/blog/2019/january/"], "/blog/2019/"),
        (["/old-shop/lamps/", "/old-shop/"], "/old-shop/"),
        (["/a/b", "/a/b/c"], "/a/b/"),
        (["/a/b", "/a/b/", "/a/b/c"], "/a/b/"),
        (["/a/b", "/a/bc"], "/a/"),
        # One address, of two hosts or in two spellings, is in the folder above.
        (["/a/b/", "/a/b/"], "/a/"),
        (["/a/b/", "/a/b"], "/a/"),
        (["/a/"], "/"),
        (["/", "/a/"], "/"),
        ([], "/"),
    ],
)
def test_the_folder_that_pages_have_in_common(paths: list[str], folder: str) -> None:
    assert common_folder(paths) == folder
