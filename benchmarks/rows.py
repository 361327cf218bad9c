"""What is measured: the table, before there are results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .asking import HOSTILE, KILOBYTES
from .contents import (
    EMPTY,
    MANY_REDIRECTS,
    MANY_ROUTES,
    MANY_RULES,
    REDIRECTS,
    ROUTES,
    RULES,
)

HTML, JSON, PROBLEM = "text/html; charset=utf-8", "application/json", "application/problem+json"

APP_404 = '<p class="status">404</p>'
APP_403 = '<p class="status">403</p>'
APP_410 = '<p class="status">410</p>'
APP_JSON = '"permanence"'


@dataclass(frozen=True)
class Side:
    """One of the two: which stack is asked for what, and how its answers are known to be right.

    request: one of `asking.REQUESTS`
    mark: what stands in the body
    data: one of `contents.CONTENTS`
    """

    stack: str
    request: str
    status: int
    content_type: str
    mark: str
    data: str = EMPTY


@dataclass(frozen=True)
class Row:
    """A claim: what the app takes of something is no more than `goal` times what the peer takes.

    measure: how the figure is found, one of `__main__.MEASURES`
    unit: where the figure is no ratio
    at_least: whether more is better
    worst: whether the goal is for the worst of all rounds, not for their median
    share: how many of the rounds there are, where fewer do or more are needed
    starts: how often at most the processes are started anew, where that takes long
    """

    what: str
    against: str
    goal: float
    ours: Side
    peer: Side
    mode: str = "wsgi"
    measure: str = "ratio"
    unit: str = ""
    at_least: bool = False
    worst: bool = False
    share: float = 1
    starts: int = 10


def _html(stack: str, status: int, mark: str, request: str, data: str = EMPTY) -> Side:
    return Side(stack, request, status, HTML, mark, data)


MISSING = _html("app", 404, APP_404, "missing")
MISSING_JSON = Side("app", "missing, JSON", 404, JSON, APP_JSON)
DENIED = _html("app", 403, APP_403, "denied")
DENIED_JSON = Side("app", "denied, JSON", 403, JSON, APP_JSON)
WITH_MANY_RULES = _html("app", 404, APP_404, "missing", MANY_ROUTES)
OWN_PAGE = "<h1>Nothing here</h1>\n<p>The shop has nothing at /"

DJANGO_404, DJANGO_403 = "<h1>Not found</h1>", "<h1>Forbidden</h1>"


def _page(stack: str, request: str = "page") -> Side:
    return _html(stack, 200, "All is well.", request)


def _api(stack: str, request: str, status: int, mark: str) -> Side:
    return Side(stack, request, status, JSON, mark)


PAGES = [
    Row(f"200, {name}", "a middleware that does nothing", 1.02, ours, peer, mode, share=share)
    for name, mode, ours, peer, share in (
        ("sync", "wsgi", _page("app"), _page("nothing"), 1),
        ("async", "asgi", _page("app", "async page"), _page("nothing", "async page"), 2),
    )
]

MISSING_PAGES = [
    Row(f"404, {form}{stack}", against, goal, ours, _html(peer, 404, mark, ours.request))
    for stack, bare, django_goal in ((" in a bare stack", "-bare", 0.74), ("", "", 0.86))
    for against, goal, peer, mark in (
        ("Django's 404 with a small 404.html", django_goal, f"django{bare}", DJANGO_404),
        (
            "a handler that returns constant bytes",
            1.32,
            f"constant{bare}",
            "There is nothing here.",
        ),
    )
    for form, ours in (
        ("HTML", replace(MISSING, stack=f"app{bare}")),
        ("JSON", replace(MISSING_JSON, stack=f"app{bare}")),
    )
]

COUNTED = [
    Row(
        "404 that is counted as a missing page",
        "one that isn't",
        1.02,
        replace(MISSING, stack="app-counting"),
        MISSING,
    )
]

DENIED_PAGES = [
    Row(
        f"PermissionDenied in a view, {form}",
        "Django's 403 with a small 403.html",
        0.85,
        ours,
        _html("django", 403, DJANGO_403, ours.request),
    )
    for form, ours in (("HTML", DENIED), ("JSON", DENIED_JSON))
]

# Phases of a process, and how they are written after what is measured.
STEADY, AFTER_START, AFTER_EDIT = "", "; first 3 s of a process", "; 5 s after an edit"
MEASURES = {STEADY: "ratio", AFTER_START: "after start", AFTER_EDIT: "after edit"}


def _ruled(phase: str, count: str, routes: int, rules: str, redirects: str) -> Iterator[Row]:
    """Yield the rows for the database `rules`, in one phase of a process.

    count: how many rules there are, and redirects in the database `redirects`
    routes: how many in a hundred of the rules are routes
    """
    # A process looks for edits so often that the time of even the quickest requests has one.
    stack = "app-listening" if phase == AFTER_EDIT else "app"
    beside = f"{count} rules, {routes} % routes{phase}"

    def against_none(sort: str, request: str) -> Row:
        ours = _html(stack, 404, APP_404, request, rules)
        return row(f"404 {sort}, {beside}", "the same without rules", 1.10, ours, MISSING)

    def against_redirects(what: str, goal: float, ours: Side, mark: str) -> Row:
        peer = _html("redirects", ours.status, mark, ours.request, redirects)
        return row(f"{what}, {beside}", f"contrib.redirects with {count} rows", goal, ours, peer)

    def row(what: str, against: str, goal: float, ours: Side, peer: Side) -> Row:
        return Row(what, against, goal, ours, peer, measure=MEASURES[phase], share=1 / 2)

    yield against_none("elsewhere", "missing")
    yield against_none("beside old pages", "missing sibling")
    ours = _html(stack, 404, APP_404, "missing sibling", rules)
    yield against_redirects("404 beside old pages", 0.15, ours, DJANGO_404)
    for sort, request, goal in (("asked again", "gone, again", 0.25), ("asked once", "gone", 0.60)):
        ours = _html(stack, 410, APP_410, request, rules)
        yield against_redirects(f"410 {sort}", goal, ours, "")


RULED = [
    row
    for phase in MEASURES
    for count, routes, rules, redirects in (
        ("100,000", 1, RULES, REDIRECTS),
        ("100,000", 10, ROUTES, REDIRECTS),
        ("1,000,000", 1, MANY_RULES, MANY_REDIRECTS),
        ("1,000,000", 10, MANY_ROUTES, MANY_REDIRECTS),
    )
    # What a start or an edit costs depends on how many rules there are, not on their kinds.
    if routes == 10 or phase == STEADY
    for row in _ruled(phase, count, routes, rules, redirects)
]

API = [
    Row(
        f"REST framework, {name}",
        against,
        goal,
        _api("app-api", request, status, mark),
        _api(stack, request, status, peer_mark),
    )
    for name, request, status, mark, marks in (
        ("404", "API, missing", 404, APP_JSON, ('"detail":"Not found."', '"code":"not_found"')),
        (
            "nested validation error",
            "API, invalid",
            400,
            '"pointer": "/lines/0/quantity"',
            ('"quantity":["Ensure this', '"attr":"lines.0.quantity"'),
        ),
    )
    for stack, against, goal, peer_mark in (
        ("rest-framework", "its own handler", 1.05, marks[0]),
        ("standardized-errors", "drf-standardized-errors", 1.00, marks[1]),
    )
]

OWN_PAGES = [
    Row(
        "404 by a project's own 404.html",
        "Django rendering the same",
        1.10,
        _html("app-own-page", 404, OWN_PAGE, "missing"),
        _html("django-own-page", 404, OWN_PAGE, "missing"),
    )
]

ACCEPTS = [
    Row(
        f"Accept of {kilobytes} KB: {shape}",
        "a browser's Accept",
        2,
        _html("app", 404, APP_404, f"{shape}, {kilobytes} KB"),
        MISSING,
        share=1 / 3,
    )
    for kilobytes in KILOBYTES
    for shape in HOSTILE
]

EDITED = replace(WITH_MANY_RULES, stack="app-listening")

MANY = [
    Row(
        "memory of a process with 1,000,000 rules",
        "the same without rules",
        16,
        WITH_MANY_RULES,
        MISSING,
        measure="memory",
        unit="MB",
    ),
    Row(
        "wait for the first 410 of a process, by one of 100,000 rules",
        "the first 404 without rules",
        300,
        _html("app", 410, APP_410, "gone", ROUTES),
        MISSING,
        measure="first",
        unit="ms",
        worst=True,
    ),
    Row(
        "longest 404 when one of 1,000,000 rules is edited",
        "the longest without an edit",
        50,
        EDITED,
        EDITED,
        measure="stall",
        unit="ms",
        worst=True,
    ),
]

STORM = [
    Row(
        "404s a second under gunicorn, 2 workers",
        "Django's 404 with a small 404.html",
        1.2,
        MISSING,
        _html("django", 404, DJANGO_404, "missing"),
        measure="storm",
        at_least=True,
    )
]

ROWS = [
    *PAGES,
    *MISSING_PAGES,
    *COUNTED,
    *DENIED_PAGES,
    *RULED,
    *MANY,
    *API,
    *OWN_PAGES,
    *ACCEPTS,
    *STORM,
]
