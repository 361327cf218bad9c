"""Packages that change how a site is served."""

from __future__ import annotations

import os
from typing import Any

from asgiref.sync import async_to_sync

from ..recipes import PROBLEM, Asker, neighbour


@neighbour("channels", "channels", apps=["channels"], modes=["async"])
def channels(ask: Asker) -> None:
    """HTTP beside websockets: what no route is for is answered by Django, and so by the app."""
    import httpx
    from channels.routing import ProtocolTypeRouter, URLRouter
    from channels.testing import WebsocketCommunicator
    from django.core.asgi import get_asgi_application

    application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": URLRouter([])})

    async def get(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(path, headers={"Accept": PROBLEM})

    for path, status in (("/gone/", 410), ("/crash/", 500), ("/nowhere/", 404)):
        response = async_to_sync(get)(path)
        assert response.json()["status"] == response.status_code == status

    async def connect() -> Any:
        communicator = WebsocketCommunicator(application, "/nowhere/")
        try:
            return await communicator.connect()
        except ValueError as error:  # "No route found": no request, and nothing of the app's
            return error

    assert "No route found" in str(async_to_sync(connect)())


def postgresql() -> str:
    """Return why there is no database server to be asked; make the database where there is."""
    import psycopg

    name = TENANTS["NAME"]
    try:
        server = psycopg.connect(
            host=TENANTS["HOST"],
            user=TENANTS["USER"],
            password=TENANTS["PASSWORD"],
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )
    except psycopg.OperationalError as error:
        return f"PostgreSQL doesn't answer: {error}"
    with server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    return ""


TENANTS = {
    "ENGINE": "django_tenants.postgresql_backend",
    "HOST": "127.0.0.1",
    "USER": os.environ.get("PGUSER", "postgres"),
    "PASSWORD": os.environ.get("PGPASSWORD", ""),
    "NAME": "http_errors_tenants",
}
SHARED = [
    "django_tenants",
    "tests.neighbours.sites.tenants",
    "django_http_errors",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
]


@neighbour(
    "django-tenants",
    "django_tenants",
    top=["django_tenants.middleware.main.TenantMainMiddleware"],
    settings={
        "DATABASES": {"default": TENANTS},
        "DATABASE_ROUTERS": ["django_tenants.routers.TenantSyncRouter"],
        "SHARED_APPS": SHARED,
        "TENANT_APPS": ["django_http_errors"],
        "TENANT_MODEL": "tenants.Tenant",
        "TENANT_DOMAIN_MODEL": "tenants.Domain",
        "INSTALLED_APPS": SHARED,
        "HTTP_ERRORS": {"CHALLENGES": ["Session"], "REFRESH_SECONDS": 0},
    },
    needs=postgresql,
    migrate=["migrate_schemas", "--shared", "--run-syncdb"],
    modes=["sync"],  # Django's async test client has but one host.
)
def tenants(ask: Asker) -> None:
    """Each tenant has rules of its own; who is none is answered by its middleware."""
    from django_tenants.utils import schema_context

    from django_http_errors.models import PermanenceRule

    from ..sites.tenants.models import Domain, Tenant

    for name in ("public", "one", "two"):
        tenant = Tenant.objects.create(schema_name=name)
        Domain.objects.create(tenant=tenant, domain=f"{name}.example.com", is_primary=True)
    with schema_context("one"):
        PermanenceRule.objects.create(pattern="/old/", kind="prefix")
    for _time in range(2):
        ask.problem("/old/lamps/", 410, host="one.example.com")
        ask.problem("/old/lamps/", 404, host="two.example.com")
        ask.problem("/gone/", 410, host="two.example.com")
        ask.problem("/", 404, host="nobody.example.com")
