"""Imports: the status on each row, all or nothing, and nothing written twice."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from django_http_errors.importing import exporter, importer
from django_http_errors.importing.importer import (
    Import,
    Report,
    RowResult,
    RowStatus,
)
from django_http_errors.importing.reader import Reader
from django_http_errors.importing.rows import FileError, ParsedRow
from django_http_errors.importing.schema import MESSAGES, RULES
from django_http_errors.models import MatchType, PermanenceRule

from ..edits import edits_made
from ..imports import import_rules

pytestmark = pytest.mark.django_db

CONTENT = (*RULES.key, *RULES.content)
NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


def csv_file(*rows: Mapping[str, object]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = StringIO()
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def json_file(*rows: Mapping[str, object]) -> bytes:
    return json.dumps(rows).encode()


def counts(report: Report) -> dict[str, int]:
    return {str(status): report.counts[status] for status in RowStatus if report.counts[status]}


def saved() -> list[tuple[Any, ...]]:
    return list(PermanenceRule.objects.order_by("pk").values_list(*CONTENT))


def invalid(report: Report) -> list[RowResult]:
    return report.results[RowStatus.INVALID]


def patterns() -> list[str]:
    return list(PermanenceRule.objects.order_by("pattern").values_list("pattern", flat=True))


@pytest.mark.parametrize("file", [csv_file, json_file])
def test_a_pattern_alone_is_enough(file: Any) -> None:
    report = import_rules(file({"pattern": "/old-shop/"}), author="editor")
    assert (counts(report), report.written) == ({"new": 1}, 1)
    rule = PermanenceRule.objects.get()
    assert (rule.kind, rule.pattern, rule.host) == ("exact", "/old-shop/", "")
    assert (rule.permanence, rule.enabled) == ("permanent", True)
    assert (rule.source, rule.author) == ("import", "editor")


@pytest.mark.parametrize("file", [csv_file, json_file])
def test_every_column_is_taken(file: Any) -> None:
    row = {
        "kind": "Prefix",
        "pattern": " /Old%20Shop/ ",
        "host": " WWW.example.com",
        "permanence": "TEMPORARY",
        "reason": "Sold.\nAsk {host}.",
        "replacement": "/shop/",
        "expected_at": "2030-05-01T12:00:00Z",
        "valid_from": "2029-01-01",
        "valid_until": "2030-05-01 14:00:00+02:00",
        "announce": "yes",
        "ignore_case": "1",
        "group": " relaunch ",
        "enabled": "no",
        "note": "=1+1",
        "source": "code",
        "created_at": "2020-01-02T03:04:05.000006+00:00",
        "updated_at": "2021-01-02T03:04:05.000006+00:00",
    }
    assert set(row) == set(RULES.columns)
    assert counts(import_rules(file(row))) == {"new": 1}
    rule = PermanenceRule.objects.get()
    assert [getattr(rule, name) for name in RULES.columns] == [
        "prefix",
        "/Old Shop/",
        "www.example.com",
        "temporary",
        "Sold.\nAsk {host}.",
        "/shop/",
        NOON,
        datetime(2029, 1, 1, tzinfo=UTC),
        NOON,
        True,
        True,
        "relaunch",
        False,
        "=1+1",
        "code",
        datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2021, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *((word, True) for word in ("true", "True", "1", "yes", "ON", "active", "", " ")),
        *((word, False) for word in ("false", "FALSE", "0", "no", " off ", "disabled")),
        *((value, bool(value)) for value in (True, False, 1, 0)),
        (None, True),
    ],
)
def test_flags_are_written_in_many_ways(cell: object, expected: bool) -> None:
    import_rules(json_file({"pattern": "/a", "enabled": cell}))
    assert PermanenceRule.objects.get().enabled is expected


def test_a_time_without_a_zone_is_meant_in_the_current_one() -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        import_rules(csv_file({"pattern": "/a", "valid_from": "2030-05-01T14:00:00"}))
    assert PermanenceRule.objects.get().valid_from == NOON


@pytest.mark.parametrize(
    ("zone", "text"),
    [("Europe/Berlin", "9999-12-31T23:59Z"), ("America/New_York", "0001-01-01T00:00Z")],
)
def test_a_time_that_can_not_be_shown_is_none(settings, zone: str, text: str) -> None:
    """Where the site is, no calendar has that day."""
    settings.TIME_ZONE = zone
    (found,) = invalid(import_rules(json_file({"pattern": "/a", "valid_until": text})))
    assert found.errors[0].startswith(f"valid_until: {text} is no date.")


@pytest.mark.parametrize(
    ("language", "text", "month", "day"),
    [
        ("de", "31.12.2027", 12, 31),
        ("de", "1.5.2027 14:30", 5, 1),
        ("fr", "31/12/2027", 12, 31),
        ("en", "12/31/2027", 12, 31),
        ("en", "05/05/2027", 5, 5),
        ("nl", "05-01-2027", 1, 5),
    ],
)
def test_a_time_is_written_as_the_language_has_it(
    language: str, text: str, month: int, day: int
) -> None:
    """Where it could be another one elsewhere it is refused."""
    with override(language):
        value = RULES.value("valid_until", text)
    local = timezone.localtime(value)
    assert (local.year, local.month, local.day) == (2027, month, day)
    assert (local.hour, local.minute) == ((14, 30) if " " in text else (0, 0))
    for unclear in ("05/01/2027", "1/2/27 10:00"):
        for spoken in ("en", "fr"):
            with override(spoken), pytest.raises(ValidationError):
                RULES.value("valid_until", unclear)


def test_a_file_may_speak_as_the_admin_does() -> None:
    """Its headings, and what is chosen in a form; with what another tool has beside it."""
    with override("de"):
        heads = [RULES.field(name).verbose_name for name in ("pattern", "kind", "reason", "host")]
        below = MatchType.PREFIX.label
        content = f"{';'.join(map(str, heads)).title()}\n/a/;{below};Warum;\n/b/*;{below};;\n"
        assert import_rules(content.encode()).written == 2
        foreign = import_rules(f"{heads[0]};Aufrufe;{heads[2]}\n/c/;7;Darum\n".encode())
        assert ["Aufrufe" in text for text in foreign.remarks] == [True]
    assert set(PermanenceRule.objects.values_list("pattern", "kind", "reason")) == {
        ("/a/", "prefix", "Warum"),
        ("/b/", "prefix", ""),
        ("/c/", "exact", "Darum"),
    }


def test_the_address_of_a_shop_is_none_of_a_page() -> None:
    import_rules(b"Address,URL,Status Code\n1 Main Street,/shops/1/,410\n")
    assert PermanenceRule.objects.get().pattern == "/shops/1/"


def test_a_column_is_there_once_whatever_it_is_called() -> None:
    with pytest.raises(FileError, match="There are two columns pattern"):
        import_rules(b"pattern,Address\n/a,/b\n")


def test_a_time_may_be_one_already_and_blanks_are_none() -> None:
    assert RULES.value("valid_from", NOON) == NOON
    for blank in (None, "", "  "):
        assert RULES.value("valid_from", blank) is None


def test_without_time_zones_times_are_as_they_are_written(settings) -> None:
    settings.USE_TZ = False
    rows = [{"valid_from": "2030-05-01T12:00:00"}, {"valid_from": "2030-05-01T14:00:00+02:00"}]
    for row in rows:
        value = RULES.value("valid_from", row["valid_from"])
        assert isinstance(value, datetime)
        assert timezone.is_naive(value)


GOOD = {"pattern": "/good"}
BAD: list[tuple[dict[str, object], str]] = [
    ({"pattern": "", "note": "x"}, "pattern: This field cannot be blank."),
    ({"pattern": "old-shop/"}, "pattern: An address begins with a slash: /old-shop/"),
    (
        {"pattern": "/?p=7"},
        "pattern: Only what stands behind ? says which page this is, and that is not compared.",
    ),
    ({"pattern": "https://a.example/", "host": "b.example"}, "pattern: The host is a.example here"),
    ({"pattern": "https://[/"}, "pattern: "),
    ({"pattern": "/a/*", "kind": "exact"}, "pattern: “/a/*” would be taken literally. Choose"),
    ({"pattern": "/a$", "kind": "exact"}, "pattern: “/a$” would be taken literally. Choose"),
    ({"pattern": "/a*b*", "kind": "route"}, "pattern: This is no pattern:"),
    ({"pattern": "/a\x07"}, "pattern: Control characters are not allowed here."),
    ({"pattern": "/" + "x" * 4999}, "pattern: Ensure this value has at most 500 characters"),
    # U+0958 becomes two characters in NFC.
    ({"pattern": "/" + "\u0958" * 499}, "pattern: Ensure this value has at most 500 characters"),
    ({"pattern": "/<int:/", "kind": "route"}, "pattern: This is no pattern:"),
    ({"pattern": "/<colour:x>/", "kind": "route"}, "pattern: This is no pattern:"),
    ({"pattern": "/a", "kind": "regex"}, "kind: regex is none of these: exact, prefix, route."),
    ({"pattern": "/a", "host": "https://a.example"}, "host: Write the name of the host alone"),
    (
        {"pattern": "/a", "permanence": "gone"},
        "permanence: gone is none of these: permanent, temporary.",
    ),
    ({"pattern": "/a", "source": "magic"}, "source: magic is none of these: admin, import, code."),
    ({"pattern": "/a", "reason": "{colour}"}, "reason: {colour} is no placeholder."),
    ({"pattern": "/a", "reason": "a\x00b"}, "reason: Control characters are not allowed here."),
    ({"pattern": "/a", "reason": "x" * 4001}, "reason: Ensure this value has at most 4000 char"),
    ({"pattern": "/a", "note": "a\x00b"}, "note: Control characters are not allowed here."),
    ({"pattern": "/a\u200b/"}, "pattern: There is something in it that cannot be seen (U+200B)"),
    ({"pattern": "/a", "note": "x" * 4001}, "note: Ensure this value has at most 4000 characters"),
    ({"pattern": "/a", "replacement": "javascript:x"}, "replacement: Write an address on this"),
    ({"pattern": "/a", "enabled": "maybe"}, "enabled: Write true or false here, and not maybe."),
    ({"pattern": "/a", "valid_from": "1.5.2030"}, "valid_from: 1.5.2030 is no date."),
    ({"pattern": "/a", "valid_from": "05/01/2030"}, "valid_from: 05/01/2030 is no date."),
    ({"pattern": "/a", "valid_from": "2030-02-30"}, "valid_from: 2030-02-30 is no date."),
    ({"pattern": "/a", "created_at": "never"}, "created_at: never is no date."),
    (
        {"pattern": "/a", "valid_from": "0001-01-01T00:00+10:00"},
        "valid_from: 0001-01-01T00:00+10:00 is no date.",
    ),
    ({"pattern": "/a", "expected_at": "2030-01-01"}, "expected_at: Only what is not there yet"),
    (
        {"pattern": "/a", "valid_from": "2030-01-02", "valid_until": "2030-01-01"},
        "valid_until: This ends before it begins.",
    ),
    ({**GOOD, "reason": "x"}, "has the same kind, pattern, host already."),
]


@pytest.mark.parametrize("file", [csv_file, json_file])
@pytest.mark.parametrize(("row", "error"), BAD, ids=[error for _row, error in BAD])
def test_a_invalid_row_keeps_all_from_being_imported(
    file: Any, row: dict[str, object], error: str
) -> None:
    report = import_rules(file({**dict.fromkeys(row), **GOOD}, row))
    assert (counts(report), report.written) == ({"new": 1, "invalid": 1}, 0)
    (bad,) = invalid(report)
    assert bad.place == ("line 3" if file is csv_file else "line 1 (object 2)")
    assert len(bad.errors) == 1
    assert error in bad.errors[0]
    assert saved() == []
    assert edits_made() == 0


@pytest.mark.parametrize(
    "row",
    [
        {"pattern": ["/a"]},
        {"pattern": {"a": 1}},
        {"pattern": True},
        {"pattern": "/a", "host": []},
        {"pattern": "/a", "reason": 1.5},
        {"pattern": "/a", "enabled": {}},
        {"pattern": "/a", "enabled": 1.5},
        {"pattern": "/a", "valid_from": {}},
        {"pattern": "/a", "kind": 1.5},
    ],
)
def test_json_may_have_what_is_no_text(row: dict[str, object]) -> None:
    assert counts(import_rules(json_file(row))) == {"invalid": 1}


def test_what_is_equal_for_python_is_not_the_same_in_a_file() -> None:
    report = import_rules(json_file({"pattern": "/a", "note": 1}, {"pattern": "/b", "note": True}))
    assert counts(report) == {"new": 1, "invalid": 1}


def test_all_errors_of_a_row_are_reported() -> None:
    row = {"pattern": "a", "host": "a b", "valid_from": "x", "reason": "{x}", "enabled": "?"}
    (bad,) = invalid(import_rules(csv_file(row)))
    columns = {error.partition(":")[0] for error in bad.errors}
    assert columns == {"pattern", "host", "valid_from", "reason", "enabled"}


def test_the_later_of_two_with_one_key_is_invalid_and_names_the_first() -> None:
    report = import_rules(
        csv_file(
            {"pattern": "/a b", "host": "", "note": ""},
            {"pattern": "/a b", "host": "a.example", "note": ""},
            {"pattern": "/a%20b", "host": "", "note": "x"},
        )
    )
    assert counts(report) == {"new": 2, "invalid": 1}
    assert invalid(report)[0].place == "line 4"
    assert invalid(report)[0].errors == ["Line 2 has the same kind, pattern, host already."]


@pytest.mark.parametrize("size", [1, 1000])
def test_what_a_file_says_twice_it_says_once(monkeypatch, size: int) -> None:
    """As lists of addresses do, with other query strings; in one batch or in two."""
    monkeypatch.setattr(importer, "BATCH", size)
    report = import_rules(b"/a\n/b\n/a?x=1\n/a?x=2\n")
    assert counts(report) == {"new": 2, "same": 2}
    assert patterns() == ["/a", "/b"]


def test_in_one_line_of_json_objects_have_their_numbers() -> None:
    report = import_rules(json_file({"pattern": "/a"}, {"pattern": "/a", "note": "x"}))
    assert invalid(report)[0].place == "line 1 (object 2)"
    assert invalid(report)[0].errors == [
        "Line 1 (object 1) has the same kind, pattern, host already."
    ]


def test_a_flag_that_is_false_is_not_the_same_as_none() -> None:
    """Of a known rule, the one is a change, and the other leaves it alone."""
    PermanenceRule.objects.create(pattern="/a/", ignore_case=True)
    report = import_rules(
        json_file({"pattern": "/a/"}, {"pattern": "/a/", "ignore_case": False}), skip_invalid=True
    )
    assert counts(report) == {"same": 1, "invalid": 1}
    assert invalid(report)[0].place == "line 1 (object 2)"


def test_invalid_rows_can_be_left_out() -> None:
    file = csv_file({"pattern": "/a"}, {"pattern": "b"}, {"pattern": "/c"})
    report = import_rules(file, skip_invalid=True)
    assert (counts(report), report.written) == ({"new": 2, "invalid": 1}, 2)
    assert patterns() == ["/a", "/c"]


def test_what_was_written_before_the_invalid_row_is_taken_back(monkeypatch) -> None:
    monkeypatch.setattr(importer, "BATCH", 2)
    rows = [{"pattern": f"/{number}"} for number in range(10)]
    report = import_rules(csv_file(*rows, {"pattern": "invalid"}))
    assert (counts(report), report.written) == ({"new": 10, "invalid": 1}, 0)
    assert saved() == []
    assert edits_made() == 0


def test_a_file_that_breaks_off_imports_nothing(monkeypatch) -> None:
    monkeypatch.setattr(importer, "BATCH", 1)
    file = b'pattern\n/a\n/b\n"/c'
    with pytest.raises(FileError), transaction.atomic():
        import_rules(file, skip_invalid=True)
    assert saved() == []


def test_with_batches_what_was_committed_stays() -> None:
    """Up to the batch of the first invalid row, or of where the file can't be read any further."""
    rows = [{"pattern": f"/{number}"} for number in range(5)]
    more = [{"pattern": "invalid"}, {"pattern": "/6"}, {"pattern": "/7"}, {"pattern": "/8"}]
    report = import_rules(csv_file(*rows, *more), batch=2)
    assert (counts(report), report.written) == ({"new": 8, "invalid": 1}, 4)
    assert patterns() == ["/0", "/1", "/2", "/3"]
    report = import_rules(csv_file(*rows, *more), batch=2, skip_invalid=True)
    assert (counts(report), report.written) == ({"new": 4, "same": 4, "invalid": 1}, 4)
    importing = Import(RULES, batch=2)
    with pytest.raises(FileError):
        importing.run(Reader(BytesIO(b'pattern\n/10\n/11\n/12\n"/13'), RULES.columns))
    assert importing.report.written == 2
    assert {"/10", "/11"} <= set(patterns())
    assert "/12" not in patterns()


