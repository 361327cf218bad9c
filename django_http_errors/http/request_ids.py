"""What a user quotes to support and an operator finds in the log: the id of a request."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from ..conf import cached_until_settings_change, http_errors
from ..core.request_info import RequestInfo

logger = logging.getLogger("django_http_errors")

_USABLE = re.compile(r"[A-Za-z0-9._+/=:@-]{1,128}")


def request_id(
    request: HttpRequest, *, make: bool = False, response: HttpResponseBase | None = None
) -> str:
    """Return the id of `request`, "" where there is none.

    It is the first of these that is harmless: what ``HTTP_ERRORS["REQUEST_ID"]`` returns, what a
    package for request ids puts on log records, what `response` says already and what the request
    said in the header ``HTTP_ERRORS["REQUEST_ID_HEADER"]``; else, asked to `make` one, 32 random
    hexadecimal digits.
    """
    info = RequestInfo.of(request)
    if not info.request_id:
        found = _found(request, response)
        if make and not found:
            found = secrets.token_hex(16)
            info.has_made_request_id = True
        if found:
            info.request_id = found
    return info.request_id


def _found(request: HttpRequest, response: HttpResponseBase | None) -> str:
    """Return the id that somebody else gave to `request`, "" where nobody did."""
    if http_errors.REQUEST_ID:
        value = _usable(_by_setting(request))
        if value:
            return value
    # What isn't imported isn't used.
    if not _PACKAGES.keys().isdisjoint(sys.modules.keys()):
        for module, find in _PACKAGES.items():
            value = _usable(_by_package(module, find, request))
            if value:
                return value
    header = http_errors.REQUEST_ID_HEADER
    # To look for a header that isn't there takes Django as long as all of this.
    if response is not None and header and len(response.headers._store) > 1:
        value = _usable(response.headers.get(header))
        if value:
            return value
    sent = request.META.get(http_errors.request_id_key)
    return _usable(sent) if sent else ""


def _usable(value: object) -> str:
    """Return `value` as a text that is harmless in pages, logs and mails, "" for any other."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return text if _USABLE.fullmatch(text) else ""


def _by_setting(request: HttpRequest) -> object:
    function = _function(http_errors.REQUEST_ID)
    try:
        return function(request)
    except Exception:
        logger.exception("%s found no id of a request", http_errors.REQUEST_ID)
        return None


@cached_until_settings_change
def _function(path: str) -> Callable[[HttpRequest], object]:
    """Return what `path` names; what can't be used is logged once, and finds nothing."""
    try:
        function = import_string(path)
        if not callable(function):
            raise TypeError(f"{path} can't be called")
    except Exception as error:  # noqa: BLE001 - importing runs the project's code
        logger.error("HTTP_ERRORS['REQUEST_ID'] can't be used: %s", error)
        return lambda request: None
    return function  # type: ignore[no-any-return]


def _by_package(
    module: str, find: Callable[[Any, HttpRequest], object], request: HttpRequest
) -> object:
    try:
        return find(sys.modules[module], request)
    except Exception:  # noqa: BLE001 - it isn't imported, or keeps it elsewhere in this version
        return None


def _log_request_id(package: Any, request: HttpRequest) -> object:
    value = getattr(request, "id", None)
    # Where its header didn't come in, the package has a word for that in the place of an id.
    none = getattr(settings, package.LOG_REQUESTS_NO_SETTING, package.DEFAULT_NO_REQUEST_ID)
    return None if value == none else value


# Where packages keep the id that they put on log records: by the module that is imported where
# the package is in use, what finds it. No package is imported for it.
_PACKAGES: Mapping[str, Callable[[Any, HttpRequest], object]] = {
    "django_guid.context": lambda module, request: module.guid.get(),
    "log_request_id": _log_request_id,
    "django_structlog.middlewares": lambda module, request: (
        sys.modules["structlog"].contextvars.get_contextvars().get("request_id")
    ),
    "asgi_correlation_id.context": lambda module, request: module.correlation_id.get(),
}


def send_request_id(request: HttpRequest, response: HttpResponseBase) -> None:
    """Say in a header of `response` the id of `request`, if it is one that the app has made.

    Any other is sent by who gave it, if it is to be sent.
    """
    name = http_errors.REQUEST_ID_HEADER
    if RequestInfo.of(request).has_made_request_id and name and name not in response.headers:
        response.headers[name] = request_id(request)


class RequestIDFilter(logging.Filter):
    """Puts ``request_id`` on log records that have a request, "-" on all others.

    Django's records of errors have one, so that ``%(request_id)s`` in a format shows the id
    that the error page told the user.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = (isinstance(request, HttpRequest) and request_id(request)) or "-"
        return True
