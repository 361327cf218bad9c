"""A sieve lets through what was put in, always, and hardly anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.http.urls import path_key
from django_http_errors.models import Kind
from django_http_errors.rules.bloom_filter import Sieve

PATHS = st.lists(st.sampled_from(["a", "b", "ä", "c d", ""]), max_size=4).map(
    lambda segments: "/" + "/".join(segments)
)
KINDS = st.sampled_from([Kind.EXACT, Kind.PREFIX])


def through(sieve: Sieve, path: str) -> set[str]:
    return set(sieve.candidates(path_key(path)))


@given(st.lists(st.tuples(KINDS, PATHS)), st.lists(st.tuples(KINDS, PATHS)), PATHS)
def test_no_rule_is_kept_back(
    first: list[tuple[str, str]], second: list[tuple[str, str]], path: str
) -> None:
    sieve = Sieve(10)
    sieve.put(first)
    sieve = sieve.with_(second)
    key = path_key(path)
    for kind, pattern in (*first, *second):
        own = path_key(pattern)
        if own == key or (kind == Kind.PREFIX and (not own or key.startswith(f"{own}/"))):
            assert own in through(sieve, path)


def test_hardly_anything_else_comes_through() -> None:
    sieve = Sieve(20_000)
    sieve.put((Kind.EXACT, f"/shop/item/{number}/") for number in range(20_000))
    let_through = sum(bool(through(sieve, f"/nowhere/{number}/")) for number in range(20_000))
    assert let_through < 100, "one in a thousand is expected"
    assert sieve.room == 0


def test_a_rule_for_a_prefix_lets_through_what_is_below() -> None:
    sieve = Sieve(10)
    sieve.put([(Kind.PREFIX, "/old-shop/")])
    assert through(sieve, "/old-shop/") == {"/old-shop"}
    assert through(sieve, "/old-shop/a/b/c/") == {"/old-shop"}
    assert through(sieve, "/old-shopping/") == set()
    assert sieve.deepest == 1


def test_a_rule_for_one_address_is_for_nothing_below() -> None:
    sieve = Sieve(10)
    sieve.put([(Kind.EXACT, "/sale/"), (Kind.ROUTE, "/archive/<int:year>/")])
    assert through(sieve, "/sale/") == {"/sale"}
    assert through(sieve, "/sale/a/") == set()
    assert through(sieve, "/archive/2020/") == set(), "routes are not found by their address"
    assert sieve.size == 2


def test_a_sieve_with_more_leaves_the_old_one_alone() -> None:
    old = Sieve(10)
    old.put([(Kind.EXACT, "/a/")])
    new = old.with_([(Kind.EXACT, "/b/"), (Kind.PREFIX, "/c/")])
    assert through(old, "/b/") == through(old, "/c/x/") == set()
    assert (old.size, old.deepest) == (1, -1)
    assert through(new, "/a/") == {"/a"}
    assert through(new, "/b/") == {"/b"}
    assert through(new, "/c/x/") == {"/c"}
