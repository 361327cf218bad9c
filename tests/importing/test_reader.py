"""Files: which format one has, what is read of it, and where an invalid one is invalid."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO, StringIO
from time import process_time

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from django_http_errors.importing import tables
from django_http_errors.importing.addresses import understood
from django_http_errors.importing.lines import LONGEST_LINE
from django_http_errors.importing.reader import FORMATS, Reader, formats
from django_http_errors.importing.rows import FileError, ParsedRow, Remark
from django_http_errors.importing.schema import MESSAGES, RULES

COLUMNS = ("pattern", "host", "reason")

BOM = b"\xef\xbb\xbf"


def read(content: bytes, format: str = "", columns: tuple[str, ...] = COLUMNS) -> Reader:
    return Reader(BytesIO(content), columns, format)


def rows_of(content: bytes, format: str = "") -> list[ParsedRow]:
    return [each for each in read(content, format) if isinstance(each, ParsedRow)]


def cells(content: bytes, format: str = "") -> list[tuple[int, dict[str, object]]]:
    return [(each.line, dict(each.cells)) for each in rows_of(content, format) if not each.error]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"pattern\n/a\n/b", [(2, "/a"), (3, "/b")], id="csv"),
        pytest.param(b"pattern\r\n/a\r\n/b\r\n", [(2, "/a"), (3, "/b")], id="csv-crlf"),
        pytest.param(b"pattern\r/a\r/b\r", [(2, "/a"), (3, "/b")], id="csv-cr"),
        pytest.param(BOM + b"pattern\n/a\n", [(2, "/a")], id="csv-with-bom"),
        pytest.param(b"\n\npattern\n\n/a\n\n \n/b", [(5, "/a"), (8, "/b")], id="csv-blank-lines"),
        pytest.param(b' Pattern \n"/a"\n', [(2, "/a")], id="csv-quoted"),
        pytest.param(b"pattern\n", [], id="csv-header-alone"),
        pytest.param("pattern\n/ä".encode("utf-16"), [(2, "/ä")], id="csv-utf-16"),
        pytest.param("pattern\n/ä".encode("utf-16-le"), [(2, "/ä")], id="csv-utf-16-le"),
        pytest.param("pattern\n/ä".encode("utf-16-be"), [(2, "/ä")], id="csv-utf-16-be"),
        pytest.param(b"sep=;\npattern\n/a\n", [(3, "/a")], id="csv-excel"),
        pytest.param(b'[{"pattern": "/a"}, {"pattern": "/b"}]', [(1, "/a"), (1, "/b")], id="json"),
        pytest.param(
            b'\n[\n  {\n"pattern": "/a"},\n\n{"pattern":\n"/b"}\n]\n',
            [(3, "/a"), (6, "/b")],
            id="json-of-many-lines",
        ),
        pytest.param(BOM + b'[{"pattern": "/a"}]', [(1, "/a")], id="json-with-bom"),
        pytest.param('[{"pattern": "/ä"}]'.encode("utf-16"), [(1, "/ä")], id="json-utf-16"),
        pytest.param(
            b'{"pattern": "/a"}\n\n{"pattern": "/b"}', [(1, "/a"), (3, "/b")], id="json-lines"
        ),
        pytest.param(b" [ ] ", [], id="json-empty-list"),
        pytest.param("pattern\n/hä".encode(), [(2, "/hä")], id="csv-utf8"),
        pytest.param('[{"pattern": "/hä"}]'.encode(), [(1, "/hä")], id="json-utf8"),
        pytest.param(b"/a\n\n/b\n", [(1, "/a"), (3, "/b")], id="list"),
    ],
)
def test_a_file_is_read(content: bytes, expected: list[tuple[int, str]]) -> None:
    assert cells(content) == [(line, {"pattern": pattern}) for line, pattern in expected]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_cells_may_be_separated_as_spreadsheets_do(delimiter: str, first: str) -> None:
    first = first.format(delimiter)
    content = f'{first}pattern{delimiter}reason\n/a{delimiter}"x,;\ty"\n'.encode()
    line = 3 if first else 2
    assert cells(content) == [(line, {"pattern": "/a", "reason": "x,;\ty"})]


def test_a_row_of_several_lines_begins_on_its_first() -> None:
    content = b'pattern,reason\n/a,"one\ntwo\r\nthree\rfour"\n/b,\n'
    assert cells(content) == [
        (2, {"pattern": "/a", "reason": "one\ntwo\r\nthree\rfour"}),
        (6, {"pattern": "/b", "reason": ""}),
    ]


def test_what_is_not_utf_8_is_read_as_spreadsheets_write_it() -> None:
    """Line by line: a file may have been put together."""
    content = "pattern,reason\n/a,groß\n/b,".encode() + "groß “x”\n/c,x".encode("cp1252")
    row = ParsedRow(3, {"pattern": "/b", "reason": "groß “x”"})
    remark = Remark(3, "This isn't UTF-8, and was read as Windows-1252.")
    assert list(read(content))[1:3] == [remark, row]
    (place,) = [each.place for each in read(content) if isinstance(each, Remark)]
    assert place == "line 3"


@pytest.mark.parametrize(
    ("content", "good"),
    [
        pytest.param(
            '[{"pattern": "/café"}, {"pattern": "/x", "reason": "\udcff"}, {"pattern": "/über"}]',
            ["/café", "/über"],
            id="json",
        ),
        pytest.param("pattern,reason\n/é,\udcff\n/café,\n/über,x\n", ["/café", "/über"], id="csv"),
    ],
)
def test_a_byte_beside_utf_8_spoils_its_row_alone(content: str, good: list[str]) -> None:
    """Read as Windows-1252, the rows beside it would be spoilt, and nobody told."""
    found = list(read(content.encode(errors="surrogateescape")))
    rows = [each for each in found if isinstance(each, ParsedRow)]
    assert len(rows) == len(found)
    assert [each.cells["pattern"] for each in rows if not each.error] == good
    (error,) = [each.error for each in rows if each.error]
    assert "the byte 0xFF after '' isn't UTF-8" in error


def test_json_without_utf_8_is_read_as_windows_1252() -> None:
    content = '[{"pattern": "/café"}, {"pattern": "/über"}]'.encode("cp1252")
    assert [found["pattern"] for _line, found in cells(content)] == ["/café", "/über"]
    assert sum(isinstance(each, Remark) for each in read(content)) == 1


@pytest.mark.parametrize("first", ["sep=\r\n", "sep=\n", "SEP=\r", "sep=;\r\n", " sep=;\n"])
def test_a_line_that_names_the_separator_may_name_none(first: str) -> None:
    content = f"{first}pattern;reason\r\n/a;b\r\n".encode()
    assert [found for _line, found in cells(content)] == [{"pattern": "/a", "reason": "b"}]


def test_a_quote_separates_nothing() -> None:
    with pytest.raises(FileError, match="No column has addresses"):
        rows_of(b'sep="\npattern,reason\n/a,b\n')


def test_the_format_can_be_said() -> None:
    assert cells(b'{"pattern": "/a"}', "json") == [(1, {"pattern": "/a"})]
    with pytest.raises(FileError, match="No column has addresses"):
        rows_of(b'[{"pattern": "/a"}]', "csv")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        pytest.param(b"", 1, "The file is empty.", id="empty"),
        pytest.param(b" \n\n", 1, "The file is empty.", id="blank"),
        pytest.param(b"PK\x03\x04\x14\x00", 1, "This is a workbook or an archive.", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1", 1, "This is a workbook or an archive.", id="xls"),
        pytest.param(b"\x1f\x8b\x08\0a\n", 1, "This is compressed by gzip.", id="gzip"),
        pytest.param(b"<sitemapindex>", 1, "This lists sitemaps. Import those", id="index"),
        pytest.param(b"<?xml version='1.0'?>\n<rss/>", 2, "This is XML, and no sitemap.", id="rss"),
        pytest.param(
            b"\n \n<?xml-stylesheet href='x'?>\n<rss/>",
            4,
            "This is XML, and no sitemap.",
            id="blank-lines",
        ),
        pytest.param(
            b"<?xml version='1.0'?>\n<!DOCTYPE html>\n<html/>",
            2,
            "This is XML, and no sitemap.",
            id="html",
        ),
        pytest.param(
            b"<!DOCTYPE urlset>\n<urlset/>",
            1,
            "This has a document type, which is not read: delete the line <!DOCTYPE …>.",
            id="type",
        ),
        pytest.param(b"<urlset>\n<url></urlset>", 2, "that can be read: mismatched tag.", id="tag"),
        pytest.param(b"<urlset>\n<url>", 2, "that can be read: no element found.", id="cut off"),
        pytest.param(b"<urlset>&a;", 1, "that can be read: undefined entity.", id="entity"),
        pytest.param(
            b"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'b'><!ENTITY c '&b;&b;'>]><urlset/>",
            2,
            "This is XML, and no sitemap.",
            id="entities",
        ),
        pytest.param(b"<urlset>" + b"<a>" * 30, 1, "too many brackets in brackets", id="deep"),
        pytest.param(
            b"<urlset><url><loc>" + b"a\n" * 50_000, 1, "it is too long.", id="endless address"
        ),
        pytest.param(b"<urlset a='" + b"a\n" * 150_000, 1, "it is too long.", id="endless tag"),
        pytest.param(b"<urlset>\n\xff\xc3\xa9", 2, "surrogates not allowed.", id="bytes"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", 1, "This is no text.", id="png"),
        pytest.param(b"\npattern,colour\n", 2, "There is no column colour.", id="unknown-column"),
        pytest.param(b"pattern,\n/a,\n", 1, 'There is no column "".', id="nameless-column"),
        pytest.param(b"pattern,\x81\n", 1, r"There is no column '\udc81'.", id="broken-column"),
        pytest.param(b"pattern,Pattern\n", 1, "There are two columns pattern.", id="twice"),
        pytest.param(b"kind,colour\n", 1, "No column has addresses.", id="no-addresses"),
        pytest.param(b"/a,/b\n/c,/d\n", 1, "The first line has to name", id="no-heading"),
        pytest.param(b"/a;301\n", 1, "The first line has to name", id="no-heading-but-status"),
        pytest.param(b'pattern\n/a\n"/b\n/c\n', 3, "This is no CSV: unexpected end", id="unclosed"),
        pytest.param(b'pattern\n/a\n"/b"x\n', 3, "This is no CSV", id="after-the-quote"),
        pytest.param(
            b"pattern\n/a\n" + b"x" * (LONGEST_LINE + 1), 3, "The line is longer", id="endless"
        ),
        pytest.param(
            b'pattern\n/a\n"' + b"x\n" * 70_000, 3, "field larger than", id="endless-cell"
        ),
        pytest.param(b"/" * (LONGEST_LINE + 1), 1, "The line is longer", id="endless-list"),
        pytest.param(b'[{"pattern": "/a"},\n', 2, "Expecting value", id="json-cut-off"),
        pytest.param(b'[{"pattern": "/a"}\n', 2, "Expecting ',' or ']'", id="json-unclosed"),
        pytest.param(b'[{"pattern": "/a"}]\n[]', 2, "Extra data", id="json-and-more"),
        pytest.param(b"[]]", 1, "Extra data", id="json-closed-twice"),
        pytest.param(b"[{'pattern': '/a'}]", 1, "Expecting property name", id="json-by-hand"),
        pytest.param(b'\n[{"pattern": "/\xe4}]', 2, "Unterminated string", id="json-no-string"),
        pytest.param(b'[\n{"pattern": ' + b"9" * 5000 + b"}]", 2, "can be read", id="json-number"),
        pytest.param(b"[" * 100_000, 1, "can be read", id="json-nested"),
        pytest.param(
            b'[{"pattern": "' + b"x" * 2_000_000, 1, "Unterminated string", id="json-endless"
        ),
        pytest.param(b'{"plugin": [],\n"redirects": {}}', 1, "no redirects", id="redirection"),
        pytest.param(b"map $uri $gone {\n" + b"/x " * 1001, 2, "has no end", id="nginx"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, line: int, message: str) -> None:
    with pytest.raises(FileError) as caught:
        rows_of(content)
    assert message in caught.value.message
    assert caught.value.line == line
    assert str(caught.value) == f"line {line}: {caught.value.message}"


@pytest.mark.parametrize("padding", [0, 70_000])
def test_what_is_wrong_with_json_is_said_by_line_and_column(padding: int) -> None:
    """However far it is into the file, which is read in pieces."""
    content = b'[\n{"pattern": "/a"},%b\n  {"pattern": "/b" "x"}]' % (b" " * padding)
    with pytest.raises(FileError, match="Expecting ',' delimiter, in column 22"):
        rows_of(content)


@pytest.mark.parametrize(
    ("content", "place", "error"),
    [
        pytest.param(
            b"pattern,host\n/a\n", "line 2", "The file has 2 columns, and this row 1.", id="-"
        ),
        pytest.param(
            b"pattern\n/a,b\n", "line 2", "The file has 1 column, and this row 2.", id="+"
        ),
        pytest.param(
            b"pattern,reason\n/a,caf\x81\n",
            "line 2",
            "In the column reason, the byte 0x81 after 'caf' isn't UTF-8. Save the file as UTF-8.",
            id="no-windows-1252-either",
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


class Pipe(io.RawIOBase):
    """What comes when it comes, a line at a time, and can't be read again."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        line = self.lines.pop(0) if self.lines else b""
        assert len(line) <= len(buffer)
        buffer[: len(line)] = line
        return len(line)


