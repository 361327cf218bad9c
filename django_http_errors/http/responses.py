"""Responses: what an entry point makes of a problem, and which of a view's may be given a body."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from ..core.statuses import error_status
from ..problems import Problem
from .headers import members_of

if TYPE_CHECKING:
    from .representations import RendererEntry

# Where an exception keeps what renders the errors of the view that it comes from.
_RENDERER = "http_errors_renderer"

GetContext = Callable[[], Mapping[str, Any]]


class UnfinishedError:
    """What the two classes of responses that are made from a problem have in common.

    Such a response is made where an error surfaces and has no content until it is finished
    (`core.pipeline.finish`): by what made it, or by the middleware that is still to see it.

    own_problem: what is known of the error where it was made, before rules and messages
    problem: the Problem that is sent; until the response is finished, `own_problem`
    raised: the exception behind it, None for an error that was not raised
    get_context: gives what a view adds to the context of a template
    hides_status: the status that is hidden by this 404, None where nothing is
    """

    own_problem: Problem
    raised: BaseException | None = None
    get_context: GetContext | None = None
    is_finished = False
    hides_status: int | None = None
    _sent: Problem | Callable[[], Problem] | None = None

    @property
    def problem(self) -> Problem:
        """The Problem that is sent, with what is known of the request."""
        if self._sent is None:
            return self.own_problem
        if not isinstance(self._sent, Problem):
            self._sent = self._sent()
        return self._sent

    def set_problem(self, sent: Problem | Callable[[], Problem]) -> None:
        """Note what is sent; most responses are never asked, and don't call a function for it."""
        self._sent = sent

    def items(self) -> ItemsView[str, str]:
        # Django's handlers ask for them one by one, each with its name in small letters first.
        headers: ResponseHeaders = self.headers  # type: ignore[attr-defined]
        return dict(headers._store.values()).items()

    @property
    def is_replaced(self) -> bool:
        """Whether the site has written a page of its own into it before it was finished."""
        return False

    def own_renderer(self) -> RendererEntry | None:
        """Return the renderer that the view has chosen, None if the Accept header decides."""
        return None


class ErrorResponse(UnfinishedError, HttpResponse):
    """A response that is made from a problem."""

    def __init__(
        self,
        problem: Problem,
        raised: BaseException | None = None,
        get_context: GetContext | None = None,
    ) -> None:
        # As HttpResponse, but for the content, which it has when it is finished.
        super(HttpResponse, self).__init__(
            content_type="text/html; charset=utf-8", status=problem.status
        )
        self._container: list[bytes] = []  # where HttpResponse keeps it
        self.own_problem = problem
        if raised is not None:
            self.raised = raised
        if get_context is not None:
            self.get_context = get_context

    @property
    def is_replaced(self) -> bool:
        return bool(self.content) and self.hides_status is None

    def own_renderer(self) -> RendererEntry | None:
        # Once: a project may raise one and the same exception anywhere else.
        return vars(self.raised).pop(_RENDERER, None) if self.raised is not None else None


def let_django_answer(exception: BaseException, renderer: RendererEntry | None) -> None:
    """Let `renderer` render the answer to an `exception` that a view leaves to Django.

    Django signals and logs it, and asks a handler, which knows nothing of the view.
    """
    vars(exception)[_RENDERER] = renderer


def hidden_response(response: HttpResponseBase, status: int) -> ErrorResponse:
    """Return the 404 that stands in the place of `response`, unfinished.

    It begins blank: headers, cookies and attributes of a view stay behind. Headers for the whole
    site stay behind too, since a decorator can change each of them for a single view: the
    middleware that adds them stands before HidingMiddleware.

    status: what is hidden; 404 if nothing was there
    """
    hidden = ErrorResponse(error_status(404).default_problem)
    hidden.hides_status = status
    hidden.headers["Cache-Control"] = "private, no-store"
    hidden.headers["X-Frame-Options"] = "DENY"
    take_over(response, hidden)
    return hidden


def take_over(response: HttpResponseBase, successor: HttpResponseBase) -> None:
    """Let Django treat `successor` as the `response` that it replaces.

    It logs a response once, and closes what it holds open once it has been sent.
    """
    if getattr(response, "_has_been_logged", False):
        successor._has_been_logged = True  # type: ignore[attr-defined]
    closers = response._resource_closers  # type: ignore[attr-defined]
    successor._resource_closers.extend(closers)  # type: ignore[attr-defined]


def problem_of(response: HttpResponseBase) -> Problem:
    """Return what a response of the project's says by its status and its headers."""
    status = error_status(response.status_code)
    return status.problem(**members_of(status.code, response.headers))


def is_bare(response: HttpResponseBase) -> bool:
    """Return whether `response` is an error without content, and the app may give it some."""
    return (
        400 <= response.status_code <= 599
        and not response.streaming
        and getattr(response, "is_rendered", True)  # What is to be rendered will have content.
        and not getattr(response, "content", b"-")
        and not hasattr(response, "problem")
        and not getattr(response, "errors_exempt", False)
    )


def fill(response: HttpResponseBase, status: int, body: bytes) -> None:
    """Make `body` the content of `response`, in the place of what it had.

    The object stays: Django has perhaps logged it already, and must not log it again. The content
    stays for HEAD too: the server leaves it out, and Content-Length is that of GET.
    """
    response.content = body  # type: ignore[attr-defined]
    response.status_code = status


def fill_with_last_resort(response: HttpResponseBase) -> None:
    """Make constant bytes the content of `response`, when nothing else is known to work."""
    fill(response, response.status_code, last_resort(response.status_code, "text/plain"))
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers.pop("Content-Length", None)


def last_resort(status: int, media_type: str) -> bytes:
    """Return constant bytes for `status` as `media_type`, else as text; never raises."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    if media_type == "text/html":
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="robots" content="noindex"><title>{status} {phrase}</title></head>'
            f"<body><main><h1>{status} {phrase}</h1></main></body></html>\n"
        ).encode()
    if media_type.endswith("json"):
        return (
            f'{{"type": "about:blank", "title": "{phrase}", "status": {status},'
            ' "permanence": "unknown"}\n'
        ).encode()
    return f"{status} {phrase}\n".encode()


def last_resort_content_type(media_type: str) -> str:
    """Return the Content-Type of what `last_resort` makes for `media_type`."""
    if media_type.endswith("json"):
        return media_type
    return f"{'text/html' if media_type == 'text/html' else 'text/plain'}; charset=utf-8"
