"""Faults of the project's own code: the visitor gets an answer all the same, with its status.

One that a step of the pipeline meets is one record; what is in `test_pipeline` isn't here again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import polib
import pytest
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils.functional import lazy

from django_http_errors import exceptions, views
from django_http_errors.decorators import hide_forbidden, reveal
from django_http_errors.handlers import handler400, handler403, handler404, handler500
from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule, edited
from django_http_errors.problems import Problem
from django_http_errors.signals import forbidden_hidden

from ..asking import FORMS, HTML, JSON, MIDDLEWARE, TEXT, Site
from ..views import patterns
from ..wellformed import check_content, check_fields

HERE = __name__
LOCALE = "django.middleware.locale.LocaleMiddleware"

pytestmark = pytest.mark.urls(__name__)

every_form = pytest.mark.parametrize("form", FORMS)


def explode(*args: object, **kwargs: object) -> Any:
    raise RuntimeError("secret")


# A text that is translated when it is shown, by something that fails then.
UNREADABLE_TEXT: Any = lazy(explode, str)()


def check(response: HttpResponse, status: int, form: str | None = None) -> None:
    """Check that `response` is whole, and shows nothing of the fault."""
    assert response.status_code == status
    check_fields(response.items(), response.content)
    found = check_content(status, response["Content-Type"], response.content)
    assert form in (found, None)
    assert b"secret" not in response.content


# Views


def giving(problem: Any) -> Any:
    """Return a view for 410 whose `get_problem` returns `problem`."""
    return type("Giving", (views.GoneView,), {"get_problem": lambda self: problem}).as_view()


def with_context(context: Any) -> Any:
    attributes = {"get_context_data": lambda self, **kwargs: context}
    return type("WithContext", (views.GoneView,), attributes).as_view()


def words(status: Any, **members: Any) -> Problem:
    return Problem(status=status, title="Title", **{"detail": "Detail", **members})


# Each is no problem of an error: the default problem of the view's status is sent.
NO_PROBLEMS: dict[str, Any] = {
    "nothing": None,
    "dict": {"status": 410},
    "response": HttpResponse(status=410),
    "class": Problem,
    "success": words(200),
    "redirect": words(302),
    "beyond": words(600),
    "absurd": words(10**6),
    "text": words("410"),
    "string": "There is nothing here.",
    "status": 410,
    "none": words(None),
}

# Attributes with which a view can't make one, and the status that is sent then.
ATTRIBUTES: dict[str, tuple[dict[str, Any], int]] = {
    "no-error": ({"status": 200}, 500),
    "no-status": ({"status": "404"}, 500),
    "no-permanence": ({"status": 410, "permanence": "forever"}, 410),
    "no-time": ({"status": 503, "retry_after": "soon"}, 503),
}


class BrokenException(exceptions.Conflict):
    """Its own __init__ fails where it is built anew, and it has no problem."""

    def __init__(self) -> None:
        pass


class Unreadable(exceptions.Conflict):
    problem = property(explode)  # type: ignore[assignment]

    def __init__(self) -> None:
        pass


def raising(make: Callable[[], BaseException]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise make()

    return view


# What an exception can be given that can't be written, and the status that it stands for.
ILL_TYPED: dict[str, tuple[Callable[[], BaseException], int]] = {
    "detail": (lambda: exceptions.Conflict(UNREADABLE_TEXT), 409),
    "extension": (lambda: exceptions.Conflict(extensions={"clash": UNREADABLE_TEXT}), 409),
    "errors": (lambda: exceptions.UnprocessableContent(errors=[UNREADABLE_TEXT]), 422),
    "allow": (lambda: exceptions.MethodNotAllowed(allow=[5]), 405),
    "challenges": (lambda: exceptions.Unauthorized(challenges=[None]), 401),
    "accept": (lambda: exceptions.UnsupportedMediaType(accept=[b"text/plain"]), 415),
    "upgrade": (lambda: exceptions.UpgradeRequired(upgrade=[1]), 426),
    "blocked_by": (lambda: exceptions.UnavailableForLegalReasons(blocked_by=1), 451),
    "type": (lambda: exceptions.Conflict(type=5), 409),
    "headers": (lambda: exceptions.Conflict(headers={"X-Own": 5, 5: "b"}), 409),
    "headers-none": (lambda: exceptions.Conflict(headers={"X-Own": None}), 409),
    "no-init": (BrokenException, 409),
}

urlpatterns = [
    *patterns(),
    *(path(f"gives-{name}/", giving(problem)) for name, problem in NO_PROBLEMS.items()),
    *(
        path(f"has-{name}/", views.ErrorView.as_view(**given))
        for name, (given, _) in ATTRIBUTES.items()
    ),
    *(
        path(f"context-{name}/", with_context(value))
        for name, value in {"none": None, "list": [1], "number": 5}.items()
    ),
    *(path(f"raises-{name}/", raising(make)) for name, (make, _) in ILL_TYPED.items()),
    path("unreadable/", raising(Unreadable)),
]


@every_form
@pytest.mark.parametrize("name", NO_PROBLEMS)
def test_a_view_that_gives_no_problem(site: Site, name: str, form: str, own_records: list) -> None:
    response = site.ask(f"/gives-{name}/", form)
    check(response, 410, form)
    assert [record.getMessage() for record in own_records] == ["Giving.get_problem() failed"]


@every_form
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_that_make_no_problem(
    site: Site, name: str, form: str, own_records: list, signals: list
) -> None:
    check(site.ask(f"/has-{name}/", form), ATTRIBUTES[name][1], form)
    assert len(own_records) == 1
    assert signals == []


HANDLERS = {each.__name__: each for each in (handler400, handler403, handler404, handler500)}


class Urls:
    """A URLconf with handlers of the project's own, or the app's."""

    def __init__(self, **handlers: Any) -> None:
        self.urlpatterns = patterns()
        vars(self).update(HANDLERS | handlers)


class GivesNothing(views.ErrorView):
    def get_problem(self) -> Any:
        return None


@every_form
@pytest.mark.parametrize("middleware", [[MIDDLEWARE], []])
@pytest.mark.parametrize(
    ("name", "status"),
    [("bad-request", 400), ("permission-denied", 403), ("http404", 404), ("crash", 500)],
)
def test_handlers_that_give_no_problem(
    site: Site,
    name: str,
    status: int,
    middleware: list[str],
    form: str,
    own_records: list,
    settings: Any,
) -> None:
    """What escaped from `handler500` would leave the visitor without an answer."""
    settings.MIDDLEWARE = middleware
    settings.ROOT_URLCONF = Urls(
        **{f"handler{each}": GivesNothing.as_view(status=each) for each in (400, 403, 404, 500)}
    )
    check(site.get(name, form), status, form)
    assert len(own_records) == 1


@pytest.mark.parametrize("name", ["none", "list", "number"])
def test_a_context_that_is_none(site: Site, name: str, project_pages, own_records: list) -> None:
    """Only the page of the project wants it."""
    project_pages({"410.html": "own"})
    for form in FORMS:
        check(site.ask(f"/context-{name}/", form), 410, form)
    assert len(own_records) == 1


@every_form
@pytest.mark.parametrize("name", ILL_TYPED)
def test_an_exception_that_was_given_nonsense(
    site: Site, name: str, form: str, own_records: list, records: list, signals: list
) -> None:
    """It may cost the client its form, but not the status."""
    status = ILL_TYPED[name][1]
    check(site.ask(f"/raises-{name}/", form), status)
    assert all(record.exc_info or "can't be sent" in record.getMessage() for record in own_records)
    assert [record.status_code for record in records] == [status]
    # That of what could not be rendered, and none of the exception that is answered.
    assert {str(each) for each in signals} <= {"secret"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: exceptions.RangeNotSatisfiable(length="all"),
        lambda: exceptions.ServiceUnavailable(retry_after="soon"),
        lambda: exceptions.Conflict(permanence="for ever"),
        lambda: exceptions.HttpError(status=200),
    ],
)
def test_what_can_mean_nothing_is_refused_where_it_is_written(make: Callable[[], Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        make()


def test_an_exception_that_cannot_be_read_is_a_crash(
    site: Site, signals: list, records: list
) -> None:
    check(site.ask("/unreadable/", JSON), 500, JSON)
    assert len(signals) == len(records) == 1


# Templates and context processors

FAILING_PAGES = {
    "tag": "{% unknown_tag %}",
    "unclosed": "{% if problem %}",
    "include": "{% include 'missing.html' %}",
    "base": "{% extends 'missing.html' %}",
    "library": "{% load missing_library %}",
    "itself": "{% include '$page' %}",
}
STATUSES = {"bad-request": 400, "bare-405": 405, "gone": 410, "nowhere": 404, "crash": 500}


PAGES = ["{status}.html", "{kind}xx.html", "django_http_errors/base.html"]


@pytest.mark.parametrize(
    ("fault", "name", "page"),
    # Each fault in each page, of statuses that take turns.
    [(*each, page) for page in PAGES for each in zip(FAILING_PAGES, cycle(STATUSES), strict=False)],
)
def test_a_page_that_fails(
    site: Site, project_pages, fault: str, name: str, page: str, own_records: list
) -> None:
    """It is the app's page then; the other forms have nothing to do with it."""
    status = STATUSES[name]
    page = page.format(status=status, kind=status // 100)
    project_pages({page: FAILING_PAGES[fault].replace("$page", page)})
    for form in FORMS:
        check(site.get(name, form), status, form)
    assert len(own_records) == 1


@pytest.mark.parametrize("value", ["\ud800", UNREADABLE_TEXT], ids=["surrogate", "unreadable"])
def test_a_value_that_a_page_cannot_show(
    site: Site, project_pages, value: Any, own_records: list, settings: Any
) -> None:
    project_pages({"410.html": "{{ value }}"})
    settings.ROOT_URLCONF = Urls()
    settings.ROOT_URLCONF.urlpatterns.append(path("shows/", with_context({"value": value})))
    for form in FORMS:
        check(site.ask("/shows/", form), 410, form)
    assert len(own_records) == 1


def nothing(request: HttpRequest) -> None:
    """A context processor that forgot to return anything."""


@pytest.mark.parametrize("processor", ["nothing", "explode", "no_such_processor"])
@pytest.mark.parametrize("name", ["gone", "nowhere"])
def test_a_context_processor_that_fails(
    site: Site, project_pages, processor: str, name: str, own_records: list
) -> None:
    project_pages({"4xx.html": "own"}, f"{HERE}.{processor}")
    check(site.get(name, HTML), STATUSES[name], HTML)
    assert len(own_records) == 1


@pytest.mark.parametrize(
    "templates",
    [
        [{"BACKEND": "no.such.Backend"}],
        [{}],
        [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"nonsense": 1},
            }
        ],
    ],
)
@pytest.mark.parametrize("name", STATUSES)
def test_templates_that_are_set_up_wrongly(
    site: Site, templates: Any, name: str, settings: Any, own_records: list
) -> None:
    settings.TEMPLATES = templates
    check(site.get(name, HTML), STATUSES[name], HTML)
    assert len(own_records) == 1


