"""Where a page leads on to, through the whole stack."""

from __future__ import annotations

import re
from html import unescape
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import override_script_prefix
from django.urls import include, path, re_path
from django.utils import translation

from django_http_errors.conf import LOCALE_MIDDLEWARE
from django_http_errors.core import way_on
from django_http_errors.decorators import hide_forbidden, require_acceptable, reveal
from django_http_errors.exceptions import HttpError
from django_http_errors.handlers import handler404
from django_http_errors.models import HidingRule
from django_http_errors.rules.snapshot import snapshots
from django_http_errors.test import VARIANTS, assert_indistinguishable

from ..asking import FORMS, HTML, PROBLEM, TEXT
from ..factories import ErrorMessageFactory, PermanenceRuleFactory

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def failing(request: HttpRequest, status: int) -> HttpResponse:
    raise HttpError(status=status, retry_after=int(request.GET.get("wait", 0)) or None)


@hide_forbidden
def hiding(request: HttpRequest, status: int) -> HttpResponse:
    if "shown" in request.GET:
        reveal(request)
    raise HttpError(status=status)


@require_acceptable("text/csv")
def listing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("", failing, {"status": 404}),
    path("sign-in/", lambda request: HttpResponse("who?"), name="sign-in"),
    path("<int:status>/", failing),
    path("hidden/<int:status>/", hiding),
    path("covered/<int:status>/", failing),
    # Where the second of two slashes is a part of the path.
    path("/evil.example/<int:status>/", failing),
    path("/evil.example/list/", listing),
]

LINK = re.compile(r'<li><a(?: class="(button)")? href="([^"]*)"[^>]*>([^<]*)</a></li>')
HOME, HOME_BELOW = ("Go to the home page", "/"), ("Go to the home page", "/app/")


def sign_in(way_back: str) -> tuple[str, str]:
    return "Sign in", f"/sign-in/?next={way_back}"


def ways(response: HttpResponse) -> list[tuple[str, str]]:
    """Return the labels and addresses of the page's actions, of which the first is a button."""
    page = response.content.decode()
    _, _, rest = page.partition('<ul class="actions">')
    found = [tuple(map(unescape, each)) for each in LINK.findall(rest.partition("</ul>")[0])]
    assert [kind for kind, _, _ in found] == ["button", "", ""][: len(found)]
    return [(label, href) for _, href, label in found]


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.LOGIN_URL = "sign-in"
    settings.HTTP_ERRORS = {"SITE_NAME": "Shop"}


def signed_in() -> Client:
    client = Client()
    client.force_login(User.objects.create(username="somebody"))
    return client


def test_each_status_leads_on_to_what_helps() -> None:
    strange, known = Client(), signed_in()
    for address, method, expected, expected_when_known in (
        ("/404/", "get", [HOME], [HOME]),
        ("/nowhere/", "post", [HOME], [HOME]),
        ("/", "get", [], []),
        ("/410/", "get", [HOME], [HOME]),
        ("/405/", "get", [HOME], [HOME]),
        ("/451/", "get", [HOME], [HOME]),
        ("/401/?a=1&b=%C3%A9", "get", [sign_in("/401/%3Fa%3D1%26b%3D%25C3%25A9"), HOME], None),
        ("/403/?a=1", "get", [sign_in("/403/%3Fa%3D1"), HOME], [HOME]),
        ("/403/", "post", [sign_in("/403/"), HOME], [HOME]),
        ("/429/?page=2&q=<x>", "get", [("Try again", "/429/?page=2&q=%3Cx%3E")], None),
        ("/503/", "get", [("Try again", "/503/")], None),
        ("/502/", "get", [("Try again", "/502/")], None),
        ("/504/", "get", [("Try again", "/504/")], None),
        ("/408/", "get", [("Try again", "/408/")], None),
        ("/503/", "post", [], []),
        ("/503/?wait=600", "get", [("Try again", "/503/?wait=600")], None),
        ("/503/?wait=601", "get", [HOME], None),
        ("/503/?wait=601", "post", [HOME], None),
        ("/429/?wait=86400", "get", [HOME], None),
        ("/500/", "get", [("Try again", "/500/"), HOME], None),
        ("/500/", "post", [HOME], None),
        ("/400/", "get", [HOME], None),
        ("/402/", "get", [HOME], None),
        ("/499/", "get", [HOME], None),
        ("/599/", "post", [HOME], None),
        # To send the form again, one goes back to it.
        ("/409/", "post", [], []),
        ("/413/?wait=601", "post", [], []),
        # Nobody knows what else could be asked for.
        ("/406/", "get", [HOME], [HOME]),
        ("/415/", "post", [HOME], [HOME]),
        ("/426/", "get", [HOME], [HOME]),
        ("/422/", "post", [], []),
    ):
        for client, ways_on in ((strange, expected), (known, expected_when_known)):
            for _prepared in range(2):
                response = getattr(client, method)(address, headers={"accept": HTML})
                found = ways(response)
                assert found == (expected if ways_on is None else ways_on), (address, method)


