"""Each form of each problem: well-formed, escaped, complete, and nothing from outside."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from decimal import Decimal
from logging import LogRecord
from pathlib import Path
from typing import Any

import django
import html5lib
import pytest
from django.http import HttpRequest, HttpResponse
from django.template import TemplateSyntaxError
from django.test import RequestFactory, override_settings
from django.utils import translation
from django.utils.translation import gettext_lazy

from django_http_errors.core.statuses import error_status
from django_http_errors.core.way_on import WayOn
from django_http_errors.core.words import permanence_note
from django_http_errors.http import project_templates
from django_http_errors.http.csp import csp_nonce
from django_http_errors.http.renderers import (
    HTMLRenderer,
    JSONRenderer,
    ProblemJSONRenderer,
    RenderInput,
    TextRenderer,
    json_bytes,
    style,
    style_hash,
)
from django_http_errors.http.representations import renderers
from django_http_errors.problems import InvalidPart, Permanence, Problem, Representation

from ..asking import HTML
from ..iana import ERRORS, HEADINGS

every_status = pytest.mark.parametrize("status", ERRORS)
HERE = __name__
# By it, Turbo takes the style away again with the page.
TRACKED = {"data-turbo-track": "dynamic"}

MARKUP = "</title></style><script>alert(1)</script>\"'&amp;{{ problem }}"
HOSTILE = Problem(
    status=400,
    title=MARKUP,
    detail=MARKUP,
    type=MARKUP,
    instance=MARKUP,
    request_id=MARKUP,
    allow=(MARKUP,),
    available=(Representation(MARKUP, MARKUP, MARKUP),),
    accept=(MARKUP,),
    errors=(InvalidPart(MARKUP, MARKUP, MARKUP),),
    extensions={"echo": MARKUP},
)


def full(status: int) -> Problem:
    """Return a problem with everything that can be told."""
    return error_status(status).problem(
        type="https://example.com/type",
        instance="/path/",
        request_id="ab-12",
        retry_after=90,
        allow=("GET", "PUT"),
        available=(
            Representation("text/html", "/page", "de"),
            Representation("application/json", "/data"),
        ),
        accept=("image/png", "image/gif"),
        errors=(InvalidPart("Too low.", "/price"), InvalidPart("Incomplete.")),
    )


# --- JSON -----------------------------------------------------------------------------------


@every_status
@pytest.mark.parametrize("renderer", [JSONRenderer(), ProblemJSONRenderer()])
def test_json_has_the_members_of_the_problem(status: int, renderer: JSONRenderer) -> None:
    for problem in (error_status(status).problem(), full(status)):
        assert json.loads(renderer.render(problem)) == problem.as_dict()


def test_json_keeps_the_order_of_the_members() -> None:
    assert list(json.loads(JSONRenderer().render(full(405)))) == list(full(405).as_dict())


@pytest.mark.conformance("rfc9457-3-media-type")
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("</script>", r"\u003c/script\u003e"),
        ("<!--", r"\u003c!--"),
        ("a&b", r"a\u0026b"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800x\udfff", r"\ud800x\udfff"),
        ('"\\', r"\"\\"),
        ("\x00\n\x1f", r"\u0000\n\u001f"),
        ("é日🙂", "é日🙂"),
    ],
)
def test_json_is_utf_8_and_holds_nothing_that_is_markup(text: str, written: str) -> None:
    """A page that puts the body between script tags, or a browser that sniffs, runs nothing."""
    body = json_bytes({text: text})
    assert body.decode() == f'{{"{written}": "{written}"}}'
    assert json.loads(body) == {text: text}


def test_json_of_hostile_members_has_no_markup() -> None:
    body = JSONRenderer().render(HOSTILE)
    assert not set(body) & set(b"<>&")
    assert json.loads(body) == HOSTILE.as_dict()


def test_json_writes_what_projects_put_in() -> None:
    members = {"price": Decimal("1.50"), "words": gettext_lazy("Not Found"), "n": [None, True, 1]}
    assert json.loads(json_bytes(members)) == {
        "price": "1.50",
        "words": "Not Found",
        "n": [None, True, 1],
    }


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


UNWRITABLE: dict[str, object] = {
    "nan": float("nan"),
    "infinity": float("inf"),
    "set": {1, 2},
    "object": object(),
    "bytes": b"x",
    "key": {(1, 2): 3},
    "nested": {"list": [1, {"deep": {1}}]},
    "circle": CIRCLE,
}


@pytest.mark.parametrize("name", UNWRITABLE)
@pytest.mark.parametrize("renderer", [JSONRenderer(), ProblemJSONRenderer()])
def test_a_member_that_json_cant_hold_loses_itself_alone(
    name: str, renderer: JSONRenderer, own_records: list[LogRecord]
) -> None:
    problem = error_status(409).problem(
        request_id="id", extensions={"clash": UNWRITABLE[name], "balance": 30}
    )
    members = json.loads(renderer.render(problem))
    assert "clash" not in members
    assert members == {
        **error_status(409).problem(request_id="id").as_dict(),
        "balance": 30,
    }
    assert [record.levelname for record in own_records] == ["ERROR"]
    assert "clash" in own_records[0].getMessage()


def test_several_members_that_json_cant_hold(own_records: list[LogRecord]) -> None:
    problem = error_status(409).problem(request_id="id", extensions=UNWRITABLE)
    members = json.loads(JSONRenderer().render(problem))
    assert members == error_status(409).problem(request_id="id").as_dict()
    assert len(own_records) == len(UNWRITABLE)


# --- Text -----------------------------------------------------------------------------------


@every_status
def test_text_says_it_in_a_few_lines(status: int) -> None:
    problem = error_status(status).problem()
    note = permanence_note(problem)
    assert TextRenderer().render(problem).decode().splitlines() == [
        f"{status} {ERRORS[status]}",
        "",
        str(problem.detail),
        *([note] if note else []),
    ]


@every_status
def test_text_says_everything_that_is_known(status: int) -> None:
    lines = TextRenderer().render(full(status)).decode().splitlines()
    assert lines == [
        f"{status} {ERRORS[status]}",
        "",
        str(error_status(status).detail),
        "You can try again in 90 seconds.",
        "Allowed methods: GET, PUT",
        "Available formats: text/html (/page), application/json (/data)",
        "Accepted formats: image/png, image/gif",
        "- /price: Too low.",
        "- Incomplete.",
        "Request id: ab-12",
    ]


def test_text_is_utf_8_whatever_it_holds() -> None:
    problem = dataclasses.replace(full(404), title="é日🙂", detail="\ud800")
    assert TextRenderer().render(problem).decode().startswith("404 é日🙂\n\n?\n")


ISOLATED = "\u2066/price\u2069", "\u2068ab-12\u2069"


@pytest.mark.parametrize(
    ("language", "colon", "place", "request_id"),
    [
        ("en", ": ", "/price", "ab-12"),
        ("fr", "\N{NARROW NO-BREAK SPACE}: ", "/price", "ab-12"),
        ("ja", "\N{FULLWIDTH COLON}", "/price", "ab-12"),
        ("he", ": ", *ISOLATED),
        ("ar", ": ", *ISOLATED),
    ],
)
def test_labels_and_values_stand_as_the_language_has_them(
    language: str, colon: str, place: str, request_id: str
) -> None:
    """Where words are from right to left, an address and an id still are from left to right."""
    problem = error_status(422).problem(
        errors=(InvalidPart("XYZ", "/price"),), request_id="ab-12", allow=("GET", "PUT")
    )
    with translation.override(language):
        lines = TextRenderer().render(problem).decode().splitlines()
        page = HTMLRenderer().render(problem).decode()
    *_, allowed, part, last = lines
    value = "\u2068XYZ\u2069" if place != "/price" else "XYZ"
    assert part == f"- {place}{colon}{value}"
    assert last.endswith(f"{colon}{request_id}")
    assert allowed.strip("\u2069").endswith("GET, PUT")
    assert f'<li><code dir="ltr">/price</code>{colon}XYZ</li>' in page
    assert '<code dir="ltr">ab-12</code>' in page


def test_an_empty_allow_is_no_line() -> None:
    problem = error_status(405).problem(allow=())
    assert b"Allowed methods" not in TextRenderer().render(problem)


# --- HTML -----------------------------------------------------------------------------------


def parsed(page: bytes) -> ET.Element:
    """Return the tree of a page that holds to the letter of the HTML standard."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(page, transport_encoding="utf-8")


