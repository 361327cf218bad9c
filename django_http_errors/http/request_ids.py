"""What a user quotes to support and an operator finds in the log: the id of a request."""

from __future__ import annotations

import logging
import re
import secrets

from django.http import HttpRequest

from ..conf import http_errors
from ..core.request_info import RequestInfo

_USABLE = re.compile(r"[A-Za-z0-9._+/=:@-]{1,128}")


def request_id(request: HttpRequest, *, make: bool = False) -> str:
    """Return the id of `request`, "" where there is none.

    It is the one that a proxy has sent (``HTTP_ERRORS["REQUEST_ID_HEADER"]``) if that is
    harmless; else, asked to `make` one, 32 random hexadecimal digits.
    """
    info = RequestInfo.of(request)
    if not info.request_id:
        sent = request.META.get(http_errors.request_id_key)
        if sent and _USABLE.fullmatch(sent):
            info.request_id = sent
        elif make:
            info.request_id = secrets.token_hex(16)
    return info.request_id


class RequestIDFilter(logging.Filter):
    """Puts ``request_id`` on log records that have a request, "-" on all others.

    Django's records of errors have one, so that ``%(request_id)s`` in a format shows the id
    that the error page told the user.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = (isinstance(request, HttpRequest) and request_id(request)) or "-"
        return True
