"""The demo site over a database that may fail; how it uses that is said by the environment."""

import os

import dj_database_url

from tests.quick_settings import *  # noqa: F403
from tests.quick_settings import DATABASES, MIDDLEWARE

DATABASES["default"]["CONN_MAX_AGE"] = None if os.environ.get("KEEP_CONNECTIONS") else 0

if "REPLICA_URL" in os.environ:
    DATABASES["replica"] = dj_database_url.config("REPLICA_URL")
    DATABASE_ROUTERS = ["tests.routers.Replica"]

MIDDLEWARE = [*os.environ.get("MIDDLEWARE", "").split(), *MIDDLEWARE]
