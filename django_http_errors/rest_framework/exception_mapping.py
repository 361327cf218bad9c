"""What REST framework's exceptions stand for, wherever they are raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, cast

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import pgettext_lazy
from rest_framework import exceptions
from rest_framework.parsers import BaseParser

from ..core.bounded_errors import MOST_ERRORS, bounded
from ..core.pointers import after_names
from ..core.statuses import error_status
from ..core.times import Moment, seconds_until
from ..problems import MEMBERS, InvalidPart, Permanence, Problem
from ..views import csrf_problem
from .errors import frames, invalid_parts, message_of_paginator

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

INVALID = pgettext_lazy(
    "http error", "Parts of what was sent cannot be accepted. Correct them and send it again."
)
_UNREADABLE = pgettext_lazy(
    "http error", "What was sent is not valid JSON: the error is at line {line}, column {column}."
)

_CSRF_FAILED = "CSRF Failed: "
_TEXTS = ("type", "title", "detail", "code")
# What the words of an error are called in projects.
_WORDS = ("detail", "message", "msg")


def problem_for(exc: exceptions.APIException) -> Problem:
    """Return what `exc` stands for, without what only its view knows.

    Raises ValueError if its status is not that of an error.
    """
    detail: Any = exc.detail
    if isinstance(exc, exceptions.ValidationError) or isinstance(detail, list):
        of_list = invalid_parts if isinstance(exc, exceptions.ValidationError) else _parts
        members: dict[str, Any] = {"errors": tuple(bounded(of_list(detail)))}
        if exc.status_code == 400:
            members["detail"] = INVALID
    elif isinstance(detail, dict):
        members = members_of(detail)
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
    if _quotes_a_parser(exc):
        members.update(_place_of_syntax_error(exc))
    elif not _says_the_default(exc):
        members["detail"] = untranslated(exc)
    code = getattr(exc.detail, "code", None)
    if code and code != exc.default_code:
        members["code"] = str(code)
    return members


def untranslated(exc: exceptions.APIException) -> StrOrPromise:
    """Return the text of `exc` as it can still be translated, if that is known.

    REST framework has put it into the visitor's language, which may be another one than the rest
    of the answer has words in.
    """
    text = str(exc.detail)
    for each in (*exc.args, exc.default_detail, message_of_paginator(exc)):
        if isinstance(each, Promise) and str(each) == text:
            return cast("StrOrPromise", each)
    return text


def members_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that a dict gives, of an exception or in the place of one.

    Where it has the name of a member of the app's, that is what it becomes: texts, what is wrong
    of any nesting, seconds to wait. What can't become that is left out, and all that has another
    name is a further member.
    """
    members: dict[str, Any] = {
        name: value if isinstance(value, Promise) else str(value)
        for name in _TEXTS
        if _is_text(value := values.get(name))
    }
    nested = () if "detail" in members else _parts(values.get("detail") or ())
    errors = tuple(bounded((*nested, *_parts(values.get("errors")))))
    if errors:
        members["errors"] = errors
    wait = values.get("retry_after")
    if isinstance(wait, str) and wait.isascii() and wait.isdigit():
        wait = int(wait)  # An exception makes texts of all that its dict has.
    if isinstance(wait, Moment) and not isinstance(wait, bool):
        members.update(retry_after=seconds_until(wait), permanence=Permanence.TEMPORARY)
    further = {name: value for name, value in values.items() if name not in MEMBERS}
    if further:
        members["extensions"] = further
    return members


def _is_text(value: object) -> bool:
    # Codes are often numbers, and so are the types of some APIs.
    return isinstance(value, (str, Promise, int, float)) and not isinstance(value, bool)


def _parts(errors: Any) -> Iterator[InvalidPart]:
    """Yield the errors that a dict has below a name, or a list: as they are stated, or nested."""
    if _are_stated(errors):
        yield from _stated(errors)
    elif errors is not None:
        yield from invalid_parts(errors)


def stated_parts(data: Any) -> Iterator[InvalidPart]:
    """Yield what is an error in a form of the project's in `data`, a dict or a list of errors.

    Its place is the one that the project states, and not of what a serializer was given.
    """
    lists = (data.get("detail"), data.get("errors")) if isinstance(data, Mapping) else (data,)
    for errors in filter(_are_stated, lists):
        yield from _stated(errors)


def _are_stated(errors: Any) -> bool:
    """Return whether `errors` are objects with members of their own.

    In what a serializer makes, each member of an object is a field, and has a list or an object.
    """
    return isinstance(errors, (list, tuple)) and any(
        isinstance(each, Mapping) and any(map(_is_text, each.values()))
        for each in islice(errors, MOST_ERRORS)
    )


def _stated(errors: Iterable[Any]) -> Iterator[InvalidPart]:
    """Yield an error for each of `errors` that has words; a field is named in them."""
    for each in errors:
        if not isinstance(each, Mapping):
            yield from invalid_parts(each)
            continue
        detail = _text(each, *_WORDS)
        pointer, parameter = (_text(each, name) or None for name in ("pointer", "parameter"))
        name = _text(each, "field", "attr")
        if detail and name and not (pointer or parameter):
            detail = after_names([name], detail)
        if detail:
            yield InvalidPart(detail, pointer, _text(each, "code"), parameter)


def _text(values: Mapping[str, Any], *names: str) -> str:
    """Return the first text that `values` has by one of `names`, "" for none."""
    texts = (str(each) for name in names if _is_text(each := values.get(name)))
    # An exception makes a text of None, too.
    return next((each for each in texts if each not in ("", "None")), "")


def _quotes_a_parser(exc: exceptions.APIException) -> bool:
    """Return whether a parser may have put into the text of `exc` what isn't for the wire.

    That is the text of another exception, which may quote the content. What a parser finds out by
    itself it says in words for clients.
    """
    is_by_another = exc.__context__ is not None or exc.__cause__ is not None
    return (
        isinstance(exc, exceptions.ParseError)
        and is_by_another
        and any(isinstance(each.get("self"), BaseParser) for each in frames(exc, "parse"))
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
