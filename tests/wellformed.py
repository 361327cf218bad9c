"""What every answer has to be, whatever was asked and whatever went wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import html5lib

from .asking import HTML, JSON, PROBLEM, TEXT

FORM = re.compile(r"(text/html|text/plain); charset=utf-8|application/(?:problem\+)?json")
# RFC 9110, section 5.5, as a server gets it: latin-1, and nothing that ends a line.
FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def parsed(page: bytes | str) -> html5lib.treebuilders.etree.Any:
    """Return the tree of a page that holds to the letter of the HTML standard."""
    text = page if isinstance(page, str) else page.decode()
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def check_fields(fields: Iterable[tuple[str, str]], content: bytes) -> None:
    """Hold the fields of an answer against the grammar, and its length against its content."""
    known = {}
    for name, value in fields:
        assert FIELD_NAME.fullmatch(name), name
        assert FIELD_VALUE.fullmatch(value), (name, value)
        known.setdefault(name.lower(), value)
    assert known.get("content-length", str(len(content))) == str(len(content))


def check_content(status: int, content_type: str, content: bytes) -> str:
    """Hold the content of an error against its form, and return that."""
    assert FORM.fullmatch(content_type), content_type
    form = content_type.partition(";")[0]
    text = content.decode()
    if form in (JSON, PROBLEM):
        members = json.loads(text)
        assert members["status"] == status
        assert members["title"]
    elif form == HTML:
        page = parsed(text)
        assert str(status) in page.findtext(".//title")
        assert len(list(page.iter("h1"))) == 1
    else:
        assert form == TEXT
        assert text.startswith(f"{status} ")
        assert text.endswith("\n")
    return form
