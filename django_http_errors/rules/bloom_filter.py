"""What tells of most addresses that no rule is for them, in little memory: a Bloom filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..http.urls import pattern_key
from ..models import MatchType
from .matching import above

# With these, one address in a thousand is let through that no rule is for.
BITS_PER_RULE = 32
PROBES = 3

# Before the key of a prefix; no path begins so.
_PREFIX = "*"


class BloomFilter:
    """Keeps back the addresses that no exact rule and no prefix is for, all but a few.

    A rule sets three bits of many, and where one of an address's three isn't set, no rule is for
    it. Each process hashes in its own way, so that nobody can know which addresses go through.

    capacity: for how many rules there is room
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = max(capacity, 1024)
        self.size = 0
        # How many segments the longest prefix has.
        self.deepest = -1
        self._mask = (1 << (self.capacity * BITS_PER_RULE - 1).bit_length()) - 1
        self._bits = bytearray((self._mask + 1) // 8)

    @property
    def room(self) -> int:
        """For how many more rules there is room."""
        return self.capacity - self.size

    def candidates(self, key: str) -> Iterator[str]:
        """Yield `key` and what is above it, as far as there may be a rule for that."""
        if self._has(key):
            yield key
        if self.deepest >= 0:
            for each in above(key, self.deepest):
                if self._has(_PREFIX + each):
                    yield each

    def _has(self, key: str) -> bool:
        bits, mask = self._bits, self._mask
        place = hash(key)
        step = (place >> 32) | 1
        for _ in range(PROBES):
            place &= mask
            if not bits[place >> 3] & (1 << (place & 7)):
                return False
            place += step
        return True

    def put(self, rules: Iterable[tuple[str, str]]) -> None:
        """Put in kind and pattern of `rules`, as long as nobody else has this filter yet."""
        bits, mask = self._bits, self._mask
        for kind, pattern in rules:
            self.size += 1
            if kind == MatchType.ROUTE:
                continue
            key = pattern_key(pattern)
            if kind == MatchType.PREFIX:
                self.deepest = max(self.deepest, key.count("/"))
                key = _PREFIX + key
            place = hash(key)
            step = (place >> 32) | 1
            for _ in range(PROBES):
                place &= mask
                bits[place >> 3] |= 1 << (place & 7)
                place += step

    def with_(self, rules: Iterable[tuple[str, str]]) -> BloomFilter:
        """Return a filter that lets the addresses of `rules` through too."""
        other = object.__new__(BloomFilter)
        vars(other).update(vars(self), _bits=bytearray(self._bits))
        other.put(rules)
        return other
