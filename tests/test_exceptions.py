"""One exception a status, and what any exception stands for."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from logging import LogRecord
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import exceptions as django_exceptions
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.test import Client, override_settings
from django.urls import Resolver404, path
from django.utils import timezone, translation
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy

from django_http_errors import exceptions
from django_http_errors.core.exception_mapping import (
    is_client_error,
    problem_for,
    registered_problem,
)
from django_http_errors.core.statuses import STATUSES, error_status
from django_http_errors.core.times import seconds_until
from django_http_errors.exceptions import (
    EXCEPTIONS,
    Forbidden,
    Gone,
    HttpError,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from django_http_errors.problems import InvalidPart, Permanence, Problem, Representation

from .asking import MIDDLEWARE
from .iana import ERRORS, UNREGISTERED

every_status = pytest.mark.parametrize("status", ERRORS)
every_class = pytest.mark.parametrize("kind", [HttpError, *EXCEPTIONS.values()])

HERE = __name__
TEN_YEARS = 10 * 365 * 24 * 3600


class OutOfStock(Exception):
    """An exception of the project's."""


class OutOfPaint(OutOfStock):
    """One that has only its base's registration."""


class Rationed(NotFound):
    """A problem type of the project's."""

    type = "https://example.com/rationed"
    title = "Rationed"
    detail = "Come back with a coupon."
    permanence = "permanent"
    code = "rationed"


@dataclass(frozen=True)
class Frozen(OutOfStock):
    """One whose attributes can't be set, and that is equal to others."""

    article: list[str]


class Unprepared(NotFound):
    """One that forgets to call its base's `__init__`, as one may for Http404."""

    def __init__(self, article: str) -> None:
        self.article = article


class Prepared(NotFound):
    """One with an `__init__` of its own."""

    def __init__(self, article: str) -> None:
        super().__init__(f"No {article} today.")
        self.article = article


# --- The classes ----------------------------------------------------------------------------


def test_there_is_a_class_for_each_row_of_the_table_and_nothing_more() -> None:
    found = {
        name: kind.status
        for name, kind in vars(exceptions).items()
        if isinstance(kind, type) and issubclass(kind, HttpError) and kind is not HttpError
    }
    assert found == {row.name: code for code, row in STATUSES.items()}
    assert list(EXCEPTIONS) == list(found.values()) == sorted(STATUSES)
    assert [kind.__name__ for kind in EXCEPTIONS.values()] == list(found)
    assert sorted(exceptions.__all__) == sorted([*found, "EXCEPTIONS", "HttpError"])


@every_status
def test_a_class_says_which_status_it_is_for_and_where_that_is_defined(status: int) -> None:
    title, _, rest = (EXCEPTIONS[status].__doc__ or "").partition(" (RFC ")
    assert title == f"{status} {ERRORS[status]}"
    assert rest.partition(").")[0].split(", section ")[0].isdigit()


@every_status
def test_an_exception_is_named_as_its_status_is(status: int) -> None:
    kind = EXCEPTIONS[status]
    assert kind.__name__ == kind.__qualname__ == ERRORS[status].replace(" ", "")
    assert kind.__module__ == "django_http_errors.exceptions"


@every_class
def test_an_exception_is_caught_for_no_status_that_it_isnt(kind: type[HttpError]) -> None:
    """Frameworks answer every Http404 as a 404 and every PermissionDenied as a 403.

    A BadRequest is left to Django by all of them, and Django doesn't take it for a crash.
    """
    assert issubclass(kind, django_exceptions.BadRequest)
    assert issubclass(kind, Http404) is (kind is NotFound)
    assert issubclass(kind, django_exceptions.PermissionDenied) is (kind is Forbidden)
    assert not issubclass(kind, django_exceptions.SuspiciousOperation)


def test_gone_is_not_caught_as_a_404_nor_unauthorized_as_a_403() -> None:
    assert not isinstance(Gone(), Http404)
    assert not isinstance(Unauthorized(), django_exceptions.PermissionDenied)


@every_status
def test_without_arguments_an_exception_is_its_row_of_the_table(status: int) -> None:
    exception = EXCEPTIONS[status]()
    assert exception.problem is error_status(status).default_problem
    assert exception.status == status
    assert str(exception) == str(error_status(status).detail)


def test_the_base_is_an_internal_server_error() -> None:
    assert HttpError().problem == error_status(500).problem()


