"""Resources: what is exported is imported as it was, and each row gets its status."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from operator import attrgetter
from typing import Any

import pytest
import tablib
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from import_export.formats.base_formats import JSON

from django_http_errors import validators
from django_http_errors.http.urls import decoded_path
from django_http_errors.import_export import ErrorMessageResource, PermanenceRuleResource
from django_http_errors.import_export.formats import CSV, formats
from django_http_errors.import_export.resources import SchemaResource
from django_http_errors.importing import exporter
from django_http_errors.importing.schema import MESSAGES, RULES
from django_http_errors.models import ErrorMessage, PermanenceRule
from django_http_errors.validators import PLACEHOLDERS

from ..edits import edits_made
from ..imports import import_rules

pytestmark = pytest.mark.django_db

RESOURCES: list[type[SchemaResource]] = [PermanenceRuleResource, ErrorMessageResource]

LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="{}")
WORDS = st.one_of(
    st.text(st.one_of(LETTERS, st.sampled_from("\n\t\r ,;\"'=")), max_size=30),
    st.sampled_from(PLACEHOLDERS).map("See {{{}}}.".format),
)
# With what is easily lost: percent signs, spaces at the ends, case, what isn't in NFC, and what
# other tools have as wildcards.
EASILY_LOST = st.sampled_from("%/ aAbB0123459fF?#e\u0301\u0958") | st.sampled_from(
    "*:()[]^$\\.+;<>d"
)
PATHS = st.text(EASILY_LOST | LETTERS, max_size=30).map(
    lambda text: decoded_path("/" + text.replace("?", "%3F").replace("#", "%23"))
)


def is_route(pattern: str) -> bool:
    try:
        validators.route(pattern)
    except ValidationError:
        return False
    return True


ROUTES = st.builds("{}/<int:x>{}".format, PATHS, PATHS).filter(is_route) | st.just("/a/<int:x>/")
HOSTS = st.sampled_from(["", "a.example", "www.b.example", "[::1]"])
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
TIMES = st.timedeltas(timedelta(), timedelta(days=36_500)).map(lambda delta: BEGINNING + delta)
MAYBE = st.none() | TIMES


@st.composite
def rules(draw: st.DrawFn) -> PermanenceRule:
    kind = draw(st.sampled_from(["exact", "prefix", "route"]))
    permanence = draw(st.sampled_from(["permanent", "temporary"]))
    begin, end = draw(MAYBE), draw(MAYBE)
    if begin and end and begin >= end:
        begin = None
    return PermanenceRule(
        kind=kind,
        pattern=draw(ROUTES if kind == "route" else PATHS),
        host=draw(HOSTS),
        permanence=permanence,
        reason=draw(WORDS),
        replacement=draw(st.sampled_from(["", "/new/", " https://b.example/?a=b&c=\u00e4 "])),
        expected_at=draw(MAYBE) if permanence == "temporary" else None,
        valid_from=begin,
        valid_until=end,
        announce=begin is not None and draw(st.booleans()),
        ignore_case=draw(st.booleans()),
        group=draw(st.sampled_from(["", "-1", "relaunch"])),
        enabled=draw(st.booleans()),
        note=draw(WORDS),
        source=draw(st.sampled_from(["admin", "import", "code"])),
        author=draw(st.sampled_from(["", "editor"])),
        created_at=draw(TIMES),
        updated_at=draw(TIMES),
    )


@st.composite
def error_messages(draw: st.DrawFn) -> ErrorMessage:
    action = draw(st.booleans())
    return ErrorMessage(
        status=draw(st.sampled_from(["", "404", "4xx", "5xx"])),
        language=draw(st.sampled_from(["", "de", "pt-br"])),
        host=draw(HOSTS),
        path_prefix=draw(st.just("") | PATHS),
        title=draw(st.text(LETTERS, max_size=30)),
        detail=draw(WORDS),
        permanence=draw(st.sampled_from(["", "temporary", "permanent", "unknown"])),
        action_label=draw(st.just("Contact, us") if action else st.just("")),
        action_url="/contact/" if action else "",
        enabled=draw(st.booleans()),
    )


def of_different_keys(rows: st.SearchStrategy[Any], schema: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(rows, max_size=5, unique_by=attrgetter(*schema.key))


def contents(
    model: type[models.Model], *, less: tuple[str, ...] = ("id", "author", "digest")
) -> list[Any]:
    rows = [
        {name: value for name, value in row.items() if name not in less}
        for row in model._default_manager.values()
    ]
    return sorted(rows, key=repr)


def goes_round(resource: type[SchemaResource], rows: list[Any]) -> None:
    model: Any = resource.schema.model
    model.objects.all().delete()
    for row in rows:
        _check(row)
    model.objects.bulk_create(rows)
    before = contents(model)
    recognised = formats(resource.schema.columns)[0]()
    for format in (CSV(), JSON()):
        exported = format.export_data(resource().export())
        parsed = recognised.create_dataset(exported.encode())
        assert resource().import_data(parsed).totals["skip"] == len(rows)
        model.objects.all().delete()
        result = resource().import_data(parsed)
        assert (result.totals["new"], result.total_rows) == (len(rows), len(rows))
        assert format.export_data(resource().export()) == exported
        assert contents(model) == before


def _check(row: Any) -> None:
    """Refuse what can't be stored: a rule with a wildcard was a tombstone before it was edited."""
    source = getattr(row, "source", "")
    row.source = PermanenceRule.Source.CODE
    # Whatever the site has at its address.
    row.confirmed = True
    row.full_clean(validate_unique=False, validate_constraints=False)
    row.source = source


