"""What REST framework's exceptions stand for, wherever they are raised."""

from __future__ import annotations

import re
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, cast

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import pgettext_lazy
from rest_framework import exceptions
from rest_framework.parsers import BaseParser

from ..core.statuses import error_status
from ..core.times import seconds_until
from ..problems import Permanence, Problem
from ..views import csrf_problem
from .errors import frames, invalid_parts

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

INVALID = pgettext_lazy(
    "http error", "Parts of what was sent cannot be accepted. Correct them and send it again."
)
_UNREADABLE = pgettext_lazy(
    "http error", "What was sent is not valid JSON: the error is at line {line}, column {column}."
)

_CSRF_FAILED = "CSRF Failed: "
# What a dict may say of these is their value; anything else in it is a further member.
_TEXTS = ("type", "title", "detail", "code")


def problem_for(exc: exceptions.APIException) -> Problem:
    """Return what `exc` stands for, without what only its view knows.

    Raises ValueError if its status is not that of an error.
    """
    detail: Any = exc.detail
    if isinstance(exc, exceptions.ValidationError) or isinstance(detail, list):
        members: dict[str, Any] = {"errors": invalid_parts(detail)}
        if exc.status_code == 400:
            members["detail"] = INVALID
    elif isinstance(detail, dict):
        members = _members_of(detail)
        if "detail" not in members and not _has_framework_words(exc):
            members["detail"] = str(exc.default_detail)
    elif str(detail).startswith(_CSRF_FAILED):
        # By SessionAuthentication: the words of the page for it help more than the reason.
        return csrf_problem(str(detail).removeprefix(_CSRF_FAILED))
    else:
        members = _words_of(exc)
    wait = getattr(exc, "wait", None)
    if wait is not None:
        members["retry_after"] = seconds_until(wait)
        members["permanence"] = Permanence.TEMPORARY
    challenge = getattr(exc, "auth_header", None)
    if challenge:
        members["challenges"] = (str(challenge),)
    return error_status(exc.status_code).problem(**members)


def _words_of(exc: exceptions.APIException) -> dict[str, Any]:
    """Return what `exc` says by a text: the words, and a code that isn't its class's default."""
    members: dict[str, Any] = {}
    if _is_by_a_parser(exc):
        members.update(_place_of_syntax_error(exc))
    elif not _says_the_default(exc):
        members["detail"] = _untranslated(exc)
    code = getattr(exc.detail, "code", None)
    if code and code != exc.default_code:
        members["code"] = str(code)
    return members


def _untranslated(exc: exceptions.APIException) -> StrOrPromise:
    """Return the text of `exc` as it can still be translated, if that is known.

    REST framework has put it into the visitor's language, which may be another one than the rest
    of the answer has words in.
    """
    text = str(exc.detail)
    for each in (*exc.args, exc.default_detail):
        if isinstance(each, Promise) and str(each) == text:
            return cast("StrOrPromise", each)
    return text


def _members_of(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the members that the dict of an exception says: not errors by field."""
    members: dict[str, Any] = {
        name: str(detail[name]) for name in _TEXTS if isinstance(detail.get(name), str)
    }
    members["extensions"] = {name: value for name, value in detail.items() if name not in members}
    return members


def _is_by_a_parser(exc: exceptions.APIException) -> bool:
    """Return whether `exc` has the text of what a parser raised, which isn't for the wire."""
    return isinstance(exc, exceptions.ParseError) and any(
        isinstance(each.get("self"), BaseParser) for each in frames(exc, "parse")
    )


def _place_of_syntax_error(exc: exceptions.APIException) -> dict[str, StrOrPromise]:
    """Return the detail that says where the content can't be read, and nothing of the content."""
    error = exc.__context__
    if not isinstance(error, JSONDecodeError):
        return {}
    return {"detail": unreadable(error.lineno, error.colno)}


def unreadable(line: int, column: int) -> StrOrPromise:
    """Return the words for content that is no JSON from there on."""
    return format_lazy(_UNREADABLE, line=line, column=column)


def _says_the_default(exc: exceptions.APIException) -> bool:
    """Return whether `exc` has only the framework's own words, which the app says better.

    It doesn't for what REST framework has given another status: a 401 that nobody may answer
    with a challenge becomes a 403, and the app's words for that wouldn't be true.
    """
    kind = type(exc)
    if not _has_framework_words(exc) or exc.status_code != kind.status_code:
        return False
    words = re.sub(r"\\\{\w+\\\}", ".*", re.escape(str(kind.default_detail)))
    if isinstance(exc, exceptions.Throttled) and getattr(exc, "wait", None) is not None:
        words += " .*"  # how long to wait
    return re.fullmatch(words, str(exc.detail), re.DOTALL) is not None


def _has_framework_words(exc: exceptions.APIException) -> bool:
    """Return whether the default words of `exc` are the framework's."""
    author = next(each for each in type(exc).__mro__ if "default_detail" in vars(each))
    return author.__module__.startswith("rest_framework.")