def test_all_are_counted_and_the_first_reported() -> None:
    report = import_rules(csv_file(*({"pattern": f"{number}"} for number in range(9))), most=3)
    assert report.invalid == 9
    assert [each.place for each in invalid(report)] == ["line 2", "line 3", "line 4"]
    report = import_rules(csv_file(*({"pattern": f"/{number}/*"} for number in range(9))), most=3)
    assert (report.counts["new"], len(report.results[RowStatus.NEW])) == (9, 3)
    assert (len(report.remarks), report.other_remarks) == (3, 6)


def test_what_is_remarked_often_names_some_places() -> None:
    report = import_rules(csv_file(*({"pattern": f"/{number}?x"} for number in range(9))))
    (places,) = report.remarks.values()
    assert str(places) == "line 2, line 3, line 4 and 6 more"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("prefix,/,", "This rule is for every address of the site that is not found."),
        ("route,/<path:x>,", "This rule is for every address of the site that is not found."),
        (
            "prefix,/,testserver",
            "This rule is for every address of testserver that is not found.",
        ),
        ("exact,/,", None),
        ("prefix,/x/,", None),
        ("route,/<slug:x>/,", None),
        ("route,/x/<path:y>,", None),
    ],
)
def test_a_rule_for_everything_is_remarked_on(row: str, told: str | None) -> None:
    """An editor would have to confirm it in its form. Where it is there already, one has."""
    content = f"kind,pattern,host,note\nexact,/a/,,\n{row},\n".encode()
    report = import_rules(content)
    found = {text: str(places) for text, places in report.remarks.items() if "every" in text}
    assert found == ({told: "line 3"} if told else {})
    assert counts(report) == {"new": 2}
    assert list(report.doubts) == ([told] if told else [])
    again = import_rules(content.replace(b",\n", b",noted\n"))
    assert counts(again) == {"changed": 2}
    assert [text for text in again.remarks if "every" in text] == []


