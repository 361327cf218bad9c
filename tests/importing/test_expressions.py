"""Regular expressions of servers, and the rules that cover what they match."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from django_http_errors.importing import expressions
from django_http_errors.importing.expressions import InexpressibleError, convert
from django_http_errors.importing.rows import NO_COLUMNS, ParsedRow, Remark
from django_http_errors.validators import covers

# As Django writes it.
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def rules(expression: str) -> list[str]:
    return [f"{rule['kind']} {rule['pattern']}" for rule in convert(expression)[1]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"^/old-page\.html$", ["exact /old-page.html"]),
        (r"^/old-page.html$", ["exact /old-page.html"]),
        (r"^old-page\.html$", ["exact /old-page.html"]),
        (r"^/old/?$", ["exact /old/"]),
        (r"^/$", ["exact /"]),
        (r"^$", ["exact /"]),
        (r"^/100%$", ["exact /100%25"]),
        (r"^/a\+b\ c\-d\#e$", ["exact /a+b c-d%23e"]),
        (r"^/aa//$", ["exact /aa//"]),
        (r"^/old/.*$", ["prefix /old/"]),
        (r"^/old/(.*)$", ["prefix /old/"]),
        (r"^/old/.+", ["prefix /old/"]),
        (r"^/old/", ["prefix /old/"]),
        (r"^/old(/.*)?$", ["prefix /old/"]),
        (r"^/old(?:/|$)", ["prefix /old/"]),
        (r"^/old", ["prefix /old", "route /old<path:rest>"]),
        (r"^artikel_", ["prefix /artikel_", "route /artikel_<path:rest>"]),
        (r"^/\d+/x-", ["route /<int:any1>/x-", "route /<int:any1>/x-<path:rest>"]),
        (r"^/<a", ["prefix /%3Ca"]),
        (r"^/old/.*", ["prefix /old/"]),
        (r"^(.*)$", ["prefix /"]),
        (r"^", ["prefix /"]),
        (r"^/old.*$", ["exact /old", "route /old<path:rest>"]),
        (r"^/(news|blog)/?$", ["exact /blog/", "exact /news/"]),
        (r"^/a|^/b", ["prefix /a", "prefix /b", "route /a<path:rest>", "route /b<path:rest>"]),
        (r"(^/a$|^/b$)", ["exact /a", "exact /b"]),
        (r"^/[Oo]ld$", ["exact /Old", "exact /old"]),
        (r"^/a[.]b$", ["exact /a.b"]),
        ("^/" + "(a)" * 25 + "$", ["exact /" + "a" * 25]),
        (r"^/colou?r$", ["exact /color", "exact /colour"]),
        (r"^/(\d{4})/(\d\d)/([^/]+)/?$", ["route /<int:any1>/<int:any2>/<str:any3>/"]),
        (r"^/[0-9]+$", ["route /<int:any1>"]),
        (r"^/[a-z0-9-]+/x$", ["route /<slug:any1>/x"]),
        (r"^/[-a-zA-Z0-9_]+$", ["route /<slug:any1>"]),
        (r"^/\w+$", ["route /<slug:any1>"]),
        (r"^/[a-z.]+$", ["route /<str:any1>"]),
        (r"^/[a-z/]+/x$", ["route /<path:any1>/x"]),
        (r"^/[^.]+\.html$", ["route /<path:any1>.html"]),
        (r"^/(?P<id>\d+)/(?<slug>[a-z]+)$", ["route /<int:any1>/<slug:any2>"]),
        (r"^/a/[^/]*$", ["exact /a/", "route /a/<str:any1>"]),
        (r"^/a/\d+", ["route /a/<int:any1>", "route /a/<int:any1>/<path:rest>"]),
        (r"^/a/\d+/.*$", ["route /a/<int:any1>/", "route /a/<int:any1>/<path:rest>"]),
        (r"^/.*\.php$", ["route /<path:any1>.php"]),
        (rf"^/x/({UUID})/?$", ["route /x/<uuid:any1>/"]),
        (rf"^/{UUID}$".replace("a-f", "a-fA-F"), ["route /<str:any1>"]),
        (r"\.(asp|php)$", ["route /<path:any1>.asp", "route /<path:any1>.php"]),
        (r".*\.asp", ["route /<path:any1>.asp"]),
    ],
)
def test_an_expression_becomes_rules(expression: str, expected: list[str]) -> None:
    assert rules(expression) == expected


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("old", "it may match anywhere;"),
        ("/old", "it may match anywhere;"),
        ("/old/.*", "it may match anywhere;"),
        ("/old$", "it may match anywhere;"),
        ("(^/new|/old)", "it may match anywhere;"),
        (r"\.php", "it may match anywhere;"),
        ("^/a/(?!b)", "(?! isn't known."),
        (r"^/a\b", r"\b isn't known."),
        (r"^/(a)/\1$", r"\1 isn't known."),
        ("^/a\\", "\\ isn't known."),
        ("^/(ab)+$", "something is repeated with +."),
        ("^/a{2}$", "something is repeated with {2}."),
        ("^/(*a)$", "* stands where it repeats nothing."),
        ("^/a^b$", "^ or $ stands within it."),
        ("^/a$b", "^ or $ stands within it."),
        ("^/(a", "a bracket isn't closed."),
        ("^/[a", "a bracket isn't closed."),
        ("^/a)", "a bracket is closed that wasn't opened."),
        (r"^/index\.php\?id=3$", "it asks for a query string."),
        (r"^/<\d+>$", "it has an angle bracket."),
        (r"^/a/.*/b/.*/c$", "There can be one path converter."),
        (r"^/[a-z]+-\w+$", "There can be one parameter in"),
        (r"^/a\*b$", "would be taken literally"),
        ("^/" + "(a|b)" * 6 + "$", "it would take too many rules."),
        ("^/" + "(" * 30 + "a" + ")" * 30 + "$", "there are too many brackets in brackets."),
        ("^/" + "a" * 2000 + "$", "it is too long."),
    ],
)
def test_what_no_rule_says_is_left_out_and_why(expression: str, why: str) -> None:
    (remark,) = expressions.rows(7, expression, {})
    assert isinstance(remark, Remark)
    assert remark.line == 7
    assert why in remark.text
    assert expression in remark.text


def test_each_rule_has_a_remark_and_what_else_the_row_says() -> None:
    found = list(expressions.rows(7, "(?i)^/(a|b)$", {"note": "x"}, 3))
    more = {"note": "x", "ignore_case": True, "kind": "exact"}
    assert found == [
        Remark(7, "(?i)^/(a|b)$ → /a (this address)", 3),
        ParsedRow(7, {**more, "pattern": "/a"}, 3, headings=NO_COLUMNS),
        Remark(7, "(?i)^/(a|b)$ → /b (this address)", 3),
        ParsedRow(7, {**more, "pattern": "/b"}, 3, headings=NO_COLUMNS),
    ]


def test_an_expression_may_begin_with_the_host() -> None:
    remark, row = expressions.rows(1, r"^www\.example\.com/old/", {}, with_host=True)
    assert isinstance(row, ParsedRow)
    assert row.cells == {"kind": "prefix", "host": "www.example.com", "pattern": "/old/"}
    (remark,) = expressions.rows(1, r"^[^/]+/old/", {}, with_host=True)
    assert isinstance(remark, Remark)
    assert "the host varies." in remark.text


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("^/shop/keep/", "^/shop/", True),
        ("^/shop/keep/", "^/Shop/", True),
        ("^/shop/", "^/shopping/", False),
        ("^/shop", "^/shopping/", True),
        ("^/shop/keep/", "^/shop/sold/", False),
        (r"^/\d+/a$", "^/x/b$", False),
        (r"^/x-\d+/a$", "^/y/", False),
        (r"^/x-\d+/a$", "^/x-1/", True),
        ("^/.*/a$", "^/x/y/", True),
        ("(?!x)", "^/x/y/", True),
    ],
)
def test_expressions_may_meet(one: str, other: str, expected: bool) -> None:
    ones, others = map(expressions.patterns, (one, other))
    assert any(expressions.may_meet(a, b) for a in ones for b in others) is expected
    assert any(expressions.may_meet(b, a) for a in ones for b in others) is expected


ATOMS = st.sampled_from(
    [
        *("/", "a", "b", "-", r"\.", r"\d", r"\d+", r"\d{2}", "[ab]", "[a-z]+", "[^/]+", "[^/]*"),
        *(r"\w+", ".+", ".*", "(a|b)", "(/a)?", "(?:b/)?", "a?", "(-.*)?", "[/a]+", "(.*)", "/?"),
    ]
)
PATHS = st.text("/ab1.-", max_size=8).map("/{}".format)


@given(st.lists(ATOMS, max_size=6), st.lists(PATHS, min_size=5, max_size=20))
@example(["a", ".*", "b"], ["/ab", "/a/b", "/axb"])
@example(["a/", "[^/]*"], ["/a/", "/a/b"])
def test_the_rules_cover_all_that_an_expression_matches(atoms: list[str], paths: list[str]) -> None:
    expression = f"^/{''.join(atoms)}$"
    try:
        found = convert(expression)[1]
    except InexpressibleError:
        assume(False)
    for path in paths:
        # An empty segment isn't meant: see the comment in the parser.
        if re.fullmatch(expression, path) and "//" not in path and "/." not in path:
            assert any(covers(rule["kind"], rule["pattern"], path) for rule in found), path


@given(st.text("/ab(|)?*+.\\d[]^$-{}2<>", max_size=20))
def test_any_expression_is_converted_or_refused(expression: str) -> None:
    for each in expressions.rows(1, expression, {}):
        assert each.line == 1
