"""Which rules cover an address, and in which order: tables, and a naive oracle."""

from __future__ import annotations

import logging
import re
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
from django.urls import converters
from hypothesis import example, given
from hypothesis import strategies as st

from django_http_errors.http import urls
from django_http_errors.http.urls import LONGEST_NORMALISED, decoded_path
from django_http_errors.rules.matching import LONGEST_ROUTED, Index, LenientIndex

EXACT, PREFIX, ROUTE = "exact", "prefix", "route"
HERE = "example.com"


@dataclass(frozen=True)
class Rule:
    kind: str
    pattern: str
    host: str = ""
    name: str = ""
    ignore_case: bool = False


def patterns(rules: list[Rule], path: str, host: str = HERE) -> list[str]:
    return [rule.pattern for rule in Index(rules).covering(path, host)]


def covers(kind: str, pattern: str, path: str) -> bool:
    return bool(patterns([Rule(kind, pattern)], path))


@pytest.mark.parametrize(
    ("kind", "pattern", "covered", "others"),
    [
        (EXACT, "/old-shop/", ["/old-shop", "/old-shop/", "/old-shop//"], ["/old-shop/x", "/"]),
        (
            EXACT,
            "/old-shop",
            ["/old-shop", "/old-shop/"],
            ["/old-sho", "/old-shopping", "/Old-shop"],
        ),
        (EXACT, "/", ["/", "//", ""], ["/a", "*"]),
        (EXACT, "/a b", ["/a b", "/a b/"], ["/a%20b", "/a+b", "/ab"]),
        (EXACT, "/a/b", ["/a/b"], ["/a//b", "/a", "/b", "/a/b/c"]),
        (EXACT, "/100%25", ["/100%", "/100%/"], ["/100%25", "/100"]),
        (EXACT, "/a%2541", ["/a%41"], ["/aA", "/a%2541"]),
        (EXACT, "/what%3F", ["/what?", "/what?/"], ["/what", "/what%3F"]),
        (EXACT, "/a%0Ab", ["/a\nb"], ["/ab", "/a b"]),
        (EXACT, "/caf\u00e9", ["/caf\u00e9", "/cafe\u0301/"], ["/cafe", "/CAF\u00c9"]),
        (EXACT, "/cafe\u0301", ["/caf\u00e9", "/cafe\u0301/"], ["/cafe"]),
        (
            PREFIX,
            "/old-shop/",
            ["/old-shop", "/old-shop/", "/old-shop/a", "/old-shop/a/b/", "/old-shop//a"],
            ["/old-shopping", "/old-shopping/a", "/old-sho", "/", "/x/old-shop/", "/Old-Shop/a"],
        ),
        (PREFIX, "/old-shop", ["/old-shop", "/old-shop/a"], ["/old-shopping"]),
        (PREFIX, "/", ["/", "/a", "/a/b/c/", "*", ""], []),
        (PREFIX, "/a/b/c/d", ["/a/b/c/d", "/a/b/c/d/e/f"], ["/a/b/c", "/a/b/c/de"]),
        (PREFIX, "/caf\u00e9/", ["/cafe\u0301/x", "/caf\u00e9"], ["/cafe/x", "/caf\u00e9s"]),
        (
            ROUTE,
            "/archive/<int:year>/",
            ["/archive/1999/", "/archive/1999"],
            ["/archive/", "/archive/x/", "/archive/1999/1/", "/Archive/1999/", "/x/archive/1/"],
        ),
        (ROUTE, "/archive/<int:year>", ["/archive/1999/", "/archive/1999"], ["/archive/19a"]),
        (ROUTE, "/plain/", ["/plain/", "/plain"], ["/plain/x", "/plainer"]),
        (ROUTE, "/", ["/", ""], ["/a"]),
        (ROUTE, "/<path:all>", ["/a", "/a/b/c"], ["/"]),
        (ROUTE, "/a/<path:rest>/", ["/a/b", "/a/b/c/"], ["/a", "/a/"]),
        (ROUTE, "/<slug:name>/<uuid:id>/", [f"/a-b/{'0' * 8}-0000-0000-0000-{'0' * 12}"], ["/a/b"]),
        (ROUTE, "/caf\u00e9/<str:x>/", ["/cafe\u0301/y"], ["/cafe/y"]),
        (ROUTE, "/cafe\u0301/<str:x>/", ["/caf\u00e9/y"], ["/cafe/y"]),
        (ROUTE, "/100%25/<int:x>/", ["/100%/1"], ["/100%25/1"]),
        (ROUTE, "/a.b/<int:x>/", ["/a.b/1"], ["/aXb/1"]),
    ],
)
def test_what_a_pattern_covers(
    kind: str, pattern: str, covered: list[str], others: list[str]
) -> None:
    assert [path for path in covered if not covers(kind, pattern, path)] == []
    assert [path for path in others if covers(kind, pattern, path)] == []


