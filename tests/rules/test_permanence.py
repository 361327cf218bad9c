"""404 or 410, through the real stack: whatever answered 404, and in whatever way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.middleware.common import CommonMiddleware
from django.test import Client, override_settings
from django.utils import timezone

from django_http_errors.core.statuses import STATUSES
from django_http_errors.models import HidingRule, PermanenceRule
from django_http_errors.problems import Action, Permanence, Problem
from django_http_errors.rules.matching import Index
from django_http_errors.rules.permanence import (
    LONGEST_RETRY,
    apply_rules,
    considered,
    covered,
    covering,
    covers_everything,
    sample,
)
from django_http_errors.rules.rows import PERMANENCE_FIELDS, PermanenceRow

from ..asking import FORMS, HIDING_MIDDLEWARE, HTML, JSON, MIDDLEWARE, PROBLEM, TEXT, Site

pytestmark = pytest.mark.django_db

HERE, COMMON = __name__, "django.middleware.common.CommonMiddleware"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

RESOLVER = "/nowhere/"
# What answers 404 at the demo site, and how.
SAYING_404 = {
    "resolver": RESOLVER,
    "Http404": "/builtin/http404/",
    "bare response": "/return/404/",
    "NotFound": "/raise/404/",
    "Http404, async": "/async/builtin/http404/",
    "bare response, async": "/async/return/404/",
    "NotFound, async": "/async/raise/404/",
    "get_object_or_404": "/plain-documents/999/",
}
if find_spec("rest_framework"):
    SAYING_404 |= {"REST framework": "/api/plain-documents/999/", "below its root": "/api/nowhere/"}


def gone(pattern: str, **fields: Any) -> PermanenceRule:
    return PermanenceRule.objects.create(pattern=pattern, **fields)


# Whatever answered 404.


class OwnCommonMiddleware(CommonMiddleware):
    """As a project may have it."""


@pytest.mark.parametrize("own", [False, True], ids=["Django's", "a subclass"])
@pytest.mark.parametrize("kind", ["prefix", "exact"])
def test_a_page_is_redirected_to_although_a_rule_covers_it(
    site: Site, settings: Any, kind: str, *, own: bool
) -> None:
    common = OwnCommonMiddleware if own else CommonMiddleware
    settings.MIDDLEWARE = [f"{common.__module__}.{common.__name__}", MIDDLEWARE]
    gone("/negotiated/", kind=kind)
    response = site.ask("/negotiated", JSON)
    assert (response.status_code, response["Location"]) == (301, "/negotiated/")
    gone("/nowhere/", kind=kind)
    assert site.ask("/nowhere", JSON).status_code == 410, "nothing is there with a slash either"
    settings.APPEND_SLASH = False
    assert site.ask("/negotiated", JSON).status_code == 410


def test_in_a_hidden_area_a_rule_decides_with_a_slash_and_without(
    site: Site, settings: Any
) -> None:
    """Whether a view is there with a slash, `CommonMiddleware` would tell."""
    settings.MIDDLEWARE = [HIDING_MIDDLEWARE, COMMON, MIDDLEWARE]
    HidingRule.objects.create(kind="prefix", pattern="/raise/", fold_client_errors=True)
    gone("/raise/", kind="prefix")
    statuses = [
        site.ask(each, JSON).status_code for each in ("/raise/409", "/raise/x", "/raise/x/")
    ]
    assert statuses == [410, 410, 410]


class Unused(CommonMiddleware):
    """Django leaves it out."""

    def __init__(self, get_response: Any) -> None:
        raise MiddlewareNotUsed


class Broken(CommonMiddleware):
    """It can be made as a middleware, and not for a question alone."""

    def __init__(self, get_response: Any) -> None:
        if get_response.__module__ == "django_http_errors.core.slashes":
            raise ValueError
        super().__init__(get_response)


@pytest.mark.parametrize("kind", [Unused, Broken])
def test_a_middleware_that_cant_be_asked_keeps_no_rule_from_deciding(
    site: Site, settings: Any, kind: type
) -> None:
    settings.MIDDLEWARE = [f"{HERE}.{kind.__name__}", MIDDLEWARE]
    gone("/nowhere/")
    assert site.ask("/nowhere/", JSON).status_code == 410


@pytest.mark.conformance("rfc9110-15.5.5-gone-preferred")
@pytest.mark.conformance("rfc9457-3.1.2-status")
@pytest.mark.parametrize("path", SAYING_404.values(), ids=SAYING_404)
@pytest.mark.parametrize("form", [HTML, PROBLEM, JSON, TEXT])
def test_whatever_answered_404_it_is_gone(site: Site, path: str, form: str) -> None:
    if form == TEXT and path == SAYING_404.get("REST framework"):
        form = JSON  # A view of REST framework has its own renderers.
    assert site.ask(path, form).status_code == 404
    gone(path, reason="We closed for good.")
    response = site.ask(path, form)
    assert response.status_code == 410
    assert response.reason_phrase == "Gone"
    assert response["Cache-Control"] == "no-store"
    assert b"We closed for good." in response.content
    assert response.problem.permanence == "permanent"
    assert "Retry-After" not in response
    if form in (JSON, PROBLEM):
        body = response.json()
        assert (body["status"], body["permanence"]) == (410, "permanent")
        assert body["title"] == str(STATUSES[410].title)
        assert body["detail"] == "We closed for good."


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path",
    [
        path
        for name, path in SAYING_404.items()
        if name not in ("REST framework", "get_object_or_404")
    ],
)
def test_for_every_method(site: Site, path: str, method: str) -> None:
    gone(path)
    response = site.ask(path, JSON, method=method)
    assert response.status_code == 410


@pytest.mark.parametrize("path", SAYING_404.values(), ids=SAYING_404)
def test_something_temporary_stays_404_and_says_so(site: Site, path: str) -> None:
    gone(path, permanence="temporary", expected_at=timezone.now() + HOUR)
    response = site.ask(path, JSON)
    assert response.status_code == 404
    body = response.json()
    assert body["permanence"] == "temporary"
    assert 3500 < body["retry_after"] <= 3600
    assert response["Retry-After"] == str(body["retry_after"])
    assert response["Cache-Control"] == "no-store"
    assert "expected" in body["detail"]


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/own-body/404/", 404, b"own body"),
        ("/return/410/", 410, None),
        ("/raise/410/", 410, None),
        ("/return/403/", 403, None),
        ("/return/400/", 400, None),
        ("/raise/500/", 500, None),
        ("/builtin/crash/", 500, None),
    ],
)
def test_what_is_no_404_of_the_apps_stays(
    site: Site, path: str, status: int, content: bytes | None
) -> None:
    """Neither a permanent rule nor a temporary one has a say in another error."""
    untouched = site.ask(path, JSON)
    for fields in ({}, {"permanence": "temporary", "reason": "Wait!"}):
        PermanenceRule.objects.all().delete()
        gone("/", kind="prefix", **fields)
        response = site.ask(path, JSON)
        assert response.status_code == untouched.status_code == status
        assert b"Wait!" not in response.content
        if content is not None:
            assert response.content == content
        elif status < 500:
            assert response.content == untouched.content


def test_a_404_that_is_streamed_is_left_alone() -> None:
    gone("/", kind="prefix")
    response = Client().get("/stream/404/")
    assert response.status_code == 404
    assert b"".join(response.streaming_content) == b"own body"


def test_a_success_is_no_matter_of_rules(site: Site) -> None:
    gone("/", kind="prefix")
    assert site.ask("/negotiated/", HTML).status_code == 200


# Where and when.


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("/caf%C3%A9/", "/caf%C3%A9/"),
        ("/caf\u00e9/", "/caf%c3%a9"),
        ("/caf\u00e9/", "/cafe%CC%81/"),
        ("/cafe\u0301/", "/caf%C3%A9/"),
        ("/a b/", "/a%20b/"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a%2Fb", "/a/b"),
        ("/%6Fld/", "/old/"),
        ("/old/", "/%6F%6C%64/"),
        ("/old/", "/old"),
        ("/old", "/old/"),
        ("/old/", "/old/?page=2"),
        ("/100%25/", "/100%25/"),
        ("/what%3F/", "/what%3F/"),
        ("/a%2541/", "/a%2541/"),
    ],
)
def test_the_same_address_has_the_same_rule(pattern: str, asked: str) -> None:
    """Asked sync alone: Django's async test client garbles what isn't ASCII."""
    gone(pattern)
    assert Client().get(asked).status_code == 410


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [("/old/", "/OLD/"), ("/old/", "/older/"), ("/a%2541/", "/aA/"), ("/what%3F/", "/what/?")],
)
def test_another_address_has_another(pattern: str, asked: str) -> None:
    gone(pattern)
    assert Client().get(asked).status_code == 404


def test_a_rule_is_for_the_site_wherever_it_is_mounted(site: Site, settings: Any) -> None:
    gone("/old/")
    settings.FORCE_SCRIPT_NAME = "/site"
    path = "/site/old/" if site.is_async else "/old/"
    response = site.ask(path, JSON)
    assert response.status_code == 410
    assert response.json()["instance"] == "/site/old/"


@override_settings(ALLOWED_HOSTS=["one.example", "other.example", "[::1]"])
def test_a_rule_may_be_for_one_host() -> None:
    """Asked sync alone: Django's async test client has a host already."""
    site = Site("sync")
    gone("/a/", host="One.Example", reason="one")
    gone("/a/", reason="any")
    gone("/v6/", host="[::1]")

    def said(path: str, host: str) -> str:
        return str(site.ask(path, JSON, host=host).json()["detail"])

    assert said("/a/", "one.example") == "one"
    assert said("/a/", "ONE.example:8000") == "one"
    assert said("/a/", "one.example.") == "one"
    assert said("/a/", "other.example") == "any"
    assert site.ask("/v6/", JSON, host="[::1]:8000").status_code == 410
    # A bad host is a 400, and asks no rule about it.
    assert site.ask("/a/", JSON, host="bad.example").status_code in (400, 410)


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        (None, None, 410),
        (-HOUR, None, 410),
        (HOUR, None, 404),
        (None, HOUR, 410),
        (None, -HOUR, 404),
        (-HOUR, HOUR, 410),
        (HOUR, DAY, 404),
        (-DAY, -HOUR, 404),
    ],
)
def test_a_rule_is_in_force_from_then_until_then(
    site: Site, since: timedelta | None, until: timedelta | None, status: int
) -> None:
    now = timezone.now()
    gone("/a/", valid_from=since and now + since, valid_until=until and now + until)
    assert site.ask("/a/", JSON).status_code == status