# Renderers


class OwnRenderer:
    """One of the project's; `returned` is what it returns."""

    media_type = TEXT
    returned: Any = None

    def render(self, problem: Problem) -> Any:
        return self.returned


def renderer(name: str, **attributes: Any) -> str:
    """Make a renderer with `attributes`, and return its path."""
    globals()[name] = type(name, (OwnRenderer,), attributes)
    return f"{HERE}.{name}"


NO_BYTES: dict[str, Any] = {
    "nothing": None,
    "text": "Grüße",
    "number": 5,
    "dict": {"a": 1},
    "list": [b"a", b"b"],
    "iterator": iter([b"a"]),
    "response": HttpResponse(b"a"),
}
RETURNING = {
    form: {
        name: renderer(f"Returning{n}{kind}", media_type=form, returned=value)
        for n, (name, value) in enumerate(NO_BYTES.items())
    }
    for kind, form in enumerate(FORMS)
}


@every_form
@pytest.mark.parametrize("returned", NO_BYTES)
@pytest.mark.parametrize("name", STATUSES)
def test_a_renderer_that_returns_no_bytes(
    site: Site, name: str, returned: str, form: str, own_records: list, settings: Any
) -> None:
    settings.HTTP_ERRORS = {"RENDERERS": [RETURNING[form][returned]]}
    check(site.get(name, form), STATUSES[name], form)
    assert len(own_records) == 1
    assert "could not be rendered" in own_records[0].getMessage()


