"""Redirects to nowhere, of django.contrib.redirects."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test.utils import modify_settings
from pytest_django import DjangoDbBlocker

from django_http_errors.management.commands.import_permanence_rules import REDIRECTS
from django_http_errors.models import PermanenceRule

pytestmark = pytest.mark.django_db

LABELS = ("redirects", "sites")


@pytest.fixture(scope="module", autouse=True)
def _installed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Install the two apps, and their tables."""
    installed = [f"django.contrib.{label}" for label in LABELS]
    with modify_settings(INSTALLED_APPS={"append": installed}), django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        yield
        for label in LABELS:
            call_command("migrate", label, "zero", verbosity=0)
            for model in apps.get_app_config(label).get_models():
                if admin.site.is_registered(model):  # by its own autodiscovery
                    admin.site.unregister(model)


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_permanence_rules", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_those_that_lead_nowhere_become_rules_at_their_sites(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["www.example.com", "shop.example.com"]
    sites, redirects = apps.get_model("sites.Site").objects, apps.get_model("redirects.Redirect")
    www = sites.create(domain="www.example.com", name="www")
    shop = sites.create(domain="Shop.example.com:8000", name="shop")
    made = [
        redirects(site=site, old_path=old_path, new_path=new_path)
        for site, old_path, new_path in (
            (www, "/old/", ""),
            (shop, "/old/", ""),
            (www, "/lamps/?page=2", ""),
            (www, "/moved/", "/new/"),
            (shop, "/moved/", "/new/"),
        )
    ]
    keys = [each.pk for each in redirects.objects.bulk_create(made)]
    out, err = run("--from-redirects", "--author", "editor")
    assert out == "3 rows: 3 new, 0 changed, 0 same, 0 invalid.\n"
    assert err.splitlines() == [
        (
            f"{REDIRECTS}, row {keys[2]}: What stood behind ? or # is left out: the rule is for"
            " whatever stands there."
        ),
        f"{REDIRECTS}, row {keys[3]}, row {keys[4]}: Not gone (410) but a redirect: left out.",
    ]
    assert list(PermanenceRule.objects.order_by("pk").values_list("host", "pattern", "author")) == [
        ("www.example.com", "/old/", "editor"),
        ("shop.example.com", "/old/", "editor"),
        ("www.example.com", "/lamps/", "editor"),
    ]
    assert run("--from-redirects")[0] == "3 rows: 0 new, 0 changed, 3 same, 0 invalid.\n"


def test_a_site_that_is_not_served_is_named(settings: Any) -> None:
    """As example.com is, which Django makes."""
    site = apps.get_model("sites.Site").objects.get_or_create(domain="example.com")[0]
    apps.get_model("redirects.Redirect").objects.create(site=site, old_path="/old/")
    settings.ALLOWED_HOSTS = ["www.example.com"]
    assert "The site isn't served at example.com: ALLOWED_HOSTS" in run("--from-redirects")[1]


def test_a_site_may_be_called_by_its_name_in_unicode(settings: Any) -> None:
    """As an editor writes it, and browsers don't."""
    settings.ALLOWED_HOSTS = ["xn--bcher-kva.example"]
    site = apps.get_model("sites.Site").objects.create(domain="Bücher.example:8000", name="b")
    apps.get_model("redirects.Redirect").objects.create(site=site, old_path="/old/")
    assert run("--from-redirects") == ("1 row: 1 new, 0 changed, 0 same, 0 invalid.\n", "")
    assert PermanenceRule.objects.get().host == "xn--bcher-kva.example"


def test_an_error_names_the_field_of_a_redirect() -> None:
    site = apps.get_model("sites.Site").objects.get_or_create(domain="example.com")[0]
    pk = apps.get_model("redirects.Redirect").objects.create(site=site, old_path="old/").pk
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("import_permanence_rules", "--from-redirects", stderr=err)
    text = f"{REDIRECTS}, row {pk}: old_path: An address begins with a slash: /old/"
    assert text in err.getvalue().splitlines()


def test_where_they_are_not_installed_there_are_none() -> None:
    installed = [f"django.contrib.{label}" for label in LABELS]
    with (
        modify_settings(INSTALLED_APPS={"remove": installed}),
        pytest.raises(CommandError, match="isn't installed"),
    ):
        run("--from-redirects")


@pytest.mark.parametrize("words", [(), ("rules.csv", "--from-redirects")])
def test_there_is_a_file_or_redirects(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="Name a file, or say --from-redirects"):
        run(*words)
