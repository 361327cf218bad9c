"""The demo site, asking for news more often, so that the tests of it take less time."""

from tests.settings import *  # noqa: F403
from tests.settings import HTTP_ERRORS

HTTP_ERRORS = {**HTTP_ERRORS, "REFRESH_SECONDS": 0.5}
