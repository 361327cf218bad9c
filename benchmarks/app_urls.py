"""The addresses, with the app's handlers."""

from django_http_errors.handlers import handler400, handler403, handler404, handler500

from .urls import urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
