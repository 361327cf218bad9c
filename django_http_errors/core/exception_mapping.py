"""Exception -> Problem: what an exception stands for, the app's, Django's, or a registered one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.core import exceptions as django_exceptions
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.utils.module_loading import import_string

from ..conf import cached_until_settings_change, http_errors
from ..exceptions import HttpError
from ..problems import InvalidPart, Problem
from .pointers import json_pointer
from .statuses import error_status, with_status

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

# What packages raise: a status, or the path of callable(exception) -> Problem. By their names:
# nothing is imported for it, and who raises one has imported the package.
_PACKAGES: Mapping[tuple[str, str], int | str] = {
    ("django_ratelimit.exceptions", "Ratelimited"): 429,
    ("rest_framework.exceptions", "APIException"): (
        "django_http_errors.rest_framework.exception_mapping.problem_for"
    ),
}

# Where an exception keeps what a registered function made of it.
_MADE = "http_errors_problem"


@dataclass(frozen=True, slots=True)
class ProblemFunction:
    """A registered function: its path, and what makes a Problem of an exception."""

    path: str
    function: Callable[[BaseException], object]

    def problem_for(self, exception: BaseException) -> Problem | None:
        """Return the Problem that the function makes of `exception`, None if it makes none.

        It is called once for an exception, although the middleware and then a handler ask: what
        it does is done once, and what is wrong with it is logged once.
        """
        state = vars(exception)  # not setattr(), which an exception may forbid
        made: tuple[str, Problem | None] | None = state.get(_MADE)
        if made is None or made[0] != self.path:
            made = state[_MADE] = (self.path, self._make(exception))
        return made[1]

    def _make(self, exception: BaseException) -> Problem | None:
        try:
            return checked(self.function(exception))
        except Exception:
            logger.exception("%s made no problem of %r", self.path, type(exception))
            return None


Registered = int | ProblemFunction


def forget_problem(exception: BaseException | None) -> None:
    """Forget what a registered function made of `exception`, once that is answered.

    A project may raise one and the same exception for many requests.
    """
    if exception is not None and http_errors.EXCEPTIONS:
        vars(meant_by(exception)).pop(_MADE, None)


def checked(problem: object) -> Problem:
    """Return `problem` where it is one of an error; raises TypeError or ValueError otherwise."""
    if not isinstance(problem, Problem):
        raise TypeError(f"{type(problem)} is not a Problem")
    error_status(problem.status)  # raises for what isn't an error
    return problem


@cached_until_settings_change
def _registered() -> Mapping[type, Registered]:
    """Return what the project has registered in ``HTTP_ERRORS["EXCEPTIONS"]``, by class.

    What can't be used is logged, and left out.
    """
    found: dict[type, Registered] = {}
    for path, value in http_errors.EXCEPTIONS.items():
        try:
            found[_imported_class(path)] = _imported(value)
        except Exception as error:  # noqa: BLE001 - importing runs the project's code
            logger.error("HTTP_ERRORS['EXCEPTIONS'][%r] can't be used: %s", path, error)
    return found


def _imported_class(path: str) -> type:
    kind = import_string(path)
    if not isinstance(kind, type):
        raise TypeError(f"{path} is not a class")
    return kind


def _imported(value: int | str) -> Registered:
    if isinstance(value, int):
        return value
    function = import_string(value)
    if not callable(function):
        raise TypeError(f"{value} can't be called")
    return ProblemFunction(value, function)


def registered_problem(exception: BaseException) -> Problem | None:
    """Return the Problem that the project registered for `exception`, or for its nearest base.

    None where it registered none, where its meaning by Django or by its package is nearer, and
    where what it registered doesn't work, which is logged.
    """
    if not http_errors.EXCEPTIONS:
        return None
    registered = _registered()
    for each in type(exception).__mro__:
        found = registered.get(each)
        if isinstance(found, int):
            return _with_registered_status(exception, found)
        if found is not None:
            return found.problem_for(exception)
        if _meaning(each) is not None:
            return None
    return None


def _with_registered_status(exception: BaseException, status: int) -> Problem:
    """Return what `exception` says that was raised to be shown, under the `status` for it."""
    try:
        if isinstance(exception, django_exceptions.ValidationError):
            return error_status(status).problem(errors=tuple(_invalid_parts(exception)))
        if isinstance(_meaning_of(exception), str):
            known = _own_problem(exception)
            if known is not None:
                return with_status(known, status)
    except Exception:
        logger.exception("What %r says could not be read", type(exception))
    return error_status(status).default_problem


def _invalid_parts(error: django_exceptions.ValidationError) -> Iterator[InvalidPart]:
    """Yield the messages of Django's ValidationError, each with the field that it is about."""
    whole = django_exceptions.NON_FIELD_ERRORS
    by_field = error.error_dict if hasattr(error, "error_dict") else {whole: error.error_list}
    for field, errors in by_field.items():
        pointer = None if field == whole else json_pointer(field)
        for each in errors:
            for text in each:
                yield InvalidPart(str(text), pointer, str(each.code or "invalid"))