@every_class
def test_every_argument_is_for_every_class(kind: type[HttpError]) -> None:
    problem = kind(
        "Said.",
        status=418,
        headers={"X-A": "b", "X-C": "d"},
        permanence="permanent",
        retry_after=9,
        type="https://example.com/type",
        allow=["GET", "PUT"],
        challenges=["Basic"],
        available=["text/html", {"type": "a/b", "href": "/x", "language": "de"}],
        accept=["text/plain"],
        accept_encoding=["gzip"],
        length=100,
        upgrade=["h2c"],
        blocked_by="https://example.com/court",
        errors=[
            "wrong",
            {"detail": "d", "pointer": "/p", "code": "c"},
            {"detail": "q", "parameter": "page"},
            InvalidPart("e"),
        ],
        code="short",
        extensions={"balance": 30, "accounts": ["/a"]},
    ).problem
    assert problem == Problem(
        status=418,
        title=error_status(418).title if kind.title is None else kind.title,
        detail="Said.",
        type="https://example.com/type",
        permanence=Permanence.PERMANENT,
        code="short",
        retry_after=9,
        allow=("GET", "PUT"),
        available=(Representation("text/html", ""), Representation("a/b", "/x", "de")),
        accept=("text/plain",),
        accept_encoding=("gzip",),
        errors=(
            InvalidPart("wrong"),
            InvalidPart("d", "/p", "c"),
            InvalidPart("q", parameter="page"),
            InvalidPart("e"),
        ),
        challenges=("Basic",),
        length=100,
        upgrade=("h2c",),
        blocked_by="https://example.com/court",
        headers=(("X-A", "b"), ("X-C", "d")),
        extensions={"balance": 30, "accounts": ["/a"]},
    )


@every_class
@pytest.mark.parametrize("name", ["balance", "reason", "status_code", "retry_afer", "code_"])
def test_an_unknown_argument_is_a_mistake(kind: type[HttpError], name: str) -> None:
    """A misspelt one would otherwise be told to every client."""
    with pytest.raises(TypeError, match=name):
        kind(**{name: 1})


def test_a_code_is_the_classes_or_the_arguments() -> None:
    assert Rationed().problem.code == "rationed"
    assert Rationed(code="sold_out").problem.code == "sold_out"
    assert Gone().problem.code == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("allow", "GET"),
        ("challenges", 'Bearer realm="api"'),
        ("available", "text/html"),
        ("accept", "application/json"),
        ("accept_encoding", "gzip"),
        ("upgrade", "websocket"),
        ("errors", "This is wrong."),
    ],
)
def test_a_single_text_is_a_list_of_one(name: str, text: str) -> None:
    """A str is an iterable of str for type checkers too: nothing else could tell of "G, E, T"."""
    assert HttpError(**{name: text}).problem == HttpError(**{name: [text]}).problem


def test_arguments_may_be_iterators() -> None:
    assert MethodNotAllowed(allow=iter(["GET", "PUT"])).problem.allow == ("GET", "PUT")