def test_what_is_doubted_is_imported_if_it_is_confirmed() -> None:
    content = b"kind,pattern\nprefix,/\nexact,/a/\n"
    report = import_rules(content, confirmed=False)
    assert (counts(report), report.written) == ({"new": 2}, 0)
    assert not PermanenceRule.objects.exists()
    assert import_rules(content, confirmed=True).written == 2
    assert import_rules(content, confirmed=False).written == 0
    assert import_rules(b"kind,pattern,note\nprefix,/,x\n", confirmed=False).written == 1


def test_a_host_that_is_not_served_is_named(settings) -> None:
    settings.ALLOWED_HOSTS = ["www.example.com", ".example.org"]
    hosts = ["www.example.com", "a.example.org", "old.example.com", "WWW.example.com", ""]
    report = import_rules(csv_file(*({"pattern": "/a", "host": host} for host in hosts)))
    assert {text: str(places) for text, places in report.remarks.items()} == {
        "The site isn't served at old.example.com: ALLOWED_HOSTS doesn't have it.": "line 4"
    }
    assert counts(report) == {"new": 4, "same": 1}


ROWS = [
    {"pattern": "/same", "reason": "Sold.", "permanence": "permanent"},
    {"pattern": "/changed", "reason": "New.", "permanence": "permanent"},
    {"pattern": "/new", "reason": "", "permanence": "temporary"},
]


