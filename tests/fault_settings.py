"""The demo site over a database that may fail: news wanted often, connections kept if told so."""

import os

from tests.quick_settings import *  # noqa: F403
from tests.quick_settings import DATABASES

DATABASES["default"]["CONN_MAX_AGE"] = None if os.environ.get("KEEP_CONNECTIONS") else 0