@every_class
@pytest.mark.parametrize("status", [200, 399, 600])
def test_a_status_that_is_no_error_is_refused(kind: type[HttpError], status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        kind(status=status)


@pytest.mark.parametrize("status", UNREGISTERED)
def test_an_unregistered_status_keeps_its_number(status: int) -> None:
    exception = HttpError(status=status)
    assert exception.problem == error_status(status).problem()
    assert exception.status == status


def test_an_unknown_permanence_is_refused() -> None:
    with pytest.raises(ValueError, match="for ever"):
        NotFound(permanence="for ever")


@every_class
def test_an_empty_detail_is_not_the_default(kind: type[HttpError]) -> None:
    assert kind("").problem.detail == ""


def test_a_detail_stays_lazy() -> None:
    """It is in the language of the answer, not in that of the moment it is raised in."""
    detail = gettext_lazy("Sold.")
    exception = Gone(detail)
    assert exception.problem.detail is detail
    assert exception.args == (detail,)
    assert str(exception) == "Sold."


def test_what_is_logged_is_not_in_the_visitors_language() -> None:
    exception = ServiceUnavailable()
    with translation.override("de"):
        assert str(exception).startswith("The site cannot answer at the moment")
        assert str(exception.problem.detail).startswith("Die Website kann")
        assert translation.get_language() == "de"
    assert str(Gone("Ausverkauft.")) == "Ausverkauft."


def test_a_lazy_detail_is_not_evaluated_where_it_is_raised() -> None:
    calls = []

    def words() -> str:
        calls.append(1)
        return str(error_status(410).detail)

    exception = Gone(lazy(words, str)())
    assert calls == []
    assert exception.problem is not error_status(410).default_problem


def test_words_that_are_equal_to_the_default_ones_are_not_translated() -> None:
    """They are equal in one language only, and were given as they are."""
    text = str(error_status(410).detail)
    assert Gone(text).problem.detail is text


@pytest.mark.conformance("rfc9110-15.5.14-retry-after")
@every_status
def test_a_known_wait_makes_it_temporary(status: int) -> None:
    kind = EXCEPTIONS[status]
    assert kind(retry_after=0).problem.permanence is Permanence.TEMPORARY
    assert kind(retry_after=0).problem.retry_after == 0
    assert kind(retry_after=5, permanence="permanent").problem.permanence is Permanence.PERMANENT


def test_a_class_can_say_how_long_it_lasts() -> None:
    assert Rationed(retry_after=5).problem.permanence is Permanence.PERMANENT
    assert Rationed(permanence="unknown").problem.permanence is Permanence.UNKNOWN


def test_a_subclass_is_a_problem_type_of_its_own() -> None:
    problem = Rationed(extensions={"coupon": "A1"}).problem
    assert problem == Problem(
        status=404,
        title="Rationed",
        detail="Come back with a coupon.",
        type="https://example.com/rationed",
        permanence=Permanence.PERMANENT,
        code="rationed",
        extensions={"coupon": "A1"},
    )
    assert Rationed("Now.", type="other:type").problem.detail == "Now."
    assert Rationed(type="other:type").problem.type == "other:type"


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "http://[::1"])
def test_an_address_that_could_do_harm_is_not_taken(href: str) -> None:
    available = [{"type": "text/html", "href": href}, Representation("text/html", href)]
    problem = HttpError(available=available, blocked_by=href).problem
    assert problem.available == (Representation("text/html", ""),) * 2
    assert problem.blocked_by == ""


def test_addresses_are_quoted() -> None:
    problem = HttpError(
        available=[Representation("text/html", "/a b>", "de")], blocked_by="https://x.example/<>"
    ).problem
    assert problem.available == (Representation("text/html", "/a%20b%3E", "de"),)
    assert problem.blocked_by == "https://x.example/%3C%3E"


@every_class
def test_an_exception_can_be_copied_and_pickled(kind: type[HttpError]) -> None:
    """Task queues and parallel test runners send exceptions from process to process."""
    exception = kind(
        "Said.",
        status=451,
        blocked_by="https://x.example/",
        errors=["e"],
        extensions={"balance": 1, "list": [{"a": 1}]},
    )
    exception.seat = 12  # type: ignore[attr-defined]
    for same in (
        copy.copy(exception),
        copy.deepcopy(exception),
        pickle.loads(pickle.dumps(exception)),  # noqa: S301
    ):
        assert type(same) is kind
        assert (same.problem, same.status, str(same)) == (exception.problem, 451, "Said.")
        assert (same.args, same.seat) == (exception.args, 12)


def test_a_subclass_with_an_init_of_its_own_can_be_copied_and_pickled() -> None:
    for same in (
        copy.copy(Unprepared("bread")),
        pickle.loads(pickle.dumps(Prepared("bread"))),  # noqa: S301
    ):
        assert same.article == "bread"


# --- Retry-After ----------------------------------------------------------------------------


@pytest.mark.conformance("rfc9110-10.2.3-format")
@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (0, 0),
        (1, 1),
        (-1, 0),
        (90, 90),
        (0.001, 1),
        (1.0, 1),
        (1.2, 2),
        (-0.5, 0),
        (timedelta(minutes=2), 120),
        (timedelta(microseconds=1), 1),
        (timedelta(seconds=-5), 0),
        (timedelta.max, TEN_YEARS),
        (timedelta.min, 0),
        (TEN_YEARS + 1, TEN_YEARS),
        (10**400, TEN_YEARS),
        (-(10**400), 0),
        (1e308, TEN_YEARS),
        (datetime.min, 0),  # noqa: DTZ901
        (datetime.max, TEN_YEARS),  # noqa: DTZ901
        (datetime.min.replace(tzinfo=UTC), 0),
        (datetime.max.replace(tzinfo=UTC), TEN_YEARS),
        (datetime(2001, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")), 0),
    ],
)
def test_a_moment_is_whole_seconds_rounded_up_and_bounded(moment: Any, seconds: int) -> None:
    assert seconds_until(moment) == seconds
    assert type(seconds_until(moment)) is int


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [(float("inf"), TEN_YEARS), (float("-inf"), 0), (float("nan"), 0)],
)
def test_a_moment_that_no_clock_shows_breaks_nothing(moment: Any, seconds: int) -> None:
    """Raised here, it would turn ``raise TooManyRequests(retry_after=...)`` into a 500."""
    assert seconds_until(moment) == seconds


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize("naive", [True, False])
def test_a_date_is_counted_from_now(zone: str, naive: bool) -> None:
    """A naive one is in the site's current time zone, as everywhere in Django."""
    with timezone.override(zone):
        moment = timezone.localtime() + timedelta(hours=1)
        if naive:
            moment = timezone.make_naive(moment)
        assert 3500 < seconds_until(moment) <= 3600


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_naive_date_that_clocks_skip_or_show_twice_is_taken(zone: str) -> None:
    for moment in (datetime(2096, 3, 25, 2, 30), datetime(2096, 10, 28, 2, 30)):  # noqa: DTZ001
        with timezone.override(zone):
            assert seconds_until(moment) == TEN_YEARS