@pytest.mark.parametrize("path", ["/404/", "/429/", "/503/"])
def test_head_is_as_long_as_get(path: str) -> None:
    get, head = (
        getattr(Client(), method)(path, headers={"accept": HTML}) for method in ("get", "head")
    )
    assert get["Content-Length"] == head["Content-Length"]


def test_what_is_said_of_a_403_fits_the_button() -> None:
    asked, refused = b"You may have to sign in to see this.", b"You do not have permission"
    known = signed_in()
    for _prepared in range(2):
        for client, address, expected in (
            (Client(), "/403/", asked),
            (known, "/403/", refused),
            (Client(), "/hidden/403/?shown=1", refused),
        ):
            response = client.get(address, headers={"accept": HTML})
            assert response.status_code == 403
            page = response.content
            assert (asked in page, refused in page) == (expected == asked, expected == refused)
    part = Client().get("/403/", headers={"accept": HTML, "hx-request": "true"}).content
    assert asked in part
    # Programs and terminals have no button.
    for form in (TEXT, "application/json"):
        assert refused in Client().get("/403/", headers={"accept": form}).content
    ErrorMessageFactory(status="403", path_prefix="", title="", detail="For members.")
    snapshots.forget()
    page = Client().get("/403/", headers={"accept": HTML}).content
    assert b"For members." in page
    assert asked not in page


def test_what_the_problem_says_goes_first() -> None:
    PermanenceRuleFactory(pattern="/old/", replacement="/new/")
    ErrorMessageFactory(status="403", path_prefix="", action_label="Ask for it", action_url="/ask/")
    snapshots.forget()
    assert ways(Client().get("/old/", headers={"accept": HTML})) == [("Go to /new/", "/new/"), HOME]
    found = ways(Client().get("/403/", headers={"accept": HTML}))
    assert found == [("Ask for it", "/ask/"), sign_in("/403/"), HOME]


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("/sign-in/", [sign_in("/403/")]),
        ("/sign-in/?realm=x", [("Sign in", "/sign-in/?realm=x&next=/403/")]),
        ("/accounts/no-such-page/", []),
        ("no-such-name", []),
        ("https://id.example/?a=b", [("Sign in", "https://id.example/?a=b&next=http%3A//testserver/403/")]),
        ("javascript:alert(1)//sign-in/", []),
        ("/403/", []),
    ],
)  # fmt: skip
def test_the_login_page_is_that_of_the_settings_if_there_is_one(
    login: str, expected: list[tuple[str, str]], settings: Any
) -> None:
    settings.LOGIN_URL = login
    assert ways(Client().get("/403/", headers={"accept": HTML})) == [*expected, HOME]