@pytest.mark.parametrize(
    "returned", [b"410 own\n", bytearray(b"410 own\n"), memoryview(b"410 own\n")]
)
def test_bytes_of_any_kind_are_bytes(site: Site, returned: Any, settings: Any) -> None:
    settings.HTTP_ERRORS = {"RENDERERS": [renderer("Bytes", returned=returned)]}
    response = site.get("gone", TEXT)
    check(response, 410, TEXT)
    assert response.content == b"410 own\n"


class WithRequest(OwnRenderer):
    """Has something to say of the request, which fails; what it says without it is right."""

    def render(self, problem: Problem) -> bytes:
        return f"{problem.status} own\n".encode()

    def render_request(self, problem: Problem, request: HttpRequest, context: Any) -> Any:
        return explode() if self.returned == "raised" else self.returned


@pytest.mark.parametrize("returned", [None, "text", 5, "raised"])
def test_the_second_step_is_for_the_first_that_fails(
    site: Site, returned: Any, own_records: list, settings: Any
) -> None:
    """None says that there is no answer of its own, and is no failure."""
    WithRequest.returned = returned
    settings.HTTP_ERRORS = {"RENDERERS": [f"{HERE}.WithRequest"]}
    response = site.get("gone", TEXT)
    assert response.content == b"410 own\n"
    check(response, 410, TEXT)
    assert len(own_records) == (returned is not None)


