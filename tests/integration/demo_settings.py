"""The demo site with error pages of its own, which ask all that a page may ask."""

from tests.settings import *  # noqa: F403
from tests.settings import TEMPLATES

from .project import TEMPLATES as OWN_PAGES

TEMPLATES[0]["DIRS"] = [OWN_PAGES]
TEMPLATES[0]["OPTIONS"]["context_processors"].append("tests.integration.context_processors.visits")
ROOT_URLCONF = "tests.integration.urls_demo"