def text_of(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def items(page: ET.Element) -> list[str]:
    return [text_of(each) for each in page.iterfind(".//li")]


@override_settings(HTTP_ERRORS={})
@every_status
@pytest.mark.parametrize("make", [full, lambda status: error_status(status).problem()])
def test_a_page_is_whole_and_loads_nothing(status: int, make: Callable[[int], Problem]) -> None:
    page = parsed(HTMLRenderer().render(make(status)))
    head, body = page.find("head"), page.find("body")
    assert head is not None
    assert body is not None
    assert page.attrib == {"lang": "en", "dir": "ltr"}
    assert text_of(head.find("title")) == f"{HEADINGS[status]} ({status})"
    metas = {meta.get("name"): meta.get("content") for meta in head.iter("meta")}
    assert metas["robots"] == "noindex"
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark"
    assert [text_of(each) for each in page.iter("h1")] == [HEADINGS[status]]
    assert len(list(page.iter("main"))) == 1
    assert [each.tag for each in body] == ["main"], "all content is in a landmark"
    allowed = {"html", "head", "meta", "title", "style", "body", "main"}
    allowed |= {"h1", "h2", "p", "ul", "li", "a", "code", "strong"}
    assert {each.tag for each in page.iter()} <= allowed
    for element in page.iter():
        for name in element.attrib:
            assert name in {"lang", "dir", "charset", "name", "content", "class", *TRACKED} | (
                {"href", "type", "hreflang", "rel"} if element.tag == "a" else set()
            )


def test_a_page_with_all_that_leads_on_is_whole() -> None:
    way_on = WayOn("/", "/sign-in/?a=b&next=/", "/again/")
    with override_settings(HTTP_ERRORS={"SITE_NAME": "The Shop"}):
        page = parsed(HTMLRenderer().render(full(403), way_on=way_on))
    assert [each.tag for each in page.iterfind("body/*")] == ["header", "main"]
    assert text_of(page.find("head/title")) == "This is not allowed (403) \N{EN DASH} The Shop"
    links = [(each.get("class"), each.get("href"), text_of(each)) for each in page.iter("a")]
    assert links[:4] == [
        (None, "/", "The Shop"),
        ("button", "/again/", "Try again"),
        (None, "/sign-in/?a=b&next=/", "Sign in"),
        (None, "/", "Go to the home page"),
    ]


@every_status
def test_a_page_says_what_happened_and_whether_it_lasts(status: int) -> None:
    problem = error_status(status).problem()
    page = parsed(HTMLRenderer().render(problem))
    note = permanence_note(problem)
    said = [text_of(each) for each in page.iter("p")]
    assert said == [str(status), str(problem.detail), *([note] if note else [])]
    classes = [each.get("class") for each in page.iter("p")]
    assert (f"permanence {problem.permanence}" in classes) == bool(note)
    assert not list(page.iter("h2"))


@every_status
def test_a_page_says_everything_that_is_known(status: int) -> None:
    page = parsed(HTMLRenderer().render(full(status)))
    assert [text_of(each) for each in page.iter("h2")] == [
        "Allowed methods",
        "Available formats",
        "Accepted formats",
        "What has to be corrected",
    ]
    assert items(page) == [
        *("GET", "PUT"),
        *("text/html (de)", "application/json"),
        *("image/png", "image/gif"),
        *("/price: Too low.", "Incomplete."),
    ]
    assert [each.attrib for each in page.iter("a")] == [
        {"href": "/page", "type": "text/html", "hreflang": "de"},
        {"href": "/data", "type": "application/json"},
    ]
    said = [text_of(each) for each in page.iter("p")]
    assert "You can try again in 90 seconds." in said
    assert said[-1] == "If you ask for help, quote this id: ab-12"


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "http://[::1"])
def test_a_page_links_to_no_address_that_could_do_harm(href: str) -> None:
    """A problem that was made by hand (`get_problem`) has not been through `HttpError`."""
    problem = error_status(406).problem(available=(Representation("text/html", href),))
    page = parsed(HTMLRenderer().render(problem))
    assert not [link.get("href") for link in page.iter("a") if link.get("href") == href]