def test_exact_goes_before_prefix_before_route_and_own_host_before_any() -> None:
    order = [
        Rule(EXACT, "/a/b/1/", HERE),
        Rule(EXACT, "/a/b/1/"),
        Rule(PREFIX, "/a/b/1/", HERE),
        Rule(PREFIX, "/a/b/1/"),
        Rule(PREFIX, "/a/b/", HERE),
        Rule(PREFIX, "/a/b/"),
        Rule(PREFIX, "/a/", HERE),
        Rule(PREFIX, "/a/"),
        Rule(PREFIX, "/", HERE),
        Rule(PREFIX, "/"),
        Rule(ROUTE, "/a/<slug:x>/<int:n>/", HERE),
        Rule(ROUTE, "/a/<slug:x>/<int:n>/"),
    ]
    for rules in (order, order[::-1], order[::2] + order[1::2]):
        assert list(Index(rules).covering("/a/b/1", HERE)) == order
        assert list(Index(rules).covering("/a/b/1", "other.example")) == order[1::2]
        assert list(Index(rules).covering("/a/b/1", "")) == order[1::2]


@pytest.mark.parametrize("kind", [EXACT, PREFIX, ROUTE])
def test_among_equals_the_older_goes_first(kind: str) -> None:
    spellings = ["/caf\u00e9/", "/caf\u00e9", "/cafe\u0301"]
    assert patterns([Rule(kind, each) for each in spellings], "/caf\u00e9") == spellings


def test_an_index_has_its_rules() -> None:
    rules = [Rule(EXACT, "/a"), Rule(PREFIX, "/a"), Rule(ROUTE, "/a"), Rule(EXACT, "/a", HERE)]
    assert len(Index(rules)) == 4
    assert set(Index(rules)) == set(rules)
    assert len(Index([])) == 0
    assert patterns([], "/a") == []


# An oracle that knows no tables: every rule is asked, and all are sorted.

SEGMENTS = ["a", "b", "A", "ab", "caf\u00e9", "cafe\u0301", "x y", "%41", "100%", "1", "22", "?"]
ROUTES = {
    "/<int:n>/": r"/[0-9]+",
    "/a/<int:n>": r"/a/[0-9]+",
    "/<str:s>/b/": r"/[^/]+/b",
    "/a/<path:p>/": r"/a/.+",
    "/b/": r"/b",
}
hosts = st.sampled_from(["", HERE, "other.example"])
paths = st.builds(
    lambda segments, slash: "/" + "/".join(segments) + slash,
    st.lists(st.sampled_from(SEGMENTS), max_size=4),
    st.sampled_from(["", "/"]),
)
plain_rules = st.builds(
    lambda kind, path, host: Rule(kind, decoded_path(quote(path)), host, path),
    st.sampled_from([EXACT, PREFIX]),
    paths,
    hosts,
)
route_rules = st.builds(Rule, st.just(ROUTE), st.sampled_from(list(ROUTES)), hosts)


def nfc(path: str) -> str:
    return unicodedata.normalize("NFC", path).rstrip("/")


def rank(rule: Rule, path: str, host: str) -> tuple[int, int, bool] | None:
    """Return how early `rule` comes, the lowest first, or None if it doesn't cover `path`."""
    if rule.host not in ("", host):
        return None
    asked, own = nfc(path), nfc(rule.name)
    if rule.kind == EXACT:
        return (0, 0, not rule.host) if asked == own else None
    if rule.kind == PREFIX:
        return (1, -len(own), not rule.host) if f"{asked}/".startswith(f"{own}/") else None
    return (2, 0, not rule.host) if re.fullmatch(ROUTES[rule.pattern], asked) else None


@given(st.lists(plain_rules | route_rules, max_size=12), paths, hosts)
def test_the_index_says_what_asking_every_rule_would(
    rules: list[Rule], path: str, host: str
) -> None:
    ranked = [(rank(rule, path, host), rule) for rule in rules]
    covering = [(place, rule) for place, rule in ranked if place is not None]
    expected = [rule for _, rule in sorted(covering, key=lambda entry: entry[0])]
    found = list(Index(rules).covering(path, host))
    assert found == expected


