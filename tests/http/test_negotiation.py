"""The Accept field: RFC 9110, section 12.5.1, by the table and against another parser.

werkzeug's parser is the oracle. It differs on purpose in what the generated fields leave out:

* A range with parameters matches only an offer with the same ones there; here it stands for its
  type, as no form has parameters that matter.
* Of a range that is repeated with different weights it takes the first after sorting; here the
  highest counts, whatever stands between.
* A weight such as "1." or ".5" is nothing there; "1." is valid by the RFC's grammar.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from django_http_errors.core import pipeline
from django_http_errors.http import negotiation
from django_http_errors.http.negotiation import (
    LONGEST_FIELD,
    LONGEST_RANGE,
    LONGEST_REMEMBERED,
    MOST_RANGES,
    best,
    nearest,
)

from ..asking import FORMS, HTML, JSON, PROBLEM, TEXT, Site

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)

# Each: the field, and what is chosen of HTML, problem+json, JSON and text.
CASES: list[tuple[str | None, str | None]] = [
    # No wish
    (None, HTML),
    ("", HTML),
    ("*/*", HTML),
    # What clients send
    (CHROME, HTML),
    ("application/json, text/plain, */*", JSON),  # axios
    ("application/json, text/javascript, */*; q=0.01", JSON),  # jQuery
    ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", HTML),  # Java
    ("application/problem+json, application/json;q=0.9", PROBLEM),
    ("image/avif,image/webp,*/*;q=0.5", HTML),
    # A type each
    ("text/html", HTML),
    ("application/problem+json", PROBLEM),
    ("application/json", JSON),
    ("text/plain", TEXT),
    # Ranges; ties go to the site's order
    ("application/*", PROBLEM),
    ("text/*", HTML),
    ("application/json, text/html", HTML),
    ("text/plain, application/json", JSON),
    ("text/plain;q=0.5, application/json;q=0.5", JSON),
    # Weights
    ("text/html;q=0.5, application/json", JSON),
    ("text/html;q=0.001, text/plain;q=0.002", TEXT),
    ("application/json;q=0.8, text/html;q=0.799", JSON),
    ("application/json;q=0.80, text/html;q=0.8", HTML),
    ("application/json;q=1.000, text/html;q=0.999", JSON),
    ("application/json;q=1, text/html;q=0.9", JSON),
    ("application/json;q=1., text/html;q=0.9", JSON),
    ("application/json;q=0., text/plain;q=0.1", TEXT),
    # What names a type more exactly says how much it is wanted
    ("text/*;q=0.5, text/html;q=0.1", TEXT),
    ("text/html;q=0.1, text/*;q=0.5", TEXT),
    ("*/*;q=0.9, text/*;q=0.2, text/plain;q=1", TEXT),
    ("*/*;q=0.9, text/*;q=0.2", PROBLEM),
    ("application/*, text/plain", TEXT),
    ("application/json, */*", JSON),
    ("text/*, application/json;q=0.9", HTML),
    ("*/*, text/plain", TEXT),
    # q=0 excludes
    ("text/html;q=0", None),
    ("text/html;q=0.000, */*", PROBLEM),
    ("*/*, text/html;q=0", PROBLEM),
    ("*/*;q=0.1, application/*;q=0, text/html;q=0", TEXT),
    ("text/*;q=0, text/plain", TEXT),
    ("*/*;q=0", None),
    ("*/*;q=0, application/json;q=0.001", JSON),
    # Nothing that there is
    ("image/png", None),
    ("image/*, audio/*", None),
    ("text/html2, xtext/html", None),
    ("*/html", None),
    # Case
    ("APPLICATION/JSON", JSON),
    ("Text/Plain;Q=0.9, text/html;q=0.8", TEXT),
    # White space
    (" \tapplication/json\t ;\tq=0.9 , text/html;q=0.8 ", JSON),
    ("application/json;q=0.9,text/html;q=0.8", JSON),
    # Parameters
    ("application/json; charset=utf-8", JSON),
    ('application/json; charset="UTF-8";q=0.5, text/plain;q=0.4', JSON),
    ("text/html;level=1", HTML),
    ("text/html;level=1;q=0.3, text/plain;q=0.4", TEXT),
    ("text/html;level=1, text/html;q=0.1, text/plain;q=0.5", TEXT),
    ("text/html;q=0.1, text/html;level=1, text/plain;q=0.5", TEXT),
    ("text/html;charset=utf-8;q=0.1, text/html;level=1, text/plain;q=0.5", TEXT),
    ("text/html;level=1;q=0, text/html", HTML),
    ("text/html;level=1;q=0, */*;q=0.5", HTML),
    ("text/html;level=1;q=0", HTML),  # excludes a variant that there isn't, and wishes nothing
    ("text/html;level=1;q=0.2, text/html;level=2;q=0.8, text/plain;q=0.5", HTML),
    ("application/json;", JSON),
    ("application/json;;q=0.5;, text/plain;q=0.4", JSON),
    ("text/html; a*=utf-9''x, text/plain;q=0.5", HTML),
    # Whatever follows the weight is none of the type's
    ("text/html;q=0.1;level=1, text/plain;q=0.2", TEXT),
    ("application/json;q=0.5;q=0.1, text/plain;q=0.4", JSON),
    ('text/plain;q=0.2;ext="a,b;q=1", text/html;q=0.1', TEXT),
    # Quoted strings
    ('application/json;title="a, text/html;q=1", text/plain;q=0.1', JSON),
    ('application/json;title="\\", text/html", text/plain;q=0.1', JSON),
    ('application/json;title="";q=0.1, text/plain;q=0.2', TEXT),
    ('application/json;title="q=0.9";q=0.1, text/plain;q=0.2', TEXT),
    ('application/json;title=";q=0.9";q=0.1, text/plain;q=0.2', TEXT),
    # Empty elements
    (",", HTML),
    (", ,application/json,,", JSON),
    # Several fields, as servers join them
    ("text/html;q=0.2,application/json;q=0.3,text/plain;q=0.1", JSON),
    # A range that is repeated
    ("text/html;q=0.1, text/plain;q=0.5, text/html", HTML),
    ("text/html, text/plain;q=0.5, text/html;q=0.1", HTML),
    ("text/html;level=1, text/plain;q=0.5, text/html;level=2;q=0.1", HTML),
    ("text/html;q=0, text/html", HTML),
    # What can't be understood is passed over
    ("text/html;q=abc, application/json;q=0.1", JSON),
    ("text/html;q=2, application/json;q=0.1", JSON),
    ("text/html;q=-1, application/json;q=0.1", JSON),
    ("text/html;q=1.001, application/json;q=0.1", JSON),
    ("text/html;q=0.1234, application/json;q=0.1", JSON),
    ("text/html;q=, application/json;q=0.1", JSON),
    ("text/html;q, application/json;q=0.1", JSON),
    ('text/html;q="x", application/json;q=0.1', JSON),
    ("text/html;q =0.5, application/json;q=0.1", JSON),
    ("text/html/x, application/json;q=0.1", JSON),
    ("text / html, application/json;q=0.1", JSON),
    ("text/, /html, /, text, application/json;q=0.1", JSON),
    ("text/html x, application/json;q=0.1", JSON),
    ("téxt/html, application/json;q=0.1", JSON),
    ("text/plain\x00, application/json;q=0.1", JSON),
    ('x", text/plain, "y, application/json;q=0.1', JSON),
    # ... and where nothing can be understood, there is no wish
    ("html", HTML),
    ("application/json;q=2", HTML),
    ('application/json;title="never closed, text/plain', HTML),
    ('"', HTML),
    ("\x00\ud800", HTML),
]


@pytest.mark.conformance("rfc9110-12.5.1-precedence")
@pytest.mark.conformance("rfc9110-12.4.2-weight")
@pytest.mark.parametrize(("accept", "chosen"), CASES)
def test_the_form_that_the_client_prefers_is_chosen(accept: str | None, chosen: str | None) -> None:
    assert best(accept, FORMS) == chosen


@pytest.mark.conformance("rfc9110-12.5.1-absent")
@pytest.mark.parametrize(
    ("accept", "default", "chosen"),
    [
        (None, JSON, JSON),
        ("", TEXT, TEXT),
        ("*/*", JSON, JSON),
        ("*/*;q=0.5, image/png", TEXT, TEXT),
        ("nonsense", JSON, JSON),
        ("*/*, application/json;q=0", JSON, HTML),
        ("*/*;q=0", JSON, None),
        ("image/png", JSON, None),
        ("text/html, */*", JSON, HTML),
        ("text/html, */*;q=0.1", JSON, HTML),
        ("*/*;q=0.5, text/plain;q=0.4", JSON, JSON),
        ("*/*;q=0.5, text/*;q=0.4", PROBLEM, PROBLEM),
        ("text/*", TEXT, TEXT),
        ("text/*, application/json;q=0.9", TEXT, TEXT),
        ("text/*", JSON, HTML),
        ("application/*", JSON, JSON),
        ("application/*", PROBLEM, PROBLEM),
        ("text/html, text/*", TEXT, HTML),
        # Between those that are named, the site's favourite goes first, whatever is the default
        ("application/json, text/html", JSON, HTML),
        # What is no form at all is no default
        (None, "image/png", HTML),
        ("*/*", "image/png", HTML),
    ],
)
def test_the_default_is_for_clients_that_take_anything(
    accept: str | None, default: str, chosen: str | None
) -> None:
    assert best(accept, FORMS, default) == chosen


def test_the_first_offer_is_the_default() -> None:
    assert best("*/*", (TEXT, HTML)) == TEXT
    assert best(None, [JSON]) == JSON
    assert best("application/*", (JSON, PROBLEM)) == JSON


@pytest.mark.parametrize("offer", ["Text/HTML", "TEXT/HTML"])
def test_the_case_of_an_offer_doesnt_matter(offer: str) -> None:
    """RFC 9110, section 8.3.1; the offer is returned as it was given."""
    assert best("text/html", (offer, JSON)) == offer
    assert best("application/json, text/*;q=0.1", (offer, JSON)) == JSON
    assert best("text/*", (offer, JSON)) == offer


# --- For an error: the nearest form ---------------------------------------------------------


def clients() -> Iterator[tuple[str, str, str]]:
    """Yield the lines of the table: the form, the client, its field."""
    for line in Path(__file__).with_name("clients.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            form, client, field = line.split("|")
            yield form.strip(), client.strip(), field.strip()


@override_settings(HTTP_ERRORS={"DEFAULT_MEDIA_TYPES": {"/api/": PROBLEM}})
def test_clients_get_the_form_that_they_can_use() -> None:
    """One test for all of them: it takes as long as some ten cases of their own would."""
    names = {"page": HTML, "problem": PROBLEM, "json": JSON, "text": TEXT}
    defaults = {"/nowhere/": HTML, "/api/nowhere/": PROBLEM}
    wrong = []
    for form, client, field in clients():
        headers = {"accept": field} if field else {}
        for path, default in defaults.items():
            request = RequestFactory().get(path, headers=headers)
            found = pipeline.negotiate(request).media_type
            if found != names.get(form, default):
                wrong.append(f"{client} gets {found} at {path}")
    assert wrong == []


def test_the_table_of_clients_is_complete() -> None:
    rows = list(clients())
    assert len(rows) > 200
    assert len({client for _form, client, _field in rows}) == len(rows)
    assert {form for form, *_ in rows} == {"page", "problem", "json", "text", "default"}


@pytest.mark.parametrize(
    ("accept", "default", "chosen"),
    [
        # A form that is named is what `best` says, however much another type is wanted.
        *(
            (f"{name}, */*", HTML, PROBLEM)
            for name in (
                *("application/jsonl", "application/json-seq", "application/json5", "text/x-json"),
                *("application/json+oembed", "application/x-ndjson", "application/geo+json-seq"),
            )
        ),
        ("json/x, */*", HTML, HTML),
        ("application/ld+json, text/html;q=0.1", HTML, HTML),
        ("image/webp, application/json;q=0.1", HTML, JSON),
        # A wildcard that weighs more goes before what is only near
        ("application/ld+json;q=0.5, */*", HTML, HTML),
        ("application/ld+json;q=0.5, text/*", HTML, HTML),
        ("application/ld+json;q=0.5, */*;q=0.4", HTML, PROBLEM),
        ("text/css;q=0.5, application/*;q=0.5", HTML, TEXT),
        ("application/json;q=0.8, */*", HTML, HTML),
        # Between near ones the weight decides, and then how near they are
        ("text/csv, application/ld+json;q=0.9", HTML, TEXT),
        ("text/csv, application/ld+json", HTML, PROBLEM),
        ("image/png, application/xhtml+xml", PROBLEM, HTML),
        ("application/problem+xml", HTML, PROBLEM),
        ("image/png, text/csv;q=0.5, application/*;q=0.9", HTML, TEXT),
        # Pictures beside a wildcard: a page only of a browser that names a GIF
        ("image/png, */*", HTML, TEXT),
        ("image/gif, image/png, */*", HTML, HTML),
        ("image/gif, image/png, */*;q=0.9", HTML, TEXT),
        ("image/gif, application/ld+json, */*", HTML, PROBLEM),
        # What is excluded isn't near, nor is what has no weight
        ("application/ld+json, application/problem+json;q=0", HTML, JSON),
        ("application/ld+json;q=0, text/csv;q=0", HTML, HTML),
        ("text/html;q=0", HTML, PROBLEM),
        ("text/html;q=0, application/problem+json;q=0, image/png", HTML, TEXT),
        ("*/*;q=0", JSON, JSON),
        (", ".join(f"{form};q=0" for form in FORMS), JSON, JSON),
        # Type, subtype and case
        ("APPLICATION/VND.GitHub+JSON", HTML, PROBLEM),
        ("text/*", TEXT, TEXT),
        ("text/*", PROBLEM, HTML),
        ("application/*", JSON, JSON),
        ("application/jsonp, application/xml, model/gltf", HTML, HTML),
        # No wish
        ("", JSON, JSON),
        ("nonsense", JSON, JSON),
        ("", "image/png", HTML),
    ],
)
def test_what_no_form_meets_gets_the_nearest(accept: str, default: str, chosen: str) -> None:
    assert nearest(accept, FORMS, default) == chosen
    longer = f"{accept}{',' * LONGEST_REMEMBERED}" if accept else accept
    assert nearest(longer, FORMS, default) == chosen


def test_a_form_that_the_site_doesnt_have_is_near_to_nothing() -> None:
    assert nearest("application/ld+json", (HTML, JSON), HTML) == JSON
    assert nearest("application/ld+json", (HTML, TEXT), HTML) == HTML
    assert nearest("text/csv, image/png", (HTML, JSON), JSON) == JSON


def test_the_nearest_form_goes_out(site: Site) -> None:
    response = site.ask("/nowhere/", "application/activity+json")
    assert (response.status_code, response["Content-Type"]) == (404, PROBLEM)
    response = site.ask("/nowhere/", "text/css,*/*;q=0.1")
    assert response["Content-Type"] == "text/plain; charset=utf-8"


# --- Against another parser -----------------------------------------------------------------

WEIGHTS = st.sampled_from(["0", "0.0", "0.001", "0.1", "0.25", "0.5", "0.9", "0.999", "1", "1.000"])
NAMES = st.sampled_from(
    [*FORMS, "*/*", "text/*", "application/*", "image/*", "image/png", "a/b", "text/html+x"]
)
SPACES = st.sampled_from(["", "", " ", "\t", "  "])


@st.composite
def fields(draw: Callable[..., str]) -> str:
    """Make a well-formed field in which no range is there twice."""
    elements = []
    for name in draw(st.lists(NAMES, unique=True, min_size=1)):
        spelt = "".join(draw(st.sampled_from([each, each.upper()])) for each in name)
        weight = draw(st.none() | WEIGHTS)
        if weight is None:
            element = spelt
        else:
            q = draw(st.sampled_from(["q", "Q"]))
            element = f"{spelt}{draw(SPACES)};{draw(SPACES)}{q}={weight}"
        elements.append(draw(SPACES) + element + draw(SPACES))
    return draw(st.sampled_from([",", ", "])).join(elements)


OFFERS = st.lists(st.sampled_from(FORMS), unique=True, min_size=1)


@settings(max_examples=200)
@given(fields(), OFFERS)
def test_the_choice_is_that_of_another_parser(field: str, offers: list[str]) -> None:
    """Weight first, then exactness, then the site's order."""
    assert best(field, offers) == parse_accept_header(field, MIMEAccept).best_match(offers)