def test_a_page_offers_no_link_to_what_has_no_address() -> None:
    problem = error_status(406).problem(available=(Representation("text/csv", "", "de"),))
    page = parsed(HTMLRenderer().render(problem))
    assert items(page) == ["text/csv"]
    assert not list(page.iter("a"))


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl"), ("he", "rtl")]
)
def test_a_page_has_the_language_and_direction_of_its_words(language: str, direction: str) -> None:
    with translation.override(language):
        page = parsed(HTMLRenderer().render(full(404)))
    assert page.attrib == {"lang": language, "dir": direction}
    # Else the slash that a pointer begins with would stand at its end.
    assert {code.get("dir") for code in page.iter("code")} == {"ltr"}


def test_a_page_has_a_language_when_none_is_active() -> None:
    with translation.override(None):
        page = parsed(HTMLRenderer().render(full(404)))
    assert page.attrib == {"lang": "en", "dir": "ltr"}


@override_settings(HTTP_ERRORS={"SITE_NAME": MARKUP})
def test_a_page_doesnt_let_anything_out_of_its_place() -> None:
    page = parsed(HTMLRenderer().render(HOSTILE, nonce=MARKUP))
    assert not list(page.iter("script"))
    assert text_of(page.find("head/title")) == f"{MARKUP} (400) \N{EN DASH} {MARKUP}"
    assert text_of(page.find(".//header")) == MARKUP
    assert text_of(page.find(".//h1")) == MARKUP
    assert [text_of(each) for each in page.iter("p")] == [
        "400",
        MARKUP,
        f"If you ask for help, quote this id: {MARKUP}",
    ]
    assert items(page) == [MARKUP, f"{MARKUP} ({MARKUP})", MARKUP, f"{MARKUP}: {MARKUP}"]
    (link,) = page.iter("a")
    assert (link.get("type"), link.get("hreflang")) == (MARKUP, MARKUP)
    (sheet,) = page.iter("style")
    assert sheet.attrib == TRACKED | {"nonce": MARKUP}