def at_two_slashes(path: str, form: str = HTML, **headers: str) -> HttpResponse:
    """Return the response to a GET of ``//evil.example`` and `path`, at this site."""
    fields = {"accept": form, **{name.replace("_", "-"): each for name, each in headers.items()}}
    # The client, as a browser, would take what is behind two slashes for a host.
    return Client().get("/x?a=b", headers=fields, PATH_INFO=f"//evil.example{path}")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/503/", [("Try again", "/%2Fevil.example/503/?a=b")]),
        ("/403/", [sign_in("/%252Fevil.example/403/%3Fa%3Db"), HOME]),
        ("/404/", [HOME]),
    ],
)
def test_nothing_leads_on_to_another_site(path: str, expected: list[tuple[str, str]]) -> None:
    assert ways(at_two_slashes(path)) == expected


def test_a_login_elsewhere_leads_back_to_this_site(settings: Any) -> None:
    settings.LOGIN_URL = "https://id.example/"
    way_back = "http%3A//testserver/%252Fevil.example/403/%3Fa%3Db"
    login = ("Sign in", f"https://id.example/?next={way_back}")
    assert ways(at_two_slashes("/403/")) == [login, HOME]


def test_a_part_of_a_page_is_asked_for_again_at_this_site() -> None:
    page = at_two_slashes("/503/", hx_request="true").content.decode()
    assert 'hx-get="/%2Fevil.example/503/?a=b"' in page


def test_what_there_is_is_offered_at_this_site() -> None:
    response = at_two_slashes("/list/", PROBLEM)
    here = "/%2Fevil.example/list/?a=b"
    assert response["Link"] == f'<{here}>; rel="alternate"; type="text/csv"'
    assert [each["href"] for each in response.json()["available"]] == [here]


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


COMMON = "django.middleware.common.CommonMiddleware"
FLAT_PAGES = "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"
REDIRECTS = "django.contrib.redirects.middleware.RedirectFallbackMiddleware"
WHITENOISE = "whitenoise.middleware.WhiteNoiseMiddleware"
BELOW_LANGUAGES = i18n_patterns(path("", page))
BELOW_OTHERS = i18n_patterns(path("", page), prefix_default_language=False)
WITHOUT_HOME = i18n_patterns(path("shop/", page))