UNUSABLE = {
    "missing": renderer("Missing", media_type=property(lambda self: self.no_such_thing)),
    "raising": renderer("Raising", media_type=property(explode)),
    "none": renderer("NoType", media_type=None),
    "number": renderer("Number", media_type=5),
    "bytes": renderer("OfBytes", media_type=b"text/plain"),
    "empty": renderer("Empty", media_type=""),
    "no-slash": renderer("NoSlash", media_type="html"),
    "range": renderer("Range", media_type="text/*"),
    "charset": renderer("Charset", media_type="text/html; charset=utf-8"),
    "newline": renderer("Newline", media_type="text/html\r\nSet-Cookie: a=b"),
    "space": renderer("Space", media_type=" text/html"),
    "no-latin": renderer("NoLatin", media_type="text/häßlich"),
}


@every_form
@pytest.mark.parametrize("fault", UNUSABLE)
def test_a_renderer_without_a_media_type(
    site: Site, fault: str, form: str, own_records: list, settings: Any
) -> None:
    """The app's own renderers are used then."""
    settings.HTTP_ERRORS = {"RENDERERS": [UNUSABLE[fault]]}
    check(site.get("gone", form), 410, form)
    assert len(own_records) == 1
    assert "RENDERERS" in own_records[0].getMessage()


# Receivers of signals


@pytest.fixture
def receiving() -> Iterator[Callable[..., None]]:
    """Connect receivers for as long as the test takes."""
    connected = []

    def connect(signal: Any, receiver: Any) -> None:
        signal.connect(receiver)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


def outcome(act: Callable[[], HttpResponse]) -> Any:
    """Return the status of what `act` returns, or the kind of what it raises."""
    try:
        return act().status_code
    except Exception as error:  # noqa: BLE001
        return type(error)


def test_a_receiver_of_djangos_signal_that_fails_is_djangos_matter(
    site: Site, receiving, records: list, settings: Any
) -> None:
    """Django lets it through to the server; with the app that is neither better nor worse."""
    receiving(got_request_exception, explode)
    seen = []
    for urlconf, middleware in (("tests.plain_urls", []), (HERE, [MIDDLEWARE])):
        settings.ROOT_URLCONF, settings.MIDDLEWARE = urlconf, middleware
        records.clear()
        found = outcome(lambda: site.get("crash", JSON))
        seen.append((found, [record.getMessage() for record in records]))
    assert seen[0] == seen[1]


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_keeps_no_edit_from_being_known(site: Site, receiving) -> None:
    """Who has saved it hears of the receiver, as with every signal of Django's."""
    assert site.get("nowhere", JSON).status_code == 404
    receiving(edited, explode)
    with pytest.raises(RuntimeError):
        PermanenceRule.objects.create(pattern=site.path("nowhere"))
    assert site.get("nowhere", JSON).status_code == 410


# Rows that nobody has validated