def test_a_page_is_utf_8_whatever_it_holds() -> None:
    problem = dataclasses.replace(full(404), title="é日🙂", detail="\ud800")
    page = parsed(HTMLRenderer().render(problem))
    assert text_of(page.find(".//h1")) == "é日🙂"


@override_settings(TEMPLATES=[], INSTALLED_APPS=["django_http_errors"])
def test_the_apps_page_needs_nothing_of_the_project() -> None:
    assert parsed(HTMLRenderer().render(full(500))) is not None


@override_settings(USE_I18N=False, LANGUAGE_CODE="en-gb")
def test_a_page_without_translation_is_in_the_sites_language() -> None:
    assert parsed(HTMLRenderer().render(full(500))).get("lang") == "en-gb"


# --- The style and its policy ---------------------------------------------------------------


def test_the_hash_is_that_of_the_style_in_the_page() -> None:
    """A site without nonces lets the style through by it: CSP 3, section 6.7.3.3."""
    (sheet,) = parsed(HTMLRenderer().render(full(404))).iter("style")
    digest = hashlib.sha256((sheet.text or "").encode()).digest()
    assert style_hash() == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert sheet.attrib == TRACKED


def test_the_style_loads_nothing_and_has_both_schemes() -> None:
    assert not re.search(r"url\(|@import|</|expression|//", str(style()))
    assert "prefers-color-scheme:dark" in str(style())
    assert "color-scheme:light dark" in str(style())