@pytest.mark.parametrize("format", ["csv", "list", "json"])
def test_a_long_file_is_not_read_whole(format: str) -> None:
    line = {"csv": b"/a\n", "list": b"/a\n", "json": b'{"pattern": "/a"}\n'}[format]
    lines = [b"pattern\n"] * (format == "csv") + [line * 100] * 5000
    pipe = Pipe(lines)
    found: Iterator[object] = iter(Reader(io.BufferedReader(pipe), COLUMNS, format))
    next(found)
    assert len(pipe.lines) > 4900


def test_no_more_is_read_of_an_object_that_has_no_end() -> None:
    pipe = Pipe([b'[{"pattern": "'] + [b"x" * 8000] * 1000)
    with pytest.raises(FileError, match="Unterminated string"):
        list(Reader(io.BufferedReader(pipe), COLUMNS, "json"))
    assert len(pipe.lines) > 700


def test_the_file_stays_open_and_how_much_was_read_is_known() -> None:
    for content in (b"pattern\n/a\n/b\n", b'[{"pattern": "/a"}]', b"/a\n/b\n"):
        file = BytesIO(content)
        found = Reader(file, COLUMNS)
        sizes = [found.size for _each in found]
        assert not file.closed
        assert sizes == sorted(sizes)
        assert 0 < found.size <= len(content)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