def test_a_rule_that_isnt_in_force_leaves_the_say_to_the_next(site: Site) -> None:
    gone("/a/", valid_until=timezone.now() - HOUR, reason="exact")
    gone("/a/", kind="prefix", reason="prefix")
    assert site.ask("/a/", JSON).json()["detail"] == "prefix"


def test_a_disabled_rule_is_none(site: Site) -> None:
    gone("/a/", enabled=False)
    assert site.ask("/a/", JSON).status_code == 404


# What stands beside the status.


@pytest.mark.parametrize("permanence", ["permanent", "temporary"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", [RESOLVER, "/return/404/"])
def test_a_replacement_is_offered_and_nobody_is_sent_there(
    site: Site, form: str, permanence: str, path: str
) -> None:
    gone(path, permanence=permanence, replacement="/n\u00e9w/?a=b&c=d")
    response = site.ask(path, form)
    assert response.status_code == (410 if permanence == "permanent" else 404)
    assert "Location" not in response
    assert response["Link"] == '</n%C3%A9w/?a=b&c=d>; rel="alternate"'
    if form == HTML:
        assert 'href="/n%C3%A9w/?a=b&amp;c=d"' in response.content.decode()
    elif form == TEXT:
        assert "/n%C3%A9w/?a=b&c=d" in response.content.decode()
    else:
        (action,) = response.json()["actions"]
        assert action["href"] == "/n%C3%A9w/?a=b&c=d"


@override_settings(LANGUAGE_CODE="de", MIDDLEWARE=[MIDDLEWARE])
def test_blank_words_are_those_of_the_status(site: Site) -> None:
    gone("/a/")
    entry = STATUSES[410]
    problem = site.ask("/a/", JSON).problem
    assert (problem.title, problem.detail) == (entry.title, entry.detail)


def test_the_reason_is_text(site: Site) -> None:
    gone("/a/", reason="<b>{path}</b> & {method}")
    assert "&lt;b&gt;/a/&lt;/b&gt; &amp; GET" in site.ask("/a/", HTML).content.decode()
    assert site.ask("/a/", JSON).json()["detail"] == "<b>/a/</b> & GET"


# The pure function.

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATH, HOST = "/a/", "example.com"
NOT_FOUND = STATUSES[404].problem()


def rule(**fields: Any) -> PermanenceRow:
    row = PermanenceRule(**{"pattern": "/a/", **fields})
    return PermanenceRow.of(row)


def decided(problem: Problem = NOT_FOUND, **fields: Any) -> Problem:
    return apply_rules(problem, Index([rule(**fields)]), PATH, HOST, NOW)[0]


@pytest.mark.parametrize(
    ("away", "seconds"),
    [
        (timedelta(0), None),
        (-HOUR, None),
        (timedelta(microseconds=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(seconds=90), 90),
        (DAY, 86400),
        (LONGEST_RETRY, 366 * 86400),
        (LONGEST_RETRY + timedelta(seconds=1), None),
        (timedelta(days=36500), None),
        (None, None),
    ],
)
def test_a_date_is_a_wait_where_that_is_sensible(
    away: timedelta | None, seconds: int | None
) -> None:
    expected_at = None if away is None else NOW + away
    assert decided(permanence="temporary", expected_at=expected_at).retry_after == seconds


def test_a_wait_that_the_view_knew_stays_unless_the_rule_knows_better() -> None:
    problem = STATUSES[404].problem(retry_after=60)
    assert decided(problem, permanence="temporary").retry_after == 60
    date = NOW + HOUR
    assert decided(problem, permanence="temporary", expected_at=date).retry_after == 3600
    assert decided(problem).retry_after is None


def test_a_page_that_replaces_another_is_spoken_of_where_there_is_one() -> None:
    removed = "What was at this address has been removed for good."
    assert decided().detail == removed
    assert decided(replacement="javascript:alert(1)").detail == removed
    assert decided(replacement="/new/").detail == f"{removed} There is a page that takes its place."
    assert decided(replacement="/new/", reason="Sold.").detail == "Sold."


@pytest.mark.parametrize(
    ("replacement", "label"),
    [
        ("https://www.example.org/some/where/else/?a=1", "Go to www.example.org"),
        ("https://EXAMPLE.com/new/", "Go to /new/"),
        ("/new/" + "x" * 50, "Go to /new/" + "x" * 44 + "\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_the_link_to_what_replaces_a_page_is_short(replacement: str, label: str) -> None:
    (action,) = decided(replacement=replacement).actions
    assert (str(action.label), action.href) == (label, replacement)


def test_what_else_a_problem_has_stays() -> None:
    action = Action("Search", "/search/")
    problem = STATUSES[404].problem(
        actions=(action,), headers=(("X-Own", "kept"),), extensions={"own": "kept"}
    )
    for permanence in ("permanent", "temporary"):
        result = decided(problem, permanence=permanence, replacement="/new/")
        assert result.actions[0] == action
        assert [each.relation for each in result.actions] == ["", "alternate"]
        assert result.headers == problem.headers
        assert result.extensions == problem.extensions


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {404}))
def test_only_a_404_is_decided_on(status: int) -> None:
    problem = STATUSES[status].problem()
    assert decided(problem) is problem


@pytest.mark.conformance("rfc9110-15.5.5-gone-preferred")
def test_without_a_rule_a_404_is_the_404_that_it_was() -> None:
    assert apply_rules(NOT_FOUND, Index([]), PATH, HOST, NOW) == (NOT_FOUND, None)
    assert decided(pattern="/b/") is NOT_FOUND
    assert decided(valid_from=NOW + HOUR) is NOT_FOUND


def test_a_replacement_that_must_not_be_linked_to_is_left_out() -> None:
    assert decided(replacement="javascript:alert(1)").actions == ()


def test_the_edges_of_validity() -> None:
    """From the first moment on, up to the last and without it: one rule can follow another."""
    assert decided(valid_from=NOW).status == 410
    assert decided(valid_until=NOW).status == 404
    assert decided(valid_until=NOW + timedelta(microseconds=1)).status == 410


def test_the_rules_that_were_considered() -> None:
    rules = Index(
        [rule(), rule(kind="prefix", pattern="/", valid_until=NOW), rule(host="b.example")]
    )
    order = [(each.kind, in_force) for each, in_force in considered(rules, PATH, HOST, NOW)]
    assert order == [("exact", True), ("prefix", False)]
    assert all(Permanence(each.permanence) == "permanent" for each in rules)


def test_an_unsaved_row_is_the_newest() -> None:
    saved = gone("/a/")
    assert (
        PermanenceRow.of(saved).pk == saved.pk < PermanenceRow.of(PermanenceRule(pattern="/b/")).pk
    )
    values = PermanenceRule.objects.values_list(*PERMANENCE_FIELDS).get()
    assert PermanenceRow(*values) == PermanenceRow.of(saved)


# Which rules are in each other's way.


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"pattern": "/a%3F/"}, "/a?/"),
        ({"pattern": "/a/", "kind": "prefix"}, "/a/~a/~b/"),
        ({"pattern": "/", "kind": "prefix"}, "/~a/~b/"),
        ({"pattern": "/<int:y>/<x>/", "kind": "route"}, "/98765/~a/"),
        ({"pattern": "/100%25/<slug:y>/", "kind": "route"}, "/100%/-a_b/"),
        ({"pattern": "/<own:y>/", "kind": "route"}, "/<own:y>/"),
    ],
)
def test_an_address_that_stands_for_a_rule(fields: dict[str, str], address: str) -> None:
    assert sample(rule(**fields)) == address


