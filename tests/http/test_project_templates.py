"""Which templates of the project go before the app's page, and how long they are remembered."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import pytest
from django.template import Origin
from django.template.loaders.cached import Loader
from django.test import Client
from django.utils.functional import lazy

from ..asking import HTML

TENANT: ContextVar[str] = ContextVar("tenant")
PAGES = {"alice": {"404.html": "alice's page"}, "bob": {"404.html": "bob's page"}, "carol": {}}


class TenantLoader(Loader):
    """As that of django-tenants: what is remembered is each tenant's own."""

    def cache_key(self, template_name: str, skip: Any = None) -> str:
        return f"{TENANT.get()}-{super().cache_key(template_name, skip)}"

    def get_template_sources(self, template_name: str) -> Any:
        if template_name in PAGES[TENANT.get()]:
            yield Origin(f"/{TENANT.get()}/{template_name}", template_name, self)

    def get_contents(self, origin: Origin) -> str:
        return PAGES[TENANT.get()][str(origin.template_name)]


def page_for(tenant: str) -> str:
    token = TENANT.set(tenant)
    try:
        return Client().get("/404/", headers={"accept": HTML}).content.decode()
    finally:
        TENANT.reset(token)


@pytest.mark.django_db
@pytest.mark.parametrize("first", PAGES)
def test_a_tenant_gets_its_own_page(first: str, settings: Any) -> None:
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [(f"{__name__}.TenantLoader", [])]},
        }
    ]
    page_for(first)
    for _again in range(2):
        assert page_for("alice") == "alice's page"
        assert page_for("bob") == "bob's page"
        assert "<h1>Page not found</h1>" in page_for("carol")


@pytest.mark.django_db
def test_a_lazy_name_of_the_site_is_asked_for_each_time(settings: Any) -> None:
    """It may be another one for another tenant, and is escaped as any other."""
    settings.HTTP_ERRORS = {"SITE_NAME": lazy(lambda: f"<{TENANT.get()}>", str)()}
    for tenant in ("alice", "bob", "alice"):
        page = page_for(tenant)
        assert f"(404) \N{EN DASH} &lt;{tenant}&gt;</title>" in page
        assert f"<bdi>&lt;{tenant}&gt;</bdi>" in page
