"""Answers as the admin shows them, made by the pipeline that makes them on the site."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..explaining.explanation import Explanation, explain
from ..http import representations
from ..http.responses import ErrorResponse

_DOCTYPE = re.compile(r"\s*<!doctype[^>]{0,200}>", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]{0,200}>", re.IGNORECASE)
# What leads somewhere, and where it says that this opens.
_LINK = re.compile(r"<(?:a|area|base|form)\b[^>]{0,2000}>", re.IGNORECASE)
_TARGET = re.compile(
    r"""\btarget\s{0,9}=\s{0,9}("[^"]{0,99}"|'[^']{0,99}'|\w{1,99})""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `body` as it is sent, `readable` as one reads it."""

    status: int
    phrase: str
    media_type: str
    fields: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def of(cls, response: ErrorResponse) -> Answer:
        return cls(
            status=response.status_code,
            phrase=response.reason_phrase,
            media_type=response["Content-Type"].partition(";")[0],
            fields=tuple(response.items()),
            body=response.content.decode("utf-8", "replace"),
        )

    @property
    def is_page(self) -> bool:
        return self.media_type == "text/html"

    @property
    def inert_page(self) -> str:
        """The page, none of whose links leads anywhere in a frame that may open no windows."""
        start = _HEAD.search(self.body) or _DOCTYPE.match(self.body)
        at = start.end() if start else 0
        rest = _LINK.sub(lambda tag: _TARGET.sub("", tag[0]), self.body[at:])
        return f'{self.body[:at]}<base target="_blank">{rest}'

    @property
    def readable(self) -> str:
        if not self.media_type.endswith("json"):
            return self.body
        try:
            return json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)
        except ValueError:  # The project's own renderer wrote it.
            return self.body


# What is shown beside the fields: plain JSON has the same members, and text has no room.
BESIDE = ("text/html", "application/problem+json")


def beside(address: str, **asked: Any) -> tuple[Explanation, list[Answer]]:
    """Return the answers that have room beside the fields, and the explanation of the first."""
    types = list(representations.renderers())
    return _in_formats([each for each in types if each in BESIDE] or types, address, asked)


def in_every_format(address: str, **asked: Any) -> tuple[Explanation, list[Answer]]:
    """Return the answers in all of the site's formats, and the explanation of the first.

    asked: as for `explain`
    """
    return _in_formats(list(representations.renderers()), address, asked)


def _in_formats(
    media_types: Sequence[str], address: str, asked: Mapping[str, Any]
) -> tuple[Explanation, list[Answer]]:
    found = [explain(address, accept=each, **asked) for each in media_types]
    return found[0], [Answer.of(each.response) for each in found]