@pytest.fixture
def before() -> None:
    PermanenceRule.objects.create(pattern="/same", reason="Sold.", author="a", note="")
    PermanenceRule.objects.create(pattern="/changed", reason="Old.", author="a", note="Kept?")
    PermanenceRule.objects.create(pattern="/other", author="a")


@pytest.mark.usefixtures("before")
def test_a_dry_run_gives_the_statuses_and_changes_nothing() -> None:
    rows, generation = saved(), edits_made()
    report = import_rules(csv_file(*ROWS), dry_run=True)
    assert counts(report) == {"new": 1, "changed": 1, "same": 1}
    assert report.written == 0
    assert (saved(), edits_made()) == (rows, generation)


@pytest.mark.usefixtures("before")
def test_new_and_changed_rows_are_written_and_the_same_are_not() -> None:
    long_ago = timezone.now() - timedelta(days=1)
    PermanenceRule.objects.update(created_at=long_ago, updated_at=long_ago)
    generation = edits_made()
    assert counts(import_rules(csv_file(*ROWS), author="b")) == {"new": 1, "changed": 1, "same": 1}
    found = {rule.pattern: rule for rule in PermanenceRule.objects.all()}
    assert set(found) == {"/same", "/changed", "/new", "/other"}
    assert {name: (rule.source, rule.author) for name, rule in found.items()} == {
        "/same": ("admin", "a"),
        "/other": ("admin", "a"),
        "/changed": ("import", "b"),
        "/new": ("import", "b"),
    }
    changed = found["/changed"]
    assert (changed.reason, changed.note) == ("New.", "Kept?")
    assert changed.created_at == long_ago
    assert changed.updated_at > long_ago
    assert found["/same"].updated_at == long_ago
    assert edits_made() > generation


