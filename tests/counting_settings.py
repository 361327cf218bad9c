"""The demo site, with the list of what visitors don't find."""

from testproject.settings import *  # noqa: F403
from testproject.settings import HTTP_ERRORS

HTTP_ERRORS = {**HTTP_ERRORS, "MISSING_PAGES": True}