@settings(max_examples=150)
@given(fields(), OFFERS, st.sampled_from(FORMS))
def test_a_default_changes_nothing_but_who_wins_a_tie(
    field: str, offers: list[str], default: str
) -> None:
    parsed = parse_accept_header(field, MIMEAccept)
    weights = {offer: parsed.quality(offer) for offer in offers}
    chosen = best(field, offers, default)
    if chosen is None:
        assert set(weights.values()) == {0}
    else:
        assert weights[chosen] == max(weights.values()) > 0


# --- Whatever it holds ----------------------------------------------------------------------

GARBAGE = st.one_of(
    st.text(),
    st.text(st.characters(max_codepoint=255)),
    st.text("aq/*;=,\" \t\\.01'", max_size=200),
    st.lists(st.sampled_from(["text/html", "*/*", ";", "q=", '"', "\\", ",", "0.5", " "])).map(
        "".join
    ),
)


@settings(max_examples=500)
@given(GARBAGE, OFFERS, st.none() | st.sampled_from(FORMS))
def test_garbage_never_raises(field: str, offers: list[str], default: str | None) -> None:
    assert best(field, offers, default) in (*offers, None)
    assert nearest(field, offers, default or HTML) in offers


@settings(max_examples=200)
@given(st.text("aq/*;=,\" \t\\.01'", max_size=100), fields())
def test_garbage_before_it_doesnt_change_a_field(garbage: str, field: str) -> None:
    """As long as it closes its quotes and names no range."""
    garbage = garbage.replace('"', "").replace("/", "")
    assert best(f"{garbage},{field}", FORMS) == best(field, FORMS)


