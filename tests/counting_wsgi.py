"""The demo site, listing what visitors don't find, and writing it down more often."""

from django_http_errors.core import counting
from testproject.wsgi import application

__all__ = ["application"]

counting.EVERY = 1.0
