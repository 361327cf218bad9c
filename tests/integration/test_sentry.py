"""What Sentry's SDK is told of: crashes, once and whole, and nothing of what is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest

from ..asking import JSON, MIDDLEWARE
from ..servers import ROOT, environment, make_database
from ..test_handlers import NOTABLE

pytest.importorskip("rest_framework")

pytestmark = pytest.mark.slow

HANDLERS = ("wsgi", "asgi")
TWINS = ("", "/async")
VIEW, API_VIEW = "testproject.views.raise_builtin", "testproject.api.crash"


@dataclass(frozen=True)
class Question:
    """A request, and the site's settings for it."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=lambda: {"Accept": JSON})
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = [*self.headers.values(), *map(str, self.settings.values())]
        return " ".join([self.method, self.path, *told])


def registered(status: int) -> dict[str, Any]:
    return {"HTTP_ERRORS": {"EXCEPTIONS": {"builtins.ZeroDivisionError": status}}}


def behind(*middleware: str) -> dict[str, Any]:
    return {"MIDDLEWARE": list(middleware)}


# What crashes: the question, the status, where, and the route that it came by.
CRASHES = [
    (Question("/builtin/crash/"), 500, VIEW, "/builtin/{name}/"),
    (Question("/async/builtin/crash/"), 500, VIEW, "/async/builtin/{name}/"),
    (Question("/api/crash/"), 500, API_VIEW, "/api/crash/"),
    # Registered as a server error, it still is a failure of the site's.
    (Question("/builtin/crash/", settings=registered(503)), 503, VIEW, "/builtin/{name}/"),
    (Question("/api/crash/", settings=registered(503)), 503, API_VIEW, "/api/crash/"),
    *(
        (
            Question("/", settings=behind(*middleware)),
            500,
            f"tests.middleware.process_{phase}",
            "/",
        )
        for phase, culprit in (("request", "CrashIn"), ("response", "CrashOut"))
        for middleware in (
            (MIDDLEWARE, f"tests.middleware.{culprit}"),
            (f"tests.middleware.{culprit}", MIDDLEWARE),
        )
    ),
]

# What is an answer, and its status.
ANSWERS = [
    *(
        (Question(f"{twin}/{how}/{status}/"), status)
        for twin, how, status in product(TWINS, ("raise", "return"), (403, 404, 410, 500, 503))
    ),
    *(
        (Question(f"{twin}/builtin/{name}/"), status)
        for twin in TWINS
        for name, status in (("http404", 404), ("permission-denied", 403), ("bad-request", 400))
    ),
    (Question("/nowhere/"), 404),
    (Question("/form/", "POST"), 403),
    (Question("/negotiated/", "DELETE"), 405),
    (Question("/plain-documents/2/"), 403),
    (Question("/documents/2/"), 404),
    (Question("/vault/secret/"), 404),
    (Question("/api/nowhere/"), 404),
    (Question("/api/plain-documents/", "POST"), 401),
    (Question("/api/plain-documents/2/"), 401),
    (Question("/api/documents/2/"), 404),
    (Question("/api/plain-documents/", headers={"Accept": "image/webp"}), 406),
    (Question("/builtin/crash/", settings=registered(409)), 409),
    (Question("/api/crash/", settings=registered(409)), 409),
]

# What fails in the app itself: it is logged with its traceback, and the answer is sent.
FAILURES = [
    (Question("/nowhere/", settings={"HTTP_ERRORS": {"RENDERERS": ["tests.nothing"]}}), 404),
]

# How often Sentry is told without the app. What is suspicious, Django logs as an error, with the
# traceback, to loggers of its own, and the SDK makes an event of that.
TOLD = dict.fromkeys(NOTABLE, 0) | {"crash": 1, "suspicious": 1, "data-too-big": 1}


def with_and_without(path: str, host: str = "testserver") -> tuple[Question, Question]:
    """Return a question for Django, and the same for a site with the app."""
    common = "django.middleware.common.CommonMiddleware"
    plain, ours = (
        Question(path, headers={"Host": host}, settings={"ROOT_URLCONF": urlconf, **middleware})
        for urlconf, middleware in (
            ("tests.plain_urls", behind(common)),
            ("tests.urls", behind(MIDDLEWARE, common)),
        )
    )
    return plain, ours


PAIRS = [
    *((with_and_without(f"{twin}/{name}/"), told) for twin in TWINS for name, told in TOLD.items()),
    (with_and_without("/nowhere/"), 0),
    (with_and_without("/ok/", host="evil.example"), 1),
]

QUESTIONS = [
    *(each[0] for each in (*CRASHES, *ANSWERS, *FAILURES)),
    *chain.from_iterable(pair for pair, told in PAIRS),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """What came of each question, by the handler and the question."""
    database: Path = tmp_path_factory.mktemp("sentry") / "db.sqlite3"
    make_database(database)
    keys = [(handler, question) for handler in HANDLERS for question in QUESTIONS]
    done = subprocess.run(
        [sys.executable, "-m", "tests.tracked"],
        cwd=ROOT,
        env=environment(f"sqlite:///{database}"),
        input=json.dumps([(handler, asdict(question)) for handler, question in keys]),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    names = [(handler, str(question)) for handler, question in keys]
    return dict(zip(names, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(("question", "status", "where", "route"), CRASHES, ids=str)
def test_a_crash_is_one_event(
    answers: Any, handler: str, question: Question, status: int, where: str, route: str
) -> None:
    """It has the exception with its traceback, and knows the request."""
    answer = answers[handler, str(question)]
    assert answer["status"] == status
    [event] = answer["events"]
    assert event == {
        "exception": "ZeroDivisionError",
        "where": where,
        "logger": None,
        "transaction": route,
        "url": f"http://testserver{question.path}",
    }


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(("question", "status"), ANSWERS, ids=str)
def test_an_answer_is_no_event(answers: Any, handler: str, question: Question, status: int) -> None:
    """Neither is a server error that a view raises as the app's exception.

    Who raises ServiceUnavailable has thought of that and says it to the client: nothing has
    crashed. It is in the log as an error, without a traceback, as a 503 that is returned.
    """
    answer = answers[handler, str(question)]
    assert answer == {"status": status, "events": []}


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(("question", "status"), FAILURES, ids=str)
def test_a_failure_of_the_app_is_one_event(
    answers: Any, handler: str, question: Question, status: int
) -> None:
    answer = answers[handler, str(question)]
    assert answer["status"] == status
    [event] = answer["events"]
    assert (event["logger"], event["exception"]) == ("django_http_errors", "ImportError")


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize(("pair", "told"), PAIRS, ids=[pair[0].path for pair, told in PAIRS])
def test_sentry_is_told_what_it_is_told_without_the_app(
    answers: Any, handler: str, pair: tuple[Question, Question], told: int
) -> None:
    plain, ours = (answers[handler, str(question)]["events"] for question in pair)
    assert len(plain) == told
    assert ours == plain
