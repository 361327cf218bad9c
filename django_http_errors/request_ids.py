"""What a user quotes to support and an operator finds in the log: the id of a request."""

from __future__ import annotations

import logging
import re
import secrets

from django.http import HttpRequest

from .conf import http_errors

_ATTRIBUTE = "http_errors_request_id"
_USABLE = re.compile(r"[A-Za-z0-9._+/=:@-]{1,128}")


def request_id(request: HttpRequest, *, make: bool = False) -> str:
    """Return the id of `request`, "" where there is none.

    It is the one that a proxy has sent (``HTTP_ERRORS["REQUEST_ID_HEADER"]``) if that is
    harmless; else, asked to `make` one, 32 random hexadecimal digits.
    """
    known: str = getattr(request, _ATTRIBUTE, "")
    if known:
        return known
    known = sent_id(request) or (secrets.token_hex(16) if make else "")
    setattr(request, _ATTRIBUTE, known)
    return known


def sent_id(request: HttpRequest) -> str:
    """Return the id that came in with `request`, "" for none and for a harmful one."""
    sent = request.META.get(http_errors.request_id_key)
    return sent if sent and _USABLE.fullmatch(sent) else ""


def forget(request: HttpRequest) -> None:
    """Let `request` be without an id again; one that a proxy has sent is found anew."""
    request.__dict__.pop(_ATTRIBUTE, None)


class RequestIDFilter(logging.Filter):
    """Puts ``request_id`` on log records that have a request, "-" on all others.

    Django's records of errors have one, so that ``%(request_id)s`` in a format shows the id
    that the error page told the user.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = (isinstance(request, HttpRequest) and request_id(request)) or "-"
        return True