TEMPORARY = {
    "permanence": "temporary",
    "reason": "Soon.",
    "expected_at": NOON,
    "enabled": False,
    "group": "relaunch",
    "ignore_case": True,
}


@pytest.mark.parametrize("file", [csv_file, json_file])
def test_a_column_that_a_file_lacks_is_left_alone(file: Any) -> None:
    """Also where it says what is wrong without it: a time that only something temporary has."""
    PermanenceRule.objects.create(pattern="/a", **TEMPORARY)
    assert counts(import_rules(file({"pattern": "/a"}))) == {"same": 1}
    report = import_rules(file({"pattern": "/a", "reason": "New.", "expected_at": "", "note": ""}))
    assert counts(report) == {"changed": 1}
    (result,) = report.results[RowStatus.CHANGED]
    assert (result.changed, result.emptied) == (["reason"], ["expected_at"])
    rule = PermanenceRule.objects.get()
    after = {name: getattr(rule, name) for name in TEMPORARY}
    assert after == {**TEMPORARY, "reason": "New.", "expected_at": None}
    rule.expected_at = NOON
    rule.save()
    (bad,) = invalid(import_rules(file({"pattern": "/a", "permanence": "permanent"})))
    assert bad.errors == [
        "expected_at: Only what is not there yet, or back later, can be expected."
    ]


def test_in_one_file_objects_may_have_different_members() -> None:
    for pattern in ("/a", "/b"):
        PermanenceRule.objects.create(pattern=pattern, reason="Old.", note="x")
    report = import_rules(
        json_file({"pattern": "/a", "reason": ""}, {"pattern": "/b", "note": "y"})
    )
    assert counts(report) == {"changed": 2}
    rules = PermanenceRule.objects.order_by("pattern")
    assert list(rules.values_list("reason", "note")) == [("", "x"), ("Old.", "y")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"pattern": "/old/*"}, "prefix /old/"),
        ({"pattern": "/old/*", "kind": "prefix"}, "prefix /old/"),
        ({"pattern": "/x/:id", "kind": " Route "}, "route /x/<str:id>"),
        ({"pattern": "/x/<int:id>/*"}, "route /x/<int:id>/<path:rest>"),
        ({"pattern": "^/old/(.*)$"}, "prefix /old/"),
        ({"pattern": "^/old$", "kind": "exact"}, "exact /old"),
        ({"pattern": "/<int:id>/", "kind": "exact"}, None),
        ({"pattern": "/%3Cint:id%3E/", "kind": "exact"}, "exact /<int:id>/"),
        ({"pattern": "/a/{id}/"}, "route /a/<str:id>/"),
        ({"pattern": "/a/[id]/", "kind": "route"}, "route /a/<str:id>/"),
        ({"pattern": r"/a/\d+\.html"}, "route /a/<int:any1>.html"),
        ({"pattern": "/a/(b|c)/"}, None),
        ({"pattern": "https://a.example/old/*?x"}, "prefix a.example/old/"),
        ({"pattern": "https://a.example?x=1", "host": "A.example"}, None),
        ({"pattern": "https://a.example#top"}, "exact a.example/"),
    ],
)
def test_what_was_meant_is_applied(settings, row: dict[str, object], expected: str | None) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    report = import_rules(csv_file(row))
    found = [f"{rule.kind} {rule}" for rule in PermanenceRule.objects.all()]
    assert found == [expected] * (expected is not None)
    told = {"exact /<int:id>/"}  # as it is
    assert bool(report.remarks) == (expected is not None and expected not in told)


@pytest.mark.parametrize("pattern", ["/wiki/US$", "/^_^/", "/a/$x$"])
@pytest.mark.parametrize("kind", ["exact", "prefix"])
def test_an_anchor_is_none_where_the_site_says_the_kind(pattern: str, kind: str) -> None:
    report = import_rules(csv_file({"pattern": pattern, "kind": kind, "source": "code"}))
    assert (counts(report), report.remarks) == ({"new": 1}, {})
    assert [f"{rule.kind} {rule}" for rule in PermanenceRule.objects.all()] == [f"{kind} {pattern}"]


def test_a_pattern_for_all_below_an_address_is_not_for_the_address() -> None:
    report = import_rules(b"/old/:id/*\n")
    assert patterns() == ["/old/<str:id>/<path:rest>"]
    assert any("This covers only what is below the address." in text for text in report.remarks)


