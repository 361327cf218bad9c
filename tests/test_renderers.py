"""Each form of each problem: well-formed, escaped, complete, and nothing from outside."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from decimal import Decimal
from logging import LogRecord
from typing import Any

import django
import html5lib
import pytest
from django.http import HttpRequest, HttpResponse
from django.template import TemplateSyntaxError
from django.test import RequestFactory, override_settings
from django.utils import translation
from django.utils.translation import gettext_lazy

from django_http_errors.core import statuses
from django_http_errors.http import renderers
from django_http_errors.core.statuses import error_status, permanence_note
from django_http_errors.conf import SETTINGS
from django_http_errors.problems import Action, InvalidPart, Permanence, Problem, Representation
from django_http_errors.http.renderers import (
    HTMLRenderer,
    JSONRenderer,
    ProblemJSONRenderer,
    TextRenderer,
    csp_nonce,
    forms,
    json_bytes,
    style,
    style_hash,
    wait,
)

from .asking import FORMS, HTML, JSON, PROBLEM, TEXT
from .iana import ERRORS

every_status = pytest.mark.parametrize("status", ERRORS)
HERE = __name__

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


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), float("-inf"), object(), {1, 2}, b"x", {(1, 2): 3}],
)
@pytest.mark.parametrize("renderer", [JSONRenderer(), ProblemJSONRenderer()])
def test_what_json_cant_hold_raises(value: object, renderer: JSONRenderer) -> None:
    """The road has a fallback for it; half of a document would be worse."""
    problem = error_status(409).problem(extensions={"clash": value})
    with pytest.raises((TypeError, ValueError)):
        renderer.render(problem)


def test_a_member_that_holds_itself_raises() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        JSONRenderer().render(error_status(409).problem(extensions={"clash": circle}))


# --- Text -----------------------------------------------------------------------------------


@every_status
def test_text_says_it_in_a_few_lines(status: int) -> None:
    row = error_status(status)
    assert TextRenderer().render(row.problem()).decode() == (
        f"{status} {ERRORS[status]}\n\n{row.detail}\n{permanence_note(row.problem())}\n"
    )


@every_status
def test_text_says_everything_that_is_known(status: int) -> None:
    lines = TextRenderer().render(full(status)).decode().splitlines()
    assert lines[:4] == [
        f"{status} {ERRORS[status]}",
        "",
        str(error_status(status).detail),
        str(permanence_note(full(status))),
    ]
    assert lines[4:] == [
        "Try again in 90 seconds.",
        "Allowed methods: GET, PUT",
        "Accepted formats: image/png, image/gif",
        "Available: text/html at /page",
        "Available: application/json at /data",
        "- /price: Too low.",
        "- Incomplete.",
        "Request id: ab-12",
    ]


def test_text_is_utf_8_whatever_it_holds() -> None:
    problem = dataclasses.replace(full(404), title="é日🙂", detail="\ud800")
    assert TextRenderer().render(problem).decode().startswith("404 é日🙂\n\n?\n")


def test_an_empty_allow_is_no_line() -> None:
    problem = error_status(405).problem(allow=())
    assert b"Allowed methods" not in TextRenderer().render(problem)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (2, "2 seconds"),
        (99, "99 seconds"),
        (100, "2 minutes"),
        (120, "2 minutes"),
        (121, "3 minutes"),
        (5940, "99 minutes"),
        (5941, "2 hours"),
        (7200, "2 hours"),
        (7201, "3 hours"),
        (169200, "47 hours"),
        (169201, "2 days"),
        (172801, "3 days"),
        (315360000, "3650 days"),
    ],
)
def test_a_wait_is_said_as_a_person_says_it_and_rounded_up(seconds: int, said: str) -> None:
    assert wait(seconds) == said


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


@every_status
@pytest.mark.parametrize("make", [full, lambda status: error_status(status).problem()])
def test_a_page_is_whole_and_loads_nothing(status: int, make: Callable[[int], Problem]) -> None:
    page = parsed(HTMLRenderer().render(make(status)))
    head, body = page.find("head"), page.find("body")
    assert head is not None
    assert body is not None
    assert page.attrib == {"lang": "en", "dir": "ltr"}
    assert text_of(head.find("title")) == f"{status} {ERRORS[status]}"
    metas = {meta.get("name"): meta.get("content") for meta in head.iter("meta")}
    assert metas["robots"] == "noindex"
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark"
    assert [text_of(each) for each in page.iter("h1")] == [ERRORS[status]]
    assert len(list(page.iter("main"))) == 1
    assert [each.tag for each in body] == ["main"], "all content is in a landmark"
    allowed = {"html", "head", "meta", "title", "style", "body", "main"}
    allowed |= {"h1", "h2", "p", "ul", "li", "a", "code", "strong"}
    assert {each.tag for each in page.iter()} <= allowed
    for element in page.iter():
        for name in element.attrib:
            assert name in {"lang", "dir", "charset", "name", "content", "class", "aria-hidden"} | (
                {"href", "type", "hreflang", "rel"} if element.tag == "a" else set()
            )


@every_status
def test_a_page_says_what_happened_and_whether_it_lasts(status: int) -> None:
    problem = error_status(status).problem()
    page = parsed(HTMLRenderer().render(problem))
    said = [text_of(each) for each in page.iter("p")]
    assert said == [str(status), str(problem.detail), str(permanence_note(problem))]
    (note,) = (each for each in page.iter("p") if "permanence" in (each.get("class") or ""))
    assert note.get("class") == f"permanence {problem.permanence}"
    assert not list(page.iter("h2"))


@every_status
def test_a_page_says_everything_that_is_known(status: int) -> None:
    page = parsed(HTMLRenderer().render(full(status)))
    assert [text_of(each) for each in page.iter("h2")] == [
        "Allowed methods",
        "Available forms",
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
    assert any(each.endswith("Try again in 90 seconds.") for each in said)
    assert said[-1] == "If you ask for help, quote this: ab-12"


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


def test_a_page_has_a_language_when_none_is_active() -> None:
    with translation.override(None):
        page = parsed(HTMLRenderer().render(full(404)))
    assert page.attrib == {"lang": "en", "dir": "ltr"}


def test_a_page_doesnt_let_anything_out_of_its_place() -> None:
    page = parsed(HTMLRenderer().render(HOSTILE, nonce=MARKUP))
    assert not list(page.iter("script"))
    assert text_of(page.find("head/title")) == f"400 {MARKUP}"
    assert text_of(page.find(".//h1")) == MARKUP
    assert [text_of(each) for each in page.iter("p")] == [
        "400",
        MARKUP,
        str(permanence_note(HOSTILE)),
        f"If you ask for help, quote this: {MARKUP}",
    ]
    assert items(page) == [MARKUP, f"{MARKUP} ({MARKUP})", MARKUP, f"{MARKUP}: {MARKUP}"]
    (link,) = page.iter("a")
    assert (link.get("type"), link.get("hreflang")) == (MARKUP, MARKUP)
    (sheet,) = page.iter("style")
    assert sheet.attrib == {"nonce": MARKUP}


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
    assert sheet.attrib == {}


def test_the_style_loads_nothing_and_has_both_schemes() -> None:
    assert not re.search(r"url\(|@import|</|expression|//", str(style()))
    assert "prefers-color-scheme:dark" in str(style())
    assert "color-scheme:light dark" in str(style())


def nonce_of(page: bytes) -> str | None:
    (sheet,) = parsed(page).iter("style")
    return sheet.get("nonce")


def render(request: HttpRequest, problem: Problem, **context: Any) -> bytes:
    return HTMLRenderer().render_request(problem, request, lambda: context)


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
        (renderers.BASE, "<main>{% block content %}{% endblock %}</main>"),
        (
            renderers.PAGE,
            "{% extends 'django_http_errors/base.html' %}{% block content %}mine{% endblock %}",
        ),
    ],
)
@pytest.mark.parametrize("status", [404, 500])
def test_the_apps_page_can_be_dressed(
    name: str, page: str, status: int, project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    project_pages({name: page})
    body = render(rf.get("/"), full(status)).decode()
    if name == renderers.BASE:
        assert body.startswith("<main><p")
        assert ERRORS[status] in body
    else:
        assert re.search(r"<main>\s*mine\s*</main>", body)
    assert body.encode() != HTMLRenderer().render(full(status))


def test_every_block_of_the_page_can_be_filled(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    names = (
        *("title", "extra_head", "content", "heading", "explanation", "actions", "request_id"),
        "footer",
    )
    for name in names:
        page = f"{{% extends '404-base.html' %}}{{% block {name} %}}-{name}-{{% endblock %}}"
        project_pages(
            {"404.html": page, "404-base.html": "{% extends 'django_http_errors/error.html' %}"}
        )
        assert f"-{name}-" in render(rf.get("/"), full(404)).decode()


def test_a_template_that_fails_raises(
    project_pages: Callable[..., None], rf: RequestFactory
) -> None:
    """It is the road's to log it, and to go on to the app's page."""
    project_pages({"404.html": "{% nonsense %}"})
    with pytest.raises(TemplateSyntaxError):
        render(rf.get("/"), full(404))


# --- The site's forms -----------------------------------------------------------------------


class CSVRenderer:
    media_type = "Text/CSV"

    def render(self, problem: Problem) -> bytes:
        return f"{problem.status}\n".encode()


class PictureRenderer(CSVRenderer):
    media_type = "image/png"

    def render_request(
        self, problem: Problem, request: HttpRequest, context: renderers.ContextMaker
    ) -> bytes | None:
        return b"png" if request.path == "/png" else None


def test_a_site_has_the_apps_forms_in_their_order() -> None:
    with override_settings(HTTP_ERRORS={}):
        assert [
            (form.media_type, form.content_type, len(form.steps)) for form in forms().values()
        ] == [
            (HTML, "text/html; charset=utf-8", 2),
            (PROBLEM, "application/problem+json", 1),
            (JSON, "application/json", 1),
            (TEXT, "text/plain; charset=utf-8", 1),
        ]
    assert list(forms()) == list(FORMS)


@every_status
def test_every_form_tells_every_problem(status: int, rf: RequestFactory) -> None:
    with override_settings(HTTP_ERRORS={}):
        for form in forms().values():
            for step in form.steps:
                body = step(full(status), rf.get("/"), dict)
                assert body is not None
                assert ERRORS[status] in body.decode()


def test_a_project_has_forms_of_its_own(rf: RequestFactory) -> None:
    paths = [f"{HERE}.CSVRenderer", f"{HERE}.PictureRenderer"]
    with override_settings(HTTP_ERRORS={"RENDERERS": paths}):
        table, picture = forms().values()
    assert (table.media_type, table.content_type) == ("text/csv", "text/csv; charset=utf-8")
    assert (picture.media_type, picture.content_type) == ("image/png", "image/png")
    (step,) = table.steps
    assert step(full(404), rf.get("/"), dict) == b"404\n"
    first, last = picture.steps
    assert first(full(404), rf.get("/png"), dict) == b"png"
    assert first(full(404), rf.get("/"), dict) is None
    assert last(full(404), rf.get("/"), dict) == b"404\n"


@pytest.mark.parametrize("path", ["no.such.Renderer", ".relative", f"{HERE}.HERE", "json.dumps"])
def test_forms_that_cant_be_made_are_logged_and_replaced(
    path: str, own_records: list[LogRecord]
) -> None:
    with override_settings(HTTP_ERRORS={"RENDERERS": [path]}):
        made = forms()
    assert list(made) == list(FORMS)
    (record,) = own_records
    assert "RENDERERS" in record.getMessage()
    assert record.exc_info


def test_forms_are_made_once() -> None:
    assert SETTINGS["RENDERERS"].default
    with override_settings(HTTP_ERRORS={"RENDERERS": [f"{HERE}.CSVRenderer"]}):
        assert forms() is forms()


def test_permanence_has_a_class_of_its_own_in_the_style() -> None:
    """Temporary and permanent are told by words, and by colour beside them."""
    for permanence in (Permanence.TEMPORARY, Permanence.PERMANENT):
        assert f".permanence.{permanence}" in str(style())


# --- What is made once -------------------------------------------------------------------------

RENDERERS = [HTMLRenderer(), JSONRenderer(), ProblemJSONRenderer(), TextRenderer()]
every_renderer = pytest.mark.parametrize("renderer", RENDERERS, ids=lambda each: each.media_type)


def said(status: int, **members: Any) -> Problem:
    """A problem as the road hands it to a renderer: its words are in a language."""
    problem = error_status(status).problem()
    words = {"title": str(problem.title), "detail": str(problem.detail), "language": "en"}
    return dataclasses.replace(problem, **{**words, **members})


@pytest.fixture
def made() -> Iterator[dict[tuple[object, ...], bytes]]:
    """What the renderers remember: nothing yet."""
    renderers._made.clear()
    yield renderers._made
    renderers._made.clear()


@every_renderer
def test_the_same_words_are_made_once(
    renderer: renderers.Renderer, made: dict[tuple[object, ...], bytes]
) -> None:
    first, second = (said(500, instance=f"/{each}/", request_id=each) for each in ("one", "two"))
    told = [renderer.render(problem).decode() for problem in (first, second)]
    assert len(made) == 1
    assert told[1] == told[0].replace("one", "two")
    assert "one" in told[0]
    made.clear()
    assert renderer.render(second).decode() == told[1], "filled in, it is what it would be alone"


@every_renderer
def test_what_is_filled_in_is_escaped(renderer: renderers.Renderer) -> None:
    """A path or an id that the road would not let through neither: it is no matter here."""
    hostile = "</p><script>\"'&\\\u2028"
    problem = said(500, instance=hostile, request_id=hostile)
    told = renderer.render(problem)
    alone = renderer.render(dataclasses.replace(problem, language=""))  # not remembered
    assert told == alone


def test_the_nonce_is_filled_in(made: dict[tuple[object, ...], bytes]) -> None:
    problem = said(500)
    first, second = (HTMLRenderer().render(problem, nonce=f"nonce-{n}").decode() for n in (1, 2))
    assert len(made) == 1
    assert first != second == first.replace("nonce-1", "nonce-2")
    assert "nonce" not in HTMLRenderer().render(problem).decode()
    assert len(made) == 2


@every_renderer
def test_what_one_has_sent_is_of_no_use_to_another(
    renderer: renderers.Renderer, made: dict[tuple[object, ...], bytes]
) -> None:
    renderer.render(said(422, errors=(InvalidPart("Not a number"),)))
    renderer.render(said(404, extensions={"own": "one"}))
    assert made == {}


@every_renderer
def test_another_problem_is_another_text(renderer: renderers.Renderer) -> None:
    others = {
        "status": 501,
        "title": "Another",
        "detail": "Another",
        "permanence": Permanence.TEMPORARY,
        "retry_after": 7,
        "allow": ("PATCH",),
        "available": (Representation("text/csv", "/csv"),),
        "accept": ("text/csv",),
        "upgrade": ("h2c",),
        "blocked_by": "https://court.example/",
        "actions": (Action("Another", "/another/"),),
        "errors": (InvalidPart("Another"),),
        "request_id": "other",
    }
    problem = said(500)
    before = renderer.render(problem)
    for member, value in others.items():
        other = dataclasses.replace(problem, **{member: value})  # type: ignore[arg-type]
        alone = renderer.render(dataclasses.replace(other, language=""))
        assert renderer.render(other) == alone, member
    assert renderer.render(problem) == before


def test_every_member_is_known_to_what_is_made_once() -> None:
    """One that is shown and not looked at would be another's."""
    unseen = {"accept_encoding", "challenges", "headers", "length"}  # in header fields alone
    filled_in = {"instance", "request_id"}
    refused = {"errors", "extensions"}
    names = {each.name for each in dataclasses.fields(Problem)}
    assert names == set(renderers.SHOWN) | unseen | filled_in | refused


@pytest.mark.parametrize("renderer", [HTMLRenderer(), TextRenderer()], ids=["html", "text"])
def test_another_language_is_another_text(renderer: renderers.Renderer) -> None:
    english = renderer.render(said(404))
    with translation.override("de"):
        assert renderer.render(said(404, language="de")) != english


def test_what_is_remembered_is_bounded(made: dict[tuple[object, ...], bytes]) -> None:
    for number in range(600):
        HTMLRenderer().render(said(404, detail=f"Number {number}"))
        assert 0 < len(made) <= renderers._MOST_MADE
    made.clear()
    HTMLRenderer().render(said(404, detail="x" * renderers._LONGEST_MADE))
    assert not made


def test_what_is_remembered_is_forgotten_when_a_setting_changes() -> None:
    """It may be another translation of the words that is to be found from now on."""
    catalogue.said(error_status(404).title, "en")
    HTMLRenderer().render(said(404))
    assert renderers._made
    assert catalogue._said
    with override_settings(LOCALE_PATHS=["/elsewhere"]):
        assert not renderers._made
        assert not catalogue._said
