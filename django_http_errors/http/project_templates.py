"""The templates of the project that go before the app's own page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.template import TemplateDoesNotExist, engines, loader
from django.template.backends.django import DjangoTemplates
from django.template.loaders.cached import Loader as CachedLoader

from ..conf import cached_until_settings_change
from .shapes import Shape

PAGE = "django_http_errors/error.html"
BASE = "django_http_errors/base.html"
FRAGMENT = "django_http_errors/fragment.html"
# What the page and the fragment include.
_PARTS = ("django_http_errors/actions.html", "django_http_errors/lists.html")

# Where the app has them.
DIRECTORY = Path(__file__).parent.parent / "templates"


def project_template(status: int, is_fragment: bool = False) -> Any:
    """Return the project's template for `status`, or for fragments; None where it has none.

    That is ``404.html``, ``4xx.html``, or the app's own page where the project has put a
    template of its own in the place of the page or of its base. It is looked for once where
    Django, too, looks for a template once: not while somebody writes it.
    """
    is_known = _are_cached() and not settings.DEBUG
    find = _remembered_project_template if is_known else _find_project_template
    return find(status, is_fragment)


def has_own_page(status: int, shape: Shape) -> bool:
    """Return whether the app's own page is all that there is for `status`, now and later."""
    try:
        if settings.DEBUG or not _are_cached():
            return False
        return project_template(status, shape is Shape.FRAGMENT) is None
    except Exception:  # noqa: BLE001 - who renders the page meets it again, and logs it
        return False


@cached_until_settings_change
def _are_cached() -> bool:
    """Return whether every template of the project is read once and then remembered.

    A subclass may have other templates for another request, as tenants have.
    """
    return all(
        type(backend) is DjangoTemplates
        and all(type(each) is CachedLoader for each in backend.engine.template_loaders)
        for backend in engines.all()
    )


def _find_project_template(status: int, is_fragment: bool) -> Any:
    # A template for a status makes a document.
    for name in () if is_fragment else (f"{status}.html", f"{status // 100}xx.html"):
        template = get_project_template(name)
        if template is not None:
            return template
    whole = (FRAGMENT,) if is_fragment else (PAGE, BASE)
    try:
        overridden = [_is_overridden(loader.get_template(name)) for name in (*whole, *_PARTS)]
    except TemplateDoesNotExist:
        return None  # The app's templates aren't on the project's path, which is fine.
    return loader.get_template(whole[0]) if any(overridden) else None


def get_project_template(name: str) -> Any:
    """Return the template called `name` that is the project's, None where there is none.

    One in an app that stands behind this one in ``INSTALLED_APPS`` isn't: what some package ships
    as its ``503.html`` is no page of the site's for every 503. Raises what a broken template does.
    """
    try:
        template = loader.get_template(name)
    except TemplateDoesNotExist:
        return None
    return None if app_behind(template) else template


def app_behind(template: Any) -> AppConfig | None:
    """Return the app behind this one in ``INSTALLED_APPS`` that `template` is in, if it is one."""
    file = _file_of(template)
    if any(file.is_relative_to(each) for backend in engines.all() for each in backend.dirs):
        return None
    is_behind = False
    for app in apps.get_app_configs():
        if is_behind and any(file.is_relative_to(Path(app.path, each)) for each in _IN_APPS):
            return app
        is_behind = is_behind or app.name == "django_http_errors"
    return None


# Where Django's two template engines look for the templates of an app.
_IN_APPS = ("templates", "jinja2")


def _is_overridden(template: Any) -> bool:
    return not _file_of(template).is_relative_to(DIRECTORY)


def _file_of(template: Any) -> Path:
    return Path(str(template.origin.name))


_remembered_project_template = cached_until_settings_change(_find_project_template)
