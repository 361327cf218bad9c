"""Sphinx's settings. `make docs` builds the site; nothing here asks the network."""

from __future__ import annotations

import configparser
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import django
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")
if not apps.ready:
    django.setup()

_setup = configparser.ConfigParser()
_setup.read(ROOT / "setup.cfg", encoding="utf-8")

project = _setup["metadata"]["name"]
author = "its contributors"
release = _setup["metadata"]["version"]
version = release.rpartition(".")[0]

extensions = ["sphinx.ext.autodoc", "reference"]
exclude_patterns = ["_build"]
default_role = "py:obj"
highlight_language = "text"

# What other packages document is not linked to: that would need their inventories, and so the
# network. A name of this package that leads nowhere is a warning.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!django_http_errors\.).*"),
    # Type variables, and types that only signatures name.
    (r"py:class", r".*\.(M|View|ViewFunction|Options|APIErrorResponse)"),
]

# What is for these packages is documented without them.
autodoc_mock_imports = [each for each in ("ninja", "whitenoise") if find_spec(each) is None]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"{project} {version}"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["reference.css"]
