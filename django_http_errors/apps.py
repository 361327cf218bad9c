"""Where Django meets the app."""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig
from django.core.signals import got_request_exception
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DjangoHttpErrorsConfig(AppConfig):
    """Registers the system checks, and remembers crashes to show in DEBUG."""

    name = "django_http_errors"
    verbose_name = _("HTTP errors")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401, PLC0415 - importing registers them
        from .core import default_handlers  # noqa: PLC0415
        from .models import edited, examined  # noqa: PLC0415 - models can be loaded only now
        from .rules.snapshot import snapshots  # noqa: PLC0415

        default_handlers.install()
        got_request_exception.connect(_remember, dispatch_uid=f"{__name__}._remember")
        edited.connect(snapshots.expire, dispatch_uid=f"{__name__}.expire")
        examined.connect(_examine, dispatch_uid=f"{__name__}._examine")
        # After migrations, and after the flush that ends a test of transactions.
        post_migrate.connect(
            lambda **kwargs: snapshots.forget(),
            sender=self,
            weak=False,
            dispatch_uid=f"{__name__}.forget",
        )


def _remember(request: Any = None, **kwargs: Any) -> None:
    from .core import debug  # noqa: PLC0415 - when the apps are loaded

    debug.remember(request, sys.exception())


def _examine(rule: Any, **kwargs: Any) -> list[str]:
    from .explaining.effect import obstacles  # noqa: PLC0415 - hardly ever needed
    from .rules.rows import PermanenceRow  # noqa: PLC0415 - when the apps are loaded

    return list(obstacles(PermanenceRow.of(rule)))
