"""The door for what views raise and for the bare responses that they return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import debug, pipeline
from .exceptions import HttpError, problem_for, registered_status


class HttpErrorsMiddleware:
    """Finishes every error response on its way out; belongs near the top of MIDDLEWARE."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        setattr(request, pipeline.IN_FLIGHT, True)
        response: HttpResponseBase = self.get_response(request)
        setattr(request, pipeline.IN_FLIGHT, False)
        if pipeline.may_change(request, response):
            response = pipeline.outgoing(request, response)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        setattr(request, pipeline.IN_FLIGHT, True)
        response: HttpResponseBase = await self.get_response(request)
        setattr(request, pipeline.IN_FLIGHT, False)
        if pipeline.may_change(request, response):
            outgoing = sync_to_async(pipeline.outgoing, thread_sensitive=True)
            response = await outgoing(request, response)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer the app's own exceptions, and the client errors that the project registered.

        All others are left to Django, which signals and logs them and then asks the handlers:
        answering an unknown one here would blind whatever tracks errors. For the same reason a
        registered exception that stands for a server error takes Django's way to `handler500`.
        """
        debug.remember(request, exception)
        if isinstance(exception, HttpError) or (registered_status(exception) or 500) < 500:
            return pipeline.answer(request, problem_for(exception), cause=exception)
        return None
