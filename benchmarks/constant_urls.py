"""The addresses, with the least that a handler can do."""

from .peers import constant as handler404
from .urls import urlpatterns

__all__ = ["handler404", "urlpatterns"]
