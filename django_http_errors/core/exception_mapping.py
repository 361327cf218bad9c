"""Exception -> Problem: what an exception stands for, the app's, Django's, or a registered one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.core import exceptions as django_exceptions
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.utils.module_loading import import_string

from ..conf import cached_until_settings_change, http_errors
from ..exceptions import HttpError
from ..problems import Problem
from .statuses import error_status

logger = logging.getLogger("django_http_errors")

# How Django maps its own (django.core.handlers.exception), except that what is too large is 413.
_DJANGO_STATUSES: Mapping[type, int] = {
    Http404: 404,
    django_exceptions.PermissionDenied: 403,
    django_exceptions.BadRequest: 400,
    django_exceptions.SuspiciousOperation: 400,
    MultiPartParserError: 400,
    django_exceptions.RequestDataTooBig: 413,
    django_exceptions.TooManyFieldsSent: 413,
    django_exceptions.TooManyFilesSent: 413,
}

# A status, or what makes a Problem of the exception.
Registered = int | Callable[[BaseException], Problem]


@cached_until_settings_change
def _registered() -> Mapping[type, Registered]:
    """Return what the project has registered in ``HTTP_ERRORS["EXCEPTIONS"]``, by class."""
    found: dict[type, Registered] = {}
    for path, value in http_errors.EXCEPTIONS.items():
        try:
            kind = import_string(path)
            if isinstance(kind, type):
                found[kind] = import_string(value) if isinstance(value, str) else value
        except Exception as error:  # noqa: BLE001 - importing runs the project's code
            logger.error("HTTP_ERRORS['EXCEPTIONS'][%r] can't be used: %s", path, error)
    return found


def registered_problem(exception: BaseException) -> Problem | None:
    """Return the Problem that the project registered for `exception`, or for its nearest base.

    None where it registered none, where Django's own meaning is nearer, and where what it
    registered doesn't work, which is logged.
    """
    if not http_errors.EXCEPTIONS:
        return None
    registered = _registered()
    for each in type(exception).__mro__:
        if each in registered:
            return _made_by(registered[each], exception)
        if each in _DJANGO_STATUSES:
            return None
    return None


def _made_by(registered: Registered, exception: BaseException) -> Problem | None:
    if isinstance(registered, int):
        return error_status(registered).default_problem
    try:
        problem = registered(exception)
        if not isinstance(problem, Problem):
            raise TypeError(f"{type(problem)} is not a Problem")
        error_status(problem.status)  # raises for what isn't an error
    except Exception:
        logger.exception("%r could not make a problem of %r", registered, type(exception))
        return None
    return problem


def is_client_error(exception: BaseException) -> bool:
    """Return whether `exception` is an answer that somebody chose, rather than a crash.

    That is an exception of the app's, or one that the project registered as a client error.
    """
    if isinstance(exception, HttpError):
        return True
    problem = registered_problem(exception)
    return problem is not None and problem.status < 500


def problem_for(exception: BaseException | None, default: int = 500) -> Problem:
    """Return the Problem that `exception` stands for, an unknown one being a `default`.

    The text of an exception that wasn't raised to be shown is never part of it.
    """
    if isinstance(exception, HttpError):
        if not hasattr(exception, "problem"):
            # A subclass whose __init__ doesn't call ours still has the words of its class.
            HttpError.__init__(exception)
        return exception.problem
    if exception is None:
        return error_status(default).default_problem
    registered = registered_problem(exception)
    if registered is not None:
        return registered
    return error_status(_status_of(type(exception)) or default).default_problem


def _status_of(kind: type[BaseException]) -> int | None:
    """Return the status that Django answers an exception of `kind` with, None if it knows none."""
    for each in kind.__mro__:
        if each in _DJANGO_STATUSES:
            return _DJANGO_STATUSES[each]
    return None