def test_a_field_that_is_too_long_is_no_wish() -> None:
    field = "application/json,".ljust(LONGEST_FIELD)
    assert best(field, FORMS) == JSON
    assert best(f"{field} ", FORMS) == HTML
    assert best(f"{field} ", FORMS, TEXT) == TEXT
    assert nearest(field, FORMS, TEXT) == JSON
    assert nearest(f"{field} ", FORMS, TEXT) == TEXT


def test_ranges_after_the_last_that_is_read_dont_count() -> None:
    padding = "a/b," * (MOST_RANGES - 1)
    assert best(f"{padding}application/json", FORMS) == JSON
    assert best(f"a/b,{padding}application/json", FORMS) is None


def test_a_range_that_is_too_long_is_passed_over() -> None:
    parameter = "application/json;a=".ljust(LONGEST_RANGE - 1, "b")
    assert best(f"{parameter},text/plain;q=0.1", FORMS) == JSON
    assert best(f"{parameter}b,text/plain;q=0.1", FORMS) == TEXT


@pytest.mark.parametrize(
    ("choose", "remembered"),
    [(best, negotiation.remembered_best), (nearest, negotiation.remembered_nearest)],
    ids=["best", "nearest"],
)
def test_an_answer_is_remembered_as_long_as_the_field_is_short(
    monkeypatch: pytest.MonkeyPatch, choose: Callable[..., str], remembered: Any
) -> None:
    """Browsers send the same few strings for ever; long ones would only fill the memory."""
    read: list[str] = []

    def weights(field: str) -> dict[str, float]:
        read.append(field)
        return {}

    monkeypatch.setattr(negotiation, "_weights", weights)
    short = "text/plain;remembered=1".ljust(negotiation.LONGEST_REMEMBERED)
    for _ in range(3):
        choose(short, FORMS, HTML)
    assert read == [short]
    for offers, default in ((FORMS[1:], PROBLEM), (FORMS, JSON)):
        choose(short, offers, default)
    assert read == [short] * 3
    del read[:]
    for _ in range(3):
        choose(f"{short} ", FORMS, HTML)
    assert read == [f"{short} "] * 3
    remembered.cache_clear()