def is_client_error(exception: BaseException) -> bool:
    """Return whether `exception` is an answer that somebody chose, rather than a crash.

    That is an exception of the app's, or one that the project registered as a client error, or
    that a package means as one; and a group of one that Django would answer, since Django doesn't
    look into it.
    """
    meant = meant_by(exception)
    if isinstance(meant, HttpError):
        return True
    problem = registered_problem(meant)
    if problem is None:
        is_left_to_django = meant is exception and isinstance(_meaning_of(meant), int)
        problem = None if is_left_to_django else _own_problem(meant)
    return problem is not None and problem.status < 500


def meant_by(exception: BaseException) -> BaseException:
    """Return the first in a group of exceptions of one kind, any other exception as it is.

    Tasks that run side by side raise groups (PEP 654), of one exception mostly: the first that
    failed has ended the others. Of several kinds none is the answer.
    """
    if not isinstance(exception, BaseExceptionGroup):
        return exception
    first, *others = _leaves(exception)
    return first if all(type(each) is type(first) for each in others) else exception


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def problem_for(exception: BaseException | None, default: int = 500) -> Problem:
    """Return the Problem that `exception` stands for, an unknown one being a `default`.

    The text of an exception that wasn't raised to be shown is never part of it.
    """
    if exception is None:
        return error_status(default).default_problem
    if isinstance(exception, BaseExceptionGroup):
        exception = meant_by(exception)
    if isinstance(exception, HttpError):
        return exception.problem
    problem = registered_problem(exception) or _own_problem(exception)
    return problem or error_status(default).default_problem


def _own_problem(exception: BaseException) -> Problem | None:
    """Return the Problem that `exception` stands for by Django or by its package, None for others.

    None too for one of a package that stands for no error.
    """
    meaning = _meaning_of(exception)
    if not isinstance(meaning, str):
        return None if meaning is None else error_status(meaning).default_problem
    try:
        return checked(_function(meaning)(exception))
    except Exception:
        logger.exception("What %r stands for could not be read", type(exception))
    try:
        return error_status(exception.status_code).default_problem  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - it may have none, or one that is no error's
        return None


def _meaning_of(exception: BaseException) -> int | str | None:
    """Return what `exception` means by Django or by its package, or its nearest base by these."""
    kind: Any = type(exception)
    return _remembered_meaning(kind)


@lru_cache(maxsize=256)
def _remembered_meaning(kind: type) -> int | str | None:
    for each in kind.__mro__:
        meaning = _meaning(each)
        if meaning is not None:
            return meaning
    return None


def _meaning(kind: type) -> int | str | None:
    """Return what exceptions of `kind` mean by Django or by their package, not by their bases."""
    status = _DJANGO_STATUSES.get(kind)
    return status or _PACKAGES.get((kind.__module__, kind.__name__))


@cache
def _function(path: str) -> Callable[[BaseException], object]:
    function: Callable[[BaseException], object] = import_string(path)
    return function