def test_retry_after_takes_a_moment() -> None:
    assert TooManyRequests(retry_after=timedelta(minutes=1.01)).problem.retry_after == 61
    assert ServiceUnavailable().problem.retry_after is None


# --- What an exception stands for -----------------------------------------------------------


def expected_of(kind: type[BaseException]) -> int:
    """Return what the issue says of an exception of Django's."""
    too_large = {"RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent"}
    for base in kind.__mro__:
        if base.__name__ in too_large:
            return 413
        if base in (django_exceptions.SuspiciousOperation, django_exceptions.BadRequest):
            return 400
        if base is django_exceptions.PermissionDenied:
            return 403
    return 500


@pytest.mark.parametrize(
    "kind",
    [
        each
        for each in vars(django_exceptions).values()
        if isinstance(each, type) and issubclass(each, Exception)
    ],
)
def test_every_exception_of_djangos_has_its_status(kind: type[Exception]) -> None:
    exception = kind.__new__(kind, "secret")
    assert problem_for(exception) == error_status(expected_of(kind)).problem()


@pytest.mark.parametrize(
    ("exception", "status"),
    [
        (Http404("secret"), 404),
        (Resolver404("secret"), 404),
        (MultiPartParserError("secret"), 400),
        (UnreadablePostError("secret"), 500),
        (ZeroDivisionError("secret"), 500),
        (KeyboardInterrupt("secret"), 500),
        (None, 500),
    ],
)
def test_an_exception_has_the_status_that_django_gives_it(
    exception: BaseException | None, status: int
) -> None:
    assert problem_for(exception) == error_status(status).problem()


@pytest.mark.parametrize("exception", [None, ZeroDivisionError("secret"), OutOfStock("secret")])
@pytest.mark.parametrize("default", [400, 403, 404, 500, 599])
def test_an_unknown_exception_is_what_the_entry_point_takes_it_for(
    exception: BaseException | None, default: int
) -> None:
    assert problem_for(exception, default) == error_status(default).problem()


@every_class
def test_an_exception_of_the_apps_is_its_own_problem(kind: type[HttpError]) -> None:
    exception = kind("Said.")
    assert problem_for(exception, 599) is exception.problem


@pytest.mark.parametrize(
    "make",
    [
        lambda: Http404("secret"),
        lambda: django_exceptions.PermissionDenied("secret"),
        lambda: django_exceptions.SuspiciousOperation("secret"),
        lambda: ZeroDivisionError("secret"),
        lambda: OutOfStock("secret"),
    ],
)
def test_a_text_that_was_not_raised_to_be_shown_is_not_shown(
    make: Callable[[], Exception],
) -> None:
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": {f"{HERE}.OutOfStock": 409}}):
        assert "secret" not in repr(problem_for(make()))


def test_a_subclass_that_never_called_its_base_has_its_classes_problem() -> None:
    """A Http404 with an `__init__` of its own is a 404 to Django: this one must be no worse."""
    exception = Unprepared("bread")
    assert exception.problem is problem_for(exception) is error_status(404).default_problem
    assert str(exception) == str(error_status(404).detail)
    assert exception.args == ("bread",)


