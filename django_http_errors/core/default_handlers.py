"""The handlers of every URLconf that defines none: the root one, and those that requests bring.

Django looks them up in `django.conf.urls`, at each error.
"""

from __future__ import annotations

from django.conf import urls
from django.views import defaults

from ..conf import forget_on_change, http_errors

_DJANGO = {
    "handler400": defaults.bad_request,
    "handler403": defaults.permission_denied,
    "handler404": defaults.page_not_found,
    "handler500": defaults.server_error,
}


def install() -> None:
    """Set them as ``HTTP_ERRORS["DEFAULT_HANDLERS"]`` has it, now and whenever that changes."""
    _set()
    forget_on_change(_set)


def _set() -> None:
    for name, own in _DJANGO.items():
        ours = f"django_http_errors.handlers.{name}"
        current = getattr(urls, name)
        if http_errors.DEFAULT_HANDLERS and current is own:
            setattr(urls, name, ours)
        elif not http_errors.DEFAULT_HANDLERS and current == ours:
            setattr(urls, name, own)
