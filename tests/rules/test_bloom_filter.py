"""A Bloom filter lets through what was put in, always, and hardly anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.http.urls import path_key
from django_http_errors.models import MatchType
from django_http_errors.rules.bloom_filter import BloomFilter

PATHS = st.lists(st.sampled_from(["a", "b", "ä", "c d", ""]), max_size=4).map(
    lambda segments: "/" + "/".join(segments)
)
KINDS = st.sampled_from([MatchType.EXACT, MatchType.PREFIX])


def through(bloom_filter: BloomFilter, path: str) -> set[str]:
    return set(bloom_filter.candidates(path_key(path)))


@given(st.lists(st.tuples(KINDS, PATHS)), st.lists(st.tuples(KINDS, PATHS)), PATHS)
def test_no_rule_is_kept_back(
    first: list[tuple[str, str]], second: list[tuple[str, str]], path: str
) -> None:
    bloom_filter = BloomFilter(10)
    bloom_filter.put(first)
    bloom_filter = bloom_filter.with_(second)
    key = path_key(path)
    for kind, pattern in (*first, *second):
        own = path_key(pattern)
        if own == key or (kind == MatchType.PREFIX and (not own or key.startswith(f"{own}/"))):
            assert own in through(bloom_filter, path)


def test_hardly_anything_else_comes_through() -> None:
    bloom_filter = BloomFilter(20_000)
    bloom_filter.put((MatchType.EXACT, f"/shop/item/{number}/") for number in range(20_000))
    let_through = sum(
        bool(through(bloom_filter, f"/nowhere/{number}/")) for number in range(20_000)
    )
    assert let_through < 100, "one in a thousand is expected"
    assert bloom_filter.room == 0


def test_a_rule_for_a_prefix_lets_through_what_is_below() -> None:
    bloom_filter = BloomFilter(10)
    bloom_filter.put([(MatchType.PREFIX, "/old-shop/")])
    assert through(bloom_filter, "/old-shop/") == {"/old-shop"}
    assert through(bloom_filter, "/old-shop/a/b/c/") == {"/old-shop"}
    assert through(bloom_filter, "/old-shopping/") == set()
    assert bloom_filter.deepest == 1


def test_a_rule_for_one_address_is_for_nothing_below() -> None:
    bloom_filter = BloomFilter(10)
    bloom_filter.put([(MatchType.EXACT, "/sale/"), (MatchType.ROUTE, "/archive/<int:year>/")])
    assert through(bloom_filter, "/sale/") == {"/sale"}
    assert through(bloom_filter, "/sale/a/") == set()
    assert through(bloom_filter, "/archive/2020/") == set(), "routes are not found by their address"
    assert bloom_filter.size == 2


def test_a_filter_with_more_leaves_the_old_one_alone() -> None:
    old = BloomFilter(10)
    old.put([(MatchType.EXACT, "/a/")])
    new = old.with_([(MatchType.EXACT, "/b/"), (MatchType.PREFIX, "/c/")])
    assert through(old, "/b/") == through(old, "/c/x/") == set()
    assert (old.size, old.deepest) == (1, -1)
    assert through(new, "/a/") == {"/a"}
    assert through(new, "/b/") == {"/b"}
    assert through(new, "/c/x/") == {"/c"}