def nonce_of(page: bytes) -> str | None:
    (sheet,) = parsed(page).iter("style")
    return sheet.get("nonce")


def render(request: HttpRequest, problem: Problem, **context: Any) -> bytes:
    """Return the page by the first of the fallbacks that has one; raises what it raises."""
    given = RenderInput(problem, request, problem.instance, problem.request_id, lambda: context)
    first, last = renderers()[HTML].fallbacks
    return first(given) or last(given) or b""


def test_without_a_policy_there_is_no_nonce(rf: RequestFactory) -> None:
    assert csp_nonce(rf.get("/")) == ""
    assert nonce_of(render(rf.get("/"), full(404))) is None


def test_a_page_has_the_nonce_of_django_csp(rf: RequestFactory, settings: Any) -> None:
    from csp.constants import NONCE
    from csp.middleware import CSPMiddleware

    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": [NONCE]}}
    pages = []

    def view(request: HttpRequest) -> HttpResponse:
        pages.append(render(request, full(404)))
        return HttpResponse(pages[-1], status=404)

    response = CSPMiddleware(view)(rf.get("/"))
    nonce = nonce_of(pages[-1])
    assert nonce
    assert response.headers["Content-Security-Policy"] == f"default-src 'nonce-{nonce}'"


@pytest.mark.skipif(django.VERSION < (6,), reason="Django has nonces since 6.0")
def test_a_page_has_the_nonce_of_django(rf: RequestFactory, settings: Any) -> None:
    from django.middleware.csp import ContentSecurityPolicyMiddleware
    from django.utils.csp import CSP

    settings.SECURE_CSP = {"style-src": [CSP.NONCE]}
    pages = []

    def view(request: HttpRequest) -> HttpResponse:
        pages.append(render(request, full(404)))
        return HttpResponse(pages[-1], status=404)

    response = ContentSecurityPolicyMiddleware(view)(rf.get("/"))
    nonce = nonce_of(pages[-1])
    assert nonce
    assert response.headers["Content-Security-Policy"] == f"style-src 'nonce-{nonce}'"


NONCES = "{% if csp_nonce is None %}none{% elif csp_nonce %}{{ csp_nonce }}{% endif %}"


def test_a_nonce_that_isnt_there_isnt_there_for_templates(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    project_pages({"404.html": NONCES})
    assert render(rf.get("/"), full(404)) == b"none"


@pytest.mark.skipif(django.VERSION < (6,), reason="Django has nonces since 6.0")
@pytest.mark.parametrize(("page", "asks"), [(NONCES, True), ("constant", False)])
def test_a_nonce_is_in_the_policy_where_a_template_asks_for_it(
    page: str, asks: bool, project_pages: Callable[..., None], rf: RequestFactory, settings: Any
) -> None:
    from django.middleware.csp import ContentSecurityPolicyMiddleware
    from django.utils.csp import CSP

    settings.SECURE_CSP = {"style-src": [CSP.SELF, CSP.NONCE]}
    project_pages({"404.html": page}, "django.template.context_processors.csp")
    middleware = ContentSecurityPolicyMiddleware(
        lambda request: HttpResponse(render(request, full(404)), status=404)
    )
    response = middleware(rf.get("/"))
    nonce = f" 'nonce-{response.content.decode()}'" if asks else ""
    assert response.headers["Content-Security-Policy"] == f"style-src 'self'{nonce}"


@pytest.mark.skipif(django.VERSION < (6, 1), reason="Django has the tag since 6.1")
def test_djangos_tag_writes_no_empty_nonce(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    project_pages({"404.html": "<script {% csp_nonce_attr %}>"})
    assert render(rf.get("/"), full(404)) == b"<script >"


def test_a_nonce_that_comes_too_late_is_none(rf: RequestFactory, settings: Any) -> None:
    """Once its header is written django-csp raises: the page is none the worse for it."""
    from csp.middleware import CSPMiddleware

    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"style-src": ["'self'"]}}
    request = rf.get("/")
    CSPMiddleware(lambda request: HttpResponse("fine"))(request)
    assert csp_nonce(request) == ""


