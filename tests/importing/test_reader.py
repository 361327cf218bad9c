"""Files: what is read of a good one, and where a invalid one is invalid."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.importing.reader import FileError, ParsedRow, read

COLUMNS = ("pattern", "host", "reason")

BOM = b"\xef\xbb\xbf"


def rows_of(content: bytes, format: str = "") -> list[ParsedRow]:
    return list(read(BytesIO(content), COLUMNS, format))


def cells(content: bytes, format: str = "") -> list[tuple[int, dict[str, object]]]:
    return [(each.line, dict(each.cells)) for each in rows_of(content, format) if not each.error]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"pattern\n/a\n/b", [(2, "/a"), (3, "/b")], id="csv"),
        pytest.param(b"pattern\r\n/a\r\n/b\r\n", [(2, "/a"), (3, "/b")], id="csv-crlf"),
        pytest.param(BOM + b"pattern\n/a\n", [(2, "/a")], id="csv-with-bom"),
        pytest.param(b"\n\npattern\n\n/a\n\n \n/b", [(5, "/a"), (8, "/b")], id="csv-blank-lines"),
        pytest.param(b' pattern \n"/a"\n', [(2, "/a")], id="csv-quoted"),
        pytest.param(b"pattern\n", [], id="csv-header-alone"),
        pytest.param(b'[{"pattern": "/a"}, {"pattern": "/b"}]', [(1, "/a"), (1, "/b")], id="json"),
        pytest.param(
            b'\n[\n  {\n"pattern": "/a"},\n\n{"pattern":\n"/b"}\n]\n',
            [(3, "/a"), (6, "/b")],
            id="json-of-many-lines",
        ),
        pytest.param(BOM + b'[{"pattern": "/a"}]', [(1, "/a")], id="json-with-bom"),
        pytest.param(
            b'{"pattern": "/a"}\n\n{"pattern": "/b"}', [(1, "/a"), (3, "/b")], id="json-lines"
        ),
        pytest.param(b" [ ] ", [], id="json-empty-list"),
        pytest.param("pattern\n/h\u00e4".encode(), [(2, "/h\u00e4")], id="csv-utf8"),
        pytest.param('[{"pattern": "/h\u00e4"}]'.encode(), [(1, "/h\u00e4")], id="json-utf8"),
    ],
)
def test_a_file_is_read(content: bytes, expected: list[tuple[int, str]]) -> None:
    assert cells(content) == [(line, {"pattern": pattern}) for line, pattern in expected]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_may_be_separated_as_spreadsheets_do(delimiter: str) -> None:
    content = f'pattern{delimiter}reason\n/a{delimiter}"x,;\ty"\n'.encode()
    assert cells(content) == [(2, {"pattern": "/a", "reason": "x,;\ty"})]


def test_a_row_of_several_lines_begins_on_its_first() -> None:
    content = b'pattern,reason\n/a,"one\ntwo\r\nthree"\n/b,\n'
    assert cells(content) == [
        (2, {"pattern": "/a", "reason": "one\ntwo\r\nthree"}),
        (5, {"pattern": "/b", "reason": ""}),
    ]


def test_the_format_can_be_said() -> None:
    assert cells(b'{"pattern": "/a"}', "json") == [(1, {"pattern": "/a"})]
    with pytest.raises(FileError, match="There is no column"):
        rows_of(b'[{"pattern": "/a"}]', "csv")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        pytest.param(b"", 1, "The file is empty.", id="empty"),
        pytest.param(b" \n\n", 1, "The file is empty.", id="blank"),
        pytest.param("pattern\n/a".encode("utf-16"), 1, "This is UTF-16.", id="utf-16"),
        pytest.param(b"\npattern,colour\n", 2, "There is no column colour.", id="unknown-column"),
        pytest.param(b"pattern,\n/a,\n", 1, 'There is no column "".', id="nameless-column"),
        pytest.param(b"pattern,\xff\n", 1, r"There is no column '\udcff'.", id="broken-column"),
        pytest.param(b"pattern,pattern\n", 1, "There are two columns pattern.", id="twice"),
        pytest.param(b'pattern\n/a\n"/b\n/c\n', 3, "This is no CSV: unexpected end", id="unclosed"),
        pytest.param(b'pattern\n/a\n"/b"x\n', 3, "This is no CSV", id="after-the-quote"),
        pytest.param(b"pattern\n/a\n" + b"x" * 200_000, 3, "field larger than", id="endless-cell"),
        pytest.param(b"pattern\r/a\r/b\r", 1, "This is no CSV: new-line", id="old-macintosh"),
        pytest.param(b'[{"pattern": "/a"},\n', 2, "This is no JSON", id="json-cut-off"),
        pytest.param(b'[{"pattern": "/a"}\n', 2, "Expecting ',' or ']'", id="json-unclosed"),
        pytest.param(b'[{"pattern": "/a"}]\n[]', 2, "Extra data", id="json-and-more"),
        pytest.param(b"[]]", 1, "Extra data", id="json-closed-twice"),
        pytest.param(b"[{'pattern': '/a'}]", 1, "Expecting property name", id="json-by-hand"),
        pytest.param(b'\n[{"pattern": "/\xe4}]', 2, "Unterminated string", id="json-no-string"),
        pytest.param(b'[\n{"pattern": ' + b"9" * 5000 + b"}]", 2, "can be read", id="json-number"),
        pytest.param(b"[" * 100_000, 1, "can be read", id="json-nested"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, line: int, message: str) -> None:
    with pytest.raises(FileError) as caught:
        rows_of(content)
    assert caught.value.line == line
    assert message in caught.value.message
    assert str(caught.value) == f"line {line}: {caught.value.message}"


@pytest.mark.parametrize(
    ("content", "place", "error"),
    [
        pytest.param(b"pattern,host\n/a\n", "line 2", "There are 1 cells, and 2 columns.", id="-"),
        pytest.param(b"pattern\n/a,b\n", "line 2", "There are 2 cells, and 1 columns.", id="+"),
        pytest.param(
            b"pattern,reason\n/a,caf\xe9\n",
            "line 2",
            "In the column reason, the byte 0xE9 after 'caf' isn't UTF-8. Save the file as UTF-8.",
            id="latin-1",
        ),
        pytest.param(
            b'[{"pattern": "/a", "reason": "x\\ud800"}]',
            "line 1 (object 1)",
            "In the column reason, U+D800 after 'x' is no character.",
            id="surrogate",
        ),
        pytest.param(
            b'[\n{"pattern": "/a", "colour": 1}]',
            "line 2 (object 1)",
            "There is no column colour. The columns are: pattern, host, reason.",
            id="unknown",
        ),
        pytest.param(
            b'["/a"]',
            "line 1 (object 1)",
            "This is no object with the columns as its members.",
            id="no-object",
        ),
    ],
)
def test_an_invalid_row_leaves_the_others_readable(content: bytes, place: str, error: str) -> None:
    more = b',\n{"pattern": "/good"}]' if content.endswith(b"]") else b'"/good","",""'
    content = content[:-1] + more if content.endswith(b"]") else content
    invalid, *good = rows_of(content)
    assert (invalid.place, invalid.error) == (place, error)
    assert all(not each.error for each in good)


def test_a_csv_file_is_not_read_ahead() -> None:
    lines = iter([b"pattern\n", b"/a\n", b"/b\n"])
    found = read(lines, COLUMNS)
    assert next(found).cells == {"pattern": "/a"}
    assert next(lines) == b"/b\n"


@pytest.mark.parametrize(
    "content", [b"pattern\n/\xc3\xa4\n/b\n", b'[{"pattern": "/a"}, {"pattern": "/b"}]']
)
def test_the_end_of_a_record_tells_how_much_was_read(content: bytes) -> None:
    first, second = rows_of(content)
    assert 0 < first.end < second.end <= len(content)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, TEXTS)), max_size=5))
def test_what_was_written_is_read(rows: list[dict[str, str]]) -> None:
    file = StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    filled = [row for row in rows if any(cell.strip() for cell in row.values())]
    assert [found for _line, found in cells(file.getvalue().encode())] == filled
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        assert [found for _line, found in cells(text.encode(), "json")] == rows


@given(st.binary(max_size=200), st.sampled_from(["", "csv", "json"]))
def test_any_bytes_are_read_or_refused(content: bytes, format: str) -> None:
    with suppress(FileError):
        rows_of(content, format)