STRAYS = "{nonsense} { } {0} {} {path.__class__} {path!r} {path:>99999} %(path)s %s {{ path }}"


@every_form
@pytest.mark.django_db
@pytest.mark.parametrize("status", [404, 410])
def test_words_with_placeholders_that_are_none(
    site: Site, form: str, status: int, own_records: list
) -> None:
    """They are shown as they were written; `test_nothing_else_is` has them one by one."""
    if status == 410:
        PermanenceRule.objects.create(pattern=site.path("nowhere"), reason=STRAYS)
    else:
        ErrorMessage.objects.create(status="404", title=STRAYS, detail=STRAYS)
    response = site.get("nowhere", form)
    check(response, status, form)
    assert response.problem.detail == STRAYS
    assert own_records == []


# Translations


@pytest.fixture
def translations(tmp_path: Path, settings: Any) -> Callable[..., None]:
    """Give the project translations into a language that the app has none for."""

    def install(messages: dict[str, Any] | bytes) -> None:
        directory = tmp_path / "eo" / "LC_MESSAGES"
        directory.mkdir(parents=True)
        if isinstance(messages, bytes):
            (directory / "django.mo").write_bytes(messages)
        else:
            compiled = polib.POFile(check_for_duplicates=False)
            compiled.metadata = {
                "Content-Type": "text/plain; charset=utf-8",
                "Plural-Forms": "nplurals=2; plural=(n != 1);",
            }
            for text, translated in messages.items():
                plural = isinstance(translated, tuple)
                compiled.append(
                    polib.POEntry(
                        msgctxt="http error",
                        msgid=text,
                        msgid_plural=translated[0] if plural else "",
                        msgstr="" if plural else translated,
                        msgstr_plural=dict(enumerate(translated[1:])) if plural else {},
                    )
                )
            compiled.save_as_mofile(str(directory / "django.mo"))
        settings.LOCALE_PATHS = [tmp_path]

    settings.LANGUAGES = [("en", "English"), ("eo", "Esperanto")]
    settings.MIDDLEWARE = [MIDDLEWARE, LOCALE]
    return install


def test_a_language_without_translations(site: Site, translations, own_records: list) -> None:
    for form in FORMS:
        response = site.get("unavailable", form, accept_language="eo")
        check(response, 503, form)
        assert response["Content-Language"] == "en"
        said = "Not available at the moment" if form == HTML else "Service Unavailable"
        assert said in response.content.decode()
    assert own_records == []


OTHER_PLACEHOLDERS = {
    "Try again in a little while.": "%(tempo)s",
    "%(label)s: %(value)s": "%(nomo)s: %(numero)d",
    "If you ask for help, quote this id:": "<code>%(numero)d</code>",
    "Service Unavailable": "Ne %s disponebla %(kial)s {path} %",
}


@every_form
def test_translations_whose_placeholders_differ(
    site: Site, translations, form: str, own_records: list
) -> None:
    translations(OTHER_PLACEHOLDERS)
    response = site.get("unavailable", form, accept_language="eo")
    check(response, 503, form)
    assert len(own_records) == (form in (HTML, TEXT))


@every_form
def test_translations_whose_plurals_differ(
    site: Site, translations, form: str, own_records: list
) -> None:
    translations(
        {
            "You can try again in %(n)d second.": (
                "You can try again in %(n)d seconds.",
                "Provu post %(kiom)d sekundo.",
                "Provu post %(kiom)d sekundoj.",
            )
        }
    )
    check(site.get("unavailable", form, accept_language="eo"), 503, form)
    assert len(own_records) <= 2


@every_form
@pytest.mark.parametrize("name", ["ok", "gone", "crash"])
def test_translations_that_are_none(
    site: Site, translations, form: str, name: str, own_records: list
) -> None:
    """Django can't speak the language then, and every request that asks for it is a crash."""
    translations(b"garbage")
    check(site.get(name, form, accept_language="eo"), 500)
    assert own_records
    check(site.get("gone", form, accept_language="en"), 410, form)


# Settings