def test_wildcards_of_a_rule_that_is_there_are_none() -> None:
    """It isn't refused then: not by itself, and not with a wrong cell beside."""
    PermanenceRule.objects.create(pattern="/M*A*S*H")
    row = {"pattern": "/M*A*S*H", "kind": "exact", "note": "x"}
    assert counts(import_rules(csv_file(row))) == {"changed": 1}
    (bad,) = invalid(import_rules(csv_file({**row, "expected_at": "2030-01-01"})))
    assert bad.errors == [
        "expected_at: Only what is not there yet, or back later, can be expected."
    ]
    assert counts(import_rules(csv_file({**row, "host": "a.example"}))) == {"invalid": 1}


@pytest.mark.parametrize(
    "pattern",
    [
        *("/wiki/M*A*S*H", "/old/*", "/a/:b", "/x(.*)$", "/" + "*" * 499),
        *("/a/<int:b>/", "/a/{b}/", "/a/[b]/", "/a/(b|c)/", r"/a/.*\b/", r"/a\.b"),
    ],
)
@pytest.mark.parametrize("format", ["csv", "json"])
def test_an_edited_tombstone_can_be_restored(pattern: str, format: str) -> None:
    rule = PermanenceRule.objects.create(pattern=pattern, source="code")
    rule.source, rule.note = "admin", "Edited."
    rule.full_clean()
    rule.save()
    before = list(PermanenceRule.objects.values(*RULES.columns))
    content = "".join(exporter.FORMATS[format](PermanenceRule.objects.all(), Counter())).encode()
    assert counts(import_rules(content)) == {"same": 1}
    PermanenceRule.objects.all().delete()
    report = import_rules(content)
    assert (counts(report), report.remarks) == ({"new": 1}, {})
    assert list(PermanenceRule.objects.values(*RULES.columns)) == before


def test_an_escape_is_no_wildcard() -> None:
    report = import_rules(b"/wiki/M%2AA%2AS%2AH\n/old%2a/*\n/a%2A/:id\n")
    assert counts(report) == {"new": 3}
    assert [f"{rule.kind} {rule}" for rule in PermanenceRule.objects.order_by("pk")] == [
        "exact /wiki/M*A*S*H",
        "prefix /old*/",
        "route /a*/<str:id>",
    ]


SLASH = "An address begins with a slash: /b"
NAMED_AS_IN_THE_FILE = [
    ("url\n/a\nb\n", 3, [f"url: {SLASH}"]),
    ("Origin,Notes\n/a,\nb,\n", 3, [f"Origin: {SLASH}"]),
    ("source,target,regex,code\nb,,0,410\n", 2, [f"source: {SLASH}"]),
    ("from;to\nb;\n", 2, [f"from: {SLASH}"]),
    ('" Source  URL ",kind\nb,\n', 2, [f"Source  URL: {SLASH}"]),
    ("Pattern,REASON\nb,{x}\n", 2, [f"Pattern: {SLASH}", "REASON: {x} is no placeholder. There"]),
    ("Address,Valid From\n/b,5\n", 2, ["Valid From: 5 is no date."]),
    (
        "url,HOST\nhttps://a.example/,b.example\n",
        2,
        ["url: The host is a.example here, and b.example in the column HOST."],
    ),
    ("url,Kind\n/a,exact\n/a,Exact\n", 0, []),
    ("url,Note\n/a,x\n/a,y\n", 3, ["Line 2 has the same kind, url, host already."]),
    ("url,Note\n/a,caf\udc81 ü\n", 2, ["In the column Note, the byte 0x81"]),
    # A column that the file doesn't have, and files that have none.
    ("url,Announce\n/a,yes\n", 2, ["valid_from: Say from when on it is removed"]),
    ("/a\n/?p=1\n", 2, ["Only what stands behind ? says"]),
    ("URL\n/?p=1\n", 2, ["URL: Only what stands behind ? says"]),
    ("/a /b 410\n/?p=1 /b 410\n", 2, ["Only what stands behind ? says"]),
    ("Redirect gone /a\nRedirect gone b\n", 2, [SLASH]),
    ("location = /a { return 410; }\nlocation = b { return 410; }\n", 2, [SLASH]),
    ('[{"pattern": "b"}]', 1, [f"pattern: {SLASH}"]),
    ('{"redirects": [{"url": "b", "action_code": 410}]}', 1, [f"url: {SLASH}"]),
]


@pytest.mark.parametrize(("content", "line", "expected"), NAMED_AS_IN_THE_FILE)
def test_errors_name_columns_as_the_file_does(content: str, line: int, expected: Any) -> None:
    report = import_rules(content.encode(errors="surrogateescape"), dry_run=True)
    assert [each.line for each in invalid(report)] == [line] * bool(expected)
    found = [error for each in invalid(report) for error in each.errors]
    assert [error[: len(text)] for error, text in zip(found, expected, strict=True)] == expected


def test_what_is_remarked_can_be_shown() -> None:
    """A byte that isn't UTF-8 is half a character, which no page can have."""
    report = import_rules(b"RedirectMatch 410 ^/caf\x81/\nRedirectMatch 410 ^/b/\n", dry_run=True)
    assert "".join(report.remarks).isascii() is False
    assert "^/caf\\udc81/" in next(iter(report.remarks))
    "".join(report.remarks).encode()
    (bad,) = invalid(import_rules("https://\udc81℀.example/\n".encode(errors="surrogateescape")))
    "".join(bad.errors).encode()


