"""What is measured: the table, before there are results."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .asking import HOSTILE, KILOBYTES
from .data import EMPTY, MANY_RULES, REDIRECTS, RULES

HTML, JSON, PROBLEM = "text/html; charset=utf-8", "application/json", "application/problem+json"

APP_404 = '<p class="status" aria-hidden="true">404</p>'
APP_403 = '<p class="status" aria-hidden="true">403</p>'
APP_410 = '<p class="status" aria-hidden="true">410</p>'
APP_JSON = '"permanence"'


@dataclass(frozen=True)
class Side:
    """One of the two: which stack is asked for what, and how its answers are known to be right.

    request: one of `asking.REQUESTS`
    mark: what stands in the body
    data: one of `data.SIZES`
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
WITH_RULES = _html("app", 404, APP_404, "missing", RULES)
GONE = _html("app", 410, APP_410, "gone", RULES)
WITH_MANY_RULES = _html("app", 404, APP_404, "missing", MANY_RULES)
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

RULED = [
    Row("404 beside 100,000 rules", "the same without rules", 1.10, WITH_RULES, MISSING),
    Row(
        "404 beside 100,000 rules",
        "contrib.redirects with 100,000 rows",
        0.15,
        WITH_RULES,
        _html("redirects", 404, DJANGO_404, "missing", REDIRECTS),
    ),
    Row(
        "410 by one of 100,000 rules",
        "contrib.redirects with 100,000 rows",
        0.25,
        GONE,
        _html("redirects", 410, "", "gone", REDIRECTS),
    ),
    Row(
        "404 beside 1,000,000 rules",
        "the same without rules",
        1.30,
        WITH_MANY_RULES,
        MISSING,
        starts=1,
    ),
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
        64,
        WITH_MANY_RULES,
        MISSING,
        measure="memory",
        unit="MB",
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
    *DENIED_PAGES,
    *RULED,
    *MANY,
    *API,
    *OWN_PAGES,
    *ACCEPTS,
    *STORM,
]
