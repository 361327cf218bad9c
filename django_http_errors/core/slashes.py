"""Addresses that only lack their last slash, which Django redirects to where a view is."""

from __future__ import annotations

import logging

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.utils.module_loading import import_string

from ..conf import cached_until_settings_change, installed_middleware

logger = logging.getLogger("django_http_errors")

COMMON_MIDDLEWARE = "django.middleware.common.CommonMiddleware"


def is_redirected_to_slash(request: HttpRequest) -> bool:
    """Return whether `CommonMiddleware` redirects `request` when it is answered by a 404.

    By the middleware itself, which may be a subclass of the project's (APPEND_SLASH).
    """
    middleware = _common_middleware()
    return middleware is not None and bool(middleware.should_redirect_with_slash(request))


@cached_until_settings_change
def _common_middleware() -> CommonMiddleware | None:
    for path, names in installed_middleware():
        if COMMON_MIDDLEWARE in names:
            try:
                found: type[CommonMiddleware] = import_string(path)
                return found(_never_called)
            except MiddlewareNotUsed:
                continue
            except Exception:
                logger.exception("%s can't be asked what it redirects", path)
    return None


def _never_called(request: HttpRequest) -> HttpResponseBase:
    raise NotImplementedError
