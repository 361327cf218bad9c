"""How many errors an answer lists: it stays bounded whatever names and values were sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..problems import InvalidPart

# Even if every one of a million rows that were sent is wrong.
MOST_ERRORS = 1000
# Even if each of them has a long name or a long value that was sent.
MOST_CHARACTERS = 256 * 1024


def bounded(parts: Iterable[InvalidPart]) -> Iterator[InvalidPart]:
    """Yield the first of `parts`, but those that there is no room for."""
    room = MOST_CHARACTERS
    for part in islice(parts, MOST_ERRORS):
        length = len(str(part.detail)) + len(part.pointer or part.parameter or "") + len(part.code)
        if length <= room:
            room -= length
            yield part