@pytest.mark.usefixtures("before")
def test_done_again_it_writes_nothing() -> None:
    import_rules(csv_file(*ROWS))
    rows, generation = saved(), edits_made()
    with CaptureQueriesContext(connection) as queries:
        report = import_rules(csv_file(*ROWS))
    assert counts(report) == {"same": 3}
    assert (saved(), edits_made()) == (rows, generation)
    said = [query["sql"].partition(" ")[0] for query in queries.captured_queries]
    assert not {"INSERT", "UPDATE", "DELETE"} & set(said)


def test_where_a_row_comes_from_is_no_reason_to_change_one_that_is_there() -> None:
    rule = PermanenceRule.objects.create(pattern="/a")
    row = {"pattern": "/a", "source": "code", "created_at": "2020-01-01", "updated_at": ""}
    assert counts(import_rules(csv_file(row))) == {"same": 1}
    rule.refresh_from_db()
    assert (rule.source, rule.created_at.year != 2020) == ("admin", True)


@pytest.mark.parametrize(
    "pair",
    [
        ("/Shop/", "/shop/"),
        ("/caf\u00e9/", "/cafe/"),
        ("/shop", "/shop/"),
        ("/shop", "/shop%20"),
        ("/50%25", "/50%2525"),
        ("/%2541", "/A"),
        ("/a%3Fb", "/a%23b"),
        ("/\u00df", "/ss"),
        ("/%00", "/%01"),
    ],
)
def test_addresses_that_differ_are_rules_that_differ(pair: tuple[str, str]) -> None:
    rows = [{"pattern": pattern, "reason": str(n)} for n, pattern in enumerate(pair)]
    assert counts(import_rules(csv_file(*rows))) == {"new": 2}
    assert PermanenceRule.objects.count() == 2
    assert counts(import_rules(csv_file(*rows))) == {"same": 2}
    assert counts(import_rules(csv_file(rows[1]))) == {"same": 1}


def test_somebody_else_may_have_made_the_rule_meanwhile(monkeypatch) -> None:
    """The rule is there when it is written, and wasn't when it was looked for."""
    PermanenceRule.objects.create(pattern="/a", reason="Theirs.")
    monkeypatch.setattr(Import, "_known", lambda self, results: {})
    assert counts(import_rules(csv_file({"pattern": "/a", "reason": "Ours."}))) == {"new": 1}
    assert PermanenceRule.objects.get().reason == "Ours."


@pytest.mark.parametrize("most", [None, 1, 999])
def test_a_batch_may_be_larger_than_a_query(monkeypatch, most: int | None) -> None:
    rows = [{"pattern": f"/{number}"} for number in range(5)]
    import_rules(csv_file(*rows))
    monkeypatch.setattr(type(connection.features), "max_query_params", most)
    monkeypatch.setattr(importer, "BATCH", 4)
    assert counts(import_rules(csv_file(*rows))) == {"same": 5}


def test_progress_is_reported(monkeypatch) -> None:
    monkeypatch.setattr(importer, "BATCH", 4)
    file = csv_file(*({"pattern": f"/{number}"} for number in range(10)))
    found = Reader(BytesIO(file), RULES.columns)
    sizes: list[int] = []
    Import(RULES).run(found, lambda: sizes.append(found.size))
    assert sizes == sorted(sizes)
    assert len(sizes) == 3
    assert sizes[-1] == len(file)


def test_messages_are_imported_likewise() -> None:
    rows = [{"status": 404, "title": "Nothing"}, {"status": "", "title": "Oh"}]
    for expected in ({"new": 2}, {"same": 2}):
        file = BytesIO(json_file(*rows))
        assert counts(Import(MESSAGES).run(Reader(file, MESSAGES.columns))) == expected
    cells = {"status": "404", "title": ""}
    report = Import(MESSAGES).run([ParsedRow(0, cells, 1), ParsedRow(0, {"status": "x"}, 2)])
    assert (report.results[RowStatus.CHANGED][0].emptied, report.written) == (["title"], 0)
    assert [bad.place for bad in invalid(report)] == ["row 2"]


ANSWERS = "The view form answers here today: the rule counts only where that is a 404."
ASKED = "The view own-body is asked here first: the rule counts only where that is a 404."
ENDED = "This rule has ended and changes nothing any more."
BEFORE = "This rule has no effect, because another one goes before it: %s."


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"pattern": "/own-body/410/"}, [ASKED]),
        ({"pattern": "/own-body/410"}, [ASKED]),
        ({"pattern": "/own-body/x/"}, []),
        ({"pattern": "/form/", "kind": "route"}, [ANSWERS]),
        ({"pattern": "/own-body/<int:x>/", "kind": "route"}, []),
        ({"pattern": "/documents/7/"}, []),  # it hides what is there
        ({"pattern": "/a/", "valid_until": "2020-01-01"}, [ENDED]),
        ({"pattern": "/a/", "valid_until": "2100-01-01"}, []),
        ({"pattern": "/form/", "valid_until": "2020-01-01"}, [ANSWERS, ENDED]),
    ],
)
def test_what_the_admin_says_of_a_new_rule_is_remarked(
    row: dict[str, object], expected: list[str]
) -> None:
    for found in ({"new": 1}, {"same": 1}):
        report = import_rules(csv_file(row))
        assert counts(report) == found
        assert list(report.remarks) == (expected if "new" in found else [])


