"""Class-based views that answer with an error, one a status, and Django's CSRF failure view."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.translation import pgettext_lazy
from django.views import csrf
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from .core import pipeline
from .core.exception_mapping import checked, problem_for
from .core.statuses import error_status
from .core.way_on import CSRF_FAILED
from .decorators import Exempt, hide_forbidden
from .exceptions import HttpError
from .hiding.policies import Condition
from .http.headers import vary
from .http.project_templates import get_project_template
from .problems import Permanence, Problem

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

logger = logging.getLogger("django_http_errors")


# Without a CSRF token, too: there is nothing that a forged request could change.
@method_decorator(csrf_exempt, name="dispatch")
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
            problem = checked(self.get_problem())
        except Exception:
            logger.exception("%s.get_problem() failed", type(self).__name__)
            problem = _default_problem(self.status)
        return pipeline.answer(
            request, problem, exception=self._exception(), get_context=self.get_context_data
        )

    def get_problem(self) -> Problem:
        """Return what to say: of the exception at hand if there is one, else of the attributes."""
        exception = self._exception()
        if exception is not None:
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

    def _exception(self) -> BaseException | None:
        """Return what Django has handed to a handler, or is handling; None in a URLconf."""
        given = self.kwargs.get("exception")
        return given if isinstance(given, BaseException) else sys.exception()


def _default_problem(status: int) -> Problem:
    """Return the default problem of `status`; what isn't an error status is a crash."""
    try:
        return error_status(status).default_problem
    except (TypeError, ValueError):
        return error_status(500).default_problem


def _package_of(each: type) -> str:
    return each.__module__.partition(".")[0]


