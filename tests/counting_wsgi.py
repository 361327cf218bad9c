"""The demo site, listing what visitors don't find, and writing it down more often."""

from testproject.wsgi import application

# isort: split
# Once Django is set up.
from django_http_errors.core import counting

__all__ = ["application"]

counting.EVERY = 1.0
