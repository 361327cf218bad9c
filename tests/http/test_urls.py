"""Which addresses are the same, and which may be linked to."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote

import pytest
from django.urls import clear_script_prefix, set_script_prefix
from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.http.urls import (
    bare_host,
    decoded_path,
    lenient_key,
    path_key,
    pattern_key,
    web_address,
    without_script_prefix,
)

COMPOSED, DECOMPOSED = "/caf\u00e9", "/cafe\u0301"

# What comes of a client: any text, without half characters.
paths = st.text(st.characters(exclude_categories=["Cs"])).map(lambda rest: f"/{rest}")
# What a person writes: full of what has a meaning in an address.
written = st.lists(st.sampled_from([*"/%aA2F5 ?#é\u0301~<>:", "%2", "%25", "%3F", "%20", "%C3"]))


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/shop/", "/shop/"),
        (" /shop/ ", "/shop/"),
        ("/caf\u00e9?q=\u00e9#\u00e9", "/caf%C3%A9?q=%C3%A9#%C3%A9"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("https://example.com/a?b=c&d#e", "https://example.com/a?b=c&d#e"),
        ("HTTP://EXAMPLE.COM/", "HTTP://EXAMPLE.COM/"),
        ("mailto:shop@example.com", "mailto:shop@example.com"),
        ("//example.com/", "//example.com/"),
        ('/"><script>', "/%22%3E%3Cscript%3E"),
        ("/a\r\nSet-Cookie: b", "/a%0D%0ASet-Cookie:%20b"),
        ("/\ud800", "/?"),
        ("javascript:alert(1)", ""),
        ("JavaScript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("ftp://example.com/", ""),
        ("vbscript:x", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_an_address_is_linked_to_if_it_is_harmless(address: str, safe: str) -> None:
    assert web_address(address) == safe


@given(st.text())
def test_no_address_breaks_out_of_a_field_or_an_attribute(address: str) -> None:
    safe = web_address(address)
    assert safe.isascii()
    assert not set(safe) & set(' <>"\\^`{|}\r\n\t\x00')


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/", ""),
        ("", ""),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a//", "/a"),
        ("/a//b/", "/a//b"),
        ("/A", "/A"),
        ("/a%20b", "/a%20b"),
        ("*", "*"),
        (DECOMPOSED, COMPOSED),
        (f"{DECOMPOSED}/", COMPOSED),
    ],
)
def test_spellings_of_a_path_have_one_key(path: str, key: str) -> None:
    assert path_key(path) == key
    assert path_key(path_key(path)) == key


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("/old-shop/", "/old-shop/"),
        ("/a%20b", "/a b"),
        ("/a b", "/a b"),
        ("/caf%C3%A9", COMPOSED),
        ("/caf%c3%a9", COMPOSED),
        ("/cafe%CC%81", COMPOSED),
        (DECOMPOSED, COMPOSED),
        ("/100%25", "/100%25"),
        ("/100%", "/100%25"),
        ("/100%-off", "/100%25-off"),
        ("/%2541", "/%2541"),
        ("/%252525", "/%252525"),
        ("/what%3F", "/what%3F"),
        ("/what%3f%23", "/what%3f%23"),
        ("/a%0Ab", "/a%0Ab"),
        ("/a%00", "/a%00"),
        ("/a%E2%80%A8b", "/a%E2%80%A8b"),
        ("/a%20", "/a%20"),
        ("/a ", "/a%20"),
        ("/a?b#c", "/a?b#c"),
    ],
)
def test_a_path_is_kept_as_one_reads_it(typed: str, kept: str) -> None:
    """Except for what would mean something else if it weren't encoded, or can't be seen."""
    assert decoded_path(typed) == kept
    assert decoded_path(kept) == kept


@given(written.map("".join))
def test_keeping_a_path_again_changes_nothing(path: str) -> None:
    """A rule is saved many times, and what was exported is imported."""
    assert decoded_path(decoded_path(path)) == decoded_path(path)


@given(paths)
def test_what_is_pasted_from_the_address_bar_is_what_a_request_is_for(path: str) -> None:
    kept = decoded_path(quote(path))
    assert pattern_key(kept) == path_key(path)
    assert kept.isprintable() or not set(kept) & set(map(chr, range(32)))
    assert "\x00" not in kept, "PostgreSQL can't store it"
    assert "?" not in kept


@given(written.map("".join))
def test_percent_signs_that_are_no_escapes_stand_for_themselves(path: str) -> None:
    assert pattern_key(decoded_path(path)) == path_key(unquote(path, errors="surrogateescape"))
    assert unicodedata.is_normalized("NFC", pattern_key(decoded_path(path)))


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com:8000", "example.com"),
        ("example.com.", "example.com"),
        ("example.com.:80", "example.com"),
        ("localhost", "localhost"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[::1]:8000", "[::1]"),
        ("[2001:DB8::1]:443", "[2001:db8::1]"),
        ("", ""),
    ],
)
def test_a_host_is_compared_without_its_port(host: str, bare: str) -> None:
    assert bare_host(host) == bare


def test_rules_that_hide_fold_what_a_case_insensitive_route_takes_for_the_same() -> None:
    """Of all letters."""
    others = re.compile("[a-z0-9]", re.IGNORECASE)
    for letter in map(chr, [*range(0xD800), *range(0xE000, 0x110000)]):
        if others.match(letter):
            key = lenient_key(f"/a{letter}a")
            assert re.fullmatch("/a[a-z0-9]a", key), ascii(letter)
            assert re.fullmatch(key, f"/a{letter}a", re.IGNORECASE), ascii(letter)


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("/", "/app/x/", "/app/x/"),
        ("/", "", ""),
        ("/app/", "/app/x/", "/x/"),
        ("/app/", "/app/", "/"),
        ("/app/", "/app", "/"),
        ("/app/", "/app/app/x", "/app/x"),
        ("/app/", "/apple/", "/apple/"),
        ("/app/", "/x/app/", "/x/app/"),
        ("/app/", "", ""),
        ("/a/b/", "/a/b/c", "/c"),
        ("/a/b/", "/a/c", "/a/c"),
        ("/caf\u00e9/", "/caf\u00e9/x", "/x"),
        ("/caf\u00e9/", "/caf%C3%A9/x", "/x"),
    ],
)
def test_what_a_site_is_below_is_left_out(prefix: str, path: str, expected: str) -> None:
    set_script_prefix(prefix)
    try:
        assert without_script_prefix(path) == expected
    finally:
        clear_script_prefix()


INVISIBLE_ONES = [0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x202E, 0x2060, 0x206F, 0xFEFF]


@pytest.mark.parametrize("code", INVISIBLE_ONES, ids=hex)
def test_what_cannot_be_seen_stays_encoded(code: int) -> None:
    path = f"/a{chr(code)}b/"
    written = decoded_path(path)
    assert written == f"/a{quote(chr(code))}b/" == decoded_path(written)
    assert pattern_key(written) == path_key(path)


@pytest.mark.parametrize("code", [0x200C, 0x200D])
def test_a_joiner_is_a_part_of_words(code: int) -> None:
    assert decoded_path(f"/a{quote(chr(code))}b/") == f"/a{chr(code)}b/"
