"""The demo site, with passwords that are checked in no time."""

from testproject.settings import *  # noqa: F403
from testproject.settings import DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Nobody pulls the plug meanwhile: no commit has to wait for the disk.
    DATABASES["default"]["OPTIONS"] = {"init_command": "PRAGMA synchronous = OFF"}