@pytest.mark.parametrize(
    ("routes", "middleware", "options", "has_home"),
    [
        ([], [], {}, False),
        ([path("api/", page)], [COMMON, "corsheaders.middleware.CorsMiddleware"], {}, False),
        ([path("", page)], [COMMON], {}, True),
        ([path("", include([path("", page)]))], [], {}, True),
        ([re_path(r"^(?!api/).*$", page)], [], {}, True),
        # What has no route may have a page all the same.
        ([], [FLAT_PAGES], {}, True),
        ([], [REDIRECTS], {}, True),
        ([], ["shop.middleware.SinglePage"], {}, True),
        ([], [WHITENOISE], {}, False),
        ([], [WHITENOISE], {"WHITENOISE_INDEX_FILE": True}, True),
        ([], [], {"handler404": page}, True),
        # LocaleMiddleware leads from there to the page for the language, if there is one.
        (BELOW_LANGUAGES, [LOCALE_MIDDLEWARE], {}, True),
        (BELOW_OTHERS, [LOCALE_MIDDLEWARE], {}, True),
        (WITHOUT_HOME, [LOCALE_MIDDLEWARE], {}, False),
        ([path("<slug:name>/", page)], [LOCALE_MIDDLEWARE], {}, False),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_there_is_a_home_page_if_something_may_answer_there(
    routes: list[Any],
    middleware: list[str],
    options: dict[str, Any],
    has_home: bool,
    language: str,
    settings: Any,
) -> None:
    urlconf = ModuleType("urlconf")
    vars(urlconf).update({"urlpatterns": routes, "handler404": handler404, **options})
    settings.MIDDLEWARE, settings.ROOT_URLCONF = middleware, urlconf
    settings.WHITENOISE_INDEX_FILE = options.get("WHITENOISE_INDEX_FILE", False)
    with translation.override(language):
        assert way_on.has_home(RequestFactory().get("/no/where/"), language) is has_home
        assert not way_on.has_home(RequestFactory().get("/"), language)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_nobody_is_sent_to_a_home_page_that_isnt_there(
    form: str, language: str, settings: Any
) -> None:
    """Nor to the one that was asked for; where there is one, everybody is."""
    home = {"en": "home page", "de": "Startseite"}[language]
    asking = {"accept": form, "accept-language": language}
    for path_, has_home in (("/404/", True), ("/", False)):
        page_ = Client().get(path_, headers=asking).content.decode()
        assert (home in page_) == has_home
    settings.ROOT_URLCONF = (urlconf := ModuleType("urlconf"))
    vars(urlconf).update(urlpatterns=[path("<int:status>/", failing)])
    for path_ in ("/404/", "/nowhere/"):
        page_ = Client().get(path_, headers=asking).content.decode()
        assert home not in page_
        assert "404" in page_


def test_the_home_page_is_looked_for_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """To find a route takes longer than the rest of the answer."""
    asked: list[str] = []
    monkeypatch.setattr(way_on, "resolve", lambda address, urlconf: asked.append(address))
    settings.ROOT_URLCONF = settings.ROOT_URLCONF  # So nothing is remembered.
    for number in range(3):
        Client().get(f"/nowhere/{number}/")
    assert asked == ["/"]


def test_a_site_below_a_prefix_has_its_home_there(settings: Any) -> None:
    settings.FORCE_SCRIPT_NAME = "/app"
    with override_script_prefix("/app/"):  # which a server's handler sets
        found = ways(Client().get("/403/", headers={"accept": HTML}))
    assert found == [("Sign in", "/app/sign-in/?next=/app/403/"), HOME_BELOW]


def test_nobody_is_asked_to_sign_in_where_something_is_hidden() -> None:
    HidingRule.objects.create(kind="prefix", pattern="/covered/", exempt="staff")
    snapshots.forget()
    client = signed_in()
    staff = Client()
    staff.force_login(User.objects.create(username="boss", is_staff=True))
    for who in (Client(), client):
        for address in ("/hidden/403/", "/hidden/404/", "/covered/403/", "/covered/404/"):
            assert ways(who.get(address, headers={"accept": HTML})) == [HOME], address
    # Those who are told the real status aren't either.
    for who, address in ((Client(), "/hidden/401/?shown=1"), (staff, "/covered/401/")):
        response = who.get(address, headers={"accept": HTML})
        assert response.status_code == 401
        assert ways(response) == [HOME], address
    some: Any = {"methods": ["GET", "POST"], "accepts": [HTML, TEXT], "variants": VARIANTS[:1]}
    assert_indistinguishable(Client(), "/hidden/403/", "/hidden/404/", **some)
    assert_indistinguishable(client, "/covered/403/", "/covered/404/", **some)


@pytest.mark.parametrize("is_localised", [True, False])
def test_a_page_that_depends_on_who_asks_says_so(is_localised: bool, settings: Any) -> None:
    """Whatever the client: a cache that has the JSON in store would send it to all others."""
    if not is_localised:
        settings.MIDDLEWARE = [
            each for each in django_settings.MIDDLEWARE if each != LOCALE_MIDDLEWARE
        ]
    settings.HTTP_ERRORS = {"CACHE_CONTROL": {"4xx": "max-age=60"}}
    for form in FORMS:
        response = Client().get("/403/", headers={"accept": form})
        assert "Cookie" in response["Vary"].split(", ")
        assert ("private" in response["Cache-Control"]) == (form == HTML)
        response = Client().get("/404/", headers={"accept": form})
        assert ("Cookie" in response["Vary"].split(", ")) == is_localised
        assert response["Cache-Control"] == "max-age=60"


def test_without_a_login_page_nobody_is_asked_who_they_are(settings: Any) -> None:
    """It would be a query or two for nothing, and keep the page from being stored."""
    settings.LOGIN_URL = "no-such-name"
    settings.HTTP_ERRORS = {"CACHE_CONTROL": {"4xx": "max-age=60"}}
    for client in (Client(), signed_in()):
        response = client.get("/403/", headers={"accept": HTML})
        assert response["Cache-Control"] == "max-age=60"
        assert not response.wsgi_request.session.accessed


def test_a_template_of_the_projects_has_the_same(project_pages: Any) -> None:
    page = "{% for each in actions %}{{ each.label }} {{ each.href }};{% endfor %}"
    page += "{{ home_url }}|{{ sign_in_url }}|{{ try_again_url }}|{{ site_name }}{{ colon }}"
    constant = "constant"
    project_pages({"403.html": page, "429.html": page, "401.html": constant})
    found = Client().get("/403/", headers={"accept": HTML})
    signing_in = "/sign-in/?next=/403/"
    assert found.content.decode() == (
        f"Sign in {signing_in};Go to the home page /;/|{signing_in}||Shop: "
    )
    assert Client().get("/429/", headers={"accept": HTML}).content == (
        b"Try again /429/;/||/429/|Shop: "
    )


def test_only_a_template_that_asks_who_it_is_is_for_one_visitor(
    project_pages: Any, settings: Any
) -> None:
    settings.HTTP_ERRORS = {"CACHE_CONTROL": {"4xx": "max-age=60"}}
    for page, is_private in (("constant", False), ("{{ sign_in_url }}", True)):
        project_pages({"403.html": page})
        response = Client().get("/403/", headers={"accept": HTML})
        assert ("private" in response["Cache-Control"]) == is_private


def test_a_user_that_cant_be_found_out_costs_the_link_alone(
    monkeypatch: pytest.MonkeyPatch, own_records: list
) -> None:
    def broken(request: HttpRequest) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", broken)
    response = Client().get("/403/", headers={"accept": HTML})
    assert response.status_code == 403
    assert ways(response) == [HOME]
    assert [each.levelname for each in own_records] == ["WARNING"]


def test_what_leads_on_costs_nobody_the_page(
    monkeypatch: pytest.MonkeyPatch, own_records: list
) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("django_http_errors.core.pipeline.way_on", broken)
    response = Client().get("/404/", headers={"accept": HTML})
    assert b"<h1>Page not found</h1>" in response.content
    assert ways(response) == []
    assert len(own_records) == 1


def test_a_form_that_fails_the_csrf_check_is_to_be_sent_again(client: Client) -> None:
    """It is no matter of a permission, and lasts as long as the page isn't loaded again."""
    client = Client(enforce_csrf_checks=True)
    page = client.post("/404/", headers={"accept": HTML})
    assert b"<h1>This form could not be sent</h1>" in page.content
    assert ways(page) == []
    members = client.post("/404/", headers={"accept": "application/json"}).json()
    assert (members["title"], members["permanence"]) == ("Forbidden", "unknown")
    assert members["code"] == "csrf_failed"


def test_the_page_has_the_name_of_the_site(settings: Any) -> None:
    settings.HTTP_ERRORS = {"SITE_NAME": "<Shop>"}
    page = Client().get("/404/", headers={"accept": HTML}).content.decode()
    assert "<title>Page not found (404) \N{EN DASH} &lt;Shop&gt;</title>" in page
    assert '<header><a href="/"><bdi>&lt;Shop&gt;</bdi></a></header>' in page
    page = Client().get("/", headers={"accept": HTML}).content.decode()
    assert "<header><bdi>&lt;Shop&gt;</bdi></header>" in page


def named(request: HttpRequest) -> dict[str, str]:
    return {"site_name": "The shop"}


@pytest.mark.parametrize(("setting", "shown"), [({}, "The shop"), ({"SITE_NAME": "Own"}, "Own")])
def test_a_name_that_the_project_gives_its_templates_is_kept(
    settings: Any, project_pages: Any, setting: dict[str, str], shown: str
) -> None:
    settings.HTTP_ERRORS = setting
    project_pages({"404.html": "{{ site_name }}"}, f"{__name__}.named")
    assert Client().get("/nowhere/", headers={"accept": HTML}).content.decode() == shown
