"""Class-based views that answer with an error, one a status, and Django's CSRF failure view."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views import csrf
from django.views.generic import View

from . import catalogue, pipeline
from .decorators import hide_forbidden
from .exceptions import HttpError, problem_for
from .policies import hiding
from .problems import Permanence, Problem

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

logger = logging.getLogger("django_http_errors")


class ErrorView(View):
    """Answers any method with an error; for a URLconf, or as one of its handlers.

    The attributes can be given to `as_view()`. As a handler it answers the exception that
    Django hands it, and `status` is what an unknown one is taken for.
    """

    status: int = 500
    detail: StrOrPromise | None = None
    permanence: Permanence | str | None = None
    retry_after: int | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            problem = self.get_problem()
            catalogue.entry(problem.status)  # raises for what is no problem
        except Exception:
            logger.exception("%s.get_problem() failed", type(self).__name__)
            problem = _words_of(self.status)
        cause = kwargs.get("exception") or sys.exception()
        return pipeline.answer(request, problem, self.get_context_data, cause)

    def get_problem(self) -> Problem:
        """Return what to tell: of the exception at hand if there is one, else of the attributes."""
        exception = self.kwargs.get("exception") or sys.exception()
        if isinstance(exception, BaseException):
            return problem_for(exception, self.status)
        return HttpError(
            self.detail,
            status=self.status,
            permanence=self.permanence,
            retry_after=self.retry_after,
        ).problem

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the templates of the project get beside the problem."""
        return kwargs


def _words_of(status: int) -> Problem:
    """Return what the catalogue has for `status`; what is none of an error is a crash."""
    try:
        return catalogue.entry(status).problem()
    except (TypeError, ValueError):
        return catalogue.entry(500).problem()


# fmt: off - a line each
class HideForbiddenMixin:
    """Puts a class-based view under `hide_forbidden`; goes before all other bases."""

    hide_exempt: str | hiding.Condition = "nobody"
    hide_client_errors: bool = False

    @classmethod
    def as_view(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the view as Django's or REST framework's `as_view()` does, hiding."""
        return hide_forbidden(
            super().as_view(*args, **kwargs),  # type: ignore[misc]
            exempt=cls.hide_exempt,
            fold_client_errors=cls.hide_client_errors,
        )


if TYPE_CHECKING:
    # What the loop below makes, for type checkers; a test holds the two together.
    class BadRequestView(ErrorView): ...

    class UnauthorizedView(ErrorView): ...

    class PaymentRequiredView(ErrorView): ...

    class ForbiddenView(ErrorView): ...

    class NotFoundView(ErrorView): ...

    class MethodNotAllowedView(ErrorView): ...

    class NotAcceptableView(ErrorView): ...

    class ProxyAuthenticationRequiredView(ErrorView): ...

    class RequestTimeoutView(ErrorView): ...

    class ConflictView(ErrorView): ...

    class GoneView(ErrorView): ...

    class LengthRequiredView(ErrorView): ...

    class PreconditionFailedView(ErrorView): ...

    class ContentTooLargeView(ErrorView): ...

    class URITooLongView(ErrorView): ...

    class UnsupportedMediaTypeView(ErrorView): ...

    class RangeNotSatisfiableView(ErrorView): ...

    class ExpectationFailedView(ErrorView): ...

    class MisdirectedRequestView(ErrorView): ...

    class UnprocessableContentView(ErrorView): ...

    class LockedView(ErrorView): ...

    class FailedDependencyView(ErrorView): ...

    class TooEarlyView(ErrorView): ...

    class UpgradeRequiredView(ErrorView): ...

    class PreconditionRequiredView(ErrorView): ...

    class TooManyRequestsView(ErrorView): ...

    class RequestHeaderFieldsTooLargeView(ErrorView): ...

    class UnavailableForLegalReasonsView(ErrorView): ...

    class InternalServerErrorView(ErrorView): ...

    class NotImplementedView(ErrorView): ...

    class BadGatewayView(ErrorView): ...

    class ServiceUnavailableView(ErrorView): ...

    class GatewayTimeoutView(ErrorView): ...

    class HTTPVersionNotSupportedView(ErrorView): ...

    class VariantAlsoNegotiatesView(ErrorView): ...

    class InsufficientStorageView(ErrorView): ...

    class LoopDetectedView(ErrorView): ...

    class NotExtendedView(ErrorView): ...

    class NetworkAuthenticationRequiredView(ErrorView): ...
# fmt: on


VIEWS: Mapping[int, type[ErrorView]] = {
    entry.status: type(
        f"{entry.name}View",
        (ErrorView,),
        {
            "__module__": __name__,
            "__doc__": f"Answers with {entry.status} {entry.name}.",
            "status": entry.status,
        },
    )
    for entry in catalogue.CATALOGUE.values()
}
globals().update({each.__name__: each for each in VIEWS.values()})
__all__ = [  # noqa: PLE0604
    "VIEWS",
    "ErrorView",
    "HideForbiddenMixin",
    "csrf_failure",
    *(each.__name__ for each in VIEWS.values()),
]

_CSRF_DETAIL = _(
    "This form could not be verified as sent from this site. Allow cookies for this site, go"
    " back, reload the page and send the form again."
)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a failed CSRF check, as ``CSRF_FAILURE_VIEW``; the reason is told in DEBUG only.

    Who is shown pages has Django's then, which helps with it.
    """
    if settings.DEBUG and pipeline.choose(request).media_type == "text/html":
        return csrf.csrf_failure(request, reason)
    extensions = {"debug": {"reason": reason}} if settings.DEBUG else {}
    problem = catalogue.entry(403).problem(detail=_CSRF_DETAIL, extensions=extensions)
    return pipeline.answer(request, problem)
