"""What editors may write: tables of what is taken, and of what is refused in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from django_http_errors import validators as validation
from django_http_errors.core.pipeline import _placeholders
from django_http_errors.problems import Problem

TAKEN: list[tuple[Callable[[str], None], list[str]]] = [
    (validation.no_control, ["", "a", "a b", "é", "日本", "\u202fx"]),
    (validation.lines, ["a\nb", "a\r\nb", "a\tb", "{no placeholder}"]),
    (
        validation.words,
        ["", "plain", "a\nb\r\nc\td", *(f"{{{name}}}" for name in validation.PLACEHOLDERS)],
    ),
    (validation.status, ["400", "404", "451", "499", "500", "599", "4xx", "5xx"]),
    (validation.language, ["de", "pt-br", "pt_BR", "zh-hant", "zh-Hant-TW", "sr-latn"]),
    (
        validation.host,
        [
            "localhost",
            "example.com",
            "www.Example.com",
            "xn--bcher-kva.de",
            "a_b.c",
            "127.0.0.1",
            "[::1]",
            "[2001:db8::1]",
            "a" * 63,
        ],
    ),
    (validation.path, ["/", "/a", "/old-shop/", "/é/日本", "/a b", "/%3F", "/<int:year>/"]),
    (
        validation.route,
        ["/", "/a/", "/archive/<int:year>/", "/<slug>/", "/<path:rest>", "/<uuid:id>/x"],
    ),
    (
        validation.link,
        [
            "/",
            "/new/?a=b#c",
            "https://example.com",
            "http://a/b",
            "mailto:a@example.com",
            "//cdn.example.com/x",
        ],
    ),
]

REFUSED: list[tuple[Callable[[str], None], str, list[str]]] = [
    (
        validation.no_control,
        "control",
        ["\x00", "a\x1b[1m", "a\nb", "\r", "\t", "\x7f", "\x85", "\u2028", "\ud800"],
    ),
    (validation.lines, "control", ["a\nb\x00", "a\x0bb", "a\x0cb", "a\x1cb", "\u2029"]),
    (validation.words, "control", ["a\nb\x00", "\x1b", "a\x0bb", "\x85"]),
    (
        validation.words,
        "placeholder",
        [
            "{user}",
            "{}",
            "{0}",
            "{",
            "}",
            "{path",
            "path}",
            "{path.x}",
            "{path!r}",
            "{path:>9}",
            "{{path}}",
            "{ path }",
            "{Path}",
            "{request.user.password}",
            "{path[0]}",
            "{pa\nth}",
        ],
    ),
    (
        validation.status,
        "status",
        [
            "",
            "200",
            "302",
            "399",
            "600",
            "4",
            "40",
            "4040",
            "3xx",
            "xxx",
            "4XX",
            "4x4",
            "abc",
            " 404",
            "404\n",
            "٤٠٤",
            "-404",
        ],
    ),
    (
        validation.language,
        "language",
        ["", "d", "deutsch1", "de-", "-de", "de--at", "de at", "*", "de,en", "de\n"],
    ),
    (
        validation.host,
        "host",
        [
            "",
            "http://example.com",
            "https://example.com/",
            "example.com:80",
            "example.com/a",
            "*.example.com",
            ".example.com",
            "example..com",
            "-a.de",
            "a-.de",
            "bücher.de",
            "a b",
            "a@b",
            "::1",
            "[::1",
            "[x]",
            "a" * 64,
            "example.com\n",
            "//example.com",
        ],
    ),
    (validation.path, "slash", ["", "a", "old-shop/", "http://example.com/a", "*", " /a"]),
    (validation.path, "query", ["/a?b=c", "/?", "/a#b", "/#"]),
    (validation.path, "control", ["/a\n", "/\x00", "/a\tb", "/\u2028"]),
    (
        validation.route,
        "route",
        [
            "/<int:>/",
            "/<nothing:year>/",
            "/<int:2nd>/",
            "/<int: year>/",
            "/<a-b>/",
            "/<int:a>/<int:a>/",
            "/<int:year/",
            "/int:year>/",
            "/(?P<year>a)/",
            "/a$",
        ],
    ),
    (
        validation.link,
        "link",
        [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a/",
            "http://[",
            "new/",
            "www.example.com/new/",
            "#here",
            "?a=b",
            "http:",
            "https://",
            "mailto:",
        ],
    ),
    (validation.link, "control", ["/a\nb", "java\nscript:x", "/\x00"]),
]


def name_of(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(
    ("validate", "value"),
    [(validate, value) for validate, values in TAKEN for value in values],
    ids=lambda value: name_of(value) or ascii(value),
)
def test_taken(validate: Callable[[str], None], value: str) -> None:
    validate(value)


@pytest.mark.parametrize(
    ("validate", "code", "value"),
    [(validate, code, value) for validate, code, values in REFUSED for value in values],
    ids=lambda value: name_of(value) or ascii(value)[:40],
)
def test_refused(validate: Callable[[str], None], code: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate(value)
    assert caught.value.code == code
    # The text can be made, and says more than that it is wrong.
    assert len(str(caught.value.messages[0])) > 20


@pytest.mark.parametrize(
    ("validate", "value", "words"),
    [
        (
            validation.words,
            "Hello {user}!",
            "{user} is no placeholder. There are: {path}, {method}",
        ),
        (validation.status, "200", "200 is no error. Write a status from 400 to 599"),
        (validation.path, "old-shop/", "begins with a slash: /old-shop/"),
        (validation.path, "https://example.com/old-shop/", "begins with a slash: /old-shop/"),
        (validation.path, "/a?b=c", "Leave the query string out: /a"),
        (validation.path, "/a#b", "Leave the fragment out: /a"),
        (validation.host, "https://example.com", "without scheme, port and path"),
        (validation.route, "/<nothing:year>/", "nothing"),
    ],
)
def test_what_is_refused_is_told_what_to_write(
    validate: Callable[[str], None], value: str, words: str
) -> None:
    with pytest.raises(ValidationError, match=None) as caught:
        validate(value)
    assert words in caught.value.messages[0]


def test_every_placeholder_has_a_value(rf) -> None:
    problem = Problem(status=404, title="", detail="")
    assert tuple(_placeholders(rf.get("/"), None, problem)) == validation.PLACEHOLDERS  # type: ignore[arg-type]
