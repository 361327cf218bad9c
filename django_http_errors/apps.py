"""Where Django meets the app."""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig
from django.core.signals import got_request_exception
from django.utils.translation import gettext_lazy as _


class DjangoHttpErrorsConfig(AppConfig):
    """Registers the system checks, and listens for crashes to tell of in DEBUG."""

    name = "django_http_errors"
    verbose_name = _("HTTP errors")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415 - importing registers them

        got_request_exception.connect(_remember, dispatch_uid=f"{__name__}._remember")


def _remember(request: Any = None, **kwargs: Any) -> None:
    from . import debug  # noqa: PLC0415 - when the apps are loaded

    debug.remember(request, sys.exception())