# --- The project's own pages ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "status", "page"),
    [
        (("404.html",), 404, "404.html"),
        (("404.html", "4xx.html"), 404, "404.html"),
        (("404.html", "4xx.html"), 410, "4xx.html"),
        (("404.html", "4xx.html"), 500, None),
        (("5xx.html",), 503, "5xx.html"),
        (("500.html",), 503, None),
        (("404.html",), 403, None),
    ],
)
def test_the_projects_page_comes_before_the_apps(
    names: tuple[str, ...],
    status: int,
    page: str | None,
    project_pages: Callable[..., None],
    rf: RequestFactory,
) -> None:
    project_pages({name: f"{name} {{{{ problem.title }}}}" for name in names})
    body = render(rf.get("/"), full(status))
    if page is None:
        assert body == HTMLRenderer().render(full(status))
    else:
        assert body.decode() == f"{page} {ERRORS[status]}"


@pytest.fixture
def installed(settings: Any, new_app: Callable[..., str], tmp_path: Path) -> None:
    """Give the project a directory of templates, an app before this one, and one behind it."""
    apps = {"own": ("410.html", "4xx.html"), "shipped": ("404.html", "410.html", "503.html")}
    before, behind = (
        new_app(f"{kind}_app", {name: f"{kind} {name}" for name in names})
        for kind, names in apps.items()
    )
    settings.INSTALLED_APPS = [before, "django_http_errors", behind]
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "403.html").write_text("the project's")
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [tmp_path / "pages"],
            "APP_DIRS": True,
        }
    ]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("status", "page"),
    [
        (403, "the project's"),
        (410, "own 410.html"),
        (404, "own 4xx.html"),
        (503, None),
    ],
)
def test_what_a_package_ships_isnt_the_projects(
    status: int, page: str | None, rf: RequestFactory
) -> None:
    body = render(rf.get("/"), full(status))
    assert body == (page.encode() if page else HTMLRenderer().render(full(status)))


@pytest.mark.usefixtures("installed")
def test_a_directory_of_the_projects_may_be_an_apps(
    rf: RequestFactory, settings: Any, tmp_path: Path
) -> None:
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [str(tmp_path / "shipped_app" / "templates")]}]
    assert render(rf.get("/"), full(503)) == b"shipped 503.html"


