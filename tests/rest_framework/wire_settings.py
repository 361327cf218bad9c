"""Settings of a site with an API whose renderers return what they shouldn't."""

from tests.settings import *  # noqa: F403

ROOT_URLCONF = "tests.rest_framework.wire_urls"