def test_what_is_remembered_is_bounded() -> None:
    assert negotiation.remembered_best.cache_info().maxsize is not None
    assert negotiation.remembered_nearest.cache_info().maxsize is not None


HOSTILE = {
    "semicolons in quotes": lambda size: 'a/b;c="' + ";" * size,
    "semicolons": lambda size: "a/b" + ";" * size,
    "spaced semicolons": lambda size: "a/b" + " ;" * size,
    "commas": lambda size: "," * size,
    "spaces": lambda size: " " * size + "x",
    "spaces before a semicolon": lambda size: "a/b" + (" " * 50 + ";") * (size // 51) + "x",
    "quotes": lambda size: '"' * size,
    "backslashes": lambda size: 'a/b;c="' + "\\" * size,
    "escapes": lambda size: 'a/b;c="' + '\\"' * (size // 2),
    "slashes": lambda size: "/" * size,
    "one token": lambda size: "a" * size,
    "parameters": lambda size: "a/b" + ";a=b" * (size // 4) + ";",
    "parameters, then nonsense": lambda size: "a/b" + ";a=b" * (size // 4) + "\x00",
    "many ranges": lambda size: "a/b;q=0.1," * (size // 10),
    "many open quotes": lambda size: 'a/b;c=",' * (size // 8),
    "many long ranges": lambda size: (("a/b" + ";a=b" * 30) + ",") * (size // 124),
    "many malformed ranges": lambda size: ("a" * 120 + '"",') * (size // 123),
    "not ASCII": lambda size: "\xff" * size,
}


def cost(field: str, times: int = 1) -> float:
    """Return the least time of several runs, in which nothing else got in the way."""
    runs = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(times):
            negotiation.remembered_nearest.__wrapped__(field, FORMS, HTML)
        runs.append((time.perf_counter() - start) / times)
    return min(runs)


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_field_costs_no_more_than_a_few_normal_ones(shape: str) -> None:
    """32 long ranges are read of any field: that is some ten times as much as a browser's short 8.

    What is quadratic would cost ten thousand times as much here.
    """
    normal = cost(CHROME, times=20)
    field = HOSTILE[shape](LONGEST_FIELD)[:LONGEST_FIELD]
    assert len(field) > LONGEST_FIELD - 200
    assert cost(field) < 60 * normal


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_field_of_64_kilobytes_costs_nothing(shape: str) -> None:
    field = HOSTILE[shape](65536)
    assert len(field) > 65000
    normal = cost(CHROME, times=20)
    runs = []
    for _ in range(7):
        start = time.perf_counter()
        assert nearest(field, FORMS, TEXT) == TEXT
        runs.append(time.perf_counter() - start)
    assert min(runs) < 5 * normal
