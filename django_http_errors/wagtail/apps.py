"""The app that Wagtail finds the hooks of."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DjangoHttpErrorsWagtailConfig(AppConfig):
    """Has no models: those are the main app's."""

    name = "django_http_errors.wagtail"
    label = "django_http_errors_wagtail"
    verbose_name = _("HTTP errors")
