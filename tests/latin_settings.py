"""The demo site, with a view at addresses that have bytes of no UTF-8."""

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "tests.http.test_exact_path"
