"""Content-Security-Policy: the nonce of a request, and the hash of the app's style sheet."""

from __future__ import annotations

import base64
import hashlib
import logging

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

logger = logging.getLogger("django_http_errors")


def csp_nonce(request: HttpRequest) -> str:
    """Return the nonce of Django's (6.0 and newer) or django-csp's middleware, "" without one.

    To ask for it puts it into the policy that the middleware writes.
    """
    nonce = _nonce(request)
    if nonce is None:
        return ""
    try:
        return str(nonce)
    except Exception:
        # django-csp raises when the policy is written already; a system check says why.
        logger.exception("The page gets no nonce")
        return ""


def lazy_csp_nonce(request: HttpRequest) -> SimpleLazyObject[str] | None:
    """Return the nonce for a template, None where no middleware has one.

    It is asked for, and so put into the policy, only where the template does so. Unlike Django's
    it is true before that.
    """
    return None if _nonce(request) is None else SimpleLazyObject(lambda: csp_nonce(request))


def _nonce(request: HttpRequest) -> object:
    # django-csp keeps the value that it has already made in Django's attribute.
    nonce = getattr(request, "csp_nonce", None)
    return getattr(request, "_csp_nonce", None) if nonce is None else nonce


def source_hash(style: str) -> str:
    """Return the source expression that allows the inline `style` (CSP 3, section 2.3.1)."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