@pytest.mark.usefixtures("installed")
def test_a_loader_of_the_projects_own_finds_pages_of_the_projects(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    project_pages({"503.html": "found"})
    assert render(rf.get("/"), full(503)) == b"found"


def test_a_projects_page_gets_what_django_gives_it_and_what_the_app_knows(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    page = "{{ request.path }}|{{ request_path }}|{{ exception }}|{{ permanence_note }}|"
    page += "{{ retry_in }}|{{ csp_nonce }}|{{ problem.request_id }}|{{ extra }}|{{ style }}"
    project_pages({"404.html": page})
    problem = dataclasses.replace(full(404), detail="<Sold>")
    body = render(rf.get("/asked/"), problem, extra="more").decode()
    assert body == (
        f"/asked/|/path/|&lt;Sold&gt;|{permanence_note(problem)}|90 seconds||ab-12|more|{style()}"
    )


def test_a_view_can_replace_what_the_app_gives(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    project_pages({"404.html": "{{ retry_in }}"})
    assert render(rf.get("/"), full(404), retry_in="soon") == b"soon"


def failing(request: HttpRequest) -> dict[str, Any]:
    raise RuntimeError("secret")


@every_status
def test_only_the_page_of_a_working_server_has_context_processors(
    status: int, project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    """What failed may be what they need."""
    project_pages({f"{status}.html": "{{ request.path }}."}, f"{HERE}.failing")
    if status < 500:
        with pytest.raises(RuntimeError):
            render(rf.get("/asked/"), full(status))
    else:
        assert render(rf.get("/asked/"), full(status)) == b"."


@pytest.mark.parametrize(
    ("name", "page"),
    [
        (project_templates.BASE, "<main>{% block content %}{% endblock %}</main>"),
        (
            project_templates.PAGE,
            "{% extends 'django_http_errors/base.html' %}{% block content %}mine{% endblock %}",
        ),
    ],
)
@pytest.mark.parametrize("status", [404, 500])
def test_the_apps_page_can_be_overridden(
    name: str, page: str, status: int, project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    project_pages({name: page})
    body = render(rf.get("/"), full(status)).decode()
    if name == project_templates.BASE:
        assert body.startswith("<main><p")
        assert HEADINGS[status] in body
    else:
        assert re.search(r"<main>\s*mine\s*</main>", body)
    assert body.encode() != HTMLRenderer().render(full(status))


def test_every_block_of_the_page_can_be_filled(
    project_pages: Callable[..., None], rf: RequestFactory, settings: Any
) -> None:
    names = "title extra_head header logo content heading explanation actions request_id footer"
    settings.HTTP_ERRORS = {"SITE_NAME": "The Shop"}
    for name in names.split():
        page = f"{{% extends '404-base.html' %}}{{% block {name} %}}-{name}-{{% endblock %}}"
        project_pages(
            {"404.html": page, "404-base.html": "{% extends 'django_http_errors/error.html' %}"}
        )
        assert f"-{name}-" in render(rf.get("/"), full(404)).decode()


@pytest.mark.parametrize("site_name", ["", "Shop"])
@pytest.mark.parametrize("logo", ["", "\n", "<img>"])
def test_the_head_of_the_page_is_there_for_a_name_or_a_logo(
    site_name: str,
    logo: str,
    project_pages: Callable[..., None],
    rf: RequestFactory,
    settings: Any,
) -> None:
    settings.HTTP_ERRORS = {"SITE_NAME": site_name}
    page = "{%% extends 'django_http_errors/error.html' %%}{%% block logo %%}%s{%% endblock %%}"
    project_pages({"404.html": page % logo})
    expected = logo.strip() + (f"<bdi>{site_name}</bdi>" if site_name else "")
    body = render(rf.get("/"), full(404)).decode()
    assert re.findall("<header>(.*?)</header>", body) == ([expected] if expected else [])


def test_a_template_that_fails_raises(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    """It is the pipeline's to log it, and to go on to the app's page."""
    project_pages({"404.html": "{% nonsense %}"})
    with pytest.raises(TemplateSyntaxError):
        render(rf.get("/"), full(404))


def test_permanence_has_a_class_of_its_own_in_the_style() -> None:
    """Temporary and permanent are told by words, and by colour beside them."""
    for permanence in (Permanence.TEMPORARY, Permanence.PERMANENT):
        assert f".permanence.{permanence}" in str(style())


@pytest.mark.parametrize("part", [{"pointer": "/page"}, {"parameter": "/page"}])
def test_the_page_names_the_place_of_an_error(part: dict[str, str]) -> None:
    errors = (InvalidPart("Enter a number.", **part),)
    page = HTMLRenderer().render(error_status(422).problem(errors=errors)).decode()
    assert '<li><code dir="ltr">/page</code>: Enter a number.</li>' in page