def test_rules_that_cover_one_another() -> None:
    above = rule(pk=1, pattern="/a/", kind="prefix")
    below = rule(pk=2, pattern="/a/b/", kind="prefix")
    exact = rule(pk=3, pattern="/a/b/1/")
    route = rule(pk=4, pattern="/a/b/<int:n>/", kind="route")
    other = rule(pk=5, pattern="/b/")
    rules = Index([above, below, exact, route, other])
    assert list(covering(exact, rules)) == [(below, False), (above, False), (route, False)]
    assert list(covering(route, rules)) == [(below, True), (above, True)]
    assert list(covering(above, rules)) == []
    assert set(covered(above, rules)) == {(below, False), (exact, False), (route, True)}
    assert list(covered(other, rules)) == []


@pytest.mark.parametrize(
    ("fields", "everything"),
    [
        ({"pattern": "/", "kind": "prefix"}, True),
        ({"pattern": "/<path:all>", "kind": "route"}, True),
        ({"pattern": "/", "kind": "prefix", "host": "a.example"}, True),
        ({"pattern": "/"}, False),
        ({"pattern": "/<str:all>", "kind": "route"}, False),
        ({"pattern": "/a/", "kind": "prefix"}, False),
    ],
)
def test_a_rule_that_covers_everything(fields: dict[str, str], everything: bool) -> None:
    assert covers_everything(rule(**fields)) is everything
