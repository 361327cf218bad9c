"""Content-Security-Policy: the nonce of a request, and the hash of the app's style sheet."""

from __future__ import annotations

import base64
import hashlib
import logging

from django.http import HttpRequest

logger = logging.getLogger("django_http_errors")


def csp_nonce(request: HttpRequest) -> str:
    """Return the nonce of Django's (6.0 and newer) or django-csp's middleware, "" without one.

    To ask for it puts it into the policy that the middleware writes.
    """
    # django-csp keeps the value that it has already made in Django's attribute.
    nonce = getattr(request, "csp_nonce", None)
    if nonce is None:
        nonce = getattr(request, "_csp_nonce", None)
    if nonce is None:
        return ""
    try:
        return str(nonce)
    except Exception:
        # django-csp raises when the policy is written already; a system check says why.
        logger.exception("The page gets no nonce")
        return ""


def source_hash(style: str) -> str:
    """Return the source expression that allows the inline `style` (CSP 3, section 2.3.1)."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
