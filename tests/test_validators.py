"""What editors may write: tables of what is taken, and of what is refused in which words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.urls import converters
from hypothesis import given, settings
from hypothesis import strategies as st

from django_http_errors import validators
from django_http_errors.admin.missing_pages import as_pattern
from django_http_errors.core.pipeline import placeholders
from django_http_errors.core.request_info import RequestInfo
from django_http_errors.http.urls import pattern_key
from django_http_errors.importing.addresses import literally
from django_http_errors.models import HidingRule, PermanenceRule
from django_http_errors.problems import Problem
from django_http_errors.rules.matching import LONGEST_ROUTED, Index, matcher
from django_http_errors.rules.rows import PermanenceRow

TAKEN: list[tuple[Callable[[str], None], list[str]]] = [
    (validators.no_control, ["", "a", "a b", "é", "日本", "\u202fx"]),
    (validators.lines, ["a\nb", "a\r\nb", "a\tb", "{no placeholder}"]),
    (
        validators.words,
        ["", "plain", "a\nb\r\nc\td", *(f"{{{name}}}" for name in validators.PLACEHOLDERS)],
    ),
    (validators.status, ["400", "404", "451", "499", "500", "599", "4xx", "5xx"]),
    (validators.language, ["de", "pt-br", "pt_BR", "zh-hant", "zh-Hant-TW", "sr-latn"]),
    (
        validators.host,
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
    (
        validators.path,
        [
            "/",
            "/a",
            "/old-shop/",
            "/a%E2%80%8B/",
            "/\u0645\u06cc\u200c\u062e/",
            "/é/日本",
            "/a b",
            "/%3F",
            "/<int:year>/",
        ],
    ),
    (
        validators.route,
        ["/", "/a/", "/archive/<int:year>/", "/<slug>/", "/<path:rest>", "/<uuid:id>/x"],
    ),
    (
        validators.link,
        [
            "/",
            "/new/?a=b#c",
            "https://example.com",
            "http://a/b",
            "mailto:a@example.com",
            "https://cdn.example.com/x",
        ],
    ),
]

REFUSED: list[tuple[Callable[[str], None], str, list[str]]] = [
    (
        validators.no_control,
        "control",
        ["\x00", "a\x1b[1m", "a\nb", "\r", "\t", "\x7f", "\x85", "\u2028", "\ud800"],
    ),
    (validators.lines, "control", ["a\nb\x00", "a\x0bb", "a\x0cb", "a\x1cb", "\u2029"]),
    (validators.words, "control", ["a\nb\x00", "\x1b", "a\x0bb", "\x85"]),
    (
        validators.words,
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
        validators.status,
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
        validators.language,
        "language",
        ["", "d", "deutsch1", "de-", "-de", "de--at", "de at", "*", "de,en", "de\n"],
    ),
    (
        validators.host,
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
    (validators.path, "slash", ["", "a", "old-shop/", "ftp://example.com/a", "*", " /a"]),
    (validators.path, "url", ["http://example.com/a", "HTTPS://example.com", "http://a:80/b?c"]),
    (validators.path, "url", ["www.example.com", "Example.com/a", "bücher.example/x?y", "b:80/x"]),
    (validators.path, "slash", ["index.php/a", "page.html", "example.com", "a.b.jsp/c", "1.2/x"]),
    (validators.path, "slash", ["^/a/(?!b)", "a(b|c)"]),
    (validators.path, "query", ["/a?b=c", "/?", "/a#b", "/#"]),
    (validators.path, "invisible", ["/a\u200b/", "\ufeff/a/", "/a\u00adb", "https://a.b/\u200ex"]),
    (validators.path, "control", ["/a\n", "/\x00", "/a\tb", "/\u2028"]),
    (
        validators.route,
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
        validators.link,
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
    (validators.link, "other_site", ["//host/x", " //host"]),
    (validators.link, "control", ["/a\nb", "java\nscript:x", "/\x00"]),
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
            validators.words,
            "Hello {user}!",
            "{user} is no placeholder. There are: {path}, {method}",
        ),
        (validators.status, "200", "200 is no error. Write a status from 400 to 599"),
        (validators.path, "old-shop/", "begins with a slash: /old-shop/"),
        (
            validators.path,
            "https://Example.com/old-shop/",
            "in its own field, and here only /old-shop/",
        ),
        (
            validators.path,
            "http://example.com:8000",
            "host example.com in its own field",
        ),
        (
            validators.path,
            "www.Example.com/old-shop/",
            "host www.example.com in its own field, and here only /old-shop/",
        ),
        (validators.path, "/a?b=c", "What stands behind ? is not compared. Write only /a"),
        (validators.path, "/a#b", "What stands behind # is not compared. Write only /a"),
        (validators.path, "/?id=7", "Only what stands behind ? says which page this is"),
        (
            validators.path,
            "/a\u200bb/",
            "(U+200B). Write it anew, or, if that is part of the address, /a%E2%80%8Bb/",
        ),
        (validators.path, "*/a", "begins with a slash: /<str:any1>/a"),
        (validators.host, "https://example.com", "without scheme, port and path"),
        (validators.host, "Bücher.example", "Write xn--bcher-kva.example"),
        (validators.host, "straße.example", "Write xn--strae-oqa.example"),
        (validators.route, "/<nothing:year>/", "nothing"),
    ],
)
def test_what_is_refused_says_what_to_write(
    validate: Callable[[str], None], value: str, words: str
) -> None:
    with pytest.raises(ValidationError, match=None) as caught:
        validate(value)
    assert words in caught.value.messages[0]


def test_every_placeholder_has_a_value(rf) -> None:
    problem = Problem(status=404, title="", detail="")
    request = rf.get("/")
    found = placeholders(problem, request, RequestInfo.of(request))
    assert tuple(found) == validators.PLACEHOLDERS


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "kind", "pattern"),
    [
        ("/old/*", "prefix", "/old/"),
        ("/old/**", "prefix", "/old/"),
        ("/*", "prefix", "/"),
        ("/x/(.*)", "prefix", "/x/"),
        ("/x/.*", "prefix", "/x/"),
        ("/news/:splat", "prefix", "/news/"),
        ("/old/:id", "route", "/old/<str:id>"),
        ("/old/:id/edit/", "route", "/old/<str:id>/edit/"),
        ("/old/:id/*", "route", "/old/<str:id>/<path:rest>"),
        ("/*.php", "route", "/<str:any1>.php"),
        ("/a/*/b/", "route", "/a/<str:any1>/b/"),
        (r"/x/(\d+)/", "route", "/x/<int:any1>/"),
        ("/a/[0-9]+/", "route", "/a/<int:any1>/"),
        (r"/a/\d\d\d\d/", "route", "/a/<int:any1>/"),
        (r"/a/(?:\d{4})-([0-9]{2})/", "route", "/a/<int:any1>-<int:any2>/"),
        ("/a/[a-z]+[0-9]*/", "route", "/a/<str:any1>/"),
        ("/a/([^/]+)/b/", "route", "/a/<str:any1>/b/"),
        ("/blog/(?P<slug>[^/]+)/", "route", "/blog/<str:slug>/"),
        (r"/blog/(?P<year>\d{4})/", "route", "/blog/<int:year>/"),
        ("^/x/$", "exact", "/x/"),
        ("^/x$", "exact", "/x"),
        ("^/x/?$", "exact", "/x/"),
        ("^/x.html$", "exact", "/x.html"),
        (r"/x\.html", "exact", "/x.html"),
        (r"^\/x\/a\-b\/$", "exact", "/x/a-b/"),
        (r"/x\.\*\(y\)", "exact", "/x.%2A%28y%29"),
        (r"/x/.*\.html", "route", "/x/<str:any1>.html"),
        (r"/y/[a-z]+\.php$", "route", "/y/<str:any1>.php"),
        (r"/v/\d+\.html", "route", "/v/<int:any1>.html"),
        (r"/v/.+\.html", "route", "/v/<str:any1>.html"),
        ("/v/.+", "prefix", "/v/"),
        ("/x/{id}/", "route", "/x/<str:id>/"),
        ("/x/{id:int}.html", "route", "/x/<int:id>.html"),
        ("/x({id:int})", "route", "/x(<int:id>)"),
        ("/c++/{id}/", "route", "/c++/<str:id>/"),
        ("/x/[id]/", "route", "/x/<str:id>/"),
        ("/docs/[...slug]", "prefix", "/docs/"),
        ("/docs/[[...slug]]", "prefix", "/docs/"),
        ("/docs/[...slug]/edit", "route", "/docs/<path:slug>/edit"),
        ("/x/[id]/[...slug]/", "route", "/x/<str:id>/<path:rest>"),
        ("/f/a-:b/", "route", "/f/a-<str:b>/"),
        ("/f/x.:ext", "route", "/f/x.<str:ext>"),
        ("/x/[id]", "route", "/x/<str:id>"),
        ("/x/<int:a>/*", "route", "/x/<int:a>/<path:rest>"),
        ("*/foo", "route", "/<str:any1>/foo"),
        ("*", "prefix", "/"),
        ("**", "prefix", "/"),
        ("(.*)", "prefix", "/"),
        (".*/", "prefix", "/"),
        ("foo/*", "prefix", "/foo/"),
        ("^foo/(.*)$", "prefix", "/foo/"),
    ],
)
def test_the_wildcards_of_other_tools_are_refused(written: str, kind: str, pattern: str) -> None:
    """The error says what was meant, for people and for code; and that is no wildcard any more."""
    with pytest.raises(ValidationError) as caught:
        validators.wildcards(written)
    assert caught.value.code == "wildcard"
    assert (caught.value.params["kind"], caught.value.params["pattern"]) == (kind, pattern)
    assert pattern in caught.value.messages[0]
    assert validators.meaning(pattern) is None
    if kind == "route":
        validators.route(pattern)
    for rule in (PermanenceRule(pattern=written), HidingRule(pattern=written)):
        with pytest.raises(ValidationError) as caught:
            rule.full_clean()
        assert "pattern" in caught.value.message_dict


@pytest.mark.parametrize(
    "path",
    [
        *("/a/b/", "/v1.2/(beta)/", "/a:b/", "/a/<int:x>/", "/~user/", "/a[old]/", "/[a-z]/"),
        *("/a$b/", "/a^b", r"/a\b/", "/{}/", "/c++/", "/a|b/", "/a{4}/"),
    ],
)
def test_what_is_no_wildcard_is_taken_as_it_is(path: str) -> None:
    validators.wildcards(path)
    assert validators.meaning(path) is None


@pytest.mark.parametrize(
    ("written", "kind", "pattern"),
    [
        ("/archive/<int:year>/", "exact", "/archive/<int:year>/"),
        ("/archive/<int:year>/", "prefix", "/archive/<int:year>/<path:rest>"),
        ("/archive/<year>", "prefix", "/archive/<year>/<path:rest>"),
        ("/x/{id}/", "prefix", "/x/<str:id>/<path:rest>"),
        ("/x/<path:all>/", "prefix", "/x/<path:all>/"),
        ("/x/<int:a>/*", "prefix", "/x/<int:a>/<path:rest>"),
    ],
)
def test_a_parameter_is_one_in_routes_alone(written: str, kind: str, pattern: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validators.wildcards(written, kind)
    assert caught.value.code == "wildcard"
    assert (caught.value.params["kind"], caught.value.params["pattern"]) == ("route", pattern)
    validators.wildcards(pattern, "route")
    validators.wildcards(written.replace("<", "%3C").replace("{", "%7B").rstrip("*"), kind)


@pytest.mark.parametrize(
    ("written", "kind", "address"),
    [
        ("/archive/<int:year>/", "prefix", "/archive/2020/"),
        ("/archive/<int:year>", "prefix", "/archive/2020"),
        ("/x/{id}/", "prefix", "/x/5/"),
        ("/old/:id/*", "exact", "/old/5/"),
    ],
)
def test_a_pattern_for_all_below_an_address_is_not_for_the_address(
    written: str, kind: str, address: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        validators.wildcards(written, kind)
    pattern = caught.value.params["pattern"]
    assert validators.covers("route", pattern, f"{address.rstrip('/')}/a/")
    assert not validators.covers("route", pattern, address)
    (text,) = caught.value.messages
    assert text.endswith(f"write {pattern}. {validators.only_below(pattern)}")
    assert validators.only_below(written) == ""


# What wildcards are made of, of this tool and of other ones.
SIGNS = ["/", "a", "0", ".", *"*+?:()[]{}<>|^$\\%#", ".*", ".+", r"\d", "<int:a>", "{a}", ":a"]
PATHS = st.lists(st.sampled_from(SIGNS), max_size=8).map(lambda signs: "/" + "".join(signs))


@settings(max_examples=500, deadline=None)
@given(PATHS)
def test_an_address_can_be_written_so_that_it_stands_for_itself(address: str) -> None:
    assert validators.meaning(as_pattern(address), "exact") is None
    pattern = address.translate({ord(sign): None for sign in "%?#"})
    for kind in ("exact", "prefix"):
        assert validators.meaning(literally(pattern, kind), kind) is None


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("/w/(a|b)/", "“(a|b)” would be taken for a choice. Write a rule for each, or, if it"),
        ("/w/foo(b|c d)/", "is part of the address, %28b%7Cc%20d%29"),
        (r"/w/(a\|b)*/", r"“(a\|b)” would be taken for a choice."),
        ("^/w/(a)/$", "( isn't known."),
        (r"/a\b/.*/c", "\\ isn't known."),
        ("^/a?b$", "? isn't known."),
        (r"^/a{2}\.html", "{ isn't known."),
        (r"/a/(\d+)?/", "? isn't known."),
        (r"/x/\d+?/", "? isn't known."),
        ("/x/:id?/", "? isn't known."),
        ("/x/{id}+/", "+ isn't known."),
        (r"/a/((\d+))/", "( isn't known."),
        ("/{{url}}", "{ isn't known."),
        ("/flights/:from-:to", "There can be one parameter in “<str:from>-<str:to>”"),
        ("/:file.:ext", "There can be one parameter in “<str:file>.<str:ext>”"),
        ("/a/[...b]/[...c]/d", "There can be one path converter."),
        ("/x/{a}-{b}/", "There can be one parameter in “<str:a>-<str:b>”"),
        ("/x/{a}/{a}/", "redefinition"),
        ("/x/<nothing:a>/", "nothing"),
    ],
)
def test_what_no_pattern_can_say_is_refused(written: str, error: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validators.wildcards(written, "exact")
    assert caught.value.code == "route"
    assert error in caught.value.messages[0]


@pytest.mark.parametrize(
    "pattern",
    [
        "/<path:a>/x/<path:b>/",
        "/<slug:a>-<slug:b>-<slug:c>/",
        "/<a>-<b>/",
        "/<int:a><int:b>/",
        "/<str:a>.<path:b>",
        "/d/<int:a>0<int:b>/",
        "/d/<int:a>\u00b2<int:b>/",
        "/d/<slug:a>0<int:b>/",
        "/u/<path:a>1<int:b>",
        "/u/<int:a>1<b>",
        "/u/<uuid:a><int:b>",
    ],
)
def test_a_route_that_could_be_read_in_many_ways_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validators.route(pattern)
    assert caught.value.code == "route"


@pytest.mark.parametrize(
    "pattern",
    [
        *("/<int:year>-<int:month>/", "/<slug:a>/<slug:b>/", "/<str:a>-<int:b>/", "/<path:a>/"),
        *("/<int:a>0-0<int:b>/", "/<uuid:a>0<int:b>/", "/<path:a>/0<int:b>", "/<path:a>-<int:b>"),
    ],
)
def test_a_route_that_can_be_read_in_one_way_is_taken(pattern: str) -> None:
    validators.route(pattern)


# What the converters of projects take, and whether one may be in a route, with a path, and twice.
OWN: dict[str, tuple[str, bool]] = {
    "any": (".+", True),
    "month": ("[0-9]{4}/[0-9]{2}", False),
    "words": ("[a-z0-9]+(?:[._-][a-z0-9]+)*", False),
    "price": (r"-?\d+(?:,\d{3})*(\.\d+)?", False),
    "file": (r"[\w-]+\.[a-z]+", False),
    "lang": ("en|de", False),
    "pairs": ("(?:[0-9a-f]{2})+", False),
    "undashed": ("[^-]+", True),
    "black": (r"\S+", True),
    "tree": ("[a-z]+(?:/[a-z]+)*", True),
    "category": (r"(?:[-\w]+/)*[-\w]+", True),
    "folders": ("(?:/[a-z]+)*/", True),
    "numbers": (r"\d+(?:/\d+)*", True),
}


@pytest.fixture
def _own_converters() -> Iterator[None]:
    with mock.patch.dict(converters.REGISTERED_CONVERTERS):
        converters.get_converters.cache_clear()
        for name, (regex, _takes_slashes) in OWN.items():
            made = type(name, (converters.PathConverter,), {"regex": regex})
            converters.register_converter(made, name)
        yield
    converters.get_converters.cache_clear()


def is_taken(route: str) -> bool:
    try:
        validators.route(route)
    except ValidationError:
        return False
    return True


@pytest.mark.usefixtures("_own_converters")
@pytest.mark.parametrize("name", OWN)
def test_a_converter_that_takes_slashes_is_as_path(name: str) -> None:
    _regex, takes_slashes = OWN[name]
    assert is_taken(f"/z/<{name}:a>/x")
    assert is_taken(f"/z/<path:b>/<{name}:a>/x") != takes_slashes
    assert is_taken(f"/z/<{name}:a>/<{name}:b>/x") != takes_slashes


@pytest.mark.usefixtures("_own_converters")
def test_which_converter_is_too_much_is_said() -> None:
    with pytest.raises(ValidationError, match="“any” could be read in too many ways"):
        validators.route("/z/<path:a>/<any:b>/x")


# For what of `OWN` an expression would have to try every reading.
TRYING = ["a", "0", "a-", "-a", "a/", "0/", "0-", "aa.", "0000/00/"]


@pytest.mark.usefixtures("_own_converters")
@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "route",
    ["/z/<{0}:a>/x", "/z/<{0}:a>/<{0}:b>/<{0}:c>/x", "/z/<path:a>/<{0}:b>/<{0}:c>/x"],
)
def test_no_address_takes_long_with_a_converter_of_the_project(name: str, route: str) -> None:
    """Whatever somebody has written into the database."""
    index = Index([PermanenceRow.of(PermanenceRule(kind="route", pattern=route.format(name)))])
    for each in TRYING:
        address = f"/z/{each * LONGEST_ROUTED}"[: LONGEST_ROUTED - 2]
        seconds = []
        for _ in range(3):
            began = time.process_time()
            assert not index.may_cover(f"{address}/y")
            seconds.append(time.process_time() - began)
        assert min(seconds) < 0.03, address[:20]


UUID = "01234567-0123-0123-0123-0123456789ab"
LITERALS = ["0", "-", "/", "1", "a", ".", "/0", "/-", "0-", "-0"]
PARTS = st.lists(
    st.tuples(
        st.sampled_from(LITERALS), st.sampled_from(["int", "path", "slug", "", "str", "uuid"])
    ),
    min_size=1,
    max_size=6,
)
NASTY = st.lists(st.sampled_from([*LITERALS, UUID]), max_size=4).map("".join)


def route_of(parts: list[tuple[str, str]]) -> str:
    texts = (
        f"{text}<{converter}:p{at}>" if converter else text
        for at, (text, converter) in enumerate(parts)
    )
    return "/d/" + "".join(texts)


@settings(max_examples=300, deadline=None)
@given(PARTS.map(route_of), NASTY, st.sampled_from(LITERALS) | NASTY, st.sampled_from(["!", "/!"]))
def test_no_address_takes_long(route: str, first: str, again: str, last: str) -> None:
    try:
        validators.route(route)
    except ValidationError:
        return
    rule = PermanenceRow.of(PermanenceRule(kind="route", pattern=route))
    covers = matcher(rule, pattern_key(route), 0).covers
    # What is longer isn't compared.
    beginning = route.partition("<")[0] + first + again * LONGEST_ROUTED
    address = beginning[: LONGEST_ROUTED - len(last)] + last
    seconds = []
    for _ in range(3):
        began = time.process_time()
        covers(address)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.02, (route, address)