@pytest.mark.parametrize(
    ("registered", "exception", "status"),
    [
        ({f"{HERE}.OutOfStock": 409}, OutOfStock("secret"), 409),
        ({f"{HERE}.OutOfStock": 409}, OutOfPaint("secret"), 409),
        ({f"{HERE}.OutOfPaint": 410, f"{HERE}.OutOfStock": 409}, OutOfPaint("secret"), 410),
        ({f"{HERE}.OutOfStock": 409, f"{HERE}.OutOfPaint": 410}, OutOfPaint("secret"), 410),
        ({f"{HERE}.OutOfPaint": 410}, OutOfStock("secret"), None),
        ({f"{HERE}.OutOfStock": 599}, OutOfStock("secret"), 599),
        ({"builtins.Exception": 503}, OutOfStock("secret"), 503),
        ({"builtins.Exception": 503}, KeyboardInterrupt("secret"), None),
        ({"builtins.LookupError": 404}, KeyError("secret"), 404),
        ({}, OutOfStock("secret"), None),
        (None, OutOfStock("secret"), None),
    ],
)
def test_a_project_gives_its_exceptions_a_status(
    registered: dict[str, int] | None, exception: BaseException, status: int | None
) -> None:
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": registered}):
        found = registered_problem(exception)
        assert found == (None if status is None else error_status(status).problem())
        assert problem_for(exception) == error_status(status or 500).problem()
        assert is_client_error(exception) is (status is not None and status < 500)


@pytest.mark.parametrize(
    ("registered", "exception", "status"),
    [
        ("django.http.Http404", Http404("secret"), 410),
        ("django.core.exceptions.PermissionDenied", Http404("secret"), 404),
        ("builtins.Exception", Http404("secret"), 404),
        (
            "django.core.exceptions.SuspiciousOperation",
            django_exceptions.RequestDataTooBig("secret"),
            413,
        ),
        (
            "django.core.exceptions.SuspiciousOperation",
            django_exceptions.DisallowedHost("secret"),
            410,
        ),
    ],
)
def test_of_djangos_statuses_and_the_projects_the_nearest_class_counts(
    registered: str, exception: Exception, status: int
) -> None:
    """The issue: "lookup by MRO". A status for all exceptions is no status for Http404."""
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": {registered: 410}}):
        assert problem_for(exception).status == status


def test_a_registration_does_not_change_the_apps_own_exceptions() -> None:
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": {"builtins.Exception": 503}}):
        assert problem_for(Gone()).status == 410


@pytest.mark.parametrize(
    "path",
    [
        "no.such.module.Error",
        f"{HERE}.NoSuchError",
        "nothing",
        "",
        ".",
        ".relative.Error",
        "trailing.",
        "django.conf.global_settings.INSTALLED_APPS",
        "os.environ",
    ],
)
def test_a_path_that_names_no_exception_takes_nothing_away(path: str) -> None:
    """The system check reports it; nothing raises, and the others are known."""
    registered = {path: 409, f"{HERE}.OutOfStock": 410}
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": registered}):
        assert problem_for(Http404()).status == 404
        assert problem_for(OutOfStock()).status == 410


# --- Packages: tests/neighbours raises what they really raise -------------------------------------

Ratelimited = type(
    "Ratelimited", (PermissionDenied,), {"__module__": "django_ratelimit.exceptions"}
)
OwnLimit = type("OwnLimit", (Ratelimited,), {})


@pytest.mark.parametrize(
    ("registered", "status"),
    [
        ({}, 429),
        ({"django.core.exceptions.PermissionDenied": 410}, 429),
        ({"builtins.Exception": 410}, 429),
        ({f"{HERE}.OwnLimit": 410}, 410),
    ],
)
def test_what_a_package_raises_has_its_status(registered: dict[str, int], status: int) -> None:
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": registered}):
        assert problem_for(OwnLimit("secret"), 403).status == status
        # The package's own middleware may have a view for it.
        assert is_client_error(OwnLimit()) is bool(registered.get(f"{HERE}.OwnLimit"))


# --- Groups -------------------------------------------------------------------------------------


def group(*exceptions: Exception) -> ExceptionGroup:
    return ExceptionGroup("secret", exceptions)


@pytest.mark.parametrize(
    ("exception", "status", "is_answer"),
    [
        (group(Gone()), 410, True),
        (group(Http404("secret"), Http404("other")), 404, True),
        (group(group(PermissionDenied()), PermissionDenied()), 403, True),
        (group(django_exceptions.RequestDataTooBig()), 413, True),
        (group(OutOfStock()), 409, True),
        (group(ZeroDivisionError()), 503, False),
        (group(ServiceUnavailable(), ServiceUnavailable()), 503, True),
        (group(KeyError()), 500, False),
        (group(Gone(), Http404()), 500, False),
        (group(Gone(), KeyError()), 500, False),
        (group(group(Gone()), group(KeyError())), 500, False),
    ],
)
def test_a_group_of_one_kind_stands_for_that(
    exception: Exception, status: int, is_answer: bool
) -> None:
    registered = {f"{HERE}.OutOfStock": 409, "builtins.ZeroDivisionError": 503}
    with override_settings(HTTP_ERRORS={"EXCEPTIONS": registered}):
        assert problem_for(exception).status == status
        assert is_client_error(exception) is is_answer