GOES_BEFORE = [
    ("exact /cov/ ignoring case", "exact /COV/", True),
    ("exact /cov/", "exact /COV/", False),
    ("exact /cov", "exact /cov/", True),
    ("exact /cov", "exact www.example.com/cov/", False),
    ("exact www.example.com/cov", "exact /cov/", False),
    ("exact www.example.com/cov", "exact www.example.com/cov/", True),
    ("prefix /cov", "prefix /cov/", True),
    ("prefix /cov/", "prefix /cov/below/", False),
    ("prefix /cov/", "exact /cov/", False),
    ("prefix /cov/", "route /cov/<int:x>/", True),
    ("prefix /cov/", "route /cov/below/<slug:x>/", True),
    ("route /cov/<str:x>/", "route /cov/<int:x>/", True),
    ("route /cov/<int:x>/", "route /cov/<str:x>/", False),
    ("exact /cov", "route /cov/", True),
    ("exact /cov off", "exact /cov/", False),
    ("exact /cov later", "exact /cov/", False),
    ("exact /cov", "exact /cov/ off", False),
]


def as_row(text: str) -> dict[str, object]:
    kind, address, *how = text.split(" ", 2)
    host, slash, path = address.partition("/")
    more: dict[str, dict[str, object]] = {
        "ignoring case": {"ignore_case": True},
        "off": {"enabled": False},
        "later": {"valid_from": "2100-01-01"},
    }
    return {"kind": kind, "pattern": slash + path, "host": host, **more.get("".join(how), {})}


@pytest.mark.parametrize(("first", "second", "is_covered"), GOES_BEFORE)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_new_rule_that_another_one_goes_before_is_named(
    settings: Any, first: str, second: str, is_covered: bool, is_there: bool
) -> None:
    """Whether that is there already, or stands before it in the file."""
    settings.ALLOWED_HOSTS = ["*"]
    rows = [as_row(first), as_row(second)]
    if is_there:
        import_rules(json_file(rows[0]))
    report = import_rules(json_file(*rows), dry_run=True)
    label = MatchType(str(rows[0]["kind"])).label
    pattern = str(rows[0]["pattern"])
    expected = BEFORE % f"{rows[0]['host']}{pattern} ({label})"
    assert list(report.remarks) == [expected] * is_covered
    assert [str(places) for places in report.remarks.values()] == ["line 1 (object 2)"] * is_covered


def test_of_very_many_rules_only_some_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_http_errors.importing.advice.MOST_COMPARED", 6)
    paths = [f"/{number}{end}" for number in range(9) for end in ("", "/")]
    report = import_rules(csv_file(*({"pattern": path} for path in paths)), dry_run=True)
    assert counts(report) == {"new": 18}
    assert len(report.remarks) == 3


def test_what_is_not_compared_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above each route there are several addresses, and a file may have many routes."""
    monkeypatch.setattr("django_http_errors.importing.advice.MOST_COMPARED", 3)
    monkeypatch.setattr("django_http_errors.importing.advice.AT_ONCE", 10)
    rows = [{"pattern": f"/{number}/x/<int:y>/", "kind": "route"} for number in range(99)]
    with CaptureQueriesContext(connection) as queries:
        assert counts(import_rules(csv_file(*rows), dry_run=True)) == {"new": 99}
    said = [query["sql"].partition(" ")[0] for query in queries.captured_queries]
    assert said.count("SELECT") < 5


def many(count: int) -> bytes:
    rows = (
        f"{('exact', 'prefix')[number % 2]},/old-shop/category-{number % 99}/{number}/,"
        f"permanent,It was sold on {{host}}.,2025-01-01,row {number}\n"
        for number in range(count)
    )
    return "".join(["kind,pattern,permanence,reason,valid_from,note\n", *rows]).encode()


def test_some_thousand_rows_are_no_long_wait() -> None:
    """100,000 take less than 20 seconds; here is room for slow machines, and for busy ones."""
    for status in ("new", "same"):
        began = perf_counter()
        assert counts(import_rules(many(5000))) == {status: 5000}
        assert perf_counter() - began < 20


def test_the_queries_are_few(monkeypatch) -> None:
    """Three for a batch, less what opens and closes the transaction."""
    monkeypatch.setattr(importer, "BATCH", 500)
    with CaptureQueriesContext(connection) as queries:
        import_rules(many(1000))
    said = [query["sql"].partition(" ")[0] for query in queries.captured_queries]
    assert said.count("SELECT") == 4
    assert said.count("UPDATE") == 0


@pytest.mark.parametrize("batch", [1, 1000])
@pytest.mark.parametrize("expressions", ["~^/a$ 1; ~*^/a$ 1;", "~*^/a$ 1; ~^/a$ 1;"])
def test_what_a_server_has_twice_ignores_case_if_one_does(
    monkeypatch: pytest.MonkeyPatch, expressions: str, batch: int
) -> None:
    """Even where the first was written already."""
    monkeypatch.setattr(importer, "BATCH", batch)
    report = import_rules(f"map $uri $gone {{\n{expressions}\n~^/b$ 1;\n}}\n".encode())
    assert report.invalid == 0
    assert "Line 2 has the same kind, pattern, host already." in report.remarks
    rules = PermanenceRule.objects.order_by("pattern").values_list("pattern", "ignore_case")
    assert list(rules) == [("/a", True), ("/b", False)]