# What begins a formula and what separates cells, for spreadsheets, more often than by chance.
FORMULAS = st.text(st.sampled_from("=+-@\uff1d'\";,\t\r\nx "), max_size=12)


@given(FORMULAS | TEXTS)
@example("x;=1")
@example("x;'\"'=1")
@example("\t\n'=1")
def test_no_text_is_a_formula_and_each_can_be_read_again(text: str) -> None:
    """Not even where a spreadsheet takes other separators than the file has."""
    cell = str(tables.escaped(text))
    assert re.search('(?:\\A|[;\t\r\n]"*)[=+\\-@\uff1d]', cell) is None
    assert tables.unescaped(cell) == text


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, FORMULAS | TEXTS)), max_size=5))
def test_what_was_written_is_read(rows: list[dict[str, str]]) -> None:
    file = StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for row in rows:
        # As the exports do it.
        writer.writerow({name: tables.escaped(cell) for name, cell in row.items()})
    filled = [row for row in rows if any(cell.strip() for cell in row.values())]
    assert [found for _line, found in cells(file.getvalue().encode())] == filled
    for text in (json.dumps(rows), "\n".join(map(json.dumps, rows))):
        assert [found for _line, found in cells(text.encode(), "json")] == rows


@given(st.binary(max_size=200), st.sampled_from(["", *FORMATS]))
def test_any_bytes_are_read_or_refused(content: bytes, format: str) -> None:
    with suppress(FileError):
        list(read(content, format, RULES.columns))