def test_the_first_of_a_group_is_what_is_told() -> None:
    first, second = Gone("first"), Gone("second")
    assert problem_for(group(first, second)) is first.problem


# --- Registered functions ---------------------------------------------------------------------


def out_of_stock(exception: BaseException) -> Problem:
    return error_status(409).problem(
        detail=f"No {exception} left.", code="out_of_stock", extensions={"article": str(exception)}
    )


def as_a_server_error(exception: BaseException) -> Problem:
    return error_status(503).problem()


def raising(exception: BaseException) -> Problem:
    raise RuntimeError("secret")


def returning_nothing(exception: BaseException) -> None:
    pass


def returning_a_status(exception: BaseException) -> int:
    return 409


def returning_a_success(exception: BaseException) -> Problem:
    return Problem(status=200, title="OK", detail="Fine.")


not_callable = "text"


def register(name: str) -> override_settings:
    return override_settings(HTTP_ERRORS={"EXCEPTIONS": {f"{HERE}.OutOfStock": f"{HERE}.{name}"}})


def test_a_function_makes_the_problem_of_an_exception() -> None:
    with register("out_of_stock"):
        for exception in (OutOfStock("bread"), OutOfPaint("bread")):
            problem = problem_for(exception)
            assert (problem.status, problem.detail) == (409, "No bread left.")
            assert problem.as_dict()["article"] == "bread"
            assert is_client_error(exception)
        # What another exception says is another's.
        assert problem_for(OutOfStock("milk")).detail == "No milk left."
        assert registered_problem(KeyError()) is None


def test_a_function_can_make_a_server_error_of_it() -> None:
    with register("as_a_server_error"):
        assert problem_for(OutOfStock()).status == 503
        assert not is_client_error(OutOfStock())


@pytest.mark.parametrize(
    "name",
    [
        "raising",
        "returning_nothing",
        "returning_a_status",
        "returning_a_success",
        "not_callable",
        "no_such_function",
    ],
)
def test_a_function_that_makes_no_problem_leaves_the_exception_unknown(
    name: str, own_records: list[LogRecord]
) -> None:
    with register(name):
        exception = OutOfStock("secret")
        assert problem_for(exception) == error_status(500).problem()
        assert not is_client_error(exception)
    (record,) = own_records
    assert "secret" not in record.getMessage()


@pytest.mark.parametrize("exception", [OutOfStock("bread"), Frozen(["bread"])])
def test_a_function_is_called_once_for_an_exception(
    exception: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The middleware asks what it is, and a handler asks again."""
    calls = []

    def counting(exception: BaseException) -> Problem:
        calls.append(exception)
        return out_of_stock(exception)

    monkeypatch.setitem(globals(), "counting", counting)
    with register("counting"):
        assert is_client_error(exception)
        assert problem_for(exception) is problem_for(exception)
        assert len(calls) == 1
    with register("as_a_server_error"):
        assert problem_for(exception).status == 503
    with override_settings(HTTP_ERRORS={}):
        assert problem_for(exception).status == 500


@pytest.mark.django_db
def test_an_exception_that_is_raised_again_is_asked_again(settings: Any) -> None:
    """A project may have one for all requests, and say by it what the last one asked for."""
    settings.HTTP_ERRORS = {"EXCEPTIONS": {f"{HERE}.OutOfStock": f"{HERE}.out_of_stock"}}
    settings.MIDDLEWARE = [MIDDLEWARE]
    only = OutOfStock("bread")

    def view(request: HttpRequest, what: str) -> None:
        only.args = (what,)
        raise only

    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [path("<what>/", view)]})
    for what in ("bread", "milk"):
        response = Client().get(f"/{what}/", headers={"accept": "application/json"})
        assert what in response.json()["detail"]


def test_unsupported_media_type_knows_the_coding_that_it_would_take() -> None:
    problem = UnsupportedMediaType(accept_encoding=["identity"]).problem
    assert problem.accept_encoding == ("identity",)