class HideForbiddenMixin:
    """Puts a class-based view under `hide_forbidden`; goes before all other bases."""

    hide_exempt: Exempt | Condition = "nobody"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        before = cls.__mro__[: cls.__mro__.index(HideForbiddenMixin)]
        # The `as_view()` of these calls no other: behind it this one would hide nothing.
        theirs = ("django", "rest_framework")
        if any("as_view" in vars(each) and _package_of(each) in theirs for each in before):
            raise ImproperlyConfigured(
                f"{cls.__qualname__} would hide nothing: HideForbiddenMixin has to stand before all"
                f" other bases, as in class {cls.__name__}(HideForbiddenMixin, ...)"
            )

    @classmethod
    def as_view(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the view as Django's or REST framework's `as_view()` does, hiding."""
        view = super().as_view(*args, **kwargs)  # type: ignore[misc]
        return hide_forbidden(view, exempt=cls.hide_exempt)


class BadRequestView(ErrorView):
    """Answers with 400 Bad Request."""

    status = 400


class UnauthorizedView(ErrorView):
    """Answers with 401 Unauthorized."""

    status = 401


class PaymentRequiredView(ErrorView):
    """Answers with 402 Payment Required."""

    status = 402


class ForbiddenView(ErrorView):
    """Answers with 403 Forbidden."""

    status = 403


class NotFoundView(ErrorView):
    """Answers with 404 Not Found."""

    status = 404


class MethodNotAllowedView(ErrorView):
    """Answers with 405 Method Not Allowed."""

    status = 405


class NotAcceptableView(ErrorView):
    """Answers with 406 Not Acceptable."""

    status = 406


class ProxyAuthenticationRequiredView(ErrorView):
    """Answers with 407 Proxy Authentication Required."""

    status = 407


class RequestTimeoutView(ErrorView):
    """Answers with 408 Request Timeout."""

    status = 408


class ConflictView(ErrorView):
    """Answers with 409 Conflict."""

    status = 409


class GoneView(ErrorView):
    """Answers with 410 Gone."""

    status = 410


class LengthRequiredView(ErrorView):
    """Answers with 411 Length Required."""

    status = 411


class PreconditionFailedView(ErrorView):
    """Answers with 412 Precondition Failed."""

    status = 412


class ContentTooLargeView(ErrorView):
    """Answers with 413 Content Too Large."""

    status = 413


class URITooLongView(ErrorView):
    """Answers with 414 URI Too Long."""

    status = 414


class UnsupportedMediaTypeView(ErrorView):
    """Answers with 415 Unsupported Media Type."""

    status = 415


class RangeNotSatisfiableView(ErrorView):
    """Answers with 416 Range Not Satisfiable."""

    status = 416


class ExpectationFailedView(ErrorView):
    """Answers with 417 Expectation Failed."""

    status = 417


class MisdirectedRequestView(ErrorView):
    """Answers with 421 Misdirected Request."""

    status = 421


class UnprocessableContentView(ErrorView):
    """Answers with 422 Unprocessable Content."""

    status = 422


class LockedView(ErrorView):
    """Answers with 423 Locked."""

    status = 423


class FailedDependencyView(ErrorView):
    """Answers with 424 Failed Dependency."""

    status = 424


class TooEarlyView(ErrorView):
    """Answers with 425 Too Early."""

    status = 425


class UpgradeRequiredView(ErrorView):
    """Answers with 426 Upgrade Required."""

    status = 426


class PreconditionRequiredView(ErrorView):
    """Answers with 428 Precondition Required."""

    status = 428


class TooManyRequestsView(ErrorView):
    """Answers with 429 Too Many Requests."""

    status = 429


class RequestHeaderFieldsTooLargeView(ErrorView):
    """Answers with 431 Request Header Fields Too Large."""

    status = 431


class UnavailableForLegalReasonsView(ErrorView):
    """Answers with 451 Unavailable For Legal Reasons."""

    status = 451


class InternalServerErrorView(ErrorView):
    """Answers with 500 Internal Server Error."""

    status = 500


class NotImplementedView(ErrorView):
    """Answers with 501 Not Implemented."""

    status = 501


class BadGatewayView(ErrorView):
    """Answers with 502 Bad Gateway."""

    status = 502


class ServiceUnavailableView(ErrorView):
    """Answers with 503 Service Unavailable."""

    status = 503


class GatewayTimeoutView(ErrorView):
    """Answers with 504 Gateway Timeout."""

    status = 504


class HTTPVersionNotSupportedView(ErrorView):
    """Answers with 505 HTTP Version Not Supported."""

    status = 505


class VariantAlsoNegotiatesView(ErrorView):
    """Answers with 506 Variant Also Negotiates."""

    status = 506


class InsufficientStorageView(ErrorView):
    """Answers with 507 Insufficient Storage."""

    status = 507


class LoopDetectedView(ErrorView):
    """Answers with 508 Loop Detected."""

    status = 508


class NotExtendedView(ErrorView):
    """Answers with 510 Not Extended."""

    status = 510


class NetworkAuthenticationRequiredView(ErrorView):
    """Answers with 511 Network Authentication Required."""

    status = 511


_CLASSES: tuple[type[ErrorView], ...] = (
    BadRequestView,
    UnauthorizedView,
    PaymentRequiredView,
    ForbiddenView,
    NotFoundView,
    MethodNotAllowedView,
    NotAcceptableView,
    ProxyAuthenticationRequiredView,
    RequestTimeoutView,
    ConflictView,
    GoneView,
    LengthRequiredView,
    PreconditionFailedView,
    ContentTooLargeView,
    URITooLongView,
    UnsupportedMediaTypeView,
    RangeNotSatisfiableView,
    ExpectationFailedView,
    MisdirectedRequestView,
    UnprocessableContentView,
    LockedView,
    FailedDependencyView,
    TooEarlyView,
    UpgradeRequiredView,
    PreconditionRequiredView,
    TooManyRequestsView,
    RequestHeaderFieldsTooLargeView,
    UnavailableForLegalReasonsView,
    InternalServerErrorView,
    NotImplementedView,
    BadGatewayView,
    ServiceUnavailableView,
    GatewayTimeoutView,
    HTTPVersionNotSupportedView,
    VariantAlsoNegotiatesView,
    InsufficientStorageView,
    LoopDetectedView,
    NotExtendedView,
    NetworkAuthenticationRequiredView,
)

# The views by their statuses.
VIEWS: Mapping[int, type[ErrorView]] = MappingProxyType({each.status: each for each in _CLASSES})

_CSRF_DETAIL = pgettext_lazy(
    "http error",
    "This form could not be verified as sent from this site. Go back, reload the page and send"
    " the form again. If that does not help, allow cookies for this site.",
)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer a failed CSRF check, as ``CSRF_FAILURE_VIEW``; the reason is said in DEBUG only.

    Clients that prefer HTML get Django's page then, which helps with it. A project's
    ``403_csrf.html`` is rendered as Django does it.
    """
    if pipeline.negotiate(request).media_type == "text/html":
        try:
            if settings.DEBUG or get_project_template(csrf.CSRF_FAILURE_TEMPLATE_NAME):
                response = csrf.csrf_failure(request, reason)
                patch_vary_headers(response, vary())
                return pipeline.complete(request, response)
        except Exception:
            logger.exception("The page for a failed CSRF check could not be rendered")
    return pipeline.answer(request, csrf_problem(reason))


def csrf_problem(reason: str) -> Problem:
    """Return what a failed CSRF check stands for; the reason is part of it in DEBUG only."""
    return error_status(403).problem(
        detail=_CSRF_DETAIL,
        code=CSRF_FAILED,
        permanence=Permanence.UNKNOWN,  # Sent from a page that is loaded again, it is accepted.
        extensions={"debug": {"reason": reason}} if settings.DEBUG else {},
    )


__all__ = [
    "VIEWS",
    "BadGatewayView",
    "BadRequestView",
    "ConflictView",
    "ContentTooLargeView",
    "ErrorView",
    "ExpectationFailedView",
    "FailedDependencyView",
    "ForbiddenView",
    "GatewayTimeoutView",
    "GoneView",
    "HTTPVersionNotSupportedView",
    "HideForbiddenMixin",
    "InsufficientStorageView",
    "InternalServerErrorView",
    "LengthRequiredView",
    "LockedView",
    "LoopDetectedView",
    "MethodNotAllowedView",
    "MisdirectedRequestView",
    "NetworkAuthenticationRequiredView",
    "NotAcceptableView",
    "NotExtendedView",
    "NotFoundView",
    "NotImplementedView",
    "PaymentRequiredView",
    "PreconditionFailedView",
    "PreconditionRequiredView",
    "ProxyAuthenticationRequiredView",
    "RangeNotSatisfiableView",
    "RequestHeaderFieldsTooLargeView",
    "RequestTimeoutView",
    "ServiceUnavailableView",
    "TooEarlyView",
    "TooManyRequestsView",
    "URITooLongView",
    "UnauthorizedView",
    "UnavailableForLegalReasonsView",
    "UnprocessableContentView",
    "UnsupportedMediaTypeView",
    "UpgradeRequiredView",
    "VariantAlsoNegotiatesView",
    "csrf_failure",
]
