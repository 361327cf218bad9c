"""Files named _redirects, as Netlify, Cloudflare and others read them."""

from __future__ import annotations

import re
from collections.abc import Collection

from .lines import Lines
from .rows import GONE, NO_COLUMNS, Parsed, ParsedRow, Remark, depends_on, not_gone

# From where, perhaps query parameters, where to, perhaps the status, and perhaps conditions.
_STATUS = re.compile(r"(\d{3})!?")


def parse_redirects(lines: Lines, columns: Collection[str]) -> Parsed:
    """Yield what is gone of a _redirects file."""
    for line in lines:
        words = line.partition(" #")[0].split()
        if not words or words[0].startswith("#"):
            continue
        at = next((at for at, word in enumerate(words) if _STATUS.fullmatch(word)), 0)
        status = words[at][:3] if at else "301"
        conditions = [word for word in words[1:at] + words[at + 1 :] if _is_condition(word)]
        if status != GONE:
            yield Remark(lines.number, not_gone(status))
        elif conditions:
            yield Remark(lines.number, depends_on(words[0], ", ".join(conditions)))
        else:
            cells = {"pattern": words[0], "permanence": "permanent"}
            yield ParsedRow(lines.number, cells, headings=NO_COLUMNS)


def _is_condition(word: str) -> bool:
    return re.match(r"\w+=", word) is not None
