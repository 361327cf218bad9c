"""Packages that give each request an id: errors, their header and the log say the same one."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Any

from asgiref.sync import async_to_sync

from ..recipes import PROBLEM, Asker, neighbour

ANY_ID = re.compile("[0-9a-f-]{32,36}")


def shows_its_id(
    ask: Any,
    logged: list[logging.LogRecord],
    header: str,
    attribute: str,
    *,
    until_response: bool = False,
) -> None:
    """Check the ids of errors; one that comes in is taken.

    header: of requests and responses
    attribute: that of a record, by the package's filter
    until_response: whether the package has forgotten it when Django logs a client error
    """
    sent = uuid.uuid4().hex
    for path, status in (("/crash/", 500), ("/gone/", 410), ("/nowhere/", 404)):
        for headers in ({}, {header: sent}):
            logged.clear()
            response = ask(path, **headers)
            shown = response.json()["request_id"]
            assert response.status_code == status
            assert shown == sent if headers else ANY_ID.fullmatch(shown), shown
            assert response.headers.get(header, shown) == shown
            records = [each for each in logged if each.name == "django.request"]
            known = [None] if until_response and status < 500 else [shown]
            assert [getattr(each, attribute) for each in records] == known, records
    first, second = (ask("/crash/").json()["request_id"] for _time in range(2))
    assert first != second


@neighbour(
    "django-guid",
    "django_guid",
    apps=["django_guid"],
    top=["django_guid.middleware.guid_middleware"],
    settings={"DJANGO_GUID": {}},
    log_filter="django_guid.log_filters.CorrelationId",
)
def django_guid(ask: Asker) -> None:
    shows_its_id(ask, ask.logged, "Correlation-ID", "correlation_id")
    response = ask("/crash/")
    assert response.headers["Correlation-ID"] == response.json()["request_id"]
    assert "X-Request-ID" not in response.headers


@neighbour(
    "django-log-request-id",
    "log_request_id",
    top=["log_request_id.middleware.RequestIDMiddleware"],
    settings={
        "LOG_REQUEST_ID_HEADER": "HTTP_X_REQUEST_ID",
        "GENERATE_REQUEST_ID_IF_NOT_IN_HEADER": True,
        "REQUEST_ID_RESPONSE_HEADER": "X-Request-ID",
    },
    log_filter="log_request_id.filters.RequestIDFilter",
)
def django_log_request_id(ask: Asker) -> None:
    shows_its_id(ask, ask.logged, "X-Request-ID", "request_id")
    assert ask("/gone/").headers["X-Request-ID"]


class OfStructlog(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        from structlog.contextvars import get_contextvars

        record.request_id = get_contextvars().get("request_id")
        return True


@neighbour(
    "django-structlog",
    "django_structlog",
    apps=["django_structlog"],
    middleware=["django_structlog.middlewares.RequestMiddleware"],
    settings={"DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID": True},
    log_filter=f"{__name__}.OfStructlog",
)
def django_structlog(ask: Asker) -> None:
    shows_its_id(ask, ask.logged, "X-Request-ID", "request_id", until_response=True)


@neighbour(
    "asgi-correlation-id",
    "asgi_correlation_id",
    modes=["async"],
    log_filter="asgi_correlation_id.CorrelationIdFilter",
)
def asgi_correlation_id(ask: Asker) -> None:
    import httpx
    from asgi_correlation_id import CorrelationIdMiddleware
    from django.core.asgi import get_asgi_application

    application = CorrelationIdMiddleware(get_asgi_application())
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)

    async def get(path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(path, headers={"Accept": PROBLEM, **headers})

    shows_its_id(async_to_sync(get), ask.logged, "X-Request-ID", "correlation_id")
    assert len(async_to_sync(get)("/crash/").headers.get_list("X-Request-ID")) == 1