def goes_round_in_the_shell(rows: list[PermanenceRule]) -> None:
    """Done with the rows that `goes_round` has left."""
    before = contents(PermanenceRule)
    for lines in (exporter.csv_lines, exporter.json_lines):
        exported = "".join(lines(PermanenceRule.objects.all(), Counter())).encode()
        assert import_rules(exported).counts == ({"same": len(rows)} if rows else {})
        PermanenceRule.objects.all().delete()
        assert import_rules(exported).counts == ({"new": len(rows)} if rows else {})
        assert contents(PermanenceRule) == before


SLOW = settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(of_different_keys(rules(), RULES))
def test_rules_go_round_without_loss(rows: list[PermanenceRule]) -> None:
    goes_round(PermanenceRuleResource, rows)
    goes_round_in_the_shell(rows)


@SLOW
@given(of_different_keys(error_messages(), MESSAGES))
def test_messages_go_round_without_loss(rows: list[ErrorMessage]) -> None:
    goes_round(ErrorMessageResource, rows)


@pytest.mark.django_db(transaction=True)
def test_a_flushed_site_is_restored() -> None:
    PermanenceRule.objects.create(pattern="/a", source="code", note="x")
    exported = PermanenceRuleResource().export().csv
    call_command("flush", interactive=False, verbosity=0, stdout=StringIO())
    assert import_rules(exported.encode()).counts["new"] == 1
    assert PermanenceRuleResource().export().csv == exported


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_columns_are_those_of_the_contract(resource: type[SchemaResource]) -> None:
    assert tuple(resource().get_export_headers()) == resource.schema.columns


def dataset(*rows: tuple[object, ...], headers: str = "pattern") -> tablib.Dataset:
    return tablib.Dataset(*rows, headers=headers.split())


def test_a_pattern_alone_is_enough() -> None:
    user = get_user_model()(username="editor")
    result = PermanenceRuleResource().import_data(dataset(("/a",)), user=user)
    assert result.totals["new"] == 1
    rule = PermanenceRule.objects.get()
    assert (rule.kind, rule.permanence, rule.source, rule.author) == (
        "exact",
        "permanent",
        "import",
        "editor",
    )


def test_each_row_gets_its_verdict() -> None:
    PermanenceRule.objects.create(pattern="/same", author="a")
    PermanenceRule.objects.create(pattern="/changed", reason="Old.", author="a")
    generation = edits_made()
    rows = [("/new", ""), (" /same", ""), ("/changed", "New."), ("bad", ""), ("/sam%65", "x")]
    data = dataset(*rows, headers="pattern reason")
    dry = PermanenceRuleResource().import_data(data, dry_run=True)
    assert [row.import_type for row in dry.rows] == ["new", "update"]
    totals = [dry.totals[name] for name in ("new", "skip", "update", "invalid")]
    assert totals == [1, 1, 1, 2]
    assert [(row.number, row.error_dict) for row in dry.invalid_rows] == [
        ("row 4", {"pattern": ["An address begins with a slash: /bad"]}),
        ("row 5", {"__all__": ["Row 2 has the same kind, pattern, host already."]}),
    ]
    assert edits_made() == generation
    PermanenceRuleResource().import_data(dataset(*rows[:3], headers="pattern reason"))
    assert set(PermanenceRule.objects.values_list("pattern", "reason", "source", "author")) == {
        ("/new", "", "import", ""),
        ("/same", "", "admin", "a"),
        ("/changed", "New.", "import", ""),
    }
    assert edits_made() > generation


def test_an_invalid_row_can_keep_all_from_being_imported() -> None:
    result = PermanenceRuleResource().import_data(
        dataset(("/a",), ("b",)), rollback_on_validation_errors=True
    )
    assert result.totals["invalid"] == 1
    assert not PermanenceRule.objects.exists()


@pytest.mark.parametrize(
    ("headers", "row", "column"),
    [
        ("pattern enabled", ("/a", "maybe"), "enabled"),
        ("pattern valid_from", ("/a", "1.5.2030"), "valid_from"),
        ("pattern kind", ("/<x", "route"), "pattern"),
        ("pattern host", ("/a", "http://a"), "host"),
        ("pattern host", ("/a", []), "host"),
        ("pattern expected_at", ("/a", "2030-01-01"), "expected_at"),
        ("pattern note", ("/a", "\x00"), "note"),
        ("pattern source", ("/a", "magic"), "source"),
    ],
)
def test_what_is_wrong_is_reported_at_its_column(
    headers: str, row: tuple[object, ...], column: str
) -> None:
    result = PermanenceRuleResource().import_data(dataset(row, headers=headers), dry_run=True)
    assert not result.has_errors()
    assert [list(bad.error_dict) for bad in result.invalid_rows] == [[column]]


def test_there_are_no_other_columns() -> None:
    result = PermanenceRuleResource().import_data(
        dataset(("/a", "red"), headers="pattern colour"), dry_run=True
    )
    (bad,) = result.invalid_rows
    assert "There is no column colour." in str(bad.error)


def test_messages_have_defaults_too() -> None:
    data = dataset((404, "Nothing"), ("", "Oh"), headers="status title")
    assert ErrorMessageResource().import_data(data).totals["new"] == 2
    assert set(ErrorMessage.objects.values_list("status", "title", "language", "enabled")) == {
        ("404", "Nothing", "", True),
        ("", "Oh", "", True),
    }
    assert ErrorMessageResource().import_data(data).totals["skip"] == 2