@given(
    st.lists(
        st.sampled_from(
            [
                *("/a", "~^/", "map $uri $gone {", "}", ";", "Redirect", "gone", "RewriteRule"),
                *("[G]", "<If x>", "</If>", "return", "410", '"', "\\", "^(", ")*$", "[a-z", "#"),
                *("\n", " "),
            ]
        ),
        max_size=30,
    ),
    st.sampled_from(["", "apache", "nginx", "redirects", "list"]),
)
def test_any_words_are_read_or_refused(words: list[str], format: str) -> None:
    with suppress(FileError):
        list(read(" ".join(words).encode(), format, RULES.columns))


@pytest.mark.parametrize(
    "text",
    ["/", "//", '"', "(", "[", "<", "\\", "~^", "*", "a ", "' ", "{", "%", " ", ",", ", ", "/ "],
)
@pytest.mark.parametrize("format", ["", *FORMATS])
def test_no_line_takes_long(text: str, format: str) -> None:
    content = b"pattern\n" * (format == "csv") + text.encode() * ((LONGEST_LINE - 10) // len(text))
    began = process_time()
    with suppress(FileError):
        for each in read(b"/old " + content, format, RULES.columns):
            if isinstance(each, ParsedRow):
                with suppress(ValidationError):
                    understood(each.cells)
    assert process_time() - began < 1


def test_an_upload_has_no_more_rows_than_the_memory_is_for(monkeypatch) -> None:
    """Twenty megabytes may be ten million of them; what is left out and named counts too."""
    uploads = pytest.importorskip("django_http_errors.import_export.formats")
    monkeypatch.setattr(uploads, "MOST_ROWS", 2)
    upload = uploads.formats(RULES.columns)[0]()
    for content in (b"/a\n\n/b\n", b"Redirect 301 /a /b\n\nRedirect 410 /b\n"):
        assert len(upload.create_dataset(content)) == 2
        with pytest.raises(FileError, match=r"^line 4: The file has more than 2 rows: use manage"):
            upload.create_dataset(content + content)


def test_messages_come_in_general_formats_alone() -> None:
    assert formats(MESSAGES.columns) == ["json", "csv"]
    assert set(formats(RULES.columns)) == set(FORMATS)
    for content, format in ((b"status,title\n404,x\n", "csv"), (b'[{"status": 404}]', "json")):
        found = read(content, "", MESSAGES.columns)
        assert next(iter(found)).line
        assert found.format == format