# Bad rows, and bad addresses.

BAD = [
    Rule(EXACT, "no-slash"),
    Rule(PREFIX, ""),
    Rule("regex", "/a"),
    Rule("", "/a"),
    Rule(ROUTE, "/<nothing:a>/"),
    Rule(ROUTE, "/<int:a>/<int:a>/"),
    Rule(ROUTE, "a/"),
    Rule(EXACT, None),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_rule_that_cant_be_used_is_skipped_and_logged_once(
    bad: Rule, own_records: list[logging.LogRecord]
) -> None:
    """However many snapshots it is in: there is a new one after every edit."""
    good = [Rule(EXACT, "/a"), Rule(PREFIX, "/a"), Rule(ROUTE, "/a")]
    for _edit in range(3):
        index = Index([good[0], bad, *good[1:]])
        assert len(index) == 3
        assert list(index.covering("/a", "")) == good
    assert [record.levelname for record in own_records] == ["ERROR"]
    assert repr(bad) in own_records[0].getMessage()


@pytest.mark.parametrize(
    "path",
    [
        "/" + "a/" * 500_000,
        "/" * 1_000_000,
        "/old-shop/" + "a/" * 500_000,
        "/" + "\u0301" * 200_000,
        "/" + "a" * 1_000_000,
        "/1/" * 300_000,
    ],
    ids=["deep", "slashes", "deep below a rule", "combining", "long", "numbers"],
)
def test_a_monstrous_address_is_cheap(path: str) -> None:
    rules = [Rule(PREFIX, f"/old-shop/{n}/x/y/z/") for n in range(1000)]
    rules += [Rule(EXACT, f"/{n}/") for n in range(1000)]
    rules += [Rule(ROUTE, f"/r{n}/<int:a>/<slug:b>/") for n in range(50)]
    index = Index(rules)
    began = time.perf_counter()
    assert list(index.covering(path, HERE)) == []
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("pattern", ["/<slug:a>-<slug:b>-<slug:c>/x/", "/<path:a>/<path:b>/x/"])
def test_a_route_made_by_hand_costs_no_address_much(
    pattern: str, own_records: list[logging.LogRecord]
) -> None:
    """It is left out, and logged: an address that was made for it would take seconds."""
    index = Index([Rule(ROUTE, pattern)])
    began = time.perf_counter()
    assert not index.may_cover("/" + "a-" * 1000)
    assert not index.may_cover("/" + "a/" * 1000)
    assert time.perf_counter() - began < 0.1
    assert len(own_records) <= 1


def test_an_address_that_is_too_long_is_no_route() -> None:
    index = Index([Rule(ROUTE, "/<path:rest>/x/")])
    assert index.may_cover("/a/x/")
    assert not index.may_cover("/" + "a" * LONGEST_ROUTED + "/x/")


# Rules that hide: what they say, and more.


class SixDigits(converters.IntConverter):
    regex = "[0-9]{6}"


class Capitals(converters.StringConverter):
    regex = "[A-Z]{2}[0-9]+"


@pytest.fixture(autouse=True, scope="module")
def _own_converters() -> Iterator[None]:
    with mock.patch.dict(converters.REGISTERED_CONVERTERS):
        converters.get_converters.cache_clear()
        converters.register_converter(SixDigits, "six")
        converters.register_converter(Capitals, "code")
        yield
    converters.get_converters.cache_clear()


class LateUrls:
    """A URLconf that registers a converter, as it is imported."""

    @property
    def urlpatterns(self) -> list[Any]:
        converters.register_converter(SixDigits, "late")
        return []


@pytest.mark.parametrize("kind", [Index, LenientIndex])
def test_a_converter_may_be_registered_by_the_urlconf(
    kind: type[Index[Rule]], settings: Any, own_records: list[logging.LogRecord]
) -> None:
    """Which nobody has imported yet, where a middleware asks before the first view is found."""
    settings.ROOT_URLCONF = LateUrls()
    converters.REGISTERED_CONVERTERS.pop("late", None)
    converters.get_converters.cache_clear()
    assert kind([Rule(ROUTE, "/i/<late:n>/")]).may_cover("/i/000123/")
    assert not own_records
    settings.ROOT_URLCONF = "no.such.urls"
    assert not kind([Rule(ROUTE, "/i/<never:n>/")]).may_cover("/i/000123/")
    assert len(own_records) == 1


def hides(kind: str, pattern: str, path: str) -> bool:
    return any(LenientIndex([Rule(kind, pattern)]).covering(path, HERE))


@pytest.mark.parametrize(
    ("kind", "pattern", "covered", "others"),
    [
        (EXACT, "/things/2/", ["/THINGS//02/", "/things/+2 /", "/things/2.json"], ["/things/3/"]),
        (EXACT, "/a/<B>/", ["/a/<B>/", "/A/<b>/"], ["/a/b/"]),
        (PREFIX, "/vault/", ["/VAULT//x", "/\uff56ault/", "/vault/%/x"], ["/vaults/"]),
        (PREFIX, "/Private/", ["/pr\u0131vate/x", "/PR\u0130VATE/x"], ["/prvate/x"]),
        (PREFIX, "/pr\u0131vate/", ["/private/x", "/pr\u0131vate/"], []),
        (ROUTE, "/\u0130n/<int:n>/", ["/in/1/", "/\u0131n/01/"], ["/un/1/"]),
        (ROUTE, "/i/<six:n>/", ["/i/000123/", "/I//000123/"], ["/i/1234567/", "/i/x/"]),
        (ROUTE, "/c/<code:ref>/", ["/c/AB12/", "/c/ab12.json", "/C/AB12"], ["/c/A1/"]),
        (
            ROUTE,
            "/s/<int:pk>/<str:title>/",
            ["/s/02/x/", "/s/2/+/", "/s/2/ /", "/s/2/\uff0f/", "/s/2/\u2100/"],
            ["/s/2/", "/s/x/y/"],
        ),
    ],
)
def test_what_a_rule_that_hides_covers(
    kind: str, pattern: str, covered: list[str], others: list[str]
) -> None:
    assert [path for path in covered if not hides(kind, pattern, path)] == []
    assert [path for path in others if hides(kind, pattern, path)] == []


@pytest.mark.parametrize("filler", ["a", "0", "+", "\u0301"])
def test_a_rule_that_hides_covers_what_is_too_long_to_be_compared(filler: str) -> None:
    long = filler * (LONGEST_ROUTED + 1)
    assert hides(ROUTE, "/posts/<int:pk>/<slug:slug>/", f"/posts/2/{long}/")
    assert hides(ROUTE, "/posts/<int:pk>/<slug:slug>/", f"/posts/{long}2/x/")
    assert not hides(ROUTE, "/posts/<int:pk>/<slug:slug>/", f"/other/2/{long}/")


HIDING_SEGMENTS = [*SEGMENTS, "<B>", "+", " ", "\uff0f", "\u2100", "0", "000123", "AB12", "\u0130"]
HIDING_ROUTES = [*ROUTES, "/<six:n>/", "/<code:c>/", "/a/<int:n>/<str:s>/", "/\u0130/<str:s>/"]


hiding_rules = st.builds(
    lambda kind, path: Rule(kind, decoded_path(quote(path))),
    st.sampled_from([EXACT, PREFIX]),
    st.lists(st.sampled_from(HIDING_SEGMENTS), max_size=3).map(lambda all: "/" + "/".join(all)),
) | st.builds(Rule, st.just(ROUTE), st.sampled_from(HIDING_ROUTES))
hiding_paths = st.lists(st.sampled_from([*HIDING_SEGMENTS, "+" * 2100, ""]), max_size=4).map(
    lambda all: "/" + "/".join(all)
)


@given(hiding_rules, hiding_paths)
@example(Rule(ROUTE, "/<six:n>/"), "/000123/")
@example(Rule(ROUTE, "/<code:c>/"), "/AB12/")
@example(Rule(EXACT, "/<B>"), "/<B>/")
def test_a_rule_that_hides_covers_at_least_what_it_says(rule: Rule, path: str) -> None:
    if any(Index([rule]).covering(path, HERE)):
        assert [*LenientIndex([rule]).covering(path, HERE)] == [rule]


@given(hiding_rules, hiding_paths, st.integers(1, 12))
@example(Rule(PREFIX, "/a/"), "/\uff0f/\uff41/x", 2)
def test_what_is_too_long_to_be_normalised_is_covered_at_least_as_well(
    rule: Rule, path: str, longest: int
) -> None:
    index = LenientIndex([rule])
    if any(index.covering(path, HERE)):
        with mock.patch.object(urls, "LONGEST_NORMALISED", longest):
            assert [*index.covering(path, HERE)] == [rule]


@pytest.mark.parametrize("filler", ["\u0301", "\ufdfa", "\u00e9"])
def test_what_is_too_long_to_be_normalised_is_covered_by_what_begins_as_it_does(
    filler: str,
) -> None:
    long = filler * LONGEST_NORMALISED
    for kind, pattern in ((PREFIX, "/vault/"), (EXACT, "/vault/x/2/"), (ROUTE, "/vault/<int:n>/")):
        assert hides(kind, pattern, f"/VAULT//x/{long}")
        assert hides(kind, pattern, f"/\uff56ault/x/{long}")
        assert hides(kind, pattern, f"/{' ' * LONGEST_NORMALISED}/vault/{long}")
        assert not hides(kind, pattern, f"/vaults/x/{long}")
    assert hides(PREFIX, "/", f"/x/{long}")
    assert not any(LenientIndex([Rule(PREFIX, "/vault/", "other.com")]).covering(f"/{long}", HERE))
    # Such a rule is for what stands there.
    assert covers(PREFIX, "/vault/", f"/vault/{long}")
    assert not covers(PREFIX, "/caf\u00e9/", f"/cafe\u0301/{long}")


# As long as uvicorn takes them: 60 KB, of which a character that isn't ASCII takes six or more.
HOSTILE = {
    "marks": "/zz/a" + "\u0301" * 5000 + "\u0327" * 5000,
    "marks in turn": "/zz/a" + "\u0345\u0334" * 5000,
    "marks of compatibility": "/zz/a" + "\uff9e\u0301" * 4000,
    "marks in many segments": "/zz" + ("/a" + "\u0345" * 250 + "\u0334" * 250) * 20,
    "as many marks as are put in order": "/zz" + "\u0345" * 250 + "\u0334" * 250,
    "expanding": "/zz/" + "\ufdfa" * 6500,
    "as many expanding as are": "/zz/" + "\ufdfa" * 500,
    "other digits": "/zz/" + "\uff10" * 6500 + "2",
    "letters": "/zz/" + "a" * 60000,
    "segments": "/zz" + "/a" * 30000,
    "numbers": "/zz" + "/0" * 30000,
    "zeros": "/zz/" + "0" * 60000 + "2",
    "blanks": "/zz" + "/ " * 20000,
    "slashes": "/zz" + "/" * 60000,
    "points": "/zz/" + "." * 60000,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_no_address_costs_much(shape: str) -> None:
    """It is compared with the rules that hide before a view, in the thread of an event loop."""
    path = HOSTILE[shape]
    rules = [
        *(Rule(kind, f"/zz/{n}/") for kind in (EXACT, PREFIX) for n in range(20)),
        *(Rule(ROUTE, f"/zz/<int:n>/{n}/") for n in range(5)),
    ]
    index, hiding, runs = Index(rules), LenientIndex(rules), []
    for _ in range(3):
        began = time.perf_counter()
        hiding.may_cover(path)
        list(hiding.covering(path, HERE))
        list(index.covering(path, HERE))
        urls.digests_of_path(urls.path_key(path))
        runs.append(time.perf_counter() - began)
    assert min(runs) < 0.02


@pytest.mark.parametrize(
    ("kind", "pattern", "path"),
    [
        (EXACT, "/v/", "/v/"),
        (EXACT, "/v", "/v.json"),
        (EXACT, "/v/a.b", "/v/a.b.json"),
        (PREFIX, "/v/", "/V//x"),
        (ROUTE, "/v/<int:n>/", "/v/2/"),
        (ROUTE, "/v/<int:n>", "/v/2.json"),
        (ROUTE, "/v/<slug:s>/", "/v/ a/"),  # without the blank only
        (ROUTE, "/v/<six:n>/", "/v/000123/"),  # as it is written only
        (ROUTE, "/v/<six:n>/", "/V/000123/"),  # with its letters folded only
    ],
)
def test_rules_that_hide_are_for_their_host(kind: str, pattern: str, path: str) -> None:
    for host, is_covered in ((HERE, True), ("", True), ("other.com", False)):
        rules = LenientIndex([Rule(kind, pattern, host)])
        assert any(rules.covering(path, HERE)) == is_covered


def test_rules_that_hide_go_in_the_same_order() -> None:
    rules = [Rule(PREFIX, "/a/"), Rule(ROUTE, "/a/<six:n>/"), Rule(ROUTE, "/a/<str:s>/")]
    for some in (rules, rules[::-1]):
        found = list(LenientIndex(some).covering("/a/000123/", HERE))
        assert found == [rules[0], *(each for each in some if each.kind == ROUTE)]