@every_form
@pytest.mark.parametrize(
    "header",
    [None, 5, b"X-Own", [], "", " ", "X Own", "X-Own:", "X-Own\r\n", "日本", "ß", "\0", "Cookie"],
)
def test_a_header_for_ids_that_is_none(
    site: Site, header: Any, form: str, own_records: list, settings: Any
) -> None:
    settings.HTTP_ERRORS = {"REQUEST_ID_HEADER": header}
    for name, status in (("gone", 410), ("crash", 500)):
        response = site.get(name, form, cookie="a=b; c=d", x_request_id="5")
        check(response, status, form)
        # What is no name of a header is replaced by the default, whose header came in.
        assert bool(response.problem.request_id) == (status == 500 or header not in ("", "Cookie"))
    assert own_records == []


# Who asks


class SessionStore:
    """What SESSION_ENGINE calls by this name; its database is away."""

    accessed = modified = False

    def __init__(self, session_key: str | None = None) -> None:
        self.session_key = session_key

    def is_empty(self) -> bool:
        return True

    __getitem__ = __contains__ = get = aget = explode


SESSIONS = [
    MIDDLEWARE,
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


def greeting(request: HttpRequest) -> dict[str, Any]:
    """What a context processor of the project's does: it greets the visitor."""
    return {"name": str(request.user)}


@pytest.mark.parametrize("name", ["gone", "nowhere", "bare-405"])
def test_a_page_for_a_visitor_who_cannot_be_known(
    site: Site, name: str, project_pages, own_records: list, settings: Any
) -> None:
    settings.MIDDLEWARE, settings.SESSION_ENGINE = SESSIONS, HERE
    project_pages({"4xx.html": "Hello {{ name }}"}, f"{HERE}.greeting")
    for form in FORMS:
        check(site.get(name, form), STATUSES[name], form)
    assert len(own_records) == 1


@every_form
@pytest.mark.django_db
@pytest.mark.parametrize("exempt", HidingRule.Exempt.values)
def test_nobody_is_exempt_who_cannot_be_known(
    site: Site, form: str, exempt: str, own_records: list, settings: Any
) -> None:
    """Two questions, and an answer to neither: is it someone exempt, and, for the log, who."""
    HidingRule.objects.create(kind="prefix", pattern=site.path("permission-denied"), exempt=exempt)
    settings.MIDDLEWARE, settings.SESSION_ENGINE = SESSIONS, HERE
    check(site.get("permission-denied", form), 404, form)
    failures = [record.getMessage() for record in own_records if record.exc_info]
    assert failures == [
        *(["Who is exempt from hiding could not be found out"] if exempt != "nobody" else []),
        "Who makes a request could not be found out",
    ]
    assert len(own_records) == len(failures) + 1


# What is hidden


class Stuck:
    """A file that can't be closed."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    close = explode


def stuck(request: HttpRequest, *, secret: bool) -> HttpResponseBase:
    if not secret:
        reveal(request)
    elif request.method == "GET":
        raise PermissionDenied
    status = 200 if request.method == "GET" else 409
    return StreamingHttpResponse(Stuck(), status=status)


async def astuck(request: HttpRequest, *, secret: bool) -> HttpResponseBase:
    return stuck(request, secret=secret)


@pytest.mark.parametrize(("secret", "status"), [(True, 404), (False, 409)])
def test_what_cannot_be_closed_is_no_crash(
    site: Site, secret: bool, status: int, signals: list, settings: Any
) -> None:
    """A crash would tell that there is something. Django lets it pass in silence as well."""
    settings.ROOT_URLCONF = Urls()
    view = hide_forbidden(astuck if site.is_async else stuck)
    settings.ROOT_URLCONF.urlpatterns.append(path("stuck/", view, {"secret": secret}))
    assert site.ask("/stuck/", JSON, "POST").status_code == status
    assert signals == []


@every_form
def test_a_receiver_that_fails_keeps_nothing_from_being_hidden(
    site: Site, form: str, receiving, own_records: list, settings: Any
) -> None:
    told: list[int] = []

    def tell(sender: object, status: int, **facts: object) -> None:
        told.append(status)

    receiving(forbidden_hidden, explode)
    receiving(forbidden_hidden, tell)
    settings.ROOT_URLCONF = Urls()
    denied = hide_forbidden(raising(lambda: PermissionDenied("secret")))
    settings.ROOT_URLCONF.urlpatterns.append(path("denied/", denied))
    check(site.ask("/denied/", form), 404, form)
    assert told == [403]
    assert len([record for record in own_records if record.exc_info]) == 1
